"""A webhook is believed when the service signed it, lately, and in no other case."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spreekuur import SignatureInvalid, webhooks

# The vector that implementations of Standard Webhooks share.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
SENT = datetime.fromtimestamp(1614265330, UTC)
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": SIGNATURE,
}


def test_the_shared_vector_is_ours_too() -> None:
    """Signing gives the signature that every implementation gives."""
    assert webhooks.sign(BODY, HEADERS["webhook-id"], 1614265330, secret=SECRET) == SIGNATURE


def test_a_good_webhook_is_unwrapped() -> None:
    """Id, time and payload are there; header names may be in any case, bodies text or bytes."""
    titled = {name.title(): value for name, value in HEADERS.items()}

    event = webhooks.unwrap(BODY.decode(), titled, secret=SECRET, now=SENT)

    assert (event.id, event.sent_at) == ("msg_p5jXN8AQM9LWM0D4loKWxJek", SENT)
    assert event.payload == {"test": 2432232314}
    assert event.type == ""


def test_one_of_several_signatures_suffices() -> None:
    """While a secret is replaced both sign; other schemes are passed over."""
    several = f"v1a,{'A' * 86}== v1,{'B' * 43}= {SIGNATURE}"

    webhooks.verify(BODY, {**HEADERS, "webhook-signature": several}, secret=SECRET, now=SENT)


@pytest.mark.parametrize("minutes", [-5, 5])
def test_five_minutes_either_way_are_accepted(minutes: int) -> None:
    """Clocks differ a little."""
    webhooks.verify(BODY, HEADERS, secret=SECRET, now=SENT + timedelta(minutes=minutes))


@pytest.mark.parametrize("seconds", [-301, 301])
def test_older_or_newer_ones_are_not(seconds: int) -> None:
    """What was recorded cannot be played back later."""
    with pytest.raises(SignatureInvalid, match="too old or too new"):
        webhooks.verify(BODY, HEADERS, secret=SECRET, now=SENT + timedelta(seconds=seconds))


def test_the_machines_clock_is_used_by_default() -> None:
    """Without a moment given, the vector of 2021 is too old."""
    with pytest.raises(SignatureInvalid, match="too old"):
        webhooks.verify(BODY, HEADERS, secret=SECRET)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"webhook-id": "msg_other"}, "No signature fits"),
        ({"webhook-timestamp": "1614265331"}, "No signature fits"),
        ({"webhook-timestamp": "soon"}, "whole number"),
        ({"webhook-timestamp": "1614265330.5"}, "whole number"),
        ({"webhook-timestamp": "-1614265330"}, "whole number"),
        ({"webhook-signature": ""}, "No signature fits"),
        ({"webhook-signature": SIGNATURE.removeprefix("v1,")}, "No signature fits"),
        ({"webhook-signature": SIGNATURE.replace("v1,", "v2,")}, "No signature fits"),
        ({"webhook-signature": "v1,é"}, "No signature fits"),
    ],
)
def test_a_changed_header_is_noticed(change: dict[str, str], said: str) -> None:
    """Each header is part of what is checked."""
    with pytest.raises(SignatureInvalid, match=said):
        webhooks.verify(BODY, {**HEADERS, **change}, secret=SECRET, now=SENT)


@pytest.mark.parametrize("missing", list(HEADERS))
def test_a_missing_header_is_named(missing: str) -> None:
    """The error says which one."""
    headers = {name: value for name, value in HEADERS.items() if name != missing}

    with pytest.raises(SignatureInvalid, match=missing):
        webhooks.verify(BODY, headers, secret=SECRET, now=SENT)


@settings(max_examples=50, deadline=None)
@given(position=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
def test_any_changed_bit_is_noticed(position: int, bit: int) -> None:
    """No byte of the body can be altered."""
    changed = bytearray(BODY)
    changed[position] ^= 1 << bit

    with pytest.raises(SignatureInvalid):
        webhooks.verify(bytes(changed), HEADERS, secret=SECRET, now=SENT)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_ not base64 ", "sk_test"])
def test_a_wrong_kind_of_secret_is_our_own_mistake(secret: str) -> None:
    """An empty secret would let anybody sign."""
    with pytest.raises(ValueError, match="whsec_"):
        webhooks.verify(BODY, HEADERS, secret=secret, now=SENT)


def test_a_signed_body_that_is_no_json_is_refused() -> None:
    """What is signed well may still be nonsense."""
    signature = webhooks.sign(b"[1]", "evt_1", 1614265330, secret=SECRET)
    headers = {**HEADERS, "webhook-id": "evt_1", "webhook-signature": signature}

    with pytest.raises(SignatureInvalid, match="JSON"):
        webhooks.unwrap(b"[1]", headers, secret=SECRET, now=SENT)
