"""Owns what a Save comes to: the field settled, other fields filled, and what is said of it."""

from typing import TYPE_CHECKING

from appliance.parameters.catalogue import Accepted
from appliance.parameters.refusal import Changed
from tui import words
from tui.entry import Entry
from tui.fields import Fields
from tui.parameters_picture import Notice

if TYPE_CHECKING:
    from appliance.unit import Unit


async def save(unit: "Unit", by: str, fields: Fields, entry: Entry) -> Notice:
    """Save what is in the field of `entry` now; raises Refused or StoreError."""
    key, label, text = entry.parameter.key, entry.parameter.label, entry.text
    accepted = Accepted("")
    try:
        if text:
            accepted = await unit.save(key, text, by, expected=entry.origin)
        else:
            await unit.clear(key, by, expected=entry.origin)
    except Changed as refusal:
        saved = unit.saved[key]
        entry.meet(saved)
        return words.changed(refusal.reason, entry.parameter, saved)
    fields.take_over()
    entry.settle(text, accepted.text)
    said = words.saved(label, empty=not text, pending=key in unit.pending)
    lines = [said, *words.offered(*fields.fill(accepted.also))]
    lines += [f"Note: {warning}." for warning in accepted.warnings]
    return Notice("\n".join(lines), "done")
