"""How measurements are taken and printed."""

import gc
import json
import os
import platform
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from time import perf_counter, process_time

import msgspec
from msgspec import Struct

_BATCH = 0.001
_LONG = 0.002


class Row(Struct, frozen=True):
    """What one case costs, beside the plain implementation where there is one."""

    case: str
    ours: float
    reference: float | None = None
    unit: str = "ms"
    ratio: float | None = None


def row(case: str, ours: float, reference: float | None = None, unit: str = "ms") -> Row:
    """Return a row whose ratio says how many times more the reference costs."""
    ratio = None if reference is None else reference / ours
    return Row(case=case, ours=ours, reference=reference, unit=unit, ratio=ratio)


def cost(work: Callable[[], object], *, rounds: int = 30) -> float:
    """Return milliseconds of CPU that a call takes, the least over several rounds.

    The least is what the work itself costs: whatever else a machine does can only add to it.
    """
    once = _timed(work, 1)
    times = max(1, int(_BATCH / once)) if once < _LONG else 1
    enabled = gc.isenabled()
    gc.disable()
    try:
        return min(once, *(_timed(work, times) for _ in range(rounds))) * 1000
    finally:
        if enabled:
            gc.enable()


def cost_once(work: Callable[[], object]) -> float:
    """Return milliseconds of CPU of a single call, for work that takes seconds."""
    return _timed(work, 1) * 1000


def _timed(work: Callable[[], object], times: int) -> float:
    # The clock of the CPU ticks too slowly for a millisecond on some systems, so the least of
    # both is taken: they agree wherever both can be trusted.
    wall, spent = perf_counter(), process_time()
    for _ in range(times):
        work()
    wall, spent = perf_counter() - wall, process_time() - spent
    return (min(wall, spent) if spent > _BATCH / 10 else wall) / times


def machine() -> dict[str, str | int | None]:
    """Return where it was measured."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }


def report(name: str, rows: Sequence[Row], *, as_json: bool) -> None:
    """Print measurements as one JSON object, or as a table for people."""
    if as_json:
        found = {"name": name, "rows": msgspec.to_builtins(rows), "machine": machine()}
        print(json.dumps(found))
        return
    width = max(len(one.case) for one in rows)
    print(f"{'':{width}}  {'ours':>10}  {'reference':>10}  {'ratio':>8}")
    for one in rows:
        reference = "" if one.reference is None else f"{one.reference:.3f}"
        ratio = "" if one.ratio is None else f"{one.ratio:.1f} x"
        line = f"{one.case:{width}}  {one.ours:10.3f}  {reference:>10}  {ratio:>8}  {one.unit}"
        print(line)
    print(", ".join(f"{key} {value}" for key, value in machine().items()))


def wants_json(name: str, purpose: str) -> bool:
    """Read the arguments of a benchmark and tell whether to print JSON."""
    parser = ArgumentParser(prog=f"python -m bench.{name}", description=purpose)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return bool(parser.parse_args().json)


def fail(sentence: str) -> None:
    """Say what went wrong and stop with a failure."""
    sys.exit(f"FAILED: {sentence}")
