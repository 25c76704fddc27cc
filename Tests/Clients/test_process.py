"""The process itself: how it starts, what it says, how it ends."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

import requests

from s3_clients import body_of, s3_client
from server_process import ServerProcess, binary, clean_environment, nave
from signing import path_of, presign


def test_the_first_start_makes_the_folder_and_keys_that_only_the_owner_reads(tmp_path):
    data = tmp_path / "deep" / "data"
    with ServerProcess(data) as server:
        assert stat.S_IMODE((data / "keys.env").stat().st_mode) == 0o600
        access_key, secret_key = server.root_keys
        assert len(access_key) >= 16 and len(secret_key) >= 32
    with ServerProcess(data) as again:
        assert again.root_keys == (access_key, secret_key)
    with ServerProcess(tmp_path / "other") as other:
        assert other.root_keys != (access_key, secret_key)


def test_without_a_terminal_one_json_line_says_ready_and_tells_no_secret(tmp_path):
    with ServerProcess(tmp_path / "data") as server:
        lines = [json.loads(line) for line in server.output().splitlines() if line.startswith("{")]
        ready = [line for line in lines if line.get("event") == "ready"]
        assert len(ready) == 1 and ready[0] == server.ready
        assert ready[0]["pid"] == server.process.pid
        assert ready[0]["endpoint"].startswith("http://127.0.0.1:")
        assert os.path.samefile(ready[0]["data"], server.data)
        assert server.root_keys[1] not in server.output()


def test_env_prints_exports_that_a_shell_and_boto3_understand(tmp_path):
    with ServerProcess(tmp_path / "data") as server:
        text = nave("env", server.data).stdout
        shell = subprocess.run(
            ["bash", "-c", f"{text}\nenv"], capture_output=True, text=True, check=True,
            env={"PATH": os.environ["PATH"]})
        values = dict(line.split("=", 1) for line in shell.stdout.splitlines() if "=" in line)
        assert values["AWS_ENDPOINT_URL"] == server.endpoint
        assert (values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"]) == server.root_keys
        assert values["AWS_DEFAULT_REGION"] == "us-east-1"


def test_a_taken_port_is_named_with_what_to_do(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = subprocess.run(
            [binary(), "serve", tmp_path / "data", "--listen", f"127.0.0.1:{port}"],
            env=clean_environment(), capture_output=True, text=True, timeout=30)
    assert result.returncode != 0
    assert str(port) in result.stderr and "--listen" in result.stderr


def test_a_folder_in_use_is_not_served_twice(tmp_path):
    with ServerProcess(tmp_path / "data") as server:
        result = subprocess.run(
            [binary(), "serve", server.data, "--listen", "127.0.0.1:0"],
            env=clean_environment(), capture_output=True, text=True, timeout=30)
        assert result.returncode != 0
        assert str(server.data) in result.stderr
        s3_client(server).list_buckets()


def test_options_that_make_no_sense_are_explained(tmp_path):
    for options in (
        ["--listen", "nonsense"], ["--listen", "127.0.0.1:99999"], ["--unknown"],
        ["--tls-certificate", "/nowhere"], ["--tls-certificate", "/nowhere", "--tls-key", "/no"],
    ):
        result = nave("serve", tmp_path / "data", *options)
        assert result.returncode != 0 and result.stderr.strip(), options
        assert "Fatal" not in result.stderr


def test_a_folder_that_cannot_be_made_is_named():
    result = nave("serve", "/proc/nowhere/data", "--listen", "127.0.0.1:0")
    assert result.returncode != 0 and "/proc/nowhere" in result.stderr


def test_a_file_in_the_place_of_a_folder_is_called_one(tmp_path):
    file = tmp_path / "k1"
    file.write_text("kept")
    for folder in (file, file / "below"):
        result = nave("serve", folder, "--listen", "127.0.0.1:0")
        assert result.returncode == 1
        assert f"{file} is a file, not a folder." in result.stderr
    assert file.read_text() == "kept"


def test_help_and_version_teach():
    text = nave("--help").stdout + nave("serve", "--help").stdout
    for word in ("serve", "env", "principal", "--listen", "--tls-certificate", "--ephemeral"):
        assert word in text
    assert re.search(r"\d+\.\d+", nave("--version").stdout)


def test_what_was_stored_is_there_after_a_stop_and_a_start(tmp_path):
    data = tmp_path / "data"
    with ServerProcess(data) as server:
        s3 = s3_client(server)
        s3.create_bucket(Bucket="kept")
        s3.put_object(Bucket="kept", Key="small", Body=b"x", Metadata={"a": "b"})
        s3.put_object(Bucket="kept", Key="large", Body=b"y" * 3_000_000)
        upload = s3.create_multipart_upload(Bucket="kept", Key="parts")["UploadId"]
        part = s3.upload_part(
            Bucket="kept", Key="parts", UploadId=upload, PartNumber=1, Body=b"part")
        assert server.stop() == 0
    with ServerProcess(data) as server:
        s3 = s3_client(server)
        assert body_of(s3, "kept", "small") == b"x"
        assert s3.head_object(Bucket="kept", Key="small")["Metadata"] == {"a": "b"}
        assert body_of(s3, "kept", "large") == b"y" * 3_000_000
        s3.complete_multipart_upload(
            Bucket="kept", Key="parts", UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
        assert body_of(s3, "kept", "parts") == b"part"


def test_a_stop_finishes_the_transfer_in_flight_and_takes_no_new_one(tmp_path):
    size = 40 << 20
    with ServerProcess(tmp_path / "data") as server:
        s3 = s3_client(server)
        s3.create_bucket(Bucket="slow")
        s3.put_object(Bucket="slow", Key="large", Body=b"z" * size)
        url = server.endpoint + presign(server, "GET", path_of("slow", "large"))
        answer = requests.get(url, stream=True, timeout=30)
        first = answer.raw.read(1 << 20)
        outcome = []
        stopping = threading.Thread(target=lambda: outcome.append(server.stop()))
        stopping.start()
        time.sleep(0.5)
        assert server.is_running()
        rest = answer.raw.read()
        assert len(first) + len(rest) == size
        answer.close()
        stopping.join(20)
        assert outcome == [0]


def test_an_idle_keep_alive_connection_does_not_hold_up_a_stop(tmp_path):
    with ServerProcess(tmp_path / "data") as server:
        session = requests.Session()
        session.get(f"{server.endpoint}/-/healthy", timeout=10)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 5
        session.close()


def test_who_was_told_that_it_is_ready_can_stop_it(tmp_path):
    for number in range(5):
        process = subprocess.Popen(
            [binary(), "serve", tmp_path / str(number), "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=clean_environment())
        assert json.loads(process.stdout.readline())["event"] == "ready"
        process.terminate()
        assert process.wait(20) == 0
        process.stdout.close()


def test_health_and_readiness_are_open_to_all(http_server):
    for path in ("/-/healthy", "/-/ready"):
        assert requests.get(http_server.endpoint + path, timeout=10).status_code == 200


def test_an_ephemeral_server_ends_with_its_parent_and_leaves_nothing(tmp_path):
    ready_file = tmp_path / "ready.json"
    script = (
        "import subprocess, sys, time\n"
        "subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,"
        " stderr=subprocess.DEVNULL)\ntime.sleep(60)\n")
    parent = subprocess.Popen(
        [sys.executable, "-c", script, binary(), "serve", "--ephemeral", "--listen", "127.0.0.1:0",
         "--ready-file", str(ready_file)], env=clean_environment())
    try:
        deadline = time.monotonic() + 20
        while not (ready_file.exists() and ready_file.read_text().endswith("\n")):
            assert time.monotonic() < deadline and parent.poll() is None
            time.sleep(0.02)
        ready = json.loads(ready_file.read_text())
        assert requests.get(ready["endpoint"] + "/-/healthy", timeout=10).status_code == 200
        assert os.path.isdir(ready["data"])
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    deadline = time.monotonic() + 15
    while process_lives(ready["pid"]) or os.path.exists(ready["data"]):
        assert time.monotonic() < deadline, "the server outlived its parent or left its folder"
        time.sleep(0.05)


def process_lives(pid):
    """Whether a process runs; one that ended and was not collected does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_tls_speaks_to_those_who_trust_the_authority_and_to_no_plain_client(https_server):
    url = f"{https_server.endpoint}/-/healthy"
    assert requests.get(url, verify=https_server.bundle, timeout=10).status_code == 200
    localhost = url.replace("127.0.0.1", "localhost")
    assert requests.get(localhost, verify=https_server.bundle, timeout=10).status_code == 200
    try:
        plain = requests.get(url.replace("https:", "http:"), timeout=10)
        assert plain.status_code == 400
    except requests.ConnectionError:
        pass
    assert https_server.is_running()
