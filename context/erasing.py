"""The use cases of erasing a customer, and of what stands in its way.

Whoever calls opens the transaction and commits it. The other rooms forget in the same one; see
`api.erasing`.
"""

import hmac
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from context import erasure_store as store
from context import service
from context.erasure import HoldInput, LegalHold, Receipt, added, said_by
from context.errors import CustomerHeld, ErasureUnknown, HoldUnknown
from kernel import audit, outbox, vault
from kernel.database import keyring_of
from kernel.errors import FieldError, Invalid
from kernel.events import CustomerErased
from kernel.ids import Id, new_id, require

_LONGEST: int = 500


async def place_hold(
    db: AsyncConnection, tenant: Id, customer: Id, data: HoldInput, *, now: datetime, by: str
) -> LegalHold:
    """Keep what is known of a customer from being erased, for a reason.

    Raises:
        CustomerUnknown: There is no such customer.
        Invalid: No reason is given.
    """
    await service.get_customer(db, tenant, customer)
    reason = data.reason.strip()
    if not 0 < len(reason) <= _LONGEST or not reason.isprintable():
        raise Invalid(
            "Give a reason.",
            errors=(
                FieldError(pointer="/reason", detail=f"Say why, in at most {_LONGEST} characters."),
            ),
        )
    hold = LegalHold(
        id=new_id("lgh", now),
        customer=customer,
        reason=reason,
        until=data.until,
        placed_by=by,
        placed_at=now,
        lifted_at=None,
    )
    await store.add_hold(db, tenant, hold)
    await audit.note(db, tenant, actor=by, action="hold.placed", subject=customer, now=now)
    return hold


async def lift_hold(
    db: AsyncConnection, tenant: Id, customer: Id, hold: Id, *, now: datetime, by: str
) -> None:
    """Let a reason no longer stand in the way.

    Raises:
        HoldUnknown: There is no such reason that still does.
    """
    require("lgh", hold, "legal hold")
    if not await store.lift_hold(db, tenant, customer, hold, now=now):
        raise HoldUnknown
    await audit.note(db, tenant, actor=by, action="hold.lifted", subject=customer, now=now)


async def holds_of(db: AsyncConnection, tenant: Id, customer: Id) -> list[LegalHold]:
    """Return every reason there ever was to keep what is known of a customer.

    Raises:
        CustomerUnknown: There is no such customer.
    """
    await service.get_customer(db, tenant, customer)
    return await store.holds_of(db, tenant, customer)


async def require_erasable(db: AsyncConnection, tenant: Id, customer: Id, *, today: date) -> None:
    """Refuse to erase a customer while there is a reason to keep what is known of them.

    Raises:
        CustomerUnknown: There is no such customer, or no longer.
        CustomerHeld: There is such a reason.
    """
    await service.get_customer(db, tenant, customer)
    if any(hold.holds(today) for hold in await store.holds_of(db, tenant, customer)):
        raise CustomerHeld


async def erase(
    db: AsyncConnection,
    tenant: Id,
    customer: Id,
    *,
    forgotten: Mapping[str, int],
    now: datetime,
    by: str,
) -> tuple[Receipt, str]:
    """Remove what this room knows of a customer, destroy their key, and write the receipt.

    Args:
        db: The transaction, in which the other rooms have forgotten already.
        tenant: The organisation.
        customer: Whom to erase; `require_erasable` let them pass.
        forgotten: How much of what that was.
        now: The present instant.
        by: Who asked for it.

    Returns:
        The receipt, and the signature over it.
    """
    removed = await store.remove_all(db, tenant, customer)
    key = await vault.destroy(db, tenant, customer, now=now)
    receipt = Receipt(
        id=new_id("ers", now),
        customer=customer,
        asked_by=by,
        erased_at=now,
        counts=added(removed, forgotten),
        key=key,
    )
    signature = _signature(db, tenant, receipt)
    await store.add_receipt(db, tenant, receipt, signature=signature)
    await audit.note(db, tenant, actor=by, action="customer.erased", subject=customer, now=now)
    await outbox.record(db, tenant, CustomerErased(customer=customer), now=now)
    return receipt, signature


async def receipt_of(db: AsyncConnection, tenant: Id, customer: Id) -> tuple[Receipt, str, bool]:
    """Return the receipt of a customer who was erased, its signature, and whether it is true.

    It is true if it was signed here and not changed since, the key is gone, and nothing is left.

    Raises:
        ErasureUnknown: This customer was not erased.
    """
    require("cus", customer, "customer")
    found = await store.receipts(db, tenant, customer=customer)
    if not found:
        raise ErasureUnknown
    receipt, signature = found[-1]
    true = (
        hmac.compare_digest(signature, _signature(db, tenant, receipt))
        and await vault.is_destroyed(db, tenant, customer)
        and not await store.is_left(db, tenant, customer)
    )
    return receipt, signature, true


def _signature(db: AsyncConnection, tenant: Id, receipt: Receipt) -> str:
    key = keyring_of(db).key("erasure-receipts")
    return hmac.digest(key, f"{tenant}|".encode() + said_by(receipt), "sha256").hex()
