"""Why the demo cannot run."""

from appliance.errors import ConcentratorError


class DemoError(ConcentratorError):
    """One line: what is missing or in the way, and what to do."""
