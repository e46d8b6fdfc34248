"""Amounts, rates, dates and times as people in each language write them (CLDR, through Babel)."""

from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal

from kernel.money import Money
from kernel.people import Language

_LOCALE: Final = {"nl": "nl_NL", "en": "en_GB"}


def money(amount: Money, language: Language) -> str:
    """Return ``€ 1.234,56`` or ``€1,234.56``."""
    return str(format_currency(amount.amount, amount.currency, locale=_LOCALE[language]))


def rate(percent: Decimal, language: Language) -> str:
    """Return ``3,85%`` or ``3.85%``: always two decimals, as rates are quoted."""
    return f"{format_decimal(percent, '#,##0.00', locale=_LOCALE[language])}%"


def day(instant: datetime, timezone: str, language: Language) -> str:
    """Return ``dinsdag 1 december 2026`` or ``Tuesday 1 December 2026`` in *timezone*."""
    local = instant.astimezone(ZoneInfo(timezone))
    return str(format_date(local, "EEEE d MMMM y", locale=_LOCALE[language]))


def time(instant: datetime, timezone: str, language: Language) -> str:
    """Return ``09:00`` in *timezone*."""
    local = instant.astimezone(ZoneInfo(timezone))
    return str(format_time(local, "HH:mm", tzinfo=local.tzinfo, locale=_LOCALE[language]))


def when(instant: datetime, timezone: str, language: Language) -> str:
    """Return ``dinsdag 1 december 2026 om 09:00`` or ``Tuesday 1 December 2026 at 09:00``."""
    word = "om" if language == "nl" else "at"
    return f"{day(instant, timezone, language)} {word} {time(instant, timezone, language)}"
