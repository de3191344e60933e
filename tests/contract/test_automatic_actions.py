"""Each kind of automatic mail by each action that the settings have for it, over the whole road."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from gateway.config.automatic import Action
from gateway.model import AutoKind
from tests.roads import Road, road

KINDS = [kind for kind in AutoKind if kind is not AutoKind.PERSON]
SIGNS = {
    AutoKind.LIST: "List-Id: <friends.example>",
    AutoKind.REPLY: "Auto-Submitted: auto-replied",
    AutoKind.NOTIFICATION: "Auto-Submitted: auto-generated",
    AutoKind.BOUNCE: "X-Failed-Recipients: bob@client.example",
    AutoKind.RECEIPT: "Content-Type: message/disposition-notification",
    AutoKind.COMPLAINT: "Content-Type: message/feedback-report",
}
# What becomes of a mail by an action: as it is known where it belongs, and as it is not.
OPEN, CLOSED = ("done", False), ("done", True)
OUTCOMES: dict[str, tuple[tuple[str, bool], tuple[str, bool]]] = {
    "errand": (OPEN, OPEN),
    "closed": (CLOSED, CLOSED),
    "attach": (CLOSED, OPEN),
    "discard": (("discarded", False), ("discarded", False)),
    "hold": (("held", False), ("held", False)),
}
ASKED = "<asked@client.example>"


def route(name: str, folder: Path, **more: Any) -> dict[str, Any]:
    """A route for each action, which is that of every kind there."""
    given = {"recipients": [f"{name}@example.com"], "workspace": "demo", "token": f"file:{folder / 'create'}"}
    return {"name": name, "reply_from": f"{name}@example.com", **given, **more}


@pytest.fixture(scope="module")
def roads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    folder = tmp_path_factory.mktemp("actions")
    routes = [route("support", folder)]
    routes += [route(action, folder, automatic={kind.value: action for kind in KINDS}) for action in OUTCOMES]
    with road(folder, route=routes) as running:
        running.reaches(running.sends(f"From: asa@client.example\nMessage-ID: {ASKED}\n\nhello\n"), "done")
        yield running


def test_there_is_an_outcome_for_each_action_and_a_sign_for_each_kind() -> None:
    assert set(OUTCOMES) == set(get_args(Action))
    assert set(SIGNS) == set(KINDS)


@pytest.mark.parametrize("action", OUTCOMES)
def test_each_kind_becomes_what_the_action_says(roads: Road, action: str) -> None:
    for number, answers in enumerate((ASKED, "<nobody@knows.example>")):
        sent = {
            kind: roads.sends(
                f"From: bot@client.example\nSubject: {kind}\n{SIGNS[kind]}\nIn-Reply-To: {answers}\n\nhello\n",
                f"{action}@example.com",
            )
            for kind in KINDS
        }
        state, closed = OUTCOMES[action][number]
        for kind, name in sent.items():
            job = roads.reaches(name, state)
            if state == "done":
                assert roads.get(f"/_sim/errands/{job['result']}")["closed"] is closed, kind
