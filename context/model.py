"""What this room knows: customers, forms and their answers, facts, consents, and the brief."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from kernel.ids import Id
from kernel.people import Formality, Language, PersonName

Texts: TypeAlias = dict[str, str]
"""The same text in each language it is offered in."""

Value: TypeAlias = str | int | bool
"""What an answer or a fact can hold; amounts and percentages are decimal text, never floats."""

Source = Literal["customer", "advisor", "crm", "document", "computed", "import"]
Repayment = Literal["annuity", "linear", "interest-only"]


# --- customers -----------------------------------------------------------------------------------


class CustomerInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person as they introduce themselves; `service.identify` checks what they wrote."""

    name: PersonName
    email: str
    phone: str | None = None
    language: Language | None = None
    formality: Formality | None = None


class Identity(Struct, frozen=True, kw_only=True):
    """What tells who a customer is; it is kept sealed, as one piece."""

    name: PersonName
    email: str
    phone: str | None


class Customer(Struct, frozen=True, kw_only=True):
    """A person whom the organisation meets; language and formality only if they chose them."""

    id: Id
    name: PersonName
    email: str
    phone: str | None
    language: Language | None
    formality: Formality | None
    created_at: datetime


# --- forms ---------------------------------------------------------------------------------------

Expression: TypeAlias = dict[str, Any]
"""A rule in JSON, such as ``{"eq": [{"f": "goal"}, "buy"]}``; see `context.expressions`."""

BriefSection = Literal[
    "why", "goal", "people", "income", "loan", "property", "wish", "questions", "other"
]
"""Where an answer stands in the brief; *why* and *questions* are shown in the customer's words."""

Retention = Literal["meeting", "relation", "dossier"]
"""How long an answer is kept: until shortly after the meeting, as long as the person is a
customer, or as long as the law demands of an advice file."""

Audience = Literal["advisor", "back-office"]


class Question(Struct, frozen=True, kw_only=True):
    """What every kind of field has.

    Attributes:
        id: Stable name of the field; rules and answers refer to it.
        fact: The path under which the answer is remembered; the id where nothing is said.
        label: The question itself.
        short: What an advisor calls the answer; the label where nothing is said.
        help: How to answer it.
        why: Why we ask; shown with the question.
        required: Whether a form can be handed in without it, always or by rule.
        show: When the question is asked; absent means always.
        purpose: What the answer is used for. A field without one cannot be published.
        retention: How long the answer is kept.
        audience: Who may see it.
        section: Where it stands in the brief.
    """

    id: str
    label: Texts
    short: Texts = {}
    fact: str | None = None
    help: Texts = {}
    why: Texts = {}
    required: bool | Expression = False
    show: Expression | None = None
    purpose: str = ""
    retention: Retention = "meeting"
    audience: tuple[Audience, ...] = ("advisor",)
    section: BriefSection = "other"

    @property
    def path(self) -> str:
        """The path under which the answer is remembered."""
        return self.fact or self.id


class TextField(
    Question, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="text", tag_field="kind"
):
    """One line of text."""

    max_length: int = 200


class LongTextField(
    Question,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="longtext",
    tag_field="kind",
):
    """Text in the customer's own words."""

    max_length: int = 2000


class Choice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the answers to choose from."""

    value: str
    label: Texts


class ChoiceField(
    Question, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="choice", tag_field="kind"
):
    """One out of several."""

    choices: list[Choice]


class YesNoField(
    Question, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="yesno", tag_field="kind"
):
    """Yes, no, or not answered."""


class IntegerField(
    Question, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="integer", tag_field="kind"
):
    """A whole number between bounds; *unit* is a word such as ``months``."""

    minimum: int = 0
    maximum: int = 1_000_000
    unit: str = ""


class MoneyField(
    Question, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="money", tag_field="kind"
):
    """An amount of zero or more, with two decimals."""

    currency: str = "EUR"


class PercentField(
    Question, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="percent", tag_field="kind"
):
    """A percentage from 0 to 100, with two decimals."""


class MonthField(
    Question, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="month", tag_field="kind"
):
    """A calendar month, such as ``2029-04``."""


class NoteField(
    Question, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="note", tag_field="kind"
):
    """Something to read; it has no answer."""


Field: TypeAlias = (
    TextField
    | LongTextField
    | ChoiceField
    | YesNoField
    | IntegerField
    | MoneyField
    | PercentField
    | MonthField
    | NoteField
)


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One page of a form."""

    id: str
    title: Texts
    fields: list[Field]


class DocumentAsk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document to bring, always or when a rule holds."""

    label: Texts
    when: Expression | None = None


class FormDefinition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A form as its author writes it."""

    slug: str
    title: Texts
    steps: list[Step]
    documents: list[DocumentAsk] = []


class Form(Struct, frozen=True, kw_only=True):
    """One published version of a form; a version never changes."""

    id: Id
    slug: str
    version: int
    status: Literal["published", "retired"]
    definition: FormDefinition
    published_at: datetime

    @property
    def reference(self) -> str:
        """Slug and version, as facts cite it: ``hypotheek@1``."""
        return f"{self.slug}@{self.version}"


# --- intake --------------------------------------------------------------------------------------


class ChoiceView(Struct, frozen=True, kw_only=True):
    """One answer to choose from, in the reader's language."""

    value: str
    label: str


class FieldView(Struct, frozen=True, kw_only=True):
    """A question as it is asked now, in the reader's language."""

    id: str
    kind: str
    label: str
    help: str
    why: str
    required: bool
    choices: list[ChoiceView] | UnsetType = UNSET


class StepView(Struct, frozen=True, kw_only=True):
    """One page of the form, with the questions that show for the answers so far."""

    id: str
    title: str
    fields: list[FieldView]


class FormView(Struct, frozen=True, kw_only=True):
    """The form that an intake is pinned to."""

    id: Id
    version: int
    title: str
    steps: list[StepView]


class IntakeView(Struct, frozen=True, kw_only=True):
    """How far a customer is: the questions, their answers, and what is still missing."""

    form: FormView
    answers: dict[str, Value]
    missing: list[str]
    submitted_at: datetime | None
    saved_at: datetime | None


class Intake(Struct, frozen=True, kw_only=True):
    """One meeting's form, pinned to the version it was opened with."""

    booking_id: Id
    customer_id: Id
    form_id: Id
    opened_at: datetime
    saved_at: datetime | None
    submitted_at: datetime | None


# --- facts and consents --------------------------------------------------------------------------


class FactInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something said about a customer; a *value* of none takes back what was said before."""

    path: str
    value: Value | None
    source: Source
    channel: str
    actor: str
    said_at: Annotated[datetime, Meta(tz=True)]
    unit: str | None = None
    form: str | None = None
    booking: Id | None = None


class Fact(Struct, frozen=True, kw_only=True):
    """Something said about a customer, with who said it, where and when. Facts never change.

    Attributes:
        position: Its place among the facts of this customer, from 1; later is higher.
        value: None means that what was said before is taken back.
        form: The form version it answers, such as ``hypotheek@1``.
        booking: The meeting it was said for.
        supersedes: The fact at the same path that stood before.
    """

    id: Id
    position: int
    path: str
    value: Value | None
    unit: str | None
    source: Source
    channel: str
    actor: str
    said_at: datetime
    recorded_at: datetime
    form: str | None
    booking: Id | None
    supersedes: Id | None


class Consent(Struct, frozen=True, kw_only=True):
    """What a customer agreed to or withdrew: one row of the ledger, with the exact text."""

    id: Id
    purpose: str
    given: bool
    text: str
    text_hash: str
    language: Language
    version: int
    at: datetime
    channel: str


class ConsentView(Struct, frozen=True, kw_only=True):
    """One purpose, whether the customer agrees now, and since when."""

    purpose: str
    given: bool
    text: str
    since: datetime | None


class Exposure(Struct, frozen=True, kw_only=True):
    """A customer whom a rate touches, with the figures they gave themselves."""

    customer: Id
    booking: Id | None
    principal: Decimal
    months: int
    repayment: Repayment


# --- the brief -----------------------------------------------------------------------------------

LineSource = Literal[
    "customer",
    "advisor",
    "crm",
    "document",
    "computed",
    "import",
    "booking",
    "form",
    "notice",
    "consent",
]


class Seen(Struct, frozen=True, kw_only=True):
    """When an advisor last opened a brief, and the last fact it could show."""

    opened_at: datetime
    position: int


class Looks(Struct, frozen=True, kw_only=True):
    """The last look an advisor took at a brief, and the one before it."""

    last: Seen
    before: Seen | None


class Preparation(Struct, frozen=True, kw_only=True):
    """What the brief needs from this room.

    Attributes:
        spoken: The customer's language, or else the organisation's: how to address them does not
            depend on what the advisor reads.
        formality: The customer's choice, or else the organisation's.
        form: The form version that the meeting's intake is pinned to, if it has one.
        facts: Every fact ever said about this customer, in order.
        consents: The latest word on each purpose that the customer was ever asked about.
        seen: What this advisor had seen before the present look; none when this is their first.
        position: The last fact in here.
    """

    customer: Customer
    spoken: Language
    formality: Formality
    form: Form | None
    saved_at: datetime | None
    submitted_at: datetime | None
    facts: list[Fact]
    consents: list[Consent]
    seen: Seen | None
    position: int


class Meeting(Struct, frozen=True, kw_only=True):
    """The meeting that is prepared, as the caller knows it; *name* is in the reader's language."""

    booking: Id
    name: str
    start: datetime
    end: datetime
    timezone: str
    channel: str
    location: str | None
    advisor_name: str
    state: str
    participants: Sequence[str] = ()


class Told(Struct, frozen=True, kw_only=True):
    """Something the customer was told, with the figures it named."""

    at: datetime
    channel: str
    text: str
    state: str
    old_rate: Decimal | None = None
    new_rate: Decimal | None = None
    old_monthly: Decimal | None = None
    new_monthly: Decimal | None = None


class Line(Struct, frozen=True, kw_only=True):
    """One thing to know, and where it comes from."""

    label: str
    value: str
    source: LineSource
    said_at: datetime
    channel: str | None = None
    form: str | None = None
    note: str | None = None


class Section(Struct, frozen=True, kw_only=True):
    """A part of the brief."""

    id: str
    title: str
    lines: list[Line]


class Header(Struct, frozen=True, kw_only=True):
    """Who, when and how: the top of the page.

    Attributes:
        name: The customer's full name.
        address: How to address them aloud.
        greeting: How to open a letter to them.
        position: The last fact that is in the brief; hand it to `service.opened`.
        lines: The same and the meeting's details, labelled in the reader's language.
    """

    booking: Id
    customer: Id
    name: str
    address: str
    greeting: str
    meeting: str
    start: datetime
    end: datetime
    timezone: str
    generated_at: datetime
    position: int
    lines: list[Line]


class Brief(Struct, frozen=True, kw_only=True):
    """Everything an advisor should know before a meeting, on one page."""

    language: Language
    header: Header
    sections: list[Section]
