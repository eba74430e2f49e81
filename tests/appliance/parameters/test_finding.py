from appliance.parameters.finding import Finding


def test_is_written_with_the_parameter_it_is_about() -> None:
    """A finding about one parameter begins with its key, one about the whole with its text."""
    assert str(Finding("error", "too long", "data-topic")) == "data-topic: too long"
    assert str(Finding("warning", "the clock is wrong")) == "the clock is wrong"
