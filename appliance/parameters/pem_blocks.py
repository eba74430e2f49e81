"""Owns the armour of PEM (RFC 7468): pasted text in, blocks of DER out, and clean PEM back.

A byte-order mark, CRLF, blank lines, indentation and text outside the blocks do not matter: a
block is rebuilt from its DER. No message quotes what was pasted: it may be a secret.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field

from appliance.parameters.refusal import Refused

# Far more than a chain of certificates needs; bounds the work a paste can cause.
MAX_BYTES = 65_536
_LINE = 64  # characters of Base64 a line, RFC 7468, section 2
_MARKER = re.compile(r"-----(BEGIN|END) ([A-Z0-9 ]{1,40})-----")
_AGAIN = "paste it again as a whole"


@dataclass(frozen=True, slots=True)
class Block:
    """One PEM block: its place in the text (from 1), its label and its content.

    `encrypted` is set where the old headers of RFC 1421 say so; `der` is then the ciphertext.
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


def read_blocks(text: str) -> list[Block]:
    """Return the blocks in the text, at least one; raise Refused where it is damaged or none."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Refused("over 64 kB: paste only the certificates or the key needed here")
    markers = list(_MARKER.finditer(text))
    if not markers:
        raise Refused(_unrecognised(text))
    blocks: list[Block] = []
    outside = text[: markers[0].start()]
    for index in range(0, len(markers), 2):
        begin, *rest = markers[index : index + 2]
        end = _matching_end(len(blocks) + 1, begin, rest)
        blocks.append(_block(len(blocks) + 1, begin[2], text[begin.end() : end.start()]))
        following = markers[index + 2].start() if index + 2 < len(markers) else len(text)
        outside += text[end.end() : following]
    if "-----BEGIN" in outside or "-----END" in outside:
        raise Refused(f"a BEGIN or END line is incomplete: the text was cut, {_AGAIN}")
    return blocks


def _matching_end(number: int, begin: re.Match[str], rest: list[re.Match[str]]) -> re.Match[str]:
    if begin[1] == "END":
        raise Refused(f"block {number} has no BEGIN line: its start is missing, {_AGAIN}")
    if not rest or rest[0][1] == "BEGIN":
        raise Refused(f"block {number} has no END line: the text was cut, {_AGAIN}")
    if rest[0][2] != begin[2]:
        raise Refused(f"block {number} begins as one thing and ends as another: {_AGAIN}")
    return rest[0]


def _block(number: int, label: str, body: str) -> Block:
    # A header of RFC 1421; Base64 has no colon.
    if "Proc-Type:" in body and "ENCRYPTED" in body:
        return Block(number, label, b"", encrypted=True)
    try:
        der = base64.b64decode("".join(body.split()).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        # `from None`: the cause holds what was pasted.
        raise Refused(f"block {number} is damaged (not whole, valid Base64): {_AGAIN}") from None
    if not der:
        raise Refused(f"block {number} has nothing between its BEGIN and END lines: {_AGAIN}")
    return Block(number, label, der)


def _unrecognised(text: str) -> str:
    """Return what is probably wrong with a text that has no block at all."""
    if text.startswith("PuTTY-User-Key-File"):
        return "a PuTTY key: export it as PEM, without a passphrase"
    if "\0" in text or "\ufffd" in text or text.startswith("0\x82") or _has_surrogates(text):
        return (
            "binary (DER) data: convert it with: openssl x509 -inform der -in file -out file.pem "
            "(for a key: openssl pkey, the same)"
        )
    if "-----BEGIN" in text or "-----END" in text:
        return f"a BEGIN or END line is incomplete: the text was cut, {_AGAIN}"
    if text.lstrip("\ufeff \t\r\n").startswith("MI"):
        return "the lines -----BEGIN …----- and -----END …----- are missing: paste them too"
    return "no PEM found: paste text from a line -----BEGIN …----- to a line -----END …-----"


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
