"""OpenSSH's own client: on a pseudo-terminal with a screen to read, and for single commands.

Everything that waits is a coroutine, since the server usually runs on the test's event loop.
"""

import asyncio
import contextlib
import fcntl
import os
import pty
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

from tests.support.waiting import until

OPTIONS = (
    *("-F", "/dev/null"),
    *("-o", "UserKnownHostsFile=/dev/null"),
    *("-o", "StrictHostKeyChecking=no"),
    *("-o", "LogLevel=ERROR"),
    *("-o", "PreferredAuthentications=password"),
    *("-o", "NumberOfPasswordPrompts=1"),
    *("-o", "IdentityFile=none"),
)

KEYS = {
    "tab": "\t",
    "shift tab": "\x1b[Z",
    "enter": "\r",
    "esc": "\x1b",
    "backspace": "\x7f",
    "delete": "\x1b[3~",
    "insert": "\x1b[2~",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "page up": "\x1b[5~",
    "page down": "\x1b[6~",
    **{f"ctrl {letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"},
    **{f"f{number}": f"\x1bO{final}" for number, final in enumerate("PQRS", 1)},
    "f5": "\x1b[15~",
    "f10": "\x1b[21~",
}

# ssh asks on its controlling terminal: the child takes standard input as such before it starts.
_TAKE_TERMINAL = (
    "import fcntl,os,sys,termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


class SshTerminal:
    """A technician at a terminal: `async with`, then type, press, paste and look.

    The screen is what a terminal of `columns` by `rows` would show; `received` is every byte.
    `options` go before OPTIONS, since ssh keeps the first value it is given.
    """

    def __init__(
        self,
        port: int,
        password: str,
        *,
        columns: int = 80,
        rows: int = 24,
        term: str = "xterm-256color",
        user: str = "tech",
        options: tuple[str, ...] = (),
    ) -> None:
        self._arguments = ["ssh", "-tt", *options, *OPTIONS, "-p", str(port), f"{user}@127.0.0.1"]
        self._password = password
        self._environment = os.environ | {"TERM": term, "LC_ALL": "C.UTF-8"}
        self._lock = threading.Lock()  # the reader thread feeds what the test looks at
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._received = bytearray()
        self._terminal = -1
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None

    async def __aenter__(self) -> Self:
        """Start and give the password; the far end's screen is still to be waited for."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Hang up."""
        await self.close()

    async def start(self) -> None:
        """Connect and answer the password prompt."""
        self._process = self._launch()
        self._reader = threading.Thread(target=self._read, name="ssh terminal")
        self._reader.start()
        try:
            await self.wait_for("assword:")
        except AssertionError:
            await self.close()
            raise
        self.type(self._password + "\r")

    async def close(self) -> None:
        """Hang up if the far end has not; returns when ssh and the reader thread have ended."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.terminate()
            await asyncio.to_thread(self._process.wait, 10)
            self._process = None
        if self._reader is not None:
            await asyncio.to_thread(self._reader.join, 10)
            self._reader = None
            os.close(self._terminal)

    async def wait_closed(self, timeout: float = 10) -> int:  # noqa: ASYNC109 - as `until`
        """The exit status of ssh once the far end has hung up."""
        process = self._process
        assert process is not None, "not started"
        await until(lambda: process.poll() is not None, timeout, "the end of the ssh session")
        return process.returncode

    def type(self, text: str) -> None:
        """Send the text as if typed, as it stands."""
        data = text.encode()
        while data:
            data = data[os.write(self._terminal, data) :]

    def key(self, *names: str) -> None:
        """Press keys by name: "tab", "shift tab", "enter", "up", "ctrl c", see KEYS; or "m"."""
        for name in names:
            self.type(name if len(name) == 1 else KEYS[name])

    def paste(self, text: str, *, bracketed: bool = True) -> None:
        """Paste as a terminal does: line ends become carriage returns, in brackets or bare."""
        typed = text.replace("\r\n", "\n").replace("\n", "\r")
        self.type(f"\x1b[200~{typed}\x1b[201~" if bracketed else typed)

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size; ssh tells the far end."""
        with self._lock:
            self._screen.resize(rows, columns)
        self._set_size(columns, rows)

    def lines(self) -> list[str]:
        """The screen's rows, without trailing spaces."""
        with self._lock:
            return [line.rstrip() for line in self._screen.display]

    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines())

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the cursor, from 0."""
        with self._lock:
            return self._screen.cursor.x, self._screen.cursor.y

    @property
    def received(self) -> bytes:
        """Every byte that came, escape sequences included."""
        with self._lock:
            return bytes(self._received)

    async def wait_for(
        self,
        wanted: str | Callable[[str], bool],
        timeout: float = 10,  # noqa: ASYNC109 - as `until`
    ) -> str:
        """The screen's text once it holds `wanted`; AssertionError shows the screen as it is."""

        def shown() -> bool:
            text = self.text()
            return wanted in text if isinstance(wanted, str) else wanted(text)

        try:
            await until(shown, timeout)
        except AssertionError:
            what = repr(wanted) if isinstance(wanted, str) else "what was waited for"
            raise AssertionError(f"{what} is not shown but:\n{self.text()}") from None
        return self.text()

    def _launch(self) -> subprocess.Popen[bytes]:
        self._terminal, far_end = pty.openpty()
        self._set_size(self._screen.columns, self._screen.lines)
        command = [sys.executable, "-I", "-S", "-c", _TAKE_TERMINAL, *self._arguments]
        try:
            return subprocess.Popen(
                command, stdin=far_end, stdout=far_end, stderr=far_end, env=self._environment
            )
        finally:
            os.close(far_end)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        # EIO: the last process has closed the far end.
        with contextlib.suppress(OSError):
            while data := os.read(self._terminal, 65_536):
                with self._lock:
                    self._received += data
                    self._stream.feed(data)


async def ssh_command(
    port: int, password: str, line: str, stdin: bytes = b"", *, user: str = "tech"
) -> subprocess.CompletedProcess[bytes]:
    """Run one command over ssh; its status, standard output and standard error as bytes."""
    return await asyncio.to_thread(_run, port, password, line, stdin, user)


def _run(
    port: int, password: str, line: str, stdin: bytes, user: str
) -> subprocess.CompletedProcess[bytes]:
    with tempfile.TemporaryDirectory() as directory:
        helper = Path(directory) / "askpass"
        helper.touch(mode=0o700)
        helper.write_text(f"#!/bin/sh\nprintf '%s\\n' {shlex.quote(password)}\n")
        environment = os.environ | {"SSH_ASKPASS": str(helper), "SSH_ASKPASS_REQUIRE": "force"}
        command = ["ssh", "-T", *OPTIONS, "-p", str(port), f"{user}@127.0.0.1", "--", line]
        return subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            env=environment,
            timeout=30,
            check=False,
            start_new_session=True,
        )
