"""What the README shows works as it stands."""

import re
from pathlib import Path

import pytest
import spreekuur
from spreekuur import webhooks
from spreekuur.testing import WEBHOOK_SECRET, FakeSpreekuur

README = Path(__file__).parents[2] / "sdk" / "python" / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def test_the_first_example_books_a_meeting(
    fake_spreekuur: FakeSpreekuur,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Run twice, the second customer gets the next time; the link that it prints is a real one."""
    fake_spreekuur.add_meeting_type("hypotheek")
    monkeypatch.setattr(spreekuur, "Spreekuur", lambda *_, **__: fake_spreekuur.client())

    for _ in range(2):
        exec(BLOCKS[0], {})  # noqa: S102  # our own README

    printed = capsys.readouterr().out.split()
    link = fake_spreekuur.client().manage(printed[1].rpartition("/")[2])
    assert link.get().start.isoformat() == "2026-12-01T10:00:00+01:00"


def test_the_webhook_example_unwraps(fake_spreekuur: FakeSpreekuur) -> None:
    """The call in the README is the call there is."""
    body, headers = fake_spreekuur.webhook("booking.confirmed", booking="bkg_1")
    call = next(block for block in BLOCKS if "webhooks.unwrap" in block)

    assert "webhooks.unwrap(request.body, request.headers, secret=" in call
    event = webhooks.unwrap(body, headers, secret=WEBHOOK_SECRET, now=fake_spreekuur.now)
    assert event.type == "booking.confirmed"


def test_the_readme_stays_short() -> None:
    """Under 550 words, examples included."""
    assert len(README.read_text().split()) < 550
