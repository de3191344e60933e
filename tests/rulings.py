"""Rules as an operator writes them, on mails as they come: what becomes of these."""

import tomllib
from typing import Any

from gateway.config.settings import Settings
from gateway.config.units import Secret
from gateway.flow.inbound import Reading, to_errand
from gateway.flow.ruling import Arrived, ruled
from gateway.mail.parse import read
from gateway.route.outcome import Outcome
from gateway.route.source import source

MAIL = b"""From: Form <form@www.example.com>
To: support@example.com
Subject: Case 4711 from the web
X-Case: A-17
X-Case: B-18

Name: Anna Lee
Customer No: 00-123
Message:
It broke.
See http://example.com/x
"""

WITH_FILES = b"""From: a@b.example
Subject: files
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b

text
--b
Content-Type: application/pdf; name="Bill.PDF"

0123456789
--b
Content-Type: image/png; name="logo.png"

0123
--b--
"""


def settings(rules: str = "", **of_routes: str) -> Settings:
    """Settings with three routes; `rules` is TOML of `[[rule]]`, and so are the rules of a route."""
    token = Secret("token", inline=True)
    routes: list[dict[str, Any]] = [
        {"name": name, "recipients": [f"{name}@example.com"], "workspace": "demo", "token": token, "reply_from": "a@b"}
        | tomllib.loads(of_routes.get(name, ""))
        for name in ("support", "sales", "archive")
    ]
    cention = {"demo": {"url": "https://api.example.com/s/demo", "attachment_token": token}}
    gateway = {"hostname": "gw.example.com", "authserv_id": "mx.example.com"}
    return Settings.model_validate({"gateway": gateway, "cention": cention, "route": routes, **tomllib.loads(rules)})


def outcome(given: Settings | str, mail: bytes = MAIL, route: str = "support", **arrived: Any) -> Outcome:
    """What rules make of a mail that came to a route; `arrived` says how it came."""
    rules = source(settings(given) if isinstance(given, str) else given)
    parsed = read(mail, "<1@gw>")
    errand = to_errand(parsed.mail, Reading("envelope@example.com", "<1@gw>"))
    return ruled(
        parsed.header, len(mail), errand, Arrived(rules, route, **({"recipients": ("support@example.com",)} | arrived))
    )


def matched(given: Settings | str, mail: bytes = MAIL, **arrived: Any) -> list[str]:
    """The names of the rules that matched."""
    return [trial.rule for trial in outcome(given, mail, **arrived).matched]
