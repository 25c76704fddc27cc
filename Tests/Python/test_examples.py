"""The examples run as they are, each as a process of its own in an empty folder."""

import json
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import hub
from server_process import REPOSITORY

EXAMPLES = REPOSITORY / "Sources/Python/examples"
SECONDS_MAX = 120


@pytest.fixture
def environment(settings, tmp_path):
    """What a shell has after the server's keys were exported."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("NAVE_")},
        "HOME": str(tmp_path / "home"), "MPLBACKEND": "Agg",
        "AWS_ENDPOINT_URL": settings["endpoint"], "AWS_ACCESS_KEY_ID": settings["access_key"],
        "AWS_SECRET_ACCESS_KEY": settings["secret_key"]}


@pytest.fixture
def run(environment, tmp_path):
    """Runs an example to its end and gives what it printed."""
    folder = tmp_path / "work"
    folder.mkdir()

    def run(name):
        done = subprocess.run(
            [sys.executable, EXAMPLES / name], env=environment, cwd=folder, capture_output=True,
            text=True, timeout=SECONDS_MAX)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run.folder = folder
    return run


def test_the_first_lines(run, connected):
    printed = run("first_array.py").splitlines()
    assert printed[0] == "(10, 256, 256, 3)"
    rows = np.linspace(0, 255, 256, dtype="uint8")
    assert float(printed[1]) == pytest.approx((2 * rows.mean() + 128) / 3)
    with Image.open(run.folder / "imagenet.png") as picture:
        assert picture.width > 100
    bigarray = hub.load("test/bigarray:v0")
    assert bigarray.shape == (10000000000, 512, 512, 3) and bigarray.dtype == np.float64
    assert 0 < bigarray[9999999999].mean() < 1 and bigarray[9999999998, 0, 0, 0] == 0
    assert hub.load("name/random_name:v1").shape == (50000, 28, 28, 1)


@pytest.mark.training
def test_training_a_classifier(run, connected):
    pytest.importorskip("torch")
    printed = run("train_digits.py")
    share, count = re.fullmatch(r"recognised: ([\d.]+) of (\d+) digits\n", printed).groups()
    assert 355 <= int(count) <= 365
    # Guesses are right one time in ten; this model of scikit-learn's reaches about 0.97.
    assert float(share) > 0.93
    assert np.array_equal(hub.load("examples/digits:v1")[:], load_digits().images)


def test_a_medical_volume(run, connected):
    printed = run("medical_volume.py")
    assert "(128, 96, 24, 2) int16 ('x', 'y', 'z', 't')" in printed
    assert printed.endswith("the file that came back is equal\n")
    with Image.open(run.folder / "slice.png") as picture:
        assert picture.size == (96, 128)


def test_many_writers(run):
    assert run("many_writers.py") == "elements of each writer: [40000, 40000, 40000, 40000]\n"


def test_a_mean_over_a_large_array(run):
    printed = run("climate_mean.py")
    equator, pole = map(float, re.search(r"pole: ([\d.]+) ([\d.]+)", printed).groups())
    assert 299 < equator < 301 and 239 < pole < 241
    received, total = map(int, re.search(r"(\d+) bytes instead of (\d+)", printed).groups())
    assert total == 4 * 1095 * 90 * 180 and received < 10_000


# Runs a notebook's cells one after the other as a notebook does: what the last line gives is shown.
CELLS = """
import ast, json, sys
names = {}
for number, cell in enumerate(json.load(open(sys.argv[1]))["cells"]):
    if cell["cell_type"] != "code":
        continue
    tree = ast.parse("".join(cell["source"]), f"cell {number}")
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, f"cell {number}", "exec"), names)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), names)
        shown = getattr(value, "_repr_html_", None)
        print(number, shown() if shown else repr(value))
"""


def test_the_cells_of_the_tour(environment, tmp_path):
    (tmp_path / "work").mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CELLS, EXAMPLES / "tour.ipynb"], env=environment,
        cwd=tmp_path / "work", capture_output=True, text=True, timeout=SECONDS_MAX)
    assert done.returncode == 0, done.stdout + done.stderr
    for shown in ("data:image/png;base64,", "('changed', slice(0, 200, None))",
                  "('inverted', 'sha256:", "(1438, 359, (64, 8, 8), (64,))", "tour/from-file:v1",
                  "✓ access"):
        assert shown in done.stdout, done.stdout
    notebook = json.loads((EXAMPLES / "tour.ipynb").read_text())
    assert all(not cell.get("outputs") for cell in notebook["cells"])


def test_all_examples_are_listed_and_run():
    names = {path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".ipynb")}
    listed = set(re.findall(r"\]\((\w+\.\w+)\)", (EXAMPLES / "README.md").read_text()))
    tested = set(re.findall(r'"(\w+\.(?:py|ipynb))"', pathlib.Path(__file__).read_text()))
    assert names == listed and names <= tested
