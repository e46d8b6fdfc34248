"""Calls about the organisation itself: its settings and its keys."""

from datetime import datetime
from typing import Final

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncConnection

from api import access
from api.access import Caller
from api.dependencies import SECRET_KEY, SERVER, Once
from api.problems import problems
from api.wire.lists import Page
from api.wire.organisation import KeyBody, KeyCreated, KeyView, TenantPatch, TenantView
from kernel import tenancy

_SERVER: Final = {"auth": "server"}
_PROBLEMS: Final = problems(400, 401, 403, 404, 409, 422)


@get(
    "/v1/tenant",
    operation_id="get_tenant",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def get_tenant(
    caller: NamedDependency[Caller], db: NamedDependency[AsyncConnection]
) -> TenantView:
    """Show the organisation and what it has decided for itself."""
    return await _tenant(db, caller)


@patch(
    "/v1/tenant",
    operation_id="update_tenant",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def update_tenant(
    data: JSONBody[TenantPatch],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
) -> TenantView:
    """Change the organisation's name or settings."""
    await tenancy.change_tenant(
        db,
        caller.tenant,
        name=None if data.name is UNSET else data.name,
        settings=None if data.settings is UNSET else data.settings,
    )
    return await _tenant(db, caller)


@get(
    "/v1/keys",
    operation_id="list_keys",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def list_keys(
    caller: NamedDependency[Caller], db: NamedDependency[AsyncConnection]
) -> Page[KeyView]:
    """List the organisation's keys, without their texts."""
    return Page(items=await access.list_keys(db, caller.tenant))


@post(
    "/v1/keys",
    operation_id="create_key",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def create_key(
    data: JSONBody[KeyBody],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[KeyCreated]:
    """Make a key; its text is in this answer and nowhere else."""

    async def make() -> KeyCreated:
        key, text = await access.create_key(
            db, caller.tenant, kind=data.kind, name=data.name, origins=data.origins, now=now
        )
        return KeyCreated(
            id=key.id,
            kind=key.kind,
            name=key.name,
            origins=key.origins,
            created_at=key.created_at,
            key=text,
        )

    return await once(make)


@delete(
    "/v1/keys/{key_id:str}",
    operation_id="revoke_key",
    dependencies=SERVER,
    security=SECRET_KEY,
    opt=_SERVER,
    responses=_PROBLEMS,
    tags=["organisation"],
)
async def revoke_key(
    key_id: FromPath[str],
    caller: NamedDependency[Caller],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> None:
    """End a key at once."""
    await access.revoke_key(db, caller.tenant, key_id, now=now)


async def _tenant(db: AsyncConnection, caller: Caller) -> TenantView:
    tenant = await tenancy.get_tenant(db, caller.tenant)
    return TenantView(id=tenant.id, slug=tenant.slug, name=tenant.name, settings=tenant.settings)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    get_tenant,
    update_tenant,
    list_keys,
    create_key,
    revoke_key,
]
