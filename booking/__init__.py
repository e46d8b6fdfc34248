"""Who meets whom, when.

The names below are the pure engine: hours by the wall clock, free starts for one, any or all of
several advisors, why a start is refused, and who gets a meeting. It needs no server and no
database. The use cases stand in ``booking.service``.
"""

from booking.agenda import Agenda, Availability, Block, Busy, Party, Required, Rules, merge_busy
from booking.assignment import Candidate, Decision, decide, decide_party, replay, unfit
from booking.explaining import refusal, refusals, why_not
from booking.grids import free_runs
from booking.hours import (
    Day,
    Holidays,
    Hours,
    OpenHours,
    Override,
    TimeRange,
    WeeklyRange,
    days_off,
    in_zone,
)
from booking.masks import MaskCache
from booking.model import Booking, BookingInput, HoldInput, Refused, Repeat, SlotAnswer, SlotQuery
from booking.opening import Opening, opening
from booking.organisation import (
    Absence,
    Advisor,
    AdvisorInput,
    Authorisation,
    Limit,
    Location,
    LocationInput,
    MeetingType,
    MeetingTypeInput,
    Product,
    ProductInput,
    Resource,
    ResourceInput,
    ResourceNeed,
    Role,
    Schedule,
    ScheduleInput,
    Travel,
)
from booking.schedule import Stretch, epoch, from_epoch, working_time
from booking.series import occurrences
from booking.slots import available, first_free, free_starts, nearest
from booking.values import Channel, Grid, Reason, State

__all__ = [
    "Absence",
    "Advisor",
    "AdvisorInput",
    "Agenda",
    "Authorisation",
    "Availability",
    "Block",
    "Booking",
    "BookingInput",
    "Busy",
    "Candidate",
    "Channel",
    "Day",
    "Decision",
    "Grid",
    "HoldInput",
    "Holidays",
    "Hours",
    "Limit",
    "Location",
    "LocationInput",
    "MaskCache",
    "MeetingType",
    "MeetingTypeInput",
    "OpenHours",
    "Opening",
    "Override",
    "Party",
    "Product",
    "ProductInput",
    "Reason",
    "Refused",
    "Repeat",
    "Required",
    "Resource",
    "ResourceInput",
    "ResourceNeed",
    "Role",
    "Rules",
    "Schedule",
    "ScheduleInput",
    "SlotAnswer",
    "SlotQuery",
    "State",
    "Stretch",
    "TimeRange",
    "Travel",
    "WeeklyRange",
    "available",
    "days_off",
    "decide",
    "decide_party",
    "epoch",
    "first_free",
    "free_runs",
    "free_starts",
    "from_epoch",
    "in_zone",
    "merge_busy",
    "nearest",
    "occurrences",
    "opening",
    "refusal",
    "refusals",
    "replay",
    "unfit",
    "why_not",
    "working_time",
]
