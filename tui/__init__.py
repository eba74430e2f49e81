"""The technician's screen: sees the unit's facade and the parameters, nothing else of the unit.

    terminal ──bytes──> keys ──Key, Paste──> app ──> unit: save, activate, keep, go back
       ^                                      │ Scene
       └──escape sequences── screen <──canvas── view (urwid widgets)

`session.run` owns one terminal from its first byte to its last, and contains what fails on it.
Generic, knowing nothing of the product: `terminal`, `sequences`, `keys`, `palette`, `screen`,
`widgets`, `text_field`, `editing`, `undo`, `wrapping`.
The product's own: `entry` (one parameter and its unsaved edit), `view` (what it looks like),
`words` (its longer answers), `trial` (a configuration on trial), `app` (what the keys do).
"""
