from dataclasses import replace
from typing import Literal

import pytest
import urwid

from appliance.parameters.catalogue import CATALOGUE, Parameter
from appliance.parameters.finding import Finding
from appliance.parameters.guidance import GUIDANCE
from tests.tui.pictures import STATUS, looks
from tui.entry import Entry
from tui.frame import appeal, body_size, framed, too_small
from tui.judgement import Judgement
from tui.palette import PALETTE
from tui.parameters_picture import Hands, Notice, Place, Scene, compose

VERDICTS: tuple[Literal["valid", "warning", "refused"], ...] = ("valid", "warning", "refused")
LONG_ERROR = "the broker's certificate is not to be trusted: " + "for this and that reason, " * 9


def scene(**changes: object) -> Scene:
    """Return a scene of a healthy unit with nothing entered."""
    entries = tuple(Entry(each) for each in CATALOGUE)
    return replace(Scene(STATUS, entries, {}, 0, Place.LIST, Notice("")), **changes)  # type: ignore[arg-type]


def draw(shown: Scene, size: tuple[int, int]) -> urwid.Canvas:
    """Draw the scene in its frame."""
    hands = Hands(lambda _: None, lambda _: None, lambda: None)
    if too_small(size):
        return appeal(size).render(size)
    body = compose(shown, 0.0, body_size(size), hands)
    return framed(body, shown.status, "", "Keys").render(size, focus=True)


def rows(shown: Scene, size: tuple[int, int] = (80, 24)) -> list[str]:
    """Return what the scene looks like."""
    return [row.decode() for row in draw(shown, size).text]


def test_twelve_labels_stand_in_their_order() -> None:
    """The list is the catalogue's (interfaces, section 3)."""
    left = [row[3:34].strip() for row in rows(scene())[2:14]]
    assert left == [each.label for each in CATALOGUE]


@pytest.mark.parametrize("number", range(len(CATALOGUE)))
def test_every_parameter_is_explained_in_full(number: int) -> None:
    """Label, description and example of each are all there at 80 by 24, and its field too."""
    shown = [row[35:].strip() for row in rows(scene(chosen=number))[2:16]]
    words = " ".join(shown)
    parameter = CATALOGUE[number]
    assert parameter.label in words
    assert parameter.description in words
    assert parameter.example in words
    assert any(row.startswith("┌") for row in shown)
    assert any(row.startswith("└") for row in shown)


def test_the_three_buttons_are_there() -> None:
    """Their text is fixed (interfaces, section 7)."""
    assert any("<Clear>  <Save>  <Activate>" in row for row in rows(scene()))


@pytest.mark.parametrize(
    ("size", "place"),
    [
        *(((80, 24), place) for place in Place),
        *((size, Place.LIST) for size in ((81, 25), (100, 24), (80, 60), (132, 43), (500, 200))),
    ],
)
def test_any_size_is_filled_exactly(size: tuple[int, int], place: Place) -> None:
    """Larger terminals use the room, whatever has the focus and however long the texts."""
    for number in range(len(CATALOGUE)):
        shown = scene(chosen=number, place=place, notice=Notice(LONG_ERROR, "refused"))
        shown.entries[number].insert("a long value 水 " * 50)
        canvas = draw(shown, size)
        assert (canvas.cols(), canvas.rows()) == size
        assert canvas.cursor is not None


@pytest.mark.parametrize("size", [(79, 24), (80, 23), (1, 1), (40, 12), (500, 3)])
def test_a_terminal_that_is_too_small_is_told_so(size: tuple[int, int]) -> None:
    """The words name both sizes."""
    shown = "".join("".join(rows(scene(), size)).split())
    assert shown.startswith("Thisscreenneeds80×24"[: size[0] * size[1]])  # noqa: RUF001


def test_a_long_refusal_is_wrapped_and_not_cut() -> None:
    """All words of an error are there to be read."""
    shown = " ".join(" ".join(rows(scene(notice=Notice(LONG_ERROR, "refused")))).split())
    assert LONG_ERROR.strip() in shown


def test_several_problems_take_a_line_each() -> None:
    """What Activate refuses reads as a list."""
    problems = Notice("Not activated:\nBroker URL: missing\nTopic: missing", "refused")
    shown = [row.strip() for row in rows(scene(notice=problems))]
    assert "Broker URL: missing" in shown
    assert "Topic: missing" in shown


def test_more_than_fits_is_told_of() -> None:
    """Nothing is cut without a word, and a larger window shows all of it."""
    problems = Notice("\n".join(f"problem {number}" for number in range(12)), "refused")
    shown = "\n".join(rows(scene(notice=problems)))
    assert "problem 5" in shown
    assert "problem 6" not in shown
    assert "there is more to read: enlarge the window" in shown
    assert "problem 11" in "\n".join(rows(scene(notice=problems), (80, 40)))


def test_the_unit_reports_its_own_troubles() -> None:
    """Why the broker cannot be reached is told without being asked."""
    broker = replace(STATUS.broker, state="waiting", retry_in_s=4.2, last_error="connection\x07 no")
    radio = replace(STATUS.radio, state="unavailable", error="no such device")
    cache = replace(STATUS.cache, error="the disk is full")
    shown = rows(scene(status=replace(STATUS, broker=broker, radio=radio, cache=cache)))
    assert "broker waiting 4 s" in shown[0]
    assert any("Broker: connection no" in row for row in shown)
    assert any("Radio: no such device" in row for row in shown)
    assert any("Cache: the disk is full" in row for row in shown)


def test_a_broker_that_recovered_is_not_complained_of() -> None:
    """An old error is no news while all is well."""
    broker = replace(STATUS.broker, last_error="connection refused")
    assert not any("refused" in row for row in rows(scene(status=replace(STATUS, broker=broker))))


def test_what_a_connection_does_not_mend_is_told_while_there_is_one() -> None:
    """The broker takes most of it: nobody would look for the rest."""
    broker = replace(STATUS.broker, last_error="no line; forbidden", findings="forbidden")
    shown = rows(scene(status=replace(STATUS, broker=broker)))
    assert "! broker connected" in shown[0]
    assert any("Broker: forbidden" in row for row in shown)
    assert not any("no line" in row for row in shown)


def test_the_longest_title_fits() -> None:
    """Serial number and the longest states share the line; the states are never cut."""
    status = replace(
        STATUS,
        unit=replace(STATUS.unit, serial_number="9" * 40),
        broker=replace(STATUS.broker, state="unconfigured"),
        cache=replace(STATUS.cache, frames=5_000_000),
        radio=replace(STATUS.radio, state="unavailable"),
    )
    title = rows(scene(status=status))[0]
    assert title.endswith("broker unconfigured   cache 5000000   ! radio unavailable ")


def at(key: str, shown: Scene, **changes: object) -> tuple[Scene, Entry]:
    """Return the scene with that parameter selected, and its entry."""
    number = [each.key for each in CATALOGUE].index(key)
    return replace(shown, chosen=number, **changes), shown.entries[number]  # type: ignore[arg-type]


def pane(shown: Scene, size: tuple[int, int] = (80, 24)) -> str:
    """Return what stands right of the list as one line, boxes left out."""
    bare = str.maketrans("┌─┐└┘│", "      ")
    return " ".join(" ".join(row[35:].translate(bare) for row in rows(shown, size)[2:]).split())


def every_state() -> Scene:
    """Return a scene with an entry in each state, the last one selected."""
    shown = scene(chosen=len(CATALOGUE) - 1)
    _, active, pending, edited, invalid, *_ = shown.entries
    active.refresh("active", pending=False)
    pending.refresh("pending", pending=True)
    edited.insert("edited")
    invalid.take_findings((Finding("error", "invalid"),))
    return shown


def test_each_state_has_its_sign() -> None:
    """It says without colour where a value stands; the legend says what it means."""
    shown = rows(every_state())
    assert [row[:3] for row in shown[2:7]] == ["   ", " = ", " * ", " ~ ", " ! "]
    assert any("=active *saved ~edited !invalid" in row for row in shown)


def test_every_look_is_in_the_palette() -> None:
    """A name that the palette lacks would be drawn without a look."""
    found: set[object] = set()
    kinds: tuple[Literal["said", "done", "refused"], ...] = ("said", "done", "refused")
    for kind in kinds:
        for place in Place:
            shown = replace(every_state(), place=place, notice=Notice("words", kind))
            found |= looks(draw(shown, (80, 24)))
    for verdict in VERDICTS:
        shown, entry = at("data-topic", scene(), active={"data-topic": "old"})
        entry.insert("new")
        entry.take_judgement("new", Judgement(verdict, "so it is"))
        found |= looks(draw(shown, (120, 50)))
    assert found <= {name for name, *_ in PALETTE}
    assert found >= {"active", "pending", "edited", "invalid", "ok", "warning", "error", "chosen"}


@pytest.mark.parametrize(("verdict", "sign"), list(zip(VERDICTS, "+!x", strict=True)))
def test_a_judgement_stands_below_the_field(
    verdict: Literal["valid", "warning", "refused"], sign: str
) -> None:
    """With a sign, so that no colour is needed."""
    shown, entry = at("data-topic", scene())
    entry.insert("new")
    entry.take_judgement("new", Judgement(verdict, "so it is"))
    assert f" new {sign} so it is" in pane(shown)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("", "empty"),
        ("a", "edited, not saved, 1 character "),
        ("ab", "edited, not saved, 2 characters "),
        ("水" * 1200, "edited, not saved, 1,200 characters "),
        ("a\nb\nc\n", "edited, not saved, 3 lines "),
        ("a\n", "edited, not saved, 2 characters "),
    ],
)
def test_the_field_is_titled_with_what_is_in_it(text: str, title: str) -> None:
    """Where the value stands and how long it is: a paste is seen to have come whole."""
    shown, entry = at("last-will-payload", scene())
    entry.insert(text)
    box = next(row[36:] for row in rows(shown) if "┌" in row)
    assert box.startswith(f"┌ {title.rstrip()} ─")


@pytest.mark.parametrize(
    ("key", "saved", "active", "title"),
    [
        ("data-topic", "meters", "", "saved, not active, 6 characters"),
        ("data-topic", "meters", "meters", "active, 6 characters"),
        ("data-topic", "", "meters", "cleared, still active"),
        ("client-password", "", "", "not set"),
        ("client-password", "hunter2", "", "set, not active"),
        ("client-password", "hunter2", "hunter2", "set, active"),
        ("client-password", "", "hunter2", "cleared, still active"),
    ],
)
def test_the_title_says_where_a_saved_value_stands(
    key: str, saved: str, active: str, title: str
) -> None:
    """Saved and active are two different things; a secret's length is nobody's business."""
    shown, entry = at(key, scene(), active={key: active})
    entry.refresh(saved, pending=saved != active)
    assert f" {title} " in f"{pane(shown)} "


def test_what_is_active_is_shown_where_it_differs() -> None:
    """Beside an edit and a saved value; not where it is what the field shows."""
    shown, entry = at("data-topic", scene(), active={"data-topic": "in\nservice"})
    entry.refresh("in\nservice", pending=False)
    assert "Active now" not in pane(shown)
    entry.take_findings((Finding("error", "invalid all the same"),))
    assert "Active now" not in pane(shown)
    entry.insert("!")
    assert "Active now: in service" in pane(shown)
    entry.drop_edit()
    entry.refresh("saved", pending=True)
    assert "Active now: in service" in pane(shown)
    assert "Active now" not in pane(replace(shown, active={}))


def test_an_active_secret_is_only_said_to_be_set() -> None:
    """Also while another one is entered."""
    shown, entry = at("client-password", scene(), active={"client-password": "hunter2"})
    entry.refresh("", pending=True)
    assert "Active now: set" in pane(shown)
    entry.insert("another")
    assert "Active now: set" in pane(shown)
    assert "hunter2" not in "".join(rows(shown))


def test_an_active_certificate_is_described() -> None:
    """In one line where there is little room, in full where there is more."""
    shown, entry = at("client-certificate", scene(), active={"client-certificate": "PEM"})
    entry.refresh("other", pending=True)
    entry.describe(("CN=new",), ("CN=a meter room with a name", "issued by CN=somebody", "leaf"))
    words = "Active now: CN=a meter room with a name, issued by CN=somebody, leaf"
    assert "Active now: CN=a meter room with a name, is…" in pane(shown)
    assert words in pane(shown, (80, 40))
    assert "PEM" not in pane(shown)


CERTIFICATE = (
    "CN=meter room 12, in the cellar of the",
    "town hall,O=Meters of the North",
    "issued by OU=Device certificates,",
    "O=Meters of the North",
    "leaf, EC P-256",
    "2026-01-01 to 2027-01-01, 39 days left",
    *("SHA256 65:C7:DB:16", "       D7:72:AD:2E", "       47:D4:20:4C"),
)


def certificate(lines: tuple[str, ...], notice: str = "") -> Scene:
    """Return a scene of a saved certificate so described, with a remark and another one active."""
    key = "client-certificate"
    shown, entry = at(key, scene(notice=Notice(notice)), active={key: "PEM"})
    entry.refresh("other", pending=True)
    entry.describe(lines, ("CN=old",))
    entry.take_findings((Finding("warning", "expires in 39 days: have a new one made in time"),))
    return shown


@pytest.mark.parametrize("notice", ["", "Saved: it is.\nIn service after <Activate>."])
def test_a_described_certificate_is_whole_at_80_by_24(notice: str) -> None:
    """Its dates and its fingerprint are what one looks for; a remark takes nothing away."""
    words = pane(certificate(CERTIFICATE, notice))
    assert " ".join(" ".join(CERTIFICATE).split()) in words
    assert "! expires in 39 days" in words
    assert "Active now: CN=old" in words
    assert "more: PgUp/PgDn" not in words


def test_more_than_a_field_or_a_description_shows_is_told_of() -> None:
    """In its lower line; all of it is there where there is room."""
    chain = certificate((*CERTIFICATE, "", *CERTIFICATE))
    assert " more: PgUp/PgDn ─" in "\n".join(rows(chain))
    assert "more: PgUp/PgDn" not in pane(chain, (80, 50))
    shown, entry = at("last-will-payload", scene())
    bottom = next(number for number, row in enumerate(rows(shown)) if "└" in row)
    top = next(number for number, row in enumerate(rows(shown)) if "┌" in row)
    entry.insert("\n" * (bottom - top - 2))
    assert "more: PgUp/PgDn" not in pane(shown)
    entry.insert("\n")
    assert " more: PgUp/PgDn ┘" in rows(shown)[bottom]


def test_the_rules_place_depends_on_no_short_notice() -> None:
    """What is above the buttons does not jump about with every answer."""

    def place(shown: Scene) -> int:
        return next(number for number, row in enumerate(rows(shown)) if "┴" in row)

    for much in (False, True):
        shown = certificate(CERTIFICATE if much else ())
        said = [replace(shown, notice=Notice(words)) for words in ("", "one", "one\ntwo")]
        assert {place(each) for each in said} == {19 if much else 16}


def test_an_explanation_is_there_in_full_or_not_at_all() -> None:
    """Half a sentence helps nobody."""
    words = next(each.description for each in CATALOGUE if each.key == "client-certificate")
    assert words in pane(certificate(()))
    assert words.split()[0] not in pane(certificate((*CERTIFICATE, "", *CERTIFICATE))).split()


@pytest.mark.parametrize("declared", CATALOGUE, ids=lambda each: each.key)
def test_what_is_wrong_is_there_in_full_when_room_is_short(declared: Parameter) -> None:
    """The description gives way; field, its title and what is active stay."""
    shown, entry = at(declared.key, scene(notice=Notice(LONG_ERROR * 2, "refused")))
    shown = replace(shown, active={declared.key: "in service"})
    entry.refresh("", pending=True)
    reason = "an address where a name is due, and " + "this goes on for a line more, " * 4
    entry.insert("x")
    entry.take_judgement("x", Judgement("refused", reason))
    words = pane(shown)
    assert f"x {reason.strip()}" in words
    assert "Active now: " in words
    assert "edited, not saved, 1 character" in words
    assert words.startswith(declared.label)
    assert sum("│x " in row or "│* " in row for row in rows(shown)) == 1


@pytest.mark.parametrize("size", [(120, 40), (200, 60)])
def test_a_large_terminal_shows_the_values_in_the_list(size: tuple[int, int]) -> None:
    """And more on the parameter; a certificate as what it is, a secret never."""
    shown = scene()
    values = {"data-topic": "meters/north", "client-password": "hunter2", "client-id": "edited"}
    for key, text in values.items():
        _, entry = at(key, shown)
        entry.refresh(text, pending=True)
    entry.insert("!")
    _, certificate = at("client-certificate", shown)
    certificate.refresh("PEM", pending=True)
    certificate.describe(("CN=meter room", "more"))
    canvas = draw(shown, size)
    assert (canvas.cols(), canvas.rows()) == size
    left = {row[3:34].strip(): row[34:54].split("│")[0].strip() for row in rows(shown, size)[2:14]}
    assert left["Topic for End-device Data"] == "meters/north"
    assert left["MQTT Client Password"] == "(set)"
    assert left["MQTT Client Certificate"] == "CN=meter room"
    assert left["MQTT Client ID"] == left["Broker URL"] == ""
    assert GUIDANCE["broker-url"].meaning[:40] in pane(shown, (80, 60))


def test_values_need_more_than_the_least_room() -> None:
    """At 80 columns all of them is for the label."""
    shown = scene()
    shown.entries[2].refresh("meters/north", pending=True)
    assert "meters/north" not in "".join(rows(shown))


def test_a_value_in_the_list_cannot_write_on_the_terminal() -> None:
    """Nor can it take a second row."""
    shown = scene()
    shown.entries[4].refresh("a\x1b[2J\n\u202eb", pending=True)
    assert "a[2J b" in rows(shown, (120, 40))[6]


def test_the_palette_is_valid() -> None:
    """Every entry is accepted, and none is defined twice."""
    screen = urwid.display.html_fragment.HtmlGenerator()
    screen.register_palette(PALETTE)
    assert len({name for name, *_ in PALETTE}) == len(PALETTE)
