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
from notifications.ports import Appointment, Offered, OtherTime, Recipient
from notifications.render import TEMPLATES, Rendered, render
from tests.notifications.fakes import ANNA, KIM, NOW, PEOPLE, SITE, make_appointment

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
OFFERED = Offered(
    conflict=new_id("cnf", NOW),
    advisor_name="Sanne Visser",
    alternatives=[
        OtherTime(start=MEETING.start, advisor_name="Joost Meijer"),
        OtherTime(start=datetime(2026, 12, 1, 10, 0, tzinfo=UTC), advisor_name="Sanne Visser"),
    ],
)
FACTS: dict[Kind, Facts] = {
    "booking-requested": BookingFacts(start=MEETING.start),
    "booking-confirmed": BookingFacts(start=MEETING.start),
    "booking-rescheduled": BookingFacts(
        start=MEETING.start, previous_start=datetime(2026, 12, 2, 13, 0, tzinfo=UTC), by="advisor"
    ),
    "booking-cancelled": BookingFacts(start=MEETING.start, by="customer"),
    "booking-declined": BookingFacts(start=MEETING.start, by="advisor"),
    "booking-reassigned": BookingFacts(start=MEETING.start),
    "booking-handed-over": BookingFacts(start=MEETING.start),
    "booking-realigned": BookingFacts(
        start=MEETING.start, previous_start=datetime(2026, 12, 1, 7, 0, tzinfo=UTC)
    ),
    "booking-conflicted": BookingFacts(start=MEETING.start),
    "booking-goes-ahead": BookingFacts(start=MEETING.start),
    "invitation-declined": BookingFacts(start=MEETING.start),
    "time-proposed": BookingFacts(
        start=MEETING.start, proposed_start=datetime(2026, 12, 3, 9, 30, tzinfo=UTC)
    ),
    "rate-changed": RATE,
    "sign-in": SignInFacts(sign_in="sgn_1"),
    "calendar-trouble": TroubleFacts(account="acc_1", code="calendar-refused"),
}


def person(kind: str, language: Language, formality: Formality) -> Recipient:
    known = PEOPLE[{"customer": 0, "companion": 1, "advisor": 2}[kind]]
    return msgspec.structs.replace(known, language=language, formality=formality)


def draft(
    kind: Kind,
    recipient: Recipient,
    *,
    facts: Facts | None = None,
    appointment: Appointment = MEETING,
    offered: Offered = OFFERED,
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
            withdraw=f"{SITE}/unsubscribe/own-token" if recipient.id == KIM else None,
            sign_in=f"{SITE}/console/sign-in/token",
            console=f"{SITE}/console",
        ),
        appointment=appointment,
        offered=offered if kind == "booking-conflicted" else None,
    )


def letter(
    kind: Kind,
    language: Language = "nl",
    formality: Formality = "formal",
    *,
    to: str = "customer",
    facts: Facts | None = None,
    appointment: Appointment = MEETING,
    offered: Offered = OFFERED,
) -> Rendered:
    recipient = person(to, language, formality)
    return render(
        compose(draft(kind, recipient, facts=facts, appointment=appointment, offered=offered))
    )


TROUBLES = [
    "booking-moved",
    "calendar-read-only",
    "calendar-refused",
    "calendar-revoked",
    "collection-emptied",
    "collection-missing",
    "some-code-of-later",
]


TO_ADVISORS_ONLY: list[Kind] = [
    "sign-in",
    "calendar-trouble",
    "booking-handed-over",
    "time-proposed",
]
TO_ADVISORS: list[Kind] = [
    "booking-requested",
    "booking-confirmed",
    "booking-rescheduled",
    "booking-cancelled",
    "booking-reassigned",
    "booking-handed-over",
    "invitation-declined",
    "time-proposed",
    "sign-in",
]
TO_GUESTS: list[Kind] = [
    kind for kind in FACTS if kind.startswith("booking-") and kind != "booking-handed-over"
]
ALONG = msgspec.structs.replace(MEETING, participants=[KIM], booker="Anna de Vries")
AS_COLLEAGUE = msgspec.structs.replace(
    MEETING, advisor=new_id("adv", NOW), colleagues=[PEOPLE[2].id]
)


def every_letter(language: Language, formality: Formality) -> list[Rendered]:
    to_customer = [kind for kind in FACTS if kind not in TO_ADVISORS_ONLY]
    nothing_left = msgspec.structs.replace(OFFERED, advisor_name=None, alternatives=[])
    return [
        *(letter(kind, language, formality) for kind in to_customer),
        letter("booking-conflicted", language, formality, offered=nothing_left),
        *along(language, formality),
        *(letter(kind, language, formality, to="advisor") for kind in TO_ADVISORS),
        letter("booking-reassigned", language, formality, to="advisor", appointment=AS_COLLEAGUE),
        *(trouble(code, language, formality) for code in TROUBLES),
    ]


def along(language: Language, formality: Formality) -> list[Rendered]:
    """Return every letter to somebody who comes along."""
    ours = {kind: msgspec.structs.replace(FACTS[kind], by="advisor") for kind in TO_GUESTS}
    theirs = {kind: msgspec.structs.replace(FACTS[kind], by="customer") for kind in TO_GUESTS}
    return [
        letter(kind, language, formality, to="companion", facts=facts[kind], appointment=ALONG)
        for kind in TO_GUESTS
        for facts in (ours, theirs)
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


@pytest.mark.parametrize(("language", "formality"), FORMS)
def test_sentences_stand_apart(language: Language, formality: Formality) -> None:
    """No full stop runs into the next sentence, whichever of them a letter has."""
    for written in every_letter(language, formality):
        assert not re.search(r"[a-z0-9]\.[A-Z]", written.text + written.html), written.text


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


@pytest.mark.parametrize("kind", [kind for kind in TO_ADVISORS if kind != "sign-in"])
def test_an_advisor_reads_nothing_about_the_customer_in_a_mail(kind: Kind) -> None:
    """Only what has become of a meeting, when it is, and where to look."""
    written = letter(kind, to="advisor")

    assert "Vries" not in written.text + written.html
    assert MEETING.manage_url not in written.text
    assert "dinsdag 1 december 2026 om 09:00" in " ".join(written.text.split())
    assert f"{SITE}/console" in written.text


def test_an_advisor_reads_times_by_their_own_clock() -> None:
    """Whatever zone the customer was promised the time in."""
    abroad = msgspec.structs.replace(MEETING, timezone="America/New_York")
    sanne = msgspec.structs.replace(person("advisor", "en", "formal"), timezone="Europe/Amsterdam")

    text = render(compose(draft("booking-requested", sanne, appointment=abroad))).text

    assert "on Tuesday 1 December 2026 at 09:00" in text


def test_a_refused_request_leads_to_another_time_and_to_a_person() -> None:
    """With an apology, the booking page and the telephone."""
    text = " ".join(letter("booking-declined").text.split())

    assert "kan op dit moment helaas niet doorgaan" in text
    assert "excuses" in text
    assert f"{SITE}/book/demobank" in text
    assert "Bel 030 123 45 67." in text


def test_a_meeting_with_somebody_else_is_at_the_same_time_and_asks_for_nothing() -> None:
    """Who it is with now, that nothing need be done, and where a person answers."""
    handed = msgspec.structs.replace(MEETING, advisor_name="Joost Meijer")
    written = letter("booking-reassigned", appointment=handed)
    text = " ".join(written.text.split())

    assert written.subject.endswith("is met Joost Meijer")
    assert "op hetzelfde moment, nu met Joost Meijer. U hoeft niets te doen" in text
    assert "Wanneer: dinsdag 1 december 2026 om 09:00" in text
    assert "Bel 030 123 45 67." in text


def test_who_is_asked_to_come_along_is_told_so() -> None:
    """The new advisor has the meeting; a colleague is there too."""
    own = " ".join(letter("booking-reassigned", to="advisor").text.split())
    along = " ".join(
        letter("booking-reassigned", to="advisor", appointment=AS_COLLEAGUE).text.split()
    )

    assert "is nu voor u." in own
    assert "als collega" not in own
    assert "waar u nu als collega bij bent." in along


def test_what_was_handed_over_is_told_by_the_time_that_it_had() -> None:
    """Where the meeting has gone since is no business of who had it."""
    moved = msgspec.structs.replace(MEETING, start=datetime(2026, 12, 4, 9, 0, tzinfo=UTC))

    text = letter("booking-handed-over", to="advisor", appointment=moved).text

    assert "dinsdag 1 december 2026 om 09:00" in text


def test_new_rules_of_a_zone_leave_the_time_on_the_clock() -> None:
    """The letter names that time and the calendar entry, and no other time."""
    written = letter("booking-realigned")
    text = " ".join(written.text.split())

    assert "blijft op dinsdag 1 december 2026 om 09:00" in written.subject
    assert "Op de klok blijft de tijd van uw afspraak dezelfde." in text
    assert "08:00" not in text


def test_a_meeting_that_cannot_be_comes_with_other_times_and_one_button() -> None:
    """In whose calendar, never why; each time with whom; the button only opens the page."""
    written = letter("booking-conflicted")
    text = " ".join(written.text.split())

    assert (
        "Door een wijziging in de agenda van Sanne Visser kan uw afspraak op dinsdag 1 december "
        "2026 om 09:00 niet doorgaan zoals afgesproken."
    ) in text
    assert "- dinsdag 1 december 2026 om 09:00 met Joost Meijer" in text
    assert "- dinsdag 1 december 2026 om 11:00 met Sanne Visser" in text
    assert re.findall(r'href="([^"]*)"', written.html) == [MEETING.manage_url]
    assert "Bel 030 123 45 67." in text


def test_a_meeting_that_no_calendar_displaced_blames_none() -> None:
    """New rules of a zone can do that too; with nothing to offer, somebody helps to look."""
    bare = msgspec.structs.replace(OFFERED, advisor_name=None, alternatives=[])

    text = " ".join(letter("booking-conflicted", "en", offered=bare).text.split())

    assert "calendar" not in text
    assert "call us and we will look for one together" in text
    assert MEETING.manage_url in text


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


# --- to whoever comes along ----------------------------------------------------------------------


@pytest.mark.parametrize(("language", "formality"), FORMS)
def test_who_comes_along_gets_no_link_of_the_customer(
    language: Language, formality: Formality
) -> None:
    """Neither the manage nor the intake link, in text or HTML, in any letter."""
    for written in along(language, formality):
        assert re.findall(r"https?://\S+", written.text) == [f"{SITE}/unsubscribe/own-token"]
        assert "token-of-the" not in written.text + written.html

    # The customer's own letters do have them: there is something to leave out.
    mine = " ".join(letter(kind, language, formality).text for kind in TO_GUESTS)
    assert MEETING.manage_url in mine
    assert str(MEETING.intake_url) in mine


def test_who_comes_along_reads_whose_meeting_it_is() -> None:
    """By their own name, in their own form of address; asked to tell the customer, not us."""
    written = letter("booking-confirmed", to="companion", appointment=ALONG)
    text = " ".join(written.text.split())

    assert text.startswith("Beste Kim Verbeek, U bent genoemd als deelnemer aan een afspraak van ")
    assert "een afspraak van Anna de Vries. Die staat vast. De uitnodiging voor uw agenda" in text
    assert "Laat dat dan weten aan Anna de Vries, die de afspraak kan wijzigen" in text
    assert "Wanneer: dinsdag 1 december 2026 om 09:00 (tot 10:00)" in text
    english = letter("booking-confirmed", "en", "informal", to="companion", appointment=ALONG)
    assert english.text.startswith("Dear Kim,")
    assert "an appointment of Anna de Vries. It is confirmed." in " ".join(english.text.split())


def test_a_request_is_theirs_who_asked() -> None:
    """Who comes along asked for nothing, and is told who did."""
    written = letter("booking-requested", to="companion", appointment=ALONG)
    declined = letter("booking-declined", "en", to="companion", appointment=ALONG)

    assert written.subject.startswith("De aanvraag voor ")
    assert "aangevraagd door Anna de Vries" in " ".join(written.text.split())
    assert declined.subject.startswith("The request for ")
    assert "that Anna de Vries asked for" in " ".join(declined.text.split())


def test_only_the_customer_chooses_another_time() -> None:
    """Who comes along is offered none, and reads who was asked to choose."""
    theirs = " ".join(letter("booking-conflicted", to="companion", appointment=ALONG).text.split())
    mine = " ".join(letter("booking-conflicted", appointment=ALONG).text.split())

    assert "Wij hebben Anna de Vries gevraagd een ander moment te kiezen." in theirs
    assert "om 11:00" not in theirs
    assert "Joost" not in theirs
    assert "om 11:00 met Sanne Visser" in mine
    assert "gevraagd een ander moment" not in mine


def test_who_comes_along_is_not_told_that_they_cancelled() -> None:
    """What the customer called off says so; what we called off says that we are sorry."""
    theirs = letter("booking-cancelled", to="companion", appointment=ALONG).text
    ours = BookingFacts(start=MEETING.start, by="advisor")
    sorry = letter("booking-cancelled", to="companion", appointment=ALONG, facts=ours).text

    assert "Deze afspraak is afgezegd door Anna de Vries." in theirs
    assert "U heeft" not in theirs
    assert "kan helaas niet doorgaan" in sorry


def test_a_customer_who_is_gone_is_named_to_nobody() -> None:
    """Letters to who comes along stay whole sentences without the name."""
    gone = msgspec.structs.replace(ALONG, booker=None)

    dutch = letter("booking-conflicted", to="companion", appointment=gone).text
    english = letter("booking-cancelled", "en", to="companion", appointment=gone).text

    assert "Wij hebben onze klant gevraagd" in dutch
    assert "This appointment was cancelled by our customer." in english
    assert "None" not in dutch + english


def test_the_name_of_the_customer_stays_text() -> None:
    """Markup and braces in it are shown to who comes along, not run."""
    sly = msgspec.structs.replace(ALONG, booker="<b>{{ 7 * 7 }}</b>")

    written = letter("booking-confirmed", to="companion", appointment=sly)

    assert "&lt;b&gt;{{ 7 * 7 }}&lt;/b&gt;" in written.html
    assert "<b>{{ 7 * 7 }}</b>" in written.text


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
    declined = notice("booking-declined")
    assert itip_method(declined, [requested]) is None
    assert itip_method(declined, [requested, notice("booking-reassigned")]) == "CANCEL"
    assert itip_method(notice("booking-reassigned"), [confirmed]) == "REQUEST"
    assert itip_method(notice("booking-realigned"), [confirmed]) == "REQUEST"
    assert itip_method(notice("booking-conflicted"), [confirmed]) is None
    assert itip_method(notice("booking-cancelled", PEOPLE[2].id), [confirmed]) is None
    assert itip_method(notice("booking-requested", PEOPLE[2].id), []) is None


def test_whoever_declines_is_asked_and_nothing_is_cancelled() -> None:
    """The customer gets the link that cancels or moves; the advisor only their own page."""
    asked = letter("invitation-declined")
    told = letter("invitation-declined", to="advisor")

    assert MEETING.manage_url in asked.text
    assert "niet afgezegd" in asked.text
    assert MEETING.manage_url not in told.text
    assert f"{SITE}/console" in told.text


def test_a_proposed_time_is_told_to_the_advisor_by_their_clock() -> None:
    """Both times stand in the letter, and that nothing has been changed."""
    text = letter("time-proposed", "nl", "informal", to="advisor").text.replace("\n", " ")

    assert "donderdag 3 december 2026 om 10:30" in text
    assert "dinsdag 1 december 2026 om 09:00" in text
    assert "Er is niets gewijzigd." in text
