"""Ids say what they are, sort by age and cannot be mistaken for one another."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import ids
from kernel.errors import NotFound

START = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


@given(st.uuids())
def test_every_uuid_has_one_text_and_comes_back(value: UUID) -> None:
    """Text and UUID are two spellings of the same id."""
    text = ids.to_text("bkg", value)

    assert ids.to_uuid("bkg", text) == value
    assert len(text) == len("bkg_") + 26


def test_later_ids_sort_after_earlier_ones() -> None:
    """A millisecond apart is enough for text order to be creation order."""
    made = [ids.new_id("bkg", START + timedelta(milliseconds=step)) for step in range(50)]

    assert sorted(made) == made


def test_an_id_is_a_uuid_of_version_seven() -> None:
    """RFC 9562: version 7, and the first 48 bits are Unix milliseconds."""
    value = ids.uuid7(START)

    assert value.version == 7
    assert value.int >> 80 == int(START.timestamp() * 1000)


@pytest.mark.parametrize("text", ["", "bkg_", "bkg_x", "adv_" + "0" * 26, "bkg_" + "z" * 26, "💥"])
def test_what_is_no_id_of_this_kind_is_not_found(text: str) -> None:
    """Another kind's id, a cut one and nonsense are all: there is no such thing."""
    with pytest.raises(NotFound):
        ids.require("bkg", text, "booking")
