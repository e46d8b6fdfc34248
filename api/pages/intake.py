"""The form that prepares a meeting: one page, saved as often as one likes, and handed in.

Without script a customer saves by a button. With it every change is saved, and the form is drawn
anew only when other questions show or something new is wrong; see ``static/intake.js``.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

import context.service
from api.dependencies import INTAKE
from api.pages.frame import PageRequest, customer_page, go_to, know_organisation, visitor
from api.pages.posted import posted, refuse_foreign
from api.pages.typed import Unreadable, read_answer, show_answer
from api.self_service import Visit, consents_of, decide, intake_of, managed, save_answers
from api.wire.customer import text
from api.wiring import House
from context.forms import ask, fields_of
from context.model import (
    ConsentView,
    FieldView,
    FormDefinition,
    IntakeView,
    IntegerField,
    LongTextField,
    TextField,
)
from context.words import unit
from kernel.errors import Invalid
from kernel.people import Language

_LINK: Final = {"auth": "link"}
_ANSWER: Final = "answer."
_CONSENT: Final = "consent."
_CONSENT_WAS: Final = "consent-was."
_WORDED: Final = frozenset({"required", "too-long", "bsn-refused"})


class Row(Struct, frozen=True, kw_only=True):
    """A question with what stands in its field.

    Attributes:
        shown: As it was typed, or as it is kept.
        wrong: The name of what is wrong with it.
        unit: Of a number: ``months``, in the reader's language.
        longest: Characters a text can have.
    """

    field: FieldView
    shown: str
    wrong: str | None
    unit: str
    longest: int | None


class Group(Struct, frozen=True, kw_only=True):
    """The questions of one step."""

    id: str
    title: str
    rows: list[Row]


class Sheet(Struct, frozen=True, kw_only=True):
    """The whole form as it is drawn.

    Attributes:
        shape: Changes when the form has to be drawn anew, not merely saved.
    """

    view: IntakeView
    groups: list[Group]
    documents: list[str]
    consents: list[ConsentView]
    verified: bool
    wrong: list[Row]
    shape: str


# --- handlers ------------------------------------------------------------------------------------


@get(
    "/intake/{token:str}",
    dependencies=INTAKE,
    before_request=know_organisation,
    include_in_schema=False,
    opt=_LINK,
)
async def show(
    token: FromPath[str],
    request: PageRequest,
    house: NamedDependency[House],
    visit: NamedDependency[Visit],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Show the form, or that it was handed in."""
    view = await intake_of(db, visit, now=now)
    sheet = await _sheet(db, visit, view, now=now)
    handed_in = view.submitted_at is not None and "edit" not in request.query_params
    closed = visit.booking.state == "cancelled"
    return _page(
        house,
        visit,
        token,
        sheet,
        template="intake/closed.html" if closed or handed_in else "intake/form.html",
        cancelled=closed,
        saved="saved" in request.query_params,
    )


@post(
    "/intake/{token:str}",
    dependencies=INTAKE,
    before_request=know_organisation,
    guards=[refuse_foreign],
    include_in_schema=False,
    opt=_LINK,
    status_code=200,
)
async def save(
    token: FromPath[str],
    request: PageRequest,
    house: NamedDependency[House],
    visit: NamedDependency[Visit],
    db: NamedDependency[AsyncConnection],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Keep what was typed, all that can be kept; hand the form in when that was asked."""
    values = await posted(request)
    view = await intake_of(db, visit, now=now)
    wrong = await _keep(db, visit, view, values, now=now)
    await _keep_consents(db, visit, values, now=now)
    if values.get("action") == "submit" and not wrong:
        wrong = await _hand_in(db, visit, now=now)
    view = await intake_of(db, visit, now=now)
    sheet = await _sheet(db, visit, view, now=now, wrong=wrong, values=values)
    if request.headers.get("hx-request") == "true":
        return _fragment(house, visit, token, sheet, before=values.get("shape"))
    if wrong:
        return _page(house, visit, token, sheet, status=HTTPStatus.BAD_REQUEST, saved=True)
    done = values.get("action") == "submit"
    target = f"/intake/{token}" if done else f"/intake/{token}?edit=1&saved=1"
    return go_to(target)


# --- keeping -------------------------------------------------------------------------------------


async def _keep(
    db: AsyncConnection,
    visit: Visit,
    view: IntakeView,
    values: Mapping[str, str],
    *,
    now: datetime,
) -> dict[str, str]:
    """Save every answer that can be saved; return what is wrong with the others, by field."""
    answers: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for step in view.form.steps:
        for field in step.fields:
            typed = values.get(_ANSWER + field.id)
            if typed is None or field.kind == "note":
                continue
            try:
                answers[field.id] = read_answer(field, typed, visit.language)
            except Unreadable:
                wrong[field.id] = field.kind
    refused = await _save(db, visit, answers, submit=False, now=now)
    if refused:
        kept = {name: value for name, value in answers.items() if name not in refused}
        await _save(db, visit, kept, submit=False, now=now)
    kinds = {field.id: field.kind for step in view.form.steps for field in step.fields}
    return wrong | {
        name: code if code in _WORDED else kinds.get(name, "text") for name, code in refused.items()
    }


async def _hand_in(db: AsyncConnection, visit: Visit, *, now: datetime) -> dict[str, str]:
    return await _save(db, visit, {}, submit=True, now=now)


async def _save(
    db: AsyncConnection, visit: Visit, answers: dict[str, Any], *, submit: bool, now: datetime
) -> dict[str, str]:
    """Save all of *answers*, or nothing and return the code of what is wrong, by field."""
    try:
        async with db.begin_nested():
            await save_answers(db, visit, answers, submit=submit, now=now)
    except Invalid as error:
        prefix = "/answers/"
        refused = {
            problem.pointer.removeprefix(prefix): problem.code
            for problem in error.errors
            if problem.pointer.startswith(prefix)
        }
        if not refused:
            raise
        return refused
    return {}


async def _keep_consents(
    db: AsyncConnection, visit: Visit, values: Mapping[str, str], *, now: datetime
) -> None:
    """Record the ticks that were changed: each in the ledger of consents, not as an answer."""
    for name, was in values.items():
        if not name.startswith(_CONSENT_WAS):
            continue
        purpose = name.removeprefix(_CONSENT_WAS)
        given = _CONSENT + purpose in values
        if given == (was == "yes"):
            continue
        await decide(db, visit, purpose, given=given, now=now)


# --- showing -------------------------------------------------------------------------------------


async def _sheet(
    db: AsyncConnection,
    visit: Visit,
    view: IntakeView,
    *,
    now: datetime,
    wrong: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
) -> Sheet:
    wrong = wrong or {}
    prepared = await context.service.prepare(
        db,
        visit.tenant.id,
        booking=visit.booking.id,
        customer=visit.customer.id,
        advisor=visit.advisor.id,
        language=visit.language,
        now=now,
    )
    definition = (
        prepared.form.definition if prepared.form else FormDefinition(slug="", title={}, steps=[])
    )
    groups = [
        Group(
            id=step.id,
            title=step.title,
            rows=[
                _row(field, view, definition, visit.language, wrong=wrong, values=values or {})
                for field in step.fields
            ],
        )
        for step in view.form.steps
    ]
    agreed = await consents_of(db, visit) if visit.verified else []
    rows = [row for group in groups for row in group.rows]
    return Sheet(
        view=view,
        groups=groups,
        documents=[
            text(document.label, visit.language)
            for document in ask(definition, view.answers).documents
        ],
        consents=agreed,
        verified=visit.verified,
        wrong=[row for row in rows if row.wrong],
        shape=_shape(rows, agreed),
    )


def _row(
    field: FieldView,
    view: IntakeView,
    definition: FormDefinition,
    language: Language,
    *,
    wrong: Mapping[str, str],
    values: Mapping[str, str],
) -> Row:
    asked = fields_of(definition).get(field.id)
    kept = view.answers.get(field.id)
    shown = "" if kept is None else show_answer(field, kept, language)
    if field.id in wrong:
        shown = values.get(_ANSWER + field.id, shown)
    return Row(
        field=field,
        shown=shown,
        wrong=wrong.get(field.id),
        unit=unit(asked.unit, language) if isinstance(asked, IntegerField) and asked.unit else "",
        longest=asked.max_length if isinstance(asked, TextField | LongTextField) else None,
    )


def _shape(rows: list[Row], agreed: list[ConsentView]) -> str:
    parts = [f"{row.field.id}:{row.field.required}:{row.wrong}" for row in rows]
    parts += [f"{consent.purpose}:{consent.given}" for consent in agreed]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def _fragment(
    house: House, visit: Visit, token: str, sheet: Sheet, *, before: str | None
) -> Response[str]:
    """Answer a change made with script: the form anew if it looks different, or just "saved"."""
    if sheet.shape == before:
        return _page(house, visit, token, sheet, template="intake/saved.html", saved=True)
    return _page(
        house,
        visit,
        token,
        sheet,
        template="intake/redrawn.html",
        headers={"HX-Retarget": "#intake", "HX-Reswap": "outerHTML"},
        saved=True,
    )


def _page(
    house: House,
    visit: Visit,
    token: str,
    sheet: Sheet,
    *,
    template: str = "intake/form.html",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    saved: bool,
    cancelled: bool = False,
) -> Response[str]:
    return customer_page(
        template,
        visitor(visit),
        status=status,
        headers=headers,
        token=token,
        meeting=managed(house, visit),
        sheet=sheet,
        saved=saved,
        cancelled=cancelled,
        manages=visit.link.kind == "manage",
    )


HANDLERS: Final[list[ControllerRouterHandler]] = [show, save]
