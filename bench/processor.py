"""How much of the processor whole processes have used."""

from pathlib import Path


def seconds(pid: int, *, below: bytes = b"") -> float:
    """Return the CPU seconds that a process and those below it have used so far.

    Args:
        pid: The process.
        below: Of those below it, count only whose command line holds this.
    """
    mine, counted = {pid}, {pid}
    nanoseconds = 0
    for folder in sorted(Path("/proc").glob("[0-9]*"), key=lambda one: int(one.name)):
        one = int(folder.name)
        try:
            # The name of the program, in brackets, may hold anything.
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) in mine:
                mine.add(one)
                if below in (folder / "cmdline").read_bytes():
                    counted.add(one)
            if one in counted:
                for thread in (folder / "task").iterdir():
                    nanoseconds += int((thread / "schedstat").read_text().split()[0])
        except OSError:
            continue  # it has just ended
    return nanoseconds / 1e9
