"""Personal data stays where it belongs: not in logs, events, work or idempotency rows."""

import httpx2
import msgspec
import pytest
import structlog
from sqlalchemy import select
from structlog.testing import capture_logs

from api.logs import set_up_logs
from api.tables import idempotency_keys
from api.wiring import House
from kernel.tables import audit_entries, events, work
from notifications.channels.mailbox import Mailbox
from tests.api.bank import TUESDAY, Bank

CANARIES = (
    *("Kanariev", "kanarie@example.org", "Geheimzinnig", "0612345678", "98765.00"),
    *("Begeleidster", "mee@example.org", "0687654321"),
)
"""Surnames, addresses, a remark, telephone numbers and an amount that nobody else has."""


async def test_a_whole_booking_leaves_no_trace_of_who_it_was(
    house: House, bank: Bank, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    """Booked, prepared, told, moved and cancelled: ids and times are all that remains outside."""
    with capture_logs() as lines:
        made = await client.post(
            "/v1/bookings",
            json={
                "meeting_type": "hypotheek",
                "start": TUESDAY.isoformat(),
                "timezone": "Europe/Amsterdam",
                "channel": "video",
                "customer": {
                    "name": {"given": "Kim", "surname": "Kanariev"},
                    "email": "kanarie@example.org",
                    "phone": "0612345678",
                },
                "participants": [
                    {
                        "name": {"given": "Bo", "surname": "Begeleidster"},
                        "email": "mee@example.org",
                        "phone": "0687654321",
                        "consents": [{"purpose": "rate-notices", "given": True}],
                    }
                ],
                "answers": {"goal": "buy", "remarks": "Geheimzinnig", "wish.amount": "98765.00"},
            },
            headers={"Idempotency-Key": "once"},
        )
        token = made.json()["manage_url"].rpartition("/")[2]
        wrong = await client.put(
            f"/v1/manage/{token}/intake", json={"answers": {"income.gross_year": "Geheimzinnig"}}
        )
        gone = await client.post(f"/v1/manage/{token}/cancel", json={"reason": "Geheimzinnig"})
        await house.worker.run_due()

    assert (made.status_code, wrong.status_code, gone.status_code) == (201, 400, 200)
    outside = [str(line) for line in lines]
    async with house.database.reading(bank.tenant) as db:
        for table in (events, work, audit_entries, idempotency_keys):
            outside += [str(tuple(row)) for row in await db.execute(select(table))]
    outside.append(wrong.text)
    everything = "\n".join(outside)
    found = [line for line in outside if any(canary in line for canary in CANARIES)]
    assert found == []
    assert token not in everything

    # The negative control: the canaries did go where they belong.
    (facts,) = [await client.get(f"/v1/customers/{made.json()['customer']}/facts")]
    letters = msgspec.json.encode(mailbox.messages()).decode()
    assert "Geheimzinnig" in facts.text
    assert "kanarie@example.org" in letters
    assert "mee@example.org" in letters
    assert len(lines) >= 3


def test_a_traceback_in_the_log_holds_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    """What went wrong and where, but neither the message nor any variable."""
    set_up_logs("info")
    remark = "Geheimzinnig"
    try:
        int(remark)
    except ValueError:
        structlog.get_logger().exception("work.failed", work="wrk_1")
    finally:
        structlog.reset_defaults()

    (line,) = capsys.readouterr().err.splitlines()
    assert "ValueError" in line
    assert "test_canary.py" in line
    assert "Geheimzinnig" not in line
