from appliance.parameters.refusal import ConfigurationRefused, Refused


def test_names_its_parameter() -> None:
    """A refusal reads "key: reason" where the key is known."""
    assert str(Refused("too long", "client-id")) == "client-id: too long"


def test_without_a_key_is_the_reason_alone() -> None:
    """A refusal without a key reads as its reason."""
    refused = Refused("too long")
    assert (str(refused), refused.reason, refused.key) == ("too long", "too long", None)


def test_configuration_joins_its_problems() -> None:
    """A refused configuration names every problem in one line."""
    refused = ConfigurationRefused((Refused("empty", "broker-url"), Refused("long", "client-id")))
    assert str(refused) == "broker-url: empty; client-id: long"
    assert [problem.key for problem in refused.problems] == ["broker-url", "client-id"]
