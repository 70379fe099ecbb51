"""All orders of the calls of two invocations, from one remembered world.

A thread cannot be taken back, so each order is played from the beginning. Whoever comes to a state that was there
before (the same world, and both invocations with the same answers behind them) stops: its future is known. Only calls
that share something are moments of choice: DynamoDB, Lambda, and Neptune's training jobs. S3 and data processing do not
change meanwhile.

A kill needs no order of its own. An invocation that is killed before a call, or after the one before it, does nothing
more, and the other one goes to its end: so what such a kill leaves is the world in which one is over and the other
stands there.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from tests.world.actors import Actor, Actors
from tests.world.calls import Call, Watcher
from tests.world.memory import Remembered, without_ids
from tests.world.world import World

SHARED = ("dynamodb", "neptunedata", "lambda")
CONSTANT = ("GetMLDataProcessingJob",)
RETURN = Call("lambda", "Return", "before", {})


class Turns(Actors):
    """Stops an actor before each call that shares something, and keeps what all of its calls have told it."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, str] = {}

    def __call__(self, call: Call) -> None:
        if call.service not in SHARED or call.operation in CONSTANT:
            return
        if call.moment == "before":
            super().__call__(call)
        answer = {name: value for name, value in call.parameters.items() if name != "ResponseMetadata"}
        what = f"{call} {answer}" if call.moment == "after" else str(call)
        for actor in self.acting:
            if actor.is_here():
                self.told[actor.name] = hashed(self.told.get(actor.name, ""), what)


class Invocation(NamedTuple):
    """One of the two. It calls what it is given when its handler has returned."""

    name: str
    seconds: float
    run: Callable[[World, Callable[[], None]], object]


class State(NamedTuple):
    """A moment of an order: who can go on, and who has gone until then."""

    key: str
    choices: tuple[int, ...]
    gone: tuple[int, ...]


@dataclass
class Exploration:
    """Plays the orders of two invocations, depth first. `fault` befalls their calls, `check` looks at each state.

    Afterwards `states` has what follows each state, and `left` the worlds in which nobody is left to go on.
    """

    world: World
    two: tuple[Invocation, Invocation]
    fault: Watcher
    check: Callable[[], None]
    states: dict[str, set[str]] = field(default_factory=dict)
    left: dict[str, Remembered] = field(default_factory=dict)
    histories: int = 0
    orders: int = 0

    def run(self) -> None:
        self.beginning = self.world.remember()
        can_go_on: dict[str, int] = {}
        todo: list[tuple[int, ...]] = [()]
        while todo:
            order, before = todo.pop(), None
            self.orders += 1
            for state in self.play(order):
                if before is not None:
                    self.states[before].add(state.key)
                known, before = state.key in self.states, state.key
                if known and len(state.gone) >= len(order):
                    break  # from here on it is as it was before
                if not known:
                    self.states[state.key], can_go_on[state.key] = set(), len(state.choices)
                    todo += [(*state.gone, choice) for choice in state.choices[1:]]
        self.histories = self.count(can_go_on)

    def count(self, can_go_on: dict[str, int]) -> int:
        """Count the orders to an end, each without a kill, or with one of whoever could have gone on."""
        counted: dict[str, int] = {}
        todo = [next(iter(self.states))]
        while todo:
            state = todo[-1]
            unknown = self.states[state] - counted.keys()
            if not unknown:
                counted[state] = sum(counted[each] for each in self.states[state]) + max(can_go_on[state], 1)
                todo.pop()
            todo += unknown
        return counted[next(iter(self.states))]

    def play(self, order: tuple[int, ...]) -> Iterator[State]:
        """Follow an order and go on from there; yield the states from the one before its last choice."""
        self.world.go_back(self.beginning)
        turns = Turns()
        with self.world.watched(turns), self.world.watched(self.fault):
            actors = turns.acting = [self.actor(number, turns) for number in range(2)]
            try:
                gone: tuple[int, ...] = ()
                while True:
                    choices = tuple(number for number, actor in enumerate(actors) if not actor.over)
                    if len(gone) >= len(order) - 1:
                        yield self.state(turns, choices, gone)
                    if not choices:
                        return
                    choice = order[len(gone)] if len(gone) < len(order) else choices[0]
                    actors[choice].go()
                    gone = (*gone, choice)
                    for actor in actors:  # Lambda ends what has reached its deadline
                        if not actor.over and actor.deadline <= self.world.clock.now():
                            actor.kill()
            finally:
                for actor in actors:
                    actor.kill()

    def actor(self, number: int, turns: Turns) -> Actor:
        name, seconds, run = self.two[number]
        ends = self.world.clock.now() + timedelta(seconds=seconds)
        return Actor(f"{number} {name}", ends, lambda: bool(run(self.world, lambda: turns(RETURN))))

    def state(self, turns: Turns, choices: tuple[int, ...], gone: tuple[int, ...]) -> State:
        world = self.world.fingerprint()
        stand = [(each.over, str(each.at), turns.told.get(each.name)) for each in turns.acting]
        key = hashed(world, str(stand))
        if key not in self.states:
            self.check()
            if len(choices) < 2 and world not in self.left:
                self.left[world] = self.world.remember()
        return State(key, choices, gone)


def hashed(*texts: str) -> str:
    return hashlib.sha256(without_ids("\n".join(texts)).encode()).hexdigest()
