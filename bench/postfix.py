"""Postfix as a peer: only accepting. Each mail goes to the hold queue, synced before the 250, and stays there."""

import os
import shutil
from pathlib import Path

from bench.peer import Peer
from bench.program import Command

_POSTFIX = Path("/usr/sbin/postfix")

# What would hold it back or make it look things up is off; nothing of this leaves the machine.
_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = postfix.example.net
mydestination = example.com
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
local_recipient_maps =
defer_transports = local
default_transport = error:nothing leaves this machine
alias_maps =
notify_classes =
message_size_limit = 104857600
mailbox_size_limit = 0
in_flow_delay = 0
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_end_of_data_restrictions = check_client_access static:HOLD
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - 200 smtpd
pickup    unix  n - n 60    1 pickup
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 1     1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
defer     unix  - - n -     0 bounce
trace     unix  - - n -     0 bounce
proxymap  unix  - - n -     - proxymap
local     unix  - n n -     - local
error     unix  - - n -     - error
retry     unix  - - n -     - error
anvil     unix  - - n -     1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


def _prepare(folder: Path, port: int) -> Command:
    settings = folder / "settings"
    for made in (settings, folder / "queue", folder / "data"):
        made.mkdir()
    shutil.chown(folder / "data", "postfix")
    (settings / "main.cf").write_text(_MAIN.format(folder=folder))
    (settings / "master.cf").write_text(_MASTER.format(port=port))
    return Command([str(_POSTFIX), "-c", str(settings), "start-fg"], pid_file=folder / "queue" / "pid" / "master.pid")


def _stored(folder: Path) -> int:
    return sum(path.is_file() for path in (folder / "queue" / "hold").rglob("*"))


def _missing() -> str:
    if not _POSTFIX.exists():
        return "Postfix is not installed"
    return "" if os.geteuid() == 0 else "Postfix is started by root alone"


POSTFIX = Peer("Postfix", _prepare, _stored, _missing)
