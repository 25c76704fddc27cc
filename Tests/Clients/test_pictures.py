"""`/v1/preview` and `/v1/occupancy`, seen with Pillow and NumPy."""

import concurrent.futures
import io
import json

import numpy as np
import PIL.Image
import pytest

from array_api import ArrayAPI
from test_array_data import sample, write


@pytest.fixture(scope="module")
def bucket(http_s3):
    http_s3.create_bucket(Bucket="pictures")
    return "pictures"


def picture(api, reference, **parameters):
    answer = api.get(f"preview/{reference}", **parameters)
    assert answer.status_code == 200, answer.text
    image = PIL.Image.open(io.BytesIO(answer.content))
    image.load()
    assert answer.headers["Content-Type"] == f"image/{image.format.lower()}"
    return np.asarray(image)


def shrunk(data, factor):
    """Means over boxes, clipped at the far edges."""
    rows = range(0, data.shape[0], factor)
    columns = range(0, data.shape[1], factor)
    return np.array([
        [data[y:y + factor, x:x + factor].mean(axis=(0, 1)) for x in columns] for y in rows])


def test_bytes_are_shown_as_they_are(http_server, bucket):
    data = sample("u1", (9, 70, 50))
    write(http_server, bucket, "bytes", data, chunks=(4, 16, 32))
    api = ArrayAPI(http_server)
    np.testing.assert_array_equal(picture(api, f"{bucket}/bytes"), data[4])
    np.testing.assert_array_equal(picture(api, f"{bucket}/bytes", index="-1"), data[8])
    got = picture(api, f"{bucket}/bytes", axes="0,-1", index="3")
    np.testing.assert_array_equal(got, data[:, 3, :])
    got = picture(api, f"{bucket}/bytes", axes="2,1", index="0")
    np.testing.assert_array_equal(got, data[0].T)


@pytest.mark.parametrize("channels", [3, 4])
def test_colours_are_recognised(http_server, bucket, channels):
    data = sample("u1", (2, 40, 30, channels))
    name = f"colour{channels}"
    write(http_server, bucket, name, data, chunks=(1, 16, 30, 2))
    api = ArrayAPI(http_server)
    np.testing.assert_array_equal(picture(api, f"{bucket}/{name}", index="0"), data[0])
    got = picture(api, f"{bucket}/{name}", axes="-2,-1", index="1,7")
    np.testing.assert_array_equal(got, data[1, 7])


@pytest.mark.parametrize("chunks", [(13, 17), (64, 64), (300, 5)])
def test_large_planes_are_made_smaller_by_means(http_server, bucket, chunks):
    data = sample("u1", (300, 211))
    name = f"shrink{chunks[0]}"
    write(http_server, bucket, name, data, chunks=chunks)
    api = ArrayAPI(http_server)
    for _ in range(2):
        got = picture(api, f"{bucket}/{name}", size=100)
        want = shrunk(data.astype(float), 3)
        assert got.shape == want.shape == (100, 71)
        assert np.abs(got - want).max() <= 0.51
    data[5, 5] ^= 255
    write(http_server, bucket, name, data, chunks=chunks, overwrite=True)
    got = picture(api, f"{bucket}/{name}", size=100)
    assert np.abs(got - shrunk(data.astype(float), 3)).max() <= 0.51


@pytest.mark.parametrize("axes", [[(0, 1), (1, 0)], [(0, 2), (2, 0)], [(1, 2), (2, 1)]])
@pytest.mark.parametrize("order", [1, -1])
def test_planes_of_the_same_chunks_have_their_own_means(http_server, bucket, axes, order):
    """Equal extents and factors: nothing but the axes tells one plane from the other."""
    data = sample("u1", (64, 64, 64))
    name = "cube%d%d%d" % (*axes[0], order % 3)
    write(http_server, bucket, name, data, chunks=(16, 16, 16))
    api = ArrayAPI(http_server)
    for rows, columns in axes[::order] * 2:
        plane = np.moveaxis(data, (rows, columns), (0, 1))[..., 40].astype(float)
        got = picture(
            api, f"{bucket}/{name}", axes=f"{rows},{columns}", index="40", size=32)
        assert np.abs(got - shrunk(plane, 2)).max() <= 0.51, (rows, columns)


@pytest.mark.parametrize("order", [1, -1])
def test_a_plane_with_colours_follows_one_without(http_server, bucket, order):
    """The tiles of one have fewer sums than those of the other: this ended the server once."""
    data = np.arange(27, dtype="u1").reshape(3, 3, 3)
    write(http_server, bucket, f"colourless{order % 3}", data, chunks=(2, 1, 3))
    api = ArrayAPI(http_server)
    planes = [({"axes": "0,2", "index": "1"}, data[:, 1].mean()), ({}, data.mean(axis=(0, 1)))]
    for parameters, mean in planes[::order] * 2:
        got = picture(api, f"{bucket}/colourless{order % 3}", size=1, **parameters)
        assert np.abs(got.reshape(-1) - mean).max() <= 0.51


def test_what_is_transparent_is_so_in_every_window(http_server, bucket):
    data = np.full((40, 40, 4), 50, "u1")
    data[..., 3] = 255
    data[:20, :, 3] = 128
    write(http_server, bucket, "alpha", data, chunks=(40, 40, 4))
    api = ArrayAPI(http_server)
    for parameters, level in [
            ({"window": "0,100"}, 128), ({"window": "100,0"}, 128), ({"percentile": "0,100"}, 0)]:
        got = picture(api, f"{bucket}/alpha", **parameters)
        np.testing.assert_array_equal(got[..., 3], data[..., 3])
        assert np.abs(got[..., :3].astype(int) - level).max() <= 1
    white = picture(api, f"{bucket}/alpha", window="0,100", format="jpeg")
    assert np.abs(white[:16].astype(int) - (128 * 128 + 255 * 127) / 255).max() <= 3


def test_percentiles_are_of_all_colours(http_server, bucket):
    data = np.empty((1024, 1024, 3), "u1")
    data[..., 0], data[..., 2] = 10, 200
    data[..., 1] = np.arange(1024 * 1024).reshape(1024, 1024) % 251
    write(http_server, bucket, "ramps", data, chunks=(512, 512, 3))
    api = ArrayAPI(http_server)
    for low, high in [(0, 100), (20, 80)]:
        lower, upper = np.percentile(data, [low, high])
        got = picture(api, f"{bucket}/ramps", percentile=f"{low},{high}", size=1024)
        want = np.clip((data - lower) / (upper - lower), 0, 1) * 255
        # Of every fifth or so of the pixels.
        assert np.abs(got - want).max() <= 3


def test_windows_and_percentiles(http_server, bucket):
    data = np.linspace(-5, 20, 64 * 64, dtype="<f4").reshape(64, 64)
    write(http_server, bucket, "ramp", data, chunks=(64, 64))
    api = ArrayAPI(http_server)

    def scaled(low, high):
        return np.clip((data.astype(float) - low) / (high - low), 0, 1) * 255

    got = picture(api, f"{bucket}/ramp", window="0,10")
    assert np.abs(got - scaled(0, 10)).max() <= 0.51
    for parameters, limits in [({}, (1, 99)), ({"percentile": "10,60"}, (10, 60))]:
        low, high = np.percentile(data.astype(float), limits)
        got = picture(api, f"{bucket}/ramp", **parameters)
        assert np.abs(got - scaled(low, high)).max() <= 0.51
    got = picture(api, f"{bucket}/ramp", window="10,0")
    assert np.abs(got - (255 - scaled(0, 10))).max() <= 0.51


def test_nan_is_transparent_and_white_in_jpeg(http_server, bucket):
    data = np.zeros((64, 64), "<f8")
    data[32:] = np.nan
    data[:, :8] = 1
    write(http_server, bucket, "holes", data, chunks=(64, 64))
    api = ArrayAPI(http_server)
    got = picture(api, f"{bucket}/holes", window="0,1")
    assert got.shape == (64, 64, 2)
    assert (got[32:, 8:, 1] == 0).all() and (got[:32, :, 1] == 255).all()
    assert (got[:32, 8:, 0] == 0).all() and (got[:32, :8, 0] == 255).all()
    got = picture(api, f"{bucket}/holes", window="0,1", map="viridis")
    assert got.shape == (64, 64, 4)
    flat = picture(api, f"{bucket}/holes", window="0,1", format="jpeg")
    assert flat.shape == (64, 64)
    assert flat[40:, 16:].min() > 250 and flat[:24, 16:].max() < 5


# The first, the middle and the last colour of each map as matplotlib 3.10 gives them.
@pytest.mark.parametrize("name, colours", [
    ("viridis", [(68, 1, 84), (33, 145, 140), (253, 231, 37)]),
    ("magma", [(0, 0, 4), (183, 55, 121), (252, 253, 191)]),
    ("inferno", [(0, 0, 4), (188, 55, 84), (252, 255, 164)]),
    ("turbo", [(48, 18, 59), (164, 252, 60), (122, 4, 3)]),
])
def test_maps_have_their_colours(http_server, bucket, name, colours):
    data = np.arange(256, dtype="u1").reshape(16, 16)
    write(http_server, bucket, "levels", data, chunks=(16, 16), overwrite=True)
    got = picture(ArrayAPI(http_server), f"{bucket}/levels", map=name).reshape(256, 3)
    for level, colour in zip([0, 128, 255], colours):
        assert np.abs(got[level].astype(int) - colour).max() <= 1, level


def test_missing_chunks_show_the_fill_value(http_server, bucket):
    data = np.full((40, 40), 7, "u1")
    data[:16, :16] = 200
    write(http_server, bucket, "missing", data, chunks=(16, 16), fill_value=7)
    api = ArrayAPI(http_server)
    np.testing.assert_array_equal(picture(api, f"{bucket}/missing"), data)
    got = picture(api, f"{bucket}/missing", size=20)
    assert np.abs(got - shrunk(data.astype(float), 2)).max() <= 0.51


PETABYTE = {
    "zarr_format": 3, "node_type": "array", "shape": [10_000_000_000, 1_000_000, 3],
    "data_type": "uint8",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [100, 100, 3]}},
    "chunk_key_encoding": {"name": "default"}, "fill_value": 50, "codecs": [{"name": "bytes"}],
    "attributes": {}}


def test_a_petabyte_is_shown_and_counted_at_once(http_server, http_s3, bucket):
    http_s3.put_object(Bucket=bucket, Key="big/zarr.json", Body=json.dumps(PETABYTE).encode())
    body = np.full((100, 100, 3), [1, 2, 3], "u1").tobytes()
    places = [(0, 0), (99_999_999, 9_999), (50_000_000, 5_000)]
    for row, column in places:
        http_s3.put_object(Bucket=bucket, Key=f"big/c/{row}/{column}/0", Body=body)
    api = ArrayAPI(http_server)
    got = picture(api, f"{bucket}/big")
    assert got.shape[2] == 3 and max(got.shape) <= 512
    assert (got == 50).mean() > 0.9
    occupied = api.document(f"occupancy/{bucket}/big", limit=2)
    assert occupied["grid_shape"] == [100_000_000, 10_000, 1]
    assert (occupied["chunks_total"], occupied["chunks_stored"]) == (1_000_000_000_000, 3)
    rest = api.document(f"occupancy/{bucket}/big", limit=2, cursor=occupied["next"])
    assert rest["next"] is None
    found = {tuple(chunk[:2]) for chunk in occupied["chunks"] + rest["chunks"]}
    assert found == set(places)
    answer = api.get(f"occupancy/{bucket}/big", format="npy", size=10)
    counts = np.load(io.BytesIO(answer.content))
    assert counts.shape == (10, 10) and counts.sum() == 3
    assert counts[0, 0] == counts[9, 9] == counts[5, 5] == 1
    answer = api.get(f"occupancy/{bucket}/big", format="png", size=10)
    pixels = np.asarray(PIL.Image.open(io.BytesIO(answer.content)))
    np.testing.assert_array_equal(pixels > 0, counts > 0)


def test_a_plane_of_too_many_stored_chunks_is_sampled(http_server, http_s3, bucket):
    metadata = PETABYTE | {
        "shape": [80, 80], "fill_value": 0,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1, 1]}}}
    key = "many/zarr.json"
    http_s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(metadata).encode())
    data = np.add.outer(np.arange(80), np.arange(80)).astype("u1")

    def put(place):
        row, column = divmod(place, 80)
        http_s3.put_object(
            Bucket=bucket, Key=f"many/c/{row}/{column}", Body=data[row, column].tobytes())

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(put, range(80 * 80)))
    answer = ArrayAPI(http_server).get(f"preview/{bucket}/many", size=40)
    assert answer.headers["X-Nave-Sampled"] == "chunks=400; of=6400"
    got = np.asarray(PIL.Image.open(io.BytesIO(answer.content)))
    np.testing.assert_array_equal(
        got, np.kron(data[2::4, 2::4], np.ones((2, 2), "u1")))


@pytest.mark.parametrize("size", [1, 4, 10, 24, 30])
def test_a_sampled_plane_keeps_to_its_size(http_server, http_s3, bucket, size):
    """Also where a pixel's colours lie in chunks of their own."""
    api = ArrayAPI(http_server)
    name = "tiny"
    if api.get(f"arrays/{bucket}/{name}").status_code == 404:
        data = np.empty((40, 40, 3), "u1")
        data[...] = [30, 60, 90]
        specification = {"shape": data.shape, "dtype": "uint8", "chunks": [1, 1, 1]}
        api.sent("PUT", f"arrays/{bucket}/{name}", json.dumps(specification), status=201)
        api.sent("PUT", f"data/{bucket}/{name}", data.tobytes(), format="raw")
    got = picture(api, f"{bucket}/{name}", size=size)
    assert max(got.shape[:2]) <= size and got.shape[2] == 3
    np.testing.assert_array_equal(got, np.broadcast_to(np.uint8([30, 60, 90]), got.shape))


def test_occupancy_of_a_small_array(http_server, bucket):
    data = np.zeros((40, 30), "<i4")
    data[0, 0] = data[39, 29] = data[20, 11] = 1
    write(http_server, bucket, "few", data, chunks=(10, 10), fill_value=0)
    api = ArrayAPI(http_server)
    document = api.document(f"occupancy/{bucket}/few")
    assert document["grid_shape"] == [4, 3] and document["chunk_shape"] == [10, 10]
    assert sorted(document["chunks"]) == [[0, 0], [2, 1], [3, 2]]
    answer = api.get(f"occupancy/{bucket}/few", format="npy", axes="1,0")
    np.testing.assert_array_equal(
        np.load(io.BytesIO(answer.content)), [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


def test_an_unchanged_picture_is_not_sent_again(http_server, bucket):
    write(http_server, bucket, "tagged", sample("u1", (20, 20)), chunks=(10, 10))
    api = ArrayAPI(http_server)
    tag = api.get(f"preview/{bucket}/tagged").headers["ETag"]
    again = api.get(f"preview/{bucket}/tagged", headers={"If-None-Match": tag})
    assert again.status_code == 304


@pytest.mark.parametrize("path, parameters, code", [
    ("preview", {"axes": "0"}, "parameter_invalid"), ("preview", {"axes": "0,0"}, "plane_invalid"),
    ("preview", {"axes": "0,5"}, "plane_invalid"), ("preview", {"index": "0,0"}, "plane_invalid"),
    ("preview", {"index": "99"}, "index_out_of_range"), ("preview", {"size": "0"}, "parameter_invalid"),
    ("preview", {"size": "4097"}, "parameter_invalid"), ("preview", {"map": "jet"}, "parameter_invalid"),
    ("preview", {"window": "0,inf"}, "parameter_invalid"),
    ("preview", {"window": "0 1,2"}, "parameter_invalid"),
    ("preview", {"window": "0,0x10"}, "parameter_invalid"),
    ("preview", {"window": "0,1,x"}, "parameter_invalid"),
    ("preview", {"axes": "0 1,2"}, "parameter_invalid"),
    ("preview", {"percentile": "0,101"}, "parameter_invalid"),
    ("preview", {"percentile": "0,9", "window": "0,1"}, "parameter_invalid"),
    ("preview", {"format": "gif"}, "parameter_invalid"),
    ("preview", {"axes": "9223372036854775807,0"}, "parameter_invalid"),
    ("preview", {"index": "-9223372036854775808"}, "parameter_invalid"),
    ("occupancy", {"limit": "0"}, "parameter_invalid"),
    ("occupancy", {"cursor": "9,9,9"}, "parameter_invalid"),
    ("occupancy", {"axes": "1,1", "format": "png"}, "plane_invalid"),
])
def test_what_is_wrong_is_named(http_server, bucket, path, parameters, code):
    api = ArrayAPI(http_server)
    if api.get(f"arrays/{bucket}/wrong").status_code == 404:
        write(http_server, bucket, "wrong", sample("u1", (3, 20, 20)), chunks=(3, 10, 10))
    assert api.problem(f"{path}/{bucket}/wrong", **parameters) == (400, code)


def test_complex_numbers_and_vectors_have_no_picture(http_server, bucket):
    write(http_server, bucket, "phases", sample("<c8", (4, 4)), chunks=(4, 4))
    write(http_server, bucket, "vector", sample("u1", (4,)), chunks=(4,))
    api = ArrayAPI(http_server)
    assert api.problem(f"preview/{bucket}/phases") == (422, "statistic_unsupported")
    assert api.problem(f"preview/{bucket}/vector") == (400, "plane_invalid")
