"""The client is light: it brings nothing of the server with it."""

import subprocess
import sys

import pytest

ALLOWED = {"httpx2", "httpcore2", "anyio", "h11", "idna", "truststore", "msgspec", "spreekuur"}
PROBE = """
import sys
before = set(sys.modules)
import {module}
added = {{name.partition(".")[0] for name in set(sys.modules) - before}}
foreign = added - set(sys.stdlib_module_names)
print(" ".join(sorted(name for name in foreign if not name.startswith("_"))))
"""


@pytest.mark.parametrize("module", ["spreekuur", "spreekuur.testing", "spreekuur._pytest_plugin"])
def test_importing_it_loads_nothing_of_the_server(module: str) -> None:
    """In a fresh interpreter only httpx2, msgspec and what they need are loaded."""
    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", PROBE.format(module=module)],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())

    for foreign in ("litestar", "sqlalchemy", "caldav", "kernel", "booking", "api"):
        assert foreign not in loaded
    if module != "spreekuur._pytest_plugin":
        assert {"httpx2", "msgspec", "spreekuur"} <= loaded
        assert loaded <= ALLOWED | {"typing_extensions", "sniffio"}


def test_the_probe_would_see_the_server() -> None:
    """The same probe does see sqlalchemy when something imports it."""
    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", PROBE.format(module="kernel.database")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "sqlalchemy" in done.stdout.split()
