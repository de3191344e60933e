"""Peers that run on Node: smtp-server and Haraka. Their packages are installed below .build, at the locked versions."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from bench.peer import FOLDER, Peer
from bench.program import Command

_PEERS = Path(__file__).parent / "peers"
_NODE_FOLDER = FOLDER / "node"
MODULES = _NODE_FOLDER / "node_modules"
_INSTALL_SECONDS = 300

_SMTP_INI = """\
listen=127.0.0.1:{port}
nodes={nodes}
"""


@cache
def missing() -> str:
    """Install the packages if they are not there; return why they cannot be had, "" if they can."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "Node or npm is not installed"
    _NODE_FOLDER.mkdir(parents=True, exist_ok=True)
    lock, installed = _PEERS / "package-lock.json", _NODE_FOLDER / "package-lock.json"
    if MODULES.is_dir() and installed.exists() and installed.read_bytes() == lock.read_bytes():
        return ""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_PEERS / name, _NODE_FOLDER / name)
    argv = ["npm", "ci", "--no-audit", "--no-fund", "--omit=dev", "--ignore-scripts"]
    try:
        ran = subprocess.run(argv, cwd=_NODE_FOLDER, capture_output=True, check=False, timeout=_INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        return f"npm did not install the packages within {_INSTALL_SECONDS} s"
    if ran.returncode:
        shutil.rmtree(MODULES, ignore_errors=True)
        return f"npm cannot install the packages: {ran.stderr.decode(errors='replace')[-300:]}"
    return ""


def command(script: str, *arguments: str) -> Command:
    """Return what runs a script of `bench/peers`."""
    return Command(["node", str(_PEERS / script), *arguments], {"NODE_PATH": str(MODULES)})


def _mails(folder: Path) -> Path:
    mails = folder / "mails"
    mails.mkdir()
    return mails


def _stored(folder: Path) -> int:
    return sum(1 for _ in (folder / "mails").iterdir())


def _smtp_server(folder: Path, port: int) -> Command:
    return command("smtp_server.js", str(port), str(_mails(folder)))


def _haraka(folder: Path, port: int) -> Command:
    """Set an instance up, with a process for each core as its own manual advises."""
    config = folder / "config"
    shutil.copytree(MODULES / "Haraka" / "config", config)
    shutil.copytree(_PEERS / "haraka", folder, dirs_exist_ok=True)
    for name, content in {
        "smtp.ini": _SMTP_INI.format(port=port, nodes=os.cpu_count()),
        "host_list": "example.com\n",
        "log.ini": "[main]\nlevel=notice\nformat=default\n",
        "plugins": "rcpt_to.in_host_list\nqueue_to_disk\n",
        "me": "haraka.example.net\n",
    }.items():
        (config / name).write_text(content)
    variables = {"BENCH_FOLDER": str(_mails(folder)), "BENCH_STORE": str(_PEERS / "durable.js")}
    return Command(["node", str(MODULES / "Haraka" / "bin" / "haraka"), "-c", str(folder)], variables)


SMTP_SERVER = Peer("smtp-server (npm)", _smtp_server, _stored, missing)
HARAKA = Peer("Haraka", _haraka, _stored, missing)
