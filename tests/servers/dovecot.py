"""Dovecot, in folders of its own: LMTP in, Maildir, IMAP out, and logins for Postfix. Every user exists."""

import email
import email.policy
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from imapclient import IMAPClient

from tests.servers.certificate import Certificate
from tests.servers.program import Program, free_port, listens, needs, needs_root, wait_until

DOVECOT = "/usr/sbin/dovecot"
DOVEADM = "/usr/bin/doveadm"
PASSWORD = "correct-horse"

SETTINGS = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
protocols = imap lmtp
{tls}
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%u allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap_port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps_port}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {login_port}
  }}
}}
service stats {{
  client_limit = 1000
}}
{more}
"""
TLS = """\
ssl = yes
ssl_cert = <{certificate.certificate}
ssl_key = <{certificate.key}
"""


class Dovecot:
    """A Dovecot on free ports: `imap_port`, `lmtp_port`, and `login_port` for Postfix's SASL.

    With a certificate it has STARTTLS, and TLS on `imaps_port`. `more` are further lines of its settings.
    """

    def __init__(self, certificate: Certificate | None = None, more: str = "") -> None:
        needs(DOVECOT, "/usr/lib/dovecot/imap", "/usr/lib/dovecot/lmtp")
        needs_root()
        # Not in pytest's folder: its parents are closed to Dovecot's own users.
        self._folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self._folder.chmod(0o755)
        self.imap_port, self.lmtp_port, self.login_port = free_port(), free_port(), free_port()
        self.imaps_port = free_port() if certificate is not None else 0
        self._tls = TLS.format(certificate=certificate) if certificate is not None else "ssl = no"
        self._settings = self._folder / "dovecot.conf"
        self.configure(more)
        mail = self._folder / "mail"
        mail.mkdir()
        shutil.chown(mail, "nobody", "nogroup")
        self._program = Program("Dovecot", [DOVECOT, "-F", "-c", str(self._settings)], self._folder / "log")

    def configure(self, more: str = "", password: str = PASSWORD) -> None:
        """Write its settings; one that runs learns of them by `reload`."""
        self._settings.write_text(
            SETTINGS.format(
                folder=self._folder,
                password=password,
                imap_port=self.imap_port,
                imaps_port=self.imaps_port,
                lmtp_port=self.lmtp_port,
                login_port=self.login_port,
                tls=self._tls,
                more=more,
            )
        )

    def reload(self) -> None:
        """Have it read its settings again; its clients are logged out."""
        self.doveadm("reload")

    def doveadm(self, *command: str) -> str:
        """Run a command of its administration; what it prints."""
        argv = [DOVEADM, "-c", str(self._settings), *command]
        return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=30).stdout

    def maildir(self, user: str, folder: str = "INBOX") -> Path:
        """Where the messages of a user's folder are as files."""
        home = self._folder / "mail" / user
        return home if folder == "INBOX" else home / f".{folder}"

    def said(self, characters: int = 100_000) -> str:
        """The end of its log."""
        return self._program.said(characters)

    def wait_for_logout(self, user: str) -> None:
        """Wait until a user has no session any more."""
        wait_until(lambda: user not in self.doveadm("who"), f"{user} is logged out")

    def start(self) -> "Dovecot":
        """Start it; returns when all of its ports take connections."""
        ports = (self.imap_port, self.lmtp_port, self.login_port)
        self._program.start(lambda: all(listens(port) for port in ports))
        return self

    def stop(self) -> None:
        """End it and remove all of its mail."""
        self._program.stop()
        shutil.rmtree(self._folder)

    def kill(self) -> None:
        """End it and all of its processes at once; it can be started again."""
        self._program.kill()

    @contextmanager
    def client(self, user: str, folder: str = "") -> Iterator[IMAPClient]:
        """Have a client of a user's, with a folder selected if one is named."""
        with IMAPClient("127.0.0.1", port=self.imap_port, ssl=False, timeout=30) as client:
            client.login(user, PASSWORD)
            if folder:
                client.select_folder(folder)
            yield client

    def append(self, user: str, mails: Iterable[bytes], folder: str = "INBOX", **more: Any) -> None:
        """Put mails into a user's folder, which is made if it is not there; `flags` and `msg_time` as imapclient's."""
        with self.client(user) as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            for mail in mails:
                client.append(folder, mail, **more)

    def flags(self, user: str, folder: str = "INBOX") -> dict[int, tuple[bytes, ...]]:
        """The flags of each message in a user's folder, by UID, but for the one that says whether it is recent."""
        with self.client(user, folder) as client:
            found = client.get_flags(client.search())
        return {uid: tuple(sorted(set(flags) - {b"\\Recent"})) for uid, flags in found.items()}

    def mails(self, user: str) -> list[EmailMessage]:
        """What is in the INBOX of `user`, an address, read over IMAP; oldest first."""
        return [email.message_from_bytes(raw, policy=email.policy.default) for raw in self.raw_mails(user)]

    def raw_mails(self, user: str) -> list[bytes]:
        """As `mails`, as the bytes that were delivered."""
        with IMAPClient("127.0.0.1", port=self.imap_port, ssl=False, timeout=10) as client:
            client.login(user, PASSWORD)
            client.select_folder("INBOX", readonly=True)
            found = client.fetch(client.search(), ["BODY.PEEK[]"])
            return [found[uid][b"BODY[]"] for uid in sorted(found)]

    def wait_for_mails(self, user: str, count: int = 1, seconds: float = 30.0) -> list[EmailMessage]:
        """Wait until that many mails are there, and read them."""
        wait_until(lambda: len(self.raw_mails(user)) >= count, f"{count} mails for {user} in Dovecot", seconds)
        return self.mails(user)
