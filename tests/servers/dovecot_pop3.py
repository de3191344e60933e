"""Dovecot that speaks POP3 as well."""

from pathlib import Path
from typing import Any

from gateway.config.pop3 import Pop3
from tests.servers.certificate import Certificate
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.program import free_port, listens, needs, wait_until

SETTINGS = """\
protocols = imap lmtp pop3
service pop3-login {{
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {pop3_port}
  }}
  inet_listener pop3s {{
    address = 127.0.0.1
    port = {pop3s_port}
    ssl = yes
  }}
}}
"""


class Pop3Dovecot(Dovecot):
    """A Dovecot with POP3 and STLS on `pop3_port`, and with a certificate TLS on `pop3s_port`."""

    def __init__(self, certificate: Certificate | None = None, more: str = "") -> None:
        needs("/usr/lib/dovecot/pop3")
        self.pop3_port = free_port()
        self.pop3s_port = free_port() if certificate is not None else 0
        super().__init__(certificate, more)

    def configure(self, more: str = "", password: str = PASSWORD) -> None:
        """As Dovecot's own."""
        super().configure(SETTINGS.format(pop3_port=self.pop3_port, pop3s_port=self.pop3s_port) + more, password)

    def start(self) -> "Pop3Dovecot":
        """As Dovecot's own."""
        super().start()
        wait_until(lambda: listens(self.pop3_port), "POP3 listens")
        return self


def mailbox(server: Pop3Dovecot, user: str, **settings: Any) -> Pop3:
    """Settings of a mailbox, `box` unless named, looked at all the time."""
    reference = Path(server.maildir(user).parent.parent / "password")
    reference.write_text(PASSWORD)
    values = {
        "name": "box",
        "host": "127.0.0.1",
        "port": server.pop3_port,
        "security": "none",
        "user": user,
        "password": f"file:{reference}",
        "route": "support",
        "timeout": "10 s",
    }
    return Pop3.model_validate(values | settings).model_copy(update={"interval": 0.1})
