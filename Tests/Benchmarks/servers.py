"""The servers that are compared: each starts on a folder of its own and ends by its process id."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

KEYS = ("BENCHMARKKEY", "benchmark-secret-for-one-run")
START_SECONDS_MAX = 60
PORTS = iter(range(21000, 30000))


def free_ports(count):
    """Ports that nobody uses and that were not given before, below those of outgoing connections."""
    sockets, ports = [], []
    for port in PORTS:
        candidate = socket.socket()
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            candidate.close()
            continue
        sockets.append(candidate)
        ports.append(port)
        if len(ports) == count:
            break
    for candidate in sockets:
        candidate.close()
    return ports


def process_tree(pid):
    """A process and all its descendants."""
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        for task in pathlib.Path(f"/proc/{current}/task").glob("*/children"):
            try:
                waiting += [int(child) for child in task.read_text().split()]
            except FileNotFoundError:
                pass
    return found


class Server:
    """A process with an HTTP port; `start` returns when it answers."""

    name = ""
    version = ""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / self.name
        self.folder.mkdir(parents=True)
        self.process = None
        self.port = free_ports(1)[0]

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def launch(self, command, **environment):
        kept = {
            name: value for name, value in os.environ.items()
            if not name.startswith(("NAVE_", "AWS_"))}
        with open(self.folder / "output", "ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command], env=kept | environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output)

    def wait_for_port(self):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.002)
        raise SystemExit(f"{self.name} did not start:\n{(self.folder / 'output').read_text()[-2000:]}")

    def stop(self):
        """Ends the server and returns how long that took, in seconds."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return time.monotonic() - begun

    def resident_bytes(self):
        """Resident memory of the process and its children."""
        total = 0
        for pid in process_tree(self.process.pid):
            try:
                text = pathlib.Path(f"/proc/{pid}/status").read_text()
            except FileNotFoundError:
                continue
            match = re.search(r"VmRSS:\s+(\d+) kB", text)
            total += int(match.group(1)) * 1024 if match else 0
        return total

    def cpu_seconds(self):
        """User and system time that the process and its children have taken."""
        total = 0.0
        for pid in process_tree(self.process.pid):
            try:
                text = pathlib.Path(f"/proc/{pid}/stat").read_text()
            except FileNotFoundError:
                continue
            fields = text.rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return total


class Nave(Server):
    name = "Nave"

    def folders(self):
        """What is served, and options."""
        return [self.folder / "data"]

    def start(self):
        binary = os.environ["NAVE_BINARY"]
        self.version = subprocess.run(
            [binary, "--version"], capture_output=True, text=True).stdout.strip()
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        self.launch(
            [binary, "serve", *self.folders(), "--listen",
             f"127.0.0.1:{self.port}", "--ready-file", ready],
            NAVE_ROOT_ACCESS_KEY=KEYS[0], NAVE_ROOT_SECRET_KEY=KEYS[1])
        deadline = time.monotonic() + START_SECONDS_MAX
        while not (ready.exists() and ready.read_text().endswith("\n")):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"Nave did not start:\n{(self.folder / 'output').read_text()}")
            time.sleep(0.001)


class SeaweedFS(Server):
    name = "SeaweedFS"

    def start(self):
        program = pathlib.Path(sys.executable).parent / "weed"
        text = subprocess.run([program, "version"], capture_output=True, text=True).stdout
        self.version = " ".join(text.split()[1:3])
        identity = {
            "name": "root", "credentials": [{"accessKey": KEYS[0], "secretKey": KEYS[1]}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        configuration = self.folder / "s3.json"
        configuration.write_text(json.dumps({"identities": [identity]}))
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        ports = [self.port, *free_ports(7)]
        names = [
            "s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "volume.port",
            "volume.port.grpc", "filer.port", "filer.port.grpc"]
        command = [program, "server", f"-dir={data}", "-ip=127.0.0.1", "-s3"]
        command += [f"-{name}={port}" for name, port in zip(names, ports)]
        command += [
            f"-s3.config={configuration}", "-master.telemetry=false", "-volume.max=200",
            "-master.volumeSizeLimitMB=1024", "-s3.port.iceberg=0", "-s3.port.lance=0",
            "-s3.iam=false"]
        self.launch(command)
        self.wait_for_port()


class Nginx(Server):
    """nginx with sendfile over plain files: the measure of what this machine can send."""

    name = "nginx"

    def start(self):
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        text = subprocess.run([program, "-v"], capture_output=True, text=True).stderr
        self.version = text.split("/")[-1].strip()
        (self.folder / "files").mkdir(exist_ok=True)
        configuration = self.folder / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        configuration.write_text(f"""
            {user} daemon off; worker_processes {os.cpu_count()}; pid {self.folder}/pid;
            error_log {self.folder}/error.log;
            events {{ worker_connections 1024; }}
            http {{
                access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
                open_file_cache max=20000 inactive=600s; default_type application/octet-stream;
                client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy;
                fastcgi_temp_path {self.folder}/fastcgi; uwsgi_temp_path {self.folder}/uwsgi;
                scgi_temp_path {self.folder}/scgi;
                server {{ listen 127.0.0.1:{self.port}; root {self.folder}/files; }}
            }}""")
        self.launch([program, "-c", configuration, "-p", self.folder])
        self.wait_for_port()
