"""Start real servers for the tests: on free ports, each in a directory of its own."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def free_port() -> int:
    """Return a TCP port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Return as soon as *ready* says so.

    Raises:
        TimeoutError: It did not in time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.05)
    raise TimeoutError(f"{what} did not start")


def answers(port: int) -> bool:
    """Tell whether somebody listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def need(program: str, package: str, *, folders: str = "") -> str:
    """Return the path of a program, installing its Debian package when it is missing.

    Raises:
        RuntimeError: It is missing and cannot be installed here.
    """
    path = os.pathsep.join(filter(None, [folders, os.environ.get("PATH", "")]))
    if found := shutil.which(program, path=path):
        return found
    _install(package)
    path = os.pathsep.join(filter(None, [latest_postgres() or folders, path]))
    if found := shutil.which(program, path=path):
        return found
    raise RuntimeError(f"{program} is missing: install the package {package}")


def need_packages(*packages: str) -> None:
    """Install what is missing of these Debian packages.

    Raises:
        RuntimeError: Some are missing and cannot be installed here.
    """
    if missing := [each for each in packages if not _is_installed(each)]:
        _install(*missing)
    if missing := [each for each in packages if not _is_installed(each)]:
        raise RuntimeError(f"install the packages {' '.join(missing)}")


def _is_installed(package: str) -> bool:
    command = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, capture_output=True).stdout == b"installed"


def _install(*packages: str) -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print(f"installing {' '.join(packages)} …", file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Workers of one run may need the same package at once.
    install = ["-y", "-o", "DPkg::Lock::Timeout=300", "--no-install-recommends", *packages]
    with _no_services():
        for arguments in (["install", *install], ["update"], ["install", *install]):
            if _succeeds(["apt-get", *arguments], environment) and arguments[0] == "install":
                break


@contextmanager
def _no_services() -> Iterator[None]:
    """Keep packages from starting what they bring: each test starts its own."""
    policy = Path("/usr/sbin/policy-rc.d")
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)


def _succeeds(command: list[str], environment: dict[str, str]) -> bool:
    return not subprocess.run(command, env=environment, capture_output=True).returncode


def latest_postgres() -> str:
    """Return the folder with the newest PostgreSQL's programs, which Debian keeps off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    return str(found[-1]) if found else ""


class Process:
    """A server that runs until it is stopped."""

    def __init__(self, command: list[str], *, log: Path, user: str | None = None) -> None:
        account = pwd.getpwnam(user) if user and os.geteuid() == 0 else None
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                # Apache ends its whole group, which must not be ours.
                process_group=0,
            )

    @property
    def running(self) -> bool:
        """Whether it has not ended by itself."""
        return self._process.poll() is None

    def stop(self, signal: int = 15) -> None:
        """End it, and wait until it has."""
        if self.running:
            self._process.send_signal(signal)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(5)

    def stop_all(self, signal: int = 15) -> None:
        """End it, and whatever it started and left behind."""
        self.stop(signal)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
