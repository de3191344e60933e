"""A token server in the tests' own process: the three grants (RFC 6749, 8628), introspection, and all that goes wrong.

It is strict: who shows a wrong secret, a spent refresh token or a device code that was not given out is refused.
"""

import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from gateway.config.oauth import OAuth
from tests.servers.certificate import Certificate

CLIENT, SECRET, FIRST = "client-1", "canary-client-secret+/=", "canary-refresh-first"
DEVICE_CODE, USER_CODE = "canary-device-code", "WDJB-MJHT"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent: `content` as JSON unless it is bytes; or nothing, or a header or body without an end."""

    status: int = 200
    content: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False
    drips: bool = False
    floods: bool = False

    @property
    def body(self) -> bytes:
        """The content as bytes."""
        return self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()


def refusal(error: str, status: int = 400, description: str = "", **headers: str) -> Answer:
    """An error as RFC 6749 5.2 has it; `Retry_After="7"` is a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"error": error, "error_description": description}, named)


class TokenServer:
    """Gives tokens `access-1`, `access-2` and so on, each good for `lifetime` seconds and for `user`.

    `scripted` are answers that `/token` gives first, one each. With `rotates` a refresh token is good once.
    Nothing is answered while `gate` is not set.
    """

    def __init__(self) -> None:
        self.user = "support@example.net"
        self.lifetime: Any = 3600
        self.rotates = False
        self.scripted: list[Answer] = []
        self.asked: list[dict[str, str]] = []
        self.introspected: list[str] = []
        self.refresh_token = FIRST
        self.revoked: set[str] = set()
        self.given: list[str] = []
        self.url = ""
        self.ending = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self._turn = threading.Lock()

    def answer(self, path: str, fields: dict[str, str]) -> Answer:
        """Answer a question."""
        with self._turn:
            if path == "/introspect":
                return self._introspection(fields.get("token", ""))
            self.asked.append(fields)
            if self.scripted and path == "/token":
                return self.scripted.pop(0)
            if (fields.get("client_id"), fields.get("client_secret")) != (CLIENT, SECRET):
                return refusal("invalid_client", 401)
            return self._device() if path == "/device" else self._token(fields)

    def _token(self, fields: dict[str, str]) -> Answer:
        match fields.get("grant_type"):
            case "client_credentials":
                return self._grant()
            case "refresh_token" if fields.get("refresh_token") == self.refresh_token:
                return self._refreshed()
            case kind if kind == DEVICE_GRANT and fields.get("device_code") == DEVICE_CODE:
                return self._refreshed()
            case "refresh_token" | "urn:ietf:params:oauth:grant-type:device_code":
                return refusal("invalid_grant", description="The token is expired,\nrevoked or used before.")
            case _:
                return refusal("unsupported_grant_type")

    def _device(self) -> Answer:
        return Answer(
            content={
                "device_code": DEVICE_CODE,
                "user_code": USER_CODE,
                "verification_uri": "https://example.com/device",
                "expires_in": 600,
                "interval": 0,
            }
        )

    def _refreshed(self) -> Answer:
        if not self.rotates:
            return self._grant()
        self.refresh_token = f"canary-refresh-{len(self.given)}"
        return self._grant(refresh_token=self.refresh_token)

    def _grant(self, **more: str) -> Answer:
        self.given.append(f"access-{len(self.given) + 1}")
        content = {"access_token": self.given[-1], "token_type": "Bearer", "expires_in": self.lifetime, **more}
        return Answer(content=content)

    def _introspection(self, token: str) -> Answer:
        """As RFC 7662."""
        self.introspected.append(token)
        if token not in self.given or token in self.revoked:
            return Answer(content={"active": "false"})
        return Answer(content={"active": "true", "username": self.user, "scope": "mail"})

    def settings(self, folder: Path, **more: Any) -> OAuth:
        """Settings of an application that it knows, its secrets in files of `folder`; client credentials by default."""
        return OAuth.model_validate(self.table(folder, **more))

    def table(self, folder: Path, **more: Any) -> dict[str, Any]:
        """As `settings`, before they are read."""
        for name, secret in (("client_secret", SECRET), ("refresh_token", FIRST)):
            if not (folder / name).exists():
                (folder / name).write_text(secret)
        values: dict[str, Any] = {
            "grant": "client_credentials",
            "client_id": CLIENT,
            "client_secret": f"file:{folder / 'client_secret'}",
            "token_url": f"{self.url}/token",
            "device_url": f"{self.url}/device",
            "scope": "mail",
        }
        if more.get("grant") == "refresh_token":
            values |= {"refresh_token": f"file:{folder / 'refresh_token'}"}
        return values | more


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer({name: values[0] for name, values in parse_qs(content).items()})

    def do_GET(self) -> None:
        self._answer(dict(parse_qsl(urlsplit(self.path).query)))

    def _answer(self, fields: dict[str, str]) -> None:
        tokens = self.server.tokens
        answer = tokens.answer(urlsplit(self.path).path, fields)
        tokens.gate.wait(30)
        if answer.hangs:
            tokens.ending.wait(30)
            return
        if answer.drips or answer.floods:
            self._go_on(answer)
            return
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def _go_on(self, answer: Answer) -> None:
        """Send a header that does not end, or a body."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: " + (b"\r\n\r\n" if answer.floods else b""))
        while not self.server.tokens.ending.wait(0.02):
            self.wfile.write(b"x" * (65536 if answer.floods else 1))

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tokens: TokenServer

    def handle_error(self, *_arguments: object) -> None:
        """A client that went away is none of the server's errors."""

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


@contextmanager
def token_server(certificate: Certificate | None = None) -> Iterator[TokenServer]:
    """Have one, with TLS where there is a certificate."""
    tokens = TokenServer()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.tokens = tokens
    if certificate is not None:
        context = SSLContext(PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    tokens.url = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield tokens
    finally:
        tokens.ending.set()
        server.shutdown()
        thread.join()
        server.server_close()
