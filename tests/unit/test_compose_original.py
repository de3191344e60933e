"""What is done to an answer's text before it is a mail: the original message, the subject, style sheets, `data:`."""

import time

import pybase64
import pytest

from gateway.mail.cascade import with_inline_styles
from gateway.mail.datapicture import taken_out
from gateway.mail.original import in_html, in_text, split
from gateway.mail.subject import answering

BEGIN = "--------- Cention Contact Center - Original message ---------"
END = "--------- Cention Contact Center - Original message - End ---------"
HTML = f"<div>Hi<br>\n{BEGIN}<br>\nErrand: #2256-1<br>\nQuestion: <p>Why?</p>\n{END}</div>"
TEXT = f"Hi\n\n{BEGIN}\nErrand: #2256-1\n\nWhy?\n{END}\n"
PNG = pybase64.b64encode(b"\x89PNG\r\n\x1a\n picture").decode()


def test_kept_it_is_not_touched() -> None:
    assert (in_html(HTML, "keep"), in_text(TEXT, "keep")) == (HTML, TEXT)


# Mail programs fold what is marked as a quotation; to the others it is one.
def test_folded_it_is_a_quotation_and_says_the_same() -> None:
    html = in_html(HTML, "fold")
    assert html.startswith('<div>Hi<br>\n<blockquote type="cite"')
    assert html.endswith(f"{END}\n</blockquote></div>")
    assert HTML.partition("Hi<br>\n")[2].removesuffix("</div>") in html
    assert in_text(TEXT, "fold") == f"Hi\n\n> {BEGIN}\n> Errand: #2256-1\n>\n> Why?\n> {END}\n"


# Cention may find the errand by that line when the customer answers.
def test_dropped_it_leaves_the_line_with_the_errand() -> None:
    assert in_html(HTML, "drop") == "<div>Hi<br>\nErrand: #2256-1</div>"
    assert in_text(TEXT, "drop") == "Hi\n\nErrand: #2256-1\n"


# To cut through elements would break the page, so it is left as it is.
@pytest.mark.parametrize(
    "html",
    [
        f"<b>{BEGIN}</b>x<b>{END}</b>",
        f"<table><tr><td>{BEGIN}</td></tr></table>{END}",
        f"{BEGIN}<div>{END}",
        BEGIN,
        END,
        f"{END} {BEGIN}",
        "",
    ],
)
@pytest.mark.parametrize("choice", ["fold", "drop"])
def test_a_block_that_is_no_piece_of_its_own_stays(html: str, choice: str) -> None:
    assert in_html(html, choice) == html  # type: ignore[arg-type]


def test_a_block_within_the_block_belongs_to_it() -> None:
    nested = f"Hi\n{BEGIN}\nErrand: #1\nmine\n{BEGIN}\nErrand: #0\n{END}\n{END}\nBye"
    assert in_text(nested, "drop") == "Hi\nErrand: #1\nBye"


def test_an_answer_is_parted_where_the_block_begins() -> None:
    assert split(TEXT) == ("Hi\n\n", TEXT.removeprefix("Hi\n\n"))
    assert split("Hi") == ("Hi", "")


# What comes between the two is not within the quotation.
def test_a_folded_block_is_parted_before_its_mark() -> None:
    assert split(in_text(TEXT, "fold"))[0] == "Hi\n\n"
    assert split(in_html(HTML, "fold"))[0] == "<div>Hi<br>\n"


@pytest.mark.parametrize(
    "piece",
    [
        "-",
        "----- ",
        "-----x- Original message ",
        "- Original message -----",
        f"{BEGIN}<div",
        '<a "',
        "<!--",
        BEGIN + END,
    ],
)
def test_hostile_bodies_take_no_more_time_than_their_length(piece: str) -> None:
    body = f"{BEGIN}{piece * (300_000 // len(piece))}{END}"
    started = time.monotonic()
    for choice in ("fold", "drop"):
        in_html(body, choice)
        in_text(body, choice)
    taken_out(f"<img src=data:image/png;base64,{body}")
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Your order", "Re: Your order"),
        ("", "Re:"),
        ("Return of goods", "Re: Return of goods"),
        ("Res publica", "Re: Res publica"),
        *(
            (said, said)
            for said in ("Re: x", "RE: x", "re:x", "AW: x", "SV: x", "Antw: x", "VS: x", "Re[2]: x", "RE (3): x")
        ),
        ("Odp: x", "Odp: x"),
        ("回复\uff1ax", "回复\uff1ax"),
    ],
)
def test_a_subject_says_once_that_it_answers(subject: str, expected: str) -> None:
    assert answering(subject, "Re:") == expected
    assert answering(expected, "Re: ") == expected
    assert answering(subject, "") == subject


def test_the_rules_of_a_style_sheet_are_on_the_elements_and_the_sheet_stays() -> None:
    html = with_inline_styles("<style>.a{color:red} @media print{.a{color:black}}</style><p class=a>x</p>")
    assert '<p class="a" style="color: red;">x</p>' in html
    assert "@media print" in html


# An element's own style is nearer to it than any sheet.
def test_an_element_keeps_its_own_style() -> None:
    html = with_inline_styles('<style>p{color:red}</style><p style="color:blue">x</p>')
    assert html.index("red") < html.rindex("blue")


def test_a_fragment_stays_a_fragment_and_a_page_a_page() -> None:
    assert with_inline_styles("<style>p{color:red}</style><p>x").startswith("<style>p{color:red}</style><p style")
    # What a sheet says of the page is on a box around the fragment.
    html = with_inline_styles("<style>body{color:red} :root{--x:1px}</style><p>x")
    assert html == '<style>body{color:red} :root{--x:1px}</style><div style="color: red"><p>x</p></div>'
    page = "<!DOCTYPE html><html><head><style>p{color:red}</style></head><body><p>x</p></body></html>"
    assert with_inline_styles(page) == page.replace("<p>", '<p style="color: red;">')


def test_a_page_without_a_style_sheet_is_not_touched() -> None:
    html = "<P Class=a>x &amp; y<br />"
    assert with_inline_styles(html) == html


# What a customer wrote is quoted in answers: it must not make us read files or call hosts.
def test_no_style_sheet_is_fetched() -> None:
    sheet = "<style>@import url(http://127.0.0.1:9/x); p{color:red}</style>"
    html = f'<link rel="stylesheet" href="file:///etc/passwd">{sheet}<p>x'
    assert "root:" not in with_inline_styles(html)


@pytest.mark.parametrize(
    "html",
    [
        f"<style>{'p{a:b}' * 3000}</style>{'<p>x</p>' * 3000}",
        f"<style>*{{a:{'b' * 1000}}}</style>{'<p>x</p>' * 3000}",
        f"<style>p{{a:b}}</style>{'<div>' * 5000}",
        f"<style>p{{a:b}}</style>{'x' * 2_000_000}",
    ],
    ids=["many rules", "much said", "deep", "large"],
)
def test_a_page_that_would_cost_time_stays_as_it_is(html: str) -> None:
    assert with_inline_styles(html) == html


def test_a_picture_in_the_html_becomes_one_that_is_called() -> None:
    html, pictures = taken_out(
        f'<img src="data:image/png;base64,{PNG}"><p style="background:url(data:image/png;base64,{PNG})">'
    )
    (picture,) = pictures
    assert (picture.content_type, picture.content) == ("image/png", pybase64.b64decode(PNG))
    assert html == f'<img src="cid:{picture.content_id}"><p style="background:url(cid:{picture.content_id})">'


@pytest.mark.parametrize(
    "html",
    [
        '<img src="data:image/png;base64,@@@">',
        '<img src="data:image/png;base64,abc">',
        '<img src="data:image/svg+xml;base64,PHN2Zz4=">',
        f"<p>data:image/png;base64,{PNG}",
        '<a href="data:text/html;base64,PGI+">x</a>',
        '<img src="data:image/png;base64,">',
    ],
)
def test_what_is_no_whole_picture_stays_where_it_is(html: str) -> None:
    assert taken_out(html) == (html, ())


def test_no_more_pictures_are_taken_out_than_a_mail_should_have() -> None:
    _, pictures = taken_out("".join(f"<img src='data:image/gif;base64,{number:08}'>" for number in range(300)))
    assert len(pictures) == 200
