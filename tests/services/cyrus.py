"""A real Cyrus server: strict, and the one that schedules by the book (RFC 6638)."""

import imaplib
import subprocess
from functools import partial
from typing import ClassVar

from tests.services.dav import DOMAIN, DavServer, own, require_root
from tests.services.processes import Process, answers, free_port, need_packages, wait_until

_BOOKS = ("db", "proc", "log", "msg", "ptclient", "socket", "sync", "user", "quota")
_FOLDERS = (*(f"config/{name}" for name in _BOOKS), "run/proc", "run/lock", "spool", "sieve")
_SETTINGS = """\
configdirectory: {here}/config
proc_path: {here}/run/proc
mboxname_lockpath: {here}/run/lock
defaultpartition: default
partition-default: {here}/spool
admins: cyrus
altnamespace: no
unixhierarchysep: no
virtdomains: off
servername: localhost
defaultdomain: {domain}
httpmodules: caldav carddav webdav freebusy
httpallowcompress: no
autocreate_quota: 0
autocreate_users: anyone
allowplaintext: yes
sasl_mech_list: PLAIN DIGEST-MD5
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {here}/passwords
sieveusehomedir: false
sievedir: {here}/sieve
lmtpsocket: {here}/run/lmtp
idlesocket: {here}/run/idle
notifysocket: {here}/run/notify
syslog_prefix: cyrus
hashimapspool: true
"""
_SERVICES = """\
START {{
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C {settings} -r"
}}
SERVICES {{
  imap cmd="/usr/lib/cyrus/bin/imapd -C {settings}" listen="127.0.0.1:{imap}" prefork=0 maxchild=5
  http cmd="/usr/lib/cyrus/bin/httpd -C {settings}" listen="127.0.0.1:{http}" prefork=1 maxchild=20
}}
"""


class Cyrus(DavServer):
    """Cyrus with two people in it, who get each other's invitations."""

    name: ClassVar[str] = "Cyrus"
    home: ClassVar[str] = "/dav/calendars/user/{user}/"
    first: ClassVar[str] = "Default"

    def __init__(self) -> None:
        require_root(self.name)
        need_packages("cyrus-caldav", "cyrus-imapd", "sasl2-bin", "libsasl2-modules")
        super().__init__()
        self.imap = free_port()
        for folder in _FOLDERS:
            (self.directory / folder).mkdir(parents=True)
        self.settings = self.directory / "imapd.conf"
        self.settings.write_text(_SETTINGS.format(here=self.directory, domain=DOMAIN))
        for user, password in self.passwords.items():
            self._add(user, password)
        own(self.directory, "cyrus")
        self._process: Process | None = None
        with self.removed_on_failure():
            self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        services = self.directory / "cyrus.conf"
        services.write_text(
            _SERVICES.format(settings=self.settings, imap=self.imap, http=self.port)
        )
        command = ["/usr/sbin/cyrmaster", "-D", "-C", str(self.settings), "-M", str(services)]
        command += ["-p", str(self.directory / "run" / "master.pid")]
        self._process = Process(command, log=self.directory / "log")
        wait_until(lambda: answers(self.imap), self.name)
        for user, password in self.passwords.items():
            # The first visit makes the mailbox; before it every CalDAV request ends in a 500.
            with imaplib.IMAP4("127.0.0.1", self.imap, timeout=20) as mailbox:
                mailbox.authenticate("PLAIN", partial(_login, user, password))
        self.wait()

    def stop(self) -> None:
        """Stop it; what it holds stays on disk."""
        if self._process:
            self._process.stop_all()

    def _add(self, user: str, password: str) -> None:
        command = ["saslpasswd2", "-p", "-c", "-f", str(self.directory / "passwords")]
        command += ["-u", "localhost", user]
        subprocess.run(command, input=password.encode(), check=True, capture_output=True)


def _login(user: str, password: str, challenge: bytes) -> bytes:
    return f"\0{user}\0{password}".encode()
