"""A generator is written in bounded blocks, goes on after a break, and arrays can be verified.

Method: what is in memory is counted by who makes it; breaks are exceptions in the generator; damage
is made by an S3 client that puts other bytes in a chunk's place.
"""

import boto3
import hub
import numpy as np
import pytest
from hub import feeding


def sample(number):
    return np.full((3, 4), number, "i4")


def expected(count):
    return np.stack([sample(number) for number in range(count)])


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(feeding, "REQUEST_BYTES_MAX", 10 * 48)


@pytest.fixture
def array(connected, namespace, small_blocks):
    return hub.array((0, 3, 4), name=f"{namespace}/a:v1", dtype="i4", chunks=(4, 3, 4))


def test_samples_and_blocks_are_written_and_the_array_grows(array):
    def mixed():
        yield sample(0)
        yield expected(22)[1:15]
        yield from expected(22)[15:]

    with hub.trace() as trace:
        assert array.write(mixed()) == 22
    writes = [one for one in trace.log if one.method == "PUT"]
    assert len(writes) == 3, "8 samples, two whole rows of chunks, fit a request of 10"
    np.testing.assert_array_equal(hub.load(array.name)[...], expected(22))
    assert "hub_samples_written" not in hub.load(array.name).attrs


def test_a_break_is_gone_on_from(array):
    made = []

    def failing():
        for number in range(20):
            made.append(number)
            if len(made) == 14:
                raise ZeroDivisionError
            yield sample(number)

    with pytest.raises(ZeroDivisionError):
        array.write(failing())
    assert hub.load(array.name).attrs["hub_samples_written"] == 8
    with hub.trace() as trace:
        assert hub.load(array.name).write(failing(), resume=True) == 20
    assert sum(one.method == "PUT" for one in trace.log) == 2
    np.testing.assert_array_equal(hub.load(array.name)[...], expected(20))


def test_a_function_makes_only_what_is_missing(array):
    starts = []

    def samples(start):
        starts.append(start)
        yield from expected(20)[start:13 if len(starts) == 1 else 20]
        if len(starts) == 1:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        array.write(samples)
    assert array.write(samples, resume=True) == 20
    assert starts == [0, 8]
    np.testing.assert_array_equal(array[...], expected(20))


def test_blocks_are_skipped_and_cut(array):
    array.attrs["hub_samples_written"] = 5
    array.resize((5, 3, 4))
    blocks = [expected(12)[0:3], expected(12)[3:9], expected(12)[9:]]
    assert array.write(iter(blocks), resume=True) == 12
    np.testing.assert_array_equal(array[5:], expected(12)[5:])
    assert (array[:5] == 0).all()


def test_no_more_than_two_blocks_are_in_memory(array, monkeypatch):
    made = written = most = 0
    put = hub.Client.write_region

    def counted(self, reference, text, values):
        nonlocal written
        answer = put(self, reference, text, values)
        written += len(values)
        return answer

    def samples():
        nonlocal made, most
        for number in range(200):
            made += 1
            most = max(most, made - written)
            yield sample(number)

    monkeypatch.setattr(hub.Client, "write_region", counted)
    assert array.write(samples()) == 200
    assert most <= 2 * 8 + 1


def test_what_is_resumed_must_reach_what_was_written(array):
    array.attrs["hub_samples_written"] = 5
    array.resize((5, 3, 4))
    with pytest.raises(hub.Invalid, match="stands at 5 samples, and only 4 were made"):
        array.write([sample(0), expected(3)], resume=True)
    assert hub.load(array.name).attrs["hub_samples_written"] == 5
    assert array.write(expected(5), resume=True) == 5
    assert "hub_samples_written" not in hub.load(array.name).attrs


def test_numbers_that_do_not_fit_are_not_written(array):
    for value in (2**31, np.nan):
        with pytest.raises(hub.Invalid, match="cannot be made elements of int32"):
            array.write([sample(0), [[value] * 4] * 3])


def test_a_sample_of_another_shape_is_told(array):
    with pytest.raises(hub.Invalid, match=r"samples of the shape \(3, 4\).*not \(4, 3\)"):
        array.write([sample(0), sample(1).T])


def test_an_array_is_whole_or_names_what_is_damaged(connected, client, namespace):
    array = hub.array((10, 6), name=f"{namespace}/a:v1", dtype="i4", chunks=(4, 6),
                      codecs=[{"name": "bytes", "configuration": {"endian": "little"}},
                              {"name": "gzip", "configuration": {"level": 1}}])
    array[:6] = np.arange(36).reshape(6, 6)
    found = array.verify()
    assert found.is_whole and (found.chunks, found.bytes) == (2, 192)
    settings = client.transport.configuration
    s3 = boto3.client("s3", endpoint_url=settings.endpoint, region_name="us-east-1",
                      aws_access_key_id=settings.access_key,
                      aws_secret_access_key=settings.secret_key)
    s3.put_object(Bucket=namespace, Key="a:v1/c/1/0", Body=b"no gzip at all")
    found = array.verify()
    assert not found.is_whole and found.chunks == 2
    (damage,) = found.damaged
    assert damage.chunk == (1, 0) and damage.box == (slice(4, 8), slice(0, 6))
    with pytest.raises(hub.IntegrityError) as raised:
        array[5]
    assert raised.value.code == "chunk_corrupt" and damage.reason == raised.value.what
    assert "nave check" in str(raised.value)
