"""An activation while it happens, and once it is over."""

from dataclasses import replace

import pytest

from appliance.status import BrokerStatus, Step, StepName, Verdict
from tests.tui.pictures import STATUS, looks
from tui.palette import PALETTE
from tui.progress import Progress

BROKER = STATUS.broker
SIZE = (44, 14)  # what there is at 80 by 24
NAMES: tuple[StepName, ...] = ("clock", "name", "tcp", "tls", "mqtt", "connect", "puback")
REASON = "broker.localhost refuses connections on port 1: check the port in the Broker URL"


def shown(
    progress: Progress,
    now: float = 0.0,
    broker: BrokerStatus = BROKER,
    size: tuple[int, int] = SIZE,
) -> list[str]:
    """Return its rows, without trailing blanks."""
    canvas = progress.compose(now, broker, size).render(size)
    assert (canvas.cols(), canvas.rows()) == size
    return [row.decode().rstrip() for row in canvas.text]


def after(*steps: Step, began: float = 100.0) -> Progress:
    """Return one that has come so far, a second a step."""
    progress = Progress(began)
    for number, step in enumerate(steps, 1):
        progress.take(step, began + number)
    return progress


def test_all_that_is_to_come_is_named_from_the_start() -> None:
    """The first step is waited for, with the seconds it takes so far."""
    rows = shown(Progress(100.0), 103.4)
    assert rows[0].split() == ["Activating", "3", "s"]
    assert rows[2] == "> clock   this unit's clock ... 3 s"
    assert [row.split()[0] for row in rows[3:9]] == list(NAMES[1:])


def test_a_step_that_is_done_has_its_answer_and_the_next_one_is_waited_for() -> None:
    """Its time is told where it is worth telling."""
    progress = after(Step("clock", "ok", 0.0, "right"), Step("name", "ok", 1.23, "127.0.0.1"))
    rows = shown(progress, 104.0)
    assert rows[2:5] == [
        "+ clock   right",
        "+ name    1.2 s: 127.0.0.1",
        "> tcp     a connection to it ... 2 s",
    ]
    assert progress.words() == "step 3 of 7"
    assert progress.under_way


def test_a_step_left_out_is_no_more_waited_for_once_a_later_one_is_done() -> None:
    """Its place among the rest is all that there is to say of it."""
    rows = shown(after(Step("clock", "ok", 0.0, "right")), 101.0)
    assert sum(row.startswith(">") for row in rows) == 1


@pytest.mark.parametrize(
    ("verdict", "sign"), [("ok", "+"), ("failed", "x"), ("skipped", "-"), ("warning", "!")]
)
def test_each_verdict_has_its_sign(verdict: Verdict, sign: str) -> None:
    """Never colour alone."""
    assert shown(after(Step("tls", verdict, 0.0, "words")))[2] == f"{sign} tls     words"


@pytest.mark.parametrize("verdict", ["failed", "skipped", "warning"])
def test_what_is_not_simply_well_is_there_in_full(verdict: Verdict) -> None:
    """Behind the column of the names; what went well takes one line where room is short."""
    well = Step("name", "ok", 0.0, "very long " * 40)
    rows = shown(after(well, Step("tcp", verdict, 0.0, REASON)))
    assert rows[2].endswith("…")
    assert all(row.startswith(" " * 10) for row in rows[4:6])
    assert REASON in " ".join(row[10:] for row in rows[3:6])


def test_what_went_well_is_there_in_full_where_there_is_room() -> None:
    """Which address and which certificate it was is worth reading."""
    text = "TLSv1.2, the broker's certificate is CN=broker.localhost"
    rows = shown(after(Step("tls", "ok", 0.0, text)))
    assert rows[2:4] == [
        "+ tls     TLSv1.2, the broker's certificate",
        "          is CN=broker.localhost",
    ]


@pytest.mark.parametrize("done", range(len(NAMES)))
def test_waiting_takes_one_row_however_long(done: int) -> None:
    """At 80 columns, whichever step it is, for minutes."""
    rows = shown(
        after(*(Step(name, "ok", 0.0, "well") for name in NAMES[:done])), 100.0 + done + 999
    )
    assert rows[2 + done].startswith(f"> {NAMES[done]} ")
    assert rows[2 + done].endswith(" ... 999 s")


def test_the_end_is_in_view_once_it_is_over() -> None:
    """A reason is there in full where it fits, whatever was before it."""
    warned = [Step(name, "warning", 0.0, "a warning " * 12) for name in NAMES[:3]]
    progress = after(*warned, Step("tls", "failed", 0.0, REASON))
    assert REASON not in " ".join(" ".join(shown(progress)).split())
    progress.end("Not activated", 107.0)
    assert REASON in " ".join(" ".join(shown(progress)).split())


def test_an_end_names_what_came_of_it_and_stops_the_clock() -> None:
    """Nothing more is waited for."""
    progress = after(Step("clock", "ok", 0.0, "right"), Step("name", "failed", 0.0, REASON))
    progress.end("Not activated", 107.0)
    rows = shown(progress, 500.0)
    assert rows[0].split() == ["Not", "activated", "7", "s"]
    assert not any(name in "".join(rows) for name in ("tcp", "tls", "mqtt", "puback"))
    assert not progress.under_way


def test_seven_steps_are_seven() -> None:
    """There is no eighth to be on."""
    assert after(*(Step(name, "ok", 0.0, "well") for name in NAMES)).words() == "step 7 of 7"


def test_the_engine_is_watched_live() -> None:
    """Its state is there beside the steps, and why it waits."""
    assert shown(Progress(0.0))[-5:] == ["", "In service now: connected", "", "", ""]
    waiting = replace(BROKER, state="waiting", last_error="no such host")
    assert shown(Progress(0.0), broker=waiting)[-4:-2] == [
        "In service now: waiting",
        "no such host",
    ]
    failed = after(Step("connect", "failed", 0.0, "no such host"))
    assert "".join(shown(failed, broker=waiting)).count("no such host") == 1, "told once"
    recovered = replace(BROKER, last_error="no such host")
    assert "no such host" not in "".join(shown(Progress(0.0), broker=recovered))


@pytest.mark.parametrize("size", [(44, 14), (44, 3), (60, 40), (300, 100)])
def test_any_size_is_filled_exactly(size: tuple[int, int]) -> None:
    """However long the answers are."""
    progress = after(*(Step(name, "failed", 2.0, REASON * 3) for name in NAMES))
    shown(progress, size=size)


def test_a_brokers_words_cannot_write_on_the_terminal() -> None:
    """Names in certificates and reasons are others' data."""
    canvas = after(Step("tls", "ok", 0.0, "CN=\u202eevil\x1b[2J")).compose(0.0, BROKER, SIZE)
    text = b"".join(canvas.render(SIZE).text).decode()
    assert "CN=evil[2J" in text
    assert "\u202e" not in text


def test_its_looks_are_in_the_palette() -> None:
    """A name that the palette lacks would be drawn without a look."""
    verdicts: tuple[Verdict, ...] = ("ok", "failed", "skipped", "warning")
    steps = [Step(name, verdict, 0.0, "x") for name, verdict in zip(NAMES, verdicts, strict=False)]
    found = looks(after(*steps).compose(0.0, BROKER, SIZE).render(SIZE))
    assert found >= {"done", "refused", "hint", "warning"}
    assert found <= {name for name, *_ in PALETTE}
