"""From what an agent writes to the answer that is sent, and from what strangers wrote to what is shown."""

import json

import pytest
from starlette.datastructures import FormData

from gateway.simulator.errand import Upload
from gateway.simulator.pages import archive, composed, frame, jsonview
from gateway.simulator.pages.composed import Written
from gateway.simulator.pages.listing import Where
from gateway.simulator.pages.words import size

FILE = Upload("bild.png", "image/png", "iVBORw0KGgo=")


def test_text_becomes_html_that_says_the_same() -> None:
    answer = composed.answer(Written("1 < 2 & so\non"), [])
    assert (answer.text, answer.html) == ("1 < 2 & so\non", "1 &lt; 2 &amp; so<br />\non")


def test_a_named_picture_comes_where_it_is_named_and_a_ticked_one_once() -> None:
    answer = composed.answer(Written("a [picture map.png] b", pictures=("map.png", "thanks.png")), [])
    assert answer.html == 'a <img src="cid:archive_1" alt="map.png" /> b'
    assert answer.text == "a [map.png] b"
    assert [file.name for file in answer.archives] == ["map.png", "thanks.png"]


def test_an_uploaded_picture_is_named_by_its_file_name_whatever_that_is() -> None:
    named = Upload('a<b>&"c".png', "image/png", "")
    answer = composed.answer(Written(f"[picture {named.name}] [picture bild.png]"), [FILE, named])
    first = '<img src="cid:attachment_2" alt="a&lt;b&gt;&amp;&quot;c&quot;.png" />'
    assert answer.html == f'{first} <img src="cid:attachment_1" alt="bild.png" />'


@pytest.mark.parametrize("is_html", [True, False])
def test_a_picture_that_there_is_not_stays_as_it_was_written(*, is_html: bool) -> None:
    assert "[picture ../map.png]" in composed.answer(Written("[picture ../map.png]", is_html), []).html


def test_html_goes_as_it_is_with_a_text_for_those_who_read_text() -> None:
    answer = composed.answer(Written("<p>Hello <b>you</b></p><p>Bye</p>", is_html=True), [])
    assert answer.html == "<p>Hello <b>you</b></p><p>Bye</p>"
    assert answer.text == "Hello **you**\n\nBye"


def test_to_and_subject_are_the_errand_s_unless_they_are_written() -> None:
    answer = composed.answer(Written("x"), [])
    assert (answer.to, answer.subject) == (None, None)
    answer = composed.answer(Written("x", to='"Öberg, Åsa" <asa@a.example>, b@b.example', subject="Other"), [])
    assert answer.to == (("Öberg, Åsa", "asa@a.example"), ("", "b@b.example"))
    assert answer.subject == "Other"


@pytest.mark.parametrize("written", [Written(), Written(" \n "), Written("x", to="nobody"), Written("x", to="a@b, c")])
def test_what_cannot_be_sent_is_an_error_with_a_sentence(written: Written) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        composed.answer(written, [])


def test_a_form_is_read_with_a_text_s_line_ends_and_only_pictures_that_there_are() -> None:
    form = FormData([("text", "a\r\nb"), ("format", "html"), ("picture", "map.png"), ("picture", "../x")])
    assert composed.read(form) == Written("a\nb", is_html=True, pictures=("map.png",))


@pytest.mark.parametrize("name", archive.NAMES)
def test_the_archive_s_images_are_pictures(name: str) -> None:
    assert archive.content(name).startswith(b"\x89PNG\r\n")


def test_a_message_s_pictures_are_found_by_their_content_id_however_it_is_written() -> None:
    html = '<img src="CID:a%40b"><img src=cid:12><p style="background:url(cid:a@b)"><a href="cid:unknown">'
    shown = frame.document(html, [("a@b", "/f/1"), ("12", "/f/2")])
    assert shown.count("/f/1") == 2
    assert "<img src=/f/2>" in shown
    assert "cid:unknown" in shown


# The guess is only a guess, but it has bounds, and more text makes more height.
def test_a_frame_is_neither_too_small_nor_too_large() -> None:
    heights = [
        frame.height(html) for html in ("", "<p>" + "word " * 200, "<br>" * 10_000, f"<style>{'x' * 5000}</style>")
    ]
    assert heights[0] == frame.LEAST_HEIGHT == heights[3]
    assert frame.LEAST_HEIGHT < heights[1] < heights[2] == frame.MOST_HEIGHT


def test_a_long_string_is_cut_and_its_length_said() -> None:
    shown = jsonview.laid_out({"content": "A" * 1_000_000, "name": "x" * 300, "quoted": '\\"' * 400})
    assert f'"{"A" * jsonview.SHOWN}… (1,000,000 characters)"' in shown
    assert "x" * 300 in shown
    assert len(shown) < 1500


# What stands between two strings is no string, however long it is.
def test_many_numbers_are_shown_as_they_are() -> None:
    value = {"numbers": list(range(1000)), "name": "x" * 300, "empty": "", "quoted": '"\\'}
    assert json.loads(jsonview.laid_out(value)) == json.loads(jsonview.line(value)) == value


def test_an_address_of_the_list_keeps_what_it_shows() -> None:
    assert Where().suffix == ""
    assert Where(area="demo/å b").suffix == "?area=demo%2F%C3%A5+b"
    assert Where(closed=True).suffix == "?closed=1"
    assert Where(query="a&b").suffix == "?q=a%26b"


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (84_000, "84 kB"), (2_500_000, "2.5 MB")]
)
def test_sizes_are_said_as_people_say_them(count: int, said: str) -> None:
    assert size(count) == said
