"""Owns the looks: per name the colours for 16-colour terminals and the attributes for monochrome.

No state is told by colour alone. Bright colours are left out, since terminals disagree on them;
the terminal's own background is kept, light or dark.
"""

# name, foreground, background, monochrome
PALETTE: tuple[tuple[str, str, str, str], ...] = (
    ("title", "light gray,bold", "dark blue", "standout"),
    ("rule", "default", "default", "default"),
    ("item", "default", "default", "default"),
    ("chosen", "black", "dark cyan", "standout"),
    ("chosen behind", "default,bold", "default", "bold"),
    ("heading", "default,bold", "default", "bold"),
    ("text", "default", "default", "default"),
    ("field", "default", "default", "default"),
    ("hint", "dark cyan", "default", "default"),
    ("button", "default,bold", "default", "bold"),
    ("button pressed", "black", "dark cyan", "standout"),
    ("said", "default", "default", "default"),
    ("done", "dark green,bold", "default", "bold"),
    ("refused", "dark red,bold", "default", "bold"),
    ("help", "dark cyan", "default", "default"),
)
