"""The command line erases a customer, and gives them what is known."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

import context.service
from kernel.ids import Id
from tests.api.test_cli import Run, answer, database, run
from tests.api.test_cli_bookings import BANK, bank, book, within
from tests.context.builders import person

__all__ = ["bank", "database", "run"]


def test_a_customer_is_given_what_is_known_and_then_erased(
    run: Run, bank: dict[str, str], database: str
) -> None:
    """What stands in the way is told, nothing is erased by a dry run, and a receipt comes of it."""
    customer = within(database, _identify)
    (meeting,) = book(database, "advies", bank["Sanne"], whom=customer)

    known = answer(run("export", *BANK, customer))
    plan = answer(run("erase", *BANK, customer, "--dry-run", "--json"))
    refused = run("erase", *BANK, customer)
    done = answer(run("erase", *BANK, customer, "--cancel-meetings", "--json"))
    again = run("export", *BANK, customer)

    assert known["customer"]["id"] == customer
    assert [each["id"] for each in known["bookings"]] == [meeting.id]
    assert plan["meetings_ahead"] == [meeting.id]
    assert (refused.exit_code, "meetings to come" in refused.stderr) == (4, True)
    assert (done["true"], done["receipt"]["asked_by"]) == (True, "operator")
    assert (again.exit_code, "no customer with this id" in again.stderr) == (1, True)


def test_an_organisation_gets_new_keys(run: Run, bank: dict[str, str], database: str) -> None:
    """Rotating leaves everybody known, and everything can be sealed anew."""
    before = within(database, _identify)
    assert run("vault", "rotate", *BANK).exit_code == 0
    assert answer(run("vault", "reseal", "--json"))["sealed"] >= 4

    assert within(database, _identify) == before


async def _identify(db: AsyncConnection, tenant: Id, now: datetime) -> Id:
    return (await context.service.identify(db, tenant, person(), now=now)).id
