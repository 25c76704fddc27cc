"""Versions, commits, drafts and their differences, as `hub` tells them.

Method: what a version must hold is known from what was written; digests are compared with those that
the API itself gives, and boxes of differences with the chunks that were written.
"""

import threading
from datetime import UTC, datetime, timedelta

import hub
import numpy as np
import pytest


@pytest.fixture
def array(connected, namespace):
    array = hub.array((10, 6), name=f"{namespace}/a:v0", dtype="i4", chunks=(4, 6))
    array[...] = 1
    return array


def test_a_commit_is_read_by_its_digest_whatever_comes_later(array):
    assert array.digest is None
    commit = array.commit("ones")
    assert (commit.message, commit.tag, commit.parent) == ("ones", "v0", None)
    assert commit.author == "root" and commit.keys == 4
    assert abs(commit.time - datetime.now(UTC)) < timedelta(minutes=1)
    assert array.digest == commit.digest == array.client.version(array.reference)["digest"]
    array[...] = 2
    assert array.digest is None
    old = hub.load(f"{array.reference.line}@{commit.digest}")
    assert (old[...] == 1).all() and old.digest == commit.digest and old.is_sealed
    assert old.reference == commit.reference
    with pytest.raises(hub.Invalid, match=r'never changes.*fork\("v2"\)'):
        old.commit()


def test_what_is_told_of_versions_is_a_line(array):
    commit = array.commit("as it was shot\nwith the left camera, " + "before noon " * 9)
    moment = commit.time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S+00:00")
    assert repr(commit) == (
        f'<hub.Commit {array.reference.line}@{commit.digest} "as it was shot\\nwith the left camera,'
        f' before noon before noo…" by root {moment}>')
    digest = f"{commit.digest[:19]}…"
    name = array.name
    assert repr(array.version) == f"<hub.Version {name} 4 keys, as in {digest}>"
    fork = array.fork("v1")
    fork[5] = 7
    assert repr(fork.version) == f"<hub.Version {fork.name} 4 keys, changed since {digest}>"
    (changed,) = array.diff("v1")
    assert repr(changed) == "<hub.Difference changed c/1/0 [4:8, 0:6]>"
    array.attrs["a"] = 1
    assert "<hub.Difference changed zarr.json>" in map(repr, array.diff("v1"))
    array.seal()
    assert repr(array.version).endswith("…, sealed>")
    other = hub.array((3,), name=f"{array.reference.namespace}/b:v0")
    assert repr(other.version) == f"<hub.Version {other.name} 1 key, not committed>"
    assert hub.load(commit.reference)[0, 0] == 1


def test_to_commit_again_gives_the_same_commit(array):
    first = array.commit("one")
    assert array.commit("two") == first
    assert [one.digest for one in array.history()] == [first.digest]


def test_a_fork_goes_its_own_way(array):
    fork = array.fork("v1")
    fork[0] = 9
    assert (array[0] == 1).all() and (fork[0] == 9).all() and (fork[1:] == 1).all()
    assert str(fork.reference) == f"{array.reference.line}:v1"
    other = array.fork("b:v5")
    assert str(other.reference) == f"{array.reference.namespace}/b:v5"
    assert {one.tag for one in hub.versions(array.reference)} == {"v0", "v1"}
    old = array.commit()
    array[...] = 3
    again = hub.load(old.reference).fork("v3")
    assert (again[...] == 1).all()
    with pytest.raises(hub.Conflict, match="There is a version .*v1 already"):
        array.fork("v1")
    with pytest.raises(hub.Invalid, match="stays in its namespace"):
        array.fork("elsewhere/a:v1")


def test_a_sealed_version_takes_no_writes(array):
    version = array.seal("done")
    assert version.is_sealed and array.is_sealed and version.digest == array.digest
    assert [one.message for one in array.history()] == ["done"]
    with pytest.raises(hub.Denied, match="is sealed: fork it") as raised:
        array[0] = 2
    assert raised.value.code == "version_sealed"
    with pytest.raises(hub.Denied, match="is sealed"):
        array[[0, 1, 5]] = 2
    assert not array.unseal().is_sealed
    array[0] = 2
    assert (array[0] == 2).all()


def test_history_and_rollback(array):
    first = array.commit("one")
    array[...] = 2
    second = array.commit("two")
    array[...] = 3
    assert [one.message for one in array.history()] == ["two", "one"]
    assert [one.message for one in array.history(limit=1)] == ["two"]
    assert second.parent == first.digest
    assert [one.message for one in hub.load(first.reference).history()] == ["one"]
    array.rollback()
    assert (array[...] == 2).all()
    array.append(np.full((2, 6), 5))
    array.rollback(first)
    assert array.shape == (10, 6) and (array[...] == 1).all()
    array.rollback(second.digest)
    assert (array[...] == 2).all()
    with pytest.raises(hub.NotFound, match="No commit .* is kept"):
        array.rollback("sha256:" + "0" * 64)


def test_rollback_needs_a_commit(array):
    with pytest.raises(hub.NotFound, match="has no commit to go back to"):
        array.rollback()


def test_differences_name_the_chunks_and_their_boxes(array):
    array.fork("v1")[5] = 7
    later = hub.load(f"{array.reference.line}:v1")
    (one,) = later.diff("v0")
    assert (one.change, one.chunk, one.box) == ("changed", (1, 0), (slice(4, 8), slice(0, 6)))
    assert one.key == "c/1/0" and one.member == ""
    (back,) = array.diff("v1")
    assert back.change == "changed"
    later.append(np.ones((5, 6), "i4"))
    changes = {one.key: one.change for one in later.diff(array.reference)}
    assert changes == {"c/1/0": "changed", "c/2/0": "changed", "c/3/0": "added",
                       "zarr.json": "changed"}
    assert {one.key: one.change for one in array.diff("v1")}["c/3/0"] == "removed"
    commit = array.commit()
    assert array.diff(commit.digest) == []
    assert len(later.diff("v0", limit=2)) == 2
    with pytest.raises(hub.NotFound, match="v9"):
        array.diff("v9")


def test_a_draft_is_seen_when_it_is_committed(array):
    with array.draft("both at once") as draft:
        draft[0] = 5
        draft.append(np.full((1, 6), 6))
        assert (array[0] == 1).all() and array.shape == (10, 6)
        with pytest.raises(hub.Denied):
            hub.load(draft.reference, access_key="")
    assert array.shape == (11, 6)
    assert (array[0] == 5).all() and (array[10] == 6).all()
    assert array.history()[0].message == "both at once"


def test_a_draft_that_fails_leaves_nothing(array):
    with pytest.raises(ZeroDivisionError), array.draft() as draft:
        draft[0] = 5
        1 / 0
    assert (array[...] == 1).all()
    assert array.client.drafts(array.reference) == []


def test_two_drafts_of_the_same_chunks_conflict(array):
    first, second, other = array.draft(), array.draft(), array.draft()
    first[0] = 2
    second[1] = 3
    other[9] = 4
    first.commit("first")
    with pytest.raises(hub.Conflict) as raised:
        second.commit("second")
    assert list(raised.value.conflicts) == ["c/0/0"]
    (change,) = raised.value.changes
    assert (change.key, change.box) == ("c/0/0", (slice(0, 4), slice(0, 6)))
    assert "c/0/0" in str(raised.value) and raised.value.code == "draft_conflict"
    other.commit("other")
    assert (array[0] == 2).all() and (array[1] == 1).all() and (array[9] == 4).all()
    second.discard()
    with pytest.raises(hub.NotFound):
        second[0]


def test_retagging_and_retention(array):
    for number in range(3):
        array[...] = number
        array.commit(str(number))
    assert array.retain(2).retained_commits == 2
    array.retag("final")
    assert array.reference.tag == "final" and (array[...] == 2).all()
    with pytest.raises(hub.NotFound):
        hub.load(f"{array.reference.line}:v0")


def test_changes_are_told_as_they_happen(array):
    stream = array.changes(timeout_seconds=20)
    other = hub.array((2,), name=f"{array.reference.namespace}/other:v0")

    def change():
        other[...] = 1
        array[0] = 2
        array.commit("told")

    thread = threading.Thread(target=change)
    thread.start()
    events = [next(stream), next(stream)]
    thread.join()
    assert [(one.kind, one.key) for one in events] == [("written", "c/0/0"), ("committed", "")]
    assert events[0].actor == "root" and events[0].number < events[1].number
    assert events[1].digest == array.digest
    moment = events[0].time.isoformat(" ", "seconds")
    assert repr(events[0]) == (
        f"<hub.Event {events[0].number} written {array.name} c/0/0 by root {moment}>")
    assert f" committed {array.name} {array.digest} by root " in repr(events[1])
    stream.close()
    assert list(stream) == []
    # What was missed is told to who says what was seen last.
    with array.changes(after=events[0].number, timeout_seconds=20) as again:
        assert next(again) == events[1]


def test_changes_end_after_a_time_without_any(array):
    assert list(array.changes(timeout_seconds=0.3)) == []


def test_closing_wakes_who_waits_for_changes(array):
    stream = array.changes()
    threading.Timer(0.2, stream.close).start()
    watched = []
    thread = threading.Thread(target=lambda: watched.extend(stream))
    thread.start()
    thread.join(10)
    assert not thread.is_alive() and watched == []


def test_plain_keys_get_versions_by_a_fork(connected, client, namespace):
    import zarr
    from obstore.store import S3Store
    from zarr.storage import ObjectStore

    settings = client.transport.configuration
    store = S3Store(namespace, prefix="folder/plain", endpoint=settings.endpoint,
                    access_key_id=settings.access_key, secret_access_key=settings.secret_key,
                    virtual_hosted_style_request=False, client_options={"allow_http": True})
    zarr.create_array(ObjectStore(store), shape=(6,), chunks=(2,), dtype="i4")[...] = range(6)
    array = hub.load(f"{namespace}/folder/plain")
    assert array.digest is None and not array.is_sealed
    array[[0, 1, 3]] = [7, 1, 8]
    assert array[...].tolist() == [7, 1, 2, 8, 4, 5]
    with pytest.raises(hub.NotFound, match="folder/plain:latest is in no version. It is plain keys"):
        array.commit()
    fork = array.fork("v1")
    assert fork[...].tolist() == [7, 1, 2, 8, 4, 5] and fork.commit("now").message == "now"
