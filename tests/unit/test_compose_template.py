"""A route's letter paper: what is around its answers, its logo, and how a mistake in a template is told."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.config.answer import AnswerSection
from gateway.config.cention import Route
from gateway.config.settings import Settings
from gateway.errors import Permanent
from gateway.flow.outbound import Origin, to_reply
from gateway.flow.presentation import Presentation, presentations
from gateway.mail.compose import compose
from gateway.mail.stationery import Mistake, Stationery, read_html, read_text
from gateway.model import Address, Answer, Reply
from tests.unit.test_compose import html_of, parts, read, shape

ROOT = Path(__file__).parents[2]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(100))
BLOCK = (
    "--------- Cention Contact Center - Original message ---------\nErrand: #7-1\n"
    "--------- Cention Contact Center - Original message - End ---------"
)
ANSWER = Answer(
    "7",
    "1",
    "2",
    "Your order",
    f"It is {{{{ 7 * 7 }}}} & on its way.\n\n{BLOCK}",
    "",
    (Address("Ann", "ann@x.example"),),
)
HTML = f"<p>It is <b>on</b> its way.</p>{BLOCK}"


def answered(section: AnswerSection, html: str = HTML, **answer: Any) -> Reply:
    """The reply of a route with these settings."""
    lines: list[str] = []
    route = Route.model_construct(name="support", answer=section)
    looks = presentations(Settings.model_construct(route=[route]), lines)
    assert lines == []
    given = Answer(**{name: getattr(ANSWER, name) for name in ANSWER.__slots__} | {"html_body": html} | answer)
    return to_reply(given, Origin("demo", "Support & Co <us@example.com>"), {}, 0.0, (), looks["support"], "support")


def mistakes(folder: Path, template: str, key: str = "html_template") -> list[str]:
    """What is said of a template in a file, without the file's folder."""
    (folder / "t.html").write_text(template)
    section = AnswerSection.model_validate({key: str(folder / "t.html")})
    lines: list[str] = []
    presentations(Settings.model_construct(route=[Route.model_construct(name="a", answer=section)]), lines)
    return [line.replace(f"{folder}/", "") for line in lines]


def test_without_settings_an_answer_is_as_cention_wrote_it() -> None:
    reply = answered(AnswerSection())
    assert (reply.body, reply.html_body, reply.inline) == (ANSWER.body, HTML, ())


def test_a_header_a_signature_and_small_print_are_around_the_answer() -> None:
    reply = answered(AnswerSection(header="Hello", signature="Ann\nSupport", legal="Company <1234>"))
    assert (
        reply.body == f"Hello\n\nIt is {{{{ 7 * 7 }}}} & on its way.\n\n-- \nAnn\nSupport\n\n{BLOCK}\n\nCompany <1234>"
    )
    places = [
        reply.html_body.index(said) for said in ("Hello", "<b>on</b>", "Ann<br>", "Errand:", "Company &lt;1234&gt;")
    ]
    assert places == sorted(places)


# What an agent or a customer writes is a value: no template of theirs runs.
def test_an_answer_is_no_template() -> None:
    reply = answered(AnswerSection(signature="{{ 7 * 7 }}"), "<p>{{ 7 * 7 }}{% raw %}</p>", subject="{{ 8 * 8 }}")
    assert "49" not in reply.html_body + reply.body
    assert reply.subject == "{{ 8 * 8 }}"


# A name from the other side is text in the HTML, whatever is in it.
def test_what_a_template_is_given_is_text(tmp_path: Path) -> None:
    (tmp_path / "t.html").write_text("Dear {{ recipient_name }}, {{ sender_name }}: {{ body }}")
    reply = answered(AnswerSection(html_template=str(tmp_path / "t.html")), to=(Address("<b>Eve", "e@x.example"),))
    assert reply.html_body.startswith("Dear &lt;b&gt;Eve, Support &amp; Co: <p>")


def test_the_logo_is_sent_once_and_called(tmp_path: Path) -> None:
    (tmp_path / "logo").write_bytes(PNG)
    (tmp_path / "t.html").write_text('<img src="{{ logo }}"><td background="{{ logo }}">{{ body }}')
    section = AnswerSection(logo=str(tmp_path / "logo"), html_template=str(tmp_path / "t.html"))
    message = compose(answered(section))
    (picture,) = parts(message, "image/png")
    assert picture.get_payload(decode=True) == PNG
    assert html_of(message).count(f"cid:{picture['Content-ID'].strip('<>')}") == 2


# Else the logo would be with no text and the answer with no logo.
def test_an_answer_of_text_alone_has_html_where_there_is_a_template() -> None:
    reply = answered(AnswerSection(signature="Ann"), "")
    assert "&amp; on its way.<br>\n<br>" in reply.html_body
    assert shape(read(compose(reply))) == ("alternative", ["text/plain", "text/html"])


def test_an_answer_of_html_alone_has_a_text_within_the_template_for_text() -> None:
    assert answered(AnswerSection(signature="Ann"), "<p>Good <b>day</b></p>", body="").body == "Good day\n\n-- \nAnn"


# A page in a page would be no page: what it shows comes into the template, with its sheets and colours.
def test_a_whole_page_is_put_into_the_template_as_what_it_shows() -> None:
    page = (
        '<html><head><title>t</title><style>p{color:red}</style></head><body bgcolor="#eeeeee"><p>x</p></body></html>'
    )
    html = answered(AnswerSection(signature="Ann"), page).html_body
    assert "<body" not in html
    assert '<div style="background-color: #eeeeee"><p style="color: red;">x</p></div>' in html
    assert "<title>" not in html


def test_the_language_is_said_in_the_header_and_in_the_page() -> None:
    message = compose(answered(AnswerSection(language="pt-BR")))
    assert read(message)["Content-Language"] == "pt-BR"
    assert '<html lang="pt-BR">' in html_of(message)


def test_the_same_answer_with_a_template_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "logo").write_bytes(PNG)
    section = AnswerSection(logo=str(tmp_path / "logo"), legal="x", header="y", language="sv")
    assert compose(answered(section)) == compose(answered(section))


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ body }", "t.html, line 1: unexpected '}'"),
        ("{{ body }}\n\n{{ nobody }}", 't.html, line 3: "nobody" is not known; there is body,'),
        ("{{ body }}\n{% if legal == 'never' %}{{ nobody }}{% endif %}", 't.html, line 2: "nobody" is not known'),
        ("{{ body }}\n{{ errand|nope }}", "t.html, line 2: No filter named 'nope'"),
        ("{{ body }}\n{{ errand / 0 }}", "t.html, line 2: unsupported operand"),
        ("{{ body }}\n{{ body.__class__ }}", "t.html, line 2: access to attribute '__class__'"),
        ("{{ body }}{% include 'other.html' %}", "t.html, line 1: no loader"),
        ("{{ body }}{% for x in range(10 ** 9) %}{% endfor %}", "t.html, line 1: Range too big"),
        ("{% if legal %}{{ body }}{% endif %}", "t.html: the answer is nowhere in it"),
        ("{{ body }}{{ answer }}", "t.html: the answer is in it 2 times"),
        ("{{ answer }}", "t.html: the original is nowhere in it"),
    ],
)
@pytest.mark.parametrize("key", ["html_template", "text_template"])
def test_a_mistake_in_a_template_is_told_with_key_file_and_line(
    tmp_path: Path, template: str, said: str, key: str
) -> None:
    (line,) = mistakes(tmp_path, template, key)
    assert line.startswith(f"route[1].answer.{key}: {said}")


def test_templates_may_set_loop_and_define(tmp_path: Path) -> None:
    template = (
        "{% set a = errand %}{% macro m(b) %}{{ b }}{{ a }}{% endmacro %}{% for c in 'xy' %}{{ loop.index }}{{ c }}"
    )
    assert mistakes(tmp_path, template + "{% endfor %}{{ m(a) }}{{ body|safe }}") == []


def test_a_file_that_is_not_utf_8_or_no_picture_is_told(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"{{ body }} \xe4")
    (tmp_path / "logo.svg").write_text("<svg/>" * 20)
    section = AnswerSection(text_template=str(tmp_path / "latin"), logo=str(tmp_path / "logo.svg"))
    lines: list[str] = []
    presentations(Settings.model_construct(route=[Route.model_construct(name="a", answer=section)]), lines)
    assert [line.replace(str(tmp_path), "") for line in lines] == [
        "route[1].answer.text_template: /latin: expected UTF-8 text, found something else at byte 11",
        "route[1].answer.logo: /logo.svg: expected a PNG, JPEG, GIF or WebP, found something else",
    ]


@pytest.mark.parametrize("key", ["text_template", "html_template", "logo"])
def test_a_file_that_is_not_there_or_too_large_is_told(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="none: expected a file: No such file"):
        AnswerSection.model_validate({key: str(tmp_path / "none")})
    (tmp_path / "large").write_bytes(b"x" * 1_000_001)
    with pytest.raises(ValueError, match="large: expected at most"):
        AnswerSection.model_validate({key: str(tmp_path / "large")})


# What no trial has found is still no mail without its small print: the answer is parked with the reason.
def test_a_template_that_fails_only_on_an_answer_parks_it() -> None:
    html = read_html("{{ body }}{% if subject == 'bad' %}{{ 1 / 0 }}{% endif %}")
    look = Presentation(AnswerSection(), Stationery(read_text(), html, {}))
    bad = Answer("7", "1", "2", "bad", "x", "<p>x", ())
    with pytest.raises(Permanent, match="template of the route cannot be filled: division by zero"):
        to_reply(bad, Origin("demo", "us@example.com"), {}, 0.0, (), look)


def test_our_own_templates_can_be_used() -> None:
    for read_template in (read_text, read_html):
        assert read_template() is not None
        with pytest.raises(Mistake):
            read_template("nothing")


# The table in the example, put in force, is every key with its default.
def test_the_example_has_every_key_with_its_default() -> None:
    example = (ROOT / "config.toml.example").read_text(encoding="utf-8")
    found = re.search(r"^# \[route\.answer\].*\n((?:# # .*\n)+)", example, re.MULTILINE)
    assert found is not None
    written = tomllib.loads(found[1].replace("# # ", ""))
    assert written.keys() == AnswerSection.model_fields.keys()
    assert AnswerSection.model_validate(written) == AnswerSection()
