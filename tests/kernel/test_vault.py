"""What is known of people is sealed, stays where it was put, and ends with their key."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from kernel import vault
from kernel.clock import FixedClock
from kernel.crypto import Keyring, Secret
from kernel.database import Database
from kernel.ids import Id, new_id
from kernel.tables import subject_keys, tenant_keys
from kernel.tenancy import TenantSettings, create_tenant
from kernel.vault import Cipher, Erased, cipher_of, tenant_keys_of

KEY = bytes(range(32))
PLACE = "facts.value:fct_1"


@given(st.binary(max_size=2000), st.text(max_size=40))
def test_what_is_sealed_opens_again(plain: bytes, place: str) -> None:
    """Whatever it is, and wherever it stands; and it cannot be seen from outside."""
    sealed = Cipher(KEY, "ten|cus").seal(plain, place=place)

    assert Cipher(KEY, "ten|cus").open(sealed, place=place) == plain
    assert len(plain) < 8 or plain not in sealed


@pytest.mark.parametrize(
    ("key", "owner", "place", "change"),
    [
        (bytes(32), "ten|cus", PLACE, lambda sealed: sealed),
        (KEY, "ten|another", PLACE, lambda sealed: sealed),
        (KEY, "ten|cus", "facts.value:fct_2", lambda sealed: sealed),
        (KEY, "ten|cus", PLACE, lambda sealed: sealed[:-1]),
        (KEY, "ten|cus", PLACE, lambda sealed: sealed[:20] + b"x" + sealed[21:]),
        (KEY, "ten|cus", PLACE, lambda sealed: b""),
    ],
    ids=["another key", "another owner", "moved", "cut", "changed", "nothing"],
)
def test_what_was_moved_or_changed_does_not_open(
    key: bytes, owner: str, place: str, change: Callable[[bytes], bytes]
) -> None:
    """Under another key, for somebody else, elsewhere, or with a bit changed it is nothing."""
    sealed = Cipher(KEY, "ten|cus").seal(b"64000", place=PLACE)

    with pytest.raises(ValueError, match="does not open"):
        Cipher(key, owner).open(change(sealed), place=place)


class Vault:
    """The keys of one organisation, and somebody known there."""

    def __init__(self, database: Database, clock: FixedClock, tenant: Id) -> None:
        self.database = database
        self.clock = clock
        self.tenant = tenant
        self.customer = new_id("cus", clock.now())

    async def cipher(self, customer: Id | None = None) -> Cipher:
        """Return the customer's key."""
        async with self.database.transaction(self.tenant) as db:
            return await cipher_of(db, self.tenant, customer or self.customer, now=self.clock.now())

    async def rotate(self) -> int:
        """Give the organisation a new key to wrap with."""
        async with self.database.transaction(self.tenant) as db:
            return await vault.replace_key(db, self.tenant, "subjects", now=self.clock.now())

    async def rewrap(self, limit: int = 100) -> int:
        """Wrap some keys anew."""
        async with self.database.transaction(self.tenant) as db:
            return await vault.rewrap(db, self.tenant, limit=limit, now=self.clock.now())

    async def retire(self) -> int:
        """Let go of keys that nothing rests on."""
        async with self.database.transaction(self.tenant) as db:
            return await vault.retire_keys(db, self.tenant, "subjects", now=self.clock.now())


@pytest.fixture
def keys(database: Database, clock: FixedClock, tenant: Id) -> Vault:
    """The vault of the organisation under test."""
    return Vault(database, clock, tenant)


async def test_a_person_keeps_their_key(keys: Vault) -> None:
    """Asked for again it is the same one; somebody else has another."""
    sealed = (await keys.cipher()).seal(b"64000", place=PLACE)

    assert (await keys.cipher()).open(sealed, place=PLACE) == b"64000"
    with pytest.raises(ValueError, match="does not open"):
        (await keys.cipher(new_id("cus", keys.clock.now()))).open(sealed, place=PLACE)


async def test_no_key_stands_in_the_database_as_it_is(keys: Vault) -> None:
    """What is stored of a key is wrapped: with another secret key it is nothing."""
    await keys.cipher()
    stranger = Database(keys.database.url, keyring=Keyring(Secret("another secret key, as long")))

    with pytest.raises(ValueError, match="does not open"):
        async with stranger.transaction(keys.tenant) as db:
            await cipher_of(db, keys.tenant, keys.customer, now=keys.clock.now())
    await stranger.close()


async def test_a_key_of_another_organisation_opens_nothing(keys: Vault) -> None:
    """The same id under another organisation has another key; moving the row over does not help."""
    sealed = (await keys.cipher()).seal(b"64000", place=PLACE)
    async with keys.database.transaction() as db:
        other = await create_tenant(
            db, slug="other", name="Other", settings=TenantSettings(), now=keys.clock.now()
        )
    async with keys.database.reading(keys.tenant) as db:
        stolen = await db.scalar(select(subject_keys.c.wrapped))
    async with keys.database.transaction(other.id) as db:
        cipher = await cipher_of(db, other.id, keys.customer, now=keys.clock.now())
        with pytest.raises(ValueError, match="does not open"):
            cipher.open(sealed, place=PLACE)
        await db.execute(
            update(subject_keys).where(subject_keys.c.tenant_id == other.id).values(wrapped=stolen)
        )
        with pytest.raises(ValueError, match="does not open"):
            await cipher_of(db, other.id, keys.customer, now=keys.clock.now())


async def test_a_destroyed_key_is_gone(keys: Vault) -> None:
    """Nothing can be read or added any more, and nobody gets a new key in its place."""
    await keys.cipher()
    async with keys.database.transaction(keys.tenant) as db:
        assert await vault.destroy(db, keys.tenant, keys.customer, now=keys.clock.now())

    with pytest.raises(Erased):
        await keys.cipher()
    async with keys.database.transaction(keys.tenant) as db:
        assert not await vault.destroy(db, keys.tenant, keys.customer, now=keys.clock.now())
        assert await db.scalar(select(subject_keys.c.wrapped)) is None


async def test_keys_are_wrapped_anew_step_by_step(keys: Vault) -> None:
    """Replacing an organisation's key may stop half-way; what is sealed opens all the while."""
    people = [new_id("cus", keys.clock.now()) for _ in range(5)]
    sealed = [(await keys.cipher(each)).seal(b"64000", place=PLACE) for each in people]
    assert await keys.rotate() == 2

    done = [await keys.rewrap(limit=2)]
    opened = [
        (await keys.cipher(each)).open(what, place=PLACE)
        for each, what in zip(people, sealed, strict=True)
    ]
    done += [await keys.rewrap(limit=2) for _ in range(3)]

    assert opened == [b"64000"] * 5
    assert done == [2, 2, 1, 0]
    assert [
        (await keys.cipher(each)).open(what, place=PLACE)
        for each, what in zip(people, sealed, strict=True)
    ] == opened


async def test_an_old_key_goes_once_nothing_rests_on_it(keys: Vault) -> None:
    """Not before, and not within the hour in which somebody may still be using it."""
    await keys.cipher()
    await keys.rotate()

    keys.clock.advance(timedelta(hours=2))
    assert await keys.retire() == 0
    await keys.rewrap()
    assert await keys.retire() == 1
    async with keys.database.reading(keys.tenant) as db:
        left = await db.scalar(
            select(func.count()).where(
                tenant_keys.c.use == "subjects", tenant_keys.c.retired_at.is_(None)
            )
        )
    assert left == 1
    await keys.cipher()

    await keys.rotate()
    await keys.rewrap()
    assert await keys.retire() == 0


async def test_the_installation_gets_a_new_secret_key(keys: Vault) -> None:
    """Under the new one everything opens once it has been wrapped anew, under the old nothing."""
    sealed = (await keys.cipher()).seal(b"64000", place=PLACE)
    old = Secret("a secret key for tests, long enough")
    new = Secret("the next secret key of this installation")
    both = Database(keys.database.url, keyring=Keyring(new, before=[old]))
    async with both.transaction(keys.tenant) as db:
        assert await vault.rewrap_tenant_keys(db, keys.tenant) == 2
    await both.close()

    only = Database(keys.database.url, keyring=Keyring(new))
    async with only.transaction(keys.tenant) as db:
        cipher = await cipher_of(db, keys.tenant, keys.customer, now=keys.clock.now())
    await only.close()
    assert cipher.open(sealed, place=PLACE) == b"64000"
    with pytest.raises(ValueError, match="does not open"):
        await keys.cipher()


async def test_marks_tell_people_apart_and_nothing_else(keys: Vault) -> None:
    """The same text has the same mark, of another kind or elsewhere another, and is not in it."""
    async with keys.database.transaction() as db:
        other = await create_tenant(
            db, slug="other", name="Other", settings=TenantSettings(), now=keys.clock.now()
        )
    async with keys.database.transaction(keys.tenant) as db:
        mine = await tenant_keys_of(db, keys.tenant, now=keys.clock.now())
    async with keys.database.transaction(other.id) as db:
        theirs = await tenant_keys_of(db, other.id, now=keys.clock.now())

    mark = mine.mark("email", "anna@example.org")
    assert mark == mine.mark("email", "anna@example.org")
    assert (
        len(
            {
                mark,
                mine.mark("email", "bram@example.org"),
                mine.mark("surname", "anna@example.org"),
                theirs.mark("email", "anna@example.org"),
            }
        )
        == 4
    )
    assert "anna" not in mark


async def test_marks_made_with_a_replaced_key_are_still_found(keys: Vault) -> None:
    """While the key of marks is being replaced both stand; what is new is made with the newest."""
    async with keys.database.transaction(keys.tenant) as db:
        before = await tenant_keys_of(db, keys.tenant, now=keys.clock.now())
        await vault.replace_key(db, keys.tenant, "index", now=keys.clock.now())
        after = await tenant_keys_of(db, keys.tenant, now=keys.clock.now())

    found = after.marks("email", "anna@example.org")
    assert found[0] == before.mark("email", "anna@example.org") != found[1]
    assert after.mark("email", "anna@example.org") == found[1]
