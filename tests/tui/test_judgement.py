"""What is said of a value while it is typed."""

import pytest

from appliance.parameters.catalogue import CATALOGUE, Parameter, parameter
from appliance.parameters.finding import Finding
from tests.support.certificates import Authority
from tui.judgement import Judgement, judge, of_findings


@pytest.mark.parametrize("declared", CATALOGUE, ids=lambda each: each.key)
def test_of_an_empty_text_is_only_said_that_it_is_required(declared: Parameter) -> None:
    """It can always be saved; where it is required, nothing can be activated without it."""
    judgement = judge(declared, "")
    assert (judgement is not None) == declared.required
    assert judgement is None or judgement.verdict == "warning"


def test_a_value_that_save_takes_is_valid() -> None:
    """Without more words than that."""
    assert judge(parameter("broker-url"), "ssl://broker.example.com:8883") == Judgement(
        "valid", "valid"
    )


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("broker-url", "ssl://192.0.2.1:8883", "an IP address"),
        ("broker-url", "ssl://broker.example.com", "no port: add it"),
        ("data-topic", "meters/#", "'#'"),
        ("client-certificate", "-----BEGIN CERTIFICATE-----\nhalf", ""),
    ],
)
def test_a_refusal_is_that_of_save(key: str, text: str, words: str) -> None:
    """The reason is there in the same words, and that it would be refused."""
    judgement = judge(parameter(key), text)
    assert judgement is not None
    assert judgement.refused
    assert words in judgement.text


def test_a_warning_is_no_refusal() -> None:
    """Save takes the value; all there is to say is said."""
    judgement = judge(parameter("data-topic"), "meters//north ")
    assert judgement is not None
    assert judgement.verdict == "warning"
    assert not judgement.refused
    assert "two '/' in a row" in judgement.text
    assert "; " in judgement.text


def test_a_certificate_is_judged(authority: Authority) -> None:
    """PEM as any other value."""
    judgement = judge(parameter("broker-certificate"), authority.certificate)
    assert judgement is not None
    assert not judgement.refused


@pytest.mark.parametrize("key", [each.key for each in CATALOGUE if each.secret])
@pytest.mark.parametrize("text", ["hunter2\x00", "-----BEGIN hunter2-----", "hunter2" * 10_000])
def test_a_judgement_holds_nothing_of_a_secret(key: str, text: str) -> None:
    """Whatever is wrong with it."""
    judgement = judge(parameter(key), text)
    assert judgement is not None
    assert "hunter2" not in judgement.text


def test_a_review_that_found_nothing_says_nothing() -> None:
    """A value that is saved and well needs no word."""
    assert of_findings(()) is None


def test_of_several_findings_all_are_said() -> None:
    """One that keeps the whole from service makes the value invalid."""
    warning, error = Finding("warning", "expires soon"), Finding("error", "has no key")
    assert of_findings((warning,)) == Judgement("warning", "expires soon")
    assert of_findings((error, warning)) == Judgement("refused", "has no key; expires soon")
