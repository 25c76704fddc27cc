"""Settings come from where people put them, the nearest place first, and say where that was."""

import os
import pickle
import random

import botocore.exceptions
import botocore.session
import pytest

import hub
from hub import configuration, credentials
from hub.bulk import BulkReader
from hub.configuration import byte_count, current_configuration


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def test_without_anything_the_local_server_is_asked_as_nobody(home):
    found = current_configuration()
    assert (found.endpoint, found.access_key, found.verify) == ("http://127.0.0.1:9000", "", True)
    assert found.is_anonymous and found.cache_folder == str(home / ".cache/hub")
    assert set(found.sources.values()) == {"default"}


def test_each_place_goes_before_the_next(home, monkeypatch):
    write(home / ".aws/config", "[default]\nendpoint_url = http://aws-config:1\nregion = eu-1\n")
    assert current_configuration().endpoint == "http://aws-config:1"
    write(home / ".config/hub/config.toml", 'endpoint = "http://hub-file:1"\n')
    assert current_configuration().endpoint == "http://hub-file:1"
    steps = [("AWS_ENDPOINT_URL", "http://aws:1"), ("AWS_ENDPOINT_URL_S3", "http://aws-s3:1"),
             ("HUB_ENDPOINT", "http://hub:1/")]
    for variable, value in steps:
        monkeypatch.setenv(variable, value)
        found = current_configuration()
        assert (found.endpoint, found.sources["endpoint"]) == (value.rstrip("/"), variable)
    with hub.configured(endpoint="https://configured:1"):
        found = current_configuration()
        assert (found.endpoint, found.sources["endpoint"]) == (
            "https://configured:1", "hub.configure")
        called = current_configuration(endpoint="http://call:1")
        assert (called.endpoint, called.sources["endpoint"]) == ("http://call:1", "argument")
    assert current_configuration().endpoint == "http://hub:1"
    assert current_configuration().sources["region"] == "~/.aws/config [default]"


def test_keys_are_those_of_the_aws_files_and_their_profiles(home, monkeypatch):
    write(home / ".aws/credentials", "[default]\naws_access_key_id = A\naws_secret_access_key = a\n"
          "[lab]\naws_access_key_id = B\naws_secret_access_key = b\n")
    write(home / ".aws/config", "[profile lab]\nregion = x\nca_bundle = ~/ca.pem\nservices = s\n"
          "[services s]\ns3 =\n  endpoint_url = https://lab:9\n")
    found = current_configuration()
    assert (found.access_key, found.secret_key) == ("A", "a")
    assert found.sources["secret_key"] == "~/.aws/credentials [default]"
    monkeypatch.setenv("AWS_PROFILE", "lab")
    found = current_configuration()
    assert (found.access_key, found.secret_key, found.region) == ("B", "b", "x")
    assert (found.endpoint, found.verify) == ("https://lab:9", str(home / "ca.pem"))
    assert found.sources["access_key"] == "~/.aws/credentials [lab]"
    other = write(home / "elsewhere", "[lab]\naws_access_key_id=C\naws_secret_access_key=c\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(other))
    assert current_configuration().access_key == "C"


def test_halves_of_different_pairs_are_never_mixed(home, monkeypatch):
    write(home / ".aws/credentials", "[default]\naws_access_key_id = A\naws_secret_access_key = a\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "other")
    found = current_configuration()
    assert (found.access_key, found.secret_key) == ("other", "")
    assert current_configuration(access_key="").is_anonymous


PAIR = "aws_access_key_id = {0}\naws_secret_access_key = s{0}\n"


@pytest.mark.parametrize(("config", "keys", "pair"), [
    ("[default]\n" + PAIR.format("C"), "[default]\n" + PAIR.format("K"), ("K", "sK")),
    ("[default]\n" + PAIR.format("C"), "[default]\naws_access_key_id = K\n", ("K", "")),
    ("[default]\naws_secret_access_key = sC\n", "[default]\naws_access_key_id = K\n", ("K", "")),
    ("[default]\naws_access_key_id = C\n", "[default]\naws_secret_access_key = sK\n", ("C", "")),
    ("[default]\n" + PAIR.format("C"), "[default]\naws_secret_access_key = sK\n", ("C", "sC")),
    ("[profile default]\n" + PAIR.format("P"), "", ("P", "sP")),
    ("[profile default]\n" + PAIR.format("P") + "[default]\n" + PAIR.format("C"), "",
     ("P", "sP")),
    ("", "[profile default]\n" + PAIR.format("P"), ("", "")),
])
def test_both_keys_are_of_one_section(home, config, keys, pair):
    write(home / ".aws/config", config)
    write(home / ".aws/credentials", keys)
    found = current_configuration()
    assert (found.access_key, found.secret_key) == pair


PLACES = {
    "hub's variables": ("HUB_ACCESS_KEY", "HUB_SECRET_KEY"),
    "AWS's variables": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("pair", ["hub's file", "AWS's file"])
def test_a_secret_without_its_key_is_not_used(home, monkeypatch, place, pair):
    if pair == "hub's file":
        path = write(home / ".config/hub/config.toml", 'access_key = "K"\nsecret_key = "sK"\n')
    else:
        path = write(home / ".aws/credentials", "[default]\n" + PAIR.format("K"))
    secret = PLACES[place][1]
    monkeypatch.setenv(secret, "other")
    found = current_configuration()
    assert (found.access_key, found.secret_key) == ("K", "sK")
    assert found.sources["secret_key"].startswith(("~", str(path)))
    assert found.remarks == (
        f"The secret key (from {secret}) is not used: there is no access key beside it.",)
    with hub.configured(access_key="A", secret_key="a"):
        assert current_configuration().remarks == ()


def test_a_secret_without_its_key_in_hubs_file_is_not_used(home, monkeypatch):
    write(home / ".config/hub/config.toml", 'secret_key = "s"\n')
    assert current_configuration().is_anonymous and not current_configuration().secret_key
    write(home / ".aws/credentials", "[default]\n" + PAIR.format("K"))
    found = current_configuration()
    assert (found.access_key, found.secret_key) == ("K", "sK") and len(found.remarks) == 1


def test_an_argument_has_both_keys_or_none():
    with pytest.raises(hub.Invalid, match=r"secret key \(from argument\) has no access key"):
        current_configuration(secret_key="s")
    with hub.configured(access_key="A", secret_key="a"):
        with pytest.raises(hub.Invalid, match=r"\(from argument\) has no access key beside it"):
            hub.load("test/x", secret_key="s")
        with hub.configured(secret_key="s"):
            found = current_configuration()
            assert (found.access_key, found.secret_key) == ("A", "s")
    with pytest.raises(hub.Invalid, match=r"\(from hub.configure\) has no access key"):
        hub.configure(secret_key="s")
    assert current_configuration().is_anonymous


def random_setup(numbers):
    """Variables and files of AWS, each with some of a pair of its own."""
    def some(name, share):
        return [name] if numbers.random() < share else []

    def section(head, mark):
        return [head, *(f"aws_access_key_id = K{mark}" for _ in some("", 0.6)),
                *(f"aws_secret_access_key = s{mark}" for _ in some("", 0.6)),
                *(f"aws_session_token = t{mark}" for _ in some("", 0.3))]

    keys, config = [], []
    for name, head in (("default", "[default]"), ("lab", "[profile lab]")):
        keys += section(f"[{name}]", f"-keys-{name}")
        config += section(head, f"-config-{name}")
        config += some(f"endpoint_url = http://{name}:1", 0.5)
        config += some("ignore_configured_endpoint_urls = true", 0.3)
    variables = {
        "AWS_ACCESS_KEY_ID": "K-variable", "AWS_SECRET_ACCESS_KEY": "s-variable",
        "AWS_SESSION_TOKEN": "t-variable", "AWS_PROFILE": "lab", "AWS_ENDPOINT_URL": "http://v:1",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": ["true", "false"][int(numbers.random() < 0.5)]}
    chosen = {name: value for name, value in variables.items() if numbers.random() < 0.35}
    return "\n".join(keys), "\n".join(config), chosen


def by_botocore(region="us-east-1"):
    """The keys and the endpoint that AWS's own library finds; a lone access key has no secret."""
    session = botocore.session.Session()
    try:
        found = session.get_credentials()
        keys = (found.access_key, found.secret_key, bool(found.token)) if found else ("", "", False)
    except botocore.exceptions.PartialCredentialsError:
        keys = None
    session.set_credentials("A", "a")
    return keys, session.create_client("s3", region_name=region).meta.endpoint_url


def test_the_aws_places_say_what_they_say_to_botocore(home, monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    numbers = random.Random(7)
    for _ in range(150):
        keys, config, variables = random_setup(numbers)
        write(home / ".aws/credentials", keys)
        write(home / ".aws/config", config)
        with monkeypatch.context() as context:
            for name, value in variables.items():
                context.setenv(name, value)
            wanted, endpoint = by_botocore()
            found = current_configuration()
        setup = f"{keys}\n{config}\n{variables}"
        if wanted is None:
            assert found.access_key and not found.secret_key, setup
        else:
            has_token = any("session token" in remark for remark in found.remarks)
            assert (found.access_key, found.secret_key, has_token) == wanted, setup
        ours = found.endpoint if found.sources["endpoint"] != "default" else (
            "https://s3.amazonaws.com")
        assert ours == endpoint, setup


@pytest.mark.parametrize("variable", ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"])
def test_temporary_keys_are_told(home, monkeypatch, variable):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "K")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    assert current_configuration().remarks == ()
    monkeypatch.setenv(variable, "token")
    (remark,) = current_configuration().remarks
    assert remark.startswith(f"The session token (from {variable}) is not sent")
    with hub.configured(access_key="A", secret_key="a"):
        assert current_configuration().remarks == ()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", variable):
        monkeypatch.delenv(name)
    write(home / ".aws/credentials",
          "[default]\n" + PAIR.format("K") + f"{variable.lower()} = token\n")
    (remark,) = current_configuration().remarks
    assert "(from ~/.aws/credentials [default])" in remark


def test_temporary_keys_that_are_refused_say_why(server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIATEMPORARY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    with pytest.raises(hub.Denied, match=r"session token \(from AWS_SESSION_TOKEN\) is not sent"):
        hub.load("test/x", endpoint=server.endpoint)


def test_keys_of_the_server_work_beside_a_session_token_that_was_left(server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.root_keys[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.root_keys[1])
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    with hub.configured(endpoint=server.endpoint):
        array = hub.array((4, 4), name="session-token/a:v1", dtype="i4", chunks=(4, 4))
        array[...] = 7
        commit = hub.load(f"session-token/a@{array.commit().digest}")
        with hub.trace() as trace:
            assert (commit[...] == 7).all()
        assert {one.status for one in trace.log} <= {200}
        reader = BulkReader(array.client.transport)
        with hub.trace() as trace:
            assert reader.get("session-token/a:v1/c/0/0").status == 200
        assert [one.status for one in trace.log] == [200]


def test_a_key_without_its_secret_is_not_used(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "half")
    with pytest.raises(hub.Denied, match=r"half \(from AWS_ACCESS_KEY_ID\) has no secret key"):
        hub.load("test/x", endpoint="http://127.0.0.1:9", retries=0)


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_a_profile_that_is_missing_is_told(home, monkeypatch, variable):
    write(home / ".aws/credentials", "[default]\n" + PAIR.format("K"))
    monkeypatch.setenv(variable, "gone")
    with pytest.raises(hub.Invalid, match=rf"There is no profile gone \(from {variable}\)"):
        current_configuration()
    assert current_configuration(access_key="").is_anonymous
    assert current_configuration(access_key="A", secret_key="a").access_key == "A"
    write(home / ".aws/config", "[profile gone]\nregion = x\n")
    assert current_configuration().region == "x"


def test_aws_endpoints_can_be_passed_over(home, monkeypatch):
    write(home / ".aws/config", "[default]\nendpoint_url = http://file:1\n")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://variable:1")
    assert current_configuration().endpoint == "http://variable:1"
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert current_configuration().sources["endpoint"] == "default"
    monkeypatch.setenv("HUB_ENDPOINT", "http://hub:1")
    assert current_configuration().endpoint == "http://hub:1"
    for name in ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_ENDPOINT_URL", "HUB_ENDPOINT"):
        monkeypatch.delenv(name)
    assert current_configuration().endpoint == "http://file:1"
    write(home / ".aws/config", "[default]\nendpoint_url = http://file:1\n"
          "ignore_configured_endpoint_urls = true\n")
    assert current_configuration().sources["endpoint"] == "default"


@pytest.mark.parametrize("content", ["[default\n", "\0\1", "no section = 1\n"])
def test_damaged_aws_files_say_nothing(home, content):
    write(home / ".aws/credentials", content)
    assert credentials.from_aws_files(os.environ) == {}


def test_a_damaged_file_of_hubs_is_told(home):
    path = write(home / ".config/hub/config.toml", "endpoint = \n")
    with pytest.raises(hub.Invalid, match="is not a TOML file") as raised:
        current_configuration()
    assert str(path) in raised.value.what and "hub login" in raised.value.hint


def test_hubs_file_is_where_it_is_said_to_be(home, monkeypatch):
    assert configuration.configuration_file() == home / ".config/hub/config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/etc/x")
    assert str(configuration.configuration_file()) == "/etc/x/hub/config.toml"
    monkeypatch.setenv("HUB_CONFIG", "/etc/y.toml")
    assert str(configuration.configuration_file()) == "/etc/y.toml"


@pytest.mark.parametrize(("settings", "message"), [
    ({"endpoint": "localhost:9000"}, "begins with http:// or https://"),
    ({"endpoint": 7}, "not a text"), ({"retries": -1}, "negative"),
    ({"timeout_seconds": 0}, "not a positive number of at most"), ({"offline": "perhaps"}, "neither true"),
    ({"cache_bytes_max": "many"}, "cache_bytes_max cannot be 'many' (from argument)"),
    ({"endpiont": "http://x"}, "There is no setting endpiont."),
])
def test_wrong_settings_are_told(settings, message):
    with pytest.raises(hub.Invalid) as raised:
        current_configuration(**settings)
    assert message in str(raised.value)


def test_a_wrong_variable_is_told_by_its_name(monkeypatch):
    monkeypatch.setenv("HUB_RETRIES", "often")
    with pytest.raises(hub.Invalid, match=r"retries cannot be 'often' \(from HUB_RETRIES\)"):
        current_configuration()


@pytest.mark.parametrize("word", ["no", "0", "false", "1", "true"])
@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "HUB_CA_BUNDLE"])
def test_a_bundle_is_a_file_and_no_switch(variable, word, monkeypatch):
    monkeypatch.setenv(variable, word)
    assert current_configuration().verify == word
    with pytest.raises(hub.Invalid, match=rf"no file of authorities {word} \(from {variable}\)"):
        hub.load("test/x", endpoint="https://127.0.0.1:9", retries=0)


def test_a_bundle_of_the_aws_files_or_an_argument_is_a_file_and_no_switch(home):
    write(home / ".aws/config", "[default]\nca_bundle = false\n")
    assert current_configuration().verify == "false"
    assert current_configuration(verify="no").verify == "no"
    assert current_configuration(verify=False).verify is False
    write(home / ".config/hub/config.toml", "verify = true\n")
    assert current_configuration().verify is True


@pytest.mark.parametrize(("variables", "verify"), [
    ({"HUB_VERIFY": "no"}, False), ({"HUB_VERIFY": "1"}, True),
    ({"HUB_VERIFY": "0", "AWS_CA_BUNDLE": "/ca.pem"}, False),
    ({"HUB_VERIFY": "0", "HUB_CA_BUNDLE": "/ca.pem"}, "/ca.pem"),
])
def test_certificates_are_not_checked_if_that_is_said_so(variables, verify, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert current_configuration().verify == verify


def test_a_switch_is_no_file(monkeypatch):
    monkeypatch.setenv("HUB_VERIFY", "/ca.pem")
    with pytest.raises(hub.Invalid, match=r"verify cannot be '/ca.pem' \(from HUB_VERIFY\): it is"):
        current_configuration()


def test_configure_changes_all_or_nothing():
    with pytest.raises(hub.Invalid):
        hub.configure(endpoint="http://x:1", retries=-1)
    assert current_configuration().endpoint == "http://127.0.0.1:9000"
    try:
        assert hub.configure(endpoint="http://x:1").endpoint == "http://x:1"
        assert hub.configure(endpoint=None).endpoint == "http://127.0.0.1:9000"
    finally:
        hub.configure(endpoint=None)


def test_values_of_the_environment_have_their_types(monkeypatch):
    for name, value in {"HUB_OFFLINE": "1", "HUB_RETRIES": "3", "HUB_TIMEOUT_SECONDS": "2.5",
                        "HUB_CACHE_BYTES_MAX": "1.5GB", "AWS_CA_BUNDLE": "/ca.pem"}.items():
        monkeypatch.setenv(name, value)
    found = current_configuration()
    assert (found.offline, found.retries, found.timeout_seconds) == (True, 3, 2.5)
    assert (found.cache_bytes_max, found.verify) == (1_500_000_000, "/ca.pem")


@pytest.mark.parametrize(("text", "count"), [
    ("64MB", 64_000_000), ("1.5 GiB", 3 << 29), ("10", 10), (7, 7), ("3kb", 3000), ("9 B", 9)])
def test_numbers_of_bytes(text, count):
    assert byte_count(text) == count


def test_the_secret_is_not_shown_and_travels():
    found = current_configuration(access_key="A", secret_key="very secret")
    assert "very secret" not in repr(found)
    again = pickle.loads(pickle.dumps(found))
    assert again == found and again.sources == found.sources and hash(again) == hash(found)


@pytest.mark.parametrize("endpoint", [
    "http://alice:S3CRET@host:9000", "https://S3CRET@host", "http://alice:a/S3CRET@host",
    "http://alice:a#S3CRET?@host", "ftp://alice:S3CRET@host", "alice:S3CRET@host",
    "http://a//S3CRET@host", "http://alice:S3CRET@[::1", "http://host:9000/?key=S3CRET",
])
def test_an_endpoint_with_a_secret_is_refused_and_the_secret_is_not_shown(
    endpoint, home, monkeypatch
):
    write(home / ".config/hub/config.toml", f'endpoint = "{endpoint}"\n')
    for where in ("argument", "AWS_ENDPOINT_URL", "config.toml"):
        settings = {"endpoint": endpoint} if where == "argument" else {}
        if where == "AWS_ENDPOINT_URL":
            monkeypatch.setenv(where, endpoint)
        with pytest.raises(hub.Invalid, match=r"^endpoint cannot be ") as refusal:
            hub.current_configuration(**settings)
        assert where in str(refusal.value)
        assert "S3CRET" not in str(refusal.value) and "alice" not in str(refusal.value)
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with pytest.raises(hub.Invalid, match="endpoint cannot be"):
        hub.mirror("a/b:v1", source=endpoint, target="http://127.0.0.1:1")


@pytest.mark.parametrize("endpoint", [
    "", "http://", "http:///path", "127.0.0.1:9000", "file:///etc/passwd", "http://a b:9000",
    "http://127.0.0.1:99999", "http://127.0.0.1:-5", "http://127.0.0.1:x", "http://[::1",
    "http://host/\x1b[31m", "http://host\n.example", 5, b"http://host",
])
def test_what_is_no_endpoint_is_refused(endpoint):
    with pytest.raises(hub.Invalid, match=r"^endpoint cannot be .* \(from argument\): "):
        hub.current_configuration(endpoint=endpoint)


@pytest.mark.parametrize(("endpoint", "kept"), [
    ("http://[::1]:9000/", "http://[::1]:9000"), ("https://host/below/it/", "https://host/below/it"),
])
def test_what_is_an_endpoint(endpoint, kept):
    assert hub.current_configuration(endpoint=endpoint).endpoint == kept


def test_a_secret_of_another_type_is_not_shown():
    for secret in (b"S3CRET", ["S3CRET"]):
        with pytest.raises(hub.Invalid, match=r"^secret_key cannot be taken \(from argument\)") as no:
            hub.current_configuration(access_key="a", secret_key=secret)
        assert "S3CRET" not in str(no.value)


@pytest.mark.parametrize("settings", [
    {"timeout_seconds": "1e300"}, {"timeout_seconds": 2**63}, {"timeout_seconds": 10**400},
    {"cache_bytes_max": float("inf")}, {"cache_bytes_max": float("nan")}, {"cache_bytes_max": []},
    {"retries": float("inf")}, {"retries": "1e9"}, {"retries": []},
])
def test_numbers_beyond_what_the_system_takes_are_refused(settings):
    (name,) = settings
    with pytest.raises(hub.Invalid, match=rf"^{name} cannot be "):
        hub.current_configuration(**settings)


@pytest.mark.parametrize("wrong", [None, [], float("inf"), float("nan"), "many", -1, object()])
def test_what_is_no_number_of_bytes_is_refused_by_the_cache(wrong):
    with pytest.raises(hub.Invalid, match="is no number of bytes"):
        hub.cache.evict(wrong)
