"""Each organisation sees its own rows, even when the code forgets to ask for them only."""

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError

from kernel import audit
from kernel.clock import FixedClock
from kernel.database import Database
from kernel.errors import Invalid
from kernel.ids import Id, new_id
from kernel.tables import audit_entries
from kernel.tenancy import (
    SlugTaken,
    TenantSettings,
    change_tenant,
    create_tenant,
    find_tenant,
    require_sound,
)


async def test_a_slug_is_given_once(database: Database, clock: FixedClock, tenant: Id) -> None:
    """A second organisation cannot take the same slug."""
    with pytest.raises(SlugTaken):
        async with database.transaction() as db:
            await create_tenant(
                db, slug="demobank", name="Other", settings=TenantSettings(), now=clock.now()
            )


async def test_settings_come_back_as_they_were_decided(database: Database, tenant: Id) -> None:
    """What is changed changes, what is not stays."""
    async with database.transaction() as db:
        await change_tenant(
            db, tenant, name=None, settings=TenantSettings(language="en", grace_minutes=0)
        )
    async with database.reading() as db:
        found = await find_tenant(db, "demobank")

    assert (found.name, found.settings.language, found.settings.grace_minutes) == (
        "Demobank",
        "en",
        0,
    )


async def entries(database: Database, tenant: Id | None) -> int:
    async with database.reading(tenant) as db:
        return await db.scalar(select(func.count()).select_from(audit_entries)) or 0


async def test_postgresql_hides_the_rows_of_others(
    database: Database, clock: FixedClock, tenant: Id
) -> None:
    """A query that forgets the tenant finds its own rows, no others, and none without a tenant."""
    if not database.url.startswith("postgresql"):
        pytest.skip("SQLite has no row-level security; every statement names the tenant instead")
    now = clock.now()
    async with database.transaction() as db:
        other = await create_tenant(
            db, slug="other", name="Other", settings=TenantSettings(), now=now
        )
    async with database.transaction(tenant) as db:
        await audit.note(db, tenant, actor="test", action="x", subject=tenant, now=now)

    assert await entries(database, tenant) == 1
    assert await entries(database, other.id) == 0
    assert await entries(database, None) == 0


async def test_postgresql_refuses_to_write_for_another(
    database: Database, clock: FixedClock, tenant: Id
) -> None:
    """A row for another tenant cannot be written, whatever the code says."""
    if not database.url.startswith("postgresql"):
        pytest.skip("SQLite has no row-level security")
    now = clock.now()
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.transaction(tenant) as db:
            await db.execute(
                insert(audit_entries).values(
                    tenant_id=new_id("ten", now),
                    id=new_id("aud", now),
                    actor="test",
                    action="x",
                    subject=tenant,
                    at=now,
                )
            )


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        (TenantSettings(timezone="Europe/Nowhere"), "/settings/timezone"),
        (TenantSettings(timezone="localtime"), "/settings/timezone"),
        (TenantSettings(phone="bel maar"), "/settings/phone"),
        (TenantSettings(hold_minutes=-1), "/settings/hold_minutes"),
        (TenantSettings(staleness_minutes=0), "/settings/staleness_minutes"),
    ],
)
def test_settings_that_nobody_can_work_with_are_refused(
    settings: TenantSettings, pointer: str
) -> None:
    """Each at its own field, whoever sets it: the API, the command line, a script."""
    with pytest.raises(Invalid) as refused:
        require_sound(name=None, settings=settings)

    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_usual_settings_are_sound() -> None:
    """The negative control: what every organisation starts with is not refused."""
    require_sound(name="Demobank", settings=TenantSettings())
