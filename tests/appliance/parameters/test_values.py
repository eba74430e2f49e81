import pytest

from appliance.parameters.catalogue import CATALOGUE
from appliance.parameters.refusal import Refused
from appliance.parameters.values import ParameterValues


def test_every_key_is_there_and_empty_at_first() -> None:
    """A factory-new unit has the twelve keys in catalogue order, all empty."""
    values = ParameterValues()
    assert list(values) == [each.key for each in CATALOGUE]
    assert len(values) == 12
    assert not any(values.values())


def test_a_change_leaves_the_original_alone() -> None:
    """`changed` returns new values and keeps the old ones as they were."""
    first = ParameterValues({"client-id": "a"})
    second = first.changed("client-id", "b")
    assert (first["client-id"], second["client-id"]) == ("a", "b")


def test_equal_texts_are_equal_values() -> None:
    """Values compare and hash by their texts."""
    values = ParameterValues({"client-id": "a"})
    assert values == ParameterValues().changed("client-id", "a")
    assert hash(values) == hash(ParameterValues().changed("client-id", "a"))
    assert values != ParameterValues()


def test_an_unknown_key_is_refused() -> None:
    """Neither the constructor nor a change takes a key that is no parameter's."""
    with pytest.raises(Refused, match="no such parameter"):
        ParameterValues({"colour": "red"})
    with pytest.raises(Refused, match="no such parameter"):
        ParameterValues().changed("colour", "red")


def test_repr_shows_no_value() -> None:
    """The repr names what is set and shows none of it."""
    values = ParameterValues({"client-password": "hunter2", "client-id": "unit7"})
    assert repr(values) == "ParameterValues(set: client-password, client-id)"
