"""A server on several folders: any one may be lost, damaged, emptied or exchanged."""

import pathlib
import random
import shutil
import subprocess
import time

import pytest
import requests
from s3_clients import s3_client
from server_process import ServerProcess, binary, clean_environment, nave

SIZES = [0, 1, 4096, 100_000, 131_072, 131_073, 1_000_000, 5_000_000]


def contents():
    source = random.Random(11)
    return {f"key/{size}": source.randbytes(size) for size in SIZES}


def serve(first, *others, copies=None):
    options = [str(folder) for folder in others]
    options += ["--copies", str(copies)] if copies else []
    return ServerProcess(first, options=options)


def fill(server):
    s3 = s3_client(server)
    s3.create_bucket(Bucket="disks")
    for key, body in contents().items():
        s3.put_object(Bucket="disks", Key=key, Body=body)
    upload = s3.create_multipart_upload(Bucket="disks", Key="parts")["UploadId"]
    parts = [random.Random(number).randbytes(5 << 20) for number in (1, 2)]
    tags = [
        s3.upload_part(
            Bucket="disks", Key="parts", UploadId=upload, PartNumber=number, Body=body)["ETag"]
        for number, body in enumerate(parts, 1)]
    s3.complete_multipart_upload(
        Bucket="disks", Key="parts", UploadId=upload, MultipartUpload={
            "Parts": [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(tags, 1)]})
    return contents() | {"parts": b"".join(parts)}


def check(server, expected):
    s3 = s3_client(server)
    listed = {item["Key"] for item in s3.list_objects_v2(Bucket="disks")["Contents"]}
    assert listed == set(expected)
    for key, body in expected.items():
        assert s3.get_object(Bucket="disks", Key=key)["Body"].read() == body, key


def wait_until_said(server, text):
    deadline = time.monotonic() + 60
    while text not in server.output():
        assert time.monotonic() < deadline, f"the server never said {text!r}:\n{server.output()}"
        time.sleep(0.02)


@pytest.fixture
def folders(tmp_path):
    return [tmp_path / name for name in ("one", "two", "three")]


@pytest.mark.parametrize("lost", [0, 1])
def test_either_of_two_folders_may_be_lost_and_an_empty_one_takes_its_place(folders, lost):
    first, second, third = folders
    with serve(first, second, copies=2) as server:
        expected = fill(server)
        keys = server.root_keys
    shutil.rmtree(folders[lost])
    left = folders[1 - lost]
    with serve(left) as server:
        assert server.root_keys == keys
        check(server, expected)
        s3_client(server).put_object(Bucket="disks", Key="later", Body=b"later")
        expected["later"] = b"later"
    with serve(left, third) as server:
        wait_until_said(server, "a volume is up to date")
        check(server, expected)
    shutil.rmtree(left)
    with serve(third) as server:
        assert server.root_keys == keys
        check(server, expected)


def blob_files(folder):
    return {path.name: path for path in pathlib.Path(folder).glob("blobs/*/*.blob")}


@pytest.mark.parametrize("damaged", [0, 1])
def test_damage_on_one_folder_is_never_served_and_is_mended(folders, damaged):
    first, second, _ = folders
    with serve(first, second, copies=2) as server:
        expected, s3 = fill(server), s3_client(server)
        # Which copy of a payload is read first is drawn with its number: of so many payloads both
        # copies are met, except in one run of 2^40.
        for number in range(40):
            key, body = f"more/{number}", random.Random(number).randbytes(131_073 + number)
            s3.put_object(Bucket="disks", Key=key, Body=body)
            expected[key] = body
    good, bad = blob_files(folders[1 - damaged]), blob_files(folders[damaged])
    assert set(good) == set(bad) and len(bad) >= 44
    for number, path in enumerate(bad.values()):
        content = bytearray(path.read_bytes())
        content[4096 + 70_000 * (number % 2) + number] ^= 0x40
        path.write_bytes(content)
    with serve(first, second) as server:
        for _ in range(2):
            check(server, expected)
        said = server.output()
    mended = [name for name in bad if bad[name].read_bytes() == good[name].read_bytes()]
    assert mended and said.count("damaged bytes were written anew") == len(mended)
    # Each by the name of its file.
    assert all(f"blobs/{name[:2]}/{name}" in said for name in mended) and "BlobID(" not in said


def test_a_folder_that_was_away_gets_what_it_missed(folders):
    first, second, _ = folders
    with serve(first, second, copies=2) as server:
        expected = fill(server)
    with serve(first) as server:
        s3 = s3_client(server)
        s3.delete_object(Bucket="disks", Key="key/5000000")
        del expected["key/5000000"]
        expected["missed"] = random.Random(5).randbytes(3_000_000)
        s3.put_object(Bucket="disks", Key="missed", Body=expected["missed"])
    with serve(first, second) as server:
        wait_until_said(server, "a volume is up to date")
    assert set(blob_files(first)) == set(blob_files(second))
    with serve(second) as server:
        check(server, expected)


def refusal(*folders):
    result = subprocess.run(
        [binary(), "serve", *map(str, folders), "--listen", "127.0.0.1:0"],
        env=clean_environment(), capture_output=True, text=True, timeout=30)
    assert result.returncode != 0
    return result.stderr


@pytest.mark.parametrize("gone", [0, 1])
def test_a_folder_that_is_removed_under_the_server_is_taken_out(folders, gone):
    first, second, third = folders
    with serve(first, second, third, copies=2) as server:
        fill(server)
        s3 = s3_client(server)
        shutil.rmtree(folders[gone])
        s3.put_object(Bucket="disks", Key="after", Body=b"small")
        ready = requests.get(f"{server.endpoint}/-/ready", timeout=10).json()
        states = {volume["directory"]: volume["state"] for volume in ready["volumes"]}
        assert states[str(folders[gone])] == "failed"
        assert s3.get_object(Bucket="disks", Key="after")["Body"].read() == b"small"


def test_folders_that_do_not_belong_together_are_refused_and_left_alone(folders, tmp_path):
    first, second, third = folders
    with serve(first, second, copies=2) as server:
        fill(server)
    with serve(third):
        pass
    assert str(third) in refusal(first, third)
    shutil.copytree(first, tmp_path / "copy")
    assert "copy of" in refusal(first, tmp_path / "copy")
    assert "named twice" in refusal(first, second, first)
    assert "2 copies cannot be kept on 1 folder" in refusal(tmp_path / "new", "--copies", "2")
    new, other = tmp_path / "new", tmp_path / "other"
    assert "3 copies cannot be kept on 2 folders" in refusal(new, other, "--copies", "3")
    assert not (other / "volume.json").exists()
    assert "Name the folder" in refusal("")
    assert "no number of copies" in refusal(first, second, "--copies", "none")
    for folder in (first, second):
        with serve(folder) as server:
            s3_client(server).put_object(Bucket="disks", Key=folder.name, Body=b"alone")
    text = refusal(first, second)
    assert "without the other" in text and str(first) in text and str(second) in text
    for folder in (first, second):
        with serve(folder) as server:
            s3_client(server).head_object(Bucket="disks", Key=folder.name)


def test_a_command_on_one_folder_opens_all_of_them(folders):
    first, second, _ = folders
    with serve(first, second, copies=2) as server:
        expected = fill(server)
        said = server.output()
    assert nave("principal", "add", "ada", "--data", first).returncode == 0
    with serve(first, second) as server:
        # Nothing about a volume that was missing meanwhile, or had to be brought up to date.
        news = server.output().removeprefix(said)
        assert "volume is" not in news and "brought" not in news
        check(server, expected)
    assert "ada" in nave("principal", "list", "--data", second).stdout
