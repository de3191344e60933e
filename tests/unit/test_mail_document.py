"""Pages that are put into other pages, and made whole."""

import pytest

from gateway.mail.document import fragment

BODY = "<body><p>hello</p></body>"


@pytest.mark.parametrize(
    ("head", "sheets"),
    [
        (
            "<style>a{}</style><title>x</title><STYLE type='text/css'>b{}</STYLE >",
            "<style>a{}</style><STYLE type='text/css'>b{}</style>",
        ),
        ("<title>x</title>", ""),
        # As browsers have it, it goes on to the end; what comes after it is no part of it.
        ("<style>a{}<title>x</title>", "<style>a{}<title>x</title></style>"),
    ],
)
def test_a_pages_sheets_go_along_with_its_body(head: str, sheets: str) -> None:
    found = fragment(f"<html><head>{head}{BODY}</html>")
    assert found.startswith((f"{sheets}<div", f"{sheets}<p>"))
    assert found.count("<p>hello</p>") == 1


# Each is looked at once: with a search from each one to the end this would take half an hour.
def test_sheets_that_nobody_closed_are_read_in_time() -> None:
    assert "<p>hello</p>" in fragment("<style>" * 200_000 + BODY)
