"""Owns how values are described to a technician: certificates and keys in lines for a narrow pane.

Names in a certificate are whoever made it's data: what is not printable, bidirectional overrides
included, is shown as U+FFFD. Nothing of a key is shown but its kind.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from appliance.parameters.catalogue import Kind, Parameter
from appliance.parameters.pem import key_mismatch
from appliance.parameters.pem_blocks import read_blocks
from appliance.parameters.pem_bundle import read_certificates
from appliance.parameters.pem_certificate import is_authority, is_self_issued
from appliance.parameters.pem_key import load_key
from appliance.parameters.public_key import kind
from appliance.parameters.refusal import Refused
from appliance.parameters.values import ParameterValues
from appliance.plain_text import cut, folded, printable

COLUMNS = 44  # the pane beside the list of parameters, at 80 columns
_MANY_YEARS = 5  # from here on the days tell nothing
_DAYS_A_YEAR = 365.2425
LONGEST_NAME = 120  # characters; a name can be of any length
LONGEST_SHOWN = 120  # columns of a value in one line; `get` gives all of it
_BYTES_A_LINE = 12  # of a fingerprint, behind "SHA256 "

Role = Literal["root", "intermediate", "leaf"]


@dataclass(frozen=True, slots=True)
class CertificateDescription:
    """One certificate; names as in RFC 4514, cut and printable, times in UTC."""

    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    key_type: str
    fingerprint: str
    role: Role

    def days_left(self, now: datetime) -> int:
        """Return the whole days until it expires; negative once it has."""
        return (self.not_after - now).days

    def lines(self, now: datetime) -> tuple[str, ...]:
        """Return it in lines of at most 44 columns."""
        issuer = "self-issued" if self.issuer == self.subject else f"issued by {self.issuer}"
        return (
            *folded(self.subject or "(no name)", COLUMNS),
            *folded(issuer, COLUMNS),
            f"{self.role}, {self.key_type}",
            self.validity(now),
            *_fingerprint_lines(self.fingerprint),
        )

    def validity(self, now: datetime) -> str:
        """Return its dates, and what they mean now: "2026-01-01 to 2026-03-01, 29 days left"."""
        return f"{self.not_before:%Y-%m-%d} to {self.not_after:%Y-%m-%d}, {self._state(now)}"

    def _state(self, now: datetime) -> str:
        if now < self.not_before:
            return "not yet valid"
        if now > self.not_after:
            return "expired"
        days = self.days_left(now)
        if (years := int(days / _DAYS_A_YEAR)) >= _MANY_YEARS:
            return f"{years} years left"
        return f"{days} day{'' if days == 1 else 's'} left"


def masked(declared: Parameter, text: str) -> str:
    """Return the value, of a secret only whether it is "set"."""
    return "set" if declared.secret and text else text


def summary(declared: Parameter, text: str) -> str:
    """Return one line for a value; a PEM as what it holds, several lines of text as their first."""
    if declared.secret or not text:
        return masked(declared, text)
    if declared.kind is Kind.PEM:
        count = text.count("-----BEGIN ")
        return f"{count} certificate{'s' * (count != 1)}, {len(text.encode()):,} bytes"
    first, *more = text.splitlines() or [""]
    line = cut(first, LONGEST_SHOWN)
    return printable(f"{line} … ({len(more) + 1} lines)" if more else line)


def describe_certificates(pem: str) -> tuple[CertificateDescription, ...]:
    """Return what the certificates are, in their order; raise Refused where one is unreadable."""
    return tuple(_describe(each) for each in read_certificates(pem).certificates)


def describe_key(pem: str, chain: str) -> tuple[str, ...]:
    """Return the kind of a private key, and whether it is that of the client certificate.

    Raises Refused where either cannot be read; the chain may be empty.
    """
    key_type = kind(load_key(read_blocks(pem)[0]).public)
    if not chain:
        return (key_type, "no client certificate to go with it")
    mismatch = key_mismatch(chain, pem)
    fits = "belongs to the client certificate" if mismatch is None else mismatch.partition(":")[0]
    return (key_type, *folded(fits, COLUMNS))


def describe(key: str, values: ParameterValues, now: datetime) -> tuple[str, ...]:
    """Return the lines for a certificate or key that is set; none for any other parameter."""
    text = values[key]
    if not text:
        return ()
    try:
        if key in {"broker-certificate", "client-certificate"}:
            return _certificate_lines(describe_certificates(text), now)
        if key == "client-private-key":
            return describe_key(text, values["client-certificate"])
    except Refused as error:
        return tuple(folded(error.reason, COLUMNS))
    return ()


def _certificate_lines(
    certificates: tuple[CertificateDescription, ...], now: datetime
) -> tuple[str, ...]:
    """Return all of them, an empty line between one and the next."""
    lines: list[str] = []
    for each in certificates:
        lines += ["", *each.lines(now)] if lines else each.lines(now)
    return tuple(lines)


def _describe(certificate: x509.Certificate) -> CertificateDescription:
    digest = certificate.fingerprint(hashes.SHA256())
    return CertificateDescription(
        subject=_name(certificate.subject),
        issuer=_name(certificate.issuer),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        key_type=kind(certificate.public_key()),
        fingerprint=f"SHA256 {digest.hex(':').upper()}",
        role=_role(certificate),
    )


def _role(certificate: x509.Certificate) -> Role:
    if not is_authority(certificate):
        return "leaf"
    return "root" if is_self_issued(certificate) else "intermediate"


def _name(name: x509.Name) -> str:
    text = name.rfc4514_string()
    text = text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _fingerprint_lines(fingerprint: str) -> list[str]:
    algorithm, _, digits = fingerprint.partition(" ")
    step = 3 * _BYTES_A_LINE
    parts = [digits[at : at + step].rstrip(":") for at in range(0, len(digits), step)]
    return [
        f"{'' if index else algorithm:{len(algorithm)}} {part}" for index, part in enumerate(parts)
    ]
