"""From any callback document to a mail that others read: drawn documents, with and without a route's letter paper."""

import json
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cention import callback
from gateway.config.answer import AnswerSection
from gateway.flow.outbound import Origin, to_reply
from gateway.flow.presentation import PLAIN, Presentation
from gateway.mail.compose import compose
from gateway.mail.field import clean
from gateway.mail.stationery import Stationery, read_html, read_text
from gateway.mail.subject import answering
from gateway.model import Answer, Attachment, Reply
from tests.answers import BLOCK, LETTER, METER
from tests.unit.test_compose_properties import LONG, NASTY, TEXT, content, crlf, leaves

PIECE = st.sampled_from(
    [
        "<p>",
        "</div>",
        "<style>p{color:red}</style>",
        '<img src="cid:12">',
        '<img alt="gone" src="cid:99">',
        "<img srcset='cid:attachment_788 2x'>",
        '<td background="cid:attachment_789">',
        "<img src='data:image/png;base64,iVBORw0KGgo='>",
        "{{ body }}{% if %}",
        "<html><head><meta charset=latin1></head><body bgcolor=red>",
        "<!--[if mso]>",
        BLOCK,
        METER,
    ]
)
HTML = st.one_of(st.just(""), st.lists(st.one_of(PIECE, NASTY, st.text(max_size=20)), max_size=10).map("".join))
FILE = st.builds(
    Attachment,
    TEXT,
    st.sampled_from(["image/png", "application/octet-stream", "message/rfc822", "text/html", "nonsense"]),
    st.binary(min_size=1),
)
NUMBER = st.sampled_from(["788", "789", "12"])
RECIPIENT = st.fixed_dictionaries(
    {"c3_id": st.integers(), "name": TEXT, "email_address": st.one_of(st.just("a@x.example"), TEXT)}
)
LETTERS = (
    PLAIN,
    LETTER,
    Presentation(
        AnswerSection(
            original_message="drop",
            written_by="program",
            reply_tag=True,
            list_unsubscribe=["https://www.example.com/u?e={errand}"],
            one_click_unsubscribe=True,
        ),
        Stationery(read_text("{{ body }}"), read_html("{{ body }} {{ recipient_name }} {{ subject }}"), {}),
    ),
)


def document(response: dict[str, Any]) -> bytes:
    """A callback as Cention writes it."""
    named = {
        "attachments": {"data": [{"type": "c3_response_attachments", "id": number} for number in ("788", "789")]},
        "embedded_archives": {"data": [{"type": "c3_area_archives", "id": "12"}]},
    }
    errand = {
        "type": "c3_answer_errands",
        "id": "2256",
        "attributes": {"answer": {"c3_id": 1189, "response": {"c3_id": 3304, **response}}},
        "relationships": named,
    }
    data = {"type": "c3_callback_answer_errands", "id": "76", "attributes": {"event": 1}}
    return json.dumps({"data": data, "included": [errand]}).encode()


@st.composite
def replies(draw: st.DrawFn) -> tuple[Answer, Presentation, Reply]:
    """A document that was drawn, read and made a reply, with files drawn for what it names."""
    said = document(
        {
            "subject": draw(TEXT),
            "body": draw(LONG),
            "html_body": draw(HTML),
            "to": draw(st.lists(RECIPIENT, max_size=3)),
        }
    )
    answer = callback.read(callback.parse(said))
    assert isinstance(answer, Answer)
    fetched = {resource: draw(FILE) for resource in (*answer.attachments, *answer.archives)}
    look = draw(st.sampled_from(LETTERS))
    origin = Origin("demo", "Support <support@example.com>", ("<q@x.example>",))
    return (
        answer,
        look,
        to_reply(answer, origin, fetched, 1.0, (("X-Cention-Errand", "gw"),), look, "support", answer.to),
    )


def read(message: bytes) -> EmailMessage:
    mail = message_from_bytes(message, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


@settings(deadline=None, max_examples=100)
@given(replies())
def test_any_callback_becomes_a_mail_without_a_defect_and_with_its_fields_alone(
    drawn: tuple[Answer, Presentation, Reply],
) -> None:
    answer, look, reply = drawn
    message = compose(reply)
    assert compose(reply) == message
    assert max(map(len, message.split(b"\r\n"))) <= 998
    assert message.count(b"\r\n") == message.count(b"\r") == message.count(b"\n")
    mail = read(message)
    assert [part.defects for part in mail.walk() if part.defects] == []
    assert len(mail.keys()) == len(set(mail.keys()))
    assert "Bcc" not in mail
    subject = str(make_header(decode_header(message_from_bytes(message)["Subject"].replace("\r\n", ""))))
    assert subject == clean(answering(answer.subject, look.section.subject_prefix), 1000)


@settings(deadline=None, max_examples=100)
@given(replies())
def test_all_that_was_fetched_for_it_arrives_shown_or_as_a_file(drawn: tuple[Answer, Presentation, Reply]) -> None:
    _, look, reply = drawn
    logo = [look.stationery.logo.content] if look.stationery is not None and look.stationery.logo is not None else []
    parts = leaves(read(compose(reply)))
    arrived = {content(part) for part in parts if part.get_content_disposition()}
    assert arrived == {one.content for one in (*reply.inline, *reply.files)} | set(logo)
    page = next((str(part.get_content()) for part in parts if part.get_content_type() == "text/html"), "")
    for part in parts:
        if name := part["Content-ID"]:
            assert f"cid:{name.strip('<>')}" in page


# Without settings nothing is done to what the agent wrote.
@settings(deadline=None, max_examples=100)
@given(replies())
def test_the_text_arrives_as_it_was_written(drawn: tuple[Answer, Presentation, Reply]) -> None:
    answer, look, reply = drawn
    if look is PLAIN and answer.body.strip():
        plain = next(part for part in leaves(read(compose(reply))) if part.get_content_type() == "text/plain")
        assert content(plain).removesuffix(b"\r\n") == crlf(answer.body).removesuffix(b"\r\n")
    elif answer.body.strip() and BLOCK not in answer.body:
        assert answer.body.strip() in reply.body
