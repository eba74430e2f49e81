"""Unsaved edits beyond their session: who is offered them, and when they are forgotten."""

from appliance.parameters.secret import Secret
from tui.drafts import Draft, Drafts, Edit


def draft(by: str = "tech", left_at: float | None = None, **texts: str) -> Draft:
    """Return a draft with an edit for each key (with _ for -)."""
    edits = {
        key.replace("_", "-"): Edit(Secret(text), Secret(""), cleared=False)
        for key, text in texts.items()
    }
    return Draft(by, edits, left_at)


class Session:
    """One that has edits, and can be asked for them."""

    def __init__(self, drafts: Drafts, now: Draft) -> None:
        self.now = now
        self.offer = drafts.enter(self.current)
        self._drafts = drafts

    def current(self) -> Draft:
        """Return the edits as they are."""
        return self.now

    def end(self, left: Draft) -> None:
        """End with these left."""
        self.now = left
        self._drafts.leave(self.current)


def offered(session: Session) -> list[dict[str, str]]:
    """Return the texts that a session is offered."""
    drafts = session.offer.drafts(lambda *_: True)
    return [{key: edit.text.reveal() for key, edit in each.edits.items()} for each in drafts]


def test_the_first_session_is_offered_nothing() -> None:
    """There is nobody to have left anything."""
    assert offered(Session(Drafts(), draft(data_topic="mine"))) == []


def test_what_was_left_is_offered_to_the_next_with_who_and_when() -> None:
    """As long as nobody has taken it also to the one after."""
    drafts = Drafts()
    Session(drafts, draft()).end(draft("tech from 192.0.2.7", 1_000.0, data_topic="meters"))
    (found,) = Session(drafts, draft()).offer.drafts(lambda *_: True)
    assert (found.by, found.left_at) == ("tech from 192.0.2.7", 1_000.0)
    assert found.edits["data-topic"].text.reveal() == "meters"
    assert offered(Session(drafts, draft())) == [{"data-topic": "meters"}]


def test_a_session_without_edits_leaves_nothing() -> None:
    """Nothing is no offer."""
    drafts = Drafts()
    Session(drafts, draft(data_topic="meters")).end(draft(left_at=1.0))
    assert offered(Session(drafts, draft())) == []


def test_an_open_session_is_offered_as_it_is_at_the_moment() -> None:
    """Its line may be dead without knowing; what it has typed since counts too."""
    drafts = Drafts()
    other = Session(drafts, draft())
    mine = Session(drafts, draft())
    assert offered(mine) == []
    other.now = draft(data_topic="met")
    assert offered(mine) == [{"data-topic": "met"}]
    other.now = draft(data_topic="meters")
    assert offered(mine) == [{"data-topic": "meters"}]
    assert offered(other) == []


def test_an_open_session_that_is_left_in_order_is_offered_no_more() -> None:
    """Its technician was asked and has thrown the edits away."""
    drafts = Drafts()
    other = Session(drafts, draft(data_topic="meters"))
    mine = Session(drafts, draft())
    other.end(draft())
    assert offered(mine) == []
    assert offered(Session(drafts, draft())) == []


def test_an_open_session_that_is_cut_off_stays_offered_once() -> None:
    """To who found it open as to the next one; when one has taken it, it is gone for others."""
    drafts = Drafts()
    other = Session(drafts, draft(data_topic="meters"))
    mine = Session(drafts, draft())
    other.end(draft(left_at=2.0, data_topic="meters"))
    assert offered(mine) == offered(Session(drafts, draft())) == [{"data-topic": "meters"}]
    drafts.forget(mine.offer)
    assert offered(Session(drafts, draft())) == []


def test_what_was_not_offered_is_not_forgotten() -> None:
    """Who takes an offer has not seen what was left after it was made."""
    drafts = Drafts()
    Session(drafts, draft()).end(draft(left_at=1.0, data_topic="seen"))
    mine, late = Session(drafts, draft()), Session(drafts, draft())
    late.end(draft(left_at=2.0, client_id="unseen"))
    drafts.forget(mine.offer)
    assert offered(Session(drafts, draft())) == [{"client-id": "unseen"}]


def test_only_what_is_news_is_offered() -> None:
    """Edit by edit; a draft of which nothing is left is no draft."""
    drafts = Drafts()
    Session(drafts, draft()).end(draft(left_at=1.0, data_topic="saved", client_id="new"))
    Session(drafts, draft()).end(draft(left_at=2.0, data_topic="saved"))
    (found,) = Session(drafts, draft()).offer.drafts(lambda key, _: key == "client-id")
    assert list(found.edits) == ["client-id"]


def test_only_the_latest_drafts_are_kept() -> None:
    """A line that breaks again and again fills no memory."""
    drafts = Drafts()
    for number in range(100):
        Session(drafts, draft()).end(draft(left_at=float(number), client_id=str(number)))
    found = offered(Session(drafts, draft()))
    assert found == [{"client-id": str(number)} for number in range(92, 100)]


def test_a_draft_tells_no_secret() -> None:
    """Neither in a log nor in an error."""
    left = draft(client_password="hunter2")
    assert "hunter2" not in f"{left!r} {left.edits['client-password']!r}"
