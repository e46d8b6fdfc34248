"""Whether an entry keeps its owner busy, and how.

The first of these that applies decides: cancelled, declined by the owner, transparent (RFC 5545,
3.8.2.7), what Outlook says (MS-OXCICAL 2.1.3.1.1.20.31), tentative or not answered; else it is
busy. What the organisation does not take for busy does not block.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal

from kernel.busy import BusyPolicy

Kind = Literal["busy", "tentative", "needs-action", "out-of-office", "elsewhere", "unreadable"]

STRENGTH: Final[Mapping[Kind, int]] = {
    "elsewhere": 0,
    "needs-action": 1,
    "tentative": 2,
    "out-of-office": 3,
    "busy": 4,
    "unreadable": 5,
}
"""Which kind is told where entries of several take the same time: the highest."""

_OUTLOOK: Final[Mapping[str, Kind]] = {
    "TENTATIVE": "tentative",
    "BUSY": "busy",
    "OOF": "out-of-office",
    "WORKINGELSEWHERE": "elsewhere",
}
_FREE_BUSY: Final[Mapping[str, Kind | None]] = {
    "FREE": None,
    "BUSY-TENTATIVE": "tentative",
    "BUSY-UNAVAILABLE": "out-of-office",
}
_PARTSTAT: Final = re.compile(r';PARTSTAT="?([A-Z-]+)', re.IGNORECASE)
_EMAIL: Final = re.compile(r';EMAIL="?(?:mailto:)?([^";:]+)', re.IGNORECASE)
_MAIL: Final = re.compile(r':(?:mailto:)?([^:"]+)$', re.IGNORECASE)
_TYPE: Final = re.compile(r';FBTYPE="?([A-Z0-9-]+)', re.IGNORECASE)


def kind_of(
    properties: Mapping[str, str],
    attendees: Sequence[str],
    addresses: Collection[str],
    policy: BusyPolicy,
) -> Kind | None:
    """Return how an event keeps its owner busy; None where it does not.

    Args:
        properties: STATUS, TRANSP and X-MICROSOFT-CDO-BUSYSTATUS, in capitals.
        attendees: Its ATTENDEE lines.
        addresses: The owner's own addresses, in lower case.
        policy: What the organisation takes for busy.
    """
    status = properties.get("STATUS", "")
    answer = _own_answer(attendees, addresses)
    if status == "CANCELLED" or answer == "DECLINED":
        return None
    if properties.get("TRANSP") == "TRANSPARENT":
        return None
    outlook = properties.get("X-MICROSOFT-CDO-BUSYSTATUS", "")
    if outlook == "FREE":
        return None
    if outlook in _OUTLOOK:
        kind = _OUTLOOK[outlook]
    elif "TENTATIVE" in {status, answer}:
        kind = "tentative"
    else:
        kind = "needs-action" if answer == "NEEDS-ACTION" else "busy"
    return kind if blocks(kind, policy) else None


def free_busy_kind(line: str, policy: BusyPolicy) -> Kind | None:
    """Return how the periods of a FREEBUSY line keep their owner busy; None where they do not."""
    found = _TYPE.search(line.rpartition(":")[0])
    # RFC 5545, 3.2.9: a type that is not known means busy.
    kind: Kind | None = _FREE_BUSY.get(found.group(1).upper(), "busy") if found else "busy"
    return kind if kind and blocks(kind, policy) else None


def blocks(kind: Kind, policy: BusyPolicy) -> bool:
    """Tell whether the organisation takes entries of this kind for busy."""
    return {
        "tentative": policy.tentative,
        "needs-action": policy.needs_action,
        "out-of-office": policy.out_of_office,
        "elsewhere": policy.working_elsewhere,
    }.get(kind, True)


def _own_answer(attendees: Sequence[str], addresses: Collection[str]) -> str:
    """Return what the owner answered; of several own addresses the answer that keeps most busy."""
    if not addresses:
        return ""
    answers = set()
    for line in attendees:
        if not _addresses_of(line).isdisjoint(addresses):
            # RFC 5545, 3.2.12 has no answer mean NEEDS-ACTION; whoever invited the others need not
            # answer, so only those are taken for asked of whom it says so.
            found = _PARTSTAT.search(line)
            answers.add(found.group(1).upper() if found else "ACCEPTED")
    if "DECLINED" in answers and not answers & {"ACCEPTED", "TENTATIVE"}:
        return "DECLINED"
    order = ("ACCEPTED", "TENTATIVE", "NEEDS-ACTION")
    return next((answer for answer in order if answer in answers), "")


def _addresses_of(line: str) -> set[str]:
    found = {match.group(1) for match in (_EMAIL.search(line), _MAIL.search(line)) if match}
    return {address.strip().lower() for address in found}
