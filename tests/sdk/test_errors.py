"""Every refusal becomes the error that its reader would look for."""

import pickle
from datetime import datetime
from http import HTTPStatus

import httpx2
import pytest
import spreekuur
from spreekuur import errors

from tests.sdk.conftest import Wire

PROBLEM = "https://spreekuur.dev/problems/"


def refusal(status: int, code: str, **more: object) -> Wire:
    document = {
        "type": PROBLEM + code,
        "title": "The title",
        "status": status,
        "detail": "The detail.",
        "request_id": "req_01k",
        **more,
    }
    headers = {"Content-Type": "application/problem+json"}
    # Three times: some of these are asked again before they are raised.
    return Wire(*(httpx2.Response(status, json=document, headers=headers) for _ in range(3)))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid-request", errors.InvalidRequest),
        (400, "address-refused", errors.InvalidRequest),
        (401, "unauthenticated", errors.Unauthenticated),
        (403, "forbidden", errors.Forbidden),
        (404, "not-found", errors.NotFound),
        (404, "meeting-type-unknown", errors.NotFound),
        (404, "link-invalid", errors.NotFound),
        (410, "link-expired", errors.Gone),
        (409, "slot-taken", errors.SlotTaken),
        (409, "slot-unavailable", errors.SlotUnavailable),
        (409, "hold-expired", errors.HoldExpired),
        (409, "conflict", errors.Conflict),
        (422, "idempotency-mismatch", errors.Unprocessable),
        (422, "calendar-refused", errors.Unprocessable),
        (429, "too-many-requests", errors.RateLimited),
        (503, "unavailable", errors.ServerError),
        (418, "teapot", errors.StatusError),
    ],
)
def test_each_problem_has_its_class(
    status: int, code: str, kind: type[errors.StatusError], pauses: list[float]
) -> None:
    """The type decides, else the status; the whole document is on the error."""
    with pytest.raises(errors.StatusError) as caught:
        refusal(status, code).client().tenant.get()

    error = caught.value
    assert type(error) is kind
    assert (error.type, error.code, error.status) == (PROBLEM + code, code, status)
    assert (error.title, error.detail, error.request_id) == ("The title", "The detail.", "req_01k")
    assert str(error) == f"The detail. [{status} {code}, req_01k]"


def test_a_taken_slot_brings_alternatives() -> None:
    """The starts that are free come as aware times."""
    line = refusal(409, "slot-taken", alternatives=["2026-12-01T09:15:00+01:00"])

    with pytest.raises(spreekuur.SlotTaken) as caught:
        line.client().tenant.get()

    assert caught.value.alternatives == (datetime.fromisoformat("2026-12-01T09:15:00+01:00"),)


def test_an_unavailable_slot_says_why() -> None:
    """The reason is one word of the documented list."""
    with pytest.raises(spreekuur.SlotUnavailable) as caught:
        refusal(409, "slot-unavailable", reason="notice").client().tenant.get()

    assert caught.value.reason == "notice"
    assert caught.value.alternatives == ()


def test_bad_fields_are_named_in_the_message() -> None:
    """A developer reads where it is wrong without looking further."""
    field = {"pointer": "/start", "detail": "Needs an offset.", "code": "offset-missing"}

    with pytest.raises(spreekuur.InvalidRequest, match="/start: Needs an offset") as caught:
        refusal(400, "invalid-request", errors=[field]).client().tenant.get()

    assert caught.value.errors[0].code == "offset-missing"


def test_an_error_page_of_a_proxy_is_an_error_too(pauses: list[float]) -> None:
    """Without a problem document the status and the request id still tell what there is."""
    page = [
        httpx2.Response(
            HTTPStatus.BAD_GATEWAY, text="<h1>Bad</h1>", headers={"X-Request-Id": "req_2"}
        )
        for _ in range(3)
    ]

    with pytest.raises(spreekuur.ServerError) as caught:
        Wire(*page).client().tenant.get()

    assert str(caught.value) == "Bad Gateway [502 about:blank, req_2]"


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    """What the docstring draws is what there is, by name and by parent."""
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        name = line.lstrip("│├└─ ").split(" ")[0]
        if name and hasattr(errors, name):
            depth = (len(line) - len(line.lstrip("│├└─ "))) // 4
            above[depth:] = [name]
            drawn[name] = above[depth - 1] if depth else "Exception"

    real = {
        name: kind.__bases__[0].__name__
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, Exception)
    }
    assert drawn == real
    assert set(real) <= set(spreekuur.__all__)


def test_errors_survive_a_trip_to_another_process() -> None:
    """Task queues pickle exceptions."""
    problem = errors.Problem(type=PROBLEM + "slot-taken", status=409, detail="Gone.")

    for error in (errors.from_problem(problem), errors.AnswerNotUnderstood("What?", "req_1")):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
        assert (type(again), str(again)) == (type(error), str(error))
