"""A small real token endpoint (RFC 6749, section 6) with one grant, whose refresh token rotates."""

import json
import threading
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from typing import Any
from urllib.parse import parse_qs, unquote_plus


class TokenEndpoint:
    """Gives a new token for the present refresh token, and another refresh token with it.

    Attributes:
        secret: What its client must know; None for a client without a secret.
        refresh: The refresh token that is good now. One that was used before ends the grant, as
            careful endpoints have it (RFC 9700, 4.14.2).
        access: The token that it gave last.
        lasts: How many seconds a token is said to last; None says nothing of it.
        pause: How many seconds it takes over an answer.
        answers: Answered before all else, one after the other: status, headers and body.
        asked: The forms that were sent to it.
    """

    def __init__(self, *, secret: str | None = "a secret & more") -> None:  # noqa: S107  # a test's
        self.secret = secret
        self.refresh: str | None = "refresh-0"
        self.access = "access-0"
        self.lasts: int | None = 3600
        self.rotates = True
        self.pause = 0.0
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.asked: list[dict[str, str]] = []
        self._given = 0
        self._lock = threading.Lock()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                endpoint.answer(self)

            def log_message(self, *_: Any) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/token"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        length = int(handler.headers.get("Content-Length", 0))
        fields = parse_qs(handler.rfile.read(length).decode())
        form = {name: values[0] for name, values in fields.items()}
        sleep(self.pause)
        with self._lock:
            self.asked.append(form)
            if self.answers:
                status, headers, body = self.answers.pop(0)
            else:
                status, said = self._decide(form, handler.headers.get("Authorization", ""))
                headers, body = {"Content-Type": "application/json"}, json.dumps(said).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _decide(self, form: dict[str, str], login: str) -> tuple[int, dict[str, Any]]:
        if not self._knows(form, login):
            return 401, {"error": "invalid_client"}
        if form.get("grant_type") != "refresh_token":
            return 400, {"error": "unsupported_grant_type"}
        if self.refresh is None or form.get("refresh_token") != self.refresh:
            self.refresh = None
            return 400, {"error": "invalid_grant", "error_description": "gone"}
        self._given += 1
        self.access = f"access-{self._given}"
        said: dict[str, Any] = {"access_token": self.access, "token_type": "bearer"}
        if self.rotates:
            self.refresh = said["refresh_token"] = f"refresh-{self._given}"
        if self.lasts is not None:
            said["expires_in"] = self.lasts
        return 200, said

    def _knows(self, form: dict[str, str], login: str) -> bool:
        if self.secret is None:
            return form.get("client_id") == "spreekuur"
        scheme, _, encoded = login.partition(" ")
        name, _, secret = b64decode(encoded).decode().partition(":")
        return (scheme, unquote_plus(name), unquote_plus(secret)) == (
            "Basic",
            "spreekuur",
            self.secret,
        )

    def remove(self) -> None:
        """Stop it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
