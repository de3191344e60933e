"""`preview mail` shows a person what becomes of a mail, and nothing of it moves the terminal."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.preview import app
from gateway.cli.sight import show, size_of
from gateway.errors import SettingsError
from gateway.preview import Piece, choices, errand_document, sight
from tests.mails import multipart, part
from tests.rulings import settings
from tests.unit.test_cli import SETTINGS

MAIL = (
    "From: Anna <anna@a.example>\nReply-To: b@b.example\nSubject: Hej\nReferences: <1@x> <2@x>\n"
    "Auto-Submitted: auto-replied\n"
    + multipart(
        "mixed",
        multipart("alternative", part("text/plain", "the text \x1b[31mred"), part("text/html", "<p>x"), boundary="=_2"),
        part("application/pdf; name=a.pdf", "PDF" * 500),
        part("image/png; name=p.png", "!!!!", "Content-Transfer-Encoding: base64"),
    )
).encode()


def test_the_parts_are_in_order_with_their_depth_and_size() -> None:
    assert sight(MAIL).pieces[1:] == (
        Piece(1, "multipart/alternative", "", 93),
        Piece(2, "text/plain", "", 17),
        Piece(2, "text/html", "", 4),
        Piece(1, "application/pdf", "a.pdf", 1500),
        Piece(1, "image/png", "p.png", 4),
    )


def test_it_shows_the_tree_who_wrote_what_was_repaired_the_text_and_the_files(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show("one.eml", sight(MAIL))
    out = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    for said in (
        "one.eml",
        "│ ├── text/plain 17 B",
        "From Anna <anna@a.example>",
        "Reply-To <b@b.example>",
        "Subject Hej",
        "Kind reply (Auto-Submitted: auto-replied)",
        "Becomes an errand, closed at once if the one that it belongs to is known",
        "Answers <2@x>",
        "Thread <1@x>",
        "Repaired declared as base64, but it is not",
        "Text (and HTML, 8 characters)",
        "the text �[31mred",
        "│ a.pdf │ application/pdf │ 1.5 kB │ │",
    ):
        assert said in lines
    assert "\x1b" not in out


# What an operator asks of a bounce, and of a mail that names an errand.
def test_it_shows_what_a_report_says_and_which_errand_a_mail_names(capsys: pytest.CaptureFixture[str]) -> None:
    said = "Final-Recipient: rfc822; bob@b.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 nobody"
    report = multipart(
        "report; report-type=delivery-status",
        part("text/plain", "no"),
        part("message/delivery-status", f"Reporting-MTA: dns; mx\n\n{said}"),
        part("message/rfc822", "Message-ID: <sent@us>\n\nx"),
    )
    show("dsn.eml", sight(f"Subject: Re: [#2256] x\n{report}".encode()))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "Errand #2256, by its subject" in lines
    assert "Reports on <sent@us>" in lines
    assert "bob@b.example failed 5.1.1 550 nobody" in lines


REPLY = b"Auto-Submitted: auto-replied\nSubject: Re: x\n\nBlue.\n\n> which?\n"
AMP = part("text/x-amp-html", "<html amp4email>")
ALTERNATIVES = multipart("alternative", part("text/plain", "hello"), AMP).encode()


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ('reply = "errand"', "an errand"),
        ('reply = "closed"', "an errand that is closed at once"),
        ('reply = "attach"', "an errand, closed at once if the one that it belongs to is known"),
        ('reply = "discard"', "nothing (reply: Auto-Submitted: auto-replied)"),
        ('reply = "hold"', "nothing until a person releases it (reply: Auto-Submitted: auto-replied)"),
    ],
)
def test_it_says_what_the_settings_make_of_a_mail(said: str, becomes: str) -> None:
    assert sight(REPLY, choices(settings(f"[automatic]\n{said}"), "", "c.toml")).becomes == becomes
    of_sales = choices(settings(sales=f"[automatic]\n{said}"), "sales", "c.toml")
    assert sight(REPLY, of_sales).becomes == becomes


def test_our_own_answer_is_nothing_as_it_is_set_by_default() -> None:
    raw = b"X-Cention-Errand: GW.example.com; errand=7\n\nx"
    assert sight(raw, choices(settings(), "", "c.toml")).becomes.startswith("nothing (our own answer to errand #7")
    assert sight(raw, choices(settings('[automatic]\nloop = "errand"'), "", "c.toml")).becomes == "an errand"


def test_it_is_read_as_the_settings_say_in_the_tree_and_in_the_document() -> None:
    by = choices(settings('[mail]\nalternatives = "leave-out"', support="trim_replies = true"), "support", "c.toml")
    assert [file.name for file in sight(ALTERNATIVES, by).mail.attachments] == []
    assert errand_document(ALTERNATIVES, by)["data"]["attributes"]["msg"]["attachments"] == []
    assert sight(REPLY, by).mail.body == "Blue.\n"
    assert errand_document(REPLY, by)["data"]["attributes"]["msg"]["body"] == "Blue.\n"


def test_a_route_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(SettingsError, match=r'c\.toml: route: there is no "x"; there is support, sales, archive'):
        choices(settings(), "x", "c.toml")


def test_the_command_reads_by_a_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", "x")
    config, mail = tmp_path / "c.toml", tmp_path / "one.eml"
    config.write_text(SETTINGS.format(folder=tmp_path) + '[mail]\nalternatives = "leave-out"\n')
    mail.write_bytes(ALTERNATIVES)
    assert "amp-html │" in CliRunner().invoke(app, ["mail", str(mail)]).stdout
    shown = CliRunner().invoke(app, ["mail", str(mail), "-c", str(config), "--route", "support"]).stdout
    assert "an alternative that nobody shows was left out (text/x-amp-html)" in shown


def test_a_mail_of_nothing_is_shown_too(capsys: pytest.CaptureFixture[str]) -> None:
    show("empty.eml", sight(b""))
    assert "(there is none)" in capsys.readouterr().out


@pytest.mark.parametrize(("size", "text"), [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (2_000_000, "2.0 MB")])
def test_sizes_are_for_people(size: int, text: str) -> None:
    assert size_of(size) == text
