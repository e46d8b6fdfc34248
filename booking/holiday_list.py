"""What opting in to holidays means: the days off of a country, by name."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from msgspec import Struct

from booking.hours import HolidayCategory, Holidays
from booking.values import refused
from kernel.errors import Invalid
from kernel.people import Language

_ENGLISH: Final = "en_US"


class Holiday(Struct, frozen=True, kw_only=True):
    """A day off and what it is for."""

    date: date
    name: str


def holidays_of(
    country: str,
    *,
    subdivision: str | None = None,
    categories: Sequence[HolidayCategory] = ("public",),
    year: int,
    language: Language = "en",
) -> list[Holiday]:
    """Return the holidays of a country, or a part of it, in a year.

    Args:
        country: ISO 3166-1.
        subdivision: ISO 3166-2 without the country; None for what all parts have in common.
        categories: Which kinds of holiday.
        year: Four digits.
        language: Of the names; English where the country's holidays are not named in it.

    Raises:
        Invalid: No holidays are known for it; the pointer is that of a query parameter.
    """
    from holidays import country_holidays  # noqa: PLC0415  # 0.3 s, and few ask

    try:
        Holidays(country=country, subdivision=subdivision, categories=list(categories))
    except Invalid as error:
        (field,) = error.errors
        name = field.pointer.split("/")[1].replace("categories", "category")
        raise refused(f"?{name}", field.detail, field.code) from None
    known = country_holidays(country).supported_languages
    found = country_holidays(
        country,
        subdiv=subdivision,
        categories=tuple(categories),
        years=year,
        # Said in any case: else the names would be in the language of this machine.
        language=language if language in known else _ENGLISH if _ENGLISH in known else None,
    )
    return [Holiday(date=day, name=name) for day, name in sorted(found.items()) if day.year == year]
