"""A mirrored version is the same, byte for byte, on another server, at one moment.

Method: two real servers; equality is shown by their content hashes, by elements, and by what a
reader sees while a mirror is under way.
"""

import dataclasses
import json

import numpy as np
import pytest
from sklearn.datasets import load_digits

from hub.client import client_for, current_client
from hub.command.main import main
from hub.configuration import current_configuration
from hub.errors import Conflict, IntegrityError, Invalid, NotFound, Unavailable
from hub.reference import Reference
from hub.tracing import trace
from hub.transfer.mirror import mirror
from meddling_proxy import MeddlingProxy
from server_process import ServerProcess

DIGITS = load_digits().images.astype("u1")


@pytest.fixture(scope="module")
def second_server(tmp_path_factory):
    with ServerProcess(tmp_path_factory.mktemp("second") / "data") as server:
        yield server


@pytest.fixture
def other(second_server):
    """A client of the second server."""
    access_key, secret_key = second_server.root_keys
    return client_for(current_configuration(
        endpoint=second_server.endpoint, access_key=access_key, secret_key=secret_key, retries=2))


@pytest.fixture
def reference(client, namespace):
    """The digits in eighteen chunks, on the first server."""
    reference = Reference.parse(f"{namespace}/digits:v1")
    client.create_array(
        reference, {"shape": DIGITS.shape, "dtype": "uint8", "chunks": [100, 8, 8]})
    client.write_region(reference, "", DIGITS)
    return reference


def hashes(reference, *clients):
    return {client.version(reference)["content_hash"] for client in clients}


def test_a_new_version_is_copied_and_committed(client, other, reference):
    mirrored = mirror(str(reference), target=other)
    assert np.array_equal(other.read_region(reference), DIGITS)
    assert hashes(reference, client, other) == {mirrored.content_hash}
    assert (mirrored.keys_copied, mirrored.keys_kept, mirrored.keys_removed) == (19, 0, 0)
    commits = list(other.history(reference))
    assert [commit["digest"] for commit in commits] == [mirrored.digest]
    assert commits[0]["message"].startswith(f"mirrored from {reference} on http://127.0.0.1:")


def test_only_what_changed_travels(client, other, reference):
    mirror(str(reference), target=other)
    client.write_region(reference, "150:160", 255 - DIGITS[150:160])
    mirrored = mirror(str(reference), target=other)
    assert (mirrored.keys_copied, mirrored.keys_kept) == (1, 18)
    assert np.array_equal(other.read_region(reference, "150:160"), 255 - DIGITS[150:160])
    client.resize(reference, (300, 8, 8))
    mirrored = mirror(str(reference), target=other)
    assert (mirrored.keys_copied, mirrored.keys_removed) == (1, 15)
    assert hashes(reference, client, other) == {mirrored.content_hash}
    with trace() as seen:
        again = mirror(str(reference), target=other)
    assert seen.requests <= 8
    assert (again.keys_copied, again.bytes_copied, again.digest) == (0, 0, mirrored.digest)
    assert other.drafts(reference) == []


def test_another_name_and_names_that_need_quoting(client, other, namespace):
    source = Reference.parse(f"{namespace}/a b+c/ü:v1")
    client.create_array(source, {"shape": [4], "dtype": "int32"})
    client.write_region(source, "", np.arange(4, dtype="i4"))
    mirror(str(source), f"{namespace}/other:v2", target=other)
    assert other.read_region(Reference.parse(f"{namespace}/other:v2")).tolist() == [0, 1, 2, 3]
    mirror(str(source), target=other)
    assert other.read_region(source).tolist() == [0, 1, 2, 3]


def test_groups_with_all_their_members(client, other, namespace):
    group = Reference.parse(f"{namespace}/climate:v1")
    client.create_array(group, {"kind": "group", "attributes": {"source": "station"}})
    member = Reference.parse(f"{group}/air/temperature")
    client.create_array(member, {"shape": [6], "dtype": "float32"})
    client.write_region(member, "", np.arange(6, dtype="f4"))
    mirror(str(group), target=other)
    assert other.read_region(member).tolist() == [0, 1, 2, 3, 4, 5]
    assert other.describe(group).attributes == {"source": "station"}


def test_more_keys_than_a_page_of_a_listing(client, other, namespace):
    reference = Reference.parse(f"{namespace}/many:v1")
    client.create_array(reference, {"shape": [1100], "dtype": "uint8", "chunks": [1]})
    client.write_region(reference, "", np.arange(1100).astype("u1"))
    assert mirror(str(reference), target=other).keys_copied == 1101
    assert np.array_equal(other.read_region(reference), np.arange(1100).astype("u1"))


class Breaks:
    """A transport that breaks when so many objects were sent."""

    def __init__(self, transport, count):
        self._transport = transport
        self._left = count
        self.configuration = transport.configuration

    def request(self, method, path, *rest, **more):
        if method == "PUT" and "/c/" in path:
            self._left -= 1
            if self._left < 0:
                raise Unavailable("The connection broke.")
        return self._transport.request(method, path, *rest, **more)


def test_an_interrupted_mirror_shows_nothing_and_goes_on(client, other, reference, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(other, "transport", Breaks(other.transport, 7))
        with pytest.raises(Unavailable):
            mirror(str(reference), target=other)
        with pytest.raises(NotFound):
            other.describe(reference)
    mirrored = mirror(str(reference), target=other)
    assert mirrored.keys_kept == 7 and mirrored.keys_copied == 12
    assert np.array_equal(other.read_region(reference), DIGITS)


def test_an_interrupted_update_leaves_what_was(client, other, reference, monkeypatch):
    mirror(str(reference), target=other)
    client.write_region(reference, "", 255 - DIGITS)
    with monkeypatch.context() as patch:
        patch.setattr(other, "transport", Breaks(other.transport, 7))
        with pytest.raises(Unavailable):
            mirror(str(reference), target=other)
    assert np.array_equal(other.read_region(reference), DIGITS)
    assert other.drafts(reference) == []


def test_a_source_that_changes_meanwhile_is_followed(client, other, reference, monkeypatch):
    send = other.transport.request
    changed = []

    def changes(method, path, *rest, **more):
        if method == "PUT" and "/c/" in path and len(changed) < 1:
            changed.append(path)
            # The last of the keys in their order, which is not under way yet.
            client.write_region(reference, "900:905", 255 - DIGITS[900:905])
        return send(method, path, *rest, **more)

    monkeypatch.setattr(other.transport, "request", changes)
    mirrored = mirror(str(reference), target=other)
    assert changed and hashes(reference, client, other) == {mirrored.content_hash}
    assert np.array_equal(other.read_region(reference, "900:905"), 255 - DIGITS[900:905])


def test_a_source_that_never_rests_is_said_to_be_one(client, other, reference, monkeypatch):
    read = client.transport.request
    count = iter(range(10**6))

    def changes(method, path, *rest, **more):
        if method == "GET" and "/c/0/" in path:
            client.write_region(reference, "900", np.full((8, 8), next(count), "u1"))
        return read(method, path, *rest, **more)

    other.create_namespace(reference.namespace)
    monkeypatch.setattr(client.transport, "request", changes)
    monkeypatch.setattr("hub.transfer.mirror.PASSES_MAX", 1)
    with pytest.raises(Conflict, match="changed while it was mirrored, 1 times"):
        mirror(str(reference), target=other)


def test_the_command_line_takes_the_other_keys_of_a_profile(
        client, other, reference, second_server, tmp_path, capsys):
    access_key, secret_key = second_server.root_keys
    (tmp_path / "home/.aws").mkdir()
    (tmp_path / "home/.aws/credentials").write_text(
        f"[backup]\naws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n")
    arguments = ["mirror", str(reference), "--to", second_server.endpoint, "--to-profile", "backup"]
    assert main(arguments) == 0
    assert "19 keys of " in capsys.readouterr().out
    assert np.array_equal(other.read_region(reference), DIGITS)
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["keys_copied"] == 0
    # The keys of the configured server are none of the other's.
    assert main(arguments[:4]) == 1
    assert capsys.readouterr().err.startswith("hub: ")


def test_a_server_is_named_by_its_endpoint_where_keys_are_the_same(
        client, reference, tmp_path, settings):
    environment = {"NAVE_ROOT_ACCESS_KEY": settings["access_key"],
                   "NAVE_ROOT_SECRET_KEY": settings["secret_key"]}
    with ServerProcess(tmp_path / "twin/data", environment=environment) as twin:
        mirrored = mirror(str(reference), target=twin.endpoint)
        assert mirrored.keys_copied == 19
        back = mirror(str(reference), f"{reference.line}:back", source=twin.endpoint)
    assert back.content_hash == mirrored.content_hash
    assert np.array_equal(client.read_region(reference.tagged("back")), DIGITS)


def test_commits_and_members_and_what_is_missing_are_refused(client, other, reference):
    digest = client.commit(reference)["digest"]
    with pytest.raises(Invalid, match="a mirror is of a version with a tag"):
        mirror(f"{reference.line}@{digest}", target=other)
    with pytest.raises(Invalid, match="a mirror is of a version with a tag"):
        mirror(f"{reference}/member", target=other)
    with pytest.raises(NotFound, match="versions there: v1"):
        mirror(f"{reference.line}:v9", target=other)
    assert current_client() is client


@pytest.mark.parametrize("key", [
    "digits:v1/../../victim:v1/c/0/0/0", "digits:v1/../victim:v1/zarr.json", "victim:v1/zarr.json",
    "../x", "digits:v1//zarr.json", "digits:v1/./zarr.json", "digits:v1/..",
])
def test_keys_outside_of_the_version_are_not_passed_on(client, other, reference, settings, key):
    """Source: Amazon S3 API Reference, "ListObjectsV2"."""
    listing = (
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Contents>'
        f"<Key>{key}</Key><Size>3</Size><ETag>&quot;{'0' * 32}&quot;</ETag>"
        "<LastModified>2026-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>").encode()
    sent = []
    with MeddlingProxy(settings["endpoint"]) as source, MeddlingProxy(
            other.transport.configuration.endpoint) as target:
        source.instead = lambda method, path: (200, listing) if "list-type" in path else None
        target.instead = lambda method, path: sent.append((method, path))
        goal = client_for(dataclasses.replace(
            other.transport.configuration, endpoint=target.endpoint))
        with pytest.raises(Invalid, match="cannot be there"):
            mirror(str(reference), source=source.endpoint, target=goal)
    assert not [path for method, path in sent if method == "PUT" and "/v1/" not in path]
    assert not [path for method, path in sent if method == "DELETE" and "/v1/" not in path]
