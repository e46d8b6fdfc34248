"""Which recurrence rules we are willing to run.

The expander has no limit on its work: a rule every second, an interval of nought, or the 30th of
February keeps it busy for ever. A rule is looked at before it is run; one that fails this keeps
the advisor's whole horizon closed, and says so.
"""

from datetime import UTC, date, datetime, time
from typing import Any, Final

FREQUENCIES: Final = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 28, "YEARLY": 365}
"""Days between two steps of a rule, at the least."""

MAX_STEPS: Final = 10_000
MAX_PARTS: Final = 4
MAX_TIMES: Final = 24
_DAYS_IN: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_TIMES: Final = ("BYHOUR", "BYMINUTE", "BYSECOND")
_FILTERS: Final = {
    "DAILY": {"BYDAY", "BYMONTH", "BYMONTHDAY"},
    "WEEKLY": {"BYDAY", "BYMONTH"},
    "MONTHLY": {"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"},
    "YEARLY": {"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS", "BYWEEKNO", "BYYEARDAY"},
}


class RuleRefused(ValueError):
    """Running this rule could take for ever."""


def check(rule: Any, start: date, until: datetime) -> None:
    """Make sure that a parsed RRULE that begins at *start* is cheap to run up to *until*.

    Raises:
        RuleRefused: It is not, or nobody can tell.
    """
    frequency = str(rule.get("FREQ", [""])[0]).upper()
    if frequency not in FREQUENCIES:
        raise RuleRefused("frequency")
    interval = rule.get("INTERVAL", [1])[0]
    if interval < 1:
        raise RuleRefused("interval")
    steps = (until.date() - _day(start)).days // (FREQUENCIES[frequency] * interval)
    if steps > MAX_STEPS:
        raise RuleRefused("too long ago")
    parts = {key for key in rule if key.startswith("BY")}
    filters = parts - set(_TIMES)
    if len(parts) > MAX_PARTS or not filters <= _FILTERS[frequency]:
        raise RuleRefused("parts")
    if frequency == "DAILY" and interval > 1 and filters:
        raise RuleRefused("interval with parts")
    times = 1
    for part in _TIMES:
        times *= len(rule.get(part, [0]))
    if times > MAX_TIMES:
        raise RuleRefused("times")
    if not _days_exist(rule):
        raise RuleRefused("day that never comes")


def _days_exist(rule: Any) -> bool:
    lengths = dict(enumerate(_DAYS_IN, start=1))
    months = rule.get("BYMONTH", lengths)
    longest = max((lengths.get(int(month), 0) for month in months), default=0)
    return any(1 <= abs(int(day)) <= longest for day in rule.get("BYMONTHDAY", [1]))


def include_last_day(rule: Any, start: date) -> None:
    """Let a rule for times that ends on a date run through that date.

    RFC 5545, 3.3.10 wants UNTIL to be of DTSTART's kind; where it is not, makers differ on
    whether the last day counts. We block it.
    """
    until = rule.get("UNTIL", [None])[0]
    if not isinstance(start, datetime) or not isinstance(until, date):
        return
    if isinstance(until, datetime):
        return
    last = datetime.combine(until, time(23, 59, 59), start.tzinfo)
    rule["UNTIL"] = [last.astimezone(UTC) if last.tzinfo else last]


def may_go_on(rule: Any, end: datetime) -> bool:
    """Tell whether a rule may have occurrences after *end*."""
    until = rule.get("UNTIL", [None])[0]
    if until is None:
        return True
    return _day(until) >= end.date()


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
