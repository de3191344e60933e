"""Postfix, started by its own command in folders of its own: nothing of the machine's Postfix is read or touched."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.servers.certificate import Certificate
from tests.servers.program import Program, free_port, listens, needs, needs_root

POSTFIX = "/usr/sbin/postfix"
POSTMAP = "/usr/sbin/postmap"
SETPRIV = "/usr/bin/setpriv"
# Whom Postfix's commands run as: it never runs one as root.
COMMAND_USER = "daemon"

# Nothing leaves this machine: a recipient with no place in a test's own settings is refused.
MAIN = {
    "compatibility_level": "3.6",
    "myhostname": "postfix.example.net",
    "mydestination": "",
    "mynetworks": "127.0.0.0/8",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "smtp_dns_support_level": "disabled",
    "default_transport": "error:no way out of the tests",
    "local_transport": "error:no local mail in the tests",
    "alias_maps": "",
    "notify_classes": "",
    "maillog_file": "/dev/stdout",
    "minimal_backoff_time": "1s",
    "maximal_backoff_time": "2s",
    "queue_run_delay": "1s",
}

SERVICES = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       1       1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
lmtp      unix  -       -       n       -       -       lmtp
local     unix  -       n       n       -       -       local
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
"""


class Postfix:
    """A Postfix on a free port.

    `main` goes over the usual settings; `tables` are hash tables by name, lines of "key value". In `main`, "{tables}"
    stands for the folder of the tables: `"transport_maps": "hash:{tables}/transport"`. `services` are further lines of
    master.cf.
    """

    def __init__(
        self, main: Mapping[str, str], tables: Mapping[str, Sequence[str]] | None = None, services: str = ""
    ) -> None:
        needs(POSTFIX, POSTMAP)
        needs_root()
        # Not in pytest's folder: its parents are closed to Postfix's own user.
        self._folder = Path(tempfile.mkdtemp(prefix="postfix-"))
        self._folder.chmod(0o755)
        self.port = free_port()
        self._changes = 0
        self._program = Program("Postfix", [POSTFIX, "-c", str(self._settings), "start-fg"], self._folder / "log")
        self._write(main, services)
        for name, lines in (tables or {}).items():
            self.set_table(name, lines)

    @property
    def _settings(self) -> Path:
        return self._folder / "settings"

    def _write(self, main: Mapping[str, str], services: str) -> None:
        self._settings.mkdir()
        (self._folder / "queue").mkdir()
        data = self._folder / "data"
        data.mkdir()
        shutil.chown(data, "postfix")
        own = {"queue_directory": str(self._folder / "queue"), "data_directory": str(data)}
        lines = [
            f"{name} = {value.replace('{tables}', str(self._settings))}"
            for name, value in {**MAIN, **own, **main}.items()
        ]
        (self._settings / "main.cf").write_text("\n".join(lines) + "\n")
        (self._settings / "master.cf").write_text(SERVICES.format(port=self.port) + services)

    def set_table(self, name: str, lines: Sequence[str]) -> None:
        """Write a table; Postfix notices before it takes the next connection."""
        table = self._settings / name
        table.write_text("".join(f"{line}\n" for line in lines))
        subprocess.run([POSTMAP, "-c", self._settings, f"hash:{table}"], check=True)
        # Postfix compares whole seconds, and a test may be faster.
        self._changes += 1
        os.utime(f"{table}.db", times=(time.time() + self._changes,) * 2)

    def set_forward(self, line: str) -> None:
        """Write the `.forward` of `COMMAND_USER`, where the settings look for it in the folder of the tables."""
        file = self._settings / f"forward-{COMMAND_USER}"
        file.write_text(f"{line}\n")
        shutil.chown(file, COMMAND_USER)

    def start(self) -> "Postfix":
        """Start it; returns when it takes connections."""
        self._program.start(lambda: listens(self.port))
        return self

    def log(self) -> str:
        """What it logged so far."""
        return self._program.said(characters=1_000_000)

    def queue_is_empty(self) -> bool:
        """Whether no mail is waiting in it."""
        folders = (self._folder / "queue" / name for name in ("maildrop", "incoming", "active", "deferred"))
        return not any(path.is_file() for folder in folders for path in folder.rglob("*"))

    def stop(self) -> None:
        """End it and remove its folders."""
        master = self._folder / "queue" / "pid" / "master.pid"
        if self._program.exit_status is None and master.exists():
            os.kill(int(master.read_text()), signal.SIGTERM)
            self._program.wait()
        self._program.stop()
        shutil.rmtree(self._folder)


def relay(domain: str, port: int) -> Postfix:
    """A company's mail server: it takes mail for `domain` and relays it to 127.0.0.1:`port` by a transport map."""
    return hands_over(domain, f"smtp:[127.0.0.1]:{port}")


def hands_over(domain: str, transport: str) -> Postfix:
    """A company's mail server that takes mail for `domain` and hands it over by a transport of transport(5)."""
    return Postfix(
        {
            "relay_domains": domain,
            "transport_maps": "hash:{tables}/transport",
            "smtpd_relay_restrictions": "reject_unauth_destination",
        },
        {"transport": [f"{domain} {transport}"]},
    )


def hands_to_commands(domain: str, command: str) -> Postfix:
    """A mail server that hands mail to a command: in `domain` by an alias of local(8), "support".

    What its transport map sends to the service "gateway" goes to it by pipe(8), with sender and recipient.
    """
    settings = {
        "mydestination": domain,
        "local_transport": "local:",
        "local_recipient_maps": "",
        "alias_maps": "hash:{tables}/aliases",
        "default_privs": COMMAND_USER,
        "forward_path": "{tables}/forward-$user",
        "transport_maps": "hash:{tables}/transport",
        "gateway_destination_recipient_limit": "1",
    }
    argv = f"{command} --sender ${{sender}} --recipient ${{recipient}}"
    service = f"gateway unix - n n - 4 pipe\n  flags=F user={COMMAND_USER} argv={argv}\n"
    return Postfix(settings, {"aliases": [f'support "|{command}"'], "transport": []}, service)


@contextmanager
def as_root() -> Iterator[str]:
    """A command that runs what follows it as root, for `COMMAND_USER` alone: the tests' Python may be root's own."""
    needs(SETPRIV)
    folder = Path(tempfile.mkdtemp(prefix="as-root-"))
    folder.chmod(0o755)
    copy = Path(shutil.copy(SETPRIV, folder))
    shutil.chown(copy, "root", COMMAND_USER)
    copy.chmod(0o4750)
    try:
        yield f"{copy} --reuid=0 --regid=0 --clear-groups"
    finally:
        shutil.rmtree(folder)


def smarthost(
    domain: str, lmtp_port: int, tls: Certificate | None = None, login_port: int | None = None, **main: str
) -> Postfix:
    """A smarthost that delivers `domain` by LMTP to 127.0.0.1:`lmtp_port`.

    With `tls` it takes mail only after STARTTLS, with `login_port` (Dovecot's) only after AUTH. Its table `recipients`
    is empty; a line such as "ann@example.net 451 later" makes it refuse a recipient.
    """
    settings = {
        "virtual_mailbox_domains": domain,
        "virtual_transport": f"lmtp:inet:127.0.0.1:{lmtp_port}",
        "smtpd_recipient_restrictions": "check_recipient_access hash:{tables}/recipients",
    }
    if tls:
        settings |= {
            "smtpd_tls_security_level": "encrypt",
            "smtpd_tls_cert_file": str(tls.certificate),
            "smtpd_tls_key_file": str(tls.key),
        }
    if login_port:
        settings |= {
            "smtpd_sasl_auth_enable": "yes",
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": f"inet:127.0.0.1:{login_port}",
            "smtpd_relay_restrictions": "permit_sasl_authenticated, reject",
        }
    return Postfix(settings | main, {"recipients": []})
