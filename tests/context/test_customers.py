"""Who a person is: what an address, a number and a name can be, and when two are the same."""

from typing import Any

import pytest

from context.customers import check, is_email_address, surname_key
from kernel.errors import Invalid
from kernel.people import PersonName
from tests.context.builders import person


@pytest.mark.parametrize(
    "address",
    [
        "anna@example.org",
        "Anna.de-Vries+hypotheek@mail.example.co.uk",
        "o'brien@example.org",
        "a@b.nl",
        "a@xn--bcher-kva.example",
        f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 58}.nl",
    ],
)
def test_an_address_that_mail_reaches_is_accepted(address: str) -> None:
    """Dots, plus signs, apostrophes, sub-domains, and exactly 254 characters."""
    assert is_email_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "anna@",
        "@example.org",
        "anna@example",
        "anna@@example.org",
        "anna@ex@ample.org",
        "anna@.org",
        "anna@example..org",
        "anna@example.org.",
        "anna@-example.org",
        ".anna@example.org",
        "an..na@example.org",
        "anna @example.org",
        " anna@example.org",
        "anna@example.org\n",
        "anna@example.org\r\nBcc: x@example.org",
        "anna\x00@example.org",
        "Anna <anna@example.org>",
        '"anna"@example.org',
        "anna@127.0.0.1",
        "anna@exämple.org",
        "anna,bram@example.org",
        f"{'a' * 65}@example.org",
        f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 59}.nl",
    ],
)
def test_anything_else_is_refused(address: str) -> None:
    """No header can be smuggled in, and nothing that only looks like an address."""
    assert not is_email_address(address)


@pytest.mark.parametrize("phone", ["030 123 45 67", "+31 30 123 45 67", "(030) 123-4567", None])
def test_telephone_numbers_are_taken_as_people_write_them(phone: str | None) -> None:
    """Spaces, dashes, brackets and a country code."""
    check(person(phone=phone), pointer="")


@pytest.mark.parametrize("phone", ["", "06", "bel mij", "+31\n30123456", "1" * 40])
def test_other_telephone_numbers_are_refused(phone: str) -> None:
    """Too short, too long, words, or with a line break."""
    with pytest.raises(Invalid) as caught:
        check(person(phone=phone), pointer="/customer")

    assert [error.pointer for error in caught.value.errors] == ["/customer/phone"]


@pytest.mark.parametrize(
    ("name", "pointer"),
    [
        ({"surname": ""}, "/customer/name/surname"),
        ({"surname": "V" * 101}, "/customer/name/surname"),
        ({"surname": "Vries", "given": "A\x07"}, "/customer/name/given"),
        ({"surname": "Vries", "prefix": "de\u2028"}, "/customer/name/prefix"),
    ],
)
def test_a_name_that_is_none_is_refused(name: dict[str, Any], pointer: str) -> None:
    """Empty, endless, or with characters that break a line."""
    with pytest.raises(Invalid) as caught:
        check(person(name=PersonName(**name)), pointer="/customer")

    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_a_surname_is_compared_as_it_is_read() -> None:
    """Prefix in a box of its own or not, capitals and spaces make no difference; a name does."""
    keys = {
        surname_key(PersonName(prefix="de", surname="Vries")),
        surname_key(PersonName(surname="De  Vries ")),
        surname_key(PersonName(given="Bram", prefix="de", surname="VRIES")),
    }

    assert keys == {"de vries"}
    assert surname_key(PersonName(surname="Vries")) == "vries"
