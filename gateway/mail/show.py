"""A composed mail as a browser shows it: its HTML with the pictures of its parts in it, and nothing from elsewhere."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape

import pybase64

_SHOWN = ("From", "Reply-To", "To", "Cc", "Subject", "Date")
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width"><title>{title}</title>
<style>body{{margin:0;font:14px/1.5 sans-serif;display:flex;flex-direction:column;height:100vh}}
table,ul{{margin:1em;align-self:flex-start}}th{{text-align:right;padding-right:1em;vertical-align:top}}
iframe{{flex:1;border:0;border-top:1px solid #ccc}}
</style></head><body><table>{fields}</table>{files}<iframe sandbox srcdoc="{content}"></iframe></body></html>
"""


def html_of(mail: bytes) -> str:
    """Return the HTML of a mail, its text where it has none, with `data:` where it calls its parts by `cid:`."""
    message = _read(mail)
    if (body := message.get_body(("html", "plain"))) is None:
        return ""
    content = str(body.get_content())
    if body.get_content_type() == "text/plain":
        return f'<!DOCTYPE html><meta charset="utf-8"><pre style="white-space:pre-wrap">{escape(content)}</pre>'
    for part in message.walk():
        if name := str(part.get("Content-ID", "")).strip("<>"):
            picture = part.get_content()
            encoded = pybase64.b64encode(picture if isinstance(picture, bytes) else b"").decode()
            content = content.replace(f"cid:{name}", f"data:{part.get_content_type()};base64,{encoded}")
    return content


def page_of(mail: bytes) -> str:
    """Return a page with a mail's header, the names of its files, and its HTML in a frame in which nothing runs."""
    message = _read(mail)
    rows = (f"<tr><th>{name}</th><td>{escape(str(message[name]))}</td></tr>" for name in _SHOWN if name in message)
    files = "".join(f"<li>{escape(name)}</li>" for name in _files(message))
    return _PAGE.format(
        policy=_POLICY,
        title=escape(str(message["Subject"])),
        fields="".join(rows),
        files=f"<ul>{files}</ul>" if files else "",
        content=escape(html_of(mail)),
    )


def _files(message: EmailMessage) -> Iterator[str]:
    return (part.get_filename("") for part in message.walk() if part.get_content_disposition() == "attachment")


def _read(mail: bytes) -> EmailMessage:
    message = message_from_bytes(mail, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message
