"""What others wrote is shown and not obeyed, wherever this package prints it.

Method: a namespace is filled with names, attributes, axes and messages that hold what terminals
obey; every command prints them, and so do exceptions, representations and the diagnosis.
"""

import json
import sys
import unicodedata

import hub
import numpy as np
import pytest
from PIL import Image
from scripted_server import ScriptedServer, answer

from hub.command.main import main
from hub.diagnosis import Check
from hub.files.reader import open_reader
from hub.printable import one_line, printable, printable_json

EVIL = "\x1b]0;title\x07\x1b[31mred\x9b0m\nINJECTED\r\x08\u202eabc\u2028next\U000e0041"


@pytest.mark.parametrize(("text", "shown"), [
    ("plain — Grüße, 数 \u00a0€", "plain — Grüße, 数 \u00a0€"), ("\x1b[31m", r"\x1b[31m"),
    ("a\nb\r\t\0", r"a\nb\r\t\x00"), ("\x9b2J", r"\x9b2J"), ("a\u202eb", r"a\u202eb"),
    ("\u2028", r"\u2028"), ("می\u200cخواهم", "می\u200cخواهم"), ("\ud800", r"\ud800"),
    ("👩\u200d🔬", "👩\u200d🔬"), ("\U000e0041", r"\U000e0041"), ("", ""),
])
def test_what_is_shown(text, shown):
    assert printable(text) == shown


def test_nothing_that_is_obeyed_is_left():
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    for kind in (printable, one_line, printable_json):
        found = set(kind(every)) - {"\u200c", "\u200d"} - ({"\n"} if kind is printable_json else set())
        assert not any(unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") for one in found)


def test_a_sentence_stays_in_its_line():
    assert one_line(" It broke:\n\n  there\r\nand\u2028here  now\x1b \n") == "It broke: there and here  now\\x1b"


def test_a_document_stays_what_it_is():
    value = {"a" + EVIL: [EVIL, 1.5, None], "b": "\ud83d"}
    text = printable_json(json.dumps(value, indent=2, ensure_ascii=False))
    assert json.loads(text) == value and len(text.splitlines()) == 8


@pytest.fixture
def evil(connected, namespace):
    """The name of an array of somebody who writes to terminals."""
    name = f"{namespace}/a\u202eb\x9b:v1"
    array = hub.array((4, 4), name, "u1", (2, 2), dimension_names=["y" + EVIL, "x"],
                      attributes={"a" + EVIL: "v" + EVIL})
    array[...] = 1
    array.commit("message" + EVIL)
    array.fork("v2")[0, 0] = 2
    return name


def check(printed):
    for stream in (printed.out, printed.err):
        assert not set(stream) & {"\x1b", "\x9b", "\x07", "\r", "\x08", "\u202e", "\u2028"}
        assert not any(line.startswith("INJECTED") for line in stream.splitlines())


@pytest.mark.parametrize("arguments", [
    ["info"], ["history"], ["diff", "v2"], ["ls"], ["ls", "--versions"], ["stats"], ["commit"],
    ["fork", "v3"], ["seal"], ["pull", "x.npy"], ["rm", "--yes"], ["create", "4x4", "--dtype", "u1"],
    ["info", "--json"], ["history", "--json"], ["diff", "v2", "--json"], ["create", "5"],
    ["rollback", "abc"], ["get"], ["show"],
], ids=" ".join)
def test_commands_print_what_others_wrote(evil, capsys, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    verb, *rest = arguments
    name = evil.partition("/")[0] if arguments == ["ls"] else evil
    main([verb, name, *rest])
    printed = capsys.readouterr()
    assert printed.out or printed.err or verb in ("rm",)
    check(printed)


def test_values_are_told_by_their_escapes(evil, capsys):
    assert main(["info", evil]) == 0
    out = capsys.readouterr().out
    assert r"a\x1b]0;title\x07\x1b[31mred\x9b0m\nINJECTED\r\x08\u202eabc\u2028next" in out
    assert main(["history", evil]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert main(["info", evil, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["attributes"] == {"a" + EVIL: "v" + EVIL}


def test_what_python_prints(evil):
    array = hub.load(evil)
    for one in (array, array.lazy[0], hub.HubStore(evil), hub.ViewStore(evil), array.history(),
                array.attrs, array.version, array.diff("v2"), array.pin(), hub.cache.info().pins):
        assert repr(one).isprintable(), one
    assert all(line.isprintable() for line in str(Check("a", "bad", EVIL, EVIL)).splitlines())
    assert len(str(Check("a", "bad", EVIL, EVIL)).splitlines()) == 2


def test_what_a_server_says_is_told_in_a_line(capsys):
    body = json.dumps({"detail": EVIL, "code": EVIL, "conflicts": [EVIL]}).encode()
    elsewhere = [("Location", "http://x/\x1b[31m")]
    for told in (answer(400, body), answer(409, body), answer(302, headers=elsewhere)):
        with ScriptedServer(told) as server, hub.configured(endpoint=server.endpoint):
            with pytest.raises(hub.HubError) as raised:
                hub.load("a/b:v1")
            assert str(raised.value).isprintable()
            assert main(["info", "a/b:v1"]) == 1
            printed = capsys.readouterr()
            assert len(printed.err.splitlines()) == 1
            check(printed)
    assert raised.value.what.endswith("\x1b[31m."), "programs get what was said"


def test_names_of_files_are_told_in_a_line(tmp_path):
    for number, name in enumerate(["a\x1b[2J\n.png", "b.png"]):
        Image.fromarray(np.zeros((8 + number, 8), "u1")).save(tmp_path / name)
    with pytest.raises(hub.Invalid) as raised:
        open_reader(tmp_path)
    assert str(raised.value).isprintable()
