"""Runs of diagrams drawn elsewhere: every process of a file, to its end, by chance."""

from lxml import etree

from engine import definition, diagram, dry_run, program
from engine.diagram import FLOW_NODES, kind_of, tag
from engine.draws import Draws


def parts(found: definition.Prepared) -> list[str]:
    """Every process with something drawn in it, where there are several."""
    root = diagram.read(found.original)
    drawn = [
        p.get("id")
        for p in root.findall(tag("process"))
        if any(kind_of(e) in FLOW_NODES for e in p)
    ]
    return drawn if len(drawn) > 1 else []


def specs_of(found: definition.Prepared, process: str) -> bytes:
    """The program that begins with one process of the file; "" is the file as a whole."""
    if not process:
        return found.specs
    root = etree.fromstring(found.normalised)
    root.find(tag("process")).addprevious(
        next(p for p in root.findall(tag("process")) if p.get("id") == process)
    )
    return program.build(root)[0]


def end_of(specs: bytes, seed: int) -> dry_run.Walk:
    """Walk to the end; between two steps nothing is kept but bytes, and the program is another."""
    programs = [program.restore(specs), program.restore(specs)]
    one = dry_run.Walk(programs[0], seed, Draws.of(programs[0], {}))
    while not one.is_done and not one.is_stuck and one.count < one.most:
        one.program = programs[one.count % 2]
        one.go_on()
    return one


def run_everything(xml: bytes, seeds: int = 1) -> definition.Prepared:
    """Complete a file and run each of its processes to its end; fails where one does not."""
    found = definition.prepare(xml, foreign=True)
    assert not found.has_errors, [f for f in found.findings if f.is_error]
    run_prepared(found, seeds)
    return found


def run_prepared(found: definition.Prepared, seeds: int = 1) -> None:
    """Run each process of a completed file to its end."""
    for process in ["", *parts(found)]:
        for seed in range(seeds):
            walked = end_of(specs_of(found, process), seed)
            assert walked.is_done, (process, seed, walked.count, walked.step.standing)
            assert not walked.open
            assert not walked.waiting
