"""Shapes of the organisation side: what its own systems send and get."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from msgspec import UNSET, Meta, Struct, UnsetType

from api.access import ApiKey, KeyKind
from api.wire.customer import ConsentBody
from booking.calendars.model import Account, AccountState, Collection, Role
from context.model import ConsentView, Customer, Fact
from kernel.errors import FieldError, Invalid
from kernel.ids import Id
from kernel.tenancy import TenantSettings
from notifications.model import Rate

_PHONE: Final = re.compile(r"[+(]?[0-9][0-9 ().\-]{2,24}")


class TenantView(Struct, frozen=True, kw_only=True):
    """An organisation and what it has decided for itself."""

    id: Id
    slug: str
    name: str
    settings: TenantSettings


class TenantPatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; settings are replaced as a whole, what is left out is the usual again."""

    name: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    settings: TenantSettings | UnsetType = UNSET

    def __post_init__(self) -> None:
        problems = []
        if self.name is not UNSET and not self.name.isprintable():
            problems.append(_field("/name", "A name has letters and signs on one line only."))
        if self.settings is not UNSET:
            problems += _settings_problems(self.settings)
        if problems:
            raise Invalid(problems[0].detail, errors=tuple(problems))


_LIMITS: Final[Mapping[str, tuple[int, int]]] = {
    "grace_minutes": (0, 1440),
    "staleness_minutes": (1, 10_080),
    "hold_minutes": (1, 120),
    "rate_notice_threshold": (0, 10_000),
}


def _settings_problems(settings: TenantSettings) -> Iterator[FieldError]:
    try:
        ZoneInfo(settings.timezone)
    except (LookupError, ValueError, OSError):
        yield _field("/settings/timezone", "There is no such IANA time zone.", "zone-unknown")
    if settings.phone is not None and not _PHONE.fullmatch(settings.phone):
        yield _field("/settings/phone", "Write a telephone number, such as 030 123 45 67.")
    for name, (least, most) in _LIMITS.items():
        if not least <= getattr(settings, name) <= most:
            yield _field(f"/settings/{name}", f"Must lie between {least} and {most}.")


def _field(pointer: str, detail: str, code: str = "invalid") -> FieldError:
    return FieldError(pointer=pointer, detail=detail, code=code)


class KeyBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to make."""

    kind: KeyKind
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    origins: list[str] = []


class KeyCreated(Struct, frozen=True, kw_only=True):
    """A new key with its text, which is shown this once."""

    id: Id
    kind: KeyKind
    name: str
    origins: list[str]
    created_at: datetime
    key: str


class RateView(Struct, frozen=True, kw_only=True):
    """An entry of the rate card; rates are percentages with two decimals, as text."""

    id: Id | None
    product: str
    fixed_years: int
    rate: str
    valid_from: date
    published_at: datetime | None
    previous: str | None
    notified: int | None
    would_notify: int | UnsetType = UNSET


class AccountView(Struct, frozen=True, kw_only=True):
    """A connected calendar account and its calendars."""

    id: Id
    advisor: Id
    url: str
    state: AccountState
    problem: str | None
    collections: list[Collection]


class RoleBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a calendar is used for."""

    role: Role


class FactsView(Struct, frozen=True, kw_only=True):
    """What is known about a customer, each with its source."""

    items: list[Fact]


class ConsentsView(Struct, frozen=True, kw_only=True):
    """What a customer agrees to."""

    consents: list[ConsentView]


class ConsentsChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Decisions a customer made with an employee."""

    consents: Annotated[list[ConsentBody], Meta(max_length=10)]


CustomerView = Customer
KeyView = ApiKey


def percent(rate: Decimal | None) -> str | None:
    """Return a rate as text with two decimals, or with as many as it has."""
    if rate is None:
        return None
    return f"{rate:.2f}" if rate == rate.quantize(Decimal("0.01")) else f"{rate.normalize():f}"


def rate_view(rate: Rate) -> RateView:
    """Show an entry of the rate card."""
    return RateView(
        id=rate.id,
        product=rate.product,
        fixed_years=rate.fixed_years,
        rate=percent(rate.rate) or "",
        valid_from=rate.valid_from,
        published_at=rate.published_at,
        previous=percent(rate.previous),
        notified=rate.notified,
    )


def account_view(account: Account) -> AccountView:
    """Show a calendar account."""
    return AccountView(
        id=account.id,
        advisor=account.advisor_id,
        url=account.url,
        state=account.state,
        problem=account.problem,
        collections=account.collections,
    )
