"""Why a broker's certificate is not accepted, in a technician's words. No I/O.

Names in certificates are the far end's choice: they are shown short and without control or
formatting characters.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from appliance.hidden_characters import is_hidden

_NAME_LENGTH = 64  # as long as X.520 lets a common name be
_NAMES_SHOWN = 4
_SEPARATORS = "\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"

# What OpenSSL says (X509_V_ERR_… of x509_vfy.h).
_NOT_YET_VALID, _EXPIRED, _SELF_SIGNED, _OTHER_NAME = 9, 10, 18, 62
_UNKNOWN_ISSUER = (2, 7, 19, 20, 21, 30)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known where the certificates of `host` were not accepted.

    `chain` is what it sent, its own certificate first; `anchors` are those of the MQTT Broker
    Certificate, none where the system's store is trusted.
    """

    host: str
    chain: tuple[x509.Certificate, ...]
    anchors: tuple[x509.Certificate, ...]
    clock_is_wrong: bool = False


def certificate_fault(evidence: Evidence, code: int, openssl_says: str) -> str:
    """One line for OpenSSL's verification error `code`: the cause, and what to look at."""
    words = {
        _NOT_YET_VALID: _date_fault,
        _EXPIRED: _date_fault,
        _OTHER_NAME: _name_fault,
        _SELF_SIGNED: _self_signed,
    } | dict.fromkeys(_UNKNOWN_ISSUER, _issuer_fault)
    if evidence.chain and code in words:
        with contextlib.suppress(ValueError):  # what cannot be decoded cannot be described
            return words[code](evidence)
    return (
        f"the certificate of {evidence.host} is not accepted ({openssl_says}): "
        "check the MQTT Broker Certificate and the Broker URL, and ask the broker's operator"
    )


def summary(encoded: bytes) -> str:
    """Whose certificate (DER) this is, who issued it, and how long it is valid."""
    try:
        certificate = x509.load_der_x509_certificate(encoded)
        names = shown_name(certificate.subject), shown_name(certificate.issuer)
        end = certificate.not_valid_after_utc
    except ValueError:
        return "certificate accepted"
    return f"certificate of {names[0]} by {names[1]}, valid until {_date(end)}"


def shown_name(name: x509.Name) -> str:
    """The common name, or all of the name where it has none; fit to be shown."""
    common = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    text = str(common[-1].value) if common else name.rfc4514_string()
    return shown(text) or "(no name)"


def shown(text: str) -> str:
    """The text as it may go to a terminal: short, no control or formatting characters."""
    visible = "".join(c for c in text if not is_hidden(c) and c not in _SEPARATORS)
    return visible if len(visible) <= _NAME_LENGTH else visible[: _NAME_LENGTH - 1] + "…"


def _date_fault(evidence: Evidence) -> str:
    now = datetime.now(UTC)
    found = _out_of_date(evidence, now)
    if found is None:  # it was replaced between the two looks
        return f"the certificate of {evidence.host} was out of date a moment ago: try again"
    certificate, whose, remedy = found
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if evidence.clock_is_wrong:
        return (
            f"this unit's clock is wrong ({_date(now)}), so {whose}, valid from {_date(start)} "
            f"to {_date(end)}, cannot be checked: set the clock (NTP), then try again"
        )
    if end < now:
        return f"{whose} expired on {_date(end)} (this unit's clock: {_date(now)}): {remedy}"
    return (
        f"{whose} is valid only from {_date(start)} on, and this unit's clock says {_date(now)}: "
        f"check the clock (NTP); where it is right, {remedy}"
    )


def _out_of_date(evidence: Evidence, now: datetime) -> tuple[x509.Certificate, str, str] | None:
    """The certificate at fault, whose it is, and what to do about it."""
    issuers = [certificate.issuer for certificate in evidence.chain]
    in_use = [anchor for anchor in evidence.anchors if anchor.subject in issuers]
    operator = "the broker's operator has to replace it"
    for certificate in (*evidence.chain, *in_use):
        if certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            continue
        name = shown_name(certificate.subject)
        if certificate in evidence.anchors:
            return certificate, f"the MQTT Broker Certificate ({name})", "enter the current one"
        if certificate == evidence.chain[0]:
            return certificate, f"the certificate of {evidence.host} ({name})", operator
        return certificate, f"the CA certificate {name} that {evidence.host} sends", operator
    return None


def _name_fault(evidence: Evidence) -> str:
    host, own = evidence.host, evidence.chain[0]
    names = _host_names(own)
    if not names:
        return (
            f"the certificate of {host} names no host (it has no subjectAltName, and its subject "
            f"{shown_name(own.subject)} does not count): the broker's operator has to replace it"
        )
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    listed = ", ".join(shown(name) for name in names[:_NAMES_SHOWN]) + more
    return (
        f"the certificate of {host} is for {listed}: check the host in the Broker URL, or have "
        f"the broker's operator get a certificate for {host}"
    )


def _host_names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return []
    alternatives = extension.value
    addresses = alternatives.get_values_for_type(x509.IPAddress)
    return [*alternatives.get_values_for_type(x509.DNSName), *map(str, addresses)]


def _self_signed(evidence: Evidence) -> str:
    name = shown_name(evidence.chain[0].subject)
    return (
        f"the certificate of {evidence.host} ({name}) is self-signed, and not "
        f"{_trusted(evidence)}: get it from the broker's operator and enter it as MQTT Broker "
        "Certificate"
    )


def _issuer_fault(evidence: Evidence) -> str:
    host = evidence.host
    last = _end_of(evidence.chain)
    issuer = shown_name(last.issuer)
    if last.issuer in [anchor.subject for anchor in evidence.anchors]:
        return (
            f"the certificate of {host} is issued by {issuer}, but with another key than that of "
            f"the MQTT Broker Certificate of this name: enter the current certificate of {issuer}"
        )
    if last == evidence.chain[0]:
        return (
            f"the certificate of {host} is issued by {issuer}, which is neither sent by the broker "
            f"nor {_trusted(evidence)}: enter the certificate of {issuer} as MQTT Broker "
            "Certificate, or have the broker's operator make it send the whole chain"
        )
    return (
        f"the certificate of {host} comes from {issuer}, which is not {_trusted(evidence)}: "
        f"enter the certificate of {issuer} as MQTT Broker Certificate"
    )


def _trusted(evidence: Evidence) -> str:
    if not evidence.anchors:
        return "in this unit's system store"
    names = ", ".join(shown_name(anchor.subject) for anchor in evidence.anchors[:_NAMES_SHOWN])
    return f"the MQTT Broker Certificate ({names})"


def _end_of(chain: Sequence[x509.Certificate]) -> x509.Certificate:
    """The last certificate on the way from the server's own one up, as far as it sends them."""
    last, rest = chain[0], list(chain[1:])
    while above := next((each for each in rest if each.subject == last.issuer), None):
        rest.remove(above)
        last = above
    return last


def _date(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
