"""When can we meet? The same rules list, hold, book and explain.

Buffers and length are folded into what is taken: time ``[s, e)`` that is taken forbids exactly the
starts in the open interval ``(s - duration - after, e + before)``. So one walk over sorted whole
seconds answers exactly; ``docs/algorithms/slots.md`` has the rules with pictures.

Instants are whole seconds since 1970-01-01 UTC, lengths are seconds. Spans are half-open.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from itertools import chain
from typing import Final

from booking.agenda import Availability, Party, Rules, Span, merge_busy
from booking.anybody import starts_of_anybody
from booking.company import Company, can_differ, company_of, pools_at, who_could
from booking.grids import runs_of
from booking.masks import MaskCache
from booking.schedule import day_span
from kernel.ids import Id

_DAY: Final = 86_400
_NEVER: Final = 1 << 60
"""Later than everything; its negative is earlier than everything."""


def free_starts(
    party: Party, rules: Rules, start: int, stop: int, *, cache: MaskCache | None = None
) -> list[int]:
    """Return every start from *start* up to *stop* at which the meeting can be held, in order.

    *cache* keeps what was worked out for each advisor, which makes large pools cheap.
    """
    lower, upper = max(start, rules.now, rules.earliest), min(stop, rules.latest)
    if rules.bookable_days is None and not rules.first_of_day:
        return _possible(party, rules, lower, upper, cache)
    # Which days count is decided from the first possible start on, whatever was asked for.
    found = _possible(party, rules, max(rules.now, rules.earliest), upper, cache)
    on_offer = _on_offer(found, rules)
    return on_offer[bisect_left(on_offer, lower) :]


def first_free(
    party: Party, rules: Rules, start: int, stop: int, *, cache: MaskCache | None = None
) -> int | None:
    """Return the first start from *start* up to *stop* at which the meeting can be held."""
    lower, upper = max(start, rules.now, rules.earliest), min(stop, rules.latest)
    reach = _DAY
    while lower < upper:
        found = free_starts(party, rules, lower, min(lower + reach, upper), cache=cache)
        if found:
            return found[0]
        lower += reach
        reach *= 4
    return None


def nearest(
    party: Party,
    rules: Rules,
    start: int,
    count: int,
    *,
    apart_from: int | None = None,
    cache: MaskCache | None = None,
) -> list[int]:
    """Return the *count* free starts nearest to *start*, in order of time, all but one."""
    found = free_starts(party, rules, rules.now, rules.latest, cache=cache)
    return closest(found, start, count, apart_from=apart_from)


def closest(
    found: Sequence[int], start: int, count: int, *, apart_from: int | None = None
) -> list[int]:
    """Return the *count* of *found* that are nearest to *start*, in order of time, all but one."""
    # Those on either side that could be among them, and no others.
    place = bisect_left(found, start)
    around = found[max(0, place - count - 1) : place + count + 1]
    others = (other for other in around if other != apart_from)
    return sorted(nsmallest(count, others, key=lambda other: (abs(other - start), other)))


def available(party: Party, rules: Rules, start: int) -> Availability | None:
    """Return who can be there at exactly this start; None if the meeting cannot be held."""
    limited = rules.bookable_days is not None or rules.first_of_day
    if limited and not free_starts(party, rules, start, start + 1):
        return None
    if not max(rules.now, rules.earliest) <= start < rules.latest:
        return None
    found = who_could(party, rules, start)
    if found is None and party.sessions.get(start, 0) > 0:
        return Availability(lead=[], required={})
    return found


def _possible(
    party: Party, rules: Rules, lower: int, upper: int, cache: MaskCache | None
) -> list[int]:
    """Return the starts at which the meeting can be held, before days are counted."""
    found = _held(party, rules, lower, upper, cache) if lower < upper else []
    joinable = [at for at, seats in party.sessions.items() if seats > 0 and lower <= at < upper]
    return sorted({*found, *joinable}) if joinable else found


def _held(party: Party, rules: Rules, lower: int, upper: int, cache: MaskCache | None) -> list[int]:
    company = company_of(party, rules, lower, upper)
    if company is None:
        return []
    if company.mixed:
        found = _matched(company, rules, lower, upper)
    else:
        found = starts_of_anybody(company.lead, rules, company.closed, lower, upper, cache)
        for pool in company.pools:
            found = _within(found, _joined(pool.open))
    for spans in company.must_come:
        found = _within(found, spans)
    return found


def _on_offer(found: list[int], rules: Rules) -> list[int]:
    """Keep the first so many local days of *found*, or the first start of each of them."""
    kept: list[int] = []
    days, midnight = 0, -_NEVER
    for at in found:
        another_day = at >= midnight
        if another_day:
            days += 1
            midnight = day_span(rules.day_zone, at, "day")[1]
            if rules.bookable_days is not None and days > rules.bookable_days:
                break
        if another_day or not rules.first_of_day:
            kept.append(at)
    return kept


def _matched(company: Company, rules: Rules, lower: int, upper: int) -> list[int]:
    """Return the starts at which different people can fill all roles."""
    leads: dict[int, list[Id]] = {}
    for agenda in company.lead:
        for first, end in runs_of(agenda, rules, company.closed, lower, upper):
            for at in range(first, end, rules.step):
                leads.setdefault(at, []).append(agenda.advisor)
    return [at for at in sorted(leads) if can_differ([leads[at], *pools_at(company, at).values()])]


def _joined(many: Sequence[Sequence[Span]]) -> Sequence[Span]:
    """Return the time that lies in any of several lists of spans."""
    if len(many) == 1:
        return many[0]
    merged = merge_busy(chain.from_iterable(many))
    return list(zip(merged.starts, merged.ends, strict=True))


def _within(found: list[int], spans: Iterable[Span]) -> list[int]:
    """Return the starts that lie in one of the spans; both are in order."""
    kept: list[int] = []
    at = 0
    for start, end in spans:
        at = bisect_left(found, start, at)
        until = bisect_left(found, end, at)
        kept += found[at:until]
        at = until
    return kept
