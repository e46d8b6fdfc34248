"""Renewing a token at the endpoint of whoever gave it out (OAuth 2.0, RFC 6749, section 6).

The endpoint's address was entered by somebody, so it is called through the guarded door: no address
inside our own network, no redirect, a small answer. Nothing of what it says is shown or logged.
"""

from datetime import datetime, timedelta
from typing import Annotated, Final
from urllib.parse import quote_plus

import httpx2
import msgspec
from msgspec import Meta, Struct, structs

from booking.calendars.port import Revoked, Unreachable
from kernel.outgoing import AddressRefused, AnswerTooLarge, Guard, GuardedTransport, Redirected

MAX_BODY: Final = 2**16
LONGEST: Final = timedelta(days=366)
_WAIT: Final = 3600
_ENDED: Final = {"invalid_grant", "invalid_client", "unauthorized_client"}
"""What no other answer follows to, however often it is asked (RFC 6749, section 5.2)."""

_Text = Annotated[str, Meta(min_length=1, max_length=8192)]


class GrantInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By what a token is renewed.

    Attributes:
        token_url: The token endpoint.
        client_id: Who we are there.
        client_secret: Sent as HTTP Basic credentials; None for a client without one.
        refresh_token: What the advisor granted. From here on it is ours: many servers take one
            only once, and give another with each token.
    """

    token_url: Annotated[str, Meta(min_length=1, max_length=2000)]
    client_id: _Text
    client_secret: _Text | None = None
    refresh_token: _Text

    def __repr__(self) -> str:
        return "GrantInput(…)"


class Tokens(Struct, frozen=True, kw_only=True):
    """What an endpoint gave: a token, until when it is good, and by what it is renewed."""

    access: str
    expires_at: datetime | None
    grant: GrantInput

    def __repr__(self) -> str:
        return "Tokens(…)"


class _Answer(Struct):
    access_token: _Text
    token_type: str | None = None
    expires_in: int | float | str | None = None
    refresh_token: _Text | None = None


class _Problem(Struct):
    error: str = ""


async def renew(guard: Guard, grant: GrantInput, *, now: datetime) -> Tokens:
    """Return a new token.

    Raises:
        Revoked: What was granted has ended.
        Unreachable: There is no usable answer at present.
        AddressRefused: The endpoint may not be called.
    """
    form = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token}
    login: httpx2.Auth | None = None
    if grant.client_secret is None:
        form["client_id"] = grant.client_id
    else:
        # RFC 6749, 2.3.1: both are form-encoded first.
        login = httpx2.BasicAuth(quote_plus(grant.client_id), quote_plus(grant.client_secret))
    transport = GuardedTransport(guard, max_body=MAX_BODY)
    try:
        async with httpx2.AsyncClient(
            transport=transport, auth=login, follow_redirects=False, trust_env=False, timeout=15
        ) as client:
            headers = {"Accept": "application/json"}
            url = _checked(guard, grant.token_url)
            answer = await client.post(url, data=form, headers=headers)
    except (httpx2.HTTPError, Redirected, AnswerTooLarge, TimeoutError, OSError) as problem:
        raise Unreachable(type(problem).__name__) from None
    return _tokens(answer, grant, now)


def _checked(guard: Guard, address: str) -> httpx2.URL:
    try:
        url = httpx2.URL(address)
    except (httpx2.InvalidURL, ValueError, TypeError):
        raise AddressRefused("This is no https address.") from None
    if url.userinfo or not url.host:
        raise AddressRefused("Enter the address alone; id and secret have their own fields.")
    guard.check_scheme(url)
    return url


def _tokens(answer: httpx2.Response, grant: GrantInput, now: datetime) -> Tokens:
    status = answer.status_code
    if status in {400, 401, 403} and _problem(answer) in _ENDED:
        raise Revoked("the grant has ended")
    if status != httpx2.codes.OK:
        said = answer.headers.get("retry-after", "")
        seconds = min(int(said), _WAIT) if said.isdecimal() else 0
        raise Unreachable(f"token endpoint: {status}", timedelta(seconds=seconds))
    try:
        given = msgspec.json.decode(answer.content, type=_Answer)
        lasts = None if given.expires_in is None else float(given.expires_in)
        expires_at = None if lasts is None else now + min(timedelta(seconds=lasts), LONGEST)
    except (ValueError, OverflowError, msgspec.DecodeError):
        raise Unreachable("token endpoint: no token") from None
    kind = (given.token_type or "bearer").lower()
    if kind != "bearer" or not given.access_token.isascii():
        raise Unreachable("token endpoint: a token of another kind")
    if given.refresh_token is not None:
        grant = structs.replace(grant, refresh_token=given.refresh_token)
    return Tokens(access=given.access_token, expires_at=expires_at, grant=grant)


def _problem(answer: httpx2.Response) -> str:
    try:
        return msgspec.json.decode(answer.content, type=_Problem).error
    except msgspec.DecodeError:
        return ""
