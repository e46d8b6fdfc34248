"""``spreekuur demo``: a bank on this machine, or the main job done by itself."""

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import rich_click as click
from rich.console import Console

from api.cli.run import FAILED, command
from api.logs import set_up_logs
from kernel.clock import SystemClock
from kernel.errors import Invalid

_PORT: Final = 8000


@click.command()
@click.option("--port", type=int, help=f"Default: {_PORT}, or a free one with --check.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="An empty place for its data.")
@click.option("--keep", is_flag=True, help="Leave the data where they are at the end.")
@click.option("--at", help="The instant at which it starts, with offset; time ticks on from there.")
@click.option("--check", is_flag=True, help="Do the main job by itself, and report each step.")
@click.option("--json", "json", is_flag=True, help="With --check: one JSON object on stdout.")
@command
async def demo(
    port: int | None,
    data_dir: Path | None,
    at: str | None,
    *,
    keep: bool,
    check: bool,
    json: bool,
) -> None:
    """Run a bank with customers, calendars and letters; or check that everything works."""
    # Only the demo needs the packages behind these.
    from api.demo.check.report import run_check  # noqa: PLC0415
    from api.demo.show import run_show  # noqa: PLC0415

    set_up_logs("error")
    start = _instant(at) if at else None
    with _folder(data_dir, keep=keep) as folder:
        if not check:
            await run_show(folder, port=port or _PORT, clock=_clock(start))
        elif not await run_check(folder, port=port, start=start, json=json):
            sys.exit(FAILED)


def _clock(start: datetime | None) -> SystemClock:
    return SystemClock.starting_at(start) if start else SystemClock()


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise Invalid("--at takes an instant with its offset, such as 2026-12-01T09:00:00+01:00.")
    return instant


@contextlib.contextmanager
def _folder(data_dir: Path | None, *, keep: bool) -> Iterator[Path]:
    folder = data_dir or Path(tempfile.mkdtemp(prefix="spreekuur-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Invalid(f"{folder} is not empty. Name an empty directory, or remove what is in it.")
    try:
        yield folder
    finally:
        if keep:
            Console(stderr=True).print(f"Data are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


COMMANDS: Final = (demo,)
