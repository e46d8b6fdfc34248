"""What an installation is told from outside: flag over environment over TOML file.

Each setting is read from ``SPREEKUUR_<NAME>`` or from the same name, in lower case, in the file
that ``SPREEKUUR_CONFIG`` names.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import make_url

from api.reply_address import DOMAIN
from api.signed import SHORTEST_KEY, signing_key
from kernel.crypto import Keyring, Secret
from kernel.errors import Invalid

_PREFIX: Final = "SPREEKUUR_"
_SHORTEST_KEY: Final = 32
_LISTS: Final = ("outgoing_allow", "secret_keys_before")


class SettingsInvalid(Invalid):
    """A setting is missing or makes no sense."""

    code = "settings-invalid"
    title = "The settings are not right"


class Settings(Struct, frozen=True, kw_only=True):
    """One installation's settings.

    Attributes:
        secret_key: At least 32 characters; every token, link and sealed value rests on it.
        secret_keys_before: Secret keys that this one replaced, newest first; what rests on them
            still opens. ``spreekuur keys rewrap`` tells when they can go.
        data_dir: Where the embedded default keeps its database and files.
        database_url: ``postgresql://…`` or ``sqlite:///…``; default: SQLite in the data directory.
        migration_database_url: The tables' owner on PostgreSQL; default: the same as above.
        redis_url: Where arq's wake-up calls go; without it jobs run inside the server.
        smtp_url: ``smtp://user:password@host:587`` or ``smtps://…``.
        mail_from: The address that letters come from and invitations are organised by.
        reply_domain: Where answers to invitations are received; unset, none are.
        inbound_secret: ``whsec_…``: whoever hands over received mail over HTTP signs with it.
        public_url: Where customers and advisors reach this installation.
        outgoing_allow: ``address:port`` pairs inside the network that may be called.
        log_level: ``debug``, ``info``, ``warning`` or ``error``.
    """

    secret_key: Secret
    secret_keys_before: tuple[Secret, ...] = ()
    data_dir: Path = Path("data")
    database_url: str = ""
    migration_database_url: str = ""
    redis_url: str | None = None
    smtp_url: str | None = None
    mail_from: str = "afspraken@localhost"
    reply_domain: str | None = None
    inbound_secret: Secret | None = None
    public_url: str = "http://127.0.0.1:8000"
    outgoing_allow: tuple[str, ...] = ()
    log_level: str = "info"

    @property
    def keyring(self) -> Keyring:
        """The installation's keys."""
        return Keyring(self.secret_key, before=self.secret_keys_before)

    @property
    def database(self) -> str:
        """The address of the database the application uses."""
        return self.database_url or f"sqlite:///{self.data_dir / 'spreekuur.db'}"

    @property
    def migration_database(self) -> str:
        """The address at which the tables' owner signs in."""
        return self.migration_database_url or self.database

    @property
    def database_host(self) -> str:
        """Where the database stands, without user and password."""
        return make_url(self.database).render_as_string(hide_password=True)


def load_settings(environment: Mapping[str, str] | None = None, **flags: Any) -> Settings:
    """Read the settings.

    Args:
        environment: In place of the process's own.
        flags: What was said on the command line; None means not said.

    Raises:
        SettingsInvalid: Something is missing, unknown or of the wrong kind; it says what.
    """
    environment = os.environ if environment is None else environment
    known = {field.name for field in msgspec.structs.fields(Settings)}
    values: dict[str, Any] = {}
    if path := environment.get(f"{_PREFIX}CONFIG"):
        values |= _from_file(Path(path), known)
    for name in known:
        if (value := environment.get(_PREFIX + name.upper())) is not None:
            values[name] = value
    values |= {name: value for name, value in flags.items() if value is not None}
    values |= {name: _several(values[name]) for name in _LISTS if name in values}
    if "secret_key" not in values:
        raise SettingsInvalid(
            f"Set {_PREFIX}SECRET_KEY to at least {_SHORTEST_KEY} random characters, for example "
            'from: python -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise SettingsInvalid(f"A setting is not right: {error}") from None
    if len(settings.secret_key.reveal()) < _SHORTEST_KEY:
        raise SettingsInvalid(f"{_PREFIX}SECRET_KEY needs at least {_SHORTEST_KEY} characters.")
    if settings.reply_domain is not None and not DOMAIN.fullmatch(settings.reply_domain):
        raise SettingsInvalid(f"{_PREFIX}REPLY_DOMAIN is a domain in small letters.")
    if settings.inbound_secret is not None and signing_key(settings.inbound_secret) is None:
        raise SettingsInvalid(
            f"{_PREFIX}INBOUND_SECRET is whsec_ and at least {SHORTEST_KEY} bytes in base64."
        )
    return settings


def _several(value: Any) -> Any:
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _from_file(path: Path, known: set[str]) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsInvalid(f"The settings file {path} cannot be read: {error}") from None
    if unknown := values.keys() - known:
        raise SettingsInvalid(
            f"The settings file has unknown settings: {', '.join(sorted(unknown))}"
        )
    return values


def _decode(kind: type, value: Any) -> Any:
    if kind is Secret:
        return value if isinstance(value, Secret) else Secret(str(value))
    if issubclass(kind, Path):
        return Path(value)
    raise NotImplementedError(kind)
