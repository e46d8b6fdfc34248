"""What stands among many said things, and how two moments differ."""

from datetime import timedelta

import pytest

from context.facts import append, by_source, changes, known, own_words, resolve
from context.model import FactInput, Source
from tests.context.builders import NOW, fact


def test_the_newest_word_stands() -> None:
    """By when it was said, not by when it was written down."""
    later = fact(1, "income", "2", said_at=NOW + timedelta(hours=2))
    earlier = fact(2, "income", "1", said_at=NOW + timedelta(hours=1))

    assert resolve([later, earlier])["income"] is later


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ("computed", "import"),
        ("import", "crm"),
        ("crm", "customer"),
        ("customer", "advisor"),
        ("advisor", "document"),
    ],
)
def test_at_the_same_moment_the_better_source_stands(weaker: Source, stronger: Source) -> None:
    """A document before an advisor before the customer before the systems."""
    one = fact(1, "income", "1", source=stronger, said_at=NOW)
    other = fact(2, "income", "2", source=weaker, said_at=NOW)

    assert resolve([one, other])["income"] is one
    assert resolve([other, one])["income"] is one


def test_what_was_taken_back_is_not_known() -> None:
    """The withdrawal stands, and holds nothing; saying it anew brings it back."""
    said = [fact(1, "goal", "buy"), fact(2, "goal", None)]

    assert resolve(said)["goal"].value is None
    assert known(said) == {}
    assert known([*said, fact(3, "goal", "move")])["goal"].value == "move"


def test_changes_are_added_changed_and_withdrawn() -> None:
    """One change for each path that differs; what is the same is none."""
    before = [fact(1, "a", 1), fact(2, "b", 1), fact(3, "c", 1)]
    after = [*before, fact(4, "d", 1), fact(5, "b", 2), fact(6, "a", None), fact(7, "c", 1)]

    found = [(change.kind, change.after.path) for change in changes(before, after)]

    assert found == [("added", "d"), ("changed", "b"), ("withdrawn", "a")]
    assert changes(after, after) == []


def test_something_said_and_taken_back_in_between_is_no_change() -> None:
    """What was never there for the reader does not bother them."""
    assert changes([], [fact(1, "a", 1), fact(2, "a", None)]) == []


def test_each_source_has_its_say() -> None:
    """The newest of each source, newest first; the customer's own apart."""
    said = [
        fact(1, "income", "1", source="crm"),
        fact(2, "income", "2"),
        fact(3, "income", "3", source="crm"),
        fact(4, "other", "4"),
    ]

    assert [each.value for each in by_source(said, "income")] == ["3", "2"]
    assert own_words(said)["income"].value == "2"


def test_new_facts_follow_the_old_and_name_what_they_replace() -> None:
    """Positions go on, and a fact points at the one that stood before it."""
    old = fact(4, "income", "1")
    news = FactInput(
        path="income", value="2", source="crm", channel="crm", actor="crm", said_at=NOW
    )

    (added,) = append([old], [news], now=NOW)

    assert (added.position, added.supersedes, added.recorded_at) == (5, old.id, NOW)
    assert append([], [news], now=NOW)[0].position == 1
