"""Writes the synchronous client from the asynchronous one.

python generate_sync.py           writes src/spreekuur/_sync/
python generate_sync.py --check   says whether it is current
"""  # noqa: INP001  # a script beside the package, not in it

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parent / "src" / "spreekuur" / "_async"
TARGET: Final = SOURCE.with_name("_sync")
HEADER: Final = "# Generated from _async by generate_sync.py; edit there, then run that.\n"

CHANGES: Final = (
    (re.compile(r" *# async only\n.*?# end of async only\n", re.DOTALL), ""),
    (re.compile(r"\basync (def|with|for)\b"), r"\1"),
    (re.compile(r"\bawait "), ""),
    (re.compile(r"\bfrom asyncio import\b"), "from time import"),
    (re.compile(r"\b__a(enter|exit)__\b"), r"__\1__"),
    (re.compile(r"\baclose\b"), "close"),
    (re.compile(r"\bAsync([A-Z])"), r"\1"),
    (re.compile(r"\b_async\b"), "_sync"),
    (re.compile(r"The asynchronous client, written by hand.*?\."), "The synchronous client."),
)


def generate(name: str) -> str:
    """Return what the synchronous module *name* must be."""
    text = (SOURCE / name).read_text()
    for pattern, replacement in CHANGES:
        text = pattern.sub(replacement, text)
    path = str(TARGET / name)
    text = _ruff(
        "check",
        "--select=I,F401,UP028",
        "--fix",
        "--unsafe-fixes",
        "--quiet",
        f"--stdin-filename={path}",
        given=text,
    )
    return HEADER + _ruff("format", "--quiet", f"--stdin-filename={path}", given=text)


def outdated() -> list[str]:
    """Return the names of the modules that are not what they must be."""
    expected = {path.name: generate(path.name) for path in sorted(SOURCE.glob("*.py"))}
    found = {path.name: path.read_text() for path in TARGET.glob("*.py")}
    return sorted(
        name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
    )


def _ruff(*arguments: str, given: str) -> str:
    command = [sys.executable, "-m", "ruff", *arguments, "-"]
    done = subprocess.run(  # noqa: S603  # our own linter on our own text
        command, input=given, capture_output=True, text=True, check=True
    )
    return done.stdout


def main() -> int:
    """Write the modules, or check them."""
    names = outdated()
    if "--check" in sys.argv[1:]:
        sys.stderr.writelines(f"not current: {name}\n" for name in names)
        return bool(names)
    TARGET.mkdir(exist_ok=True)
    for name in names:
        (TARGET / name).write_text(generate(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
