"""What letters say, in every language and form of address."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from kernel.ids import new_id
from kernel.people import Formality, Language, PersonName
from kernel.tenancy import Tenant, TenantSettings
from notifications.compose import Draft, Links, compose, itip_method, salutation
from notifications.model import (
    BookingFacts,
    Facts,
    Kind,
    Notice,
    RateFacts,
    SignInFacts,
    TroubleFacts,
)
from notifications.ports import Appointment, Recipient
from notifications.render import TEMPLATES, Rendered, render
from tests.notifications.fakes import ANNA, NOW, PEOPLE, SITE, make_appointment

FORMS: list[tuple[Language, Formality]] = [
    ("nl", "formal"),
    ("nl", "informal"),
    ("en", "formal"),
    ("en", "informal"),
]
FAMILIAR = re.compile(r"\b(je|jij|jou|jouw|jullie)\b", re.IGNORECASE)
POLITE = re.compile(r"\b(u|uw|uzelf)\b", re.IGNORECASE)

MEETING = make_appointment()
TENANT = Tenant(
    id=new_id("ten", NOW),
    slug="demobank",
    name="Demobank",
    settings=TenantSettings(phone="030 123 45 67"),
)
RATE = RateFacts(
    product="mortgage-annuity",
    fixed_years=10,
    valid_from=datetime(2026, 12, 1, tzinfo=UTC).date(),
    old_rate=Decimal("3.60"),
    new_rate=Decimal("3.85"),
    principal=Decimal(310_000),
    months=360,
    repayment="annuity",
    old_monthly=Decimal("1409.40"),
    new_monthly=Decimal("1453.30"),
    difference=Decimal("43.90"),
    as_of=NOW,
)
FACTS: dict[Kind, Facts] = {
    "booking-requested": BookingFacts(start=MEETING.start),
    "booking-confirmed": BookingFacts(start=MEETING.start),
    "booking-rescheduled": BookingFacts(
        start=MEETING.start, previous_start=datetime(2026, 12, 2, 13, 0, tzinfo=UTC), by="advisor"
    ),
    "booking-cancelled": BookingFacts(start=MEETING.start, by="customer"),
    "rate-changed": RATE,
    "sign-in": SignInFacts(sign_in="sgn_1"),
    "calendar-trouble": TroubleFacts(account="acc_1", code="calendar-refused"),
}


def person(kind: str, language: Language, formality: Formality) -> Recipient:
    known = PEOPLE[0] if kind == "customer" else PEOPLE[2]
    return msgspec.structs.replace(known, language=language, formality=formality)


def draft(
    kind: Kind,
    recipient: Recipient,
    *,
    facts: Facts | None = None,
    appointment: Appointment = MEETING,
) -> Draft:
    return Draft(
        notice=Notice(
            id=new_id("ntc", NOW),
            recipient=recipient.id,
            kind=kind,
            purpose=None,
            consent=None,
            booking=None,
            sequence=None,
            rate=None,
            facts=facts or FACTS[kind],
            created_at=NOW,
            delivery=new_id("dlv", NOW),
            channel="email",
            state="scheduled",
            sent_at=None,
            language=None,
            formality=None,
            subject=None,
            text=None,
            error=None,
        ),
        tenant=TENANT,
        recipient=recipient,
        links=Links(
            book=f"{SITE}/book/demobank",
            stop=f"{SITE}/unsubscribe/token",
            sign_in=f"{SITE}/console/sign-in/token",
            console=f"{SITE}/console",
        ),
        appointment=appointment,
    )


def letter(
    kind: Kind,
    language: Language = "nl",
    formality: Formality = "formal",
    *,
    to: str = "customer",
    facts: Facts | None = None,
    appointment: Appointment = MEETING,
) -> Rendered:
    recipient = person(to, language, formality)
    return render(compose(draft(kind, recipient, facts=facts, appointment=appointment)))


TROUBLES = [
    "booking-moved",
    "calendar-read-only",
    "calendar-refused",
    "collection-emptied",
    "collection-missing",
    "some-code-of-later",
]


def every_letter(language: Language, formality: Formality) -> list[Rendered]:
    to_customer = [kind for kind in FACTS if kind not in ("sign-in", "calendar-trouble")]
    to_advisor: list[Kind] = ["booking-requested", "sign-in"]
    return [
        *(letter(kind, language, formality) for kind in to_customer),
        *(letter(kind, language, formality, to="advisor") for kind in to_advisor),
        *(trouble(code, language, formality) for code in TROUBLES),
    ]


def trouble(code: str, language: Language = "nl", formality: Formality = "formal") -> Rendered:
    facts = TroubleFacts(account="acc_1", code=code)
    return letter("calendar-trouble", language, formality, to="advisor", facts=facts)


def test_the_samples_cover_every_kind_of_notice() -> None:
    """A new kind must be added to these samples."""
    assert set(FACTS) == set(get_args(Kind))


@pytest.mark.parametrize(("language", "formality"), FORMS)
def test_the_html_says_what_the_text_says(language: Language, formality: Formality) -> None:
    """Every word, amount and link of the text stands in the HTML."""
    for written in every_letter(language, formality):
        words = re.sub(r"<style.*?</style>|<head>.*?</head>", "", written.html, flags=re.DOTALL)
        for line in written.text.splitlines():
            for word in line.split():
                assert word.rstrip(":") in words, (word, written.subject)


@pytest.mark.parametrize(("language", "formality"), FORMS)
def test_nothing_is_fetched_and_nobody_is_followed(
    language: Language, formality: Formality
) -> None:
    """No image, no script, no stylesheet from elsewhere; links lead to our own site."""
    for written in every_letter(language, formality):
        assert not re.search(r"<img|<script|<link|url\(|@import|src=", written.html)
        links = re.findall(r'href="([^"]*)"', written.html)
        assert links
        assert all(link.startswith(SITE) for link in links)
        assert set(re.findall(r"https?://\S+", written.text)) == set(links)


def test_formal_dutch_says_u_and_informal_dutch_says_je() -> None:
    """The two are never mixed, in what is sent and in what could be."""
    for written in every_letter("nl", "formal"):
        assert not FAMILIAR.search(written.text + written.subject), written.text
    for written in every_letter("nl", "informal"):
        assert not POLITE.search(written.text + written.subject), written.text

    def sources(folder: str) -> str:
        texts = [path.read_text() for path in sorted((TEMPLATES / folder).glob("*.jinja"))]
        return re.sub(r"{%(?!\s*(if|elif|else)).*?%}", "", "\n".join(texts))

    assert not FAMILIAR.search(sources("nl/formal"))
    assert not POLITE.search(sources("nl/informal"))
    assert not FAMILIAR.search(sources("nl"))
    assert not POLITE.search(sources("nl"))
    # The lint itself bites.
    assert POLITE.search(sources("nl/formal"))
    assert FAMILIAR.search(sources("nl/informal"))


def test_both_forms_of_dutch_have_the_same_letters() -> None:
    """Nobody gets no letter because of how they want to be addressed."""

    def names(folder: str) -> set[str]:
        return {path.name for path in Path(TEMPLATES / folder).glob("*.jinja")} - {"words.jinja"}

    assert names("nl/formal") == names("nl/informal") == names("en")


@pytest.mark.parametrize(
    ("name", "language", "formality", "expected"),
    [
        (PersonName(given="Anna", prefix="de", surname="Vries", honorific="mrs"), "nl", "formal",
         "Geachte mevrouw De Vries,"),
        (PersonName(given="Kim", surname="Verbeek"), "nl", "formal", "Beste Kim Verbeek,"),
        (PersonName(given="Kim", surname="Verbeek"), "nl", "informal", "Beste Kim,"),
        (PersonName(given="Bram", surname="Bakker", honorific="mr"), "en", "formal",
         "Dear Mr Bakker,"),
    ],
)  # fmt: skip
def test_a_letter_opens_with_the_right_salutation(
    name: PersonName, language: Language, formality: Formality, expected: str
) -> None:
    """Surname with its prefix where gender was given, the full name where it was not."""
    recipient = msgspec.structs.replace(
        PEOPLE[0], name=name, language=language, formality=formality
    )

    written = render(compose(draft("booking-confirmed", recipient)))

    assert written.text.splitlines()[0] == expected
    assert f">{expected}<" in written.html


def test_somebody_known_by_one_name_only_is_greeted_by_it() -> None:
    """An advisor's name is one block."""
    assert salutation(PEOPLE[2]) == "Beste Sanne Visser"


def test_a_confirmation_says_when_with_whom_how_and_what_to_do_next() -> None:
    """Time, advisor, channel, both links, and where a person answers."""
    text = letter("booking-confirmed").text

    assert "Wanneer: dinsdag 1 december 2026 om 09:00 (tot 10:00)" in text
    assert "Met: Sanne Visser" in text
    assert "Hoe: Videogesprek" in text
    assert MEETING.manage_url in text
    assert str(MEETING.intake_url) in text
    assert "Bel 030 123 45 67." in text


def test_without_a_form_nothing_is_asked_beforehand() -> None:
    """No empty button."""
    plain = msgspec.structs.replace(MEETING, intake_url=None, phone=None)

    text = letter("booking-confirmed", appointment=plain).text

    assert "voorbereiden" not in text
    assert "Bel" not in text
    assert "None" not in text


def test_a_meeting_at_a_branch_says_where_that_is() -> None:
    """With name and address."""
    branch = msgspec.structs.replace(
        MEETING, channel="branch", location_name="Utrecht", location_address="Neude 1, Utrecht"
    )

    text = letter("booking-confirmed", "en", appointment=branch).text

    assert "How: At our office" in text
    assert "Where: Utrecht, Neude 1, Utrecht" in text


def test_a_time_in_another_zone_says_so_in_words() -> None:
    """A customer in New York reads their own time, and that it is that."""
    abroad = msgspec.structs.replace(MEETING, timezone="America/New_York")

    dutch = letter("booking-confirmed", appointment=abroad).text
    english = letter("booking-confirmed", "en", appointment=abroad).text

    assert "dinsdag 1 december 2026 om 03:00 (tot 04:00) (tijd in New York)" in dutch
    assert "Tuesday 1 December 2026 at 03:00 (until 04:00) (New York time)" in english
    assert "tijd in" not in letter("booking-confirmed").text


def test_a_moved_meeting_names_the_old_time_and_who_moved_it() -> None:
    """Somebody whose advisor moved it is told so."""
    text = " ".join(letter("booking-rescheduled").text.split())

    assert "Wij hebben uw afspraak moeten verzetten." in text
    assert "Eerst was dit woensdag 2 december 2026 om 14:00." in text


def test_a_cancellation_apologises_only_for_what_we_did() -> None:
    """Somebody who cancelled themselves is not told that we are sorry."""
    theirs = letter("booking-cancelled").text
    ours = letter("booking-cancelled", facts=BookingFacts(start=MEETING.start, by="calendar")).text

    assert "U heeft deze afspraak afgezegd." in theirs
    assert "excuses" not in theirs
    assert "kan helaas niet doorgaan" in ours
    assert f"{SITE}/book/demobank" in ours


def test_an_advisor_reads_nothing_about_the_customer_in_a_mail() -> None:
    """Only that there is a request, when, and where to decide."""
    written = letter("booking-requested", to="advisor")

    assert "Vries" not in written.text + written.html
    assert "dinsdag 1 december 2026 om 09:00" in written.text
    assert f"{SITE}/console" in written.text


def test_each_trouble_with_a_calendar_is_told_in_its_own_words() -> None:
    """Also one that nobody has thought of yet."""
    assert len({trouble(code).text for code in TROUBLES}) == len(TROUBLES)


def test_a_rate_letter_shows_both_amounts_what_they_rest_on_and_how_to_stop() -> None:
    """Old, new, difference; from which figures and as of when; an indication, not advice."""
    written = letter("rate-changed")
    text = " ".join(written.text.replace("\u00a0", " ").split())

    assert written.subject == "De rente ging van 3,60% naar 3,85%: wat dat voor u betekent"
    assert "Vanaf dinsdag 1 december 2026 is onze rente voor een annuïteitenhypotheek" in text
    assert "met 10 jaar vast 3,85%. Eerst was dat 3,60%." in text
    assert "Per maand bij 3,60%: € 1.409,40" in text
    assert "Per maand bij 3,85%: € 1.453,30" in text
    assert "Verschil per maand: € 43,90 meer" in text
    assert "Berekend op maandag 30 november 2026 om 09:00 uit uw eigen gegevens" in text
    assert "€ 310.000,00 in 30 jaar" in text
    assert "Dit is een indicatie, geen advies." in text
    assert f"{SITE}/unsubscribe/token" in text
    assert f"{SITE}/book/demobank" in text


def test_a_lower_rate_is_less_and_a_month_that_is_no_year_stays_months() -> None:
    """In English, for somebody who repays in 125 months."""
    lower = msgspec.structs.replace(
        RATE, difference=Decimal("-43.90"), months=125, repayment="linear"
    )

    text = " ".join(letter("rate-changed", "en", facts=lower).text.split())

    assert "€43.90 less" in text
    assert "over 125 months" in text
    assert "for the first month" in text
    assert "This is an indication, not advice." in text


def test_what_people_write_stays_text_in_html() -> None:
    """A name with markup in it is shown, not run."""
    sly = msgspec.structs.replace(
        PEOPLE[1], name=PersonName(given="<script>alert(1)</script>", surname="& Co")
    )

    html = render(compose(draft("booking-confirmed", sly))).html

    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co" in html


def test_what_people_write_is_no_template() -> None:
    """Braces in a name stay braces."""
    sly = msgspec.structs.replace(
        PEOPLE[1], name=PersonName(given="{{ 7 * 7 }}", surname="{% raw %}")
    )

    text = render(compose(draft("booking-confirmed", sly))).text

    assert text.startswith("Dear {{ 7 * 7 }} {% raw %},")


def test_only_a_promise_to_a_customer_touches_their_calendar() -> None:
    """A request invites nobody; a cancellation takes back only what was sent or may have been."""

    def notice(kind: Kind, recipient: str = ANNA) -> Notice:
        return msgspec.structs.replace(draft(kind, PEOPLE[0]).notice, recipient=recipient)

    confirmed, requested = notice("booking-confirmed"), notice("booking-requested")
    cancelled = notice("booking-cancelled")

    assert itip_method(confirmed, []) == "REQUEST"
    assert itip_method(requested, []) is None
    assert itip_method(cancelled, [requested]) is None
    assert itip_method(cancelled, [requested, confirmed]) == "CANCEL"
    assert itip_method(notice("booking-requested", PEOPLE[2].id), []) is None
