"""The HTTP side of the fake: keys, idempotency and problem documents."""

import re
from threading import Lock
from typing import Any, Final

import httpx2
import msgspec

from spreekuur._fake.office import Office
from spreekuur._fake.requests import Refused
from spreekuur._fake.routes import ROUTES, Asked

_PUBLISHABLE: Final = re.compile(
    r"GET /v1/(meeting-types|slots)\b|(POST|DELETE) /v1/holds\b|POST /v1/bookings$"
)


class Server:
    """Answers requests as the service would, from one ``Office``."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.asked: list[Asked] = []
        self.failures: list[httpx2.Response | Exception] = []
        self._answers: dict[tuple[str, str], tuple[bytes, httpx2.Response]] = {}
        self._lock = Lock()

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request; requests from several threads wait for one another."""
        asked = Asked(
            method=request.method,
            path=request.url.path,
            query=dict(request.url.params),
            headers=request.headers,
            content=request.content,
        )
        with self._lock:
            self.asked.append(asked)
            if self.failures:
                failure = self.failures.pop(0)
                if isinstance(failure, Exception):
                    raise failure
                return failure
            return self._once(asked)

    def _once(self, asked: Asked) -> httpx2.Response:
        """Give the first answer again when the idempotency key is known."""
        key = asked.headers.get("idempotency-key") if asked.method == "POST" else None
        if key is None:
            return self._answer(asked)
        known = self._answers.get((key, asked.path))
        if known is None:
            answer = self._answer(asked)
            self._answers[key, asked.path] = (asked.content, answer)
            return answer
        if known[0] != asked.content:
            said = "This idempotency key came with another body before."
            return self._problem(Refused(422, "idempotency-mismatch", said))
        return known[1]

    def _answer(self, asked: Asked) -> httpx2.Response:
        try:
            for method, pattern, handler in ROUTES:
                match = re.fullmatch(pattern, asked.path)
                if match and method == asked.method:
                    _check_key(asked)
                    status, value = handler(self.office, asked, *match.groups(""))
                    return _response(status, value, self.office.new_id("req"))
            said = f"The fake service does not know {asked.method} {asked.path}."
            raise Refused(404, "not-found", said)  # noqa: TRY301  # one way out for refusals
        except Refused as refused:
            return self._problem(refused)

    def _problem(self, refused: Refused) -> httpx2.Response:
        name = self.office.new_id("req")
        document = {
            "type": f"https://spreekuur.dev/problems/{refused.code}",
            "title": refused.code.replace("-", " ").capitalize(),
            "status": refused.status,
            "detail": refused.detail,
            "request_id": name,
            **refused.extra,
        }
        return _response(refused.status, document, name, kind="application/problem+json")


def _response(
    status: int, value: Any, request_id: str, kind: str = "application/json"
) -> httpx2.Response:
    headers = {"X-Request-Id": request_id}
    if value is None:
        return httpx2.Response(status, headers=headers)
    content = msgspec.json.encode(value)
    return httpx2.Response(status, headers={**headers, "Content-Type": kind}, content=content)


def _check_key(asked: Asked) -> None:
    if asked.path.startswith("/v1/manage/"):
        return
    key = asked.headers.get("authorization", "").removeprefix("Bearer ")
    if not key.startswith(("sk_", "pk_")):
        raise Refused(401, "unauthenticated", "Send a key: Authorization: Bearer sk_…")
    if key.startswith("pk_") and not _PUBLISHABLE.match(f"{asked.method} {asked.path}"):
        raise Refused(403, "forbidden", "A publishable key may not do this.")
