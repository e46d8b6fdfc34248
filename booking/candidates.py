"""All that the choice among those who are free rests on, from what is set up and what is taken."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from booking.assignment import FAIRNESS_WINDOW, Candidate
from booking.offer import Offer
from booking.schedule import instant, local_date
from booking.snapshot import Setup
from booking.taken import Taken
from booking.values import AbsenceReason
from kernel.ids import Id, uuid_of


class Known(Struct, frozen=True, kw_only=True):
    """The customer's own advisor, and who stands in for them on the day of the meeting."""

    advisor: Id | None = None
    stand_in: Id | None = None
    reason: AbsenceReason | None = None


def known_to(offer: Offer, taken: Taken, start: datetime) -> Known:
    """Return whom the customer knows of those who give this kind of meeting."""
    setup = offer.setup
    # Whoever must not advise the customer is not named anywhere, not even as the one stood in for.
    met = (setup.names.get(one) for one in taken.known if one not in taken.excluded)
    own = next((one for one in met if one in offer.kind.advisors), None)
    if own is None:
        return Known()
    day = local_date(setup.advisors[own].timezone, start)
    for absence in setup.absences.get(own, ()):
        if absence.first_day <= day <= absence.last_day:
            return Known(advisor=own, stand_in=absence.stand_in, reason=absence.reason)
    return Known(advisor=own)


def candidates(
    offer: Offer,
    taken: Taken,
    free: Sequence[Id],
    start: datetime,
    *,
    requested: Id | None = None,
    known: Known | None = None,
) -> list[Candidate]:
    """Return everything that the choice among the free ones rests on."""
    known = known or Known()
    return [
        Candidate(
            advisor=advisor,
            requested=advisor == requested,
            known=advisor == known.advisor,
            stand_in=advisor == known.stand_in,
            priority=offer.kind.priorities.get(advisor, 5),
            weight=offer.kind.weights.get(advisor, 100),
            effort=_effort(offer.setup, taken, advisor, start),
            present=_present(offer.setup, advisor, start),
        )
        for advisor in free
    ]


def _effort(setup: Setup, taken: Taken, advisor: Id, start: datetime) -> int:
    """Return the work within the window that ends with the day of *start*, heavy work for more."""
    zone = setup.advisors[advisor].timezone
    day = local_date(zone, start).toordinal()
    first = instant(zone, day - FAIRNESS_WINDOW + 1, 0, last=False)
    end = instant(zone, day + 1, 0, last=False)
    done = taken.effort.get(uuid_of(advisor), ())
    return sum(effort for begin, effort in done if first <= begin < end)


def _present(setup: Setup, advisor: Id, start: datetime) -> int:
    """Return on how many days of the window that ends with the day of *start* they are there."""
    who = setup.advisors[advisor]
    last = local_date(who.timezone, start)
    days = [last - timedelta(days=number) for number in range(FAIRNESS_WINDOW)]
    away = setup.absences.get(advisor, ())
    return sum(
        (who.since is None or who.since <= day)
        and (who.until is None or day <= who.until)
        and not any(absence.first_day <= day <= absence.last_day for absence in away)
        for day in days
    )
