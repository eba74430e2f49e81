"""Which characters never reach a terminal: they steer it, or reorder what it shows.

What comes from outside (values, names in certificates, a broker's reasons) may hold them. Whether
they are left out or visibly replaced is for whoever shows the text.
"""

import unicodedata

# Unicode general categories: control, format (bidirectional overrides), private use, surrogate.
_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs"})

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def is_hidden(character: str) -> bool:
    """Whether `character` is one of them; newline and TAB are."""
    return unicodedata.category(character) in _CATEGORIES
