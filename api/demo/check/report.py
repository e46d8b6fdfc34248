"""Run the check and report it: a line a step for people, one object for programs."""

from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

import msgspec
import rich_click as click
from rich.console import Console

from api.demo.bank import USERS
from api.demo.check import Report, Step, check
from api.demo.check.play import MONDAY
from api.demo.processes import free_port
from api.demo.stage import stage
from kernel.clock import SystemClock


async def run_check(folder: Path, *, port: int | None, start: datetime | None, json: bool) -> bool:
    """Do the main job in *folder* and say whether every step held."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    clock = SystemClock.starting_at(start or MONDAY)
    steps: list[Step] = []
    async with AsyncExitStack() as stack:
        scene = await stack.enter_async_context(
            stage(folder, port=port or free_port(), clock=clock, users=dict(USERS))
        )
        async for step in check(scene):
            steps.append(step)
            mark = "[green]ok[/]    " if step.ok else "[red]failed[/]"
            console.print(f"{mark} {step.seconds:6.2f} s  {step.name}: {step.detail}")
    report = Report(ok=all(step.ok for step in steps), steps=steps)
    if json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2))
    return report.ok
