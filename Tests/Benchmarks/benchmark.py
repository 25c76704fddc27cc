"""Runs the comparison: servers on folders of their own, rounds in turn, one table at the end."""

import argparse
import contextlib
import pathlib
import statistics
import tempfile
import threading
import time

import report
from load import (
    LISTED, SIZES, Load, client, prepare_listing, sign_listing, start_to_first_put,
)
from servers import Nave, Nginx, SeaweedFS

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
WORKS = [
    "get-4k", "get-64k", "get-12m", "put-4k", "put-64k", "put-12m", "list", "memory", "start"]
SUFFIXES = {"4k": SIZES[0], "64k": SIZES[1], "12m": SIZES[2]}


def say(text):
    print(text, flush=True)


def measure_rates(loads, works, rounds, seconds):
    """Rates by work and server: in each round every server does every work, one after another."""
    measured = {}
    for number in range(1, rounds + 1):
        for work in works:
            verb, _, suffix = work.partition("-")
            method, size = verb.upper(), SUFFIXES[suffix]
            title = f"{method} {size.label}"
            for load in loads:
                if method == "PUT" and load.s3 is None:
                    continue
                result = load.run(method, size, seconds)
                measured.setdefault(title, {}).setdefault(load.server.name, []).append(result)
                say(f"  round {number}  {title:10} {load.server.name:10}"
                    f" {report.rate_text(title, result['requests per second'])}")
    return measured


def measure_listing(loads, rounds, seconds):
    rows = {}
    stores = [load for load in loads if load.s3]
    for load in stores:
        say(f"  storing 100,000 keys in {load.server.name}")
        prepare_listing(load)
    for number in range(1, rounds + 1):
        for load in stores:
            sign_listing(load)
            result = load.run("GET", LISTED, seconds, targets=load.folder / "listing")
            rows.setdefault(load.server.name, []).append(result)
            say(f"  round {number}  {LISTED.label} {load.server.name:10}"
                f" {result['requests per second']:,.0f} /s")
    return {LISTED.label: rows}


class PeakMemory(threading.Thread):
    """The most resident memory of a server while the block runs."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.peak, self.ended = server, 0, threading.Event()

    def run(self):
        while not self.ended.is_set():
            self.peak = max(self.peak, self.server.resident_bytes())
            time.sleep(0.02)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


def measure_memory(loads, seconds):
    singles = {}
    for load in loads:
        if load.s3 is None:
            continue
        for method, word in [("GET", "reads"), ("PUT", "writes")]:
            with PeakMemory(load.server) as memory:
                load.run(method, SIZES[2], max(seconds, 8), connections=64, at_least=0)
            quantity = f"resident under 64 {word} of 12 MiB"
            singles.setdefault(quantity, {})[load.server.name] = memory.peak
            say(f"  {quantity}: {load.server.name} {memory.peak >> 20} MiB")
    return singles


def measure_starts(folder, rounds):
    """Times of starting and stopping on a small folder, and idle memory in between."""
    singles = {}
    for kind in (Nave, SeaweedFS):
        server = kind(pathlib.Path(folder) / "starts")
        server.start()
        client(server).create_bucket(Bucket="bench")
        server.stop()
        starts, stops, idle = [], [], []
        for _ in range(min(rounds, 3)):
            starts.append(start_to_first_put(server))
            time.sleep(1)
            idle.append(server.resident_bytes())
            stops.append(server.stop())
        say(f"  {server.name}: started and stopped {len(starts)} times")
        for quantity, values in [
            ("start to first PUT answered", starts), ("stop when idle", stops),
            ("resident when idle", idle),
        ]:
            singles.setdefault(quantity, {})[server.name] = statistics.median(values)
            say(f"  {quantity}: {server.name} {statistics.median(values):,.3f}")
    return singles


def parse():
    parser = argparse.ArgumentParser(description=__doc__, prog="Tests/Benchmarks/run")
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (5)")
    parser.add_argument("--seconds", type=int, default=4, help="seconds of a round (4)")
    parser.add_argument("--only", default="", help=f"some of {','.join(WORKS)}")
    parser.add_argument("--folder", help="where the servers keep their data (a temporary folder)")
    parser.add_argument("--no-report", action="store_true", help="leave docs/benchmarks.md as it is")
    arguments = parser.parse_args()
    arguments.works = [word for word in arguments.only.split(",") if word] or WORKS
    unknown = set(arguments.works) - set(WORKS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(WORKS)}")
    return arguments


def main():
    arguments = parse()
    measured, singles = {}, {}
    rates = [work for work in arguments.works if work[:3] in ("get", "put")]
    memory = "memory" in arguments.works
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=arguments.folder))
        versions = {}
        if rates or memory or "list" in arguments.works:
            suffixes = {work.split("-")[1] for work in rates} | ({"12m"} if memory else set())
            sizes = [size for suffix, size in SUFFIXES.items() if suffix in suffixes]
            loads = []
            for kind in (Nave, SeaweedFS, Nginx):
                server = kind(folder)
                server.start()
                stack.callback(server.stop)
                versions[server.name] = server.version
                loads.append(Load(server, pathlib.Path(folder) / "targets"))
                say(f"  preparing {server.name} {server.version}")
                loads[-1].prepare(sizes)
            measured |= measure_rates(loads, rates, arguments.rounds, arguments.seconds)
            if memory:
                singles |= measure_memory(loads, arguments.seconds)
            if "list" in arguments.works:
                measured |= measure_listing(loads, arguments.rounds, arguments.seconds)
        if "start" in arguments.works:
            singles = measure_starts(folder, arguments.rounds) | singles
    options = f" --only {arguments.only}" if arguments.only else ""
    text = report.page(
        measured, singles, versions, options, arguments.rounds, arguments.seconds)
    say("\n" + text)
    if not arguments.no_report:
        page = REPOSITORY / "docs/benchmarks.md"
        # Sections behind this page's tables are written by hand.
        _, heading, later = page.read_text().partition("\n## ")
        page.write_text(text + heading + later)


if __name__ == "__main__":
    main()
