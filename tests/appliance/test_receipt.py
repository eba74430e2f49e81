import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.hidden_characters import is_hidden
from appliance.parameters.catalogue import CATALOGUE, Kind
from appliance.parameters.store import Activation
from appliance.parameters.values import ParameterValues
from appliance.plain_text import columns
from appliance.provisioning import provision
from appliance.radio.reception import Reception
from appliance.receipt import WIDTH, _page, _Snapshot, receipt_text
from appliance.service import serving
from appliance.settings import parse
from appliance.status import (
    BrokerStatus,
    CacheStatus,
    ConfigurationStatus,
    RadioStatus,
    Status,
    UnitStatus,
)
from appliance.unit import Unit
from tests.appliance.parameters.dated import dated, day
from tests.support.certificates import Authority, Identity
from tests.support.configurations import values
from tests.support.frames import radio_frame
from tests.support.recording_broker import RecordingBroker
from tests.support.waiting import until

BY = "tech from 192.0.2.7"
FINGERPRINT = "SHA256:" + "4bZ/" * 10 + "x0s"
A4 = 70  # lines, six an inch


@pytest.fixture
async def unit(tmp_path: Path) -> AsyncIterator[Unit]:
    """A factory-new unit without a modem."""
    unit = Unit(
        parse('[radio]\nurl = "/nowhere"', tmp_path, "settings"),
        "KAM1",
        host_key_fingerprint=FINGERPRINT,
    )
    await unit.start()
    try:
        yield unit
    finally:
        await unit.stop()


@pytest.fixture
async def broker(broker_identity: Identity) -> AsyncIterator[RecordingBroker]:
    """A broker that behaves."""
    async with RecordingBroker(broker_identity) as broker:
        yield broker


def sections(page: str) -> dict[str, dict[str, str]]:
    """What stands beside each label, by section; several lines are joined by a space."""
    found: dict[str, dict[str, str]] = {}
    for block in page.split("\n\n")[1:]:
        title, *lines = block.splitlines()
        width = 34 if title == "Active settings" else 24
        rows = found.setdefault(title, {})
        for line in lines:
            label = line[:width].strip() or next(reversed(rows))
            rows[label] = f"{rows.get(label, '')} {line[width:]}".strip()
    return found


async def test_a_new_unit_says_what_is_not_there(unit: Unit) -> None:
    """Everything has its place, and nothing is made up; a page of ASCII to sign."""
    await until(lambda: unit.status().radio.error)
    now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    page = await receipt_text(unit, now)
    assert page.isascii()
    told = sections(page)
    assert told["Unit"] == {
        "Time": "2026-11-23 08:00:00 UTC",
        "Serial number": "KAM1",
        "Software version": told["Unit"]["Software version"],
        "SSH host key": FINGERPRINT,
    }
    assert re.fullmatch(
        rf"{re.escape(unit.version)}, running for .*\d s", told["Unit"]["Software version"]
    )
    assert "not activated yet" in told["Active settings"]
    assert told["Activation"] == {"Activated": "not activated yet"}
    assert told["Radio now"]["State"].startswith("unavailable: /nowhere: no such device")
    assert told["Radio now"]["Last frame"] == "none since the start"
    assert told["Radio now"]["RSSI"] == "no frame to measure"
    assert told["Broker now"] == {"State": "unconfigured", "Last delivery": "none since the start"}
    assert page.splitlines()[-3].startswith("Place and date ___")
    assert page.splitlines()[-1].startswith("Signature      ___")
    assert "\n\nTo look at\n  - nothing\n\n" in page


async def test_a_unit_in_service_is_on_one_page(
    unit: Unit, broker: RecordingBroker, authority: Authority
) -> None:
    """Settings, certificates, who activated it, what was delivered and how well it hears."""
    client = authority.client("unit-1")
    entered = values(
        broker.port,
        authority,
        status_topic="status",
        last_will_payload="first\nsecond",
        client_username="user",
        client_password="hunter2",
        client_certificate=client.certificate,
        client_private_key=client.key,
    )
    for key, text in entered.items():
        await unit.save(key, text, BY)
    assert await unit.activate(BY) is None
    for number in range(10):
        unit._take_in(radio_frame(number, priority=number == 9), 1_795_000_000)
    await until(lambda: unit.status().broker.published_frames == 10)
    await unit.save("data-topic", "another", BY)
    page = await receipt_text(unit, datetime.now(UTC))
    told = sections(page)

    assert set(told["Active settings"]) == {each.label for each in CATALOGUE}
    settings_told = told["Active settings"]
    assert settings_told["Broker URL"] == entered["broker-url"]
    assert settings_told["Topic for End-device Data"] == "data"
    assert settings_told["Payload for Last Will"] == "first second"
    assert settings_told["MQTT Client ID"] == "not set"
    assert settings_told["MQTT Client Password"] == "set"
    assert settings_told["MQTT Client Private Key"] == "set"
    described = r"\w+=.* \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d, \d+ \w+ left SHA256 [0-9A-F:]{23}…"
    for name in ("MQTT Client Certificate", "MQTT Broker Certificate"):
        assert re.fullmatch(described, settings_told[name])

    assert told["Activation"]["Activated"].endswith(f" UTC by {BY}")
    assert told["Activation"]["Outcome"] == "confirmed by the broker"
    assert told["Activation"]["First PUBACK"].endswith(" UTC, with the activation")
    assert told["Frames since the unit was provisioned"] == {
        "Received": "10, 1 of them with priority",
        "Delivered": "10",
        "In the cache": "0",
        "Dropped, quarantined": "0, 0",
    }
    assert told["Radio now"]["RSSI"] == "median -45 dBm, weakest 10 % -49 dBm, best -40 dBm"
    assert told["Radio now"]["Last frame"] == "2026-11-18 11:06:40 UTC"
    assert told["Radio now"]["Since the start"].startswith("10 frames, 0 rejected records in ")
    assert told["Broker now"]["State"] == "connected"
    assert "  - saved, not active: data-topic\n" in page
    assert len(page.splitlines()) <= A4
    assert "hunter2" not in page
    assert not any(line in page for line in client.key.splitlines()[1:])
    assert "BEGIN" not in page


async def test_the_fingerprint_is_that_of_the_label(tmp_path: Path) -> None:
    """A unit in service hands over what its label says, and what ssh asks to confirm."""
    stated = parse('[radio]\nurl = "/nowhere"\n[ssh]\nport = 0', tmp_path, "settings")
    label = await asyncio.to_thread(provision, stated)

    async def no_screen(*_: object) -> None:
        """Nobody logs in."""

    async with serving(stated, no_screen) as (unit, _):
        page = await receipt_text(unit, datetime.now(UTC))
    assert sections(page)["Unit"]["SSH host key"] == label.fingerprint


async def test_a_first_puback_that_came_late_says_how_late(unit: Unit) -> None:
    """Without a status topic it may be hours: nobody sends before a frame is heard."""
    filled = ParameterValues({"broker-url": "ssl://b.example:8883", "data-topic": "data"})
    activation = Activation(1_795_000_000.0, BY, "kept without a check", True, filled, None)
    await asyncio.to_thread(unit._store.record, activation)
    page = await receipt_text(unit, datetime.now(UTC))
    assert sections(page)["Activation"]["First PUBACK"] == "none yet"
    await asyncio.to_thread(unit._store.complete, activation.at + 12_000)
    told = sections(await receipt_text(unit, datetime.now(UTC)))["Activation"]
    assert told["First PUBACK"].endswith(" UTC, 3 h 20 min later")


async def test_a_trial_and_one_that_went_back_are_named(
    unit: Unit, broker: RecordingBroker, authority: Authority
) -> None:
    """Whoever signs has to know that what serves now is not what stays."""
    for key, text in values(broker.port, authority, status_topic="status").items():
        await unit.save(key, text, BY)
    assert await unit.activate(BY) is None
    await unit.save("data-topic", "another", BY)
    broker.script.close_on_publish = 1
    assert await unit.activate(BY) is not None
    page = " ".join((await receipt_text(unit, datetime.now(UTC))).split())
    assert f"on trial since the activation by {BY}: " in page
    await unit.go_back("chosen by a test")
    page = " ".join((await receipt_text(unit, datetime.now(UTC))).split())
    assert "went back, chosen by a test: " in page


NOW = day("2026-11-23")
ROOT = dated("2020-01-01", "2026-12-01", "root \u202e" + "r" * 50)
LEAF = dated("2026-01-01", "2026-11-24", "unit", ROOT)
KEY = LEAF.key_pem
CHAIN = LEAF.pem + "".join(
    dated("2026-01-01", "2026-11-24", f"{'漢字' * 10}{number}", ROOT).pem for number in range(4)
)
SECRET = "Zq7secretZq7"
STATUS = Status(
    UnitStatus("S" * 100, "0.1.0", 10**8),
    RadioStatus("unavailable", 10**9, 10**9, 10**6, NOW, -150, "no such device: " * 40),
    CacheStatus(10**9, 10**9, 10**9, 10**9, 10**9),
    BrokerStatus("waiting", "ssl://x", 10**6, 10**9, 10**9, NOW, 1.0, "\x1b[2Jrefused " * 40),
    ConfigurationStatus(NOW, ("broker-url", "data-topic")),
)


SNAPSHOT = _Snapshot(
    NOW,
    STATUS,
    Reception().report("receiving", None, None).tally,
    FINGERPRINT,
    ParameterValues(),
    Activation(1e9, "tech from " + ":".join(["abcd"] * 8), "kept\n" * 50, True, ParameterValues()),
    ("on trial: " + "long " * 40, "went back", "saved, not active: " + "a-topic, " * 12),
)


def test_the_longest_of_everything_has_an_end() -> None:
    """Chains of many certificates, long values and reasons are cut, and it is said."""
    longest = {each.key: "x y " * 5000 for each in CATALOGUE}
    longest |= {"broker-certificate": CHAIN, "client-certificate": CHAIN}
    page = _page(replace(SNAPSHOT, values=ParameterValues(longest)))
    assert len(page.splitlines()) <= 3 * A4
    assert page.count(", and 3 more\n") == 2
    assert re.search(r"\n  - and \d+ more: check and status tell all\n", page)
    assert max(map(columns, page.splitlines())) == WIDTH


def test_long_settings_are_told_to_their_end() -> None:
    """What the receipt certifies goes on in further rows: URL, topics, and a certificate's name."""
    name = "x" * 60
    long = {
        "broker-url": f"ssl://{'broker.' * 20}example.com:8883",
        "data-topic": f"plant/{'0123456789' * 12}/data",
        "status-topic": f"plant/{'0123456789' * 12}/status",
        "broker-certificate": dated("2026-01-01", "2027-01-01", name).pem,
        "client-username": "漢字" * 40,
    }
    page = _page(replace(SNAPSHOT, values=ParameterValues(long)))
    told = sections(page)["Active settings"]
    for key in ("broker-url", "data-topic", "status-topic", "client-username"):
        label = next(each.label for each in CATALOGUE if each.key == key)
        assert told[label].replace(" ", "") == long[key]
    assert f"CN={name} " in told["MQTT Broker Certificate"].replace(" ", "", 1)
    assert max(map(columns, page.splitlines())) <= WIDTH


def test_what_the_broker_refuses_is_to_be_looked_at() -> None:
    """Nobody signs for a unit whose priority frames are held back, connected or not."""
    broker = replace(
        STATUS.broker, state="connected", last_error="x; forbidden", findings="forbidden"
    )
    cache = replace(STATUS.cache, dropped_frames=0, quarantined_frames=1)
    status = replace(STATUS, broker=broker, cache=cache)
    page = _page(replace(SNAPSHOT, values=None, warnings=(), status=status))
    notes = page.partition("To look at\n")[2].partition("\n\n")[0]
    assert "- broker: forbidden\n" in notes
    assert "- 1 frame is set aside: " in notes


def test_notes_are_whole_or_left_out() -> None:
    """A list that broke off behind a comma would look like all of it."""
    keys = ", ".join(each.key for each in CATALOGUE)
    noted = replace(
        SNAPSHOT, values=None, warnings=("long " * 60, f"saved, not active: {keys}", "third")
    )
    page = _page(noted)
    notes = page.partition("To look at\n")[2].partition("\n\n")[0]
    assert " ".join(notes.split()).endswith(
        f"- saved, not active: {keys} - and 4 more: check and status tell all"
    )


@settings(deadline=None, max_examples=50)
@given(
    st.fixed_dictionaries(
        {
            each.key: st.sampled_from([CHAIN, "-----BEGIN CERTIFICATE-----"]) | st.text()
            if each.kind is Kind.PEM
            else st.text()
            for each in CATALOGUE
            if not each.secret
        }
    ),
    st.booleans(),
)
def test_no_value_breaks_the_page_or_shows_a_secret(texts: dict[str, str], right: bool) -> None:
    """Whatever the values hold: printable lines of at most 78 columns, secrets only as "set"."""
    secrets = {"client-password": SECRET, "client-private-key": SECRET + (KEY if right else "")}
    page = _page(replace(SNAPSHOT, values=ParameterValues(texts | secrets), warnings=()))
    for line in page.split("\n"):
        assert columns(line) <= WIDTH
        assert not any(map(is_hidden, line))
    assert SECRET not in page
    assert not any(line in page for line in KEY.splitlines()[1:-1])
