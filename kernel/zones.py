"""Time zones by name: which of them are the same wherever the house runs."""

from typing import Final
from zoneinfo import ZoneInfo

_BESIDE: Final = ("localtime", "posixrules", "Factory", "posix/", "right/")
"""Files beside the zones: the machine's own zone, and clocks that count leap seconds."""


def is_zone(name: str) -> bool:
    """Tell whether the time zone database has a zone with this IANA name."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    return not name.startswith(_BESIDE)
