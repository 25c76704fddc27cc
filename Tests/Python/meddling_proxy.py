"""A proxy that passes requests on to a server, and at times answers in its place."""

import http.server
import ssl
import sys
import threading

import urllib3

from scripted_server import break_off


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        # A client that has enough, or wants no TLS of this server, is none.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class MeddlingProxy:
    """What stands between: passes requests on, unless a test says what to answer instead.

    Attributes:
        endpoint: where it is.
        instead: a function that gets the method and path of a request, and gives `(status, body)`
            or `(status, body, headers)` to answer with, or None to pass it on.
        alters: a function that gets the same and the body of the server's answer, and gives another.
        loses: a function that gets the same, and says whether the server's answer is lost.
        breaks: with a certificate, a function that gets the same, and gives `BelowTLS` if it is
            lost so.
        hides: the names, in lower case, of header fields of requests that are not passed on.
        passed: the methods and paths of the requests that were passed on.
    """

    def __init__(self, endpoint, certificate=None):
        self.instead = self.alters = self.loses = self.breaks = None
        self.hides, self.passed = (), []
        self._target = urllib3.connection_from_url(endpoint, maxsize=32)
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.endpoint = "http://127.0.0.1:%d" % self._server.server_port
        if certificate:
            self.endpoint = self.endpoint.replace("http:", "https:")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.chain, certificate.key)
            # The handshake is that of a connection's own thread.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._target.close()

    def _handler(proxy):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                told = proxy.instead and proxy.instead(self.command, self.path)
                if not told:
                    proxy.passed.append((self.command, self.path))
                    headers = {name: value for name, value in self.headers.items()
                               if name.lower() not in proxy.hides}
                    answer = proxy._target.urlopen(
                        self.command, self.path, body=body, headers=headers,
                        redirect=False, retries=False, decode_content=False)
                    if proxy.loses and proxy.loses(self.command, self.path):
                        self.close_connection = True
                        return
                    if broken := proxy.breaks and proxy.breaks(self.command, self.path):
                        break_off(self.connection, broken)
                        self.close_connection = True
                        return
                    data = answer.data
                    if proxy.alters:
                        data = proxy.alters(self.command, self.path, data)
                    told = answer.status, data, answer.headers
                self.tell(*told)

            def tell(self, status, body, headers=()):
                self.send_response_only(status)
                kept = dict(headers)
                length = {name.lower(): value for name, value in kept.items()}.get("content-length")
                for name, value in kept.items():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                        self.send_header(name, value)
                is_head = self.command == "HEAD"
                self.send_header("Content-Length", length if is_head and length else len(body))
                self.end_headers()
                if not is_head and status not in (204, 304):
                    self.wfile.write(body)

            do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        return Handler
