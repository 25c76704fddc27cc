"""The folders of a server: where each says what, and which are refused before anything is written."""

import os
import shutil

import pytest
from s3_clients import s3_client
from server_process import nave, parse_exports
from test_volumes import check, fill, refusal, serve


@pytest.fixture
def folders(tmp_path):
    return [tmp_path / name for name in ("one", "two", "three")]


@pytest.mark.parametrize("gone", [0, 1])
def test_commands_reach_a_server_that_goes_on_without_a_folder(folders, tmp_path, gone):
    first, second, _ = folders
    left = folders[1 - gone]
    with serve(first, second, copies=2) as server:
        expected, keys = fill(server), server.root_keys
        for folder in (first, second):
            assert parse_exports(nave("env", folder).stdout)["AWS_ENDPOINT_URL"] == server.endpoint
        shutil.rmtree(folders[gone])
        s3_client(server, keys).put_object(Bucket="disks", Key="after", Body=b"small")
        expected["after"] = b"small"
        assert nave("principal", "add", "ada", "--data", left).returncode == 0
        assert "ada" in nave("principal", "list", "--data", left).stdout
        backed_up = nave("backup", left, tmp_path / "backup")
        assert backed_up.returncode == 0, backed_up.stderr
        # What needs the server stopped says so, rather than that a folder is gone.
        assert "Stop it first" in nave("rebuild", left).stderr
        assert parse_exports(nave("env", left).stdout)["AWS_ENDPOINT_URL"] == server.endpoint
    assert not list(left.glob("control")) and not list(left.glob("endpoint"))
    assert str(folders[gone]) in nave("principal", "list", "--data", left).stderr
    assert nave("restore", tmp_path / "backup", tmp_path / "restored").returncode == 0
    with serve(tmp_path / "restored") as server:
        check(server, expected)


def test_a_folder_that_is_not_there_is_not_begun_anew_unless_it_was_made_for_that(folders, tmp_path):
    first, second, _ = folders
    disk = tmp_path / "disk" / "two"
    with serve(first, disk, copies=2) as server:
        expected = fill(server)
        said = server.output()
    # As a disk that is not mounted: the place where it belongs is empty.
    shutil.move(disk.parent, tmp_path / "away")
    disk.parent.mkdir()
    for named in [(first, disk), (disk, first)]:
        text = refusal(*named)
        assert str(disk) in text and "mounted" in text and f"mkdir -p {disk}" in text
    assert list(disk.parent.iterdir()) == []
    disk.parent.rmdir()
    shutil.move(tmp_path / "away", disk.parent)
    with serve(first, disk) as server:
        check(server, expected)
        assert "volume is" not in server.output().removeprefix(said)
    # A folder that is empty says that a new one is wanted.
    shutil.rmtree(disk)
    disk.mkdir()
    with serve(first, disk) as server:
        check(server, expected)
        assert "a volume joined" in server.output()


def test_folders_that_lie_in_one_another_are_refused(folders):
    first, second, _ = folders
    with serve(first):
        inner = first / "inner"
        assert f"lies in the data folder {first}" in refusal(inner)
        assert f"lies in the data folder {first}" in refusal(second, first / "blobs" / "deep")
        assert not inner.exists() and not second.exists()
    assert f"lies in the data folder {second}" in refusal(second / "inner", second)
    link = first.parent / "link"
    link.symlink_to(first)
    assert "lies in the data folder" in refusal(link / "inner")
    assert not (first / "inner").exists() and not second.exists()


def test_the_folder_with_the_log_is_named_where_it_is_missing(folders):
    first, second, _ = folders
    with serve(first, second) as server:
        fill(server)
    shutil.rmtree(first)
    for text in (refusal(second), nave("check", second).stderr):
        assert str(first) in text and "name them all" in text and "restore a backup" in text


def test_what_lies_in_the_way_of_a_file_is_named(folders):
    first, _, _ = folders
    with serve(first) as server:
        fill(server)
    shutil.rmtree(first / "index")
    (first / "index").write_text("mine")
    text = refusal(first)
    assert f"{first}/index" in text and "Not a directory" in text
    (first / "index").unlink()
    (first / "volume.json").rename(first / "kept.json")
    os.mkfifo(first / "volume.json")
    text = refusal(first)
    assert f"{first}/volume.json" in text and "neither a file nor a directory" in text
    (first / "volume.json").unlink()
    (first / "kept.json").rename(first / "volume.json")
    with serve(first):
        pass
