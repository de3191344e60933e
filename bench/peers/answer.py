"""The script that `scripts/bench answer` measures against: callback, attachments, mail, smarthost, one by one.

`python -m bench.peers.answer PORT CENTION_URL SMTP_PORT`. `requests` and `smtplib` on kept connections; what it has not
finished when it ends is lost.
"""

import base64
import json
import smtplib
import sys
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import requests


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    session = requests.Session()
    smarthost: smtplib.SMTP
    url: str

    def do_POST(self) -> None:
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.smarthost.send_message(_mail(document, self._fetched(document)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _fetched(self, document: Any) -> dict[str, bytes]:
        found = {}
        for one in document["included"]:
            if one["type"] == "c3_response_attachments":
                headers = {"Authorization": "Bearer token", "Accept": "application/vnd.api+json"}
                answer = self.session.get(
                    f"{self.url}/capi/json/{one['type']}/{one['id']}", headers=headers, timeout=60
                )
                content = answer.json()["data"]["attributes"]["attachment"]["content"]
                found[one["id"]] = base64.b64decode(content)
        return found

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def _mail(document: Any, pictures: dict[str, bytes]) -> EmailMessage:
    answer = next(one for one in document["included"] if one["type"] == "c3_answer_errands")
    response = answer["attributes"]["answer"]["response"]
    mail = EmailMessage()
    mail["From"], mail["To"] = "support@example.com", response["to"][0]["email_address"]
    mail["Subject"] = response["subject"]
    mail.set_content(response["body"])
    mail.add_alternative(response["html_body"], subtype="html")
    for name, content in pictures.items():
        html = mail.get_payload()[1]  # type: ignore[index]
        html.add_related(content, "image", "png", cid=f"<attachment_{name}>")  # type: ignore[union-attr]
    return mail


def main() -> None:
    """Serve until SIGTERM."""
    _Handler.url = sys.argv[2]
    _Handler.smarthost = smtplib.SMTP("127.0.0.1", int(sys.argv[3]))
    HTTPServer(("127.0.0.1", int(sys.argv[1])), _Handler).serve_forever()


if __name__ == "__main__":
    main()
