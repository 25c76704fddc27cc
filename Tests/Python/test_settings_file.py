"""Single values of hub's own file are changed, and the rest stays as somebody wrote it."""

import os
import stat
import tomllib

import pytest

import hub
from hub import settings_file

VALUES = {"endpoint": 'http://x:1/"ü\\', "access_key": "A", "verify": None}


@pytest.mark.parametrize("text", [
    "", "\n", "retries = 2", "# only words\n", "endpoint='a'\nregion=\"b\"", "verify = true\r\n",
    "'endpoint' = \"\"\n\"access_key\" = 'b' # old\n",
    "[table]\nendpoint = 1\n[[tables]]\nverify = 2\n",
    "list = [1, 2]\nverify = '/ca.pem'\n\n[table]\n",
    "text = \"\"\"\nlong\n\"\"\"\naccess_key = \"c\"\n",
])
def test_values_are_set_and_taken_out(tmp_path, text):
    path = tmp_path / "folder" / "config.toml"
    if text:
        path.parent.mkdir()
        path.write_text(text)
    before = tomllib.loads(text)
    settings_file.change(path, VALUES)
    kept = {name: value for name, value in before.items() if name not in VALUES}
    assert settings_file.read(path) == kept | {"endpoint": VALUES["endpoint"], "access_key": "A"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and os.listdir(path.parent) == [path.name]
    settings_file.change(path, dict.fromkeys(VALUES))
    assert settings_file.read(path) == kept
    assert path.exists() == bool(kept or "#" in text.partition("\n")[0] and "only" in text)


@pytest.mark.parametrize("text", [
    'a = """\nendpoint = 1\n"""\n', "a = [\n  [1],\n]\n", 'endpoint = """\nlong\n"""\n',
    "endpoint.x = 1\n"])
def test_what_cannot_be_changed_is_left_as_it_is(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(hub.Invalid):
        settings_file.change(path, VALUES)
    assert path.read_text() == text


def test_a_link_stays_one(tmp_path):
    path, target = tmp_path / "config.toml", tmp_path / "elsewhere.toml"
    target.write_text("retries = 2\n")
    path.symlink_to(target)
    settings_file.change(path, {"endpoint": "http://x:1"})
    assert path.is_symlink() and settings_file.read(target) == {
        "retries": 2, "endpoint": "http://x:1"}
