"""Dovecot, in folders of its own: LMTP in, Maildir, IMAP out, and logins for Postfix. Every user exists."""

import email
import email.policy
import shutil
import tempfile
from email.message import EmailMessage
from pathlib import Path

from imapclient import IMAPClient

from tests.servers.program import Program, free_port, listens, needs, needs_root, wait_until

DOVECOT = "/usr/sbin/dovecot"
PASSWORD = "correct-horse"

SETTINGS = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
protocols = imap lmtp
ssl = no
disable_plaintext_auth = no
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
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
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
"""


class Dovecot:
    """A Dovecot on three free ports: `imap_port`, `lmtp_port`, and `login_port` for Postfix's SASL."""

    def __init__(self) -> None:
        needs(DOVECOT, "/usr/lib/dovecot/imap", "/usr/lib/dovecot/lmtp")
        needs_root()
        # Not in pytest's folder: its parents are closed to Dovecot's own users.
        self._folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self._folder.chmod(0o755)
        self.imap_port, self.lmtp_port, self.login_port = free_port(), free_port(), free_port()
        settings = self._folder / "dovecot.conf"
        settings.write_text(
            SETTINGS.format(
                folder=self._folder,
                password=PASSWORD,
                imap_port=self.imap_port,
                lmtp_port=self.lmtp_port,
                login_port=self.login_port,
            )
        )
        mail = self._folder / "mail"
        mail.mkdir()
        shutil.chown(mail, "nobody", "nogroup")
        self._program = Program("Dovecot", [DOVECOT, "-F", "-c", str(settings)], self._folder / "log")

    def start(self) -> "Dovecot":
        """Start it; returns when all of its ports take connections."""
        ports = (self.imap_port, self.lmtp_port, self.login_port)
        self._program.start(lambda: all(listens(port) for port in ports))
        return self

    def stop(self) -> None:
        """End it and remove all of its mail."""
        self._program.stop()
        shutil.rmtree(self._folder)

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
