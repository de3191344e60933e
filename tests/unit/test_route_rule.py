"""Rules: what they do with a mail, in which order, and what is bounded."""

from typing import Any

import pytest

from gateway.model import Call, CallEnd, Closing, WhatsAppTemplate
from gateway.route.outcome import Create, Discard, End, Hold, Outcome
from tests.rulings import MAIL, WITH_FILES, matched, outcome, settings

NUMBER = 'when = { subject = "/Case (?P<case>[0-9]+)/" }\n'


def done(actions: str, mail: bytes = MAIL, **arrived: Any) -> Outcome:
    return outcome(f'[[rule]]\nname = "one"\n{NUMBER}{actions}', mail, **arrived)


def test_a_mail_is_as_it_came_where_there_are_no_rules() -> None:
    found = outcome("")
    assert (found.errand.subject, found.route, found.disposition) == ("Case 4711 from the web", "support", Create())
    assert found.trials == ()


def test_what_a_rule_sets_is_in_the_errand() -> None:
    errand = done(
        'set.subject = "[{case}] {subject}"\nset.name = "{field:Name|upper}"\nset.from = "{case}@cases.example.com"\n'
        'set.cuid = "{field:customer no|digits}"'
    ).errand
    assert (errand.subject, errand.name) == ("[4711] Case 4711 from the web", "ANNA LEE")
    assert (errand.sender, errand.cuid) == ("4711@cases.example.com", "00123")
    assert errand.body.startswith("Name: Anna Lee")


def test_what_comes_out_empty_or_is_no_address_is_not_set() -> None:
    found = done(
        'set.subject = "{header:X-None}"\nset.from = "{field:Name}"\nset.extradata = { a = "{field:No}", b = 1 }'
    )
    assert (found.errand.subject, found.errand.sender) == ("Case 4711 from the web", "form@www.example.com")
    assert found.errand.extradata == {"b": 1}


def test_extradata_is_any_json_with_templates_in_its_texts() -> None:
    errand = done(
        'set.extradata = { case = { id = "{case}", tags = ["web", "{header:X-Case}"], open = true, n = 1.5 } }'
    )
    assert errand.errand.extradata == {"case": {"id": "4711", "tags": ["web", "A-17"], "open": True, "n": 1.5}}


def test_every_line_of_a_form_can_become_extradata_and_a_later_rule_adds_to_it() -> None:
    more = f'[[rule]]\nname = "two"\n{NUMBER}set.extradata = {{ Name = "x", reference = "{{case}}" }}'
    found = outcome(f'[[rule]]\nname = "one"\nset.extradata = "fields"\n{more}')
    assert found.errand.extradata == {
        "Name": "x",
        "Customer No": "00-123",
        "Message": "It broke.\nSee http://example.com/x",
        "reference": "4711",
    }
    assert found.reference == "4711"


CALL = """
[rule.set.integrationData]
deviceId = "{case}"
extensionId = 4
destNumber = "+46 (8) 123-45 67"
queueName = "{name}"
queueNumber = "12"
referenceId = "{header:X-Case}"
extraData = { comment = "{field:Message}", appointmentTimestamp = 1700000000 }
"""


def test_a_call_is_made_of_texts_with_whole_numbers_where_they_are_due() -> None:
    found = done(CALL)
    assert found.errand.call == Call(
        device_id=4711,
        extension_id=4,
        dest_number="+4681234567",
        queue_name="Form",
        queue_number="12",
        reference_id="A-17",
        comment="It broke.\nSee http://example.com/x",
        appointment="1700000000",
    )
    assert found.reference == "A-17"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ('deviceId = "{header:X-Case}"', "integrationData.deviceId: expected a whole number, found 'A-17'"),
        ('deviceId = "{header:X-None}"', "integrationData.deviceId: expected a whole number, found nothing for it"),
        ('destNumber = "{name}"', "integrationData.destNumber: expected a telephone number"),
        ('queueName = "{field:None}"', "integrationData.queueName"),
        ('extraData = { appointmentTimestamp = "soon" }', "integrationData.extraData.appointmentTimestamp"),
    ],
)
def test_a_mail_is_held_where_a_value_is_not_what_its_field_may_be(change: str, reason: str) -> None:
    key = change.partition(" ")[0]
    call = "\n".join(line for line in CALL.splitlines() if not line.startswith(key))
    found = done(f"{call}\n{change}")
    assert isinstance(found.disposition, Hold)
    assert found.disposition.reason.startswith(reason)
    assert found.disposition.rule == "one"


# Whoever lets it go on wants the errand, and nothing can be made of the value.
def test_a_held_mail_goes_without_what_did_not_fit_once_it_is_released() -> None:
    for wrong in ('deviceId = "{header:X-Case}"', 'destNumber = "{name}"'):
        call = "\n".join(line for line in CALL.splitlines() if not line.startswith(wrong[:6]))
        found = done(f'set.cuid = "{{case}}"\n{call}\n{wrong}', released=True)
        assert (found.disposition, found.errand.call, found.errand.cuid) == (Create(), None, "4711")


def test_an_answer_makes_a_closed_errand() -> None:
    answer = 'set.answer = { subject = "Re: {case}", body = "seen", user_type = "cention", user_id = 17 }'
    assert done(answer).errand.closing == Closing("Re: 4711", "seen", "", "cention", "17")
    assert done("set.answer = {}").errand.closing == Closing()


def test_a_whatsapp_template_is_sent_in_the_name_of_a_user() -> None:
    template = 'set.watemplate = { elementname = "hi", namespace = "ns", params = [{ case = "{case}" }, { b = "x" }] }'
    user = 'set.answer = { user_type = "cention", user_id = "17" }'
    found = done(f"{template}\n{user}").errand
    assert found.template == WhatsAppTemplate("hi", "ns", ((("case", "4711"),), (("b", "x"),)))
    assert isinstance(done(template).disposition, Hold)


def test_dropped_attachments_are_left_out_and_named() -> None:
    found = outcome(
        '[[rule]]\nname = "one"\ndrop = [{ type = "image/*" }, { name = "*.pdf", over = "1 kB" }]', WITH_FILES
    )
    assert [file.name for file in found.errand.attachments] == ["Bill.PDF"]
    assert found.dropped == ("logo.png",)
    assert found.matched[0].did == ("drop logo.png",)


@pytest.mark.parametrize(
    ("action", "disposition"),
    [
        ('discard = "spam of {domain}"', Discard("spam of www.example.com", "one")),
        ('hold = "look at {case}"', Hold("look at 4711", "one")),
        (
            'end = { errand = "{case}", deviceId = 1, extensionId = "2", referenceId = "{header:X-Case}" }',
            End(CallEnd("4711", 1, 2, "A-17"), "", thread=False, rule="one"),
        ),
        (
            'end = { reference = "{case}", thread = true, deviceId = 1, extensionId = 2, dialedNumber = 461234567 }',
            End(CallEnd("", 1, 2, "", "461234567"), "4711", thread=True, rule="one"),
        ),
        (
            'end = { errand = "{header:X-None}", deviceId = 1, extensionId = 2 }',
            Hold("end: the mail says nothing to find the errand by", "one"),
        ),
        (
            'end = { errand = "1", deviceId = "{header:X-Case}", extensionId = 2 }',
            Hold("end.deviceId: expected a whole number, found 'A-17'", "one"),
        ),
    ],
)
def test_a_mail_may_become_something_else_than_an_errand(action: str, disposition: object) -> None:
    found = outcome(f'[[rule]]\nname = "one"\n{NUMBER}{action}\n[[rule]]\nname = "two"')
    assert found.disposition == disposition
    assert [trial.rule for trial in found.trials] == ["one"]


def test_nothing_holds_or_discards_what_a_person_released() -> None:
    for action in ('discard = "x"', 'hold = "x"', 'end = { errand = "{name}", deviceId = "x", extensionId = 2 }'):
        assert done(action, released=True).disposition == Create()


def test_rules_are_tried_in_order_until_one_says_stop() -> None:
    rules = "".join(f'[[rule]]\nname = "{name}"\nset.cuid = "{name}"\nstop = {stop}\n' for name, stop in ORDER)
    found = outcome(rules)
    assert ([trial.rule for trial in found.trials], found.errand.cuid) == (["a", "b"], "b")


ORDER = (("a", "false"), ("b", "true"), ("c", "false"))


# What a rule sees does not depend on what others did before.
def test_conditions_and_templates_see_the_mail_as_it_came() -> None:
    first = '[[rule]]\nname = "one"\nset.subject = "other"\n'
    found = outcome(f'{first}[[rule]]\nname = "two"\nwhen = {{ subject = "Case*" }}\nset.cuid = "{{subject}}"')
    assert found.errand.cuid == "Case 4711 from the web"


def test_rules_for_every_mail_go_first_then_those_of_the_route_that_it_is_in_by_then() -> None:
    given = settings(
        '[[rule]]\nname = "all"\nroute = "sales"\n[[rule]]\nname = "all too"',
        support='[[rule]]\nname = "of support"',
        sales='[[rule]]\nname = "of sales"',
    )
    assert matched(given) == ["all", "all too", "of sales"]
    assert outcome(given).route == "sales"


def test_a_mail_that_two_routes_send_to_each_other_comes_to_rest() -> None:
    given = settings(
        support='[[rule]]\nname = "away"\nroute = "sales"', sales='[[rule]]\nname = "back"\nroute = "support"'
    )
    found = outcome(given)
    assert ([trial.rule for trial in found.trials], found.route) == (["away", "back"], "support")


def test_a_mail_goes_to_further_routes_once_each_and_not_to_its_own() -> None:
    given = settings('[[rule]]\nname = "one"\nalso = ["sales", "support"]\n[[rule]]\nname = "two"\nalso = ["sales"]')
    assert outcome(given).also == ("sales",)


# Else it would be sent on from there as well, or moved away again.
def test_a_mail_in_a_further_route_is_seen_by_the_rules_of_that_route_only() -> None:
    given = settings('[[rule]]\nname = "all"\nalso = ["sales"]', sales='[[rule]]\nname = "of sales"')
    assert matched(given, route="sales", further=True) == ["of sales"]


def test_what_a_rule_did_is_said() -> None:
    found = done('set.cuid = "{case}"\nset.extradata.a = 1\nroute = "sales"\nalso = ["archive"]\nstop = true')
    assert found.matched[0].did == ("set cuid", "set extradata", "route sales", "also archive", "stop")


def test_a_value_of_one_line_is_one_line_and_bounded() -> None:
    long = MAIL.replace(b"It broke.", b"x" * 5_000)
    assert done('set.subject = "{field:Message}"', long).errand.subject == "x" * 2_000
    assert done('set.cuid = "{field:Message}"').errand.cuid == "It broke. See http://example.com/x"
