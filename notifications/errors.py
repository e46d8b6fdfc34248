"""What can go wrong in this room."""

from kernel.errors import Conflict, FieldError, Invalid


class RateInvalid(Invalid):
    """The entry cannot stand in a rate card."""

    title = "The rate is not valid"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail, errors=(FieldError(pointer=f"/{field}", detail=detail),))


class RateOutrun(Conflict):
    """Somebody else published a rate for the same product and period at the same moment."""

    def __init__(self) -> None:
        super().__init__(
            "Another rate for this product and fixed period was published at the same moment. "
            "Look at the rate card, and publish again if this rate still holds."
        )


class HeaderRefused(Invalid):
    """A text would change the headers of a mail, so the mail is not made."""

    def __init__(self, header: str) -> None:
        super().__init__(f"This text cannot stand in the mail header {header}.")
        self.header = header
