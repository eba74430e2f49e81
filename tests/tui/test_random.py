"""Random keys, mouse reports, pastes and resizes: nothing ends a session or changes what is active.

The seed is the test's parameter; the same one does the same things, though not at the same times.
"""

import asyncio
import logging

import pytest
import urwid

from appliance.parameters.values import ParameterValues
from appliance.unit import Unit
from tests.support.certificates import Authority
from tests.tui.conftest import Connect
from tests.tui.random_hand import RandomHand
from tests.tui.wire_terminal import WireTerminal
from tui import activating, keys, session
from tui.help_view import HelpView
from tui.history_view import HistoryView
from tui.log_view import LogView
from tui.parameters_view import ParametersView
from tui.radio_view import RadioView
from tui.receipt_view import ReceiptView
from tui.screen import TerminalScreen

STEPS = 2_500  # with each of four seeds
STEPS_A_LOGIN = 600  # until the line is cut
# What every run shows at least once, as it stands in its picture.
VIEWS = {
    "the parameters": "<Clear>  <Save>  <Activate>",
    "the menu": "─ Menu ─",
    **{each.name: f"\n {each.name} " for each in (HelpView, RadioView, LogView, ReceiptView)},
    HistoryView.name: f"\n {HistoryView.name} ",
    "too small": "This screen needs",
    "an activation refused": "Not activated",
    "a value refused": "Not saved: ",
    "a value saved": "Saved: ",
    "a judgement": "x ",
    "an edit": "edited, not saved",
    "what was left unsaved": "Unsaved edits of ",
}


class Observer:
    """Sees each picture that is drawn, and each leave."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: set[str] = set()
        self.drawn = asyncio.Event()
        self.busy = False  # whether an answer was due in the last one
        self.sizes: list[tuple[tuple[int, int], tuple[int, int]]] = []  # wanted and drawn
        self.left = 0
        draw, may_leave = TerminalScreen.draw_screen, ParametersView.may_leave

        def draw_screen(
            screen: TerminalScreen, size: tuple[int, int], canvas: urwid.Canvas
        ) -> None:
            self.sizes.append((size, (canvas.cols(), canvas.rows())))
            text = "\n".join(["", *(row.decode() for row in canvas.text)])
            self.seen |= {view for view, words in VIEWS.items() if words in text}
            self.drawn.set()
            self.busy = "\n Saving ..." in text or "\n Activating" in text
            draw(screen, size, canvas)

        def count_leave(view: ParametersView) -> bool:
            leaves = may_leave(view)
            self.left += leaves
            return leaves

        monkeypatch.setattr(TerminalScreen, "draw_screen", draw_screen)
        monkeypatch.setattr(ParametersView, "may_leave", count_leave)

    async def look(self, terminal: WireTerminal) -> None:
        """Let the terminal take one more picture, and one of an answer that is due."""
        await self._take_one_picture(terminal)
        while self.busy and not terminal.session.done():
            await self._take_one_picture(terminal)

    async def _take_one_picture(self, terminal: WireTerminal) -> None:
        self.drawn.clear()
        terminal.take_one_picture()
        await self.drawn.wait()

    def begin(self, terminal: WireTerminal) -> WireTerminal:
        """Have nobody wait for a session that is over."""

        def over(_: object) -> None:
            terminal.all_taken.set()
            self.drawn.set()

        terminal.session.add_done_callback(over)
        terminal.take_one_picture()
        return terminal


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each read be a gesture of its own, without the silence that a person leaves."""
    for wait in ("ESCAPE_WAIT", "SEQUENCE_WAIT", "BURST_WAIT", "PASTE_WAIT", "LINES_WAIT", "RAPID"):
        monkeypatch.setattr(keys, f"_{wait}_S", 1e-9)
    # The hand is a thousand times faster than a person's; so long is what it takes for a glance.
    monkeypatch.setattr(activating, "GLANCE_S", 3600)
    monkeypatch.setattr(session, "_FRAME_S", 0)
    monkeypatch.setattr(session, "_SETTLE_S", 0)


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("seed", range(1, 5))
async def test_nothing_at_random_ends_a_session_or_changes_what_is_active(
    connect: Connect,
    unit: Unit,
    in_service: ParameterValues,
    authority: Authority,
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Saved values change, edits come and go; each picture fills its terminal exactly."""
    client = authority.client("unit")
    hand = RandomHand(seed, authority.certificate, client.certificate, client.key)
    observer = Observer(monkeypatch)
    await unit.clear("data-topic", "a test")
    terminal, ended = observer.begin(connect()), 0
    for step in range(1, STEPS + 1):
        worth_a_look = hand.act(terminal)
        await terminal.all_taken.wait()
        if worth_a_look:
            await observer.look(terminal)
            assert unit.active == in_service
        if terminal.session.done():
            ended += 1
            terminal = observer.begin(connect())
        elif step % STEPS_A_LOGIN == 0:
            terminal.hang_up()
            await terminal.session
            terminal = observer.begin(connect())
    assert ended == observer.left
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []
    assert [(size, drawn) for size, drawn in observer.sizes if size != drawn] == []
    assert unit.trial is None
    assert VIEWS.keys() - observer.seen == set()
