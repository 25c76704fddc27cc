"""The unmodified hub==0.2.0.4 from PyPI: its arrays, datasets and versions work as it says.

The client itself fails to read regions that cut a chunk where another one follows, and chunks that
reach over the shape's edge; so grids divide evenly here, and regions end with chunks.
"""

import json
import time

import pytest

from hub_client import HubSession
from s3_clients import body_of, new_bucket_name


@pytest.fixture
def hub(server, tmp_path):
    return HubSession(server, tmp_path / "home", new_bucket_name("team"))


def test_configure_creates_the_bucket_and_may_be_repeated(server, s3, hub, tmp_path):
    assert hub.bucket in [entry["Name"] for entry in s3.list_buckets()["Buckets"]]
    again = HubSession(server, tmp_path / "other-home", hub.bucket.removeprefix("snark-hub-"))
    assert again.bucket == hub.bucket
    token = json.loads((tmp_path / "other-home/.hub/token").read_text())
    assert token["BUCKET"] == hub.bucket


def test_an_array_is_written_by_one_process_and_read_by_another(s3, hub):
    hub.run("""
array = hub.array((10, 30, 20), name="me/images:v1", dtype="uint8", chunk_size=(5, 30, 10))
data = np.arange(10 * 30 * 20, dtype="uint8").reshape(10, 30, 20)
array[:] = data
array[3, 5:9, 2:4] = 255
""")
    hub.run("""
data = np.arange(10 * 30 * 20, dtype="uint8").reshape(10, 30, 20)
data[3, 5:9, 2:4] = 255
array = hub.load("me/images:v1")
assert array.shape == [10, 30, 20] and array.dtype == "uint8", (array.shape, array.dtype)
assert np.array_equal(array[:], data)
assert np.array_equal(array[5:10, 1:9, 10:20], data[5:10, 1:9, 10:20])
assert array[9, 29, 19] == data[9, 29, 19]
""")
    info = json.loads(body_of(s3, hub.bucket, "me/images/v1/info.txt"))
    assert info["shape"] == [10, 30, 20] and info["order"] == "F"
    assert len(body_of(s3, hub.bucket, "me/images/v1/0-5_0-30_0-10")) == 5 * 30 * 10


def test_an_array_of_ten_thousand_million_images_is_made_at_once(hub):
    began = time.monotonic()
    hub.run("""
array = hub.array((10_000_000_000, 512, 512, 3), name="me/bigarray:v0", dtype="uint8")
array[9_999_999_999, 0, 0, :] = [1, 2, 3]
assert array[9_999_999_999, 0, 0].tolist() == [1, 2, 3]
assert not array[5_000_000_000, 10:20, 10:20].any()
""")
    assert time.monotonic() - began < 60


def test_a_missing_array_is_said_to_be_missing_without_retries(hub):
    began = time.monotonic()
    result = hub.run('hub.load("me/missing:v9")', check=False)
    assert result.returncode != 0 and "NotFound" in result.stderr
    assert time.monotonic() - began < 10


def test_a_dataset_of_several_arrays_is_saved_and_loaded(hub):
    output = hub.run("""
images = hub.array((6, 4, 4), name="me/set-images:v0", dtype="uint8", chunk_size=(2, 4, 4))
labels = hub.array((6, 1), name="me/set-labels:v0", dtype="int64", chunk_size=(3, 1))
images[:] = np.arange(96).reshape(6, 4, 4)
labels[:] = np.arange(6).reshape(6, 1)
hub.dataset({"image": images, "label": labels}, name="me/set:v0")
back = hub.dataset(name="me/set:v0")
print(sorted(back.keys), back["label", 4], back["image", 5].tolist())
""")
    assert "['image', 'label']" in output
    assert "[[80, 81, 82, 83], [84, 85, 86, 87]" in output


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64", "float32", "float64", "bool"])
def test_every_type_comes_back_equal(hub, dtype):
    hub.run(f"""
data = (np.arange(6 * 12).reshape(6, 12) % 5).astype("{dtype}")
array = hub.array((6, 12), name="me/typed:{dtype}", dtype="{dtype}", chunk_size=(3, 4))
array[:] = data
back = hub.load("me/typed:{dtype}")[:]
assert back.dtype == data.dtype and np.array_equal(back, data), (back, data)
""")
