"""A real Postfix takes an answer, cannot deliver it and reports that: the agent hears of it as of a refusal."""

import json
from typing import Any

import pytest

from tests.acceptance.conftest import SUPPORT, Build, House, message
from tests.servers.clients import swaks
from tests.servers.postfix import Postfix
from tests.servers.program import wait_until

WRITER = "gone@example.net"


def around(house: House) -> Postfix:
    """A smarthost that sends what is for others to a server which refuses them, and reports on it to the gateway.

    That server is the gateway's own SMTP side, which knows nobody in example.net.
    """
    place = f"smtp:[127.0.0.1]:{house.gateway.smtp_port}"
    main = {"relay_domains": "example.net, example.com", "transport_maps": "hash:{tables}/transport"}
    return Postfix(main, {"transport": [f"example.net {place}", f"example.com {place}"]})


def traced(house: House, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(house.gateway.command("trace", name, "--json").stdout)
    return found


@pytest.mark.parametrize("verp", [False, True])
def test_a_bounce_from_postfix_becomes_the_agents_errand(build: Build, *, verp: bool) -> None:
    house = build(start=False)
    smarthost = around(house)
    smarthost.start()
    try:
        (route,) = house.gateway.settings["route"]
        house.gateway.change(
            {
                "outgoing": {"smarthosts": [f"smtp://127.0.0.1:{smarthost.port}"]},
                "route": [route | {"answer": {"verp": verp}}],
            }
        )
        house.gateway.start()
        swaks(house.gateway.smtp_port, sender=WRITER, to=SUPPORT)
        [errand] = house.simulator.wait_for_errands()
        house.simulator.answer(errand["id"], "An answer.")
        _, told = house.simulator.wait_for_errands(2)
        wait_until(smarthost.queue_is_empty, "Postfix has nothing left")
    finally:
        smarthost.stop()
    assert "could not be delivered" in message(told)["subject"]
    assert "550" in message(told)["body"]
    assert told["attributes"]["extradata"]["errand"] == errand["id"]
    assert [one["name"] for one in message(told)["attachments"]] == ["answer.eml", "report.eml"]
    shown = traced(house, f"#{errand['id']}")
    assert [next(iter(one)) for one in shown] == ["mail", "callback", "mail", "mail"]
    [row] = shown[1]["deliveries"]
    assert (row["recipient"], row["state"]) == (WRITER, "bounced")
    assert shown[2]["mail"]["sender"] == ""
    assert ("+a" in shown[2]["mail"]["recipients"][0]) == verp
    assert len(house.simulator.errands()) == 2
