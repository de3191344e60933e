"""How a route's answers look, on the whole road: settings in force, copies to others, and what a reload changes."""

from pathlib import Path
from typing import Any

import pytest

from gateway.errors import SettingsError
from tests.contract.test_road_out import errand_of
from tests.roads import Road

BOTH = (
    "Message-ID: <1@x.example>\nFrom: asa@client.example\nTo: support@example.com, Sales <sales+x@example.com>\n"
    "Cc: Bo <bo@client.example>, support@example.com\nSubject: hello\n\nhi\n"
)


def answers_look(roads: Road, **look: Any) -> None:
    """Put a look of the answers of `support` in force, as an operator does who edits the file."""
    roads.sections["look"] = look
    roads.reload()


class LookingRoad(Road):
    """A road whose section `look` is the first route's `[route.answer]`."""

    def settings(self) -> Any:
        look = self.sections.pop("look", {})
        found = super().settings()
        self.sections["look"] = look
        first, *others = found.route
        answer = type(first.answer).model_validate(look)
        return found.model_copy(update={"route": [first.model_copy(update={"answer": answer}), *others]})


@pytest.fixture
def roads(tmp_path: Path) -> Any:
    with LookingRoad(tmp_path) as running:
        yield running


def test_a_copy_goes_to_whom_the_customer_wrote_to_and_never_to_us(roads: Road) -> None:
    answers_look(roads, reply_all=True, verp=True)
    errand = str(roads.reaches(roads.sends(BOTH), "done")["result"])
    name = roads.answers(errand)
    roads.reaches(name, "done")
    recipients, _ = roads.smarthost.mails[-1]
    assert recipients == ["asa@client.example", "bo@client.example"]
    assert roads.smarthost.parsed()["Cc"] == "Bo <bo@client.example>"


def test_without_the_setting_it_goes_to_whom_it_names_alone(roads: Road) -> None:
    errand = str(roads.reaches(roads.sends(BOTH), "done")["result"])
    roads.reaches(roads.answers(errand), "done")
    assert roads.smarthost.mails[-1][0] == ["asa@client.example"]


def last_text(roads: Road) -> str:
    body = roads.smarthost.parsed().get_body(("plain",))
    assert body is not None
    return str(body.get_content()).strip()


# A look that was changed is in the next answer; one that is wrong changes nothing.
def test_a_reload_puts_another_template_in_force_and_a_wrong_one_is_refused(roads: Road, tmp_path: Path) -> None:
    template = tmp_path / "t.txt"
    for number in ("one", "two"):
        template.write_text("{{ body }} " + number)
        answers_look(roads, text_template=str(template))
        roads.reaches(roads.answers(errand_of(roads)), "done")
        assert last_text(roads) == f"hello {number}"
    template.write_text("{{ body ")
    with pytest.raises(SettingsError, match=r"route\[1\]\.answer\.text_template: .*t\.txt, line 1"):
        answers_look(roads, text_template=str(template))
    roads.reaches(roads.answers(errand_of(roads)), "done")
    assert last_text(roads) == "hello two"
