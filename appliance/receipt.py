"""Owns the commissioning receipt: one page that an installer hands over.

What is not there is said; of a secret only that it is set. Values, names and reasons come from
outside: every line is made printable, and fits a page of 78 columns.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING

from appliance.duration import spelled
from appliance.parameters.catalogue import CATALOGUE, Kind, Parameter
from appliance.parameters.description import COLUMNS, describe_certificates, summary
from appliance.parameters.refusal import Refused
from appliance.parameters.review import review
from appliance.parameters.store import Activation
from appliance.parameters.values import ParameterValues
from appliance.plain_text import cut, folded, moment, printable
from appliance.radio.reception import Tally
from appliance.status import BrokerStatus, Status

if TYPE_CHECKING:
    from appliance.unit import Unit

WIDTH = 78  # columns: paper and terminals have 80
_LONG_LABELS = WIDTH - COLUMNS - 3  # beside a description; the longest label just fits
_SHORT_LABELS = 21
_CERTIFICATES = 2  # shown of one parameter, for the page to stay one
_VALUE = 12  # lines of one setting: no URL or topic in use comes near them
_REASON = 3  # lines
_NOTES = 6  # lines; check and status tell all
_FINGERPRINT = len("SHA256 ") + 8 * 3  # columns: enough to tell two apart by eye

# A label and the lines beside it.
_Row = tuple[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The unit at one moment, as it has to be read: on the event loop."""

    now: datetime
    status: Status
    tally: Tally
    host_key: str
    values: ParameterValues | None
    activation: Activation | None
    warnings: tuple[str, ...]


async def receipt_text(unit: "Unit", now: datetime) -> str:
    """The receipt at `now` (with a time zone), in at most 78 columns; call it on the event loop.

    Certificates are read on a thread.
    """
    snapshot = _Snapshot(
        now,
        unit.status(),
        unit.reception().tally,
        unit.host_key_fingerprint,
        unit.active,
        next((each for each in unit.activations if each.in_service), None),
        tuple(_warnings(unit)),
    )
    return await asyncio.to_thread(_page, snapshot)


def _warnings(unit: "Unit") -> Iterator[str]:
    if unit.trial:
        yield f"on trial since the activation by {unit.trial.by}: {unit.trial.reason}"
    if unit.notice:
        yield unit.notice
    if unit.pending:
        yield f"saved, not active: {', '.join(unit.pending)}"


def _page(snapshot: _Snapshot) -> str:
    title, product = "COMMISSIONING RECEIPT", "OpenlinkIQ concentrator"
    lines = [
        f"{title}{product:>{WIDTH - len(title)}}",
        *_section("Unit", _unit(snapshot)),
        *_section("Active settings", _settings(snapshot), _LONG_LABELS),
        *_section("Activation", _activation(snapshot)),
        *_section("Frames since the unit was provisioned", _frames(snapshot.status)),
        *_section("Radio now", _radio(snapshot)),
        *_section("Broker now", _broker(snapshot.status.broker)),
        *("", "To look at", *_notes(snapshot)),
        *("", f"{'Place and date':14} {'_' * 60}"),
        *("", f"{'Signature':14} {'_' * 60}"),
    ]
    return "".join(f"{printable(line).rstrip()}\n" for line in lines)


def _section(title: str, rows: Iterable[_Row], labels: int = _SHORT_LABELS) -> Iterator[str]:
    yield from ("", title)
    for label, values in rows:
        for number, value in enumerate(values):
            yield f"  {'' if number else label:{labels}} {cut(value, WIDTH - labels - 3)}"


def _unit(snapshot: _Snapshot) -> Iterator[_Row]:
    unit = snapshot.status.unit
    yield "Time", [moment(snapshot.now.timestamp())]
    yield "Serial number", _brief(unit.serial_number)
    yield "Software version", [f"{unit.version}, running for {spelled(unit.uptime_s)}"]
    yield "SSH host key", [snapshot.host_key or "not known"]


def _settings(snapshot: _Snapshot) -> Iterator[_Row]:
    if snapshot.values is None:
        yield "not activated yet", [""]
        return
    for each in CATALOGUE:
        yield each.label, _setting(each, snapshot.values[each.key], snapshot.now)


def _setting(declared: Parameter, text: str, now: datetime) -> Sequence[str]:
    if text and declared.kind is Kind.PEM and not declared.secret:
        return _certificates(text, now)
    if declared.secret or not text:
        return [summary(declared, text) or "not set"]
    lines = [row for line in text.splitlines() for row in folded(line, COLUMNS)]
    return _shortened(lines, _VALUE, COLUMNS)


def _certificates(pem: str, now: datetime) -> Sequence[str]:
    try:
        described = describe_certificates(pem)
    except Refused as error:
        return _brief(error.reason, COLUMNS)
    lines: list[str] = []
    for each in described[:_CERTIFICATES]:
        lines += [*folded(each.subject or "(no name)", COLUMNS), each.validity(now)]
        lines.append(cut(each.fingerprint, _FINGERPRINT))
    if (more := len(described) - _CERTIFICATES) > 0:
        lines[-1] += f", and {more} more"
    return lines


def _activation(snapshot: _Snapshot) -> Iterator[_Row]:
    activation, since = snapshot.activation, snapshot.status.configuration.active_since
    if activation is None:  # none, or so old that the history has forgotten it
        yield "Activated", [moment(since.timestamp()) if since else "not activated yet"]
        return
    yield "Activated", _brief(f"{moment(activation.at)} by {activation.by}")
    yield "Outcome", _brief(activation.outcome)
    yield "First PUBACK", [_first_puback(activation)]


def _first_puback(activation: Activation) -> str:
    if activation.first_puback is None:
        return "none yet"
    after = activation.first_puback - activation.at
    # The PUBACK that confirms an activation comes a moment before it is on record.
    how_long = "with the activation" if after < 1 else f"{spelled(after)} later"
    return f"{moment(activation.first_puback)}, {how_long}"


def _frames(status: Status) -> Iterator[_Row]:
    radio, cache = status.radio, status.cache
    yield "Received", [f"{radio.frames:,}, {radio.priority_frames:,} of them with priority"]
    yield "Delivered", [f"{status.broker.published_frames:,}"]
    yield "In the cache", [f"{cache.frames:,}"]
    yield "Dropped, quarantined", [f"{cache.dropped_frames:,}, {cache.quarantined_frames:,}"]


def _radio(snapshot: _Snapshot) -> Iterator[_Row]:
    radio, tally = snapshot.status.radio, snapshot.tally
    yield "State", _brief(": ".join(filter(None, (radio.state, radio.error))))
    last = radio.last_frame
    yield "Last frame", [moment(last.timestamp()) if last else "none since the start"]
    rejected = f"{radio.rejected_records:,} rejected records"
    yield "Since the start", [f"{tally.frames:,} frames, {rejected} in {spelled(tally.seconds)}"]
    yield (
        "RSSI",
        [
            "no frame to measure"
            if tally.rssi_median is None
            else f"median {tally.rssi_median} dBm, weakest 10 % {tally.rssi_weak} dBm, "
            f"best {tally.rssi_best} dBm"
        ],
    )


def _broker(broker: BrokerStatus) -> Iterator[_Row]:
    yield "State", [broker.state]
    last = broker.last_publish
    yield "Last delivery", [moment(last.timestamp()) if last else "none since the start"]


def _notes(snapshot: _Snapshot) -> Iterator[str]:
    notes = [*snapshot.warnings, *_troubles(snapshot.status)]
    if values := snapshot.values:
        serial_number = snapshot.status.unit.serial_number
        found = review(values, serial_number, snapshot.now, None)
        notes += [f"{each.severity}: {each}" for each in found]
    told = [_brief(note, WIDTH - 4) for note in notes or ["nothing"]]
    # Whole notes alone: of half a list nobody can tell that it goes on.
    ends = list(accumulate(map(len, told)))
    fitting = [note for note, end in zip(told, ends, strict=True) if end <= _NOTES]
    for note in fitting:
        yield from (f"  {' ' if number else '-'} {line}" for number, line in enumerate(note))
    if len(fitting) < len(told):
        yield f"  - and {len(told) - len(fitting)} more: check and status tell all"


def _troubles(status: Status) -> Iterator[str]:
    """What nobody should put a name under without having seen it; more than state and counts."""
    cache = status.cache
    if status.broker.trouble:
        yield f"broker: {status.broker.trouble}"
    if cache.error:
        yield f"cache: {cache.error}"
    if cache.dropped_frames:
        lost = _number(cache.dropped_frames, "was", "were")
        yield f"{lost} lost: the cache was full or damaged"
    if cache.quarantined_frames:
        aside = _number(cache.quarantined_frames, "is", "are")
        yield f"{aside} set aside: the broker does not take every frame"


def _number(number: int, one: str, more: str) -> str:
    return f"1 frame {one}" if number == 1 else f"{number:,} frames {more}"


def _brief(text: str, width: int = WIDTH - _SHORT_LABELS - 3) -> Sequence[str]:
    """The text in a few lines at most."""
    return _shortened(folded(text, width), _REASON, width)


def _shortened(lines: list[str], most: int, width: int) -> Sequence[str]:
    """The lines, the last of so many ending with an ellipsis where there are more."""
    if len(lines) > most:
        lines[most - 1 :] = [cut(" ".join(lines[most - 1 :]), width)]
    return lines
