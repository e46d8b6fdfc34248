"""The demo checks itself, as it would on a stranger's machine."""

import json
import subprocess
import sys
from pathlib import Path


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run ``spreekuur demo`` as a process of its own."""
    command = [sys.executable, "-c", "from api.cli import main; main()", "demo", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=110)  # noqa: S603  # our own


def test_the_main_job_is_done_by_itself(tmp_path: Path) -> None:
    """All eight steps hold, and stdout has one JSON object and nothing else."""
    done = run("--check", "--json", "--data-dir", str(tmp_path / "demo"))

    report = json.loads(done.stdout)
    assert [step["name"] for step in report["steps"] if not step["ok"]] == [], done.stderr[-2000:]
    assert (done.returncode, report["ok"], len(report["steps"])) == (0, True, 8)
    assert not (tmp_path / "demo").exists()


def test_the_demo_touches_no_folder_that_is_in_use(tmp_path: Path) -> None:
    """A folder with something in it is refused, and what is in it stays."""
    (tmp_path / "diary.txt").write_text("mine")

    done = run("--check", "--data-dir", str(tmp_path))

    assert done.returncode == 1
    assert "not empty" in done.stderr
    assert (tmp_path / "diary.txt").read_text() == "mine"
