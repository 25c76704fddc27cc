"""Workers that fail, die, are interrupted or left behind: an exception, and nothing remains."""

import gc
import multiprocessing
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
import training_stubs as stubs

import hub
from hub.training.memory import SharedMemory
from hub.training.processes import RemoteTraceback, WorkerError

METHODS = ["fork", "spawn", "forkserver"]
FOLDER = pathlib.Path(__file__).parent
WATCHDOG_SECONDS = 30


@pytest.fixture(autouse=True)
def watchdog():
    """Ends a test that hangs, instead of waiting for ever."""
    def hang(number, frame):
        raise TimeoutError(f"no end after {WATCHDOG_SECONDS} s")

    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(WATCHDOG_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def nothing_remains():
    """No worker, and no descriptor of shared memory; it has no name that could remain."""
    def shared_descriptors():
        found = 0
        for one in os.listdir("/proc/self/fd"):
            try:
                found += "hub-loader" in os.readlink(f"/proc/self/fd/{one}")
            except FileNotFoundError:
                pass
        return found

    yield
    gc.collect()
    assert multiprocessing.active_children() == []
    assert shared_descriptors() == 0


def is_alive(process):
    try:
        state = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until_gone(processes, seconds=10):
    deadline = time.monotonic() + seconds
    while any(map(is_alive, processes)):
        assert time.monotonic() < deadline, f"still there: {list(filter(is_alive, processes))}"
        time.sleep(0.05)


@pytest.mark.parametrize("start", METHODS)
def test_an_exception_in_a_transform_is_raised_here_with_its_traceback(start, nothing_remains):
    loader = stubs.dataset(100, transform=stubs.fail_at_50).loader(10, workers=2, start=start)
    seen = []
    with pytest.raises(KeyError, match="sample fifty is bad") as caught:
        for batch in loader:
            seen += batch.tolist()
    assert seen == list(range(50))
    assert isinstance(caught.value.__cause__, RemoteTraceback)
    assert "in fail_at_50" in str(caught.value.__cause__)
    assert "sample 50 of data set 0" in "".join(caught.value.__notes__)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_exception_in_this_process_is_itself(workers):
    loader = stubs.dataset(100, transform=stubs.fail_at_50).loader(
        10, workers=workers, start="thread")
    with pytest.raises(KeyError, match="fifty") as caught:
        list(loader)
    assert any(entry.name == "fail_at_50" for entry in caught.traceback)


def test_an_exception_that_cannot_travel_comes_as_text(nothing_remains):
    loader = stubs.dataset(10, transform=stubs.fail_badly).loader(5, workers=1, start="fork")
    with pytest.raises(WorkerError, match="one and two") as caught:
        list(loader)
    assert "in fail_badly" in str(caught.value.__cause__)


def test_a_result_that_cannot_travel_is_an_exception(nothing_remains):
    loader = stubs.dataset(10, transform=stubs.unpicklable_result).loader(
        5, workers=1, start="fork")
    with pytest.raises(TypeError, match="pickle"):
        list(loader)


def test_a_transform_that_exits_does_not_end_this_process(nothing_remains):
    loader = stubs.dataset(10, transform=stubs.raise_exit).loader(5, workers=1, start="fork")
    with pytest.raises(WorkerError, match="wants to end it all"):
        list(loader)


@pytest.mark.parametrize("start", METHODS)
@pytest.mark.parametrize("transform, text", [
    (stubs.exit_process, "exit code 3"), (stubs.kill_process, "SIGKILL.*memory")])
def test_a_worker_that_dies_is_an_exception(start, transform, text, nothing_remains):
    loader = stubs.dataset(100, transform=transform).loader(10, workers=2, start=start)
    begun = time.monotonic()
    with pytest.raises(WorkerError, match=text):
        list(loader)
    assert time.monotonic() - begun < WATCHDOG_SECONDS / 2


def test_a_worker_that_is_killed_while_it_waits_is_noticed(nothing_remains):
    data = stubs.dataset(1000, transform=stubs.process_of)
    loader = data.loader(10, workers=2, start="fork")
    batches = iter(loader)
    victim = int(next(batches)[0])
    os.kill(victim, signal.SIGKILL)
    with pytest.raises(WorkerError, match=rf"process {victim}.*SIGKILL"):
        list(batches)
    # And the loader can be used again.
    assert len(list(loader)) == 100
    loader.close()


@pytest.mark.parametrize("start", METHODS)
def test_a_chunk_that_cannot_be_read_is_an_exception(start, nothing_remains):
    loader = stubs.dataset(100, fails_at=55).loader(10, workers=2, start=start)
    with pytest.raises(OSError, match="55.*cannot be had"):
        list(loader)


def test_shapes_that_differ_say_what_to_do():
    with pytest.raises(hub.Invalid, match=r"\(1,\) and \(2,\) and \(3,\).*collate="):
        list(stubs.dataset(10, transform=stubs.ragged).loader(5))


def test_what_cannot_be_sent_says_what_to_do(nothing_remains):
    loader = stubs.dataset(10, transform=lambda sample: sample).loader(5, workers=2, start="spawn")
    with pytest.raises(hub.Invalid, match='(?s)lambda.*start="fork"'):
        list(loader)
    with pytest.raises(hub.Invalid, match="function of one sample"):
        stubs.dataset(10, transform=3)


@pytest.mark.parametrize("start", METHODS)
def test_nothing_remains_after_break_close_and_end(start, nothing_remains):
    data = stubs.dataset(500, transform=stubs.process_of)
    workers = set()
    for batch in data.loader(10, workers=2, start=start):
        workers |= set(batch.tolist())
        break
    wait_until_gone(workers)

    with data.loader(10, workers=2, start=start) as loader:
        first = {int(one) for batch in loader for one in batch}
        assert all(map(is_alive, first))
        second = {int(one) for batch in loader for one in batch}
        assert first == second and len(first) == 2
    wait_until_gone(first)

    loader = data.loader(10, workers=2, start=start)
    kept = [batch for batch in loader]
    workers = {int(one) for batch in kept for one in batch}
    del loader, batch, kept
    gc.collect()
    wait_until_gone(workers)


@pytest.mark.parametrize("start", METHODS)
def test_shared_memory_has_no_name(start):
    """So it takes no room in /dev/shm, which is small in containers, and none can be left there."""
    def named(process):
        maps = pathlib.Path(f"/proc/{process}/maps").read_text()
        return {line.split()[-1] for line in maps.splitlines() if "/dev/shm/" in line}

    before = named("self")
    with stubs.dataset(100, transform=stubs.process_of).loader(
            10, workers=2, start=start) as loader:
        workers = {int(one) for batch in loader for one in batch}
        assert workers and all("memfd:hub-loader" in pathlib.Path(f"/proc/{one}/maps").read_text()
                               for one in workers)
        assert not named("self") - before
        assert not set().union(*map(named, workers)) - before


def test_threads_end_with_the_loader():
    def names():
        return {one.name for one in threading.enumerate() if one.name.startswith("hub-loader")}

    loader = stubs.dataset(100).loader(10, workers=3, start="thread")
    list(loader)
    assert len(names()) == 3
    loader.close()
    for batch in stubs.dataset(100).loader(10, workers=3, start="thread"):
        break
    del batch
    gc.collect()
    deadline = time.monotonic() + 10
    while names():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def run_script(text, *, interrupt_after=None, kill_after=None):
    """Runs a script in a process group of its own, and returns it and its first line of output."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(FOLDER)})
    first = process.stdout.readline()
    if interrupt_after:
        # As a terminal does it: to the whole group.
        os.killpg(process.pid, signal.SIGINT)
    if kill_after:
        process.kill()
    output, errors = process.communicate(timeout=WATCHDOG_SECONDS)
    return process, first + output, errors


LONG_EPOCH = """
    import hub.training.order, training_stubs as stubs
    if __name__ == "__main__":
        data = stubs.dataset(100000, transform=stubs.process_of, seconds_per_chunk=0.001)
        workers = set()
        shuffle = hub.training.order.Shuffle(block=800)
        for batch in data.loader(10, workers=2, start={start!r}, shuffle=shuffle):
            workers |= set(batch.tolist())
            if len(workers) == 2:
                print(*workers, flush=True)
                workers.add(0)
"""


@pytest.mark.parametrize("start", METHODS)
def test_ctrl_c_ends_all(start):
    process, output, errors = run_script(LONG_EPOCH.format(start=start), interrupt_after=True)
    assert "KeyboardInterrupt" in errors and process.returncode != 0
    assert errors.count("Traceback") == 1, errors
    assert "leaked" not in errors
    wait_until_gone([int(one) for one in output.split()])


@pytest.mark.parametrize("workers", [0, 2])
def test_ctrl_c_ends_a_loader_without_processes(workers):
    process, _, errors = run_script(f"""
        import hub.training.order, training_stubs as stubs
        data = stubs.dataset(100000, transform=stubs.slow, seconds_per_chunk=0.001)
        shuffle = hub.training.order.Shuffle(block=800)
        for batch in data.loader(10, workers={workers}, start="thread", shuffle=shuffle):
            print("a batch", flush=True)
    """, interrupt_after=True)
    assert "KeyboardInterrupt" in errors and process.returncode != 0


@pytest.mark.parametrize("start", METHODS)
def test_workers_end_when_their_parent_is_killed(start, nothing_remains):
    process, output, _ = run_script(LONG_EPOCH.format(start=start), kill_after=True)
    assert process.returncode == -signal.SIGKILL
    workers = [int(one) for one in output.split()]
    assert len(workers) == 2
    wait_until_gone(workers)


def test_a_script_without_a_guard_is_told_so(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import training_stubs as stubs\n"
        "list(stubs.dataset(10).loader(5, workers=1, start='spawn'))\n")
    run = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=WATCHDOG_SECONDS,
        env=os.environ | {"PYTHONPATH": str(FOLDER)})
    assert run.returncode == 1
    assert 'under `if __name__ == "__main__":`' in run.stderr


def test_other_processes_do_not_keep_workers_alive(nothing_remains):
    """A fork of this process, which has copies of all pipes, neither ends nor keeps the workers."""
    loader = stubs.dataset(100, transform=stubs.process_of).loader(10, workers=1, start="fork")
    batches = iter(loader)
    worker = int(next(batches)[0])
    child = os.fork()
    if not child:
        del batches, loader
        gc.collect()
        os._exit(0)
    os.waitpid(child, 0)
    assert is_alive(worker)
    assert len(list(batches)) == 9
    loader.close()
    wait_until_gone([worker])


def test_shared_memory_grows_and_keeps_what_is_read():
    memory = SharedMemory(10)
    before = memory.array((10,), np.dtype("u1"))
    before[...] = 7
    larger = memory.array((100_000,), np.dtype("f8"), 64)
    larger[...] = 1.5
    assert (before == 7).all() and (larger == 1.5).all()
    del memory
    gc.collect()
    assert (before == 7).all() and (larger == 1.5).all()
