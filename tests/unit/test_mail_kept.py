"""Nothing is lost: each part of any mail is shown, is a file to the byte, or is in the list of what was left out."""

import base64
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.manner import Bounds, Manner
from tests.mails import multipart, part, read

_SHOWN = ("text/plain", "text/markdown", "text/html", "text/enriched", "text/richtext")
_FILES = (
    "application/pdf",
    "application/octet-stream",
    "image/png",
    "text/csv",
    "text/calendar",
    "text/x-amp-html",
    "application/pkcs7-mime",
    "application/ms-tnef",
    "message/partial",
    "message/external-body",
    "message/delivery-status",
    "application/x-unheard-of",
)


@dataclass(frozen=True)
class Leaf:
    """A generated leaf: `word` is in its content, and nowhere else in the mail."""

    word: str
    content_type: str
    fields: tuple[str, ...]

    @property
    def content(self) -> bytes:
        return f"{self.word} in\n\1{self.word}".encode() if self.content_type in _FILES else self.word.encode()

    def __str__(self) -> str:
        return part(self.content_type, base64.b64encode(self.content).decode(), *self.fields)


@dataclass(frozen=True)
class Tree:
    """A generated multipart."""

    subtype: str
    parts: tuple["Leaf | Tree", ...]
    boundary: str

    def __str__(self) -> str:
        return multipart(self.subtype, *map(str, self.parts), boundary=self.boundary)


_word = st.integers(min_value=10**9, max_value=10**10).map(lambda number: f"w{number}")
_fields = st.lists(
    st.sampled_from(
        [
            "Content-Disposition: attachment; filename=same.bin",
            "Content-Disposition: inline",
            "Content-ID: <p@x>",
            "Content-Location: https://x.example/p.png",
            'Content-Disposition: attachment; filename="winmail.dat"',
        ]
    ),
    max_size=2,
    unique=True,
)
_leaf = st.builds(
    lambda word, content_type, fields: Leaf(word, content_type, ("Content-Transfer-Encoding: base64", *fields)),
    _word,
    st.sampled_from(_SHOWN + _FILES),
    _fields,
)
_subtype = st.sampled_from(["mixed", "alternative", "related", "signed", "encrypted", "report", "digest", "unheard-of"])
_mail = st.recursive(
    _leaf,
    lambda inner: st.builds(
        lambda subtype, parts, number: Tree(subtype, tuple(parts), f"=_{number}"),
        _subtype,
        st.lists(inner, min_size=1, max_size=4),
        st.uuids(),
    ),
    max_leaves=10,
)
_manner = st.builds(
    Manner,
    inline_images=st.sampled_from(["attach", "data", "strip"]),
    alternatives=st.sampled_from(["attach", "leave-out"]),
    remote_images=st.sampled_from(["keep", "strip"]),
)


def leaves(tree: Leaf | Tree) -> list[Leaf]:
    return [tree] if isinstance(tree, Leaf) else [leaf for inner in tree.parts for leaf in leaves(inner)]


def is_told(leaf: Leaf, notes: tuple[str, ...], manner: Manner) -> bool:
    """Say if a leaf is in the list of what was left out, for a reason that the settings give."""
    alternative = f"an alternative that nobody shows was left out ({leaf.content_type})" in notes
    picture = leaf.content_type.startswith("image/") and any(
        "a picture in the text was left out" in one for one in notes
    )
    return (alternative and manner.alternatives == "leave-out") or (picture and manner.inline_images == "strip")


@settings(max_examples=300, deadline=None)
@given(_mail, _manner)
def test_each_part_is_shown_or_a_file_or_was_left_out_with_the_reason(tree: Leaf | Tree, manner: Manner) -> None:
    mail = read(str(tree), manner=manner)
    contents = {one.content for one in mail.attachments}
    for leaf in leaves(tree):
        shown = leaf.word in mail.body or leaf.word in mail.html_body
        encoded = base64.b64encode(leaf.content).decode() in mail.html_body
        kept = leaf.content in contents or (leaf.content_type in _SHOWN and shown) or encoded
        assert kept or is_told(leaf, mail.notes, manner)


@settings(max_examples=100, deadline=None)
@given(_mail)
def test_each_file_has_a_name_and_no_two_have_the_same(tree: Leaf | Tree) -> None:
    names = [one.name.casefold() for one in read(str(tree)).attachments]
    assert all(names)
    assert len(set(names)) == len(names)


# As it is set by default nothing at all is left out.
@settings(max_examples=100, deadline=None)
@given(_mail)
def test_as_it_is_set_by_default_nothing_is_left_out(tree: Leaf | Tree) -> None:
    assert not any("left out" in note for note in read(str(tree)).notes)


# What is beyond a bound is not looked at; then the mail itself goes along.
@settings(max_examples=100, deadline=None)
@given(_mail)
def test_beyond_a_bound_the_whole_mail_goes_along(tree: Leaf | Tree) -> None:
    mail = read(str(tree), manner=Manner(bounds=Bounds(depth=1, parts=2)))
    whole = [one for one in mail.attachments if one.content == f"From: a@b\n{tree}".encode()]
    contents = {one.content for one in mail.attachments}
    for leaf in leaves(tree):
        assert whole or leaf.content in contents or leaf.word in mail.body + mail.html_body
