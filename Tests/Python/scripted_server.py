"""A server on a socket that answers as a test tells it, byte for byte, or breaks off."""

import dataclasses
import os
import socket
import ssl
import threading
import time

STALL = object()
"""In place of an answer: none comes, and the connection stays open."""


@dataclasses.dataclass(frozen=True)
class BelowTLS:
    """In place of an answer: bytes that are written past the encryption, which breaks it."""

    data: bytes


BROKEN_TLS = {
    "plain text": BelowTLS(b"HTTP/1.1 502 Bad Gateway\r\n\r\n"),
    # Source: RFC 8446, section 5.1 and 6: a record that nobody can decrypt, and one of an alert
    # (2, fatal; 80, internal_error).
    "a bad record": BelowTLS(b"\x17\x03\x03\x00\x20" + bytes(range(32))),
    "an alert": BelowTLS(b"\x15\x03\x03\x00\x02\x02\x50"),
    "an end without notice": BelowTLS(b""),
}
"""The ways in which an encrypted connection breaks while an answer is awaited."""


def encrypted(connection, certificate):
    """The server's side of a TLS connection, or None if the client does not want it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    try:
        return context.wrap_socket(connection, server_side=True)
    except OSError:
        return None


def break_off(connection, broken):
    """Writes below the encryption of a connection, and ends it."""
    with socket.socket(fileno=os.dup(connection.fileno())) as plain:
        plain.sendall(broken.data)
        plain.shutdown(socket.SHUT_RDWR)


class ScriptedServer:
    """Gives each request the next answer of a script; the last one again and again.

    An answer is bytes, or a function that gives pieces of it, after which the connection is closed
    unless they are `keep`-ed, `STALL` or `BelowTLS`. With a `certificate` it speaks TLS; the first
    `broken_handshakes` connections end instead.

    Attributes:
        requests: the heads of the requests that came, with what there was of their bodies.
        connections: how many were opened.
        endpoint: where it is.
    """

    def __init__(self, *script, keep=False, certificate=None, broken_handshakes=0):
        self.script, self.keep, self._certificate = list(script), keep, certificate
        self._broken_handshakes = broken_handshakes
        self.requests, self.connections = [], 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = "%s://127.0.0.1:%d" % (
            "https" if certificate else "http", self._listener.getsockname()[1])
        self._open = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        for one in [self._listener, *self._open]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _encrypted(self, connection):
        if self.connections <= self._broken_handshakes:
            connection.recv(1)
            connection.shutdown(socket.SHUT_RDWR)
            return None
        found = encrypted(connection, self._certificate)
        self._open += [found] if found else []
        return found

    def _serve(self, connection):
        if self._certificate and not (connection := self._encrypted(connection)):
            return
        try:
            while request := self._read(connection):
                self.requests.append(request)
                answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                if answer is STALL:
                    return
                if isinstance(answer, BelowTLS):
                    break_off(connection, answer)
                    return
                if isinstance(answer, bytes) and not self.keep:
                    answer = self._said_to_be_last(answer)
                for piece in answer() if callable(answer) else [answer]:
                    connection.sendall(piece)
                if not self.keep:
                    break
            connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        except OSError:
            pass

    @staticmethod
    def _said_to_be_last(answer):
        """An answer that says that the connection ends, so that nobody tries to use it again."""
        status, line_end, rest = answer.partition(b"\r\n")
        return status + b"\r\nConnection: close" + line_end + rest if line_end else answer

    @staticmethod
    def _read(connection):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return data
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
        length = int(lengths[0].partition(b":")[2]) if lengths else 0
        while len(body) < length and (piece := connection.recv(65536)):
            body += piece
        return head + b"\r\n\r\n" + body


class CuttingProxy:
    """Passes connections on to a server, and cuts the first ones after some bytes of requests.

    Attributes:
        cuts: how many connections were cut.
    """

    def __init__(self, port, cut_after, cuts=1):
        self._target, self._cut_after, self._left = port, cut_after, cuts
        self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = "http://127.0.0.1:%d" % self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client):
        """Passes one connection on in both directions, to its end."""
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            down = threading.Thread(target=self._down, args=(server, client), daemon=True)
            down.start()
            self._up(client, server)
            down.join()

    def _up(self, client, server):
        passed = 0
        try:
            while piece := client.recv(65536):
                passed += len(piece)
                if self._left and passed > self._cut_after:
                    self._left -= 1
                    self.cuts += 1
                    for one in (client, server):
                        one.shutdown(socket.SHUT_RDWR)
                    return
                server.sendall(piece)
            server.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    @staticmethod
    def _down(server, client):
        try:
            while piece := server.recv(65536):
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class BreakingProxy(CuttingProxy):
    """Passes connections on, and breaks answers off after some bytes of a connection.

    Args:
        breaks: how many connections are broken.
        stalls: whether nothing more comes then, instead of the end of the connection.
    """

    def __init__(self, port, break_after, breaks=1, stalls=False):
        super().__init__(port, 0, 0)
        self._break_after, self._breaks, self._stalls = break_after, breaks, stalls
        self._lock = threading.Lock()

    def _is_broken(self, passed):
        with self._lock:
            is_broken = self._breaks > 0 and passed > self._break_after
            self._breaks -= is_broken
            self.cuts += is_broken
        return is_broken

    def _down(self, server, client):
        passed = 0
        try:
            while piece := server.recv(65536):
                if self._is_broken(passed + len(piece)):
                    client.sendall(piece[:max(0, self._break_after - passed)])
                    if not self._stalls:
                        client.shutdown(socket.SHUT_RDWR)
                        server.shutdown(socket.SHUT_RDWR)
                    return
                passed += len(piece)
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def dripping(data, pause=0.02):
    """An answer that comes a byte at a time."""
    def pieces():
        for number in range(len(data)):
            time.sleep(pause)
            yield data[number : number + 1]
    return pieces


def again_and_again(head, piece, pause=0.05):
    """An answer without an end."""
    def pieces():
        yield head
        while True:
            time.sleep(pause)
            yield piece
    return pieces


def answer(status, body=b"", headers=(), length=None):
    """The bytes of an answer, whose length is told as it is, or wrongly."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
