"""Bytes to text: the label is believed where it can be true, and what was repaired is told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.charset import decode
from gateway.mail.label import codecs_for

SWEDISH = "Hej! Jag undrar när min beställning kommer att levereras. Hälsningar Åsa Öberg"
RUSSIAN = "Здравствуйте, хочу узнать, когда будет доставлен мой заказ. Спасибо за быстрый ответ."


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF-8", "utf-8"),
        ('"utf8"', "utf-8"),
        ("charset=us-ascii", "ascii"),
        ("UTF-8Return-Path: x", "utf-8"),
        ("utf-8;format=flowed", "utf-8"),
        ("iso8859_1", "cp1252"),
        ("8859-1", "cp1252"),
        ("iso-8859-1:1987", "cp1252"),
        ("win-1251", "cp1251"),
        ("x-cp1251", "cp1251"),
        ("cp-850", "cp850"),
        ("gb_2312-80", "gb18030"),
        ("x-gbk", "gb18030"),
        ("ks_c_5601-1987", "cp949"),
        ("euc-kr", "cp949"),
        ("x-sjis", "cp932"),
        ("Shift_JIS", "cp932"),
        ("csISO2022JP", "iso2022_jp_ext"),
        ("unicode-1-1-utf-7", "utf-7"),
        ("x-mac-ce", "mac-latin2"),
        ("macintosh", "mac-roman"),
        ("iso-8859-8-i", "iso8859-8"),
        ("tis-620", "cp874"),
    ],
)
def test_a_label_is_known_as_the_world_writes_it(label: str, codec: str) -> None:
    assert codecs_for(label)[0] == codec


# Python has codecs that unpack archives and run escapes; a mail must not choose them.
@pytest.mark.parametrize(
    "label",
    ["", "unknown-8bit", "x-unknown", "fakescii", "zlib", "bz2", "hex", "rot13", "idna", "unicode_escape", "undefined"],
)
def test_a_label_that_names_no_character_set_names_no_codec(label: str) -> None:
    assert codecs_for(label) == ()


@pytest.mark.parametrize(
    ("content", "label", "text"),
    [
        (SWEDISH.encode(), "utf-8", SWEDISH),
        (SWEDISH.encode("latin-1"), "iso-8859-1", SWEDISH),
        (RUSSIAN.encode("koi8-r"), "koi8-r", RUSSIAN),
        ("日本①".encode("cp932"), "shift_jis", "日本①"),
        ("日本".encode("iso2022_jp"), "iso-2022-jp", "日本"),
        ("你好€".encode("gb18030"), "gb2312", "你好€"),
        ("한글".encode("cp949"), "ks_c_5601-1987", "한글"),
        ("漢字".encode("big5"), "big5", "漢字"),
        (b"Hi Mom +Jjo-!", "utf-7", "Hi Mom ☺!"),
        (b"~{VPND~}", "hz-gb-2312", "中文"),
        ("åäö".encode("mac-roman"), "x-mac-roman", "åäö"),
        ("hej".encode("utf-16-be"), "utf-16", "hej"),
        ("hej".encode("utf-16-le"), "utf-16", "hej"),
    ],
)
def test_text_in_its_declared_set_is_read_without_a_word(content: bytes, label: str, text: str) -> None:
    assert decode(content, label) == (text, "")


@pytest.mark.parametrize(
    ("content", "label", "text"),
    [
        # a label that cannot be true
        (SWEDISH.encode(), "us-ascii", SWEDISH),
        (SWEDISH.encode(), "", SWEDISH),
        (SWEDISH.encode(), "fakescii", SWEDISH),
        (SWEDISH.encode("latin-1"), "utf-8", SWEDISH),
        (SWEDISH.encode("latin-1"), "", SWEDISH),
        (RUSSIAN.encode("cp1251"), "", RUSSIAN),
        (RUSSIAN.encode("koi8-r"), "us-ascii", RUSSIAN),
        (
            "お世話になっております。注文した商品がまだ".encode("cp932"),
            "",
            "お世話になっております。注文した商品がまだ",
        ),
        # one that is true of anything, and is not meant
        (SWEDISH.encode(), "iso-8859-1", SWEDISH),
        (SWEDISH.encode(), "windows-1252", SWEDISH),
        ("„Žluť“".encode("cp1250"), "iso-8859-2", "„Žluť“"),
        ("İş “x”".encode("cp1254"), "iso-8859-9", "İş “x”"),
        # too short to be guessed: the West
        ("Åsa".encode("latin-1"), "", "Åsa"),
    ],
)
def test_a_wrong_or_missing_label_is_repaired_and_told(content: bytes, label: str, text: str) -> None:
    found, note = decode(content, label)
    assert found == text
    assert note


def test_windows_quotes_in_what_is_called_latin_1_are_quotes() -> None:
    assert decode(b"\x93x\x94 \x80", "iso-8859-1") == ("“x” €", "")


# A cut or damaged character must not turn the whole text into another character set.
@pytest.mark.parametrize("damage", [b"\xc3", b"\xff", b"\x80"])
def test_a_broken_character_costs_only_itself(damage: bytes) -> None:
    text, note = decode(SWEDISH.encode() + damage, "utf-8")
    assert text == SWEDISH + "\ufffd"
    assert "could not be read" in note


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_honoured_and_taken_off(codec: str) -> None:
    assert decode("hej åäö".encode(codec), "")[0] == "hej åäö"
    assert decode("hej åäö".encode(codec), "iso-8859-1")[0] == "hej åäö"


def test_text_has_no_nul_and_no_lone_surrogates() -> None:
    assert decode(b"a\0b", "utf-8")[0] == "ab"
    assert decode(b"a+2D0-b", "utf-7")[0] == "a\ufffdb"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.binary(max_size=200),
    st.sampled_from(["", "utf-8", "utf-7", "utf-16", "gb2312", "iso-2022-jp", "hz", "big5", "x"]),
)
def test_any_bytes_are_text_in_any_set(content: bytes, label: str) -> None:
    text, _ = decode(content, label)
    text.encode()
    assert "\0" not in text


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(st.characters(codec="cp1252", min_codepoint=32), min_size=1))
def test_what_a_one_byte_set_can_write_is_read_back_under_its_own_name(text: str) -> None:
    content = text.encode("cp1252")
    found, note = decode(content, "windows-1252")
    assert found == text or note
