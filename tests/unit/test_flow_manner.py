"""The settings' `[mail]` reach the reading of mail, each key as it is called there."""

import pytest

from gateway.config.mail import MailSection
from gateway.flow.manner import manner
from gateway.mail.manner import USUAL


def test_as_set_by_default_mail_is_read_as_usual() -> None:
    assert manner(MailSection()) == USUAL


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("inline_images", "data"),
        ("remote_images", "strip"),
        ("tracking_pixels", "keep"),
        ("alternatives", "leave-out"),
        ("max_depth", 7),
        ("max_parts", 17),
        ("max_header", 20_000),
        ("max_fields", 170),
        ("max_addresses", 70),
        ("max_opened", 7_000),
    ],
)
def test_each_key_changes_the_reading_that_it_is_about(key: str, value: str | int) -> None:
    changed = manner(MailSection.model_validate({key: value}))
    owner = changed.bounds if key.startswith("max_") else changed
    assert getattr(owner, key.removeprefix("max_")) == value
