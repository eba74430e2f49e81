"""A unit that fails under the screen."""

from appliance.status import Status
from appliance.unit import Unit


class BrokenUnit:
    """A unit whose status fails as soon as it is told to."""

    def __init__(self, unit: Unit) -> None:
        self.broken = False
        self._unit = unit

    def __getattr__(self, name: str) -> object:
        """Be the unit in everything else."""
        return getattr(self._unit, name)

    def status(self) -> Status:
        """Fail, or not."""
        if self.broken:
            raise RuntimeError("status is broken")
        return self._unit.status()
