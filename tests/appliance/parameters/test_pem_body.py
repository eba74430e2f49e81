import base64
import json

import pytest

from appliance.parameters.pem_body import decode, visible, without_dashes

DATA = bytes(range(256))  # its Base64 has every kind of character
BODY = base64.b64encode(DATA).decode()
HALVES = f"{BODY[:100]}\n{BODY[100:]}"


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        f"-----\n{HALVES}\n-----",
        f"\u2014\u2013-  {HALVES} \u2014",
        HALVES.replace("\n", "\\n"),
        HALVES.replace("\n", "\\\\r\\\\n"),
        HALVES.replace("\n", "\\t"),
        f"> {HALVES}".replace("\n", "\n> "),
        f">>{HALVES}".replace("\n", "\n>>"),
        f"> {HALVES}".replace("\n", " > "),
        f"| {HALVES} |".replace("\n", " |\n| "),
        json.dumps(BODY),
        BODY.replace("/", "\\/"),
        BODY.replace("+", "\\u002b").replace("=", "\\u003D"),
        f'"{HALVES}",'.replace("\n", '",\n"'),
        HALVES.replace("\n", "\\\n"),
        "\n".join(BODY),
    ],
)
def test_what_was_done_to_base64_is_undone(body: str) -> None:
    """Quoting, escapes, odd widths and dashes around do not change what is read."""
    assert decode(body) == DATA


@pytest.mark.parametrize(
    "body", [BODY[:-1], BODY[1:], f"{BODY}=", BODY.replace("A", "!", 1), BODY.replace("A", "Ä", 1)]
)
def test_damage_is_not_undone(body: str) -> None:
    """Lost or foreign characters are an error."""
    with pytest.raises(ValueError):  # noqa: PT011 - its text is not ours
        decode(body)


def test_dashes_go_from_the_ends_alone() -> None:
    """Dashes and white space in any mixture go from both ends, and stay within."""
    assert without_dashes(" -\n\u2013 a-b \u2014 -- \n") == "a-b"
    assert without_dashes(" - ") == ""


def test_what_cannot_be_seen_goes() -> None:
    """Byte-order marks, zero-width characters and soft hyphens go; white space stays."""
    assert visible("\ufeffa\u200bb\u00ad\n\u202e c") == "ab\n c"
