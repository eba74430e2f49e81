"""The commands on the unit as a whole: status, receipt, log, quarantine, passwd."""

import json
import logging
from datetime import UTC, datetime

from appliance.parameters.refusal import Refused
from appliance.receipt import receipt_text
from appliance.ssh.quarantine_report import quarantine_text
from appliance.ssh.reports import journal_text, status_text, trial_note
from appliance.ssh.request import DONE, Reply, Request, UsageError

SHORTEST_PASSWORD = 8  # characters; the label's has 15
LOG_ENTRIES = 100  # that `log` shows unless told

_log = logging.getLogger(__name__)


async def status(request: Request) -> Reply:
    """The unit at this moment."""
    now = request.unit.status()
    as_json = request.wants("--json")
    text = f"{json.dumps(now.as_json_dict())}\n" if as_json else status_text(now)
    return Reply(DONE, text, trial_note(request.unit))


async def receipt(request: Request) -> Reply:
    """The commissioning receipt."""
    request.expect_nothing()
    return Reply(DONE, await receipt_text(request.unit, datetime.now(UTC)))


async def journal(request: Request) -> Reply:
    """The last entries of what the unit did."""
    words = request.words
    number = "".join(words) or str(LOG_ENTRIES)
    if len(words) > 1 or not number.isdecimal() or len(number) > 9 or int(number) < 1:
        raise UsageError("takes how many entries, from 1")
    return Reply(DONE, journal_text(request.unit.journal.entries()[-int(number) :]))


async def quarantine(request: Request) -> Reply:
    """The frames that were set aside; with `release` they are queued again."""
    if request.wants("release"):
        number = await request.unit.release_quarantined(request.by)
        if not number:
            return Reply(DONE, quarantine_text((), 0))
        return Reply(DONE, f"back in the queue: {number} frame{'s' * (number != 1)}\n")
    total = request.unit.status().cache.quarantined_frames
    return Reply(DONE, quarantine_text(await request.unit.quarantined(), total))


async def change_password(request: Request) -> Reply:
    """Takes the old and the new password from standard input."""
    request.expect_nothing()
    given = (await request.input_text()).splitlines()
    if len(given) != 2 or not given[1]:
        raise UsageError("takes the old and the new password on standard input, one line each")
    if not await request.login.verify(given[0]):
        raise Refused("the old password is wrong: nothing was changed")
    if len(given[1].strip()) < SHORTEST_PASSWORD:
        raise Refused(f"the new password needs {SHORTEST_PASSWORD} characters: nothing was changed")
    await request.login.change(given[1])
    _log.info("password changed by %s", request.by)
    return Reply(DONE, "password changed: note it, the label on the case says the old one\n")
