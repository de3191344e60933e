"""`preview answer`: a callback's mail as a file, as a page, or in the terminal, as a route sends it."""

from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import cli
from gateway.errors import SettingsError

SAMPLE = Path(__file__).parent / "cention_callback.json"
CONFIG = """
[cention.demo]
url = "https://api.example.com/s/demo"
attachment_token = "env:PATH"
[[route]]
name = "support"
recipients = ["support@example.com"]
workspace = "demo"
token = "env:PATH"
reply_from = "Support <support@example.com>"
[[route]]
name = "sales"
recipients = ["sales@example.com"]
workspace = "demo"
token = "env:PATH"
reply_from = "Sales <sales@example.com>"
answer = { signature = "Your sellers", subject_prefix = "Re:", html_template = "%s" }
"""

Preview = Callable[..., Result]


@pytest.fixture
def preview(tmp_path: Path) -> Preview:
    """Runs the command, with the settings in a file of the test's folder and this template for the HTML of `sales`."""

    def run(*options: str, template: str = "{{ body }}<hr>{{ signature }}") -> Result:
        (tmp_path / "t.html").write_text(template)
        (tmp_path / "c.toml").write_text(CONFIG % (tmp_path / "t.html"))
        return CliRunner().invoke(cli, ["preview", "answer", str(SAMPLE), *options])

    return run


def of_sales(folder: Path) -> tuple[str, ...]:
    return "--config", str(folder / "c.toml"), "--route", "sales"


def test_the_mail_is_as_the_route_sends_it(preview: Preview, tmp_path: Path) -> None:
    done = preview(*of_sales(tmp_path), "--output", str(tmp_path / "a.eml"))
    assert (done.exit_code, done.stdout) == (0, "")
    mail: Any = message_from_bytes((tmp_path / "a.eml").read_bytes(), policy=default)
    assert (mail["From"], mail["Subject"]) == ("Sales <sales@example.com>", "Re: Creating test errand via API")
    assert "<hr>Your sellers" in mail.get_body(("html",)).get_content()
    assert "Your sellers" in mail.get_body(("plain",)).get_content()


def test_the_first_route_is_taken_where_none_is_named(preview: Preview, tmp_path: Path) -> None:
    assert "From: Support <support@example.com>" in preview("--config", str(tmp_path / "c.toml")).stdout


def test_in_the_terminal_parts_text_and_files_are_shown(preview: Preview, tmp_path: Path) -> None:
    shown = preview(*of_sales(tmp_path), "--text").stdout
    for said in ("multipart/mixed", "text/html", "Your sellers", "placeholder-for-c3_response_attachments-789.png"):
        assert said in shown


def test_the_page_has_header_files_and_pictures(preview: Preview) -> None:
    page = preview("--html").stdout
    assert "<td>David Liew &lt;david.liew@test.se&gt;</td>" in page
    assert page.count("data:image/png;base64,") == 2
    assert "<li>placeholder-for-c3_response_attachments-790.png</li>" in page
    assert "cid:" not in page


def test_open_has_the_browser_show_that_page(preview: Preview, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def opens(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr("webbrowser.open", opens)
    assert preview("--open", "--output", str(tmp_path / "a.html")).exit_code == 0
    assert opened == [(tmp_path / "a.html").as_uri()]
    assert "<iframe" in (tmp_path / "a.html").read_text()


def test_where_there_is_no_browser_the_page_is_named(preview: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbrowser.open", lambda _address: False)
    done = preview("--open")
    assert done.exit_code == 1
    assert "no browser can be started; the page is" in done.output


@pytest.mark.parametrize(
    ("route", "template", "said"),
    [
        ("nobody", "{{ body }}", 'route: there is no "nobody"; there is support, sales'),
        ("support", "{{ body }}\n{{ oops }}", 't.html, line 2: "oops" is not known'),
    ],
)
def test_what_is_wrong_with_settings_or_templates_is_told(
    preview: Preview, tmp_path: Path, route: str, template: str, said: str
) -> None:
    done = preview("--config", str(tmp_path / "c.toml"), "--route", route, template=template)
    assert isinstance(done.exception, SettingsError)
    assert said in str(done.exception)
