"""Owns the armour of PEM (RFC 7468): pasted text in, blocks of DER out, and clean PEM back.

Text outside the blocks does not matter, and a block is rebuilt from its DER. No message quotes
what was pasted: it may be a secret.
"""

import base64
import re
from dataclasses import dataclass, field

from appliance.parameters.pem_body import DASHES, decode, visible, without_dashes
from appliance.parameters.pem_foreign import name_foreign
from appliance.parameters.pem_labels import NAMES
from appliance.parameters.refusal import Refused

# Far more than a chain of certificates needs; bounds the work a paste can cause.
MAX_BYTES = 65_536
_LINE = 64  # characters of Base64 a line, RFC 7468, section 2
# A dash behind it is not taken: it may be the first of the next marker.
_MARKER = re.compile(
    rf"(?<=[{DASHES}])[^\S\n]*(BEGIN|END)\s+([A-Z0-9]{{1,20}}(?:\s+[A-Z0-9]{{1,20}}){{0,5}})"
    rf"\s*(?=[{DASHES}])"
)
_INCOMPLETE = re.compile(r"(?<=-----)(?:BEGIN|END)\b")
_FIVE_DASHES = "-----"
_AGAIN = "paste it again as a whole"


@dataclass(frozen=True, slots=True)
class Block:
    """One PEM block: its place in the text (from 1), its label and its content.

    `encrypted` is set where the old headers of RFC 1421 say so; `der` is then empty.
    """

    number: int
    label: str
    der: bytes = field(repr=False)
    encrypted: bool = False

    @property
    def pem(self) -> str:
        """The block as clean PEM, with a final newline."""
        data = base64.b64encode(self.der).decode("ascii")
        lines = [data[at : at + _LINE] for at in range(0, len(data), _LINE)]
        return "\n".join([f"-----BEGIN {self.label}-----", *lines, f"-----END {self.label}-----\n"])


@dataclass(frozen=True, slots=True)
class _Marker:
    """A BEGIN or END line, from `start` to `end` in the text without its dashes."""

    word: str
    label: str
    start: int
    end: int


def read_blocks(text: str) -> list[Block]:
    """Return the blocks in the text, at least one; raise Refused where it is damaged or none."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Refused("over 64 kB: paste only the certificates or the key needed here")
    pasted, text = text, visible(text)
    markers = _markers(text)
    blocks: list[Block] = []
    outside = [text[: markers[0].start if markers else len(text)]]
    for index in range(0, len(markers), 2):
        begin, *rest = markers[index : index + 2]
        end = _matching_end(len(blocks) + 1, begin, rest)
        blocks.append(_block(len(blocks) + 1, begin.label, text[begin.end : end.start]))
        following = markers[index + 2].start if index + 2 < len(markers) else len(text)
        outside.append(text[end.end : following])
    if any(_INCOMPLETE.search(piece) for piece in outside):
        raise Refused(f"a BEGIN or END line is incomplete: the text was cut, {_AGAIN}")
    if not blocks:
        raise Refused(name_foreign(pasted))
    return blocks


def _markers(text: str) -> list[_Marker]:
    """Return the BEGIN and END lines; those of a known label with any kind and number of dashes."""
    markers = []
    for match in _MARKER.finditer(text):
        label = " ".join(match[2].split())
        before, behind = text[: match.start(1)][-5:], text[match.end(2) :][:5]
        if label in NAMES or before == behind == _FIVE_DASHES:
            markers.append(_Marker(match[1], label, match.start(), match.end()))
    return markers


def _matching_end(number: int, begin: _Marker, rest: list[_Marker]) -> _Marker:
    if begin.word == "END":
        raise Refused(f"block {number} has no BEGIN line: its start is missing, {_AGAIN}")
    if not rest or rest[0].word == "BEGIN":
        raise Refused(f"block {number} has no END line: the text was cut, {_AGAIN}")
    if rest[0].label != begin.label:
        raise Refused(f"block {number} begins as one thing and ends as another: {_AGAIN}")
    return rest[0]


def _block(number: int, label: str, body: str) -> Block:
    # A header of RFC 1421; Base64 has no colon.
    if "Proc-Type:" in body and "ENCRYPTED" in body:
        return Block(number, label, b"", encrypted=True)
    if not without_dashes(body):
        raise Refused(f"block {number} has nothing between its BEGIN and END lines: {_AGAIN}")
    try:
        return Block(number, label, decode(body))
    except ValueError:
        # `from None`: the cause holds what was pasted.
        raise Refused(f"block {number} is damaged (not whole, valid Base64): {_AGAIN}") from None
