"""The array API as `requests` sees it, with HTTP Basic authentication."""

import io
import json
import urllib.parse

import numpy as np
import requests


class ArrayAPI:
    """Reads arrays of a server as a principal, or as nobody when `keys` is ()."""

    def __init__(self, server, keys=None):
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False
        keys = server.root_keys if keys is None else keys
        self.session.auth = tuple(keys) if keys else None
        self.session.verify = server.bundle

    def get(self, path, **parameters):
        """The answer, whatever its status."""
        url = f"{self.server.endpoint}/v1/{urllib.parse.quote(path, safe='/:@')}"
        headers = parameters.pop("headers", None)
        return self.session.get(url, params=parameters, headers=headers, timeout=60)

    def document(self, path, **parameters):
        answer = self.get(path, **parameters)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/json"
        return answer.json()

    def problem(self, path, **parameters):
        """The status and code of a refusal, which must be a problem document."""
        answer = self.get(path, **parameters)
        assert answer.headers["Content-Type"] == "application/problem+json", answer.text
        document = answer.json()
        assert document["status"] == answer.status_code
        assert document["title"] and document["detail"] and document["type"] == "about:blank"
        return answer.status_code, document["code"]

    def arrays(self, namespace):
        """Every array and group of a namespace by its reference, over all pages."""
        found, parameters = {}, {}
        while True:
            page = self.document(f"arrays/{namespace}", **parameters)
            for entry in page["arrays"]:
                assert entry["reference"] not in found
                found[entry["reference"]] = entry
            if page["next"] is None:
                return found
            parameters = {"cursor": page["next"]}

    def data(self, reference, text=""):
        """A region as NumPy loads it from the .npy answer."""
        answer = self.get(f"data/{reference}", slice=text, format="npy")
        assert answer.status_code == 200, answer.text
        return np.load(io.BytesIO(answer.content), allow_pickle=False)

    def statistics(self, reference, text="", **parameters):
        return self.document(f"stats/{reference}", slice=text, **parameters)

    def send(self, method, path, body=b"", headers=None, **parameters):
        """The answer to a request that changes something, whatever its status."""
        url = f"{self.server.endpoint}/v1/{urllib.parse.quote(path, safe='/:@')}"
        return self.session.request(
            method, url, params=parameters, data=body, headers=headers, timeout=120)

    def sent(self, method, path, body=b"", status=200, headers=None, **parameters):
        answer = self.send(method, path, body, headers, **parameters)
        assert answer.status_code == status, answer.text
        return answer.json()

    def refusal(self, method, path, body=b"", headers=None, **parameters):
        """The status and code of a change that is refused."""
        answer = self.send(method, path, body, headers, **parameters)
        assert answer.headers["Content-Type"] == "application/problem+json", answer.text
        return answer.status_code, answer.json()["code"]

    def create(self, reference, **members):
        return self.sent("PUT", f"arrays/{reference}", json.dumps(members), status=201)

    def write(self, reference, text, value):
        """Writes what `array[text] = value` would write, as numpy.save spells the value."""
        return self.sent("PUT", f"data/{reference}", npy(value), slice=text)


def npy(value):
    """The bytes of a .npy file."""
    file = io.BytesIO()
    np.save(file, value, allow_pickle=False)
    return file.getvalue()
