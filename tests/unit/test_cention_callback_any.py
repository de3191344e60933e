"""Callbacks: any document at all, whose it is, and which answer it tells (contract.md, Callback)."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.cention.callback import Malformed, UnknownEvent, identity, kept, matches, parse, read, secret
from gateway.model import Answer

SAMPLE: dict[str, Any] = orjson.loads(Path(__file__).with_name("cention_callback.json").read_bytes())
ANSWER = Answer("2256", "1189", "3304", "", "", "", ())

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def understood(body: bytes) -> bool:
    """Whether a body is read; anything but Malformed is a bug, and so is to read what is kept of it otherwise."""
    try:
        document = parse(body)
        found = read(document)
    except Malformed:
        return False
    again = parse(kept(document))
    assert secret(again) is None
    assert read(again) == found
    return isinstance(found, UnknownEvent) or bool(identity("demo", found))


@given(st.binary())
@example(b"\x00")
def test_any_bytes_at_all_are_read_or_malformed(body: bytes) -> None:
    assert understood(body) <= (b"{" in body)


@given(JSON)
def test_any_json_at_all_is_read_or_malformed(value: Any) -> None:
    assert understood(json.dumps(value).encode()) <= isinstance(value, dict)


# Arbitrary values seldom come near the shape, so each place of the sample gets them, too.
@given(st.data())
def test_any_json_anywhere_in_a_callback_is_read_or_malformed(data: st.DataObject) -> None:
    document = copy.deepcopy(SAMPLE)
    target: Any = document
    while True:
        steps = list(target) if isinstance(target, dict) else list(range(len(target)))
        step = data.draw(st.sampled_from(steps))
        inner = target[step]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 3)) == 0:
            break
        target = inner
    target[step] = data.draw(JSON)
    assert understood(json.dumps(document).encode()) <= isinstance(document.get("data"), dict)


def test_a_secret_is_read_where_there_is_one() -> None:
    assert secret(SAMPLE) == "123456"
    metas: list[Any] = [None, {}, [], "123456", {"api_secret": None}, {"api_secret": 123456}]
    for meta in metas:
        assert secret({"meta": meta}) is None
    assert secret({}) is None


def test_any_of_several_secrets_is_right() -> None:
    assert matches("new", ["old", "new"])
    assert matches("schlüssel", ["schlüssel"])
    assert not matches("ne", ["old", "new"])
    assert not matches("newer", ["old", "new"])
    assert not matches("\ud800", ["new"])
    assert not matches("", ["new"])
    assert not matches(None, ["new"])


def test_without_a_configured_secret_every_callback_is_right() -> None:
    assert matches(None, [])
    assert matches("anything", [])


# A secret that came out empty by mistake must not open the door to callbacks without one.
def test_an_empty_configured_secret_matches_nothing() -> None:
    assert not matches("", [""])
    assert not matches(None, [""])


def test_an_answer_is_told_from_every_other_one() -> None:
    others = [replace(ANSWER, errand_id="1"), replace(ANSWER, answer_id="1"), replace(ANSWER, response_id="1")]
    seen = {identity("demo", answer) for answer in (ANSWER, *others)} | {identity("other", ANSWER)}
    assert len(seen) == 5


# Cention may write the setting's id, links and texts anew when it sends an answer again.
def test_the_same_answer_sent_again_is_recognised() -> None:
    first = read(SAMPLE)
    again = copy.deepcopy(SAMPLE)
    again["data"]["id"] = "77"
    again["included"].reverse()
    second = read(again)
    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert identity("demo", first) == identity("demo", second)


def test_ids_with_the_separator_in_them_are_not_confused() -> None:
    one = replace(ANSWER, errand_id="1:2", answer_id="3")
    other = replace(ANSWER, errand_id="1", answer_id="2:3")
    assert identity("demo", one) != identity("demo", other)
