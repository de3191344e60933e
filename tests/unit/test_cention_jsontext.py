"""JSON texts of others: what RFC 8259 lets a writer do, and the bounds that keep it harmless."""

import json
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.cention.jsontext import dump, load
from gateway.cention.node import Malformed


def test_a_byte_order_mark_is_passed_over() -> None:
    assert load(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


def test_the_last_of_duplicate_keys_counts() -> None:
    assert load(b'{"a":1,"b":2,"a":3}') == {"a": 3, "b": 2}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rb'"\ud83d"', "\ufffd"),
        (rb'"\ude00"', "\ufffd"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (rb'"\ud83d\ude00\ude00"', "\U0001f600\ufffd"),
        (rb'"\\\ud83d"', "\\\ufffd"),
        (rb'"\\ud83d \uDBFF"', "\\ud83d \ufffd"),
        (rb'"\\\\ud83d\ud800"', "\\\\ud83d\ufffd"),
        (rb'"\ud83dx"', "\ufffdx"),
    ],
)
def test_half_a_surrogate_pair_becomes_a_replacement_and_nothing_else_changes(text: bytes, expected: str) -> None:
    assert load(text) == expected


@given(st.text(st.characters(codec=None) | st.sampled_from('\\u"d83e\ud83d\ude00'), max_size=12))
@example("\ud83d\\ud83d")
def test_any_string_that_json_can_escape_is_read(text: str) -> None:
    read = load(json.dumps(text).encode())
    # What json itself reads, a pair of halves put together as one character, and each half alone replaced.
    assert read == json.loads(json.dumps(text)).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "expected JSON"),
        (b"{", "expected JSON"),
        (b"{'a': 1}", "expected JSON"),
        (b'{"a": NaN}', "expected JSON"),
        (b'"\xff"', "UTF-8"),
        ('"ü"'.encode("latin-1"), "found another encoding at byte 1"),
        (b'"\xed\xa0\xbd"', "UTF-8"),
        ("{}".encode("utf-16"), "UTF-8"),
        (b"[" * 100_000, "expected JSON"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "expected JSON"),
    ],
)
def test_what_is_no_json_text_is_said(text: bytes, said: str) -> None:
    with pytest.raises(Malformed, match=said):
        load(text)


# 20 MB of empty objects are a gigabyte in memory; no callback and no attachment has so many values.
@pytest.mark.parametrize("value", [b"{},", b"[],", b"1,"])
def test_a_large_text_of_nothing_but_values_is_refused_before_it_is_read(value: bytes) -> None:
    text = b"[" + value * (20_000_000 // len(value)) + b"1]"
    with pytest.raises(Malformed, match="at most"):
        load(text)


@pytest.mark.parametrize("value", ["x" * 20_000_000, "<p>Hej, världen.</p>\r\n" * 900_000, "/" * 20_000_000])
def test_a_large_text_of_few_values_is_read(value: str) -> None:
    text = json.dumps({"html": value}).encode()
    assert load(text) == {"html": value}


def test_what_is_slow_to_mend_is_not_slower_than_its_length() -> None:
    for text in (b"\\" * 1_000_000, b"\\\\u" * 300_000, rb"\ud83d" * 200_000):
        started = time.monotonic()
        with pytest.raises(Malformed):
            load(b'{"a":"' + text)
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("value", [{"a": [1, None, True, "x"]}, [], "ü"])
def test_what_is_read_is_written_alike(value: Any) -> None:
    assert load(dump(value)) == value


def test_what_is_too_deep_to_be_written_is_malformed() -> None:
    with pytest.raises(Malformed, match="nested less deeply"):
        dump(load(b"[" * 300 + b"]" * 300))
