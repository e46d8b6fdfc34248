"""The website of the demo bank: another origin, as a real bank's would be."""

from importlib.resources import files
from string import Template
from typing import Final

from litestar import Litestar, MediaType, Response, get

_HERE: Final = files(__name__)


def bank_site(*, api: str, key: str, phone: str) -> Litestar:
    """Return the bank's website, with the widget of *api* in it."""
    page = Template(_HERE.joinpath("index.html").read_text(encoding="utf-8")).substitute(
        api=api, key=key, phone=phone
    )
    style = _HERE.joinpath("bank.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src {api}; connect-src {api}; style-src 'self'; "
        "base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )

    @get("/", include_in_schema=False)
    async def home() -> Response[str]:
        """Show the home page, under a policy as strict as a bank's."""
        return Response(
            page, media_type=MediaType.HTML, headers={"Content-Security-Policy": policy}
        )

    @get("/bank.css", include_in_schema=False)
    async def css() -> Response[str]:
        """Serve the style sheet."""
        return Response(style, media_type="text/css; charset=utf-8")

    return Litestar([home, css], openapi_config=None, logging_config=None)
