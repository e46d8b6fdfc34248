"""Time zone names as calendars spell them, and the zones they mean."""

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

MAX_OFFSET: Final = timedelta(hours=16)

_OFFSET: Final = re.compile(r"([+-])(\d\d)(\d\d)(\d\d)?")
_SHOWN: Final = re.compile(r"\((?:utc|gmt)([+-]\d\d)[:.](\d\d)\)\s*([^,/(]+)")
"""How Windows shows a zone to people: ``(UTC+01:00) Amsterdam, Berlin, Bern``."""

_WINTER: Final = datetime(2026, 1, 15)  # noqa: DTZ001  # the clock on the wall
"""When clocks in the north show the offset that Windows names a zone by."""

_WINDOWS: Final = {name.casefold(): zone for name, zone in WINDOWS_TO_OLSON.items()}


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}


@lru_cache(maxsize=1)
def all_zones() -> tuple[str, ...]:
    """Return the names of all zones, in a fixed order; places before abbreviations."""
    return tuple(sorted(_names().values(), key=lambda name: ("/" not in name, name)))


@lru_cache(maxsize=512)
def zone_named(tzid: str) -> str | None:
    """Return the IANA zone that a TZID means, or None where nobody could tell.

    Names of IANA, of Windows, and those with a maker's prefix
    (``/mozilla.org/20050126_1/Europe/Amsterdam``) are understood, and so is what Windows shows to
    people (``(UTC+01:00) Amsterdam, Berlin``) where it begins with a city of that offset.
    """
    name = tzid.strip().strip('"').casefold()
    if found := _names().get(name) or _WINDOWS.get(name):
        return found
    parts = name.strip("/").split("/")
    for first in range(1, len(parts)):
        if found := _names().get("/".join(parts[first:])):
            return found
    return _shown(name)


def _shown(name: str) -> str | None:
    found = _SHOWN.match(name)
    if found is None:
        return None
    city = found.group(3).strip().replace(" ", "_")
    offset = offset_of(found.group(1) + found.group(2))
    for known, zone in sorted(_names().items()):
        if known.endswith(f"/{city}") and load(zone).utcoffset(_WINTER) == offset:
            return zone
    return None


def offset_of(text: str) -> timedelta:
    """Read an offset from UTC (``+0200``).

    Raises:
        ValueError: It is none that any place on earth has had.
    """
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        raise ValueError("an offset")
    sign, hours, minutes, seconds = found.groups(default="0")
    offset = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
    if offset > MAX_OFFSET:
        raise ValueError("an offset")
    return -offset if sign == "-" else offset


@lru_cache(maxsize=1024)
def load(name: str) -> ZoneInfo:
    """Return the zone of that IANA name."""
    return ZoneInfo(name)
