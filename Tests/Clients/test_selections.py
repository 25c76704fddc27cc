"""Lists, masks and new axes; the forms csv and png; ranges, encodings and entity tags of regions.

NumPy is the oracle of what is selected and spelled, Pillow of what a picture shows.
"""

import gzip
import io
import json
import threading

import numpy as np
import PIL.Image
import pytest
import requests
import zstandard
import lz4.frame

from array_api import ArrayAPI
from signing import presign
from test_array_data import sample, write


@pytest.fixture(scope="module")
def stored(http_server, http_s3):
    """One array with lists worth selecting, as its reference and its elements."""
    http_s3.create_bucket(Bucket="selections")
    data = sample("<i4")
    write(http_server, "selections", "x:v0", data)
    return "selections/x:v0", data


LISTS = [
    ("[0,10,3]", np.s_[[0, 10, 3]]), ("[-1]", np.s_[[-1]]), ("[]", np.s_[np.array([], int)]),
    (":,[6,0,6,6]", np.s_[:, [6, 0, 6, 6]]), ("...,[4,0]", np.s_[..., [4, 0]]),
    ("2:9:3,[1,2],::-1", np.s_[2:9:3, [1, 2], ::-1]), ("[[1,2],:2]", np.s_[[1, 2], :2]),
    ("3,[2,1]", np.s_[3, [2, 1]]), ("[7,7,8,9,1],2", np.s_[[7, 7, 8, 9, 1], 2]),
    (":,[true,false,true,false,false,false,true]",
     np.s_[:, [True, False, True, False, False, False, True]]),
    ("None,0,...,newaxis", np.s_[None, 0, ..., None]), ("None,[1,0],None", np.s_[None, [1, 0], None]),
]


@pytest.mark.parametrize("text, index", LISTS)
def test_lists_masks_and_new_axes_select_as_numpy_does(http_api, stored, text, index):
    reference, data = stored
    np.testing.assert_array_equal(http_api.data(reference, text), data[index])


def test_a_list_stays_in_its_place_beside_a_number(http_api, stored):
    reference, data = stored
    # NumPy would move its axis to the front, as the two are apart.
    np.testing.assert_array_equal(http_api.data(reference, "1,:,[3,0]"), data[1][:, [3, 0]])


def test_statistics_of_lists_count_every_entry(http_api, stored):
    reference, data = stored
    got = http_api.statistics(reference, "[1,1,5],::2", op="sum,max")["statistics"]
    want = data[[1, 1, 5], ::2]
    assert got == {"sum": int(want.sum(dtype=np.int64)), "max": int(want.max())}


@pytest.mark.parametrize("text, code, members", [
    ("[0,11]", "index_out_of_range", {"axis": 0, "index": 11, "extent": 11}),
    (":,[true]", "slice_invalid", {"axis": 1, "extent": 7, "found": 1}),
    ("[0],[1]", "slice_invalid", {}), ("[0,true]", "slice_invalid", {}),
    ("[0", "slice_invalid", {}), ("[[0,1],[1,2]]", "slice_invalid", {}),
    ("None," * 40 + "0", "slice_invalid", {}),
])
def test_wrong_lists_are_named(http_api, stored, text, code, members):
    answer = http_api.get(f"data/{stored[0]}", slice=text)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert {name: answer.json()[name] for name in members} == members


@pytest.mark.parametrize("dtype", ["bool", "u1", "<i8", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"])
def test_csv_reads_back_as_the_same_values(http_server, http_bucket, dtype):
    data = sample(dtype, (13, 4))
    if data.dtype.kind == "f":
        data[0, :3] = [np.nan, np.inf, -np.inf]
    write(http_server, http_bucket, "x", data, chunks=(5, 3))
    api = ArrayAPI(http_server)
    for text, want in [("", data), ("2", data[2]), (":,1", data[:, 1]), ("3,2", data[3, 2])]:
        answer = api.get(f"data/{http_bucket}/x", slice=text, format="csv")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        got = np.loadtxt(io.StringIO(answer.text), dtype=data.dtype, delimiter=",", ndmin=want.ndim)
        np.testing.assert_array_equal(got.reshape(want.shape), want)
    # As numpy.savetxt lays rows out.
    if data.dtype.kind == "i":
        text = io.StringIO()
        np.savetxt(text, data, fmt="%d", delimiter=",")
        assert api.get(f"data/{http_bucket}/x", format="csv").text == text.getvalue()


@pytest.mark.parametrize("path", ["data", "stats"])
def test_a_list_of_many_runs_in_many_chunks_stays_small(http_server, http_bucket, http_s3, path):
    """Every other entry is a run of its own in each of 4000 chunks: four million pieces in all."""
    metadata = {
        "zarr_format": 3, "node_type": "array", "shape": [10, 4000], "data_type": "uint8",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [10, 1]}},
        "chunk_key_encoding": {"name": "default"}, "fill_value": 0,
        "codecs": [{"name": "bytes"}], "attributes": {}}
    http_s3.put_object(
        Bucket=http_bucket, Key="x/zarr.json", Body=json.dumps(metadata).encode())
    http_s3.put_object(Bucket=http_bucket, Key="x/c/0/7", Body=bytes(range(10)))
    text = f"[{','.join(['0,5'] * 500)}]"
    api = ArrayAPI(http_server)
    if path == "data":
        got = api.data(f"{http_bucket}/x", text)
        want = np.zeros((1000, 4000), "u1")
        want[1::2, 7] = 5
        np.testing.assert_array_equal(got, want)
    else:
        assert api.statistics(f"{http_bucket}/x", text, op="sum")["statistics"]["sum"] == 2500
    assert http_server.resident_bytes() < 600 << 20


def test_csv_takes_two_axes_at_most(http_api, stored):
    assert http_api.problem(f"data/{stored[0]}", format="csv") == (400, "format_unsuitable")


@pytest.mark.parametrize("dtype, shape", [
    ("bool", (9, 21)), ("u1", (300, 517)), ("<u2", (45, 33)), ("u1", (20, 30, 3)),
    ("u1", (20, 30, 4)), ("u1", (20, 30, 2)), ("u1", (1, 1)),
])
def test_png_holds_the_elements(http_server, http_bucket, dtype, shape):
    data = sample(dtype, shape)
    write(http_server, http_bucket, "x", data, chunks=tuple(min(n, 16) for n in shape))
    answer = ArrayAPI(http_server).get(f"data/{http_bucket}/x", format="png")
    assert answer.headers["Content-Type"] == "image/png"
    picture = PIL.Image.open(io.BytesIO(answer.content))
    picture.load()
    np.testing.assert_array_equal(np.asarray(picture), data)


def test_png_takes_pixels_only(http_api, stored, http_server, http_bucket):
    assert http_api.problem(f"data/{stored[0]}", format="png", slice="0") == (
        400, "format_unsuitable")
    write(http_server, http_bucket, "bytes", sample("u1", (4, 4)), chunks=(2, 2))
    assert http_api.problem(f"data/{http_bucket}/bytes", format="png", slice=":0") == (
        400, "format_unsuitable")


def test_ranges_are_parts_of_the_whole(http_api, stored):
    reference, _ = stored
    for form in ["npy", "raw"]:
        for text in ["", "::-1,[3,1,5]", "0,0,0"]:
            whole = http_api.get(f"data/{reference}", slice=text, format=form)
            count, tag = len(whole.content), whole.headers["ETag"]
            for field, part in [
                ("bytes=0-0", slice(0, 1)), ("bytes=0-127", slice(0, 128)),
                (f"bytes=1-{count}", slice(1, count)), ("bytes=-5", slice(-5, None)),
                ("bytes=3-", slice(3, None)), (f"bytes={count // 2}-{count // 2 + 6}",
                 slice(count // 2, count // 2 + 7)), ("bytes=-99999999", slice(0, None)),
            ]:
                answer = http_api.get(
                    f"data/{reference}", slice=text, format=form,
                    headers={"Range": field, "If-Range": tag})
                want = whole.content[part]
                if not want:
                    continue
                assert (answer.status_code, answer.content) == (206, want), (form, text, field)
                first = part.indices(count)[0]
                assert answer.headers["Content-Range"] == (
                    f"bytes {first}-{first + len(want) - 1}/{count}")
            beyond = http_api.get(
                f"data/{reference}", slice=text, format=form,
                headers={"Range": f"bytes={count}-"})
            assert (beyond.status_code, beyond.json()["code"]) == (416, "range_unsatisfiable")
            for field in ["bytes=0-1,3-4", "bytes=5-2", "items=0-1", ""]:
                answer = http_api.get(
                    f"data/{reference}", slice=text, format=form, headers={"Range": field})
                assert (answer.status_code, answer.content) == (200, whole.content)
            other = http_api.get(
                f"data/{reference}", slice=text, format=form,
                headers={"Range": "bytes=0-1", "If-Range": '"other"'})
            assert (other.status_code, other.content) == (200, whole.content)


@pytest.mark.parametrize("form", ["npy", "raw", "json", "csv"])
def test_encodings_are_those_that_the_client_takes(http_server, http_bucket, form):
    data = np.arange(300 * 1000, dtype="<i4").reshape(300, 1000) // 50
    write(http_server, http_bucket, "x", data, chunks=(64, 512))
    api = ArrayAPI(http_server)
    path = f"data/{http_bucket}/x"
    plain = raw(api, path, form, "identity")
    assert "Content-Encoding" not in plain.headers
    # Libraries name gzip and deflate on their own account; for elements that is no wish.
    is_text = form in ("json", "csv")
    for field, encoding in [
        ("gzip", "gzip"), ("zstd", "zstd"), ("gzip, zstd", "zstd"), ("gzip;q=1, zstd;q=0.5", "gzip"),
        ("gzip;q=0, *;q=0.1, identity;q=0", "zstd"), ("br", None), ("gzip;q=0", None),
        ("zstd;q=0.5, identity", None), ("gzip, deflate", "gzip" if is_text else None),
        ("gzip, deflate, br, zstd", "zstd"),
        # LZ4 is for those who name it, and want it more than what is registered.
        ("lz4", "lz4"), ("LZ4;q=0.3", "lz4"), ("lz4, zstd;q=0.9, gzip;q=0.9", "lz4"), ("lz4, zstd", "zstd"),
        ("lz4, gzip", "gzip"), ("gzip, deflate, lz4", "gzip" if is_text else "lz4"), ("*", "zstd"),
        ("*, zstd;q=0, gzip;q=0", None), ("lz4;q=0, *", "zstd"), ("lz4;q=0", None), ("lz4;q=0.5, identity", None),
    ]:
        answer = raw(api, path, form, field)
        assert answer.headers.get("Content-Encoding") == encoding, field
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert (answer.headers["ETag"] == plain.headers["ETag"]) == (encoding is None)
        body = answer.raw.read(decode_content=False)
        if encoding == "gzip":
            body = gzip.decompress(body)
        if encoding == "zstd":
            body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
        if encoding == "lz4":
            assert lz4.frame.get_frame_info(body)["content_checksum"]
            body = lz4.frame.decompress(body)
        assert body == plain.raw_body
        again = raw(api, path, form, field, **{"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
    small = api.get(path, slice="0,:4", format=form, headers={"Accept-Encoding": "gzip, zstd, lz4"})
    assert "Content-Encoding" not in small.headers


def raw(api, path, form, encoding, **headers):
    """An answer whose body is not decoded."""
    answer = api.session.get(
        f"{api.server.endpoint}/v1/{path}", params={"format": form}, stream=True, timeout=60,
        headers={"Accept-Encoding": encoding} | headers)
    if encoding == "identity":
        answer.raw_body = answer.raw.read()
    return answer


def test_ranges_are_of_the_elements_whatever_coding_is_taken(http_server, http_bucket):
    data = np.arange(300 * 1000, dtype="<i4").reshape(300, 1000) // 50
    write(http_server, http_bucket, "x", data, chunks=(64, 512))
    api = ArrayAPI(http_server)
    path = f"data/{http_bucket}/x"
    for field in ["lz4", "zstd", "gzip"]:
        whole = raw(api, path, "raw", field)
        assert whole.headers["Content-Encoding"] == field and "Accept-Ranges" not in whole.headers
        whole.close()
        part = raw(api, path, "raw", field, Range="bytes=1000-4999")
        assert part.status_code == 206 and "Content-Encoding" not in part.headers
        assert part.raw.read() == data.tobytes()[1000:5000]
        assert part.headers["ETag"] != whole.headers["ETag"]
        # The tag of the compressed answer names no bytes that a range could be of.
        other = raw(
            api, path, "raw", "identity", Range="bytes=0-1", **{"If-Range": whole.headers["ETag"]})
        assert (other.status_code, other.raw_body) == (200, data.tobytes())


def test_noise_is_sent_as_it_is(http_server, http_bucket):
    data = np.frombuffer(np.random.default_rng(1).bytes(1 << 20), "u1")
    write(http_server, http_bucket, "x", data, chunks=(1 << 18,))
    answer = ArrayAPI(http_server).get(
        f"data/{http_bucket}/x", format="raw", headers={"Accept-Encoding": "zstd, lz4;q=0.5"})
    assert "Content-Encoding" not in answer.headers
    assert answer.content == data.tobytes()


def test_an_unchanged_region_is_not_sent_again(http_server, http_bucket, http_s3):
    data = sample("<i4")
    array = write(http_server, http_bucket, "x:v0", data)
    api = ArrayAPI(http_server)
    path = f"data/{http_bucket}/x:v0"
    tags = {}
    for text in ["", "0:4,0:3", "[9,1]"]:
        first = api.get(path, slice=text)
        tags[text] = first.headers["ETag"]
        again = api.get(path, slice=text, headers={"If-None-Match": f'"no", W/{tags[text]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == tags[text]
        assert api.get(path, slice=text, format="raw").headers["ETag"] != tags[text]
        head = api.session.head(f"{api.server.endpoint}/v1/{path}", params={"slice": text})
        assert head.headers["ETag"] == tags[text]
        assert head.headers["Content-Length"] == str(len(first.content))
    array[10, 6, 4] = 12345
    for text, is_same in [("", False), ("0:4,0:3", True), ("[9,1]", False)]:
        answer = api.get(path, slice=text, headers={"If-None-Match": tags[text]})
        assert answer.status_code == (304 if is_same else 200), text
    # The same bytes in another chunk's place are another region.
    http_s3.delete_object(Bucket=http_bucket, Key="x:v0/c/0/0/0")
    answer = api.get(path, slice="0:4,0:3", headers={"If-None-Match": tags["0:4,0:3"]})
    assert answer.status_code == 200


def test_a_region_is_never_seen_half_changed(http_server, http_bucket, http_s3):
    """Writers replace both chunks in turn; a reader sees no later second than first chunk.

    The second chunk is always written after the first, so with look-ups of one state the first is
    never older than the second, and what is read of them is what was looked up.
    """
    metadata = {
        "zarr_format": 3, "node_type": "array", "shape": [400_000], "data_type": "uint32",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [200_000]}},
        "chunk_key_encoding": {"name": "default"}, "fill_value": 0,
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}], "attributes": {}}
    http_s3.put_object(
        Bucket=http_bucket, Key="x/zarr.json", Body=json.dumps(metadata).encode())
    is_over = threading.Event()

    def write_both():
        for number in range(1, 120):
            body = np.full(200_000, number, "<u4").tobytes()
            http_s3.put_object(Bucket=http_bucket, Key="x/c/0", Body=body)
            http_s3.put_object(Bucket=http_bucket, Key="x/c/1", Body=body)
        is_over.set()

    writer = threading.Thread(target=write_both)
    writer.start()
    api, seen = ArrayAPI(http_server), set()
    try:
        while not is_over.is_set():
            got = api.data(f"{http_bucket}/x")
            first, second = np.unique(got[:200_000]), np.unique(got[200_000:])
            assert len(first) == len(second) == 1
            assert 0 <= int(first[0]) - int(second[0]) <= 1
            seen.add(int(first[0]))
    finally:
        writer.join()
    assert len(seen) > 5


def test_a_presigned_region_can_be_read_by_range(http_server, stored):
    reference, data = stored
    path = presign(http_server, "GET", f"/v1/data/{reference}?format=raw")
    answer = requests.get(
        http_server.endpoint + path, headers={"Range": "bytes=4-11"}, timeout=60)
    assert answer.status_code == 206
    assert answer.content == data.tobytes()[4:12]
