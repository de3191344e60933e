"""Who wrote a mail: what stands in for From, and what a mailing list put in its place."""

import pytest

from gateway.mail.header import read_header
from gateway.mail.parse import parse
from gateway.mail.writer import writer
from gateway.model import Address

ANN = Address("Ann Lee", "ann@her.example")


def written_by(header: str) -> Address:
    raw = header.encode()
    return writer(read_header(raw, 0, len(raw))[0])


def test_the_sender_field_stands_in_where_from_says_nothing() -> None:
    assert parse(b"From: <>\nSender: B <b@c>\n\nx", "<1@x>").sender == Address("B", "b@c")
    assert parse(b"Sender: B <b@c>\n\nx", "<1@x>").sender == Address("B", "b@c")
    assert parse(b"Resent-From: B <b@c>\n\nx", "<1@x>").sender == Address("B", "b@c")
    assert parse(b"Subject: x\n\nx", "<1@x>").sender == Address("", "")


def test_who_sent_or_resent_a_mail_did_not_write_it() -> None:
    assert written_by("Sender: S <s@t>\nResent-From: R <r@s>\nFrom: Ann Lee <ann@her.example>\n") == ANN


def test_of_several_writers_the_first_with_an_address_counts() -> None:
    assert written_by("From: root\nFrom: Ann Lee <ann@her.example>, B <b@c>\n") == ANN


# A bounce address is better than none, and the name that the writer gave better than a program's.
@pytest.mark.parametrize("stand_in", ["Sender: x", "Reply-To: x", "Return-Path:"])
def test_a_name_without_an_address_is_kept_beside_the_address_that_stands_in(stand_in: str) -> None:
    assert written_by(f"From: Ann Lee\n{stand_in} <ann@her.example>\n") == ANN


# The name is kept even where the address has to come from the envelope.
def test_a_sender_without_an_address_keeps_its_name() -> None:
    assert parse(b"From: MAILER-DAEMON\n\nx", "<1@x>").sender == Address("MAILER-DAEMON", "")


def test_reply_to_is_read_and_none_where_there_is_none() -> None:
    assert parse(b"From: a@b\nReply-To: C <c@d>, e@f\n\nx", "<1@x>").reply_to == Address("C", "c@d")
    assert parse(b"From: a@b\n\nx", "<1@x>").reply_to is None


@pytest.mark.parametrize(
    "header",
    [
        # Google
        "From: 'Ann Lee' via Help <help@g.example>\nList-ID: x\nX-Original-From: Ann Lee <ann@her.example>\n",
        (
            "From: 'Ann Lee' via Help <help@g.example>\nMailing-list: list help@g.example; contact help+o@g.example\n"
            "Reply-To: help@g.example\nX-Original-Sender: ann@her.example\n"
        ),
        # Mailman, with and without the list in Reply-To
        "From: Ann Lee via Help <help@l.example>\nList-Id: x\nReply-To: Ann Lee <ann@her.example>\n",
        (
            "From: Ann Lee via Help <h@l.example>\nList-Post: <mailto:help@l.example>\n"
            "Reply-To: help@l.example, ann@her.example\n"
        ),
        # LISTSERV, Groups.io, a forwarding server
        "From: Ann Lee <00001-dmarc-request@L.EXAMPLE>\nList-Id: x\nReply-To: Ann Lee <ann@her.example>\n",
        (
            "From: Ann Lee via groups.io <ann=her.example@groups.io>\nList-Id: x\nReply-To: g@groups.io\n"
            "List-Post: <mailto:g@groups.io>\n"
        ),
        "From: Ann Lee via Forward <f@w.example>\nX-Original-From: ann@her.example\n",
    ],
)
def test_a_mailing_list_that_rewrote_from_did_not_write_the_mail(header: str) -> None:
    assert written_by(header) == ANN


# Nobody may put another writer in the place of From by headers alone.
@pytest.mark.parametrize(
    "header",
    [
        "X-Original-From: boss@x\n",
        "Reply-To: boss@x\n",
        "List-Id: news\nReply-To: boss@x\n",
        "X-Original-Sender: boss@x\n",
    ],
)
def test_a_mail_that_no_list_rewrote_is_by_whom_from_names(header: str) -> None:
    assert written_by(f"From: Ann Lee <ann@her.example>\n{header}") == ANN
    assert written_by("From: Ann Lee via Sign <ann@her.example>\nReply-To: boss@x\n").name == "Ann Lee via Sign"
