r"""Owns the Base64 between two markers: what mail, JSON and editors do to it, undone.

Only what cannot be part of Base64 is taken away: white space, quoting at the edges of a word, and
the escapes of JSON and the shell. Anything else is damage.
"""

import base64
import re
import unicodedata

# Word processors and web pages make these of "-" and "--".
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
# Mail quoting, string literals with their commas, line continuations, comment signs.
_QUOTING = "\"'`\u2018\u2019\u201c\u201d\u201e,;\\>|#*"
_ESCAPED_WHITE_SPACE = re.compile(r"\\+[nrt]")
_ESCAPED_SLASH = re.compile(r"\\+/")  # as PHP writes JSON
_ESCAPED_ASCII = re.compile(r"\\+u00([2-7][0-9A-Fa-f])")  # as .NET writes "+" in JSON


def decode(body: str) -> bytes:
    """Return the bytes written as Base64, of any line width; raise ValueError for damage."""
    body = _ESCAPED_WHITE_SPACE.sub("\n", body)
    body = _ESCAPED_SLASH.sub("/", body)
    body = _ESCAPED_ASCII.sub(lambda match: chr(int(match[1], 16)), body)
    words = (word.strip(_QUOTING) for word in without_dashes(body).split())
    return base64.b64decode("".join(words).encode("ascii"), validate=True)


def without_dashes(text: str) -> str:
    """Return the text without the dashes and white space at its ends."""
    while (stripped := text.strip().strip(DASHES)) != text:
        text = stripped
    return text


def visible(text: str) -> str:
    """Return the text without byte-order marks, zero-width spaces, soft hyphens and the like."""
    return "".join(each for each in text if unicodedata.category(each) != "Cf")
