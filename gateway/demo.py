"""Everything at once on this machine: gateway, simulator, mail sink on free ports; three mails in, three answers out.

What it shows is what happened: each line names the id to look for, and the table at the end is made of checks.
"""

import asyncio
import base64
import json
import secrets
import smtplib
import tempfile
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP as SMTP_POLICY
from email.utils import make_msgid
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope

from gateway import log as logging
from gateway.app import Gateway
from gateway.config.settings import Settings
from gateway.plan import plan
from gateway.simulator.options import Options
from gateway.simulator.server import Simulator

Say = Callable[[str], None]

_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
_WAIT = 30.0
_CUSTOMER = "Åsa Öberg <asa@client.example>"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A promise, and whether it was kept."""

    promise: str
    kept: bool


class Sink:
    """Where the answers arrive: keeps each mail, by its To."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.arrived = asyncio.Event()

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a mail."""
        self.mails.append(cast("bytes", envelope.original_content))
        self.arrived.set()
        return "250 2.0.0 kept"


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs for the demo, and where."""

    gateway: Gateway
    simulator: Simulator
    sink: Sink
    smtp: tuple[str, int]


def mails() -> list[EmailMessage]:
    """Return the three mails: plain, HTML with an inline picture, attachments with non-ASCII names."""
    plain = _mail("My order has not come")
    plain.set_content("Hello,\n\nwhere is my order 4711?\n\nÅsa\n")
    picture = _mail("A picture of the damage")
    picture.set_content("See the picture.\n")
    cid = make_msgid(domain="client.example")
    picture.add_alternative(f'<p>See the <b>picture</b>: <img src="cid:{cid[1:-1]}" alt="damage"></p>', subtype="html")
    html = cast("EmailMessage", picture.get_payload(1))
    html.add_related(_PICTURE, "image", "png", cid=cid, filename="damage.png")
    files = _mail("Fråga om räkning 日本")
    files.set_content("Räkningen är bifogad.\n")
    files.add_attachment(b"%PDF-1.4 not really", maintype="application", subtype="pdf", filename="räkning.pdf")
    files.add_attachment("år;belopp\n2026;100\n", filename="日本.csv", subtype="csv")
    return [plain, picture, files]


def _mail(subject: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"], mail["To"], mail["Subject"] = _CUSTOMER, "support@example.com", subject
    mail["Message-ID"] = make_msgid(domain="client.example")
    return mail


async def run(say: Say, *, once: bool) -> bool:
    """Show the two roads; return whether all went as promised. Unless `once`, stay up until interrupted."""
    logging.configure("human", "error")
    with tempfile.TemporaryDirectory(prefix="cention-gateway-demo-") as folder:
        stage, stop = await _start(Path(folder))
        try:
            outcomes = await _show(stage, say)
            _tell(outcomes, say)
            if not once:
                await _stay(stage, say)
        finally:
            await stop()
    return all(outcome.kept for outcome in outcomes)


async def _start(folder: Path) -> tuple[Stage, Callable[[], Any]]:
    simulator, sink = Simulator(Options(callback_secret=secrets.token_urlsafe(16))), Sink()
    await simulator.start()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(sink, hostname="sink"), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    gateway = Gateway(plan(_settings(folder, simulator, port), "demo"))
    await gateway.start()
    simulator.callback = f"http://{gateway.http}/callbacks/demo"

    async def stop() -> None:
        await gateway.stop()
        server.close()
        await simulator.stop()

    return Stage(gateway, simulator, sink, (gateway.smtp[0].host, gateway.smtp[0].port)), stop


def _settings(folder: Path, simulator: Simulator, sink: int) -> Settings:
    kept = {
        "create": simulator.create_token,
        "attachment": simulator.attachment_token,
        "secret": simulator.callback_secret,
    }
    for name, value in kept.items():
        (folder / name).write_text(value)
    route = {
        "name": "support",
        "recipients": ["support@example.com"],
        "workspace": "demo",
        "token": f"file:{folder / 'create'}",
        "reply_from": "Support <support@example.com>",
    }
    workspace = {
        "url": simulator.url,
        "attachment_token": f"file:{folder / 'attachment'}",
        "callback_secrets": [f"file:{folder / 'secret'}"],
    }
    return Settings.model_validate(
        {
            "gateway": {
                "hostname": "gateway.example",
                "spool": f"sqlite:///{folder / 'spool.db'}",
                "stop_timeout": "5 s",
            },
            "smtp": {"listen": ["127.0.0.1:0"]},
            "http": {"listen": "127.0.0.1:0"},
            "console": {"open": True},
            "cention": {"demo": workspace},
            "route": [route],
            "outgoing": {"smarthosts": [f"smtp://127.0.0.1:{sink}"]},
            "worker": {"retry_min": "200 ms", "readers": 1},
        }
    )


async def _show(stage: Stage, say: Say) -> list[Outcome]:
    say(f"gateway    SMTP {stage.smtp[0]}:{stage.smtp[1]}, HTTP http://{stage.gateway.http} (its console)")
    say(f"Cention    {stage.simulator.url} (simulated; its agents sit at {stage.simulator.origin}/)\n")
    outcomes = []
    for number, mail in enumerate(mails(), 1):
        outcomes += await _one(stage, number, mail, say)
    return outcomes


async def _one(stage: Stage, number: int, mail: EmailMessage, say: Say) -> list[Outcome]:
    say(f"{number}. {mail['Subject']}")
    reply = await asyncio.to_thread(_send, stage.smtp, mail)
    say(f"   mail in      {mail['Message-ID']}\n                {reply}")
    errand = await _errand(stage, str(mail["Message-ID"]))
    if errand is None:
        say("   errand       none within the time")
        return [Outcome(f"mail {number} becomes an errand", kept=False)]
    message = errand["attributes"]["msg"]
    names = [one["name"] for one in message["attachments"]]
    files = ", ".join(names) or "none"
    say(f"   errand       #{errand['id']} from {message['name']} <{message['from']}>, files: {files}")
    say(f"                {stage.simulator.origin}/_sim/errands/{errand['id']}")
    answered = await _answer(stage, errand["id"])
    say(f"   answered     callback told {answered['callback']}")
    arrived = await _arrived(stage, str(mail["Message-ID"]))
    outcomes = [*_errand_outcomes(number, mail, message), *_answer_outcomes(number, arrived)]
    if arrived is not None:
        parts = [part.get_content_type() for part in arrived.walk() if not part.is_multipart()]
        say(f"   mail out     {arrived['Message-ID']} to {arrived['To']}\n                parts: {', '.join(parts)}\n")
    return outcomes


def _send(address: tuple[str, int], mail: EmailMessage) -> str:
    with smtplib.SMTP(*address, timeout=_WAIT) as client:
        client.ehlo("client.example")
        client.mail("asa@client.example")
        client.rcpt("support@example.com")
        code, text = client.data(mail.as_bytes())
    return f"{code} {text.decode()}"


def _call(url: str, document: object = None) -> Any:
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - our own simulator
    with urllib.request.urlopen(request, timeout=_WAIT) as answer:  # noqa: S310 - as above
        return json.load(answer)


async def _errand(stage: Stage, message_id: str) -> dict[str, Any] | None:
    try:
        async with asyncio.timeout(_WAIT):
            while True:
                for errand in await asyncio.to_thread(_call, f"{stage.simulator.origin}/_sim/errands"):
                    if errand["attributes"]["msg"]["message_id"] == message_id:
                        return cast("dict[str, Any]", errand)
                await asyncio.sleep(0.05)
    except TimeoutError:
        return None


async def _answer(stage: Stage, errand: str) -> dict[str, Any]:
    content = base64.b64encode
    answer = {
        "text": "Hello Åsa, it is on its way.",
        "html": '<p>Hello Åsa, it is <b>on its way</b>: <img src="cid:archive_1" alt="our stamp"></p>',
        "attachments": [
            {"name": "kvitto.txt", "content_type": "text/plain", "content": content(b"Thanks.\n").decode()}
        ],
        "archives": [{"name": "stamp.png", "content_type": "image/png", "content": content(_PICTURE).decode()}],
    }
    url = f"{stage.simulator.origin}/_sim/errands/{errand}/answer"
    return cast("dict[str, Any]", await asyncio.to_thread(_call, url, answer))


async def _arrived(stage: Stage, message_id: str) -> EmailMessage | None:
    try:
        async with asyncio.timeout(_WAIT):
            while True:
                stage.sink.arrived.clear()
                for raw in stage.sink.mails:
                    mail = BytesParser(policy=SMTP_POLICY).parsebytes(raw)
                    if mail["In-Reply-To"] == message_id:
                        return mail
                await stage.sink.arrived.wait()
    except TimeoutError:
        return None


def _errand_outcomes(number: int, mail: EmailMessage, message: dict[str, Any]) -> list[Outcome]:
    what = f"mail {number}"
    files = [part.get_filename() for part in mail.walk() if part.get_filename()]
    outcomes = [Outcome(f"{what} is an errand with its subject and writer", _matches(mail, message))]
    if files:
        outcomes.append(Outcome(f"{what} has its files: {', '.join(map(str, files))}", _names(message) == files))
    for picture in (part for part in mail.walk() if part["Content-ID"]):
        cid = str(picture["Content-ID"])[1:-1]
        shown = any(one.get("content_id") == cid for one in message["attachments"]) and cid in message["html_body"]
        outcomes.append(Outcome(f"{what} shows its picture inline", shown))
    return outcomes


def _matches(mail: EmailMessage, message: dict[str, Any]) -> bool:
    wanted = (str(mail["Subject"]), "Åsa Öberg", "asa@client.example")
    return bool((message["subject"], message["name"], message["from"]) == wanted)


def _names(message: dict[str, Any]) -> list[str]:
    return [one["name"] for one in message["attachments"]]


def _answer_outcomes(number: int, mail: EmailMessage | None) -> list[Outcome]:
    what = f"answer {number}"
    if mail is None:
        return [Outcome(f"{what} arrives in the customer's thread", kept=False)]
    parts = {part.get_content_type(): part for part in mail.walk() if not part.is_multipart()}
    picture, html = parts.get("image/png"), parts.get("text/html")
    shown = picture is not None and html is not None and f"cid:{picture['Content-ID'][1:-1]}" in html.get_content()
    files = [part.get_filename() for part in mail.iter_attachments() if part.get_filename()]
    return [
        Outcome(f"{what} arrives in the customer's thread", kept=True),
        Outcome(
            f"{what} shows the archive's picture", shown and picture is not None and picture.get_content() == _PICTURE
        ),
        Outcome(f"{what} carries its file", files == ["kvitto.txt"]),
    ]


def _tell(outcomes: list[Outcome], say: Say) -> None:
    say("checked")
    for outcome in outcomes:
        say(f"  {'yes' if outcome.kept else 'NO '}  {outcome.promise}")
    kept = sum(outcome.kept for outcome in outcomes)
    say(f"{kept} of {len(outcomes)} as promised")


async def _stay(stage: Stage, say: Say) -> None:
    host, port = stage.smtp
    say("\nIt stays up until you press Ctrl-C. Send it a mail:")
    say(f"  swaks --server {host}:{port} --to support@example.com --header 'Subject: hello'")
    say(
        f"""  python3 -c 'import smtplib; smtplib.SMTP("{host}", {port}).sendmail("me@client.example", """
        """"support@example.com", "Subject: hello\\r\\n\\r\\nhello")'"""
    )
    say(f"Agents:   {stage.simulator.origin}/   (read errands there, and answer them)")
    say(f"Errands:  {stage.simulator.origin}/_sim/errands   calls: {stage.simulator.origin}/_sim/calls")
    say(f"Gateway:  http://{stage.gateway.http}/readyz   http://{stage.gateway.http}/metrics")
    await asyncio.Event().wait()
