"""The pure engine can be used without a server and without a database."""

import subprocess
import sys

EXAMPLE = """
import sys
from datetime import datetime, timezone
from booking import Agenda, Hours, Party, Rules, WeeklyRange, epoch, free_starts, from_epoch
from booking import merge_busy, refusal, working_time

hours = Hours(
    timezone="Europe/Amsterdam", weekly=[WeeklyRange(day="tue", start="09:00", end="12:00")]
)
start = epoch(datetime(2026, 12, 1, tzinfo=timezone.utc))
end = start + 86_400
dentist = (start + 9 * 3600, start + 10 * 3600)
sanne = Agenda(
    advisor="sanne", stretches=working_time(hours, start, end), busy=merge_busy([dentist])
)
rules = Rules(duration=3600, step=1800, before=0, after=0, now=start, earliest=start, latest=end)
for at in free_starts(Party(lead=[sanne]), rules, start, end):
    print(from_epoch(at).isoformat())
print(refusal(Party(lead=[sanne]), rules, dentist[0]))
unwanted = {"sqlalchemy", "litestar", "caldav", "httpx2", "asyncpg", "aiosqlite"}
print(sorted(unwanted & set(sys.modules)))
"""


def test_the_engine_runs_by_itself() -> None:
    """Nine to noon in Amsterdam, the dentist from ten to eleven; nothing else is imported."""
    run = subprocess.run(  # noqa: S603  # the text above
        [sys.executable, "-c", EXAMPLE], capture_output=True, text=True
    )

    assert run.stderr == ""
    assert run.stdout.splitlines() == [
        "2026-12-01T08:00:00+00:00",
        "2026-12-01T10:00:00+00:00",
        "busy",
        "[]",
    ]
