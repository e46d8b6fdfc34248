"""A real DAViCal server: PHP in Apache, before a PostgreSQL of its own. It forgives bad tokens."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar

from tests.services.dav import DOMAIN, DavServer, require_root
from tests.services.postgres import Postgres
from tests.services.processes import Process, latest_postgres, need, need_packages

_SHARE = Path("/usr/share/davical")
_MODULES = Path("/usr/lib/apache2/modules")
_SETTINGS = """\
<?php
$c->pg_connect[] = "host=127.0.0.1 port={port} dbname=davical user=davical_app";
$c->admin_email = 'calendars@{domain}';
$c->enable_auto_schedule = true;
$c->enable_scheduling = true;
"""
_PERSON = """\
INSERT INTO usr (username, password, fullname, email)
    VALUES ('{user}', '**{password}', initcap('{user}'), '{user}@{domain}');
INSERT INTO principal (type_id, user_no, displayname, default_privileges)
    SELECT 1, user_no, fullname, 7168::BIT(24) FROM usr WHERE username = '{user}';
"""
_APACHE = """\
ServerRoot {here}
DefaultRuntimeDir {here}
PidFile {here}/apache.pid
Listen 127.0.0.1:{port}
ServerName localhost
LoadModule mpm_prefork_module {modules}/mod_mpm_prefork.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule dir_module {modules}/mod_dir.so
LoadModule mime_module {modules}/mod_mime.so
LoadModule setenvif_module {modules}/mod_setenvif.so
LoadModule php_module {php}
TypesConfig {here}/types
ErrorLog {here}/errors
User www-data
Group www-data
StartServers 2
MaxRequestWorkers 8
DocumentRoot {here}/www/htdocs
DirectoryIndex index.php
SetEnvIf Authorization "(.*)" HTTP_AUTHORIZATION=$1
php_admin_value session.save_path {here}/php
php_admin_value upload_tmp_dir {here}/php
php_admin_value sys_temp_dir {here}/php
<FilesMatch "\\.php$">
  SetHandler application/x-httpd-php
</FilesMatch>
<Directory {here}/www/htdocs>
  Require all granted
</Directory>
"""


class Davical(DavServer):
    """DAViCal with two people in it, who get each other's invitations."""

    name: ClassVar[str] = "DAViCal"
    home: ClassVar[str] = "/caldav.php/{user}/"
    first: ClassVar[str] = "calendar"

    def __init__(self) -> None:
        require_root(self.name)
        need_packages("davical", "postgresql", "apache2-bin", "libapache2-mod-php", "php-curl")
        super().__init__()
        self.postgres = Postgres()
        self._process: Process | None = None
        with self.removed_on_failure():
            self._lay_out()
            self._fill()
            self.start()
            for user in self.passwords:
                self.make_calendar(user, self.first)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = ["/usr/sbin/apache2", "-f", str(self.directory / "apache"), "-DFOREGROUND"]
        self._process = Process(command, log=self.directory / "log")
        self.wait()

    def stop(self) -> None:
        """Stop it; what it holds stays in its database."""
        if self._process:
            self._process.stop_all()

    def remove(self) -> None:
        """Stop it and its database, and remove their directories."""
        super().remove()
        self.postgres.stop()

    def _lay_out(self) -> None:
        here = self.directory
        (here / "www" / "config").mkdir(parents=True)
        shutil.copytree(_SHARE / "htdocs", here / "www" / "htdocs")
        # It would read the machine's own settings; a copy of its pages can look elsewhere.
        always = here / "www" / "htdocs" / "always.php"
        ours = always.read_text().replace("'/etc/davical/", f"'{here}/www/config/")
        always.write_text(ours)
        for name in ("inc", "locale", "dba"):
            (here / "www" / name).symlink_to(_SHARE / name)
        settings = _SETTINGS.format(port=self.postgres.port, domain=DOMAIN)
        (here / "www" / "config" / "config.php").write_text(settings)
        (here / "php").mkdir()
        shutil.chown(here / "php", "www-data")
        (here / "types").write_text("text/css css\ntext/html html\n")
        php = max(_MODULES.glob("libphp*.so"))
        (here / "apache").write_text(
            _APACHE.format(here=here, port=self.port, modules=_MODULES, php=php)
        )

    def _fill(self) -> None:
        environment = {
            **os.environ,
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.postgres.port),
            "PGUSER": "owner",
            "TMPDIR": str(self.directory / "php"),
        }
        make = [str(_SHARE / "dba" / "create-database.sh"), "davical", "admin-geheim"]
        subprocess.run(make, env=environment, check=True, capture_output=True)
        people = "".join(
            _PERSON.format(user=user, password=password, domain=DOMAIN)
            for user, password in self.passwords.items()
        )
        psql = need("psql", "postgresql", folders=latest_postgres())
        command = [psql, "-Xq", "-v", "ON_ERROR_STOP=1", "davical"]
        subprocess.run(
            command, env=environment, input=people.encode(), check=True, capture_output=True
        )
