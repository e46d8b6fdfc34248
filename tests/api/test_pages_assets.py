"""Files that pages and other people's websites load."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from api.pages.assets import ASSETS, asset, load_assets
from kernel.clock import FixedClock
from tests.api.console_world import open_world


@pytest.fixture
async def browser(
    sqlite_template: Path, tmp_path: Path, clock: FixedClock
) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser; these files need no database."""
    shutil.copy(sqlite_template, tmp_path / "spreekuur.db")
    url = f"sqlite:///{tmp_path / 'spreekuur.db'}"
    async with open_world(url, tmp_path, clock) as world, world.browser() as opened:
        yield opened


async def test_a_file_asked_for_by_its_version_is_kept_for_good(
    browser: httpx2.AsyncClient,
) -> None:
    """The address changes with the content, so a browser never has to ask again."""
    answer = await browser.get(asset("spreekuur.css"))

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content == ASSETS["spreekuur.css"].content


async def test_a_file_asked_for_by_name_is_asked_for_again(browser: httpx2.AsyncClient) -> None:
    """Without its version, or with an old one, a file is kept for minutes and then compared."""
    for address in ("/static/spreekuur.css", "/static/spreekuur.css?v=0000000000000000"):
        answer = await browser.get(address)
        assert answer.headers["cache-control"] == "public, max-age=300"
        etag = answer.headers["etag"]
        again = await browser.get(address, headers={"if-none-match": etag})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../settings.py",
        "/static/..%2Fsettings.py",
        "/static/vendor/README.md",
        "/static//etc/passwd",
        "/static/%00",
        "/static/vendor",
    ],
)
async def test_nothing_else_is_sent(browser: httpx2.AsyncClient, path: str) -> None:
    """Only files of the list exist, however the path is written."""
    assert (await browser.get(path)).status_code == 404


async def test_the_widget_may_be_loaded_by_any_website(browser: httpx2.AsyncClient) -> None:
    """The bundle carries the headers that a bank's own page needs to load it."""
    answer = await browser.get(
        "/widget/v1/spreekuur.js", headers={"origin": "https://bank.example"}
    )

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["etag"] == ASSETS["widget/spreekuur.js"].etag


def test_a_version_follows_the_content(tmp_path: Path) -> None:
    """Another content has another version; the same content has the same."""
    (tmp_path / "a.css").write_text("a{}")
    (tmp_path / "b.css").write_text("a{}")
    (tmp_path / "c.css").write_text("b{}")
    (tmp_path / "notes.md").write_text("not sent")
    found = load_assets(tmp_path)

    assert set(found) == {"a.css", "b.css", "c.css"}
    assert found["a.css"].version == found["b.css"].version != found["c.css"].version
