"""What something between answers is neither taken for success of a change nor a bare `KeyError`.

Method: a proxy answers in the server's place, with what captive portals, caches and load balancers
answer; each operation of the package raises one of its own exceptions, and what is on the server is
what it was.
"""


import gzip

import fsspec
import hub
import hub.cache
import numpy as np
import pytest
import zarr

from hub.command.main import main
from hub.diagnosis import doctor

PAGE = b"<html><h1>Please log in</h1></html>"
FOREIGN = {
    "an empty 200": (200, b""), "204": (204, b""), "304": (304, b""), "{}": (200, b"{}"),
    "[]": (200, b"[]"), "a page": (200, PAGE, {"Content-Type": "text/html", "ETag": '"abc"'}),
    "a part": (206, b"{}", {"Content-Range": "bytes 0-1/2"}), "202": (202, b"{}"),
    "lists that are none": (200, b'{"namespaces": null, "arrays": {}, "versions": 1, "commits": ""'
                                 b', "changes": null, "drafts": 0, "chunks": null, "next": null}'),
}


@pytest.fixture
def direct(connected, namespace):
    array = hub.array((20, 8), name=f"{namespace}/x:v1", dtype="i4", chunks=(5, 8))
    array[...] = 1
    array.commit("one")
    return array


@pytest.fixture
def array(direct, proxy):
    """The array, reached by the proxy, where everything is configured to be."""
    with hub.configured(endpoint=proxy.endpoint, retries=0):
        yield hub.load(direct.name)


CHANGES = {
    "assign": lambda a: a.__setitem__(slice(0, 3), 5),
    "assign to a list": lambda a: a.__setitem__([0, 7, 13], 5),
    "append": lambda a: a.append(np.ones((2, 8), "i4")),
    "resize": lambda a: a.resize((30, 8)),
    "set attributes": lambda a: a.attrs.update({"k": 1}),
    "replace attributes": lambda a: a.attrs.replace({"k": 1}),
    "commit": lambda a: a.commit("two"),
    "seal": lambda a: a.seal(),
    "unseal": lambda a: a.unseal(),
    "retain": lambda a: a.retain(3),
    "retag": lambda a: a.retag("v2"),
    "rename": lambda a: a.client.rename_versions(a.reference, "y"),
    "fork": lambda a: a.fork("v2"),
    "rollback": lambda a: a.rollback(a.digest),
    "draft": lambda a: a.draft().discard(),
    "discard a draft": lambda a: a.client.discard_draft(a.reference.tagged("v1.draft-00000000")),
    "commit a draft": lambda a: a.client.commit(a.reference.tagged("v1.draft-00000000")),
    "forget a commit": lambda a: a.client.forget(a.reference.at("sha256:" + "0" * 64)),
    "delete": lambda a: a.delete(),
    "delete a version": lambda a: a.client.delete_version(a.reference),
    "create": lambda a: hub.array((3,), name=f"{a.reference.namespace}/new:v1"),
    "create a namespace": lambda a: a.client.create_namespace("never-made"),
    "write": lambda a: a.write(np.ones(8, "i4") for _ in range(20)),
    "put a key": lambda a: fsspec.filesystem("hub", skip_instance_cache=True).pipe_file(
        f"{a.reference.namespace}/x:v1/new", b"1"),
    "create a key": lambda a: fsspec.filesystem("hub", skip_instance_cache=True).pipe_file(
        f"{a.reference.namespace}/x:v1/new", b"1", mode="create"),
    "delete a key": lambda a: fsspec.filesystem("hub", skip_instance_cache=True).rm_file(
        f"{a.reference.namespace}/x:v1/zarr.json"),
    "zarr": lambda a: zarr.create_array(
        hub.HubStore(a.reference.tagged("v9")), shape=(3,), dtype="i4"),
}

# The server's own answer to them is a 204 without a word.
DELETIONS = {"discard a draft", "forget a commit", "delete a version", "delete a key"}

QUESTIONS = {
    "load": lambda a: hub.load(a.name),
    "read": lambda a: a[...],
    "gather": lambda a: a.gather([1]),
    "mean": lambda a: a.mean(),
    "histogram": lambda a: a.histogram(),
    "percentile": lambda a: a.percentile(5),
    "versions": lambda a: hub.versions(a.name),
    "version": lambda a: a.version,
    "digest": lambda a: a.digest,
    "history": lambda a: a.history(),
    "diff": lambda a: a.diff("v1"),
    "drafts": lambda a: a.client.drafts(a.reference),
    "manifest": lambda a: a.client.manifest(a.reference.at("sha256:" + "0" * 64)),
    "arrays": lambda a: list(a.client.list_arrays(a.reference.namespace)),
    "namespaces": lambda a: list(a.client.list_namespaces()),
    "occupancy": lambda a: list(a.client.occupancy(a.reference)),
    "changes": lambda a: next(a.changes(timeout_seconds=5)),
    "show": lambda a: a.client.preview(a.reference),
    "pin": lambda a: a.pin(),
    "keys": lambda a: list(hub.HubStore(a.reference)._keys.entries("x:v1/")),
    "a key": lambda a: hub.HubStore(a.reference)._keys.get("x:v1/zarr.json"),
    "a part of a key": lambda a: hub.HubStore(a.reference)._keys.get("x:v1/zarr.json", "0-1"),
    "what is known of a key": lambda a: hub.HubStore(a.reference)._keys.entry("x:v1/zarr.json"),
    "what is known of a key of a commit": lambda a: fsspec.filesystem(
        "hub", skip_instance_cache=True).info(f"{a.reference.line}@sha256:{'0' * 64}/zarr.json"),
}


@pytest.mark.parametrize("foreign", FOREIGN)
def test_no_change_is_taken_for_done(array, direct, proxy, foreign):
    proxy.instead = lambda method, path: FOREIGN[foreign]
    for name in CHANGES.keys() - (DELETIONS if foreign == "204" else set()):
        with pytest.raises((hub.Unavailable, hub.Invalid)) as raised:
            CHANGES[name](array)
            pytest.fail(f"{name} is taken for done")
        assert "hub doctor" in str(raised.value) or raised.value.is_uncertain, name
    proxy.instead = None
    direct.refresh()
    assert direct.shape == (20, 8) and (direct[...] == 1).all() and not direct.attrs
    assert [commit.message for commit in direct.history()] == ["one"]
    assert [version.tag for version in hub.versions(direct.name)] == ["v1"]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_no_answer_is_made_of_what_is_none(array, proxy, foreign):
    proxy.instead = lambda method, path: FOREIGN[foreign]
    for name, ask in QUESTIONS.items():
        with pytest.raises((hub.Unavailable, hub.Invalid, hub.IntegrityError)):
            ask(array)
            pytest.fail(f"{name} is taken for an answer")


@pytest.mark.parametrize("foreign", FOREIGN)
def test_the_doctor_and_the_command_line_tell_it(array, proxy, foreign, tmp_path, capfd):
    proxy.instead = lambda method, path: FOREIGN[foreign]
    found = doctor()
    assert not found.is_well and "hub doctor" not in str(found)
    for line in ("ls", "info {}", "get {} -o out.csv", "show {} -o out.png", "stats {}",
                 "rm {} --yes", "commit {}", "history {}", "mirror {} --to http://127.0.0.1:1"):
        words = line.format(array.name).replace("out.", f"{tmp_path}/out.").split()
        assert main(words) == 1, line
        told = capfd.readouterr().err
        assert told.startswith("hub: ") and "Traceback" not in told, line
    assert not list(tmp_path.glob("out.*"))


def test_an_object_that_was_stored_in_a_coding_is_no_foreign_answer(array):
    keys = hub.HubStore(array.reference)._keys
    array.client.transport.request(
        "PUT", f"/{array.reference.namespace}/x:v1/text", body=gzip.compress(b"words"),
        headers={"Content-Encoding": "gzip"})
    assert keys.get("x:v1/text") == b"words" and keys.entry("x:v1/text").bytes > 5


def test_one_foreign_answer_to_what_may_be_repeated_is_asked_for_again(array, proxy):
    def once(method, path):
        seen.append(path)
        return (304, b"") if len(seen) == 1 else None

    seen = []
    proxy.instead = once
    with hub.configured(retries=1):
        again = hub.load(array.name)
    assert len(seen) == 2 and again.shape == (20, 8)
