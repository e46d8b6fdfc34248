"""The SMTP channel, against a real server."""

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from notifications.channels.email import SmtpChannel
from notifications.channels.port import NotNow, Refused
from notifications.errors import HeaderRefused
from tests.notifications.test_mime import MESSAGE
from tests.services.processes import free_port
from tests.services.smtp import SmtpServer


async def test_a_mail_reaches_exactly_its_recipient(smtp: SmtpServer) -> None:
    """One envelope, one recipient, sent from the service address."""
    await SmtpChannel(smtp.url).send(MESSAGE)

    (received,) = smtp.received
    assert received.sender == "afspraken@demobank.example"
    assert received.recipients == ["anna@example.org"]
    assert received.mail["Subject"] == "Uw afspraak"


@pytest.mark.parametrize("answer", ["421 4.3.2 shutting down", "451 4.3.0 busy", "452 4.2.2 full"])
async def test_a_temporary_answer_means_not_now(smtp: SmtpServer, answer: str) -> None:
    """Codes in the four hundreds may pass; the reason names the code and no address."""
    smtp.answer_next(answer)

    with pytest.raises(NotNow) as problem:
        await SmtpChannel(smtp.url).send(MESSAGE)

    assert problem.value.reason == f"smtp-{answer[:3]}"
    assert smtp.received == []


async def test_a_permanent_answer_means_refused(smtp: SmtpServer) -> None:
    """Codes in the five hundreds do not pass; the server's words, which hold the address, go."""
    smtp.answer_next("550 5.1.1 anna@example.org is unknown")

    with pytest.raises(Refused) as problem:
        await SmtpChannel(smtp.url).send(MESSAGE)

    assert problem.value.reason == "smtp-550"
    assert "anna" not in str(problem.value)


async def test_a_server_that_is_not_there_means_not_now() -> None:
    """Nobody listens on this port."""
    with pytest.raises(NotNow) as problem:
        await SmtpChannel(f"smtp://127.0.0.1:{free_port()}").send(MESSAGE)

    assert problem.value.reason == "connection"


async def test_a_dangerous_header_is_refused_before_anybody_is_called(smtp: SmtpServer) -> None:
    """Nothing of it reaches the server."""
    hostile = msgspec.structs.replace(MESSAGE, subject="Hi =?utf-8?q?=0D=0ABcc=3A_evil=40x=2Enl?=")

    with pytest.raises(HeaderRefused):
        await SmtpChannel(smtp.url).send(hostile)

    assert smtp.attempts == 0


async def test_a_server_elsewhere_that_offers_no_encryption_gets_nothing() -> None:
    """Only this very machine may be spoken to in the open.

    0.0.0.0 reaches this machine, but not by a name that proves it to be this machine.
    """
    with SmtpServer() as server:
        with pytest.raises(NotNow):
            await SmtpChannel(f"smtp://0.0.0.0:{server.port}").send(MESSAGE)

        assert server.received == []
        await SmtpChannel(server.url).send(MESSAGE)
        assert len(server.received) == 1


async def test_encryption_is_used_where_it_is_offered_and_the_password_only_there(
    tmp_path: Path,
) -> None:
    """The server takes a sign-in only after STARTTLS, with a certificate we trust."""
    theirs, ours = _certificate(tmp_path)
    with SmtpServer(tls=theirs, password="p@ss:word/") as server:
        url = f"smtp://desk:p%40ss%3Aword%2F@127.0.0.1:{server.port}"
        await SmtpChannel(url, tls=ours).send(MESSAGE)

        assert len(server.received) == 1


async def test_a_wrong_password_is_ours_to_mend_so_the_mail_waits(tmp_path: Path) -> None:
    """The recipient did nothing wrong; the mail is not given up."""
    theirs, ours = _certificate(tmp_path)
    with SmtpServer(tls=theirs, password="right") as server:
        with pytest.raises(NotNow) as problem:
            await SmtpChannel(f"smtp://desk:wrong@127.0.0.1:{server.port}", tls=ours).send(MESSAGE)

        assert problem.value.reason == "smtp-535"


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    """Encryption with a stranger is none."""
    theirs, _ = _certificate(tmp_path)
    with SmtpServer(tls=theirs) as server:
        with pytest.raises(NotNow):
            await SmtpChannel(server.url).send(MESSAGE)

        assert server.received == []


async def test_a_server_can_be_checked_without_sending_anything(
    smtp: SmtpServer, tmp_path: Path
) -> None:
    """Null when it would take a mail from us, else why not."""
    theirs, ours = _certificate(tmp_path)

    assert await SmtpChannel(smtp.url).check() is None
    assert await SmtpChannel(f"smtp://127.0.0.1:{free_port()}").check() == "connection"
    with SmtpServer(tls=theirs, password="right") as strict:
        url = f"smtp://desk:wrong@127.0.0.1:{strict.port}"
        assert await SmtpChannel(url, tls=ours).check() == "smtp-535"
    assert smtp.received == []


async def test_a_mail_that_was_taken_counts_however_the_server_says_good_bye(
    smtp: SmtpServer,
) -> None:
    """It hung up after taking the mail; trying again would send it twice."""
    smtp.hang_up_after_mail = True

    await SmtpChannel(smtp.url).send(MESSAGE)

    assert len(smtp.received) == 1


@pytest.mark.parametrize("url", ["http://mail.example", "smtp://", "mail.example:25", ""])
def test_an_address_of_another_form_is_refused_at_once(url: str) -> None:
    """A wrong setting shows at the start, not at the first mail."""
    with pytest.raises(ValueError, match="smtp://"):
        SmtpChannel(url)


def _certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a context for a server at 127.0.0.1, and one that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    begin = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain = folder / "mail.pem"
    chain.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(chain)
    return theirs, ssl.create_default_context(cafile=str(chain))
