"""A small real web server with files on it, such as .ics feeds, and odd answers."""

import base64
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Page:
    """What one path answers; *validators* says how it can be asked whether it changed."""

    def __init__(
        self,
        body: bytes = b"",
        *,
        status: int = 200,
        media_type: str = "text/calendar; charset=utf-8",
        validators: str = "etag",
        login: tuple[str, str] | None = None,
        headers: dict[str, str] | None = None,
        cut: int = 0,
    ) -> None:
        self.body = body
        self.status = status
        self.media_type = media_type
        self.validators = validators
        self.login = login
        self.headers = headers or {}
        self.cut = cut
        """How many octets are not sent although they were promised."""


class Website:
    """A web server on a port of its own; it remembers what it was asked and how it answered."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, int]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (ConnectionError, TimeoutError):
                    self.close_connection = True

            def do_GET(self) -> None:
                site.answer(self)

            def do_PROPFIND(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                site.answer(self)

            def log_message(self, *_: Any) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        """The address of its root, without the slash."""
        return f"http://127.0.0.1:{self.port}"

    def statuses(self) -> list[int]:
        """Return how it answered since this was last asked."""
        found, self.asked = [status for _, status in self.asked], []
        return found

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        page = self.pages.get(handler.path, Page(status=404, media_type="text/plain"))
        status, body, headers = page.status, page.body, dict(page.headers)
        if page.login is not None:
            sent = handler.headers.get("Authorization", "")
            good = base64.b64encode(":".join(page.login).encode()).decode()
            if sent != f"Basic {good}":
                status, body = 401, b""
        name, seen, asked = _validator(page, body)
        if status == 200 and name:
            headers[name] = seen
            if handler.headers.get(asked) == seen:
                status, body = 304, b""
        self.asked.append((handler.path, status))
        handler.send_response(status)
        handler.send_header("Content-Type", page.media_type)
        if status != 304:
            handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body[: len(body) - page.cut] if page.cut else body)
        if page.cut:
            handler.close_connection = True

    def remove(self) -> None:
        """Stop it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _validator(page: Page, body: bytes) -> tuple[str, str, str]:
    """Return by what an answer is known, and the header that asks whether it still is."""
    digest = hashlib.sha256(body).hexdigest()
    if page.validators == "etag":
        return "ETag", f'"{digest[:16]}"', "If-None-Match"
    if page.validators == "modified":
        day = int(digest, 16) % 28 + 1
        return "Last-Modified", f"Thu, {day:02} Oct 2026 08:00:00 GMT", "If-Modified-Since"
    return "", "", ""
