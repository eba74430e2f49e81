import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.parameters.pem_foreign import name_foreign
from tests.appliance.parameters.credentials import issue

UNIT = issue("unit")
BARE = base64.encodebytes(UNIT.der).decode()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "no PEM found"),
        ("hello", "no PEM found"),
        ("MIIBhello", "no PEM found"),
        ("\x1b[1mhello\x1b[0m", "no PEM found"),
        (f"\ufeff{BARE}", "Base64 without BEGIN and END lines, a certificate in DER: decode it"),
        (BARE.replace("\n", "\n> "), "Base64 without BEGIN and END lines, a certificate in DER"),
        (BARE.replace("\n", "")[:400], "END lines, and cut: paste all of it, with those lines"),
        (BARE.replace("\n", "")[:399], "END lines, and damaged: paste all of it, with those"),
        (base64.b64encode(b"0\x7f" + bytes(127)).decode(), "END lines: paste those lines too"),
        (base64.b64encode(bytes(127)).decode(), "no PEM found"),
        (UNIT.der.decode("latin-1"), "a certificate in DER: convert it with: openssl x509"),
        (UNIT.der.decode("utf-8", "surrogateescape"), "a certificate in DER: convert it with"),
        (UNIT.der.decode("utf-8", "replace"), "binary data, not PEM: convert it with"),
        ("0\x82\x03", "binary data, not PEM"),
        ("\ud83d", "binary data, not PEM"),
        ("\n\ufeffPuTTY-User-Key-File-2: ssh-rsa", "a PuTTY key: take its passphrase off"),
        ("ecdsa-sha2-nistp256 AAAA me", "an OpenSSH public key: paste a certificate"),
    ],
)
def test_what_is_no_pem_is_named(text: str, name: str) -> None:
    """A text without a block is told by what it looks like."""
    assert name in name_foreign(text)


@settings(deadline=None)  # no matter how slow the machine
@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_anything_gets_an_answer(text: str) -> None:
    """Whatever the text, the answer is one printable line."""
    assert name_foreign(text).isprintable()
