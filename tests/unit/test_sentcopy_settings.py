"""[[sent_folder]] and [[sent_bcc]]: what is said of mistakes, and which answers they are for."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.config.settings import Settings
from gateway.errors import SettingsError
from gateway.plan import plan

BCC = {"name": "archive", "address": "archive@example.com"}


@pytest.fixture
def folder(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "secret").write_text("secret")
    secret = f"file:{tmp_path / 'secret'}"
    return {"name": "sent", "host": "imap.example.com", "user": "support", "password": secret}


def settings(tmp_path: Path, **sections: Any) -> Settings:
    (tmp_path / "token").write_text("token")
    secret = f"file:{tmp_path / 'token'}"
    routes = [
        {"name": name, "recipients": [f"{name}@example.com"], "workspace": "demo", "token": secret}
        | {"reply_from": f"{name}@example.com"}
        for name in ("support", "sales")
    ]
    demo = {"url": "https://cention.example/s/demo", "attachment_token": secret}
    spool = {"spool": f"sqlite:///{tmp_path / 'spool.db'}"}
    return Settings.model_validate({"gateway": spool, "cention": {"demo": demo}, "route": routes} | sections)


def test_answers_are_copied_to_the_places_that_name_their_route_or_none(tmp_path: Path, folder: dict[str, Any]) -> None:
    found = settings(tmp_path, sent_folder=[folder | {"routes": ["sales"]}], sent_bcc=[BCC])
    assert (found.copies_of("support"), found.copies_of("sales")) == (("archive",), ("sent", "archive"))
    assert found.lanes()[-2:] == ["copy:sent", "copy:archive"]
    assert found.concurrency("copy:sent") == 1


@pytest.mark.parametrize(
    ("folders", "bccs", "line"),
    [
        (
            [],
            [BCC | {"routes": ["sails"]}],
            'sent_bcc[1].routes: no route "sails" in this file; there is: support, sales',
        ),
        ([{}], [BCC | {"name": "sent"}], 'sent_bcc[1].name: "sent" is the name of an earlier [[sent_folder]] or [['),
        ([{"password": None, "oauth": "m365"}], [], "sent_folder[1].oauth: no [oauth.m365] in this file"),
    ],
)
def test_what_does_not_fit_together_is_told_with_its_place(
    tmp_path: Path, folder: dict[str, Any], folders: list[dict[str, Any]], bccs: list[dict[str, Any]], line: str
) -> None:
    found = settings(tmp_path, sent_folder=[folder | one for one in folders], sent_bcc=bccs)
    with pytest.raises(SettingsError) as caught:
        plan(found, "config.toml")
    [said] = caught.value.lines
    assert said.startswith(f"config.toml: {line}")


@pytest.mark.parametrize("address", ["archive", "a b@example.com", "<a@example.com>", "a@b\r\nBcc: c@d"])
def test_what_is_no_address_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(ValidationError, match="address"):
        settings(tmp_path, sent_bcc=[BCC | {"address": address}])
