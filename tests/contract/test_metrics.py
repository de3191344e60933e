"""/metrics on the running gateway: what each road counts, and that strangers add no lines to it."""

import smtplib
from collections.abc import Iterator
from contextlib import suppress

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.roads import Road, until

MAIL = "Message-ID: <{id}@client.example>\nFrom: {who}\nSubject: {subject}\n\nhello\n"
Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    with Road(tmp_path_factory.mktemp("metrics")) as found:
        yield found


def series(running: Road) -> Series:
    page = running.post(b"", "/metrics", "GET")[1].decode()
    return {
        (sample.name.removeprefix("cention_gateway_"), tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if "_created" not in sample.name
    }


def grown(before: Series, after: Series, name: str) -> dict[str, float]:
    """By how much the lines of a metric have grown, by their labels' values."""
    return {
        " ".join(value for _, value in labels): after[key] - before.get(key, 0.0)
        for key in after
        for labels in [key[1]]
        if key[0] == name and after[key] != before.get(key, 0.0)
    }


def test_each_road_is_counted_by_route_workspace_and_smarthost(running: Road) -> None:
    before = series(running)
    mail = running.sends(MAIL.format(id="one", who="asa@client.example", subject="hej"))
    errand = running.reaches(mail, "done")["result"]
    answer = running.answers(errand)
    running.reaches(answer, "done")
    until(lambda: grown(before, series(running), "answers_total"), "the answer to be counted")
    after = series(running)
    assert grown(before, after, "errands_total") == {"done support": 1.0}
    assert grown(before, after, "errand_seconds_count") == {"support": 1.0}
    assert grown(before, after, "answers_total") == {"done demo": 1.0}
    assert grown(before, after, "answer_seconds_count") == {"demo": 1.0}
    (label,) = grown(before, after, "recipients_total")
    assert label.startswith("sent 127.0.0.1:")
    assert after["ready", (("part", "spool"),)] == 1.0
    assert after["disk_free_bytes", ()] > 0


def test_what_needs_a_person_is_counted_by_its_reason_and_route(running: Road) -> None:
    before = series(running)
    running.faults({"target": "create", "calls": 1, "status": 400})
    running.reaches(running.sends(MAIL.format(id="two", who="asa@client.example", subject="hej")), "parked")
    until(lambda: grown(before, series(running), "parked_total"), "the parked one to be counted")
    after = series(running)
    assert grown(before, after, "parked_total") == {"document-refused": 1.0}
    assert after["lane_jobs", (("lane", "route:support"), ("state", "parked"))] == 1.0


# A label that a stranger chooses is a line for each of his words, until the memory is full.
def test_hostile_mails_and_requests_add_no_lines(running: Road) -> None:
    before = series(running)
    for number in range(30):
        evil = f"evil{number}"
        running.sends(MAIL.format(id=evil, who=f'"{evil}" <{evil}@{evil}.example>', subject=evil))
        running.post(b"{}", f"/callbacks/{evil}")
        running.post(b"", f"/{evil}", "GET")
        host, port = running.gateway.smtp[0].host, running.gateway.smtp[0].port
        with suppress(smtplib.SMTPException), smtplib.SMTP(host, port, timeout=10) as client:
            client.docmd(evil.upper())
            client.sendmail(f"{evil}@example.com", [f"{evil}@nowhere.example"], b"x")
    new = {key for key in series(running).keys() - before.keys() if "created" not in key[0]}
    assert not [key for key in new if "evil" in str(key)]
    # What is counted for the first time: refusals by two statuses, callbacks for no workspace of ours.
    assert {key[0] for key in new} <= {"smtp_refusals_total", "callbacks_total", "errands_total", "jobs", "lane_jobs"}
    assert len(new) < 10
