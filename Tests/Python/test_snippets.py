"""The lines that started this project, word for word."""

import hub
import numpy as np
import pytest
from server_process import ServerProcess


@pytest.fixture
def fresh(tmp_path):
    """`hub`, configured for a server that has nothing yet."""
    with ServerProcess(tmp_path / "data") as server:
        access_key, secret_key = server.root_keys
        with hub.configured(
                endpoint=server.endpoint, access_key=access_key, secret_key=secret_key):
            yield hub


def test_the_snippets_run_word_for_word(fresh):
    pictures = np.random.default_rng(0).integers(0, 256, (20, 256, 256, 3), dtype="u1")
    hub.array(pictures.shape, name="imagenet", dtype="uint8")[...] = pictures

    bigarray = hub.array((10000000000, 512, 512, 3), name="test/bigarray:v0")
    image = np.random.random((512, 512, 3))
    bigarray[9999999999, :, :, :] = image
    mnist = hub.array((50000, 28, 28, 1), name="name/random_name:v1")
    imagenet = hub.load(name="imagenet")

    np.testing.assert_array_equal(bigarray[9999999999], image)
    assert bigarray.shape == (10000000000, 512, 512, 3) and bigarray.dtype == np.float64
    assert bigarray[5, 1, 2, 0] == 0.0
    assert mnist.shape == (50000, 28, 28, 1)
    assert imagenet.shape == (20, 256, 256, 3)
    assert imagenet[0].mean() == pictures[0].mean()
    assert imagenet[0:10, 100:200, 100:200].std() == pictures[0:10, 100:200, 100:200].std()
    assert str(imagenet.reference) == "library/imagenet:latest"


def test_the_first_element_takes_two_small_requests(connected):
    hub.array((100, 8), name="first/element:v1", dtype="i4")[3, 5] = 7
    with hub.trace() as trace:
        assert hub.load("first/element:v1")[3, 5] == 7
    assert trace.requests == 2
    assert trace.bytes_received < 2000
