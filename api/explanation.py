"""Why there is no time, and what would help, in sentences for customers.

They tell no more than the public reasons do: never whose time is taken by what, nor who is away.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from booking.errors import PUBLIC_REASON
from booking.model import Help
from booking.values import HelpKind, Reason
from kernel.formats import when
from kernel.ids import Id
from kernel.people import Language

_MOST: Final = 2
_WORTH_TELLING: Final = 4
"""A second reason is told if it keeps at least one in so many starts closed."""

_NOTHING: Final[Mapping[Language, str]] = {
    "nl": "In deze periode is er geen tijd vrij",
    "en": "There is no free time in this period",
}
_AND: Final[Mapping[Language, str]] = {"nl": ", en ", "en": ", and "}

_NOBODY: Final[Mapping[Language, str]] = {
    "nl": "niemand die dit gesprek geeft is dan vrij",
    "en": "nobody who gives this meeting is free then",
}
_BECAUSE: Final[Mapping[Reason, Mapping[Language, str]]] = {
    "off-grid": {
        "nl": "er beginnen dan geen gesprekken",
        "en": "no meetings begin then",
    },
    "past": {
        "nl": "de tijd is al voorbij",
        "en": "the time has passed",
    },
    "notice": {
        "nl": "het is te kort van tevoren",
        "en": "it is too soon",
    },
    "outside-window": {
        "nl": "op deze dagen kan dit gesprek nu niet worden geboekt",
        "en": "this meeting cannot be booked on these days at the moment",
    },
    "outside-hours": {
        "nl": "er werkt dan niemand die dit gesprek geeft",
        "en": "nobody who gives this meeting works then",
    },
    "holiday": {
        "nl": "wij zijn gesloten op feestdagen",
        "en": "we are closed on public holidays",
    },
    "branch-closed": {
        "nl": "het kantoor is dan gesloten",
        "en": "the branch is closed then",
    },
    "not-offered": {
        "nl": "wij geven dit gesprek dan niet",
        "en": "we do not give this meeting then",
    },
    "busy": _NOBODY,
    "limit": {
        "nl": "er is geen plaats meer voor dit gesprek",
        "en": "there is no room left for this meeting",
    },
    "no-room": {
        "nl": "er is geen ruimte vrij voor dit gesprek",
        "en": "no room is free for this meeting",
    },
    "unsuitable": _NOBODY,
}

_INSTEAD: Final[Mapping[HelpKind, Mapping[Language, str]]] = {
    "advisor": {
        "nl": "Met een andere adviseur kan het op {when}.",
        "en": "With another advisor it is possible on {when}.",
    },
    "language": {
        "nl": "In een andere taal kan het op {when}.",
        "en": "In another language it is possible on {when}.",
    },
    "duration": {
        "nl": "Een gesprek van {value} minuten kan op {when}.",
        "en": "A meeting of {value} minutes is possible on {when}.",
    },
    "location": {
        "nl": "Op ons kantoor {value} kan het op {when}.",
        "en": "At our branch {value} it is possible on {when}.",
    },
    "later": {
        "nl": "De eerste vrije tijd daarna is {when}.",
        "en": "The first free time after that is {when}.",
    },
}
_BY: Final[Mapping[str, Mapping[Language, str]]] = {
    "video": {
        "nl": "Met beeldbellen kan het op {when}.",
        "en": "By video it is possible on {when}.",
    },
    "phone": {
        "nl": "Telefonisch kan het op {when}.",
        "en": "By phone it is possible on {when}.",
    },
}


def in_public(reasons: Mapping[Reason, int]) -> Counter[Reason]:
    """Count reasons as customers may know them."""
    counted: Counter[Reason] = Counter()
    for reason, count in reasons.items():
        counted[PUBLIC_REASON.get(reason, reason)] += count
    return counted


def why_nothing(reasons: Mapping[Reason, int], language: Language) -> str:
    """Say in one sentence why nothing is free: the one or two reasons that weigh most."""
    counted: Counter[str] = Counter()
    for reason, count in in_public(reasons).items():
        counted[_BECAUSE[reason][language]] += count
    enough = counted.total() / _WORTH_TELLING
    told = [
        why
        for rank, (why, count) in enumerate(counted.most_common(_MOST))
        if rank == 0 or count >= enough
    ]
    because = f": {_AND[language].join(told)}" if told else ""
    return f"{_NOTHING[language]}{because}."


def what_helps(one: Help, *, timezone: str, language: Language, place: Callable[[str], str]) -> str:
    """Say in one sentence what would help, never by whom.

    Args:
        one: What could be asked for instead.
        timezone: Where the customer looks at the clock for it.
        language: Of the sentence.
        place: Returns a branch's name by its slug.
    """
    value = one.value or ""
    sentence = _BY[value] if one.change == "channel" else _INSTEAD[one.change]
    if one.change == "location":
        value = place(value)
    return sentence[language].format(value=value, when=when(one.start, timezone, language))


def without_names(one: Help) -> Id | None:
    """Return the value of a help that anybody may know; who is free is between colleagues."""
    return None if one.change == "advisor" else one.value
