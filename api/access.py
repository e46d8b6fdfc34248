"""Who is asking: keys of organisations, and advisors signed in by a mailed link."""

import re
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlsplit

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from api import store
from api.links import LinkExpired
from kernel import audit
from kernel.crypto import fingerprint, random_token
from kernel.errors import FieldError, Forbidden, Invalid, NotFound, Unauthenticated
from kernel.ids import Id, new_id, require

KeyKind = Literal["secret", "publishable"]

_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")

SIGN_IN_LASTS: Final = timedelta(minutes=15)
LINKS_AT_ONCE: Final = 3
SESSION_IDLE: Final = timedelta(minutes=30)
SESSION_LASTS: Final = timedelta(hours=12)


class Caller(Struct, frozen=True, kw_only=True):
    """An organisation's key, as presented in a request."""

    tenant: Id
    key: Id
    kind: KeyKind


class Advisor(Struct, frozen=True, kw_only=True):
    """An advisor at their screen."""

    tenant: Id
    advisor: Id
    session: str


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key as it is listed; its text is shown once, when it is made."""

    id: Id
    kind: KeyKind
    name: str
    origins: list[str]
    created_at: datetime
    revoked_at: datetime | None


# --- keys ----------------------------------------------------------------------------------------


async def create_key(
    db: AsyncConnection, tenant: Id, *, kind: KeyKind, name: str, origins: list[str], now: datetime
) -> tuple[ApiKey, str]:
    """Make a key and return it with its text, which cannot be shown again.

    Raises:
        Invalid: A publishable key without origins, or an origin that is none.
    """
    if kind == "publishable" and not origins:
        raise Invalid(
            "A publishable key needs the origins of the websites it will be used on.",
            errors=(FieldError(pointer="/origins", detail="At least one origin."),),
        )
    for index, origin in enumerate(origins):
        if not _is_origin(origin):
            raise Invalid(
                "An origin is a scheme and a host, such as https://www.bank.example.",
                errors=(FieldError(pointer=f"/origins/{index}", detail="Not an origin."),),
            )
    text = f"{'sk' if kind == 'secret' else 'pk'}_{random_token()}"
    key = ApiKey(
        id=new_id("key", now),
        kind=kind,
        name=name,
        origins=origins,
        created_at=now,
        revoked_at=None,
    )
    await store.insert_key(
        db,
        id=key.id,
        tenant_id=tenant,
        kind=kind,
        name=name,
        origins=origins,
        fingerprint=fingerprint(text),
        created_at=now,
    )
    return key, text


def _is_origin(text: str) -> bool:
    """Tell whether *text* is an origin as browsers write it: RFC 6454, section 6.2."""
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return False
    return (
        parts.scheme in {"https", "http"}
        and _HOST.fullmatch(parts.hostname or "") is not None
        # A browser leaves the usual port out, so a key bound to it would never fit.
        and port != {"https": ":443", "http": ":80"}[parts.scheme]
        and text == f"{parts.scheme}://{parts.hostname}{port}"
    )


async def list_keys(db: AsyncConnection, tenant: Id) -> list[ApiKey]:
    """Return a tenant's keys, oldest first."""
    return [
        ApiKey(
            id=row.id,
            kind=row.kind,
            name=row.name,
            origins=row.origins,
            created_at=row.created_at,
            revoked_at=row.revoked_at,
        )
        for row in await store.keys_of(db, tenant)
    ]


async def revoke_key(db: AsyncConnection, tenant: Id, key: Id, *, now: datetime) -> None:
    """End a key at once."""
    if not await store.revoke_key(db, tenant, require("key", key, "key"), now=now):
        raise NotFound("There is no key with this id, or it has been revoked already.")
    await audit.note(db, tenant, actor="operator", action="key.revoked", subject=key, now=now)


async def identify_caller(
    db: AsyncConnection, authorization: str | None, *, origin: str | None, same_origin: str | None
) -> Caller:
    """Return whose key this request carries.

    Args:
        db: A transaction that names no tenant.
        authorization: The header as sent.
        origin: The ``Origin`` header. Browsers leave it out of GET requests to their own origin.
        same_origin: Our own origin, when the browser says that the request comes from it.

    Raises:
        Unauthenticated: No key, or one that is not (or no longer) good.
        Forbidden: A publishable key outside its origins.
    """
    scheme, _, text = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise Unauthenticated("Send your key as: Authorization: Bearer sk_…")
    row = await store.key_by_fingerprint(db, fingerprint(text.strip()))
    if row is None:
        raise Unauthenticated("This key is not known, or has been revoked.")
    if row.kind == "publishable" and (origin or same_origin) not in row.origins:
        raise Forbidden(
            "This publishable key is bound to other origins. Add this website's origin to the key.",
            code="forbidden",
        )
    return Caller(tenant=row.tenant_id, key=row.id, kind=row.kind)


# --- advisors ------------------------------------------------------------------------------------


async def begin_sign_in(
    db: AsyncConnection, tenant: Id, advisor: Id, *, now: datetime
) -> Id | None:
    """Prepare a sign-in that a mailed link will finish.

    Returns:
        None when enough links are on their way already: nobody can fill an advisor's mailbox.
    """
    if await store.count_open_sign_ins(db, tenant, advisor, now=now) >= LINKS_AT_ONCE:
        return None
    sign_in = new_id("sgn", now)
    await store.insert_sign_in(
        db, id=sign_in, tenant_id=tenant, advisor_id=advisor, expires_at=now + SIGN_IN_LASTS
    )
    return sign_in


async def check_sign_in(db: AsyncConnection, sign_in: Id, *, now: datetime) -> None:
    """Tell whether a link would still work; this changes nothing.

    Raises:
        LinkExpired: It would not.
    """
    row = await store.sign_in_by_id(db, sign_in)
    if row is None or row.used_at is not None or row.expires_at <= now:
        raise LinkExpired("This sign-in link was used or is too old. Ask for a new one.")


async def finish_sign_in(db: AsyncConnection, sign_in: Id, *, now: datetime) -> tuple[Advisor, str]:
    """Use up a sign-in and return the advisor with the text of a new session's cookie.

    Raises:
        LinkExpired: The link was used before, or is too old.
    """
    if not await store.use_sign_in(db, sign_in, now=now):
        raise LinkExpired("This sign-in link was used or is too old. Ask for a new one.")
    row = await store.sign_in_by_id(db, sign_in)
    if row is None:
        raise LinkExpired("This sign-in link has ended. Ask for a new one.")
    cookie = await open_session(db, row.tenant_id, row.advisor_id, now=now)
    advisor = Advisor(tenant=row.tenant_id, advisor=row.advisor_id, session=fingerprint(cookie))
    return advisor, cookie


async def open_session(db: AsyncConnection, tenant: Id, advisor: Id, *, now: datetime) -> str:
    """Sign an advisor in and return the text of the session's cookie."""
    cookie = random_token()
    await store.insert_session(
        db,
        fingerprint=fingerprint(cookie),
        tenant_id=tenant,
        advisor_id=advisor,
        created_at=now,
        seen_at=now,
    )
    return cookie


async def resume_session(db: AsyncConnection, cookie: str | None, *, now: datetime) -> Advisor:
    """Return the advisor behind a session's cookie.

    Raises:
        Unauthenticated: There is no session, or it has ended.
    """
    row = await store.session_by_fingerprint(db, fingerprint(cookie or ""))
    if row is None or now - row.seen_at > SESSION_IDLE or now - row.created_at > SESSION_LASTS:
        raise Unauthenticated("You are not signed in, or your session has ended.")
    if now - row.seen_at > timedelta(minutes=1):
        await store.touch_session(db, row.fingerprint, now=now)
    return Advisor(tenant=row.tenant_id, advisor=row.advisor_id, session=row.fingerprint)


async def sign_out(db: AsyncConnection, session: str, *, now: datetime) -> None:
    """End a session."""
    await store.end_session(db, session, now=now)
