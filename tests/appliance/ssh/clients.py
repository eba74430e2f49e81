"""SSH clients as the tests need them: OpenSSH with options of its own, and asyncssh for attacks."""

import asyncio
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import asyncssh

from tests.support.ssh_client import OPTIONS

PASSWORD = "label password: ö"
ADDRESS = "tech@127.0.0.1"


async def openssh(
    port: int,
    directory: Path,
    *arguments: str,
    program: tuple[str, ...] = ("ssh", "-p"),
    stdin: bytes = b"",
    environment: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run ssh (or sftp) with these arguments, the destination among them, and the password."""
    helper = directory / "askpass"
    helper.write_text(f"#!/bin/sh\nprintf '%s\\n' {shlex.quote(PASSWORD)}\n")
    helper.chmod(0o700)
    asking = {"SSH_ASKPASS": str(helper), "SSH_ASKPASS_REQUIRE": "force"}
    return await asyncio.to_thread(
        subprocess.run,
        [*program, str(port), *OPTIONS, *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, **asking, **(environment or {})},
        timeout=30,
        check=False,
        start_new_session=True,
    )


async def connect(port: int, **options: Any) -> asyncssh.SSHClientConnection:
    """Log in with asyncssh."""
    defaults: dict[str, Any] = {
        "username": "tech",
        "password": PASSWORD,
        "known_hosts": None,
        "config": None,
        "client_keys": None,
        "agent_path": None,
    }
    return await asyncssh.connect("127.0.0.1", port, **{**defaults, **options})
