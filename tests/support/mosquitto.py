"""The real mosquitto over TLS on a free loopback port."""

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.support.certificates import Authority, Identity
from tests.support.waiting import wait_until

START_ATTEMPTS = 5  # another program may take the free port before mosquitto does
READY_WITHIN_S = 10


def free_port() -> int:
    """A TCP port free on 127.0.0.1 a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def program(name: str) -> str:
    """The path of a mosquitto program; the test fails where it is not installed."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/bin")
    if path is None:
        pytest.fail(f"{name} is not installed: apt-get install mosquitto", pytrace=False)
    return path


class Mosquitto:
    """Runs mosquitto with TLS 1.2 or newer; blocking, so async tests call it in a thread.

    `users` (name to password) closes the door to everybody else; without it anybody may
    enter. `options` are further lines of its configuration. `stop` and `start` keep the port.
    With `lasting`, a stop (not a kill) keeps what is queued for subscribers with a session.
    """

    def __init__(
        self,
        directory: Path,
        authority: Authority,
        server: Identity,
        *,
        require_certificate: bool = False,
        users: dict[str, str] | None = None,
        options: Sequence[str] = (),
        lasting: bool = False,
    ) -> None:
        self._directory = directory
        self._authority = authority
        self._server = server
        self._require_certificate = require_certificate
        self._users = users
        self._options = tuple(options)
        self._lasting = lasting
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        directory.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        """Start on a free port."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, whatever the test did."""
        self.stop()

    def start(self) -> None:
        """Listen when this returns: on the port of before, or at first on a free one."""
        assert self._process is None, "mosquitto is running already"
        attempts = 1 if self.port else START_ATTEMPTS
        for _ in range(attempts):
            port = self.port or free_port()
            if self._run(port):
                self.port = port
                return
        pytest.fail(f"mosquitto did not start: {self.log()}", pytrace=False)

    def stop(self) -> None:
        """End the process and wait for it; nothing to do when it is not running."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        assert self._process is not None, "mosquitto is not running"
        self._process.kill()
        self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Stop and start on the same port."""
        self.stop()
        self.start()

    def log(self) -> str:
        """Everything mosquitto has said so far."""
        path = self._directory / "mosquitto.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _run(self, port: int) -> bool:
        configuration = self._directory / "mosquitto.conf"
        configuration.write_text("\n".join([*self._configuration(port), ""]))
        command = [program("mosquitto"), "-c", str(configuration)]
        said_before = len(self.log())
        with (self._directory / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        process = self._process

        def settled() -> bool:
            # Its own word, not a connection: another program may hold the port.
            return process.poll() is not None or " running" in self.log()[said_before:]

        wait_until(settled, READY_WITHIN_S, "mosquitto")
        if process.poll() is not None:
            self._process = None
        return self._process is not None

    def _configuration(self, port: int) -> list[str]:
        lines = [
            f"listener {port} 127.0.0.1",
            f"cafile {self._authority.path}",
            f"certfile {self._server.certificate_path}",
            f"keyfile {self._server.key_path}",
            f"require_certificate {str(self._require_certificate).lower()}",
            f"allow_anonymous {str(self._users is None).lower()}",
            f"persistence {str(self._lasting).lower()}",
            f"persistence_location {self._directory}/",
            "max_queued_messages 0",  # a slow test loses no message
            "log_dest stderr",
            "log_type all",
            *self._options,
        ]
        if self._users is not None:
            lines.append(f"password_file {self._password_file(self._users)}")
        if os.geteuid() == 0:
            lines.append("user root")  # else it becomes a user who may not read our files
        return lines

    def _password_file(self, users: dict[str, str]) -> Path:
        path = self._directory / "passwords"
        path.touch(mode=0o600)
        path.write_text("".join(f"{name}:{password}\n" for name, password in users.items()))
        subprocess.run([program("mosquitto_passwd"), "-U", str(path)], check=True)
        return path
