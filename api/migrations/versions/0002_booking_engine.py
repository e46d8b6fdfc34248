"""The tables of the whole booking engine, with all that was booked and set up before.

Branches, advisors, hours, kinds of meeting, bookings, claims and places in calendars are kept:

- An advisor's hours become their schedule *regular*. Hours that overlapped themselves, and nights
  of more than twelve hours, are written in the way that is asked for now; they mean the same.
- A booking's history begins with what it was at this migration; what it was before is not known.
- A decision about who gets a meeting is marked as one by rule 1.

Holds and their claims are dropped: they live for minutes. The way back keeps what the first tables
can hold. Of several schedules it keeps *regular*, else the oldest; of a meeting in several
calendars the advisor's entry; the time of a meeting with seats stays with its first booking.
Absences, journeys, rooms, limits and whatever else had no place there is gone then.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kernel.ids import to_text

revision = "0002"
down_revision = "0001"

TIME: Final = sa.DateTime(timezone=True)
JSON: Final = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
NOTHING: Final = sa.text("'[]'")

REBUILT: Final = (
    "claims",
    "holds",
    "event_links",
    "bookings",
    "schedules",
    "meeting_types",
)
"""Tables that are made anew, whatever refers to another one before it."""

NEW: Final = (
    "setups",
    "absences",
    "resources",
    "products",
    "exclusions",
    "series",
    "seats",
    "sessions",
    "booking_steps",
    "conflicts",
)

DEFINITION: Final[Mapping[str, Any]] = {
    "name": {},
    "description": {},
    "duration": 60,
    "channels": [],
    "step": 15,
    "buffer_before": 0,
    "buffer_after": 0,
    "notice": 0,
    "window_days": 60,
    "advisors": [],
    "locations": [],
    "form": None,
}
"""What the first tables know of a kind of meeting beside its slug, and what it is unless given."""

GROUNDS: Final = ("requested", "only-one-free", "fewest-that-day", "fewest-that-week", "first")
LETTERS: Final = ("nl", "en")
"""The languages that the first tables know an advisor to speak."""

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY: Final = 24 * 60
WEEK: Final = 7 * DAY
LONGEST_NIGHT: Final = 12 * 60

PAGE: Final = 500
"""Rows in hand at a time."""

OVERLAPS: Final = """
    NEW.live AND EXISTS (
        SELECT 1 FROM claims AS other
        WHERE other.tenant_id = NEW.tenant_id AND other.resource_id = NEW.resource_id
        AND other.live AND other.starts_at < NEW.ends_at AND other.ends_at > NEW.starts_at
        AND other.id <> NEW.id
    )
"""


def upgrade() -> None:
    """Make the engine's tables, and carry over what was on file."""
    calendars = ("calendar_accounts", "calendar_collections")
    _show_all_tenants((*REBUILT, *calendars))
    for name in REBUILT:
        _put_aside(name)
    _widen_places_and_people()
    _make_setup()
    _make_meetings()
    _fill_meeting_types()
    _fill_schedules()
    _fill_bookings()
    _fill_claims()
    _fill_event_links()
    _forget_what_was_put_aside()
    _protect_claims()
    _keep_tenants_apart((*REBUILT, *NEW))
    _force(calendars)


def downgrade() -> None:
    """Make the first tables again, and carry back what they can hold."""
    _show_all_tenants((*REBUILT, "advisors"))
    for name in ("seats", "sessions"):
        op.drop_table(name)
    for name in REBUILT:
        _put_aside(name)
    _make_first_tables()
    _refill_meeting_types()
    _refill_schedules()
    _refill_bookings()
    _refill_claims()
    _refill_event_links()
    _forget_what_was_put_aside()
    _protect_claims()
    _keep_tenants_apart(REBUILT)
    for name in NEW:
        if name not in {"seats", "sessions"}:
            op.drop_table(name)
    _narrow_places_and_people()
    _force(("advisors",))


# --- rows of every tenant, and only while they move ----------------------------------------------


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _show_all_tenants(names: Iterable[str]) -> None:
    """Let the owner see all rows; without a tenant there would be none, and none carried over."""
    if _on_postgresql():
        for name in names:
            op.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")


def _force(names: Iterable[str]) -> None:
    if _on_postgresql():
        for name in names:
            op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")


def _keep_tenants_apart(names: Iterable[str]) -> None:
    mine = "tenant_id = nullif(current_setting('spreekuur.tenant', true), '')::uuid"
    if _on_postgresql():
        for name in names:
            op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
            op.execute(f"CREATE POLICY tenant ON {name} USING ({mine}) WITH CHECK ({mine})")


def _put_aside(name: str) -> None:
    # SQLite changes neither constraints nor a column to one that must be there, so tables are
    # made anew; PostgreSQL goes the same way, so that there is one way to test.
    op.execute(f"CREATE TABLE kept_{name} AS SELECT * FROM {name}")  # noqa: S608  # our own names
    op.drop_table(name)
    if name in {"bookings", "schedules", "meeting_types"}:
        op.create_index(f"ix_kept_{name}", f"kept_{name}", ["tenant_id", "id"])


def _forget_what_was_put_aside() -> None:
    for name in REBUILT:
        op.drop_table(f"kept_{name}")


def _kept(name: str, columns: Sequence[sa.Column[Any]]) -> sa.Table:
    return sa.Table(f"kept_{name}", sa.MetaData(), *columns)


def _move(
    query: sa.Select[Any],
    table: sa.TableClause,
    change: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> None:
    """Put what the query finds into the table, changed."""
    bind = op.get_bind()
    for rows in _pages(query):
        bind.execute(sa.insert(table), [change(row) for row in rows])


def _pages(query: sa.Select[Any]) -> Iterator[Sequence[Mapping[str, Any]]]:
    # No cursor stays open: PostgreSQL does not drop a table while there is one.
    bind = op.get_bind()
    key = sa.tuple_(query.selected_columns.tenant_id, query.selected_columns.id)
    page = query.order_by(*key.clauses).limit(PAGE)
    rows = bind.execute(page).mappings().all()
    while rows:
        yield [dict(row) for row in rows]
        last = [sa.literal(rows[-1][name], sa.Uuid()) for name in ("tenant_id", "id")]
        rows = bind.execute(page.where(key > sa.tuple_(*last))).mappings().all()


# --- places and people ---------------------------------------------------------------------------


def _widen_places_and_people() -> None:
    op.add_column("locations", sa.Column("hours", JSON, nullable=True))
    op.add_column("locations", sa.Column("holidays", JSON, nullable=True))
    for name in ("skills", "authorisations", "limits", "travels"):
        op.add_column("advisors", sa.Column(name, JSON, server_default=NOTHING, nullable=False))
    for name in ("since", "until"):
        op.add_column("advisors", sa.Column(name, sa.Date(), nullable=True))


def _narrow_places_and_people() -> None:
    for name in ("hours", "holidays"):
        op.drop_column("locations", name)
    for name in ("skills", "authorisations", "limits", "travels", "since", "until"):
        op.drop_column("advisors", name)
    advisors = sa.table(
        "advisors",
        sa.column("tenant_id", sa.Uuid()),
        sa.column("id", sa.Uuid()),
        sa.column("languages", JSON),
    )
    bind = op.get_bind()
    for row in bind.execute(sa.select(advisors)).all():
        known = [language for language in row.languages if language in LETTERS]
        if known != row.languages:
            bind.execute(
                sa.update(advisors)
                .where(advisors.c.tenant_id == row.tenant_id, advisors.c.id == row.id)
                .values(languages=known)
            )


# --- what is set up ------------------------------------------------------------------------------


def _of_advisor(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "advisor_id"],
        ["advisors.tenant_id", "advisors.id"],
        name=op.f(f"fk_{table}_tenant_id_advisor_id"),
    )


def _of_meeting_type(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "meeting_type_id"],
        ["meeting_types.tenant_id", "meeting_types.id"],
        name=op.f(f"fk_{table}_tenant_id_meeting_type_id"),
    )


def _make_setup() -> None:
    op.create_table(
        "setups",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_setups")),
    )
    op.create_table(
        "schedules",
        *_new_schedule_columns(),
        _of_advisor("schedules"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_schedules")),
        sa.UniqueConstraint(
            "tenant_id", "advisor_id", "name", name=op.f("uq_schedules_tenant_id_advisor_id_name")
        ),
    )
    op.create_table(
        "absences",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("stand_in", sa.Uuid(), nullable=True),
        _of_advisor("absences"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_absences")),
    )
    op.create_index("ix_absences_advisor", "absences", ["tenant_id", "advisor_id", "last_day"])
    for name in ("resources", "products"):
        op.create_table(
            name,
            sa.Column("tenant_id", sa.Uuid(), nullable=False),
            sa.Column("id", sa.Uuid(), nullable=False),
            sa.Column("slug", sa.String(), nullable=False),
            sa.Column("definition", JSON, nullable=False),
            sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{name}")),
            sa.UniqueConstraint("tenant_id", "slug", name=op.f(f"uq_{name}_tenant_id_slug")),
        )
    op.create_table(
        "meeting_types",
        *_new_meeting_type_columns(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_meeting_types")),
        sa.UniqueConstraint("tenant_id", "slug", name=op.f("uq_meeting_types_tenant_id_slug")),
    )
    op.create_table(
        "exclusions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        _of_advisor("exclusions"),
        sa.PrimaryKeyConstraint(
            "tenant_id", "advisor_id", "customer_id", name=op.f("pk_exclusions")
        ),
    )
    op.create_index("ix_exclusions_customer", "exclusions", ["tenant_id", "customer_id"])


def _old_schedule_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("weekly", JSON, nullable=False),
        sa.Column("overrides", JSON, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    ]


def _new_schedule_columns() -> list[sa.Column[Any]]:
    return [
        *_old_schedule_columns(),
        sa.Column("name", sa.String(), server_default="regular", nullable=False),
        sa.Column("channels", JSON, server_default=NOTHING, nullable=False),
        sa.Column("locations", JSON, server_default=NOTHING, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("holidays", JSON, nullable=True),
    ]


def _old_meeting_type_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", JSON, nullable=False),
        sa.Column("description", JSON, nullable=False),
        sa.Column("duration", sa.Integer(), nullable=False),
        sa.Column("channels", JSON, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("buffer_before", sa.Integer(), nullable=False),
        sa.Column("buffer_after", sa.Integer(), nullable=False),
        sa.Column("notice", sa.Integer(), nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=False),
        sa.Column("advisors", JSON, nullable=False),
        sa.Column("locations", JSON, nullable=False),
        sa.Column("form", sa.String(), nullable=True),
        sa.Column("updated_at", TIME, nullable=False),
    ]


def _new_meeting_type_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("definition", JSON, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    ]


def _fill_meeting_types() -> None:
    def change(row: Mapping[str, Any]) -> dict[str, Any]:
        definition = {"slug": row["slug"]} | {name: row[name] for name in DEFINITION}
        same = ("tenant_id", "id", "slug", "updated_at")
        return {name: row[name] for name in same} | {"definition": definition}

    kept = _kept("meeting_types", _old_meeting_type_columns())
    _move(sa.select(kept), _table("meeting_types", _new_meeting_type_columns()), change)


def _refill_meeting_types() -> None:
    def change(row: Mapping[str, Any]) -> dict[str, Any]:
        definition = row["definition"]
        same = {name: row[name] for name in ("tenant_id", "id", "slug", "updated_at")}
        return same | {name: definition.get(name, default) for name, default in DEFINITION.items()}

    kept = _kept("meeting_types", _new_meeting_type_columns())
    _move(sa.select(kept), _table("meeting_types", _old_meeting_type_columns()), change)


def _table(name: str, columns: Sequence[sa.Column[Any]]) -> sa.TableClause:
    return sa.table(name, *(sa.column(column.name, column.type) for column in columns))


# --- hours ---------------------------------------------------------------------------------------


def _fill_schedules() -> None:
    def change(row: Mapping[str, Any]) -> dict[str, Any]:
        return dict(row) | {
            "weekly": sound_week(row["weekly"]),
            "overrides": [
                override | {"ranges": sound_date(override["ranges"])}
                for override in row["overrides"]
            ],
        }

    columns = _old_schedule_columns()
    _move(sa.select(_kept("schedules", columns)), _table("schedules", columns), change)


def sound_week(weekly: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return weekly hours that mean the same and neither overlap nor hide a long night."""
    spans = []
    for entry in weekly:
        midnight = DAYS.index(entry["day"]) * DAY
        start, end = _minutes(entry)
        spans.append((midnight + start, midnight + end))
    apart = _apart(spans)
    if apart:
        # The night from Sunday reaches into Monday.
        reach = apart[-1][1] - WEEK
        while len(apart) > 1 and apart[0][1] <= reach:
            del apart[0]
        if apart[0][0] < reach:
            apart[-1] = (apart[-1][0], apart[0][0] + WEEK)
    if apart == sorted(spans):
        return [_said_plainly(entry) for entry in weekly]
    return [
        {"day": DAYS[start // DAY], **_range(start % DAY, end - start // DAY * DAY)}
        for start, end in apart
    ]


def sound_date(ranges: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the hours of one date, likewise."""
    spans = [_minutes(entry) for entry in ranges]
    apart = _apart(spans)
    if apart == sorted(spans):
        return [_said_plainly(entry) for entry in ranges]
    return [_range(start, end) for start, end in apart]


def _apart(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    apart: list[tuple[int, int]] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if apart and end <= apart[-1][1]:
            continue
        if apart and start < apart[-1][1]:
            # The earlier one gives way, so that each stays with the date it belongs to.
            apart[-1] = (apart[-1][0], start)
        apart.append((start, end))
    return apart


def _minutes(entry: Mapping[str, Any]) -> tuple[int, int]:
    start, end = (int(entry[key][:2]) * 60 + int(entry[key][3:]) for key in ("start", "end"))
    return start, end if end > start else end + DAY


def _range(start: int, end: int) -> dict[str, Any]:
    last = end if end <= DAY else end - DAY
    clocks = {"start": _clock(start), "end": _clock(last)}
    return _said_plainly(clocks)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _said_plainly(entry: dict[str, Any]) -> dict[str, Any]:
    start, end = _minutes(entry)
    into_next_date = entry["end"] <= entry["start"]
    return entry | {"overnight": True} if into_next_date and end - start > LONGEST_NIGHT else entry


def _refill_schedules() -> None:
    def change(row: Mapping[str, Any]) -> dict[str, Any]:
        return dict(row) | {
            "weekly": [_without_night(entry) for entry in row["weekly"]],
            "overrides": [
                override | {"ranges": [_without_night(entry) for entry in override["ranges"]]}
                for override in row["overrides"]
            ],
        }

    columns = _old_schedule_columns()
    kept = _kept("schedules", _new_schedule_columns())
    place = sa.func.row_number().over(
        partition_by=(kept.c.tenant_id, kept.c.advisor_id),
        order_by=(sa.case((kept.c.name == "regular", 0), else_=1), kept.c.id),
    )
    ranked = sa.select(kept, place.label("place")).subquery()
    first = sa.select(*(ranked.c[column.name] for column in columns)).where(ranked.c.place == 1)
    _move(first, _table("schedules", columns), change)


def _without_night(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "overnight"}


# --- meetings ------------------------------------------------------------------------------------


def _make_meetings() -> None:
    op.create_table(
        "series",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("repeat", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_series")),
    )
    op.create_table(
        "sessions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_type_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("colleagues", JSON, nullable=False),
        sa.Column("resources", JSON, nullable=False),
        sa.Column("assignment", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint("seats > 0", name=op.f("ck_sessions_has_seats")),
        _of_meeting_type("sessions"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_start", "sessions", ["tenant_id", "meeting_type_id", "starts_at"])
    op.create_table(
        "seats",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("hold_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", TIME, nullable=True),
        sa.CheckConstraint("number >= 0", name=op.f("ck_seats_numbered")),
        sa.CheckConstraint(
            "(booking_id IS NULL) <> (hold_id IS NULL)", name=op.f("ck_seats_one_holder")
        ),
        sa.CheckConstraint(
            "(hold_id IS NULL) = (expires_at IS NULL)", name=op.f("ck_seats_holds_expire")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["sessions.tenant_id", "sessions.id"],
            name=op.f("fk_seats_tenant_id_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "session_id", "number", name=op.f("pk_seats")),
    )
    op.create_index("ix_seats_of_booking", "seats", ["tenant_id", "booking_id"])
    op.create_index("ix_seats_of_hold", "seats", ["tenant_id", "hold_id"])
    _make_bookings(_new_booking_columns())
    op.create_index("ix_bookings_of_series", "bookings", ["tenant_id", "series_id"])
    op.create_table(
        "booking_steps",
        *_step_columns(),
        sa.PrimaryKeyConstraint(
            "tenant_id", "booking_id", "revision", name=op.f("pk_booking_steps")
        ),
    )
    op.create_table(
        "conflicts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("offered_at", TIME, nullable=True),
        sa.Column("resolved_at", TIME, nullable=True),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("alternatives", JSON, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_conflicts")),
    )
    op.create_index(
        "uq_conflicts_open",
        "conflicts",
        ["tenant_id", "booking_id", "advisor_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'resolved'"),
        sqlite_where=sa.text("state <> 'resolved'"),
    )
    op.create_table(
        "holds",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_type_id", sa.Uuid(), nullable=False),
        sa.Column("wish", JSON, nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("resources", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("assignment", JSON, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_expiry", "holds", ["tenant_id", "expires_at"])
    _make_claims(
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("meeting_type_id", sa.Uuid(), nullable=True),
        sa.Column("begins_at", TIME, nullable=True),
        sa.Column("work", sa.Integer(), server_default="0", nullable=False),
        sa.Column("load", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "CASE WHEN booking_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN hold_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN session_id IS NULL THEN 0 ELSE 1 END = 1",
            name=op.f("ck_claims_one_holder"),
        ),
        sa.CheckConstraint(
            "hold_id IS NULL OR expires_at IS NOT NULL", name=op.f("ck_claims_holds_expire")
        ),
        sa.CheckConstraint(
            "booking_id IS NULL OR expires_at IS NULL", name=op.f("ck_claims_bookings_stay")
        ),
    )
    op.create_index("ix_claims_of_session", "claims", ["tenant_id", "session_id"])
    _make_event_links("booking_id", "advisor_id")


def _make_first_tables() -> None:
    op.create_table(
        "schedules",
        *_old_schedule_columns(),
        _of_advisor("schedules"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_schedules")),
        sa.UniqueConstraint(
            "tenant_id", "advisor_id", name=op.f("uq_schedules_tenant_id_advisor_id")
        ),
    )
    op.create_table(
        "meeting_types",
        *_old_meeting_type_columns(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_meeting_types")),
        sa.UniqueConstraint("tenant_id", "slug", name=op.f("uq_meeting_types_tenant_id_slug")),
    )
    _make_bookings(_old_booking_columns())
    op.create_table(
        "holds",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_type_id", sa.Uuid(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=True),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("assignment", JSON, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_expiry", "holds", ["tenant_id", "expires_at"])
    _make_claims(
        sa.CheckConstraint(
            "(booking_id IS NULL) <> (hold_id IS NULL)", name=op.f("ck_claims_one_holder")
        ),
        sa.CheckConstraint(
            "(hold_id IS NULL) = (expires_at IS NULL)", name=op.f("ck_claims_holds_expire")
        ),
    )
    _make_event_links("booking_id")


# --- bookings ------------------------------------------------------------------------------------


def _old_booking_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_type_id", sa.Uuid(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("participants", JSON, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("local_start", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("tzdata", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("cancelled_by", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("assignment", JSON, nullable=False),
    ]


def _new_booking_columns() -> list[sa.Column[Any]]:
    return [
        *_old_booking_columns(),
        sa.Column("colleagues", JSON, server_default=NOTHING, nullable=False),
        sa.Column("resources", JSON, server_default=NOTHING, nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("series_id", sa.Uuid(), nullable=True),
        sa.Column("work", sa.Integer(), server_default="0", nullable=False),
        sa.Column("load", sa.Integer(), server_default="1", nullable=False),
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("booked_by", sa.String(), server_default="customer", nullable=False),
    ]


def _step_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("booking", JSON, nullable=False),
    ]


def _make_bookings(columns: Sequence[sa.Column[Any]]) -> None:
    op.create_table(
        "bookings",
        *columns,
        _of_advisor("bookings"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["locations.tenant_id", "locations.id"],
            name=op.f("fk_bookings_tenant_id_location_id"),
        ),
        _of_meeting_type("bookings"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_bookings")),
    )
    op.create_index("ix_bookings_of_advisor", "bookings", ["tenant_id", "advisor_id", "starts_at"])
    op.create_index("ix_bookings_of_customer", "bookings", ["tenant_id", "customer_id"])
    op.create_index("ix_bookings_start", "bookings", ["tenant_id", "starts_at"])


def _fill_bookings() -> None:
    bind = op.get_bind()
    now = bind.execute(sa.select(sa.func.now())).scalar_one()
    kept = _kept("bookings", _old_booking_columns())
    kinds = _table("meeting_types", _new_meeting_type_columns())
    query = sa.select(kept, kinds.c.slug).join(
        kinds,
        sa.and_(kinds.c.tenant_id == kept.c.tenant_id, kinds.c.id == kept.c.meeting_type_id),
    )
    bookings = _table("bookings", [*_old_booking_columns(), sa.Column("work", sa.Integer())])
    steps = _table("booking_steps", _step_columns())
    for rows in _pages(query):
        bind.execute(sa.insert(bookings), [_new_booking(row) for row in rows])
        bind.execute(
            sa.insert(steps),
            [
                {
                    "tenant_id": row["tenant_id"],
                    "booking_id": row["id"],
                    "revision": 0,
                    "at": now,
                    "by": "system",
                    "action": "booking.migrated",
                    "booking": _as_it_stands(row),
                }
                for row in rows
            ],
        )


def _new_booking(row: Mapping[str, Any]) -> dict[str, Any]:
    decision = row["assignment"] | {"role": "advisor", "rule": "1", "window": 0}
    same = {name: value for name, value in row.items() if name != "slug"}
    return same | {"work": _work(row), "assignment": [decision]}


def _work(row: Mapping[str, Any]) -> int:
    lasts = row["ends_at"] - row["starts_at"]
    return int(lasts.total_seconds() // 60)


def _as_it_stands(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": to_text("bkg", row["id"]),
        "meeting_type_id": to_text("mty", row["meeting_type_id"]),
        "meeting_type": row["slug"],
        "advisor_id": to_text("adv", row["advisor_id"]),
        "location_id": _text_or_none("loc", row["location_id"]),
        "customer_id": to_text("cus", row["customer_id"]),
        "participants": row["participants"],
        "channel": row["channel"],
        "start": _instant(row["starts_at"]),
        "end": _instant(row["ends_at"]),
        "local_start": row["local_start"],
        "timezone": row["timezone"],
        "tzdata": row["tzdata"],
        "language": row["language"],
        "state": row["state"],
        "sequence": row["sequence"],
        "generation": row["generation"],
        "uid": row["uid"],
        "created_at": _instant(row["created_at"]),
        "colleagues": [],
        "resources": [],
        "session_id": None,
        "series_id": None,
        "work": _work(row),
        "load": 1,
        "revision": 0,
        "booked_by": "customer",
        "cancelled_by": row["cancelled_by"],
        "reason": row["reason"],
    }


def _text_or_none(prefix: str, value: UUID | None) -> str | None:
    return None if value is None else to_text(prefix, value)


def _instant(value: datetime) -> str:
    # SQLite keeps instants without their zone, in UTC.
    value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value.isoformat().replace("+00:00", "Z")


def _refill_bookings() -> None:
    def change(row: Mapping[str, Any]) -> dict[str, Any]:
        return dict(row) | {"assignment": _old_decision(row)}

    columns = _old_booking_columns()
    kept = _kept("bookings", columns)
    _move(sa.select(kept), _table("bookings", columns), change)


def _old_decision(row: Mapping[str, Any]) -> dict[str, Any]:
    nobody: dict[str, Any] = {"ground": "first", "considered": []}
    decisions: list[dict[str, Any]] = row["assignment"]
    decision = next((one for one in decisions if one.get("role") == "advisor"), nobody)
    return {
        "advisor": to_text("adv", row["advisor_id"]),
        "ground": decision["ground"] if decision["ground"] in GROUNDS else "first",
        "considered": [
            {"advisor": one["advisor"], "day": one.get("day", 0), "week": one.get("week", 0)}
            for one in decision["considered"]
        ],
    }


# --- claims --------------------------------------------------------------------------------------


def _make_claims(*more: sa.Column[Any] | sa.CheckConstraint) -> None:
    op.create_table(
        "claims",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("hold_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        *more,
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_claims_not_empty")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_claims")),
    )
    op.create_index(
        "ix_claims_expiry",
        "claims",
        ["tenant_id", "expires_at"],
        postgresql_where=sa.text("expires_at IS NOT NULL"),
        sqlite_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index("ix_claims_of_booking", "claims", ["tenant_id", "booking_id"])
    op.create_index("ix_claims_of_hold", "claims", ["tenant_id", "hold_id"])
    op.create_index("ix_claims_of_resource", "claims", ["tenant_id", "resource_id", "ends_at"])


def _fill_claims() -> None:
    op.execute(
        """
        INSERT INTO claims (
            tenant_id, id, resource_id, booking_id, starts_at, ends_at, live,
            meeting_type_id, begins_at, work, load
        )
        SELECT
            kept.tenant_id, kept.id, kept.resource_id, kept.booking_id, kept.starts_at,
            kept.ends_at, kept.live, bookings.meeting_type_id, bookings.starts_at,
            COALESCE(bookings.work, 0), COALESCE(bookings.load, 1)
        FROM kept_claims AS kept LEFT JOIN bookings
        ON bookings.tenant_id = kept.tenant_id AND bookings.id = kept.booking_id
        WHERE kept.hold_id IS NULL
        """
    )


def _refill_claims() -> None:
    op.execute(
        """
        INSERT INTO claims (tenant_id, id, resource_id, booking_id, starts_at, ends_at, live)
        SELECT tenant_id, id, resource_id, holder, starts_at, ends_at, live
        FROM (
            SELECT kept.*, COALESCE(
                kept.booking_id,
                (
                    SELECT seated.id FROM kept_bookings AS seated
                    WHERE seated.tenant_id = kept.tenant_id
                    AND seated.session_id = kept.session_id AND seated.state <> 'cancelled'
                    ORDER BY seated.id LIMIT 1
                )
            ) AS holder
            FROM kept_claims AS kept
        ) AS held
        WHERE holder IS NOT NULL
        """
    )


def _protect_claims() -> None:
    if _on_postgresql():
        op.execute(
            "ALTER TABLE claims ADD CONSTRAINT ex_claims_no_overlap EXCLUDE USING gist "
            "(resource_id WITH =, tstzrange(starts_at, ends_at, '[)') WITH &&) WHERE (live)"
        )
        return
    op.execute(
        f"CREATE TRIGGER claims_no_overlap_insert BEFORE INSERT ON claims WHEN {OVERLAPS}"
        " BEGIN SELECT RAISE(IGNORE); END"
    )
    op.execute(
        "CREATE TRIGGER claims_no_overlap_update"
        " BEFORE UPDATE OF resource_id, starts_at, ends_at, live ON claims"
        f" WHEN {OVERLAPS} BEGIN SELECT RAISE(ABORT, 'ex_claims_no_overlap'); END"
    )


# --- places in calendars -------------------------------------------------------------------------


def _make_event_links(*whose: str) -> None:
    op.create_table(
        "event_links",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in whose),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("href", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("base_ics", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("change", sa.String(), nullable=True),
        sa.Column("changed_at", TIME, nullable=True),
        sa.Column("moved_start", TIME, nullable=True),
        sa.Column("moved_end", TIME, nullable=True),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "collection_id"],
            ["calendar_collections.tenant_id", "calendar_collections.id"],
            name=op.f("fk_event_links_tenant_id_collection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", *whose, name=op.f("pk_event_links")),
    )
    op.create_index("ix_event_links_uid", "event_links", ["tenant_id", "uid"])


def _fill_event_links() -> None:
    # An entry whose booking is gone belongs to whoever has the calendar.
    op.execute(
        """
        INSERT INTO event_links (
            tenant_id, booking_id, advisor_id, collection_id, href, uid, etag, base_ics, state,
            sequence, change, changed_at, moved_start, moved_end, asked, failures
        )
        SELECT
            kept.tenant_id, kept.booking_id, COALESCE(bookings.advisor_id, accounts.advisor_id),
            kept.collection_id, kept.href, kept.uid, kept.etag, kept.base_ics, kept.state,
            kept.sequence, kept.change, kept.changed_at, kept.moved_start, kept.moved_end,
            kept.asked, kept.failures
        FROM kept_event_links AS kept
        JOIN calendar_collections AS collections
        ON collections.tenant_id = kept.tenant_id AND collections.id = kept.collection_id
        JOIN calendar_accounts AS accounts
        ON accounts.tenant_id = kept.tenant_id AND accounts.id = collections.account_id
        LEFT JOIN bookings
        ON bookings.tenant_id = kept.tenant_id AND bookings.id = kept.booking_id
        """
    )


def _refill_event_links() -> None:
    op.execute(
        """
        INSERT INTO event_links (
            tenant_id, booking_id, collection_id, href, uid, etag, base_ics, state, sequence,
            change, changed_at, moved_start, moved_end, asked, failures
        )
        SELECT
            kept.tenant_id, kept.booking_id, kept.collection_id, kept.href, kept.uid, kept.etag,
            kept.base_ics, kept.state, kept.sequence, kept.change, kept.changed_at,
            kept.moved_start, kept.moved_end, kept.asked, kept.failures
        FROM kept_event_links AS kept JOIN bookings
        ON bookings.tenant_id = kept.tenant_id AND bookings.id = kept.booking_id
        AND bookings.advisor_id = kept.advisor_id
        """
    )
