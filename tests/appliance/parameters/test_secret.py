import copy
import pickle

import pytest

from appliance.parameters.secret import Secret

SECRET = Secret("hunter2")


@pytest.mark.parametrize("shown", [repr(SECRET), str(SECRET), f"{SECRET}", f"{[SECRET]}"])
def test_hides_itself(shown: str) -> None:
    """No way of printing a secret shows it."""
    assert "hunter2" not in shown
    assert "<secret>" in shown


def test_reveals_itself_on_request() -> None:
    """Whoever needs the text gets it unchanged."""
    assert SECRET.reveal() == "hunter2"


def test_compares_by_its_text() -> None:
    """Equal texts are equal secrets, and a secret never equals a plain text."""
    assert Secret("hunter2") == SECRET
    assert hash(Secret("hunter2")) == hash(SECRET)
    assert Secret("hunter3") != SECRET
    assert SECRET != "hunter2"


@pytest.mark.parametrize("write_down", [pickle.dumps, copy.copy])
def test_is_not_serialised(write_down: object) -> None:
    """Pickling or copying a secret is refused."""
    assert callable(write_down)
    with pytest.raises(TypeError, match="not serialised"):
        write_down(SECRET)
