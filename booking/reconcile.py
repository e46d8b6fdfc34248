"""What an advisor did to a booking in their own calendar, and how both sides are brought together.

Pure: bytes and times in, a verdict or new bytes out. An entry is edited line by line, so that
whatever the advisor added (a note, an alarm, a colour) stays exactly as their program wrote it.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

from icalendar import Calendar
from msgspec import Struct

from booking.calendars.reduced import name_of, reduce, unfold, value
from booking.invitation import OURS
from kernel.spans import Span

Verdict = Literal["in-step", "behind", "moved", "resized", "deleted", "odd"]

Doubt = Literal["emptied", "shrunk"]

EMPTY_ABOVE: Final = 5
SHRUNK_ABOVE: Final = 20
SHRUNK_SHARE: Final = 0.2
LINE: Final = 75
_TIMES: Final = {"DTSTART", "DTEND", "DURATION"}
_OWNED: Final = ("SUMMARY", "LOCATION", "STATUS", "URL", "TRANSP", OURS)


class Seen(Struct, frozen=True, kw_only=True):
    """A booking's entry as it stands in the calendar.

    Attributes:
        span: None where it has no plain time any more: a series, a whole day, unreadable.
        cancelled: Whether it is marked as not taking place.
    """

    span: Span | None
    cancelled: bool = False


def look(raw: bytes) -> Seen:
    """Read the entry of one of our own bookings."""
    try:
        reduced = reduce(raw)
        if len(reduced.events) != 1 or reduced.unknown:
            return Seen(span=None)
        event: Any = Calendar.from_ical(reduced.text({})).events[0]
        if event.errors or {"RRULE", "RDATE", "RECURRENCE-ID"} & set(event):
            return Seen(span=None)
        start = event["DTSTART"].dt
        end = event["DTEND"].dt if "DTEND" in event else start + event["DURATION"].dt
        cancelled = str(event.get("STATUS", "")).upper() == "CANCELLED"
        return Seen(span=_span(start, end), cancelled=cancelled)
    except Exception:  # noqa: BLE001  # whatever the advisor's program wrote, the verdict is "odd"
        return Seen(span=None)


def judge(*, base: bytes | None, seen: Seen | None, booked: Span) -> Verdict:
    """Say what the advisor did to the entry of a booking.

    Args:
        base: The entry as we last wrote it.
        seen: What stands there now; None when it is gone.
        booked: When the booking is.

    Returns:
        *in-step*: it stands when the booking is. *behind*: it stands where we put it, and the
        booking has moved since. *moved*, *resized*: its start, or only its end, is the advisor's.
        *deleted*: gone or cancelled. *odd*: it has no plain time any more.
    """
    if seen is None or seen.cancelled:
        return "deleted"
    if seen.span is None:
        return "odd"
    if seen.span == booked:
        return "in-step"
    if base is not None and look(base).span == seen.span:
        return "behind"
    return "moved" if seen.span.start != booked.start else "resized"


def is_ours(raw: bytes, *, uid: str, booking: str | None) -> bool:
    """Tell whether an entry is the one with this UID that bears this booking's mark, if given."""
    lines = _event_lines(unfold(raw))
    found = {name_of(line): value(line) for line in lines}
    return found.get("UID") == uid and booking in {None, found.get(OURS)}


def merge(*, base: bytes | None, remote: bytes, desired: bytes) -> bytes | None:
    """Bring our changes into an entry, and keep what the advisor added to it.

    A text that we have not changed since *base* stays as the advisor has it; a text that we have
    changed becomes ours; in the description only our own part is replaced.

    Returns:
        The new entry, or None when the one there is right already.
    """
    ours = _properties(desired)
    before = _properties(base) if base is not None else {}
    lines = unfold(remote)
    theirs = _properties(remote)
    changes: dict[str, list[str]] = {}
    if look(remote).span != look(desired).span:
        changes |= {name: ours[name] for name in ("DTSTART", "DTEND")} | {"DURATION": []}
    for name in _OWNED:
        unchanged = name in before and _texts(before[name]) == _texts(ours.get(name, []))
        if not unchanged and _texts(ours.get(name, [])) != _texts(theirs.get(name, [])):
            changes[name] = ours.get(name, [])
    described = _description(before, theirs, ours)
    if described is not None:
        changes["DESCRIPTION"] = described
    if not changes:
        return None
    changes["DTSTAMP"] = ours["DTSTAMP"]
    changes["SEQUENCE"] = [f"SEQUENCE:{max(_sequence(theirs), _sequence(ours))}"]
    return _fold(_replace(lines, changes))


def in_doubt(known: int, missing: int, *, remaining: int) -> Doubt | None:
    """Tell whether a calendar lost so much at once that it is rather its server than its owner.

    Args:
        known: How many objects we know to be in it.
        missing: How many of those it says to have no more.
        remaining: How many objects it has, new ones included.

    Returns:
        *emptied* where nothing is left, *shrunk* where more than a fifth is gone.
    """
    if known > EMPTY_ABOVE and remaining == 0 < missing:
        return "emptied"
    if missing > max(SHRUNK_ABOVE, known * SHRUNK_SHARE):
        return "shrunk"
    return None


# --- lines ---------------------------------------------------------------------------------------


def _span(start: date, end: date) -> Span | None:
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return None
    if start.tzinfo is None or end.tzinfo is None or end <= start:
        return None
    return Span(start.astimezone(UTC), end.astimezone(UTC))


def _event_lines(lines: list[str]) -> list[str]:
    """Return the first VEVENT's own lines, without those of what is inside it."""
    path: list[str] = []
    found: list[str] = []
    for line in lines:
        name = name_of(line)
        if name == "BEGIN":
            path.append(value(line).upper())
        elif name == "END":
            if path == ["VCALENDAR", "VEVENT"]:
                return found
            del path[-1:]
        elif path == ["VCALENDAR", "VEVENT"]:
            found.append(line)
    return found


def _properties(raw: bytes) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in _event_lines(unfold(raw)):
        found.setdefault(name_of(line), []).append(line)
    return found


def _texts(lines: list[str]) -> list[str]:
    return [_text(line) for line in lines]


def _text(line: str) -> str:
    """Return the text on a line without its escapes (RFC 5545, 3.3.11)."""
    return re.sub(
        r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value(line)
    ).strip()


def _sequence(properties: dict[str, list[str]]) -> int:
    text = value(properties.get("SEQUENCE", ["SEQUENCE:0"])[0])
    return int(text) if text.isdigit() else 0


def _description(
    before: dict[str, list[str]], theirs: dict[str, list[str]], ours: dict[str, list[str]]
) -> list[str] | None:
    was, now, new = (
        "\n".join(_texts(properties.get("DESCRIPTION", [])))
        for properties in (before, theirs, ours)
    )
    if (before and was == new) or now == new:
        return None
    if was and was in now:
        merged = now.replace(was, new, 1)
    elif now:
        merged = f"{new}\n\n{now}"
    else:
        return ours.get("DESCRIPTION", [])
    escaped = re.sub(r"([\\;,])", r"\\\1", merged).replace("\n", "\\n")
    return [f"DESCRIPTION:{escaped}"]


def _replace(lines: list[str], changes: dict[str, list[str]]) -> list[str]:
    """Return the lines with the first VEVENT's properties changed."""
    path: list[str] = []
    result: list[str] = []
    done = False
    for line in lines:
        name = name_of(line)
        inside = path == ["VCALENDAR", "VEVENT"] and not done
        if name == "BEGIN":
            path.append(value(line).upper())
        elif name == "END":
            if inside:
                result += [new for added in changes.values() for new in added]
                done = True
            del path[-1:]
        elif inside and name in changes:
            continue
        result.append(line)
    return result


def _fold(lines: list[str]) -> bytes:
    """Return content lines as bytes, none longer than 75 (RFC 5545, section 3.1)."""
    return b"".join(part + b"\r\n" for line in lines for part in _parts(line))


def _parts(line: str) -> Iterator[bytes]:
    part = b""
    for character in line:
        encoded = character.encode()
        if len(part) + len(encoded) > LINE:
            yield part
            part = b" "
        part += encoded
    yield part
