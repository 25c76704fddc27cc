"""Progress of long work: one line that is rewritten on a terminal, only the last one elsewhere."""

import sys


def show(text, done, total, unit):
    """Shows how far something is."""
    line = f"      {text}: {done} of {total} {unit}"
    if sys.stdout.isatty():
        print(f"\r{line}", end="" if done < total else "\n", flush=True)
    elif done >= total:
        print(line, flush=True)
