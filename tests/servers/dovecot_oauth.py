"""Dovecot that takes access tokens: it asks the tests' token server whether each is good, and whose (RFC 7662)."""

from tests.servers.dovecot import PASSWORD
from tests.servers.dovecot_pop3 import Pop3Dovecot

SETTINGS = """\
auth_mechanisms = plain login {mechanisms}
auth_failure_delay = 0
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""
INTROSPECTION = """\
introspection_mode = post
introspection_url = {url}/introspect
username_attribute = username
active_attribute = active
active_value = true
"""


class OAuthDovecot(Pop3Dovecot):
    """A Dovecot with POP3, and logins by tokens of the server at `url`, by these mechanisms."""

    def __init__(self, url: str, mechanisms: str = "xoauth2 oauthbearer") -> None:
        self._url = url
        self.mechanisms = mechanisms
        super().__init__()

    def configure(self, more: str = "", password: str = PASSWORD) -> None:
        """As Dovecot's own."""
        (self._folder / "oauth2.conf").write_text(INTROSPECTION.format(url=self._url))
        super().configure(SETTINGS.format(folder=self._folder, mechanisms=self.mechanisms) + more, password)
