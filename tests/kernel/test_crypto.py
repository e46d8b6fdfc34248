"""What is sealed stays where it was put, and what is signed cannot be made up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.crypto import Keyring, Secret, fingerprint, random_token

KEYS = Keyring(Secret("a secret key of an installation, long enough"))
OTHER = Keyring(Secret("a secret key of another one, as long as it is"))


@given(st.binary(max_size=200))
def test_a_sealed_value_opens_in_its_own_place_only(plain: bytes) -> None:
    """Another row, another use and another installation cannot open it."""
    sealed = KEYS.seal(plain, use="calendar", context="acc_1")

    assert KEYS.open(sealed, use="calendar", context="acc_1") == plain
    for keys, use, context in (
        (KEYS, "calendar", "acc_2"),
        (KEYS, "answers", "acc_1"),
        (OTHER, "calendar", "acc_1"),
    ):
        with pytest.raises(ValueError, match="does not open"):
            keys.open(sealed, use=use, context=context)


def test_a_changed_sealed_value_does_not_open() -> None:
    """One flipped bit is enough."""
    sealed = bytearray(KEYS.seal(b"password", use="calendar", context="a"))
    sealed[-1] ^= 1

    with pytest.raises(ValueError, match="does not open"):
        KEYS.open(bytes(sealed), use="calendar", context="a")


@given(st.binary(min_size=1, max_size=60))
def test_a_token_is_good_for_one_use_and_in_one_spelling(payload: bytes) -> None:
    """Another kind of link, another key, a cut or padded token: none of them is a token."""
    token = KEYS.sign(payload, use="manage")

    assert KEYS.verify(token, use="manage") == payload
    for keys, use, text in (
        (KEYS, "intake", token),
        (OTHER, "manage", token),
        (KEYS, "manage", token[:-1]),
        (KEYS, "manage", token + "="),
        (KEYS, "manage", "ü" + token),
    ):
        with pytest.raises(ValueError, match="not a token"):
            keys.verify(text, use=use)


def test_a_secret_does_not_print() -> None:
    """Neither repr nor str shows it."""
    secret = Secret("hunter2")

    assert "hunter2" not in f"{secret!r} {secret}"


def test_tokens_are_long_and_their_prints_differ() -> None:
    """256 random bits each, stored as a hash that does not contain them."""
    first, second = random_token(), random_token()

    assert first != second
    assert len(first) >= 43
    assert first not in fingerprint(first)
