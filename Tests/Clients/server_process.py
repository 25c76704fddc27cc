"""One `nave serve` process, started on a folder of its own and ended by its process id."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 30


def binary():
    """The server's executable: $NAVE_BINARY, or what `swift build -c release` leaves behind."""
    return os.environ.get("NAVE_BINARY", str(REPOSITORY / ".build/release/nave"))


def clean_environment(**extra):
    """This process's environment without settings that would steer the server or a client."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NAVE_", "AWS_"))
    }
    return kept | extra


def parse_exports(text):
    """The variables in lines such as `export NAME=value` or `NAME="value"`."""
    pattern = re.compile(r"^\s*(?:export\s+)?([A-Z_]+)=['\"]?([^'\"\n]*)['\"]?\s*$", re.MULTILINE)
    return dict(pattern.findall(text))


def nave(*arguments, **options):
    """Runs a `nave` command to its end and returns what it printed."""
    return subprocess.run(
        [binary(), *map(str, arguments)],
        env=clean_environment(), capture_output=True, text=True, timeout=60, **options,
    )


class ServerProcess:
    """A running server; `start` returns once it is ready."""

    def __init__(self, data, certificate=None, options=(), environment=None, listen="127.0.0.1:0"):
        self.data = pathlib.Path(data)
        self.certificate = certificate
        self.options = list(options)
        self.environment = environment or {}
        self.listen = listen
        self.process = None
        self.ready = None

    def start(self):
        self.data.parent.mkdir(parents=True, exist_ok=True)
        ready_file = self.data.with_suffix(".ready")
        ready_file.unlink(missing_ok=True)
        command = [binary(), "serve", str(self.data), "--listen", self.listen]
        command += ["--ready-file", str(ready_file), *self.options]
        if self.certificate:
            command += ["--tls-certificate", str(self.certificate.chain)]
            command += ["--tls-key", str(self.certificate.key)]
        self.log = self.data.with_suffix(".log")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, env=clean_environment(**self.environment),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        self.ready = self._await_ready(ready_file)
        return self

    def _await_ready(self, ready_file):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if ready_file.exists() and (text := ready_file.read_text()).endswith("\n"):
                return json.loads(text)
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        self.kill()
        raise AssertionError(f"the server did not become ready:\n{self.output()[-4000:]}")

    @property
    def endpoint(self):
        return self.ready["endpoint"]

    @property
    def port(self):
        return int(self.endpoint.rsplit(":", 1)[1])

    @property
    def root_keys(self):
        """The root principal's access key and secret."""
        if "NAVE_ROOT_ACCESS_KEY" in self.environment:
            return (
                self.environment["NAVE_ROOT_ACCESS_KEY"], self.environment["NAVE_ROOT_SECRET_KEY"]
            )
        values = parse_exports((self.data / "keys.env").read_text())
        return values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"]

    @property
    def bundle(self):
        """What a client passes as `verify`: the authority's certificate, or the system's."""
        return str(self.certificate.authority) if self.certificate else True

    def add_principal(self, name):
        """Makes a principal with the command line and returns its two keys."""
        result = nave("principal", "add", name, "--data", self.data)
        assert result.returncode == 0, result.stderr
        values = parse_exports(result.stdout)
        return values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"]

    def resident_bytes(self):
        """The memory that the server has at most had in use."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def output(self):
        return self.log.read_text(errors="replace")

    def stop(self):
        """Asks the server to end and returns its exit code."""
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self):
        """Ends the server as a power cut would end it: with no time for anything."""
        if self.is_running():
            self.process.kill()
        return self.process.wait(STOP_SECONDS_MAX)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop() if self.is_running() else None
