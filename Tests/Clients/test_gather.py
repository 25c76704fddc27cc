"""`POST /v1/gather`: samples and boxes come in the order of the request, as NumPy takes them."""

import io
import json

import numpy as np
import pytest

from array_api import ArrayAPI
from test_array_data import sample, write


@pytest.fixture(scope="module")
def stored(http_server, http_s3):
    http_s3.create_bucket(Bucket="gathering")
    data = sample("<u2", (50, 9, 4))
    write(http_server, "gathering", "x:v0", data, chunks=(8, 5, 4))
    return "gathering/x:v0", data


def post(api, reference, body, **parameters):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return api.session.post(
        f"{api.server.endpoint}/v1/gather/{reference}", data=content, params=parameters, timeout=60)


def load(answer):
    assert answer.status_code == 200, answer.text
    return np.load(io.BytesIO(answer.content), allow_pickle=False)


@pytest.mark.parametrize("samples", [
    [0], [], [49, 0, 7, 7, 7, -1, -50], list(range(50)), [3] * 2000,
])
def test_samples_come_in_order(http_api, stored, samples):
    reference, data = stored
    want = data[np.array(samples, int)]
    np.testing.assert_array_equal(load(post(http_api, reference, {"samples": samples})), want)
    raw = post(http_api, reference, {"samples": samples}, format="raw")
    assert raw.content == want.tobytes()
    assert json.loads(raw.headers["X-Nave-Shape"]) == list(want.shape)


def test_many_random_samples_of_many_slabs(http_server, http_bucket):
    data = sample("<f4", (300, 64, 70))
    write(http_server, http_bucket, "x", data, chunks=(7, 64, 33))
    samples = np.random.default_rng(5).integers(-300, 300, 2000).tolist()
    got = load(post(ArrayAPI(http_server), f"{http_bucket}/x", {"samples": samples}))
    np.testing.assert_array_equal(got, data[samples])


def test_boxes_of_equal_shapes_are_one_array(http_api, stored):
    reference, data = stored
    texts = ["0:3,:2", "7:10,::-1", "47:,3:5", "0:3,[8,8]"]
    boxes = [data[0:3, :2], data[7:10, ::-1][:, :2], data[47:, 3:5], data[0:3, [8, 8]]]
    texts[1] = "7:10,8:6:-1"
    got = load(post(http_api, reference, {"boxes": texts}))
    np.testing.assert_array_equal(got, np.stack(boxes))
    scalars = load(post(http_api, reference, {"boxes": ["0,0,0", "49,8,3"]}))
    np.testing.assert_array_equal(scalars, [data[0, 0, 0], data[49, 8, 3]])
    assert load(post(http_api, reference, {"boxes": []})).shape == (0, 50, 9, 4)


def test_boxes_of_other_shapes_are_files_behind_one_another(http_api, stored):
    reference, data = stored
    answer = post(http_api, reference, {"boxes": ["0:3", "1,2,3", "4:4", "...,[1,0]"]})
    assert answer.headers["Content-Type"] == "application/x-npy-sequence"
    file = io.BytesIO(answer.content)
    for want in [data[0:3], data[1, 2, 3], data[4:4], data[..., [1, 0]]]:
        np.testing.assert_array_equal(np.load(file), want)
    assert not file.read()
    raw = post(http_api, reference, {"boxes": ["0:3", "1,2,3"]}, format="raw")
    assert raw.content == data[0:3].tobytes() + data[1, 2, 3].tobytes()


def test_large_boxes_are_read_in_slabs(http_server, http_bucket):
    data = sample("<f8", (40, 300, 200))
    write(http_server, http_bucket, "x", data, chunks=(9, 100, 77))
    got = load(post(ArrayAPI(http_server), f"{http_bucket}/x", {"boxes": ["0:30", "10:", "5:35"]}))
    np.testing.assert_array_equal(got, np.stack([data[0:30], data[10:], data[5:35]]))


@pytest.mark.parametrize("body, status, code", [
    ({"samples": [0, 50]}, 400, "index_out_of_range"),
    ({"samples": [0, -51]}, 400, "index_out_of_range"),
    ({"samples": [1.5]}, 400, "body_invalid"), ({"samples": "all"}, 400, "body_invalid"),
    ({"samples": [0], "boxes": []}, 400, "body_invalid"), ({}, 400, "body_invalid"),
    ({"boxes": [1]}, 400, "body_invalid"), ({"boxes": ["99"]}, 400, "index_out_of_range"),
    ({"boxes": ["x"]}, 400, "slice_invalid"), (b"", 400, "body_invalid"),
    (b'{"samples": [0', 400, "body_invalid"), (b'{"samples": [00]}', 400, "body_invalid"),
    (b'{"samples": [99999999999999999999]}', 400, "body_invalid"),
    (b'{"samples": [' + b"0," * 1_000_000 + b"0]}", 400, "body_invalid"),
    (b'{"samples": [' + b"0," * 5_000_000 + b"0]}", 413, "body_too_large"),
    ({"boxes": [":"] * 100_001}, 400, "body_invalid"),
])
def test_what_is_wrong_is_named(http_api, stored, body, status, code):
    answer = post(http_api, stored[0], body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_only_post_is_taken(http_api, stored):
    answer = http_api.get(f"gather/{stored[0]}")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert post(http_api, stored[0], {"samples": []}, format="json").json()["code"] == (
        "parameter_invalid")


def test_strangers_gather_nothing(http_server, second_keys, stored):
    answer = post(ArrayAPI(http_server, second_keys), stored[0], {"samples": [0]})
    assert answer.status_code == 403


def test_a_million_samples(http_server, http_bucket):
    data = np.arange(5000, dtype="<u2")
    write(http_server, http_bucket, "x", data, chunks=(100,))
    samples = np.random.default_rng(6).integers(0, 5000, 1_000_000)
    body = b'{"samples":[' + ",".join(map(str, samples)).encode() + b"]}"
    got = load(post(ArrayAPI(http_server), f"{http_bucket}/x", body))
    np.testing.assert_array_equal(got, data[samples])
