"""The house keeps its promises about itself."""

import ast
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from kernel import events
from kernel.database import TENANT_TABLES, metadata

ROOT = Path(__file__).parents[2]
ROOMS = ("kernel", "booking", "context", "notifications", "api")

DIRECTORY = {
    "tenants": "found by slug before a tenant is known",
    "events": "the outbox is read across tenants; ids and times only",
    "work": "claimed across tenants; ids only",
    "api_keys": "found by hash before a tenant is known",
    "sign_ins": "found by the id in a mailed link",
    "console_sessions": "found by the hash of a cookie",
    "inbound_counts": "of most mail that comes in nobody can tell whose it is; numbers only",
}
"""Tables without row-level security, and why each must be."""

STATEMENTS = {"select", "insert", "update", "delete", "text"}


def modules(*rooms: str) -> Iterator[Path]:
    for room in rooms:
        yield from sorted((ROOT / room).rglob("*.py"))


def test_every_table_belongs_to_a_tenant_or_has_a_reason_not_to() -> None:
    """A table without a tenant's policy stands in the short list above, and nowhere else."""
    assert {table.name for table in metadata.sorted_tables} - TENANT_TABLES == DIRECTORY.keys()


def test_tenant_tables_have_the_tenant_first() -> None:
    """The tenant leads every tenant table and its primary key."""
    for name in TENANT_TABLES:
        table = metadata.tables[name]
        assert next(iter(table.columns)).name == "tenant_id", name
        assert next(iter(table.primary_key.columns)).name == "tenant_id", name


def test_events_carry_ids_and_times_only() -> None:
    """No field of an event can hold more than an id, a number, a time or a fixed word."""
    allowed = {str, int, datetime, str | None}
    for event in get_args(events.Event):
        for field in msgspec.structs.fields(event):
            assert field.type in allowed, f"{event.__name__}.{field.name}"
            assert not re.search("name|email|phone|text|amount", field.name), field.name


@pytest.mark.parametrize("room", ["booking", "context", "notifications", "api"])
def test_sql_stands_in_store_modules_only(room: str) -> None:
    """Statements are built in store modules, tables and migrations, and nowhere else."""
    exempt = {"tables.py", "operations.py", "__init__.py", "env.py"}
    for path in modules(room):
        if "store" in path.stem or path.name in exempt or "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
                names = {alias.name for alias in node.names}
                assert not names & STATEMENTS, f"{path.relative_to(ROOT)} builds SQL"


def test_logs_name_no_people() -> None:
    """No log call passes a field that holds a name, an address, a text or an amount."""
    personal = re.compile(r"name|email|phone|address|text|subject|answer|amount|value|body|url")
    for path in modules(*ROOMS):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "log"
            ):
                fields = {keyword.arg or "" for keyword in node.keywords}
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                assert not [field for field in fields if personal.search(field)], where


def test_only_the_clock_reads_the_clock() -> None:
    """Nobody but kernel.clock asks the machine what time it is."""
    forbidden = re.compile(r"datetime\.now|datetime\.utcnow|date\.today|time\.time\(")
    for path in modules(*ROOMS):
        if path.name != "clock.py":
            assert not forbidden.search(path.read_text()), path.relative_to(ROOT)


def test_every_test_says_what_it_proves() -> None:
    """Every test has a docstring."""
    silent = [
        f"{path.relative_to(ROOT)}::{node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_invisible_helpers_are_not_committed() -> None:
    """No file names a path of a developer's machine or the host of a package registry."""
    traces = re.compile("/" + r"work/(main|shared)|py" + r"pi\.org|npm" + r"js\.org")
    for path in [*modules(*ROOMS, "tests", "sdk"), *(ROOT / "requirements").iterdir()]:
        if "node_modules" not in path.parts and path.is_file():
            assert not traces.search(path.read_text()), path.relative_to(ROOT)
