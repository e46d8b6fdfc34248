"""Erasing a customer in every room, in one transaction, and giving them what is known of them."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

import booking.forgetting
import booking.service
import context.service
import notifications.service
from api import store
from api.sealed_answers import ANSWERS, KEPT, answer_context
from booking.model import Booking, BookingFilter
from context import erasing
from context.erasure import LegalHold, Receipt
from context.model import Consent, Customer, Fact
from kernel import audit
from kernel.audit import Entry
from kernel.database import keyring_of
from kernel.errors import Conflict
from kernel.ids import Id
from kernel.tenancy import get_tenant
from notifications.model import Notice

_AT_A_TIME: Final = 100


class MeetingAhead(Conflict):
    """This customer has meetings that are still to come."""

    code = "meeting-ahead"
    title = "There are meetings to come"


class ErasureInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to erase a customer: *cancel_meetings* calls off what is still to come."""

    cancel_meetings: bool = False


class ErasurePlan(Struct, frozen=True, kw_only=True):
    """What stands in the way of erasing a customer, before anything is done.

    Attributes:
        meetings_ahead: What would have to be called off.
        holds: The legal holds for which nothing may be erased.
    """

    customer: Id
    meetings_ahead: list[Id]
    holds: list[LegalHold]


class SignedReceipt(Struct, frozen=True, kw_only=True):
    """That a customer was erased.

    Attributes:
        signature: HMAC-SHA256 over the receipt, in hexadecimal digits.
        true: Whether it was signed here and is unchanged, the customer's key is gone, and nothing
            is left of them.
    """

    receipt: Receipt
    signature: str
    true: bool


class Export(Struct, frozen=True, kw_only=True):
    """All that an organisation knows of a customer, for themselves.

    Attributes:
        seen: Who looked at what is known of them, and when.
    """

    generated_at: datetime
    organisation: str
    customer: Customer
    facts: list[Fact]
    consents: list[Consent]
    bookings: list[Booking]
    notices: list[Notice]
    seen: list[Entry]


async def plan(db: AsyncConnection, tenant: Id, customer: Id, *, now: datetime) -> ErasurePlan:
    """Return what stands in the way of erasing a customer.

    Raises:
        CustomerUnknown: There is no such customer.
    """
    await context.service.get_customer(db, tenant, customer)
    today = await _today(db, tenant, now)
    return ErasurePlan(
        customer=customer,
        meetings_ahead=await booking.forgetting.meetings_ahead(db, tenant, customer, now=now),
        holds=[hold for hold in await erasing.holds_of(db, tenant, customer) if hold.holds(today)],
    )


async def erase(
    db: AsyncConnection,
    tenant: Id,
    customer: Id,
    data: ErasureInput,
    *,
    now: datetime,
    by: str,
) -> SignedReceipt:
    """Erase a customer from every room.

    Raises:
        CustomerUnknown: There is no such customer, or no longer.
        CustomerHeld: What is known of them must be kept for now.
        MeetingAhead: They have meetings to come, which were not to be called off.
    """
    today = await _today(db, tenant, now)
    await erasing.require_erasable(db, tenant, customer, today=today)
    ahead = await booking.forgetting.meetings_ahead(db, tenant, customer, now=now)
    if ahead and not data.cancel_meetings:
        raise MeetingAhead(
            "This customer has meetings to come. Call them off first, or erase with "
            "cancel_meetings; nothing was erased.",
            bookings=ahead,
        )
    cancelled = await booking.forgetting.cancel_ahead(db, tenant, customer, now=now, by=by)
    forgotten = {
        "meetings_cancelled": cancelled,
        "stored_answers": await _forget_answers(db, tenant, customer, now=now),
        **await booking.forgetting.forget(db, tenant, customer),
        **await notifications.service.forget(db, tenant, customer),
    }
    receipt, signature = await erasing.erase(
        db, tenant, customer, forgotten=forgotten, now=now, by=by
    )
    return SignedReceipt(receipt=receipt, signature=signature, true=True)


async def _forget_answers(db: AsyncConnection, tenant: Id, customer: Id, *, now: datetime) -> int:
    """Drop what was answered to calls about a customer, which is kept for who calls again.

    Older answers than a day's, to whoever booked, hold ids only.
    """
    about = [customer, *(each.id for each in await _meetings(db, tenant, customer))]
    dropped = 0
    for row in await store.kept_answers(db, tenant, since=now - KEPT):
        request = {"caller": row.caller, "path": row.path, "key": row.key}
        try:
            context = answer_context(tenant, **request)
            answer = keyring_of(db).open(row.answer, use=ANSWERS, context=context)
        except ValueError:
            continue  # nobody can read it
        if any(each in row.path or each.encode() in answer for each in about):
            await store.forget_answer(db, tenant, before=now + KEPT, **request)
            dropped += 1
    return dropped


async def receipt_of(db: AsyncConnection, tenant: Id, customer: Id) -> SignedReceipt:
    """Return the receipt of a customer who was erased, checked anew.

    Raises:
        ErasureUnknown: This customer was not erased.
    """
    receipt, signature, true = await erasing.receipt_of(db, tenant, customer)
    return SignedReceipt(receipt=receipt, signature=signature, true=true)


async def export(
    db: AsyncConnection, tenant: Id, customer: Id, *, now: datetime, by: str
) -> Export:
    """Return all that is known of a customer; that it was asked for is on record.

    Raises:
        CustomerUnknown: There is no such customer.
    """
    await context.service.get_customer(db, tenant, customer)
    await audit.note(db, tenant, actor=by, action="customer.exported", subject=customer, now=now)
    return await all_known(db, tenant, customer, now=now)


async def all_known(db: AsyncConnection, tenant: Id, customer: Id, *, now: datetime) -> Export:
    """Return all that is known of a customer, to themselves.

    Raises:
        CustomerUnknown: There is no such customer.
    """
    known = await context.service.get_customer(db, tenant, customer)
    meetings = await _meetings(db, tenant, customer)
    return Export(
        generated_at=now,
        organisation=(await get_tenant(db, tenant)).name,
        customer=known,
        facts=await context.service.history_of(db, tenant, customer),
        consents=await context.service.consent_history(db, tenant, customer),
        bookings=meetings,
        notices=await notifications.service.notices_of(db, tenant, customer=customer),
        seen=await audit.entries_about(db, tenant, [customer, *(each.id for each in meetings)]),
    )


async def _meetings(db: AsyncConnection, tenant: Id, customer: Id) -> list[Booking]:
    found: list[Booking] = []
    while True:
        after = found[-1].id if found else None
        wanted = BookingFilter(customer=customer, after=after, limit=_AT_A_TIME)
        page = await booking.service.list_bookings(db, tenant, wanted)
        found += page
        if len(page) < _AT_A_TIME:
            return found


async def _today(db: AsyncConnection, tenant: Id, now: datetime) -> date:
    return now.astimezone(ZoneInfo((await get_tenant(db, tenant)).settings.timezone)).date()
