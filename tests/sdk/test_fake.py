"""The fake behaves like the service where it matters: rules, conflicts, clocks and links."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from spreekuur import (
    Conflict,
    ConnectionFailed,
    Forbidden,
    Gone,
    HoldExpired,
    InvalidRequest,
    NotFound,
    OffsetMissing,
    ServerError,
    SlotTaken,
    SlotUnavailable,
    Spreekuur,
    Unauthenticated,
    Unprocessable,
    models,
    webhooks,
)
from spreekuur.testing import WEBHOOK_SECRET, FakeSpreekuur

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TUESDAY = date(2026, 12, 1)
ANNA = {"name": {"given": "Anna", "prefix": "de", "surname": "Vries"}, "email": "anna@example.org"}
BRAM = {"name": {"given": "Bram", "surname": "Bakker"}, "email": "bram@example.org"}


def at(hour: int, minute: int = 0, day: date = TUESDAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=AMSTERDAM)


@pytest.fixture
def sanne(fake_spreekuur: FakeSpreekuur) -> str:
    """The one advisor."""
    return fake_spreekuur.add_advisor("Sanne Visser")


@pytest.fixture
def fake(fake_spreekuur: FakeSpreekuur, sanne: str) -> FakeSpreekuur:
    """One meeting type of an hour, every quarter of an hour, with a quarter of rest after it."""
    fake_spreekuur.add_meeting_type(
        "hypotheek",
        name={"nl": "Hypotheekgesprek", "en": "Mortgage talk"},
        advisors=[sanne],
        buffer_after=15,
    )
    return fake_spreekuur


@pytest.fixture
def client(fake: FakeSpreekuur) -> Spreekuur:
    """A client of that fake."""
    return fake.client()


def tuesday(client: Spreekuur, **more: Any) -> list[datetime]:
    return list(
        client.slots.list(
            "hypotheek",
            start=TUESDAY,
            end=TUESDAY + timedelta(days=1),
            timezone="Europe/Amsterdam",
            **more,
        )
    )


def book(client: Spreekuur, start: datetime, customer: Any = ANNA, **more: Any) -> models.Booking:
    return client.bookings.create(
        meeting_type="hypotheek",
        start=start,
        timezone="Europe/Amsterdam",
        channel="video",
        customer=customer,
        **more,
    )


def test_slots_are_working_hours_on_the_grid(client: Spreekuur) -> None:
    """From nine to four, every quarter: the last hour ends at five."""
    starts = tuesday(client)

    assert (starts[0], starts[1], starts[-1]) == (at(9), at(9, 15), at(16))
    assert len(starts) == 29


def test_meeting_types_are_listed_in_a_language(client: Spreekuur) -> None:
    """Texts come in the language asked for."""
    assert client.meeting_types.get("hypotheek", lang="en").name == "Mortgage talk"
    assert [one.name for one in client.meeting_types.iter()] == ["Hypotheekgesprek"]
    with pytest.raises(NotFound) as caught:
        client.meeting_types.get("other")
    assert caught.value.code == "meeting-type-unknown"


def test_a_booking_takes_its_time_and_its_buffer(client: Spreekuur) -> None:
    """Eleven to twelve with a quarter after it closes everything that would touch it."""
    book(client, at(11))

    starts = tuesday(client)

    # 09:45 would need its rest until 11:00, which is free; 10:00 would need it until 11:15.
    assert at(9, 45) in starts
    assert at(10) not in starts
    assert at(12) not in starts
    assert at(12, 15) in starts


def test_a_taken_slot_is_refused_with_the_nearest_others(client: Spreekuur) -> None:
    """The second customer is offered five free starts around it."""
    book(client, at(11))

    with pytest.raises(SlotTaken) as caught:
        book(client, at(11), BRAM)

    assert caught.value.alternatives == (at(9, 15), at(9, 30), at(9, 45), at(12, 15), at(12, 30))
    assert len(client.bookings.list().items) == 1


def test_of_many_at_once_one_gets_the_slot(client: Spreekuur) -> None:
    """Twelve threads, one slot: one booking and eleven refusals."""

    def attempt(number: int) -> bool:
        try:
            book(client, at(9), {**BRAM, "email": f"{number}@example.org"})
        except SlotTaken:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        assert sorted(pool.map(attempt, range(12))) == [False] * 11 + [True]


def test_a_second_advisor_takes_the_second_customer(fake_spreekuur: FakeSpreekuur) -> None:
    """A slot is gone when nobody is left."""
    sanne, youssef = (fake_spreekuur.add_advisor(name) for name in ("Sanne", "Youssef"))
    fake_spreekuur.add_meeting_type("hypotheek")
    client = fake_spreekuur.client()

    met = [book(client, at(9), who).advisor.id for who in (ANNA, BRAM)]

    assert met == [sanne, youssef]
    with pytest.raises(SlotTaken):
        book(client, at(9), advisor=sanne)


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (at(9, 5), "off-grid"),
        (at(8, 45), "outside-hours"),
        (at(16, 15), "outside-hours"),
        (at(9, day=date(2026, 12, 5)), "outside-hours"),
        (at(9, day=date(2026, 11, 27)), "past"),
        (at(9, day=date(2027, 3, 1)), "outside-window"),
        (at(13), "busy"),
    ],
)
def test_what_cannot_be_booked_says_why(
    fake: FakeSpreekuur, client: Spreekuur, sanne: str, start: datetime, reason: str
) -> None:
    """Each reason of the service has its case."""
    fake.fill(sanne, at(13), at(14))

    with pytest.raises(SlotUnavailable) as caught:
        book(client, start)

    assert caught.value.reason == reason


def test_notice_counts_from_the_clock(fake_spreekuur: FakeSpreekuur) -> None:
    """At nine on Monday, with four hours' notice, one o'clock is the first start."""
    fake_spreekuur.add_meeting_type("hypotheek", notice=240)
    client = fake_spreekuur.client()
    monday = date(2026, 11, 30)

    slots = client.slots.list(
        "hypotheek", start=monday, end=TUESDAY, timezone="Europe/Amsterdam", explain=True
    )

    assert next(iter(slots)) == at(13, day=monday)
    assert slots.reasons == {"notice": 16}
    fake_spreekuur.advance(minutes=1)
    with pytest.raises(SlotUnavailable, match="notice"):
        book(client, at(13, day=monday))


def test_a_channel_that_is_not_offered_is_unsuitable(client: Spreekuur) -> None:
    """Nobody gives this meeting at a branch."""
    with pytest.raises(SlotUnavailable) as caught:
        client.holds.create(meeting_type="hypotheek", start=at(9), channel="branch", location="x")

    assert caught.value.reason == "unsuitable"


def test_days_are_the_viewers_days(client: Spreekuur) -> None:
    """Monday at four in Amsterdam is Tuesday in Tokyo, where Tuesday at nine is five o'clock."""
    slots = client.slots.list(
        "hypotheek", start=TUESDAY, end=date(2026, 12, 2), timezone="Asia/Tokyo"
    )

    first, second, *_ = slots
    assert first.isoformat() == "2026-12-01T00:00:00+09:00"
    assert second.isoformat() == "2026-12-01T17:00:00+09:00"
    assert list(slots.days) == [TUESDAY]


def test_an_empty_answer_says_when_there_is_time(client: Spreekuur) -> None:
    """After a weekend comes Monday at nine."""
    slots = client.slots.list(
        "hypotheek", start=date(2026, 12, 5), end=date(2026, 12, 7), timezone="Europe/Amsterdam"
    )

    assert list(slots) == []
    assert slots.next_available == at(9, day=date(2026, 12, 7))


def test_the_night_the_clock_changes_is_a_normal_working_day(
    fake_spreekuur: FakeSpreekuur,
) -> None:
    """On Sunday 28 March 2027 nine o'clock is seven in UTC; the day before it was eight."""
    fake_spreekuur.now = datetime(2027, 3, 26, 9, tzinfo=AMSTERDAM)
    everyday = fake_spreekuur.add_advisor(
        hours={"sat": ("09:00", "17:00"), "sun": ("09:00", "17:00")}
    )
    fake_spreekuur.add_meeting_type("hypotheek", advisors=[everyday])

    slots = fake_spreekuur.client().slots.list(
        "hypotheek", start=date(2027, 3, 27), end=date(2027, 3, 29), timezone="Europe/Amsterdam"
    )

    first = [starts[0].astimezone(UTC).hour for starts in slots.days.values()]
    assert first == [8, 7]


def test_a_hold_keeps_others_out_until_it_ends(fake: FakeSpreekuur, client: Spreekuur) -> None:
    """Ten minutes on the fake's clock; a second later the slot is free again."""
    hold = client.holds.create(meeting_type="hypotheek", start=at(9), channel="video")

    assert hold.expires_at == fake.now + timedelta(minutes=10)
    assert at(9) not in tuesday(client)
    with pytest.raises(SlotTaken):
        book(client, at(9), BRAM)
    fake.advance(minutes=10)
    assert at(9) in tuesday(client)


def test_a_hold_becomes_a_booking(client: Spreekuur) -> None:
    """Whoever holds a slot can book it, once."""
    hold = client.holds.create(meeting_type="hypotheek", start=at(9), channel="video")

    assert book(client, at(9), hold=hold.id).state == "confirmed"
    with pytest.raises(HoldExpired):
        book(client, at(9), BRAM, hold=hold.id)


def test_an_ended_hold_still_works_while_nobody_came(
    fake: FakeSpreekuur, client: Spreekuur
) -> None:
    """Late is only too late when somebody else was faster."""
    holds = [
        client.holds.create(meeting_type="hypotheek", start=start, channel="video")
        for start in (at(9), at(13))
    ]
    fake.advance(minutes=11)
    book(client, at(13), BRAM)

    assert book(client, at(9), hold=holds[0].id).start == at(9)
    with pytest.raises(HoldExpired):
        book(client, at(13), hold=holds[1].id)


def test_who_comes_along_is_a_customer_too(client: Spreekuur) -> None:
    """Each is named in the booking, and nobody comes twice: the same person is refused."""
    made = book(client, at(9), participants=[BRAM | {"language": "en"}])
    theirs = book(client, at(11), BRAM)

    with pytest.raises(InvalidRequest) as refused:
        book(client, at(13), participants=[BRAM, BRAM])

    assert made.participants == [theirs.customer]
    assert theirs.participants == []
    assert [one.pointer for one in refused.value.errors] == ["/participants/1/email"]
    assert client.bookings.get(made.id) == made


def test_a_hold_that_is_given_back_is_free(client: Spreekuur) -> None:
    """And cannot be given back twice."""
    hold = client.holds.create(meeting_type="hypotheek", start=at(9), channel="video")

    client.holds.release(hold.id)

    assert at(9) in tuesday(client)
    with pytest.raises(NotFound):
        client.holds.release(hold.id)


def test_the_same_key_books_once(client: Spreekuur) -> None:
    """A repeated request gets the first answer; another body with that key is refused."""
    first = book(client, at(9), idempotency_key="order-7")

    assert book(client, at(9), idempotency_key="order-7") == first
    with pytest.raises(Unprocessable) as caught:
        book(client, at(11), idempotency_key="order-7")
    assert caught.value.code == "idempotency-mismatch"


def test_a_booking_whose_answer_was_lost_is_booked_once(
    fake: FakeSpreekuur, client: Spreekuur, pauses: list[float]
) -> None:
    """The connection breaks, the client asks again, and there is one booking."""
    fake.disconnect()

    book(client, at(9))

    assert len(list(client.bookings.iter())) == 1
    keys = {one.headers["idempotency-key"] for one in fake.requests if one.method == "POST"}
    assert len(keys) == 1


def test_moving_frees_the_old_time_and_replaces_the_link(client: Spreekuur) -> None:
    """A customer moves their meeting by their link; the link follows, the old one has ended."""
    booking = book(client, at(9))
    token = (booking.manage_url or "").rpartition("/")[2]
    link = client.manage(token)

    moved = link.reschedule(at(9, 15))

    assert (moved.start, moved.end, moved.sequence) == (at(9, 15), at(10, 15), 1)
    assert link.get().start == at(9, 15)
    with pytest.raises(Gone):
        client.manage(token).get()
    with pytest.raises(NotFound):
        client.manage("nonsense").get()
    assert at(13) in list(link.slots(start=TUESDAY, end=date(2026, 12, 2), timezone="UTC"))


def test_a_move_to_a_taken_time_changes_nothing(client: Spreekuur) -> None:
    """The meeting stays where it was."""
    first, second = book(client, at(9)), book(client, at(11), BRAM)

    with pytest.raises(SlotTaken):
        client.bookings.reschedule(second.id, at(9))

    assert client.bookings.get(second.id) == second
    assert client.bookings.get(first.id) == first


def test_cancelling_frees_the_time_once(client: Spreekuur) -> None:
    """A second cancellation is a conflict, and nothing can be moved any more."""
    booking = book(client, at(9))

    assert client.bookings.cancel(booking.id, reason="ill").state == "cancelled"
    assert at(9) in tuesday(client)
    with pytest.raises(Conflict):
        client.bookings.cancel(booking.id)
    with pytest.raises(Conflict):
        client.bookings.reschedule(booking.id, at(11))


def test_what_has_begun_cannot_be_changed(fake: FakeSpreekuur, client: Spreekuur) -> None:
    """The clock decides, and the clock is ours."""
    booking = book(client, at(9))
    fake.now = at(9)

    with pytest.raises(Conflict, match="begun"):
        client.bookings.cancel(booking.id)


def test_bookings_are_listed_by_filter_and_page(client: Spreekuur) -> None:
    """Time, state and customer narrow the list; the same person keeps their id."""
    bookings = [book(client, at(hour), who) for hour, who in ((9, ANNA), (11, BRAM), (13, ANNA))]
    client.bookings.cancel(bookings[0].id)

    assert bookings[0].customer == bookings[2].customer != bookings[1].customer
    confirmed = list(client.bookings.iter(state="confirmed", customer=bookings[0].customer))
    assert [one.start for one in confirmed] == [at(13)]
    assert [one.start for one in client.bookings.iter(since=at(11), until=at(13))] == [at(11)]
    page = client.bookings.list(limit=2)
    assert len(page.items) == 2
    assert [one.start for one in client.bookings.list(cursor=page.next_cursor).items] == [at(13)]


def test_keys_are_checked(fake: FakeSpreekuur) -> None:
    """No key, a publishable key where it may go, and where it may not."""
    with pytest.raises(Unauthenticated):
        fake.client(None).meeting_types.list()
    public = fake.client("pk_fake")
    assert tuesday(public)
    book(public, at(9))
    for refused in (public.bookings.list, public.tenant.get):
        with pytest.raises((Forbidden, NotFound)):
            refused()


def test_unknown_fields_and_bad_values_are_refused(client: Spreekuur) -> None:
    """As strict as the service, with a pointer to the place."""
    for customer, pointer in (
        ({**ANNA, "shoe_size": 43}, "/customer"),
        ({**ANNA, "email": "nobody"}, "/customer/email"),
    ):
        with pytest.raises(InvalidRequest) as caught:
            book(client, at(9), customer)
        assert caught.value.errors[0].pointer == pointer


def test_a_branch_needs_a_location(fake: FakeSpreekuur) -> None:
    """And shows it with the booking."""
    fake.add_location("utrecht", "Utrecht", "Neude 1, Utrecht")
    fake.add_meeting_type("lening", channels=["branch"], locations=["utrecht"])
    client = fake.client()
    wish: dict[str, Any] = {
        "meeting_type": "lening",
        "start": at(9),
        "timezone": "Europe/Amsterdam",
        "channel": "branch",
        "customer": ANNA,
    }

    with pytest.raises(InvalidRequest, match="location"):
        client.bookings.create(**wish)
    booking = client.bookings.create(**wish, location="utrecht")

    link = client.manage((booking.manage_url or "").rpartition("/")[2])
    place = link.get().location
    assert place is not None
    assert place.address == "Neude 1, Utrecht"


def test_trouble_can_be_ordered(fake: FakeSpreekuur, pauses: list[float]) -> None:
    """Tests of error paths need errors."""
    client = fake.client(max_retries=0)

    fake.fail(503)
    with pytest.raises(ServerError):
        client.meeting_types.list()
    fake.disconnect()
    with pytest.raises(ConnectionFailed):
        client.meeting_types.list()
    client.meeting_types.list()


def test_calls_it_does_not_know_are_named(client: Spreekuur) -> None:
    """The fake never pretends."""
    with pytest.raises(NotFound, match=r"does not know GET /v1/rates"):
        client.rates.list()


def test_the_clock_wants_an_offset(fake: FakeSpreekuur) -> None:
    """A naive clock would let naive times pass for right."""
    with pytest.raises(OffsetMissing):
        fake.now = datetime(2026, 12, 1)  # noqa: DTZ001  # what is refused


def test_webhooks_of_the_fake_are_signed(fake: FakeSpreekuur) -> None:
    """An endpoint can be tested with what the service would send."""
    body, headers = fake.webhook("booking.confirmed", booking="bkg_1")

    event = webhooks.unwrap(body, headers, secret=WEBHOOK_SECRET, now=fake.now)

    assert event.type == "booking.confirmed"
    assert event.payload["data"] == {"booking": "bkg_1"}


async def test_the_asynchronous_client_speaks_to_it_too(fake: FakeSpreekuur) -> None:
    """The same fake serves both clients."""
    async with fake.async_client() as client:
        kinds = [kind.slug async for kind in client.meeting_types.iter()]
        booking = await client.bookings.create(
            meeting_type=kinds[0],
            start=at(9),
            timezone="Europe/Amsterdam",
            channel="phone",
            customer=models.CustomerInput(
                name=models.PersonName(surname="Bakker"), email="bram@example.org"
            ),
        )

    assert fake.client().bookings.get(booking.id) == booking
