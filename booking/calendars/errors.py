"""Why a calendar could not be connected."""

from kernel.errors import Unprocessable


class CalendarUnreachable(Unprocessable):
    """The calendar server does not answer."""

    code = "calendar-unreachable"
    title = "The calendar server does not answer"


class CalendarRefused(Unprocessable):
    """The calendar server answers, but not to these credentials."""

    code = "calendar-refused"
    title = "The calendar server refuses these credentials"


class CalendarNotCaldav(Unprocessable):
    """Something answers at this address, but it is no CalDAV server."""

    code = "calendar-not-caldav"
    title = "There is no CalDAV server at this address"
