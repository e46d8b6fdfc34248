"""A stand-in for the network, and a wait that takes no time."""

import httpx2
import pytest
import spreekuur._async.sending
import spreekuur._sync.sending
from spreekuur import Spreekuur

URL = "https://appointments.bank.example"

Step = httpx2.Response | Exception


class Wire(httpx2.MockTransport):
    """Answers requests with the steps it was given, one after another, and remembers them."""

    def __init__(self, *steps: Step) -> None:
        super().__init__(self._next)
        self.steps = list(steps)
        self.requests: list[httpx2.Request] = []

    def _next(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    def client(self) -> Spreekuur:
        """Return a client that speaks to this wire."""
        return Spreekuur("sk_test", base_url=URL, transport=self)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Wait for nothing, and say how long each wait would have been."""
    waited: list[float] = []

    async def soon(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(spreekuur._sync.sending, "sleep", waited.append)
    monkeypatch.setattr(spreekuur._async.sending, "sleep", soon)
    return waited
