"""The words of the advisor's screen, in each language it is offered in."""

from collections.abc import Mapping
from typing import Final

from kernel.people import Language

LANGUAGES: Final[Mapping[Language, str]] = {"nl": "Nederlands", "en": "English"}
"""Each language by its own name."""


def say(key: str, language: Language, **values: object) -> str:
    """Return one of the texts below, filled in.

    A text with a ``count`` has a second form, under the key with ``.one``, for exactly one.
    """
    if values.get("count") == 1:
        key = f"{key}.one" if f"{key}.one" in WORDS else key
    return WORDS[key][language].format_map(values)


WORDS: Final[Mapping[str, Mapping[Language, str]]] = {
    # every page
    "console": {"nl": "Adviseursscherm", "en": "Advisor's screen"},
    "navigation": {"nl": "Hoofdmenu", "en": "Main menu"},
    "sign-out": {"nl": "Afmelden", "en": "Sign out"},
    # signing in
    "sign-in.title": {"nl": "Aanmelden", "en": "Sign in"},
    "sign-in.intro": {
        "nl": "Vul uw e-mailadres in. U krijgt een mail met een link waarmee u zich aanmeldt.",
        "en": "Enter your e-mail address. You will get a mail with a link that signs you in.",
    },
    "sign-in.email": {"nl": "E-mailadres", "en": "E-mail address"},
    "sign-in.send": {"nl": "Stuur mij een link", "en": "Send me a link"},
    "sign-in.required": {
        "nl": "Meld u aan om verder te gaan. Een sessie eindigt na een half uur zonder gebruik.",
        "en": "Sign in to go on. A session ends after half an hour without use.",
    },
    "sign-in.signed-out": {"nl": "U bent afgemeld.", "en": "You are signed out."},
    "sent.title": {"nl": "Kijk in uw mail", "en": "Look in your mail"},
    "sent.text": {
        "nl": "Als dit het adres van een adviseur is, is er nu een mail onderweg. De link erin "
        "werkt één keer, tot {minutes} minuten na nu.",
        "en": "If this is an advisor's address, a mail is on its way now. Its link works once, "
        "for the next {minutes} minutes.",
    },
    "sent.nothing": {
        "nl": "Geen mail gekregen? Controleer het adres en vraag een nieuwe link aan.",
        "en": "No mail? Check the address and ask for a new link.",
    },
    "organisation.title": {"nl": "Bij welke organisatie?", "en": "Which organisation?"},
    "organisation.intro": {
        "nl": "Vul de naam van uw organisatie in zoals die in het webadres staat.",
        "en": "Enter your organisation's name as it stands in the web address.",
    },
    "organisation.label": {"nl": "Organisatie", "en": "Organisation"},
    "organisation.hint": {"nl": "Bijvoorbeeld: demobank", "en": "For example: demobank"},
    "organisation.unknown": {
        "nl": "Er is geen organisatie met de naam “{slug}”. Controleer de spelling.",
        "en": "There is no organisation called “{slug}”. Check the spelling.",
    },
    "organisation.next": {"nl": "Verder", "en": "Continue"},
    "finish.title": {"nl": "Aanmelden afronden", "en": "Finish signing in"},
    "finish.text": {
        "nl": "U bent er bijna. Druk op de knop om u op dit apparaat aan te melden.",
        "en": "Almost there. Press the button to sign in on this device.",
    },
    "finish.button": {"nl": "Meld mij aan", "en": "Sign me in"},
    "ended.title": {"nl": "Deze link werkt niet meer", "en": "This link no longer works"},
    "ended.text": {
        "nl": "Een aanmeldlink werkt één keer en {minutes} minuten lang. Deze is gebruikt, te oud "
        "of niet compleet.",
        "en": "A sign-in link works once, for {minutes} minutes. This one was used, is too old, "
        "or is not complete.",
    },
    "ended.again": {"nl": "Vraag een nieuwe link aan", "en": "Ask for a new link"},
    # today
    "today.title": {"nl": "Vandaag", "en": "Today"},
    "today.none": {
        "nl": "Geen afspraken vandaag.",
        "en": "No meetings today.",
    },
    "later.title": {"nl": "Komende dagen", "en": "Coming days"},
    "later.none": {
        "nl": "Geen afspraken in de komende {days} dagen.",
        "en": "No meetings in the next {days} days.",
    },
    "tomorrow": {"nl": "Morgen", "en": "Tomorrow"},
    "day.zone": {"nl": "Tijden in {zone}", "en": "Times in {zone}"},
    "meetings": {"nl": "{count} afspraken", "en": "{count} meetings"},
    "meetings.one": {"nl": "1 afspraak", "en": "1 meeting"},
    "prepared.ready": {"nl": "voorbereid", "en": "prepared"},
    "prepared.missing": {"nl": "{count} ontbreken", "en": "{count} missing"},
    "prepared.missing.one": {"nl": "1 ontbreekt", "en": "1 missing"},
    "prepared.untouched": {"nl": "nog niet begonnen", "en": "not started"},
    "prepared.none": {"nl": "geen vragenlijst", "en": "no questionnaire"},
    # waiting for action
    "waiting.title": {"nl": "Wacht op u", "en": "Waiting for you"},
    "waiting.none": {"nl": "Niets. Alles loopt.", "en": "Nothing. All is well."},
    "requested.text": {
        "nl": "Aangevraagd. De klant wacht op uw bevestiging.",
        "en": "Requested. The customer is waiting for your word.",
    },
    "confirm": {"nl": "Bevestigen", "en": "Confirm"},
    "confirm.which": {"nl": "Bevestig de afspraak met {name}", "en": "Confirm {name}'s meeting"},
    "confirmed": {"nl": "De afspraak is bevestigd.", "en": "The meeting is confirmed."},
    "decline": {"nl": "Afwijzen", "en": "Decline"},
    "decline.reason": {"nl": "Reden (niet verplicht)", "en": "Reason (optional)"},
    "decline.which": {"nl": "Wijs de aanvraag van {name} af", "en": "Decline {name}'s request"},
    "declined": {
        "nl": "De aanvraag is afgewezen. De klant krijgt bericht.",
        "en": "The request is declined. The customer will be told.",
    },
    "begun.text": {
        "nl": "Is dit gesprek doorgegaan?",
        "en": "Did this meeting take place?",
    },
    "attended": {"nl": "Doorgegaan", "en": "It did"},
    "attended.which": {
        "nl": "Het gesprek met {name} is doorgegaan",
        "en": "The meeting with {name} took place",
    },
    "no-show": {"nl": "Niet verschenen", "en": "Did not come"},
    "no-show.which": {"nl": "{name} is niet verschenen", "en": "{name} did not come"},
    "recorded": {"nl": "Dat is vastgelegd.", "en": "That is on record."},
    # what a calendar has taken
    "displaced.title": {"nl": "Tijd bezet geraakt", "en": "Time taken"},
    "displaced.calendar": {
        "nl": "Deze tijd is bezet in uw eigen agenda.",
        "en": "This time is taken in your own calendar.",
    },
    "displaced.zone": {
        "nl": "Door nieuwe regels van de tijdzone kan dit gesprek niet op deze tijd.",
        "en": "New rules of the time zone keep this meeting from its time.",
    },
    "displaced.offered": {
        "nl": "De klant kan kiezen uit:",
        "en": "The customer can choose from:",
    },
    "displaced.nothing": {
        "nl": "Er was niets om aan te bieden; de klant is gevraagd te bellen of zelf te kiezen.",
        "en": "There was nothing to offer; the customer was asked to call or to choose a time.",
    },
    "displaced.soon": {
        "nl": "De klant krijgt straks andere tijden aangeboden.",
        "en": "The customer will be offered other times soon.",
    },
    "keep": {"nl": "Gaat door zoals afgesproken", "en": "Goes on as planned"},
    "keep.which": {
        "nl": "Het gesprek met {name} gaat door zoals afgesproken",
        "en": "The meeting with {name} goes on as planned",
    },
    "kept": {
        "nl": "Het gesprek gaat door zoals afgesproken.",
        "en": "The meeting goes on as planned.",
    },
    "synced": {"nl": "De agenda is bijgewerkt.", "en": "The calendar is up to date."},
    "sync-failed": {
        "nl": "Het bijwerken is niet gelukt; onder Wacht op u staat wat er mis is.",
        "en": "Updating did not work; what is wrong stands under Waiting for you.",
    },
    # calendars
    "calendars.title": {"nl": "Uw agenda's", "en": "Your calendars"},
    "calendars.none": {
        "nl": "Er is geen agenda gekoppeld. Alleen uw werktijden en afspraken tellen mee.",
        "en": "No calendar is connected. Only your hours and meetings count.",
    },
    "calendar.read": {"nl": "bijgewerkt {age}", "en": "updated {age}"},
    "calendar.just-now": {"nl": "zojuist", "en": "just now"},
    "calendar.never": {"nl": "nog nooit gelezen", "en": "never read yet"},
    "calendar.stale": {
        "nl": "Lang niet gelezen. Nieuwe afspraken wachten op uw bevestiging.",
        "en": "Not read for long. New bookings wait for your word.",
    },
    "calendar.troubled": {
        "nl": "{count} items zijn onleesbaar; hun tijden blijven bezet.",
        "en": "{count} items cannot be read; their times stay closed.",
    },
    "calendar.troubled.one": {
        "nl": "1 item is onleesbaar; die tijd blijft bezet.",
        "en": "1 item cannot be read; its time stays closed.",
    },
    "calendar.degraded": {
        "nl": "De agenda antwoordt niet goed. De laatst bekende tijden blijven bezet.",
        "en": "The calendar does not answer well. The last known times stay closed.",
    },
    "calendar.auth-failed": {
        "nl": "De agenda weigert het wachtwoord. Laat de koppeling vernieuwen.",
        "en": "The calendar refuses the password. Have the connection renewed.",
    },
    "calendar.missing": {
        "nl": "De agenda is verdwenen. Laat de koppeling vernieuwen.",
        "en": "The calendar is gone. Have the connection renewed.",
    },
    "calendar.target": {"nl": "afspraken komen hierin", "en": "meetings go in here"},
    "sync": {"nl": "Nu bijwerken", "en": "Update now"},
    "sync.which": {"nl": "Werk {name} nu bij", "en": "Update {name} now"},
    # the brief
    "brief.back": {"nl": "Terug naar vandaag", "en": "Back to today"},
    "brief.print": {"nl": "Afdrukken", "en": "Print"},
    "brief.screen": {"nl": "Terug naar het overzicht", "en": "Back to the brief"},
    "brief.address": {"nl": "Spreek aan als", "en": "Address as"},
    "brief.greeting": {"nl": "Aanhef in brieven", "en": "Opening of a letter"},
    "brief.stand-in": {
        "nl": "Dit is een afspraak van {name}. Dat u dit overzicht hebt geopend, is vastgelegd.",
        "en": "This is {name}'s meeting. It is on record that you opened this brief.",
    },
    "brief.why": {"nl": "Toegewezen:", "en": "Assigned:"},
    "reply.accepted": {"nl": "{who} komt.", "en": "{who} is coming."},
    "reply.tentative": {"nl": "{who} komt misschien.", "en": "{who} may come."},
    "reply.declined": {
        "nl": "{who} heeft de uitnodiging afgeslagen; de afspraak staat nog.",
        "en": "{who} declined the invitation; the meeting still stands.",
    },
    "reply.proposed": {
        "nl": "{who} stelt {when} voor; er is niets gewijzigd.",
        "en": "{who} proposes {when}; nothing has been changed.",
    },
    "brief.attention": {"nl": "Waar u op let", "en": "What to look out for"},
    "brief.documents": {"nl": "Mee te brengen", "en": "To bring"},
    "brief.source": {"nl": "Bron", "en": "Source"},
    "brief.footer": {
        "nl": "Stand van {when}. Alle berekeningen zijn een indicatie, geen advies.",
        "en": "As of {when}. All figures are an indication, no advice.",
    },
    # when something is wrong
    "error.not-found.title": {"nl": "Niet gevonden", "en": "Not found"},
    "error.not-found.text": {
        "nl": "Deze pagina bestaat niet, of hoort niet bij uw organisatie.",
        "en": "There is no such page, or it is not your organisation's.",
    },
    "error.foreign.title": {"nl": "Dit is niet gedaan", "en": "This was not done"},
    "error.foreign.text": {
        "nl": "De opdracht kwam niet van dit scherm. Open {address} en probeer het daar.",
        "en": "The request did not come from this screen. Open {address} and try it there.",
    },
    "error.conflict.title": {"nl": "Dit kan niet meer", "en": "This can no longer be done"},
    "error.conflict.text": {
        "nl": "De afspraak is intussen veranderd. Kijk hoe die er nu voor staat.",
        "en": "The meeting has changed meanwhile. Look at how it stands now.",
    },
    "error.other.title": {"nl": "Dit is niet gelukt", "en": "This did not work"},
    "error.other.text": {
        "nl": "Er is niets veranderd. Probeer het opnieuw; blijft het zo, noem dan {request}.",
        "en": "Nothing was changed. Try again; if it stays like this, mention {request}.",
    },
    "error.home": {"nl": "Naar het beginscherm", "en": "To the first screen"},
}
