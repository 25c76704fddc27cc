"""Worker processes: how they start, are told what to do, and end with their parent or before."""

from __future__ import annotations

import itertools
import multiprocessing
import multiprocessing.connection
import os
import pickle
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from typing import Any

from hub.errors import HubError, Invalid
from hub.training.column import Column
from hub.training.crew import Result
from hub.training.memory import Memory, SharedMemory
from hub.training.work import Task, Trade, Workbench

STOP_SECONDS_MAX = 2.0
PARENT_CHECK_SECONDS = 1.0
METHODS = ("fork", "spawn", "forkserver")


class WorkerError(HubError, RuntimeError):
    """A worker process of a loader ended, or raised what cannot be brought to this process."""


class RemoteTraceback(Exception):
    """The traceback of an exception in the worker process that it comes from."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text}"""'


class Processes:
    """Worker processes, each with a pipe of its own, so that none can hold up another by dying.

    They end with `close`, and by themselves within seconds if this process is gone. They ignore
    Ctrl-C, which the terminal sends to all: this process gets it and ends them.
    """

    def __init__(
        self, trade: Trade, ring_bytes: int, outputs: int, workers: int, method: str
    ) -> None:
        self.ring: Memory = SharedMemory(ring_bytes)
        self.outputs: Sequence[Memory] = [SharedMemory(1) for _ in range(outputs)]
        self._processes: list[Any] = []
        self._pipes: list[Any] = []
        self._under_way: list[int] = []
        self._doers: dict[int, int] = {}
        self._owner = os.getpid()
        context = multiprocessing.get_context(method)
        if method == "forkserver":
            # Imported once, in the server, which all workers are then copies of.
            context.set_forkserver_preload(["__main__", "hub.training.processes", "hub.chunks"])
        try:
            for number in range(workers):
                self._start(context, number, (trade, self.ring, self.outputs))
        except BaseException:
            self.close()
            raise

    def _start(self, context: Any, number: int, orders: tuple[Any, ...]) -> None:
        ours, theirs = context.Pipe()
        # A forked worker has copies of the pipes of those before it, and must not keep them open.
        others = [*self._pipes, ours] if context.get_start_method() == "fork" else []
        process = context.Process(
            target=_main, args=(theirs, others, *orders), name=f"hub-loader-{number}", daemon=True)
        try:
            process.start()
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            ours.close()
            raise _cannot_travel(error) from error
        finally:
            theirs.close()
        self._processes.append(process)
        self._pipes.append(ours)
        self._under_way.append(0)

    def change(self, columns: Sequence[tuple[Column, int]]) -> None:
        for number in range(len(self._pipes)):
            self._send(number, columns)

    def submit(self, task: Task) -> None:
        number = min(range(len(self._pipes)), key=self._under_way.__getitem__)
        self._under_way[number] += 1
        self._doers[task.number] = number
        self._send(number, task)

    def _send(self, number: int, message: Any) -> None:
        try:
            self._pipes[number].send(message)
        except (BrokenPipeError, ConnectionResetError):
            raise self._death_of(number) from None

    def result(self) -> Result:
        sentinels = {process.sentinel: i for i, process in enumerate(self._processes)}
        pipes = {pipe: i for i, pipe in enumerate(self._pipes)}
        ready = multiprocessing.connection.wait([*pipes, *sentinels])
        # What a worker sent before it ended is heard first.
        for pipe in ready:
            if pipe in pipes:
                return self._received(pipes[pipe], pipe)
        raise self._death_of(sentinels[ready[0]])

    def _received(self, number: int, pipe: Any) -> Result:
        try:
            task, value, error = pipe.recv()
        except (EOFError, ConnectionResetError):
            raise self._death_of(number) from None
        self._under_way[self._doers.pop(task)] -= 1
        return task, value, None if error is None else _restored(*error)

    def _death_of(self, number: int) -> WorkerError:
        process = self._processes[number]
        process.join(STOP_SECONDS_MAX)
        code = process.exitcode
        hint = "Look for its last words above."
        if code is not None and code < 0:
            how = f"was ended by {signal.Signals(-code).name}"
            if code == -signal.SIGKILL:
                hint = "If it was for lack of memory, use fewer workers or a smaller block."
        else:
            how = f"ended with exit code {code}"
            hint += (
                ' A script that starts workers does so under `if __name__ == "__main__":`; what is'
                ' defined in a notebook needs start="fork" or start="thread".')
        return WorkerError(f"Worker {number} of the loader (process {process.pid}) {how}.",
                           hint=hint)

    def close(self) -> None:
        if os.getpid() != self._owner:
            return
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS_MAX
        for process in self._processes:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.exitcode is None:
                process.kill()
                process.join()
            process.close()
        self._processes, self._pipes = [], []


def _main(
    pipe: Any, others: Sequence[Any], trade: Trade, ring: Memory, outputs: Sequence[Memory]
) -> None:
    """What a worker process runs until it is told to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for other in others:
        other.close()
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    if torch := sys.modules.get("torch"):
        # One of many processes; and threads of OpenMP do not outlive a fork.
        torch.set_num_threads(1)
    tasks: queue.PriorityQueue[tuple[int, int, Any]] = queue.PriorityQueue()
    threading.Thread(target=_listen, args=(pipe, tasks), daemon=True).start()
    bench = Workbench(trade, ring, outputs)
    while True:
        _, _, message = tasks.get()
        if isinstance(message, list):
            bench.change(message)
            continue
        _answer(pipe, message, bench)


def _answer(pipe: Any, task: Task, bench: Workbench) -> None:
    """Does a task, and sends what it gives or what went wrong."""
    value, failure = None, None
    try:
        value = bench.run(task)
    except BaseException as error:
        failure = _portable(error)
    try:
        pipe.send((task.number, value, failure))
    except OSError:
        os._exit(0)
    except Exception as error:
        # What the transform gave cannot be pickled; nothing of it was sent.
        pipe.send((task.number, None, _portable(error)))


def _listen(pipe: Any, tasks: Any) -> None:
    """Takes tasks out of the pipe at once, so that the parent never waits to send one."""
    for sequence in itertools.count():
        try:
            message = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)
        tasks.put((getattr(message, "priority", -1), sequence, message))


def _end_with_parent(parent: int) -> None:
    """Ends this process when its parent is gone, even if somebody else holds the pipe open."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os._exit(0)


def _portable(error: BaseException) -> tuple[bytes | None, str, str]:
    """An exception as bytes that this module can read back, if any, its words, its traceback."""
    words = f"{type(error).__name__}: {error}"
    text = "".join(traceback.format_exception(error))
    try:
        raw = pickle.dumps(error)
        pickle.loads(raw)
    except Exception:
        return None, words, text
    return raw, words, text


def _restored(raw: bytes | None, words: str, text: str) -> BaseException:
    error: BaseException | None = None
    if raw is not None:
        try:
            error = pickle.loads(raw)
        except Exception:
            error = None
    if not isinstance(error, Exception):
        # Also for SystemExit and its like, which must not end this process.
        error = WorkerError(f"A worker of the loader failed: {words}.")
    error.__cause__ = RemoteTraceback(text)
    return error


def _cannot_travel(error: BaseException) -> Invalid:
    return Invalid(
        f"The data set cannot be sent to a worker process: {error}.",
        hint="Define transform and collate at the top of a module, or use"
             ' start="fork" or start="thread".')
