"""The demo's mailbox."""

from pathlib import Path

import msgspec
import pytest

from notifications.channels.mailbox import Mailbox
from notifications.errors import HeaderRefused
from tests.notifications.fakes import NOW, SITE
from tests.notifications.test_mime import MESSAGE


async def test_a_mail_reads_back_with_its_text_links_and_invitation(tmp_path: Path) -> None:
    """Everything that the mailbox page shows."""
    box = Mailbox(tmp_path / "mail")
    ics = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
    await box.send(
        msgspec.structs.replace(
            MESSAGE,
            text=f"Kies:\n{SITE}/manage/a\n\nOf:\n{SITE}/intake/b\n{SITE}/manage/a\n",
            invitation=ics,
            method="REQUEST",
        )
    )

    (mail,) = box.messages()

    assert mail.subject == "Uw afspraak"
    assert mail.to == "Anna de Vries <anna@example.org>"
    assert mail.links == [f"{SITE}/manage/a", f"{SITE}/intake/b"]
    assert mail.html.startswith("<p>Geachte")
    assert mail.ics == ics.decode().replace("\r\n", "\n")
    assert mail.method == "REQUEST"
    assert mail.date == NOW


async def test_the_last_mail_comes_first_also_among_those_of_one_second(tmp_path: Path) -> None:
    """A mail's date has whole seconds only; the order in which they came decides."""
    box = Mailbox(tmp_path)
    for number in range(12):
        await box.send(
            msgspec.structs.replace(
                MESSAGE, message_id=f"<{12 - number}@x.nl>", subject=f"Brief {number}"
            )
        )

    subjects = [mail.subject for mail in Mailbox(tmp_path).messages()]
    assert subjects == [f"Brief {number}" for number in reversed(range(12))]


async def test_a_repeated_mail_is_there_once(tmp_path: Path) -> None:
    """The Message-ID is what makes two mails the same, as in a real mailbox."""
    box = Mailbox(tmp_path)
    for message_id in ("<a@x.nl>", "<aa@x.nl>", "<a@x.nl>"):
        await box.send(msgspec.structs.replace(MESSAGE, message_id=message_id))

    assert [mail.id for mail in box.messages()] == ["aa@x.nl", "a@x.nl"]


async def test_an_empty_mailbox_is_empty(tmp_path: Path) -> None:
    """Before the first mail there is not even a folder."""
    assert Mailbox(tmp_path / "nothing").messages() == []


async def test_the_mailbox_keeps_the_same_gate_as_a_mail_server(tmp_path: Path) -> None:
    """What could not be mailed is not shown in the demo either."""
    box = Mailbox(tmp_path)

    with pytest.raises(HeaderRefused):
        await box.send(msgspec.structs.replace(MESSAGE, subject="a\r\nBcc: evil@x.nl"))

    assert box.messages() == []
