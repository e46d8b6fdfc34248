"""The table of faults in docs/calendars.md tells which test lets each happen, and where.

``WRITE_TABLE=1 pytest tests/booking/calendars/test_known_faults.py`` writes it anew.
"""

import os
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import getmembers, isfunction, signature
from itertools import takewhile
from pathlib import Path
from typing import Final

import pytest

from tests.booking.calendars.known_faults import FAULTS, Fault

PAGE: Final = Path(__file__).parents[3] / "docs" / "calendars.md"
SERVERS: Final = ("Radicale", "Xandikos", "Cyrus", "DAViCal", "SOGo")
ALL_FIVE: Final = {"place", "office", "dav"}
"""What a test asks for that runs on each of the servers."""
RADICALE: Final = {"radicale_place", "desk", "radicale", "bureau", "connected"}
"""What a test asks for that runs on the quickest of them."""

WHOLLY_LISTED: Final = ("contract.test_engine", "contract.test_in_step", "test_processes")
"""Modules that hold nothing but proofs."""

HEAD: Final = (
    f"| what happens | what comes of it | {' | '.join(SERVERS)} |",
    f"|---|---|{'---|' * len(SERVERS)}",
)

Test = Callable[..., object]


def _test(proof: str) -> Test:
    path, _, name = proof.partition("::")
    module = import_module(f"tests.{path.removesuffix('.py').replace('/', '.')}")
    found = getattr(module, name, None)
    assert isfunction(found), f"there is no test {proof}"
    return found


def _marks(test: Test, name: str) -> Iterator[pytest.Mark]:
    return (each for each in getattr(test, "pytestmark", ()) if each.name == name)


def _servers(test: Test) -> set[str]:
    """Return the servers that a test runs on, by what it asks for."""
    for mark in _marks(test, "parametrize"):
        if mark.args[0] == "dav":
            return {str(each.id) for each in mark.args[1]}
    asked = set(signature(test).parameters)
    if asked & ALL_FIVE:
        return set(SERVERS)
    return {"Radicale"} if asked & RADICALE else set()


def _row(fault: Fault) -> str:
    tried = {server for proof in fault.proofs for server in _servers(_test(proof))}
    cells = ["yes" if server in tried else "no" for server in SERVERS]
    return f"| {fault.what} | {fault.outcome} | {' | '.join(cells)} |"


def test_the_table_of_faults_is_what_the_tests_do() -> None:
    """Each row is a fault with its outcome, and the servers on which a test lets it happen."""
    rows = [*HEAD, *map(_row, FAULTS)]
    page = PAGE.read_text()
    lines = page.splitlines()
    first = lines.index(HEAD[0])
    present = list(takewhile(lambda line: line.startswith("|"), lines[first:]))

    if os.environ.get("WRITE_TABLE"):
        PAGE.write_text(page.replace("\n".join(present), "\n".join(rows)))
    else:
        assert rows == present


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_every_fault_has_a_test_that_says_what_it_proves(fault: Fault) -> None:
    """The tests exist, say so in a sentence, and are not left out."""
    for proof in fault.proofs:
        test = _test(proof)
        assert test.__doc__, f"{proof} does not say what it proves"
        assert not any([*_marks(test, "skip"), *_marks(test, "xfail")]), f"{proof} is left out"
    assert fault.proofs


def test_no_proof_is_missing_from_the_table() -> None:
    """Where a module holds proofs only, each of its tests is one."""
    named = {proof for fault in FAULTS for proof in fault.proofs}
    for name in WHOLLY_LISTED:
        module = import_module(f"tests.booking.calendars.{name}")
        path = f"booking/calendars/{name.replace('.', '/')}.py"
        own = {
            f"{path}::{test}"
            for test, found in getmembers(module, isfunction)
            if re.match("test_", test) and found.__module__ == module.__name__
        }
        assert own - named == set()


def test_faults_have_different_names() -> None:
    """No row stands there twice."""
    assert len({fault.what for fault in FAULTS}) == len(FAULTS)
