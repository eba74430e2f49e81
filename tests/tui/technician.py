"""What a technician does on the screen, and where the eyes go."""

from appliance.parameters.catalogue import CATALOGUE, parameter
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
    return " ".join(" ".join(row[35:] for row in text.splitlines()[2:16]).split())


async def press(terminal: WireTerminal, button: str) -> None:
    """Go to a button from the list, and press it."""
    steps = ["<Clear>", "<Save>", "<Activate>"].index(button) + 1
    terminal.key(*["tab"] * steps, "enter")
