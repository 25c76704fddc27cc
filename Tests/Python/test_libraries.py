"""dask, xarray, fsspec and pandas on the server's arrays, compared with the same in memory.

Method: what is written through one library is read through the others, and beside them by NumPy.
"""

import json
import multiprocessing
import pickle

import dask
import dask.array
import fsspec
import numpy as np
import pytest
import xarray
import zarr

import hub
from hub.filesystem import HubFileSystem
from hub.reference import Reference
from hub.store import HubStore
from hub.view_store import ViewStore

WATCHDOG_SECONDS = 20


def values(shape=(20, 30)):
    return np.random.default_rng(5).normal(size=shape).astype("f4")


@pytest.fixture
def array(connected, namespace):
    made = hub.array((20, 30), name=f"{namespace}/x:v1", dtype="float32", chunks=(4, 7))
    made[...] = values()
    return made


class TestDask:
    def test_it_computes_what_numpy_computes(self, array):
        lazy = array.to_dask(chunks=(5, 30))
        assert lazy.shape == (20, 30) and lazy.dtype == "f4" and lazy.chunks[0] == (5,) * 4
        with dask.config.set(scheduler="threads"):
            np.testing.assert_allclose(lazy.mean().compute(), values().mean(), rtol=1e-6)
            assert np.array_equal(lazy[3:9, ::-2].compute(), values()[3:9, ::-2])
            assert np.array_equal((lazy + lazy.T[:20, :20].sum()).shape, (20, 30))

    def test_blocks_are_whole_stored_chunks(self, namespace, connected):
        large = hub.array((10**6, 512, 512, 3), name=f"{namespace}/large:v0", dtype="u1")
        lazy = large.to_dask()
        block = lazy.chunksize
        assert block[1:] == (512, 512, 3) and block[0] % large.chunks[0] == 0
        assert 64 << 20 < np.prod(block) <= 128 << 20
        assert lazy[5, :2, :2, 0].compute().tolist() == [[0, 0], [0, 0]]

    def test_more_blocks_than_dask_takes_are_told(self, namespace, connected):
        huge = hub.array((10**10, 512, 512, 3), name=f"{namespace}/huge:v0", dtype="u1")
        with pytest.raises(hub.Invalid, match="blocks in dask"):
            huge.to_dask()

    def test_a_committed_array_has_one_name_and_one_state(self, array):
        array.commit("one")
        first, second = array.to_dask(), array.to_dask()
        assert first.name == second.name
        array[0] = 1
        assert np.array_equal(first.compute(scheduler="threads"), values())
        open_one, open_two = array.to_dask(), array.to_dask()
        assert len({first.name, open_one.name, open_two.name}) == 3
        assert (open_one[0].compute(scheduler="threads") == 1).all()

    def test_processes_compute_it(self, array, settings, monkeypatch):
        array.commit("one")
        lazy = pickle.loads(pickle.dumps(array.to_dask(chunks=(10, 30))))
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            total = pool.apply_async(computed_sum, (lazy,)).get(WATCHDOG_SECONDS)
        np.testing.assert_allclose(total, values().sum(dtype="f8"), rtol=1e-6)

    def test_empty_arrays(self, connected, namespace):
        empty = hub.array((0, 5), name=f"{namespace}/empty:v1", dtype="i4")
        assert empty.to_dask().compute().shape == (0, 5)


def computed_sum(lazy):
    return float(lazy.sum(dtype="f8").compute(scheduler="synchronous"))


@pytest.fixture
def weather():
    """A data set with what CF encodes: times, scaled and missing values, coordinates."""
    temperature = np.random.default_rng(1).integers(250, 300, (6, 4, 5)).astype("f8")
    temperature[2, 1] = np.nan
    return xarray.Dataset(
        {"temperature": (("time", "y", "x"), temperature, {"units": "K"}),
         "height": (("y", "x"), np.arange(20.0).reshape(4, 5))},
        coords={"time": np.datetime64("2026-01-01", "ns") + np.arange(6) * np.timedelta64(1, "h"),
                "y": [10.0, 20.0, 30.0, 40.0], "x": np.arange(5)},
        attrs={"title": "weather"})


ENCODING = {"temperature": {"chunks": (2, 4, 5), "dtype": "i2", "scale_factor": 0.5,
                            "_FillValue": -1}}


class TestXarray:
    @pytest.mark.parametrize("zarr_format", [2, 3])
    @pytest.mark.parametrize("is_committed", [True, False])
    def test_a_data_set_comes_back(self, client, namespace, weather, zarr_format, is_committed):
        reference = Reference.parse(f"{namespace}/weather:v1")
        weather.to_zarr(HubStore(reference), encoding=ENCODING, zarr_format=zarr_format,
                        consolidated=False)
        if is_committed:
            client.commit(reference)
        with xarray.open_dataset(f"hub://{reference}") as opened:
            xarray.testing.assert_identical(opened.load(), weather)
        with xarray.open_dataset(f"hub://{reference}", chunks={}) as opened:
            assert opened["temperature"].chunks[0] == (2, 2, 2)
            mean = opened["temperature"].mean("time").compute()
        xarray.testing.assert_allclose(mean, weather["temperature"].mean("time"))

    def test_commits_are_opened_and_cached(self, client, namespace, weather):
        reference = Reference.parse(f"{namespace}/weather:v1")
        weather.to_zarr(HubStore(reference), consolidated=False)
        fixed = reference.at(client.commit(reference)["digest"])
        for _ in range(2):
            with hub.trace() as trace, xarray.open_dataset(f"hub://{fixed}") as opened:
                xarray.testing.assert_identical(opened.load(), weather)
        assert trace.requests == 0

    def test_trees_and_groups(self, connected, namespace, weather):
        below = weather.isel(time=0, drop=True)
        tree = xarray.DataTree.from_dict({"/": weather, "/deep/er": below})
        tree.to_zarr(HubStore(f"{namespace}/tree:v1"), consolidated=False)
        address = f"hub://{namespace}/tree:v1"
        found = xarray.open_datatree(address, engine="hub")
        xarray.testing.assert_identical(found["deep/er"].to_dataset(inherit=False).load(),
                                        tree["deep/er"].to_dataset(inherit=False))
        for opened in (xarray.open_dataset(address, group="deep/er"),
                       xarray.open_dataset(f"{address}/deep/er")):
            xarray.testing.assert_equal(opened["height"], weather["height"].drop_vars(["y", "x"]))

    def test_options_of_decoding_are_kept(self, connected, namespace, weather):
        reference = f"{namespace}/weather:v1"
        weather.to_zarr(HubStore(reference), encoding=ENCODING, consolidated=False)
        raw = xarray.open_dataset(f"hub://{reference}", mask_and_scale=False, decode_times=False,
                                  drop_variables=["height"])
        assert "height" not in raw and raw["temperature"].dtype == "i2"
        assert raw["time"].dtype.kind == "i"

    def test_a_single_array_is_a_data_array(self, client, array):
        array.attrs["units"] = "m"
        lazy = array.to_xarray()
        assert lazy.name == "x" and lazy.dims == ("dim_0", "dim_1") and lazy.attrs["units"] == "m"
        with hub.trace() as trace:
            part = lazy[3:5, [1, 4, 2]].values
        assert np.array_equal(part, values()[3:5, [1, 4, 2]])
        assert 0 < trace.bytes_received < 1500
        assert np.array_equal(lazy[::-3, 2].values, values()[::-3, 2])
        np.testing.assert_allclose(lazy.sum().item(), values().sum(), rtol=1e-5)
        assert array.to_xarray(chunks={}).chunks[0] == (4,) * 5
        opened = xarray.open_dataset(f"hub://{array.reference}")
        assert np.array_equal(opened["x"].values, values())

    def test_names_of_dimensions(self, connected, namespace):
        client = hub.current_client()
        reference = Reference.parse(f"{namespace}/named:v1")
        client.create_array(reference, {"shape": [2, 3, 4], "dtype": "i4",
                                        "dimension_names": ["y", None, "x"]})
        assert hub.load(str(reference)).to_xarray().dims == ("y", "dim_1", "x")

    def test_a_member_has_the_coordinates_of_its_group(self, connected, namespace, weather):
        weather.to_zarr(HubStore(f"{namespace}/weather:v1"), encoding=ENCODING, consolidated=False)
        found = hub.load(f"{namespace}/weather:v1/temperature").to_xarray()
        xarray.testing.assert_identical(found.load(), weather["temperature"])
        blocks = hub.load(f"{namespace}/weather:v1/temperature").to_xarray(chunks={"time": 3})
        assert blocks.chunks[0] == (3, 3)

    def test_what_is_not_there_is_told(self, connected, namespace):
        with pytest.raises(hub.NotFound):
            xarray.open_dataset(f"hub://{namespace}/none:v1")


class TestFilesystem:
    @pytest.fixture
    def files(self, connected):
        return fsspec.filesystem("hub")

    def test_the_protocol_is_found(self, files):
        assert isinstance(files, HubFileSystem)
        assert pickle.loads(pickle.dumps(files)) == files

    def test_files_are_written_listed_and_read(self, files, namespace):
        files.pipe(f"hub://{namespace}/a/one.txt", b"0123456789")
        files.pipe({f"{namespace}/a/b/two.txt": b"two", f"{namespace}/ä ö+%.txt": b""})
        assert files.ls(namespace, detail=False) == [f"{namespace}/a", f"{namespace}/ä ö+%.txt"]
        assert files.find(namespace) == [
            f"{namespace}/a/b/two.txt", f"{namespace}/a/one.txt", f"{namespace}/ä ö+%.txt"]
        assert namespace in files.ls("", detail=False)
        assert files.isdir(f"{namespace}/a") and files.isfile(f"{namespace}/a/one.txt")
        assert files.info(f"{namespace}/a/one.txt")["size"] == 10
        assert files.glob(f"{namespace}/a/**/*.txt") == [
            f"{namespace}/a/b/two.txt", f"{namespace}/a/one.txt"]
        path = f"{namespace}/a/one.txt"
        whole = b"0123456789"
        for start, end in [(None, None), (2, 5), (3, None), (-4, None), (-4, -1), (0, -2), (7, 99),
                           (5, 5), (6, 2)]:
            assert files.cat_file(path, start, end) == whole[start:end]
        files.cp(path, f"{namespace}/copy.txt")
        files.rm(f"{namespace}/a", recursive=True)
        assert files.find(namespace) == [f"{namespace}/copy.txt", f"{namespace}/ä ö+%.txt"]

    def test_open_files(self, files, namespace, tmp_path):
        path = f"hub://{namespace}/file.bin"
        content = np.random.default_rng(2).bytes(20_000_000)
        with fsspec.open(path, "wb") as file:
            for start in range(0, len(content), 3_000_000):
                file.write(content[start : start + 3_000_000])
            assert not files.exists(path)
        with fsspec.open(path, "rb", block_size=1 << 20) as file:
            file.seek(12_345_678)
            assert file.read(1000) == content[12_345_678:12_346_678]
            file.seek(-5, 2)
            assert file.read() == content[-5:]
        files.get(path, str(tmp_path / "file"))
        assert (tmp_path / "file").read_bytes() == content

    def test_a_file_that_fails_while_it_is_written_is_not_there(self, files, namespace):
        with pytest.raises(RuntimeError), files.open(f"{namespace}/f", "wb") as file:
            file.write(b"half")
            raise RuntimeError
        assert not files.exists(f"{namespace}/f")

    def test_create_refuses_what_is_there(self, files, namespace):
        files.pipe_file(f"{namespace}/f", b"one", mode="create")
        with pytest.raises(FileExistsError):
            files.pipe_file(f"{namespace}/f", b"two", mode="create")
        with pytest.raises(NotImplementedError):
            files.open(f"{namespace}/f", "ab")

    @pytest.mark.parametrize("key", [
        "a/../../evil", "a/../../../evil", "a//evil", "a/./evil", "a/..", "/evil", "b/evil"])
    def test_files_go_nowhere_but_where_they_belong(self, proxy, settings, tmp_path, key):
        """Keys that no Nave server has, as another in its place may name them."""
        listing = (
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Contents>'
            f"<Key>{key}</Key><Size>3</Size><ETag>&quot;{'0' * 32}&quot;</ETag>"
            "<LastModified>2026-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>")
        moment = "Thu, 01 Jan 2026 00:00:00 GMT"
        proxy.instead = lambda method, path: (
            (200, listing.encode()) if "list-type" in path else
            (200, b"bad", {"ETag": f'"{"0" * 32}"', "Last-Modified": moment}))
        target = tmp_path / "one/two/target"
        target.mkdir(parents=True)
        files = fsspec.filesystem("hub", **settings | {"endpoint": proxy.endpoint})
        for destination in (target, f"{target}/"):
            with pytest.raises(hub.Invalid, match="cannot be there"):
                files.get("n/a", str(destination), recursive=True)
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
        assert list(target.iterdir()) == []

    @pytest.mark.parametrize("name", ["..", "../..", "a/b", ""])
    def test_namespaces_lead_nowhere_else(self, proxy, settings, name):
        page = json.dumps({"namespaces": [{"name": name}], "next": None}).encode()
        proxy.instead = lambda method, path: (200, page)
        files = fsspec.filesystem("hub", **settings | {"endpoint": proxy.endpoint})
        with pytest.raises(hub.Invalid):
            files.ls("")

    def test_folders_come_whole_with_their_markers(self, files, namespace, s3, tmp_path):
        s3.put_object(Bucket=namespace, Key="a/empty/", Body=b"")
        files.pipe({f"{namespace}/a/one.txt": b"1", f"{namespace}/a/b/ä..b": b"2"})
        files.get(f"{namespace}/a", str(tmp_path / "copy"), recursive=True)
        found = {str(path.relative_to(tmp_path / "copy")): path.read_bytes()
                 for path in (tmp_path / "copy").rglob("*") if path.is_file()}
        assert found == {"one.txt": b"1", "b/ä..b": b"2"}

    def test_what_is_not_there(self, files, namespace):
        for ask in (files.cat_file, files.info, files.ls, files.open):
            with pytest.raises(FileNotFoundError):
                found = ask(f"{namespace}/none")
                found.read()
        for ask in (files.info, files.ls, files.cat_file):
            with pytest.raises(FileNotFoundError):
                ask("no-such-namespace/x")
        with pytest.raises(hub.Invalid):
            files.pipe_file("only-a-namespace", b"")

    def test_folders_are_namespaces(self, files, namespace):
        files.mkdir(f"{namespace}-new")
        assert files.isdir(f"{namespace}-new") and files.ls(f"{namespace}-new") == []
        files.makedirs(f"{namespace}-new/a/b", exist_ok=True)

    def test_pandas_reads_and_writes(self, files, namespace):
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})
        frame.to_csv(f"hub://{namespace}/table.csv", index=False)
        pandas.testing.assert_frame_equal(pandas.read_csv(f"hub://{namespace}/table.csv"), frame)

    def test_zarr_opens_addresses(self, connected, array):
        opened = zarr.open_array(f"hub://{array.reference}", mode="r")
        assert np.array_equal(opened[...], values())
        zarr.create_array(f"hub://{array.reference.line}:v2", data=values(), chunks=(5, 5))
        assert np.array_equal(hub.load(f"{array.reference.line}:v2")[...], values())

    def test_commits_are_read(self, files, array):
        digest = array.commit("one").digest
        path = f"{array.reference.at(digest)}/zarr.json"
        assert b'"node_type"' in files.cat_file(path)
        assert files.info(path)["size"] == len(files.cat_file(path))
        assert files.cat_file(path, 2, 9) == files.cat_file(path)[2:9]
        opened = zarr.open_array(f"hub://{array.reference.at(digest)}", mode="r")
        assert np.array_equal(opened[...], values())

    def test_options_are_settings(self, settings, namespace):
        with hub.configured(endpoint="http://127.0.0.1:9", retries=0):
            files = fsspec.filesystem("hub", **{
                name: settings[name] for name in ("endpoint", "access_key", "secret_key")})
            files.pipe(f"{namespace}/f", b"x")
            assert files.cat(f"{namespace}/f") == b"x"


def test_views_say_what_they_read(client, array):
    assert str(ViewStore(array.reference)) == f"hub://{array.reference}"
