import asyncio
import hashlib
import json
import math
import stat
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from appliance.ssh.login import Login, LoginError, generate_password


async def test_only_the_password_is_the_password(tmp_path: Path) -> None:
    """Near misses, nothing and anything else are refused."""
    login = Login.create(tmp_path / "credentials.json", "correct horse")
    assert await login.verify("correct horse")
    for wrong in ("", "correct horse ", "Correct horse", "correct hors", "x" * 100_000, "\x00"):
        assert not await login.verify(wrong)


async def test_the_file_alone_brings_the_login_back(tmp_path: Path) -> None:
    """What create wrote, load reads; the serial number is kept where one was given."""
    path = tmp_path / "credentials.json"
    Login.create(path, "one", "12345678")
    loaded = Login.load(path)
    assert loaded.serial_number == "12345678"
    assert await loaded.verify("one")
    Login.create(path, "two")
    assert Login.load(path).serial_number is None
    assert not await Login.load(path).verify("one")


def test_the_file_is_private_and_holds_no_password(tmp_path: Path) -> None:
    """Mode 0600, a salt of its own, and only a hash."""
    path = tmp_path / "credentials.json"
    Login.create(path, "correct horse")
    first = path.read_text()
    Login.create(path, "correct horse")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "horse" not in first
    assert json.loads(first)["hash"] != json.loads(path.read_text())["hash"]
    assert len(bytes.fromhex(json.loads(first)["salt"])) == 16


def test_a_file_others_can_read_is_made_private(tmp_path: Path) -> None:
    """A copy restored with the wrong mode is tightened when it is loaded."""
    path = tmp_path / "credentials.json"
    Login.create(path, "correct horse")
    path.chmod(0o644)
    Login.load(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "change",
    [
        {"hash": ""},
        {"hash": "00"},
        {"hash": None},
        {"salt": "no hex"},
        {"n": 0},
        {"n": 3},
        {"n": True},
        {"n": 2**30},
        {"r": "8"},
        {"serial_number": 1},
        {"more": 1},
    ],
)
def test_a_damaged_field_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    """Nothing in the file can let anyone in, exhaust the unit or crash it."""
    path = tmp_path / "credentials.json"
    Login.create(path, "correct horse")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(LoginError, match="provision --force") as caught:
        Login.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"n":', b"[" * 100_000])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """Whatever a power cut or a hand left behind, the answer is one line with advice."""
    path = tmp_path / "credentials.json"
    path.write_bytes(content)
    with pytest.raises(LoginError, match=r"damaged.*provision --force"):
        Login.load(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """The message names the file and what makes one."""
    with pytest.raises(LoginError, match=r"credentials\.json.*provision"):
        Login.load(tmp_path / "credentials.json")


@pytest.mark.parametrize("password", ["", "\n", "a\tb", "\ud800"])
def test_a_password_ssh_cannot_carry_is_refused(tmp_path: Path, password: str) -> None:
    """Nobody could ever log in with it; and the message does not repeat it."""
    with pytest.raises(LoginError, match=r"^password: "):
        Login.create(tmp_path / "credentials.json", password)
    assert not (tmp_path / "credentials.json").exists()


async def test_an_accent_is_the_same_from_every_keyboard(tmp_path: Path) -> None:
    """SASLprep: one composed character equals letter and combining accent."""
    login = Login.create(tmp_path / "credentials.json", "cafe\N{COMBINING ACUTE ACCENT}")
    assert await login.verify("caf\N{LATIN SMALL LETTER E WITH ACUTE}")


def test_the_repr_shows_no_hash(tmp_path: Path) -> None:
    """Neither hash nor salt is for a log."""
    path = tmp_path / "credentials.json"
    login = Login.create(path, "correct horse")
    for field in ("hash", "salt"):
        assert json.loads(path.read_text())[field] not in repr(login) + repr(vars(login))


async def test_one_scrypt_job_at_a_time_even_when_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled attempt neither lets a second job start beside it nor leaves one queued."""
    login = Login.create(tmp_path / "credentials.json", "correct horse")
    real, running, most, done = hashlib.scrypt, 0, 0, 0
    started, go_on = threading.Event(), threading.Event()

    def watched(*arguments: Any, **options: Any) -> bytes:
        nonlocal running, most, done
        running += 1
        most = max(most, running)
        started.set()
        assert go_on.wait(10)
        result = real(*arguments, **options)
        running -= 1
        done += 1
        return result

    monkeypatch.setattr(hashlib, "scrypt", watched)
    attempts = [asyncio.create_task(login.verify("wrong")) for _ in range(50)]
    assert await asyncio.to_thread(started.wait, 10)
    for attempt in attempts:
        attempt.cancel()
    await asyncio.gather(*attempts, return_exceptions=True)
    last = asyncio.create_task(login.verify("correct horse"))
    go_on.set()
    assert await last
    assert most == 1
    assert done == 2


def test_a_generated_password_is_strong_and_readable() -> None:
    """No two alike, 60 bits or more, and no character that looks like another."""
    passwords = {generate_password() for _ in range(1000)}
    assert len(passwords) == 1000
    used = set("".join(passwords)) - {"-"}
    characters = len(generate_password().replace("-", ""))
    assert characters * math.log2(len(used)) >= 60
    assert not used & set("0oO1iIlL2zZ5sS8bB9gGvV")


async def test_checking_passwords_leaves_no_memory_behind(tmp_path: Path) -> None:
    """The 16 MiB of each check are given back to the system."""
    login = Login.create(tmp_path / "credentials.json", "correct horse")
    await login.verify("first")
    before = psutil.Process().memory_info().rss
    for _ in range(3):
        await login.verify("again")
    assert psutil.Process().memory_info().rss - before < 8 * 2**20
