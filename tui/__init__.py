"""The technician's screen: sees the unit's facade and the parameters, nothing else of the unit.

    terminal ──bytes──> keys ──Key, Paste, Mouse──> app ──> the view that is shown ──> unit
       ^                                                            │ urwid widgets
       └──escape sequences── screen <──canvas── frame, menu <───────┘

`session.run` owns one terminal from its first byte to its last, and contains what fails on it.

Generic, knowing nothing of the product: `terminal`, `sequences`, `keys`, `palette`, `screen`,
`widgets`, `text_field` with `editing`, `undo` and `wrapping`, `reader`, `charts`.

What is around the views: `app` (which one is shown, the keys that work everywhere), `frame` (title
and foot line), `menu`, `views` (what a view is).

The parameters, which are home: `parameters_view` (what the keys do), `parameters_picture` (what it
looks like) with `parameter_pane` (the chosen one), `fields` (the twelve, each an `entry`),
`judgement` (of a value while it is typed), `drafts` (edits that outlive their session), `buttons`
(what they do) with `saving` and `activating` (its `progress`, a `trial`), `words`.

The other views: `help_view`, `radio_view` (with `radio_picture`, `radio_words`, `walk_test`),
`log_view`, `receipt_view`, `history_view`.
"""
