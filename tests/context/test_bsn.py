"""Recognising a citizen service number in free text."""

import pytest

from context.bsn import contains_bsn, passes_eleven_test


@pytest.mark.parametrize("digits", ["111222333", "123456782", "999990019", "12345672"])
def test_possible_numbers_pass_the_eleven_test(digits: str) -> None:
    """Published test numbers pass, with eight digits as with nine."""
    assert passes_eleven_test(digits)


@pytest.mark.parametrize("digits", ["123456789", "000000000", "111222334"])
def test_impossible_numbers_fail_the_eleven_test(digits: str) -> None:
    """A sequence, zeros, and a number with one digit changed do not pass."""
    assert not passes_eleven_test(digits)


@pytest.mark.parametrize(
    "text",
    [
        "Mijn BSN is 111222333.",
        "bsn:111222333",
        "burgerservicenummer 1112.22.333",
        "Burger service nummer: 123 456 782",
        "sofinummer 12345672",
        "My citizen service number is 123456782",
        "BSN 123456789",
        "Het nummer is 111222333, dank u",
        "BSN \u0661\u0661\u0661\u0662\u0662\u0662\u0663\u0663\u0663",
        "BSN 111\u00a0222\u00a0333",
        "BSN 111\u200b222\u200b333",
        "BSN \uff11\uff11\uff11222333",
        "111222333",
    ],
)
def test_a_likely_number_is_found(text: str) -> None:
    """Named, dotted, spaced, mistyped beside its name, or in another script: it is found."""
    assert contains_bsn(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Wij willen in 2027 kopen, voor 350000 euro.",
        "Bel mij op 0612345678.",
        "Mijn rekening NL91ABNA0417164300 staat bij u.",
        "Polisnummer 111222333",
        "ordernummer 111222333",
        "Bel telefoon 111222333 na vijven",
        "123456789",
        "12345672",
        "Een huis van € 111.222.333",
        "Geboren op 01-02-1980, verhuisd in 1999.",
        "1112223334",
        "Wij hebben geen bsn nodig, toch?",
    ],
)
def test_other_numbers_pass(text: str) -> None:
    """Amounts, telephones, policies, accounts and numbers that fail the test are left alone."""
    assert not contains_bsn(text)
