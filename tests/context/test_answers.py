"""One answer: what each kind of field takes, and how it is written down."""

from typing import Any

import pytest

from context.answers import AnswerRefused, check_fact, parse_answer
from context.errors import AnswersRefused
from context.model import (
    FactInput,
    Field,
    IntegerField,
    MonthField,
    NoteField,
    PercentField,
    TextField,
)
from tests.context.builders import NOW, choice, longtext, money, same, yesno

TEXT = TextField(id="t", label=same("t"), max_length=10)
LONG = longtext("l", max_length=60)
INTEGER = IntegerField(id="i", label=same("i"), minimum=1, maximum=360)
MONEY = money("m")
PERCENT = PercentField(id="p", label=same("p"))
MONTH = MonthField(id="d", label=same("d"))
CHOICE = choice("c", "buy", "move")
YESNO = yesno("y")


@pytest.mark.parametrize(
    ("field", "given", "stored"),
    [
        (TEXT, "  Neude 1 ", "Neude 1"),
        (LONG, "een\r\ntwee", "een\ntwee"),
        (LONG, "Ja 😀 één", "Ja 😀 één"),
        (INTEGER, 1, 1),
        (INTEGER, 360, 360),
        (MONEY, "1234.5", "1234.50"),
        (MONEY, "0", "0.00"),
        (MONEY, 350000, "350000.00"),
        (MONEY, "9999999999.99", "9999999999.99"),
        (PERCENT, "3.85", "3.85"),
        (PERCENT, "100", "100.00"),
        (MONTH, "2029-04", "2029-04"),
        (CHOICE, "buy", "buy"),
        (YESNO, False, False),
        (MONEY, None, None),
        (MONEY, "", None),
        (YESNO, "", None),
        (TEXT, "   ", None),
    ],
)
def test_a_fitting_answer_is_written_one_way(field: Field, given: Any, stored: Any) -> None:
    """Amounts get two decimals, text loses white space around it, nothing takes an answer back."""
    parsed = parse_answer(field, given)

    assert parsed == stored
    assert type(parsed) is type(stored)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        (TEXT, "elf tekens!"),
        (TEXT, "een\ntwee"),
        (TEXT, 5),
        (LONG, "a\x00b"),
        (LONG, "a\x1bb"),
        (LONG, "a\ud800b"),
        (LONG, "Mijn BSN is 111222333"),
        (INTEGER, 0),
        (INTEGER, 361),
        (INTEGER, 12.0),
        (INTEGER, "12"),
        (INTEGER, True),
        (MONEY, "-1"),
        (MONEY, "0.1e400"),
        (MONEY, "1e5"),
        (MONEY, "1.234"),
        (MONEY, "350.000,00"),
        (MONEY, "12345678901"),
        (MONEY, "NaN"),
        (MONEY, "Infinity"),
        (MONEY, "१२"),
        (MONEY, "1\n"),
        (MONEY, 10.5),
        (MONEY, True),
        (MONEY, -1),
        (MONEY, 10**11),
        (PERCENT, "100.01"),
        (PERCENT, "3,85"),
        (MONTH, "2029-13"),
        (MONTH, "2029-4"),
        (MONTH, 202904),
        (CHOICE, "rent"),
        (CHOICE, ["buy"]),
        (YESNO, "yes"),
        (YESNO, 1),
        (NoteField(id="n", label=same("n")), "x"),
    ],
)
def test_what_does_not_fit_is_refused(field: Field, given: Any) -> None:
    """Too long, out of bounds, of another type, or a number of four hundred digits in disguise."""
    with pytest.raises(AnswerRefused) as caught:
        parse_answer(field, given)

    assert caught.value.sentence("nl") != caught.value.sentence("en")


def test_the_refusal_of_a_service_number_does_not_repeat_it() -> None:
    """The number itself is nowhere in the error, and a code tells the reason."""
    with pytest.raises(AnswerRefused) as caught:
        parse_answer(LONG, "Mijn BSN is 111222333")

    assert caught.value.code == "bsn-refused"
    assert "111222333" not in repr(caught.value)


def fact_input(**changes: Any) -> FactInput:
    """Something an advisor noted."""
    values: dict[str, Any] = {
        "path": "income.gross_year",
        "value": "64000.00",
        "source": "advisor",
        "channel": "phone",
        "actor": "advisor",
        "said_at": NOW,
    }
    return FactInput(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"path": "Income"}, "/path"),
        ({"path": ""}, "/path"),
        ({"value": "BSN 111222333"}, "/value"),
        ({"value": "a\x00"}, "/value"),
        ({"value": 10**12}, "/value"),
        ({"channel": "web\x00"}, "/channel"),
        ({"actor": "a" * 81}, "/actor"),
    ],
)
def test_a_fact_that_may_not_be_kept_is_refused(changes: dict[str, Any], pointer: str) -> None:
    """Facts from elsewhere are held to the same: no service number, nothing that cannot be read."""
    check_fact(fact_input())

    with pytest.raises(AnswersRefused) as caught:
        check_fact(fact_input(**changes))

    assert [error.pointer for error in caught.value.errors] == [pointer]
