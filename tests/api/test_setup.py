"""What is set up over HTTP comes back as it was said, and what cannot be meant is refused whole."""

from typing import Any

import httpx2
import pytest
from msgspec import Struct

from api.wiring import House
from kernel.ids import new_id
from tests.api.bank import TUESDAY, Bank, booked, everything, pointers, problem

INVALID = ("invalid-request", 400)
WEEK = [{"day": "mon", "start": "09:00", "end": "12:00"}]
HOURS = {"timezone": "Europe/Amsterdam", "weekly": WEEK}


async def put(client: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.put(path, json=body)
    assert answer.status_code == 200, answer.text
    put: dict[str, Any] = answer.json()
    return put


async def post(client: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    posted: dict[str, Any] = answer.json()
    return posted


async def listed(client: httpx2.AsyncClient, path: str, **query: str) -> list[dict[str, Any]]:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["next_cursor"] is None
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def removed(client: httpx2.AsyncClient, path: str) -> None:
    """Remove something; it cannot be removed twice."""
    answer = await client.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    problem(await client.delete(path), "not-found", 404)


# --- what is said comes back ---------------------------------------------------------------------


async def test_a_branch_opens_and_closes(client: httpx2.AsyncClient) -> None:
    """Hours, days that differ and holidays are put on a branch and read back."""
    said = {
        "slug": "utrecht",
        "name": "Utrecht",
        "address": "Neude 1, Utrecht",
        "timezone": "Europe/Amsterdam",
        "hours": {
            "weekly": [{"day": "sat", "start": "10:00", "end": "14:00"}],
            "overrides": [{"date": "2026-12-24", "ranges": []}],
        },
        "holidays": {"country": "NL", "categories": ["public", "optional"]},
    }

    changed = await put(client, "/v1/locations/utrecht", said)

    assert (await client.get("/v1/locations/utrecht")).json() == changed
    assert changed["hours"]["weekly"][0] == said["hours"]["weekly"][0] | {"overnight": None}  # type: ignore[index]  # the JSON above
    assert changed["holidays"]["categories"] == ["public", "optional"]
    assert changed["id"] in [place["id"] for place in await listed(client, "/v1/locations")]
    problem(await client.get("/v1/locations/leiden"), "not-found", 404)


async def test_an_advisor_learns_and_travels(client: httpx2.AsyncClient, bank: Bank) -> None:
    """All that is known of an advisor is replaced as a whole."""
    await post(client, "/v1/products", {"slug": "hypotheek", "name": "Hypotheek"})
    advisor = f"/v1/advisors/{bank.sanne}"
    said = {
        "name": "Sanne Visser",
        "email": "sanne@demobank.example",
        "timezone": "Europe/Amsterdam",
        "locations": ["utrecht"],
        "skills": ["zakelijk"],
        "authorisations": [
            {"product": "hypotheek", "valid_from": "2026-01-01", "valid_until": None}
        ],
        "limits": [{"per": "day", "count": 4}],
        "travels": [
            {"first_day": "2026-12-07", "last_day": "2026-12-11", "timezone": "Asia/Kolkata"}
        ],
        "since": "2020-01-01",
    }

    changed = await put(client, advisor, said)

    assert (await client.get(advisor)).json() == changed
    assert {name: changed[name] for name in said if name != "limits"} == {
        name: value for name, value in said.items() if name != "limits"
    }
    assert changed["limits"][0]["count"] == 4
    assert changed["languages"] == ["nl"]


async def test_schedules_have_names(client: httpx2.AsyncClient, bank: Bank) -> None:
    """The address names the schedule; the one of before is the one named regular."""
    advisor = f"/v1/advisors/{bank.sanne}"

    evening = await put(
        client, f"{advisor}/schedules/evening", HOURS | {"channels": ["video"], "weekly": []}
    )
    regular = await put(client, f"{advisor}/schedules/regular", HOURS)

    assert (evening["name"], evening["channels"]) == ("evening", ["video"])
    assert (await client.get(f"{advisor}/schedule")).json() == regular
    assert await listed(client, f"{advisor}/schedules") == [evening, regular]
    await removed(client, f"{advisor}/schedules/evening")
    assert await listed(client, f"{advisor}/schedules") == [regular]


async def test_somebody_is_out_of_office_and_back(client: httpx2.AsyncClient, bank: Bank) -> None:
    """With a reason and a stand-in; the same days twice are a conflict."""
    absences = f"/v1/advisors/{bank.sanne}/absences"
    said = {
        "first_day": "2026-12-07",
        "last_day": "2026-12-11",
        "reason": "training",
        "stand_in": bank.ravi,
    }

    added = await post(client, absences, said)

    assert added == said | {"id": added["id"], "advisor_id": bank.sanne}
    assert await listed(client, absences) == [added]
    problem(await client.post(absences, json=said), "absence-overlaps", 409)
    await removed(client, f"/v1/absences/{added['id']}")
    assert await listed(client, absences) == []


async def test_a_conflict_of_interest_is_kept_and_lifted(
    client: httpx2.AsyncClient, bank: Bank
) -> None:
    """Only of customers on file; saying it twice is saying it once."""
    anna = (await booked(client, TUESDAY))["customer"]
    exclusions = f"/v1/advisors/{bank.sanne}/exclusions"

    for _ in range(2):
        assert (await client.put(f"{exclusions}/{anna}")).status_code == 204

    assert [each["customer"] for each in await listed(client, exclusions)] == [anna]
    await removed(client, f"{exclusions}/{anna}")
    assert await listed(client, exclusions) == []
    stranger = new_id("cus", TUESDAY)
    assert (await client.put(f"{exclusions}/{stranger}")).status_code == 404
    assert await listed(client, exclusions) == []


async def test_what_can_be_booked_is_defined_whole(client: httpx2.AsyncClient, bank: Bank) -> None:
    """A product, a room, and a kind of meeting that has both; customers see less of it."""
    product = {"slug": "sparen", "name": "Sparen", "authorised_only": False, "hours": None}
    room = {"slug": "neude-1", "name": "Neude 1", "location": "utrecht", "turnaround": 10}

    kept = await post(client, "/v1/products", product)
    placed = await post(client, "/v1/resources", room)
    defined = await post(
        client,
        "/v1/meeting-types",
        {
            "slug": "sparen",
            "name": {"nl": "Spaargesprek"},
            "channels": ["branch"],
            "locations": ["utrecht"],
            "advisors": [bank.sanne],
            "product": "sparen",
            "resources": [{"kind": "room"}],
            "durations": [30, 60],
            "grid": "clock",
        },
    )

    assert await listed(client, "/v1/products") == [kept]
    assert await listed(client, "/v1/resources") == [placed]
    assert (placed["kind"], placed["turnaround"]) == ("room", 10)
    assert (await client.get("/v1/meeting-types/sparen/definition")).json() == defined
    assert (defined["grid"], defined["resources"]) == ("clock", [{"kind": "room", "channels": []}])
    missing = await client.get("/v1/meeting-types/lijfrente/definition")
    problem(missing, "meeting-type-unknown", 404)
    await removed(client, "/v1/resources/neude-1")


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ({"country": "NL"}, {"date": "2026-01-01", "name": "Nieuwjaarsdag"}),
        (
            {"country": "NL", "category": "optional", "lang": "en"},
            {"date": "2026-05-05", "name": "Liberation Day"},
        ),
        (
            {"country": "DE", "subdivision": "BY", "lang": "nl"},
            {"date": "2026-01-01", "name": "New Year's Day"},
        ),
    ],
)
async def test_what_opting_in_to_holidays_means(
    client: httpx2.AsyncClient, query: dict[str, str], first: dict[str, str]
) -> None:
    """By name and in order; in English where the language asked for is not one of theirs."""
    found = await listed(client, "/v1/holidays", year="2026", **query)

    assert found[0] == first
    assert [each["date"] for each in found] == sorted(each["date"] for each in found)


async def test_parts_of_a_country_have_more(client: httpx2.AsyncClient) -> None:
    """Bavaria has Epiphany, Germany as a whole does not."""
    every, bavaria = [
        {each["date"] for each in await listed(client, "/v1/holidays", **query)}
        for query in (
            {"country": "DE", "year": "2026", "subdivision": ""},
            {"country": "DE", "year": "2026", "subdivision": "BY"},
        )
    ]

    assert "2026-01-06" in bavaria - every
    assert every < bavaria


# --- what cannot be meant ------------------------------------------------------------------------


class Case(Struct, frozen=True):
    """What is sent where, and how it is refused."""

    target: str
    body: dict[str, Any]
    at: list[str]
    kind: tuple[str, int] = INVALID
    says: str = ""


def monday(*ranges: dict[str, Any]) -> dict[str, Any]:
    return HOURS | {"weekly": [{"day": "mon"} | each for each in ranges]}


def kind(**changes: Any) -> dict[str, Any]:
    usual = {"slug": "nieuw", "name": {"nl": "Nieuw"}, "channels": ["video"]}
    return usual | {"advisors": ["{sanne}"]} | changes


SCHEDULE = "PUT /v1/advisors/{sanne}/schedule"
ABSENCE = "POST /v1/advisors/{sanne}/absences"
TYPE = "POST /v1/meeting-types"
NEVER = ("never-offered", 422)
OPEN = {"start": "09:00", "end": "12:00"}
DAYS = {"first_day": "2026-12-07", "last_day": "2026-12-11"}

CASES = {
    "overlaps itself": Case(
        SCHEDULE, monday(OPEN, {"start": "11:59", "end": "13:00"}), ["/weekly/1"]
    ),
    "overlaps the night before": Case(
        SCHEDULE,
        HOURS
        | {
            "weekly": [
                {"day": "sun", "start": "22:00", "end": "09:30"},
                {"day": "mon", **OPEN},
            ]
        },
        ["/weekly/1"],
    ),
    "ends before it starts": Case(
        SCHEDULE, monday({"start": "17:00", "end": "09:00"}), ["/weekly/0"], says="overnight"
    ),
    "ends before it starts, and says so": Case(
        SCHEDULE, monday({"start": "22:00", "end": "06:00", "overnight": False}), ["/weekly/0"]
    ),
    "an exception that overlaps itself": Case(
        SCHEDULE,
        HOURS | {"overrides": [{"date": "2026-12-24", "ranges": [OPEN, OPEN]}]},
        ["/overrides/0/ranges/1"],
    ),
    "unknown zone": Case(SCHEDULE, HOURS | {"timezone": "Europe/Amersfoort"}, ["/timezone"]),
    "zone is a path": Case(SCHEDULE, HOURS | {"timezone": "../../etc/passwd"}, ["/timezone"]),
    "another name than the address": Case(SCHEDULE, HOURS | {"name": "evening"}, ["/name"]),
    "hours for an unknown branch": Case(SCHEDULE, HOURS | {"locations": ["x"]}, ["/locations/0"]),
    "ends before it is valid": Case(
        SCHEDULE,
        HOURS | {"valid_from": "2027-01-01", "valid_until": "2026-01-01"},
        ["/valid_until"],
    ),
    "holidays of nowhere": Case(
        SCHEDULE, HOURS | {"holidays": {"country": "XX"}}, ["/holidays/country"]
    ),
    "holidays of no part": Case(
        "PUT /v1/locations/utrecht",
        {"slug": "utrecht", "name": "U", "holidays": {"country": "NL", "subdivision": "BY"}},
        ["/holidays/subdivision"],
    ),
    "a branch of another name": Case(
        "PUT /v1/locations/utrecht", {"slug": "leiden", "name": "Leiden"}, ["/slug"]
    ),
    "an unknown stand-in": Case(
        ABSENCE, DAYS | {"stand_in": new_id("adv", TUESDAY)}, ["/stand_in"]
    ),
    "their own stand-in": Case(ABSENCE, DAYS | {"stand_in": "{sanne}"}, ["/stand_in"]),
    "back before they leave": Case(
        ABSENCE, {"first_day": "2026-12-11", "last_day": "2026-12-07"}, ["/last_day"]
    ),
    "away for ever": Case(
        ABSENCE, {"first_day": "2026-12-11", "last_day": "9999-12-31"}, ["/last_day"]
    ),
    "a limit of zero": Case(TYPE, kind(limits=[{"per": "day", "count": 0}]), ["/limits/0/count"]),
    "a limit of nothing": Case(TYPE, kind(limits=[{"per": "day"}]), ["/limits/0"]),
    "a window of ten years": Case(TYPE, kind(window_days=3650), ["/window_days"]),
    "a window of no time": Case(TYPE, kind(window_days=0), ["/window_days"]),
    "a product that is not on file": Case(TYPE, kind(product="goud"), ["/product"]),
    "an unknown colleague": Case(
        TYPE,
        kind(roles=[{"name": "tolk", "advisors": [new_id("adv", TUESDAY)]}]),
        ["/roles/0/advisors/0"],
    ),
    "a licence for what is not on file": Case(
        "PUT /v1/advisors/{sanne}",
        {
            "name": "Sanne",
            "email": "sanne@demobank.example",
            "timezone": "Europe/Amsterdam",
            "authorisations": [{"product": "goud", "valid_from": "2026-01-01"}],
        },
        ["/authorisations/0/product"],
    ),
    "another's address": Case(
        "PUT /v1/advisors/{sanne}",
        {"name": "Sanne", "email": "ravi@demobank.example", "timezone": "Europe/Amsterdam"},
        [],
        ("advisor-known", 409),
    ),
    "a room in an unknown branch": Case(
        "POST /v1/resources", {"slug": "r", "name": "R", "location": "x"}, ["/location"]
    ),
    "given by nobody": Case(TYPE, kind(advisors=[]), [], NEVER, "name its advisors"),
    "longer than any hours": Case(
        TYPE, kind(duration=481), [], NEVER, "the longest time that is open lasts 480"
    ),
    "notice beyond the window": Case(
        TYPE, kind(window_days=1, notice=1440), [], NEVER, "shorten the notice"
    ),
    "over before it begins": Case(TYPE, kind(bookable_until="2026-11-29"), [], NEVER, "has passed"),
    "a room that is not there": Case(
        TYPE,
        kind(channels=["branch"], locations=["utrecht"], resources=[{"kind": "room"}]),
        [],
        NEVER,
        "there is none on file",
    ),
    "hours that never meet": Case(
        TYPE,
        kind(hours={"weekly": [{"day": "sun", **OPEN}]}),
        [],
        NEVER,
        "have no time in common",
    ),
    "an existing kind made impossible": Case(
        TYPE, kind(slug="hypotheek", advisors=[]), [], NEVER, "name its advisors"
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_what_cannot_be_meant_changes_nothing(
    client: httpx2.AsyncClient, house: House, bank: Bank, name: str
) -> None:
    """A problem document says where and why, and every row is as it was."""
    case = CASES[name]
    method, _, target = case.target.replace("{sanne}", bank.sanne).partition(" ")
    body = _filled(case.body, bank)
    before = await everything(house, bank.tenant)

    answer = await client.request(method, target, json=body)

    document = problem(answer, *case.kind)
    assert pointers(document) == case.at
    assert case.says in document["detail"]
    assert await everything(house, bank.tenant) == before


def _filled(value: Any, bank: Bank) -> Any:
    if isinstance(value, dict):
        return {name: _filled(each, bank) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, bank) for each in value]
    return bank.sanne if value == "{sanne}" else value


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"country": "XX", "year": "2026"}, "?country"),
        ({"country": "NL", "year": "2026", "subdivision": "BY"}, "?subdivision"),
        ({"country": "NL", "year": "2026", "category": "bank"}, "?category"),
        ({"country": "NL", "year": "12026"}, "?year"),
        ({"country": "NL"}, "?year"),
        ({"country": "NL", "year": "2026", "lang": "fr"}, "?lang"),
    ],
)
async def test_holidays_of_nowhere_are_refused(
    client: httpx2.AsyncClient, query: dict[str, str], pointer: str
) -> None:
    """The parameter that is wrong is named."""
    answer = await client.get("/v1/holidays", params=query)

    assert pointers(problem(answer, *INVALID)) == [pointer]
