import errno
import itertools
import json
import logging
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.parameters.store import KEPT, Activation, ParameterStore, StoreError
from appliance.parameters.values import ParameterValues

FIRST = ParameterValues({"client-id": "first", "client-password": "hunter2"})
SECOND = FIRST.changed("client-id", "second")
IN_SERVICE = Activation(100.0, "tech", "confirmed by the broker", True, FIRST)
WENT_BACK = Activation(200.0, "tech", "went back: refused", False, SECOND)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A state directory that does not exist yet."""
    return tmp_path / "state"


@pytest.fixture
def store(directory: Path) -> ParameterStore:
    """A loaded store with FIRST saved and active since 100."""
    loaded = load(directory)
    loaded.save(FIRST)
    loaded.record(IN_SERVICE)
    return loaded


def load(directory: Path) -> ParameterStore:
    """A store as the unit sees it after a start."""
    loaded = ParameterStore(directory)
    loaded.load()
    return loaded


def test_a_new_unit_has_nothing(directory: Path) -> None:
    """Missing files stand for a factory-new unit, and its directory is made private."""
    new = load(directory)
    assert new.saved == ParameterValues()
    assert (new.active, new.activations) == (None, ())
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_saved_and_active_survive_a_restart(store: ParameterStore, directory: Path) -> None:
    """What was saved and what was activated come back, each by itself."""
    store.save(SECOND)
    again = load(directory)
    assert (again.saved, again.active) == (SECOND, IN_SERVICE)
    assert (store.saved, store.active) == (SECOND, IN_SERVICE)


@pytest.mark.usefixtures("store")
def test_the_files_are_private(directory: Path) -> None:
    """Both files are for the unit alone, and nothing else lies beside them."""
    files = sorted(directory.iterdir())
    assert [file.name for file in files] == ["activations.json", "saved.json"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_one_that_went_back_is_remembered_but_not_active(
    store: ParameterStore, directory: Path
) -> None:
    """Newest first, and what is active is the last that went into service."""
    store.record(WENT_BACK)
    for each in (store, load(directory)):
        assert each.activations == (WENT_BACK, IN_SERVICE)
        assert each.active == IN_SERVICE


def test_the_history_is_bounded_and_never_forgets_what_is_active(
    store: ParameterStore, directory: Path
) -> None:
    """However many activations fail after it."""
    for _ in range(KEPT + 5):
        store.record(WENT_BACK)
    again = load(directory)
    assert again.activations == (WENT_BACK,) * KEPT
    assert again.active == IN_SERVICE


def test_the_first_puback_completes_the_active_activation_once(
    store: ParameterStore, directory: Path
) -> None:
    """The first one stays, across a restart too; one that went back is not touched."""
    store.record(WENT_BACK)
    store.complete(250.5)
    store.complete(300.0)
    for each in (store, load(directory)):
        assert each.activations == (WENT_BACK, replace(IN_SERVICE, first_puback=250.5))


def test_nothing_active_has_no_first_puback(directory: Path) -> None:
    """A forwarder that is a moment late finds nothing to complete, and writes nothing."""
    store = load(directory)
    store.complete(1.0)
    assert list(directory.iterdir()) == []


def test_a_file_of_an_earlier_version_loads(store: ParameterStore, directory: Path) -> None:
    """It knows of no first PUBACK; the next one completes it."""
    path = directory / "activations.json"
    document = json.loads(path.read_text())
    for entry in document["activations"]:
        del entry["first_puback"]
    path.write_text(json.dumps(document))
    again = load(directory)
    assert again.activations == store.activations
    again.complete(2.0)
    assert load(directory).activations[0].first_puback == 2.0


def test_every_character_comes_back(directory: Path) -> None:
    """Texts are stored as they are, whatever they hold."""
    values = ParameterValues({"last-will-payload": 'æ🙂"\\\r\n\t\0\u2028', "client-id": " x "})
    load(directory).save(values)
    assert load(directory).saved == values


VALID = {"version": 1, "values": {"client-id": "hunter2"}}
ENTRY = {"at": 1.0, "by": "x", "outcome": "x", "in_service": True, "values": VALID["values"]}
DAMAGED_ACTIVATIONS = [
    json.dumps({"version": 1, "activations": [{**ENTRY, **change}]}).encode()
    for change in (
        {"at": "today"},
        {"at": float("nan")},
        {"by": 7},
        {"first_puback": "soon"},
        {"first_puback": float("inf")},
        {"in_service": 1},
        {"values": {"hunter2": "x"}},
    )
]
DAMAGED = [
    b"",
    b"{",
    b"\xff\xfe",
    b"\0" * 4096,
    b"null",
    b"[]",
    b"[" * 100_000,
    b'{"version": 1}',
    json.dumps(VALID)[:-5].encode(),
    json.dumps({**VALID, "version": 2}).encode(),
    json.dumps({**VALID, "values": {"client-id": 7}}).encode(),
    json.dumps({**VALID, "values": {"hunter2": "x"}}).encode(),
    json.dumps({**VALID, "values": ["hunter2"]}).encode(),
    *DAMAGED_ACTIVATIONS,
]


@pytest.mark.parametrize("data", DAMAGED, ids=lambda data: repr(data[:20]))
@pytest.mark.parametrize("name", ["saved.json", "activations.json"])
@pytest.mark.usefixtures("store")
def test_a_damaged_file_is_moved_aside(
    name: str, data: bytes, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Damage costs that file alone: it is kept for inspection, and said without its contents."""
    (directory / name).write_bytes(data)
    with caplog.at_level(logging.ERROR):
        again = load(directory)
    assert again.saved == (ParameterValues() if name == "saved.json" else FIRST)
    assert again.active == (None if name == "activations.json" else IN_SERVICE)
    assert (directory / f"{name}.damaged").read_bytes() == data
    assert not (directory / name).exists()
    [record] = caplog.records
    assert f"kept as {name}.damaged: enter the configuration again" in record.getMessage()
    assert "hunter2" not in record.getMessage()
    assert record.exc_info is None


@pytest.mark.parametrize("step", ["open", "fsync", "link", "replace"])
def test_a_failed_write_keeps_the_old_values(
    step: str, store: ParameterStore, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is told in one line, and memory and disk stay as they were."""

    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, step, full)
        with pytest.raises(StoreError, match=r"^not stored, saved\.json .*No space.* try again$"):
            store.save(SECOND)
        with pytest.raises(StoreError, match=r"^not stored, activations\.json .*No space.* again$"):
            store.record(WENT_BACK)
        with pytest.raises(StoreError, match=r"^not stored, activations\.json .*No space.* again$"):
            store.complete(1.0)
    assert (store.saved, store.activations) == (FIRST, (IN_SERVICE,))
    again = load(directory)
    assert (again.saved, again.activations) == (FIRST, (IN_SERVICE,))
    assert len(list(directory.iterdir())) == 2


def test_killed_at_any_system_call_either_the_old_or_the_new_is_active(directory: Path) -> None:
    """An activation is killed before its first, second, … call that touches the disk."""
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from appliance.parameters.store import Activation, ParameterStore\n"
        "from appliance.parameters.values import ParameterValues\n"
        "store = ParameterStore(Path(sys.argv[1])); store.load()\n"
        "left = int(sys.argv[2])\n"
        "def die(event, _):\n"
        "    global left\n"
        "    if event in EVENTS:\n"
        "        left -= 1\n"
        "        left or os._exit(9)\n"
        "EVENTS = {'open', 'os.rename', 'os.link', 'os.remove', 'os.truncate'}\n"
        "sys.addaudithook(die)\n"
        "new = ParameterValues({'client-id': 'new'})\n"
        "store.record(Activation(2.0, 'tech', 'new', True, new))\n"
    )
    found = set()
    for call in itertools.count(1):
        store = load(directory)
        store.record(IN_SERVICE)
        done = subprocess.run([sys.executable, "-c", script, directory, str(call)], check=False)
        active = load(directory).active
        assert active is not None
        assert active.values in (FIRST, ParameterValues({"client-id": "new"}))
        found.add(active.values)
        if done.returncode == 0:
            break
        assert done.returncode == 9
    assert len(found) == 2
    assert call > 5


def test_a_directory_that_cannot_be_is_told(tmp_path: Path) -> None:
    """Where the state directory cannot be made, the error names it and what to check."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/state cannot be read .*: check the directory"):
        load(tmp_path / "file" / "state")


def test_a_file_that_cannot_be_read_is_told(directory: Path) -> None:
    """Where a file cannot be read, nothing is moved aside and the error says what to check."""
    (directory / "saved.json").mkdir(parents=True)
    with pytest.raises(StoreError, match="check the directory and its owner"):
        load(directory)
    assert (directory / "saved.json").is_dir()
