"""The Zarr view of a server as plain-HTTP clients open it: zarr over fsspec, tensorstore, requests."""

import requests
import tensorstore
import urllib3
import zarr


class ZarrView:
    """Opens arrays and groups under `/v1/zarr`, with keys or, when `keys` is (), without."""

    def __init__(self, server, keys=None):
        self.keys = tuple(server.root_keys if keys is None else keys)
        self.base = f"{server.endpoint}/v1/zarr"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = self.keys or None
        self.session.verify = server.bundle

    def url(self, path):
        return f"{self.base}/{path}"

    def get(self, path, method="GET", **headers):
        return self.session.request(
            method, self.url(path), headers={name.replace("_", "-"): value
                                             for name, value in headers.items()}, timeout=60)

    def document(self, path):
        answer = self.get(f"{path}/zarr.json")
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/json"
        return answer.json()

    def store(self, path):
        """A store of zarr-python over fsspec's HTTP file system."""
        options = {
            "headers": urllib3.make_headers(basic_auth=":".join(self.keys))} if self.keys else {}
        return zarr.storage.FsspecStore.from_url(
            self.url(path), read_only=True, storage_options={"client_kwargs": options})

    def array(self, path):
        return zarr.open_array(self.store(path), mode="r", zarr_format=3)

    def group(self, path):
        return zarr.open_group(self.store(path), mode="r", zarr_format=3)

    def tensorstore(self, path):
        """The array as tensorstore's zarr3 driver opens it; the namespace must be public."""
        return tensorstore.open({
            "driver": "zarr3",
            "kvstore": {"driver": "http", "base_url": f"{self.base}/{path}/"}}).result()
