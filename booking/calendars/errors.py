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


class CalendarNotFeed(Unprocessable):
    """Something answers at this address, but it is no iCalendar file."""

    code = "calendar-not-feed"
    title = "There is no iCalendar file at this address"


class CalendarTooLarge(Unprocessable):
    """The calendar is larger than we are willing to read."""

    code = "calendar-too-large"
    title = "This calendar is too large"


class NoOwnCalendar(Unprocessable):
    """The account is at somebody else's server, where entries are not ours to make."""

    code = "calendar-not-ours"
    title = "This is no calendar that we keep"
