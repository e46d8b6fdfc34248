"""How answers already given are sealed: each for the request that it was given to."""

from datetime import timedelta
from typing import Final

from kernel.ids import Id

ANSWERS: Final = "answers"
KEPT: Final = timedelta(hours=24)
"""How long an answer is kept that is not kept for good."""


def answer_context(tenant: Id, *, caller: str, path: str, key: str) -> str:
    """Return what the answer to a request is bound to."""
    return f"{tenant}|{caller}|{path}|{key}"
