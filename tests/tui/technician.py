"""What a technician does on the screen, and where the eyes go."""

from itertools import takewhile

from appliance.parameters.catalogue import CATALOGUE, parameter
from tests.support.waiting import until
from tests.tui.wire_terminal import WireTerminal

LABELS = [each.label for each in CATALOGUE]


async def choose(terminal: WireTerminal, key: str) -> None:
    """Move to the parameter with that key, from the top of the list."""
    label = parameter(key).label
    terminal.key(*["up"] * 12, *["down"] * LABELS.index(label))
    await terminal.wait_for(lambda text: label in chosen_row(text))


def chosen_row(text: str) -> str:
    """Return the row of the list that is marked as chosen."""
    return next((row for row in text.splitlines() if row.startswith(">")), "")


def pane(text: str) -> str:
    """Return what stands to the right of the list, as one line."""
    body = takewhile(lambda row: "┴" not in row, text.splitlines()[2:])
    return " ".join(" ".join(row[35:] for row in body).split())


async def press(terminal: WireTerminal, button: str) -> None:
    """Go to a button from the list, and press it."""
    steps = ["<Clear>", "<Save>", "<Activate>"].index(button) + 1
    terminal.key(*["tab"] * steps, "enter")


async def go_round(terminal: WireTerminal) -> None:
    """Go round by TAB from the list, and back by Shift-TAB, watching where the cursor stands."""
    row = next(row for row in terminal.lines() if "<Clear>  <Save>  <Activate>" in row)
    y = terminal.lines().index(row)
    buttons = [(row.index(name), y) for name in ("<Clear>", "<Save>", "<Activate>")]
    for key, stops in (("tab", buttons), ("shift tab", buttons[::-1])):
        for stop in stops:
            terminal.key(key)
            await until(lambda stop=stop: terminal.cursor == stop)  # type: ignore[misc]
        terminal.key(key)
        await until(lambda: terminal.cursor not in buttons)
