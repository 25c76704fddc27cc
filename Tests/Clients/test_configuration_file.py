"""The file of `--config`: its members are the options, and what is wrong in it is named with its place."""

import json
import re
import subprocess
import time

import pytest

from server_process import ServerProcess, binary, clean_environment, nave

MEMBERS = [
    "copies", "data", "durability", "flushInterval", "listen", "logLevel", "readyFile", "scrubRate",
    "tlsCertificate", "tlsKey", "uploadExpiryDays",
]


def serve(tmp_path, text, *options):
    """Runs a server that is to refuse the file, and gives what it says; it makes nothing."""
    file = tmp_path / "nave.json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    run = nave("serve", "--listen", "127.0.0.1:0", "--config", file, *options, cwd=tmp_path)
    assert run.returncode == 1 and run.stdout == ""
    assert run.stderr.startswith("nave: ") and run.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nave.json"]
    return run.stderr, str(file)


@pytest.mark.parametrize(("name", "nearest"), [
    ("copys", "copies"), ("Copies", "copies"), ("flush-interval", "flushInterval"),
    ("FLUSH_INTERVAL", "flushInterval"), ("listn", "listen"), ("tlskey", "tlsKey"),
    ("tlsCertifcate", "tlsCertificate"), ("datas", "data"), ("scrubrat", "scrubRate"),
    ("uploadExpiry", "uploadExpiryDays"),
])
def test_a_misspelt_member_is_named_with_the_one_that_was_meant(tmp_path, name, nearest):
    text, file = serve(tmp_path, json.dumps({"data": ["cf1"], name: 2}))
    assert file in text and f"'{name}'" in text and f"Did you mean '{nearest}'?" in text


@pytest.mark.parametrize("name", ["", "colour", "ephemeral", "x" * 10_000, "\u0007\n\u00e9"])
def test_a_member_that_is_like_no_other_is_answered_with_all_there_are(tmp_path, name):
    text, file = serve(tmp_path, json.dumps({"data": "cf1", name: True}))
    assert file in text and "Did you mean" not in text and len(text) < 1000
    assert all(re.search(rf"\b{member}\b", text) for member in MEMBERS)


@pytest.mark.parametrize(("document", "line", "column"), [
    (b'{"data": ["cf1"],, "copies": 1}', 1, 18),
    (b'{\n  "data": "cf1",\n  "copies": 1,\n}\n', 4, 1),
    (b'{\n  "data": "cf1"\n', 3, 1),
    (b'{"data": "cf1"}\n\nx', 3, 1),
    ('{"data": "é", listen: ":0"}'.encode(), 1, 15),
    (b"", 1, 1),
    (b'{"data": "\xff"}', 1, 10),
    (b'{"data": "cf1", "copies": 01}', 1, 27),
    (b'{"data": "cf1", "copies": 1, "copies": 2}', 1, 30),
    (b"[" * 5000, 1, None),
])
def test_broken_json_is_named_with_line_and_column(tmp_path, document, line, column):
    text, file = serve(tmp_path, document)
    assert f"{file}, line {line}, column {column or ''}" in text
    assert "NSCocoaErrorDomain" not in text and "Optional" not in text


@pytest.mark.parametrize("document", ['[]', '"data"', "null", "1"])
def test_a_document_that_is_no_object_is_refused(tmp_path, document):
    text, file = serve(tmp_path, document)
    assert file in text and "JSON object" in text


@pytest.mark.parametrize(("name", "value"), [
    ("data", 1), ("data", [1]), ("data", ["a", None]), ("data", {}), ("data", None),
    ("copies", [2]), ("copies", True), ("copies", None), ("listen", 9000), ("listen", ["x"]),
    ("durability", False), ("logLevel", 1), ("uploadExpiryDays", {}), ("scrubRate", [1]),
    ("tlsKey", 0), ("readyFile", True), ("flushInterval", 500),
])
def test_a_value_of_another_kind_is_refused_and_not_passed_over(tmp_path, name, value):
    text, file = serve(tmp_path, json.dumps({"data": "cf1"} | {name: value}))
    assert file in text and f"'{name}'" in text


@pytest.mark.parametrize(("name", "value", "said"), [
    ("copies", 2, "2 copies cannot be kept on 1 folder"), ("copies", "0", "'0' is no number"),
    ("copies", 1.5, "'1.5' is no number"), ("uploadExpiryDays", 40_000, "'40000' is no number"),
    ("uploadExpiryDays", 2.5, "'2.5' is no number"), ("scrubRate", -1, "'-1' is no rate"),
    ("listen", "nonsense", "'nonsense' is no address"), ("data", [], "Name the folder"),
])
def test_values_count_as_on_the_command_line(tmp_path, name, value, said):
    document = {"data": "cf1", name: value}
    file = tmp_path / "nave.json"
    file.write_text(json.dumps(document))
    options = [] if name == "listen" else ["--listen", "127.0.0.1:0"]
    run = nave("serve", *options, "--config", file, cwd=tmp_path)
    assert run.returncode == 1 and said in run.stderr


def test_a_file_that_cannot_be_read_is_one_line(tmp_path):
    for path, cause in [(tmp_path / "none.json", "No such file"), (tmp_path, "directory")]:
        run = nave("serve", "--config", path)
        assert run.returncode == 1 and run.stderr.count("\n") == 1
        assert str(path) in run.stderr and cause in run.stderr


def test_every_member_of_a_right_file_counts(tmp_path, certificate):
    ready, file, log = tmp_path / "ready.json", tmp_path / "nave.json", tmp_path / "log"
    file.write_text(json.dumps({
        "data": str(tmp_path / "data"), "copies": 1, "durability": "relaxed",
        "flushInterval": "20ms", "listen": "127.0.0.1:0", "readyFile": str(ready),
        "logLevel": "info", "scrubRate": 0, "uploadExpiryDays": 3,
        "tlsCertificate": str(certificate.chain), "tlsKey": str(certificate.key),
    }))
    assert sorted(json.loads(file.read_text())) == MEMBERS
    with open(log, "wb") as output:
        server = subprocess.Popen(
            [binary(), "serve", "--config", str(file)], env=clean_environment(),
            stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 30
        while not ready.exists() and server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        said = json.loads(ready.read_text())
    finally:
        server.terminate()
        assert server.wait(30) == 0
    assert said["data"] == str(tmp_path / "data") and said["endpoint"].startswith("https://")
    text = log.read_text()
    assert "flushInterval=20 ms" in text and "info nave" in text


def test_the_folders_may_be_a_list(tmp_path):
    file = tmp_path / "nave.json"
    file.write_text(json.dumps({"data": [str(tmp_path / "b"), str(tmp_path / "c")], "copies": 2}))
    # A folder on the command line takes the place of those in the file.
    with ServerProcess(tmp_path / "a", options=[str(tmp_path / "b"), "--config", str(file)]):
        assert (tmp_path / "a" / "members.json").exists() and not (tmp_path / "c").exists()
