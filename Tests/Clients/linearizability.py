"""Whether a recorded history of one key has an order in which one client after another explains it.

An operation takes effect at one moment between its call and its answer. One whose answer was lost takes
effect at any moment after its call, or never. The history is linearizable if moments can be chosen so
that every answer is the one that a single variable would have given.

The search is that of Wing and Gong with the cache of Lowe, as in Porcupine: take any operation that may be
next, go back when none fits, and never visit the same set of operations with the same value twice.

Source: Wing, Gong, "Testing and verifying concurrent objects", J. Parallel Distrib. Comput. 17, 1993;
Lowe, "Testing for linearizability", Concurrency Computat.: Pract. Exper. 29, 2017.
"""

from dataclasses import dataclass
from typing import Any

PUT, PUT_NEW, SWAP, DELETE, GET = "put", "put if absent", "put if match", "delete", "get"
NEVER = float("inf")
LOST = "lost"


@dataclass(frozen=True)
class Operation:
    """What one client asked of the key and was told; `value` is what it wrote.

    `answer` is True or False of a conditional write, the value found of a read (None if there was none),
    True of other writes, and LOST if there was none. A read whose answer was lost says nothing.
    """

    called: float
    answered: float
    kind: str
    value: Any = None
    answer: Any = True
    expected: Any = None

    @property
    def is_lost(self):
        return self.answer == LOST


def step(operation, state):
    """Whether the operation may take effect on a state, and the state after it."""
    kind, answer = operation.kind, operation.answer
    if kind == GET:
        return answer == state, state
    if kind == PUT:
        return True, operation.value
    if kind == DELETE:
        return True, None
    holds = state is None if kind == PUT_NEW else state == operation.expected
    if operation.is_lost:
        return holds, operation.value
    return answer == holds, operation.value if holds else state


def is_linearizable(history, initial=None):
    """Whether an order explains the history of one key, whose value was `initial` before."""
    operations = sorted(
        (each for each in history if not (each.kind == GET and each.is_lost)),
        key=lambda each: each.called)
    required = sum(1 << number for number, each in enumerate(operations) if not each.is_lost)
    seen = {(0, initial)}
    path = [(0, initial, candidates(operations, 0))]
    while path:
        done, state, rest = path[-1]
        if done & required == required:
            return True
        for number in rest:
            fits, after = step(operations[number], state)
            place = (done | 1 << number, after)
            if fits and place not in seen:
                seen.add(place)
                path.append((*place, candidates(operations, place[0])))
                break
        else:
            path.pop()
    return False


def candidates(operations, done):
    """The numbers of those that may be next: nothing that is left was answered before their call.

    Those that were answered come first, in the order of their answers; a lost one is rarely needed.
    """
    first_answer = NEVER
    found = []
    number = (~done & (done + 1)).bit_length() - 1
    while number < len(operations) and operations[number].called <= first_answer:
        if not done >> number & 1:
            found.append(number)
            if not operations[number].is_lost:
                first_answer = min(first_answer, operations[number].answered)
        number += 1
    found = [each for each in found if operations[each].called <= first_answer]
    return iter(sorted(found, key=lambda each: (
        operations[each].is_lost, operations[each].answered)))
