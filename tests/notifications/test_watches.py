"""Whom a changed rate concerns."""

from datetime import UTC, datetime
from decimal import Decimal

from kernel.ids import Id, new_id
from notifications import watches
from notifications.model import Repayment
from notifications.ports import Exposure, RateEffect

AT = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


def exposure(customer: Id, repayment: Repayment = "annuity", principal: int = 310_000) -> Exposure:
    return Exposure(
        customer=customer,
        booking=None,
        principal=Decimal(principal),
        months=360,
        repayment=repayment,
    )


def effect(difference: str) -> RateEffect:
    return RateEffect(
        old_monthly=Decimal(1000),
        new_monthly=1000 + Decimal(difference),
        difference=Decimal(difference),
    )


def test_only_mortgages_that_are_repaid_this_way_are_concerned() -> None:
    """An annuity rate says nothing to somebody who repays linearly."""
    anna, kim = new_id("cus", AT), new_id("cus", AT)

    found = list(watches.concerned([exposure(anna, "linear"), exposure(kim)], "mortgage-annuity"))

    assert [one.customer for one in found] == [kim]


def test_somebody_with_two_meetings_is_one_person() -> None:
    """The first exposure counts; nobody gets two letters about one rate."""
    anna = new_id("cus", AT)

    found = list(
        watches.concerned(
            [exposure(anna, principal=310_000), exposure(anna, principal=200_000)],
            "mortgage-annuity",
        )
    )

    assert [one.principal for one in found] == [310_000]


def test_the_threshold_itself_is_worth_telling_up_and_down() -> None:
    """Five euros is enough where five is the threshold; a cent less is not."""
    assert watches.worth_telling(effect("5.00"), 5)
    assert watches.worth_telling(effect("-5.00"), 5)
    assert not watches.worth_telling(effect("4.99"), 5)
    assert not watches.worth_telling(effect("-4.99"), 5)


def test_no_difference_is_never_worth_telling() -> None:
    """Not even to an organisation that tells every cent."""
    assert not watches.worth_telling(effect("0"), 0)
    assert watches.worth_telling(effect("0.01"), 0)
