"""`errand create` and `errand end`, as an integrator uses them, against the simulator; and their exit codes."""

import base64
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.cli.errand import CREATE, END, app
from gateway.cli.exits import run_to_exit
from gateway.simulator.server import Simulator

SAMPLE = Path(__file__).parents[1] / "unit" / "cention_new_errand.json"
TOML = """
[msg]
from = "46850000000"
subject = "Hej"

[answer]
user_type = "cention"
user_id = "17"

[watemplate]
elementname = "welcome"
namespace = "ns_1"
params = [{ default = "$10", order = "1234" }]
"""
CALL = ["--call-device", "1000", "--call-extension", "1001"]
WHOLE_CALL = [*CALL, "--call-number", "46850000000", "--call-queue", "EHS", "--call-queue-number", "123"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `errand` with the words given, and standard input."""

    def run(*words: str | Path, sent: str = "") -> Ended:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(sent.encode())))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run_to_exit(partial(app, [str(word) for word in words]))
        said = capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def there(cention: Simulator, tmp_path: Path) -> list[str]:
    """The words that lead to the simulator."""
    (tmp_path / "token").write_text(cention.create_token)
    return ["--url", cention.url, "--token", f"file:{tmp_path / 'token'}"]


@pytest.fixture
def config(cention: Simulator, there: list[str], tmp_path: Path) -> Path:
    """Settings with one route, to the simulator."""
    (tmp_path / "config.toml").write_text(f"""
[cention.demo]
url = "{cention.url}"
attachment_token = "{there[3]}"
[[route]]
name = "support"
recipients = ["support@example.com"]
workspace = "demo"
token = "{there[3]}"
reply_from = "support@example.com"
""")
    return tmp_path / "config.toml"


@pytest.fixture
def errand(cention: Simulator) -> Callable[[str], dict[str, Any]]:
    """Reads an errand as it stands at the simulator."""

    def read(errand_id: str) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{cention.origin}/_sim/errands/{errand_id.strip()}", timeout=10).json()
        return found

    return read


Errand = Callable[[str], dict[str, Any]]


def test_an_errand_is_created_from_options_and_its_id_is_printed(
    command: Command, there: list[str], errand: Errand, tmp_path: Path
) -> None:
    (tmp_path / "räk.pdf").write_bytes(b"%PDF")
    (tmp_path / "body").write_text("Hej på dig")
    letter = ["--from", "ann@example.com", "--name", "Ann", "--subject", "Hej", "--body-file", tmp_path / "body"]
    files = ["--html", "<p>Hej</p>", "--attach", tmp_path / "räk.pdf", "--attach", tmp_path / "body"]
    more = ["--cuid", "77", "--extradata", '{"case": [1, "two"]}', "--message-id", "<1@x>"]
    created = command("create", *there, *letter, *files, *more)
    assert (created.code, created.err) == (0, "")
    found = errand(created.out)["attributes"]
    attachments = found["msg"].pop("attachments")
    assert found == {
        "msg": {
            "message_id": "<1@x>",
            "name": "Ann",
            "from": "ann@example.com",
            "subject": "Hej",
            "body": "Hej på dig",
            "html_body": "<p>Hej</p>",
        },
        "extradata": {"case": [1, "two"]},
        "cuid": "77",
    }
    assert [(file["name"], file["content_type"]) for file in attachments] == [
        ("räk.pdf", "application/pdf"),
        ("body", "application/octet-stream"),
    ]
    assert base64.b64decode(attachments[0]["content"]) == b"%PDF"


def test_a_closed_errand_is_created_with_its_answer_and_user(
    command: Command, there: list[str], errand: Errand, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("there")
    texts = ["--answer-subject", "Re", "--answer-body", "Done.", "--answer-html", "<p>Done.</p>"]
    created = command("create", *there, *texts, "--closed-by", "CENTION:17", "--answer-attach", tmp_path / "a.txt")
    found = errand(created.out)
    assert found["closed"] is True
    answer = found["attributes"]["answer"]
    assert (answer["user_type"], answer["user_id"], answer["body"]) == ("cention", "17", "Done.")
    assert base64.b64decode(answer["attachments"][0]["content"]) == b"there"


def test_a_whatsapp_errand_is_created(command: Command, there: list[str], errand: Errand) -> None:
    template = ["--template", "welcome", "--template-namespace", "ns_1"]
    params = ["--template-param", "default=$10", "--template-param", "order=12=34"]
    created = command("create", *there, *template, *params, "--closed-by", "cention:17", "--from", "46850000000")
    found = errand(created.out)["attributes"]
    assert found["answer"] == {"user_type": "cention", "user_id": "17"}
    assert found["watemplate"]["params"] == [{"default": "$10", "order": "12=34"}]


def test_an_errand_of_a_call_is_created_and_ended(command: Command, there: list[str], errand: Errand) -> None:
    extra = ["--call-comment", "c", "--call-reason", "r", "--call-appointment", "1593047865"]
    more = ["--call-reference", "17", "--call-link", "l", "--call-paging-number", "5", "--call-paging-name", "p"]
    created = command("create", *there, *WHOLE_CALL, *extra, *more)
    found = errand(created.out)
    assert found["closed"] is False
    call = found["attributes"]["integrationData"]
    assert (call["deviceId"], call["extensionId"], call["referenceId"]) == (1000, 1001, "17")
    assert call["extraData"] == {"comment": "c", "callReason": "r", "appointmentTimestamp": "1593047865"}
    dialed = ["--call-reference", "17", "--call-dialed", "46850000000"]
    ended = command("end", created.out.strip(), *there, *CALL, *dialed)
    assert (ended.code, ended.out) == (0, f"ended {created.out.strip()}\n")
    assert errand(created.out)["closed"] is True


# Cention has the call to find the errand by; the page shows no more than that.
def test_a_call_is_ended_without_the_id_of_its_errand(command: Command, there: list[str], errand: Errand) -> None:
    created = command("create", *there, *WHOLE_CALL)
    assert command("end", *there, *CALL).code == 0
    assert errand(created.out)["closed"] is True


def test_a_document_is_read_from_a_file_and_options_go_before_it(
    command: Command, there: list[str], errand: Errand
) -> None:
    created = command("create", *there, "--document", SAMPLE, "--subject", "Another", "--json")
    said = json.loads(created.out)
    found = errand(said["id"])["attributes"]
    sample = json.loads(SAMPLE.read_text())["data"]["attributes"]
    assert found == sample | {"msg": sample["msg"] | {"subject": "Another"}}
    assert (said["message_id"], said["url"]) == ("msgid_1485096554", there[1])


def test_toml_is_read_from_standard_input(command: Command, there: list[str], errand: Errand) -> None:
    created = command("create", *there, "--document", "-", sent=TOML)
    assert errand(created.out)["attributes"]["watemplate"]["params"] == [{"default": "$10", "order": "1234"}]


def test_an_option_adds_a_file_to_those_of_a_document(
    command: Command, there: list[str], errand: Errand, tmp_path: Path
) -> None:
    (tmp_path / "more.txt").write_text("more")
    created = command("create", *there, "--document", SAMPLE, "--attach", tmp_path / "more.txt")
    files = errand(created.out)["attributes"]["msg"]["attachments"]
    assert [file["name"] for file in files] == ["tst1.txt", "tst2.txt", "more.txt"]


def test_the_end_of_a_call_is_read_from_a_document(command: Command, there: list[str], errand: Errand) -> None:
    created = command("create", *there, *WHOLE_CALL)
    attributes = {"integrationData": {"deviceId": 1000, "extensionId": 1001}}
    document = {"data": {"type": "c3_end_errands", "id": created.out.strip(), "attributes": attributes}}
    ended = command("end", *there, "--document", "-", "--json", sent=json.dumps(document))
    assert json.loads(ended.out)["ended"] == created.out.strip()
    assert errand(created.out)["closed"] is True


def test_the_route_of_the_settings_says_where(command: Command, config: Path, errand: Errand) -> None:
    for words in ([], ["--route", "support"]):
        created = command("create", "--config", config, *words, "--subject", "Hej")
        assert errand(created.out)["attributes"]["msg"]["subject"] == "Hej", words


def test_a_workspace_of_the_settings_is_used_with_a_token(
    command: Command, config: Path, there: list[str], errand: Errand
) -> None:
    created = command("create", "--config", config, "--workspace", "demo", *there[2:], "--subject", "Hej")
    assert errand(created.out)["attributes"]["msg"]["subject"] == "Hej"


# So that a script can try again with what it has already sent.
def test_an_errand_without_a_message_id_gets_one_and_it_is_told(command: Command, there: list[str]) -> None:
    first, second = (json.loads(command("create", *there, "--json").out) for _ in range(2))
    assert first["message_id"].startswith("<")
    assert first["message_id"] != second["message_id"]


@pytest.mark.parametrize("words", [["create", "--from", "a@b", *WHOLE_CALL], ["end", "5", *CALL]])
def test_a_dry_run_prints_the_document_and_needs_nobody(command: Command, words: list[str]) -> None:
    shown, exact = command(*words, "--dry-run"), command(*words, "--dry-run", "--json")
    assert shown.code == exact.code == 0
    assert json.loads(shown.out)["data"]["attributes"]["integrationData"]["deviceId"] == 1000
    assert "\n" not in exact.out.strip()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["create", "--call-device", "5", "--dry-run"], 65, "integrationData.extensionId: is mandatory"),
        (["create", "--closed-by", "agent:1", "--dry-run"], 65, "answer.user_type: expected cention, solidus or"),
        (["create", "--template", "t", "--template-namespace", "n", "--dry-run"], 65, "answer.user_type: is mandatory"),
        (["end", "5", "--call-device", "5", "--dry-run"], 65, "integrationData.extensionId: is mandatory"),
        (["create", "--extradata", "{", "--dry-run"], 2, "expected JSON"),
        (["create", "--template-param", "x", "--dry-run"], 2, 'expected "name=text"'),
        (["create", "--call-device", "five", "--dry-run"], 2, "--call-device"),
        (["create", "--document", "no-such-file", "--dry-run"], 66, "no-such-file: cannot be read"),
        (["create", "--attach", "no-such-file", "--dry-run"], 66, "no-such-file: cannot be read"),
        (["create", "--document", "-", "--dry-run"], 65, "standard input: expected JSON or TOML"),
        (["create", "--config", "no-such-file"], 78, "no-such-file: cannot be read"),
        (["create", "--url", "http://127.0.0.1:1/s/demo"], 78, "--url needs --token"),
        (["create", "--url", "http://127.0.0.1:1/s/demo", "--token", "s3cret"], 78, '--token: expected "env:NAME" or'),
        (["create", "--url", "http://a.example/s/demo", "--token", f"file:{SAMPLE}"], 78, "--url: expected https"),
        (["create", "--url", "https://[::1/s/demo", "--token", f"file:{SAMPLE}"], 78, '--url: expected "https://'),
        (["create", "--url", "https://a.b:65536/s/demo", "--token", f"file:{SAMPLE}"], 78, '--url: expected "https://'),
        (["create", "--extradata", "[" * 100_000, "--dry-run"], 2, "expected JSON"),
    ],
)
def test_what_cannot_be_done_is_a_clear_line_and_its_exit_code(
    command: Command, words: list[str], code: int, said: str
) -> None:
    ended = command(*words, sent="= 5")
    plain = " ".join(ended.err.replace("│", " ").split())
    assert (ended.code, said in plain) == (code, True), ended
    assert ended.out == ""


# One of several documents is wrong; what an option said is not the document's mistake.
@pytest.mark.parametrize(
    ("name", "document", "words", "said"),
    [
        ("create", {"msg": {"form": "a@b"}}, [], 'a.json: msg.form: is not known here; did you mean "from"?'),
        ("create", {"msg": {"subject": 5}}, ["--name", "A"], "a.json: msg.subject: expected a string, found 5"),
        ("create", {"msg": {"subject": "x"}}, ["--subject", "a\nb"], "msg.subject: expected text without line breaks"),
        ("end", {"integrationData": {"deviceId": 5}}, [], "a.json: integrationData.extensionId: is mandatory"),
    ],
)
def test_a_wrong_field_of_a_document_is_named_with_its_file(
    command: Command, tmp_path: Path, name: str, document: Any, words: list[str], said: str
) -> None:
    (tmp_path / "a.json").write_text(json.dumps(document))
    ended = command(name, "--document", tmp_path / "a.json", *words, "--dry-run")
    assert ended.code == 65
    assert ended.err.removeprefix(f"{tmp_path}/").startswith(said), ended


def test_a_wrong_field_on_standard_input_is_named_as_that(command: Command) -> None:
    ended = command("create", "--document", "-", "--dry-run", sent="cuid = 5")
    assert (ended.code, ended.err.startswith("standard input: cuid: expected a string, found 5")) == (65, True), ended


def test_a_document_that_is_nested_without_end_is_refused_with_a_line(command: Command) -> None:
    ended = command("create", "--document", "-", "--dry-run", sent=f"a = {'[' * 100_000}")
    assert (ended.code, "standard input: expected JSON or TOML" in ended.err) == (65, True), ended


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--route", "sales"], 'no route "sales"; there are: support'),
        (["--workspace", "other"], "no [cention.other] in it; there is: demo"),
        (["--workspace", "demo"], "--workspace needs --token as well"),
    ],
)
def test_a_place_that_is_not_in_the_settings_is_named(
    command: Command, config: Path, words: list[str], said: str
) -> None:
    ended = command("create", "--config", config, *words)
    assert (ended.code, said in ended.err) == (78, True), ended


def test_one_of_several_routes_must_be_named(command: Command, config: Path) -> None:
    settings = config.read_text()
    second = settings[settings.index("[[route]]") :].replace("support", "sales")
    config.write_text(settings + second)
    ended = command("create", "--config", config)
    assert (ended.code, "must be named with --route; there are: support, sales" in ended.err) == (78, True), ended


# A script that gets 77 must look for a token, one that gets 65 at its document, one that gets 69 comes back later.
def test_each_way_to_fail_at_cention_has_its_exit_code(
    command: Command, cention: Simulator, config: Path, there: list[str], tmp_path: Path
) -> None:
    (tmp_path / "wrong").write_text("wr0ng")
    wrong = command("create", "--config", config, "--token", f"file:{tmp_path / 'wrong'}")
    assert wrong.code == 77
    assert "route support: " in wrong.err
    assert f"file:{tmp_path / 'wrong'}" in wrong.err
    assert "wr0ng" not in wrong.err
    assert command("end", "999999", *there, *CALL).code == 65
    assert command("create", "--url", "http://127.0.0.1:1/s/demo", *there[2:]).code == 69
    requests.put(f"{cention.origin}/_sim/faults", json={"status": 503}, timeout=10).raise_for_status()
    assert command("create", *there).code == 69
    requests.put(f"{cention.origin}/_sim/faults", json={"status": 413}, timeout=10).raise_for_status()
    assert command("create", *there).code == 65


# Who looks for a field of the API's page finds its option.
@pytest.mark.parametrize(("name", "table"), [("create", CREATE), ("end", END)])
def test_the_help_names_every_option(command: Command, name: str, table: tuple[Any, ...]) -> None:
    said = command(name, "--help").out
    for option in table:
        assert option.flag[:20] in said
