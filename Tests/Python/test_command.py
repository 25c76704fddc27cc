"""Every command does on a real server what it says, and prints what a person or program can use.

Method: commands run in this process as the console script runs them; what they did is asked of the
server by other means, and what they print is compared with NumPy's own answers.
"""

import io
import json
import pathlib

import nibabel
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import hub
import hub.cache
from hub.command.main import main
from hub.reference import Reference

DIGITS = load_digits().images.astype("u1")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, which is the current one."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def command(connected, capsys):
    """Runs a command that must go well, and gives what it printed; JSON is read."""

    def run(*arguments):
        code = main(list(map(str, arguments)))
        printed = capsys.readouterr()
        assert (code, printed.err) == (0, ""), printed.err
        return json.loads(printed.out) if "--json" in arguments else printed.out

    return run


@pytest.fixture
def refused(connected, capsys):
    """Runs a command that must fail, and gives the one line that says why."""

    def run(*arguments, code=1):
        try:
            found = main(list(map(str, arguments)))
        except SystemExit as exit:
            found = exit.code
        printed = capsys.readouterr()
        assert (found, printed.out) == (code, "")
        lines = printed.err.splitlines()
        if code == 1:
            assert len(lines) == 1 and lines[0].startswith("hub: ")
        return lines[-1]

    return run


@pytest.fixture
def digits(client, namespace):
    """The name of an array of digits."""
    reference = Reference.parse(f"{namespace}/digits:v1")
    client.create_array(
        reference, {"shape": DIGITS.shape, "dtype": "uint8", "chunks": [100, 8, 8]})
    client.write_region(reference, "", DIGITS)
    return str(reference)


def pixels(path):
    """The pixels of a picture in a file."""
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_create_ls_info_and_rm(command, refused, client, namespace):
    name = f"{namespace}/volume:v0"
    printed = command(
        "create", name, "100x512x512", "--dtype", "uint8", "--chunks", "10,64,64", "--fill", "7",
        "--dimensions", "z,y,x", "--attribute", "unit=HU", "--attribute", "scale=0.5")
    assert printed == f"{name}: uint8 of 100x512x512, chunks 10x64x64\n"
    found = client.describe(Reference.parse(name))
    assert (found.shape, found.chunk_shape, found.fill_value) == ((100, 512, 512), (10, 64, 64), 7)
    assert found.dimension_names == ("z", "y", "x")
    assert found.attributes == {"unit": "HU", "scale": 0.5}
    assert command("ls", namespace).split()[:3] == [name, "uint8", "100x512x512"]
    assert command("ls", f"{namespace}/other") == ""
    assert [one["reference"] for one in command("ls", namespace, "--json")["arrays"]] == [name]
    assert namespace in command("ls", "--namespaces")
    printed = command("info", name)
    assert "100 x 512 x 512" in printed and "0 of 640 chunks" in printed and "unit" in printed
    assert command("info", name, "--json")["shape"] == [100, 512, 512]
    assert "is deleted only after a question. Without a terminal to ask in, give --yes." in refused(
        "rm", name)
    assert command("rm", name, "--yes") == ""
    assert f"There is no array {name}" in refused("info", name)


def test_rm_asks_on_a_terminal(command, client, digits, monkeypatch):
    answers = iter(["", "no", "y"])
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked = []
    monkeypatch.setattr("builtins.input", lambda text: (asked.append(text), next(answers))[1])
    for _ in range(2):
        command("rm", digits)
        assert client.describe(Reference.parse(digits)).chunks_stored == 18
    command("rm", digits)
    assert asked[0].startswith(f"Delete {digits} with ") and asked[0].endswith("stored? [y/N] ")
    with pytest.raises(hub.NotFound):
        client.describe(Reference.parse(digits))


def test_create_opens_what_agrees_and_refuses_what_does_not(command, refused, digits):
    command("create", digits, "1797x8x8", "--dtype", "uint8")
    assert "is there already" in refused("create", digits, "1797x8x8", "--dtype", "int16")


def test_get_prints_as_numpy_does(command, digits):
    assert command("get", f"{digits}[3]") == f"{DIGITS[3]}\n"
    assert command("get", f"{digits}[3, 1:3, ::-2]") == f"{DIGITS[3, 1:3, ::-2]}\n"
    assert command("get", f"{digits}[-1, 2, 5]") == f"{DIGITS[-1, 2, 5]}\n"
    assert command("get", f"{digits}[[5, 1], 0]") == f"{DIGITS[[5, 1], 0]}\n"
    assert command("get", f"{digits}[3]", "--format", "json") == f"{DIGITS[3].tolist()}\n".replace(
        " ", "")
    assert command("get", f"{digits}[3]", "--json") == DIGITS[3].tolist()
    assert np.array_equal(
        np.loadtxt(io.StringIO(command("get", f"{digits}[3]", "--format", "csv")), delimiter=","),
        DIGITS[3])


def test_get_writes_files(command, digits, folder):
    for name in ("a.npy", "a.csv", "a.json", "a.raw", "a.png"):
        command("get", f"{digits}[3]", "-o", name)
        command("get", f"{digits}[3]", "-o", name)
    assert np.array_equal(np.load("a.npy"), DIGITS[3])
    assert np.array_equal(np.loadtxt("a.csv", delimiter=","), DIGITS[3])
    assert json.loads((folder / "a.json").read_text()) == DIGITS[3].tolist()
    assert (folder / "a.raw").read_bytes() == DIGITS[3].tobytes()
    assert np.array_equal(pixels("a.png"), DIGITS[3])
    assert len(list(folder.iterdir())) == 5


@pytest.mark.parametrize("arguments", [
    ("pull", "--overwrite"), ("get", "-o"), ("get", "--format", "csv", "-o")])
def test_a_folder_with_something_else_is_never_replaced(refused, digits, folder, arguments):
    verb, *options = arguments
    part = digits if verb == "pull" else f"{digits}[0]"
    (folder / "pics").mkdir()
    (folder / "pics/thesis.txt").write_text("years")
    message = refused(verb, part, *options, "pics/")
    assert "pics holds thesis.txt" in message or "pics is a folder" in message
    assert "is the folder that this runs in" in refused(verb, part, *options, ".")
    assert [path.name for path in folder.rglob("*")] == ["pics", "thesis.txt"]


def test_get_refuses_what_is_too_much_to_print(command, refused, namespace):
    command("create", f"{namespace}/huge:v0", "10000000000x512x512x3")
    assert "are too much to print" in refused("get", f"{namespace}/huge:v0")
    assert command("get", f"{namespace}/huge:v0[9999999999, 0, 0]") == "[0. 0. 0.]\n"


def test_stats_are_numpys(command, digits):
    found = dict(line.rsplit(None, 1) for line in command("stats", digits).splitlines())
    for name in ("sum", "mean", "std", "min", "max"):
        assert float(found[name]) == pytest.approx(getattr(DIGITS.astype("f8"), name)())
    answer = command("stats", f"{digits}[0:100]", "--op", "mean", "--axis", "1,2", "--json")
    assert answer["statistics"]["mean"] == pytest.approx(DIGITS[:100].mean(axis=(1, 2)).tolist())
    printed = command("stats", digits, "--percentile", "1,50,99")
    wanted = np.percentile(DIGITS, [1, 50, 99])
    assert [float(line.split()[-1]) for line in printed.splitlines()] == wanted.tolist()
    lines = command("stats", digits, "--histogram", "4", "--op", "max").splitlines()
    counts, edges = np.histogram(DIGITS, 4)
    assert lines[0].split() == ["max", "16"]
    assert [int(line.split()[3].replace(",", "")) for line in lines[1:]] == counts.tolist()
    assert [float(line.split()[0]) for line in lines[1:]] == edges[:-1].tolist()


def test_stats_of_complex_numbers(command, client, namespace):
    values = (DIGITS[0] + 2j * DIGITS[1]).astype("c8")
    reference = Reference.parse(f"{namespace}/waves:v1")
    client.create_array(reference, {"shape": values.shape, "dtype": "complex64"})
    client.write_region(reference, "", values)
    found = dict(line.rsplit(None, 1) for line in command("stats", reference).splitlines())
    assert complex(found["mean"]) == pytest.approx(values.mean())
    printed = "".join(command("stats", reference, "--op", "sum", "--axis", "0").split())
    sums = [complex(word) for word in printed.removeprefix("sum[").rstrip("]").split(",")]
    assert sums == pytest.approx(values.sum(axis=0).tolist())


def test_show_draws_in_the_terminal(command, digits, monkeypatch):
    monkeypatch.setenv("COLUMNS", "8")
    monkeypatch.setenv("LINES", "6")
    text = command("show", f"{digits}[3]", "--window", "0,16").splitlines()
    levels = [" .:-=+*#%@".index(line.ljust(8)[x]) for line in text for x in range(8)]
    means = DIGITS[3].reshape(4, 2, 8).mean(axis=1).reshape(-1)
    assert np.abs(np.array(levels) / 9 - means / 16).max() < 0.06


def test_show_writes_pictures(command, refused, digits, folder):
    command("show", f"{digits}[3]", "-o", "a.png", "--window", "0,16")
    assert np.abs(pixels("a.png") / 255 - DIGITS[3] / 16).max() < 0.003
    command("show", digits, "-o", "middle.png", "--window", "0,16", "--map", "viridis")
    assert pixels("middle.png").shape == (8, 8, 3)
    command("show", f"{digits}[3, 2:6, :]", "-o", "part.png", "--window", "0,16")
    assert np.abs(pixels("part.png") / 255 - DIGITS[3, 2:6] / 16).max() < 0.003
    command("show", digits, "-o", "a.jpg", "--axes", "0,1", "--size", "64")
    with Image.open("a.jpg") as jpeg:
        assert jpeg.format == "JPEG" and 32 < jpeg.height <= 64
    assert "A picture needs two axes" in refused("show", f"{digits}[3, 2]")
    assert "out of range" in refused("show", f"{digits}[1797]")
    assert "is no .png or .jpg" in refused("show", digits, "-o", "a.gif")


def test_push_and_pull(command, refused, folder, namespace):
    np.savez(folder / "a.npz", images=DIGITS, labels=load_digits().target)
    name = f"{namespace}/pushed:v1"
    assert "holds 2 arrays: images, labels" in refused("push", "a.npz", name)
    printed = command("push", "a.npz", name, "--member", "images", "-m", "the digits")
    assert printed.startswith(f"{name}: uint8 of 1797x8x8, 115 kB\ncommit sha256:")
    assert "0 B of 115 kB, the rest was there" in command(
        "push", "a.npz", name, "--member", "images")
    assert command("history", name).split(None, 4)[-1] == "the digits\n"
    assert command("pull", name, "b.npy") == "b.npy: uint8 of 1797x8x8, 115 kB\n"
    assert np.array_equal(np.load("b.npy"), DIGITS)
    assert "b.npy exists" in refused("pull", name, "b.npy")
    pulled = command("pull", f"{name}[5:900:7, ::-1]", "b.npy", "--overwrite", "--json")
    assert pulled["shape"] == [128, 8, 8]
    assert np.array_equal(np.load("b.npy"), DIGITS[5:900:7, ::-1])
    command("pull", name, "pictures/")
    assert np.array_equal(pixels("pictures/0003.png"), DIGITS[3])


def test_pictures_with_their_classes(command, folder, namespace):
    target = load_digits().target
    for number in range(60):
        (folder / f"set/digit-{target[number]}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(DIGITS[number]).save(folder / f"set/digit-{target[number]}/{number}.png")
    images, labels = f"{namespace}/images:v1", f"{namespace}/labels:v1"
    pushed = command("push", "set", images, "--labels", labels, "--size", "16x16", "--json")
    assert pushed["shape"] == [60, 16, 16] and pushed["labels"]["shape"] == [60]
    assert np.array_equal(hub.load(labels)[:], np.sort(target[:60]))
    assert hub.load(labels).attrs["classes"] == [f"digit-{n}" for n in range(10)]
    first = int(np.flatnonzero(target[:60] == 0)[0])
    resized = Image.fromarray(DIGITS[first]).resize((16, 16), Image.Resampling.BILINEAR)
    assert np.array_equal(hub.load(images)[0], np.asarray(resized))


def test_a_volume_there_and_back(command, folder, namespace):
    scan = pathlib.Path(nibabel.__file__).parent / "tests/data/example4d.nii.gz"
    name = f"{namespace}/scan:v1"
    command("push", scan, name)
    command("pull", name, "back.nii.gz")
    there, back = nibabel.load(scan), nibabel.load("back.nii.gz")
    assert np.array_equal(np.asarray(there.dataobj), np.asarray(back.dataobj))
    assert np.allclose(there.affine, back.affine)
    assert back.header.get_zooms() == pytest.approx(there.header.get_zooms())


def test_versions(command, refused, client, digits):
    reference = Reference.parse(digits)
    first = command("commit", digits, "-m", "as measured").strip()
    assert first == client.version(reference)["digest"]
    assert command("fork", digits, "v2") == f"{reference.tagged('v2')}\n"
    client.write_region(reference.tagged("v2"), "150", DIGITS[0])
    rows = command("diff", digits, "v2").splitlines()
    assert [row.split(None, 2) for row in rows] == [
        ["changed", "c/1/0/0", "[100:200, 0:8, 0:8]"]]
    assert command("diff", digits, first) == ""
    assert len(command("diff", digits, str(reference.tagged("v2")), "--json")["changes"]) == 1
    client.write_region(reference, "0", DIGITS[5])
    command("commit", digits, "-m", "wrong")
    rows = [row.split(None, 4) for row in command("history", digits).splitlines()]
    assert [row[-1] for row in rows] == ["wrong", "as measured"]
    assert "has no commit that begins with sha256:zz" in refused("rollback", digits, "sha256:zz")
    assert f"There is no version or commit {reference.tagged('nope')}" in refused(
        "diff", digits, "nope")
    command("rollback", digits, rows[1][0])
    assert np.array_equal(client.read_region(reference), DIGITS)
    command("seal", digits, "-m", "final")
    assert "sealed" in command("ls", "--versions", digits)
    assert "sealed" in refused("rm", digits, "--yes")
    command("unseal", digits)
    assert "committed" in command("ls", "--versions", digits)
    assert command("fork", f"{reference.line}@{first}", "v3") == f"{reference.tagged('v3')}\n"


def test_plain_keys_become_a_version(command, client, digits, namespace):
    client.transport.request(
        "PUT", f"/{namespace}/plain/array/zarr.json", body=client.transport.request(
            "GET", f"/{namespace}/digits:v1/zarr.json").data)
    printed = command("fork", f"{namespace}/plain/array/", f"{namespace}/taken:v1")
    assert printed == f"{namespace}/taken:v1\n"
    assert client.describe(Reference.parse(f"{namespace}/taken:v1")).shape == DIGITS.shape


def test_cache(command, connected):
    printed = command("cache")
    assert "0 B of at most" in printed
    assert command("cache", "--json")["chunks"] == 0
    assert command("cache", "verify") == "0 files were read, 0 damaged ones removed.\n"
    assert command("cache", "evict", "1GB", "--json")["bytes"] == 0
    command("cache", "clear")


def test_what_was_pinned_and_is_cleared_is_named(command, digits):
    array = hub.load(digits)
    array.commit()
    pinned = str(array.pin())
    assert command("cache", "evict", "0", "--json")["pins"] == [pinned]
    assert np.array_equal(hub.load(pinned, offline=True)[...], DIGITS)
    assert f"pinned until now  {pinned}\n" in command("cache", "clear")
    array.pin()
    told = command("cache", "clear", "--json")
    assert (told["pins"], told["unpinned"], told["chunks"]) == ([], [pinned], 0)
    assert command("cache", "clear", "--json")["unpinned"] == []
    with pytest.raises(hub.Offline):
        hub.load(pinned, offline=True)


def test_the_cache_is_held_against_the_server(command, refused, digits):
    fixed = f"{digits.partition(':')[0]}@{hub.load(digits).commit().digest}"
    hub.load(fixed).prefetch()
    assert command("cache", "verify", "--array", fixed, "--json")["removed"] == 0
    assert "wrong ones removed" in command("cache", "verify", "--array", fixed)
    assert "Nothing but verify takes an array" in refused("cache", "clear", "--array", fixed)


@pytest.mark.parametrize("arguments", [["evict"], ["clear", "1GB"], ["verify", "1GB"]])
def test_the_cache_is_emptied_only_if_that_is_said(refused, client, namespace, arguments):
    reference = Reference.parse(f"{namespace}/a:v1")
    client.create_array(reference, {"shape": [4, 4], "dtype": "uint8", "chunks": [4, 4]})
    array = hub.load(str(reference))
    array[...] = 1
    hub.load(f"{namespace}/a@{array.commit().digest}")[...]
    kept = hub.cache.info().chunks
    assert kept > 0
    assert "evict needs a size, and nothing else takes one" in refused("cache", *arguments)
    assert hub.cache.info().chunks == kept


def test_the_help_names_all_statistics(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["stats", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    names = told.partition("--op NAME,… of ")[2].partition(" --axis")[0]
    assert names == ("sum, mean, std, var, min, max, count, count_nonzero, count_nan, histogram, and"
                     " percentile with --percentile")
    assert "--percentile Q,… exact percentiles, from 0 to 100, as 5,50,95" in told
    assert "--histogram BINS a histogram of so many bins" in told


def test_percentiles_are_asked_for_in_the_commands_own_words(command, refused, digits):
    told = refused("stats", digits, "--op", "mean,percentile")
    assert "--percentile 5,50,95" in told and '"q"' not in told
    printed = command("stats", digits, "--op", "percentile,mean", "--percentile", "50")
    assert [line.split()[0] for line in printed.splitlines()] == ["mean", "percentile"]


@pytest.mark.parametrize("arguments, message", [
    ([], "the following arguments are required: COMMAND"),
    (["list"], "invalid choice: 'list'"),
    (["create", "a/b:v0", "axb"], "'axb' is no shape; shapes look like 100x512x512"),
    (["get", "a/b:v0[x]"], "'x' in [x] is no index; indices look like 3, 0:10, ::-2"),
    (["push", "a.npy"], "the following arguments are required: name"),
    (["show", "a/b:v0", "--map", "jet"], "invalid choice: 'jet'"),
    (["cache", "evict", "lots"], "'lots' is no size such as 10GB"),
])
def test_wrong_usage_is_said_in_a_line_and_is_code_2(refused, arguments, message):
    assert message in refused(*arguments, code=2)


@pytest.mark.parametrize("arguments, message", [
    (["info", "nothing-like-it/x:v1"], 'There is no namespace "nothing-like-it"'),
    (["info", "a//b"], "names no array"),
    (["push", "missing.npy", "a/b:v1"], "There is no file or folder missing.npy"),
    (["pull", "a/b:v1", "x.doc"], "There is no namespace"),
    (["info", "a/b:v1", "--profile", "nobody"], "There is no profile nobody in the AWS files"),
    (["ls", "--versions"], "ls --versions needs the name of an array"),
    (["mirror", "a/b:v1"], "A mirror needs two servers. Name the other one: --to or --from."),
    (["info", "a/b:v1", "--endpoint", "http://127.0.0.1:1"], "No connection to the server"),
    (["push", "--from-hub0", "missing", "a/b:v1"], "There is no"),
])
def test_failures_are_one_line_and_code_1(refused, arguments, message, folder):
    with hub.configured(retries=0):
        assert message in refused(*arguments)


def test_names_that_are_close_are_suggested(refused, digits):
    assert "versions there: v1" in refused("info", digits.replace(":v1", ":v9"))
    assert "digits" in refused("info", digits.replace("digits", "digit"))


def test_a_profile_of_the_aws_files(command, settings, tmp_path, monkeypatch):
    (tmp_path / "home/.aws").mkdir()
    (tmp_path / "home/.aws/credentials").write_text(
        f"[lab]\naws_access_key_id = {settings['access_key']}\n"
        f"aws_secret_access_key = {settings['secret_key']}\n")
    (tmp_path / "home/.aws/config").write_text(
        f"[profile lab]\nendpoint_url = {settings['endpoint']}\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "else")
    with hub.configured(endpoint=None, access_key=None, secret_key=None):
        command("ls", "--profile", "lab")


def test_every_command_has_help(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    verbs = [line.split()[0] for line in capsys.readouterr().out.splitlines()
             if line.startswith("    ") and not line.startswith("     ")]
    assert len(verbs) >= 20
    for verb in verbs:
        with pytest.raises(SystemExit) as exit:
            main([verb, "--help"])
        assert exit.value.code == 0 and "usage: hub" in capsys.readouterr().out


def test_what_nobody_foresaw_is_told_in_a_line(refused, monkeypatch):
    def fail(*_):
        raise KeyError("some\nthing")

    monkeypatch.setattr("hub.client.Client.list_arrays", fail)
    assert refused("ls").startswith("hub: KeyError: 'some")
    monkeypatch.setattr("hub.command.main._shows_tracebacks", lambda: True)
    with pytest.raises(KeyError):
        main(["ls"])
