"""Generated mails: the scanner's structure is the standard library's, and nothing of a mail is lost."""

import email
from base64 import b64encode
from email.message import Message

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.parse import parse
from gateway.mail.scan import Part, scan

Tree = bytes | list["Tree"]

ENCODED = st.binary(max_size=60).map(lambda data: b64encode(data) + b"\r\n")
# Lines that begin like delimiters, and are none.
LINES = st.sampled_from(
    [b"text", b"", b"-", b"--", b"--y", b"-- x", b"--x_b", b"x--", b"--X", b" --x", b"--xx-", b"Subject: x"]
)
CONTENT = ENCODED | st.lists(LINES, max_size=5).map(lambda lines: b"".join(line + b"\r\n" for line in lines))
TREES = st.recursive(CONTENT, lambda children: st.lists(children, min_size=1, max_size=4), max_leaves=12)
# Boundaries that begin like one another, as nested ones do.
BOUNDARIES = st.permutations(["x", "x_", "x_a", "=_x", "x y", "x.1", "x.12", "xx", "b", "--", "'", "?=", "x:", "(x)"])


def written(tree: Tree, boundaries: list[str], line_end: bytes) -> bytes:
    if isinstance(tree, bytes):
        return b"Content-Type: application/x-data\r\nContent-Transfer-Encoding: base64\r\n\r\n" + tree
    boundary, rest = boundaries[0], boundaries[1:]
    delimiter = b"--" + boundary.encode()
    parts = b"".join(delimiter + line_end + written(child, rest, line_end) + line_end for child in tree)
    head = f'Content-Type: multipart/mixed; boundary="{boundary}"'.encode() + line_end * 2
    return head + b"preamble" + line_end + parts + delimiter + b"--" + line_end


def found(raw: bytes, part: Part) -> Tree:
    return [found(raw, child) for child in part.parts] if part.parts else raw[part.body : part.end]


def expected(message: Message) -> Tree:
    payload = message.get_payload()
    if isinstance(payload, list):
        return [expected(child) for child in payload if isinstance(child, Message)]
    return str(payload).encode()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(TREES, BOUNDARIES, st.sampled_from([b"\r\n", b"\n"]))
def test_a_well_formed_mail_has_the_structure_that_the_standard_library_finds(
    tree: Tree, boundaries: list[str], line_end: bytes
) -> None:
    raw = b"From: a@b" + line_end + written(tree, boundaries, line_end)
    structure = scan(raw)
    assert structure.complete
    assert not structure.notes
    assert found(raw, structure.root) == expected(email.message_from_bytes(raw))


def leaves(tree: Tree) -> list[bytes]:
    return [leaf for child in tree for leaf in leaves(child)] if isinstance(tree, list) else [tree]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=8), BOUNDARIES)
def test_every_file_comes_out_byte_for_byte(files: list[bytes], boundaries: list[str]) -> None:
    tree: Tree = [b64encode(file) + b"\r\n" for file in files]
    mail = parse(b"From: a@b\r\n" + written(tree, boundaries, b"\r\n"), "<1@x>")
    assert [one.content for one in mail.attachments] == files


# Wherever the line falls: of a mail cut short, what came before is there.
@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 300))
def test_a_mail_cut_short_keeps_what_came_before(more: int) -> None:
    content = b64encode(b"the first file")
    raw = b"From: a@b\r\n" + written([content, [b64encode(b"the second")]], ["x", "y"], b"\r\n")
    first, *_ = parse(raw[: raw.index(content) + more], "<1@x>").attachments
    assert first.content == b"the first file" or more < len(content)
    assert b"the first file".startswith(first.content)
