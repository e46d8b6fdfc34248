"""Time zone names as calendars spell them, and the zones they mean."""

from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

_WINDOWS: Final = {name.casefold(): zone for name, zone in WINDOWS_TO_OLSON.items()}


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}


@lru_cache(maxsize=512)
def zone_named(tzid: str) -> str | None:
    """Return the IANA zone that a TZID means, or None where nobody could tell.

    Names of IANA, of Windows, and those with a maker's prefix
    (``/mozilla.org/20050126_1/Europe/Amsterdam``) are understood.
    """
    name = tzid.strip().strip('"').casefold()
    if found := _names().get(name) or _WINDOWS.get(name):
        return found
    parts = name.strip("/").split("/")
    for first in range(1, len(parts)):
        if found := _names().get("/".join(parts[first:])):
            return found
    return None


def fixed_zone(offset: str) -> str | None:
    """Return the zone of an offset of whole hours (``+0200``), or None where there is none.

    The sign of the ``Etc`` zones is the reverse of everybody else's.
    """
    sign, hours, minutes = offset[:1], offset[1:3], offset[3:5]
    if sign not in {"+", "-"} or not hours.isdigit() or minutes not in {"", "00"}:
        return None
    name = f"Etc/GMT{'-' if sign == '+' else '+'}{int(hours)}" if int(hours) else "Etc/GMT"
    return name if name.casefold() in _names() else None


def load(name: str) -> ZoneInfo:
    """Return the zone of that IANA name."""
    return ZoneInfo(name)
