"""Puts saved values into service, and takes them out again when their broker does not confirm.

Activate checks the whole, rehearses it against the broker, and replaces the forwarder. Only the
PUBACK of the status message (with no status topic, the CONNACK) makes the new configuration the
active one on disk; a power cut before it leaves the old one, whole. Where no confirmation comes
the new one is on trial: somebody decides within DECISION_S, or the unit goes back by itself if
there is something to go back to. Radio and cache know nothing of all this.
"""

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

from appliance.engine import Engine, OnStep, prove
from appliance.errors import ConcentratorError
from appliance.forwarding.cache import FrameCache
from appliance.forwarding.forwarder import DeliveryCounts, Forwarder
from appliance.forwarding.rehearsal import rehearse
from appliance.parameters.configuration import Configuration
from appliance.parameters.finding import Finding
from appliance.parameters.refusal import ConfigurationRefused, Refused
from appliance.parameters.review import clock_fault, review
from appliance.parameters.store import Activation, ParameterStore, StoreError
from appliance.parameters.values import ParameterValues
from appliance.settings import MqttSettings
from appliance.status import Step
from appliance.tasks import start_task

log = logging.getLogger(__name__)

DECISION_S = 60.0  # for the technician to choose between going back and keeping

CONFIRMED = "confirmed by the broker"


class RehearsalFailedError(ConcentratorError):
    """The broker cannot be reached as configured: the failed step, cause and remedy. One line."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A configuration that serves without its broker's confirmation, until somebody decides.

    `earlier` says whether there is one to go back to; without a decision the unit goes back to it
    at `deadline` (the event loop's clock), or keeps this one where there is none.
    """

    values: ParameterValues
    by: str
    reason: str
    earlier: bool
    deadline: float


class Activator:
    """The way from saved values to a forwarder at work, and back."""

    def __init__(
        self,
        store: ParameterStore,
        cache: FrameCache,
        settings: MqttSettings,
        serial_number: str,
        counts: DeliveryCounts,
    ) -> None:
        self.engine = Engine(cache, settings, serial_number, counts, self._complete)
        self.trial: Trial | None = None
        self._store = store
        self._serial_number = serial_number
        self._changing = asyncio.Lock()  # one change of what is in service at a time
        self._probation: asyncio.Task[None] | None = None

    async def resume(self) -> None:
        """Puts into service what was active before a restart; an unfit one is only named."""
        if active := self._store.active:
            await self.engine.serve(active.values, connect=False)

    async def stop(self) -> None:
        """Settles what is in flight and disconnects; a trial ends undecided, as by a power cut."""
        async with self._changing:
            self._end_trial()
            await self.engine.retire()

    async def review(self, now: datetime | None = None) -> tuple[Finding, ...]:
        """Errors and warnings of the saved configuration, with the frames now in the cache."""
        values = self._store.saved
        largest = await self.engine.largest_message(values)
        moment = now or datetime.now(UTC)
        return await asyncio.to_thread(review, values, self._serial_number, moment, largest)

    async def rehearse(self) -> AsyncIterator[Step]:
        """Tries the saved configuration against its broker; raises ConfigurationRefused."""
        prepared = await self.engine.prepare(self._store.saved)
        async with contextlib.aclosing(self._rehearse(*prepared)) as steps:
            async for step in steps:
                yield step

    async def activate(self, by: str, *, check: bool, on_step: OnStep) -> Trial | None:
        """Puts the saved values into service; a Trial where the broker has not confirmed.

        Without `check` there is no rehearsal, and no confirmation is waited for. Raises
        ConfigurationRefused, RehearsalFailedError and StoreError, and then the earlier
        configuration serves on.
        """
        try:
            async with self._changing:
                return await self._activate(by, check=check, on_step=on_step)
        except (ConfigurationRefused, RehearsalFailedError) as error:
            log.warning("configuration not activated for %s: %s", by, _grounds(error))
            raise

    async def _activate(self, by: str, *, check: bool, on_step: OnStep) -> Trial | None:
        if self.trial:
            raise Refused(f"an activation by {self.trial.by} still waits for a decision")
        values = self._store.saved
        prepared = await self.engine.prepare(values)
        if not check:
            await self._record(values, by, "kept without a check", in_service=True)
            await self.engine.swap(*prepared)
            return None
        await self._pass_review()
        await self._pass_rehearsal(*prepared, on_step)
        return await self._confirm(await self.engine.swap(*prepared), values, by, on_step)

    async def keep(self, by: str) -> None:
        """Ends the trial: what is on it becomes the active configuration. Raises StoreError."""
        async with self._changing:
            if trial := self.trial:
                outcome = f"kept by {by} though not confirmed: {trial.reason}"
                await self._record_served(trial.values, trial.by, outcome)
                self._end_trial()

    async def go_back(self, why: str) -> None:
        """Ends the trial: the earlier configuration serves again. Raises StoreError."""
        async with self._changing:
            if trial := self.trial:
                self._end_trial()
                await self._return()
                outcome = f"went back, {why}: {trial.reason}"
                log.warning("the activation by %s %s", trial.by, outcome)
                await self._record(trial.values, trial.by, outcome, in_service=False)

    async def _pass_review(self) -> None:
        errors = [each for each in await self.review() if each.severity == "error"]
        if errors:
            raise ConfigurationRefused(tuple(Refused(each.text, each.key) for each in errors))

    async def _pass_rehearsal(
        self, configuration: Configuration, context: ssl.SSLContext, on_step: OnStep
    ) -> None:
        async with contextlib.aclosing(self._rehearse(configuration, context)) as steps:
            async for step in steps:
                on_step(step)
                if step.verdict == "failed":
                    raise RehearsalFailedError(step.text)

    def _rehearse(
        self, configuration: Configuration, context: ssl.SSLContext
    ) -> AsyncGenerator[Step, None]:
        return rehearse(
            configuration,
            context,
            clock_fault=lambda: clock_fault(datetime.now(UTC)),
            skip_mqtt=self.engine.occupies(configuration),
        )

    async def _confirm(
        self, forwarder: Forwarder, values: ParameterValues, by: str, on_step: OnStep
    ) -> Trial | None:
        """Waits for the new forwarder's confirmation, and records it; else a trial begins."""
        reason = await prove(forwarder, on_step)
        if reason is None:
            try:
                await self._record_served(values, by, CONFIRMED)
            except StoreError:
                await self._return()  # what cannot be kept is not put into service
                raise
            return None
        earlier = self._store.active is not None
        deadline = asyncio.get_running_loop().time() + DECISION_S
        self.trial = Trial(values, by, reason, earlier, deadline)
        self._probation = start_task(self._on_probation(self.trial, forwarder), "trial")
        log.warning("the activation by %s is not confirmed, and on trial: %s", by, reason)
        return self.trial

    async def _on_probation(self, trial: Trial, forwarder: Forwarder) -> None:
        """The broker may still confirm; without, and without a decision, the unit decides."""
        try:
            await self._decide(trial, confirmed=await self._late_proof(forwarder))
        except StoreError as error:
            log.error("the activation by %s cannot be recorded: %s", trial.by, error)
            async with self._changing:
                if self.trial is trial:  # what cannot be kept is not put into service
                    self._end_trial()
                    await self._return()

    async def _late_proof(self, forwarder: Forwarder) -> bool:
        return await forwarder.proof(DECISION_S, first_failure=False) is None

    async def _decide(self, trial: Trial, *, confirmed: bool) -> None:
        if confirmed:
            async with self._changing:
                if self.trial is trial:
                    await self._record_served(trial.values, trial.by, f"{CONFIRMED}, late")
                    self.trial = None
        elif trial.earlier:
            await self.go_back(f"nobody decided within {DECISION_S:.0f} s")
        else:
            await self.keep("the unit, having nothing to go back to")

    def _end_trial(self) -> None:
        self.trial = None
        if self._probation and self._probation is not asyncio.current_task():
            self._probation.cancel()
        self._probation = None

    async def _return(self) -> None:
        active = self._store.active
        if active is None:
            await self.engine.retire()
        else:
            await self.engine.serve(active.values, connect=True)

    async def _complete(self, forwarder: Forwarder, at: float) -> None:
        """Completes the activation in service, where the PUBACK comes after it was recorded."""
        async with self._changing:
            if self.trial or forwarder is not self.engine.forwarder:
                return  # not that of the active configuration; a trial that is kept takes it along
            try:
                await asyncio.to_thread(self._store.complete, at)
            except StoreError as error:
                log.warning("the first delivery is not on record: %s", error)

    async def _record_served(self, values: ParameterValues, by: str, outcome: str) -> None:
        """Makes active what the forwarder at work already serves, with its first PUBACK if any."""
        first = self.engine.first_puback
        await self._record(values, by, outcome, in_service=True, first_puback=first)

    async def _record(
        self,
        values: ParameterValues,
        by: str,
        outcome: str,
        *,
        in_service: bool,
        first_puback: float | None = None,
    ) -> None:
        activation = Activation(time.time(), by, outcome, in_service, values, first_puback)
        await asyncio.to_thread(self._store.record, activation)
        if in_service:
            log.info("configuration activated by %s: %s", by, outcome)


def _grounds(error: ConfigurationRefused | RehearsalFailedError) -> str:
    """For the log: of what is refused the keys, never the values that a reason may quote."""
    if isinstance(error, RehearsalFailedError):
        return str(error)
    keys = dict.fromkeys(str(each.key) for each in error.problems)
    return f"to be corrected, see check: {', '.join(keys)}"
