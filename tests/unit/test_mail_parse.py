"""A mail as its sender meant it: bodies, pictures, files, names, charsets; and whatever comes, something to read."""

import base64
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.parse import parse
from gateway.model import Address, Mail

HEAD = b"From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n"


def read(raw: bytes | str) -> Mail:
    return parse(raw if isinstance(raw, bytes) else raw.replace("\n", "\r\n").encode(), "<fallback@gw>")


def multipart(subtype: str, *parts: str, boundary: str = "b") -> str:
    inner = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{subtype}; boundary="{boundary}"\n\n{inner}--{boundary}--\n'


PLAIN = "Content-Type: text/plain; charset=utf-8\n\nplain å\n"
HTML = 'Content-Type: text/html; charset=utf-8\n\n<p>html å <img src="cid:pic@x"></p>\n'
PNG = base64.b64encode(b"PNG").decode()
PICTURE = f"Content-Type: image/png\nContent-ID: <pic@x>\nContent-Transfer-Encoding: base64\n\n{PNG}\n"
FILE = 'Content-Type: application/pdf\nContent-Disposition: attachment; filename="f.pdf"\n\nPDF\n'


def test_a_plain_mail_is_text() -> None:
    mail = read(
        "Message-ID: <1@x>\nFrom: Anna <anna@a.example>\nSubject: Hej\n"
        "References: <r1@x> <r2@x>\nIn-Reply-To: <r3@x>\n\nhello\n"
    )
    assert (mail.message_id, mail.sender, mail.subject) == ("<1@x>", Address("Anna", "anna@a.example"), "Hej")
    assert (mail.body, mail.html_body, mail.attachments) == ("hello\n", "", ())
    assert mail.references == ("<r1@x>", "<r2@x>", "<r3@x>")


def test_alternatives_are_one_mail_and_the_picture_is_inline() -> None:
    mail = read(
        HEAD.decode().replace("\r", "")
        + multipart("alternative", PLAIN, multipart("related", HTML, PICTURE, boundary="c"))
    )
    assert mail.body.strip() == "plain å"
    assert "html å" in mail.html_body
    assert "cid:pic@x" in mail.html_body
    assert [(one.content_id, one.content_type, one.content) for one in mail.attachments] == [
        ("pic@x", "image/png", b"PNG")
    ]


def test_html_alone_gives_text_to_read() -> None:
    mail = read(
        HEAD.decode().replace("\r", "")
        + 'Content-Type: text/html\n\n<p>Hello <b>you</b>, see <a href="https://x.example/">this</a></p>'
    )
    assert "Hello" in mail.body
    assert "https://x.example/" in mail.body
    assert "<p>" not in mail.body


def test_files_are_attachments_and_text_parts_in_a_row_are_the_body() -> None:
    second = "Content-Type: text/plain\n\nsecond\n"
    mail = read(HEAD.decode().replace("\r", "") + multipart("mixed", PLAIN, FILE, second))
    assert mail.body.index("plain å") < mail.body.index("second")
    assert [(one.name, one.content_type, one.content.strip()) for one in mail.attachments] == [
        ("f.pdf", "application/pdf", b"PDF")
    ]


def test_a_mail_in_a_mail_is_a_file() -> None:
    inner = "Content-Type: message/rfc822\n\nSubject: The inner one\nFrom: c@d.example\n\ninner\n"
    mail = read(HEAD.decode().replace("\r", "") + multipart("mixed", PLAIN, inner))
    assert [(one.name, one.content_type) for one in mail.attachments] == [("The inner one.eml", "message/rfc822")]
    assert b"inner" in mail.attachments[0].content


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [
        ("Anna <anna@a.example>", "Anna", "anna@a.example"),
        ("anna@a.example", "", "anna@a.example"),
        ("anna@a.example (Anna A)", "Anna A", "anna@a.example"),
        ('"Berg, Anna" <anna@a.example>', "Berg, Anna", "anna@a.example"),
        ("=?utf-8?q?=C3=85sa=2C_B?= <anna@a.example>", "Åsa, B", "anna@a.example"),
        ("Åsa <anna@a.example>", "Åsa", "anna@a.example"),
        ("Anna <anna@a.example>, Bo <bo@a.example>", "Anna", "anna@a.example"),
        ("=?iso-8859-1?q?=C5sa?= =?iso-8859-1?q?_B?= <anna@a.example>", "Åsa B", "anna@a.example"),
    ],
)
def test_the_sender_is_read_as_people_write_it(value: str, name: str, address: str) -> None:
    assert read(f"From: {value}\n\nx\n").sender == Address(name, address)


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        ("=?utf-8?b?RnLDpWdh?=", "Fråga"),
        ("=?utf-8?q?Fr=C3=A5ga_om?=\n =?utf-8?q?_r=C3=A4kning?=", "Fråga om räkning"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=A5?=", "å"),
        ("Fråga", "Fråga"),
        ("=?windows-1252?q?caf=E9_=80?=", "café €"),
        ("=?gb2312?b?1tDOxA==?=", "中文"),
        ("=?utf-8?q?a=0D=0ABcc:_evil@x?=", "a Bcc: evil@x"),
        ("=?nonsense", "=?nonsense"),
        ("folded\n over lines", "folded over lines"),
    ],
)
def test_a_subject_is_decoded_and_is_one_line(value: str, subject: str) -> None:
    assert read(f"From: a@b\nSubject: {value}\n\nx\n").subject == subject


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ('attachment; filename="räkning.pdf"', "räkning.pdf"),
        ("attachment; filename*=utf-8''r%C3%A4kning.pdf", "räkning.pdf"),
        ("attachment; filename*0*=utf-8''r%C3%A4k; filename*1=ning.pdf", "räkning.pdf"),
        ('attachment; filename="=?utf-8?q?r=C3=A4kning=2Epdf?="', "räkning.pdf"),
        ("attachment; filename=two words.pdf", "two words.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\dir\\\\a.pdf"', "a.pdf"),
        ("attachment; filename*=utf-8''gpj%E2%80%AEexe.pdf", "gpjexe.pdf"),
        ("attachment; filename*=utf-8''a%00%0D%0Ab.pdf", "a b.pdf"),
    ],
)
def test_a_file_has_a_clean_name(parameters: str, name: str) -> None:
    part = f"Content-Type: application/pdf\nContent-Disposition: {parameters}\n\nPDF\n"
    (file,) = read(HEAD.decode().replace("\r", "") + multipart("mixed", PLAIN, part)).attachments
    assert file.name == name


def test_a_file_without_a_name_gets_one_of_its_type() -> None:
    (file,) = read(
        HEAD.decode().replace("\r", "") + multipart("mixed", PLAIN, "Content-Type: image/png\n\nPNG\n")
    ).attachments
    assert file.name.endswith(".png")


@pytest.mark.parametrize(
    ("charset", "sent", "text"),
    [
        ("utf-8", "å€".encode(), "å€"),
        ("iso-8859-1", b"\xe5 \x80", "å €"),
        ("gb2312", "你好".encode("gb18030"), "你好"),
        ("shift_jis", "日本①".encode("cp932"), "日本①"),
        ("ks_c_5601-1987", "한글".encode("cp949"), "한글"),
        ("utf-16", "hej".encode("utf-16"), "hej"),
        ("us-ascii", "å".encode(), "å"),
        ("x-unknown", "å".encode(), "å"),
        ("koi8-r", "привет".encode("koi8-r"), "привет"),
    ],
)
def test_text_is_read_in_the_charset_that_it_is_really_in(charset: str, sent: bytes, text: str) -> None:
    raw = HEAD + f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + sent
    assert read(raw).body.strip() == text


def test_nothing_is_lost_where_no_charset_fits_and_the_trace_says_so() -> None:
    mail = read(HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\nabc \xe5\xe4\xf6 def \xff")
    assert "abc" in mail.body
    assert "def" in mail.body
    assert mail.notes


@pytest.mark.parametrize(
    ("encoding", "sent", "content"),
    [
        ("base64", b"aGVsbG8=", b"hello"),
        ("base64", b"aGVs\r\nbG8", b"hello"),
        ("base64", b"aG!Vs*bG8=", b"hello"),
        ("quoted-printable", b"a=3Db=\r\nc", b"a=bc"),
        ("7bit", b"plain", b"plain"),
        ("x-nonsense", b"as it is", b"as it is"),
    ],
)
def test_content_is_decoded_as_far_as_it_goes(encoding: str, sent: bytes, content: bytes) -> None:
    part = (
        b"--b\r\nContent-Type: application/x-it\r\nContent-Transfer-Encoding: " + encoding.encode() + b"\r\n\r\n" + sent
    )
    raw = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n" + part + b"\r\n--b--\r\n"
    (file,) = read(raw).attachments
    assert file.content == content


def test_html_is_safe_and_keeps_what_a_mail_needs() -> None:
    hostile = (
        '<p onclick="x()" style="color: red">hi</p><script>alert(1)</script><form action="https://evil"><input></form>'
        '<iframe src="https://evil"></iframe><a href="javascript:x()">a</a><a href="https://ok.example/">b</a>'
        '<table><tr><td>cell</td></tr></table><img src="cid:pic"><meta http-equiv="refresh" content="0">'
        "<svg><script>x</script></svg>"
    )
    html = read(HEAD + b"Content-Type: text/html\r\n\r\n" + hostile.encode()).html_body
    for gone in ("script", "onclick", "javascript:", "<form", "<iframe", "<meta", "alert"):
        assert gone not in html
    for kept in ("<p", "hi", "https://ok.example/", "<table>", "cell", "cid:pic"):
        assert kept in html


# -- what is broken

BROKEN = {
    "no end": multipart("mixed", PLAIN, FILE)[:-8],
    "no boundary parameter": "Content-Type: multipart/mixed\n\n--b\n" + PLAIN + "--b--\n",
    "wrong boundary": 'Content-Type: multipart/mixed; boundary="other"\n\n--b\n' + PLAIN + "--b--\n",
    "parts without headers": "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nplain å\n--b--\n",
    "nested with one boundary": multipart("mixed", multipart("alternative", PLAIN, HTML), FILE),
    "a boundary that begins as another": multipart(
        "mixed", multipart("alternative", PLAIN, HTML, boundary="b-inner"), FILE
    ),
    "lf only": PLAIN,
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_structure_still_gives_what_can_be_read(case: str) -> None:
    mail = read(HEAD.decode().replace("\r", "") + BROKEN[case])
    assert "plain å" in mail.body


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_of_any_kind_are_read(ending: str) -> None:
    mail = parse(f"From: a@b{ending}Subject: x{ending}{ending}one{ending}two".encode(), "<1@x>")
    assert "one" in mail.body
    assert "two" in mail.body


HOSTILE = {
    "16,000 encoded words": HEAD + b"X: " + b"=?utf-8?q?a?= " * 16_000 + b"\r\n\r\nhello",
    "16,000 encoded words in the subject": b"From: a@b\r\nSubject: " + b"=?utf-8?q?a?= " * 16_000 + b"\r\n\r\nhello",
    "500 brackets in From": b"From: " + b"(" * 500 + b"a@b\r\n\r\nhello",
    "1,000 nested multiparts": HEAD
    + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1000))
    + b"\r\nhello",
    "100,000 parts": HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100_000,
    "a header of a megabyte": HEAD + b"X: " + b"y" * 1_000_000 + b"\r\n\r\nhello",
    "100,000 header lines": HEAD + b"X: y\r\n" * 100_000 + b"\r\nhello",
    "100,000 nested tags": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000 + b"hello",
}


# Each of these costs the standard library seconds or its stack (lessons.md); here it is a mail, in bounded time.
@pytest.mark.timeout(20)
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_mail_is_read_in_bounded_time(case: str) -> None:
    mail = read(HOSTILE[case])
    assert mail.sender.email or mail.sender.name or mail.attachments
    assert mail.body or mail.attachments


def test_what_passes_a_bound_carries_the_whole_mail_along() -> None:
    raw = HOSTILE["100,000 parts"]
    mail = read(raw)
    whole = [one for one in mail.attachments if one.content_type == "message/rfc822"]
    assert [one.content for one in whole] == [raw]
    assert mail.notes


def clean(mail: Mail) -> bool:
    """Whether every text is fit for JSON and for a store, and every header value is one line."""
    lines = [
        mail.message_id,
        mail.subject,
        mail.sender.name,
        mail.sender.email,
        *(one.name for one in mail.attachments),
    ]
    texts = [*lines, mail.body, mail.html_body, *mail.references, *mail.notes]
    for text in texts:
        text.encode()
    return not any(set(line) & {"\r", "\n", "\0"} for line in lines) and not any("\0" in text for text in texts)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_at_all_are_a_mail(raw: bytes) -> None:
    assert clean(parse(raw, "<1@x>"))


SEED = (
    HEAD.decode().replace("\r", "")
    + multipart("mixed", multipart("alternative", PLAIN, HTML, boundary="c"), PICTURE, FILE)
).encode()


# Mutations of a real structure go deeper than random bytes: pieces cut out, doubled, swapped, bits flipped.
@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_any_mutation_of_a_mail_is_a_mail(number: int) -> None:
    chance = random.Random(number)
    raw = bytearray(SEED)
    for _ in range(chance.randint(1, 8)):
        at, length = chance.randrange(len(raw) or 1), chance.randint(1, 60)
        match chance.randrange(4):
            case 0:
                del raw[at : at + length]
            case 1:
                raw[at:at] = raw[at : at + length] * chance.randint(1, 5)
            case 2:
                raw[at : at + length] = bytes(chance.randrange(256) for _ in range(length))
            case _:
                raw[at:at] = chance.choice(
                    [b"\r\n", b"--b", b"--c--", b"Content-Type: ", b"=?utf-8?b?", b"\0", b"\xff"]
                )
    assert clean(parse(bytes(raw), "<1@x>"))
