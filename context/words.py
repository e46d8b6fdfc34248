"""The words of this room in each language, and how to choose among them."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from babel.dates import format_date
from babel.numbers import format_decimal

from context.model import Texts
from kernel import formats
from kernel.money import Money
from kernel.people import Language

LANGUAGES: Final[tuple[Language, ...]] = ("nl", "en")
_LOCALE: Final = {"nl": "nl_NL", "en": "en_GB"}


def text(texts: Texts, language: Language) -> str:
    """Return *texts* in *language*, or else in the first language there is."""
    return texts.get(language) or next(iter(texts.values()), "")


def say(key: str, language: Language, **values: str) -> str:
    """Return one of the sentences below, filled in."""
    return WORDS[key][language].format_map(values)


def money(amount: Decimal, language: Language) -> str:
    """Return an amount in euros as people write it."""
    return formats.money(Money(amount=amount), language)


def percentage(amount: Decimal, language: Language) -> str:
    """Return a share with one decimal as people write it: ``85,7%``."""
    return f"{format_decimal(amount, '#,##0.0', locale=_LOCALE[language])}%"


def number(amount: Decimal, language: Language) -> str:
    """Return a plain number with two decimals as people write it."""
    return str(format_decimal(amount, "#,##0.00", locale=_LOCALE[language]))


def month(value: str, language: Language) -> str:
    """Return ``april 2029`` or ``April 2029`` for ``2029-04``."""
    return str(format_date(date.fromisoformat(f"{value}-01"), "MMMM y", locale=_LOCALE[language]))


def source(code: str, language: Language) -> str:
    """Return who or what a line of the brief comes from, for people."""
    return WORDS[f"source.{code}"][language]


def channel(code: str, language: Language) -> str:
    """Return the name of a channel for people; an unknown one is its own name."""
    return _named("channel", code, language)


def state(code: str, language: Language) -> str:
    """Return the state of a booking for people; an unknown one is its own name."""
    return _named("state", code, language)


def delivery(code: str, language: Language) -> str:
    """Return how a notice went for people; an unknown outcome is its own name."""
    return _named("delivery", code, language)


def purpose(code: str, language: Language) -> str:
    """Return what somebody agreed to for people; an unknown purpose is its own name."""
    return _named("consent", code, language)


def unit(code: str, language: Language) -> str:
    """Return the word for a unit; an unknown one is its own word."""
    return _named("unit", code, language)


def _named(kind: str, code: str, language: Language) -> str:
    return WORDS.get(f"{kind}.{code}", {"nl": code, "en": code})[language]


WORDS: Final[Mapping[str, dict[Language, str]]] = {
    # who said it
    "source.customer": {"nl": "opgave klant", "en": "customer's statement"},
    "source.advisor": {"nl": "adviseur", "en": "advisor"},
    "source.crm": {"nl": "klantsysteem", "en": "customer system"},
    "source.document": {"nl": "document", "en": "document"},
    "source.computed": {"nl": "berekend", "en": "computed"},
    "source.import": {"nl": "import", "en": "import"},
    "source.booking": {"nl": "afspraak", "en": "booking"},
    "source.form": {"nl": "formulier", "en": "form"},
    "source.notice": {"nl": "bericht", "en": "notice"},
    "source.consent": {"nl": "toestemming", "en": "consent"},
    "channel.web": {"nl": "website", "en": "website"},
    "channel.email": {"nl": "e-mail", "en": "e-mail"},
    "channel.video": {"nl": "videogesprek", "en": "video call"},
    "channel.phone": {"nl": "telefoon", "en": "telephone"},
    "channel.branch": {"nl": "op kantoor", "en": "at the branch"},
    "state.requested": {"nl": "aangevraagd", "en": "requested"},
    "state.confirmed": {"nl": "bevestigd", "en": "confirmed"},
    "state.cancelled": {"nl": "geannuleerd", "en": "cancelled"},
    "state.attended": {"nl": "geweest", "en": "attended"},
    "state.no-show": {"nl": "niet verschenen", "en": "did not come"},
    # the header
    "header.customer": {"nl": "Klant", "en": "Customer"},
    "header.address": {"nl": "Spreek aan als", "en": "Address as"},
    "header.greeting": {"nl": "Aanhef", "en": "Greeting"},
    "header.meeting": {"nl": "Afspraak", "en": "Meeting"},
    "header.when": {"nl": "Wanneer", "en": "When"},
    "header.where": {"nl": "Hoe en waar", "en": "How and where"},
    "header.advisor": {"nl": "Adviseur", "en": "Advisor"},
    "header.participants": {"nl": "Ook aanwezig", "en": "Also attending"},
    "header.state": {"nl": "Status", "en": "Status"},
    "header.intake": {"nl": "Vragenlijst", "en": "Questionnaire"},
    "intake.none": {"nl": "geen vragenlijst bij deze afspraak", "en": "none with this meeting"},
    "intake.untouched": {"nl": "nog niet begonnen", "en": "not started yet"},
    "intake.saved": {"nl": "begonnen, nog niet ingeleverd", "en": "started, not handed in yet"},
    "intake.submitted": {"nl": "ingeleverd", "en": "handed in"},
    # the sections
    "section.why": {"nl": "Waarom ze komen", "en": "Why they come"},
    "section.changed": {
        "nl": "Veranderd sinds u laatst keek",
        "en": "Changed since you last looked",
    },
    "section.contradictions": {"nl": "Tegenstrijdigheden", "en": "Contradictions"},
    "section.missing": {"nl": "Ontbreekt nog", "en": "Still missing"},
    "section.goal": {"nl": "Doel", "en": "Goal"},
    "section.people": {"nl": "Personen", "en": "People"},
    "section.income": {"nl": "Inkomen", "en": "Income"},
    "section.loan": {"nl": "Huidige lening", "en": "Current loan"},
    "section.property": {"nl": "Woning", "en": "Property"},
    "section.wish": {"nl": "Wens", "en": "Wish"},
    "section.other": {"nl": "Overig", "en": "Other"},
    "section.figures": {
        "nl": "Cijfers (indicatie, geen advies)",
        "en": "Figures (indication, no advice)",
    },
    "section.told": {"nl": "Aan de klant verteld", "en": "Told to the customer"},
    "section.questions": {"nl": "Vragen van de klant", "en": "The customer's questions"},
    "section.consents": {"nl": "Toestemmingen", "en": "Consents"},
    # what a line says when there is nothing to say
    "none.label": {"nl": "Stand", "en": "Status"},
    "none.why": {"nl": "nog niet verteld", "en": "not told yet"},
    "none.changed": {"nl": "niets veranderd sinds {when}", "en": "nothing changed since {when}"},
    "none.contradictions": {"nl": "geen gevonden", "en": "none found"},
    "none.missing": {"nl": "alles is beantwoord", "en": "everything is answered"},
    "none.told": {"nl": "nog geen berichten", "en": "no notices yet"},
    "none.questions": {"nl": "geen vragen opgegeven", "en": "no questions given"},
    "none.consents": {"nl": "nog niet gevraagd", "en": "not asked yet"},
    "none.figures": {
        "nl": "niet te berekenen: {what} ontbreekt",
        "en": "cannot be computed: {what} is missing",
    },
    # changes
    "changed.first.label": {"nl": "Eerste keer", "en": "First time"},
    "changed.first": {
        "nl": "u opent dit overzicht voor het eerst; alles is nieuw",
        "en": "you open this brief for the first time; everything is new",
    },
    "changed.added": {"nl": "toegevoegd", "en": "added"},
    "changed.changed": {"nl": "gewijzigd", "en": "changed"},
    "changed.withdrawn": {"nl": "ingetrokken", "en": "withdrawn"},
    "changed.nothing": {"nl": "geen antwoord", "en": "no answer"},
    # contradictions
    "contradiction.no-debt.label": {"nl": "Doel en huidige lening", "en": "Goal and current loan"},
    "contradiction.no-debt": {
        "nl": "wil oversluiten, maar geeft geen restschuld op",
        "en": "wants to remortgage, but gives no remaining debt",
    },
    "contradiction.partner.label": {"nl": "Partner en inkomen", "en": "Partner and income"},
    "contradiction.partner": {
        "nl": "geen partner, maar wel een partnerinkomen van {amount}",
        "en": "no partner, but a partner's income of {amount}",
    },
    "contradiction.loan-to-value.label": {"nl": "Lening en woningwaarde", "en": "Loan and value"},
    "contradiction.loan-to-value": {
        "nl": "lening {loan} is {percent} van de woningwaarde {value}",
        "en": "a loan of {loan} is {percent} of the property value of {value}",
    },
    "contradiction.fixed-until.label": {"nl": "Rentevaste periode", "en": "Fixed-rate period"},
    "contradiction.fixed-until": {
        "nl": "rente stond vast tot {month}, dat is voorbij",
        "en": "the rate was fixed until {month}, which is past",
    },
    "contradiction.sources.label": {
        "nl": "{field}: bronnen verschillen",
        "en": "{field}: sources differ",
    },
    "contradiction.sources": {"nl": "{one} tegenover {other}", "en": "{one} against {other}"},
    # missing
    "missing.answer": {"nl": "nog niet beantwoord", "en": "not answered yet"},
    "missing.document": {"nl": "meebrengen", "en": "to bring"},
    # figures
    "figures.now": {"nl": "Maandlast nu", "en": "Monthly payment now"},
    "figures.new": {"nl": "Maandlast nieuw", "en": "Monthly payment new"},
    "figures.wanted": {"nl": "Maandlast gewenst bedrag", "en": "Monthly payment, amount wanted"},
    "figures.difference": {"nl": "Verschil per maand", "en": "Difference a month"},
    "figures.ltv": {"nl": "Lening ten opzichte van waarde", "en": "Loan to value"},
    "figures.lti": {"nl": "Lening ten opzichte van inkomen", "en": "Loan to income"},
    "figures.indication": {"nl": "indicatie, geen advies", "en": "indication, no advice"},
    "figures.inputs": {
        "nl": "{formula}: {principal}, {rate}, {months} maanden",
        "en": "{formula}: {principal}, {rate}, {months} months",
    },
    "figures.assumed": {"nl": "looptijd aangenomen", "en": "term assumed"},
    "figures.assumed-repayment": {"nl": "aflosvorm aangenomen", "en": "repayment assumed"},
    "figures.published": {
        "nl": "gepubliceerde rente {years} jaar vast",
        "en": "published rate, fixed for {years} years",
    },
    "figures.minus": {"nl": "{new} min {old}", "en": "{new} minus {old}"},
    "figures.ratio": {"nl": "{one} gedeeld door {other}", "en": "{one} divided by {other}"},
    "formula.annuity": {"nl": "annuïteit", "en": "annuity"},
    "formula.linear": {"nl": "lineair, eerste maand", "en": "linear, first month"},
    "formula.interest-only": {"nl": "aflossingsvrij", "en": "interest-only"},
    "input.principal": {"nl": "het leenbedrag", "en": "the loan amount"},
    "input.fixed-years": {"nl": "de gewenste rentevaste periode", "en": "the fixed period wanted"},
    "input.rate": {
        "nl": "een gepubliceerde rente voor {years} jaar vast",
        "en": "a published rate fixed for {years} years",
    },
    # told
    "told.rate": {
        "nl": "rente {old} → {new}",
        "en": "rate {old} → {new}",
    },
    "told.monthly": {"nl": "maandlast {old} → {new}", "en": "monthly payment {old} → {new}"},
    "delivery.scheduled": {"nl": "nog niet verzonden", "en": "not sent yet"},
    "delivery.sent": {"nl": "verzonden", "en": "sent"},
    "delivery.failed": {"nl": "niet gelukt", "en": "failed"},
    "delivery.cancelled": {"nl": "niet verzonden", "en": "not sent"},
    "delivery.superseded": {
        "nl": "niet verzonden, er was nieuwer bericht",
        "en": "not sent, there was newer news",
    },
    "delivery.suppressed": {
        "nl": "niet verzonden, geen toestemming",
        "en": "not sent, no consent",
    },
    # consents
    "consent.rate-notices": {"nl": "Bericht bij renteverandering", "en": "Notice of rate changes"},
    "consent.given": {"nl": "ja", "en": "yes"},
    "consent.withdrawn": {"nl": "ingetrokken", "en": "withdrawn"},
    # why an answer is refused
    "refused.unknown-field": {
        "nl": "Deze vraag staat niet in het formulier.",
        "en": "The form does not ask this.",
    },
    "refused.required": {
        "nl": "Deze vraag moet nog beantwoord worden.",
        "en": "This question needs an answer.",
    },
    "refused.not-text": {"nl": "Dit moet tekst zijn.", "en": "This has to be text."},
    "refused.too-long": {
        "nl": "Dit is te lang: hoogstens {limit} tekens.",
        "en": "This is too long: at most {limit} characters.",
    },
    "refused.not-printable": {
        "nl": "Hier staan tekens in die niet getoond kunnen worden; typ het opnieuw.",
        "en": "This has characters that cannot be shown; type it again.",
    },
    "refused.bsn-refused": {
        "nl": (
            "Laat het burgerservicenummer (BSN) weg; dat mogen wij niet bewaren. "
            "Van dit antwoord is niets opgeslagen."
        ),
        "en": (
            "Please leave out the citizen service number (BSN); we may not keep it. "
            "Nothing of this answer was stored."
        ),
    },
    "refused.not-offered": {
        "nl": "Kies een van de antwoorden die er staan.",
        "en": "Choose one of the answers that are offered.",
    },
    "refused.not-yesno": {"nl": "Antwoord ja of nee.", "en": "Answer true or false."},
    "refused.not-whole": {
        "nl": "Dit moet een heel getal zijn.",
        "en": "This has to be a whole number.",
    },
    "refused.out-of-bounds": {
        "nl": "Dit moet van {minimum} tot en met {maximum} zijn.",
        "en": "This has to be from {minimum} to {maximum}.",
    },
    "refused.not-money": {
        "nl": "Schrijf een bedrag als cijfers, met hoogstens twee achter een punt: 1234.50.",
        "en": "Write an amount as digits, with at most two after a point: 1234.50.",
    },
    "refused.not-percent": {
        "nl": "Schrijf een percentage van 0 tot 100, met hoogstens twee cijfers achter een punt.",
        "en": "Write a percentage from 0 to 100, with at most two digits after a point.",
    },
    "refused.not-month": {
        "nl": "Schrijf een jaar en een maand, zoals 2029-04.",
        "en": "Write a year and a month, such as 2029-04.",
    },
    "refused.answers": {
        "nl": "Niet alle antwoorden kunnen zo worden opgeslagen; er is niets opgeslagen.",
        "en": "Not all of the answers can be kept like this; nothing was kept.",
    },
    "refused.incomplete": {
        "nl": "Het formulier kan nog niet worden ingeleverd: er ontbreken antwoorden.",
        "en": "The form cannot be handed in yet: required answers are missing.",
    },
    # values
    "yes": {"nl": "ja", "en": "yes"},
    "no": {"nl": "nee", "en": "no"},
    "unit.months": {"nl": "maanden", "en": "months"},
    "unit.years": {"nl": "jaar", "en": "years"},
}
