"""A real SOGo server, which overwrites what it should not and breaks connections that it kept."""

import subprocess
from typing import ClassVar

from tests.services.dav import DOMAIN, DavServer, own, require_root
from tests.services.postgres import Postgres
from tests.services.processes import (
    Process,
    answers,
    free_port,
    latest_postgres,
    need,
    need_packages,
    wait_until,
)

_PEOPLE = """\
CREATE ROLE sogo LOGIN;
CREATE DATABASE sogo OWNER sogo;
\\c sogo sogo
CREATE TABLE people (c_uid text PRIMARY KEY, c_name text, c_password text, c_cn text, mail text);
"""
_PERSON = (
    "INSERT INTO people VALUES"
    " ('{user}', '{user}', md5('{password}'), initcap('{user}'), '{user}@{domain}');\n"
)
_SOURCE = (
    '({{type = sql; id = users; viewURL = "{database}/people"; canAuthenticate = YES;'
    " isAddressBook = YES; userPasswordAlgorithm = md5; displayName = Users;}})"
)


class Sogo(DavServer):
    """SOGo with two people in it, who get each other's invitations."""

    name: ClassVar[str] = "SOGo"
    home: ClassVar[str] = "/SOGo/dav/{user}/Calendar/"
    first: ClassVar[str] = "personal"

    def __init__(self) -> None:
        require_root(self.name)
        need_packages("sogo", "memcached", "postgresql")
        super().__init__()
        self.postgres = Postgres()
        self.memory = free_port()
        self._processes: list[Process] = []
        with self.removed_on_failure():
            (self.directory / "home").mkdir()
            own(self.directory / "home", "sogo")
            self._fill()
            self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        remember = ["memcached", "-u", "nobody", "-m", "32", "-l", "127.0.0.1"]
        remember += ["-p", str(self.memory)]
        log = self.directory / "log"
        self._processes = [Process(remember, log=log)]
        wait_until(lambda: answers(self.memory), "memcached")
        # What stands on the command line wins over the machine's own settings.
        flags = [part for key, value in self._settings().items() for part in (f"-{key}", value)]
        # The name of the home and of temporary files is taken from the environment.
        home = f"HOME={self.directory / 'home'}"
        command = ["/usr/bin/env", home, f"TMPDIR={self.directory / 'home'}"]
        self._processes.append(Process([*command, "/usr/sbin/sogod", *flags], log=log, user="sogo"))
        self.wait()
        for user in self.passwords:
            # A calendar that nobody has looked into yet gets no invitations.
            self.names(user, self.calendar(user))

    def stop(self) -> None:
        """Stop it; what it holds stays in its database."""
        for process in reversed(self._processes):
            # Its guard hears a gentler word only when no worker is idle any more.
            process.stop_all(9)

    def remove(self) -> None:
        """Stop it and its database, and remove their directories."""
        super().remove()
        self.postgres.stop()

    def _settings(self) -> dict[str, str]:
        database = self.postgres.url("sogo", user="sogo")
        return {
            "WONoDetach": "YES",
            "WOPort": f"127.0.0.1:{self.port}",
            "WOWorkersCount": "4",
            "WOLogFile": str(self.directory / "home" / "log"),
            "WOPidFile": str(self.directory / "home" / "pid"),
            "SOGoMemcachedHost": f"127.0.0.1:{self.memory}",
            "SOGoProfileURL": f"{database}/sogo_user_profile",
            "OCSFolderInfoURL": f"{database}/sogo_folder_info",
            "OCSSessionsFolderURL": f"{database}/sogo_sessions_folder",
            "OCSEMailAlarmsFolderURL": f"{database}/sogo_alarms_folder",
            "SOGoUserSources": _SOURCE.format(database=database),
            "SOGoTimeZone": "Europe/Amsterdam",
            "SOGoMailDomain": DOMAIN,
            "SOGoLanguage": "English",
            "SOGoAppointmentSendEMailNotifications": "NO",
            "SOGoEnableEMailAlarms": "NO",
        }

    def _fill(self) -> None:
        psql = need("psql", "postgresql", folders=latest_postgres())
        people = "".join(
            _PERSON.format(user=user, password=password, domain=DOMAIN)
            for user, password in self.passwords.items()
        )
        subprocess.run(
            [psql, "-Xq", "-v", "ON_ERROR_STOP=1", self.postgres.url()],
            input=(_PEOPLE + people).encode(),
            check=True,
            capture_output=True,
        )
