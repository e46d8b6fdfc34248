"""Numbers as people type them: what is read, and what is refused rather than guessed."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.pages.render import amount
from api.pages.typed import Unreadable, decimal_text, read_answer, show_answer
from context.model import FieldView
from kernel.people import Language


def asked(kind: str) -> FieldView:
    """Return a question of this kind."""
    return FieldView(id="q", kind=kind, label="", help="", why="", required=False)


@pytest.mark.parametrize(
    ("typed", "language", "kept"),
    [
        ("1.234,56", "nl", "1234.56"),
        ("1.234,56", "en", "1234.56"),
        ("1,234.56", "en", "1234.56"),
        ("1,234.56", "nl", "1234.56"),
        ("€ 245.000", "nl", "245000"),
        ("245.000,-", "nl", "245000"),
        ("245,000", "en", "245000"),
        ("1.245.000,5", "nl", "1245000.5"),
        ("3,85 %", "nl", "3.85"),
        ("3.85", "nl", "3.85"),
        ("\u20ac\u00a01\u00a0234,50", "nl", "1234.50"),
        ("64000", "nl", "64000"),
        ("007", "nl", "007"),
    ],
)
def test_an_amount_is_read_as_its_writer_meant_it(
    typed: str, language: Language, kept: str
) -> None:
    """Dutch and English notation are both understood, whatever the page's language."""
    assert decimal_text(typed, language) == kept


@pytest.mark.parametrize(
    ("typed", "language"),
    [
        ("1,234", "nl"),  # a thousand in English; a Dutch reader may mean three decimals
        ("1.234", "en"),
        ("1.23.456", "nl"),
        ("1.234,567,89", "nl"),
        ("12.34,5", "nl"),
        ("-5", "nl"),
        ("veel", "nl"),
        ("1e9", "nl"),
        (",5", "nl"),
        ("5,", "nl"),
        ("١٢٣", "nl"),
        (",-", "nl"),
        ("€", "nl"),
    ],
)
def test_an_amount_that_could_be_two_is_not_guessed(typed: str, language: Language) -> None:
    """A figure in a mortgage file is asked again rather than read wrongly by a factor of 1000."""
    with pytest.raises(Unreadable):
        decimal_text(typed, language)


@settings(max_examples=200)
@given(
    st.decimals(min_value=0, max_value=Decimal("9999999999.99"), places=2),
    st.sampled_from(["nl", "en"]),
)
def test_what_a_field_shows_is_read_back_the_same(value: Decimal, language: Language) -> None:
    """Saving a form that was not touched changes no amount."""
    shown = amount(f"{value:.2f}", language=language)
    assert Decimal(decimal_text(shown, language)) == value


@settings(max_examples=300)
@given(st.text(alphabet="0123456789.,- €", max_size=12), st.sampled_from(["nl", "en"]))
def test_nothing_typed_breaks_the_reader(typed: str, language: Language) -> None:
    """Whatever stands in a field is an amount, or is refused."""
    try:
        text = decimal_text(typed, language)
    except Unreadable:
        return
    assert Decimal(text) >= 0


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("integer", "264", 264),
        ("integer", "1.200", 1200),
        ("yesno", "yes", True),
        ("yesno", "no", False),
        ("month", "04-2029", "2029-04"),
        ("month", "4/2029", "2029-04"),
        ("month", "2029-04", "2029-04"),
        ("text", "  Biltstraat 12 ", "Biltstraat 12"),
        ("money", "   ", None),
        ("yesno", "", None),
    ],
)
def test_each_kind_of_answer_is_read(kind: str, typed: str, kept: object) -> None:
    """What is kept has the type that the question asks for; nothing typed takes it back."""
    assert read_answer(asked(kind), typed, "nl") == kept


@pytest.mark.parametrize("typed", ["12,5", "1e3", "-1", "9" * 16, "1.20"])
def test_a_whole_number_is_whole(typed: str) -> None:
    """Half a month is asked again."""
    with pytest.raises(Unreadable):
        read_answer(asked("integer"), typed, "nl")


def test_a_kept_answer_is_shown_as_one_types_it() -> None:
    """Amounts are grouped by the reader's language, without cents that are not there."""
    assert show_answer(asked("money"), "245000.00", "nl") == "245.000"
    assert show_answer(asked("money"), "1234.50", "en") == "1,234.50"
    assert show_answer(asked("yesno"), value=False, language="nl") == "no"
    assert show_answer(asked("integer"), 264, "nl") == "264"
