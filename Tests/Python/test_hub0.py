"""Arrays of the original client, hub==0.2.0.4 itself, are read as they are and converted.

Method: the unmodified client, in its own Python, writes to a real server; what this client reads
and converts is compared with what was written.
"""

import json

import numpy as np
import pytest

import hub
from hub.command.main import main
from hub_client import HubSession
from s3_clients import new_bucket_name

WRITTEN = """
array = hub.array((10, 30, 20), name="me/images:v1", dtype="uint8", chunk_size=(5, 30, 10))
array[:] = np.arange(10 * 30 * 20).astype("uint8").reshape(10, 30, 20)
floats = hub.array((6, 4), name="me/floats:v1", dtype="float32", chunk_size=(3, 4))
floats[0:3] = np.linspace(0, 1, 12, dtype="float32").reshape(3, 4)
"""
IMAGES = np.arange(10 * 30 * 20).astype("u1").reshape(10, 30, 20)


@pytest.fixture(scope="module")
def old(server, tmp_path_factory):
    """A person of old, whose arrays are in a bucket of the server."""
    session = HubSession(server, tmp_path_factory.mktemp("old") / "home", new_bucket_name("team"))
    session.run(WRITTEN)
    return session


def test_they_are_read_as_they_are(connected, old):
    images = hub.load(f"{old.bucket}/me/images:v1")
    assert (images.shape, images.dtype) == (IMAGES.shape, np.dtype("u1"))
    assert np.array_equal(images[:], IMAGES)
    assert np.array_equal(images[3, 5:29, ::-2], IMAGES[3, 5:29, ::-2])
    assert images.mean() == pytest.approx(IMAGES.mean())
    assert images.description.dialect == "hub0"


def test_they_are_written_so_that_the_old_client_reads_it(connected, old):
    old.run('array = hub.array((4, 6), name="me/both:v1", dtype="int16", chunk_size=(2, 3))\n'
            "array[:] = np.zeros((4, 6), 'int16')")
    hub.load(f"{old.bucket}/me/both:v1")[1:3, 2:5] = np.arange(6, dtype="i2").reshape(2, 3)
    old.run("""
data = np.zeros((4, 6), "int16")
data[1:3, 2:5] = np.arange(6).reshape(2, 3)
assert np.array_equal(hub.load("me/both:v1")[:], data)
""")


def converted(old, namespace, source, *more):
    name = f"{namespace}/converted:v1"
    assert main(["push", "--from-hub0", source, name, "--quiet", *more]) == 0
    return hub.load(name)


def test_conversion_on_the_server(connected, old, namespace):
    images = converted(old, namespace, f"{old.bucket}/me/images:v1")
    assert np.array_equal(images[:], IMAGES)
    assert images.description.dialect == "zarr3"


def test_conversion_from_a_bucket_anywhere(connected, old, namespace, server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.root_keys[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.root_keys[1])
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    floats = converted(old, namespace, f"s3://{old.bucket}/me/floats/v1",
                       "--source-endpoint", server.endpoint)
    expected = np.zeros((6, 4), "f4")
    expected[:3] = np.linspace(0, 1, 12, dtype="f4").reshape(3, 4)
    assert np.array_equal(floats[:], expected) and floats.dtype == np.dtype("f4")


def test_conversion_from_a_folder(client, old, namespace, tmp_path, capsys):
    folder = tmp_path / "copy"
    folder.mkdir()
    names = ["info.txt", "0-5_0-30_0-10", "0-5_0-30_10-20", "5-10_0-30_0-10", "5-10_0-30_10-20"]
    for name in names:
        answer = client.transport.request("GET", f"/{old.bucket}/me/images/v1/{name}")
        (folder / name).write_bytes(answer.data)
    assert np.array_equal(converted(old, namespace, str(folder))[:], IMAGES)
    (folder / "info.txt").write_text(json.dumps({"dclass": "dataset", "keys": {}}))
    assert main(["push", "--from-hub0", str(folder), f"{namespace}/set:v1"]) == 1
    assert "is a dataset of the original Hub" in capsys.readouterr().err
