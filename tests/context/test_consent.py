"""The words of consent: exact, versioned, and never given by default."""

import pytest

from context.consent import PURPOSES, standing, text_hash, wording
from context.errors import PurposeUnknown
from context.words import LANGUAGES

PRINTED = {
    ("rate-notices", 1, "nl"): "663486b2b85dfa336ae32ffbbad6895d945249afab32fad456fd3cac9360f60e",
    ("rate-notices", 1, "en"): "926977fd79a20293b97262ed55a660ddd358f5cae15aff7bea725b29ec7a3104",
}
"""The SHA-256 of every text that customers were ever shown; a line is added, never changed."""


def test_a_changed_text_needs_a_new_version() -> None:
    """The words of a version are those that were printed; this fails if they drift."""
    now = {
        (purpose, words.version, language): text_hash(words.texts[language])
        for purpose, words in PURPOSES.items()
        for language in LANGUAGES
    }

    assert {key: PRINTED.get(key) for key in now} == now


def test_nothing_is_ticked_beforehand() -> None:
    """Without a ledger every purpose is not given, with its text in the reader's language."""
    for view in standing([], "en"):
        assert (view.given, view.since) == (False, None)
        assert view.text == PURPOSES[view.purpose].texts["en"]


def test_an_unknown_purpose_has_no_words() -> None:
    """The error names what there is."""
    with pytest.raises(PurposeUnknown, match="rate-notices"):
        wording("marketing")
