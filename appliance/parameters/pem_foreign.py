"""Owns what to say to a text without any PEM in it: what it probably is, and how to get PEM.

No message quotes the text: it may be a secret.
"""

import re

from appliance.parameters.pem_body import decode, visible
from appliance.parameters.pem_der import missing_bytes, name_der
from appliance.parameters.text import is_control, is_surrogate

_SSH_PUBLIC_KEYS = ("ssh-rsa ", "ssh-ed25519 ", "ssh-dss ", "ecdsa-sha2-")
_BINARY = (
    "binary data, not PEM: convert it with: openssl x509 -inform der -in file -out file.pem "
    "(a key: openssl pkey, the same; .p12 or .pfx: openssl pkcs12 -in file -nodes -out file.pem)"
)
_BARE = "Base64 without BEGIN and END lines"
_ALL_OF_IT = "paste all of it, with those lines"
_LOOKS_LIKE_DER = re.compile(r"MI[A-Za-z0-9+/]{2}[A-Za-z0-9+/\s]{40}")
_SHORTEST_DER = 64  # bytes; shorter than any key, and words can look like Base64
_NO_PEM = "no PEM found: paste text from a line -----BEGIN …----- to a line -----END …-----"


def name_foreign(text: str) -> str:
    """Return what a text without any PEM block is, in one line with the way out."""
    stripped = visible(text).strip()
    if stripped.startswith("PuTTY-User-Key-File"):
        return (
            "a PuTTY key: take its passphrase off, then convert it with: "
            "puttygen key.ppk -O private-openssh -o key.pem"
        )
    if stripped.startswith(_SSH_PUBLIC_KEYS):
        return "an OpenSSH public key: paste a certificate or a private key, in PEM"
    if _is_binary(text):
        kind = name_der(_bytes(text))
        return ": ".join(kind) if kind else _BINARY
    return _name_base64(stripped) or _NO_PEM


def _name_base64(text: str) -> str | None:
    """Return what Base64 without BEGIN and END lines is; None for other text."""
    try:
        der = decode(text)
    except ValueError:
        return f"{_BARE}, and damaged: {_ALL_OF_IT}" if _LOOKS_LIKE_DER.match(text) else None
    if (missing := missing_bytes(der)) is None or len(der) < _SHORTEST_DER:
        return None
    if missing > 0:
        return f"{_BARE}, and cut: {_ALL_OF_IT}"
    if not (kind := name_der(der)):
        return f"{_BARE}: paste those lines too"
    name, advice = kind
    if advice.startswith("convert"):
        advice = f"decode it with: base64 -d text > file; then {advice}"
    return f"{_BARE}, {name}: {advice}"


def _is_binary(text: str) -> bool:
    return any(
        each == "\N{REPLACEMENT CHARACTER}"
        or is_surrogate(each)
        or (is_control(each) and not each.isspace() and each != "\x1b")
        for each in text
    )


def _bytes(text: str) -> bytes:
    """Return the bytes such a text was made from, as far as that can be told."""
    for encoding, errors in (("latin-1", "strict"), ("utf-8", "surrogateescape")):
        try:
            return text.encode(encoding, errors)
        except UnicodeEncodeError:
            continue
    return b""
