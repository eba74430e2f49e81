import pytest

from appliance.parameters.catalogue import parameter
from tui.entry import Entry, State
from tui.keys import PASTE_LIMIT


def test_a_value_goes_from_empty_over_edited_and_pending_to_active() -> None:
    """The state follows the edit and what the unit says."""
    entry = Entry(parameter("data-topic"))
    states = [entry.state]
    entry.insert("meters")
    states.append(entry.state)
    entry.refresh("meters", pending=True)
    entry.settle("meters", "meters")
    states.append(entry.state)
    entry.refresh("meters", pending=False)
    states.append(entry.state)
    assert states == [State.EMPTY, State.EDITED, State.PENDING, State.ACTIVE]


def test_an_edit_taken_back_is_no_edit() -> None:
    """Typing a character and deleting it leaves nothing to save."""
    entry = Entry(parameter("data-topic"))
    entry.refresh("meters", pending=False)
    entry.insert("x")
    entry.field.press("backspace")
    assert not entry.edited


def test_a_change_from_elsewhere_shows_unless_it_would_cost_an_edit() -> None:
    """`set` over ssh is seen at the next refresh, but never throws typing away."""
    entry = Entry(parameter("data-topic"))
    entry.refresh("first", pending=True)
    assert entry.text == "first"
    entry.insert("!")
    entry.refresh("second", pending=True)
    assert entry.text == "first!"
    assert entry.edited


def test_what_the_store_made_of_a_value_is_shown() -> None:
    """A PEM is stored normalised; the field then shows it as stored."""
    entry = Entry(parameter("broker-certificate"))
    entry.insert("  pem\n\n")
    entry.refresh("pem\n", pending=True)
    entry.settle("  pem\n\n", "pem\n")
    assert entry.text == "pem\n"
    assert not entry.edited


def test_a_certificate_pasted_upon_a_saved_one_takes_its_place() -> None:
    """Behind it the new one would go unnoticed; a paste in two parts stays whole."""
    entry = Entry(parameter("broker-certificate"))
    entry.refresh("old\n", pending=False)
    entry.insert("new")
    entry.insert("er\n")
    assert entry.text == "newer\n"


def test_a_private_key_is_masked_in_whichever_field_it_is_pasted() -> None:
    """In a bundle for the certificate's field it is as secret as in its own."""
    entry = Entry(parameter("client-certificate"))
    entry.insert("-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n")
    assert b"abc" in b"".join(entry.field.render((40,)).text)
    entry.insert("-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n")
    assert set(b"".join(entry.field.render((40,)).text)) == set(b"* ")


def test_pem_is_not_taken_for_a_password() -> None:
    """Its first line would be saved, and the password in force lost."""
    entry = Entry(parameter("client-password"))
    assert "This is PEM" in entry.insert("-----BEGIN PRIVATE KEY-----\nsecret\n")
    assert entry.text == ""


def test_a_topic_is_edited_where_it_stands() -> None:
    """One line is changed by hand, and <Clear> empties it."""
    entry = Entry(parameter("data-topic"))
    entry.refresh("meters", pending=False)
    entry.insert("/north")
    assert entry.text == "meters/north"


def test_typing_while_saving_is_not_lost() -> None:
    """What was typed after Save was pressed stays as an edit."""
    entry = Entry(parameter("data-topic"))
    entry.insert("meters")
    entry.insert("/north")
    entry.refresh("meters", pending=True)
    entry.settle("meters", "meters")
    assert entry.text == "meters/north"
    assert entry.edited


def test_a_saved_secret_never_comes_into_its_field() -> None:
    """Only that it is set is known, and an untouched field is no edit."""
    entry = Entry(parameter("client-password"))
    entry.refresh("hunter2", pending=False)
    assert entry.text == ""
    assert entry.state is State.ACTIVE
    assert "hunter2" not in str(vars(entry))


def test_a_secret_is_cleared_only_on_purpose() -> None:
    """An empty field means nothing until Clear was pressed."""
    entry = Entry(parameter("client-password"))
    entry.refresh("hunter2", pending=False)
    entry.clear()
    assert entry.edited
    entry.refresh("", pending=True)
    entry.settle("", "")
    assert not entry.edited


@pytest.mark.parametrize("pasted", ["value", "value\n", "\nvalue\n\n"])
def test_one_line_pasted_with_its_newline_is_one_line(pasted: str) -> None:
    """A line end caught by the selection is not worth a word."""
    entry = Entry(parameter("client-id"))
    assert entry.insert(pasted) == ""
    assert entry.text == "value"


def test_lines_that_do_not_fit_are_told_of() -> None:
    """A one-line field takes the first line and says so."""
    entry = Entry(parameter("client-id"))
    assert "first of 3" in entry.insert("a\nb\nc")
    assert entry.text == "a"


def test_too_much_text_is_refused_whole() -> None:
    """Half a certificate would be worse than none."""
    entry = Entry(parameter("broker-certificate"))
    assert "Too long" in entry.insert("x" * (PASTE_LIMIT + 1))
    assert entry.text == ""
