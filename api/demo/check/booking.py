"""Steps 3, 4 and 8: booking, confirming, and what happens when things change."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from icalendar import Calendar, Event
from spreekuur import Gone

from api.demo.check.play import AMSTERDAM, TUESDAY, Play, expect, invitation
from api.demo.customers import CUSTOMERS, move_in
from kernel.ids import Id

_RACERS: Final = 12
_THURSDAY: Final = TUESDAY + timedelta(days=2)
_FRIDAY: Final = TUESDAY + timedelta(days=3)


async def books(play: Play) -> str:
    """By SDK, API and hosted page; a hold keeps others out; of many racing one wins."""
    play.meeting = await move_in(play.client, CUSTOMERS[0], now=play.stage.clock.now())
    expect(play.meeting.state == "confirmed", "the SDK's booking is confirmed")

    headers = play.publishable(play.bank.publishable_key)
    held = await play.browser.post(
        "/v1/holds", json={**_wish(_FRIDAY, 9), "channel": "video"}, headers=headers
    )
    expect(held.status_code == 201, f"a hold: {held.text}")  # noqa: PLR2004
    rival = await _book(play, _FRIDAY, 9, "rival@example.org", headers)
    expect(rival.status_code == 409, "a held time is closed to others")  # noqa: PLR2004
    holder = await _book(play, _FRIDAY, 9, "holder@example.org", headers, hold=held.json()["id"])
    expect(holder.status_code == 201, f"the holder books: {holder.text}")  # noqa: PLR2004

    answers = await asyncio.gather(
        *(
            _book(play, _FRIDAY, 13, f"racer{number}@example.org", headers)
            for number in range(_RACERS)
        )
    )
    winners = [answer for answer in answers if answer.status_code == 201]  # noqa: PLR2004
    losers = [answer.json() for answer in answers if answer.status_code == 409]  # noqa: PLR2004
    expect(len(winners) == 1, f"{len(winners)} of {_RACERS} racers won")
    expect(len(losers) == _RACERS - 1, "every other racer gets 409")
    expect(all(loser.get("alternatives") for loser in losers), "the losers get alternatives")
    await _hosted_page(play)
    return f"SDK, API with hold and hosted page; 1 of {_RACERS} racers won, others got alternatives"


async def confirmed(play: Play) -> str:
    """Calendar and letter are right, and a calendar that was down catches up."""
    _, event = await play.event(play.meeting.id)
    expect("ATTENDEE" not in event, "no customer in the advisor's calendar, so no server mails")
    expect("Vries" not in str(event["SUMMARY"]), "no name in the title")
    letter = await play.mail("anna.devries@example.org", "Geachte mevrouw De Vries")
    ics = invitation(letter)
    expect(ics.start == play.meeting.start, "the invitation has the time")
    expect(letter.method == "REQUEST", "the invitation is a REQUEST")
    expect(any("/manage/" in link for link in letter.links), "a link to change and cancel")
    expect(any("/intake/" in link for link in letter.links), "a link to prepare")

    await play.stage.calendars.stop()
    play.kim = await move_in(play.client, CUSTOMERS[1], now=play.stage.clock.now())
    await play.mail("kim.verbeek@example.org", "Beste Kim Verbeek")
    await play.stage.calendars.start()
    expect(await play.own_event(play.kim.id) is None, "nothing was written while it was down")
    play.stage.clock.offset += timedelta(minutes=10)
    await play.event(play.kim.id)
    english = await move_in(play.client, CUSTOMERS[3], now=play.stage.clock.now())
    await play.mail("sophie.jansen@example.org", "Dear Ms Jansen-van den Berg")
    expect(english.intake_url is None, "a meeting without a form asks nothing")
    return "event without names, Dutch and English letters with invitation; written after an outage"


async def changes(play: Play) -> str:
    """Customer and advisor change their minds; calendar, letters and brief stay in step."""
    old = str(play.meeting.manage_url).rpartition("/")[2]
    letter = await play.mail("anna.devries@example.org", "Geachte mevrouw De Vries")
    uid = str(invitation(letter)["UID"])
    for link in letter.links:
        if link.startswith(play.stage.url):
            await play.browser.get(link)
    unchanged = await play.client.bookings.get(play.meeting.id)
    expect(unchanged.start == play.meeting.start, "following every link of a mail changes nothing")

    thursday = datetime.combine(_THURSDAY, time(14), AMSTERDAM)
    moved = await play.client.manage(old).reschedule(thursday)
    expect(moved.start == thursday, "moved by the customer")
    second = await _newer(play, "anna.devries@example.org", uid, 1)
    expect(second == thursday, "the second invitation has the new time")
    try:
        await play.client.manage(old).get()
    except Gone:
        pass
    else:
        expect(False, "the old link must have ended")

    later = thursday + timedelta(hours=1)
    await _drag(play, play.meeting.id, later)
    await play.client.calendars.sync(play.bank.account.id)
    followed = await play.client.bookings.get(play.meeting.id)
    expect(followed.start == later, "the booking followed the advisor's own calendar")
    expect(await _newer(play, "anna.devries@example.org", uid, 2) == later, "the customer was told")
    brief = await play.client.bookings.brief(play.meeting.id)
    expect(
        brief.header["start"] == later.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "the brief has the new time",
    )

    await _delete(play, play.kim.id)
    await play.client.calendars.sync(play.bank.account.id)
    gone = await play.client.bookings.get(play.kim.id)
    expect(gone.state == "cancelled", "the booking followed the deletion")
    off = await play.until(
        lambda: next(
            (mail for mail in play.mails("kim.verbeek@example.org") if mail.method == "CANCEL"),
            None,
        ),
        "a cancellation",
    )
    expect(int(str(invitation(off)["SEQUENCE"])) > 0, "the cancellation's SEQUENCE is raised")

    current = str(followed.manage_url).rpartition("/")[2]
    cancelled = await play.client.manage(current).cancel(reason="Toch niet")
    expect(cancelled.state == "cancelled", "cancelled by the customer")
    await play.event(play.meeting.id, gone=True)
    free = await play.starts(_THURSDAY)
    expect("15:00" in free, "its time is free again")
    return "moved and cancelled by link, dragged and deleted by the advisor; same UID, SEQUENCE 0-3"


def _wish(day: Any, hour: int) -> dict[str, Any]:
    start = datetime.combine(day, time(hour), AMSTERDAM)
    return {"meeting_type": "hypotheek", "start": start.isoformat()}


async def _book(
    play: Play, day: Any, hour: int, email: str, headers: dict[str, str], hold: Id | None = None
) -> Any:
    body = {
        **_wish(day, hour),
        "timezone": "Europe/Amsterdam",
        "channel": "video",
        "hold": hold,
        "customer": {"name": {"given": "Robin", "surname": "Bos"}, "email": email},
    }
    return await play.browser.post("/v1/bookings", json=body, headers=headers)


async def _hosted_page(play: Play) -> None:
    page = await play.browser.get("/book/demobank/hypotheek")
    expect(page.status_code == 200, f"the hosted page: {page.status_code}")  # noqa: PLR2004
    expect("Hypotheekgesprek" in page.text, "the hosted page names the meeting")


async def _newer(play: Play, address: str, uid: str, sequence: int) -> datetime:
    """Wait for the invitation with this SEQUENCE, and return the start it names."""

    def found() -> datetime | None:
        for mail in play.mails(address):
            if mail.ics and f"SEQUENCE:{sequence}" in mail.ics:
                event = invitation(mail)
                expect(str(event["UID"]) == uid, "the same UID in every letter")
                start = event.start
                return start if isinstance(start, datetime) else None
        return None

    return await play.until(found, f"the invitation with SEQUENCE {sequence}")


async def _drag(play: Play, booking: Id, start: datetime) -> None:
    """Move an event in Sanne's calendar, as her own program would."""
    path, _ = await play.event(booking)
    address = play.stage.calendars.url.rstrip("/") + path
    async with play.stage.calendars.client("sanne") as own:
        raw = (await own.get(address)).content
        calendar = Calendar.from_ical(raw)
        for event in calendar.walk("VEVENT"):
            if isinstance(event, Event):
                length = event.duration
                event.DTSTART, event.DTEND = start, start + length
        answer = await own.put(
            address, content=calendar.to_ical(), headers={"Content-Type": "text/calendar"}
        )
        answer.raise_for_status()


async def _delete(play: Play, booking: Id) -> None:
    path, _ = await play.event(booking)
    async with play.stage.calendars.client("sanne") as own:
        answer = await own.delete(play.stage.calendars.url.rstrip("/") + path)
        answer.raise_for_status()
