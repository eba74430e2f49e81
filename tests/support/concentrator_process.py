"""The program itself: `concentrator …` as a process of its own."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.ssh_client import ssh_command
from tests.support.waiting import until, wait_until

ROOT = Path(__file__).parents[2]
STARTED_WITHIN_S = 20
STOPPED_WITHIN_S = 20


class Program:
    """`concentrator` with these arguments; what it prints is kept. Ended at the end of `with`.

    `environment` is added to the tests' own; `weakened` switches defences off (see the module).
    """

    def __init__(
        self,
        *arguments: str,
        directory: Path,
        environment: Mapping[str, str] | None = None,
        weakened: Mapping[str, object] | None = None,
    ) -> None:
        launcher = ["tests.support.weakened", json.dumps(weakened)] if weakened else ["appliance"]
        self._command = [sys.executable, "-m", *launcher, *arguments]
        self._directory = directory
        path = os.pathsep.join([str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
        self._environment = {**os.environ, "PYTHONPATH": path, **(environment or {})}
        self._output = ""
        self._errors = ""
        self.process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        """Running when this returns."""
        self.process = subprocess.Popen(
            self._command,
            cwd=self._directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [
            threading.Thread(target=self._read_output),
            threading.Thread(target=self._read_errors),
        ]
        for reader in self._readers:
            reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Killed if it still runs."""
        self.process.kill()
        self.wait()

    @property
    def output(self) -> str:
        """Standard output so far."""
        return self._output

    @property
    def errors(self) -> str:
        """Standard error so far."""
        return self._errors

    def find(self, pattern: str) -> str:
        """The first group of `pattern` in what was printed; waits for it to appear."""
        found = wait_until(
            lambda: re.search(pattern, self._output + self._errors) or self._ended(),
            STARTED_WITHIN_S,
            f"{pattern!r} in {self._command}",
        )
        assert isinstance(found, re.Match), f"ended without {pattern!r}: {self._errors[-2000:]}"
        return found[1]

    def stop(self) -> int:
        """Asks it to end, as a service manager does; its exit status."""
        self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        """Its exit status, once it has ended."""
        status = self.process.wait(STOPPED_WITHIN_S)
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        return status

    def _ended(self) -> bool:
        return self.process.poll() is not None and not any(
            each.is_alive() for each in self._readers
        )

    def _read_output(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._output += line

    def _read_errors(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self._errors += line


class UnitProcess(Program):
    """`concentrator run` in `directory`; started again it is the same unit."""

    def __init__(
        self,
        directory: Path,
        radio_url: Path | str,
        settings: str = "",
        environment: Mapping[str, str] | None = None,
        weakened: Mapping[str, object] | None = None,
    ) -> None:
        self._settings = directory / "settings.toml"
        self._settings.write_text(
            '[ssh]\nhost = "127.0.0.1"\nport = 0\n'
            f'[radio]\nurl = "{radio_url}"\n[unit]\nserial_number = "KAM73471100"\n{settings}'
        )
        self._password = directory / "label password"
        super().__init__(
            *("run", "--settings", str(self._settings)),
            directory=directory,
            environment=environment,
            weakened=weakened,
        )

    def __enter__(self) -> Self:
        """In service when this returns."""
        super().__enter__()
        try:
            self.port = int(self.find(r"SSH on 127\.0\.0\.1 port (\d+)"))
            if not self._password.exists():
                self._password.write_text(self.find(r"Password: +(\S+)"))
        except BaseException:
            self.process.kill()
            self.wait()
            raise
        return self

    @property
    def password(self) -> str:
        """The label's, which is printed once."""
        return self._password.read_text()

    async def command(self, line: str, stdin: bytes = b"") -> str:
        """What an SSH command prints; it must succeed."""
        done = await ssh_command(self.port, self.password, line, stdin)
        assert done.returncode == 0, f"{line.split(maxsplit=1)[0]}: {done.stderr.decode()}"
        return done.stdout.decode()

    async def status(self) -> Any:
        """`status --json`."""
        return json.loads(await self.command("status --json"))

    async def configure(self, values: dict[str, str]) -> None:
        """Sets and activates `values`."""
        for key, text in values.items():
            await self.command(f"set {key}", text.encode())
        await self.command("activate")

    async def until_hearing(self) -> None:
        """Returns when the radio's port is open: what is sent from now on is received."""
        await until(lambda: ": opened" in self.errors or "found again" in self.errors)
