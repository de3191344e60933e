"""What supervisors ask the running gateway: whether it lives, whether each part of its roles is ready, and why not."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.roads import Road, road


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Road]:
    with road(tmp_path) as found:
        yield found


# The thread is there, but it does not go round: a restart is all that helps.
def test_a_worker_that_hangs_gets_no_sign_of_life_and_is_told_as_not_ready(
    running: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = running.gateway
    assert gateway.lives(60)
    status, said = running.post(b"", "/readyz", "GET")
    assert (status, orjson.loads(said)["roles"]) == (200, ["fetch", "http", "smtp", "worker"])
    monkeypatch.setattr(
        type(gateway._worker), "alive_at", property(lambda _: -1e6, lambda _self, _at: None), raising=False
    )
    assert not gateway.lives(60)
    status, said = running.post(b"", "/readyz", "GET")
    assert status == 503
    assert "no sign of life" in orjson.loads(said)["parts"]["worker"]
    assert b'cention_gateway_ready{part="worker"} 0.0' in running.post(b"", "/metrics", "GET")[1]


# systemd's own time limit counts then; a sign that is missing would end what is being finished.
def test_while_it_stops_it_is_not_missed(running: Road) -> None:
    running.gateway._stopping = True
    running.gateway._worker.alive_at = -1e6
    assert running.gateway.lives(60)
