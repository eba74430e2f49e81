import pytest

from appliance.parameters.catalogue import CATALOGUE, Kind, Parameter, parameter
from appliance.parameters.refusal import Refused

# interfaces, section 3: key, label, required, secret.
DECLARED = [
    ("broker-url", "Broker URL", True, False),
    ("event-topic", "Topic for Priority Data (event)", False, False),
    ("data-topic", "Topic for End-device Data", True, False),
    ("last-will-topic", "Topic for Last Will", False, False),
    ("last-will-payload", "Payload for Last Will", False, False),
    ("status-topic", "Topic for Status Notifications", False, False),
    ("broker-certificate", "MQTT Broker Certificate", False, False),
    ("client-username", "MQTT Client Username", False, False),
    ("client-password", "MQTT Client Password", False, True),
    ("client-id", "MQTT Client ID", False, False),
    ("client-certificate", "MQTT Client Certificate", False, False),
    ("client-private-key", "MQTT Client Private Key", False, True),
]
SECRETS = [each for each in CATALOGUE if each.secret]
MARK = "Zq7secretZq7"

each_parameter = pytest.mark.parametrize("each", CATALOGUE, ids=lambda each: each.key)


def test_the_twelve_are_declared_in_order() -> None:
    """Keys, labels, order and what is required or secret are those users rely on."""
    assert [(each.key, each.label, each.required, each.secret) for each in CATALOGUE] == DECLARED


@each_parameter
def test_every_parameter_is_found_by_its_key(each: Parameter) -> None:
    """A key leads to its parameter."""
    assert parameter(each.key) is each


def test_an_unknown_key_is_answered_with_those_there_are() -> None:
    """A wrong key is refused with the list of right ones."""
    with pytest.raises(Refused, match=r"no such parameter; one of: broker-url, .*private-key$"):
        parameter("broker")


@each_parameter
def test_every_description_fits_a_small_screen(each: Parameter) -> None:
    """A description is two to four sentences that fit beside the list on 80 columns."""
    assert len(each.description) <= 240
    assert 2 <= each.description.count(". ") + 1 <= 4
    assert each.description.endswith(".")


@each_parameter
def test_every_example_of_text_passes_its_own_rule(each: Parameter) -> None:
    """An example can be entered as it stands; a PEM's shows how one begins."""
    if each.kind is Kind.PEM:
        assert each.example.startswith("-----BEGIN ")
    else:
        accepted = each.accept(each.example)
        assert (accepted.text, accepted.warnings) == (each.example, ())


@each_parameter
def test_empty_stands_for_not_set(each: Parameter) -> None:
    """The empty text clears an optional parameter and is refused for a required one."""
    if each.required:
        with pytest.raises(Refused, match=f"^{each.key}: empty"):
            each.accept("")
    else:
        assert each.accept("").text == ""


@each_parameter
def test_a_refusal_names_the_parameter(each: Parameter) -> None:
    """What a parameter refuses carries its key, in one printable line."""
    with pytest.raises(Refused) as caught:
        each.accept("\ud800" * 3)
    assert caught.value.key == each.key
    assert str(caught.value).startswith(f"{each.key}: ")
    assert str(caught.value).isprintable()


def test_the_url_is_stored_as_entered() -> None:
    """The broker's URL keeps the technician's spelling."""
    text = "SSL://Broker.Example.com:08883"
    assert parameter("broker-url").accept(text).text == text


@pytest.mark.parametrize("each", SECRETS, ids=lambda each: each.key)
@pytest.mark.parametrize(
    "text",
    [
        f"{MARK}\n{MARK}",
        f"{MARK}\0",
        f"{MARK}\ud800",
        MARK * 6000,
        f"-----BEGIN {MARK.upper()}-----\n{MARK}\n-----END {MARK.upper()}-----",
        f"-----BEGIN PRIVATE KEY-----\n{MARK}\n-----END PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{MARK}",
        f"-----BEGIN PRIVATE KEY-----\n{MARK}æ\n-----END PRIVATE KEY-----",
        f"PuTTY-User-Key-File-3: {MARK}\n",
    ],
)
def test_a_refused_secret_is_not_repeated(each: Parameter, text: str) -> None:
    """No message about a secret, nor its chain of causes, holds a part of it."""
    try:
        each.accept(text)
    except Refused as error:
        cause: BaseException | None = error
        while cause is not None:
            assert MARK.lower() not in str(cause).lower()
            cause = cause.__cause__
    else:
        assert each.key == "client-password"


def test_an_accepted_secret_hides_in_its_repr() -> None:
    """What a rule answers does not show the value when printed."""
    assert MARK not in repr(parameter("client-password").accept(MARK))
