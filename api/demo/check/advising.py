"""Steps 5, 6 and 7: the customer prepares, the advisor is prepared, a rate changes."""

from decimal import Decimal
from typing import Final

from spreekuur import InvalidRequest

from api.demo.check.play import Play, expect
from api.demo.customers import CUSTOMERS, move_in
from api.demo.stage import SLUG
from context.finance import monthly_payment
from kernel import formats
from kernel.money import Money

_ANNA: Final = "anna.devries@example.org"


async def prepares(play: Play) -> str:
    """The hosted page shows, keeps and resumes; consent is separate and never ticked before."""
    emre = await move_in(play.client, CUSTOMERS[2], now=play.stage.clock.now())
    link = play.client.manage(str(emre.intake_url).rpartition("/")[2])
    first = await link.intake()
    expect("loan.remaining" in first.missing, "moving house asks for the present loan")
    decided = await link.consents()
    expect(not any(consent.given for consent in decided.consents), "nothing is ticked before")
    await link.save_intake({"goal": "buy", "goal.words": "Een huis met een tuin"})
    second = await link.intake()
    expect("loan.remaining" not in second.missing, "buying does not ask for a loan")
    try:
        await link.save_intake({"income.gross_year": "veel"})
    except InvalidRequest as error:
        pointers = [entry.pointer for entry in error.errors]
        expect(
            pointers == ["/answers/income.gross_year"], f"the error points at the field: {pointers}"
        )
    else:
        expect(False, "an amount that is none must be refused")
    page = await play.browser.get(str(emre.intake_url))
    expect(page.status_code == 200, f"the intake page: {page.status_code}")  # noqa: PLR2004
    expect("Een huis met een tuin" in page.text, "what was saved is there on return")
    expect("checked" not in _consent_boxes(page.text), "the box for consent is not ticked")
    play.emre = emre
    return "saved, resumed, questions follow the answers; a wrong amount is refused at its field"


async def briefed(play: Play) -> str:
    """Signed in by a mailed link, which works once and only when its button is pressed."""
    await play.browser.post(
        f"/console/{SLUG}",
        data={"email": play.bank.sanne.email},
        headers={"Origin": play.stage.url},
    )
    letter = await play.mail(play.bank.sanne.email, "/console/sign-in/")
    link = next(link for link in letter.links if "/console/sign-in/" in link)
    for _ in range(2):
        page = await play.browser.get(link)
        expect(page.status_code == 200, "looking at the link uses nothing up")  # noqa: PLR2004
    entered = await play.browser.post(link, headers={"Origin": play.stage.url})
    expect(entered.status_code == 303, f"the button signs in: {entered.status_code}")  # noqa: PLR2004
    again = await play.browser.post(link, headers={"Origin": play.stage.url})
    expect(again.status_code == 410, "the link works once")  # noqa: PLR2004
    today = await play.browser.get("/console")
    expect(play.meeting.id in today.text, "the meeting is on the advisor's screen")
    page = await play.browser.get(f"/console/bookings/{play.meeting.id}")
    for words in ("mevrouw De Vries", "huis op het oog in Zeist", "62.000"):
        expect(words in page.text, f"the brief has: {words}")
    printed = await play.browser.get(f"/console/bookings/{play.meeting.id}/print")
    expect(printed.status_code == 200, "the printable page")  # noqa: PLR2004
    token = str(play.meeting.intake_url).rpartition("/")[2]
    await play.client.manage(token).save_intake({"wish.amount": "410000.00"})
    changed = await play.browser.get(f"/console/bookings/{play.meeting.id}")
    expect("410.000" in changed.text and "400.000" in changed.text, "old and new amount are shown")
    brief = await play.client.bookings.brief(play.meeting.id)
    lines = [line for section in brief.sections for line in section.lines]
    expect(lines and all(line.source and line.said_at for line in lines), "every line has a source")
    return f"{len(lines)} lines, each with its source; the change since the last look is shown"


async def rate_changes(play: Play) -> str:
    """Who asked to hear of it is told in their own euros; who said stop hears nothing more."""
    counted = await play.command(
        *("rates", "publish", "--tenant", SLUG, "--product", "mortgage-annuity"),
        *("--fixed-years", "10", "--rate", "3.85", "--dry-run"),
    )
    expect(counted["would_notify"] == 2, f"two customers would be told: {counted}")  # noqa: PLR2004
    expect(not _rate_letters(play, _ANNA), "a dry run tells nobody")
    await play.command(
        *("rates", "publish", "--tenant", SLUG, "--product", "mortgage-annuity"),
        *("--fixed-years", "10", "--rate", "3.85"),
    )
    letter = await play.mail(_ANNA, "3,60", "3,85", "indicatie")
    for rate in ("3.60", "3.85"):
        amount = monthly_payment(Decimal(410000), Decimal(rate), 360, "annuity")
        words = formats.money(Money(amount=amount), "nl")
        expect(_plain(words) in _plain(letter.text), f"her own {words} a month")
    await play.mail("kim.verbeek@example.org", "3,85")
    expect(not _rate_letters(play, "emre.yilmaz@example.org"), "who did not agree hears nothing")
    brief = await play.client.bookings.brief(play.meeting.id)
    told = [line.value for section in brief.sections for line in section.lines]
    expect(any("3,85" in value for value in told), "the brief shows what she was told")

    stop = next(link for link in letter.links if "/unsubscribe/" in link)
    await play.browser.get(stop)
    expect((await _consent(play)) is True, "opening the stop link changes nothing")
    await play.browser.post(stop, data={"List-Unsubscribe": "One-Click"})
    expect((await _consent(play)) is False, "stop holds at once")
    await play.client.rates.publish(
        product="mortgage-annuity",
        fixed_years=10,
        rate="4.10",
        valid_from=play.stage.clock.now().date(),
    )
    await play.mail("kim.verbeek@example.org", "4,10")
    expect(len(_rate_letters(play, _ANNA)) == 1, "nothing after she said stop")
    return "two told in their own euros a month, one stopped and heard nothing more"


async def _consent(play: Play) -> bool:
    found = await play.client.customers.consents(play.meeting.customer)
    return found.consents[0].given


def _rate_letters(play: Play, address: str) -> list[str]:
    return [mail.subject for mail in play.mails(address) if "indicatie" in mail.text]


def _consent_boxes(page: str) -> str:
    """Return the part of the intake page that asks for consent."""
    return page.partition("rate-notices")[2].partition("</form>")[0]


def _plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")
