import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.parameters.catalogue import CATALOGUE
from appliance.parameters.refusal import ConfigurationRefused, Refused
from appliance.parameters.transfer import accept_all, export_toml, import_toml
from appliance.parameters.values import ParameterValues

SECRETS = {each.key for each in CATALOGUE if each.secret}
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def test_no_secret_is_exported() -> None:
    """Neither its value nor its key."""
    values = ParameterValues({"client-password": "hunter2", "client-username": "user"})
    exported = export_toml(values)
    assert "hunter2" not in exported
    assert set(tomllib.loads(exported)) == {each.key for each in CATALOGUE} - SECRETS


@given(st.dictionaries(st.sampled_from(sorted({e.key for e in CATALOGUE} - SECRETS)), TEXT))
def test_what_is_exported_is_imported(texts: dict[str, str]) -> None:
    """Every character, in every parameter that is no secret; the empty ones too."""
    values = ParameterValues(texts)
    imported = import_toml(export_toml(values))
    assert imported == {key: text for key, text in values.items() if key not in SECRETS}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no parameter: give what export has written"),
        ("data-topic", "not valid TOML"),
        ('data-topik = "x"', "data-topik: no such parameter; one of: broker-url"),
        ('client-password = "hunter2"', "client-password: is a secret, which no file should hold"),
        ("data-topic = 1", "data-topic: text in quotes is needed"),
    ],
)
def test_what_is_no_export_is_refused(text: str, message: str) -> None:
    """One line, naming the key."""
    with pytest.raises(Refused) as refusal:
        import_toml(text)
    assert str(refusal.value).startswith(message)
    assert "hunter2" not in str(refusal.value)


def test_every_fault_is_named_at_once() -> None:
    """All or nothing, and nothing is left to be found at the next attempt."""
    with pytest.raises(ConfigurationRefused) as refusal:
        accept_all({"broker-url": "mqtt://x", "data-topic": "a/#", "status-topic": "fine"})
    assert [problem.key for problem in refusal.value.problems] == ["broker-url", "data-topic"]
    assert accept_all({"data-topic": ""})["data-topic"].text == ""
