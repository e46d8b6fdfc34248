"""The form in which a customer introduces themselves when booking: its fields and its mistakes."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from api.wire.customer import BookingBody
from kernel.errors import FieldError, Invalid
from kernel.people import Language

FIELDS: Final = (
    "given",
    "prefix",
    "surname",
    "honorific",
    "email",
    "phone",
    "companion_given",
    "companion_surname",
    "companion_email",
    "companion_language",
)

_COMPANION: Final = ("companion_given", "companion_surname", "companion_email")

_POINTERS: Final[Mapping[str, str]] = {
    "/customer/email": "email",
    "/customer/phone": "phone",
    "/customer/name/given": "given",
    "/customer/name/prefix": "prefix",
    "/customer/name/honorific": "honorific",
    "/customer/name": "surname",
    "/participants/0/email": "companion_email",
    "/participants/0/language": "companion_language",
    "/participants": "companion_surname",
    "/start": "start",
}
_STEP: Final = re.compile(r"\.([a-z_]+)|\[(\d+)\]")


def empty() -> dict[str, str]:
    """Return the form before anything was typed."""
    return dict.fromkeys(FIELDS, "")


def missing(typed: Mapping[str, str], *, channel: str) -> dict[str, str]:
    """Return which fields need something typed, with the reason's name."""
    needed = ["surname", "email"]
    if channel == "phone":
        needed.append("phone")
    if any(typed[name] for name in _COMPANION):
        needed += ["companion_surname", "companion_email"]
    return {name: "required" for name in needed if not typed[name]}


def booking_body(
    typed: Mapping[str, str], wish: Mapping[str, Any], language: Language
) -> BookingBody:
    """Return what is asked of the booking desk.

    Args:
        typed: The fields of the form.
        wish: Meeting type, start, channel and the rest of what was chosen before.
        language: In which the customer reads.

    Raises:
        Invalid: Something typed cannot be such a thing; with a pointer into the body.
    """
    companions = []
    if typed["companion_surname"]:
        name = {"given": typed["companion_given"], "surname": typed["companion_surname"]}
        companions = [
            {
                "name": name,
                "email": typed["companion_email"],
                "language": typed["companion_language"] or language,
            }
        ]
    body = {
        **wish,
        "customer": {
            "name": {
                "given": typed["given"],
                "prefix": typed["prefix"].lower(),
                "surname": typed["surname"],
                "honorific": typed["honorific"] or "none",
            },
            "email": typed["email"],
            "phone": typed["phone"] or None,
            "language": language,
        },
        "participants": companions,
    }
    try:
        return msgspec.convert(body, BookingBody)
    except msgspec.ValidationError as error:
        detail, _, path = str(error).partition(" - at ")
        steps = [name or index for name, index in _STEP.findall(path)]
        pointer = "".join(f"/{step}" for step in steps)
        raise Invalid(detail, errors=(FieldError(pointer=pointer, detail=detail),)) from None


def mistakes(error: Invalid) -> dict[str, str]:
    """Return the fields that *error* is about, with the reason's name."""
    found = {}
    for problem in error.errors:
        for pointer, name in _POINTERS.items():
            if problem.pointer == pointer or problem.pointer.startswith(f"{pointer}/"):
                found[name] = "repeated" if problem.code == "person-repeated" else "invalid"
                break
    return found
