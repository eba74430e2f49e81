"""Owns the looks: per name the colours for 16-colour terminals and the attributes for monochrome.

No state is told by colour alone. The terminal's own background is kept, light or dark, so a colour
that is hard to read on either (green, yellow, blue, cyan) comes only with a background of its own.
Bright colours are left out, since terminals disagree on them.
"""

# name, foreground, background, monochrome
PALETTE: tuple[tuple[str, str, str, str], ...] = (
    # The frame and the menu.
    ("title", "light gray,bold", "dark blue", "standout"),
    ("rule", "default", "default", "default"),
    ("help", "default", "default", "default"),
    ("key", "default,bold", "default", "bold"),
    ("menu", "black", "light gray", "default"),
    ("menu chosen", "light gray,bold", "dark blue", "standout"),
    # Lists, and where their values stand.
    ("item", "default", "default", "default"),
    ("chosen", "black", "dark cyan", "standout"),
    ("chosen behind", "default,bold", "default", "bold"),
    ("active", "default", "default", "default"),
    ("pending", "default,bold", "default", "bold"),
    ("edited", "dark magenta", "default", "bold"),
    ("invalid", "dark red,bold", "default", "bold"),
    # Texts, fields and buttons.
    ("heading", "default,bold", "default", "bold"),
    ("text", "default", "default", "default"),
    ("hint", "default", "default", "default"),
    ("field", "default", "default", "default"),
    ("button", "default,bold", "default", "bold"),
    ("button pressed", "black", "dark cyan", "standout"),
    # Answers and judgements.
    ("said", "default", "default", "default"),
    ("done", "default,bold", "default", "bold"),
    ("refused", "dark red,bold", "default", "bold"),
    ("ok", "black", "dark green", "default"),
    ("warning", "black", "brown", "bold"),
    ("error", "dark red,bold", "default", "bold"),
    # Charts.
    ("bar", "default", "default", "default"),
    ("bar weak", "dark red,bold", "default", "bold"),
)
