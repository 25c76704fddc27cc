"""A certificate authority made for one test run, and a server certificate that it signed."""

import dataclasses
import pathlib
import subprocess


@dataclasses.dataclass
class Certificate:
    authority: pathlib.Path
    chain: pathlib.Path
    key: pathlib.Path


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


def make_certificate(folder):
    """Makes both with openssl; the server certificate is for 127.0.0.1 and localhost."""
    folder = pathlib.Path(folder)
    authority, authority_key = folder / "authority.pem", folder / "authority.key"
    request, chain, key = folder / "server.csr", folder / "server.pem", folder / "server.key"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _openssl(
        "req", "-x509", *curve, "-days", "2", "-subj", "/CN=Nave test authority",
        "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        "-keyout", authority_key, "-out", authority,
    )
    _openssl("req", "-new", *curve, "-subj", "/CN=localhost", "-keyout", key, "-out", request)
    extensions = folder / "server.ext"
    extensions.write_text(
        "subjectAltName=IP:127.0.0.1,DNS:localhost\n"
        "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"
    )
    _openssl(
        "x509", "-req", "-in", request, "-CA", authority, "-CAkey", authority_key,
        "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", chain,
    )
    return Certificate(authority=authority, chain=chain, key=key)
