import ssl

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519

from appliance.parameters.pem import (
    key_mismatch,
    parse_client_chain,
    parse_private_key,
    parse_trust_anchors,
)
from appliance.parameters.refusal import Refused
from appliance.parameters.tls_material import client_side, identify
from tests.appliance.parameters.credentials import (
    OPENSSH,
    PKCS8,
    TRADITIONAL,
    Key,
    block,
    certificate_request,
    ec_key,
    issue,
    key_pem,
    public_key_pem,
    rsa_key,
)

ROOT = issue("root", authority=True)
MIDDLE = issue("middle", ROOT, authority=True)
LEAF = issue("unit", MIDDLE)
ED25519 = ed25519.Ed25519PrivateKey.generate()

GOOD_KEYS: list[tuple[str, Key]] = [
    ("RSA 2048", rsa_key(2048)),
    ("P-256", ec_key(ec.SECP256R1())),
    ("P-384", ec_key(ec.SECP384R1())),
    ("P-521", ec_key(ec.SECP521R1())),
]
WEAK_KEYS: list[tuple[str, Key]] = [
    ("RSA key of 1,024 bits", rsa_key(1024)),
    ("curve secp256k1", ec_key(ec.SECP256K1())),
    ("curve brainpoolP256r1", ec_key(ec.BrainpoolP256R1())),
]
good_keys = pytest.mark.parametrize("key", [key for _, key in GOOD_KEYS], ids=list(dict(GOOD_KEYS)))
weak_keys = pytest.mark.parametrize(("name", "key"), WEAK_KEYS, ids=list(dict(WEAK_KEYS)))
certificate_fields = pytest.mark.parametrize("parse", [parse_trust_anchors, parse_client_chain])


def refusal(parse: object, text: str) -> str:
    """The reason the text is refused for."""
    assert callable(parse)
    with pytest.raises(Refused) as caught:
        parse(text)
    assert caught.value.reason.isprintable()
    return caught.value.reason


def messages(cases: list[tuple[str, str]]) -> list[str]:
    """Names for the cases, the same in every run: what is pasted has new keys each time."""
    return [message for _, message in cases]


NO_CERTIFICATES = [
    (LEAF.key_pem, "block 1 is a private key: only certificates belong here"),
    (key_pem(ec_key(), TRADITIONAL), "block 1 is a private key"),
    (key_pem(ec_key(), passphrase="x"), "block 1 is an encrypted private key: only"),
    (certificate_request(), "a certificate request (CSR): paste the certificate that was"),
    (public_key_pem(LEAF.key), "block 1 is a public key: only certificates belong here"),
    (block("X509 CRL"), "block 1 is a revocation list (CRL)"),
    (block("PKCS7"), "a PKCS#7 bundle: convert it with: openssl pkcs7 -print_certs"),
    (block("TRUSTED CERTIFICATE"), "convert it with: openssl x509 -in file"),
    (block("AGE FILE"), "block 1 is of an unknown kind: only certificates belong here"),
    (block("CERTIFICATE"), "block 1 does not hold a readable certificate"),
    (LEAF.pem + block("CERTIFICATE"), "block 2 does not hold a readable certificate"),
    (LEAF.pem[:300], "block 1 has no END line"),
    ("hello", "no PEM found"),
]
NO_KEYS = [
    (LEAF.pem, "block 1 is a certificate: only the private key belongs here"),
    (LEAF.key_pem + MIDDLE.key_pem, "2 different private keys: paste only the unit's own"),
    (certificate_request(), "block 1 is a certificate request (CSR): only the private key"),
    (public_key_pem(LEAF.key), "block 1 is a public key: only the private key belongs here"),
    (block("AGE FILE"), "block 1 is of an unknown kind: only the private key belongs here"),
    (block("DSA PRIVATE KEY"), "block 1 is a DSA private key: use an RSA or EC key"),
    (key_pem(ec_key(), OPENSSH), "convert it with: ssh-keygen -p -m PEM -f key"),
    (key_pem(ec_key(), passphrase="x"), "openssl pkey -in key.pem -out plain.pem"),
    (key_pem(ec_key(), TRADITIONAL, "x"), "openssl pkey -in key.pem -out plain.pem"),
    (
        key_pem(ec_key(), passphrase="x").replace("ENCRYPTED ", ""),
        "openssl pkey -in key.pem -out plain.pem",
    ),
    (key_pem(ED25519), "Ed25519: the unit's own must be RSA or EC"),
    (key_pem(ed448.Ed448PrivateKey.generate()), "Ed448: the unit's own must be RSA or EC"),
    (
        block("EC PARAMETERS"),
        "block 1 is a set of EC parameters: only the private key belongs here",
    ),
    (block("PRIVATE KEY"), "not a readable private key"),
    (
        key_pem(rsa_key(), TRADITIONAL).replace("RSA PRIVATE", "PRIVATE"),
        "TLS does not take the private key",
    ),
    (LEAF.key_pem[:100], "block 1 has no END line"),
    ("hello", "no PEM found"),
]


@good_keys
@certificate_fields
def test_a_certificate_for_every_usable_key_is_accepted(parse: object, key: Key) -> None:
    """Certificates for RSA 2048 and the NIST curves are stored as clean PEM."""
    assert callable(parse)
    credential = issue("unit", key=key)
    pasted = "\ufeffSubject: unit\r\n" + credential.pem.replace("\n", "\r\n  ")
    assert parse(pasted).text == credential.pem
    assert parse(pasted).warnings == ()


@weak_keys
@certificate_fields
def test_a_certificate_for_a_weak_key_is_refused(parse: object, name: str, key: Key) -> None:
    """A key TLS 1.2 would not take is named, with the block it is in."""
    weak = issue("weak", key=key, authority=True)
    assert name in refusal(parse, weak.pem)
    assert "the certificate in block 2 has an" in refusal(parse, issue("x").pem + weak.pem)


def test_trust_anchors_have_one_order() -> None:
    """Several anchors, related or not, are stored the issued first, however they were pasted."""
    other = issue("other", authority=True).pem
    stored = parse_trust_anchors(ROOT.pem + other + LEAF.pem).text
    assert stored == parse_trust_anchors(LEAF.pem + ROOT.pem + other).text
    assert set(stored.split("-----BEGIN")) == set((ROOT.pem + other + LEAF.pem).split("-----BEGIN"))
    chain = parse_trust_anchors(ROOT.pem + LEAF.pem + MIDDLE.pem).text
    assert chain == LEAF.pem + MIDDLE.pem + ROOT.pem


def test_ssl_has_the_last_word_on_an_anchor() -> None:
    """A name in a kind of string that only `ssl` minds is refused, also behind a good one."""
    good, root = issue("good", authority=True).pem, issue("odd", authority=True).pem
    # UTF8String and VisibleString: not one of the kinds a name may have (RFC 5280, 4.1.2.4).
    odd = patched(root, b"\x0c\x03odd", b"\x1a\x03odd")
    for text in (odd, good + odd, odd + good):
        assert "TLS does not take the certificate" in refusal(parse_trust_anchors, text)


def test_an_ed25519_authority_can_be_trusted_but_is_no_unit() -> None:
    """An anchor may have an Ed25519 key; the unit's own certificate may not."""
    authority = issue("ed", key=ED25519, authority=True)
    assert parse_trust_anchors(authority.pem).text == authority.pem
    assert "neither RSA nor EC" in refusal(parse_client_chain, authority.pem)


@certificate_fields
def test_an_expired_certificate_is_accepted(parse: object) -> None:
    """Time is not judged when saving: the unit's clock may be the one that is wrong."""
    assert callable(parse)
    expired = issue("unit", expired=True).pem
    assert parse(expired).text == expired


def patched(certificate: str, old: bytes, new: bytes) -> str:
    """The certificate with bytes of the same number exchanged; its signature is then wrong."""
    der = ssl.PEM_cert_to_DER_cert(certificate)
    assert der.count(old) >= 1
    return ssl.DER_cert_to_PEM_cert(der.replace(old, new))


def test_a_sha1_signature_is_refused_for_the_unit_alone() -> None:
    """A client chain signed with SHA-1 is refused by that name; of an anchor nobody checks it."""
    leaf = issue("unit", issue("authority", key=rsa_key(), authority=True))
    # sha256WithRSAEncryption and sha1WithRSAEncryption, RFC 4055 and RFC 3279.
    old, new = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
    outdated = patched(leaf.pem, old, new)
    assert "signed with SHA1, which TLS no longer takes" in refusal(parse_client_chain, outdated)
    assert parse_trust_anchors(outdated).text == outdated
    own = patched(issue("unit", key=rsa_key()).pem, old, new)
    assert parse_client_chain(own).text == own


def test_ssl_has_the_last_word_on_a_client_chain() -> None:
    """What our own rules do not know, such as an MD4 signature, is refused by `ssl`."""
    leaf = issue("unit", issue("authority", key=rsa_key(), authority=True))
    # sha256WithRSAEncryption, and md4WithRSAEncryption of PKCS#1.
    old, new = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010103")
    reason = refusal(parse_client_chain, patched(leaf.pem, old, new))
    assert "TLS does not take the certificate" in reason


def test_an_odd_serial_number_is_no_reason_to_refuse() -> None:
    """A private authority's negative serial number is taken, without a warning."""
    credential = issue("odd", authority=True)
    number = credential.certificate.serial_number
    old = number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)
    odd = patched(credential.pem, old, b"\x81" + old[1:])
    assert parse_trust_anchors(odd).text == odd
    assert parse_client_chain(odd).text == odd
    assert key_mismatch(odd, credential.key_pem) is None


def test_a_client_chain_is_stored_leaf_first() -> None:
    """A chain pasted root first is turned round, and the technician told."""
    accepted = parse_client_chain(ROOT.pem + MIDDLE.pem + LEAF.pem)
    assert accepted.text == LEAF.pem + MIDDLE.pem + ROOT.pem
    assert accepted.warnings == ("stored with the unit's own certificate first",)
    again = parse_client_chain(accepted.text)
    assert (again.text, again.warnings) == (accepted.text, ())


def test_an_authority_above_a_gap_is_offered_elsewhere() -> None:
    """A root that did not issue the unit's certificate is not in its chain, and that is said."""
    accepted = parse_client_chain(LEAF.pem + ROOT.pem)
    assert accepted.text == LEAF.pem
    assert accepted.also == {"broker-certificate": ROOT.pem}
    assert "1 certificate was left out: of authorities" in accepted.warnings[0]


def test_a_long_chain_is_refused() -> None:
    """More certificates than a broker would take are refused."""
    above, pasted = None, ""
    for depth in range(11):
        above = issue(f"authority {depth}", above, authority=True)
        pasted += above.pem
    assert "a chain of 11 certificates" in refusal(parse_client_chain, pasted)


@certificate_fields
@pytest.mark.parametrize(("text", "message"), NO_CERTIFICATES, ids=messages(NO_CERTIFICATES))
def test_what_is_no_certificate_is_named(parse: object, text: str, message: str) -> None:
    """A certificate field says what was pasted instead, and what to do."""
    assert message in refusal(parse, text)


@good_keys
@pytest.mark.parametrize("form", [PKCS8, TRADITIONAL], ids=["PKCS#8", "PKCS#1 or SEC1"])
def test_a_usable_key_is_accepted_in_any_form(
    key: ec.EllipticCurvePrivateKey, form: serialization.PrivateFormat
) -> None:
    """An unencrypted RSA or EC key is stored as clean PEM in the form it came in."""
    text = key_pem(key, form)
    assert parse_private_key(" \r\n" + text.replace("\n", "\r\n ")).text == text


def test_the_parameters_before_an_ec_key_are_skipped() -> None:
    """OpenSSL's EC PARAMETERS block before a key is left out."""
    text = key_pem(ec_key(), TRADITIONAL)
    assert parse_private_key(block("EC PARAMETERS") + text).text == text


@weak_keys
def test_a_weak_key_is_refused(name: str, key: Key) -> None:
    """A key TLS 1.2 would not take is named by its kind."""
    assert name in refusal(parse_private_key, key_pem(key))


@pytest.mark.parametrize(("text", "message"), NO_KEYS, ids=messages(NO_KEYS))
def test_what_is_no_usable_key_is_named(text: str, message: str) -> None:
    """The key field says what was pasted instead, and what to do."""
    assert message in refusal(parse_private_key, text)


@good_keys
def test_what_is_accepted_can_be_loaded(key: Key) -> None:
    """What passes both rules is what `ssl` loads as certificate and key."""
    chain = parse_client_chain(ROOT.pem + issue("unit", ROOT, key=key).pem).text
    private = parse_private_key(key_pem(key)).text
    assert key_mismatch(chain, private) is None
    identify(client_side(), chain, private)


def test_a_key_of_another_certificate_is_told_from_an_issuers() -> None:
    """A key that does not fit is said to be a stranger's or the issuer's."""
    chain = LEAF.pem + MIDDLE.pem
    assert "does not belong to client-certificate" in (key_mismatch(chain, key_pem(ec_key())) or "")
    assert "does not belong" in (key_mismatch(chain, key_pem(rsa_key())) or "")
    assert "is the key of an issuer" in (key_mismatch(chain, MIDDLE.key_pem) or "")


def test_a_mismatch_is_a_refusal_of_ssl_too() -> None:
    """What `key_mismatch` names is what `ssl` would refuse."""
    with pytest.raises(ssl.SSLError):
        identify(client_side(), LEAF.pem, key_pem(ec_key()))
