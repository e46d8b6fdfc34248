"""Steps 1 and 2: an organisation and an advisor's calendar."""

from datetime import datetime, time, timedelta

import httpx2
from spreekuur import Forbidden, SpreekuurError

from api.demo.bank import put_event, set_up
from api.demo.check.play import AMSTERDAM, TUESDAY, Play, expect
from api.demo.serving import serving
from api.demo.stage import SLUG, application, port_of


async def organisation(play: Play) -> str:
    """Set up by command line and API; a browser's key opens no server's path."""
    stage = play.stage
    made = await play.command("tenants", "create", "--slug", SLUG, "--name", "Demobank")
    play.tenant = made["id"]
    app = application(stage, play.tenant)
    await play.stack.enter_async_context(serving(app, port_of(stage.url)))
    play.client = await play.stack.enter_async_context(stage.client(made["key"]))
    play.browser = await play.stack.enter_async_context(
        httpx2.AsyncClient(base_url=stage.url, trust_env=False)
    )
    play.bank = await set_up(
        play.client,
        stage.calendars,
        origins=[stage.bank_url],
        now=stage.clock.now(),
    )
    advisors = (await play.client.advisors.list()).items
    expect(len({advisor.timezone for advisor in advisors}) > 1, "more than one time zone")
    places = {place.slug for place in (await play.client.locations.list()).items}
    expect(places == {"utrecht", "london"}, f"two branches: {places}")
    async with stage.client(play.bank.publishable_key) as widget:
        try:
            await widget.advisors.list()
        except Forbidden:
            pass
        else:
            expect(False, "a publishable key must not list advisors")
    return "tenant by CLI; 2 branches, 3 advisors, 2 meeting types and a form by API and SDK"


async def calendar(play: Play) -> str:
    """Each kind of event does what it should; a later change shows at the next sync."""
    free = await play.starts(TUESDAY)
    expect("09:00" not in free and "09:30" not in free, "the weekly meeting keeps nine closed")
    expect("09:45" in free, "the meeting ends at a quarter to ten")
    expect("11:30" not in free and "10:30" not in free, "the dentist and the buffer before it")
    expect("13:00" in free, "a cancelled lunch keeps nothing closed")
    expect(not await play.starts(TUESDAY + timedelta(days=1)), "an all-day course takes the day")
    later = await play.starts(TUESDAY + timedelta(days=7))
    expect("09:00" in later and "15:00" not in later, "the moved occurrence moved")
    thursday = TUESDAY + timedelta(days=2)
    before = await play.starts(thursday)
    start = datetime.combine(thursday, time(10), AMSTERDAM)
    async with play.stage.calendars.client("sanne") as own:
        await put_event(own, "notaris", start, start + timedelta(hours=1), "Notaris")
    await play.client.calendars.sync(play.bank.account.id)
    after = await play.starts(thursday)
    expect("10:00" in before and "10:00" not in after, "a new event closes its time")
    for url in ("http://127.0.0.1:9/", "https://169.254.169.254/"):
        try:
            await play.client.calendars.connect(
                advisor=play.bank.ravi.id, url=url, username="x", password="x"
            )
        except SpreekuurError as error:
            expect("address-refused" in str(getattr(error, "type", "")), f"{url}: address-refused")
        else:
            expect(False, f"{url} must be refused")
    account = await play.client.calendars.status(play.bank.account.id)
    spans = sum(collection.busy_spans for collection in account.collections)
    return f"{spans} busy spans from Radicale; inside addresses refused"
