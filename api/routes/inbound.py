"""The door for mail that a provider received for us."""

from datetime import datetime
from typing import Any, Final

from litestar import Request, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.types import ControllerRouterHandler

from api.bodies import MAIL
from api.inbound import receive
from api.problems import problems
from api.signed import require_signature
from api.wiring import House
from booking.replies import MAX_BYTES


async def provide_mail(
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    now: NamedDependency[datetime],
) -> bytes:
    """Return the mail, if whoever sends it has the secret of this door."""
    body = await request.body()
    require_signature(house.settings.inbound_secret, request.headers, body, now=now)
    return body


@post(
    "/v1/inbound/mail",
    operation_id="receive_mail",
    dependencies={"mail": Provide(provide_mail)},
    opt={"auth": "signed", "body": MAIL},
    responses=problems(400, 401, 413, 415),
    status_code=204,
    request_max_body_size=MAX_BYTES,
    tags=["inbound"],
)
async def receive_mail(
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    mail: NamedDependency[bytes],
) -> None:
    """Take a mail as it came in (`message/rfc822`), signed as Standard Webhooks signs.

    The answer is the same whatever becomes of it. `Envelope-To` and `Envelope-From` may say who it
    was handed over for and by whom; an empty `Envelope-From` is that of a bounce.
    """
    headers = request.headers
    await receive(
        house, mail, recipient=headers.get("envelope-to"), sender=headers.get("envelope-from")
    )


HANDLERS: Final[list[ControllerRouterHandler]] = [receive_mail]
