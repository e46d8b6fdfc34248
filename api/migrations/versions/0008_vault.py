"""Who customers are, what is known of them, and what they were told is sealed under their own keys.

What is there already is sealed here, so the installation's key is needed as soon as there are
customers: `spreekuur migrate` has it. On the way back everything is opened again.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from context.customers import marks, surname_key
from context.model import Identity
from context.sealing import open_identity, open_value, seal_identity, seal_value
from kernel.clock import SystemClock
from kernel.database import IdType, UtcDateTime, keyring_of
from kernel.ids import Id, to_text, to_uuid
from kernel.people import PersonName
from kernel.vault import Cipher, TenantKeys, Unlocking, new_subject_key, wrapped

revision = "0008"
down_revision = "0007"

TIME: Final = sa.DateTime(timezone=True)
JSON: Final = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
NEW: Final = ("tenant_keys", "subject_keys")
ADDED: Final[tuple[tuple[str, str, Any], ...]] = (
    ("customers", "identity", sa.LargeBinary()),
    ("customers", "phone_key", sa.String()),
    ("facts", "sealed", sa.LargeBinary()),
    ("notices", "sealed", sa.LargeBinary()),
    ("deliveries", "written", sa.LargeBinary()),
)
REMOVED: Final[dict[str, dict[str, tuple[Any, bool]]]] = {
    "customers": {
        "name": (JSON, True),
        "email": (sa.String(), True),
        "phone": (sa.String(), False),
    },
    "facts": {"value": (JSON, True)},
    "notices": {"facts": (JSON, True)},
    "deliveries": {"subject": (sa.String(), False), "text": (sa.String(), False)},
}
"""What stood there in plain, and whether it had to."""


def upgrade() -> None:
    """Make the tables of keys, and seal what is there."""
    op.create_table(
        "tenant_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("use", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("retired_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "use", "version", name=op.f("pk_tenant_keys")),
    )
    op.create_table(
        "subject_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("destroyed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "subject_id", name=op.f("pk_subject_keys")),
    )
    op.create_index("ix_subject_keys_version", "subject_keys", ["tenant_id", "version"])
    for table, name, kind in ADDED:
        op.add_column(table, sa.Column(name, kind, nullable=True))
    op.add_column(
        "customers", sa.Column("marked_with", sa.Integer(), server_default="1", nullable=False)
    )
    for tenant in _tenants():
        _seal(tenant)
    for table, columns in REMOVED.items():
        for name in columns:
            op.drop_column(table, name)
    _keep_tenants_apart()


def downgrade() -> None:
    """Open everything again, and forget the keys. What was erased cannot be carried back."""
    for table, columns in REMOVED.items():
        for name, (kind, _) in columns.items():
            op.add_column(table, sa.Column(name, kind, nullable=True))
    for tenant in _tenants():
        _open(tenant)
    op.drop_column("customers", "marked_with")
    for table, name, _ in reversed(ADDED):
        op.drop_column(table, name)
    for table, columns in REMOVED.items():
        _require(table, {name: kind for name, (kind, needed) in columns.items() if needed})
    for name in reversed(NEW):
        op.drop_table(name)


def _require(table: str, columns: dict[str, Any]) -> None:
    """Let these columns be ones that must be there."""
    if not columns:
        return
    if _on_postgresql():
        for name in columns:
            op.alter_column(table, name, nullable=False)
        return
    # SQLite adds a column that must be there to an empty table only.
    op.execute("PRAGMA defer_foreign_keys=ON")
    op.execute(f"CREATE TABLE kept_rows AS SELECT * FROM {table}")  # noqa: S608  # our own names
    op.execute(f"DELETE FROM {table}")  # noqa: S608  # the same
    for name, kind in columns.items():
        op.drop_column(table, name)
        op.add_column(table, sa.Column(name, kind, nullable=False))
    names = ", ".join(each["name"] for each in sa.inspect(op.get_bind()).get_columns(table))
    op.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM kept_rows")  # noqa: S608  # the same
    op.drop_table("kept_rows")


# --- what is sealed, and opened again ------------------------------------------------------------


def _table(table: str, prefix: str, /, **columns: Any) -> Any:
    return sa.table(
        table,
        sa.column("tenant_id", IdType("ten")),
        sa.column("id", IdType(prefix)),
        *(sa.column(each, kind) for each, kind in columns.items()),
    )


_customers: Final = _table(
    "customers",
    "cus",
    name=JSON,
    email=sa.String(),
    phone=sa.String(),
    email_key=sa.String(),
    surname_key=sa.String(),
    phone_key=sa.String(),
    identity=sa.LargeBinary(),
)
_facts: Final = _table(
    "facts", "fct", customer_id=IdType("cus"), value=JSON, sealed=sa.LargeBinary()
)
_notices: Final = _table(
    "notices", "ntc", recipient=sa.String(), facts=JSON, sealed=sa.LargeBinary()
)
_deliveries: Final = _table(
    "deliveries",
    "dlv",
    notice=IdType("ntc"),
    subject=sa.String(),
    text=sa.String(),
    written=sa.LargeBinary(),
)


def _seal(tenant: Id) -> None:
    """Seal all that an organisation knows of people."""
    people = _rows(tenant, _customers)
    notices = _rows(tenant, _notices)
    if not people and not notices:
        return
    keys = _new_keys(tenant)
    ciphers = _Ciphers(keys)
    for person in people:
        name = msgspec.convert(person.name, PersonName)
        identity = Identity(name=name, email=person.email, phone=person.phone)
        found = marks(keys, name=name, email=person.email, phone=person.phone)
        _change(
            _customers,
            person,
            identity=seal_identity(ciphers.of(person.id), person.id, identity),
            email_key=found.email[-1],
            surname_key=found.surname[-1],
            phone_key=found.phone[-1] if found.phone else None,
        )
    for fact in _rows(tenant, _facts):
        cipher = ciphers.of(fact.customer_id)
        _change(_facts, fact, sealed=seal_value(cipher, fact.id, fact.value))
    told = {}
    for notice in notices:
        cipher = told[notice.id] = ciphers.of(notice.recipient)
        facts = msgspec.json.encode(notice.facts)
        _change(_notices, notice, sealed=cipher.seal(facts, place=f"notices.facts:{notice.id}"))
    for delivery in _rows(tenant, _deliveries):
        if delivery.subject is not None:
            words = msgspec.json.encode({"subject": delivery.subject, "text": delivery.text})
            place = f"deliveries.written:{delivery.id}"
            sealed = told[delivery.notice].seal(words, place=place)
            _change(_deliveries, delivery, written=sealed)


def _open(tenant: Id) -> None:
    """Open all of it again, and leave out what cannot be opened."""
    ciphers = _opened(tenant)
    _open_people(tenant, ciphers)
    _open_notices(tenant, ciphers)
    _forget_the_erased(tenant)


def _open_people(tenant: Id, ciphers: Mapping[Id, Cipher]) -> None:
    for person in _rows(tenant, _customers):
        if person.id in ciphers and person.identity is not None:
            who = open_identity(ciphers[person.id], person.id, person.identity)
            _change(
                _customers,
                person,
                name=msgspec.to_builtins(who.name),
                email=who.email,
                phone=who.phone,
                email_key=who.email.casefold(),
                surname_key=surname_key(who.name),
            )
    for fact in _rows(tenant, _facts):
        if fact.customer_id in ciphers:
            value = open_value(ciphers[fact.customer_id], fact.id, fact.sealed)
            _change(_facts, fact, value=value)


def _open_notices(tenant: Id, ciphers: Mapping[Id, Cipher]) -> None:
    told = {}
    for notice in _rows(tenant, _notices):
        if notice.recipient in ciphers and notice.sealed is not None:
            cipher = told[notice.id] = ciphers[notice.recipient]
            facts = cipher.open(notice.sealed, place=f"notices.facts:{notice.id}")
            _change(_notices, notice, facts=msgspec.json.decode(facts))
    for delivery in _rows(tenant, _deliveries):
        if delivery.notice not in told:
            _remove(_deliveries, delivery)
        elif delivery.written is not None:
            words = told[delivery.notice].open(
                delivery.written, place=f"deliveries.written:{delivery.id}"
            )
            _change(_deliveries, delivery, **msgspec.json.decode(words))
    for notice in _rows(tenant, _notices):
        if notice.id not in told:
            _remove(_notices, notice)


def _forget_the_erased(tenant: Id) -> None:
    db = op.get_bind()
    for name in ("facts", "consents", "intakes", "brief_views"):
        db.execute(
            sa.text(
                f"DELETE FROM {name} WHERE tenant_id = :tenant AND customer_id IN "  # noqa: S608  # our own names
                "(SELECT id FROM customers WHERE tenant_id = :tenant AND email IS NULL)"
            ).bindparams(sa.bindparam("tenant", tenant, IdType("ten")))
        )
    db.execute(
        sa.delete(_customers).where(_customers.c.tenant_id == tenant, _customers.c.email.is_(None))
    )


# --- keys ----------------------------------------------------------------------------------------


def _new_keys(tenant: Id) -> TenantKeys:
    db, made = op.get_bind(), {use: secrets.token_bytes(32) for use in ("subjects", "index")}
    for use, key in made.items():
        row = {"use": use, "version": 1, "wrapped": wrapped(keyring_of(db), tenant, use, 1, key)}
        now = SystemClock().now()
        db.execute(sa.insert(_tenant_keys).values(tenant_id=tenant, created_at=now, **row))
    return TenantKeys(tenant=tenant, subjects={1: made["subjects"]}, index={1: made["index"]})


class _Ciphers:
    """The keys of people, each made when it is first asked for."""

    def __init__(self, keys: TenantKeys) -> None:
        self._keys = keys
        self._made: dict[Id, Cipher] = {}

    def of(self, subject: Id) -> Cipher:
        """Return somebody's key."""
        if subject not in self._made:
            cipher, row = new_subject_key(self._keys, subject, now=SystemClock().now())
            op.get_bind().execute(sa.insert(_subject_keys).values(**row))
            self._made[subject] = cipher
        return self._made[subject]


def _opened(tenant: Id) -> dict[Id, Cipher]:
    """Return the keys of everybody who was not erased, by id."""
    db = op.get_bind()
    rows = db.execute(
        sa.select(
            _subject_keys.c.subject_id.label("key_subject"),
            _subject_keys.c.version.label("key_version"),
            _subject_keys.c.wrapped.label("key_wrapped"),
            _tenant_keys.c.wrapped.label("key_wrapping"),
        )
        .join(
            _tenant_keys,
            (_tenant_keys.c.tenant_id == _subject_keys.c.tenant_id)
            & (_tenant_keys.c.use == "subjects")
            & (_tenant_keys.c.version == _subject_keys.c.version),
        )
        .where(_subject_keys.c.tenant_id == tenant)
    ).all()
    keys = Unlocking(keyring_of(db), tenant)
    return {
        to_text(prefix, row.key_subject): cipher
        for row in rows
        if (cipher := keys.cipher(row)) is not None
        for prefix in ("cus", "adv")
    }


_tenant_keys: Final = sa.table(
    "tenant_keys",
    sa.column("tenant_id", IdType("ten")),
    sa.column("use", sa.String()),
    sa.column("version", sa.Integer()),
    sa.column("wrapped", sa.LargeBinary()),
    sa.column("created_at", UtcDateTime()),
)
_subject_keys: Final = sa.table(
    "subject_keys",
    sa.column("tenant_id", IdType("ten")),
    sa.column("subject_id", sa.Uuid()),
    sa.column("version", sa.Integer()),
    sa.column("wrapped", sa.LargeBinary()),
    sa.column("created_at", UtcDateTime()),
)


# --- rows ----------------------------------------------------------------------------------------


def _rows(tenant: Id, table: Any) -> Sequence[Any]:
    return op.get_bind().execute(sa.select(table).where(table.c.tenant_id == tenant)).all()


def _remove(table: Any, row: Any) -> None:
    op.get_bind().execute(
        sa.delete(table).where(table.c.tenant_id == row.tenant_id, table.c.id == row.id)
    )


def _change(table: Any, row: Any, **values: Any) -> None:
    op.get_bind().execute(
        sa.update(table)
        .where(table.c.tenant_id == row.tenant_id, table.c.id == row.id)
        .values(**values)
    )


def _tenants() -> Iterator[Id]:
    """Act for each tenant in turn; PostgreSQL shows nobody's rows otherwise."""
    db = op.get_bind()
    for tenant in db.scalars(sa.select(sa.table("tenants", sa.column("id", IdType("ten"))))).all():
        if _on_postgresql():
            uuid = str(to_uuid("ten", tenant))
            db.execute(sa.text("SELECT set_config('spreekuur.tenant', :id, true)"), {"id": uuid})
        yield tenant
    if _on_postgresql():
        db.execute(sa.text("SELECT set_config('spreekuur.tenant', '', true)"))


def _keep_tenants_apart() -> None:
    if not _on_postgresql():
        return
    mine = "tenant_id = nullif(current_setting('spreekuur.tenant', true), '')::uuid"
    for name in NEW:
        op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {name} USING ({mine}) WITH CHECK ({mine})")


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
