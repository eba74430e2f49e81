"""Owns the review of a whole configuration: every error and every warning, at a given time.

The rules themselves live with the values, in `configuration` and in `broker_rules`; here are those
that need a clock. Dates count at review and not when saving: a certificate may be entered before
it is valid, and a unit's clock may be wrong.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Literal

from appliance.parameters import broker_rules
from appliance.parameters.accepted import Accepted
from appliance.parameters.catalogue import CATALOGUE
from appliance.parameters.configuration import Configuration
from appliance.parameters.description import CertificateDescription, describe_certificates
from appliance.parameters.finding import Finding
from appliance.parameters.refusal import ConfigurationRefused, Refused
from appliance.parameters.values import ParameterValues

# No unit can live before its software did: an earlier clock is wrong. Moved with each release.
RELEASED = date(2026, 11, 1)
# Nor that long after it: a clock so far ahead is as wrong, and would make everything expired.
LONGEST_SERVICE = 20  # years
SOON = 30  # days: time enough to have a certificate issued and to travel to the unit


def clock_bounds() -> tuple[datetime, datetime]:
    """Return from when on and until when a unit's clock can be right."""
    released = datetime(RELEASED.year, RELEASED.month, RELEASED.day, tzinfo=UTC)
    return released, released.replace(year=released.year + LONGEST_SERVICE)


def clock_fault(now: datetime) -> str | None:
    """Return what to say of a unit's clock that cannot be right, None for one that can."""
    earliest, latest = clock_bounds()
    if earliest <= now < latest:
        return None
    today = now.astimezone(UTC).date()
    return (
        f"this unit thinks it is {today.day} {today:%B} {today.year}: set its clock (does NTP "
        "reach it?), certificates cannot be judged and frames get wrong times until then"
    )


def review(
    values: ParameterValues, serial_number: str, now: datetime, largest_message: int | None
) -> tuple[Finding, ...]:
    """Return what is wrong with the values, and what may be: errors first, in catalogue order.

    `now` has a time zone; `largest_message` is the size in bytes of the largest payload due, None
    where none is.
    """
    accepted = _accept_each(values)
    found = [
        *_whole(values, serial_number, largest_message),
        *_value_warnings(accepted),
        *_without_effect(values),
        *_dates(accepted, now),
    ]
    order = {key: place for place, key in enumerate(values)}
    return tuple(
        sorted(
            dict.fromkeys(found),
            key=lambda each: (each.severity != "error", order.get(each.key or "", -1)),
        )
    )


def _accept_each(values: ParameterValues) -> dict[str, Accepted]:
    """Return what is accepted of what is set; the refused is told by Configuration.from_values."""
    accepted = {}
    for parameter in CATALOGUE:
        if text := values[parameter.key]:
            try:
                accepted[parameter.key] = parameter.accept(text)
            except Refused:
                continue
    return accepted


def _whole(
    values: ParameterValues, serial_number: str, largest_message: int | None
) -> tuple[Finding, ...]:
    try:
        configuration = Configuration.from_values(values, serial_number)
    except ConfigurationRefused as error:
        return tuple(Finding("error", each.reason, each.key) for each in error.problems)
    return broker_rules.findings(configuration, largest_message)


def _value_warnings(accepted: dict[str, Accepted]) -> Iterator[Finding]:
    for key, each in accepted.items():
        for warning in each.warnings:
            yield Finding("warning", warning, key)


def _without_effect(values: ParameterValues) -> Iterator[Finding]:
    if values["last-will-payload"] and not values["last-will-topic"]:
        yield Finding(
            "warning",
            "has no effect without last-will-topic: enter that too, or clear this",
            "last-will-payload",
        )


def _dates(accepted: dict[str, Accepted], now: datetime) -> Iterator[Finding]:
    if fault := clock_fault(now):
        # Said once, and no reason to refuse: a unit without a clock battery stays configurable.
        yield Finding("warning", fault)
        return
    if anchors := accepted.get("broker-certificate"):
        yield from _anchor_dates(describe_certificates(anchors.text), now)
    if chain := accepted.get("client-certificate"):
        yield from _chain_dates(describe_certificates(chain.text), now)


def _anchor_dates(anchors: tuple[CertificateDescription, ...], now: datetime) -> Iterator[Finding]:
    """Yield an error only where no anchor is left that could vouch for the broker."""
    severity: Literal["error", "warning"] = "warning"
    if not any(each.not_before <= now <= each.not_after for each in anchors):
        severity = "error"
    for number, anchor in enumerate(anchors, 1):
        name = _name("the broker certificate", number, anchors)
        if text := _date_fault(name, anchor, now, "paste the one that replaces it"):
            yield Finding(severity, text, "broker-certificate")
        elif text := _expires_soon(name, anchor, now):
            yield Finding("warning", text, "broker-certificate")


def _chain_dates(chain: tuple[CertificateDescription, ...], now: datetime) -> Iterator[Finding]:
    """Yield an error for the unit's own certificate; the broker may not need those above it."""
    for number, certificate in enumerate(chain, 1):
        own = number == 1
        name = "the client certificate" if own else _name("", number, chain)
        remedy = "have a new one issued, and enter it with its key"
        if not own:
            remedy = "enter the chain with the one that replaces it"
        if text := _date_fault(name, certificate, now, remedy):
            yield Finding("error" if own else "warning", text, "client-certificate")
        elif text := _expires_soon(name, certificate, now):
            yield Finding("warning", text, "client-certificate")


def _name(alone: str, number: int, all_of_them: tuple[CertificateDescription, ...]) -> str:
    if len(all_of_them) == 1:
        return alone
    subject = all_of_them[number - 1].subject
    return f"certificate {number} of {len(all_of_them)}" + (f" ({subject})" if subject else "")


def _date_fault(
    name: str, certificate: CertificateDescription, now: datetime, remedy: str
) -> str | None:
    if now > certificate.not_after:
        return f"{name} expired on {certificate.not_after:%Y-%m-%d}: {remedy}"
    if now < certificate.not_before:
        return (
            f"{name} is valid from {certificate.not_before:%Y-%m-%d} only, and this unit's clock "
            f"says {now.astimezone(UTC):%Y-%m-%d}: check the clock, or wait"
        )
    return None


def _expires_soon(name: str, certificate: CertificateDescription, now: datetime) -> str | None:
    left = certificate.days_left(now)
    if left >= SOON:
        return None
    when = "within a day" if left == 0 else f"in {left} day{'s' if left > 1 else ''}"
    return f"{name} expires {when}, on {certificate.not_after:%Y-%m-%d}: replace it before then"
