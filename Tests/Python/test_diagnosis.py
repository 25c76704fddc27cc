"""`hub.doctor()` finds what is wrong, and says what to do.

Method: real servers, over HTTP and TLS; wrong keys, wrong authorities, nobody listening, a clock
that is wrong, a cache folder that cannot be written.
"""

import email.utils
import http.server
import threading
import time

import numpy as np
import pytest
import urllib3

import hub
from certificates import make_certificate
from hub.reference import Reference
from server_process import ServerProcess


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory, certificate):
    data = tmp_path_factory.mktemp("tls") / "data"
    with ServerProcess(data, certificate=certificate) as server:
        yield server


def checks(**settings):
    diagnosis = hub.doctor(**settings)
    return {check.name: check for check in diagnosis.checks}, diagnosis.is_well


def test_all_is_well(client, namespace, settings):
    reference = Reference.parse(f"{namespace}/a:v1")
    client.create_array(reference, {"shape": [1000, 1000], "dtype": "float32"})
    client.write_region(reference, "", np.ones((1000, 1000), "f4"))
    found, is_well = checks()
    assert is_well
    assert settings["endpoint"] in found["endpoint"].found
    assert "(from hub.configure)" in found["endpoint"].found
    assert settings["access_key"] in found["keys"].found
    assert settings["secret_key"] not in str(hub.doctor())
    assert f"numpy {np.__version__}" in found["versions"].found
    assert "/s, reading " in found["speed"].found
    assert found["clock"].state == found["cache"].state == found["access"].state == "good"


def test_the_source_of_keys_is_told(settings, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", settings["endpoint"])
    monkeypatch.setenv("HUB_ACCESS_KEY", settings["access_key"])
    monkeypatch.setenv("HUB_SECRET_KEY", settings["secret_key"])
    found, _ = checks()
    assert found["endpoint"].found.endswith("(from AWS_ENDPOINT_URL)")
    assert found["keys"].found.endswith("(from HUB_ACCESS_KEY)")


def test_nobody_listens(connected):
    found, is_well = checks(endpoint="http://127.0.0.1:1")
    assert not is_well and "127.0.0.1:1 cannot be reached" in found["connection"].found
    assert "HUB_ENDPOINT" in found["connection"].hint and "access" not in found


def test_wrong_keys(connected):
    access_key = hub.current_configuration().access_key
    found, is_well = checks(access_key=access_key, secret_key="wrong")
    assert not is_well and found["server"].state == "good" and found["access"].state == "bad"


def test_no_keys(server):
    found, _ = checks(endpoint=server.endpoint)
    assert "only public arrays" in found["keys"].found and "hub login" in found["keys"].hint


def test_keys_that_are_not_used_as_they_stand_are_told(server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIATEMPORARY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("HUB_SECRET_KEY", "other")
    found, is_well = checks(endpoint=server.endpoint)
    assert not is_well
    for check in (found["keys"], found["access"]):
        assert "The session token (from AWS_SESSION_TOKEN) is not sent" in check.hint
        assert "The secret key (from HUB_SECRET_KEY) is not used" in check.hint


def test_a_cache_that_cannot_be_written(connected, tmp_path):
    (tmp_path / "file").touch()
    found, is_well = checks(cache_folder=str(tmp_path / "file/cache"))
    assert not is_well and "cannot be written" in found["cache"].found


def test_tls(tls_server, certificate):
    access_key, secret_key = tls_server.root_keys
    settings = {"endpoint": tls_server.endpoint, "access_key": access_key,
                "secret_key": secret_key}
    found, is_well = checks(**settings, verify=str(certificate.authority))
    assert is_well and found["TLS"].found.startswith("TLSv1.")
    assert "good for 1 days" in found["TLS"].found and found["TLS"].state == "note"
    found, is_well = checks(**settings)
    assert not is_well and "is not accepted" in found["TLS"].found
    assert "AWS_CA_BUNDLE" in found["TLS"].hint
    with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
        found, is_well = checks(**settings, verify=False)
    assert not is_well and "certificates are not checked" in found["TLS"].found


@pytest.mark.parametrize("skew, state, text", [
    (-3600, "bad", "3600 s ahead of the server's"), (300, "note", "300 s behind the server's"),
    (0, "good", "as the server's")])
def test_a_clock_that_is_wrong(connected, skew, state, text):
    class Answers(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response_only(200)
            self.send_header("Date", email.utils.formatdate(time.time() + skew, usegmt=True))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        found, _ = checks(endpoint=f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join(10)
    assert found["clock"].state == state
    if skew:
        told = int(found["clock"].found.split()[0])
        assert abs(told - abs(skew)) <= 2 and found["clock"].found.endswith(
            text.partition(" s ")[2])
    else:
        assert found["clock"].found == text


def test_a_diagnosis_is_lines_with_marks(connected):
    lines = str(hub.doctor(endpoint="http://127.0.0.1:1")).splitlines()
    assert lines[0].startswith("· versions") and lines[-2].startswith("✗ connection")
    assert lines[-1].strip().startswith("Is the server running")
