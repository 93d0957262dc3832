"""One rank against two on a real sweep, and what the results file costs."""

import json
import os
import subprocess

from page import against, section, with_spread
from worker import Figure, environment, say

SWEEP = "sweeps/quickstart.yaml"
TARGET_SCALING, TARGET_FILE = 1.9, 0.02


def mpi_environment():
    env = environment(OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_hwloc_base_binding_policy="none")
    if os.geteuid() == 0:
        env.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    return env


def sets(bench, seeds=1):
    """The quickstart sweep with fewer cells, so that a run takes a few seconds."""
    if bench.smoke:
        return ["axes.depth=[2]", f"axes.seed.count={seeds}", "axes.init_scale.count=4", "axes.step_size.count=4"]
    thinner = ["axes.init_scale.count=24", "axes.step_size.count=24"] if bench.quick else []
    return [f"axes.seed.count={seeds}", *thinner]


class Pair:
    """One sweep on one rank and on two. seconds: ranks -> Figure; the others are ratios or shares. twice: the work of two
    runs of one rank that share the machine, over that of one alone, in the same time: what two ranks could reach here."""

    def __init__(self, bench, seeds):
        self.seeds, self.points, self.seconds = seeds, 0, {n: Figure(bench.gate) for n in (1, 2)}
        self.ratio, self.core, self.steps, self.rest, self.twice, self.share = (Figure(bench.gate) for _ in range(6))

    def add(self, said, both, look):
        """What is lost between two ranks and half the time of one: dearer points, idle lanes, time without a point."""
        for n in (1, 2):
            self.seconds[n].add(said[n]["seconds"], look)
        self.points = said[1]["points"]
        self.ratio.add(said[1]["seconds"] / said[2]["seconds"], look)
        self.core.add(said[2]["core"] / said[1]["core"], look)
        self.steps.add(said[2]["lane_steps"] / said[1]["lane_steps"], look)
        self.rest.add(100 * (1 - said[2]["core"] / (2 * said[2]["seconds"])), look)
        twice = sum(said[1]["seconds"] / one["seconds"] for one in both)
        self.twice.add(twice, look)
        self.share.add(said[1]["seconds"] / said[2]["seconds"] / twice, look)


class Scaling:
    """pairs: the sweep of the target and a longer one; peak: two FMA loops at once over one."""

    def __init__(self, bench):
        self.bench, self.peak = bench, Figure(bench.gate)
        self.pairs = [Pair(bench, 1)] if bench.quick else [Pair(bench, 1), Pair(bench, 4)]

    def measure(self):
        pair = [self.bench.engine() for _ in range(2)]
        for turn in range(self.bench.rounds if self.bench.quick else 5):
            look = self.bench.gate.look()
            order = (1, 2) if turn % 2 else (2, 1)
            for case in self.pairs:
                said = {n: self.run(n, case.seeds) for n in order}
                case.add(said, self.run_both(case.seeds), look)
            alone = rate_of(pair[0].ask("peak", 0.05))
            self.peak.add(both(pair) / alone, look)
        for worker in pair:
            worker.close()
        say(f"2 ranks: {', '.join(f'x{case.ratio.median:.2f}' for case in self.pairs)} (FMA peak x{self.peak.median:.2f})")

    def run(self, ranks, seeds):
        name = f"ranks-{ranks}.h5"
        self.start(ranks, seeds, name).wait()
        return self.end(name)

    def run_both(self, seeds):
        """Two runs of one rank at once, which know nothing of each other."""
        names = ["ranks-a.h5", "ranks-b.h5"]
        runs = [self.start(1, seeds, name) for name in names]
        for run in runs:
            run.wait()
        return [self.end(name) for name in names]

    def start(self, ranks, seeds, name):
        command = ["mpirun", "-n", str(ranks), os.path.join(self.bench.build, "linnet"), "run", SWEEP, "-o",
                   self.bench.file(name), "--quiet"]
        for setting in sets(self.bench, seeds):
            command += ["--set", setting]
        return subprocess.Popen(command, env=mpi_environment(), stdout=subprocess.DEVNULL)

    def end(self, name):
        """Seconds of training as the side log has them: start of MPI and layout of the file are not in it."""
        with open(self.bench.file(name) + ".log", encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        events = {event["event"]: event for event in lines}
        core = sum(event["actual"] for event in lines if event["event"] == "shape")
        for left in os.listdir(self.bench.work):
            if left.startswith(name):
                os.remove(self.bench.file(left))
        if events["end"]["exit"] != 0:
            raise RuntimeError(f"linnet run ended with {events['end']['exit']}")
        return {"seconds": events["end"]["seconds"], "points": events["start"]["points"], "core": core,
                "lane_steps": events["lanes"]["lane_steps"]}

    def page(self):
        cells = [["1 rank, s", ""], ["2 ranks, s", ""], ["1 rank over 2 ranks", TARGET_SCALING],
                 ["two runs of one rank at once, work done over one alone", ""],
                 ["1 rank over 2 ranks, over that", ""],
                 ["core seconds of the points, 2 ranks over 1", ""], ["steps of all lanes, 2 ranks over 1", ""],
                 ["of the time of 2 ranks, % that is not core seconds of points", ""]]
        for case in self.pairs:
            met = against(case.ratio, TARGET_SCALING, "two ranks") if case is self.pairs[0] else with_spread(case.ratio)
            column = [with_spread(case.seconds[1]), with_spread(case.seconds[2]), met, with_spread(case.twice),
                      with_spread(case.share), with_spread(case.core), with_spread(case.steps), with_spread(case.rest)]
            cells = [row + [cell] for row, cell in zip(cells, column)]
        rows = cells + [["two FMA loops at once over one", "", with_spread(self.peak), *[""] * (len(self.pairs) - 1)]]
        text = (f"`{SWEEP}` with one of its seeds, which is the case of the target, and with all four, a run four times as long; "
                "wall time of the training, results file and its last sync included. Two runs of one rank at once share nothing "
                "but the machine: two ranks of one run cannot do more than they. The lines below say where time goes: "
                "into dearer points (cores that share caches and memory), into lanes without a point, and into neither "
                "(waiting for the disk, for the others, for a grant).")
        return section("Two ranks", text, ["", "target", *(f"{case.points} points" for case in self.pairs)], rows)


def rate_of(said):
    """Flops per second of wall time."""
    return said["peak"] * min(1.0, said["share"])


def both(pair):
    for worker in pair:
        worker.send("peak", 0.05)
    return sum(rate_of(worker.answer()) for worker in pair)


class File:
    """share: of the training time, CPU time of the write calls; extra: the whole run with a file over one without."""

    def __init__(self, bench):
        self.bench, self.share, self.extra = bench, Figure(bench.gate), Figure(bench.gate)
        self.row, self.loaded = Figure(bench.gate), {}

    def measure(self):
        worker = self.bench.native("bench_file", **mpi_environment())
        self.loaded = worker.ask("load", SWEEP, *sets(self.bench))
        for turn in range(min(5, self.bench.rounds)):
            look = self.bench.gate.look()
            said = {}
            for verb in (("run",), ("store", self.bench.file("store.h5")))[::1 if turn % 2 else -1]:
                said[verb[0]] = worker.ask(*verb)
            stored = said["store"]
            self.share.add(stored["write_cpu"] / stored["cpu"], look)
            self.extra.add(stored["cpu"] / said["run"]["cpu"] - 1, look)
            self.row.add(1e6 * stored["write"] / stored["rows"], look)
        worker.close()
        say(f"results file: {100 * self.share.median:.1f} % of the time")

    def page(self):
        rows = [["writing, % of the CPU time of a run", 100 * TARGET_FILE,
                 against(self.share.scaled(100), 100 * TARGET_FILE, "writing, %", at_most=True)],
                ["run with a file over run without, % more CPU time", "", with_spread(self.extra.scaled(100))],
                ["a row, microseconds", "", with_spread(self.row)]]
        text = (f"{self.loaded['points']} points of `{SWEEP}` through the engine on one rank, rows of "
                f"{self.loaded['row_bytes']} bytes, with every row written (data, checksum, status) and with none.")
        return section("The results file", text, ["", "target", "median"], rows)
