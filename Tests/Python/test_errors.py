"""What goes wrong says what, where, and what to do; nothing is half written or made up.

Method: each failure is provoked on a real server, or between it and the client.
"""

import datetime
import threading

import hub
import numpy as np
import pytest
from scripted_server import CuttingProxy
from server_process import ServerProcess

from hub.transport import Transport


@pytest.fixture
def array(connected, namespace):
    array = hub.array((6, 4), name=f"{namespace}/x:v0", dtype="i4", chunks=(2, 4))
    array[...] = np.arange(24).reshape(6, 4)
    return array


def told(error, *parts):
    text = str(error.value)
    for part in parts:
        assert part in text, text
    return error.value


def test_a_missing_version_names_those_that_are_there(array):
    array.fork("latest")
    name = array.reference.line
    with pytest.raises(hub.NotFound) as raised:
        hub.load(f"{name}:v1")
    error = told(raised, f"There is no array {name}:v1; versions there: ", "404 array_missing",
                 f"GET {array.client.transport.configuration.endpoint}/v1/arrays/{name}:v1")
    assert sorted(error.suggestions) == [f"{name}:latest", f"{name}:v0"]
    assert isinstance(error, LookupError)


def test_a_misspelled_name_gets_close_ones(array):
    namespace = array.reference.namespace
    hub.array((1,), name=f"{namespace}/imagenet:v0")
    with pytest.raises(hub.NotFound) as raised:
        hub.load(f"{namespace}/Imagnet")
    error = told(raised, f"There is no array {namespace}/Imagnet:latest;",
                 f"arrays with such names: {namespace}/imagenet.")
    assert error.suggestions == (f"{namespace}/imagenet",)
    with pytest.raises(hub.NotFound) as raised:
        hub.load(f"{namespace}/nothing-alike")
    assert raised.value.what == f"There is no array {namespace}/nothing-alike:latest."


def test_a_misspelled_namespace_gets_close_ones(array):
    namespace = array.reference.namespace
    with pytest.raises(hub.NotFound) as raised:
        hub.load(f"{namespace[:-1]}x/x:v0")
    told(raised, f'There is no namespace "{namespace[:-1]}x"; namespaces with such names: ',
         namespace, "404 namespace_missing")
    assert namespace in raised.value.suggestions


@pytest.mark.parametrize("is_library_there", [False, True])
def test_a_namespace_in_place_of_an_array_is_told_with_its_arrays(tmp_path, is_library_there):
    with ServerProcess(tmp_path / "data") as server:
        keys = dict(zip(("access_key", "secret_key"), server.root_keys, strict=True))
        with hub.configured(endpoint=server.endpoint, cache_folder=tmp_path / "cache", **keys):
            if is_library_there:
                hub.array((1,), name="imagenet")
            hub.current_client().create_namespace("bare")
            names = [f"mine/x{number}:v0" for number in range(6)]
            for name in names:
                hub.array((1,), name=name)
            for ask in (hub.load, hub.delete):
                with pytest.raises(hub.NotFound) as raised:
                    ask("mine")
                error = told(raised, "There is no array library/mine:latest; mine is a namespace, with"
                             " the arrays mine/x0:v0, ", ", mine/x4:v0, …. [GET " if ask is hub.load
                             else ", mine/x4:v0, …. [DELETE ")
                assert list(error.suggestions) == names[:5]
            with pytest.raises(hub.NotFound, match=r"library/mine:v0; mine is a namespace"):
                hub.load("mine:v0")
            with pytest.raises(hub.NotFound, match=r"; bare is a namespace without arrays\. \["):
                hub.load("bare")
            with hub.trace() as trace, pytest.raises(hub.NotFound) as raised:
                hub.load("none")
            assert "is a namespace" not in str(raised.value) and trace.requests <= 4


def test_an_array_of_the_library_goes_before_a_namespace_of_its_name(connected, namespace):
    array = hub.array((1,), name=f"{namespace}:v1")
    try:
        with pytest.raises(hub.NotFound, match=f"library/{namespace}:latest; versions there: v1"):
            hub.load(namespace)
        with hub.trace() as trace:
            hub.load(f"{namespace}:v1")
        assert trace.requests == 1
    finally:
        array.delete()


def test_a_fork_of_a_name_without_its_tag_says_which_there_are(array):
    with pytest.raises(hub.NotFound, match=r"no version .*/x:latest; versions there: v0\."):
        array.client.fork(hub.Reference.parse(array.reference.line), array.reference.tagged("v9"))


def test_reading_what_was_deleted_says_so(array):
    hub.delete(array.name)
    for ask in (lambda: array[0], lambda: array.mean(), lambda: array.gather([1]),
                lambda: array.append(np.zeros((1, 4))), lambda: array.resize((1, 1)),
                lambda: array.attrs.update(a=1), lambda: array.version):
        with pytest.raises(hub.NotFound, match=r"There is no (array|version) .*x:v0"):
            ask()
    with pytest.raises(hub.NotFound):
        array[0] = 1
    with pytest.raises(hub.NotFound):
        array.delete()


def test_a_group_is_no_array(connected, client, namespace):
    client.create_array(hub.Reference.parse(f"{namespace}/g:v1"), {"kind": "group"})
    hub.array((2,), name=f"{namespace}/g:v1/inside")
    with pytest.raises(hub.Invalid) as raised:
        hub.load(f"{namespace}/g:v1")
    told(raised, f"{namespace}/g:v1 is no array that can be read: it is a group.",
         f"Its members are {namespace}/g:v1/inside.")
    with pytest.raises(hub.Conflict, match="is there already: a group"):
        hub.array((2,), name=f"{namespace}/g:v1")


@pytest.mark.parametrize(("keys", "parts"), [
    ({"secret_key": "wrong"}, ["The signature is not right", "401 unauthenticated"]),
    ({"access_key": "nobody", "secret_key": "x"}, ["401"]),
    ({"access_key": "half"}, ["The access key half (from argument) has no secret key."]),
    ({"access_key": ""}, ["This needs keys", "401 unauthenticated"]),
])
def test_wrong_keys_are_denied(array, settings, keys, parts):
    if "access_key" not in keys:
        keys = {**keys, "access_key": settings["access_key"]}
    with pytest.raises(hub.Denied) as raised:
        hub.load(array.name, **keys)
    error = told(raised, *parts, "`hub doctor` tells where they came from")
    assert isinstance(error, PermissionError)


def test_who_may_not_is_denied_and_never_gets_zeros(array, server):
    keys = dict(zip(("access_key", "secret_key"), server.add_principal("stranger"), strict=True))
    other = hub.current_client(**keys)
    stranger = hub.Array(other, array.description)
    for ask in (lambda: stranger[0], lambda: stranger.gather([0]), lambda: stranger.sum(),
                lambda: stranger[[0, 1], [0, 1]], lambda: stranger.blocks[0]):
        with pytest.raises(hub.Denied, match="403 access_denied"):
            ask()
    with pytest.raises(hub.Denied):
        stranger[0] = 1
    with pytest.raises(hub.Denied):
        hub.array((2,), name=f"{array.reference.namespace}/new", **keys)
    assert array[...].sum() == np.arange(24).sum()


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_wrong_is_told(array, monkeypatch, hours):
    class Clock(datetime.datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime.datetime.now(zone) + datetime.timedelta(hours=hours)

    monkeypatch.setattr("hub.transport.datetime", Clock)
    with pytest.raises(hub.Denied) as raised:
        hub.load(array.name)
    error = told(raised, "Set this machine's clock")
    assert error.code in ("clock_skewed", "request_expired")


@pytest.mark.parametrize(("shape", "members", "message"), [
    ((-1,), {}, "shape"), ((2**40, 2**40), {}, ""), ((3,), {"dtype": "datetime64[s]"}, ""),
    ((3,), {"dtype": "no type"}, "'no type' is no type of elements"),
    ((3,), {"chunks": (0,)}, "chunks"), ((3,), {"chunks": (1, 1)}, "chunks"),
    ((3,), {"codecs": [{"name": "nothing"}]}, "nothing"), ((3,), {"dialect": "tiff"}, "dialect"),
    ((3,), {"fill_value": "many"}, "The fill value does not fit the type float64."),
])
def test_an_impossible_array_is_refused(connected, namespace, shape, members, message):
    with pytest.raises(hub.Invalid) as raised:
        hub.array(shape, name=f"{namespace}/x:v1", **members)
    assert message in raised.value.what
    with pytest.raises(hub.NotFound):
        hub.load(f"{namespace}/x:v1")


def test_names_are_needed_and_checked(connected):
    with pytest.raises(hub.Invalid) as raised:
        hub.array((3,))
    told(raised, "An array needs a name", 'hub.array(shape, name="namespace/name:tag")')
    with pytest.raises(hub.Invalid, match="names no array"):
        hub.array((3,), name="a/b:c:d")
    with pytest.raises(hub.Invalid, match="Ab.*no name of a namespace"):
        hub.array((3,), name="Ab/x")


def test_too_much_at_once_is_refused(array):
    with pytest.raises(hub.Invalid, match="At most 1,000,000 samples"):
        array.client.gather(array.reference, range(1_000_001))
    assert len(array.gather(np.zeros(500_000, int))) == 500_000


def test_a_server_that_is_gone_is_told(array, monkeypatch):
    monkeypatch.setattr("hub.transport._PAUSE_SECONDS", 0.001)
    nowhere = "http://127.0.0.1:9"
    with pytest.raises(hub.Unavailable) as raised:
        hub.load(array.name, endpoint=nowhere)
    error = told(raised, "No connection to the server:", f"GET {nowhere}/v1/arrays/{array.name}",
                 "Is it running", "`hub doctor`")
    assert isinstance(error, ConnectionError)
    with pytest.raises(hub.Unavailable, match="No connection"):
        hub.load(array.name, endpoint="http://nave.invalid:9000")


def test_a_write_that_is_cut_is_sent_again(array, server):
    values = np.random.default_rng(0).integers(0, 99, (512, 1024), dtype="i4")
    with CuttingProxy(server.port, cut_after=1 << 20, cuts=2) as proxy:
        with hub.configured(endpoint=proxy.endpoint):
            large = hub.array(values.shape, name=f"{array.reference.line}:large", dtype="i4")
            large[...] = values
    assert proxy.cuts == 2
    np.testing.assert_array_equal(hub.load(large.name)[...], values)


def test_an_append_that_is_cut_is_not_repeated(array, server):
    values = np.zeros((300_000, 4), "i4")
    with CuttingProxy(server.port, cut_after=1 << 20) as proxy:
        with hub.configured(endpoint=proxy.endpoint):
            cut = hub.load(array.name)
            with pytest.raises(hub.Unavailable) as raised:
                cut.append(values)
    told(raised, "may have been done all the same: look before you repeat it")
    assert array.refresh().shape == (6, 4)


def test_a_commit_whose_answer_is_lost_is_looked_for(array, monkeypatch):
    request = Transport.request
    lost = hub.Unavailable("The connection broke.")
    lost.is_uncertain = True

    def lost_answer(self, method, path, *rest, **options):
        answer = request(self, method, path, *rest, **options)
        if path.startswith("/v1/commits/"):
            raise lost
        return answer

    monkeypatch.setattr(Transport, "request", lost_answer)
    array[[0, 5], [0, 0]] = 7
    assert array[:, 0].tolist() == [7, 4, 8, 12, 16, 7]
    assert array.client.drafts(array.reference) == [] and len(array.history()) == 1
    draft = array.draft()
    draft[1] = 2
    assert draft.commit("by hand") == array.history()[0]

    def never_sent(self, method, path, *rest, **options):
        if path.startswith("/v1/commits/"):
            raise lost
        return request(self, method, path, *rest, **options)

    array[1] = 4
    monkeypatch.setattr(Transport, "request", never_sent)
    with pytest.raises(hub.Unavailable):
        array[[0, 5], [0, 0]] = 8
    assert array[:, 0].tolist() == [7, 4, 8, 12, 16, 7]
    assert array.client.drafts(array.reference) == []


def test_a_server_that_dies_and_comes_back_loses_no_write(tmp_path, monkeypatch):
    monkeypatch.setattr("hub.transport._PAUSE_SECONDS", 0.05)
    monkeypatch.setattr("hub.transport._PAUSE_SECONDS_MAX", 0.2)
    data = tmp_path / "data"
    server = ServerProcess(data).start()
    keys = dict(zip(("access_key", "secret_key"), server.root_keys, strict=True))
    port, again = server.port, None
    try:
        with hub.configured(endpoint=server.endpoint, retries=200, timeout_seconds=10, **keys):
            array = hub.array((40, 100), name="dies/a:v1", dtype="i4", chunks=(5, 100))
            written = threading.Event()

            def write():
                for row in range(40):
                    array[row] = row + 1
                    if row == 10:
                        written.set()

            thread = threading.Thread(target=write)
            thread.start()
            assert written.wait(20)
            server.kill()
            again = ServerProcess(data, listen=f"127.0.0.1:{port}").start()
            thread.join(30)
            assert not thread.is_alive()
            assert (array[...] == np.arange(1, 41)[:, np.newaxis]).all()
    finally:
        for one in (server, again):
            if one is not None and one.is_running():
                one.stop()


def test_the_request_is_named_where_the_server_names_it(array):
    configuration = array.client.transport.configuration
    with pytest.raises(hub.NotFound) as raised:
        array.client.transport.request("GET", f"/{array.reference.namespace}/no/such/key")
    error = raised.value
    assert error.code == "NoSuchKey" and error.request_id
    assert str(error).endswith(f"request {error.request_id}]")
    assert f"GET {configuration.endpoint}/{array.reference.namespace}/no/such/key" in str(error)
