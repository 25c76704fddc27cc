"""zarr-python and xarray over s3fs and obstore: what is written is read back, in every layout."""

import numpy as np
import pytest
import xarray
import zarr
from obstore.store import S3Store
from zarr.storage import FsspecStore, ObjectStore

DATA = np.arange(2 * 3 * 50, dtype="<f4").reshape(6, 50)


def s3fs_store(server, bucket, path, read_only=False):
    access_key, secret_key = server.root_keys
    client = {"endpoint_url": server.endpoint, "region_name": "us-east-1"}
    if server.certificate:
        client["verify"] = server.bundle
    return FsspecStore.from_url(
        f"s3://{bucket}/{path}", read_only=read_only,
        storage_options={"key": access_key, "secret": secret_key, "client_kwargs": client})


def obstore_store(server, bucket, path, read_only=False):
    access_key, secret_key = server.root_keys
    options = {"allow_http": True}
    if server.certificate:
        options["root_certificate"] = server.certificate.authority.read_text()
    store = S3Store(
        bucket, prefix=path, endpoint=server.endpoint, access_key_id=access_key,
        secret_access_key=secret_key, region="us-east-1", virtual_hosted_style_request=False,
        client_options=options)
    return ObjectStore(store, read_only=read_only)


STORES = pytest.mark.parametrize("store", [s3fs_store, obstore_store])
FORMATS = pytest.mark.parametrize("zarr_format", [2, 3])
PATHS = pytest.mark.parametrize("path", ["plain", "deep/er/array", "name:v0", "name:v0/in/side"])


def other(store):
    return obstore_store if store is s3fs_store else s3fs_store


@STORES
@FORMATS
@PATHS
def test_an_array_written_by_one_store_is_read_by_the_other(
    server, bucket, store, zarr_format, path
):
    array = zarr.create_array(
        store(server, bucket, path), shape=DATA.shape, chunks=(4, 20), dtype=DATA.dtype,
        zarr_format=zarr_format, fill_value=-1, attributes={"unit": "K"})
    array[:4] = DATA[:4]
    back = zarr.open_array(other(store)(server, bucket, path, read_only=True), mode="r")
    assert back.shape == DATA.shape and back.dtype == DATA.dtype and back.attrs["unit"] == "K"
    np.testing.assert_array_equal(back[:4], DATA[:4])
    np.testing.assert_array_equal(back[4:], -1)
    array[4:] = DATA[4:]
    np.testing.assert_array_equal(back[:], DATA)


@STORES
@FORMATS
def test_a_group_is_made_listed_and_changed(server, bucket, store, zarr_format):
    root = zarr.create_group(store(server, bucket, "group:v1"), zarr_format=zarr_format)
    for name in ("a", "b/c", "b/d"):
        array = root.create_array(name, shape=(3,), chunks=(2,), dtype="i8")
        array[:] = [1, 2, 3]
    back = zarr.open_group(other(store)(server, bucket, "group:v1", read_only=True), mode="r")
    assert sorted(back.keys()) == ["a", "b"]
    assert sorted(back["b"].array_keys()) == ["c", "d"]
    np.testing.assert_array_equal(back["b/d"][:], [1, 2, 3])
    del root["b/c"]
    assert sorted(zarr.open_group(store(server, bucket, "group:v1"), mode="r")["b"].keys()) == ["d"]


@STORES
def test_many_chunks_are_written_and_read_concurrently(server, bucket, store):
    data = np.random.default_rng(0).integers(0, 255, (64, 64, 16), dtype="u1")
    array = zarr.create_array(
        store(server, bucket, "many:v0"), shape=data.shape, chunks=(8, 8, 4), dtype="u1")
    array[:] = data
    np.testing.assert_array_equal(zarr.open_array(store(server, bucket, "many:v0"))[:], data)


@STORES
def test_a_sharded_array_is_read_by_ranges(server, bucket, store):
    data = np.arange(64 * 64, dtype="u2").reshape(64, 64)
    array = zarr.create_array(
        store(server, bucket, "sharded:v0"), shape=data.shape, chunks=(4, 4), shards=(32, 32),
        dtype="u2")
    array[:] = data
    np.testing.assert_array_equal(array[5:9, 3:61], data[5:9, 3:61])


@STORES
def test_an_array_is_resized_and_appended_to(server, bucket, store):
    array = zarr.create_array(store(server, bucket, "x:v0"), shape=(4,), chunks=(2,), dtype="i4")
    array[:] = 7
    array.resize((6,))
    array.append(np.array([1, 2], "i4"))
    np.testing.assert_array_equal(
        zarr.open_array(store(server, bucket, "x:v0"))[:], [7, 7, 7, 7, 0, 0, 1, 2])


@STORES
@FORMATS
def test_xarray_writes_appends_and_reads_a_dataset(server, bucket, store, zarr_format):
    def frame(first):
        time = np.arange(first, first + 3)
        values = np.arange(first * 4, first * 4 + 12, dtype="f8").reshape(3, 4)
        return xarray.Dataset({"t": (("time", "x"), values)}, coords={"time": time})

    place = lambda: store(server, bucket, "weather:v0")  # noqa: E731
    frame(0).to_zarr(place(), zarr_format=zarr_format, consolidated=zarr_format == 2)
    frame(3).to_zarr(place(), append_dim="time")
    back = xarray.open_zarr(place(), chunks=None)
    xarray.testing.assert_equal(back.load(), xarray.concat([frame(0), frame(3)], "time"))
    assert float(back["t"].mean()) == np.arange(24).mean()
