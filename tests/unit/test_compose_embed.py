"""How an HTML body calls pictures, and how it calls them in the mail."""

import time

import pytest

from gateway.mail.embed import cids, embed, missing_cids

IDS = {"1": "one@x", "12": "twelve@x", "attachment_788": "file@x", "a b": "spaced@x"}


@pytest.mark.parametrize(
    ("html", "embedded"),
    [
        ('<img src="cid:12">', '<img src="cid:twelve@x">'),
        ("<img src='cid:12'>", "<img src='cid:twelve@x'>"),
        ("<img src=cid:12>", "<img src=cid:twelve@x>"),
        ("<img src=cid:12/>", "<img src=cid:twelve@x/>"),
        ('<IMG SRC = "CID:attachment_788" alt="x">', '<IMG SRC = "cid:file@x" alt="x">'),
        ('<img alt="a > b" src="cid:1">', '<img alt="a > b" src="cid:one@x">'),
        ('<img alt=5" src="cid:1">', '<img alt=5" src="cid:one@x">'),
        ('<img src="cid:a%20b">', '<img src="cid:spaced@x">'),
        ('<img src="cid:attachment&#95;788">', '<img src="cid:file@x">'),
        ('<img src=" cid:1 ">', '<img src=" cid:one@x ">'),
        ('<td background="cid:1">', '<td background="cid:one@x">'),
        ('<div style="background:url(cid:12) red">', '<div style="background:url(cid:twelve@x) red">'),
        ("<div style=\"background:url('cid:12')\">", "<div style=\"background:url('cid:twelve@x')\">"),
        (
            '<div style="background: URL( &quot;cid:12&quot; )">',
            '<div style="background: URL( &quot;cid:twelve@x&quot; )">',
        ),
        (
            "<style>a{b:url(cid:1)} c{d:url(cid:12)}</style>",
            "<style>a{b:url(cid:one@x)} c{d:url(cid:twelve@x)}</style>",
        ),
        ('<img srcset="cid:1 1x, cid:12 2x">', '<img srcset="cid:one@x 1x, cid:twelve@x 2x">'),
        ('<img src="cid:1"><img src="cid:12">', '<img src="cid:one@x"><img src="cid:twelve@x">'),
        ('<a href="cid:attachment_788">', '<a href="cid:file@x">'),
        ('<!--[if mso]><v:fill src="cid:1"/><![endif]-->', '<!--[if mso]><v:fill src="cid:one@x"/><![endif]-->'),
        ('<p>3 < 4 "</p><img src="cid:1">', '<p>3 < 4 "</p><img src="cid:one@x">'),
    ],
)
def test_every_way_to_call_a_picture_is_understood(html: str, embedded: str) -> None:
    assert embed(html, IDS) == embedded
    assert missing_cids(html, IDS) == ()
    assert cids(html) <= IDS.keys()
    assert cids(html)


@pytest.mark.parametrize(
    "html",
    [
        "cid:12",
        "<p>cid:12</p>",
        '<img alt="cid:12">',
        '<!-- <img src="cid:12"> -->',
        '<p title="a cid:12">',
        "<!-- <img src=cid:12>",
    ],
)
def test_a_name_in_text_or_comment_is_no_call(html: str) -> None:
    assert cids(html) == frozenset()
    assert embed(html, IDS) == html


# The answer goes out although a picture of it is gone; the reader is told what was there.
@pytest.mark.parametrize(
    ("html", "embedded"),
    [
        ('a<img src="cid:99" alt="Our &lt;logo&gt;">b', "aOur &lt;logo&gt;b"),
        ("a<img alt=Logo src=cid:99>b", "aLogob"),
        ('a<IMG SRC="cid:99">b', "ab"),
        ('<img src="cid:99" alt="a > b">', "a &gt; b"),
        ('<td background="cid:99">', '<td background="cid:99">'),
    ],
)
def test_a_picture_that_is_not_there_becomes_its_alternative_text(html: str, embedded: str) -> None:
    assert embed(html, IDS) == embedded
    assert missing_cids(html, IDS) == ("99",)


def test_what_is_missing_is_told_once_and_in_order() -> None:
    html = '<img src="cid:z"><img src="cid:1"><img src="cid:b"><img src="cid:z">'
    assert missing_cids(html, IDS) == ("z", "b")
    assert cids(html) == {"z", "1", "b"}


# The customer's own mail is quoted in the answer: what is slow here is slow for everybody.
@pytest.mark.parametrize(
    "piece",
    [
        "<a ",
        '<a "',
        "<a ='",
        '<a="',
        "<!--",
        "<!--[if ",
        "<style>",
        "<img src=",
        "<a x" * 3,
        "url(cid:",
        "cid:",
        "<p a=\"<p a='",
        "&",
    ],
)
def test_hostile_html_takes_no_more_time_than_its_length(piece: str) -> None:
    html = piece * (500_000 // len(piece))
    started = time.monotonic()
    cids(html)
    assert embed(f"<p {'a' * 300_000} ", IDS)
    assert embed(f"<p {'a' * 300_000} >", IDS)
    assert time.monotonic() - started < 2
