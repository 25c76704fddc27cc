"""Reads and writes of a key are linearizable, also while the server is killed again and again.

Method: threads of S3 clients record what they asked of a few keys and were told; a search then looks
for an order that explains it. The search itself is held against histories whose answer is known and,
for short random ones, against trying every order.
"""

import itertools
import random

import pytest
from history_recorder import BUCKET, Recorder
from linearizability import DELETE, GET, LOST, NEVER, PUT, PUT_NEW, SWAP, Operation
from linearizability import is_linearizable, step
from s3_clients import s3_client
from server_process import ServerProcess

SEED = 31


def put(called, answered, value):
    return Operation(called, answered, PUT, value)


def get(called, answered, found):
    return Operation(called, answered, GET, answer=found)


def lost(called, kind, value=None, expected=None):
    return Operation(called, NEVER, kind, value, LOST, expected)


def put_new(called, answered, value, won):
    return Operation(called, answered, PUT_NEW, value, won)


def swap(called, answered, expected, value, won):
    return Operation(called, answered, SWAP, value, won, expected)


EXPLAINED = {
    "nothing": [],
    "one after the other": [
        put(1, 2, "a"), get(3, 4, "a"), Operation(5, 6, DELETE), get(7, 8, None)],
    "a read beside a write sees either": [
        put(1, 2, "a"), put(3, 9, "b"), get(4, 5, "a"), get(6, 7, "b")],
    "writes at once take effect in either order": [
        put(1, 9, "a"), put(1, 9, "b"), get(10, 11, "a")],
    "one of two winners": [
        put_new(1, 5, "a", True), put_new(2, 6, "b", False), get(7, 8, "a")],
    "a lost write that took effect late": [lost(1, PUT, "a"), get(2, 3, None), get(4, 5, "a")],
    "a lost write that never took effect": [lost(1, PUT, "a"), get(2, 3, None)],
    "a lost write that only shows in a refusal": [lost(1, PUT, "a"), put_new(2, 3, "b", False)],
    "swaps in a row": [put(1, 2, "a"), swap(3, 8, "a", "b", True), swap(4, 7, "b", "c", True)],
}

UNEXPLAINED = {
    "a lost update": [put(1, 2, "a"), get(3, 4, None)],
    "a stale read": [put(1, 2, "a"), put(3, 4, "b"), get(5, 6, "a")],
    "a write that is seen, gone and back": [
        put(1, 2, "a"), put(3, 20, "b"), get(4, 5, "b"), get(6, 7, "a")],
    "a value that nobody wrote": [put(1, 2, "a"), get(3, 4, "b")],
    "a read from the future": [get(1, 2, "a"), put(3, 4, "a")],
    "two winners": [put_new(1, 5, "a", True), put_new(2, 6, "b", True)],
    "no winner": [put_new(1, 5, "a", False), put_new(2, 6, "b", False)],
    "two swaps of one value": [
        put(1, 2, "a"), swap(3, 8, "a", "b", True), swap(4, 7, "a", "c", True)],
    "a deletion undone": [put(1, 2, "a"), Operation(3, 4, DELETE), get(5, 6, "a")],
    "two readers that disagree on the order": [
        put(1, 30, "a"), put(1, 30, "b"), get(2, 3, "a"), get(4, 5, "b"), get(6, 7, "a")],
    "a lost write that took effect twice": [
        lost(1, PUT, "a"), get(2, 3, "a"), put(4, 5, "b"), get(6, 7, "a")],
    "a lost swap against its condition": [put(1, 2, "a"), lost(3, SWAP, "c", "b"), get(4, 5, "c")],
}


@pytest.mark.parametrize("history", EXPLAINED.values(), ids=EXPLAINED)
def test_a_history_with_an_order_is_found_linearizable(history):
    assert is_linearizable(history)


@pytest.mark.parametrize("history", UNEXPLAINED.values(), ids=UNEXPLAINED)
def test_a_history_without_an_order_is_found_not_linearizable(history):
    assert not is_linearizable(history)


def has_order(history):
    """Tries every order of every subset that has all operations which were answered."""
    kept = [each for each in history if not each.is_lost]
    open_ended = [each for each in history if each.is_lost and each.kind != GET]
    for count in range(len(open_ended) + 1):
        for chosen in itertools.combinations(open_ended, count):
            if any(explains(order) for order in itertools.permutations(kept + list(chosen))):
                return True
    return False


def explains(order):
    state = None
    for place, operation in enumerate(order):
        if any(later.answered < operation.called for later in order[place + 1:]):
            return False
        fits, state = step(operation, state)
        if not fits:
            return False
    return True


def random_history(source):
    history = []
    for number in range(source.randint(1, 6)):
        called = source.randint(0, 12)
        kind = source.choice([PUT, PUT_NEW, SWAP, DELETE, GET, GET])
        answer = True
        if kind == GET:
            answer = source.choice([None, "v0", "v1", "v2", "v3"])
        elif kind in (PUT_NEW, SWAP):
            answer = source.random() < 0.6
        answered = called + source.randint(1, 6)
        if source.random() < 0.2:
            answer, answered = LOST, NEVER
        history.append(Operation(
            called, answered, kind, f"v{number}", answer, source.choice(["v0", "v1", "v2"])))
    return history


def test_the_search_agrees_with_trying_every_order():
    source = random.Random(SEED)
    verdicts = {True: 0, False: 0}
    for attempt in range(3000):
        history = random_history(source)
        verdict = is_linearizable(history)
        assert verdict == has_order(history), f"attempt {attempt}: {history}"
        verdicts[verdict] += 1
    assert min(verdicts.values()) > 300, verdicts


def spoiled(history):
    """The history with a read that shows what a later write had replaced."""
    writes = sorted(
        (each for each in history if each.kind == PUT and not each.is_lost),
        key=lambda each: each.called)
    first, last = writes[0], writes[-1]
    assert first.answered < last.called
    return history + [Operation(last.answered + 1, last.answered + 2, GET, answer=first.value)]


def check(histories):
    for key, history in histories.items():
        assert is_linearizable(history), f"seed {SEED}: no order explains {key}"
        # What the search finds in such a history if there is something to find.
        until = [each for each in history if each.called <= last_put(history).called]
        assert not is_linearizable(spoiled(until)), key


def last_put(history):
    return max(
        (each for each in history if each.kind == PUT and not each.is_lost),
        key=lambda each: each.called)


def test_clients_at_once_see_one_variable_per_key(tmp_path):
    with ServerProcess(tmp_path / "data") as server:
        s3_client(server).create_bucket(Bucket=BUCKET)
        recorder = Recorder(server, SEED, threads=8)
        try:
            recorder.wait_for(1500)
        finally:
            histories = recorder.end()
    check(histories)


@pytest.mark.parametrize("folders", [1, 2])
def test_clients_see_one_variable_per_key_although_the_server_is_killed(tmp_path, folders):
    options = [] if folders == 1 else [str(tmp_path / "second"), "--copies", "2"]
    server = ServerProcess(tmp_path / "data", options=options).start()
    # The next ones take the same port, so that clients find them.
    server.listen = server.endpoint.split("//")[1]
    s3_client(server).create_bucket(Bucket=BUCKET)
    recorder = Recorder(server, SEED, threads=6)
    try:
        for attempt in range(4):
            recorder.wait_for(250)
            # Every client asks a server that is gone once; later ones only if they are under way, since
            # each answer that is lost makes the search longer.
            if attempt > 0:
                recorder.is_up.clear()
            server.kill()
            recorder.is_up.clear()
            server.start()
            recorder.is_up.set()
        recorder.wait_for(250)
    finally:
        histories = recorder.end()
        server.stop()
    lost_count = sum(each.is_lost for history in histories.values() for each in history)
    assert lost_count > 0, "no kill met an operation under way"
    check(histories)
