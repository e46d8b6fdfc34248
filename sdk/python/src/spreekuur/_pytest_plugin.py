"""Gives tests the fixture ``fake_spreekuur``; pytest finds it by itself."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from spreekuur.testing import FakeSpreekuur


@pytest.fixture
def fake_spreekuur() -> "FakeSpreekuur":
    """Return an empty Spreekuur in this process, at nine on Monday 30 November 2026."""
    # Imported here, so that test runs that do not ask for it do not pay for it.
    from spreekuur.testing import FakeSpreekuur  # noqa: PLC0415

    return FakeSpreekuur()
