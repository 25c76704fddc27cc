"""The console script as a process of its own: exit codes, pipes, terminals, signals, kept keys.

Method: the installed script runs in an empty home; a pseudo-terminal stands for a person.
"""

import json
import os
import pathlib
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import time
import tomllib

import numpy as np
import pytest

import hub
from hub.reference import Reference

SCRIPT = str(pathlib.Path(sys.executable).parent / "hub")
SECONDS_MAX = 30


@pytest.fixture
def environment(settings, tmp_path):
    """What a shell has after the server's keys were exported."""
    return {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "HUB_ENDPOINT": settings["endpoint"], "AWS_ACCESS_KEY_ID": settings["access_key"],
        "AWS_SECRET_ACCESS_KEY": settings["secret_key"]}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def run(*arguments, **options):
    return subprocess.run(
        [SCRIPT, *map(str, arguments)], capture_output=True, text=True, timeout=SECONDS_MAX,
        **options)


def run_on_terminal(arguments, environment, answers=()):
    """Runs a command with a terminal of 80 columns; returns its exit code and what it showed.

    `answers` are pairs of a question and what is typed once it is there.
    """
    process, terminal = pty.fork()
    if process == 0:
        os.execve(SCRIPT, [SCRIPT, *map(str, arguments)], environment | {
            "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"})
    shown, waiting = b"", list(answers)
    deadline = time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                piece = b""
            if not piece:
                break
            shown += piece
        if waiting and waiting[0][0].encode() in shown:
            os.write(terminal, waiting.pop(0)[1].encode() + b"\n")
    else:
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown.decode()


def test_the_script_and_the_module_are_the_same(environment):
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"hub {hub.__version__}\n")
    module = subprocess.run(
        [sys.executable, "-m", "hub", "--version"], capture_output=True, text=True, timeout=30)
    assert module.stdout == done.stdout


def test_a_failure_is_one_line_without_a_traceback(environment):
    done = run("info", "test/missing:v1", env=environment)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("hub: There is no ") and done.stderr.count("\n") == 1
    done = run("info", env=environment)
    assert done.returncode == 2 and "Traceback" not in done.stderr


def test_a_server_that_is_not_there(environment):
    done = run("ls", env=environment | {"HUB_ENDPOINT": "http://127.0.0.1:1", "HUB_RETRIES": "0"})
    assert done.returncode == 1 and done.stderr.startswith("hub: No connection to the server")


def test_wrong_keys(environment):
    done = run("ls", env=environment | {"AWS_SECRET_ACCESS_KEY": "wrong"})
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "hub: " in done.stderr


def test_whoever_reads_may_stop(environment, client, namespace):
    client.create_array(Reference.parse(f"{namespace}/a:v1"), {"shape": [3000, 300], "dtype": "u1"})
    done = subprocess.run(
        f"'{SCRIPT}' get '{namespace}/a:v1[:]' --format csv | head -n 1", shell=True,
        capture_output=True, text=True, env=environment, timeout=SECONDS_MAX)
    assert done.stdout.count("\n") == 1 and done.stderr == ""


def test_elements_go_through_pipes(environment, client, namespace, folder):
    reference = Reference.parse(f"{namespace}/a:v1")
    client.create_array(reference, {"shape": [100], "dtype": "float32"})
    client.write_region(reference, "", np.arange(100, dtype="f4"))
    done = subprocess.run(
        [SCRIPT, "get", f"{reference}[10:20]", "--format", "npy"], capture_output=True,
        env=environment, timeout=SECONDS_MAX)
    (folder / "a.npy").write_bytes(done.stdout)
    assert np.array_equal(np.load(folder / "a.npy"), np.arange(10, 20, dtype="f4"))


def test_progress_is_for_terminals(environment, folder, namespace):
    np.save(folder / "a.npy", np.arange(8 << 20, dtype="u1").reshape(-1, 1 << 20))
    done = run("push", folder / "a.npy", f"{namespace}/a:v1", env=environment)
    assert done.returncode == 0 and done.stderr == ""
    code, shown = run_on_terminal(
        ["push", folder / "a.npy", f"{namespace}/a:v2"], environment)
    assert code == 0 and re.search(r"push .*a:v2: .*\d+%.*8\.39M", shown)
    code, shown = run_on_terminal(
        ["push", folder / "a.npy", f"{namespace}/a:v3", "--quiet"], environment)
    assert (code, shown) == (0, "")


def test_pictures_have_colours_on_terminals(environment, client, namespace):
    reference = Reference.parse(f"{namespace}/a:v1")
    client.create_array(reference, {"shape": [4, 4], "dtype": "uint8"})
    client.write_region(reference, "", np.arange(0, 256, 16, dtype="u1").reshape(4, 4))
    code, shown = run_on_terminal(["show", str(reference)], environment)
    assert code == 0 and "\x1b[38;5;" in shown and "▀" in shown
    assert "\x1b" not in run("show", str(reference), env=environment).stdout


def test_ctrl_c_ends_a_push_that_goes_on_later(environment, client, namespace, folder):
    reference = Reference.parse(f"{namespace}/a:v1")
    array = np.random.default_rng(0).integers(0, 256, (40, 16 << 20 >> 2), "u1")
    np.save(folder / "a.npy", array)
    process = subprocess.Popen(
        [SCRIPT, "push", folder / "a.npy", str(reference)], env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline:
        try:
            drafts = [Reference.parse(one["reference"]) for one in client.drafts(reference)]
            if any(client.describe(draft).chunks_stored for draft in drafts):
                break
        except hub.NotFound:
            time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == 130 and "Traceback" not in err and out == ""
    (draft,) = (Reference.parse(one["reference"]) for one in client.drafts(reference))
    stored = client.describe(draft)
    assert 0 < stored.chunks_stored < stored.chunks_total
    assert client.describe(reference).chunks_stored == 0
    done = run("push", folder / "a.npy", str(reference), "--json", env=environment)
    assert 0 < json.loads(done.stdout)["bytes_sent"] < array.nbytes
    assert np.array_equal(client.read_region(reference, "35:"), array[35:])


OTHERS = """# ours
retries = 2
{}cache_bytes_max = "2 GB"

[elsewhere]
endpoint = "http://elsewhere:1"
"""


def test_rm_asks(environment, client, namespace):
    reference = Reference.parse(f"{namespace}/a:v1")
    client.create_array(reference, {"shape": [4], "dtype": "uint8"})
    code, shown = run_on_terminal(
        ["rm", str(reference)], environment, [("[y/N] ", "n")])
    assert code == 0 and "Nothing was deleted." in shown
    assert client.describe(reference).kind == "array"
    code, _ = run_on_terminal(["rm", str(reference)], environment, [("[y/N] ", "y")])
    assert code == 0
    with pytest.raises(hub.NotFound):
        client.describe(reference)


def test_login_keeps_keys_that_work_for_oneself_alone(environment, settings, tmp_path):
    home = {name: value for name, value in environment.items()
            if not name.startswith(("AWS_", "HUB_"))}
    path = tmp_path / "home/.config/hub/config.toml"
    done = run("login", settings["endpoint"], "--access-key", settings["access_key"],
               "--secret-stdin", input="wrong\n", env=home)
    assert done.returncode == 1 and not path.exists()
    done = run("login", settings["endpoint"], "--access-key", settings["access_key"],
               "--secret-stdin", input=settings["secret_key"] + "\n", env=home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["config.toml"]
    assert run("ls", "--namespaces", env=home).returncode == 0
    done = run("login", settings["endpoint"], "--access-key", settings["access_key"],
               "--secret-stdin", input=settings["secret_key"] + "\n", env=environment)
    assert "hub: HUB_ENDPOINT comes before this file: it sets the endpoint." in done.stderr
    assert run("login", "--forget", env=home).returncode == 0 and not path.exists()


def test_login_leaves_other_settings_alone(environment, settings, tmp_path):
    home = {name: value for name, value in environment.items()
            if not name.startswith(("AWS_", "HUB_"))}
    path = tmp_path / "home/.config/hub/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(OTHERS.format('endpoint = "http://old:1"  # before\n'))
    words = ["login", settings["endpoint"], "--access-key", settings["access_key"],
             "--secret-stdin"]
    done = run(*words, input=settings["secret_key"] + "\n", env=home)
    assert (done.returncode, done.stderr) == (0, "")
    pair = {"access_key": settings["access_key"], "secret_key": settings["secret_key"]}
    others = tomllib.loads(OTHERS.format(""))
    found = tomllib.loads(path.read_text())
    assert found == others | pair | {"endpoint": settings["endpoint"]}
    assert "# ours\n" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert run("login", "--forget", env=home).returncode == 0
    assert path.read_text() == OTHERS.format("")
    path.write_text("endpoint = \n")
    for attempt in (words, ["login", "--forget"]):
        done = run(*attempt, input=settings["secret_key"] + "\n", env=home)
        assert done.returncode == 1 and "is not a TOML file" in done.stderr
        assert path.read_text() == "endpoint = \n"


def test_login_asks_on_a_terminal_and_hides_the_secret(environment, settings, tmp_path):
    home = {name: value for name, value in environment.items()
            if not name.startswith(("AWS_", "HUB_"))}
    code, shown = run_on_terminal(["login"], home, [
        ("Endpoint [http://127.0.0.1:9000]: ", settings["endpoint"]),
        ("Access key: ", settings["access_key"]), ("Secret key: ", settings["secret_key"])])
    assert code == 0 and "Kept in " in shown and settings["secret_key"] not in shown
    assert (tmp_path / "home/.config/hub/config.toml").exists()


def test_login_without_a_terminal_says_how(environment):
    done = run("login", "http://127.0.0.1:1", env=environment, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and "--access-key KEY --secret-stdin" in done.stderr


def run_in_shell(command, environment):
    return subprocess.run(
        command, shell=True, capture_output=True, text=True, env=environment, timeout=SECONDS_MAX)


@pytest.mark.parametrize("arguments", [
    "ls", "info NAME", "get NAME", "get NAME --format raw", "stats NAME --json", "doctor",
    "show NAME", "cache", "--version",
])
def test_standard_output_may_be_closed(environment, client, namespace, arguments):
    name = f"{namespace}/a:v1"
    client.create_array(Reference.parse(name), {"shape": [4, 4], "dtype": "uint8"})
    done = run_in_shell(f"'{SCRIPT}' {arguments.replace('NAME', name)} >&-", environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- >&- 2>&-"])
def test_other_streams_may_be_closed(environment, namespace, closed):
    done = run_in_shell(f"'{SCRIPT}' ls --namespaces {closed}", environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert (namespace in done.stdout) is (">&-" not in closed.split())


def test_a_failure_goes_nowhere_if_its_stream_is_closed(environment):
    done = run_in_shell(f"'{SCRIPT}' info a/missing:v1 2>&-", environment)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    done = run_in_shell(f"'{SCRIPT}' rm a/missing:v1 <&-", environment)
    assert done.returncode == 1 and done.stderr.startswith("hub: There is no ")


def test_ctrl_c_while_the_package_is_imported(environment, tmp_path):
    """What is imported first sends the signal to its own process."""
    (tmp_path / "numpy.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
        "raise AssertionError('the signal was not seen')\n")
    path = f"{tmp_path}{os.pathsep}{pathlib.Path(hub.__file__).parents[1]}"
    done = subprocess.run(
        [sys.executable, "-m", "hub_script", "ls"], env=environment | {"PYTHONPATH": path},
        capture_output=True, text=True, timeout=SECONDS_MAX)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("target", ["/", ".", ".."])
@pytest.mark.parametrize("more", [[], ["--format", "csv"]])
def test_what_is_no_name_of_a_file(environment, client, namespace, folder, target, more):
    name = f"{namespace}/a:v1"
    client.create_array(Reference.parse(name), {"shape": [4, 4], "dtype": "uint8"})
    (folder / "kept").mkdir()
    done = run("get", name, "-o", target, *more, env=environment, cwd=folder / "kept")
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and (folder / "kept").is_dir()
    with pytest.raises(hub.HubError):
        hub.pull(name, target, overwrite=True)
