"""How people are called: names with their prefixes, and the right form of address.

Gender is never guessed. Without a chosen form of address a person is greeted by their full name.
Rules: Onze Taal on capitals in Dutch names, Taaladvies on salutations.
"""

from typing import Literal

from msgspec import Struct

Honorific = Literal["mr", "mrs", "none"]
Language = Literal["nl", "en"]
Formality = Literal["formal", "informal"]


class PersonName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's name in its parts, as they gave it.

    Attributes:
        given: First name or names; may be empty where only initials are known.
        initials: As written before a surname, with dots: ``K.``.
        prefix: Tussenvoegsel, in lower case: ``de``, ``van der``.
        surname: Without its prefix.
        partner_prefix: The same for a partner's name that is borne first.
        partner_surname: Borne before the own surname, joined by a hyphen.
        honorific: The form of address this person chose: *mr* (heer), *mrs* (mevrouw), or *none*.
    """

    given: str = ""
    initials: str = ""
    prefix: str = ""
    surname: str
    partner_prefix: str = ""
    partner_surname: str = ""
    honorific: Honorific = "none"


def surname(name: PersonName, *, starts: bool) -> str:
    """Return the surname with its prefixes.

    Args:
        name: Whose surname.
        starts: Whether no name or initial stands before it; then, in Dutch, the prefix gets a
            capital (mevrouw De Vries, but Kim de Vries). An elided article never does (d', 't).
    """
    own = _joined(name.prefix, name.surname)
    full = own
    if name.partner_surname:
        full = f"{_joined(name.partner_prefix, name.partner_surname)}-{own}"
    if starts and not full.startswith(("'", "\u2019", "d'", "d\u2019")):
        full = full[:1].upper() + full[1:]
    return full


def full_name(name: PersonName) -> str:
    """Return the name as one says it: first name or initials, then surname."""
    first = name.given or name.initials
    return f"{first} {surname(name, starts=False)}" if first else surname(name, starts=True)


def greeting(name: PersonName, language: Language, formality: Formality) -> str:
    """Return the opening of a letter, without the comma that follows it.

    ``Geachte mevrouw De Vries``, ``Beste Kim Verbeek``, ``Dear Mr De Vries``, ``Dear Kim``.
    """
    if formality == "informal":
        word = "Beste" if language == "nl" else "Dear"
        return f"{word} {name.given or full_name(name)}"
    if name.honorific == "none":
        word = "Beste" if language == "nl" else "Dear"
        return f"{word} {full_name(name)}"
    last = surname(name, starts=True)
    if language == "nl":
        return f"Geachte {'heer' if name.honorific == 'mr' else 'mevrouw'} {last}"
    return f"Dear {'Mr' if name.honorific == 'mr' else 'Ms'} {last}"


def spoken_address(name: PersonName, language: Language, formality: Formality) -> str:
    """Return how to address this person aloud: ``mevrouw De Vries``, ``Kim``."""
    if formality == "informal" or name.honorific == "none":
        return name.given if formality == "informal" and name.given else full_name(name)
    last = surname(name, starts=True)
    if language == "nl":
        return f"{'meneer' if name.honorific == 'mr' else 'mevrouw'} {last}"
    return f"{'Mr' if name.honorific == 'mr' else 'Ms'} {last}"


def _joined(prefix: str, rest: str) -> str:
    if not prefix:
        return rest
    # 't Hart keeps its space, d'Ancona does not.
    glue = "" if prefix.endswith(("d'", "d\u2019")) else " "
    return f"{prefix}{glue}{rest}"
