"""What a letter says, as words and amounts ready to be set in a template; nothing is sent here.

Texts stand in the templates, one for each kind, language and form of address. They get values that
are formatted already, so that an amount reads the same in the subject, the text and the HTML.
"""

from datetime import datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_location
from msgspec import Struct

from kernel import formats
from kernel.money import Money
from kernel.people import Language, PersonName, greeting
from kernel.tenancy import Tenant
from notifications.model import BookingFacts, Notice, RateFacts, SignInFacts, TroubleFacts
from notifications.ports import Appointment, Method, Offered, Recipient

_LOCALE: Final[dict[Language, str]] = {"nl": "nl_NL", "en": "en_GB"}
_MONTHS: Final = 12
_INVITES: Final = frozenset(
    {"booking-confirmed", "booking-rescheduled", "booking-reassigned", "booking-realigned"}
)
_ENDS: Final = frozenset({"booking-cancelled", "booking-declined"})


class Links(Struct, frozen=True, kw_only=True):
    """Where a letter leads; each is null where it leads nowhere of that kind.

    Attributes:
        stop: Ends the messages that this letter is one of.
        withdraw: Takes back a consent of somebody who comes along: no page of their own has it.
    """

    book: str
    stop: str | None = None
    withdraw: str | None = None
    sign_in: str | None = None
    console: str | None = None


class Draft(Struct, frozen=True, kw_only=True):
    """All that a letter is made from, as it stood when it was about to leave.

    Attributes:
        offered: What there is to choose from, where the letter is about that.
    """

    notice: Notice
    tenant: Tenant
    recipient: Recipient
    links: Links
    appointment: Appointment | None = None
    invitation: bytes | None = None
    method: Method | None = None
    offered: Offered | None = None


class Letter(Struct, frozen=True, kw_only=True):
    """Which template to set, and the values for it."""

    template: str
    language: Language
    formality: str
    values: dict[str, Any]


def itip_method(notice: Notice, others: list[Notice]) -> Method | None:
    """Return what the letter asks of the recipient's calendar, if anything.

    A request is no promise yet, and what was never in somebody's calendar need not leave it.
    """
    if not notice.recipient.startswith("cus_"):
        return None
    if notice.kind in _INVITES:
        return "REQUEST"
    invited = any(other.kind in _INVITES for other in others)
    return "CANCEL" if notice.kind in _ENDS and invited else None


def compose(draft: Draft) -> Letter:
    """Return the letter for one recipient."""
    recipient = draft.recipient
    values: dict[str, Any] = {
        "salutation": salutation(recipient),
        "sender": draft.tenant.name,
        "phone": draft.tenant.settings.phone,
        "book_url": draft.links.book,
        "stop_url": draft.links.stop,
        "withdraw_url": draft.links.withdraw,
        "console_url": draft.links.console,
    }
    match draft.notice.facts:
        case BookingFacts() as booking:
            values |= _meeting(draft, booking)
        case RateFacts() as rate:
            values |= _rate(rate, draft.tenant.settings.timezone, recipient.language)
        case SignInFacts():
            values |= {"sign_in_url": draft.links.sign_in}
        case TroubleFacts() as trouble:
            values |= {"code": trouble.code}
    suffix = "-advisor" if _is_booking_for_advisor(draft) else ""
    return Letter(
        template=f"{draft.notice.kind}{suffix}",
        language=recipient.language,
        formality=recipient.formality,
        values=values,
    )


def salutation(recipient: Recipient) -> str:
    """Return the opening of a letter, without the comma that follows it."""
    if recipient.name is None:
        # Only a name as one block is known, so it is used whole.
        name = PersonName(surname=recipient.display_name)
        return greeting(name, recipient.language, "informal")
    return greeting(recipient.name, recipient.language, recipient.formality)


def is_companion(recipient: Recipient, appointment: Appointment) -> bool:
    """Tell whether somebody comes along to a meeting that is another customer's."""
    return recipient.kind == "customer" and recipient.id != appointment.customer


def _is_booking_for_advisor(draft: Draft) -> bool:
    return isinstance(draft.notice.facts, BookingFacts) and draft.recipient.kind == "advisor"


def _meeting(draft: Draft, facts: BookingFacts) -> dict[str, Any]:
    appointment = draft.appointment
    if appointment is None:
        raise ValueError("a letter about a meeting needs that meeting")
    language = draft.recipient.language
    zone = draft.recipient.timezone or appointment.timezone
    # Their links open what they answered, and let one choose for them.
    own = draft.recipient.id == appointment.customer
    # What was handed over may have moved since; the letter is about what it was then.
    start = facts.start if draft.notice.kind == "booking-handed-over" else appointment.start
    return {
        "meeting": _in(appointment.meeting_name, language),
        "when": formats.when(start, zone, language),
        "until": formats.time(appointment.end, zone, language),
        "proposed_when": _when(facts.proposed_start, zone, language),
        "previous_when": _when(facts.previous_start, zone, language),
        "zone": _zone(zone, draft.tenant.settings.timezone, language),
        "advisor": appointment.advisor_name,
        "channel": appointment.channel,
        "place": ", ".join(filter(None, [appointment.location_name, appointment.location_address])),
        "phone": appointment.phone,
        "manage_url": appointment.manage_url if own else None,
        "intake_url": appointment.intake_url if own else None,
        "companion": is_companion(draft.recipient, appointment),
        "booker": appointment.booker,
        "by_customer": facts.by == "customer",
        "as_colleague": draft.recipient.id in appointment.colleagues,
        **_offer(draft.offered, zone, language, chooses=own),
    }


def _offer(
    offered: Offered | None, zone: str, language: Language, *, chooses: bool
) -> dict[str, Any]:
    return {
        "whose": offered.advisor_name if offered else None,
        "offers": [
            {"when": formats.when(one.start, zone, language), "advisor": one.advisor_name}
            for one in (offered.alternatives if offered and chooses else [])
        ],
    }


def _rate(facts: RateFacts, timezone: str, language: Language) -> dict[str, Any]:
    # A date is the same whole day everywhere; noon keeps it that day.
    day = datetime.combine(facts.valid_from, time(12), ZoneInfo(timezone))
    whole, rest = divmod(facts.months, _MONTHS)
    return {
        "product": facts.product,
        "repayment": facts.repayment,
        "fixed_years": facts.fixed_years,
        "valid_from": formats.day(day, timezone, language),
        "old_rate": formats.rate(facts.old_rate, language),
        "new_rate": formats.rate(facts.new_rate, language),
        "principal": formats.money(Money(amount=facts.principal), language),
        "years": whole if rest == 0 else None,
        "months": facts.months,
        "old_monthly": formats.money(Money(amount=facts.old_monthly), language),
        "new_monthly": formats.money(Money(amount=facts.new_monthly), language),
        "difference": formats.money(Money(amount=abs(facts.difference)), language),
        "more": facts.difference > 0,
        "as_of": formats.when(facts.as_of, timezone, language),
    }


def _in(texts: dict[str, str], language: Language) -> str:
    return texts.get(language) or next(iter(texts.values()), "")


def _when(instant: datetime | None, zone: str, language: Language) -> str | None:
    return None if instant is None else formats.when(instant, zone, language)


def _zone(zone: str, usual: str, language: Language) -> str | None:
    """Return the zone as the name of its city, where readers would otherwise take the usual one."""
    if zone == usual:
        return None
    return str(get_timezone_location(zone, locale=_LOCALE[language], return_city=True))


def unsubscribe_headers(stop_url: str | None) -> dict[str, str]:
    """Return the headers with which a mail program offers to stop these messages (RFC 8058)."""
    if stop_url is None:
        return {}
    return {
        "List-Unsubscribe": f"<{stop_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def message_id(token: str, from_address: str) -> str:
    """Return the Message-ID for a delivery's own *token*, at the sender's domain."""
    return f"<{token}@{from_address.rpartition('@')[2]}>"
