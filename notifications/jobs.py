"""The desk: turns what happened into notices, and sends them.

What happened arrives as effects, which only write rows. Sending is an errand in three steps: a
transaction decides whether the message may leave as things stand now; the channel hands it over
outside any transaction; a last transaction records how that went and ends the work.
"""

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct, structs
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel import outbox
from kernel.clock import Clock
from kernel.crypto import Keyring
from kernel.database import Database
from kernel.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingConflicted,
    BookingDeclined,
    BookingGoesAhead,
    BookingRealigned,
    BookingReassigned,
    BookingRequested,
    BookingRescheduled,
    CalendarTrouble,
    ConsentWithdrawn,
    InvitationDeclined,
    RatePublished,
    TimeProposed,
)
from kernel.ids import Id
from kernel.work import Effect, Errand, RetryLater, Task
from notifications import service, store
from notifications.channels.port import Channel, Message, NotNow, Refused
from notifications.compose import (
    Draft,
    Links,
    compose,
    is_companion,
    itip_method,
    message_id,
    unsubscribe_headers,
)
from notifications.delivery import (
    GO,
    LEAVES_BY,
    Verdict,
    is_about_booking,
    judge,
    retry_delay,
)
from notifications.errors import HeaderRefused
from notifications.model import RATE_NOTICES, Notice, SignInFacts, State
from notifications.ports import Appointment, Directory, Offered, Recipient
from notifications.render import Rendered, render, without_links
from notifications.store import Post, Written


class _Parcel(Struct, frozen=True, kw_only=True):
    """A message whose turn it is: *attempt* counts this one."""

    draft: Draft
    message_id: str
    attempt: int


class Desk:
    """Hears of events, writes notices, and hands them to the channels.

    Args:
        database: Where notices and deliveries stand.
        clock: The present instant.
        directory: Knows people, meetings, consents, figures and links.
        channels: By name; notices go out over ``email``.
        keyring: Makes Message-IDs that nobody else can make.
        from_address: The service address that letters come from; invitations name it too.
        reply_to: Where answers go, if not there.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        directory: Directory,
        channels: Mapping[str, Channel],
        keyring: Keyring,
        *,
        from_address: str,
        reply_to: str | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.directory = directory
        self.channels = channels
        self._message_key = keyring.key("message-id")
        self.from_address = from_address
        self.reply_to = reply_to or from_address

    def effects(self) -> dict[str, Effect]:
        """Return what this room does with events, by the queue it hears them on."""
        return {
            "notify.booking": self._hear_of_booking,
            "notify.rate": self._hear_of_rate,
            "notify.consent": self._hear_of_consent,
            "notify.calendar": self._hear_of_calendar,
        }

    def errands(self) -> dict[str, Errand]:
        """Return what this room does outside the database, by queue."""
        return {service.DELIVER_QUEUE: self._deliver}

    # --- hearing ---------------------------------------------------------------------------------

    async def _hear_of_booking(self, db: AsyncConnection, task: Task, now: datetime) -> None:
        match await outbox.load(db, task.subject):
            case (
                BookingRequested()
                | BookingConfirmed()
                | BookingRescheduled()
                | BookingCancelled()
                | BookingDeclined()
                | BookingReassigned()
                | BookingRealigned()
                | BookingConflicted()
                | BookingGoesAhead()
                | InvitationDeclined()
                | TimeProposed()
            ) as event:
                await service.tell_of_booking(db, task.tenant, self.directory, event, now=now)

    async def _hear_of_rate(self, db: AsyncConnection, task: Task, now: datetime) -> None:
        match await outbox.load(db, task.subject):
            case RatePublished() as event:
                await service.tell_of_rate(db, task.tenant, self.directory, event, now=now)

    async def _hear_of_consent(self, db: AsyncConnection, task: Task, now: datetime) -> None:
        match await outbox.load(db, task.subject):
            case ConsentWithdrawn(customer=customer, purpose=purpose):
                await service.stop(db, task.tenant, customer=customer, purpose=purpose, now=now)

    async def _hear_of_calendar(self, db: AsyncConnection, task: Task, now: datetime) -> None:
        match await outbox.load(db, task.subject):
            case CalendarTrouble() as event:
                await service.tell_of_trouble(db, task.tenant, event, now=now)

    # --- sending ---------------------------------------------------------------------------------

    async def _deliver(self, task: Task) -> None:
        parcel = await self._take(task)
        if parcel is None:
            return
        rendered = render(compose(parcel.draft))
        notice = parcel.draft.notice
        try:
            await self.channels[notice.channel].send(self._message(parcel, rendered))
        except NotNow as problem:
            await self._put_off(task, parcel, problem.reason)
        except Refused as problem:
            await self._close(task, "failed", problem.reason)
        except HeaderRefused:
            await self._close(task, "failed", "header-refused")
        else:
            await self._record(task, parcel, rendered)

    async def _take(self, task: Task) -> _Parcel | None:
        """Begin an attempt, if this message may leave as things stand now.

        Raises:
            RetryLater: It, or an earlier one about the same meeting, is leaving this moment.
        """
        now = self.clock.now()
        async with self.database.transaction(task.tenant) as db:
            posts = await store.lock_post(db, task.tenant, task.subject)
            post = next((post for post in posts if post.notice.delivery == task.subject), None)
            if post is None or post.notice.state != "scheduled":
                await task.finish(db, now=now)
                return None
            _wait_for_those_under_way(posts, post, now)
            others = [other.notice for other in posts if other is not post]
            draft, verdict = await self._draft(db, task.tenant, post.notice, others, now)
            if draft is None or verdict != GO:
                await store.close(
                    db, task.tenant, task.subject, state=verdict.state, error=verdict.error
                )
                await task.finish(db, now=now)
                return None
            name = message_id(self._token(task.subject), self.from_address)
            await store.begin_attempt(
                db, task.tenant, task.subject, message_id=name, until=now + LEAVES_BY
            )
        return _Parcel(draft=draft, message_id=name, attempt=post.attempts + 1)

    async def _draft(
        self,
        db: AsyncConnection,
        tenant: Id,
        notice: Notice,
        others: list[Notice],
        now: datetime,
    ) -> tuple[Draft | None, Verdict]:
        directory = self.directory
        recipient = await directory.recipient(db, tenant, notice.recipient)
        if recipient is None:
            return None, Verdict(state="cancelled", error="recipient-gone")
        if not recipient.email:
            return None, Verdict(state="cancelled", error="no-address")
        appointment: Appointment | None = None
        if notice.booking is not None and is_about_booking(notice.kind):
            appointment = await directory.appointment(db, tenant, notice.booking)
        offered: Offered | None = None
        if notice.booking is not None and notice.kind == "booking-conflicted":
            offered = await directory.offered(db, tenant, notice.booking)
        consent = None
        if notice.purpose is not None:
            consent = await directory.consent(db, tenant, notice.recipient, notice.purpose)
        verdict = judge(
            notice,
            others=others,
            appointment=appointment,
            consent=consent,
            now=now,
            offered=offered,
        )
        if verdict != GO:
            return None, verdict
        method = itip_method(notice, others)
        invitation = None
        if method is not None and notice.booking is not None:
            invitation = await directory.invitation(
                db, tenant, notice.booking, method=method, recipient=recipient
            )
        organisation = await directory.tenant(db, tenant)
        links = self._links(tenant, organisation.slug, notice, recipient)
        if appointment is not None and is_companion(recipient, appointment):
            withdraw = await self._withdraw(db, tenant, recipient)
            links = structs.replace(links, withdraw=withdraw)
        draft = Draft(
            notice=notice,
            tenant=organisation,
            recipient=recipient,
            links=links,
            appointment=appointment,
            invitation=invitation,
            method=method,
            offered=offered,
        )
        return draft, GO

    async def _withdraw(self, db: AsyncConnection, tenant: Id, recipient: Recipient) -> str | None:
        """Return where somebody takes back what was agreed to on their behalf, if it stands."""
        if await self.directory.consent(db, tenant, recipient.id, RATE_NOTICES) is None:
            return None
        return self.directory.stop_url(tenant, recipient.id, RATE_NOTICES)

    def _links(self, tenant: Id, slug: str, notice: Notice, recipient: Recipient) -> Links:
        directory, facts = self.directory, notice.facts
        return Links(
            book=directory.book_url(slug),
            stop=directory.stop_url(tenant, recipient.id, notice.purpose)
            if notice.purpose
            else None,
            sign_in=directory.sign_in_url(facts.sign_in)
            if isinstance(facts, SignInFacts)
            else None,
            console=directory.console_url(notice.booking) if recipient.kind == "advisor" else None,
        )

    def _message(self, parcel: _Parcel, rendered: Rendered) -> Message:
        draft = parcel.draft
        return Message(
            to_name=draft.recipient.display_name,
            to_address=draft.recipient.email,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            from_name=draft.tenant.name,
            from_address=self.from_address,
            reply_to=self.reply_to,
            message_id=parcel.message_id,
            date=self.clock.now(),
            invitation=draft.invitation,
            method=draft.method,
            headers=unsubscribe_headers(draft.links.stop),
        )

    async def _record(self, task: Task, parcel: _Parcel, rendered: Rendered) -> None:
        now, draft = self.clock.now(), parcel.draft
        secret = isinstance(draft.notice.facts, SignInFacts)
        written = Written(
            language=draft.recipient.language,
            formality=draft.recipient.formality,
            subject=rendered.subject,
            text=None if secret else without_links(rendered.text),
        )
        async with self.database.transaction(task.tenant) as db:
            await task.finish(db, now=now)
            await store.mark_sent(
                db,
                task.tenant,
                task.subject,
                recipient=draft.recipient.id,
                written=written,
                now=now,
            )

    async def _close(self, task: Task, state: State, error: str) -> None:
        async with self.database.transaction(task.tenant) as db:
            await task.finish(db, now=self.clock.now())
            await store.close(db, task.tenant, task.subject, state=state, error=error)

    async def _put_off(self, task: Task, parcel: _Parcel, reason: str) -> None:
        async with self.database.transaction(task.tenant) as db:
            await store.put_off(db, task.tenant, task.subject, attempt=parcel.attempt, error=reason)
        raise RetryLater(retry_delay(parcel.attempt), reason)

    def _token(self, delivery: Id) -> str:
        """Return the delivery's own part of its Message-ID: the same at every attempt."""
        mac = hmac.digest(self._message_key, delivery.encode(), "sha256")[:20]
        return base64.b32encode(mac).decode().lower()


def _wait_for_those_under_way(posts: list[Post], post: Post, now: datetime) -> None:
    """Let whatever is leaving this moment about the same meeting arrive first."""
    busy = [
        other.leaving_until - now
        for other in posts
        if other.leaving_until is not None
        and other.leaving_until > now
        and (other is post or is_about_booking(post.notice.kind))
    ]
    if busy:
        raise RetryLater(min(max(busy), timedelta(seconds=5)), "another is under way")
