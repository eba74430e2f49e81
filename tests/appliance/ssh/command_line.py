"""Commands given as a session gives them, without SSH around."""

from typing import cast

from appliance.ssh import commands
from appliance.ssh.login import Login
from appliance.ssh.request import Reply
from appliance.unit import Unit


async def run(
    unit: Unit, line: str, stdin: bytes | None = None, login: Login | None = None
) -> Reply:
    """One command; without `stdin` it is a failure to read any, without `login` to need it."""

    async def read_input() -> bytes:
        assert stdin is not None, "standard input is not to be read"
        return stdin

    return await commands.run(unit, cast(Login, login), line, read_input, "tech from 192.0.2.7")
