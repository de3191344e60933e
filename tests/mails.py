"""Mails for tests, written as their parts; and what was read of them."""

from gateway.mail.manner import USUAL, Manner
from gateway.mail.parse import parse
from gateway.model import Mail


def part(content_type: str, content: str, *fields: str) -> str:
    return "".join(f"{field}\n" for field in (f"Content-Type: {content_type}", *fields)) + f"\n{content}\n"


def multipart(subtype: str, *parts: str, boundary: str = "=_1", more: str = "") -> str:
    inner = "".join(f"--{boundary}\n{one}" for one in parts)
    return f'Content-Type: multipart/{subtype}; boundary="{boundary}"{more}\n\n{inner}--{boundary}--\n'


def read(content: str, header: str = "From: a@b\n", manner: Manner = USUAL) -> Mail:
    return parse((header + content).encode(), "<1@x>", manner)


def files(mail: Mail) -> list[tuple[str, str, str]]:
    return [(one.name, one.content_type, one.content_id) for one in mail.attachments]
