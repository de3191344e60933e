"""Invitations: what a person needs to know stands in the text, and the .ics is a file."""

import pytest

from gateway.mail.calendar import summary
from tests.mails import multipart, part, read

INVITATION = """BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Europe/Stockholm
BEGIN:STANDARD
DTSTART:19701025T030000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
DTSTART;TZID=Europe/Stockholm:20261124T130000
DTEND;TZID=Europe/Stockholm:20261124T143000
SUMMARY:A visit\\, with
  coffee
LOCATION:Room 5\\; upstairs
ORGANIZER;CN="Berg, Anna":mailto:anna@a.example
DESCRIPTION:First line\\nSecond
BEGIN:VALARM
DESCRIPTION:REMINDER
END:VALARM
END:VEVENT
END:VCALENDAR
"""
TOLD = """Invitation: A visit, with coffee
When: 2026-11-24 13:00 - 14:30 Europe/Stockholm
Where: Room 5; upstairs
Organizer: Berg, Anna <anna@a.example>

First line
Second"""


def test_an_invitation_says_what_when_where_and_by_whom() -> None:
    assert summary(INVITATION) == TOLD
    assert summary(INVITATION.replace("\n", "\r\n")) == TOLD


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ("DTSTART;VALUE=DATE:20261124", "When: 2026-11-24"),
        ("DTSTART:20261124T130000Z\nDTEND:20261125T010000Z", "When: 2026-11-24 13:00 - 2026-11-25 01:00 UTC"),
        ("DTSTART:20261124T1300\nRRULE:FREQ=WEEKLY", "When: 2026-11-24 13:00, repeated (FREQ=WEEKLY)"),
        ("DTSTART:soon", "When: soon"),
    ],
)
def test_times_are_said_as_the_sender_has_them(times: str, said: str) -> None:
    assert summary(f"BEGIN:VEVENT\n{times}\nEND:VEVENT").splitlines()[1] == said


def test_an_answer_says_who_answered_what() -> None:
    answer = "METHOD:REPLY\nBEGIN:VEVENT\nSUMMARY:x\nATTENDEE;PARTSTAT=DECLINED;CN=Bo:mailto:bo@b\nEND:VEVENT"
    assert summary(answer) == "Answer to an invitation: x\nBo <bo@b>: declined"


def test_a_cancelled_event_says_so() -> None:
    assert summary("BEGIN:VEVENT\nSUMMARY:x\nSTATUS:CANCELLED\nEND:VEVENT") == "Cancelled: x"


@pytest.mark.parametrize("nothing", ["", "words", "BEGIN:VCALENDAR\nEND:VCALENDAR", "BEGIN:VTIMEZONE\nDTSTART:1\n"])
def test_where_there_is_no_event_nothing_is_told(nothing: str) -> None:
    assert summary(nothing) == ""


def test_an_invitation_is_told_in_the_text_and_beside_the_page_and_is_a_file() -> None:
    mail = read(
        multipart(
            "alternative",
            part("text/plain", "Please come."),
            part("text/html", "<p>Please come."),
            part("text/calendar; method=REQUEST", INVITATION),
        )
    )
    assert mail.body == f"Please come.\n\n{TOLD}"
    assert "When: 2026-11-24 13:00" in mail.html_body
    assert [(one.name, one.content_type) for one in mail.attachments] == [("invite.ics", "text/calendar")]


# Mailers write the time into the text themselves; it is not said twice.
@pytest.mark.parametrize("when", ["at 13:00 to 14:30", "kl. 13.00", "Tuesday 1pm", "1:00 PM"])
def test_an_invitation_that_the_text_tells_is_not_told_again(when: str) -> None:
    mail = read(multipart("alternative", part("text/plain", when), part("text/calendar", INVITATION)))
    assert mail.body == when


# Not only among alternatives.
def test_an_invitation_that_a_text_beside_it_tells_is_not_told_again() -> None:
    mail = read(multipart("mixed", part("text/plain", "At 13:00."), part("text/calendar", INVITATION)))
    assert mail.body == "At 13:00."


@pytest.mark.timeout(10)
def test_many_invitations_beside_a_long_text_take_no_time() -> None:
    mail = read(multipart("mixed", part("text/plain", "1 word " * 200_000), *[part("text/calendar", INVITATION)] * 400))
    assert mail.body.count("When: 2026-11-24 13:00") == 400


def test_an_invitation_alone_is_the_text() -> None:
    assert read(part("text/calendar; name=invite.ics", INVITATION)).body == TOLD


def test_a_calendar_that_is_attached_is_a_file_and_is_not_told() -> None:
    attached = part("text/calendar; name=a.ics", INVITATION, "Content-Disposition: attachment")
    assert read(multipart("mixed", part("text/plain", "See there."), attached)).body == "See there."
