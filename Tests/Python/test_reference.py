"""References mean what the array API says they mean, and say what is wrong with them."""

import pickle

import pytest

import hub
from hub import Reference

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(("text", "expected"), [
    ("imagenet", Reference("library", "imagenet")),
    ("imagenet:v2", Reference("library", "imagenet", "v2")),
    ("test/x", Reference("test", "x", "latest")),
    ("test/a/b/c:v1", Reference("test", "a/b/c", "v1")),
    ("test/x:v1/group/member", Reference("test", "x", "v1", None, "group/member")),
    (f"test/x@{DIGEST}", Reference("test", "x", None, DIGEST)),
    (f"test/x@{DIGEST}/m", Reference("test", "x", None, DIGEST, "m")),
    (f"imagenet@{DIGEST}", Reference("library", "imagenet", None, DIGEST)),
    ("hub://test/climate:v2", Reference("test", "climate", "v2")),
    ("test/x@y:v1", Reference("test", "x@y", "v1")),
])
def test_texts_are_read(text, expected):
    reference = Reference.parse(text)
    assert reference == expected == Reference.parse(str(reference)) == Reference.parse(reference)
    assert pickle.loads(pickle.dumps(reference)) == reference


@pytest.mark.parametrize(("text", "reason"), [
    ("", '"" cannot be a part'), ("a//b", '"" cannot be a part'), ("a/../b", '".." cannot'),
    ("a/b?c", "cannot be a part"), ("a/b%20", "cannot be a part"), ("a/:v1", "no name before"),
    ("a/b:", '"" is no tag'), ("a/b:-x", '"-x" is no tag'), ("a/b:" + "v" * 129, "is no tag"),
    ("a/b@sha256:12", "a digest is sha256:"), (f"a/@{DIGEST}", "no name before"),
    (7, "it is a int, not a text"), ("a/x\n", "cannot be a part"),
])
def test_what_is_none_is_told(text, reason):
    with pytest.raises(hub.Invalid) as raised:
        Reference.parse(text)
    assert reason in raised.value.what and "namespace/name:tag" in str(raised.value)


def test_paths_are_percent_encoded_once():
    assert Reference("n s", "ü/+", "v1", None, "a&b").path == "n%20s/%C3%BC/%2B%3Av1/a%26b"


def test_other_versions_of_a_name():
    reference = Reference.parse("test/x:v1/m")
    assert str(reference.tagged("v2")) == "test/x:v2/m"
    assert str(reference.at(DIGEST)) == f"test/x@{DIGEST}/m"
    assert str(reference.version) == "test/x:v1" and reference.line == "test/x"
    assert Reference.parse("test/x:v1.draft-0123abcd").is_draft and not reference.is_draft
    assert reference.at(DIGEST).is_immutable and not reference.is_immutable
    for wrong in (lambda: reference.tagged("a b"), lambda: reference.at("sha256:0")):
        with pytest.raises(hub.Invalid):
            wrong()
