"""What a repetition might make over what others did meanwhile is sent once, and then looked at.

Method: a proxy passes a change on to the server and loses the answer, at which moment somebody else
changes the same array directly; what the others did must be there afterwards.
"""

import json

import hub
import numpy as np
import pytest

UNCERTAIN = "may have been done all the same"


@pytest.fixture
def direct(connected, namespace):
    """An array, as somebody else has it."""
    array = hub.array((10, 4), name=f"{namespace}/x:v1", dtype="i4", chunks=(5, 4))
    array[...] = 1
    return array


@pytest.fixture
def array(direct, proxy, settings):
    """The same array, which is reached by the proxy."""
    return hub.load(direct.name, endpoint=proxy.endpoint)


def lose(proxy, method, resource, others=lambda: None):
    """Loses the answers to a kind of request; behind the first one somebody else does something."""
    def loses(asked, path):
        if (asked, path.split("/")[2]) != (method, resource):
            return False
        if not lost:
            others()
        lost.append(path)
        return True

    lost = []
    proxy.loses = loses
    return lost


def test_a_resize_cuts_nothing_off_that_was_appended_meanwhile(array, direct, proxy):
    lost = lose(proxy, "PATCH", "arrays", lambda: direct.append(np.full((5, 4), 9, "i4")))
    with pytest.raises(hub.Unavailable, match=UNCERTAIN):
        array.resize((12, 4))
    assert len(lost) == 1
    assert direct.shape == direct.refresh().shape == (17, 4) and (direct[12:] == 9).all()


@pytest.mark.parametrize("shape", [(12, 4), (3, 4)])
def test_a_resize_that_is_seen_to_be_done_is_done(array, direct, proxy, shape):
    lost = lose(proxy, "PATCH", "arrays")
    array.resize(shape)
    assert len(lost) == 1 and array.shape == direct.refresh().shape == shape


def test_a_resize_that_was_not_done_is_told_and_not_repeated(array, direct, proxy):
    asked = []

    def instead(method, path):
        asked.append(method)
        return (502, b"<html>Bad Gateway</html>") if method == "PATCH" else None

    proxy.instead = instead
    with pytest.raises(hub.Unavailable, match=UNCERTAIN) as raised:
        array.resize((12, 4))
    assert raised.value.is_uncertain and raised.value.status == 502
    assert asked.count("PATCH") == 1 and direct.refresh().shape == (10, 4)


def test_a_rollback_undoes_nothing_that_was_written_meanwhile(array, direct, proxy):
    commit = direct.commit("one")
    direct[0] = 2
    lost = lose(proxy, "POST", "rollbacks", lambda: direct.__setitem__(5, 77))
    with pytest.raises(hub.Unavailable, match=UNCERTAIN):
        array.rollback(commit)
    assert len(lost) == 1 and (direct[5] == 77).all() and (direct[0] == 1).all()


def test_a_rollback_that_is_seen_to_be_done_is_done(array, direct, proxy):
    commit = direct.commit("one")
    direct[0] = 2
    lost = lose(proxy, "POST", "rollbacks")
    array.rollback(commit)
    assert len(lost) == 1 and (direct[0] == 1).all() and direct.digest == commit.digest


def test_attributes_that_others_set_meanwhile_stay(array, direct, proxy):
    lost = lose(proxy, "PATCH", "arrays", lambda: direct.attrs.update({"theirs": 1}))
    with pytest.raises(hub.Unavailable, match=UNCERTAIN):
        array.attrs.replace({"ours": [1.5, np.int64(2)]})
    assert len(lost) == 1 and dict(direct.refresh().attrs) == {"ours": [1.5, 2], "theirs": 1}
    lost = lose(proxy, "PATCH", "arrays")
    array.attrs.replace({"ours": [1.5, np.int64(2)]})
    assert len(lost) == 1 and dict(direct.refresh().attrs) == {"ours": [1.5, 2]}


def test_what_others_said_of_a_version_meanwhile_stays(array, direct, proxy):
    lost = lose(proxy, "PATCH", "versions", lambda: direct.retain(None))
    with pytest.raises(hub.Unavailable, match=UNCERTAIN):
        array.retain(1)
    assert len(lost) == 1 and direct.version.retained_commits is None
    direct.seal()
    lost = lose(proxy, "PATCH", "versions", lambda: direct.seal())
    with pytest.raises(hub.Unavailable, match=UNCERTAIN):
        array.unseal()
    assert len(lost) == 1 and direct.is_sealed
    lost = lose(proxy, "PATCH", "versions")
    assert not array.unseal().is_sealed and array.retain(7).retained_commits == 7
    assert len(lost) == 2


def test_the_commit_of_a_draft_is_never_somebody_elses(array, direct, proxy):
    def others():
        direct[7] = 3
        direct.commit("theirs")

    direct.commit("mine")
    draft = array.draft("mine")
    draft[0] = 5
    lost = lose(proxy, "POST", "commits", others)
    commit = draft.commit()
    theirs, mine, before = direct.history()
    assert len(lost) == 1 and (commit.digest, commit.message) == (mine.digest, "mine")
    assert theirs.message == "theirs" and before.message == "mine"
    assert (direct[0] == 5).all() and (direct[7] == 3).all()


def test_the_commit_of_a_draft_that_cannot_be_told_from_others_is_not_guessed(
        array, direct, proxy):
    def others():
        direct[7] = 3
        direct.commit("same")

    draft = array.draft("same")
    draft[0] = 5
    lose(proxy, "POST", "commits", others)
    with pytest.raises(hub.Unavailable, match="committed, .* which commit .* cannot be told"):
        draft.commit()
    assert (direct[0] == 5).all() and len(direct.history()) == 2


def test_an_assignment_outlives_a_lost_answer_beside_others_with_the_same_message(
        array, direct, proxy):
    lose(proxy, "POST", "commits", lambda: direct.__setitem__(([7, 9], [0, 1]), 3))
    array[[0, 2], [0, 1]] = 5
    assert direct[[0, 2, 7, 9], [0, 1, 0, 1]].tolist() == [5, 5, 3, 3]
    assert {commit.message for commit in direct.history()} == {f"Assign to {direct.name}"}


def test_a_draft_that_is_gone_and_in_no_history_is_not_taken_for_committed(array, direct, proxy):
    draft = array.draft("mine")
    draft[0] = 5
    direct.commit("theirs")

    def instead(method, path):
        if method != "POST":
            return None
        direct.client.discard_draft(draft.reference.version)
        return 502, b"<html>Bad Gateway</html>"

    proxy.instead = instead
    with pytest.raises(hub.Unavailable, match=UNCERTAIN):
        draft.commit()
    assert (direct[...] == 1).all() and [one.message for one in direct.history()] == ["theirs"]


def test_a_draft_whose_commit_did_not_come_through_can_be_committed_again(array, direct, proxy):
    draft = array.draft("mine")
    draft[0] = 5
    proxy.instead = lambda method, path: (
        (504, json.dumps({"message": "timeout"}).encode()) if method == "POST" else None)
    with pytest.raises(hub.Unavailable, match=UNCERTAIN):
        draft.commit()
    proxy.instead = None
    assert draft.commit().message == "mine" and (direct[0] == 5).all()
