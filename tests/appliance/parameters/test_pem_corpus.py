"""What technicians paste: each text with the field it is pasted into and what comes of it."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519

from appliance.parameters.accepted import Accepted
from appliance.parameters.catalogue import parameter
from appliance.parameters.refusal import Refused
from tests.appliance.parameters.credentials import (
    CLIENT,
    OPENSSH,
    SERVER,
    TRADITIONAL,
    bag_output,
    block,
    certificate_request,
    ec_key,
    issue,
    key_der,
    key_pem,
    pkcs7_file,
    pkcs12_file,
    public_key_pem,
    rsa_key,
    s_client_output,
    x509_text,
)
from tests.appliance.parameters.loading import load_in_ssl

BROKER, CHAIN, KEY = "broker-certificate", "client-certificate", "client-private-key"

ROOT = issue("root", authority=True)
MIDDLE = issue("middle", ROOT, authority=True)
UNIT = issue("unit", MIDDLE, usages=(CLIENT,))
PLAIN = issue("plain", MIDDLE)
SELFIE = issue("selfie", authority=True)  # as `openssl req -x509` makes it
CLIENT_MIDDLE = issue("units", ROOT, authority=True, usages=(CLIENT,))
BROKER_ROOT = issue("broker root", authority=True)
BROKER_MIDDLE = issue("broker middle", BROKER_ROOT, authority=True)
SERVER_ONLY = issue("broker", BROKER_MIDDLE, usages=(SERVER,))
BOTH_USAGES = issue("both", BROKER_MIDDLE, usages=(SERVER, CLIENT))
OLD_ROOT = issue("old root", authority=None)
RENEWED = issue("unit", MIDDLE, key=UNIT.key, usages=(CLIENT,))
RSA_UNIT = issue("rsa unit", MIDDLE, key=rsa_key())
ED25519 = ed25519.Ed25519PrivateKey.generate()
WEAK = issue("weak", key=rsa_key(1024))

UNIT_CHAIN = UNIT.pem + MIDDLE.pem
WHOLE = UNIT.key_pem + MIDDLE.pem + BROKER_ROOT.pem + UNIT.pem
SEC1 = key_pem(UNIT.key, TRADITIONAL)


@dataclass(frozen=True, slots=True)
class Case:
    """One paste: refused with `says`, or stored and offered as given, `says` among the warnings."""

    name: str
    key: str
    text: str = field(repr=False)
    stored: str | None = field(default=None, repr=False)
    also: Mapping[str, str] = field(default_factory=dict, repr=False)
    says: str = ""


def base64_of(der: bytes) -> str:
    """The DER as Base64 without BEGIN and END lines."""
    return base64.encodebytes(der).decode()


def in_lines_of(width: int, pem: str) -> str:
    """The PEM with its Base64 in lines of that many characters."""
    first, *lines, last = pem.splitlines()
    body = "".join(lines)
    return "\n".join([first, *(body[at : at + width] for at in range(0, len(body), width)), last])


def as_c_source(pem: str) -> str:
    """The PEM as string literals."""
    return "".join(f'    "{line}\\n" \\\n' for line in pem.splitlines())


def rows(pem: str, prefix: str) -> str:
    """The PEM with something before each line."""
    return "".join(f"{prefix}{line}\n" for line in pem.splitlines())


def with_a_line_lost(pem: str) -> str:
    """The PEM with a line lost in the middle."""
    lines = pem.splitlines(keepends=True)
    return "".join(lines[:3] + lines[4:])


SHAPES = {
    "CRLF": UNIT.pem.replace("\n", "\r\n"),
    "CR alone": UNIT.pem.replace("\n", "\r"),
    "byte-order mark": "\ufeff" + UNIT.pem,
    "byte-order mark inside": UNIT.pem.replace("\nM", "\n\ufeffM", 1),
    "byte-order mark in the BEGIN line": UNIT.pem.replace("BEGIN", "BEGIN\ufeff", 1),
    "zero-width spaces": UNIT.pem.replace("\n", "\u200b\n"),
    "no-break spaces": UNIT.pem.replace("\n", "\n\u00a0\u00a0"),
    "indented by spaces": rows(UNIT.pem, "    "),
    "indented by tabs": rows(UNIT.pem, "\t\t"),
    "mail quoting": rows(UNIT.pem, "> "),
    "mail quoting twice": rows(UNIT.pem, ">> "),
    "mail quoting, spaced": rows(UNIT.pem, "> > "),
    "mail quoting without a space": rows(UNIT.pem, ">"),
    "quoted by bars": rows(UNIT.pem, "| "),
    "comment signs": rows(UNIT.pem, "# "),
    "newlines as spaces": UNIT.pem.replace("\n", " "),
    "escaped newlines": UNIT.pem.replace("\n", "\\n"),
    "escaped CRLF": UNIT.pem.replace("\n", "\\r\\n"),
    "escaped twice": UNIT.pem.replace("\n", "\\\\n"),
    "JSON": json.dumps(UNIT.pem),
    "JSON object": json.dumps({"certificatePem": UNIT.pem, "certificateId": "0a1b"}),
    "JSON with escaped slashes": json.dumps(UNIT.pem).replace("/", "\\/"),
    "JSON with escaped plus signs": json.dumps(UNIT.pem).replace("+", "\\u002B"),
    "JSON list of lines": json.dumps(UNIT.pem.splitlines(), indent=1),
    "string literals": as_c_source(UNIT.pem),
    "curly quotes": f"\u201c{UNIT.pem.strip()}\u201d",
    "one long line": in_lines_of(100_000, UNIT.pem),
    "lines of 7": in_lines_of(7, UNIT.pem),
    "lines of 76": in_lines_of(76, UNIT.pem),
    "everything in one line": UNIT.pem.replace("\n", ""),
    "dashes made long": UNIT.pem.replace("--", "\u2014"),
    "dashes made half-long": UNIT.pem.replace("-----", "\u2013\u2013-"),
    "one dash lost": UNIT.pem[1:].rstrip()[:-1],
    "a label of old": UNIT.pem.replace("CERTIFICATE", "X509 CERTIFICATE"),
    "blank lines": UNIT.pem.replace("\n", "\n\n"),
    "text of openssl x509": x509_text(UNIT),
    "twice": UNIT.pem * 2,
    "text around": f"Hello,\n\nhere it is - have fun:\n\n{UNIT.pem}\n-- \nYours - - ever\n",
    "a broken name around": f"friendlyName: caf\ufffd\n{UNIT.pem}",
}
SHAPED = [Case(name, CHAIN, text, UNIT.pem) for name, text in SHAPES.items()]

GOOD = [
    Case("a root", BROKER, ROOT.pem, ROOT.pem),
    Case("a root of before v3", BROKER, OLD_ROOT.pem, OLD_ROOT.pem),
    Case("a chain, root first", BROKER, ROOT.pem + MIDDLE.pem, MIDDLE.pem + ROOT.pem),
    Case("the broker's own", BROKER, SERVER_ONLY.pem, SERVER_ONLY.pem),
    Case("with both usages", BROKER, BOTH_USAGES.pem, BOTH_USAGES.pem),
    Case("an authority of clients", BROKER, CLIENT_MIDDLE.pem, CLIENT_MIDDLE.pem),
    Case("a root twice", BROKER, ROOT.pem + ROOT.pem, ROOT.pem),
    Case(
        "openssl s_client",
        BROKER,
        s_client_output(SERVER_ONLY, BROKER_MIDDLE, BROKER_ROOT),
        SERVER_ONLY.pem + BROKER_MIDDLE.pem + BROKER_ROOT.pem,
    ),
    Case(
        "a client's bundle with a broker's root",
        BROKER,
        WHOLE,
        BROKER_ROOT.pem,
        {CHAIN: UNIT_CHAIN, KEY: UNIT.key_pem},
    ),
    Case(
        "a client's bundle from the one authority",
        BROKER,
        UNIT.pem + UNIT.key_pem + ROOT.pem + MIDDLE.pem,
        MIDDLE.pem + ROOT.pem,
        {CHAIN: UNIT_CHAIN + ROOT.pem, KEY: UNIT.key_pem},
    ),
    Case(
        "a client certificate by its usage",
        BROKER,
        UNIT.pem + BROKER_ROOT.pem,
        BROKER_ROOT.pem,
        {CHAIN: UNIT.pem},
    ),
    Case(
        "a root with its own key",
        BROKER,
        ROOT.pem + ROOT.key_pem,
        ROOT.pem,
        says="the private key was left out: no certificate of a unit here is for it",
    ),
    Case(
        "the broker's bundle",
        BROKER,
        BROKER_ROOT.pem + SERVER_ONLY.key_pem,
        BROKER_ROOT.pem,
        says="the private key was left out",
    ),
    Case("an Ed25519 root", BROKER, (ed := issue("e", key=ED25519, authority=True)).pem, ed.pem),
    Case("an encrypted key beside", BROKER, ROOT.pem + key_pem(ROOT.key, passphrase="x"), ROOT.pem,
         says="block 2 is an encrypted private key and was left out: decrypt it with: openssl"),
    Case("two clients among roots", BROKER, UNIT.pem + RENEWED.pem + ROOT.pem, ROOT.pem,
         says="2 certificates were left out: of clients only"),
    Case("self-signed by openssl req -x509", CHAIN, SELFIE.pem, SELFIE.pem),
    Case("a chain, root first", CHAIN, ROOT.pem + MIDDLE.pem + UNIT.pem, UNIT_CHAIN + ROOT.pem,
         says="stored with the unit's own certificate first"),
    Case("certificate and key", CHAIN, UNIT.pem + UNIT.key_pem, UNIT.pem, {KEY: UNIT.key_pem}),
    Case("key before certificate", CHAIN, SEC1 + UNIT.pem, UNIT.pem, {KEY: SEC1}),
    Case("openssl pkcs12 -nodes", CHAIN, bag_output(UNIT), UNIT.pem, {KEY: UNIT.key_pem}),
    Case("RSA", CHAIN, RSA_UNIT.pem + RSA_UNIT.key_pem, RSA_UNIT.pem, {KEY: RSA_UNIT.key_pem}),
    Case("self-signed with its key", CHAIN, SELFIE.pem + SELFIE.key_pem, SELFIE.pem,
         {KEY: SELFIE.key_pem}),
    Case("a client's bundle with a broker's root", CHAIN, WHOLE, UNIT_CHAIN,
         {KEY: UNIT.key_pem, BROKER: BROKER_ROOT.pem},
         says="1 certificate was left out: of authorities, for broker-certificate if anything"),
    Case("as AWS gives it", CHAIN, UNIT.pem + BROKER_ROOT.pem, UNIT.pem, {BROKER: BROKER_ROOT.pem}),
    Case("with the broker's own", CHAIN, SERVER_ONLY.pem + UNIT.pem, UNIT.pem,
         says="1 certificate was left out: that are not in this unit's chain"),
    Case("two units, one key", CHAIN, UNIT.pem + PLAIN.pem + PLAIN.key_pem, PLAIN.pem,
         {KEY: PLAIN.key_pem}),
    Case("another's key", CHAIN, UNIT.pem + PLAIN.key_pem, UNIT.pem,
         says="the private key was left out"),
    Case("with its request", CHAIN, UNIT.pem + certificate_request(), UNIT.pem,
         says="block 2 is a certificate request (CSR) and was left out"),
    Case("with a weak key", CHAIN, UNIT.pem + key_pem(rsa_key(1024)), UNIT.pem,
         says="the private key was left out"),
    Case("with an unreadable key", CHAIN, UNIT.pem + block("PRIVATE KEY"), UNIT.pem,
         says="the private key was left out: not a readable private key"),
    Case("PKCS#8", KEY, UNIT.key_pem, UNIT.key_pem),
    Case("SEC1 with parameters", KEY, block("EC PARAMETERS") + SEC1, SEC1),
    Case("PKCS#1", KEY, (pkcs1 := key_pem(rsa_key(), TRADITIONAL)), pkcs1),
    Case("in two forms", KEY, SEC1 + UNIT.key_pem, UNIT.key_pem),
    Case("in JSON", KEY, json.dumps(UNIT.key_pem), UNIT.key_pem),
    Case("in quoted mail", KEY, rows(UNIT.key_pem, "> "), UNIT.key_pem),
    Case("a client's bundle with a broker's root", KEY, WHOLE, UNIT.key_pem,
         {CHAIN: UNIT_CHAIN, BROKER: BROKER_ROOT.pem}, says="1 certificate was left out"),
    Case("with the broker's root alone", KEY, UNIT.key_pem + BROKER_ROOT.pem, UNIT.key_pem,
         {BROKER: BROKER_ROOT.pem}),
    Case("with another's certificate", KEY, UNIT.key_pem + PLAIN.pem, UNIT.key_pem,
         says="1 certificate was left out: that are not in this unit's chain"),
    Case("with a renewed certificate", KEY, UNIT.key_pem + UNIT.pem + RENEWED.pem, UNIT.key_pem,
         says="the certificates were left out: 2 certificates for the same key"),
    Case("with a weak certificate", KEY, UNIT.key_pem + WEAK.pem, UNIT.key_pem,
         says="the certificates were left out: the certificate in block 2 has an RSA key of 1,024"),
    Case("of a server", KEY, SERVER_ONLY.key_pem + SERVER_ONLY.pem, SERVER_ONLY.key_pem,
         says="the certificates were left out: a server's certificate"),
]  # fmt: skip

BAD = [
    Case("nothing like it", BROKER, "hello", says="no PEM found: paste text from a line"),
    Case("white space", CHAIN, " \n", says="no PEM found"),
    Case("a file's name", KEY, "/etc/ssl/private/unit.key", says="no PEM found"),
    Case("a client's, by its usage", BROKER, UNIT.pem, says="a client's certificate (its extended"),
    Case("a client's, with its key", BROKER, PLAIN.pem + PLAIN.key_pem,
         says="enter them in client-certificate and client-private-key"),
    Case("a request", CHAIN, certificate_request(),
         says="a certificate request (CSR): paste the certificate that was issued for it"),
    Case("a key alone", BROKER, UNIT.key_pem, says="block 1 is a private key: only certificates"),
    Case("an encrypted key", KEY, key_pem(UNIT.key, passphrase="x"),
         says="an encrypted private key: decrypt it with: openssl pkey"),
    Case("an encrypted key of old", KEY, key_pem(UNIT.key, TRADITIONAL, "x"),
         says="the private key is encrypted: decrypt it with: openssl pkey"),
    Case("an encrypted key and its certificate", KEY, UNIT.pem + key_pem(UNIT.key, passphrase="x"),
         says="block 2 is an encrypted private key: decrypt"),
    Case("the broker's own", CHAIN, SERVER_ONLY.pem,
         says="this is the broker's own certificate, not yours"),
    Case("openssl s_client", CHAIN, s_client_output(SERVER_ONLY, BROKER_MIDDLE, BROKER_ROOT),
         says="this is the broker's own certificate, not yours"),
    Case("a server's with its key", CHAIN, SERVER_ONLY.pem + SERVER_ONLY.key_pem,
         says="a server's certificate (its extended key usage has serverAuth but not clientAuth)"),
    Case("two units", CHAIN, UNIT.pem + PLAIN.pem, says="2 certificates could be this unit's own"),
    Case("a renewal", CHAIN, UNIT.pem + RENEWED.pem + UNIT.key_pem,
         says="2 certificates for the same key: paste only the newest"),
    Case("roots alone", CHAIN, ROOT.pem + BROKER_ROOT.pem, says="only certificates of authorities"),
    Case("two keys", KEY, UNIT.key_pem + PLAIN.key_pem, says="2 different private keys"),
    Case("two keys with certificates", CHAIN, UNIT.pem + UNIT.key_pem + PLAIN.key_pem,
         says="2 different private keys"),
    Case("a public key", KEY, public_key_pem(UNIT.key), says="block 1 is a public key"),
    Case("a public key", CHAIN, public_key_pem(UNIT.key), says="block 1 is a public key"),
    Case("an OpenSSH key", KEY, key_pem(UNIT.key, OPENSSH), says="ssh-keygen -p -m PEM -f key"),
    Case("an OpenSSH public key", KEY, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@here",
         says="an OpenSSH public key"),
    Case("an SSH2 public key", KEY, block("SSH2 PUBLIC KEY").replace("-----", "---- "),
         says="block 1 is a public key in SSH's format"),
    Case("a PuTTY key", KEY, "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n",
         says="a PuTTY key: take its passphrase off, then convert it with: puttygen"),
    Case("Ed25519", KEY, key_pem(ED25519), says="Ed25519: the unit's own must be RSA or EC"),
    Case("Ed25519", CHAIN, issue("e", key=ED25519).pem, says="neither RSA nor EC"),
    Case("Ed448", KEY, key_pem(ed448.Ed448PrivateKey.generate()), says="Ed448: the unit's own"),
    Case("DSA", KEY, key_pem(dsa.generate_private_key(1024), TRADITIONAL),
         says="a DSA private key: use an RSA or EC key"),
    Case("RSA 1024", KEY, key_pem(rsa_key(1024)), says="an RSA key of 1,024 bits: use one of"),
    Case("RSA 1024", CHAIN, WEAK.pem, says="block 1 has an RSA key of 1,024 bits"),
    Case("RSA 1024", BROKER, WEAK.pem, says="block 1 has an RSA key of 1,024 bits"),
    Case("secp256k1", KEY, key_pem(ec_key(ec.SECP256K1())), says="on the curve secp256k1"),
    Case("Brainpool", CHAIN, issue("b", key=ec_key(ec.BrainpoolP256R1())).pem,
         says="on the curve brainpoolP256r1: use P-256"),
    Case("cut at the end", CHAIN, UNIT.pem[:-40], says="block 1 has no END line: the text was cut"),
    Case("cut in the END line", CHAIN, UNIT.pem[:-12], says="no END line"),
    Case("cut in the second", CHAIN, UNIT.pem + MIDDLE.pem[:200], says="block 2 has no END line"),
    Case("cut at the start", CHAIN, UNIT.pem[60:], says="block 1 has no BEGIN line"),
    Case("a line lost", CHAIN, with_a_line_lost(UNIT.pem), says="block 1 is cut, its Base64"),
    Case("a line lost", KEY, with_a_line_lost(key_pem(rsa_key())), says="block 1 is cut, its"),
    Case("a character lost", CHAIN, UNIT.pem.replace("M", "", 1), says="block 1 is damaged"),
    Case("a dot inside", CHAIN, UNIT.pem.replace("\nM", "\nM…", 1), says="block 1 is damaged"),
    Case("over 64 kB", BROKER, ROOT.pem * 200, says="over 64 kB: paste only"),
    Case("too many", BROKER, "".join(issue(str(n), ROOT).pem for n in range(51)),
         says="51 certificates: paste at most 50"),
    Case("DER as bytes", CHAIN, UNIT.der.decode("latin-1"),
         says="a certificate in DER: convert it with: openssl x509 -inform der"),
    Case("DER as broken text", CHAIN, UNIT.der.decode("utf-8", "replace"),
         says="binary data, not PEM: convert it with: openssl x509 -inform der"),
    Case("DER as bytes", KEY, key_der(UNIT.key).decode("utf-8", "surrogateescape"),
         says="a private key in DER: convert it with: openssl pkey -inform der"),
    Case("DER as Base64", CHAIN, base64_of(UNIT.der), says="Base64 without BEGIN and END lines, a"),
    Case("DER as Base64", KEY, base64_of(key_der(UNIT.key)), says="convert it with: openssl pkey"),
    Case("half of DER as Base64", KEY, base64_of(key_der(rsa_key())[:400]), says="and cut: paste"),
    Case("PKCS#12 as bytes", KEY, pkcs12_file(UNIT).decode("latin-1"),
         says="a PKCS#12 file (.p12, .pfx): convert it with: openssl pkcs12 -in file -nodes"),
    Case("PKCS#12 as Base64", CHAIN, base64_of(pkcs12_file(UNIT)), says="openssl pkcs12 -in file"),
    Case("PKCS#7 as bytes", CHAIN, pkcs7_file(UNIT, MIDDLE).decode("latin-1"),
         says="a PKCS#7 bundle (.p7b): convert it with: openssl pkcs7 -inform der -in file"),
    Case("PKCS#7 as Base64", CHAIN, base64_of(pkcs7_file(UNIT)), says="openssl pkcs7 -inform der"),
    Case("PKCS#7 in PEM", BROKER, block("PKCS7", pkcs7_file(ROOT)),
         says="a PKCS#7 bundle: convert it with: openssl pkcs7 -print_certs"),
    Case("OpenSSL's trusted format", BROKER, block("TRUSTED CERTIFICATE", ROOT.der),
         says="convert it with: openssl x509 -in file"),
    Case("a request as Base64", CHAIN, "".join(certificate_request().splitlines()[1:-1]),
         says="a certificate request (CSR) in DER: paste the certificate"),
    Case("a public key as Base64", KEY, "".join(public_key_pem(UNIT.key).splitlines()[1:-1]),
         says="a public key in DER: paste"),
    Case("a key as a certificate", CHAIN, UNIT.key_pem.replace("PRIVATE KEY", "CERTIFICATE"),
         says="block 1 does not hold a readable certificate"),
    Case("a certificate as a key", KEY, UNIT.pem.replace("CERTIFICATE", "PRIVATE KEY"),
         says="not a readable private key"),
    Case("some other armour", KEY, block("PGP MESSAGE", b"x" * 90), says="of an unknown kind"),
]  # fmt: skip

ACCEPTED = SHAPED + GOOD
everything = pytest.mark.parametrize(
    "case", ACCEPTED + BAD, ids=lambda case: f"{case.key}: {case.name}"
)
accepted = pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: f"{case.key}: {case.name}")
refused = pytest.mark.parametrize("case", BAD, ids=lambda case: f"{case.key}: {case.name}")


def accept(case: Case) -> Accepted:
    """What the field takes of the paste."""
    return parameter(case.key).accept(case.text)


@accepted
def test_what_can_be_used_is_stored_and_offered(case: Case) -> None:
    """The field keeps what is its own as clean PEM and offers the rest to the other fields."""
    taken = accept(case)
    assert taken.text == case.stored
    assert dict(taken.also) == dict(case.also)
    assert case.says in "\n".join(taken.warnings)


@refused
def test_what_cannot_be_used_is_named(case: Case) -> None:
    """The refusal says what was pasted and what would be right, naming the field."""
    with pytest.raises(Refused) as caught:
        accept(case)
    assert caught.value.key == case.key
    assert case.says in caught.value.reason
    assert isinstance(caught.value.__cause__, Refused)  # of a library's it could hold the paste


@accepted
def test_what_is_accepted_loads_in_ssl(case: Case) -> None:
    """Both judges agree: all that is stored or offered is loaded by `ssl` from a file."""
    taken = accept(case)
    for key, text in {case.key: taken.text, **taken.also}.items():
        load_in_ssl(key, text)


@accepted
def test_what_is_accepted_is_accepted_again(case: Case) -> None:
    """What is stored or offered is taken as it is, with nothing more to say or to offer."""
    taken = accept(case)
    for key, text in {case.key: taken.text, **taken.also}.items():
        again = parameter(key).accept(text)
        assert (again.text, again.warnings, dict(again.also)) == (text, (), {})


@everything
def test_no_message_quotes_the_paste(case: Case) -> None:
    """Every message is one printable line without a piece of the Base64, nor is it in a repr."""
    try:
        taken = accept(case)
        messages = [*taken.warnings, repr(taken)]
    except Refused as error:
        messages = [str(error), repr(error)]
    runs = re.findall(r"[A-Za-z0-9+/=]{20,}", case.text)
    pieces = {run[at : at + 20] for run in runs for at in range(len(run) - 19)}
    for message in messages:
        assert message.isprintable()
        assert not pieces & {message[at : at + 20] for at in range(len(message) - 19)}


def test_the_corpus_is_wide() -> None:
    """Each field has texts it takes and texts it does not; sixty and more in all."""
    assert {case.key for case in ACCEPTED} == {case.key for case in BAD} == {BROKER, CHAIN, KEY}
    assert len({case.text for case in ACCEPTED + BAD}) >= 60
