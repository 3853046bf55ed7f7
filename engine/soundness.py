"""Whether every run comes to its end (tính đúng đắn): no join waits for ever, no step runs twice.

The token game of each scope of a graph is played through: sub-processes count as one step, steps
one behind another as one flow, and where more than two tokens lie on a flow, as two. A diagram with
more markings than may be looked at is told to be undecided, never to be sound.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

from engine.finding import Finding, Severity
from engine.graph import Flow, Graph, Place
from engine.unfolding import WAITS

#: how many markings of one diagram are looked at
MOST_MARKINGS = 1_000
#: an inclusive gateway with more ways out opens them singly, in pairs or all
_ALL_SUBSETS = 4
#: what a merge must lead to before doing it twice is worth a word
_ACTS = WAITS | {"scriptTask", "sendTask", "callActivity", "subProcess"}

#: gateways that may wait for several tokens
_GATHER = frozenset({"parallelGateway", "inclusiveGateway"})

Marking = tuple[int, ...]


def check_soundness(graph: Graph, severity: Severity) -> Iterator[Finding]:
    """Return the joins that may wait for ever, of that severity, and what may be done twice."""
    left = MOST_MARKINGS
    scopes: dict[str, dict[str, Place]] = {}
    for key, place in graph.places.items():
        if place.within:
            scopes.setdefault(place.within, {})[key] = place
    seen: set[tuple[str, ...]] = set()
    for scope, places in scopes.items():
        drawn = tuple(place.element for place in places.values())
        if drawn in seen:  # a process that is called once more
            continue
        seen.add(drawn)
        net = _Net(graph, scope, places)
        game = _Play(net).run(left)
        left -= game.looked_at
        where = graph.places[scope].element
        yield from (_stuck(net, join, flow, severity) for join, flow in game.stuck.items())
        yield from (_twice(net, merge) for merge in game.twice)
        if not game.is_complete:
            yield Finding(
                Severity.INFO, where, "undecided",
                "Sơ đồ có quá nhiều nhánh song song nên chưa kiểm tra hết được việc các nhánh có "
                "luôn kết thúc hay không. Chia thành các quy trình con để kiểm tra được hết.",
                "There are too many parallel branches to say whether all of them always end. "
                "Split the diagram into sub-processes to have it checked.",
            )  # fmt: skip
            return


@dataclass(slots=True)
class _Game:
    """What playing a scope found: joins that wait, with a flow they got; merges met by two."""

    stuck: dict[str, Flow] = field(default_factory=dict)
    twice: dict[str, None] = field(default_factory=dict)
    looked_at: int = 0
    is_complete: bool = True


class _Net:
    """The places of one scope and what moves a token from one to others, as few as will do.

    Where one token passes alone nothing is to be played: a choice and the merge behind it, a circle
    back to itself, one step behind another become one place.
    """

    def __init__(self, graph: Graph, scope: str, places: dict[str, Place]) -> None:
        self.graph = graph
        self.inside = {
            k: p for k, p in places.items() if p.event != "trigger" and not k.endswith("*")
        }  # fmt: skip
        # what lies inside a step was left out: here it is gone through at once
        whole = {(k, f"{k}.") for k in self.inside if f"{k}." in self.inside}
        flows = [f for f in graph.after[scope] if f.target in self.inside]
        begun = len(flows)
        flows += [
            f for k in self.inside for f in graph.after[k]
            if f.target in self.inside and (f.source, f.target) not in whole
        ]  # fmt: skip
        flows += [Flow(source, target) for source, target in sorted(whole)]
        self.flows = flows
        self.target = [flow.target for flow in flows]
        self.into: dict[str, list[int]] = {k: [] for k in self.inside}
        self.out: dict[str, list[int]] = {k: [] for k in self.inside}
        for number, flow in enumerate(flows):
            self.into[flow.target].append(number)
            self.out.get(flow.source, []).append(number)
        self.told = {k: k for k in self.inside}
        self._fuse()
        self.merges = [
            k for k, p in self.inside.items()
            if p.kind not in _GATHER and len(self.into[k]) > 1 and self._acts(self.told[k])
        ]  # fmt: skip
        self.decisive = self._decisive()
        self.entries = {self.mattering((n,)) for n in range(begun)}

    def _passes(self, key: str) -> bool:
        """Whether one token goes on from here by one of the flows out."""
        place = self.inside[key]
        if place.kind in _GATHER and (len(self.into[key]) > 1 or len(self.out[key]) > 1):
            return False
        return not _ends_all(place) and not any(self.flows[n].aside for n in self.out[key])

    def _fuse(self) -> None:
        todo = list(self.inside)
        while todo:
            key = todo.pop()
            if key not in self.inside or not self._passes(key):
                continue
            ways: dict[str, int] = {}
            for number in list(self.out[key]):  # back to itself, or a second way to the same place
                after = self.target[number]
                if after == key or (after in ways and self._passes(after)):
                    self.out[key].remove(number)
                    self.into[after].remove(number)
                ways.setdefault(after, number)
            if len(self.out[key]) != 1 or not self.into[key]:
                continue
            (number,) = self.out[key]
            after = self.target[number]
            if len(self.into[key]) > 1 and (not self._passes(after) or not self.out[after]):
                continue
            if len(self.into[key]) > 1:
                self.told[after] = self.told[key]
            self.into[after].remove(number)
            self.into[after] += self.into[key]
            for before in self.into[key]:
                self.target[before] = after
                todo.append(self.flows[before].source)
            del self.inside[key]
            todo.append(after)

    def _acts(self, key: str) -> bool:
        """Whether something is done from a place on, so that coming there twice matters."""
        places = self.graph.places
        return any(
            places[k].kind in _ACTS and places[k].within == places[key].within
            for k in self.graph.reached([key], joining=False)
        )

    def _decisive(self) -> set[str]:
        """The places from which a token can come to where others matter to it, or it to others."""
        todo = [*self.merges]
        todo += [k for k, p in self.inside.items() if p.kind in _GATHER and len(self.into[k]) > 1]
        todo += [k for k, p in self.inside.items() if _ends_all(p)]
        found = set(todo)
        while todo:
            for number in self.into[todo.pop()]:
                source = self.flows[number].source
                if source in self.inside and source not in found:
                    found.add(source)
                    todo.append(source)
        return found

    def mattering(self, numbers: Marking) -> Marking:
        """Return the tokens that matter where these flows got one each."""
        return tuple(n for n in numbers if self.target[n] in self.decisive)

    def given(self, place: Place) -> list[Marking]:
        """Return the sets of flows a place may give a token to."""
        out = self.out[place.key]
        if place.kind == "parallelGateway":
            options: list[Marking] = [tuple(out)]
        elif place.kind == "inclusiveGateway":
            sizes = range(1, len(out) + 1) if len(out) <= _ALL_SUBSETS else (1, 2, len(out))
            options = [chosen for size in sizes for chosen in combinations(out, size)]
        else:
            beside = [n for n in out if self.flows[n].aside]
            options = [(n,) for n in out if n not in beside] or [()]
            options += [(*one, n) for one in options for n in beside]
        return [*dict.fromkeys(map(self.mattering, options))] or [()]

    def feeding(self, number: int, join: str) -> set[int]:
        """Return the flows from which a token can come to this one without passing the join."""
        found, todo = {number}, [number]
        while todo:
            source = self.flows[todo.pop()].source
            if source == join:
                continue
            for before in self.into.get(source, ()):
                if before not in found:
                    found.add(before)
                    todo.append(before)
        return found


class _Play:
    """The token game of a net, marking by marking."""

    def __init__(self, net: _Net) -> None:
        self.net = net
        self.given = {key: net.given(place) for key, place in net.inside.items()}
        #: what a parallel join waits for at first, and what leads back to it from itself
        self.groups = {
            key: self._sides(key)
            for key, place in net.inside.items()
            if place.kind == "parallelGateway"
        }
        self.feeding = {
            (key, n): net.feeding(n, key)
            for key, place in net.inside.items()
            if place.kind == "inclusiveGateway" and len(net.into[key]) > 1
            for n in net.into[key]
        }

    def _sides(self, join: str) -> tuple[Marking, Marking]:
        net = self.net
        back = [n for n in net.into[join] if net.graph.leads_back(net.flows[n].source, join)]
        return tuple(n for n in net.into[join] if n not in back), tuple(back)

    def run(self, most: int) -> _Game:
        """Look at every marking that can come up, at most so many."""
        game = _Game()
        seen = {*self.net.entries}
        todo = list(seen)
        while todo and len(seen) <= most:
            marking = todo.pop()
            held = set(marking)
            for merge in self.net.merges:
                if len(held.intersection(self.net.into[merge])) > 1:
                    game.twice[self.net.told[merge]] = None
            following = set(self._moves(marking, held))
            if marking and not following:
                for n in held:
                    game.stuck.setdefault(self.net.target[n], self.net.flows[n])
            todo += following - seen
            seen |= following
        game.is_complete = not todo
        game.looked_at = len(seen)
        return game

    def _moves(self, marking: Marking, held: set[int]) -> Iterator[Marking]:
        for key in {self.net.target[n] for n in held}:
            place = self.net.inside[key]
            for taken in self._taken(place, held):
                if _ends_all(place):
                    yield ()
                    continue
                for gives in self.given[key]:
                    yield _after(marking, taken, gives)

    def _taken(self, place: Place, held: set[int]) -> list[Marking]:
        flows = self.net.into[place.key]
        if place.kind == "parallelGateway":
            return [group for group in self.groups[place.key] if group and held.issuperset(group)]
        came = [n for n in flows if n in held]
        if place.kind == "inclusiveGateway" and len(flows) > 1:
            elsewhere = held - set(came)
            absent = (self.feeding[place.key, n] for n in flows if n not in held)
            return [] if any(elsewhere & feeds for feeds in absent) else [tuple(came)]
        return [(n,) for n in came]


def _after(marking: Marking, taken: Marking, gives: Marking) -> Marking:
    tokens = list(marking)
    for number in taken:
        tokens.remove(number)
    for number in gives:
        if tokens.count(number) < 2:
            tokens.append(number)
    return tuple(sorted(tokens))


def _ends_all(place: Place) -> bool:
    return place.kind == "endEvent" and place.event in {"terminate", "error"}


def _stuck(net: _Net, join: str, came: Flow, severity: Severity) -> Finding:
    graph = net.graph
    reached = graph.reached(graph.starts, joining=False)
    way = graph.way(reached, came.source) if came.source in reached else []
    onward = graph.reached([came.source], joining=False)
    way += graph.way(onward, join)
    return Finding(
        severity, graph.places[join].element, "stuck",
        "Cổng nối song song này có thể chờ mãi: có lúc một nhánh đã tới mà nhánh khác không bao "
        "giờ tới. Chỉ nối ở đây các nhánh rẽ ra từ cùng một cổng song song; nhánh nào kết thúc sớm "
        "thì dùng điểm kết thúc toàn bộ (terminate).",
        "This parallel join may wait for ever: one branch has come and another never will. Join "
        "here only what one parallel gateway forked; where a branch ends early, let its end "
        "terminate all.",
        path=graph.drawn(way),
    )  # fmt: skip


def _twice(net: _Net, merge: str) -> Finding:
    graph, place = net.graph, net.graph.places[merge]
    reached = graph.reached(graph.starts, joining=False)
    return Finding(
        Severity.WARNING, place.element, "twice",
        "Hai nhánh song song nhập vào đây mà không chờ nhau nên các bước sau bị làm hai lần. Đặt "
        "cổng nối song song trước chỗ này.",
        "Two parallel branches merge here without waiting for each other: what follows is done "
        "twice. Join them with a parallel gateway first.",
        path=graph.drawn(graph.way(reached, merge)) if merge in reached else (),
    )  # fmt: skip
