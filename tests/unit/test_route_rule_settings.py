"""Rules that an operator has written wrong: each mistake is a line with its key and what was expected."""

from pathlib import Path

import pytest

from gateway.config.load import load
from gateway.errors import SettingsError
from gateway.plan import plan
from gateway.route.source import mistakes, read, source
from tests.rulings import settings


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ('when = { subject = ["ok", "/(x/"] }', "rule[1].when.subject: not a regular expression of RE2"),
        ('when = { header = { X-A = "/(?=x)/" } }', "rule[1].when.header.X-A: not a regular expression of RE2"),
        ('when = { not = { body = "/[/" } }', "rule[1].when.not.body: not a regular expression of RE2"),
        ('when = { attachment = { name = "/" } }', "rule[1].when.attachment.name: expected a regular expression"),
        ('drop = { type = "/*/" }', "rule[1].drop.type: not a regular expression of RE2"),
        ('when = { subject = "/(?P<name>x)/" }', 'rule[1].when: the group "name" has the name of one'),
        ('set.subject = "{case}"', "rule[1].set.subject: unknown name {case}; there is {subject}, "),
        ('set.extradata = { a = ["{b}"] }', "rule[1].set.extradata.a[1]: unknown name {b}"),
        ('set.integrationData.deviceId = "{b}"', "rule[1].set.integrationData.deviceId: unknown name {b}"),
        ('hold = "{b}"', "rule[1].hold: unknown name {b}"),
        ('end = { errand = "{b}", deviceId = 1, extensionId = 2 }', "rule[1].end.errand: unknown name {b}"),
        ('route = "slaes"', 'rule[1].route: no route "slaes" in this file; there is: support, sales, archive'),
        ('also = ["sales", "x"]', 'rule[1].also[2]: no route "x" in this file'),
        ('discard = "a"\nhold = "b"', "rule[1]: expected one of discard, hold, end"),
        ('[[rule]]\nname = "one"', 'rule: "one" is the name of several rules'),
    ],
)
def test_a_mistake_in_a_rule_is_named_with_its_key(rule: str, line: str) -> None:
    (said,) = mistakes(settings(f'[[rule]]\nname = "one"\n{rule}'))
    assert said.startswith(line)


def test_a_mistake_in_a_rule_of_a_route_is_named_with_its_route() -> None:
    (said,) = mistakes(settings(sales='[[rule]]\nname = "one"\n[[rule]]\nname = "two"\nset.cuid = "{x}"'))
    assert said.startswith("route[2].rule[2].set.cuid: unknown name {x}")


# A group that only a condition under `not` could find is never found.
def test_a_group_of_a_condition_that_may_not_hold_cannot_be_named() -> None:
    rule = 'when = { not = { subject = "/(?P<case>x)/" } }\nset.cuid = "{case}"'
    assert len(mistakes(settings(f'[[rule]]\nname = "one"\n{rule}'))) == 1


# The gateway, `check` and a reload all go by the plan.
def test_the_plan_refuses_rules_with_mistakes() -> None:
    with pytest.raises(SettingsError, match=r"config\.toml: rule\[1\]\.set\.cuid: unknown name \{x\}"):
        plan(settings('[[rule]]\nname = "one"\nset.cuid = "{x}"'), "config.toml")


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ('when = { sneder = "x" }', 'rule[1].when.sneder: unknown key; did you mean "sender"?'),
        ("when = { not = { subjct = 1 } }", 'rule[1].when.not.subjct: unknown key; did you mean "subject"?'),
        ("when = { subject = [] }", "rule[1].when.subject: value should have at least 1 item"),
        ('when = { size = { over = "1 XB" } }', 'rule[1].when.size.over: expected a size such as "50 MB"'),
        ('when = { automatic = "human" }', "rule[1].when.automatic[1]: input should be 'person', 'list', "),
        ('set = { form = "x" }', 'rule[1].set.form: unknown key; did you mean "from"?'),
        ("set = { integrationData = { deviceID = 1 } }", "rule[1].set.integrationData.deviceID: unknown key; did you"),
        ("set = { integrationData = { deviceId = 1.5 } }", "rule[1].set.integrationData.deviceId: expected a whole"),
        ('set = { answer = { user_id = "x" } }', "rule[1].set.answer: user_id needs a user_type"),
        ("set = { extradata = { at = 2026-01-01 } }", "rule[1].set.extradata: expected a table of texts, numbers"),
        ("set = { extradata = { n = 18446744073709551616 } }", "rule[1].set.extradata: expected a table of texts"),
        ("set = { extradata = { n = [nan] } }", "rule[1].set.extradata: expected a table of texts, numbers"),
        ("when = { size = { over = 18446744073709551616 } }", "rule[1].when.size.over: expected a size of less than"),
        ('set = { extradata = "all" }', "rule[1].set.extradata: expected a table of texts, numbers"),
        ('drop = { nmae = "*" }', 'rule[1].drop[1].nmae: unknown key; did you mean "name"?'),
        ('end = { errand = "1", deviceId = 1 }', "rule[1].end.extensionId: missing; expected: The extension's id"),
        ("end = { deviceId = 1, extensionId = 1 }", "rule[1].end: expected a way to find the errand"),
    ],
)
def test_a_rule_of_the_wrong_shape_is_named_with_file_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str, line: str
) -> None:
    monkeypatch.setenv("TOKEN", "x")
    file = tmp_path / "config.toml"
    file.write_text(
        f'[[rule]]\nname = "one"\n{rule}\n[cention.demo]\nurl = "https://a.example/s/x"\n'
        'attachment_token = "env:TOKEN"\n'
        '[[route]]\nname = "support"\nrecipients = ["s@a.example"]\nworkspace = "demo"\ntoken = "env:TOKEN"\n'
        'reply_from = "s@a.example"\n'
    )
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert caught.value.lines[0].startswith(f"{file}: {line}")


def test_there_are_at_most_500_rules_in_a_list() -> None:
    with pytest.raises(ValueError, match="at most 500 items"):
        settings("".join(f'[[rule]]\nname = "{number}"\n' for number in range(501)))


# A reading process is given the bytes with each mail, and compiles the patterns of the same ones once.
def test_the_same_rules_are_the_same_bytes_and_are_read_once() -> None:
    rule = '[[rule]]\nname = "one"\nwhen = { size = { over = "1 MB" } }\nset.extradata.a = true'
    assert source(settings(rule)) == source(settings(rule))
    assert read(source(settings(rule))) is read(source(settings(rule)))
    assert source(settings()) == b""


# Only these are decoded, whatever else a mail has in its header.
def test_the_rules_know_which_headers_and_lines_they_ask_for() -> None:
    rules = read(
        source(
            settings(
                '[[rule]]\nname = "one"\nwhen = { header = { X-A = "*" }, not = { header = { X-B = "*" } } }\n'
                'set.cuid = "{header:X-C}"\ndiscard = "{header:X-D}"'
            )
        )
    )
    assert rules.headers == {"x-a", "x-b", "x-c", "x-d"}
    assert not rules.fields
    assert read(source(settings('[[rule]]\nname = "one"\nset.extradata = "fields"'))).fields
    assert read(source(settings('[[rule]]\nname = "one"\nwhen = { field = { a = "*" } }'))).fields
