"""What tests of the pure engine can ask for."""

import time
from collections.abc import Iterator

import pytest


@pytest.fixture(params=["UTC", "Europe/Amsterdam", "Asia/Kolkata"])
def process_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run the test in a process whose own time zone is this one."""
    with monkeypatch.context() as environment:
        environment.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()
