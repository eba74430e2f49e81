import ast
import inspect
import re
from collections.abc import Iterator
from datetime import datetime
from types import ModuleType

import pytest

from appliance.parameters import (
    broker_rules,
    broker_services,
    broker_url,
    configuration,
    review,
    text,
    topic,
)
from appliance.parameters.catalogue import parameter
from appliance.parameters.refusal import Refused
from appliance.parameters.values import ParameterValues
from tests.appliance.parameters.dated import day
from tests.appliance.parameters.messages import (
    ALL_WORDS,
    CLOCK,
    EVENT_GRID,
    LEAST,
    NO_CLIENT_ID,
    OLD,
    REFUSED,
    REVIEWED,
    ROOT,
    TODAY,
    WARNED,
    unit,
)

NOW = day(TODAY)


def said(
    texts: dict[str, str], largest: int | None = None, now: datetime = NOW, serial: str = "7"
) -> list[tuple[str, str]]:
    """Severity and words of every finding."""
    findings = review.review(ParameterValues(texts), serial, now, largest)
    return [(each.severity, str(each)) for each in findings]


@pytest.mark.parametrize(("key", "value", "reason"), REFUSED)
def test_a_refused_value_is_answered_in_these_words(key: str, value: str, reason: str) -> None:
    """What is wrong, where, and what would be right."""
    with pytest.raises(Refused) as caught:
        parameter(key).accept(value)
    assert str(caught.value) == f"{key}: {reason}"


@pytest.mark.parametrize(("key", "value", "warning"), WARNED)
def test_a_suspicious_value_is_stored_with_these_words(key: str, value: str, warning: str) -> None:
    """What is legal and rarely meant."""
    accepted = parameter(key).accept(value)
    assert (accepted.text, accepted.warnings) == (value, (warning,))


@pytest.mark.parametrize(("texts", "largest", "severity", "words"), REVIEWED)
def test_a_configuration_is_reviewed_in_these_words(
    texts: dict[str, str], largest: int | None, severity: str, words: str
) -> None:
    """What is wrong with the whole, and what may be."""
    assert (severity, words) in said(texts, largest)


def test_a_wrong_clock_is_named_in_these_words() -> None:
    """The unit's clock, not the certificates."""
    assert said(unit("2027-01-01", "2028-01-01"), now=day("1970-01-01")) == [("warning", CLOCK)]


def test_a_missing_client_id_is_named_in_these_words() -> None:
    """Neither entered nor on the label."""
    assert said(EVENT_GRID, serial="") == [("error", NO_CLIENT_ID)]


def test_an_anchor_among_several_is_named_by_place_and_subject() -> None:
    """Certificates have no other name a technician could know them by."""
    ((severity, words),) = said({**LEAST, "broker-certificate": ROOT.pem + OLD.pem})
    assert severity == "warning"
    assert re.fullmatch(
        r"broker-certificate: certificate [12] of 2 \(.*old root\) expired on 2027-03-01: .*", words
    )


@pytest.mark.parametrize("words", ALL_WORDS)
def test_every_message_is_one_printable_line(words: str) -> None:
    """Fit for a log and a terminal, and short enough to be read."""
    assert words.isprintable()
    assert len(words) <= 200


def messages(module: ModuleType) -> Iterator[str]:
    """A pattern for every text of four words or more in the module that is no docstring."""
    tree = ast.parse(inspect.getsource(module))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and isinstance(node.body[0], ast.Expr)
    }
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if id(node) in docstrings | inside:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = [
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".*"
                for part in node.values
            ]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            parts = [re.escape(node.value)]
        else:
            continue
        pattern = "".join(parts)
        if pattern.count("\\ ") >= 3:
            yield pattern


@pytest.mark.parametrize(
    "module",
    [broker_url, topic, text, configuration, review, broker_rules, broker_services],
    ids=lambda module: module.__name__.rpartition(".")[2],
)
def test_no_message_is_missing_from_the_table(module: ModuleType) -> None:
    """A rule added later needs its row here."""
    patterns = list(messages(module))
    missing = [each for each in patterns if not any(re.search(each, words) for words in ALL_WORDS)]
    assert missing == []
    assert patterns
