"""Every refusal has its reason, the nearest to yes is told, and nobody's business is given away."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, get_args

import pytest
from msgspec import structs

from booking.agenda import Agenda, Block, Busy, Party, Required, Rules, merge_busy
from booking.explaining import OPERATORS, WORDS, refusal, refusals, why_not
from booking.schedule import Stretch, from_epoch
from booking.values import Grid, Reason

DAY = 86_400
HOUR = 3600


def at(clock: str) -> int:
    """Return a time of the first of January 1970 in UTC, or of the second from 24:00 on."""
    return int(clock[:2]) * HOUR + int(clock[3:]) * 60


def span(text: str) -> tuple[int, int]:
    return at(text[:5]), at(text[6:])


def spans(*texts: str) -> Busy:
    return merge_busy(map(span, texts))


def agenda(*ranges: str, advisor: str = "a", blocks: Sequence[Block] = (), **more: Any) -> Agenda:
    """Somebody who works 09:00-17:00 on that day; *busy* follows from the blocks."""
    taken = [
        one for block in blocks for one in zip(block.busy.starts, block.busy.ends, strict=True)
    ]
    work = [span(one) for one in ranges]
    stretches = [Stretch(start, start, end, start, end, "UTC") for start, end in work]
    return Agenda(
        **{
            "advisor": advisor,
            "stretches": stretches,
            "busy": merge_busy(taken),
            "own": work,
            "blocks": blocks,
            **more,
        }
    )


RULES = Rules(
    duration=HOUR,
    step=HOUR,
    now=at("08:00"),
    earliest=at("08:00"),
    latest=2 * DAY,
    day_zone="UTC",
)


def told(party: Party, rules: Rules = RULES) -> dict[str, Reason]:
    """Return what is told of each refused start."""
    _, listed = refusals(party, rules, 0, 2 * DAY)
    return {f"{one.start:%H:%M}": one.reason for one in listed}


# --- one advisor ---------------------------------------------------------------------------------


def test_each_start_has_the_first_reason_in_its_way() -> None:
    """A day from eight to six with everything in it, from the past to the booking window."""
    worker = agenda(
        "08:00-18:00",
        blocks=[
            Block("busy", spans("11:00-14:00")),
            Block("booked", spans("12:00-14:00")),
            Block("absent", spans("13:00-14:00")),
        ],
        no_start=spans("13:00-15:00"),
    )
    rules = structs.replace(RULES, now=at("08:30"), earliest=at("09:30"), latest=at("16:00"))

    found = {
        clock: why_not(worker, rules, at(clock))
        for clock in (
            "08:00",
            "09:00",
            "10:00",
            "10:30",
            "11:00",
            "12:00",
            "13:00",
            "14:00",
            "15:00",
            "15:30",
            "16:00",
            "18:00",
            "07:00",
        )
    }

    assert found == {
        "08:00": "past",
        "09:00": "notice",
        "10:00": None,
        "10:30": "off-grid",
        "11:00": "busy",
        "12:00": "booked",
        "13:00": "absent",
        "14:00": "limit",
        "15:00": None,
        "15:30": "off-grid",
        "16:00": "outside-window",
        "18:00": "outside-window",
        "07:00": "past",
    }


def test_who_never_can_says_so_first() -> None:
    """A missing licence or skill comes before anything about the time."""
    for reason in ("unsuitable", "not-authorised"):
        worker = agenda("09:00-17:00", unsuitable=reason)
        assert why_not(worker, RULES, at("07:00")) == reason
        assert why_not(worker, RULES, at("10:00")) == reason


def test_closed_doors_come_before_hours() -> None:
    """Own hours 08:00 to 18:00; branch from nine, meeting type until four, a holiday tomorrow."""
    worker = agenda(
        "09:00-16:00",
        own=[span("08:00-18:00"), span("32:00-42:00")],
        layers=[
            ("holiday", [(0, DAY)]),
            ("branch-closed", [span("09:00-17:00"), span("33:00-41:00")]),
            ("not-offered", [span("06:00-16:00"), span("30:00-40:00")]),
        ],
    )

    assert why_not(worker, RULES, at("08:00")) == "branch-closed"
    assert why_not(worker, RULES, at("16:00")) == "not-offered"
    assert why_not(worker, RULES, at("35:00")) == "holiday"
    # At half past three the doors are open, but not for an hour any more.
    assert why_not(worker, RULES, at("15:30")) == "not-offered"
    assert why_not(worker, RULES, at("15:00")) is None


def test_own_hours_are_told_where_the_doors_are_open() -> None:
    """Work until noon in a branch that is open until five; the last meeting does not fit."""
    worker = agenda("09:00-12:00", layers=[("branch-closed", [span("09:00-17:00")])])

    assert why_not(worker, RULES, at("13:00")) == "outside-hours"
    assert why_not(worker, RULES, at("11:30")) == "outside-hours"
    assert why_not(worker, RULES, at("20:00")) == "branch-closed"


def test_preparation_outside_hours_is_outside_hours() -> None:
    """At nine there has been no time to prepare, and at eleven there is none to wrap up."""
    rules = structs.replace(RULES, before=900, after=900, preparation=900, wrap_up=900)
    worker = agenda("09:00-12:00")

    assert [why_not(worker, rules, at(clock)) for clock in ("09:00", "10:00", "11:00")] == [
        "outside-hours",
        None,
        "outside-hours",
    ]


def test_buffers_explain_as_they_refuse() -> None:
    """Ten minutes after the meeting somebody else's begins."""
    worker = agenda("09:00-12:00", blocks=[Block("booked", spans("11:05-12:00"))])

    assert why_not(worker, RULES, at("10:00")) is None
    assert why_not(worker, structs.replace(RULES, after=600), at("10:00")) == "booked"


def test_time_that_is_taken_for_no_known_reason_is_busy() -> None:
    """Whoever hands in no blocks still gets a reason."""
    worker = agenda("09:00-12:00", busy=spans("10:00-11:00"))

    assert why_not(worker, RULES, at("10:00")) == "busy"


@pytest.mark.parametrize("grid", ["clock", "tight"])
def test_a_free_start_beside_a_moving_grid_is_off_it(grid: Grid) -> None:
    """After an event until 10:20: half past ten is on offer to one, 10:20 to the other."""
    rules = structs.replace(RULES, grid=grid, duration=1800, step=1800)
    worker = agenda("09:00-12:00", blocks=[Block("busy", spans("09:00-10:20"))])

    assert why_not(worker, rules, at("09:30")) == "busy"
    assert why_not(worker, rules, at("10:30")) == (None if grid == "clock" else "off-grid")
    assert why_not(worker, rules, at("10:20")) == (None if grid == "tight" else "off-grid")


# --- several -------------------------------------------------------------------------------------


def test_who_comes_nearest_to_yes_is_told_and_each_has_their_own() -> None:
    """One is unsuitable, one is off, one is absent, one has a calendar entry: that one is told."""
    party = Party(
        lead=[
            agenda("09:00-10:00", advisor="x", unsuitable="unsuitable"),
            agenda("10:00-12:00", advisor="off"),
            agenda("09:00-10:00", advisor="ill", blocks=[Block("absent", spans("09:00-10:00"))]),
            agenda("09:00-10:00", advisor="busy", blocks=[Block("busy", spans("09:30-09:40"))]),
        ]
    )

    counted, listed = refusals(party, RULES, 0, at("10:00"))

    assert counted == {"busy": 1}
    assert [(one.start, one.reason, one.advisors) for one in listed] == [
        (
            from_epoch(at("09:00")),
            "busy",
            {"x": "unsuitable", "off": "outside-hours", "ill": "absent", "busy": "busy"},
        )
    ]
    assert refusal(party, RULES, at("09:00")) == "busy"
    assert refusal(party, RULES, at("10:00")) is None


def test_all_are_counted_and_the_first_are_listed() -> None:
    """Eight hours, all booked; the list stops where it was told to, the count does not."""
    worker = agenda("09:00-17:00", blocks=[Block("booked", spans("09:00-17:00"))])

    counted, listed = refusals(Party(lead=[worker]), RULES, 0, DAY, most=3)

    assert counted == Counter({"booked": 8})
    assert [f"{one.start:%H:%M}" for one in listed] == ["09:00", "10:00", "11:00"]


def test_only_what_was_asked_for_is_explained() -> None:
    """From half past nine to eleven there is one start."""
    worker = agenda("09:00-17:00", blocks=[Block("booked", spans("09:00-17:00"))])

    counted, _ = refusals(Party(lead=[worker]), RULES, at("09:30"), at("11:00"))

    assert counted == {"booked": 1}


def test_a_month_that_is_closed_says_why() -> None:
    """Somebody who works from 08:40, in a branch that is closed: their own starts are explained."""
    worker = agenda(own=[span("08:40-12:00")], layers=[("branch-closed", [])])

    assert told(Party(lead=[worker])) == {
        "08:40": "branch-closed",
        "09:40": "branch-closed",
        "10:40": "branch-closed",
        "11:40": "branch-closed",
    }


def test_what_is_open_is_explained_on_its_own_grid_alone() -> None:
    """Own hours from 08:40, branch from nine: before nine their own starts, then the branch's."""
    worker = agenda(
        "09:00-11:00",
        own=[span("08:40-11:00")],
        layers=[("branch-closed", [span("09:00-17:00")])],
        busy=spans("09:00-11:00"),
    )

    assert told(Party(lead=[worker])) == {
        "08:40": "branch-closed",
        "09:00": "busy",
        "10:00": "busy",
    }


def test_nobody_at_all_is_unsuitable() -> None:
    """Where no advisor gives a meeting there is nothing to count and one thing to say."""
    assert refusal(Party(lead=[]), RULES, at("09:00")) == "unsuitable"
    assert refusals(Party(lead=[]), RULES, 0, DAY) == (Counter(), [])


def required(name: str, *agendas: Agenda, everyone: bool = False, **more: Any) -> Required:
    return Required(name=name, agendas=agendas, everyone=everyone, before=0, after=0, **more)


def test_an_empty_role_is_told_by_its_own_reason() -> None:
    """The room is taken at nine, the interpreter works until eleven."""
    room = agenda("00:00-24:00", advisor="room", busy=spans("09:00-09:30"))
    interpreter = agenda("09:00-11:00", advisor="int")
    for everyone in (False, True):
        party = Party(
            lead=[agenda("09:00-13:00", blocks=[Block("booked", spans("12:00-13:00"))])],
            required=[
                required("room", room, everyone=everyone, reason="no-room"),
                required("interpreter", interpreter, everyone=everyone),
            ],
        )

        assert told(party) == {"09:00": "no-room", "11:00": "busy", "12:00": "booked"}


def test_a_role_that_can_never_be_filled_is_told() -> None:
    """No room of the kind; nobody with a licence; one person in two roles."""
    lead = agenda("09:00-10:00")
    able = agenda("09:00-10:00", advisor="b")
    barred = agenda("09:00-10:00", advisor="c", unsuitable="not-authorised")
    for roles, reason in (
        ([required("b", able), required("room", reason="no-room")], "no-room"),
        ([required("b", able), required("c", barred, reason="not-authorised")], "not-authorised"),
        ([required("c", barred, everyone=True, reason="not-authorised")], "not-authorised"),
        ([required("all", everyone=True, reason="no-room")], "no-room"),
        (
            [
                required("one", able, everyone=True),
                required("two", able, everyone=True, reason="unsuitable"),
            ],
            "unsuitable",
        ),
    ):
        assert told(Party(lead=[lead], required=roles)) == {"09:00": reason}


def test_one_person_for_two_roles_is_one_too_few() -> None:
    """The only other advisor is wanted twice; somebody who must come cannot lead."""
    lead, other = agenda("09:00-10:00"), agenda("09:00-10:00", advisor="b")
    twice = [required("one", other), required("two", other, lead, reason="no-room")]
    both = Party(lead=[lead, other], required=[required("b", other, everyone=True)])

    assert told(Party(lead=[lead], required=twice)) == {"09:00": "no-room"}
    busy = structs.replace(lead, busy=spans("09:00-10:00"))
    _, listed = refusals(structs.replace(both, lead=[busy, other]), RULES, 0, DAY)
    assert [one.advisors for one in listed] == [{"a": "busy", "b": "unsuitable"}]


def test_a_grid_that_those_who_must_come_moved_is_told() -> None:
    """The specialist is in from 09:20 on: on the clock that makes ten the first hour."""
    rules = structs.replace(RULES, grid="tight")
    party = Party(
        lead=[agenda("09:00-12:00")],
        required=[required("spec", agenda("09:20-12:00", advisor="s"), everyone=True)],
    )

    assert told(party, rules) == {"09:00": "busy", "10:00": "off-grid", "11:00": "off-grid"}


def test_days_that_do_not_count_are_told() -> None:
    """Two days with two starts each: the first day only, the first start only, and both."""
    party = Party(lead=[agenda("09:00-11:00", "33:00-35:00")])

    one_day = structs.replace(RULES, bookable_days=1)
    first = structs.replace(RULES, first_of_day=True)
    both = structs.replace(RULES, bookable_days=1, first_of_day=True)

    assert refusals(party, one_day, 0, 2 * DAY)[0] == {"outside-window": 2}
    assert refusals(party, first, 0, 2 * DAY)[0] == {"not-offered": 2}
    assert refusals(party, both, 0, 2 * DAY)[0] == {"outside-window": 2, "not-offered": 1}
    assert refusal(party, both, at("10:00")) == "not-offered"
    assert refusal(party, both, at("33:00")) == "outside-window"


def test_a_group_meeting_with_seats_is_not_refused() -> None:
    """Its advisor is busy with it, and it can be joined all the same."""
    worker = agenda("09:00-11:00", blocks=[Block("booked", spans("09:00-11:00"))])
    party = Party(lead=[worker], sessions={at("09:00"): 2, at("10:00"): 0})

    assert told(party) == {"10:00": "booked"}


# --- in words ------------------------------------------------------------------------------------


def test_there_are_words_for_every_reason() -> None:
    """In Dutch and in English for customers, in English for staff; sentences, and short ones."""
    reasons = set(get_args(Reason))

    assert set(WORDS) == set(OPERATORS) == reasons
    for texts in WORDS.values():
        assert set(texts) == {"nl", "en"}
        for text in texts.values():
            sentences = text.removesuffix(".").split(". ")
            assert text.endswith(".")
            assert all(len(sentence.split()) <= 14 for sentence in sentences)


def test_customers_cannot_tell_what_is_nobody_elses_business() -> None:
    """Booked, busy, away, not licensed and unsuitable (a conflict of interest) read the same."""
    private: list[Reason] = ["busy", "booked", "absent", "not-authorised", "unsuitable"]

    assert len({tuple(sorted(WORDS[reason].items())) for reason in private}) == 1
