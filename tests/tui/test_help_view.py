import re
from pathlib import Path

import pytest

from appliance.parameters.catalogue import CATALOGUE
from appliance.parameters.guidance import GUIDANCE, SERVICES
from tui.entry import State
from tui.help_view import HelpView

KEYS = [each.key for each in CATALOGUE]
KEY = re.compile(r"\b(Ctrl-[A-Z]|Shift-TAB|TAB|Enter|Esc|F\d+|Pg\w+|Home|End|Up|Down|Left|Right)\b")


class Selection:
    """Which parameter is selected in the list."""

    def __init__(self) -> None:
        self.key = KEYS[0]

    def choose(self, key: str) -> None:
        """Another one."""
        self.key = key


@pytest.fixture
def selection() -> Selection:
    """The first one."""
    return Selection()


@pytest.fixture
def view(selection: Selection) -> HelpView:
    """Help that has been opened."""
    view = HelpView(lambda: selection.key, selection.choose)
    view.refresh()
    return view


def rows(view: HelpView, size: tuple[int, int] = (80, 22)) -> list[str]:
    """What is shown."""
    return [row.decode().rstrip() for row in view.compose(size).render(size).text]


def words(view: HelpView) -> str:
    """The whole page, its line breaks taken back."""
    return " ".join(" ".join(rows(view, (200, 60))).split())


@pytest.mark.parametrize("number", range(len(CATALOGUE)))
def test_every_parameter_has_its_page(view: HelpView, selection: Selection, number: int) -> None:
    """What it means, its rule, an example, and where to find it at each of the services."""
    declared = CATALOGUE[number]
    selection.choose(declared.key)
    view.refresh()
    text, guidance = words(view), GUIDANCE[declared.key]
    assert text.startswith(f"{declared.label} ({number + 1} of 12) ")
    for part in (declared.description, guidance.meaning, guidance.rule, declared.example):
        assert " ".join(part.split()) in text
    for service in SERVICES:
        assert f"{service} {guidance.where[service]}" in text


def test_left_and_right_turn_pages_and_take_the_selection_along(
    view: HelpView, selection: Selection
) -> None:
    """Round and round; whoever goes back is at the parameter that was read of."""
    seen = []
    for _ in CATALOGUE:
        view.press("right")
        seen.append(selection.key)
        assert CATALOGUE[KEYS.index(selection.key)].label in rows(view)[0]
    assert seen == [*KEYS[1:], KEYS[0]]
    view.press("left")
    assert selection.key == KEYS[-1]


def test_a_page_begins_at_its_top(view: HelpView) -> None:
    """However far the one before was scrolled."""
    view.press("end")
    view.press("right")
    assert rows(view)[0].startswith(f" {CATALOGUE[1].label}")


def test_refreshing_does_not_scroll(view: HelpView) -> None:
    """A page is read for longer than a second."""
    rows(view, (80, 10))
    view.press("page down")
    before = rows(view, (80, 10))
    view.refresh()
    assert rows(view, (80, 10)) == before


def test_k_shows_the_keys_of_the_screen(view: HelpView, selection: Selection) -> None:
    """And the parameter again; so does the next parameter that is selected."""
    view.press("k")
    assert "the log: what the unit did" in words(view)
    assert "more below" not in rows(view)[-1], "one page at 80 by 24"
    view.press("K")
    assert CATALOGUE[0].label in rows(view)[0]
    view.press("k")
    selection.choose(KEYS[3])
    view.refresh()
    assert CATALOGUE[3].label in rows(view)[0]


def test_the_manual_names_the_same_keys(view: HelpView) -> None:
    """No key is in one list only, and every sign of the parameters is explained."""
    view.press("k")
    manual = (Path(__file__).parents[2] / "docs" / "screen.md").read_text()
    table = manual.partition("## Keys")[2].partition("\nEverything")[0]
    documented = set(KEY.findall(table.replace("F1 to F5", "F1 F2 F3 F4 F5")))
    assert len(documented) > 20
    assert set(KEY.findall(words(view).replace("-K, -W", "Ctrl-K, Ctrl-W"))) == documented
    for state in State:
        assert state.value in words(view)


def test_the_foot_line_fits(view: HelpView) -> None:
    """In 78 columns, on either page; a paste is nothing here."""
    assert len(view.keys()) <= 78
    view.press("k")
    view.insert("x")
    assert len(view.keys()) <= 78
