"""Forms that come with the house, one file for each kind of meeting."""

from importlib.resources import files
from typing import Literal

import msgspec

from context.model import FormDefinition

Kit = Literal["mortgage", "loan"]


def load(kit: Kit) -> FormDefinition:
    """Return the form of a kit, ready to be published."""
    source = files(__name__).joinpath(f"{kit}.json").read_bytes()
    return msgspec.json.decode(source, type=FormDefinition)
