"""The pages people see: customers by a link or from a website, advisors in their console."""

from typing import Final

from litestar.types import ControllerRouterHandler

from api.pages import assets, book, console, intake, manage, own_data, unsubscribe

HANDLERS: Final[list[ControllerRouterHandler]] = [
    *assets.HANDLERS,
    *book.HANDLERS,
    *manage.HANDLERS,
    *own_data.HANDLERS,
    *intake.HANDLERS,
    *unsubscribe.HANDLERS,
    *console.HANDLERS,
]
