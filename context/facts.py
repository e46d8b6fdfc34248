"""What is known about a customer: many said things, and the one that stands at each path."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from context.model import Fact, FactInput, Looks, Seen, Source
from kernel.ids import new_id

RANK: Final[dict[Source, int]] = {
    "document": 5,
    "advisor": 4,
    "customer": 3,
    "crm": 2,
    "import": 1,
    "computed": 0,
}
"""Whose word counts among things said at the same moment; a paper counts before a memory."""


class Change(Struct, frozen=True, kw_only=True):
    """How one path differs between two moments."""

    kind: Literal["added", "changed", "withdrawn"]
    before: Fact | None
    after: Fact


def resolve(facts: Iterable[Fact]) -> dict[str, Fact]:
    """Return the fact that stands at each path: the newest, by when it was said.

    A fact that takes back what was said stands too, with a value of none.
    """
    standing: dict[str, Fact] = {}
    for fact in facts:
        present = standing.get(fact.path)
        if present is None or _order(fact) > _order(present):
            standing[fact.path] = fact
    return standing


def known(facts: Iterable[Fact]) -> dict[str, Fact]:
    """Return the standing facts that hold a value."""
    return {path: fact for path, fact in resolve(facts).items() if fact.value is not None}


def by_source(facts: Iterable[Fact], path: str) -> list[Fact]:
    """Return what each source says about *path* now, newest first."""
    at_path = [fact for fact in facts if fact.path == path]
    sources = dict.fromkeys(fact.source for fact in at_path)
    standing = [
        resolve(fact for fact in at_path if fact.source == source)[path] for source in sources
    ]
    return sorted((fact for fact in standing if fact.value is not None), key=_order, reverse=True)


def changes(before: Iterable[Fact], after: Iterable[Fact]) -> list[Change]:
    """Return where two moments differ in what is known, in the order in which it was said."""
    old, new = known(before), resolve(after)
    found = []
    for path, fact in new.items():
        was = old.get(path)
        if fact.value == (was.value if was else None):
            continue
        kind: Literal["added", "changed", "withdrawn"] = "changed"
        if was is None:
            kind = "added"
        elif fact.value is None:
            kind = "withdrawn"
        found.append(Change(kind=kind, before=was, after=fact))
    return sorted(found, key=lambda change: change.after.position)


def append(said: Iterable[Fact], news: Iterable[FactInput], *, now: datetime) -> list[Fact]:
    """Return *news* as facts that follow what was *said*, each naming the one it replaces."""
    earlier = list(said)
    standing = resolve(earlier)
    last = max((fact.position for fact in earlier), default=0)
    added: list[Fact] = []
    for position, new in enumerate(news, start=last + 1):
        before = standing.get(new.path)
        fact = Fact(
            id=new_id("fct", now),
            position=position,
            path=new.path,
            value=new.value,
            unit=new.unit,
            source=new.source,
            channel=new.channel,
            actor=new.actor,
            said_at=new.said_at,
            recorded_at=now,
            form=new.form,
            booking=new.booking,
            supersedes=before.id if before else None,
        )
        added.append(fact)
    return added


def own_words(facts: Iterable[Fact]) -> Mapping[str, Fact]:
    """Return what the customer themselves said last at each path, taken back or not."""
    return resolve(fact for fact in facts if fact.source == "customer")


def _order(fact: Fact) -> tuple[float, int, int]:
    return (fact.said_at.timestamp(), RANK[fact.source], fact.position)


ONE_LOOK: Final = timedelta(minutes=30)
"""Opening a brief again within this time is the same look: what was news still is."""


def news_since(looks: Looks | None, now: datetime) -> Seen | None:
    """Return since when something is news to an advisor who opens a brief now."""
    if looks is None:
        return None
    if now - looks.last.opened_at < ONE_LOOK:
        return looks.before or looks.last
    return looks.last


def looked(looks: Looks | None, position: int, now: datetime) -> Looks:
    """Return the looks after an advisor has opened a brief that showed facts up to *position*."""
    if looks is not None and now - looks.last.opened_at < ONE_LOOK:
        return looks
    return Looks(last=Seen(opened_at=now, position=position), before=looks.last if looks else None)
