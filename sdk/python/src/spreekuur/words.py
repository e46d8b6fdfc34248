"""The closed lists of words in requests and answers.

Type checkers see each list as it stands today. At run time any text is accepted, so that a client
which is older than the service keeps working when the service learns a new word.
"""

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    AbsenceReason: TypeAlias = Literal["leave", "training", "travel", "other"]
    AccountState: TypeAlias = Literal["active", "degraded", "auth-failed", "missing", "leaving"]
    AvailabilityState: TypeAlias = Literal["none", "kept", "unreadable", "off"]
    CalendarAuth: TypeAlias = Literal["basic", "digest", "bearer"]
    CalendarKind: TypeAlias = Literal["caldav", "feed", "own"]
    Channel: TypeAlias = Literal["video", "phone", "branch"]
    CollectionRole: TypeAlias = Literal["busy", "target", "ignore"]
    Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    Formality: TypeAlias = Literal["formal", "informal"]
    Grid: TypeAlias = Literal["hours", "clock", "tight"]
    HolidayCategory: TypeAlias = Literal["public", "bank", "government", "optional", "half_day"]
    Honorific: TypeAlias = Literal["mr", "mrs", "none"]
    KeyKind: TypeAlias = Literal["secret", "publishable"]
    ConflictState: TypeAlias = Literal["seen", "offered", "displaced", "kept", "resolved"]
    Every: TypeAlias = Literal["week", "two-weeks", "four-weeks", "month"]
    HelpKind: TypeAlias = Literal["advisor", "channel", "duration", "location", "language", "later"]
    Language: TypeAlias = Literal["nl", "en"]
    Outcome: TypeAlias = Literal["attended", "no-show"]
    Period: TypeAlias = Literal["day", "week", "month", "ahead"]
    State: TypeAlias = Literal["requested", "confirmed", "cancelled", "attended", "no-show"]
    Unsuitable: TypeAlias = Literal[
        "off-grid",
        "past",
        "notice",
        "outside-window",
        "outside-hours",
        "holiday",
        "branch-closed",
        "not-offered",
        "busy",
        "limit",
        "no-room",
        "unsuitable",
    ]
    Waiver: TypeAlias = Literal["notice", "window", "limits"]
else:
    ConflictState = Every = HelpKind = Outcome = Waiver = str
    AbsenceReason = Grid = HolidayCategory = Period = str
    AccountState = Channel = CollectionRole = Day = Formality = Honorific = str
    AvailabilityState = CalendarAuth = CalendarKind = str
    KeyKind = Language = State = Unsuitable = str
