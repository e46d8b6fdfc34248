"""One advisor behind the wire's customer side: real HTTP with state, for tests of its clients.

Free are half hours on working days from nine to five in Amsterdam, an hour each, from four hours
after *now*. Nothing here is canned: what is held or booked is no longer offered.
"""

import itertools
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

BUNDLE = Path(__file__).parents[2] / "api" / "static" / "widget" / "spreekuur.js"
HOME = ZoneInfo("Europe/Amsterdam")
HOUR = timedelta(hours=1)
MEETING = {
    "slug": "hypotheek",
    "name": "Hypotheekgesprek",
    "description": "In een uur weet u wat u kunt lenen en wat dat per maand kost.",
    "durations": [60],
    "channels": ["video", "phone", "branch"],
    "prepares": True,
    "locations": [
        {
            "slug": "utrecht",
            "name": "Utrecht",
            "address": "Neude 1, Utrecht",
            "timezone": "Europe/Amsterdam",
        },
        {
            "slug": "zwolle",
            "name": "Zwolle",
            "address": "Grote Markt 5, Zwolle",
            "timezone": "Europe/Amsterdam",
        },
    ],
    "phone": "030 123 45 67",
}


class Refused(Exception):
    """An answer with a problem document."""

    def __init__(self, status: int, kind: str, **extra: Any) -> None:
        super().__init__(kind)
        self.status = status
        self.body = {
            "type": f"https://spreekuur.dev/problems/{kind}",
            "title": kind,
            "status": status,
            **extra,
        }


@dataclass
class Desk:
    """What the advisor has promised so far."""

    now: datetime
    key: str
    origin: str
    holds: dict[str, datetime] = field(default_factory=dict)
    bookings: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[tuple[str, str], tuple[bytes, Any]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def free(self, first: date, end: date, zone: ZoneInfo) -> list[datetime]:
        """Return the starts that fall on those days of *zone*, in UTC."""
        days = [first + timedelta(days=n) for n in range(-1, (end - first).days + 1)]
        starts = [
            datetime.combine(day, time(hour, minute), HOME).astimezone(UTC)
            for day in days
            if day.weekday() < 5
            for hour in range(9, 17)
            for minute in (0, 30)
            if (hour, minute) <= (16, 0)
        ]
        taken = [*self.holds.values(), *(b["at"] for b in self.bookings.values())]
        return [
            start
            for start in starts
            if first <= start.astimezone(zone).date() < end
            and self.now + 4 * HOUR <= start <= self.now + timedelta(days=60)
            and not any(abs(start - other) < HOUR for other in taken)
        ]

    def require_free(self, start: datetime) -> None:
        """Refuse a start that is not free, and say which are."""
        day = start.astimezone(HOME).date()
        free = self.free(day, day + timedelta(days=4), HOME)
        if start not in free:
            others = sorted(free, key=lambda other: abs(other - start))[:4]
            near = [other.astimezone(HOME).isoformat() for other in sorted(others)]
            raise Refused(409, "slot-taken", alternatives=near)

    def slots(self, query: dict[str, str]) -> dict[str, Any]:
        """Answer ``GET /v1/slots``."""
        zone = ZoneInfo(query["timezone"])
        first, end = date.fromisoformat(query["start"]), date.fromisoformat(query["end"])
        days: dict[str, list[str]] = {}
        for start in self.free(first, end, zone):
            local = start.astimezone(zone)
            days.setdefault(local.date().isoformat(), []).append(local.isoformat())
        later = [] if days else self.free(end, end + timedelta(days=90), zone)
        return {
            "timezone": query["timezone"],
            "duration": 60,
            "days": days,
            "next_available": later[0].astimezone(zone).isoformat() if later else None,
            "as_of": self.now.astimezone(zone).isoformat(),
        }

    def hold(self, data: dict[str, Any]) -> dict[str, Any]:
        """Answer ``POST /v1/holds``."""
        start = datetime.fromisoformat(data["start"])
        self.require_free(start.astimezone(UTC))
        name = f"hld_{next(self.numbers):026d}"
        self.holds[name] = start.astimezone(UTC)
        until = (self.now + timedelta(minutes=10)).isoformat()
        end = (start + HOUR).isoformat()
        return {"id": name, "start": data["start"], "end": end, "expires_at": until}

    def book(self, data: dict[str, Any]) -> dict[str, Any]:
        """Answer ``POST /v1/bookings``."""
        start = datetime.fromisoformat(data["start"]).astimezone(UTC)
        if not data["customer"]["email"].endswith((".org", ".nl")):
            pointer = {"pointer": "/customer/email", "detail": "no such domain", "code": "invalid"}
            raise Refused(400, "invalid-request", errors=[pointer])
        if (held := data.get("hold")) is not None:
            if self.holds.get(held) != start:
                raise Refused(409, "hold-expired")
            del self.holds[held]
        self.require_free(start)
        local = start.astimezone(ZoneInfo(data["timezone"]))
        name = f"bkg_{next(self.numbers):026d}"
        self.bookings[name] = {**data, "at": start}
        return {
            "id": name,
            "state": "confirmed",
            "start": local.isoformat(),
            "end": (local + HOUR).isoformat(),
            "advisor": {"id": "adv_1", "name": "Sanne Visser"},
            "manage_url": f"{self.origin}/manage/token",
            "intake_url": f"{self.origin}/intake/token",
        }

    def answer(self, method: str, path: str, query: dict[str, str], data: Any) -> Any:
        """Find the call and return its answer."""
        match method, path.split("/")[2:]:
            case "GET", ["meeting-types", "hypotheek"]:
                return MEETING
            case "GET", ["meeting-types", _]:
                raise Refused(404, "meeting-type-unknown")
            case "GET", ["slots"]:
                return self.slots(query)
            case "POST", ["holds"]:
                return self.hold(data)
            case "DELETE", ["holds", name]:
                self.holds.pop(name, None)
                return None
            case "POST", ["bookings"]:
                return self.book(data)
        raise Refused(404, "not-found")


class WireServer(ThreadingHTTPServer):
    """The desk on a free port of this machine, until it is stopped."""

    daemon_threads = True

    def __init__(self, *, key: str, origin: str, now: datetime) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.desk = Desk(now=now, key=key, origin=origin)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Stop serving and close the port."""
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """HTTP as the API speaks it: keys, origins, preflights, idempotency and problem documents."""

    protocol_version = "HTTP/1.1"
    server: WireServer

    def do_OPTIONS(self) -> None:
        """Answer a preflight, which carries no key."""
        self._send(204, None)

    def do_GET(self) -> None:
        """Answer a call, or with the widget itself."""
        if self.path == "/widget/v1/spreekuur.js":
            self._send(200, BUNDLE.read_bytes(), "text/javascript; charset=utf-8")
        else:
            self._call()

    def do_POST(self) -> None:
        """Answer a call."""
        self._call()

    def do_DELETE(self) -> None:
        """Answer a call."""
        self._call()

    def _call(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            with self.server.desk.lock:
                answer = self._answer(body)
        except Refused as refused:
            self._send(refused.status, json.dumps(refused.body), "application/problem+json")
            return
        status = {"GET": 200, "POST": 201, "DELETE": 204}[self.command]
        self._send(status, None if answer is None else json.dumps(answer))

    def _answer(self, body: bytes) -> Any:
        desk = self.server.desk
        if self.headers.get("Authorization") != f"Bearer {desk.key}":
            raise Refused(401, "unauthenticated")
        if self.headers.get("Origin") != desk.origin:
            raise Refused(403, "forbidden")
        url = urlsplit(self.path)
        once = (self.headers.get("Idempotency-Key", ""), url.path)
        if once[0] and once in desk.answers:
            known, answer = desk.answers[once]
            if known != body:
                raise Refused(422, "idempotency-mismatch")
            return answer
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        answer = desk.answer(self.command, url.path, query, json.loads(body) if body else None)
        desk.answers[once] = (body, answer)
        return answer

    def _send(self, status: int, body: str | bytes | None, kind: str = "application/json") -> None:
        content = body.encode() if isinstance(body, str) else body or b""
        self.send_response(status)
        for name, value in {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
            "Access-Control-Allow-Methods": "GET, POST, DELETE",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Content-Type": kind,
        }.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Keep quiet: the browser's side is what the tests look at."""
