"""Turns what a page of the console shows into an answer, in the reader's language."""

from functools import partial
from typing import Any

from litestar import Request, Response
from litestar.datastructures import Cookie, State

from api.pages.console.session import (
    LANGUAGE,
    Screen,
    chosen_language,
    remembered_cookie,
)
from api.pages.console.words import LANGUAGES, say
from api.pages.render import page
from api.wiring import House
from context import words
from kernel.people import Language


def show(
    request: Request[Any, Any, State],
    template: str,
    *,
    language: Language,
    screen: Screen | None = None,
    status: int = 200,
    cookies: tuple[Cookie, ...] = (),
    **values: Any,
) -> Response[str]:
    """Render a page of the console.

    Args:
        request: What is answered; a language it asked for is remembered in the browser.
        template: Its name in ``templates/console/``.
        language: Of the reader.
        screen: Who looks, where somebody has signed in.
        status: HTTP status.
        cookies: Cookies to set.
        values: What the template shows.
    """
    house: House = request.app.state["house"]
    answer = page(
        f"console/{template}",
        language=language,
        status=status,
        say=partial(_say, language),
        channel=partial(words.channel, language=language),
        state=partial(words.state, language=language),
        languages=LANGUAGES,
        here=request.url.path,
        screen=screen,
        **values,
    )
    answer.cookies.extend(cookies)
    if request.query_params.get("lang") == chosen_language(request) == language:
        answer.set_cookie(remembered_cookie(house.settings, LANGUAGE, language))
    return answer


def _say(language: Language, key: str, /, **values: object) -> str:
    return say(key, language, **values)
