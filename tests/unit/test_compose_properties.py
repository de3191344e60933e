"""Whatever the answer says, its mail is one that others read: drawn replies, read back by the standard library."""

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage, MIMEPart
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.compose import compose
from gateway.mail.embed import cids
from gateway.mail.field import clean
from gateway.model import Address, Attachment, Reply

NASTY = st.sampled_from(
    [
        "\r\nBcc: x@y\r\n",
        "\n.\n",
        "\r.\r",
        "\0",
        "=?utf-8?q?=0D=0A?=",
        "--=_mixed_",
        '"',
        "\\",
        "<",
        ",",
        ";",
        " ",
        "ü",
        "日本",
        "cid:1",
    ]
)
TEXT = st.lists(st.one_of(NASTY, st.text(max_size=20)), max_size=8).map("".join)
LONG = st.one_of(TEXT, st.builds(lambda text, times: text * times, TEXT, st.integers(1, 200)))
EMAIL = st.from_regex(r"[a-z0-9._ ]{1,20}@[a-z0-9]{1,10}\.example", fullmatch=True)
ADDRESS = st.builds(Address, TEXT, st.one_of(EMAIL, TEXT))
FILE = st.builds(
    Attachment, TEXT, st.one_of(st.sampled_from(["image/png", "text/html", "message/rfc822"]), TEXT), st.binary()
)
PICTURE = st.builds(
    Attachment, TEXT, st.just("image/png"), st.binary(), st.text("abc123%&_ é", min_size=1, max_size=4).map(str.strip)
)
MESSAGE_ID = st.from_regex(r"<[a-z0-9]{1,120}\.[A-Z0-9!#$%&'*+/=?^_`{|}~-]{1,20}@gw\.example>", fullmatch=True)
FOREIGN_ID = st.from_regex(r"<[!-;=?-~]{1,120}>", fullmatch=True)
REPLY = st.builds(
    Reply,
    message_id=MESSAGE_ID,
    date=st.floats(0, 4e9),
    sender=st.builds(Address, TEXT, EMAIL),
    to=st.lists(ADDRESS, max_size=4).map(tuple),
    subject=LONG,
    body=LONG,
    html_body=LONG,
    inline=st.lists(PICTURE, max_size=3).map(tuple),
    files=st.lists(FILE, max_size=3).map(tuple),
    references=st.lists(st.one_of(FOREIGN_ID, TEXT), max_size=30).map(tuple),
    auto_submitted=st.booleans(),
    headers=st.lists(
        st.tuples(st.sampled_from(["X-Cention-Errand", "X-Other"]), TEXT), unique_by=lambda pair: pair[0]
    ).map(tuple),
    cc=st.lists(ADDRESS, max_size=4).map(tuple),
    reply_to=st.one_of(st.none(), st.builds(Address, TEXT, EMAIL)),
    language=st.sampled_from(["", "sv", "pt-BR"]),
    unsubscribe=st.lists(st.from_regex(r"(https://|mailto:)[!#-;=?-~]{1,900}", fullmatch=True), max_size=3).map(tuple),
    one_click=st.booleans(),
)
FIELDS = {
    "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "MIME-Version",
    "Content-Type", "Content-Transfer-Encoding", "X-Cention-Errand", "X-Other", "Cc", "Reply-To", "Content-Language",
    "List-Unsubscribe", "List-Unsubscribe-Post",
}  # fmt: skip


def crlf(text: str) -> bytes:
    return "\r\n".join(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")).encode()


def leaves(mail: MIMEPart) -> list[MIMEPart]:
    return [part for part in mail.walk() if not part.is_multipart()]


def content(part: MIMEPart) -> bytes:
    decoded = part.get_payload(decode=True)
    assert isinstance(decoded, bytes)
    return decoded


def read(message: bytes) -> EmailMessage:
    mail = message_from_bytes(message, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


@settings(deadline=None)
@given(REPLY)
def test_any_reply_becomes_a_mail_without_a_defect(reply: Reply) -> None:
    message = compose(reply)
    mail = read(message)
    for part in mail.walk():
        assert part.defects == []
        assert [value.defects for value in part.values() if value.defects] == []
    assert mail.get_content_charset() in {None, "utf-8"}


@settings(deadline=None)
@given(REPLY)
def test_any_reply_becomes_lines_that_may_travel(reply: Reply) -> None:
    message = compose(reply)
    lines = message.split(b"\r\n")
    assert lines[-1] == b""
    assert not any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines)
    assert max(map(len, lines)) <= 998
    assert compose(reply) == message


@settings(deadline=None)
@given(REPLY)
def test_no_reply_adds_a_field_to_its_mail(reply: Reply) -> None:
    names = message_from_bytes(compose(reply)).keys()
    assert len(names) == len(set(names))
    assert set(names) <= FIELDS


@settings(deadline=None)
@given(REPLY)
def test_any_subject_and_chain_is_read_as_written(reply: Reply) -> None:
    mail = message_from_bytes(compose(reply))
    subject = str(make_header(decode_header(mail["Subject"].replace("\r\n", ""))))
    assert subject == clean(reply.subject, 1000)
    chain = mail.get("References", "").split()
    assert set(chain) <= set(reply.references)
    assert len(chain) <= 20


@settings(deadline=None)
@given(REPLY)
def test_any_text_and_html_is_read_as_written(reply: Reply) -> None:
    mail = read(compose(reply))
    plain, *others = [part for part in leaves(mail) if part.get_content_disposition() is None]
    if reply.body.strip():
        read_text, written = content(plain), crlf(reply.body)
        assert read_text in ({written, written + b"\r\n"} if plain is mail else {written})
    if reply.html_body.strip() and not cids(reply.html_body):
        (page,) = others
        assert crlf(reply.html_body) in content(page)


@settings(deadline=None)
@given(
    st.lists(PICTURE, max_size=5, unique_by=lambda picture: picture.content_id), st.lists(FILE, max_size=3), st.data()
)
def test_every_picture_and_file_arrives_once(
    pictures: list[Attachment], files: list[Attachment], data: st.DataObject
) -> None:
    shown = [picture for picture in pictures if picture.content_id and data.draw(st.booleans())]
    html = "<p>" + "".join(f"<img src='cid:{quote(picture.content_id)}'>" for picture in shown)
    reply = Reply("<a@b>", 0, Address("", "a@b"), (), "", "", html, tuple(pictures), tuple(files))
    parts = leaves(read(compose(reply)))
    page = next(part.get_content() for part in parts if part.get_content_type() == "text/html")
    arrived = [part for part in parts if part.get_content_disposition() == "inline"]
    assert sorted(content(part) for part in arrived) == sorted({picture.content for picture in shown})
    assert all(f"src='cid:{part['Content-ID'].strip('<>')}'" in page for part in arrived)
    attached = [content(part) for part in parts if part.get_content_disposition() == "attachment"]
    rest = [picture for picture in pictures if picture not in shown]
    assert sorted(attached) == sorted(file.content for file in [*files, *rest])
