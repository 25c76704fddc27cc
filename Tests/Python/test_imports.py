"""`import hub` and first steps load only what they need; the rest comes where it is used.

Method: a fresh interpreter says which modules are loaded. How long that takes is the benchmark's.
"""

import ast
import json
import os
import pathlib
import subprocess
import sys

import hub
import pytest

# What costs a tenth of a second or more, or is not installed with the package.
HEAVY = {
    "zarr", "obstore", "numcodecs", "tqdm", "torch", "tensorflow", "xarray", "dask", "fsspec",
    "pandas", "PIL", "h5py", "matplotlib", "asyncio", "IPython", "botocore",
}


def loaded(program, settings):
    """The top-level modules that are loaded after a program ran in a fresh interpreter."""
    environment = {"HOME": "/nonexistent", "PATH": os.environ["PATH"]} | {
        "HUB_ENDPOINT": settings["endpoint"], "HUB_ACCESS_KEY": settings["access_key"],
        "HUB_SECRET_KEY": settings["secret_key"], "HUB_CACHE": settings["cache_folder"],
    }
    report = "\nimport json, sys\nprint(json.dumps(sorted({n.partition('.')[0] for n in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", program + report], env=environment,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_import_loads_numpy_and_urllib3_so_that_the_first_request_does_not(settings):
    modules = loaded("import hub", settings)
    assert {"numpy", "urllib3"} <= modules and not modules & HEAVY


def test_loading_and_a_first_element_take_numpy_and_urllib3_alone(connected, settings, namespace):
    name = f"{namespace}/x:v1"
    hub.array((4, 4), name=name)[1, 2] = 7
    program = f"""
import hub
array = hub.load("{name}")
assert array[1, 2] == 7 and array[1].mean() == 1.75 and array.max() == 7
array[0] = 1
assert array[[0, 1], [0, 2]].tolist() == [1, 7]
array.commit("x"); array.history(); repr(array)
"""
    assert not loaded(program, settings) & HEAVY


def test_every_name_is_there_and_none_is_a_module(connected):
    for name in hub.__all__:
        value = getattr(hub, name)
        assert (name == "cache") == (type(value).__name__ == "module"), name
    assert [name for name in dir(hub) if not name.startswith("__")] == sorted(hub.__all__)
    with pytest.raises(AttributeError, match="no attribute 'arrray'"):
        hub.arrray  # noqa: B018


def test_modules_are_typed_short_and_say_what_they_are():
    package = pathlib.Path(hub.__file__).parent
    assert (package / "py.typed").exists()
    for path in package.rglob("*.py"):
        text = path.read_text()
        assert text.count("\n") <= 400, f"{path} is too long"
        assert ast.get_docstring(ast.parse(text)), f"{path} does not say what it is"
