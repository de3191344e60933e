"""scripts/environment on machines that lack something: a clear line each, and exit 69 (EX_UNAVAILABLE)."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
EX_UNAVAILABLE = 69

# Everything that a developer calls, and what these share.
SCRIPTS = sorted(path for path in [*(ROOT / "scripts").iterdir(), ROOT / ".ci" / "run"] if path.is_file())


def clone(folder: Path, python: str) -> dict[str, str]:
    """A copy of what the scripts need, beside a PATH on which `python` is the shell script for python3."""
    (folder / "scripts").mkdir()
    (folder / "scripts" / "environment").write_text((ROOT / "scripts" / "environment").read_text())
    (folder / "requirements").mkdir()
    (folder / "requirements" / "dev.txt").write_text("")
    programs = folder / "programs"
    programs.mkdir()
    for name in ("bash", "id", "mkdir", "cksum", "cat", "rm", "flock", "touch"):
        (programs / name).symlink_to(f"/usr/bin/{name}")
    if python:
        (programs / "python3").write_text(f"#!/usr/bin/bash\n{python}\n")
        (programs / "python3").chmod(0o755)
    return {"PATH": str(programs)}


def environment(folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Source scripts/environment in the copy, and make an environment."""
    script = "set -euo pipefail; . scripts/environment; environment dev"
    argv = ["/usr/bin/bash", "-c", script]
    return subprocess.run(argv, cwd=folder, env=variables, capture_output=True, check=False, text=True, timeout=60)


def test_no_python_is_a_clear_line(tmp_path: Path) -> None:
    ran = environment(tmp_path, clone(tmp_path, ""))
    assert ran.returncode == EX_UNAVAILABLE
    assert "Python 3.11 or newer is needed" in ran.stderr.splitlines()[-1]


def test_an_old_python_is_a_clear_line(tmp_path: Path) -> None:
    ran = environment(tmp_path, clone(tmp_path, "exit 1"))
    assert ran.returncode == EX_UNAVAILABLE
    assert "Python 3.11 or newer is needed" in ran.stderr.splitlines()[-1]


# Only Debian's own Python, and only as root, gets its missing part installed: this one is somebody else's.
def test_a_python_without_venv_says_what_to_install(tmp_path: Path) -> None:
    without_venv = '[[ "$*" != *ensurepip* ]] || exit 1'
    ran = environment(tmp_path, clone(tmp_path, without_venv))
    assert ran.returncode == EX_UNAVAILABLE
    assert "apt-get install python3-venv" in ran.stderr.splitlines()[-1]


# The environment is made once, and again when the lock has changed; a half-made one does not pass for ready.
def test_the_environment_is_made_once_for_each_lock(tmp_path: Path) -> None:
    fake = r"""
    case "$*" in
      *"-m venv "*) mkdir -p .venv/bin && cat "$0" >.venv/bin/python && chmod_ .venv/bin/python ;;
      *"pip "*install*) echo installed >>installs ;;
      *-VV*) echo "Python 3.11" ;;
    esac
    """.replace("chmod_", "/usr/bin/chmod 755")
    variables = clone(tmp_path, fake)
    installs = tmp_path / "installs"
    for _ in range(3):
        assert environment(tmp_path, variables).returncode == 0
    assert installs.read_text().count("installed") == 1
    (tmp_path / "requirements" / "dev.txt").write_text("# changed\n")
    assert environment(tmp_path, variables).returncode == 0
    assert installs.read_text().count("installed") == 2


def test_every_script_says_what_it_does_and_stops_at_an_error() -> None:
    for script in SCRIPTS:
        text = script.read_text()
        assert re.search(r"\A(#!.*\n)?# [A-Z.]", text), script
        if script.name != "environment":
            assert text.startswith("#!/usr/bin/env bash\n"), script
            assert "set -euo pipefail" in text, script
            assert script.stat().st_mode & 0o111, script


# What a package index or this machine is called is nobody else's business.
def test_no_script_and_no_lock_names_an_index() -> None:
    for file in [*SCRIPTS, *(ROOT / "requirements").iterdir(), ROOT / "Dockerfile"]:
        assert not re.search(
            r"--index-url\s+\S|--extra-index-url\s+\S|--trusted-host\s+\S|https?://(?!cention)", file.read_text()
        ), file
