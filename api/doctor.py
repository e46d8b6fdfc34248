"""Looks at everything the settings point at, and says in a sentence what is wrong."""

from urllib.parse import urlsplit

from msgspec import Struct
from redis.asyncio import Redis

from api.migrations import SchemaOld, require_current_schema
from api.settings import Settings
from kernel.database import Database
from notifications.channels.email import SmtpChannel


class Finding(Struct, frozen=True, kw_only=True):
    """One part, and whether it is in order."""

    part: str
    ok: bool
    detail: str


async def examine(settings: Settings) -> list[Finding]:
    """Return what was found, part by part."""
    return [
        await _database(settings),
        await _redis(settings),
        await _smtp(settings),
        _replies(settings),
        _public_url(settings),
    ]


async def _database(settings: Settings) -> Finding:
    database = Database(settings.database, keyring=settings.keyring)
    try:
        await require_current_schema(database)
    except SchemaOld as error:
        return Finding(part="database", ok=False, detail=error.detail)
    except Exception as error:  # noqa: BLE001  # any driver's own kind
        problem = f"{settings.database_host} does not answer ({type(error).__name__})."
        return Finding(part="database", ok=False, detail=problem)
    finally:
        await database.close()
    return Finding(part="database", ok=True, detail=settings.database_host)


async def _redis(settings: Settings) -> Finding:
    if settings.redis_url is None:
        return Finding(part="redis", ok=True, detail="not set: jobs run inside the server")
    client = Redis.from_url(settings.redis_url, socket_connect_timeout=3)
    try:
        await client.ping()
    except Exception as error:  # noqa: BLE001  # any driver's own kind
        problem = f"Redis does not answer ({type(error).__name__}); jobs start up to a second late."
        return Finding(part="redis", ok=False, detail=problem)
    finally:
        await client.aclose()
    return Finding(part="redis", ok=True, detail="answers")


async def _smtp(settings: Settings) -> Finding:
    if settings.smtp_url is None:
        return Finding(part="smtp", ok=False, detail="Set SPREEKUUR_SMTP_URL; letters need it.")
    problem = await SmtpChannel(settings.smtp_url).check()
    if problem is not None:
        detail = f"The mail server cannot be used ({problem}); check SPREEKUUR_SMTP_URL."
        return Finding(part="smtp", ok=False, detail=detail)
    return Finding(part="smtp", ok=True, detail="answers")


def _replies(settings: Settings) -> Finding:
    domain = settings.reply_domain
    if domain is None:
        detail = "not set: answers to invitations go to SPREEKUUR_MAIL_FROM, and nobody reads them"
        return Finding(part="replies", ok=True, detail=detail)
    sender = settings.mail_from.rpartition("@")[2].lower()
    if not (domain == sender or domain.endswith(f".{sender}") or sender.endswith(f".{domain}")):
        detail = (
            f"Invitations are organised at {domain} and sent from {sender}. Use one domain, or a "
            "domain below the other: mail programs distrust an organiser from elsewhere."
        )
        return Finding(part="replies", ok=False, detail=detail)
    door = "mail server and HTTP" if settings.inbound_secret else "mail server"
    return Finding(part="replies", ok=True, detail=f"{domain}, by {door}")


def _public_url(settings: Settings) -> Finding:
    parts = urlsplit(settings.public_url)
    local = parts.hostname in {"127.0.0.1", "localhost"}
    ok = parts.scheme == "https" or local
    detail = settings.public_url if ok else "Use https: links in mails sign people in."
    return Finding(part="public address", ok=ok, detail=detail)
