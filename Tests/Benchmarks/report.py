"""The table of a benchmark, and the page that it is kept on."""

import os
import pathlib
import platform
import re
import statistics

NAMES = ["Nave", "SeaweedFS", "nginx"]
# What the issue of the first release asks for: work, compared with, at least this ratio.
TARGETS = {
    ("GET 4 KiB", "nginx"): 0.5, ("GET 4 KiB", "SeaweedFS"): 6.0, ("GET 12 MiB", "nginx"): 1.0,
    ("PUT 4 KiB", "SeaweedFS"): 3.0, ("PUT 12 MiB", "SeaweedFS"): 4.0,
}
LIMITS = {
    "start to first PUT answered": (0.150, "s"), "stop when idle": (0.100, "s"),
    "resident when idle": (40 << 20, "bytes"),
    "resident under 64 reads of 12 MiB": (250 << 20, "bytes"),
    "resident under 64 writes of 12 MiB": (250 << 20, "bytes"),
}


def rate_text(work, value):
    if "MiB" in work and value is not None:
        return f"{value * (12 << 20) / 1e6:,.0f} MB/s"
    return "–" if value is None else f"{value:,.0f} /s"


def single_text(value, unit):
    if value is None:
        return "–"
    return f"{value * 1000:,.0f} ms" if unit == "s" else f"{value / (1 << 20):,.0f} MiB"


def median(rounds, name):
    values = [one["requests per second"] for one in rounds.get(name, [])]
    return statistics.median(values) if values else None


def ratio_text(work, other, mine, theirs):
    if not mine or not theirs:
        return "–"
    ratio, target = mine / theirs, TARGETS.get((work, other))
    if target is None:
        return f"{ratio:.2f}"
    return f"{ratio:.2f} ({'reaches' if ratio >= target else 'misses'} {target})"


def rate_rows(measured):
    """Lines of the table of rates: medians, ratios to the others, CPU time of a request."""
    yield ["work", *NAMES, "÷ SeaweedFS", "÷ nginx", "CPU µs per request, Nave · SeaweedFS · nginx"]
    for work, rounds in measured.items():
        values = {name: median(rounds, name) for name in NAMES}
        cpu = []
        for name in NAMES:
            used = [one["cpu seconds per request"] for one in rounds.get(name, [])]
            cpu.append(f"{statistics.median(used) * 1e6:,.0f}" if used else "–")
        yield [
            work, *[rate_text(work, values[name]) for name in NAMES],
            ratio_text(work, "SeaweedFS", values["Nave"], values["SeaweedFS"]),
            ratio_text(work, "nginx", values["Nave"], values["nginx"]), " · ".join(cpu)]


def single_rows(singles):
    """Lines of the table of times and memory."""
    yield ["quantity", "Nave", "SeaweedFS", "to reach"]
    for quantity, (limit, unit) in LIMITS.items():
        values = singles.get(quantity)
        if values:
            yield [
                quantity, *[single_text(values.get(name), unit) for name in NAMES[:2]],
                f"≤ {single_text(limit, unit)}"]


def markdown(rows):
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def machine():
    """The machine in general terms."""
    model = re.search(r"model name\s*:\s*(.+)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return (
        f"{os.cpu_count()} cores of {model.group(1).strip() if model else platform.machine()}, "
        f"{int(memory.group(1)) >> 20} GiB of memory, Linux {platform.release().split('-')[0]}")


PAGE = """# Benchmarks

Made by `Tests/Benchmarks/run{options}`: medians of {rounds} alternating rounds of {seconds} s, one wrk thread with
16 connections over presigned URLs on the loopback interface; load and servers share the machine's
cores. Nave flushes every PUT to the disk before it answers and verifies a checksum over every byte it
sends; SeaweedFS does not flush, nginx sends plain files with sendfile and takes no PUT.

- Machine: {machine}
- Versions: {versions}

{rates}

{singles}

Every round of the rates, in requests per second:

{all_rounds}
"""


def all_rounds(measured):
    yield ["work", "server", "rounds"]
    for work, rounds in measured.items():
        for name in NAMES:
            if name in rounds:
                values = [f"{one['requests per second']:,.0f}" for one in rounds[name]]
                yield [work, name, " · ".join(values)]


def page(measured, singles, versions, options, rounds, seconds):
    return PAGE.format(
        options=options, rounds=rounds, seconds=seconds, machine=machine(),
        versions=", ".join(f"{name} {version}" for name, version in versions.items()),
        rates=markdown(rate_rows(measured)) if measured else "",
        singles=markdown(single_rows(singles)) if singles else "",
        all_rounds=markdown(all_rounds(measured)) if measured else "")
