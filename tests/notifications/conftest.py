"""A mail server, and an office that sends through it."""

from collections.abc import Iterator

import pytest

from kernel.clock import FixedClock
from kernel.database import Database
from kernel.ids import Id
from notifications.channels.email import SmtpChannel
from tests.notifications.fakes import Office
from tests.services.smtp import SmtpServer


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    """A real mail server that accepts everything until told otherwise."""
    with SmtpServer() as server:
        yield server


@pytest.fixture
def office(database: Database, clock: FixedClock, tenant: Id, smtp: SmtpServer) -> Office:
    """A desk in a small town, sending through that mail server."""
    return Office(database, clock, tenant, {"email": SmtpChannel(smtp.url)})
