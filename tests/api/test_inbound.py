"""Answers to invitations, from the mail that a customer got to what the bank sees of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
import spreekuur._request
from icalendar import Calendar
from litestar import Litestar
from msgspec import structs
from spreekuur import AsyncSpreekuur
from spreekuur.errors import Unauthenticated
from sqlalchemy import select

from api.bootstrap import open_house
from api.inbound import receive
from api.reply_address import ReplyAddresses
from api.settings import Settings
from api.store import inbound_counts
from api.wiring import House
from kernel.clock import FixedClock
from kernel.crypto import Keyring, Secret
from kernel.ids import Id, new_id
from kernel.tables import events
from notifications.channels.email import SmtpChannel
from notifications.channels.mailbox import Mail, Mailbox
from tests.api.bank import (
    INBOUND_SECRET,
    PUBLIC_URL,
    Bank,
    asking,
    at,
    booked,
    open_bank,
    problem,
    signed,
    token_of,
)
from tests.booking import mails
from tests.booking.mails import Answering
from tests.services.application import served
from tests.services.smtp import Received, SmtpServer

DOMAIN = "antwoorden.bank.example"
STYLES = {"gmail": mails.gmail, "outlook": mails.outlook, "apple": mails.apple}
KIM = {"name": {"given": "Kim", "surname": "Verbeek"}, "email": "Kim@Example.org"}


@pytest.fixture
def reply_domain() -> str:
    """Answers are received."""
    return DOMAIN


async def settle(house: House) -> None:
    """Let every letter be written."""
    while await house.worker.run_due():
        pass


def invitation_of(raw: bytes) -> Any:
    (event,) = Calendar.from_ical(raw).events
    return event


async def invited(
    house: House, mailbox: Mailbox, client: httpx2.AsyncClient, **changes: Any
) -> tuple[dict[str, Any], Answering]:
    """Book a meeting, read the customer's invitation, and return what answers it."""
    made = await booked(client, **changes)
    await settle(house)
    return made, answering(invitations(mailbox, "anna@example.org")[-1])


def invitations(mailbox: Mailbox, who: str) -> list[Mail]:
    return [mail for mail in mailbox.messages() if who in mail.to and mail.ics]


def answering(mail: Mail) -> Answering:
    event = invitation_of(str(mail.ics).encode())
    return Answering(
        to=str(event["ORGANIZER"]).removeprefix("mailto:"),
        uid=str(event["UID"]),
        sequence=int(event["SEQUENCE"]),
        who=str(event["ATTENDEE"]).removeprefix("mailto:"),
    )


async def counts(house: House) -> dict[str, int]:
    async with house.database.reading() as db:
        return {one.outcome: one.mails for one in await inbound_counts(db)}


async def answers(client: httpx2.AsyncClient, booking: Id) -> list[dict[str, Any]]:
    seen = (await client.get(f"/v1/bookings/{booking}")).json()
    found: list[dict[str, Any]] = seen["participation"]
    return found


async def happened(house: House, kind: str) -> int:
    async with house.database.reading() as db:
        rows = await db.execute(select(events.c.id).where(events.c.kind == kind))
        return len(rows.all())


# --- what counts ---------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
async def test_an_answer_by_mail_is_shown_at_the_meeting(
    house: House, mailbox: Mailbox, client: httpx2.AsyncClient, style: str
) -> None:
    """Whatever program the customer has; it changes nothing about the meeting itself."""
    made, answer = await invited(house, mailbox, client)

    assert answer.to.startswith(f"reply+{made['id'].removeprefix('bkg_')}.")
    assert answer.to.endswith(f"@{DOMAIN}")
    assert await receive(house, STYLES[style](answer), recipient=answer.to) == "accepted"

    (shown,) = await answers(client, made["id"])
    assert shown == {
        "customer": made["customer"],
        "answer": "accepted",
        "answered_at": "2026-11-30T09:00:00+01:00",
        "proposed_start": None,
        "proposed_end": None,
    }
    seen = (await client.get(f"/v1/bookings/{made['id']}")).json()
    assert (seen["state"], seen["sequence"], seen["start"]) == (
        "confirmed", 0, made["start"].replace("T08:00:00Z", "T09:00:00+01:00"),
    )  # fmt: skip
    assert await counts(house) == {"accepted": 1}


async def test_whoever_declines_is_asked_and_keeps_the_meeting(
    house: House, mailbox: Mailbox, client: httpx2.AsyncClient
) -> None:
    """Nothing is freed: the customer gets the link that cancels or moves, the advisor is told."""
    made, answer = await invited(house, mailbox, client)
    before = len(mailbox.messages())
    declined = structs.replace(answer, partstat="DECLINED")

    assert await receive(house, mails.outlook(declined), recipient=answer.to) == "declined"
    assert await receive(house, mails.outlook(declined), recipient=answer.to) == "repeated"
    await settle(house)

    told = {mail.to: mail for mail in mailbox.messages()[: len(mailbox.messages()) - before]}
    (asked,) = [mail for to, mail in told.items() if "anna@example.org" in to]
    (advisor,) = [mail for to, mail in told.items() if "sanne@" in to]
    assert len(told) == 2
    assert asked.ics is None
    assert "niet afgezegd" in asked.text.replace("\n", " ")
    link = next(url for url in asked.links if "/manage/" in url)
    assert not any("/manage/" in url for url in advisor.links)
    seen = (await client.get(f"/v1/bookings/{made['id']}")).json()
    assert (seen["state"], seen["participation"][0]["answer"]) == ("confirmed", "declined")
    # The link in the letter acts, once they press the button there.
    gone = await client.post(f"/v1/manage/{token_of(link)}/cancel", json={})
    assert gone.json()["state"] == "cancelled"
    assert await happened(house, "invitation.declined") == 1


async def test_a_proposed_time_is_told_and_never_applied(
    house: House, mailbox: Mailbox, client: httpx2.AsyncClient
) -> None:
    """The advisor hears of it and moves the meeting, or does not; the way to do it is there."""
    made, answer = await invited(house, mailbox, client)
    counter = structs.replace(
        answer, partstat="TENTATIVE", start="20261203T103000", end="20261203T113000"
    )

    assert await receive(house, mails.counter(counter), recipient=answer.to) == "proposed"
    await settle(house)

    (shown,) = await answers(client, made["id"])
    assert (shown["answer"], shown["proposed_start"], shown["proposed_end"]) == (
        "tentative",
        "2026-12-03T10:30:00+01:00",
        "2026-12-03T11:30:00+01:00",
    )
    seen = (await client.get(f"/v1/bookings/{made['id']}")).json()
    assert (seen["start"], seen["sequence"]) == ("2026-12-01T09:00:00+01:00", 0)
    (told,) = [mail for mail in mailbox.messages() if "voorgesteld" in mail.subject]
    assert "sanne@" in told.to
    moved = await client.post(
        f"/v1/bookings/{made['id']}/reschedule", json={"start": shown["proposed_start"]}
    )
    assert moved.status_code == 200
    assert moved.json()["participation"] == []


async def test_who_comes_along_answers_for_themselves(
    house: House, mailbox: Mailbox, client: httpx2.AsyncClient
) -> None:
    """By their own address, in capitals or not; only the advisor hears that they decline."""
    made, answer = await invited(house, mailbox, client, participants=[KIM])
    kim = structs.replace(
        answering(invitations(mailbox, "im@")[0]), who="kim@EXAMPLE.org", partstat="DECLINED"
    )
    before = len(mailbox.messages())

    assert await receive(house, mails.gmail(kim)) == "declined"
    assert await receive(house, mails.apple(answer)) == "accepted"
    await settle(house)

    shown = {one["customer"]: one["answer"] for one in await answers(client, made["id"])}
    assert shown == {made["customer"]: "accepted", made["participants"][0]: "declined"}
    assert kim.to == answer.to
    assert len(mailbox.messages()) == before + 1
    assert [one["participation"] for one in (await client.get("/v1/bookings")).json()["items"]] == [
        await answers(client, made["id"])
    ]


async def test_a_change_of_mind_is_kept_and_not_told_for_ever(
    house: House, mailbox: Mailbox, client: httpx2.AsyncClient, clock: FixedClock
) -> None:
    """No, yes, no, yes, no: the last one stands, and one letter each was enough."""
    made, answer = await invited(house, mailbox, client)
    before = len(mailbox.messages())

    for partstat in ("DECLINED", "ACCEPTED", "DECLINED", "ACCEPTED", "DECLINED"):
        clock.advance(timedelta(minutes=6))
        given = structs.replace(answer, partstat=partstat, stamp=clock.now())
        assert await receive(house, mails.gmail(given)) == partstat.lower()
        await settle(house)

    assert [one["answer"] for one in await answers(client, made["id"])] == ["declined"]
    assert len(mailbox.messages()) == before + 2


async def test_one_mail_that_comes_in_many_times_at_once_counts_once(
    house: House, mailbox: Mailbox, client: httpx2.AsyncClient
) -> None:
    """Mail servers hand over again what they are not sure of; one event, one row, one count."""
    made, answer = await invited(house, mailbox, client)
    declined = mails.outlook(structs.replace(answer, partstat="DECLINED"))

    outcomes = await asyncio.gather(*(receive(house, declined) for _ in range(8)))

    assert outcomes.count("declined") == 1
    assert set(outcomes) <= {"declined", "repeated", "older"}
    assert len(await answers(client, made["id"])) == 1
    assert await happened(house, "invitation.declined") == 1
    assert sum((await counts(house)).values()) == 8


async def test_the_client_hands_mail_over(
    app: Litestar,
    house: House,
    bank: Bank,
    mailbox: Mailbox,
    client: httpx2.AsyncClient,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A program beside a provider needs the mail and the secret, no key of any bank."""
    made, answer = await invited(house, mailbox, client)
    monkeypatch.setattr(spreekuur._request, "time", SimpleNamespace(time=clock.now().timestamp))
    ours = AsyncSpreekuur.in_process(app, base_url=PUBLIC_URL)

    await ours.inbound.mail(
        mails.apple(answer), secret=INBOUND_SECRET, recipient=answer.to, sender="a@example.org"
    )
    with pytest.raises(Unauthenticated):
        await ours.inbound.mail(b"x", secret="whsec_YW5vdGhlciBzZWNyZXQgdGhhdCBpcyBsb25n")

    assert [one["answer"] for one in await answers(client, made["id"])] == ["accepted"]
    theirs = AsyncSpreekuur.in_process(app, bank.secret, base_url=PUBLIC_URL)
    (shown,) = (await theirs.bookings.get(made["id"])).participation
    assert (shown.customer, shown.answer) == (made["customer"], "accepted")
    await ours.aclose()
    await theirs.aclose()


async def test_the_answer_may_reach_us_in_more_than_one_way(
    house: House, mailbox: Mailbox, client: httpx2.AsyncClient
) -> None:
    """By the envelope, by a header, or only by the organiser that the answer itself names."""
    _, answer = await invited(house, mailbox, client)
    later = structs.replace(answer, stamp=answer.stamp - timedelta(minutes=10))
    shouted = structs.replace(answer, to=answer.to.upper())
    apart = mails.gmail(answer).replace(f"To: {answer.to}".encode(), b"To: catch-all@bank.example")

    assert await receive(house, mails.apple(later), recipient="catch-all@bank.example") == (
        "accepted"
    )
    house.clock.advance(timedelta(minutes=10))  # type: ignore[attr-defined]  # a test's clock
    assert await receive(house, apart) == "accepted"
    house.clock.advance(timedelta(minutes=10))  # type: ignore[attr-defined]  # a test's clock
    again = structs.replace(shouted, stamp=answer.stamp + timedelta(minutes=9))
    assert await receive(house, mails.outlook(again)) == "accepted"


# --- what does not -------------------------------------------------------------------------------


async def test_a_forged_signature_is_ignored(
    house: House, mailbox: Mailbox, client: httpx2.AsyncClient
) -> None:
    """Another booking's, another organisation's, another secret's: none opens this one."""
    made, answer = await invited(house, mailbox, client)
    other = await open_bank(house, "otherbank")
    foreign = house.replies.address(other.tenant, made["id"])
    strange = ReplyAddresses(Keyring(Secret("another key of an installation")), DOMAIN).address(
        other.tenant, made["id"]
    )
    local, _, domain = answer.to.partition("@")
    flipped = f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}"
    elsewhere = f"{local}@example.org"
    shape = f"reply+{'z' * 26}.{'a' * 24}@{DOMAIN}"

    outcomes = [
        await receive(house, mails.apple(structs.replace(answer, to=str(to))), recipient=str(to))
        for to in (foreign, strange, flipped, shape, elsewhere)
    ]

    assert outcomes == [
        "unknown-booking", "bad-signature", "bad-signature", "bad-signature", "not-for-us",
    ]  # fmt: skip
    assert await answers(client, made["id"]) == []
    assert await counts(house) == {"unknown-booking": 1, "bad-signature": 3, "not-for-us": 1}


async def test_a_stranger_cannot_answer(
    house: House, mailbox: Mailbox, client: httpx2.AsyncClient
) -> None:
    """Whoever got the invitation forwarded has the address, and is not invited."""
    made, answer = await invited(house, mailbox, client)
    stranger = structs.replace(answer, who="mallory@example.org")
    crossed = structs.replace(answer, uid="another-meeting@bank.example")

    assert await receive(house, mails.gmail(stranger)) == "not-invited"
    assert await receive(house, mails.gmail(crossed)) == "wrong-uid"
    assert await answers(client, made["id"]) == []


async def test_a_stale_answer_is_ignored(
    house: House, mailbox: Mailbox, client: httpx2.AsyncClient, clock: FixedClock
) -> None:
    """About the time before, or said before what was said last."""
    made, answer = await invited(house, mailbox, client)
    assert await receive(house, mails.gmail(answer)) == "accepted"
    clock.advance(timedelta(minutes=1))
    older = structs.replace(answer, stamp=clock.now() - timedelta(hours=2), partstat="DECLINED")
    assert await receive(house, mails.gmail(older)) == "older"

    await client.post(f"/v1/bookings/{made['id']}/reschedule", json={"start": str_of(at(14))})
    assert await answers(client, made["id"]) == []
    late = structs.replace(answer, stamp=clock.now(), partstat="DECLINED")
    assert await receive(house, mails.gmail(late)) == "old-sequence"

    assert await answers(client, made["id"]) == []
    assert await receive(house, mails.gmail(structs.replace(late, sequence=1))) == "declined"
    await client.post(f"/v1/bookings/{made['id']}/cancel", json={})
    newer = structs.replace(late, sequence=2, stamp=clock.now() + timedelta(minutes=1))
    assert await receive(house, mails.gmail(newer)) == "meeting-over"
    assert await counts(house) == {
        "accepted": 1, "older": 1, "old-sequence": 1, "declined": 1, "meeting-over": 1,
    }  # fmt: skip


async def test_machines_are_not_taken_for_people(
    house: House, mailbox: Mailbox, client: httpx2.AsyncClient
) -> None:
    """Out-of-office and bounces change nothing and tell nobody anything."""
    made, answer = await invited(house, mailbox, client)
    before = len(mailbox.messages())

    assert await receive(house, mails.out_of_office(answer), recipient=answer.to) == "auto-reply"
    assert await receive(house, mails.bounce(answer), recipient=answer.to) == "bounce"
    assert await receive(house, mails.gmail(answer), recipient=answer.to, sender="") == "bounce"
    await settle(house)

    assert await answers(client, made["id"]) == []
    assert len(mailbox.messages()) == before
    assert await counts(house) == {"auto-reply": 1, "bounce": 2}


async def test_nothing_personal_is_logged_or_counted(
    house: House,
    mailbox: Mailbox,
    client: httpx2.AsyncClient,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A word says why; no address, no booking, and no word of the mail."""
    _, answer = await invited(house, mailbox, client)
    capfd.readouterr()

    await receive(house, mails.gmail(structs.replace(answer, who="mallory@example.org")))
    await receive(house, mails.gmail(answer))

    said = "".join(capfd.readouterr())
    assert "not-invited" in said
    for secret in ("mallory", "anna@", answer.to, answer.uid, "see you"):
        assert secret not in said


async def test_a_couple_that_shares_an_address_answers_together(
    house: House, mailbox: Mailbox, client: httpx2.AsyncClient
) -> None:
    """One mailbox, one calendar, one answer for both."""
    kim = {**KIM, "email": "anna@example.org"}
    made, answer = await invited(house, mailbox, client, participants=[kim])

    declined = structs.replace(answer, partstat="DECLINED")

    assert await receive(house, mails.gmail(declined)) == "declined"

    shown = {one["customer"]: one["answer"] for one in await answers(client, made["id"])}
    assert shown == dict.fromkeys([made["customer"], *made["participants"]], "declined")
    assert await happened(house, "invitation.declined") == 1


def str_of(instant: datetime) -> str:
    return instant.isoformat()


# --- the doors -----------------------------------------------------------------------------------


async def test_a_provider_hands_mail_over_and_learns_nothing(
    app: Litestar,
    house: House,
    mailbox: Mailbox,
    client: httpx2.AsyncClient,
    clock: FixedClock,
) -> None:
    """The same empty answer for a good mail, a forged one, a strange one and garbage."""
    made, answer = await invited(house, mailbox, client)
    strange = structs.replace(answer, who="mallory@example.org")

    for mail in (b"\x00\xff", mails.gmail(strange), mails.bounce(answer), mails.gmail(answer)):
        async with asking(app, **signed(mail, clock.now())) as provider:
            taken = await provider.post("/v1/inbound/mail", content=mail)
        assert (taken.status_code, taken.content) == (204, b"")

    assert [one["answer"] for one in await answers(client, made["id"])] == ["accepted"]
    assert (await counts(house))["accepted"] == 1


async def test_only_who_has_the_secret_hands_mail_over(
    app: Litestar, house: House, mailbox: Mailbox, client: httpx2.AsyncClient, clock: FixedClock
) -> None:
    """Another secret, another body, another day, no signature; nor with a bank's own key."""
    _, answer = await invited(house, mailbox, client)
    mail = mails.gmail(answer)
    good = signed(mail, clock.now())
    bad = [
        signed(mail, clock.now(), secret="whsec_YW5vdGhlciBzZWNyZXQgdGhhdCBpcyBsb25nIGVub3VnaA=="),
        signed(mail + b"x", clock.now()),
        signed(mail, clock.now() - timedelta(minutes=6)),
        {**good, "webhook-timestamp": "now"},
        {"content-type": "message/rfc822"},
    ]

    for headers in bad:
        async with asking(app, **headers) as provider:
            problem(await provider.post("/v1/inbound/mail", content=mail), "unauthenticated", 401)
    json = await client.post("/v1/inbound/mail", json={})
    problem(json, "unsupported-media-type", 415)
    large = b"a" * (1024 * 1024 + 1)
    async with asking(app, **signed(large, clock.now())) as provider:
        problem(await provider.post("/v1/inbound/mail", content=large), "body-too-large", 413)

    assert await counts(house) == {}


# --- in order ------------------------------------------------------------------------------------


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    """A real mail server that can be stopped and started."""
    with SmtpServer() as server:
        yield server


@pytest.fixture
async def mailing(
    database_url: str, clock: FixedClock, smtp: SmtpServer
) -> AsyncIterator[tuple[House, Bank]]:
    """An installation that sends through that server, and a bank in it."""
    settings = Settings(
        secret_key=Secret("a secret key for tests, long enough"),
        database_url=database_url,
        reply_domain=DOMAIN,
    )
    async with open_house(settings, clock=clock, channels={"email": SmtpChannel(smtp.url)}) as made:
        yield made, await open_bank(made)


def calendars(received: list[Received]) -> list[tuple[str, int, str]]:
    """Return method, SEQUENCE and status of every invitation, checked against its mail."""
    found = []
    for one in received:
        parts = [part for part in one.mail.walk() if not part.is_multipart()]
        if len(parts) < 4:
            continue
        kinds = [part.get_content_type() for part in one.mail.walk()]
        assert kinds == [
            "multipart/mixed", "multipart/alternative", "text/plain", "text/html",
            "text/calendar", "application/ics",
        ]  # fmt: skip
        inside, attached = parts[2], parts[3]
        raw = inside.get_payload(decode=True)
        assert raw == attached.get_payload(decode=True)
        assert isinstance(raw, bytes)
        calendar = Calendar.from_ical(raw)
        event: Any = invitation_of(raw)
        assert inside.get_content_charset() == "utf-8"
        assert inside.get_param("method") == str(calendar["METHOD"])
        assert "METHOD" not in event
        assert str(event["ATTENDEE"]) == f"mailto:{one.recipients[0]}"
        assert event["ATTENDEE"].params["ROLE"] == "REQ-PARTICIPANT"
        assert str(event["ORGANIZER"]).startswith("mailto:reply+")
        assert str(event["ORGANIZER"]).endswith(DOMAIN)
        assert event["DTSTAMP"].dt.tzinfo is not None
        assert not one.sender.endswith(DOMAIN)
        assert not str(one.mail["From"]).endswith(f"{DOMAIN}>")
        assert not str(one.mail["Reply-To"]).endswith(DOMAIN)
        found.append((str(calendar["METHOD"]), int(event["SEQUENCE"]), str(event["STATUS"])))
    return found


async def later(house: House, clock: FixedClock) -> None:
    for _ in range(8):
        clock.advance(timedelta(minutes=5))
        await settle(house)


async def test_after_an_outage_only_the_newest_invitation_leaves(
    mailing: tuple[House, Bank], smtp: SmtpServer, clock: FixedClock
) -> None:
    """Moved twice within a minute while the mail server was down, then moved and cancelled."""
    house, bank = mailing
    with served(house) as app:
        async with asking(app, bank.secret) as client:
            made = await booked(client)
            await settle(house)
            assert calendars(smtp.received) == [("REQUEST", 0, "CONFIRMED")]

            smtp.close()
            for hour in (11, 14):
                clock.advance(timedelta(seconds=20))
                await client.post(
                    f"/v1/bookings/{made['id']}/reschedule", json={"start": str_of(at(hour))}
                )
                await settle(house)
            smtp.open()
            await later(house, clock)
            assert calendars(smtp.received)[1:] == [("REQUEST", 2, "CONFIRMED")]

            smtp.close()
            await client.post(
                f"/v1/bookings/{made['id']}/reschedule", json={"start": str_of(at(15))}
            )
            await settle(house)
            await client.post(f"/v1/bookings/{made['id']}/cancel", json={})
            await settle(house)
            smtp.open()
            await later(house, clock)
            assert calendars(smtp.received)[2:] == [("CANCEL", 4, "CANCELLED")]


# --- addresses -----------------------------------------------------------------------------------


def test_an_address_fits_into_every_mail_server() -> None:
    """At most 64 characters before the at sign, all small (RFC 5321, 4.5.3.1.1)."""
    now = datetime(2026, 11, 30, 8, tzinfo=UTC)
    addresses = ReplyAddresses(Keyring(Secret("a key for tests")), DOMAIN)
    tenant, booking = new_id("ten", now), new_id("bkg", now)

    address = str(addresses.address(tenant, booking))

    assert len(address.partition("@")[0]) <= 64
    assert address == address.lower()
    found = addresses.read(["x@y.z", f"<{address.upper()}>"], [new_id("ten", now), tenant])
    assert found is not None
    assert (found.tenant, found.booking) == (tenant, booking)
    assert addresses.read([address], [new_id("ten", now)]) is None
    assert ReplyAddresses(Keyring(Secret("a key for tests")), None).address(tenant, booking) is None
