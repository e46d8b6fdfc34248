"""The JSON calls, by whom they are for."""

from typing import Final

from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.types import ControllerRouterHandler

from api.reference import ReferencePlugin
from api.routes import (
    booking,
    calendars,
    catalogue,
    conflicts,
    customer,
    customers,
    erasure,
    inbound,
    manage,
    notices,
    operations,
    organisation,
    series,
    setup,
)

HANDLERS: Final[list[ControllerRouterHandler]] = [
    *operations.HANDLERS,
    *customer.HANDLERS,
    *manage.HANDLERS,
    *organisation.HANDLERS,
    *setup.HANDLERS,
    *catalogue.HANDLERS,
    *booking.HANDLERS,
    *series.HANDLERS,
    *conflicts.HANDLERS,
    *calendars.HANDLERS,
    *customers.HANDLERS,
    *erasure.HANDLERS,
    *notices.HANDLERS,
    *inbound.HANDLERS,
]

SCHEMA_PLUGINS: Final[list[OpenAPIRenderPlugin]] = [
    ReferencePlugin(),
    JsonRenderPlugin(),
]
