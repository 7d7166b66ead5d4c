"""A session's picture of a mailbox that others use too (RFC 3501 §5.2, §5.5, §7.4.1; RFC 2180)."""

from mailauth.mailbox.message import DELETED, FLAGGED, SEEN
from mailauth.mailbox.store import AccountMail, Limits, Mailbox
from mailauth.mailbox.view import Changed, Exists, Expunged, Update, View
from tests.mailbox.conftest import MakeStore, mail
from tests.mailbox.test_mailbox import add


def shown(updates: list[Update]) -> list[str]:
    """Updates as the client reads them."""
    lines = []
    for update in updates:
        match update:
            case Expunged(number=number):
                lines.append(f"{number} EXPUNGE")
            case Exists(messages=messages, recent=recent):
                lines += [f"{messages} EXISTS", f"{recent} RECENT"]
            case Changed(number=number, message=message):
                lines.append(f"{number} FETCH {' '.join(sorted(message.flags))}")
    return lines


def test_a_new_view_shows_what_is_there(box: Mailbox) -> None:
    box.append([mail("a", SEEN), mail("b"), mail("c")])
    box.expunge([2])
    view = View(box)
    assert view.exists == 2
    assert list(view.uids) == [1, 3]
    assert view.first_unseen() == 2
    assert view.number(3) == 2
    assert view.number(2) is None
    assert view.number(99) is None
    assert view.uid(2) == 3
    assert view.message(2) is box.get(3)
    assert view.updates(expunge=True) == []


def test_nothing_is_unseen_in_an_empty_mailbox(box: Mailbox) -> None:
    assert View(box).first_unseen() is None


def test_new_mail_is_told_with_recent(box: Mailbox) -> None:
    view = View(box)
    box.append([mail(), mail("x", SEEN)])
    assert view.exists == 0
    assert shown(view.updates(expunge=False)) == ["2 EXISTS", "2 RECENT"]
    assert view.exists == 2
    assert view.updates(expunge=True) == []


def test_recent_is_shown_to_one_session_alone(box: Mailbox) -> None:
    """RFC 3501 §2.3.2."""
    box.append([mail()])
    examiner = View(box, read_only=True)
    first, second = View(box), View(box)
    assert (examiner.recent, first.recent, second.recent) == (1, 1, 0)
    assert first.is_recent(1)
    assert not second.is_recent(1)
    box.append([mail()])
    assert shown(second.updates(expunge=True)) == ["2 EXISTS", "1 RECENT"]
    assert shown(first.updates(expunge=True)) == ["2 EXISTS", "1 RECENT"]


def test_removals_wait_until_they_may_be_told(box: Mailbox) -> None:
    """RFC 3501 §7.4.1: no EXPUNGE in answer to FETCH, STORE or SEARCH."""
    box.append([mail(), mail(), mail()])
    view = View(box)
    box.expunge([1])
    assert view.updates(expunge=False) == []
    assert view.exists == 3
    assert view.message(1) is None
    assert view.message(2) is box.get(2)
    box.append([mail()])
    assert shown(view.updates(expunge=False)) == ["4 EXISTS", "4 RECENT"]
    assert shown(view.updates(expunge=True)) == ["1 EXPUNGE"]
    assert list(view.uids) == [2, 3, 4]


def test_each_number_is_right_when_it_is_told(box: Mailbox) -> None:
    """RFC 3501 §7.4.1: an EXPUNGE lowers every number above it at once."""
    box.append([mail() for _ in range(5)])
    view = View(box)
    box.expunge([1, 2, 4])
    client = [1, 2, 3, 4, 5]
    for update in view.updates(expunge=True):
        assert isinstance(update, Expunged)
        assert client.pop(update.number - 1) == update.uid
    assert client == [3, 5]


def test_mail_that_came_and_went_is_never_told(box: Mailbox) -> None:
    view = View(box)
    box.append([mail()])
    box.expunge([1])
    box.append([mail()])
    assert shown(view.updates(expunge=True)) == ["1 EXISTS", "1 RECENT"]
    assert list(view.uids) == [2]


def test_more_removals_than_are_remembered_are_still_told(make_store: MakeStore) -> None:
    box = make_store(Limits(vanished=2)).account("bob").create("Box")
    box.append([mail() for _ in range(10)])
    view = View(box)
    for uid in range(2, 9):
        box.expunge([uid])
    assert len(view.updates(expunge=True)) == 7
    assert list(view.uids) == [1, 9, 10]


def test_what_another_session_flags_is_told_once(box: Mailbox) -> None:
    box.append([mail(), mail(), mail()])
    mine, other = View(box), View(box)
    other.store([3], add(SEEN))
    other.store([1], add(SEEN))
    other.store([1], add(FLAGGED))
    assert shown(mine.updates(expunge=True)) == [
        "1 FETCH \\Flagged \\Seen",
        "3 FETCH \\Seen",
    ]
    assert mine.updates(expunge=True) == []
    assert other.updates(expunge=True) == []


def test_what_this_session_flagged_is_not_repeated(box: Mailbox) -> None:
    box.append([mail(), mail()])
    view, other = View(box), View(box)
    stored = view.store([1, 2], add(SEEN), silent=True)
    assert [change.number for change in stored.messages] == [1, 2]
    other.store([2], add(FLAGGED))
    assert shown(view.updates(expunge=True)) == ["2 FETCH \\Flagged \\Seen"]


def test_silence_is_about_ones_own_change_alone(box: Mailbox) -> None:
    """RFC 3501 §6.4.6: a change from an external source is told even after STORE with .SILENT."""
    box.append([mail()])
    view, other = View(box), View(box)
    other.store([1], add(FLAGGED))
    view.store([1], add(SEEN), silent=True)
    assert shown(view.updates(expunge=True)) == ["1 FETCH \\Flagged \\Seen"]


def test_a_store_meets_messages_that_are_gone(box: Mailbox) -> None:
    """RFC 2180 §4.2."""
    box.append([mail(), mail()])
    view = View(box)
    box.expunge([1])
    stored = view.store([1, 2], add(SEEN))
    assert [change.number for change in stored.messages] == [2]
    assert stored.gone
    assert not view.store([2], add(SEEN)).gone


def test_unchanged_since_speaks_in_numbers(box: Mailbox) -> None:
    box.append([mail(), mail(), mail()])
    box.expunge([1])
    view = View(box)
    before = box.highest_modseq
    box.store([2], add(SEEN))
    stored = view.store([1, 2], add(FLAGGED), unchanged_since=before)
    assert stored.modified == [1]
    assert [change.number for change in stored.messages] == [2]
    assert not stored.gone


def test_expunge_takes_the_deleted_or_those_of_them_that_are_named(box: Mailbox) -> None:
    """RFC 3501 §6.4.3, RFC 4315 §2.1."""
    box.append([mail("x", DELETED), mail(), mail("x", DELETED), mail("x", DELETED)])
    view = View(box)
    view.expunge(view.deleted([1, 2]))
    assert shown(view.updates(expunge=True)) == ["1 EXPUNGE"]
    view.expunge(view.deleted())
    assert shown(view.updates(expunge=True)) == ["3 EXPUNGE", "2 EXPUNGE"]
    assert list(view.uids) == [2]


def test_copy_and_move_speak_in_numbers(bob: AccountMail, box: Mailbox) -> None:
    box.append([mail(), mail(), mail()])
    box.expunge([1])
    view = View(box)
    assert view.copy([1, 2], "Sent").uids == [(2, 1), (3, 2)]
    assert view.move([2], "Sent").uids == [(3, 3)]
    assert shown(view.updates(expunge=True)) == ["2 EXPUNGE"]


def test_sequence_sets_name_numbers(box: Mailbox) -> None:
    """RFC 3501 §9 seq-range: either order, `*` is the last."""
    view = View(box)
    assert view.numbers([(1, None)]) == []
    assert view.numbers_of_uids([(1, None)]) == []
    box.append([mail() for _ in range(6)])
    box.expunge([2, 5])
    view = View(box)
    assert view.numbers([(1, 1), (None, None)]) == [1, 4]
    assert view.numbers([(3, 1), (2, 3), (3, None)]) == [1, 2, 3, 4]
    assert view.numbers([(2, 4294967295)]) == [2, 3, 4]
    assert view.numbers_of_uids([(2, 3), (3, 3), (5, 5)]) == [2]
    assert view.numbers_of_uids([(99, None)]) == [4]
    assert view.numbers_of_uids([(None, 4)]) == [3, 4]
    assert view.numbers_of_uids([(1, 4294967295)]) == [1, 2, 3, 4]


def test_a_closed_view_hears_nothing(box: Mailbox) -> None:
    heard: list[int] = []
    view = View(box, changed=lambda: heard.append(1))
    box.append([mail()])
    view.close()
    view.close()
    box.append([mail()])
    assert heard == [1]
