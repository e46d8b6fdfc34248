"""Sending, against a real mail server, with everything that can come between."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import text

from kernel.clock import FixedClock
from kernel.database import Database
from kernel.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingConflicted,
    BookingDeclined,
    BookingGoesAhead,
    BookingRealigned,
    BookingReassigned,
    BookingRequested,
    BookingRescheduled,
    CalendarTrouble,
    ConsentWithdrawn,
    Event,
    InvitationDeclined,
)
from kernel.ids import Id, new_id
from kernel.people import PersonName
from kernel.work import LEASE
from notifications import service, store
from notifications.channels.email import SmtpChannel
from notifications.channels.port import Message, Receipt
from notifications.model import Notice
from notifications.ports import Appointment, Exposure, Offered, OtherTime
from tests.notifications.fakes import (
    ANNA,
    JOOST,
    KIM,
    NOW,
    SANNE,
    SITE,
    Office,
    make_appointment,
)
from tests.notifications.test_service import ACCOUNT, entry, notices, publish
from tests.services.smtp import Received, SmtpServer

BUSY = "451 4.3.0 busy"
UNKNOWN = "550 5.1.1 unknown"


def meet(office: Office, **changes: object) -> Appointment:
    """Put a meeting of Anna's in the town."""
    meeting = msgspec.structs.replace(make_appointment(), **changes)
    office.town.hold(meeting)
    return meeting


def plain(received: Received) -> str:
    body = received.mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n").replace("\u00a0", " ")


def calendar(received: Received) -> str:
    parts = [part for part in received.mail.walk() if part.get_content_type() == "text/calendar"]
    return parts[0].get_content() if parts else ""


async def only(office: Office, **about: Id) -> Notice:
    (notice,) = await notices(office, **about)
    return notice


def raw(received: Received) -> str:
    """Return every part of a mail, decoded, and its headers."""
    parts = [str(part.get_content()) for part in received.mail.walk() if not part.is_multipart()]
    return "\n".join([str(received.mail.items()), *parts])


def together(office: Office, **changes: object) -> Appointment:
    """Put a meeting of Anna's in the town, to which Kim comes along."""
    return meet(office, participants=[KIM], booker="Anna de Vries", **changes)


def letters_to(smtp: SmtpServer, address: str) -> list[Received]:
    return [one for one in smtp.received if one.recipients == [address]]


# --- the ordinary way ----------------------------------------------------------------------------


async def test_a_confirmation_arrives_with_its_invitation(office: Office, smtp: SmtpServer) -> None:
    """From the service address, answers to people, the invitation for the customer's calendar."""
    meeting = meet(office)

    await office.happen(BookingConfirmed(booking=meeting.booking))

    (received,) = smtp.received
    mail = received.mail
    assert received.recipients == ["anna@example.org"]
    assert mail["To"] == "Anna de Vries <anna@example.org>"
    assert mail["From"] == "Demobank <afspraken@demobank.example>"
    assert mail["Reply-To"] == "mensen@demobank.example"
    assert mail["Subject"] == "Uw afspraak op dinsdag 1 december 2026 om 09:00 staat vast"
    assert mail["List-Unsubscribe"] is None
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    assert plain(received).startswith("Geachte mevrouw De Vries,\n\nUw afspraak staat vast.")
    assert "METHOD:REQUEST" in calendar(received)
    assert "SEQUENCE:0" in calendar(received)


async def test_what_was_sent_is_kept_word_for_word_but_for_its_links(
    office: Office, smtp: SmtpServer
) -> None:
    """The brief can show what the customer read; nobody can act as the customer by it."""
    meeting = meet(office)

    await office.happen(BookingConfirmed(booking=meeting.booking))

    notice = await only(office, booking=meeting.booking)
    assert notice.state == "sent"
    assert notice.sent_at == NOW
    assert (notice.language, notice.formality) == ("nl", "formal")
    assert notice.subject == smtp.received[0].mail["Subject"]
    sent = plain(smtp.received[0])
    assert notice.text == sent.replace(meeting.manage_url, "[link]").replace(
        str(meeting.intake_url), "[link]"
    )
    assert notice.text.count("[link]") == 2
    assert "token-of-the" not in await everything(office)


async def test_who_comes_along_gets_a_letter_of_their_own(office: Office, smtp: SmtpServer) -> None:
    """In their language, with their invitation, and with no link that the customer's has."""
    meeting = together(office)

    await office.happen(BookingConfirmed(booking=meeting.booking))

    (anna,) = letters_to(smtp, "anna@example.org")
    (kim,) = letters_to(smtp, "kim@example.org")
    assert kim.mail["To"] == "Kim Verbeek <kim@example.org>"
    assert plain(kim).startswith("Dear Kim Verbeek,\n\nYou are named as taking part")
    assert plain(anna).startswith("Geachte mevrouw De Vries,\n\nUw afspraak staat vast.")
    assert "METHOD:REQUEST" in calendar(kim)
    assert "ATTENDEE:mailto:kim@example.org" in calendar(kim)
    assert kim.mail["List-Unsubscribe"] is None
    assert "token-of-the" not in raw(kim)
    assert SITE not in raw(kim)
    # There is something to leave out: the customer's has both links, also in the invitation.
    assert raw(anna).count("token-of-the-booking") >= 3
    assert "token-of-the-intake" in raw(anna)


async def test_who_comes_along_is_told_of_every_step_once(office: Office, smtp: SmtpServer) -> None:
    """An event that is heard twice makes one letter; each calendar entry follows the last."""
    meeting = together(office)
    booking = meeting.booking
    events: list[Event] = [BookingConfirmed(booking=booking)]
    await office.happen(events[0])
    previous = office.town.move(booking, meeting.start + timedelta(days=1))
    events.append(
        BookingRescheduled(booking=booking, sequence=1, previous_start=previous, by="customer")
    )
    await office.happen(events[1])
    office.town.set_state(booking, "cancelled", sequence=2)
    events.append(BookingCancelled(booking=booking, sequence=2, by="customer"))
    await office.happen(events[2])
    for event in events:
        await office.happen(event)

    kims = letters_to(smtp, "kim@example.org")
    asked = [re.findall(r"METHOD:(\w+)|SEQUENCE:(\d)", calendar(one)) for one in kims]
    assert asked == [
        [("REQUEST", ""), ("", "0")],
        [("REQUEST", ""), ("", "1")],
        [("CANCEL", ""), ("", "2")],
    ]
    assert "This appointment was cancelled by Anna de Vries." in plain(kims[2])
    assert len(letters_to(smtp, "anna@example.org")) == 3


async def test_only_the_customer_is_offered_other_times(office: Office, smtp: SmtpServer) -> None:
    """Who comes along hears that somebody has to choose, and then that it goes ahead after all."""
    meeting = together(office)
    conflict = new_id("cnf", NOW)
    other = OtherTime(start=meeting.start + timedelta(hours=2), advisor_name="Joost Meijer")
    office.town.offers[meeting.booking] = Offered(
        conflict=conflict, advisor_name="Sanne Visser", alternatives=[other]
    )

    await office.happen(
        BookingConflicted(booking=meeting.booking, conflict=conflict, advisor=SANNE)
    )
    del office.town.offers[meeting.booking]
    await office.happen(BookingGoesAhead(booking=meeting.booking, conflict=conflict))

    first, second = letters_to(smtp, "kim@example.org")
    mine, _ = letters_to(smtp, "anna@example.org")
    assert "We have asked Anna de Vries to choose another time." in " ".join(plain(first).split())
    assert "11:00" not in raw(first)
    assert "11:00" in raw(mine)
    assert "goes ahead" in str(second.mail["Subject"])
    assert "token-of-the" not in raw(first) + raw(second)


@pytest.mark.parametrize("error", ["recipient-gone", "no-address"])
async def test_who_comes_along_and_cannot_be_reached_gets_nothing(
    office: Office, smtp: SmtpServer, error: str
) -> None:
    """Somebody erased, or without an address; everybody else is told all the same."""
    meeting = together(office)
    kim = office.town.people.pop(KIM)
    if error == "no-address":
        office.town.people[KIM] = msgspec.structs.replace(kim, email="")

    await office.happen(BookingConfirmed(booking=meeting.booking))

    (notice,) = await notices(office, customer=KIM)
    assert (notice.state, notice.error) == ("cancelled", error)
    assert [one.recipients for one in smtp.received] == [["anna@example.org"]]


@pytest.mark.parametrize("agreed", [True, False])
async def test_who_comes_along_can_take_back_what_was_agreed_to_for_them(
    office: Office, smtp: SmtpServer, agreed: bool
) -> None:
    """Their letter ends with a link of their own where a consent stands; nobody else's does."""
    if agreed:
        office.town.consents[KIM, "rate-notices"] = new_id("cst", NOW)
    office.town.consents[ANNA, "rate-notices"] = new_id("cst", NOW)
    meeting = together(office)

    await office.happen(BookingConfirmed(booking=meeting.booking))

    stop = office.town.stop_url(office.tenant, KIM, "rate-notices")
    (kim,) = letters_to(smtp, "kim@example.org")
    (anna,) = letters_to(smtp, "anna@example.org")
    assert (stop in plain(kim)) is agreed
    assert "/unsubscribe/" not in plain(anna)
    # A mail program's own button would stop what this letter is none of.
    assert kim.mail["List-Unsubscribe"] is None


async def test_a_rate_letter_names_amounts_and_both_ways_to_stop(
    office: Office, smtp: SmtpServer
) -> None:
    """A mail program can offer its own button (RFC 8058), and the text has a link."""
    mortgage(office)
    await publish(office, entry("3.60"))
    rate = await publish(office, entry("3.85"))
    await office.worker.run_due()

    (received,) = smtp.received
    words = " ".join(plain(received).split())
    stop = office.town.stop_url(office.tenant, ANNA, "rate-notices")
    assert "Per maand bij 3,60%: € 1.409,40" in words
    assert "Per maand bij 3,85%: € 1.453,31" in words
    assert "Verschil per maand: € 43,91 meer" in words
    assert received.mail["List-Unsubscribe"] == f"<{stop}>"
    assert received.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert stop in plain(received)
    assert calendar(received) == ""
    notice = await only(office, customer=ANNA)
    assert notice.figures is not None
    assert notice.figures.new_monthly == Decimal("1453.31")
    async with office.database.reading(office.tenant) as db:
        listed = await service.list_rates(db, office.tenant)
    assert {one.id: one.notified for one in listed}[rate.id] == 1


async def test_a_sign_in_link_is_kept_nowhere(office: Office, smtp: SmtpServer) -> None:
    """It stands in the mail, and in no row of any table."""
    sign_in = new_id("sgn", NOW)
    async with office.database.transaction(office.tenant) as db:
        await service.request_sign_in_mail(
            db, office.tenant, sign_in=sign_in, advisor=SANNE, now=NOW
        )

    await office.worker.run_due()

    (received,) = smtp.received
    assert received.recipients == ["sanne@demobank.example"]
    assert f"{SITE}/console/sign-in/the-secret-of-{sign_in}" in plain(received)
    notice = await only(office, customer=SANNE)
    assert notice.text is None
    assert notice.subject == "Aanmelden bij Demobank"
    assert "the-secret-of" not in await everything(office)


async def test_no_address_is_written_down(office: Office, smtp: SmtpServer) -> None:
    """Who moves house or is erased is written to at the new address, or not at all."""
    meeting = meet(office)
    await office.happen(BookingConfirmed(booking=meeting.booking))

    assert "anna@example.org" not in await everything(office)
    assert len(smtp.received) == 1


async def everything(office: Office) -> str:
    """Return every row of this room and of the work table as one text."""
    rows: list[str] = []
    async with office.database.reading(office.tenant) as db:
        for table in ("notices", "deliveries", "rates", "work", "events"):
            found = await db.execute(text(f"SELECT * FROM {table}"))  # noqa: S608  # our own names
            rows += [str(tuple(row)) for row in found]
    return "\n".join(rows)


async def test_calendar_trouble_reaches_the_advisor_without_a_word_about_customers(
    office: Office, smtp: SmtpServer
) -> None:
    """A decision about a meeting leads to that meeting's page."""
    meeting = meet(office)

    await office.happen(
        CalendarTrouble(
            advisor=SANNE, account=ACCOUNT, code="booking-moved", booking=meeting.booking
        )
    )

    (received,) = smtp.received
    assert received.recipients == ["sanne@demobank.example"]
    assert plain(received).startswith("Beste Sanne Visser,")
    assert "verplaatst of verwijderd" in plain(received)
    assert f"{SITE}/console/bookings/{meeting.booking}" in plain(received)
    assert "Vries" not in received.raw.decode()


async def test_everybody_at_a_collective_meeting_is_told_once(
    office: Office, smtp: SmtpServer
) -> None:
    """The customer gets the invitation; a colleague a line, and no word about the customer."""
    meeting = meet(office, colleagues=[JOOST])
    event = BookingConfirmed(booking=meeting.booking)

    await office.happen(event)
    await office.happen(event)

    told = {received.recipients[0]: received for received in smtp.received}
    assert len(smtp.received) == 2
    assert "METHOD:REQUEST" in calendar(told["anna@example.org"])
    joost = told["joost@demobank.example"]
    assert "als collega bij" in " ".join(plain(joost).split())
    assert calendar(joost) == ""
    assert "Vries" not in joost.raw.decode()


async def test_a_meeting_given_to_somebody_else_is_told_to_all_three(
    office: Office, smtp: SmtpServer
) -> None:
    """The customer's entry is replaced; who has it now and who had it are told so, each once."""
    meeting = meet(office)
    await office.happen(BookingConfirmed(booking=meeting.booking))
    office.town.give(meeting.booking, JOOST)
    event = BookingReassigned(
        booking=meeting.booking, sequence=1, previous_advisor=SANNE, by="operator"
    )

    await office.happen(event)
    await office.happen(event)

    told = {received.recipients[0]: received for received in smtp.received[1:]}
    assert len(smtp.received) == 4
    assert "SEQUENCE:1" in calendar(told["anna@example.org"])
    assert "is nu voor jou." in " ".join(plain(told["joost@demobank.example"]).split())
    assert "is niet meer voor jou." in " ".join(plain(told["sanne@demobank.example"]).split())


async def test_new_rules_of_a_zone_bring_a_new_calendar_entry(
    office: Office, smtp: SmtpServer
) -> None:
    """The instant is another one, under a raised SEQUENCE; the letter says nothing has changed."""
    meeting = meet(office)
    await office.happen(BookingConfirmed(booking=meeting.booking))
    before = office.town.move(meeting.booking, meeting.start + timedelta(hours=1))

    await office.happen(
        BookingRealigned(booking=meeting.booking, sequence=1, previous_start=before)
    )

    received = smtp.received[-1]
    assert len(smtp.received) == 2
    assert "METHOD:REQUEST" in calendar(received)
    assert "SEQUENCE:1" in calendar(received)
    assert "DTSTART:20261201T090000Z" in calendar(received)
    assert "Op de klok blijft de tijd" in plain(received)


async def test_a_taken_time_is_told_once_with_what_is_offered(
    office: Office, smtp: SmtpServer
) -> None:
    """One letter a conflict; a second conflict of the same meeting is nobody's news."""
    meeting = meet(office)
    first, second = new_id("cnf", NOW), new_id("cnf", NOW)
    office.town.offers[meeting.booking] = Offered(
        conflict=first,
        advisor_name="Sanne Visser",
        alternatives=[OtherTime(start=meeting.start, advisor_name="Joost Meijer")],
    )

    for conflict in (first, second, first):
        await office.happen(
            BookingConflicted(booking=meeting.booking, conflict=conflict, advisor=SANNE)
        )

    (received,) = smtp.received
    assert received.recipients == ["anna@example.org"]
    assert "met Joost Meijer" in plain(received)
    assert calendar(received) == ""


async def test_whoever_was_offered_other_times_hears_that_it_goes_ahead(
    office: Office, smtp: SmtpServer
) -> None:
    """The last word about a meeting must not be that it cannot take place; once is enough."""
    meeting = meet(office)
    conflict = new_id("cnf", NOW)
    office.town.offers[meeting.booking] = Offered(
        conflict=conflict, advisor_name="Sanne Visser", alternatives=[]
    )
    await office.happen(
        BookingConflicted(booking=meeting.booking, conflict=conflict, advisor=SANNE)
    )
    del office.town.offers[meeting.booking]

    for _ in range(2):
        await office.happen(BookingGoesAhead(booking=meeting.booking, conflict=conflict))

    _, received = smtp.received
    assert "blijft zoals hij was" in " ".join(plain(received).split())


async def test_whoever_was_offered_nothing_hears_nothing(office: Office, smtp: SmtpServer) -> None:
    """A letter that takes something back is no use to somebody who never got it."""
    meeting = meet(office)

    await office.happen(BookingGoesAhead(booking=meeting.booking, conflict=new_id("cnf", NOW)))

    assert smtp.received == []


async def test_an_offer_that_is_over_when_the_mail_can_leave_is_not_made(
    office: Office, smtp: SmtpServer
) -> None:
    """Whoever has chosen by telephone meanwhile is not asked again."""
    meeting = meet(office)
    conflict = new_id("cnf", NOW)
    office.town.offers[meeting.booking] = Offered(
        conflict=conflict, advisor_name="Sanne Visser", alternatives=[]
    )
    await office.record(
        BookingConflicted(booking=meeting.booking, conflict=conflict, advisor=SANNE)
    )
    await office.hear_only()
    del office.town.offers[meeting.booking]

    await office.worker.run_due()

    assert smtp.received == []
    assert (await only(office, booking=meeting.booking)).state == "superseded"


async def test_a_refused_request_reaches_the_customer_alone(
    office: Office, smtp: SmtpServer
) -> None:
    """With no calendar entry to take back, since there never was one."""
    meeting = meet(office, state="requested", colleagues=[JOOST])
    office.town.set_state(meeting.booking, "cancelled", sequence=1)

    await office.happen(BookingDeclined(booking=meeting.booking, sequence=1, by="advisor"))

    (received,) = smtp.received
    assert received.recipients == ["anna@example.org"]
    assert calendar(received) == ""


# --- servers that say no -------------------------------------------------------------------------


async def test_a_mail_that_was_put_off_arrives_once(office: Office, smtp: SmtpServer) -> None:
    """Two temporary refusals, then success: one mail, under the Message-ID it always had."""
    meeting = meet(office)
    smtp.answer_next(BUSY, BUSY)

    await office.happen(BookingConfirmed(booking=meeting.booking))
    assert (await only(office, booking=meeting.booking)).error == "smtp-451"
    name = await message_id(office)

    await office.later(timedelta(seconds=59))
    assert smtp.attempts == 1
    await office.later(timedelta(seconds=1))
    assert smtp.attempts == 2
    await office.later(timedelta(minutes=5))

    (received,) = smtp.received
    assert received.mail["Message-ID"] == name == await message_id(office)
    notice = await only(office, booking=meeting.booking)
    assert (notice.state, notice.error) == ("sent", None)
    await office.later(timedelta(days=1))
    assert smtp.attempts == 3


async def message_id(office: Office) -> str | None:
    async with office.database.reading(office.tenant) as db:
        (delivery,) = await service.deliveries(db, office.tenant)
    return delivery.message_id


async def test_a_refused_mail_has_failed_and_is_not_tried_again(
    office: Office, smtp: SmtpServer
) -> None:
    """The code is kept, the server's words are not."""
    meeting = meet(office)
    smtp.answer_next(UNKNOWN)

    await office.happen(BookingConfirmed(booking=meeting.booking))
    await office.later(timedelta(days=1))

    assert smtp.attempts == 1
    async with office.database.reading(office.tenant) as db:
        (delivery,) = await service.deliveries(db, office.tenant, state="failed")
    assert (delivery.error, delivery.attempts, delivery.sent_at) == ("smtp-550", 1, None)


async def test_what_happened_while_the_server_was_down_is_told_when_it_is_back(
    office: Office, smtp: SmtpServer
) -> None:
    """Nothing is lost, and nothing is told twice."""
    meeting = meet(office)
    smtp.close()
    await office.happen(BookingConfirmed(booking=meeting.booking))
    assert (await only(office, booking=meeting.booking)).error == "connection"

    smtp.open()
    await office.later(timedelta(minutes=1))

    assert len(smtp.received) == 1
    assert (await only(office, booking=meeting.booking)).state == "sent"


async def test_a_name_that_would_change_the_headers_fails_and_harms_nobody(
    office: Office, smtp: SmtpServer
) -> None:
    """The mail is not made; it can be seen among the failed, and is not tried again."""
    meeting = meet(office)
    name = PersonName(given="=?utf-8?q?=0D=0ABcc=3A?=", surname="evil@x.nl")
    office.town.people[ANNA] = msgspec.structs.replace(
        office.town.people[ANNA], name=name, display_name=f"{name.given} {name.surname}"
    )

    await office.happen(BookingConfirmed(booking=meeting.booking))

    assert smtp.attempts == 0
    notice = await only(office, booking=meeting.booking)
    assert (notice.state, notice.error) == ("failed", "header-refused")


async def test_somebody_who_is_gone_is_not_written_to(office: Office, smtp: SmtpServer) -> None:
    """Erased between the decision and the sending."""
    meeting = meet(office)
    del office.town.people[ANNA]

    await office.happen(BookingConfirmed(booking=meeting.booking))

    notice = await only(office, booking=meeting.booking)
    assert (notice.state, notice.error) == ("cancelled", "recipient-gone")
    assert smtp.attempts == 0


# --- order, and news that overtakes news ---------------------------------------------------------


async def test_after_an_outage_only_the_newest_invitation_leaves(
    office: Office, smtp: SmtpServer
) -> None:
    """Booked, moved, moved again while the server was down: one mail, with the last time."""
    meeting = meet(office)
    smtp.close()
    await office.happen(BookingConfirmed(booking=meeting.booking))
    for sequence, day in ((1, 2), (2, 3)):
        start = datetime(2026, 12, day, 10, 0, tzinfo=UTC)
        before = office.town.move(meeting.booking, start)
        await office.happen(
            BookingRescheduled(
                booking=meeting.booking, sequence=sequence, previous_start=before, by="customer"
            )
        )

    smtp.open()
    await office.later(timedelta(minutes=10))
    # While one of a meeting's mails is leaving the others wait; then they find it overtook them.
    await office.later(timedelta(seconds=10))

    (received,) = smtp.received
    assert "SEQUENCE:2" in calendar(received)
    assert "donderdag 3 december 2026 om 11:00" in plain(received)
    states = {n.sequence: n.state for n in await notices(office, booking=meeting.booking)}
    assert states == {0: "superseded", 1: "superseded", 2: "sent"}


async def test_a_cancellation_never_comes_before_its_invitation(
    office: Office, smtp: SmtpServer
) -> None:
    """The unsent invitation is dropped; the cancellation takes back what may have been sent."""
    meeting = meet(office)
    smtp.answer_next(BUSY)
    await office.happen(BookingConfirmed(booking=meeting.booking))
    office.town.set_state(meeting.booking, "cancelled", sequence=1)

    await office.happen(BookingCancelled(booking=meeting.booking, sequence=1, by="customer"))
    await office.later(timedelta(hours=1))

    (received,) = smtp.received
    assert "METHOD:CANCEL" in calendar(received)
    states = {n.kind: n.state for n in await notices(office, booking=meeting.booking)}
    assert states == {"booking-confirmed": "superseded", "booking-cancelled": "sent"}


async def test_a_question_about_an_old_time_is_not_asked(office: Office, smtp: SmtpServer) -> None:
    """Declined while the server was down, and moved since: only where it is now is told."""
    meeting = meet(office)
    await office.happen(BookingConfirmed(booking=meeting.booking))
    smtp.close()
    await office.happen(InvitationDeclined(booking=meeting.booking, customer=ANNA, sequence=0))
    before = office.town.move(meeting.booking, datetime(2026, 12, 2, 10, 0, tzinfo=UTC))
    await office.happen(
        BookingRescheduled(
            booking=meeting.booking, sequence=1, previous_start=before, by="customer"
        )
    )

    smtp.open()
    await office.later(timedelta(minutes=10))
    await office.later(timedelta(seconds=10))

    assert [re.findall(r"METHOD:(\w+)", calendar(one)) for one in smtp.received] == [
        ["REQUEST"],
        ["REQUEST"],
    ]
    states = {
        (n.kind, n.recipient): n.state for n in await notices(office, booking=meeting.booking)
    }
    assert states["invitation-declined", ANNA] == "superseded"
    assert states["invitation-declined", SANNE] == "superseded"


async def test_a_question_after_a_no_leaves_the_invitation_as_it_is(
    office: Office, smtp: SmtpServer
) -> None:
    """It carries nothing for the calendar, and later invitations still go out."""
    meeting = meet(office)
    await office.happen(BookingConfirmed(booking=meeting.booking))
    await office.happen(InvitationDeclined(booking=meeting.booking, customer=ANNA, sequence=0))
    await office.happen(InvitationDeclined(booking=meeting.booking, customer=ANNA, sequence=0))

    _, asked = letters_to(smtp, "anna@example.org")
    (told,) = letters_to(smtp, "sanne@demobank.example")
    assert calendar(asked) == calendar(told) == ""
    assert meeting.manage_url in plain(asked)
    assert meeting.manage_url not in raw(told)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
async def test_events_worked_on_in_any_order_leave_the_newest_only(
    office: Office, smtp: SmtpServer, order: tuple[int, ...]
) -> None:
    """Confirmed, moved, cancelled: whoever comes late finds what they say overtaken."""
    meeting = meet(office)
    before = office.town.move(meeting.booking, meeting.start + timedelta(days=1))
    office.town.set_state(meeting.booking, "cancelled", sequence=2)
    happened = (
        BookingConfirmed(booking=meeting.booking),
        BookingRescheduled(
            booking=meeting.booking, sequence=1, previous_start=before, by="customer"
        ),
        BookingCancelled(booking=meeting.booking, sequence=2, by="customer"),
    )

    for index in order:
        await office.happen(happened[index])

    assert [r.mail["Subject"] for r in smtp.received] == [
        "Uw afspraak op woensdag 2 december 2026 om 09:00 gaat niet door"
    ]


async def test_a_confirmed_request_is_not_told_as_a_request_any_more(
    office: Office, smtp: SmtpServer
) -> None:
    """Neither to the customer nor to the advisor who answered it."""
    meeting = meet(office, state="requested")
    smtp.close()
    await office.happen(BookingRequested(booking=meeting.booking))
    office.town.set_state(meeting.booking, "confirmed", sequence=0)
    await office.happen(BookingConfirmed(booking=meeting.booking))

    smtp.open()
    await office.later(timedelta(minutes=5))

    (received,) = smtp.received
    assert received.mail["Subject"].startswith("Uw afspraak")
    assert "METHOD:REQUEST" in calendar(received)


async def test_a_newer_mail_waits_for_one_that_is_leaving_this_moment(
    office: Office, smtp: SmtpServer
) -> None:
    """Two workers: the second may not overtake the first, which cannot be called back."""
    meeting = meet(office)
    await office.record(BookingConfirmed(booking=meeting.booking))
    await office.hear_only()
    first = (await only(office, booking=meeting.booking)).delivery
    async with office.database.transaction(office.tenant) as db:
        await store.begin_attempt(
            db, office.tenant, first, message_id="<a@b>", until=NOW + timedelta(seconds=90)
        )
    before = office.town.move(meeting.booking, meeting.start + timedelta(days=1))

    await office.happen(
        BookingRescheduled(
            booking=meeting.booking, sequence=1, previous_start=before, by="customer"
        )
    )
    assert smtp.attempts == 0

    # The first worker died: its attempt counts as lost, and the newer mail goes alone.
    await office.later(timedelta(seconds=95))
    assert ["SEQUENCE:1" in calendar(received) for received in smtp.received] == [True]


# --- stop ----------------------------------------------------------------------------------------


def mortgage(office: Office) -> None:
    """Give Anna an annuity of 310,000 euros over thirty years, and her consent to be told."""
    office.town.mortgages.append(
        Exposure(
            customer=ANNA,
            booking=None,
            principal=Decimal(310_000),
            months=360,
            repayment="annuity",
        )
    )
    office.town.consents[ANNA, "rate-notices"] = "con_1"


async def test_after_stop_nothing_leaves(office: Office, smtp: SmtpServer) -> None:
    """The letter was waiting for the server; the customer said stop; the server came back."""
    mortgage(office)
    smtp.answer_next(BUSY)
    await publish(office, entry("3.60"))
    await publish(office, entry("3.85"))
    await office.worker.run_due()

    del office.town.consents[ANNA, "rate-notices"]
    await office.happen(ConsentWithdrawn(customer=ANNA, purpose="rate-notices"))
    await office.later(timedelta(days=1))

    assert smtp.received == []
    assert (await only(office, customer=ANNA)).state == "cancelled"


async def test_stop_holds_even_before_anybody_has_heard_of_it(
    office: Office, smtp: SmtpServer
) -> None:
    """The consent is asked for again at the moment of sending."""
    mortgage(office)
    await publish(office, entry("3.60"))
    await publish(office, entry("3.85"))
    await office.hear_only()

    del office.town.consents[ANNA, "rate-notices"]
    await office.worker.run_due()

    assert smtp.attempts == 0
    assert (await only(office, customer=ANNA)).state == "suppressed"


async def test_stop_does_not_deny_what_was_sent_before(office: Office, smtp: SmtpServer) -> None:
    """What the customer was told stays told."""
    mortgage(office)
    await publish(office, entry("3.60"))
    await publish(office, entry("3.85"))
    await office.worker.run_due()

    await office.happen(ConsentWithdrawn(customer=ANNA, purpose="rate-notices"))

    assert len(smtp.received) == 1
    assert (await only(office, customer=ANNA)).state == "sent"


# --- many workers -----------------------------------------------------------------------------


async def test_workers_beside_each_other_send_each_mail_once(
    office: Office, smtp: SmtpServer
) -> None:
    """Three of them, twelve meetings: twelve mails."""
    for _ in range(12):
        await office.record(BookingConfirmed(booking=meet(office).booking))
    beside = [
        Office(
            office.database,
            office.clock,
            office.tenant,
            {"email": SmtpChannel(smtp.url)},
            town=office.town,
        )
        for _ in range(2)
    ]

    await asyncio.gather(*(one.worker.run_due() for one in (office, *beside)))
    await office.later(timedelta(seconds=10))

    names = [received.mail["Message-ID"] for received in smtp.received]
    assert len(names) == len(set(names)) == 12


# --- workers that die ----------------------------------------------------------------------------


class Killed(BaseException):
    """The process is gone: nothing below may catch it."""


class Dying:
    """A channel whose worker is killed in the middle of the first message."""

    name = "email"

    def __init__(self, real: SmtpChannel) -> None:
        self._real = real
        self.sent: list[Message] = []

    async def send(self, message: Message) -> Receipt:
        """Die at the first message."""
        self.sent.append(message)
        if len(self.sent) == 1:
            raise Killed
        return await self._real.send(message)


async def test_a_killed_worker_leaves_the_mail_to_the_next(
    database: Database, clock: FixedClock, tenant: Id, smtp: SmtpServer
) -> None:
    """After its lease has ended another worker sends the same mail, under the same Message-ID."""
    channel = Dying(SmtpChannel(smtp.url))
    office = Office(database, clock, tenant, {"email": channel})
    meeting = meet(office)

    with pytest.raises(Killed):
        await office.happen(BookingConfirmed(booking=meeting.booking))
    await office.later(timedelta(seconds=30))
    assert smtp.received == []
    await office.later(LEASE)

    (received,) = smtp.received
    assert {message.message_id for message in channel.sent} == {received.mail["Message-ID"]}
    assert (await only(office, booking=meeting.booking)).state == "sent"


class Slow:
    """A channel so slow that its worker's lease ends, and another worker takes over."""

    name = "email"

    def __init__(self, smtp: SmtpServer, clock: FixedClock) -> None:
        self._smtp = smtp
        self._clock = clock
        self.others: list[Office] = []

    async def send(self, message: Message) -> Receipt:
        """Hand the message over, and let others work before saying so."""
        receipt = await SmtpChannel(self._smtp.url).send(message)
        self._smtp.answer_next(UNKNOWN)
        self._clock.advance(LEASE + timedelta(seconds=10))
        for other in self.others:
            await other.worker.run_due()
        return receipt


async def test_a_worker_that_comes_back_too_late_overwrites_nothing(
    database: Database, clock: FixedClock, tenant: Id, smtp: SmtpServer
) -> None:
    """The successor found the address refused; that stands, whatever the first one says."""
    channel = Slow(smtp, clock)
    office = Office(database, clock, tenant, {"email": channel})
    successor = Office(database, clock, tenant, {"email": SmtpChannel(smtp.url)}, town=office.town)
    channel.others.append(successor)
    meeting = meet(office)

    await office.happen(BookingConfirmed(booking=meeting.booking))

    assert (await only(office, booking=meeting.booking)).error == "smtp-550"
