"""`--durability relaxed`: a kill loses nothing that was answered, and everybody can see that it is on.

Method: the crash test of `test_crash.py` with the log flushed so seldom that no kill finds it flushed by the
clock; options that are wrong; what the log, `/-/ready` and `/-/metrics` say. What a power loss leaves is
simulated in Tests/Simulation.
"""

import random
import re
import subprocess
import sys
import time

import crash_writer
import pytest
import requests
import test_crash
from s3_clients import s3_client
from server_process import ServerProcess, nave

SEED = 31
ROUNDS = 3
WRITERS = 3
RELAXED = ["--durability", "relaxed"]


def metric(server, name):
    text = requests.get(f"{server.endpoint}/-/metrics", timeout=10).text
    return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE)[1])


def readiness(server):
    return requests.get(f"{server.endpoint}/-/ready", timeout=10).json()


@pytest.mark.parametrize("folders", [1, 2])
def test_a_kill_under_load_loses_nothing_that_was_answered(tmp_path, folders):
    options = [*RELAXED, "--flush-interval", "60s"]
    if folders == 2:
        options += [str(tmp_path / "second"), "--copies", "2"]
    source = random.Random(SEED)
    journals = [tmp_path / f"journal-{number}" for number in range(WRITERS)]
    for journal in journals:
        journal.touch()
    answered = 0
    for attempt in range(ROUNDS):
        server = ServerProcess(tmp_path / "data", options=options).start()
        s3 = s3_client(server)
        if attempt == 0:
            s3.create_bucket(Bucket="crash")
        test_crash.check(s3, journals, f"seed {SEED}, after kill {attempt}")
        test_crash.settle(journals, s3)
        writers = [
            subprocess.Popen(
                [sys.executable, crash_writer.__file__, server.endpoint, "crash",
                 *server.root_keys, str(number), f"{SEED}-{attempt}", str(journals[number])],
                stderr=subprocess.DEVNULL)
            for number in range(WRITERS)
        ]
        try:
            test_crash.wait_for_progress(journals, answered)
            time.sleep(source.uniform(0, 1))
        finally:
            server.kill()
            for writer in writers:
                writer.kill()
                writer.wait()
        answered = sum(journal.read_text().count("done ") for journal in journals)
    # What one leaves, the other opens.
    strict = options[4:]
    with ServerProcess(tmp_path / "data", options=strict) as server:
        allowed = test_crash.check(s3_client(server), journals, f"seed {SEED}, at the end")
        assert readiness(server)["durability"] == "strict"
    assert len(allowed) >= 3 and answered >= 20 * ROUNDS


def test_relaxed_is_said_at_the_start_and_shown(tmp_path):
    options = [*RELAXED, "--flush-interval", "60s"]
    with ServerProcess(tmp_path / "data", options=options) as server:
        warning = [line for line in server.output().splitlines() if "durability is relaxed" in line]
        assert len(warning) == 1 and "warning" in warning[0] and "60000 ms" in warning[0]
        assert "power loss" in warning[0]
        answer = readiness(server)
        assert (answer["state"], answer["durability"]) == ("ready", "relaxed")
        assert metric(server, "nave_durability_relaxed") == 1
        s3 = s3_client(server)
        s3.create_bucket(Bucket="test")
        s3.put_object(Bucket="test", Key="a", Body=b"x" * 5000)
        assert metric(server, "nave_log_unflushed_bytes") > 5000
        age = metric(server, "nave_log_unflushed_age_seconds")
        assert 0 < age < 60
        time.sleep(0.1)
        assert metric(server, "nave_log_unflushed_age_seconds") >= age + 0.1
        assert server.stop() == 0


def test_the_log_is_flushed_at_the_interval(tmp_path):
    options = [*RELAXED, "--flush-interval", "200ms"]
    with ServerProcess(tmp_path / "data", options=options) as server:
        s3 = s3_client(server)
        s3.create_bucket(Bucket="test")
        s3.put_object(Bucket="test", Key="a", Body=b"x" * 5000)
        deadline = time.monotonic() + 10
        while metric(server, "nave_log_unflushed_bytes") > 0:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert metric(server, "nave_log_unflushed_age_seconds") == 0


def test_strict_is_the_default_and_has_nothing_unflushed(http_server):
    assert readiness(http_server)["durability"] == "strict"
    assert metric(http_server, "nave_durability_relaxed") == 0
    assert metric(http_server, "nave_log_unflushed_bytes") == 0
    assert "durability is relaxed" not in http_server.output()


def test_the_options_are_taken_from_the_environment_and_a_file(tmp_path):
    environment = {"NAVE_DURABILITY": "relaxed", "NAVE_FLUSH_INTERVAL": "5s"}
    with ServerProcess(tmp_path / "data", environment=environment) as server:
        assert readiness(server)["durability"] == "relaxed"
        assert "5000 ms" in server.output()
    file = tmp_path / "nave.json"
    file.write_text('{"durability": "relaxed", "flushInterval": "10ms"}')
    with ServerProcess(tmp_path / "data", options=["--config", str(file)]) as server:
        assert readiness(server)["durability"] == "relaxed"
        assert "flushInterval=10 ms" in server.output()


@pytest.mark.parametrize("word", ["Relaxed", "none", "full", "strict "])
def test_a_durability_that_is_none_is_refused(tmp_path, word):
    run = nave("serve", tmp_path / "data", f"--durability={word}")
    assert run.returncode == 1 and f"'{word}' is no durability" in run.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "time", ["0s", "9ms", "61s", "60001ms", "1", "1m", "s", "-1s", "1.5s", "+1s", "1 s",
             "99999999999999999999s", "9223372036854775807s"])
def test_an_interval_that_is_none_or_out_of_bounds_is_refused(tmp_path, time):
    run = nave("serve", tmp_path / "data", *RELAXED, f"--flush-interval={time}")
    assert run.returncode == 1 and f"'{time}' is no interval" in run.stderr
    assert not (tmp_path / "data").exists()


def test_an_interval_without_relaxed_durability_is_refused(tmp_path):
    run = nave("serve", tmp_path / "data", "--flush-interval=1s")
    assert run.returncode == 1 and "--durability relaxed alone" in run.stderr
