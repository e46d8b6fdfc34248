"""Which entries keep their owner busy, in what way, and what the organisation has to say in it."""

from datetime import UTC, datetime
from typing import Final

import pytest

from booking.expansion import Busy, expand, horizon_at
from kernel.busy import BusyPolicy
from kernel.spans import Span
from tests.booking.calendars.conftest import Desk, event

HORIZON: Final = horizon_at(datetime(2026, 11, 30, 8, tzinfo=UTC))
OWN: Final = frozenset({"sanne@bank.example", "s.jansen@bank.example"})
EVERYTHING: Final = BusyPolicy(working_elsewhere=True)
NOTHING: Final = BusyPolicy(
    tentative=False, needs_action=False, out_of_office=False, working_elsewhere=False
)

ACCEPTED: Final = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:sanne@bank.example"
DECLINED: Final = "ATTENDEE;CN=Sanne;PARTSTAT=DECLINED:mailto:sanne@bank.example"
ALIAS_DECLINED: Final = 'ATTENDEE;CN="Jansen: S";PARTSTAT=declined:MAILTO:S.Jansen@Bank.example'
BY_PATH: Final = "ATTENDEE;EMAIL=sanne@bank.example;PARTSTAT=DECLINED:/aMTIz/principal/"
OTHER_DECLINED: Final = "ATTENDEE;PARTSTAT=DECLINED:mailto:bart@bank.example"
ASKED: Final = "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:sanne@bank.example"
PERHAPS: Final = "ATTENDEE;PARTSTAT=TENTATIVE:mailto:sanne@bank.example"
OUTLOOK: Final = "X-MICROSOFT-CDO-BUSYSTATUS:"


def _kinds(*lines: str, policy: BusyPolicy = EVERYTHING) -> list[str]:
    text = event("e", ":20261201T090000Z", ":20261201T100000Z", *lines)
    found = expand(
        text.encode(), zone="Europe/Amsterdam", horizon=HORIZON, addresses=OWN, policy=policy
    )
    assert found.problem is None
    return [busy.kind for busy in found.busy]


@pytest.mark.parametrize(
    ("lines", "kinds"),
    [
        ([], ["busy"]),
        (["STATUS:CONFIRMED", "TRANSP:OPAQUE", OUTLOOK + "BUSY", ACCEPTED], ["busy"]),
        # Cancelled goes before all.
        (["STATUS:CANCELLED", OUTLOOK + "BUSY", ACCEPTED], []),
        (["STATUS:cancelled"], []),
        # Then the owner's own answer, under any of their addresses.
        ([DECLINED, "TRANSP:OPAQUE", OUTLOOK + "BUSY"], []),
        ([ALIAS_DECLINED], []),
        ([BY_PATH], []),
        ([OTHER_DECLINED], ["busy"]),
        ([OTHER_DECLINED, ACCEPTED], ["busy"]),
        ([DECLINED, ASKED.replace("sanne", "s.jansen")], []),
        ([ALIAS_DECLINED, ACCEPTED], ["busy"]),
        # Then TRANSP.
        (["TRANSP:TRANSPARENT", OUTLOOK + "BUSY", "STATUS:TENTATIVE"], []),
        (["TRANSP:transparent"], []),
        # Then Outlook.
        ([OUTLOOK + "FREE", "TRANSP:OPAQUE", "STATUS:TENTATIVE"], []),
        ([OUTLOOK + "TENTATIVE", "STATUS:CONFIRMED"], ["tentative"]),
        ([OUTLOOK + "OOF", "STATUS:TENTATIVE"], ["out-of-office"]),
        ([OUTLOOK + "WORKINGELSEWHERE"], ["elsewhere"]),
        ([OUTLOOK + "BUSY", "STATUS:TENTATIVE", ASKED], ["busy"]),
        ([OUTLOOK + "SOMETHING", "STATUS:TENTATIVE"], ["tentative"]),
        # Then whether it may fall through, and whether the owner has said anything.
        (["STATUS:TENTATIVE", ACCEPTED], ["tentative"]),
        ([PERHAPS], ["tentative"]),
        (["STATUS:TENTATIVE", ASKED], ["tentative"]),
        ([ASKED], ["needs-action"]),
        (["ATTENDEE:mailto:sanne@bank.example"], ["busy"]),
    ],
)
def test_the_first_that_applies_decides(lines: list[str], kinds: list[str]) -> None:
    """Cancelled, declined, transparent, Outlook's word, tentative, unanswered; else busy."""
    assert _kinds(*lines) == kinds


def test_the_usual_policy() -> None:
    """All but working elsewhere keeps bookings out."""
    usual = BusyPolicy()

    assert _kinds("STATUS:TENTATIVE", policy=usual) == ["tentative"]
    assert _kinds(ASKED, policy=usual) == ["needs-action"]
    assert _kinds(OUTLOOK + "OOF", policy=usual) == ["out-of-office"]
    assert _kinds(OUTLOOK + "WORKINGELSEWHERE", policy=usual) == []


def test_a_policy_frees_what_it_names_and_nothing_else() -> None:
    """What is plainly busy blocks under any policy."""
    assert _kinds("STATUS:TENTATIVE", policy=NOTHING) == []
    assert _kinds(ASKED, policy=NOTHING) == []
    assert _kinds(OUTLOOK + "OOF", policy=NOTHING) == []
    assert _kinds(OUTLOOK + "WORKINGELSEWHERE", policy=NOTHING) == []
    assert _kinds(policy=NOTHING) == ["busy"]
    assert _kinds(OUTLOOK + "BUSY", "STATUS:TENTATIVE", policy=NOTHING) == ["busy"]
    assert _kinds("STATUS:TENTATIVE", policy=BusyPolicy(needs_action=False)) == ["tentative"]


def test_one_cancelled_or_declined_day_frees_that_day_only() -> None:
    """Each change of a series is judged by itself."""
    text = event(
        "s", ":20261201T090000Z", ":20261201T100000Z", "RRULE:FREQ=DAILY;COUNT=4", ACCEPTED
    )
    for day, mark in (("02", "STATUS:CANCELLED"), ("03", DECLINED), ("04", "STATUS:TENTATIVE")):
        change = event(
            "s",
            f":202612{day}T090000Z",
            f":202612{day}T100000Z",
            f"RECURRENCE-ID:202612{day}T090000Z",
            mark,
        )
        inner = change[change.index("BEGIN:VEVENT") : change.index("END:VCALENDAR")]
        text = text.replace("END:VCALENDAR", f"{inner}END:VCALENDAR")

    found = expand(text.encode(), zone="Europe/Amsterdam", horizon=HORIZON, addresses=OWN)

    assert [(busy.span.start.day, busy.kind) for busy in found.busy] == [
        (1, "busy"),
        (4, "tentative"),
    ]


@pytest.mark.parametrize("rule", ["FREQ=HOURLY", "FREQ=SECONDLY", "FREQ=WEEKLY;BYDAY=1TH"])
def test_a_rule_of_what_takes_no_time_matters_to_nobody(rule: str) -> None:
    """An hourly reminder that blocks nothing does not close a calendar."""
    text = event(
        "r", ":20200101T090000Z", ":20200101T090500Z", f"RRULE:{rule}", "TRANSP:TRANSPARENT"
    )
    found = expand(text.encode(), zone="Europe/Amsterdam", horizon=HORIZON)
    assert (found.busy, found.problem, found.readable) == ([], None, True)

    opaque = text.replace("TRANSPARENT", "OPAQUE")
    assert expand(opaque.encode(), zone="Europe/Amsterdam", horizon=HORIZON).problem


def test_what_follows_a_busy_change_of_a_free_series_is_busy() -> None:
    """A series that took no time takes some from a change of all that follow on."""
    text = event("s", ":20261201T090000Z", "", "RRULE:FREQ=DAILY;COUNT=4", "TRANSP:TRANSPARENT")
    change = event(
        "s",
        ":20261203T100000Z",
        ":20261203T110000Z",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20261203T090000Z",
    )
    inner = change[change.index("BEGIN:VEVENT") : change.index("END:VCALENDAR")]
    both = text.replace("END:VCALENDAR", f"{inner}END:VCALENDAR")

    found = expand(both.encode(), zone="Europe/Amsterdam", horizon=HORIZON)
    refused = expand(
        both.replace("FREQ=DAILY", "FREQ=HOURLY").encode(), zone="Europe/Amsterdam", horizon=HORIZON
    )

    assert [(busy.span.start.day, busy.span.start.hour) for busy in found.busy] == [
        (3, 10),
        (4, 10),
    ]
    assert (refused.problem, refused.busy) == ("rule-refused", [Busy(HORIZON, "unreadable")])


def test_two_entries_in_one_keep_the_stronger_kind() -> None:
    """The same time, once tentative and once busy, is busy."""
    text = event("a", ":20261201T090000Z", ":20261201T100000Z", "STATUS:TENTATIVE")
    other = event("b", ":20261201T090000Z", ":20261201T100000Z")
    inner = other[other.index("BEGIN:VEVENT") : other.index("END:VCALENDAR")]

    for both in (
        text.replace("END:VCALENDAR", f"{inner}END:VCALENDAR"),
        text.replace("BEGIN:VEVENT", f"{inner}BEGIN:VEVENT", 1),
    ):
        found = expand(both.encode(), zone="Europe/Amsterdam", horizon=HORIZON)
        assert [busy.kind for busy in found.busy] == ["busy"]


def _free_busy(*lines: str) -> str:
    inner = ["BEGIN:VFREEBUSY", "UID:f", "DTSTART:20261201T000000Z", "DTEND:20261231T000000Z"]
    body = [*inner, *lines, "END:VFREEBUSY"]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *body, "END:VCALENDAR", ""])


def test_free_busy_tells_what_it_says() -> None:
    """FREE is not busy; types that nobody knows are; periods end or last."""
    text = _free_busy(
        "FREEBUSY:20261201T090000Z/20261201T100000Z,20261202T090000Z/PT30M",
        "FREEBUSY;FBTYPE=FREE:20261203T090000Z/20261203T100000Z",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261204T090000Z/20261204T100000Z",
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261205T090000Z/20261205T100000Z",
        "FREEBUSY;FBTYPE=X-ODD:20261206T090000Z/20261206T100000Z",
        "FREEBUSY:20280101T090000Z/20280101T100000Z",
    )

    found = expand(text.encode(), zone="Europe/Amsterdam", horizon=HORIZON)

    def busy(day: int, hour: int, minute: int, kind: str) -> Busy:
        start = datetime(2026, 12, day, 9, tzinfo=UTC)
        end = datetime(2026, 12, day, hour, minute, tzinfo=UTC)
        return Busy(Span(start, end), kind)  # type: ignore[arg-type]  # one of the kinds

    assert found.busy == [
        busy(1, 10, 0, "busy"),
        busy(2, 9, 30, "busy"),
        busy(4, 10, 0, "tentative"),
        busy(5, 10, 0, "out-of-office"),
        busy(6, 10, 0, "busy"),
    ]
    assert (found.problem, found.goes_on) == (None, True)


def test_free_busy_that_cannot_be_read_is_put_aside() -> None:
    """A period without an end is none."""
    text = _free_busy("FREEBUSY:20261201T090000Z")

    found = expand(text.encode(), zone="Europe/Amsterdam", horizon=HORIZON)

    assert (found.problem, found.readable) == ("unreadable", False)


@pytest.mark.parametrize("component", ["VTODO", "VJOURNAL", "X-OTHER"])
def test_tasks_and_journals_take_no_time(component: str) -> None:
    """Only events and free-busy do."""
    text = event("e", ":20261201T090000Z", ":20261201T100000Z").replace("VEVENT", component)

    found = expand(text.encode(), zone="Europe/Amsterdam", horizon=HORIZON)

    assert (found.busy, found.problem, found.readable) == ([], None, True)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>Log in</html>",
        event("e", ":20261201T090000Z", ":20261201T100000Z").encode()[:-20],
        event("e", ":20261201T090000Z", ":20261201T100000Z").replace("END:VEVENT", "").encode(),
    ],
)
def test_what_is_no_whole_calendar_is_put_aside(raw: bytes) -> None:
    """A page or an entry that was cut off is not taken for one without times."""
    found = expand(raw, zone="Europe/Amsterdam", horizon=HORIZON)

    assert (found.problem, found.readable) == ("unreadable", False)


def test_a_mark_of_unicode_and_odd_folding_hide_nothing() -> None:
    """Some programs begin with a byte order mark, or fold inside a letter."""
    text = event("é" * 20, ":20261201T090000Z", ":20261201T100000Z").encode()
    cut = text.index("é".encode()) + 1

    found = expand(
        b"\xef\xbb\xbf" + text[:cut] + b"\r\n " + text[cut:],
        zone="Europe/Amsterdam",
        horizon=HORIZON,
    )

    assert (len(found.busy), found.uid, found.problem) == (1, "é" * 20, None)


async def test_the_organisation_decides_what_keeps_its_advisors_busy(desk: Desk) -> None:
    """Its policy is the one that calendars are read by."""
    await desk.settle(busy_policy=BusyPolicy(tentative=False, working_elsewhere=True))
    desk.put("t", event("t", ":20261201T090000Z", ":20261201T100000Z", "STATUS:TENTATIVE"))
    desk.put(
        "w", event("w", ":20261202T090000Z", ":20261202T100000Z", f"{OUTLOOK}WORKINGELSEWHERE")
    )

    await desk.connect()

    assert await desk.busy() == [("02-12 09:00", "02-12 10:00")]
