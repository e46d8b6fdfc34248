"""What can go wrong in this room.

Invalid
├── AnswersRefused     an answer does not fit its question, or a required one is missing
├── ExpressionRefused  a rule of a form cannot be understood
├── FigureRefused      a figure cannot be computed from what was given
├── FormRefused        a form cannot be published as it is
└── PurposeUnknown     nobody is asked for consent to this
NotFound
├── CustomerUnknown
├── HoldUnknown
├── ErasureUnknown     this customer was not erased
├── FormUnknown
└── IntakeUnknown      this meeting asks nothing beforehand
Conflict
├── FormRaced          somebody published the same form at the same moment
└── CustomerHeld       what is known of them must be kept for now
"""

from kernel.errors import Conflict, Invalid, NotFound


class AnswersRefused(Invalid):
    """An answer does not fit its question, or a required one is missing."""


class ExpressionRefused(Invalid):
    """A rule of a form cannot be understood; *pointer* leads to the place inside the rule."""

    def __init__(self, detail: str, *, reason: str, pointer: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.pointer = pointer


class FigureRefused(Invalid):
    """A figure cannot be computed from what was given."""


class FormRefused(Invalid):
    """A form cannot be published as it is."""


class PurposeUnknown(Invalid):
    """Nobody is asked for consent to this."""

    def __init__(self, purpose: str, known: str) -> None:
        super().__init__(f"There is no purpose {purpose[:40]!r} to agree to; there is {known}.")


class CustomerUnknown(NotFound):
    """No customer of this organisation has this id."""

    def __init__(self) -> None:
        super().__init__("There is no customer with this id.")


class HoldUnknown(NotFound):
    """This customer has no such legal hold that still stands."""

    def __init__(self) -> None:
        super().__init__("There is no such legal hold that still stands.")


class ErasureUnknown(NotFound):
    """This customer was not erased."""

    def __init__(self) -> None:
        super().__init__("No customer with this id was erased.")


class CustomerHeld(Conflict):
    """There is a reason for which what is known of this customer must be kept."""

    code = "customer-held"
    title = "What is known must be kept for now"

    def __init__(self) -> None:
        super().__init__(
            "There is a legal hold on this customer. Nothing was erased; lift the hold first."
        )


class FormUnknown(NotFound):
    """No form of this organisation has this slug."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"There is no published form with the slug {slug[:80]!r}.")


class IntakeUnknown(NotFound):
    """This meeting asks nothing beforehand."""

    def __init__(self) -> None:
        super().__init__("There is no form to fill in for this meeting.")


class FormRaced(Conflict):
    """Somebody published the same form at the same moment."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            f"The form {slug!r} was published by somebody else at this moment; look, and try again."
        )
