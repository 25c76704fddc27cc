"""Arrays of every layout, codec and sharding read and write alike, through the cache as well.

Method: the same operations on NumPy's arrays; what is created is opened by zarr-python too.
"""

import hub
import numpy as np
import pytest
import zarr

GZIP = [{"name": "bytes", "configuration": {"endian": "big"}},
        {"name": "gzip", "configuration": {"level": 1}}]
LAYOUTS = {
    "zarr3": {}, "zarr2": {"dialect": "zarr2"}, "hub0": {"dialect": "hub0"},
    "gzip": {"codecs": GZIP}, "sharded": {"shards": (8, 6, 4), "chunks": (4, 3, 2)},
    "transposed": {"codecs": [{"name": "transpose", "configuration": {"order": [2, 0, 1]}},
                              {"name": "bytes", "configuration": {"endian": "little"}}]},
}


@pytest.fixture(params=list(LAYOUTS))
def pair(connected, namespace, request):
    values = np.random.default_rng(3).integers(-9, 9, (18, 11, 4), dtype="i2")
    members = {"chunks": (5, 4, 4)} | LAYOUTS[request.param]
    array = hub.array(values.shape, name=f"{namespace}/a:v1", dtype="i2", **members)
    array[...] = values
    return array, values


def test_elements(pair):
    array, values = pair
    np.testing.assert_array_equal(array[...], values)
    np.testing.assert_array_equal(array[3:12:4, ::-1, [0, 2]], values[3:12:4, ::-1, [0, 2]])
    array[4:9, 2] = -7
    array[[0, 17], 1:3] = 5
    values[4:9, 2] = -7
    values[[0, 17], 1:3] = 5
    np.testing.assert_array_equal(array.gather(range(18)), values)
    assert array.sum() == values.sum() and array.lazy[4:9].min() == values[4:9].min()
    if array.description.dialect != "hub0":
        array.append(values[:3])
        np.testing.assert_array_equal(array[18:], values[:3])


def test_chunks_are_those_that_were_asked_for(pair):
    array, _ = pair
    sharded = array.shards is not None
    assert array.chunks == ((4, 3, 2) if sharded else (5, 4, 4))
    assert array.shards == ((8, 6, 4) if sharded else None)
    again = hub.load(array.name)
    assert (again.chunks, again.shards, again.dtype) == (array.chunks, array.shards, array.dtype)


def test_through_the_cache(pair):
    array, values = pair
    if array.description.dialect == "hub0":
        # The original layout has folders of its own for tags, plain keys that are no versions.
        with pytest.raises(hub.NotFound, match=r'a:v1 is in no version. It .*a.fork\("v1"\)'):
            array.commit()
        assert array.digest is None
        array = array.fork("v2")
    fixed = hub.load(f"{array.reference.line}@{array.commit().digest}")
    np.testing.assert_array_equal(fixed[...], values)
    with hub.trace() as trace:
        np.testing.assert_array_equal(fixed[2:17:5, 1:, ::-1], values[2:17:5, 1:, ::-1])
        np.testing.assert_array_equal(fixed.blocks[1, 0], array.blocks[1, 0])
    assert all("/v1/zarr/" not in one.path for one in trace.log)
    assert array.verify().is_whole


def test_what_the_original_layout_cannot_do_is_told(connected, namespace):
    array = hub.array((4, 2), name=f"{namespace}/a:v1", dtype="i2", dialect="hub0")
    for refused in (lambda: array.append(np.zeros((1, 2))), lambda: array.resize((5, 2)),
                    lambda: array.attrs.update(a=1)):
        with pytest.raises(hub.Invalid, match="422 dialect_unsupported"):
            refused()
    assert array.write(np.arange(8).reshape(4, 2)) == 4
    np.testing.assert_array_equal(array[...], np.arange(8).reshape(4, 2))
    with pytest.raises(hub.Invalid, match="no attributes to note progress in"):
        array.write([], resume=True)


def test_no_axes_and_no_elements(connected, namespace):
    scalar = hub.array((), name=f"{namespace}/scalar:v1", dtype="f4")
    scalar[...] = 2.5
    assert scalar[()] == 2.5 and type(scalar[()]) is np.float32 and scalar[...].shape == ()
    scalar[()] = 3
    assert float(scalar) == 3 and scalar.mean() == 3
    with pytest.raises(TypeError):
        len(scalar)
    empty = hub.array((0, 5), name=f"{namespace}/empty:v1", dtype="u1")
    assert empty[...].shape == (0, 5) and list(empty) == [] and empty.sum() == 0
    empty[...] = np.zeros((0, 5))
    assert empty.append(np.ones((2, 5))) == range(0, 2) and empty[...].sum() == 10


def test_members_of_a_version(connected, client, namespace):
    root = hub.Reference.parse(f"{namespace}/scan:v1")
    client.create_array(root, {"kind": "group"})
    image = hub.array((4, 4), name=f"{root}/image", dtype="u1")
    mask = hub.array((4, 4), name=f"{root}/labels/mask", dtype="?")
    with image.draft("both") as draft:
        draft[...] = 3
        hub.load(f"{draft.reference.version}/labels/mask")[0] = True
    assert (image[...] == 3).all() and mask[0].all() and not mask[1].any()
    fork = mask.fork("v2")
    assert str(fork.reference) == f"{namespace}/scan:v2/labels/mask"
    fixed = hub.load(f"{namespace}/scan@{image.history()[0].digest}/image")
    assert (fixed[...] == 3).all()
    mask[1, 2] = True
    (change,) = mask.diff("v2")
    assert (change.member, change.change) == ("labels/mask", "changed")


@pytest.mark.parametrize(("order", "compressor"), [
    ("F", {"id": "zlib", "level": 1}), ("C", {"id": "bz2", "level": 2}), (None, None), ("F", None),
    ("F", "auto"),
], ids=str)
def test_zarr2_has_compressors_and_orders(connected, namespace, order, compressor):
    values = np.arange(60, dtype="i4").reshape(6, 10)
    array = hub.array((6, 10), name=f"{namespace}/a:v1", dtype="i4", chunks=(4, 10),
                      dialect="zarr2", order=order, compressor=compressor)
    array[...] = values
    opened = zarr.open_array(hub.HubStore(array.name), mode="r", zarr_format=2)
    assert opened.metadata.order == (order or "C")
    found = opened.metadata.compressor
    if compressor == "auto":
        assert found.codec_id == "blosc"
    else:
        assert (found and {name: found.get_config()[name] for name in compressor}) == compressor
    np.testing.assert_array_equal(opened[...], values)
    np.testing.assert_array_equal(array[...], values)


def test_compressors_and_orders_are_those_of_zarr2_alone(connected, namespace):
    for members in ({"order": "F"}, {"compressor": None}, {"compressor": {"id": "zlib"}}):
        with pytest.raises(hub.Invalid):
            hub.array((6,), name=f"{namespace}/a:v1", **members)
    with pytest.raises(hub.Invalid, match="order"):
        hub.array((6,), name=f"{namespace}/a:v1", dialect="zarr2", order="K")
