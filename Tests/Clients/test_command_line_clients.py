"""The aws, s3cmd and rclone programs do their everyday work, over HTTP and TLS."""

import os
import pathlib
import random
import shutil
import subprocess
import sys

import pytest
import requests

from s3_clients import body_of
from server_process import clean_environment


def run(command, environment, fails=False):
    result = subprocess.run(
        [str(word) for word in command], env=environment, capture_output=True, text=True,
        timeout=120)
    if not fails:
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result


def tree(folder):
    """Every file below a folder with its bytes."""
    folder = pathlib.Path(folder)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.fixture
def files(tmp_path):
    """A folder of files: empty, small, large enough for several parts, nested, oddly named."""
    folder = tmp_path / "files"
    source = random.Random(2)
    for name, size in [
        ("empty", 0), ("small.txt", 11), ("deep/er/file", 70_000), ("large.bin", 17 << 20),
        ("with space/ü+&.txt", 100), ("name:v0/zarr.json", 20),
    ]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.randbytes(size))
    return folder


@pytest.fixture
def environment(server, tmp_path):
    """The environment of a person whose home is empty and who has root's keys."""
    access_key, secret_key = server.root_keys
    home = tmp_path / "home"
    home.mkdir()
    values = clean_environment(
        HOME=str(home), AWS_ACCESS_KEY_ID=access_key, AWS_SECRET_ACCESS_KEY=secret_key,
        AWS_ENDPOINT_URL=server.endpoint, AWS_DEFAULT_REGION="us-east-1", AWS_PAGER="",
        LC_ALL="C.UTF-8")
    if server.certificate:
        values["AWS_CA_BUNDLE"] = server.bundle
    return values


def installed(program):
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


@pytest.fixture
def aws(environment):
    # The program of this Python's environment: another Python's may be first on PATH.
    program = pathlib.Path(sys.executable).parent / "aws"
    program = program if program.exists() else installed("aws")

    def call(*arguments, fails=False):
        return run([sys.executable, program, *arguments], environment, fails)

    return call


def test_aws_makes_a_bucket_copies_lists_and_removes(aws, s3, files):
    aws("s3", "mb", "s3://aws-everyday")
    aws("s3", "cp", files / "large.bin", "s3://aws-everyday/a/large.bin")
    aws("s3", "cp", files / "small.txt", "s3://aws-everyday/a b/ü.txt")
    listed = aws("s3", "ls", "--recursive", "s3://aws-everyday").stdout
    assert "a/large.bin" in listed and "a b/ü.txt" in listed and str(17 << 20) in listed
    assert "PRE a/" in aws("s3", "ls", "s3://aws-everyday").stdout
    aws("s3", "cp", "s3://aws-everyday/a/large.bin", files / "back")
    assert (files / "back").read_bytes() == (files / "large.bin").read_bytes()
    aws("s3", "mv", "s3://aws-everyday/a/large.bin", "s3://aws-everyday/moved")
    assert body_of(s3, "aws-everyday", "moved") == (files / "large.bin").read_bytes()
    assert aws("s3", "rb", "s3://aws-everyday", fails=True).returncode != 0
    aws("s3", "rm", "--recursive", "s3://aws-everyday")
    aws("s3", "rb", "s3://aws-everyday")


def test_aws_sync_brings_a_folder_there_and_back_and_then_does_nothing(aws, bucket, files, tmp_path):
    aws("s3", "sync", files, f"s3://{bucket}/tree")
    aws("s3", "sync", f"s3://{bucket}/tree", tmp_path / "back")
    assert tree(tmp_path / "back") == tree(files)
    again = aws("s3", "sync", f"s3://{bucket}/tree", tmp_path / "back")
    assert "download" not in again.stdout
    (files / "empty").unlink()
    deleted = aws("s3", "sync", "--delete", files, f"s3://{bucket}/tree").stdout
    assert "delete" in deleted and "empty" in deleted


def test_aws_presigns_a_url_that_curl_can_read(aws, server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="key", Body=b"body")
    # For us-east-1 the program signs URLs with version 2 unless it is told otherwise.
    aws("configure", "set", "default.s3.signature_version", "s3v4")
    url = aws("s3", "presign", f"s3://{bucket}/key").stdout.strip()
    answer = requests.get(url, verify=server.bundle, timeout=10)
    assert (answer.status_code, answer.content) == (200, b"body")


def test_aws_streams_from_and_to_a_pipe(aws, s3, bucket, environment, files):
    program = pathlib.Path(sys.executable).parent / "aws"
    body = (files / "large.bin").read_bytes()
    subprocess.run(
        [sys.executable, program, "s3", "cp", "-", f"s3://{bucket}/piped"], input=body,
        env=environment, check=True, timeout=120)
    assert body_of(s3, bucket, "piped") == body


@pytest.fixture
def s3cmd(server, environment, tmp_path):
    installed("s3cmd")
    host = server.endpoint.split("//")[1]
    common = [
        "s3cmd", "--config", tmp_path / "no-such-file", "--access_key",
        environment["AWS_ACCESS_KEY_ID"], "--secret_key", environment["AWS_SECRET_ACCESS_KEY"],
        "--host", host, "--host-bucket", host, "--region", "us-east-1", "--no-progress",
    ]
    if server.certificate:
        common += ["--ssl", "--ca-certs", server.bundle]
    else:
        common += ["--no-ssl"]
    (tmp_path / "no-such-file").touch()
    own = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    return lambda *arguments: run([*common, *arguments], own)


def test_s3cmd_makes_puts_syncs_gets_and_deletes(server, s3cmd, files, tmp_path):
    bucket = f"s3cmd-{'tls' if server.certificate else 'plain'}"
    s3cmd("mb", f"s3://{bucket}")
    s3cmd("put", files / "large.bin", f"s3://{bucket}/large.bin")
    s3cmd("sync", f"{files}/", f"s3://{bucket}/tree/")
    assert "large.bin" in s3cmd("ls", f"s3://{bucket}").stdout
    (tmp_path / "back").mkdir()
    s3cmd("sync", f"s3://{bucket}/tree/", f"{tmp_path}/back/")
    assert tree(tmp_path / "back") == tree(files)
    s3cmd("cp", f"s3://{bucket}/large.bin", f"s3://{bucket}/copy.bin")
    s3cmd("get", f"s3://{bucket}/copy.bin", tmp_path / "copy.bin")
    assert (tmp_path / "copy.bin").read_bytes() == (files / "large.bin").read_bytes()
    s3cmd("del", "--recursive", "--force", f"s3://{bucket}")
    s3cmd("rb", f"s3://{bucket}")


@pytest.fixture
def rclone(server, environment):
    installed("rclone")
    own = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    own |= {
        "RCLONE_CONFIG": os.devnull, "RCLONE_CONFIG_NAVE_TYPE": "s3",
        "RCLONE_CONFIG_NAVE_PROVIDER": "Other", "RCLONE_CONFIG_NAVE_ENDPOINT": server.endpoint,
        "RCLONE_CONFIG_NAVE_ACCESS_KEY_ID": environment["AWS_ACCESS_KEY_ID"],
        "RCLONE_CONFIG_NAVE_SECRET_ACCESS_KEY": environment["AWS_SECRET_ACCESS_KEY"],
        "RCLONE_S3_UPLOAD_CUTOFF": "8M", "RCLONE_RETRIES": "1",
    }
    if server.certificate:
        own["RCLONE_CA_CERT"] = server.bundle
    return lambda *arguments: run(["rclone", *arguments], own)


def test_rclone_copies_checks_lists_and_purges(server, rclone, files, tmp_path):
    bucket = f"nave:rclone-{'tls' if server.certificate else 'plain'}"
    rclone("mkdir", bucket)
    rclone("sync", files, f"{bucket}/tree")
    rclone("check", files, f"{bucket}/tree")
    listed = rclone("lsf", "-R", "--files-only", f"{bucket}/tree").stdout.split("\n")
    assert sorted(filter(None, listed)) == sorted(tree(files))
    rclone("sync", f"{bucket}/tree", tmp_path / "back")
    assert tree(tmp_path / "back") == tree(files)
    rclone("copyto", f"{bucket}/tree/large.bin", f"{bucket}/copy")
    rclone("purge", bucket)
