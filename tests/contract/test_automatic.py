"""What becomes of mail that programs write, of threads, and of loops: whole roads."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway import operate
from gateway.spool import query
from tests.roads import Road, road

MOST_ALIKE = 3
SALES = {"thread_mark": "[#{errand}]", "automatic": {"reply": "discard", "notification": "hold", "loop": "hold"}}
RULE = {"name": "shop", "when": {"subject": "Shop*"}, "set": {"extradata": {"shop": "yes"}}}
BLOCK = "> --------- Cention Contact Center - Original message ---------\n> Errand: #%s-1\n> From: Support\n"


@pytest.fixture(scope="module")
def roads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    folder, rules = tmp_path_factory.mktemp("automatic"), {"every": [RULE]}
    with road(folder, automatic={"most_alike": MOST_ALIKE}, routes={"sales": SALES}, rules=rules) as running:
        yield running


@pytest.fixture
def asked(roads: Road, request: pytest.FixtureRequest) -> tuple[str, str]:
    """A mail of a person that became an errand: its Message-ID and the errand."""
    name = f"<{request.node.name[:60]}@client.example>"
    return name, errand(roads, mail(f"Where is it, {request.node.name}?", f"Message-ID: {name}"))


def mail(subject: str, *fields: str, text: str = "hello") -> str:
    return "\n".join(["From: Asa <asa@client.example>", f"Subject: {subject}", *fields, "", text, ""])


def errand(roads: Road, raw: str, *recipients: str) -> str:
    return str(roads.reaches(roads.sends(raw, *recipients), "done")["result"])


def shown(roads: Road, name: str) -> Any:
    return roads.get(f"/_sim/errands/{name}")


def extradata(roads: Road, name: str) -> Any:
    return shown(roads, name)["attributes"].get("extradata")


def step(roads: Road, name: str, word: str) -> dict[str, Any]:
    trace = roads.gateway.spool.read(lambda connection: query.trace(connection, name))
    assert trace is not None
    found: dict[str, Any] = next(event["detail"] for event in trace["events"] if event["step"] == word)
    return found


def belongs_to(name: str) -> dict[str, Any]:
    return {"in_reply_to_errand": name, "errand_history": [name]}


def test_an_automatic_reply_becomes_a_closed_errand_that_names_the_one_it_answers(
    roads: Road, asked: tuple[str, str]
) -> None:
    name = roads.sends(mail("Away", "Auto-Submitted: auto-replied", f"In-Reply-To: {asked[0]}"))
    made = shown(roads, roads.reaches(name, "done")["result"])
    assert made["closed"]
    assert made["attributes"]["extradata"] == belongs_to(asked[1])
    assert f"It belongs to errand #{asked[1]}." in made["attributes"]["answer"]["body"]
    assert step(roads, name, "automatic") == {"kind": "reply", "why": "Auto-Submitted: auto-replied"}
    assert step(roads, name, "thread") == {"errand": asked[1], "found_by": "references", "history": [asked[1]]}


# Nobody would ever see it otherwise.
def test_an_automatic_reply_to_what_is_not_known_is_for_a_person(roads: Road) -> None:
    made = shown(roads, errand(roads, mail("Gone", "Auto-Submitted: auto-replied", "In-Reply-To: <else@where>")))
    assert not made["closed"]
    assert "extradata" not in made["attributes"]


def test_a_receipt_is_attached_to_the_errand_of_the_mail_that_was_read(roads: Road, asked: tuple[str, str]) -> None:
    part = f"Original-Message-ID: {asked[0]}\nDisposition: manual-action/MDN-sent-manually; displayed\n"
    kind = "Content-Type: multipart/report; report-type=disposition-notification; boundary=b"
    text = f"--b\nContent-Type: message/disposition-notification\n\n{part}\n--b--\n"
    made = shown(roads, errand(roads, mail("Read", kind, text=text)))
    assert made["closed"]
    assert made["attributes"]["extradata"] == belongs_to(asked[1])


def test_a_reply_to_our_answer_belongs_to_the_errand_that_was_answered(roads: Road, asked: tuple[str, str]) -> None:
    roads.reaches(roads.answers(asked[1]), "done")
    ours = roads.smarthost.parsed()["Message-ID"]
    made = shown(roads, errand(roads, mail("Re: Where", f"References: <unknown@x> {ours}")))
    assert not made["closed"]
    assert made["attributes"]["extradata"] == belongs_to(asked[1])


def test_all_errands_of_a_thread_are_its_history(roads: Road, asked: tuple[str, str]) -> None:
    second = errand(roads, mail("Second", "Message-ID: <second@client.example>"))
    third = errand(roads, mail("Third", f"References: {asked[0]} <second@client.example>"))
    assert extradata(roads, third) == {"in_reply_to_errand": second, "errand_history": [asked[1], second]}


def test_the_tag_in_the_address_names_the_errand(roads: Road, asked: tuple[str, str]) -> None:
    name = roads.sends(mail("Tagged"), f"support+e{asked[1]}@example.com")
    assert extradata(roads, roads.reaches(name, "done")["result"]) == belongs_to(asked[1])
    assert step(roads, name, "thread")["found_by"] == "address"


def test_the_number_in_the_subject_or_in_the_quoted_block_names_the_errand(roads: Road, asked: tuple[str, str]) -> None:
    assert extradata(roads, errand(roads, mail(f"Re: Box [#{asked[1]}-1]"))) == belongs_to(asked[1])
    assert extradata(roads, errand(roads, mail("Re: Crate", text=BLOCK % asked[1]))) == belongs_to(asked[1])


# Anyone can write a number.
def test_a_number_that_is_no_errand_of_ours_is_not_believed(roads: Road) -> None:
    assert extradata(roads, errand(roads, mail("Re: Order [#77]"), "support+e78@example.com")) is None


def test_the_subject_has_the_number_of_the_errand_where_the_settings_want_it(
    roads: Road, asked: tuple[str, str]
) -> None:
    made = errand(roads, mail("More", f"In-Reply-To: {asked[0]}"), "sales@example.com")
    assert shown(roads, made)["attributes"]["msg"]["subject"] == f"More [#{asked[1]}]"
    made = errand(roads, mail(f"Re: [#{asked[1]}] again", f"In-Reply-To: {asked[0]}"), "sales@example.com")
    assert shown(roads, made)["attributes"]["msg"]["subject"] == f"Re: [#{asked[1]}] again"


def test_what_a_rule_puts_into_the_extra_data_stays_beside_the_thread(roads: Road, asked: tuple[str, str]) -> None:
    made = errand(roads, mail("Shop order", f"In-Reply-To: {asked[0]}"))
    assert extradata(roads, made) == belongs_to(asked[1]) | {"shop": "yes"}


def test_our_own_answer_that_comes_back_is_discarded_with_the_reason(roads: Road, asked: tuple[str, str]) -> None:
    roads.reaches(roads.answers(asked[1]), "done")
    name = roads.sends(roads.smarthost.mails[-1][1])
    reason = f"our own answer to errand #{asked[1]} came back: a loop"
    assert roads.reaches(name, "discarded")["error"] == reason
    assert step(roads, name, "discarded") == {"by": "settings: loop", "reason": reason}


# Another gateway's answer is mail like any other.
def test_an_answer_of_another_gateway_is_no_loop(roads: Road) -> None:
    assert errand(roads, mail("Foreign", "X-Cention-Errand: other.example.com; errand=7"))


def test_a_route_discards_or_holds_a_kind_by_its_settings(roads: Road) -> None:
    name = roads.sends(mail("Away again", "X-Autoreply: yes"), "sales@example.com")
    assert roads.reaches(name, "discarded")["error"] == "reply: X-Autoreply"
    name = roads.sends(mail("Report", "Auto-Submitted: auto-generated"), "sales@example.com")
    roads.reaches(name, "held")
    assert step(roads, name, "held")["reason"] == "notification: Auto-Submitted: auto-generated"
    operate.release(roads.gateway.spool, [name])
    roads.reaches(name, "done")


def test_too_many_mails_alike_are_held_with_one_alert_until_a_person_lets_them_go(
    roads: Road, capsys: pytest.CaptureFixture[str]
) -> None:
    names = []
    for number in range(6):
        subject = f"{'Re: ' * number}Thank you"
        names.append(roads.sends(mail(subject, f"Message-ID: <thanks{number}@client.example>")))
        roads.reaches(names[-1], "done" if number < MOST_ALIKE else "held")
    held = [roads.reaches(name, "held") for name in names[3:]]
    assert {job["hold"] for job in held} == {"loop"}
    assert capsys.readouterr().out.count("mails held, perhaps a loop") == 1
    _, ready = roads.post(b"", "/readyz", "GET")
    assert b'"loop: asa@client.example":"3 mails' in ready
    operate.release(roads.gateway.spool, names[3:])
    for name in names[3:]:
        roads.reaches(name, "done")
