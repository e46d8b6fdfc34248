"""The application for a test, over whichever house the test has."""

from collections.abc import Iterator
from contextlib import contextmanager

from litestar import Litestar

from api.app import create_app
from api.wiring import House

_idle: list[Litestar] = []


@contextmanager
def served(house: House) -> Iterator[Litestar]:
    """Yield the application over this house; nobody else uses it meanwhile.

    To lay out two hundred routes takes longer than most tests, so one that another test has done
    with is taken over. All that it knows of the world is its house.
    """
    app = _idle.pop() if _idle else create_app(house)
    app.state["house"] = house
    yield app
    _idle.append(app)
