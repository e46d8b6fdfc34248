"""What customers can agree to, in the exact words they are shown.

Words that change get a new version: the ledger keeps text, version and hash of what was agreed to.
Nothing is ever agreed to by default.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from context.errors import PurposeUnknown
from context.model import Consent, ConsentView
from kernel.people import Language

RATE_NOTICES: Final = "rate-notices"


class Wording(Struct, frozen=True, kw_only=True):
    """The words of one purpose."""

    version: int
    texts: dict[Language, str]


PURPOSES: Final[Mapping[str, Wording]] = {
    RATE_NOTICES: Wording(
        version=1,
        texts={
            "nl": (
                "Ik wil een bericht krijgen als een renteverandering mijn maandlast raakt. "
                "Daarvoor worden de bedragen gebruikt die ik zelf heb opgegeven. "
                "Ik kan dit altijd weer stopzetten."
            ),
            "en": (
                "I want to be told when a change of interest rates affects my monthly payment. "
                "The amounts that I gave myself are used for this. "
                "I can stop this at any time."
            ),
        },
    ),
}


def wording(purpose: str) -> Wording:
    """Return the words of *purpose*.

    Raises:
        PurposeUnknown: Nobody is asked for consent to this.
    """
    if purpose not in PURPOSES:
        raise PurposeUnknown(purpose, ", ".join(PURPOSES))
    return PURPOSES[purpose]


def text_hash(text: str) -> str:
    """Return the SHA-256 of *text*: proof of which words were shown."""
    return hashlib.sha256(text.encode()).hexdigest()


def standing(ledger: Iterable[Consent], language: Language) -> list[ConsentView]:
    """Return every purpose and whether it is agreed to, from the latest row of each purpose."""
    latest = {row.purpose: row for row in ledger}
    views = []
    for purpose, words in PURPOSES.items():
        row = latest.get(purpose)
        given = row is not None and row.given
        views.append(
            ConsentView(
                purpose=purpose,
                given=given,
                text=words.texts[language],
                since=row.at if row is not None and given else None,
            )
        )
    return views
