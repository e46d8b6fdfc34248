"""Who a person is: checking how they introduce themselves, and recognising them again.

The same e-mail address with the same surname is the same customer. A family that shares an
address stays apart by surname; nobody is ever merged silently.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from context.model import CustomerInput
from kernel import people
from kernel.errors import FieldError, Invalid
from kernel.people import PersonName
from kernel.vault import TenantKeys

_LONGEST_ADDRESS: Final = 254
"""RFC 5321, 4.5.3.1.3: a path is 256 octets with its angle brackets."""

_LOCAL: Final = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}\Z", re.IGNORECASE)
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z", re.IGNORECASE)
_PHONE: Final = re.compile(r"[+(]?[0-9][0-9 ().\-]{5,24}\Z")
_LONGEST_NAME: Final = 100
_NAME_PARTS: Final = (
    "given",
    "initials",
    "prefix",
    "surname",
    "partner_prefix",
    "partner_surname",
)


def check(data: CustomerInput, *, pointer: str) -> None:
    """Refuse a name, an e-mail address or a telephone number that cannot be one.

    Args:
        data: How a person introduces themselves.
        pointer: Where *data* stands in what was sent, such as ``/customer``.

    Raises:
        Invalid: With a pointer to each part that is wrong.
    """
    problems = [*_name_problems(data.name, f"{pointer}/name")]
    if not is_email_address(data.email):
        problems.append(
            FieldError(
                pointer=f"{pointer}/email",
                detail="This is no e-mail address; write it like name@example.org.",
                code="email-invalid",
            )
        )
    if data.phone is not None and not _PHONE.match(data.phone):
        problems.append(
            FieldError(
                pointer=f"{pointer}/phone",
                detail="This is no telephone number; write digits, such as +31 30 123 45 67.",
                code="phone-invalid",
            )
        )
    if problems:
        raise Invalid(problems[0].detail, errors=tuple(problems))


def is_email_address(text: str) -> bool:
    """Return whether *text* is an address that mail can be sent to.

    Stricter than RFC 5322: one @, a domain with a dot, ASCII only, no quotes, no comments. A
    domain in another script is written in its ASCII form.
    """
    local, at, domain = text.partition("@")
    labels = domain.split(".")
    return (
        bool(at)
        and len(text) <= _LONGEST_ADDRESS
        and _LOCAL.match(local) is not None
        and not local.startswith(".")
        and not local.endswith(".")
        and ".." not in local
        and len(labels) > 1
        and all(_LABEL.match(label) for label in labels)
        and not labels[-1].isdigit()
    )


class Marks(Struct, frozen=True, kw_only=True):
    """What a person is recognised by, none of which can be read back; newest last.

    While an organisation's key for it is being replaced, there are two of each; *version* is that
    of the newest.
    """

    version: int
    email: list[str]
    surname: list[str]
    phone: list[str]


def marks(keys: TenantKeys, *, name: PersonName, email: str, phone: str | None) -> Marks:
    """Return what a person is recognised by at this organisation."""
    digits = phone_digits(phone or "")
    return Marks(
        version=max(keys.index),
        email=keys.marks("email", email.casefold()),
        surname=keys.marks("surname", surname_key(name)),
        phone=keys.marks("phone", digits) if digits else [],
    )


def phone_digits(phone: str) -> str:
    """Return a telephone number as it is compared: its last nine digits.

    With or without a country's prefix, and the zero that it replaces, it is the same number.
    """
    return "".join(each for each in phone if each.isdigit())[-9:]


def surname_key(name: PersonName) -> str:
    """Return a surname with its prefix as it is compared.

    Whether the prefix was typed in a box of its own makes no difference.
    """
    plain = unicodedata.normalize("NFKC", people.surname(name, starts=False))
    return " ".join(plain.casefold().split())


def _name_problems(name: PersonName, pointer: str) -> Iterator[FieldError]:
    if not name.surname.strip():
        yield FieldError(
            pointer=f"{pointer}/surname", detail="Please give a surname.", code="required"
        )
    for part in _NAME_PARTS:
        written: str = getattr(name, part)
        if len(written) > _LONGEST_NAME:
            detail = f"This is too long: at most {_LONGEST_NAME} characters."
            yield FieldError(pointer=f"{pointer}/{part}", detail=detail, code="too-long")
        elif any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in written):
            detail = "This has characters that no name has; type it again."
            yield FieldError(pointer=f"{pointer}/{part}", detail=detail)
