import re

import pytest

from appliance.parameters.catalogue import CATALOGUE, Parameter
from appliance.parameters.guidance import GUIDANCE, SERVICES

each_parameter = pytest.mark.parametrize("each", CATALOGUE, ids=lambda each: each.key)

# What may be left out somewhere; the others have to be entered wherever the unit delivers to.
NOT_EVERYWHERE = {
    ("event-topic", "ThingsBoard"),
    ("last-will-topic", "ThingsBoard"),
    ("last-will-payload", "ThingsBoard"),
    ("client-username", "AWS IoT Core"),
    ("client-password", "AWS IoT Core"),
    ("client-password", "ThingsBoard"),
    ("client-id", "ThingsBoard"),
    ("client-id", "EMQX"),
    ("client-id", "mosquitto"),
}


def test_every_parameter_has_guidance_and_nothing_else() -> None:
    """In the catalogue's order."""
    assert list(GUIDANCE) == [each.key for each in CATALOGUE]


@each_parameter
def test_each_of_the_four_services_is_told_of(each: Parameter) -> None:
    """In their order, in text that any terminal shows and a page takes."""
    guidance = GUIDANCE[each.key]
    assert tuple(guidance.where) == SERVICES
    for text in (guidance.meaning, guidance.rule, *guidance.where.values()):
        assert text.isascii()
        assert text.isprintable()
        assert 20 <= len(text) <= 300
        assert text == " ".join(text.split())
        assert max(map(len, text.split())) <= 74, "a word that no line of a page takes"


@each_parameter
def test_what_is_not_needed_somewhere_says_why(each: Parameter) -> None:
    """Where a value may be missing it says to leave it empty, and gives a reason."""
    for service, text in GUIDANCE[each.key].where.items():
        told = re.match(r"(Not used|Leave it empty)(.*)", text)
        assert (told is not None) == ((each.key, service) in NOT_EVERYWHERE), service
        if told:
            assert re.match(r"[:,] ?| with ", told[2]), f"{service}: no reason"


@each_parameter
def test_the_rule_says_what_empty_means(each: Parameter) -> None:
    """Of a topic, a certificate or an ID that may be empty, what happens then."""
    if each.key.endswith(("-topic", "-id")) or each.key == "broker-certificate":
        assert ("Empty: " in GUIDANCE[each.key].rule) == (not each.required)


def test_topics_are_those_of_the_examples() -> None:
    """A topic that stands in the help of a parameter is its own example, or ThingsBoard's."""
    for each in CATALOGUE:
        for text in GUIDANCE[each.key].where.values():
            for topic in re.findall(r"meters/[a-z/]+", text):
                owner = "last-will-topic" if each.key == "last-will-payload" else each.key
                assert topic == next(one.example for one in CATALOGUE if one.key == owner)
