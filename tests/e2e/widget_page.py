"""What a visitor does on a page with the widget, and what a test can see of it."""

import asyncio
import json
import urllib.request
from collections.abc import Mapping
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page, Request

from tests.services.node import widget_packages
from tests.services.site import Site

ANNA = {
    "Voornaam": "Anna",
    "Tussenvoegsel": "de",
    "Achternaam": "Vries",
    "E-mailadres": "anna@example.org",
}
EVENTS = ("ready", "day", "slot", "hold", "booked", "error", "escape")
LISTEN = f"""
window.heard = [];
for (const name of {json.dumps(EVENTS)}) {{
  addEventListener("spk-" + name, (e) => heard.push(["spk-" + name, e.detail]));
}}
"""
ACTIVE = """() => {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active?.getAttribute("aria-label") ?? active?.textContent ?? "";
}"""
AXE = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations, passes } = await axe.run(document, { runOnly: tags });
  const found = violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" "));
  return { found, passes: passes.length };
}"""


class Visit:
    """One visitor with a fresh browser profile."""

    def __init__(self, browser: Browser, site: Site, api: str, key: str, meeting: str) -> None:
        self.browser = browser
        self.site = site
        self.api = api
        self.key = key
        self.meeting = meeting
        self.trouble: list[str] = []
        self.requests: list[Request] = []
        self.context: BrowserContext | None = None
        self.page: Page
        self.widget: Locator

    async def open(
        self,
        *,
        attributes: str = "",
        head: str = "",
        headers: Mapping[str, str] | None = None,
        lang: str = "nl",
        key: str | None = None,
        prepare: str = LISTEN,
        **profile: Any,
    ) -> Page:
        """Open a page that contains the widget; *profile* goes to the browser."""
        self.context = await self.browser.new_context(
            **{"timezone_id": "Europe/Amsterdam", **profile}
        )
        self.page = await self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("console", lambda message: self._heard(message.type, message.text))
        self.page.on("pageerror", lambda error: self._heard("error", str(error)))
        self.page.on("request", self._sent)
        await self.page.add_init_script(prepare)
        self.widget = self.page.locator("spreekuur-booking")
        html = f"""<!doctype html><html lang="{lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Bank</title>{head}</head>
<body><main><h1>Bank</h1>
<spreekuur-booking key="{key or self.key}" meeting-type="{self.meeting}" {attributes}>
<a href="/afspraak">Maak een afspraak</a></spreekuur-booking></main>
<script type="module" src="{self.api}/widget/v1/spreekuur.js"></script></body></html>"""
        await self.page.goto(self.site.put(html, headers))
        return self.page

    async def leave(self) -> None:
        """Close the browser's window."""
        if self.context:
            await self.context.close()

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.trouble.append(text)

    def _sent(self, request: Request) -> None:
        self.requests.append(request)

    # --- what the visitor does --------------------------------------------------------------------

    async def choose_time(self, number: int = 0) -> str:
        """Choose one of the times that are shown; return its start once it is kept."""
        button = self.widget.locator("[data-start]").nth(number)
        start = await button.get_attribute("data-start")
        await button.click()
        await self.heading("Uw gegevens").wait_for()
        assert start
        return start

    async def fill_in(self, fields: Mapping[str, str] = ANNA) -> None:
        """Fill in the form as Anna de Vries."""
        await self.widget.get_by_label("Mevrouw").check()
        for label, value in fields.items():
            await self.widget.get_by_label(label).fill(value)

    async def confirm(self) -> None:
        """Press the button that books."""
        await self.widget.get_by_role("button", name="Afspraak bevestigen").click()

    async def tab_to(self, name: str) -> None:
        """Press Tab until the focus is on what is called *name*."""
        for _ in range(60):
            if name in await self.focused():
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never came to {name}")

    # --- what can be seen -------------------------------------------------------------------------

    def heading(self, name: str) -> Locator:
        """Return the heading with this text."""
        return self.widget.get_by_role("heading", name=name, exact=True)

    def time(self, number: int = 0) -> Locator:
        """Return one of the times that are shown."""
        return self.widget.locator("[data-start]").nth(number)

    @property
    def notice(self) -> Locator:
        """What went otherwise than expected."""
        return self.widget.locator(".notice")

    async def focused(self) -> str:
        """Return the name of what has the focus."""
        return str(await self.page.evaluate(ACTIVE))

    async def heard(self, name: str) -> list[dict[str, Any]]:
        """Return the details of the events with that name."""
        heard = await self.page.evaluate("heard")
        return [detail for event, detail in heard if event == f"spk-{name}"]

    def sent(self, method: str, path: str) -> list[Any]:
        """Return the bodies of the requests that the widget made."""
        mine = [r for r in self.requests if r.method == method and f"/v1/{path}" in r.url]
        return [json.loads(r.post_data) if r.post_data else None for r in mine]

    async def violations(self) -> list[str]:
        """Return what axe finds wrong, in the rules of WCAG 2.2 AA and best practice."""
        axe = widget_packages() / "axe-core" / "axe.min.js"
        await self.page.evaluate(await asyncio.to_thread(axe.read_text))
        result = await self.page.evaluate(AXE)
        # A check that looked at nothing finds nothing.
        assert result["passes"] > 15
        return list(result["found"])

    # --- somebody else ----------------------------------------------------------------------------

    async def somebody_else_books(self, start: str) -> None:
        """Book that time from elsewhere, over HTTP."""
        body = {
            "meeting_type": self.meeting,
            "start": start,
            "timezone": "Europe/Amsterdam",
            "channel": "video",
            "customer": {"name": {"surname": "Bakker"}, "email": "bram@example.org"},
        }
        request = urllib.request.Request(  # noqa: S310  # the test's own server
            f"{self.api}/v1/bookings",
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.key}",
                "Origin": self.site.origin,
                "Content-Type": "application/json",
            },
        )
        answer = await asyncio.to_thread(urllib.request.urlopen, request)
        assert answer.status == 201
        answer.close()
