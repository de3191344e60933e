"""What the simulator shows of an errand: where it stands, its conversation, its documents; and finding it again."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from gateway.simulator.areas import Area
from gateway.simulator.errands import State
from tests.contract.conftest import Party

Meet = Callable[..., Party]

PNG = {"content_type": "image/png", "name": "logo.png", "content": b64encode(b"\x89PNG").decode()}
USER = {"user_type": "CENTION", "user_id": "12"}


def state(at: Party, errand: str) -> tuple[str, bool]:
    shown = at.sim(f"errands/{errand}")
    return shown["state"], shown["closed"]


def kinds(at: Party, errand: str) -> list[tuple[str, str, str]]:
    return [(said["kind"], said["name"], said["body"]) for said in at.sim(f"errands/{errand}")["conversation"]]


def test_an_errand_is_open_then_answered_then_closed(party: Meet) -> None:
    at = party()
    errand = at.create()
    assert state(at, errand) == ("open", False)
    at.answer(errand, text="Yes.")
    assert state(at, errand) == ("answered", True)
    assert at.sim(f"errands/{errand}/close", {})["state"] == "closed"
    assert state(at, errand) == ("closed", True)
    at.answer(errand, text="One more thing.")
    assert state(at, errand) == ("answered", True)
    assert [one["id"] for one in at.sim("errands?state=answered")] == [errand]
    assert at.sim("errands?state=open") == []


def test_its_conversation_has_every_message_and_file_in_order(party: Meet) -> None:
    at = party()
    errand = at.create(
        name="Ann Lee", body="It broke.", html_body='<img src="cid:a">', attachments=[PNG, PNG | {"content_id": "a"}]
    )
    at.answer(errand, text="Try again.", archives=[PNG])
    at.sim(f"errands/{errand}/close", {})
    assert kinds(at, errand) == [
        ("message", "Ann Lee", "It broke."),
        ("answer", "Ann Lee", "Try again."),
        ("closing", "agent", ""),
    ]
    message, answer, _ = at.sim(f"errands/{errand}")["conversation"]
    assert [(file["name"], file["size"], file["inline"]) for file in message["files"]] == [
        ("logo.png", 4, False),
        ("logo.png", 4, True),
    ]
    assert [(file["type"], file["id"], file["inline"]) for file in answer["files"]] == [
        ("c3_area_archives", "12", True)
    ]
    assert (answer["answer"], answer["address"]) == (1, "ann@example.com")


# Its `answer` is what closes it, with everything that a message may have.
def test_a_closed_errand_shows_the_answer_that_it_came_with(party: Meet) -> None:
    at = party()
    answer = {"subject": "Done", "body": "By us.", "attachments": [PNG], "message_id": "", "from": "", "name": ""}
    by_user = at.create(attributes={"answer": answer | USER})
    by_system = at.create(attributes={"answer": answer | {"user_type": "", "user_id": ""}})
    assert state(at, by_user) == ("closed", True)
    assert kinds(at, by_user)[1] == ("closing", "cention 12", "By us.")
    assert kinds(at, by_system)[1] == ("closing", "system", "By us.")
    assert [file["name"] for file in at.sim(f"errands/{by_user}")["conversation"][1]["files"]] == ["logo.png"]


def test_a_whatsapp_errand_shows_its_template(party: Meet) -> None:
    at = party()
    template = {"elementname": "order", "namespace": "abc", "params": [{"default": "$10", "order": "1234"}]}
    errand = at.create(attributes={"watemplate": template, "answer": USER})
    assert kinds(at, errand)[1] == ("template", "cention 12", "abc / order\ndefault: $10\norder: 1234")


def test_an_errand_whose_call_ended_tells_of_the_call(party: Meet) -> None:
    at = party()
    end = {"integrationName": "aventa", "deviceId": 1000, "extensionId": 1000, "referenceId": "17"}
    errand = at.create()
    at.api("c3_end_errands", {"data": {"type": "c3_end_errands", "id": errand, "attributes": {"integrationData": end}}})
    kind, how, said = kinds(at, errand)[1]
    assert (kind, how) == ("closing", "c3_end_errands")
    assert "referenceId: 17" in said


# The contract leaves open whether Cention recognises a repeat; here it can be seen.
def test_a_message_id_that_came_before_is_counted(party: Meet) -> None:
    at = party(areas=("support", "other/support"), area_tokens=(("other/support", "o"),))
    first, second, other = at.create(), at.create(), at.create(token="o", workspace="other")
    third = at.create()
    assert [at.sim(f"errands/{errand}")["repeat"] for errand in (first, second, other, third)] == [0, 1, 0, 2]
    assert at.sim(f"errands/{first}")["same_message"] == [first, second, third]


def test_the_documents_of_both_ways_are_there(party: Meet) -> None:
    at = party()
    errand = at.create(subject="Raw")
    shown = at.answer(errand, "?times=2", text="Yes.")
    documents = at.sim(f"errands/{errand}/documents")
    assert documents["request"]["data"]["attributes"]["msg"]["subject"] == "Raw"
    [callback] = documents["callbacks"]
    assert (callback["answer"], callback["setting"], callback["document"]) == (1, "76", shown["document"])
    assert [(one["status"], one["body"]) for one in callback["deliveries"]] == [(200, "thanks")] * 2
    assert all(one["seconds"] >= 0 for one in callback["deliveries"])


def test_errands_are_found_by_what_they_say(party: Meet) -> None:
    at = party()
    attributes = {"extradata": {"case": 4711}, "cuid": "5462-13"}
    wanted = at.create(subject="RÄKNING", name="Åsa", body="Hej", message_id="<x@y>", attributes=attributes)
    at.create()
    for word in ("räkning", "åsa", "hej", "<x@y>", "4711", "5462-13", wanted):
        assert [one["id"] for one in at.sim(f"errands?search={word}")] == [wanted], word
    assert len(at.sim("errands?search=")) == 2


def test_what_is_not_there_is_404(party: Meet) -> None:
    at = party()
    for path, body in (("", None), ("/documents", None), ("/close", {}), ("/callback", {}), ("/answer", {})):
        at.sim(f"errands/1{path}", body, status=404)


POSTED: dict[str, Any] = {"data": {"attributes": {"msg": {"message_id": "<1@x>", "from": "a@x"}}}}


def test_changes_are_told_once_each_until_the_end() -> None:
    async def live() -> list[str]:
        held, told = State(), []
        with held.subscribe() as changed:
            errand = held.create(Area(7, "demo", "support"), POSTED, 0.0)
            held.close(errand.id, 1.0)
            told.append(await anext(changed))
            later = asyncio.ensure_future(anext(changed))
            await asyncio.sleep(0)
            assert not later.done()
            held.create(Area(7, "demo", "support"), POSTED, 2.0)
            told.append(await later)
            held.end()
            told += [errand_id async for errand_id in changed]
        return told

    assert asyncio.run(live()) == ["511055", "511056"]
