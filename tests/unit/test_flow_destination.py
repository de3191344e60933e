"""Whether an answer is ours to send, and where it goes."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.config.cention import Route, Workspace
from gateway.errors import Permanent
from gateway.flow.destination import OTHER_CHANNELS, Maker, destination, ignored, is_mail
from gateway.flow.outbound import Origin, says_nothing, to_reply
from gateway.model import Address, Answer, AutoKind, Resource, Service

ANSWER = Answer("17", "1", "2", "hello", "text", "", (Address("A", "a@x.example"),), service=Service("19", "Form"))
NOBODY = replace(ANSWER, to=())
OURS = Maker("sales", "asa@client.example", ("<0@x>", "<1@x>"))


def route(name: str) -> Route:
    return Route.model_construct(name=name, workspace="demo", reply_from=f"{name}@example.com")


ROUTES = (route("support"), route("sales"))


def workspace(**settings: Any) -> Workspace:
    return Workspace.model_construct(None, **settings)


@pytest.mark.parametrize("name", ["Form", "E-mail", "Email", "", "Kundtjänst"])
def test_answers_of_mail_and_of_services_that_nobody_knows_are_mail(name: str) -> None:
    assert is_mail(Service("19", name), {})


@pytest.mark.parametrize("name", ["SMS", "Chat", "WhatsApp", *sorted(OTHER_CHANNELS)])
def test_answers_of_other_channels_are_no_mail_unless_chosen(name: str) -> None:
    assert not is_mail(Service("7", name), {})
    assert is_mail(Service("7", name), {name.upper(): "deliver"})
    assert is_mail(Service("7", name), {"7": "deliver"})
    assert is_mail(Service("7", name), {"*": "deliver"})


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        (Service("19", "Form"), True),
        (Service("19", "Formulär"), True),
        (Service("20", "FORM 2"), False),
        (Service("21", "E-mail"), False),
        (Service(), False),
    ],
)
def test_the_type_goes_before_the_name_and_the_star_stands_for_the_rest(service: Service, *, expected: bool) -> None:
    choices = {"19": "deliver", "form 2": "ignore", "*": "ignore"}
    assert is_mail(service, choices) is expected
    assert is_mail(Service("19", "form 2"), choices)


def test_an_answer_of_another_channel_is_ignored_and_the_reason_names_it_and_the_setting() -> None:
    reason = ignored(replace(ANSWER, service=Service("7", "SMS")), OURS, workspace())
    assert '"SMS" of type 7' in reason
    assert "services" in reason


def test_answers_to_errands_of_others_are_sent_unless_set_otherwise() -> None:
    assert ignored(ANSWER, None, workspace()) == ""
    assert "errand 17" in ignored(ANSWER, None, workspace(foreign_answers="ignore"))
    assert ignored(ANSWER, OURS, workspace(foreign_answers="ignore")) == ""


def test_an_answer_leaves_by_the_route_that_its_errand_came_by_in_its_thread() -> None:
    goal = destination(ANSWER, OURS, "demo", ROUTES)
    assert (goal.route, goal.to, goal.events) == ("sales", ANSWER.to, ())
    assert goal.origin == Origin("demo", "sales@example.com", ("<0@x>", "<1@x>"))


def test_an_answer_to_an_errand_of_somebody_else_leaves_by_the_first_route() -> None:
    goal = destination(ANSWER, None, "demo", ROUTES)
    assert (goal.route, goal.origin) == ("support", Origin("demo", "support@example.com"))


def test_an_answer_to_nobody_goes_to_the_writer_of_its_errand_and_the_trace_says_so() -> None:
    goal = destination(NOBODY, OURS, "demo", ROUTES)
    assert goal.to == (Address("", "asa@client.example"),)
    (note,) = goal.events
    assert note.detail["to"] == "asa@client.example"
    assert "names no recipient" in note.detail["why"]


@pytest.mark.parametrize("maker", [None, replace(OURS, writer="")])
def test_an_answer_to_nobody_whose_writer_is_not_known_is_for_a_person(maker: Maker | None) -> None:
    with pytest.raises(Permanent, match="names no recipient"):
        destination(NOBODY, maker, "demo", ROUTES)


@pytest.mark.parametrize("html", ["", " ", "<div></div>", "<p>&nbsp;<br></p>", "<style>p{}</style><!-- x -->"])
def test_an_answer_without_text_and_file_says_nothing(html: str) -> None:
    empty = replace(ANSWER, body=" \n", html_body=html)
    assert says_nothing(empty)
    assert not says_nothing(replace(empty, body="x"))
    assert not says_nothing(replace(empty, html_body=f"{html}<p>x</p>"))
    assert not says_nothing(replace(empty, html_body='<img src="https://x.example/a.png">'))
    assert not says_nothing(replace(empty, attachments=(Resource("c3_response_attachments", "1"),)))
    assert not says_nothing(replace(empty, archives=(Resource("c3_area_archives", "1"),)))


# A program would read the answer, if anyone does.
@pytest.mark.parametrize("kind", [AutoKind.BOUNCE, AutoKind.COMPLAINT])
def test_a_report_from_the_null_sender_is_not_answered(kind: AutoKind) -> None:
    assert not ignored(ANSWER, replace(OURS, kind=kind), workspace())
    assert "null sender" in ignored(ANSWER, replace(OURS, kind=kind, from_nobody=True), workspace())
    assert not ignored(ANSWER, replace(OURS, kind=AutoKind.REPLY, from_nobody=True), workspace())


@pytest.mark.parametrize(
    ("kind", "automatic"), [(AutoKind.REPLY, True), (AutoKind.NOTIFICATION, True), (AutoKind.PERSON, False)]
)
def test_an_answer_to_what_a_program_wrote_says_that_it_wants_no_automatic_one(
    kind: AutoKind, *, automatic: bool
) -> None:
    goal = destination(ANSWER, replace(OURS, kind=kind), "demo", ROUTES)
    assert goal.origin.automatic is automatic
    assert to_reply(ANSWER, goal.origin, {}, 0.0).auto_submitted is automatic
