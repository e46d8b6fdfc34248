"""Which entries of an advisor's own calendar keep them from being booked."""

from msgspec import Struct


class BusyPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an organisation takes for busy; entries that are plainly busy always are.

    Attributes:
        tentative: Entries that may yet fall through: marked so, or accepted with reserve.
        needs_action: Invitations that the advisor has not answered.
        out_of_office: Entries that Outlook marks as away.
        working_elsewhere: Entries that Outlook marks as at work, in another place.
        outside_availability: All times outside of the hours that advisors publish in their own
            calendar, if they do (VAVAILABILITY).
    """

    tentative: bool = True
    needs_action: bool = True
    out_of_office: bool = True
    working_elsewhere: bool = False
    outside_availability: bool = True
