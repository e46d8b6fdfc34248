"""Turns a template and its values into a page.

Every text that a page for customers shows comes from ``strings/<language>.json`` by its key:
``t("manage.cancel")``. A text is a string, or two where it speaks to the customer:
``{"formal": "Wilt u …", "informal": "Wil je …"}``.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_date, get_timezone_location
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from litestar.enums import MediaType
from markupsafe import Markup, escape
from msgspec import Struct

from api.pages.assets import asset
from kernel import formats
from kernel.money import Money
from kernel.people import Formality, Language

LANGUAGES: Final[tuple[Language, ...]] = ("nl", "en")
LOCALES: Final[Mapping[Language, str]] = {"nl": "nl_NL", "en": "en_GB"}

_HERE: Final = Path(__file__).parent

Text = str | dict[str, str]


TEXTS: Final[Mapping[Language, Mapping[str, Text]]] = {
    language: msgspec.json.decode(
        (_HERE / "strings" / f"{language}.json").read_bytes(), type=dict[str, Text]
    )
    for language in LANGUAGES
}


def say(language: Language, formality: Formality, key: str, **values: Any) -> str:
    """Return a text, with *values* in its places.

    A text with a ``count`` has a second form, under the key with ``.one``, for exactly one.
    """
    texts = TEXTS[language]
    if values.get("count") == 1:
        key = f"{key}.one" if f"{key}.one" in texts else key
    text = texts[key]
    if isinstance(text, dict):
        text = text[formality]
    return text.format_map(values)


def page(
    template: str,
    *,
    language: Language,
    formality: Formality = "formal",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response[str]:
    """Render *template* into an answer.

    Args:
        template: Its path below ``templates/``.
        language: Of the reader; fills ``<html lang>`` and every format.
        formality: How the reader is spoken to.
        status: HTTP status.
        headers: More headers; those of every page are set by the application.
        values: What the template shows.
    """
    return Response(
        render(template, language=language, formality=formality, **values),
        status_code=status,
        media_type=MediaType.HTML,
        headers=dict(headers or {}),
    )


def render(
    template: str, *, language: Language, formality: Formality = "formal", **values: Any
) -> str:
    """Render *template* into text."""
    return ENVIRONMENT.get_template(template).render(
        language=language,
        formality=formality,
        t=partial(say, language, formality),
        money=partial(_money, language=language),
        rate=partial(formats.rate, language=language),
        day=partial(formats.day, language=language),
        time=partial(formats.time, language=language),
        when=partial(formats.when, language=language),
        date=partial(_date, language=language),
        month=partial(_month, language=language),
        city=partial(_city, language=language),
        weekdays=WEEKDAYS[language],
        amount=partial(amount, language=language),
        **values,
    )


# --- formats -------------------------------------------------------------------------------------


def amount(value: Any, *, language: Language) -> str:
    """Return decimal text as one types it: ``1.234,56`` in Dutch, ``1,234.56`` in English."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    plain = f"{number:,.2f}" if number % 1 else f"{number:,.0f}"
    return plain.translate(str.maketrans(",.", ".,")) if language == "nl" else plain


def _money(value: Decimal | str, *, language: Language, currency: str = "EUR") -> str:
    return formats.money(Money(amount=Decimal(value), currency=currency), language)


def _date(day: date, *, language: Language) -> str:
    """Return ``dinsdag 1 december``."""
    return str(format_date(day, "EEEE d MMMM", locale=LOCALES[language]))


def _month(day: date, *, language: Language) -> str:
    """Return ``december 2026``."""
    return str(format_date(day, "MMMM y", locale=LOCALES[language]))


def _city(timezone: str, *, language: Language) -> str:
    """Return a zone as people name it: ``Amsterdam``, ``Tokio``."""
    return str(get_timezone_location(timezone, locale=LOCALES[language], return_city=True))


class Weekday(Struct, frozen=True, kw_only=True):
    """A day of the week above a calendar: ``ma``, ``maandag``."""

    short: str
    long: str


WEEKDAYS: Final[Mapping[Language, list[Weekday]]] = {
    language: [
        Weekday(
            short=format_date(day, "EEEEEE", locale=locale),
            long=format_date(day, "EEEE", locale=locale),
        )
        for day in (date(2024, 1, number) for number in range(1, 8))  # it began on a Monday
    ]
    for language, locale in LOCALES.items()
}


def _iso(instant: datetime, timezone: str) -> str:
    """Return the instant as the ``datetime`` attribute of a ``<time>`` element."""
    return instant.astimezone(ZoneInfo(timezone)).isoformat(timespec="minutes")


def _paragraphs(text: str) -> Markup:
    """Return text as paragraphs, one for each blank line in it."""
    parts = [part.strip() for part in text.split("\n\n") if part.strip()]
    return Markup("").join(Markup("<p>{}</p>").format(escape(part)) for part in parts)


ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
ENVIRONMENT.globals |= {"asset": asset, "iso": _iso}
ENVIRONMENT.filters["paragraphs"] = _paragraphs
