"""Measures the storage engine by itself: what bounds it, and how it behaves with many objects."""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

import report
from filling import fill, latencies
from load import SIZES, Load, Size, client, pattern
from servers import Nave

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
WORKS = ["append", "flushes", "copies", "crash", "rebuild", "growth"]
WRITERS = 32
RECORD_BYTES = 4096 + 160
"""A payload of 4 KiB with the head and change of its record."""
FLUSH_DELAYS = [250, 500, 1000, 2000]
"""Microseconds that flushes are made longer by."""
COPIED = [SIZES[0], Size("1 MiB", 1 << 20, 100)]


def say(text):
    print(text, flush=True)


class TwoCopies(Nave):
    """Nave on two folders, everything on both; the second may be on another disk."""

    def __init__(self, folder, second, name):
        self.name = name
        super().__init__(folder)
        self.second = second

    def folders(self):
        return [self.folder / "data", self.second, "--copies", "2"]


class SlowFlushes(Nave):
    """Nave that sleeps after every flush."""

    def __init__(self, folder, environment):
        self.name = "slow flushes"
        self.environment = environment
        super().__init__(folder)

    def launch(self, command, **environment):
        super().launch(command, **environment, **self.environment)


def compile_c(folder, name, *options):
    """Compiles a C file beside this one."""
    built = pathlib.Path(folder) / name
    source = pathlib.Path(__file__).with_name(f"{name}.c")
    subprocess.run(["cc", "-O2", *options, "-o", built, source, "-ldl"], check=True)
    return built


def group_commits(program, folder, seconds, *options, environment=None):
    """Records per second of writers that each wait for their own, with nothing else done."""
    result = subprocess.run(
        [program, pathlib.Path(folder) / "bare", str(WRITERS), str(RECORD_BYTES), str(seconds), *options],
        check=True, capture_output=True, text=True, env=os.environ | (environment or {}))
    return float(result.stdout)


def store_puts(folder, seconds):
    """Flushed objects of 4 KiB per second of writers in the process of the engine: what group_commit.c
    does, with digests, an index and all else that an object is, and without a network."""
    with tempfile.TemporaryDirectory(dir=folder) as store:
        result = subprocess.run(
            [REPOSITORY / ".build/release/StorePuts", store, str(WRITERS), str(SIZES[0].byte_count),
             str(seconds)],
            check=True, capture_output=True, text=True)
    return float(result.stdout)


def flush_loop(folder, seconds):
    """Records per second of a loop without writers: what the disk allows."""
    path = pathlib.Path(folder) / "bare"
    record = memoryview(os.urandom(RECORD_BYTES))
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    offset, records = 0, 0
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        offset += os.pwritev(file, [record] * WRITERS, offset)
        os.fdatasync(file)
        records += WRITERS
    elapsed = time.perf_counter() - begun
    os.close(file)
    path.unlink()
    return records / elapsed


def measure_appends(folder, rounds, seconds):
    """Objects of 4 KiB, written in the engine's process and by clients, beside bare group commits, in
    turn."""
    program = compile_c(folder, "group_commit", "-pthread")
    server = Nave(folder)
    server.start()
    loop, growing, preallocated, engine, put = [
        "loop that writes and flushes, no writers", "bare group commit, file grows",
        "bare group commit, file preallocated", "engine, 4 KiB", "PUT 4 KiB"]
    rows = {loop: [], growing: [], preallocated: [], engine: [], put: []}
    try:
        load = Load(server, pathlib.Path(folder) / "targets")
        load.prepare(SIZES[:1])
        for _ in range(rounds):
            rows[loop].append(flush_loop(folder, seconds))
            rows[growing].append(group_commits(program, folder, seconds))
            rows[preallocated].append(group_commits(program, folder, seconds, "preallocated"))
            rows[engine].append(store_puts(folder, seconds))
            result = load.run("PUT", SIZES[0], seconds, connections=WRITERS)
            rows[put].append(result["requests per second"])
    finally:
        server.stop()
    for work, values in rows.items():
        yield [f"{work}, {WRITERS} records at a time", " · ".join(f"{value:,.0f}" for value in values) + " /s", ""]
    medians = {work: statistics.median(values) for work, values in rows.items()}
    for work, name in [(engine, "engine"), (put, "PUT")]:
        for bare in [growing, preallocated]:
            yield [f"{name} ÷ {bare}", f"{medians[work] / medians[bare]:.2f}", "≥ 0.6"]


def measure_slow_flushes(folder, rounds, seconds):
    """PUTs beside bare group commits, both with a sleep after every flush."""
    program = compile_c(folder, "group_commit", "-pthread")
    preloaded = compile_c(folder, "slow_flush", "-shared", "-fPIC")
    for microseconds in FLUSH_DELAYS:
        environment = {
            "LD_PRELOAD": str(preloaded), "FLUSH_DELAY_MICROSECONDS": str(microseconds)}
        commits, puts = [], []
        server = SlowFlushes(folder, environment)
        server.start()
        try:
            load = Load(server, pathlib.Path(folder) / f"targets-{microseconds}")
            load.prepare(SIZES[:1])
            for _ in range(rounds):
                commits.append(group_commits(program, folder, seconds, environment=environment))
                result = load.run("PUT", SIZES[0], seconds, connections=WRITERS)
                puts.append(result["requests per second"])
        finally:
            server.stop()
        shutil.rmtree(server.folder)
        ratio = statistics.median(puts) / statistics.median(commits)
        yield [f"PUT ÷ bare group commit, file grows, flushes {microseconds:,} µs longer",
               f"{ratio:.2f} ({statistics.median(puts):,.0f} ÷ {statistics.median(commits):,.0f} /s)",
               "≥ 0.6"]


def measure_copies(folder, rounds, seconds):
    """One copy beside two on one disk, and two of which the second is in memory: a disk of its own
    that costs nothing, so that what is left is the work of writing twice."""
    rows = {}
    with contextlib.ExitStack() as stack:
        memory = stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm"))
        servers = [
            Nave(folder),
            TwoCopies(folder, pathlib.Path(folder) / "second", "two copies on one disk"),
            TwoCopies(folder, pathlib.Path(memory) / "second", "two copies, the second in memory"),
        ]
        loads = []
        for server in servers:
            server.start()
            stack.callback(server.stop)
            loads.append(Load(server, pathlib.Path(folder) / "targets"))
            loads[-1].prepare(COPIED)
        for _ in range(rounds):
            for size in COPIED:
                for load in loads:
                    result = load.run("PUT", size, seconds)
                    rows.setdefault((size.label, load.server.name), []).append(
                        result["requests per second"])
    for size in COPIED:
        one, *others = (statistics.median(rows[size.label, server.name]) for server in servers)
        for server, value in zip(servers[1:], others):
            yield [f"PUT {size.label}: {server.name} ÷ one copy", f"{value / one:.2f}",
                   "≥ 0.8" if server.second.is_relative_to(memory) else ""]


def start_seconds(server):
    begun = time.perf_counter()
    server.start()
    return time.perf_counter() - begun


def filled(folder, count, body=pattern(1024)):
    server = Nave(folder)
    server.start()
    client(server).create_bucket(Bucket="bench")
    seconds = fill(server, 0, count, body)
    say(f"  {count:,} objects stored in {seconds:,.0f} s")
    return server


def measure_crash(folder, count):
    """Start after the process was killed right after its last answer."""
    server = filled(folder, count)
    values = []
    for _ in range(3):
        fill(server, 0, 10_000, pattern(1024))
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        values.append(start_seconds(server))
    yield [f"start after kill -9, {count:,} objects",
           " · ".join(f"{value:,.2f}" for value in values) + " s", "< 5 s"]
    server.stop()


def measure_rebuild(folder, count):
    server = filled(folder, count)
    server.stop()
    data = server.folder / "data"
    shutil.rmtree(data / "index")
    begun = time.perf_counter()
    subprocess.run([os.environ["NAVE_BINARY"], "rebuild", data], check=True, capture_output=True)
    yield [f"nave rebuild, {count:,} objects", f"{time.perf_counter() - begun:,.1f} s", "< 60 s"]


def measure_growth(folder, grown):
    body = pattern(100)
    server = filled(folder, 10_000, body)
    try:
        small = latencies(server, 10_000, 2000, body)
        fill(server, 10_000, grown, body)
        large = latencies(server, grown, 2000, body)
    finally:
        server.stop()
    for work, value in large.items():
        yield [f"{work} at {grown:,} ÷ at 10,000 objects, one client",
               f"{value / small[work]:.2f} ({value:,.2f} ms, {small[work]:,.2f} ms)", "≤ 1.5"]


def parse():
    parser = argparse.ArgumentParser(description=__doc__, prog="Tests/Benchmarks/engine")
    parser.add_argument("--only", default="", help=f"some of {','.join(WORKS)}")
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (5)")
    parser.add_argument("--seconds", type=int, default=3, help="seconds of a round (3)")
    parser.add_argument("--objects", type=int, default=1_000_000, help="of crash and rebuild")
    parser.add_argument("--grown", type=int, default=10_000_000, help="objects of growth")
    parser.add_argument("--folder", help="where the servers keep their data (a temporary folder)")
    parser.add_argument("--no-report", action="store_true", help="leave the page as it is")
    arguments = parser.parse_args()
    arguments.works = [word for word in arguments.only.split(",") if word] or WORKS
    unknown = set(arguments.works) - set(WORKS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(WORKS)}")
    return arguments


def page(rows, arguments):
    lines = [
        "# Benchmarks of the engine", "",
        f"Made by `Tests/Benchmarks/engine`; medians of {arguments.rounds} alternating rounds of"
        f" {arguments.seconds} s where there are rounds.", "",
        f"- Machine: {report.machine()}", "",
        report.markdown([["quantity", "measured", "to reach"], *rows]), ""]
    return "\n".join(lines)


def main():
    arguments = parse()
    measures = {
        "append": lambda folder: measure_appends(folder, arguments.rounds, arguments.seconds),
        "flushes": lambda folder: measure_slow_flushes(
            folder, arguments.rounds, arguments.seconds),
        "copies": lambda folder: measure_copies(folder, arguments.rounds, arguments.seconds),
        "crash": lambda folder: measure_crash(folder, arguments.objects),
        "rebuild": lambda folder: measure_rebuild(folder, arguments.objects),
        "growth": lambda folder: measure_growth(folder, arguments.grown),
    }
    rows = []
    for work in arguments.works:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            for row in measures[work](folder):
                say("  " + "  ".join(row))
                rows.append(row)
    text = page(rows, arguments)
    say("\n" + text)
    if not arguments.no_report:
        (REPOSITORY / "docs/benchmarks-engine.md").write_text(text)


if __name__ == "__main__":
    main()
