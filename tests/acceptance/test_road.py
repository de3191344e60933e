"""The whole road: a mail by swaks becomes an errand, and its answer arrives in Dovecot as a mail of the same thread."""

from email.message import EmailMessage, MIMEPart
from pathlib import Path

import pytest

from tests.acceptance.conftest import SUPPORT, Build, House, message
from tests.acceptance.picture import BLUE, RED
from tests.servers.clients import swaks
from tests.servers.dovecot import Dovecot
from tests.servers.postfix import Postfix
from tests.servers.simulator import ATTACHMENT_TOKEN, CREATE_TOKEN, SECRET, Upload

INVOICE = b"%PDF-1.4\n\x00\xff not a long invoice\n%%EOF\n"


def question(writer: str) -> EmailMessage:
    """A mail with everything: words beyond ASCII, text and HTML, a picture in it, a file, a thread before it."""
    mail = EmailMessage()
    mail["From"] = f'"Åsa Öberg" <{writer}>'
    mail["To"] = SUPPORT
    mail["Subject"] = "Fråga om faktura № 17"
    mail["Message-ID"] = f"<question-{writer}>"
    mail["In-Reply-To"] = f"<before-{writer}>"
    mail["References"] = f"<first-{writer}> <before-{writer}>"
    mail.set_content("Hej!\nVad är det här för en räkning?\n")
    mail.add_alternative('<p>Hej! Vad är det här? <img src="cid:logo@example.net"></p>', subtype="html")
    [_, html] = mail.iter_parts()
    html.add_related(RED, "image", "png", cid="<logo@example.net>", filename="röd.png")
    mail.add_attachment(INVOICE, maintype="application", subtype="pdf", filename="Räkning åäö.pdf")
    return mail


def shape(mail: MIMEPart) -> object:
    """A mail's structure: a part's type, and for a multipart the structures of its parts as well."""
    if mail.is_multipart():
        return mail.get_content_type(), [shape(part) for part in mail.iter_parts()]
    return mail.get_content_type()


def content(mail: EmailMessage, content_type: str) -> EmailMessage:
    """The only part of that type."""
    [part] = [part for part in mail.walk() if part.get_content_type() == content_type]
    return part


def test_a_mail_by_swaks_becomes_an_errand_with_all_that_it_says(house: House) -> None:
    said = swaks(house.gateway.smtp_port, sender="asa@example.net", to=SUPPORT, mail=question("asa@example.net"))
    assert "<-  250 2.0.0" in said
    [errand] = house.simulator.wait_for_errands()
    found = message(errand)
    assert found["message_id"] == "<question-asa@example.net>"
    assert (found["name"], found["from"]) == ("Åsa Öberg", "asa@example.net")
    assert found["subject"] == "Fråga om faktura № 17"
    assert found["body"].split() == ["Hej!", "Vad", "är", "det", "här", "för", "en", "räkning?"]
    assert "Vad är det här?" in found["html_body"]
    assert "cid:logo@example.net" in found["html_body"]
    uploads = {one["name"]: one for one in found["attachments"]}
    assert uploads.keys() == {"röd.png", "Räkning åäö.pdf"}
    assert uploads["röd.png"]["content_id"] == "logo@example.net"
    assert Upload("", "", INVOICE).document()["content"] == uploads["Räkning åäö.pdf"]["content"]


# swaks puts this mail together, not Python's email package.
def test_a_mail_that_swaks_itself_wrote_keeps_its_attachment(house: House, tmp_path: Path) -> None:
    file = tmp_path / "invoice.pdf"
    file.write_bytes(INVOICE)
    options = ["--body", "See the invoice.", "--attach-type", "application/pdf", "--attach", f"@{file}"]
    swaks(house.gateway.smtp_port, *options, sender="bo@example.net", to=SUPPORT)
    [errand] = house.simulator.wait_for_errands()
    [upload] = message(errand)["attachments"]
    assert (upload["name"], upload["content_type"]) == ("invoice.pdf", "application/pdf")
    assert upload["content"] == Upload("", "", INVOICE).document()["content"]
    assert message(errand)["body"].strip() == "See the invoice."


@pytest.mark.parametrize("links", ["own", "mixed"])
def test_an_answer_arrives_in_the_thread_with_its_picture_and_its_file(
    build: Build, plain_smarthost: Postfix, dovecot: Dovecot, links: str
) -> None:
    house = build({"outgoing": {"smarthosts": [f"smtp://127.0.0.1:{plain_smarthost.port}"]}}, links=links)
    writer = f"thread-{links}@example.net"
    swaks(house.gateway.smtp_port, sender=writer, to=SUPPORT, mail=question(writer))
    [errand] = house.simulator.wait_for_errands()
    house.simulator.answer(
        errand["id"],
        "Här är svaret.",
        '<p>Här är svaret. <img src="cid:archive_1"></p>',
        attachments=[Upload("Kvitto åäö.pdf", "application/pdf", INVOICE)],
        archives=[Upload("blå.png", "image/png", BLUE)],
    )
    [mail] = dovecot.wait_for_mails(writer)
    related = ("multipart/related", ["text/html", "image/png"])
    assert shape(mail) == (
        "multipart/mixed",
        [("multipart/alternative", ["text/plain", related]), "application/pdf"],
    )
    assert mail["In-Reply-To"] == f"<question-{writer}>"
    assert mail["References"].split() == [f"<first-{writer}>", f"<before-{writer}>", f"<question-{writer}>"]
    assert mail["From"] == f"Support <{SUPPORT}>"
    assert mail["To"].addresses[0].addr_spec == writer
    assert mail["To"].addresses[0].display_name == "Åsa Öberg"
    assert "Fråga om faktura № 17" in mail["Subject"]
    assert mail["Message-ID"].endswith("@example.com>")
    assert content(mail, "text/plain").get_content().split()[:3] == ["Här", "är", "svaret."]
    picture, file = content(mail, "image/png"), content(mail, "application/pdf")
    assert (picture.get_content(), file.get_content()) == (BLUE, INVOICE)
    assert file.get_filename() == "Kvitto åäö.pdf"
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in content(mail, "text/html").get_content()


# Cention may repeat a callback that it thinks has failed; the writer gets one mail.
def test_a_callback_that_comes_twice_is_one_mail(house: House, dovecot: Dovecot) -> None:
    writer = "twice@example.net"
    swaks(house.gateway.smtp_port, sender=writer, to=SUPPORT, mail=question(writer))
    [errand] = house.simulator.wait_for_errands()
    house.simulator.answer(errand["id"], "Once.", times=3)
    dovecot.wait_for_mails(writer)
    house.gateway.wait_until_idle()
    assert len(dovecot.mails(writer)) == 1


# Asked of the whole log, with everything logged, of both roads.
def test_the_log_tells_each_fact_and_no_secret_and_no_body(
    build: Build, plain_smarthost: Postfix, dovecot: Dovecot
) -> None:
    smarthosts = {"smarthosts": [f"smtp://127.0.0.1:{plain_smarthost.port}"]}
    house = build({"outgoing": smarthosts, "gateway": {"log_level": "debug"}})
    writer = "log@example.net"
    swaks(house.gateway.smtp_port, sender=writer, to=SUPPORT, mail=question(writer))
    [errand] = house.simulator.wait_for_errands()
    house.simulator.answer(errand["id"], "A private answer.")
    dovecot.wait_for_mails(writer)
    house.gateway.wait_until_idle()
    house.gateway.stop()
    facts = [fact["event"] for fact in house.gateway.facts()]
    in_order = ["started", "mail accepted", "created", "callback accepted", "sent", "stopping", "stopped"]
    assert [fact for fact in facts if fact in in_order] == in_order
    log = house.gateway.log()
    secrets = CREATE_TOKEN, ATTACHMENT_TOKEN, SECRET
    assert not [word for word in (*secrets, "private answer", "räkning") if word in log]


def test_health_says_whether_the_gateway_is_ready(house: House) -> None:
    assert house.gateway.command("health").returncode == 0
    house.gateway.stop()
    assert house.gateway.command("health").returncode == 1
