"""Owns the label's password: kept as a salted scrypt hash, checked one attempt at a time.

Passwords are compared as SSH prepares them (SASLprep, RFC 4013; RFC 4252, section 8), so that a
password with an accent is the same from every keyboard.
"""

import asyncio
import ctypes
import hashlib
import hmac
import json
import os
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from asyncssh.saslprep import SASLPrepError, saslprep

from appliance.durable_file import replace_file
from appliance.errors import ConcentratorError

# RFC 7914 for an interactive login: 16 MiB and some 50 ms of a small unit.
COST, BLOCK_SIZE, PARALLELISM = 2**14, 8, 1
SALT_BYTES, HASH_BYTES = 16, 32
_M_MMAP_THRESHOLD, _LARGE_BLOCK = -3, 2**20  # malloc.h
MAX_MEMORY = 64 * 2**20  # bytes; refuses a credentials file that would exhaust the unit

# Without characters that look like another on a small label: 0o 1il 2z 5s 8b 9g v.
LABEL_ALPHABET = "acdefhjkmnpqrtuwxy3467"
LABEL_GROUPS, LABEL_GROUP_LENGTH = 3, 5  # 15 characters of 22: 66 bits


class LoginError(ConcentratorError):
    """One line: which file or password, what is wrong with it, and what to do."""


@dataclass(frozen=True, slots=True)
class _Credentials:
    """What the file holds; salt and hash in hexadecimal."""

    n: int
    r: int
    p: int
    salt: str = field(repr=False)
    hash: str = field(repr=False)
    serial_number: str | None

    def __post_init__(self) -> None:
        sound = (
            all(type(number) is int and number > 0 for number in (self.n, self.r, self.p))
            and self.n & (self.n - 1) == 0
            and 128 * self.n * self.r * self.p < MAX_MEMORY
            and isinstance(self.salt, str)
            and isinstance(self.hash, str)
            and isinstance(self.serial_number, str | None)
        )
        if not sound:
            raise TypeError("a field of the wrong type")
        bytes.fromhex(self.salt)
        if len(bytes.fromhex(self.hash)) != HASH_BYTES:
            raise ValueError("a hash of the wrong length")

    def match(self, password: str) -> bool:
        """Say whether `password` is the right one; takes the same time either way."""
        found = _scrypt(password, bytes.fromhex(self.salt), self.n, self.r, self.p)
        return hmac.compare_digest(found, bytes.fromhex(self.hash))


class Login:
    """The one login there is; `serial_number` is what an explicit provisioning recorded."""

    def __init__(self, credentials: _Credentials, path: Path) -> None:
        self._credentials = credentials
        self._path = path
        # One worker: scrypt takes 16 MiB and a processor, and a cancelled attempt that still
        # waits for its turn is dropped, so that nobody can pile up work.
        self._worker = ThreadPoolExecutor(
            max_workers=1, thread_name_prefix="login", initializer=_return_large_blocks
        )

    @classmethod
    def load(cls, path: Path) -> "Login":
        """The login kept in `path`; raises LoginError for a missing or damaged file."""
        advice = "set a new label password with: concentrator provision --force --serial-number …"
        try:
            credentials = _Credentials(**json.loads(path.read_bytes()))
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                path.chmod(0o600)
        except PermissionError as error:
            raise LoginError(f"credentials {path}: not readable: correct its owner") from error
        except OSError as error:
            raise LoginError(f"credentials {path}: {error.strerror}: {advice}") from error
        except (ValueError, TypeError, RecursionError) as error:
            raise LoginError(f"credentials {path}: damaged: {advice}") from error
        return cls(credentials, path)

    @classmethod
    def create(cls, path: Path, password: str, serial_number: str | None = None) -> "Login":
        """Make `password` the label's and keep its hash in `path` (0600); raises LoginError."""
        try:
            prepared = saslprep(password)
        except SASLPrepError as error:
            raise LoginError("password: has a character that SSH does not carry") from error
        if not prepared:
            raise LoginError("password: is empty: give at least one character")
        salt = os.urandom(SALT_BYTES)
        digest = _scrypt(prepared, salt, COST, BLOCK_SIZE, PARALLELISM)
        credentials = _Credentials(
            COST, BLOCK_SIZE, PARALLELISM, salt.hex(), digest.hex(), serial_number
        )
        try:
            replace_file(path, json.dumps(asdict(credentials)).encode())
        except OSError as error:
            advice = "check [unit] state_dir and the space on it"
            raise LoginError(f"credentials {path}: {error.strerror}: {advice}") from error
        return cls(credentials, path)

    async def change(self, password: str) -> None:
        """Make `password` the one that lets in from now on; raises LoginError, the old one stays.

        The label on the case then says another: whoever changes it notes the new one elsewhere.
        """
        renewed = await asyncio.get_running_loop().run_in_executor(
            self._worker, Login.create, self._path, password, self.serial_number
        )
        self._credentials = renewed._credentials  # noqa: SLF001 - of its own kind

    @property
    def serial_number(self) -> str | None:
        """The serial number recorded when the unit was provisioned, or None."""
        return self._credentials.serial_number

    async def verify(self, password: str) -> bool:
        """Say whether `password` is the label's, after the same work whatever it is."""
        try:
            prepared = saslprep(password)
        except SASLPrepError:
            prepared = ""  # never a password; hashed all the same
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self._credentials.match, prepared)


def generate_password() -> str:
    """A password for the label: readable in small print, easy to type, 66 bits."""
    groups = (
        "".join(secrets.choice(LABEL_ALPHABET) for _ in range(LABEL_GROUP_LENGTH))
        for _ in range(LABEL_GROUPS)
    )
    return "-".join(groups)


def _return_large_blocks() -> None:
    """Have scrypt's 16 MiB given back after use: glibc would keep them for the next time.

    Other C libraries are left as they are (mallopt(3)).
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK)


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    data = password.encode()
    return hashlib.scrypt(data, salt=salt, n=n, r=r, p=p, maxmem=MAX_MEMORY, dklen=HASH_BYTES)
