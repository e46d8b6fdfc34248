"""What to do about a calendar that cannot be connected, in plain words; pure."""

from collections.abc import Mapping
from typing import Final

from kernel.people import Language

ADVICE: Final[Mapping[str, Mapping[Language, str]]] = {
    "unreachable": {
        "nl": "De agendaserver antwoordt niet. Controleer het adres, of probeer het later opnieuw.",
        "en": "The calendar server does not answer. Check the address, or try again later.",
    },
    "refused": {
        "nl": "De agendaserver weigert deze naam en dit wachtwoord. Veel servers willen een "
        "wachtwoord dat voor één app is gemaakt in plaats van het gewone.",
        "en": "The calendar server refuses this name and password. Many servers want a password "
        "made for one app instead of the usual one.",
    },
    "revoked": {
        "nl": "De toestemming om deze agenda te lezen is ingetrokken of verlopen. Geef opnieuw "
        "toestemming bij de agendadienst, en koppel de agenda daarmee.",
        "en": "The permission to read this calendar was withdrawn or has ended. Give it again at "
        "the calendar service, and connect the calendar with that.",
    },
    "web-page": {
        "nl": "Op dit adres staat een webpagina, geen agenda. Zoek in de instellingen van de "
        "agenda naar het CalDAV-adres of het adres van het .ics-bestand.",
        "en": "There is a web page at this address, no calendar. Look in the calendar's settings "
        "for its CalDAV address or the address of its .ics file.",
    },
    "redirect": {
        "nl": "Dit adres verwijst door naar een ander adres, en dat volgen we niet. Vul het adres "
        "in waar het naartoe verwijst.",
        "en": "This address redirects to another one, which we do not follow. Enter the address "
        "that it redirects to.",
    },
    "feed": {
        "nl": "Dit is het adres van een .ics-bestand. Koppel het als agenda die alleen gelezen "
        "wordt (soort: feed).",
        "en": "This is the address of an .ics file. Connect it as a calendar that is only read "
        "(kind: feed).",
    },
    "not-caldav": {
        "nl": "Wat op dit adres antwoordt is geen CalDAV-server. Vul het CalDAV-adres zelf in.",
        "en": "What answers at this address is no CalDAV server. Enter the CalDAV address itself.",
    },
    "not-feed": {
        "nl": "Wat op dit adres antwoordt is geen volledig iCalendar-bestand met afspraken. "
        "Controleer het adres, of probeer het later opnieuw.",
        "en": "What answers at this address is no whole iCalendar file with events. Check the "
        "address, or try again later.",
    },
    "nothing-there": {
        "nl": "Op dit adres staat niets. De agenda is verwijderd, of de geheime link is vernieuwd.",
        "en": "There is nothing at this address. The calendar was removed, or its secret link was "
        "renewed.",
    },
    "too-large": {
        "nl": "Deze agenda is te groot: meer dan 50.000 afspraken of 20 megabyte. Koppel een "
        "kleinere, of laat oude afspraken weg.",
        "en": "This calendar is too large: more than 50,000 events or 20 megabytes. Connect a "
        "smaller one, or leave old events out.",
    },
    "no-calendars": {
        "nl": "Deze account heeft geen agenda voor afspraken. Maak er eerst een aan.",
        "en": "This account has no calendar for events. Make one first.",
    },
    "read-only": {
        "nl": "Deze agenda kan gelezen worden, maar niet beschreven: ze houdt tijden dicht, en "
        "afspraken komen er niet in.",
        "en": "This calendar can be read but not written to: it keeps times closed, and bookings "
        "do not go into it.",
    },
    "private-address": {
        "nl": "Dit adres ligt binnen een eigen netwerk en mag niet worden aangeroepen. Gebruik "
        "het openbare https-adres, of vraag de beheerder om het toe te staan.",
        "en": "This address is inside a private network and may not be called. Use the public "
        "https address, or ask the operator to allow it.",
    },
    "not-https": {
        "nl": "Dit is geen https-adres. Alleen adressen die met https:// beginnen (voor een feed "
        "ook webcal://) kunnen gekoppeld worden, zonder naam of wachtwoord erin.",
        "en": "This is no https address. Only addresses that begin with https:// (for a feed also "
        "webcal://) can be connected, without a name or password in them.",
    },
}
"""By the word for what is wrong: what people are told, in every language."""
