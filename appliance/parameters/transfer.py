"""A configuration as TOML, to move it to the next unit: without secrets, all or nothing."""

import tomllib
from collections.abc import Mapping

import tomli_w

from appliance.parameters.accepted import Accepted
from appliance.parameters.catalogue import CATALOGUE, parameter
from appliance.parameters.refusal import ConfigurationRefused, Refused
from appliance.parameters.values import ParameterValues

_HEAD = (
    "# Configuration of a concentrator, without secrets: those are entered on the unit itself.\n"
)


def export_toml(values: ParameterValues) -> str:
    """Return every parameter but the secrets, empty ones too, so that an import leaves no trace."""
    plain = ((each.key, values[each.key]) for each in CATALOGUE if not each.secret)
    # A line break in a multi-line string is a newline to TOML, with or without carriage return.
    return _HEAD + "".join(
        tomli_w.dumps({key: text}, multiline_strings="\r" not in text) for key, text in plain
    )


def import_toml(text: str) -> dict[str, str]:
    """Return key and text of each parameter in `text`; raise Refused where it is no such file."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"not valid TOML ({error}): give what export has written") from error
    if not document:
        raise Refused("holds no parameter: give what export has written")
    for key, value in document.items():
        try:
            declared = parameter(key)
        except Refused as error:
            raise Refused(error.reason, key) from error
        if declared.secret:
            raise Refused("is a secret, which no file should hold: leave it out, and use set", key)
        if not isinstance(value, str):
            raise Refused("text in quotes is needed", key)
    return document


def accept_all(texts: Mapping[str, str]) -> dict[str, Accepted]:
    """Return what each rule accepts, "" always; raise ConfigurationRefused with every fault."""
    accepted, problems = {}, []
    for key, text in texts.items():
        try:
            accepted[key] = parameter(key).accept(text) if text else Accepted("")
        except Refused as error:
            problems.append(error)
    if problems:
        raise ConfigurationRefused(tuple(problems))
    return accepted
