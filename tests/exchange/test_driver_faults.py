"""Every driver over every bad road: each document takes effect exactly once."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from stand_ins import Hub, Wrapper, reply, serve

from exchange.axis_client import AxisClient, Connection
from exchange.bad_road import BadRoad
from exchange.edxml import read, write
from exchange.errors import ExchangeError, GatewayError
from exchange.faulty import Fault, Faults, FaultyGateway
from exchange.folder_gateway import FolderGateway
from exchange.gateway import MessageType, Outcome
from exchange.hub_client import HubClient, HubConnection
from exchange.provincial_client import ProvincialClient, ProvincialConnection
from exchange.wire import Patience, Secret

EDOC = MessageType.EDOC
COUNT = 6
SECRET = Secret("khoa")


def patience(faults):
    """Seconds a client waits; where answers stall it gives up soon."""
    return 0.2 if Fault.SLOW_BODY in faults else 30.0


def skewed(clock, faults, hours):
    return (lambda: clock() + timedelta(hours=hours)) if Fault.SKEW in faults else clock


@contextmanager
def adapter(hub, clock, faults, seed):
    def answer(handler, body):
        operation = handler.path.rpartition("/")[2]
        response = hub.handle(operation, dict(handler.headers.items()), body)
        reply(handler, response.status, response.body)

    def connect(address, system, code, hours):
        secret = Secret(f"khoa-{system}")
        own = Connection(address, system, secret, code, total_timeout=patience(faults))
        return AxisClient(own, skewed(clock, faults, hours))

    with serve(answer) as (address, _), BadRoad(f"{address}/adapter", faults, seed) as road:
        yield (
            connect(road.address, "stttt", "H55.07", 13),
            connect(road.address, "ubnd", "H55", -13),
            road,
        )


@contextmanager
def provincial(_hub, clock, faults, seed):
    wrapper = Wrapper(
        clock, {"H55.07": "stttt", "H55": "ubnd"}, {"stttt": SECRET, "ubnd": SECRET}, ("a", SECRET)
    )

    def connect(address, system, hours):
        waits = Patience(total=patience(faults))
        own = ProvincialConnection(address, system, SECRET, "a", SECRET, waits)
        return ProvincialClient(own, skewed(clock, faults, hours))

    with serve(wrapper) as (address, _), BadRoad(address, faults, seed) as road:
        yield connect(road.address, "stttt", 13), connect(road.address, "ubnd", -13), road


@contextmanager
def inner_hub(_hub, _clock, faults, seed):
    stand_in = Hub({"H55.07": SECRET, "H55": SECRET})

    def connect(address, code):
        return HubClient(HubConnection(address, code, SECRET, Patience(total=patience(faults))))

    with serve(stand_in) as (address, _), BadRoad(address, faults, seed) as road:
        yield connect(road.address, "H55.07"), connect(road.address, "H55"), road


@dataclass
class Messenger:
    """Carries files from one folder to another: again and again, or half, or late."""

    outbox: object
    inbox: object
    faults: tuple
    injected: dict = field(default_factory=dict)
    turn: int = 0

    def note(self, fault):
        self.injected[fault] = self.injected.get(fault, 0) + 1

    def carry(self):
        self.turn += 1
        if not self.outbox.is_dir() or (Fault.DELAY in self.faults and self.turn % 4):
            self.note(Fault.DELAY)
            return
        for path in sorted(self.outbox.iterdir()):
            there, data = self.inbox / path.name, path.read_bytes()
            if Fault.CUT in self.faults and not there.exists():
                self.note(Fault.CUT)
                data = data[: len(data) // 2]
            there.write_bytes(data)
            if Fault.ENDLESS_LIST in self.faults:
                self.note(Fault.ENDLESS_LIST)
            elif len(data) == path.stat().st_size:
                path.unlink()


class CarriedFolder:
    """A folder gateway whose files are carried between two looks."""

    def __init__(self, gateway, messenger):
        self.messenger = messenger
        self.send, self.fetch, self.confirm = gateway.send, gateway.fetch, gateway.confirm
        self._list = gateway.list_received

    def list_received(self, message_type):
        self.messenger.carry()
        return self._list(message_type)


#: the folder's road is the file system's: what a wrapper around the gateway can do to it
BY_WRAPPER = {
    Fault.LOST_ACK: Faults(lost_ack=0.4),
    Fault.DUPLICATE: Faults(duplicate=0.5),
    Fault.REORDER: Faults(reorder=1.0),
    Fault.UNAVAILABLE: Faults(unavailable=0.4),
    Fault.CORRUPT: Faults(corrupt=0.5),
}


@contextmanager
def folder(tmp_path, clock, faults, seed):
    for name in ("a", "b/inbox"):
        (tmp_path / name).mkdir(parents=True)
    messenger = Messenger(tmp_path / "a" / "outbox" / "H55", tmp_path / "b" / "inbox", faults)
    wrapped = Faults()
    for fault in faults:
        wrapped = BY_WRAPPER.get(fault, wrapped)
    sender = FaultyGateway(FolderGateway(tmp_path / "a"), seed, wrapped, clock)
    receiver = FaultyGateway(FolderGateway(tmp_path / "b"), seed + 1, wrapped, clock)

    class Road:
        @property
        def injected(self):
            by_name = sender.injected + receiver.injected
            counts = {f: by_name[f.value.replace("-", "_")] for f in Fault}
            return {f: n + messenger.injected.get(f, 0) for f, n in counts.items()}

    yield sender, CarriedFolder(receiver, messenger), Road()


DRIVERS = {"adapter": adapter, "provincial": provincial, "hub": inner_hub, "folder": folder}
#: no clock of a folder's or the hub's client is told to anybody; a file has no slow body
APART = {("hub", Fault.SKEW), ("folder", Fault.SKEW), ("folder", Fault.SLOW_BODY)}


def expect_passing(error):
    """What a bad road does may pass: no driver takes it for a refusal."""
    if not error.retryable:
        raise error


def run(sender, receiver, envelopes, clock, *, idempotent=True):
    """Send until each is acknowledged, take in until each is there; return what took effect."""
    queue, effects, known, quiet = list(envelopes), [], set(), 0
    wanted = {envelope.identifier for envelope in envelopes}
    for _ in range(200):
        clock.at += timedelta(minutes=1)
        for envelope in list(queue):
            try:
                sender.send(EDOC, write(envelope), ("H55",))
            except GatewayError as error:
                expect_passing(error)
            else:
                queue.remove(envelope)
        try:
            arrivals = receiver.list_received(EDOC)
        except GatewayError as error:
            expect_passing(error)
            continue
        for arrival in arrivals:
            try:
                message = read(receiver.fetch(arrival.packet_id))
                if not (idempotent and message.identifier in known):
                    effects.append(message.identifier)
                    known.add(message.identifier)
                receiver.confirm(arrival.packet_id, Outcome.DONE)
            except ExchangeError:
                continue  # it is listed again
        quiet = quiet + 1 if not queue and known == wanted else 0
        if quiet == 4:
            return effects
    raise AssertionError(f"not delivered: {len(queue)} to send, {len(wanted - known)} to take in")


def travel(driver, place, clock, make_envelope, faults, seed, **how):
    envelopes = [make_envelope(number) for number in range(1, COUNT + 1)]
    with DRIVERS[driver](place, clock, faults, seed) as (sender, receiver, road):
        effects = run(sender, receiver, envelopes, clock, **how)
        injected = road.injected
    wanted = sorted(envelope.identifier for envelope in envelopes)
    return effects, wanted, injected


@pytest.fixture
def place(hub, tmp_path):
    return lambda driver: tmp_path if driver == "folder" else hub


@pytest.mark.parametrize("seed", [188])
@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("driver", DRIVERS)
def test_each_fault_alone(driver, fault, seed, place, clock, make_envelope):
    if (driver, fault) in APART:
        return
    effects, wanted, injected = travel(driver, place(driver), clock, make_envelope, (fault,), seed)
    assert sorted(effects) == wanted
    if fault is not Fault.SKEW:  # the clocks are apart at every call
        assert injected[fault] > 0


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("driver", ["adapter", "provincial", "hub"])
def test_all_faults_together(driver, place, clock, make_envelope, seed):
    faults = tuple(f for f in Fault if f is not Fault.SLOW_BODY)  # alone it is slow enough
    effects, wanted, injected = travel(driver, place(driver), clock, make_envelope, faults, seed)
    assert sorted(effects) == wanted
    assert sum(injected.values()) >= COUNT


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.ENDLESS_LIST])
@pytest.mark.parametrize("driver", ["adapter", "provincial", "hub"])
def test_the_control_who_does_not_know_what_he_has_takes_it_twice(
    driver, fault, place, clock, make_envelope
):
    effects, wanted, _ = travel(
        driver, place(driver), clock, make_envelope, (fault,), 188, idempotent=False
    )
    assert len(effects) > COUNT
    assert sorted(set(effects)) == wanted


def test_the_same_seed_gives_the_same_faults(hub, clock, make_envelope):
    """The calls a client makes are the same, so are the faults that befall them."""
    seen = [
        travel("provincial", hub, clock, make_envelope, (Fault.LOST_ACK, Fault.DELAY), seed)[2]
        for seed in (5, 5, 6)
    ]
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]


def test_a_road_without_faults_changes_nothing(hub, clock, make_envelope):
    effects, wanted, injected = travel("adapter", hub, clock, make_envelope, (), 1)
    assert effects == wanted
    assert sum(injected.values()) == 0
