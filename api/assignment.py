"""Why this advisor: a decision in words, for staff."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

import booking.service
from api.booking_desk import advisors_named
from api.wire.booking import AssignmentView
from booking.assignment import Decision, Ground
from booking.values import AbsenceReason
from kernel.ids import Id
from kernel.people import Language

_GROUNDS: Final[Mapping[Ground, Mapping[Language, str]]] = {
    "requested": {
        "nl": "de klant vroeg om deze adviseur",
        "en": "the customer asked for this advisor",
    },
    "known": {
        "nl": "de klant kent deze adviseur al",
        "en": "the customer knows this advisor already",
    },
    "stand-in": {
        "nl": "vervangt de eigen adviseur van de klant",
        "en": "stands in for the customer's own advisor",
    },
    "only-one-free": {
        "nl": "niemand anders was vrij",
        "en": "nobody else was free",
    },
    "priority": {
        "nl": "gaat voor bij dit soort gesprekken",
        "en": "is asked first for this kind of meeting",
    },
    "fairness": {
        "nl": "had naar verhouding het minste werk in {window} dagen",
        "en": "had the smallest share of the work within {window} days",
    },
    "order": {
        "nl": "had evenveel werk als anderen en staat het langst in de lijst",
        "en": "had as much work as others and is on file longest",
    },
    "fewest-that-day": {
        "nl": "had die dag de minste gesprekken",
        "en": "had the fewest meetings that day",
    },
    "fewest-that-week": {
        "nl": "had die week de minste gesprekken",
        "en": "had the fewest meetings that week",
    },
    "first": {
        "nl": "had evenveel gesprekken als anderen en staat het langst in de lijst",
        "en": "had as many meetings as others and is on file longest",
    },
}
_AWAY: Final[Mapping[AbsenceReason, Mapping[Language, str]]] = {
    "leave": {"nl": "{name} heeft verlof", "en": "{name} is on leave"},
    "training": {"nl": "{name} volgt een opleiding", "en": "{name} is in training"},
    "travel": {"nl": "{name} is op reis", "en": "{name} is travelling"},
    "other": {"nl": "{name} is afwezig", "en": "{name} is away"},
}


def sentence(decision: Decision, names: Mapping[Id, str], language: Language) -> str:
    """Say why somebody got their part in a meeting.

    ``Sanne Visser: the customer asked for this advisor.``

    Args:
        decision: What was decided.
        names: Of everybody whom it names; whoever is not in it is shown by their id.
        language: Of the sentence.
    """
    who = names.get(decision.advisor, decision.advisor)
    if decision.role != "advisor":
        who = f"{who} ({decision.role})"
    why = _GROUNDS[decision.ground][language].format(window=decision.window)
    if decision.stand_in_for is None or decision.reason is None:
        return f"{who}: {why}."
    absent = names.get(decision.stand_in_for, decision.stand_in_for)
    return f"{who}: {why}; {_AWAY[decision.reason][language].format(name=absent)}."


async def assignment_of(
    db: AsyncConnection, tenant: Id, booking_id: Id, *, language: Language
) -> AssignmentView:
    """Tell why a booking is with whom it is, and decide it again to compare.

    Raises:
        NotFound: The organisation has no booking with this id.
    """
    decisions, replayed = await _decided(db, tenant, booking_id)
    named = {one.advisor for one in decisions} | {
        one.stand_in_for for one in decisions if one.stand_in_for
    }
    people = await advisors_named(db, tenant, named)
    names = {one.id: one.name for one in people.values()}
    return AssignmentView(
        decisions=decisions,
        replayed=replayed,
        sentences=[sentence(one, names, language) for one in decisions],
    )


async def _decided(db: AsyncConnection, tenant: Id, booking_id: Id) -> tuple[list[Decision], bool]:
    """Return what was decided, and whether it comes out the same again."""
    try:
        replayed = await booking.service.replay_assignment(db, tenant, booking_id)
    except ValueError:
        # Decided by a rule that this version does not know.
        return await booking.service.explain_assignment(db, tenant, booking_id), False
    return [decision for decision, _ in replayed], all(same for _, same in replayed)
