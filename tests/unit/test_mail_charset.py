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
        ("utf8mb4", "utf-8"),
        ("UTF-8;", "utf-8"),
        ("utf 8", "utf-8"),
        ('3D"utf-8"', "utf-8"),
        ("en_US.UTF-8", "utf-8"),
        ("windows-65001", "utf-8"),
        ("iso-8559-1", "cp1252"),
        ("ISO_8859-9:1989", "cp1254"),
        ("latin9", "iso8859-15"),
        ("cp28605", "iso8859-15"),
        ("window-1251", "cp1251"),
        ("ibm-850", "cp850"),
        ("KOI8-RU", "koi8-u"),
        ("cp50220", "iso2022_jp_ext"),
        ("iso-2022-jp-ms", "iso2022_jp_ext"),
        ("csISO2022CN", "iso2022"),
        ("eucJP-ms", "euc_jp"),
        ("x-x-big5", "cp950"),
        ("windows-31j", "cp932"),
        ("hz-gb-2312", "hz"),
        ("logical", "iso8859-8"),
        ("ecma-114", "iso8859-6"),
        ("unicodeFEFF", "utf-16-le"),
        ("ISO-10646-UCS-2", "utf-16"),
    ],
)
def test_a_label_is_known_as_the_world_writes_it(label: str, codec: str) -> None:
    assert codecs_for(label)[0] == codec


# Python has codecs that unpack archives and run escapes; a mail must not choose them.
@pytest.mark.parametrize(
    "label",
    [
        *("", "unknown-8bit", "x-unknown", "x-user-defined", "%CHARSET%", "ansi_x3.110-1983", "cp99999", "fakescii"),
        *("zlib", "bz2", "hex", "rot13", "idna", "unicode_escape", "undefined"),
    ],
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
        # what Python's own codec does not read: Windows' signs, katakana of half width, an escape that is missing
        (b"\x1b$B-!-j\x1b(B!", "iso-2022-jp", "①㈱!"),
        (b"\x1b(I12\x1b(B", "iso-2022-jp", "ｱｲ"),
        (b"\x0e12\x0f-\xb1", "cp50222", "ｱｲ-ｱ"),
        (b"\x1b$BF|K\\\nok", "iso-2022-jp", "日本\nok"),
        (b"\x1b$A\x56\x50\x1b(B", "iso-2022-jp-2", "中"),
        (b"\x1b$)A\x0eVPND\x0f.", "iso-2022-cn", "中文."),
        ("한글".encode("iso2022_kr"), "iso-2022-kr", "한글"),
        ("ソ表".encode("cp932"), "shift_jis", "ソ表"),
        ("ключі".encode("koi8-u"), "koi8-ru", "ключі"),
        ("Šárka".encode("mac-latin2"), "x-mac-ce", "Šárka"),
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
        ("ціна, її ключ".encode("koi8-u"), "koi8-r", "ціна, її ключ"),
        (RUSSIAN.encode("cp1251"), "iso-8859-1", RUSSIAN),
        (RUSSIAN.encode(), "windows-1251", RUSSIAN),
        ("您好、谢谢您的帮助".encode(), "gb2312", "您好、谢谢您的帮助"),
        ("plain words".encode("utf-16-le"), "utf-8", "plain words"),
        ("日本".encode("iso2022_jp"), "", "日本"),
        ("日本".encode("iso2022_jp"), "utf-8", "日本"),
        (b"plain words!", "utf-16", "plain words!"),
        # UTF-8 that was cut
        (SWEDISH.encode()[:-1] + "ö".encode()[:1], "iso-8859-1", SWEDISH[:-1] + "\ufffd"),
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
    assert decode("İş “x”".encode("cp1254"), "iso-8859-9") == ("İş “x”", "")


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
    assert decode("\ufeffhej".encode("gb18030"), "gb18030")[0] == "hej"


def test_text_has_no_nul_and_no_lone_surrogates() -> None:
    assert decode(b"a\0b", "utf-8") == ("ab", "NUL characters were left out")
    assert decode(b"a+2D0-b", "utf-7")[0] == "a\ufffdb"


# Subjects and names in raw 8-bit, in mails that name no character set at all.
@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Счёт", "cp1251"),
        ("Привет", "koi8-r"),
        ("Иван Петров", "cp1251"),
        ("ВАЖНО: ОПЛАТИТЬ", "cp1251"),
        ("Παραγγελία", "cp1253"),
        ("שלום רב", "cp1255"),
        ("مرحبا أريد", "cp1256"),
        ("สวัสดีครับ ขอบคุณ", "cp874"),
        ("注文の件", "cp932"),
        ("注文の件", "euc_jp"),
        ("您好、关于订单", "gb18030"),
        ("訂單問題", "big5"),
        ("안녕하세요", "cp949"),
        ("Příliš žluťoučký", "cp1250"),
        ("Sipariş için teşekkürler", "cp1254"),
        ("Fråga om Åsas beställning", "cp1252"),
        ("Réf. n° 12 \u2013 été", "cp1252"),
        ("¿Dónde está mi pedido?", "cp1252"),
        ("it\u2019s 20 €", "cp1252"),
        ("åäö", "cp1252"),
    ],
)
def test_a_short_text_without_a_label_is_guessed_by_its_letters(text: str, codec: str) -> None:
    assert decode(text.encode(codec), "")[0] == text


def test_a_long_text_without_a_label_is_guessed_by_the_words_that_are_not_ascii() -> None:
    text = "Please bring the résumé to the café. " * 300 + "That\u2019s all."
    assert decode(text.encode("cp1252"), "")[0] == text
    assert decode((RUSSIAN * 40).encode("koi8-r"), "")[0] == RUSSIAN * 40


# What one set of letters can write, another one must not take: the same words in each language's usual sets.
@pytest.mark.parametrize("codec", ["utf-8", "cp1251", "koi8-r", "iso8859-5", "mac-cyrillic", "cp866"])
def test_a_declared_set_is_believed(codec: str) -> None:
    assert decode(RUSSIAN.encode(codec), codec) == (RUSSIAN, "")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.binary(max_size=200),
    st.sampled_from(
        ["", "utf-8", "utf-7", "utf-16", "gb2312", "iso-2022-jp", "iso-2022-cn", "hz", "big5", "latin1", "koi8-r", "x"]
    ),
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
