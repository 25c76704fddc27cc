"""What is changed after a look at it is what was looked at, whoever came between.

Method: a proxy passes a change on to the server, and just before that somebody else changes the same array
directly.
"""

import hub
import numpy as np
import pytest

from hub import contention


@pytest.fixture(params=["zarr3", "zarr2"])
def direct(connected, namespace, request):
    """An array, as somebody else has it."""
    array = hub.array((4, 4), name=f"{namespace}/x:v1", dtype="i4", chunks=(2, 4),
                      dialect=request.param)
    array[...] = 1
    return array


@pytest.fixture
def array(direct, proxy):
    """The same array, which is reached by the proxy."""
    return hub.load(direct.name, endpoint=proxy.endpoint)


def overtake(proxy, method, resource, others, times=1):
    """Somebody else does something, so many times, just before a kind of request is passed on."""
    def instead(asked, path):
        if (asked, path.split("/")[2]) == (method, resource) and len(done) < times:
            done.append(path)
            others(len(done))

    done = []
    proxy.instead = instead
    return done


def test_a_mapping_is_what_was_assigned_though_others_had_more_in_it(array, direct):
    direct.attrs["source"] = {"name": "x", "place": {"z": 1}}
    array.attrs["source"] = {"name": "y"}
    assert dict(direct.refresh().attrs) == dict(array.attrs) == {"source": {"name": "y"}}


def test_a_mapping_is_what_was_assigned_though_others_came_between(array, direct, proxy):
    def others(number):
        direct.attrs.update({"source": {str(number): 1}, "theirs": number})

    done = overtake(proxy, "PATCH", "arrays", others, times=3)
    array.attrs.update({"source": {"name": "y"}, "ours": 1})
    assert len(done) == 3
    expected = {"source": {"name": "y"}, "ours": 1, "theirs": 3}
    assert dict(direct.refresh().attrs) == dict(array.attrs) == expected


def test_other_attributes_need_no_look(array, direct, proxy):
    done = overtake(proxy, "PATCH", "arrays", lambda _: direct.attrs.update({"theirs": 1}), times=9)
    array.attrs.update({"ours": 1, "list": [{"a": 1}]})
    assert len(done) == 1
    assert dict(direct.refresh().attrs) == {"theirs": 1, "ours": 1, "list": [{"a": 1}]}


def test_a_lost_answer_to_a_mapping_does_no_harm(array, direct, proxy):
    lost = []

    def loses(method, path):
        if method == "PATCH" and not lost:
            lost.append(path)
            return True

    proxy.loses = loses
    array.attrs["source"] = {"name": "y"}
    assert lost and dict(direct.refresh().attrs) == {"source": {"name": "y"}}


def test_the_newest_commit_is_that_of_others_who_came_between(array, direct, proxy):
    direct.commit("one")

    def others(_):
        direct[...] = 2
        direct.commit("two")
        direct[0] = 3

    done = overtake(proxy, "POST", "rollbacks", others)
    array.rollback()
    assert done
    np.testing.assert_array_equal(direct[...], np.full((4, 4), 2))


def test_who_is_overtaken_again_and_again_is_told(array, direct, proxy, monkeypatch):
    monkeypatch.setattr(contention, "_ATTEMPTS_MIN", 3)
    monkeypatch.setattr(contention, "_SECONDS", 0)
    direct.commit("one")
    done = overtake(proxy, "POST", "rollbacks", lambda n: direct.__setitem__(0, n + 1), times=99)
    with pytest.raises(hub.Conflict, match="kept changing .*/x:v1 while"):
        array.rollback()
    assert len(done) == 3 and (direct[0] == 4).all()
    done = overtake(
        proxy, "PATCH", "arrays", lambda n: direct.attrs.update({"theirs": n}), times=99)
    with pytest.raises(hub.Conflict, match="kept changing the metadata of .*/x:v1"):
        array.attrs["ours"] = {}
    assert len(done) == 3 and dict(direct.refresh().attrs) == {"theirs": 3}
