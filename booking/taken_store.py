"""The one statement behind every question about free time.

It reads what is taken of advisors and rooms, how fresh their calendars are, and under which version
the organisation is set up, all at the same moment. Rows come back as whole seconds and raw UUIDs,
since turning a few hundred rows into anything finer costs more than finding the free times. Where
spans are all that is asked, those of everybody come as one text, and only what is new is read.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from operator import itemgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Integer,
    Join,
    String,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from booking.calendars.tables import (
    busy_spans,
    calendar_accounts,
    calendar_collections,
    unavailable_spans,
)
from booking.schedule import not_before
from booking.tables import bookings, claims, exclusions, seats, sessions, setups
from booking.taken import Question, Running, Taken, Work
from kernel.database import IdType, UtcDateTime
from kernel.ids import Id, to_text, uuid_of
from kernel.tables import tenants
from kernel.tenancy import TenantSettings

LIVE: Final = ("requested", "confirmed", "attended", "no-show")
"""States of a booking that count as somebody's meeting."""
_MET: Final = ("requested", "confirmed", "attended")

_LENGTH_BITS: Final = 28
"""Of a span in one number: more than eight years of seconds, above which is its start."""
_LENGTH: Final = (1 << _LENGTH_BITS) - 1
_EFFORT_BITS: Final = 24
"""Of a meeting in one number: its minutes times its load points, above which is its begin."""
_MOST_EFFORT: Final = (1 << _EFFORT_BITS) - 1
_NUMBERS: Final = msgspec.json.Decoder(list[int])
_TEXT: Final = len("2026-12-01 09:00:00.000000")
"""Of an instant as SQLite keeps it."""

_SAME_KIND, _LOAD = 1, 2
"""What a claim's last number is made of: a mark, and above it the load points."""

(
    _VERSION,
    _BUSY,
    _TAKEN,
    _CLAIM,
    _EFFORT,
    _EXPIRED,
    _READ,
    _SESSION,
    _CUSTOMERS,
    _EXCLUDED,
    _KNOWN,
) = range(11)


async def read_taken(
    db: AsyncConnection, tenant: Id, question: Question, *, now: datetime
) -> Taken:
    """Return what is taken, in one statement."""
    statement = _statement(
        db.dialect.name,
        question.sessions is not None,
        question.customer is not None,
        question.counted,
        question.effort is not None,
    )
    since, until = question.effort or (0, 0)
    channel, location, minutes = question.sessions or (None, None, 0)
    rows = await db.execute(
        statement,
        {
            "tenant": tenant,
            "people": _ids(db.dialect.name, tuple(question.people)),
            "all": _ids(db.dialect.name, (*question.people, *question.things)),
            "start": datetime.fromtimestamp(question.start, now.tzinfo),
            "end": datetime.fromtimestamp(question.end, now.tzinfo),
            "since": datetime.fromtimestamp(since, now.tzinfo),
            "until": datetime.fromtimestamp(until, now.tzinfo),
            "now": now,
            "kind": question.kind,
            "apart_from": uuid_of(question.apart_from) if question.apart_from else None,
            "customer": question.customer,
            "channel": channel,
            "location": location,
            "seconds": minutes * 60,
        },
    )
    return _sorted_out(rows.all())


def _sorted_out(rows: Sequence[Any]) -> Taken:
    by_kind: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for kind, *row in rows:
        by_kind[kind].append(tuple(row))
    busy, claimed = _spans_of_all(by_kind.pop(_BUSY, [])), _spans_of_all(by_kind.pop(_TAKEN, []))
    # When a calendar was read decides nothing, and is another time every few minutes.
    fresh = by_kind.pop(_READ, [])
    content = (busy.digest, claimed.digest, sorted(by_kind.items()))
    ((version, *_, settings),) = by_kind[_VERSION]
    counted: defaultdict[UUID, list[tuple[int, int]]] = defaultdict(list)
    work: defaultdict[UUID, list[Work]] = defaultdict(list)
    for subject, start, end, begins, minutes, marks, _ in by_kind[_CLAIM]:
        counted[subject].append((start, end))
        if begins is not None:
            same = marks & _SAME_KIND == _SAME_KIND
            work[subject].append(Work(begins, minutes, marks // _LOAD, same))
    return Taken(
        version=to_text("stp", version) if version else None,
        settings=msgspec.json.decode(settings, type=TenantSettings),
        busy=busy.by_subject,
        claimed=counted or claimed.by_subject,
        work=work,
        effort={one: _efforts(text) for one, text in _by_subject(_text(by_kind[_EFFORT]))},
        read_at={row[0]: row[1] for row in fresh if row[0] is not None},
        least_fresh=min((row[1] for row in fresh if row[1] is not None), default=None),
        running=[
            Running(UUID(text), start, taken, places, advisor)
            for advisor, start, taken, places, _, _, text in by_kind[_SESSION]
        ],
        customers=[
            Work(start, minutes, load, same == 1)
            for _, start, minutes, load, same, _, _ in by_kind[_CUSTOMERS]
        ],
        excluded={row[0] for row in by_kind[_EXCLUDED]},
        known=[row[0] for row in sorted(by_kind[_KNOWN], key=itemgetter(1, 0), reverse=True)],
        expired={row[0] for row in by_kind[_EXPIRED]},
        content=_digest(msgspec.msgpack.encode(content)),
    )


class _Spans(NamedTuple):
    """Everybody's spans, and a digest of the text that they were read from."""

    by_subject: Mapping[UUID, tuple[tuple[int, int], ...]]
    digest: bytes


def _spans_of_all(rows: Sequence[tuple[Any, ...]]) -> _Spans:
    return _read_spans(_text(rows))


@lru_cache(maxsize=64)
def _read_spans(text: str) -> _Spans:
    by_subject = {subject: _spans(rest) for subject, rest in _by_subject(text)}
    return _Spans(by_subject, _digest(text.encode()))


def _text(rows: Sequence[tuple[Any, ...]]) -> str:
    return (rows[0][-1] if rows else None) or ""


def _by_subject(text: str) -> Iterator[tuple[UUID, str]]:
    for line in text.splitlines():
        subject, _, rest = line.partition(" ")
        yield UUID(subject), rest


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=32).digest()


@lru_cache(maxsize=4096)
def _spans(text: str) -> tuple[tuple[int, int], ...]:
    """Read spans; of most advisors they are what they were when somebody asked before."""
    if text.startswith("["):
        return tuple(
            (start := number >> _LENGTH_BITS, start + (number & _LENGTH))
            for number in _NUMBERS.decode(text)
        )
    instants = [
        datetime.fromisoformat(text[at : at + _TEXT]).replace(tzinfo=UTC)
        for at in range(0, len(text), _TEXT)
    ]
    pairs = zip(instants[::2], instants[1::2], strict=True)
    return tuple((math.floor(start.timestamp()), not_before(end)) for start, end in pairs)


def _efforts(text: str) -> list[tuple[int, int]]:
    return [(number >> _EFFORT_BITS, number & _MOST_EFFORT) for number in _NUMBERS.decode(text)]


# --- the statement -------------------------------------------------------------------------------

_TENANT: Final[BindParameter[str]] = bindparam("tenant", type_=IdType("ten"))
_START: Final = bindparam("start", type_=UtcDateTime)
_END: Final = bindparam("end", type_=UtcDateTime)
_NOW: Final = bindparam("now", type_=UtcDateTime)


@lru_cache(maxsize=16)
def _statement(
    dialect: str, shared: bool, customer: bool, counted: bool, effort: bool
) -> CompoundSelect[Any]:
    claimed = _claims(dialect, shared) if counted else _taken(dialect, shared)
    freshness = _freshness(dialect) if effort else _least_fresh(dialect)
    parts = [_version(dialect), _busy(dialect), claimed, freshness]
    if effort:
        parts += [_effort(dialect, shared), _expired(dialect, shared)]
    if shared:
        parts.append(_sessions(dialect))
    if customer:
        parts += [_customers_meetings(dialect), _exclusions(), _met(dialect)]
    return union_all(*parts)


def _row(
    kind: int,
    subject: ColumnElement[Any],
    *numbers: ColumnElement[Any],
    text: ColumnElement[Any] | None = None,
) -> Any:
    padded = [*numbers, *(null() for _ in range(5 - len(numbers)))]
    return select(
        literal_column(str(kind), Integer),
        type_coerce(subject, Uuid()),
        *(cast(number, BigInteger) for number in padded),
        cast(null() if text is None else text, String),
    )


def _of_everybody(
    dialect: str,
    kind: int,
    subject: ColumnElement[Any],
    text: ColumnElement[str],
    where: Sequence[ColumnElement[bool]],
) -> Any:
    """Return one row: a line for everybody, of their id and of *text*, which sums up their rows."""
    name = cast(subject, String) if dialect == "postgresql" else type_coerce(subject, String)
    each = select((name + " " + text).label("line")).where(*where).group_by(subject).subquery()
    return _row(kind, cast(null(), Uuid()), text=_joined(dialect, each.c.line, "\n"))


def _version(dialect: str) -> Any:
    return (
        _row(_VERSION, setups.c.version, text=tenants.c.settings)
        .select_from(tenants.outerjoin(setups, setups.c.tenant_id == tenants.c.id))
        .where(tenants.c.id == _TENANT)
    )


def _busy(dialect: str) -> Any:
    """Read what keeps people busy, and when they have said that they cannot be booked."""
    both = union_all(
        *(
            select(
                span.advisor_id.label("advisor_id"),
                span.starts_at.label("starts_at"),
                span.ends_at.label("ends_at"),
            ).where(
                span.tenant_id == _TENANT,
                _among(dialect, span.advisor_id, "people"),
                span.starts_at < _END,
                span.ends_at > _START,
            )
            for span in (busy_spans.c, unavailable_spans.c)
        )
    ).subquery("closed")
    return _of_everybody(
        dialect,
        _BUSY,
        both.c.advisor_id,
        _in_one(dialect, both.c.starts_at, both.c.ends_at),
        [],
    )


def _taken(dialect: str, shared: bool) -> Any:
    claim = claims.c
    return _of_everybody(
        dialect,
        _TAKEN,
        claim.resource_id,
        _in_one(dialect, claim.starts_at, claim.ends_at),
        [*_live(dialect, shared), *_around(), _not_expired()],
    )


def _claims(dialect: str, shared: bool) -> Any:
    """Read each claim with what it counts for."""
    claim = claims.c
    same = case((claim.meeting_type_id == bindparam("kind"), _SAME_KIND), else_=0)
    return _row(
        _CLAIM,
        claim.resource_id,
        _floor(dialect, claim.starts_at),
        _ceiling(dialect, claim.ends_at),
        _floor(dialect, claim.begins_at),
        claim.work,
        claim.load * _LOAD + same,
    ).where(*_live(dialect, shared), *_around(), _not_expired())


def _effort(dialect: str, shared: bool) -> Any:
    claim = claims.c
    begin = cast(_floor(dialect, claim.begins_at), BigInteger)
    number = begin * (1 << _EFFORT_BITS) + claim.work * claim.load
    since, until = bindparam("since", type_=UtcDateTime), bindparam("until", type_=UtcDateTime)
    return _of_everybody(
        dialect,
        _EFFORT,
        claim.resource_id,
        _numbers(dialect, number),
        [
            *_live(dialect, shared),
            _not_expired(),
            claim.begins_at >= since,
            claim.begins_at < until,
            # What lies around it is found by its end; a meeting ends after it has begun.
            claim.ends_at > since,
        ],
    )


def _expired(dialect: str, shared: bool) -> Any:
    claim = claims.c
    return (
        _row(_EXPIRED, claim.resource_id)
        .where(*_live(dialect, shared), *_around(), claim.expires_at <= _NOW)
        .distinct()
    )


def _live(dialect: str, shared: bool) -> list[ColumnElement[bool]]:
    claim = claims.c
    apart_from = bindparam("apart_from", type_=Uuid())
    others = (
        select(seats.c.number)
        .where(
            seats.c.tenant_id == claim.tenant_id,
            seats.c.session_id == claim.session_id,
            or_(seats.c.expires_at.is_(None), seats.c.expires_at > _NOW),
            type_coerce(seats.c.booking_id, Uuid()).is_distinct_from(apart_from),
        )
        .exists()
    )
    return [
        claim.tenant_id == _TENANT,
        _among(dialect, claim.resource_id, "all"),
        claim.live,
        or_(
            apart_from.is_(None),
            type_coerce(claim.booking_id, Uuid()).is_distinct_from(apart_from)
            & type_coerce(claim.hold_id, Uuid()).is_distinct_from(apart_from),
        ),
        # A session is as good as gone once the one who sits in it alone has left.
        *([or_(apart_from.is_(None), claim.session_id.is_(None), others)] if shared else []),
    ]


def _around() -> list[ColumnElement[bool]]:
    return [claims.c.starts_at < _END, claims.c.ends_at > _START]


def _not_expired() -> ColumnElement[bool]:
    return or_(claims.c.expires_at.is_(None), claims.c.expires_at > _NOW)


def _freshness(dialect: str) -> Any:
    """Read of each advisor when the most neglected calendar was read; null if one never was."""
    account, collection = calendar_accounts.c, calendar_collections.c
    everything = func.count(collection.id) == func.count(collection.last_ok_at)
    oldest = _floor(dialect, func.min(collection.last_ok_at))
    return (
        _row(_READ, account.advisor_id, case((everything, oldest)))
        .select_from(_calendars())
        .where(account.tenant_id == _TENANT, _among(dialect, account.advisor_id, "people"))
        .group_by(account.advisor_id)
        .having(func.count(collection.id) > 0)
    )


def _least_fresh(dialect: str) -> Any:
    """Read the same of all of them together, leaving out calendars that never were read."""
    account = calendar_accounts.c
    oldest = _floor(dialect, func.min(calendar_collections.c.last_ok_at))
    return (
        _row(_READ, null(), oldest)
        .select_from(_calendars())
        .where(account.tenant_id == _TENANT, _among(dialect, account.advisor_id, "people"))
    )


def _calendars() -> Join:
    account, collection = calendar_accounts.c, calendar_collections.c
    read = and_(
        collection.tenant_id == account.tenant_id,
        collection.account_id == account.id,
        collection.role != "ignore",
    )
    # An outer join, so that SQLite begins with the advisors and not with all calendars.
    return calendar_accounts.outerjoin(calendar_collections, read)


def _sessions(dialect: str) -> Any:
    session = sessions.c
    channel = bindparam("channel", type_=String)
    location = bindparam("location", type_=session.location_id.type)
    taken = (
        select(func.count())
        .where(
            seats.c.tenant_id == session.tenant_id,
            seats.c.session_id == session.id,
            or_(seats.c.expires_at.is_(None), seats.c.expires_at > _NOW),
        )
        .scalar_subquery()
    )
    length = _floor(dialect, session.ends_at) - _floor(dialect, session.starts_at)
    return _row(
        _SESSION,
        session.advisor_id,
        _floor(dialect, session.starts_at),
        taken,
        session.seats,
        text=session.id,
    ).where(
        session.tenant_id == _TENANT,
        session.meeting_type_id == bindparam("kind", type_=session.meeting_type_id.type),
        session.starts_at < _END,
        session.ends_at > _START,
        length == bindparam("seconds", type_=BigInteger),
        or_(channel.is_(None), session.channel == channel),
        or_(location.is_(None), session.location_id == location),
        taken > 0,
    )


def _customers_meetings(dialect: str) -> Any:
    booking = bookings.c
    return _row(
        _CUSTOMERS,
        cast(null(), Uuid()),
        _floor(dialect, booking.starts_at),
        booking.work,
        booking.load,
        case((booking.meeting_type_id == bindparam("kind"), 1), else_=0),
    ).where(
        booking.tenant_id == _TENANT,
        booking.customer_id == bindparam("customer"),
        _one_of(booking.state, LIVE),
        type_coerce(booking.id, Uuid()).is_distinct_from(bindparam("apart_from", type_=Uuid())),
    )


def _exclusions() -> Any:
    return _row(_EXCLUDED, exclusions.c.advisor_id).where(
        exclusions.c.tenant_id == _TENANT, exclusions.c.customer_id == bindparam("customer")
    )


def _met(dialect: str) -> Any:
    booking = bookings.c
    return (
        _row(_KNOWN, booking.advisor_id, _floor(dialect, func.max(booking.starts_at)))
        .where(
            booking.tenant_id == _TENANT,
            booking.customer_id == bindparam("customer"),
            _one_of(booking.state, _MET),
        )
        .group_by(booking.advisor_id)
    )


def _one_of(column: ColumnElement[str], words: Sequence[str]) -> ColumnElement[bool]:
    # A list in a statement is written out anew whenever it is run; these never change.
    return or_(*(column == literal_column(f"'{word}'", String) for word in words))


def _floor(dialect: str, instant: ColumnElement[Any]) -> ColumnElement[int]:
    if dialect == "postgresql":
        return func.floor(func.date_part("epoch", instant), type_=BigInteger)
    return func.unixepoch(instant, type_=BigInteger)


def _ceiling(dialect: str, instant: ColumnElement[Any]) -> ColumnElement[int]:
    if dialect == "postgresql":
        return func.ceil(func.date_part("epoch", instant), type_=BigInteger)
    return func.unixepoch(instant, "+0.999 seconds", type_=BigInteger)


def _in_one(
    dialect: str, starts_at: ColumnElement[Any], ends_at: ColumnElement[Any]
) -> ColumnElement[str]:
    """Return somebody's spans as one text.

    PostgreSQL writes a JSON array of numbers; what lies before the asked time is cut off. SQLite
    would take longer to work out a number than to hand over the texts that it has.
    """
    if dialect != "postgresql":
        texts = type_coerce(starts_at, String) + type_coerce(ends_at, String)
        return _joined(dialect, texts, "")
    asked = cast(_floor(dialect, _START), BigInteger) - 1
    start = func.greatest(cast(_floor(dialect, starts_at), BigInteger), asked, type_=BigInteger)
    end = cast(_ceiling(dialect, ends_at), BigInteger)
    length = func.least(end - start, _LENGTH, type_=BigInteger)
    return _numbers(dialect, start * (1 << _LENGTH_BITS) + length)


def _numbers(dialect: str, number: ColumnElement[int]) -> ColumnElement[str]:
    """Return numbers as a JSON array."""
    if dialect != "postgresql":
        return func.json_group_array(number, type_=String)
    return literal("[") + _joined(dialect, cast(number, String), ",") + literal("]")


def _joined(dialect: str, text: ColumnElement[str], between: str) -> ColumnElement[str]:
    join = func.string_agg if dialect == "postgresql" else func.group_concat
    return join(text, between, type_=String)


# --- lists of ids --------------------------------------------------------------------------------


def _among(dialect: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Compare with a list that is one parameter, so that the statement is always the same."""
    raw = type_coerce(column, Uuid())
    if dialect == "postgresql":
        return raw == any_(bindparam(name, type_=ARRAY(Uuid())))
    values = func.json_each(bindparam(name, type_=String)).table_valued("value")
    return raw.in_(select(type_coerce(values.c.value, Uuid())))


@lru_cache(maxsize=1024)
def _ids(dialect: str, ids: tuple[Id, ...]) -> Any:
    """Return the list as that database takes it; pools seldom change."""
    if dialect == "postgresql":
        return [uuid_of(one) for one in ids]
    return msgspec.json.encode([uuid_of(one).hex for one in ids]).decode()
