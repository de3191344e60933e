"""The log: facts as JSON or for people, and nothing in it that must not be."""

import io
import json
import sys
from collections.abc import Iterator

import pytest
import structlog

from gateway import log as logging
from gateway.log import log


@pytest.fixture(autouse=True)
def configuration() -> Iterator[None]:
    yield
    structlog.reset_defaults()


# A closed pipe or a full disk behind the log must not cost a mail.
@pytest.mark.parametrize("form", ["json", "human"])
def test_a_log_that_cannot_be_written_raises_nothing(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, opened = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", closed)
    logging.configure(form, "info")
    closed.close()
    log.accepted("01M8", "smtp", "a@b", ["support"], 10, "192.0.2.1")
    log.trouble("here", ValueError("x"))
    monkeypatch.setattr(sys, "stderr", opened)
    log.accepted("01M9", "smtp", "a@b", ["support"], 10, "192.0.2.1")
    assert "01M9" in opened.getvalue()
    assert "01M8" not in opened.getvalue()


@pytest.mark.parametrize("form", ["json", "human"])
def test_a_traceback_shows_no_local_variables(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    logging.configure(form, "info")

    def fails(body: str) -> None:
        raise ValueError(f"{len(body)} letters")

    try:
        fails("the customer's words, and s3cret")
    except ValueError as error:
        log.trouble("here", error)
    said = capsys.readouterr().err
    assert "32 letters" in said
    assert "s3cret" not in said.replace('fails("the customer\'s words, and s3cret")', "")


def test_a_fact_is_a_json_object_a_line_with_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    logging.configure("json", "info")
    log.accepted("01M8", "smtp", "å@b", ["support"], 10, "192.0.2.1")
    said = json.loads(capsys.readouterr().err)
    assert (said["event"], said["trace"], said["sender"], said["level"]) == ("mail accepted", "01M8", "å@b", "info")


def test_below_its_level_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    logging.configure("json", "error")
    log.accepted("01M8", "smtp", "a@b", ["support"], 10, "192.0.2.1")
    assert capsys.readouterr().err == ""
