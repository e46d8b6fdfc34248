"""A browser without script, as far as the pages for customers need one: forms and links."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import httpx2
from msgspec import Struct, field

PHONE = "030 123 45 67"


class Form(Struct, kw_only=True):
    """A form with what a browser would send: texts, chosen options, ticks that are set."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    offered: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Reading(HTMLParser):
    """What stands on a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.fields: dict[str, dict[str, str | None]] = {}
        self.language = ""
        self._select = ""
        self._area = ""
        self._link: str | None = None
        self._words = ""
        self.source = text
        self.feed(text)
        body = text.partition("<main")[2].partition(">")[2].partition("</main>")[0]
        self.text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms, their fields, links and ids."""
        have = dict(attrs)
        if have.get("id"):
            self.ids.append(str(have["id"]))
            self.fields[str(have["id"])] = have
        if tag == "html":
            self.language = str(have["lang"])
        if tag == "a":
            self._link, self._words = have.get("href") or "", ""
        if tag == "form":
            self.forms.append(Form(action=str(have.get("action")), method=str(have.get("method"))))
        if self.forms:
            self._control(tag, have, have.get("name") or "", have.get("value") or "")

    def _control(self, tag: str, have: dict[str, str | None], name: str, value: str) -> None:
        form = self.forms[-1]
        if tag == "input" and have.get("type") in {"radio", "checkbox"}:
            form.offered.setdefault(name, []).append(value)
            if "checked" in have:
                form.values[name] = value
        elif tag == "input":
            form.values[name] = value
        elif tag == "button":
            form.buttons.append((name, value))
        elif tag == "select":
            self._select, form.values[name] = name, ""
        elif tag == "textarea":
            self._area, form.values[name] = name, ""
        elif tag == "option" and self._select:
            offered = form.offered.setdefault(self._select, [])
            offered.append(value)
            if "selected" in have or len(offered) == 1:
                form.values[self._select] = value

    def handle_endtag(self, tag: str) -> None:
        """Close selects, texts and links."""
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self._area = ""
        if tag == "a" and self._link is not None:
            self.links.append((re.sub(r"\s+", " ", self._words).strip(), self._link))
            self._link = None

    def handle_data(self, data: str) -> None:
        """Collect what stands in texts and links."""
        if self._area:
            # A browser drops the line break right after the tag.
            self.forms[-1].values[self._area] += data.removeprefix("\n")
        if self._link is not None:
            self._words += data

    def link(self, words: str) -> str:
        """Return where the first link with these words leads."""
        return next(href for text, href in self.links if words in text)

    def form(self, action: str = "") -> Form:
        """Return the form whose address ends like this."""
        return next(form for form in self.forms if form.action.partition("?")[0].endswith(action))


async def read(browser: httpx2.AsyncClient, path: str, *, status: int = 200) -> Reading:
    """Open a page."""
    answer = await browser.get(path, headers={"accept": "text/html"})
    assert answer.status_code == status, answer.text
    return Reading(answer.text)


async def send(
    browser: httpx2.AsyncClient, form: Form, typed: Mapping[str, str], **headers: Any
) -> httpx2.Response:
    """Fill in a form and send it; an answer that leads elsewhere is not followed."""
    return await browser.post(
        form.action,
        data={**form.values, **typed},
        headers={"accept": "text/html", **headers},
    )
