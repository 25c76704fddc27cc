"""Versions as Zarr stores: by zarr-python's own tests of stores, and by arrays and groups of it.

Method: `StoreTests` comes with zarr-python and holds for any store; boto3 writes and reads beside
it. Then zarr-python, and forked children of a process that used the store, work on one.
"""

import multiprocessing
import pickle

import boto3
import numpy as np
import pytest
import zarr
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.core.buffer import cpu, default_buffer_prototype
from zarr.testing.store import StoreTests

import hub
import hub.cache
from hub.object_keys import ObjectKeys
from hub.reference import Reference
from hub.store import HubStore
from hub.view_store import ViewStore

WATCHDOG_SECONDS = 60


@pytest.fixture
def version(namespace):
    return Reference.parse(f"{namespace}/x:v1")


def values(shape=(8, 8)):
    return np.random.default_rng(3).normal(size=shape).astype("f4")


class TestHubStore(StoreTests[HubStore, cpu.Buffer]):
    store_cls = HubStore
    buffer_cls = cpu.Buffer

    @pytest.fixture
    def store_kwargs(self, version, s3):
        self.s3 = s3
        return {"reference": version}

    def place(self, store, key):
        namespace, _, path = str(store.reference).partition("/")
        return {"Bucket": namespace, "Key": f"{path}/{key}"}

    async def set(self, store, key, value):
        self.s3.put_object(**self.place(store, key), Body=value.to_bytes())

    async def get(self, store, key):
        data = self.s3.get_object(**self.place(store, key))["Body"].read()
        return self.buffer_cls.from_bytes(data)

    def test_store_repr(self, store):
        assert repr(store) == f"HubStore('{store.reference}')"
        assert str(store) == f"hub://{store.reference}"

    def test_store_supports_writes(self, store):
        assert store.supports_writes and store.supports_deletes

    def test_store_supports_listing(self, store):
        assert store.supports_listing


class TestWriting:
    def test_an_array_and_its_neighbours(self, client, version):
        store = HubStore(version)
        group = zarr.create_group(store)
        array = group.create_array("a/b", data=values(), chunks=(4, 4), shards=(8, 8))
        array[2:4] = 5
        again = zarr.open_group(pickle.loads(pickle.dumps(store)), mode="r")
        expected = values()
        expected[2:4] = 5
        assert np.array_equal(again["a/b"][...], expected)
        assert sorted(again["a"]) == ["b"]
        member = Reference.parse(f"{version}/a/b")
        assert np.array_equal(client.read_region(member), expected)
        assert np.array_equal(zarr.open_array(HubStore(member), mode="r")[...], expected)

    def test_more_keys_than_a_page_has(self, version):
        store = HubStore(version)
        zarr.create_array(store, data=np.arange(1, 1101, dtype="i2"), chunks=(1,), compressors=None)
        keys = [entry.key for entry in store._keys.entries("x:v1/")]
        assert len(keys) == 1101 and len(set(keys)) == 1101
        assert [entry.key for entry in store._keys.entries("x:v1/", "/")] == [
            "x:v1/c/", "x:v1/zarr.json"]

    def test_odd_keys(self, version, s3):
        store = HubStore(version)
        names = ["a b", "ü+&=", "100%", "q?x#y", "<tag>", "~'()"]
        for name in names:
            s3.put_object(Bucket=version.namespace, Key=f"x:v1/{name}", Body=name.encode())
        entries = {entry.key: entry for entry in store._keys.entries("x:v1/")}
        assert sorted(entries) == sorted(f"x:v1/{name}" for name in names)
        for name in names:
            assert store._keys.get(f"x:v1/{name}") == name.encode()
            told = s3.head_object(Bucket=version.namespace, Key=f"x:v1/{name}")
            entry = store._keys.entry(f"x:v1/{name}")
            assert (entry.etag, entry.bytes) == (told["ETag"], told["ContentLength"])
            assert entry.changed == told["LastModified"].timestamp()
            assert int(entries[f"x:v1/{name}"].changed) == entry.changed

    def test_of_writers_that_create_a_key_one_wins(self, version):
        store = HubStore(version)
        assert store._keys.create("x:v1/k", b"one") and not store._keys.create("x:v1/k", b"two")
        assert store._keys.get("x:v1/k") == b"one"

    def test_a_commit_cannot_be_written(self, client, version):
        zarr.create_array(HubStore(version), data=values())
        digest = client.commit(version)["digest"]
        with pytest.raises(hub.Invalid, match="ViewStore"):
            HubStore(version.at(digest))

    def test_a_sealed_version_says_why_it_is_not_written(self, client, version):
        array = zarr.create_array(HubStore(version), data=values())
        client.change_version(version, sealed=True)
        with pytest.raises(hub.Denied):
            array[0] = 1

    def test_a_namespace_that_is_not_there_is_told(self, connected):
        with pytest.raises(hub.NotFound):
            zarr.open_array(HubStore("no-such-namespace/x:v1"), mode="r")

    def test_drafts_are_written_like_versions(self, client, version):
        zarr.create_array(HubStore(version), data=values())
        draft = client.create_draft(version)["reference"]
        zarr.open_array(HubStore(draft))[0] = 9
        assert client.read_region(version, "0, 0") != 9
        client.commit(Reference.parse(draft))
        assert client.read_region(version, "0, 0") == 9


class TestViews:
    @pytest.fixture
    def tree(self, client, version):
        """A group of two arrays, one of them in shards, in the layout that a test names."""

        def create(zarr_format=3):
            root = zarr.create_group(HubStore(version), zarr_format=zarr_format)
            root.attrs["title"] = "tree"
            root.create_array("plain", data=values(), chunks=(4, 4))
            shards = {"shards": (8, 8)} if zarr_format == 3 else {}
            root.create_array("deep/other", data=values() * 2, chunks=(2, 2), **shards)
            return version

        return create

    def check(self, group):
        assert np.array_equal(group["plain"][...], values())
        assert np.array_equal(group["deep/other"][...], values() * 2)
        assert group["deep/other"][3, 3] == values()[3, 3] * 2
        assert dict(group.attrs) == {"title": "tree"}
        assert sorted(name for name, _ in group.members(max_depth=None)) == [
            "deep", "deep/other", "plain"]

    @pytest.mark.parametrize("zarr_format", [2, 3])
    @pytest.mark.parametrize("is_committed", [True, False])
    def test_groups_in_every_format(self, client, tree, zarr_format, is_committed):
        reference = tree(zarr_format)
        if is_committed:
            client.commit(reference)
        for _ in range(2):
            self.check(zarr.open_group(ViewStore(reference), mode="r"))

    def test_a_commit_is_read_from_the_cache(self, client, tree):
        reference = tree()
        digest = client.commit(reference)["digest"]
        with hub.trace() as first:
            zarr.open_group(ViewStore(reference), mode="r")["plain"][...]
        assert first.cache_misses == 4
        with hub.trace() as second:
            group = zarr.open_group(ViewStore(reference.at(digest)), mode="r")
            assert np.array_equal(group["plain"][...], values())
        assert (second.requests, second.cache_hits) == (0, 4)
        # The same files and records serve the array alone.
        from hub.chunks import open_source, read_all

        member = Reference.parse(f"{reference.at(digest)}/plain")
        with hub.trace() as third:
            assert np.array_equal(read_all(open_source(client, member)), values())
        assert third.cache_misses == 0 and third.requests == 1

    def test_a_tag_is_taken_once(self, client, tree):
        reference = tree()
        client.commit(reference)
        group = zarr.open_group(ViewStore(reference), mode="r")
        client.write_region(Reference.parse(f"{reference}/plain"), "0", np.float32(1))
        assert np.array_equal(group["plain"][...], values())
        fresh = zarr.open_group(ViewStore(reference), mode="r")
        assert (fresh["plain"][0] == 1).all()

    def test_parts_of_objects(self, client, tree):
        from zarr.core.sync import sync

        reference = tree()
        client.commit(reference)
        store = ViewStore(reference)
        prototype = default_buffer_prototype()
        whole = client.transport.request(
            "GET", f"/v1/zarr/{reference.path}/deep/other/c/0/0").data
        ranges = [None, RangeByteRequest(3, 10), OffsetByteRequest(5), SuffixByteRequest(7)]
        expected = [whole, whole[3:10], whole[5:], whole[-7:]]
        for key, is_known in [("deep/other/c/0/0", False), ("deep/other/c/0/0", True)]:
            if is_known:
                sync(store.get("zarr.json", prototype))
                sync(store.get(key, prototype))
            asked = sync(store.get_partial_values(prototype, [(key, one) for one in ranges]))
            assert [part.to_bytes() for part in asked] == expected
        assert sync(store.get("deep/other/c/0/9", prototype)) is None
        assert sync(store.get("none/zarr.json", prototype)) is None

    def test_nothing_is_written_or_listed(self, client, tree):
        store = ViewStore(tree())
        with pytest.raises(hub.Invalid, match="HubStore"):
            store.with_read_only(False)
        with pytest.raises(ValueError, match="read-only"):
            zarr.open_array(store, path="plain", mode="r+")[0] = 1
        with pytest.raises(NotImplementedError):
            store.list()

    def test_a_pinned_array_is_opened_offline(self, settings, client, version):
        zarr.create_array(HubStore(version), data=values(), chunks=(4, 4))
        client.commit(version)
        from hub.prefetch import pin

        fixed = pin(client, version, False)
        with hub.configured(**settings, offline=True), hub.trace() as trace:
            array = zarr.open_array(ViewStore(fixed), mode="r")
            assert np.array_equal(array[...], values())
        assert trace.requests == 0

    def test_an_array_that_is_deleted_meanwhile_is_no_fill_value(self, client, tree):
        reference = tree()
        array = zarr.open_array(ViewStore(reference), path="plain", mode="r")
        client.delete(Reference.parse(f"{reference}/plain"))
        with pytest.raises(hub.NotFound):
            array[...]


def read_in_child(array, answers):
    answers.put(float(array[...].sum()))


class TestProcesses:
    @pytest.mark.parametrize("method", ["fork", "spawn"])
    @pytest.mark.parametrize("kind", [HubStore, ViewStore])
    def test_a_child_reads_what_its_parent_has_open(
        self, settings, monkeypatch, version, kind, method
    ):
        names = {"endpoint": "HUB_ENDPOINT", "access_key": "HUB_ACCESS_KEY",
                 "secret_key": "HUB_SECRET_KEY", "cache_folder": "HUB_CACHE"}
        for name, variable in names.items():
            monkeypatch.setenv(variable, settings[name])
        hub.current_client().create_namespace(version.namespace)
        zarr.create_array(HubStore(version), data=values(), chunks=(2, 2))
        array = zarr.open_array(kind(version), mode="r")
        assert np.array_equal(array[...], values())
        context = multiprocessing.get_context(method)
        answers = context.SimpleQueue()
        child = context.Process(target=read_in_child, args=(array, answers))
        child.start()
        child.join(WATCHDOG_SECONDS)
        if child.exitcode is None:
            child.kill()
        assert child.exitcode == 0
        assert answers.get() == float(values().sum())


def test_an_object_is_replaced_if_it_is_what_was_read(client, namespace, s3):
    place = {"Bucket": namespace, "Key": "a b/x"}
    s3.put_object(**place, Body=b"first", ContentType="text/plain", CacheControl="no-store",
                  Metadata={"mine": "kept"})
    keys = ObjectKeys(client.transport, namespace)
    read = keys.stored("a b/x")
    assert read.data == b"first" and read.etag == s3.head_object(**place)["ETag"]
    assert keys.replace("a b/x", b"second", read)
    assert not keys.replace("a b/x", b"third", read)
    found = s3.get_object(**place)
    assert found["Body"].read() == b"second" and found["Metadata"] == {"mine": "kept"}
    assert (found["ContentType"], found["CacheControl"]) == ("text/plain", "no-store")
    assert keys.stored("a b/y") is None
    s3.delete_object(**place)
    with pytest.raises(hub.NotFound):
        keys.replace("a b/x", b"fourth", read)
