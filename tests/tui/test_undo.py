from tui.undo import MOST_CHARACTERS, MOST_STEPS, Change, History


def test_nothing_can_be_undone_where_nothing_was_done() -> None:
    """An empty history says so."""
    assert History().undo() is None
    assert History().redo() is None


def test_a_change_is_taken_back_and_done_again() -> None:
    """Undo returns the change the other way round, redo the change itself."""
    history = History()
    history.record(Change(3, "old", "new"), in_run=False)
    assert history.undo() == Change(3, "new", "old")
    assert history.undo() is None
    assert history.redo() == Change(3, "old", "new")
    assert history.redo() is None


def test_another_change_leaves_nothing_to_do_again() -> None:
    """Who goes back and types takes another way."""
    history = History()
    history.record(Change(0, "", "one"), in_run=False)
    history.undo()
    history.record(Change(0, "", "two"), in_run=False)
    assert history.redo() is None
    assert history.undo() == Change(0, "two", "")


def test_what_is_typed_is_a_step_a_word() -> None:
    """A blank belongs to the word before it."""
    history = History()
    for at, character in enumerate("ab cd"):
        history.record(Change(at, "", character), in_run=True)
    assert history.undo() == Change(3, "cd", "")
    assert history.undo() == Change(0, "ab ", "")


def test_what_is_erased_is_a_step_a_run() -> None:
    """Backspaces are one step, deletes another, and a moved cursor begins a new one."""
    history = History()
    for change in (Change(4, "d", ""), Change(3, "c", ""), Change(3, "e", ""), Change(3, "f", "")):
        history.record(change, in_run=True)
    history.end_run()
    history.record(Change(3, "g", ""), in_run=True)
    assert history.undo() == Change(3, "", "g")
    assert history.undo() == Change(3, "", "cdef")


def test_elsewhere_is_another_step() -> None:
    """Characters that are not next to each other were not typed in one go."""
    history = History()
    history.record(Change(0, "", "a"), in_run=True)
    history.record(Change(5, "", "b"), in_run=True)
    history.record(Change(9, "x", ""), in_run=True)
    history.record(Change(2, "y", ""), in_run=True)
    assert [history.undo() for _ in range(4)] == [
        Change(2, "", "y"),
        Change(9, "", "x"),
        Change(5, "b", ""),
        Change(0, "a", ""),
    ]


def test_memory_is_bounded() -> None:
    """The oldest steps are forgotten, by their number and by their size."""
    history = History()
    for number in range(MOST_STEPS + 5):
        history.record(Change(number, "", "word"), in_run=False)
    for number in reversed(range(5, MOST_STEPS + 5)):
        assert history.undo() == Change(number, "word", "")
    assert history.undo() is None
    for _ in range(5):
        history.record(Change(0, "x" * 65_535, "y" * 65_535), in_run=False)
        assert history._held <= MOST_CHARACTERS
    assert history.undo() is not None
    assert history.undo() is None


def test_a_run_that_grows_too_large_is_forgotten_whole() -> None:
    """Half a step would be worse than none."""
    history = History()
    history.record(Change(0, "", "x"), in_run=True)
    history.record(Change(1, "", "y" * MOST_CHARACTERS), in_run=True)
    assert history.undo() is None
    history.record(Change(0, "", "z"), in_run=True)
    assert history.undo() == Change(0, "z", "")


def test_a_text_may_be_a_secret() -> None:
    """No part of it is in a repr."""
    assert "hunter2" not in repr(Change(0, "hunter2", "hunter2"))
