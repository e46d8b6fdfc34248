"""Is it alive, and is it ready?"""

from datetime import datetime, timedelta
from typing import Final, Literal

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import text

from api.wiring import House
from kernel import work

_OPEN: Final = {"auth": "open"}
_LATE: Final = timedelta(minutes=5)

Verdict = Literal["ok", "late", "down"]


class Health(Struct, frozen=True, kw_only=True):
    """How the parts are."""

    status: Verdict
    checks: dict[str, Verdict] = {}


@get("/health/live", operation_id="live", opt=_OPEN, tags=["operations"])
async def live() -> Health:
    """Say that the process runs; nothing else is asked."""
    return Health(status="ok")


@get("/health/ready", operation_id="ready", opt=_OPEN, tags=["operations"])
async def ready(house: NamedDependency[House], now: NamedDependency[datetime]) -> Response[Health]:
    """Say whether requests can be served; late work degrades, a missing database stops."""
    checks: dict[str, Verdict] = {"database": "down", "work": "down"}
    try:
        async with house.database.reading() as db:
            await db.execute(text("SELECT 1"))
            checks["database"] = "ok"
            oldest = await work.oldest_due(db, now=now)
            checks["work"] = "late" if oldest and now - oldest > _LATE else "ok"
    except Exception:  # noqa: BLE001, S110  # whatever is wrong, the answer is that it is down
        pass
    down = checks["database"] == "down"
    return Response(
        Health(status="down" if down else "ok", checks=checks), status_code=503 if down else 200
    )


HANDLERS: Final[list[ControllerRouterHandler]] = [live, ready]
