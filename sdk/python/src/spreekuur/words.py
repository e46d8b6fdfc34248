"""The closed lists of words in requests and answers.

Type checkers see each list as it stands today. At run time any text is accepted, so that a client
which is older than the service keeps working when the service learns a new word.
"""

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    AccountState: TypeAlias = Literal["active", "degraded", "auth-failed", "missing"]
    Channel: TypeAlias = Literal["video", "phone", "branch"]
    CollectionRole: TypeAlias = Literal["busy", "target", "ignore"]
    Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    Formality: TypeAlias = Literal["formal", "informal"]
    Honorific: TypeAlias = Literal["mr", "mrs", "none"]
    KeyKind: TypeAlias = Literal["secret", "publishable"]
    Language: TypeAlias = Literal["nl", "en"]
    State: TypeAlias = Literal["requested", "confirmed", "cancelled", "attended", "no-show"]
    Unsuitable: TypeAlias = Literal[
        "off-grid", "past", "notice", "outside-window", "outside-hours", "busy", "unsuitable"
    ]
else:
    AccountState = Channel = CollectionRole = Day = Formality = Honorific = str
    KeyKind = Language = State = Unsuitable = str
