"""What entries mean is the organisation's to say, and holds for those that are known already."""

from kernel.busy import BusyPolicy
from tests.booking.calendars.conftest import Desk, event


async def test_a_new_policy_holds_for_what_was_read_before(desk: Desk) -> None:
    """A tentative entry keeps its time closed or does not, from the next round on."""
    times = (":20261201T090000Z", ":20261201T100000Z")
    desk.put("maybe", event("maybe", *times, "STATUS:TENTATIVE"))
    account = await desk.connect()
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]

    await desk.settle(busy_policy=BusyPolicy(tentative=False))
    await desk.calendars.sync(desk.tenant, account.id)
    assert await desk.busy() == []

    await desk.settle()
    await desk.calendars.sync(desk.tenant, account.id)
    assert await desk.busy() == [("01-12 09:00", "01-12 10:00")]


async def test_the_same_policy_reads_nothing_twice(desk: Desk) -> None:
    """An entry that did not change is not fetched again; its etag is still known."""
    desk.put("dentist", event("dentist", ":20261201T090000Z", ":20261201T100000Z"))
    account = await desk.connect()
    before = await desk.etags()

    await desk.calendars.sync(desk.tenant, account.id)

    assert await desk.etags() == before
    assert "" not in before
