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
    "customer.erased": {"nl": "Klant is gewist", "en": "Customer was erased"},
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
    "confirm.which": {"nl": "Bevestigen: afspraak met {name}", "en": "Confirm {name}'s meeting"},
    "confirmed": {"nl": "De afspraak is bevestigd.", "en": "The meeting is confirmed."},
    "decline": {"nl": "Afwijzen", "en": "Decline"},
    "decline.reason": {"nl": "Reden (niet verplicht)", "en": "Reason (optional)"},
    "decline.which": {"nl": "Afwijzen: aanvraag van {name}", "en": "Decline {name}'s request"},
    "declined": {
        "nl": "De aanvraag is afgewezen. De klant krijgt bericht.",
        "en": "The request is declined. The customer will be told.",
    },
    "begun.text": {
        "nl": "Is dit gesprek doorgegaan?",
        "en": "Did this meeting take place?",
    },
    "attended": {"nl": "Doorgegaan", "en": "It did"},
    "attended.which": {"nl": "Doorgegaan: gesprek met {name}", "en": "It did: meeting with {name}"},
    "no-show": {"nl": "Niet verschenen", "en": "Did not come"},
    "no-show.which": {"nl": "Niet verschenen: {name}", "en": "Did not come: {name}"},
    "recorded": {"nl": "Dat is vastgelegd.", "en": "That is on record."},
    # what a calendar has taken
    "displaced.title": {"nl": "Tijd bezet geraakt", "en": "Time taken"},
    "displaced.calendar": {
        "nl": "Deze tijd is bezet in uw eigen agenda.",
        "en": "This time is taken in your own calendar.",
    },
    "displaced.zone": {
        "nl": "Dit gesprek kan niet op deze tijd: u biedt andere tijden aan, of nieuwe regels van "
        "de tijdzone houden het tegen.",
        "en": "This meeting cannot be at its time: you are offering others, or new rules of the "
        "time zone keep it from it.",
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
        "nl": "Gaat door zoals afgesproken: gesprek met {name}",
        "en": "Goes on as planned: meeting with {name}",
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
        "nl": "De agenda weigert het wachtwoord. Vul bij Uw agenda's het nieuwe in.",
        "en": "The calendar refuses the password. Enter the new one under Your calendars.",
    },
    "calendar.revoked": {
        "nl": "De toestemming om de agenda te lezen is ingetrokken of verlopen. Laat de koppeling "
        "vernieuwen.",
        "en": "The permission to read the calendar was withdrawn or has ended. Have the connection "
        "renewed.",
    },
    "calendar.hours-unreadable": {
        "nl": "De beschikbaarheid in de agenda is onleesbaar. De laatst bekende uren gelden.",
        "en": "The availability in the calendar cannot be read. The last known hours hold.",
    },
    "calendar.missing": {
        "nl": "De agenda is verdwenen. Koppel bij Uw agenda's een andere.",
        "en": "The calendar is gone. Connect another one under Your calendars.",
    },
    "calendar.target": {"nl": "afspraken komen hierin", "en": "meetings go in here"},
    "sync": {"nl": "Nu bijwerken", "en": "Update now"},
    "sync.which": {"nl": "Nu bijwerken: {name}", "en": "Update now: {name}"},
    # the page of calendars
    "calendars.manage": {"nl": "Agenda's beheren", "en": "Manage calendars"},
    "calendars.intro": {
        "nl": "Wat in deze agenda's staat, houdt tijden dicht. Van andermans afspraken bewaren wij "
        "alleen de tijden.",
        "en": "What stands in these calendars keeps times closed. Of other people's events we keep "
        "the times alone.",
    },
    "calendars.back": {"nl": "Terug naar uw agenda's", "en": "Back to your calendars"},
    "calendars.connect": {"nl": "Een agenda koppelen", "en": "Connect a calendar"},
    "connected": {
        "nl": "De agenda is gekoppeld en gelezen.",
        "en": "The calendar is connected and has been read.",
    },
    "connected-troubled": {
        "nl": "De agenda is gekoppeld, maar nog niet helemaal gelezen. Hieronder staat waarom.",
        "en": "The calendar is connected, but not all of it has been read yet. Below is why.",
    },
    "role-set": {"nl": "Dat is vastgelegd.", "en": "That is settled."},
    "password-kept": {
        "nl": "Het nieuwe wachtwoord werkt. De agenda is bijgewerkt.",
        "en": "The new password works. The calendar is up to date.",
    },
    "disconnected": {
        "nl": "De agenda is ontkoppeld; wat wij ervan wisten is gewist. Uw afspraken staan nog.",
        "en": "The calendar is disconnected; what we knew of it is gone. Your meetings stand.",
    },
    "leaving": {
        "nl": "De agenda wordt ontkoppeld zodra onze afspraken eruit zijn, hooguit over een uur.",
        "en": "The calendar is disconnected once our meetings are out of it, within an hour.",
    },
    "login.leaving": {
        "nl": "Wordt ontkoppeld. Wat wij erin schreven wordt eerst verwijderd; zij telt niet mee.",
        "en": "Being disconnected. What we wrote into it is removed first; it does not count.",
    },
    "own.title": {"nl": "Agenda bij Spreekuur", "en": "Calendar with Spreekuur"},
    "own.open": {"nl": "Tijden en geheim adres", "en": "Times and secret address"},
    "own.start": {"nl": "Agenda bij Spreekuur beginnen", "en": "Start a calendar with Spreekuur"},
    "own.why": {
        "nl": "Voor wie geen andere agenda heeft: houd hier tijden vrij van afspraken.",
        "en": "For those without another calendar: keep times free of meetings here.",
    },
    "role": {"nl": "Waarvoor dient {name}?", "en": "What is {name} for?"},
    "role.busy": {"nl": "houdt tijden dicht", "en": "keeps times closed"},
    "role.target": {
        "nl": "houdt tijden dicht, en afspraken komen erin",
        "en": "keeps times closed, and meetings go into it",
    },
    "role.ignore": {"nl": "wordt niet gelezen", "en": "is not read"},
    "role.set": {"nl": "Vastleggen", "en": "Save"},
    "role.set.which": {"nl": "Vastleggen waarvoor {name} dient", "en": "Save what {name} is for"},
    "calendar.unread.title": {"nl": "Niet begrepen items", "en": "Items not understood"},
    "calendar.unread": {
        "nl": "Van {start} tot {end}: {why}",
        "en": "From {start} to {end}: {why}",
    },
    "calendar.unread.somewhen": {
        "nl": "Op een onbekend of voorbij moment: {why}",
        "en": "At an unknown or past time: {why}",
    },
    "unread.unreadable": {
        "nl": "onleesbaar. Open het item en sla het opnieuw op, of verwijder het.",
        "en": "cannot be read. Open the item and save it again, or remove it.",
    },
    "unread.rule-refused": {
        "nl": "herhaalt zich zo vaak dat wij het niet uitwerken. Maak de herhaling eenvoudiger.",
        "en": "repeats so often that we do not work it out. Make its repetition simpler.",
    },
    "unread.took-too-long": {
        "nl": "is te ingewikkeld om uit te werken. Maak de herhaling eenvoudiger.",
        "en": "is too complicated to work out. Make its repetition simpler.",
    },
    "unread.zone-guessed": {
        "nl": "noemt een onbekende tijdzone. Elke tijd die bedoeld kan zijn, is dicht.",
        "en": "names an unknown time zone. Every time that may be meant is closed.",
    },
    "unread.rule-guessed": {
        "nl": "herhaalt zich op een manier die twee dingen kan betekenen. Beide zijn dicht.",
        "en": "repeats in a way that may mean two things. Both are closed.",
    },
    "unread.odd-times": {
        "nl": "heeft vreemde tijden. Controleer begin en einde.",
        "en": "has odd times. Check its start and end.",
    },
    "unread.uid-missing": {
        "nl": "heeft geen kenmerk. Open het item en sla het opnieuw op.",
        "en": "has no identifier. Open the item and save it again.",
    },
    "problem.calendar-unreachable": {
        "nl": "De agendaserver antwoordt niet. Wij proberen het steeds opnieuw; de laatst bekende "
        "tijden blijven bezet.",
        "en": "The calendar server does not answer. We keep trying; the last known times stay "
        "closed.",
    },
    "problem.calendar-refused": {
        "nl": "De agendaserver weigerde het wachtwoord één keer. Wij proberen het nog eens.",
        "en": "The calendar server refused the password once. We will try again.",
    },
    "problem.address-refused": {
        "nl": "Dit adres mag niet meer worden aangeroepen. Vraag de beheerder het toe te staan.",
        "en": "This address may not be called any more. Ask the operator to allow it.",
    },
    "problem.collection-missing": {
        "nl": "Deze agenda is verdwenen; haar laatst bekende tijden blijven bezet. Koppel een "
        "andere, of laat deze niet meer lezen.",
        "en": "This calendar is gone; its last known times stay closed. Connect another one, or "
        "have this one read no more.",
    },
    "problem.collection-forbidden": {
        "nl": "De server staat niet toe dat wij deze agenda lezen of beschrijven. Geef de rechten "
        "terug, of laat haar niet meer lezen.",
        "en": "The server does not let us read or write this calendar. Give the rights back, or "
        "have it read no more.",
    },
    "problem.collection-emptied": {
        "nl": "Deze agenda is opeens leeg. Blijft dat een dag zo, dan geloven wij het; tot dan "
        "blijven de laatst bekende tijden bezet.",
        "en": "This calendar is suddenly empty. If it stays so for a day we believe it; until "
        "then the last known times stay closed.",
    },
    "problem.collection-shrunk": {
        "nl": "Uit deze agenda is opeens veel verdwenen. Wij kijken over tien minuten nog eens; "
        "tot dan blijven de laatst bekende tijden bezet.",
        "en": "Much has suddenly gone from this calendar. We look again in ten minutes; until "
        "then the last known times stay closed.",
    },
    "problem.calendar-too-large": {
        "nl": "Deze agenda is te groot geworden. Verwijder oude items, of koppel een kleinere.",
        "en": "This calendar has become too large. Remove old items, or connect a smaller one.",
    },
    "problem.calendar-not-feed": {
        "nl": "Op het adres staat geen heel .ics-bestand meer. Controleer het bij wie het geeft.",
        "en": "There is no whole .ics file at the address any more. Check with who offers it.",
    },
    "problem.calendar-not-caldav": {
        "nl": "Wat op het adres antwoordt is geen agendaserver. De laatst bekende tijden blijven "
        "bezet; controleer het adres.",
        "en": "What answers at the address is no calendar server. The last known times stay "
        "closed; check the address.",
    },
    "password.new": {"nl": "Nieuw wachtwoord", "en": "New password"},
    "password.send": {"nl": "Wachtwoord proberen en bewaren", "en": "Try and keep password"},
    "password.refused": {
        "nl": "Het wachtwoord is niet bewaard.",
        "en": "The password was not kept.",
    },
    "disconnect": {"nl": "Ontkoppelen", "en": "Disconnect"},
    "disconnect.which": {"nl": "Ontkoppelen: {name}", "en": "Disconnect {name}"},
    "disconnect.text": {
        "nl": "Wij vergeten het wachtwoord en alle tijden uit deze agenda's. Afspraken blijven "
        "staan.",
        "en": "We forget the password and all times from these calendars. Meetings stand.",
    },
    "disconnect.own": {
        "nl": "Wat u hier invulde wordt gewist, en het geheime adres werkt niet meer.",
        "en": "What you entered here is erased, and the secret address no longer works.",
    },
    "disconnect.entries": {
        "nl": "Wat gebeurt er met de afspraken die wij in deze agenda schreven?",
        "en": "What happens to the meetings that we wrote into this calendar?",
    },
    "disconnect.keep": {"nl": "Laat ze staan", "en": "Leave them there"},
    "disconnect.remove": {"nl": "Verwijder ze eerst", "en": "Remove them first"},
    # connecting a calendar
    "connect.caldav": {"nl": "Een agendaserver (CalDAV)", "en": "A calendar server (CalDAV)"},
    "connect.caldav.text": {
        "nl": "Houdt tijden dicht, en afspraken komen erin.",
        "en": "Keeps times closed, and meetings go into it.",
    },
    "connect.feed": {"nl": "Een .ics-adres", "en": "An .ics address"},
    "connect.feed.text": {
        "nl": "Wordt alleen gelezen: houdt tijden dicht.",
        "en": "Is only read: keeps times closed.",
    },
    "connect.url": {"nl": "Adres", "en": "Address"},
    "connect.url.caldav": {
        "nl": "Van de server, van uw eigen pagina daar of van één agenda; begint met https://",
        "en": "Of the server, of your own page there or of one calendar; begins with https://",
    },
    "connect.url.feed": {
        "nl": "Begint met https:// of webcal://. Wij bewaren het als een wachtwoord.",
        "en": "Begins with https:// or webcal://. We keep it like a password.",
    },
    "connect.username": {"nl": "Gebruikersnaam", "en": "User name"},
    "connect.password": {"nl": "Wachtwoord", "en": "Password"},
    "connect.password.hint": {
        "nl": "Het liefst een wachtwoord dat voor één app is gemaakt. Na een poging vult u het "
        "opnieuw in.",
        "en": "Preferably one made for a single app. After a try you enter it once more.",
    },
    "connect.optional": {"nl": "Alleen als het adres erom vraagt.", "en": "Only if asked for."},
    "connect.auth": {"nl": "Aanmelden met", "en": "Sign in with"},
    "connect.auth.basic": {"nl": "naam en wachtwoord", "en": "name and password"},
    "connect.auth.digest": {
        "nl": "naam en wachtwoord (digest)",
        "en": "name and password (digest)",
    },
    "connect.auth.bearer": {"nl": "een token als wachtwoord", "en": "a token as password"},
    "connect.test": {"nl": "Alleen proberen", "en": "Only try"},
    "connect.go": {"nl": "Koppelen", "en": "Connect"},
    "connect.works": {
        "nl": "Dit werkt. Er is nog niets gekoppeld. Gevonden:",
        "en": "This works. Nothing is connected yet. Found:",
    },
    "connect.read-only": {"nl": "alleen lezen", "en": "read only"},
    "connect.fails": {"nl": "Dit werkt nog niet", "en": "This does not work yet"},
    "connect.unclear": {
        "nl": "Deze agenda kon niet worden gekoppeld. Controleer wat u invulde.",
        "en": "This calendar could not be connected. Check what you entered.",
    },
    "connect.missing": {"nl": "Vul dit in, of laat het weg.", "en": "Fill this in, or leave it."},
    # the calendar that we keep
    "entries.title": {"nl": "Tijden zonder afspraken", "en": "Times without meetings"},
    "entries.none": {
        "nl": "Er staan geen tijden in die nog komen.",
        "en": "There are no times to come in it.",
    },
    "entries.past": {"nl": "{count} voorbije tijden", "en": "{count} past times"},
    "entries.past.one": {"nl": "1 voorbije tijd", "en": "1 past time"},
    "entry.until": {"nl": "tot", "en": "until"},
    "entry.add": {"nl": "Een tijd vrijhouden", "en": "Keep a time free"},
    "entry.keep": {"nl": "Vrijhouden", "en": "Keep free"},
    "entry.change": {"nl": "Wijzigen", "en": "Change"},
    "entry.change.which": {"nl": "Wijzigen: {when}", "en": "Change {when}"},
    "entry.change.title": {"nl": "Deze tijd wijzigen", "en": "Change this time"},
    "entry.save": {"nl": "Bewaren", "en": "Save"},
    "entry.remove": {"nl": "Verwijderen", "en": "Remove"},
    "entry.remove.which": {"nl": "Verwijderen: {when}", "en": "Remove {when}"},
    "entry.start-day": {"nl": "Van (dag)", "en": "From (day)"},
    "entry.start-time": {"nl": "Van (tijd)", "en": "From (time)"},
    "entry.end-day": {"nl": "Tot en met (dag)", "en": "Until (day)"},
    "entry.end-time": {"nl": "Tot (tijd)", "en": "Until (time)"},
    "entry.hint": {
        "nl": "Zonder tijden telt de hele dag, zonder tweede dag dezelfde dag.",
        "en": "Without times it is the whole day, without a second day the same day.",
    },
    "entry.name": {"nl": "Omschrijving (niet verplicht)", "en": "Title (optional)"},
    "entry.wrong.start": {
        "nl": "Vul de dag in als 2026-12-01 en de tijd als 09:00.",
        "en": "Enter the day as 2026-12-01 and the time as 09:00.",
    },
    "entry.wrong.end": {
        "nl": "Het einde moet na het begin liggen, hooguit 400 dagen later.",
        "en": "The end must be after the start, by 400 days at most.",
    },
    "entry.wrong.title": {
        "nl": "Gebruik één regel van hooguit 200 tekens.",
        "en": "Use one line of at most 200 characters.",
    },
    "entry-added": {
        "nl": "Die tijd is nu dicht voor afspraken.",
        "en": "That time is now closed to meetings.",
    },
    "entry-changed": {"nl": "Dat is gewijzigd.", "en": "That is changed."},
    "entry-removed": {"nl": "Die tijd is weer vrij.", "en": "That time is free again."},
    "feed.title": {"nl": "Geheim adres", "en": "Secret address"},
    "feed.text": {
        "nl": "Met dit adres leest een ander agendaprogramma deze agenda mee. Wie het kent, ziet "
        "uw tijden: deel het met niemand.",
        "en": "With this address another calendar program can read along. Whoever knows it sees "
        "your times: share it with nobody.",
    },
    "feed.show": {"nl": "Toon het adres", "en": "Show the address"},
    "feed.address": {"nl": "Het adres van uw agenda", "en": "The address of your calendar"},
    "feed.renew": {"nl": "Nieuw adres maken", "en": "Make a new address"},
    "feed.revoke": {"nl": "Adres intrekken", "en": "End the address"},
    "feed-renewed": {
        "nl": "Het oude adres werkt niet meer. Met Toon het adres ziet u het nieuwe.",
        "en": "The old address no longer works. Show the address gives you the new one.",
    },
    "feed-revoked": {
        "nl": "Het adres is ingetrokken: niemand leest nog mee.",
        "en": "The address has ended: nobody reads along any more.",
    },
    # what the advisor has to choose about a meeting
    "question.moved": {
        "nl": "U verzette deze afspraak in uw agenda naar {when}.",
        "en": "You moved this meeting in your calendar to {when}.",
    },
    "question.resized": {
        "nl": "U maakte deze afspraak in uw agenda langer of korter.",
        "en": "You made this meeting longer or shorter in your calendar.",
    },
    "question.deleted": {
        "nl": "U verwijderde deze afspraak uit uw agenda.",
        "en": "You removed this meeting from your calendar.",
    },
    "question.odd": {
        "nl": "In uw agenda heeft deze afspraak geen gewone tijd meer.",
        "en": "In your calendar this meeting has no plain time any more.",
    },
    "question.until": {
        "nl": "Tot u kiest, blijft de afspraak staan zoals met de klant afgesproken.",
        "en": "Until you choose, the meeting stands as agreed with the customer.",
    },
    "question.follow": {"nl": "Verzet naar {when}", "en": "Move to {when}"},
    "question.cancel": {"nl": "Zeg de afspraak af", "en": "Call the meeting off"},
    "question.put-back": {
        "nl": "Laat zoals afgesproken; zet mijn agenda terug",
        "en": "Leave as agreed; put my calendar back",
    },
    "question.proposed": {"nl": "{who} stelt {when} voor.", "en": "{who} proposes {when}."},
    "question.agree": {"nl": "Akkoord met {when}", "en": "Agree to {when}"},
    "question.stay": {"nl": "Laat zoals afgesproken", "en": "Leave as agreed"},
    "question.stay.silent": {
        "nl": "Laat u het zo, dan krijgt de klant daarover geen bericht van ons.",
        "en": "If you leave it, we do not write to the customer about that.",
    },
    "question.offer": {"nl": "Bied andere tijden aan", "en": "Offer other times"},
    "moved": {
        "nl": "De afspraak is verzet. De klant krijgt bericht.",
        "en": "The meeting has been moved. The customer will be told.",
    },
    "stays": {
        "nl": "De afspraak blijft zoals afgesproken.",
        "en": "The meeting stays as agreed.",
    },
    "put-back": {
        "nl": "De afspraak blijft zoals afgesproken; uw agenda wordt teruggezet.",
        "en": "The meeting stays as agreed; your calendar is being put back.",
    },
    "offered": {
        "nl": "De klant krijgt andere tijden aangeboden. Tot die kiest, blijft de afspraak staan.",
        "en": "The customer is offered other times. Until they choose, the meeting stands.",
    },
    "cancelled": {
        "nl": "De afspraak is afgezegd. De klant krijgt bericht.",
        "en": "The meeting is called off. The customer will be told.",
    },
    "not-free": {
        "nl": "Die tijd kan niet: zij is bezet, voorbij of buiten de werktijd. Er is niets "
        "gewijzigd.",
        "en": "That time cannot be had: it is taken, past or outside working hours. Nothing was "
        "changed.",
    },
    "question.offer.text": {
        "nl": "De klant kiest zelf, en tot dan blijft de afspraak staan.",
        "en": "The customer chooses, and until then the meeting stands.",
    },
    "move.otherwise": {"nl": "Of iets anders", "en": "Or something else"},
    "move.title": {"nl": "Naar welke tijd?", "en": "To which time?"},
    "move.now": {"nl": "Nu: {when}, met {name}", "en": "Now: {when}, with {name}"},
    "move.sure": {"nl": "Verzetten naar {when}?", "en": "Move to {when}?"},
    "move.told": {"nl": "De klant krijgt daarvan bericht.", "en": "The customer will be told."},
    "move.button": {"nl": "Verzetten", "en": "Move"},
    "move.other": {"nl": "Een andere tijd", "en": "Another time"},
    "move.over": {
        "nl": "Dit gesprek kan niet meer worden verzet.",
        "en": "This meeting can no longer be moved.",
    },
    "move.back": {"nl": "Terug naar de afspraak", "en": "Back to the meeting"},
    "cancel": {"nl": "Afspraak afzeggen", "en": "Call the meeting off"},
    "brief.change": {"nl": "Afspraak wijzigen", "en": "Change the meeting"},
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
