"""The Python client of Spreekuur.

    from spreekuur import Spreekuur

    with Spreekuur("sk_…", base_url="https://appointments.bank.example") as client:
        for booking in client.bookings.iter(state="confirmed"):
            print(booking.start, booking.advisor.name)

``AsyncSpreekuur`` is the same with ``await``. Every error derives from ``SpreekuurError``.
"""

from spreekuur import errors, models, webhooks, words
from spreekuur._async.client import AsyncSpreekuur
from spreekuur._sync.client import Spreekuur
from spreekuur._version import __version__
from spreekuur.errors import (
    AnswerNotUnderstood,
    Conflict,
    ConnectionFailed,
    Forbidden,
    Gone,
    HoldExpired,
    InvalidRequest,
    NotFound,
    OffsetMissing,
    RateLimited,
    ServerError,
    SignatureInvalid,
    SlotTaken,
    SlotUnavailable,
    SpreekuurError,
    StatusError,
    TimedOut,
    Unauthenticated,
    Unprocessable,
)
from spreekuur.models import CustomerInput, Participant, PersonName

__all__ = [
    "AnswerNotUnderstood",
    "AsyncSpreekuur",
    "Conflict",
    "ConnectionFailed",
    "CustomerInput",
    "Forbidden",
    "Gone",
    "HoldExpired",
    "InvalidRequest",
    "NotFound",
    "OffsetMissing",
    "Participant",
    "PersonName",
    "RateLimited",
    "ServerError",
    "SignatureInvalid",
    "SlotTaken",
    "SlotUnavailable",
    "Spreekuur",
    "SpreekuurError",
    "StatusError",
    "TimedOut",
    "Unauthenticated",
    "Unprocessable",
    "__version__",
    "errors",
    "models",
    "webhooks",
    "words",
]
