"""`concentrator` with defences switched off, for the tests of the tests.

    python -m tests.support.weakened '{"appliance.forwarding.forwarder.WINDOW": 1000}' run …

Each name is a constant of a module, replaced before the program begins; null stands for a
function that does nothing. A name that is not there ends the program: no renamed constant goes on
unweakened. `synchronous` replaces what the program tells SQLite by that PRAGMA. The product has no
switch for any of this.
"""

import importlib
import json
import re
import sys
from typing import Any


def weaken(name: str, value: object) -> None:
    """Replaces one constant, "package.module.NAME"; AttributeError where there is none."""
    if name == "synchronous":
        _weaken_synchronous(str(value))
        return
    module_name, _, constant = name.rpartition(".")
    module = importlib.import_module(module_name)
    if not hasattr(module, constant):
        raise AttributeError(f"{name} is not there any more: correct the test of the tests")
    setattr(module, constant, _nothing if value is None else value)


def _nothing(*_: object, **__: object) -> None:
    pass


def _weaken_synchronous(value: str) -> None:
    cache = importlib.import_module("appliance.forwarding.cache_schema")

    class Weakened(cache.Database):  # type: ignore[name-defined, misc]
        """A connection that does not sync as it is told to."""

        def execute(self, sql: str, *parameters: Any) -> Any:
            changed, found = re.subn(r"(?i)(synchronous\s*=\s*)\w+", rf"\1{value}", sql)
            if found:
                print(f"weakened: {changed}", file=sys.stderr)  # noqa: T201 - what a test looks for
            return super().execute(changed, *parameters)

    cache.Database = Weakened  # type: ignore[attr-defined]


def main() -> int:
    """Weakens, then runs the program with the arguments that are left."""
    for name, value in json.loads(sys.argv.pop(1)).items():
        weaken(name, value)
    from appliance.cli import main as concentrator  # noqa: PLC0415 - weakened before it is used

    return concentrator()


if __name__ == "__main__":
    sys.exit(main())
