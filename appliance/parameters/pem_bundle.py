"""Owns what a paste holds, sorted by kind: certificates that can be read, one key, and the rest.

What the field wants must be faultless; a fault in anything else costs only that, with a note.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from cryptography import x509

from appliance.parameters.chain import Lineage
from appliance.parameters.pem_blocks import Block, read_blocks
from appliance.parameters.pem_certificate import UNREADABLE, load_certificate
from appliance.parameters.pem_der import is_cut
from appliance.parameters.pem_key import PrivateKey, load_key, the_only
from appliance.parameters.pem_labels import (
    CERTIFICATES,
    MEANINGLESS,
    PRIVATE_KEY,
    Wanted,
    name_label,
)
from appliance.parameters.public_key import weakness
from appliance.parameters.refusal import Refused

_Part = TypeVar("_Part")


@dataclass(slots=True)
class Bundle:
    """What a paste holds; `notes` say what of it is of no use, one line each."""

    certificates: tuple[x509.Certificate, ...] = ()
    key: PrivateKey | None = field(default=None, repr=False)
    notes: list[str] = field(default_factory=list)

    @property
    def lineage(self) -> Lineage:
        """The certificates with their kinship; raises Refused for too many of them."""
        return Lineage(self.certificates)

    def try_for(self, what: str, make: Callable[[], _Part]) -> _Part | None:
        """Return what `make` makes of a part nobody asked for; note why it makes nothing."""
        try:
            return make()
        except Refused as error:
            self.notes.append(f"{what} left out: {error.reason}")
            return None


def read_certificates(text: str) -> Bundle:
    """Return what is in the text, with certificates; raise Refused for a fault in any of them."""
    blocks = _read(text, CERTIFICATES)
    bundle = Bundle(_load_all(blocks))
    keys = bundle.try_for("the private key was", lambda: _load_keys(blocks))
    # Two keys make two units: nobody could say whose the certificates are.
    bundle.key = the_only(keys) if keys else None
    bundle.notes += _others(blocks)
    return bundle


def read_key(text: str) -> tuple[PrivateKey, Bundle]:
    """Return the one key in the text, and all there is; raise Refused for a fault in the key."""
    blocks = _read(text, PRIVATE_KEY)
    key = the_only(_load_keys(blocks))
    bundle = Bundle(key=key)
    bundle.certificates = bundle.try_for("the certificates were", lambda: _load_all(blocks)) or ()
    bundle.notes += _others(blocks)
    return key, bundle


def _read(text: str, wanted: Wanted) -> list[Block]:
    blocks = read_blocks(text)
    if not any(block.label in wanted.labels for block in blocks):
        raise Refused(wanted.fault(block.label for block in blocks))
    return blocks


def _load_all(blocks: list[Block]) -> tuple[x509.Certificate, ...]:
    return tuple(
        dict.fromkeys(_load(block) for block in blocks if block.label in CERTIFICATES.labels)
    )


def _load_keys(blocks: list[Block]) -> list[PrivateKey]:
    return [load_key(block) for block in blocks if block.label in PRIVATE_KEY.labels]


def _load(block: Block) -> x509.Certificate:
    """Return the certificate, whose key works under TLS 1.2; raise Refused."""
    try:
        certificate = load_certificate(block.der)
    except UNREADABLE:
        raise Refused(_unreadable(block)) from None
    try:
        fault = weakness(certificate.public_key())
    except UNREADABLE:
        fault = "a key of an unknown kind: use RSA or EC"
    if fault:
        raise Refused(f"the certificate in block {block.number} has {fault}")
    return certificate


def _unreadable(block: Block) -> str:
    if is_cut(block.der):
        return f"block {block.number} is cut, its Base64 ends too soon: paste it again as a whole"
    return f"block {block.number} does not hold a readable certificate: paste it again as a whole"


def _others(blocks: list[Block]) -> list[str]:
    """Return a note for each block that is neither certificate nor readable key."""
    known = CERTIFICATES.labels | PRIVATE_KEY.labels | MEANINGLESS
    return [_other(block) for block in blocks if block.label not in known]


def _other(block: Block) -> str:
    advice = PRIVATE_KEY.advice.get(block.label)
    note = f"block {block.number} is {name_label(block.label)} and was left out"
    return f"{note}: {advice}" if advice else note
