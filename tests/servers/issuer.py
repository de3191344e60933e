"""An OpenID provider in the tests' own process: strict about what a client shows, and wrong where it is told to be.

Whoever comes to `/authorize` is signed in as `claims` say, without being asked.
"""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "console", "canary-console-secret"


class Issuer:
    """`claims` are somebody's; `wrong` goes over the ID token's claims; `key` signs, and the set shows `published`.

    `refuses` is the error that `/authorize` gives back instead of a code.
    """

    def __init__(self) -> None:
        self.url = ""
        self.claims: dict[str, Any] = {"sub": "4711", "preferred_username": "asa", "groups": ["staff"]}
        self.wrong: dict[str, Any] = {}
        self.refuses = ""
        self.down = False
        self.asked: list[str] = []
        self.key = self.new_key()
        self.published = self.key
        self._codes: dict[str, dict[str, str]] = {}

    def new_key(self) -> RSAKey:
        return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})

    def get(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        """Answer: status, headers, and a document."""
        match path:
            case "/.well-known/openid-configuration":
                names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
                return 200, {}, {"issuer": self.url} | {name: f"{self.url}/{end}" for name, end in names.items()}
            case "/jwks":
                return 200, {}, KeySet([self.published]).as_dict(private=False)
            case "/authorize":
                return self._authorize(query)
            case _:
                return 404, {}, {}

    def _authorize(self, query: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        assert query["response_type"] == "code", query
        assert query["client_id"] == CLIENT, query
        assert query["code_challenge_method"] == "S256", query
        code = secrets.token_hex(8)
        self._codes[code] = query
        back = {"error": self.refuses} if self.refuses else {"code": code}
        return 302, {"Location": f"{query['redirect_uri']}?{urlencode(back | {'state': query['state']})}"}, {}

    def token(self, fields: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        """Take a code once, of the client that it was given to (RFC 6749 4.1.3, RFC 7636 4.6)."""
        begun = self._codes.pop(fields.get("code", ""), None)
        if (fields.get("client_id"), fields.get("client_secret")) != (CLIENT, SECRET):
            return 401, {}, {"error": "invalid_client"}
        if (
            begun is None
            or begun["redirect_uri"] != fields["redirect_uri"]
            or create_s256_code_challenge(fields["code_verifier"]) != begun["code_challenge"]
        ):
            return 400, {}, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": begun["nonce"]}
        token = jwt.encode(
            {"alg": "RS256", "kid": self.key.kid},
            {**claims, **self.claims, **self.wrong},
            self.key,
            algorithms=["RS256"],
        )
        return 200, {}, {"access_token": "access", "token_type": "Bearer", "id_token": token}


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self._answer(lambda issuer: issuer.get(parts.path, _flat(parts.query)))

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(lambda issuer: issuer.token(_flat(content)))

    def _answer(self, work: Any) -> None:
        issuer = self.server.issuer
        issuer.asked.append(urlsplit(self.path).path)
        status, headers, document = (503, {}, {}) if issuer.down else work(issuer)
        content = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    issuer: Issuer


def _flat(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text).items()}


@contextmanager
def running() -> Iterator[Issuer]:
    """Have one on a free port."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.issuer = issuer = Issuer()
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
