"""What is refused before the server is asked says what is wrong and what to do."""

import ast
import itertools
import pathlib
import pickle
from dataclasses import replace

import hub
import numpy as np
import pytest
import zarr
from hub import errors, writing
from hub.description import dtype_of, fill_of
from hub.refusal import refusal


@pytest.fixture
def array(connected, namespace):
    array = hub.array((6, 4), name=f"{namespace}/x:v0", dtype="i4", chunks=(2, 4))
    array[...] = np.arange(24).reshape(6, 4)
    return array


KINDS = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, hub.HubError)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_message_has_no_blanks_at_its_end_nor_two_in_a_row(kind, said):
    """Also where a server or a library says something with blanks, or nothing, at either end."""
    for what, hint, where, code, status, request in itertools.product(
            ("It is so.", " It is so. ", "It is so.\n", "It\n  is so."), ("", "Do it.", " Do it. ", "\n"),
            ("", "GET http://x/y"), ("", "some_code"), (None, 404), (None, "0123")):
        error = kind(what, hint=hint, where=where, code=code, status=status, request_id=request)
        details = [where, f"{status} {code}".strip() if status else "", f"request {request}"]
        shown = "; ".join(one for one in details if one and one != "request None")
        expected = ["It is so.", hint.strip(), f"[{shown}]" if shown else ""]
        assert str(error) == str(pickle.loads(pickle.dumps(error))) == " ".join(filter(None, expected))
    said.clear()


def test_extents(connected, namespace):
    assert hub.array(7, name=f"{namespace}/a", chunks=3).chunks == (3,)
    assert hub.array(np.array([4, 5]), name=f"{namespace}/b").shape == (4, 5)
    for wrong in ((2.5,), "ab", [None]):
        with pytest.raises(hub.Invalid, match="are no extents: they are whole numbers"):
            hub.array(wrong, name=f"{namespace}/c")


@pytest.mark.parametrize(("call", "message"), [
    (lambda name: hub.array((3,), name, dtpe="u1"), "hub.array takes no dtpe. Is dtype meant?"
     " It takes shape, name, dtype, chunks, shards,"),
    (lambda name: hub.array(name=name, shapes=(3,)), "hub.array takes no shapes. Is shape meant? It"),
    (lambda name: hub.array((3,), name, endpiont="x"), "no endpiont. Is endpoint meant? It takes"),
    (lambda name: hub.array((3,), name, zzz=1, chunk=2), "no chunk and no zzz. Is chunks meant? It"),
    (lambda name: hub.load(name, dtype="u1"), "hub.load takes no dtype. It takes name, and as"
     " settings endpoint, access_key, "),
    (lambda name: hub.delete(name, nmae=1), "hub.delete takes no nmae. Is name meant? It takes name,"),
    (lambda name: hub.versions(name, limit=1), "hub.versions takes no limit."),
    (lambda name: hub.configure(endpiont="x"), "There is no setting endpiont. Is endpoint meant?"
     " The settings are endpoint,"),
])
def test_keywords_that_a_function_does_not_have(connected, namespace, call, message):
    with hub.trace() as trace, pytest.raises(hub.Invalid) as raised:
        call(f"{namespace}/a:v1")
    assert message in str(raised.value) and "  " not in str(raised.value)
    assert trace.requests == 0


def test_settings_may_be_given_by_keyword(connected, namespace):
    array = hub.array((3,), f"{namespace}/a:v1", retries=0, timeout_seconds=9)
    assert array.client.transport.configuration.retries == 0
    assert hub.load(array.name, retries=1).client.transport.configuration.retries == 1


@pytest.mark.parametrize("dtype", [
    "M8[s]", "m8", "U5", "S3", object, "longdouble", np.dtype([("a", "i4")])], ids=str)
def test_types_that_no_array_has(connected, namespace, dtype):
    with hub.trace() as trace, pytest.raises(hub.Invalid, match="No array has elements of type"):
        hub.array((2,), name=f"{namespace}/a", dtype=dtype)
    assert trace.requests == 0
    assert hub.array((2,), name=f"{namespace}/a", dtype="V3").dtype == "V3"


def test_elements_in_place_of_a_shape_or_a_file(connected, namespace):
    values = np.arange(12).reshape(3, 4)
    with pytest.raises(hub.Invalid, match=r"no extents.*hub.array\(values.shape"):
        hub.array(values, name=f"{namespace}/a")
    with pytest.raises(hub.Invalid, match=r"ndarray is nothing to push.*hub.array\(values.shape"):
        hub.push(values, f"{namespace}/a:v1")


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_an_array_of_texts_says_what_it_is(connected, namespace):
    zarr.create_array(hub.HubStore(f"{namespace}/t:v1"), data=np.array(["a", "bc"], "U2"))
    array = hub.load(f"{namespace}/t:v1")
    assert repr(array) == f"<hub.Array {namespace}/t:v1 shape=(2,) fixed_length_utf32 chunks=(2,)>"
    with pytest.raises(hub.Invalid, match="fixed_length_utf32 .* cannot be sliced"):
        array[0]
    with pytest.raises(hub.Invalid, match="NumPy has no type fixed_length_utf32.*hub.ViewStore"):
        array.fill_value
    assert zarr.open_array(hub.ViewStore(array.name), mode="r")[...].tolist() == ["a", "bc"]


def test_types_that_numpy_does_not_have():
    with pytest.raises(hub.Invalid, match="NumPy has no type string"):
        dtype_of("string")
    assert dtype_of("r24") == "V3" and dtype_of("bfloat16") == "V2"


@pytest.mark.parametrize(("value", "dtype", "expected"), [
    ("NaN", "f4", np.float32("nan")), ("-Infinity", "f8", -np.inf), (None, "i2", 0),
    (["NaN", 1], "c8", complex("nan+1j")), ([1, "Infinity"], "c16", complex(1, np.inf)),
    ("0x7fc00000", "f4", np.float32("nan")), (True, "?", True), (2**63, "u8", 2**63),
    (5, "M8[s]", np.datetime64(5, "s")), ("NaT", "M8[ns]", np.datetime64("NaT", "ns")),
    (-3, "m8[D]", np.timedelta64(-3, "D")), ("NaT", "m8[ms]", np.timedelta64("NaT", "ms")),
    ("0a0b", "V2", np.void(b"\x0a\x0b")), ([1, 2], "V2", np.void(b"\x01\x02")),
])
def test_fill_values_of_the_api(value, dtype, expected):
    """Source: Zarr core specification v3, "Fill value list"."""
    found = fill_of(value, np.dtype(dtype))
    assert found.dtype == np.dtype(dtype)
    if np.dtype(dtype).kind == "V":
        assert found.tobytes() == expected.tobytes()
    else:
        np.testing.assert_array_equal(found, expected)


def test_attributes_that_are_too_long_to_be_told(array):
    array.description = replace(array.description, attributes=None)
    with pytest.raises(hub.Invalid, match="too long for a description. Read zarr.json"):
        array.attrs["a"]


def test_what_is_gathered(array):
    for wrong in ([[1]], [1.5], 3):
        with pytest.raises(hub.Invalid, match="gather takes a list of whole numbers"):
            array.gather(wrong)
    read_only = np.zeros((1, 4), "i4")
    read_only.flags.writeable = False
    for out in (read_only, np.zeros((1, 4), "i8"), np.zeros((4, 1), "i4").T[:, ::2]):
        with pytest.raises(hub.HubError, match="out must be|has the shape"):
            array.client.gather(array.reference, [1], out)
    with pytest.raises(hub.Invalid, match="At most 100,000 boxes"):
        array.client.gather_boxes(array.reference, ["0"] * 100_001)
    with pytest.raises(hub.Invalid, match="more than 8 MiB as text. Gather fewer at once"):
        array.client.gather_boxes(array.reference, ["0" * 100] * 90_000)


def test_a_region_of_another_shape_is_told(array):
    with pytest.raises(hub.Conflict, match=r"has the shape \(2, 4\), not \(3, 4\).*resized meanwhile"):
        array.client.read_region(array.reference, "4:9", shape=(3, 4))


def test_assignments_in_very_many_pieces(array, monkeypatch):
    monkeypatch.setattr(writing, "_PIECES_MAX", 2)
    before = array[...]
    with pytest.raises(hub.Invalid, match="takes more than 2 requests. Assign to slices"):
        array.oindex[[0, 1, 3, 4], [0, 1, 3]] = 1
    np.testing.assert_array_equal(array[...], before)
    assert array.client.drafts(array.reference) == []


@pytest.mark.parametrize(("code", "status", "hint"), [
    ("clock_skewed", 403, "Set this machine's clock"), ("out_of_space", 507, "free space"),
    ("chunk_corrupt", 422, "nave check"), ("access_denied", 403, "hub doctor"),
    ("overloaded", 503, "Try again later"), ("version_sealed", 403, ""),
])
def test_refusals_say_what_to_do(code, status, hint):
    error = refusal("GET x", status, {}, b'{"code": "%s", "detail": "Said."}' % code.encode())
    assert hint in error.hint and bool(hint) == bool(error.hint)
    assert str(error) == " ".join(filter(None, [
        "Said.", error.hint, f"[GET x; {status} {code}]"]))


def test_conflicts_name_the_first_keys():
    body = b'{"code": "draft_conflict", "detail": "Both.", "conflicts": ["a", "b", "c", "d"]}'
    assert refusal("", 409, {}, body).hint == "Changed by both: a, b, c, …."


def test_appends_and_resizes(array):
    with pytest.raises(hub.Invalid, match=r"of the shape \(any, 4\), not of \(2, 3\)"):
        array.append(np.ones((2, 3)))
    with pytest.raises(hub.HubError):
        array.append(np.ones((2, 4)), axis=5)
    with pytest.raises(hub.Invalid):
        array.resize((1, 2, 3))
    with pytest.raises(hub.Invalid):
        array.resize((-1, 4))
    assert array.shape == (6, 4)


@pytest.mark.parametrize("wrong", [None, True, 1.5, 7, (), b"a"])
def test_names_of_attributes_are_texts(array, namespace, wrong):
    before = dict(hub.load(array.name).attrs)
    for change in (lambda: array.attrs.update({wrong: 7}), lambda: array.attrs.__setitem__(wrong, 7),
                   lambda: array.attrs.replace({wrong: 7}), lambda: array.attrs.update({"a": {wrong: 7}}),
                   lambda: array.attrs.update({"a": [{wrong: 7}]}),
                   lambda: hub.array(4, f"{namespace}/y:v0", attributes={wrong: 7})):
        with pytest.raises(hub.Invalid, match="Only values of JSON can be sent: .* is no text"):
            change()
    assert dict(hub.load(array.name).attrs) == before
    for nothing in (5, [1], "ab"):
        with pytest.raises(hub.Invalid, match="from a mapping"):
            array.attrs.update(nothing)


def test_attributes_that_hold_themselves(array):
    endless = []
    endless.append(endless)
    with pytest.raises(hub.Invalid, match="of at most 200 in each other"):
        array.attrs["a"] = endless


@pytest.mark.parametrize("name", ["\ud800", "a/\udfff:v1", "a\ud800b/c:v1"])
def test_names_that_are_no_unicode(array, name):
    for ask in (hub.load, hub.delete, lambda name: hub.array(3, name), hub.versions,
                lambda name: hub.mirror(name, target="http://127.0.0.1:1")):
        with pytest.raises(hub.Invalid, match="names no array"):
            ask(name)


def test_other_arguments_of_a_wrong_type(array, tmp_path):
    for wrong in (None, 5, b"v1", object()):
        for ask in (array.fork, array.diff):
            with pytest.raises(hub.Invalid, match="names no array"):
                ask(wrong)
        with pytest.raises(hub.Invalid, match="is nothing to pull"):
            hub.pull(wrong, tmp_path / "x.npy")
    for ragged in ([[0, 1], [2]], [0, [1]]):
        with pytest.raises(hub.Invalid, match="a list of whole numbers"):
            array.gather(ragged)


def test_no_text_for_an_error_is_written_with_blanks_at_its_ends_or_two_in_a_row():
    """Of all modules, whatever tests provoke: names of errors are called with texts and hints."""
    package = pathlib.Path(hub.__file__).parent
    names = {one.__name__ for one in KINDS} | {"ShapeChanged", "ArgumentTypeError", "TypeError",
                                               "ValueError", "RuntimeError", "FileNotFoundError"}
    looked_at = 0
    for path in package.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call) or ast.unparse(call.func).split(".")[-1] not in names:
                continue
            for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
                if isinstance(argument, ast.Constant | ast.JoinedStr):
                    pieces = getattr(argument, "values", [argument])
                    text = "".join(str(one.value) if isinstance(one, ast.Constant) else "…"
                                   for one in pieces)
                    looked_at += 1
                    assert text == text.strip() and "  " not in text, f"{path}:{call.lineno}"
    assert looked_at > 200
