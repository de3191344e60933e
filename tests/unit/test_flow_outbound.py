"""From an answer and what was fetched for it to the mail that is composed."""

from dataclasses import replace

from gateway.flow.outbound import Origin, to_reply
from gateway.model import Address, Answer, Attachment, Resource

ORIGIN = Origin("demo", "Support <support@example.com>")
FILE, LOGO = Resource("c3_response_attachments", "788"), Resource("c3_area_archives", "12")
FETCHED = {FILE: Attachment("a.png", "image/png", b"a"), LOGO: Attachment("logo.png", "image/png", b"logo")}


def answer(html: str) -> Answer:
    return Answer("17", "1", "2", "hello", "", html, (Address("A", "a@x.example"),), (FILE,), (LOGO,))


def test_what_the_html_names_is_inline_and_the_rest_is_a_file() -> None:
    reply = to_reply(answer('<img src="cid:12">'), ORIGIN, FETCHED, 0.0)
    assert [(picture.content_id, picture.content) for picture in reply.inline] == [("12", b"logo")]
    assert [(file.content_id, file.content) for file in reply.files] == [("", b"a")]


# However often it is called, and wherever: in a tag, a style, a set of sources.
def test_a_picture_that_is_called_often_is_embedded_once() -> None:
    html = '<img src="cid:12"><td background="cid:12"><p style="background:url(cid:12)"><img srcset="cid:12 2x">'
    reply = to_reply(answer(html), ORIGIN, FETCHED, 0.0)
    assert [picture.content_id for picture in reply.inline] == ["12"]


# An answer may quote a mail whose pictures were called by the names that they had there.
def test_a_picture_may_be_called_by_the_content_id_that_it_was_given() -> None:
    fetched = FETCHED | {FILE: replace(FETCHED[FILE], content_id="logo@customer")}
    reply = to_reply(answer('<img src="cid:logo@customer"><img src="cid:12">'), ORIGIN, fetched, 0.0)
    assert [picture.content_id for picture in reply.inline] == ["logo@customer", "12"]
    assert reply.files == ()


def test_the_names_of_older_servers_are_called_alike() -> None:
    older = Resource("c3_areaarchive", "12")
    reply = to_reply(answer('<img src="cid:12">'), ORIGIN, {older: FETCHED[LOGO]}, 0.0)
    assert [picture.content_id for picture in reply.inline] == ["12"]
