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


def sets(bench):
    """The quickstart sweep with fewer cells, so that a run takes a few seconds."""
    if bench.smoke:
        return ["axes.depth=[2]", "axes.seed.count=1", "axes.init_scale.count=4", "axes.step_size.count=4"]
    thinner = ["axes.init_scale.count=24", "axes.step_size.count=24"] if bench.quick else []
    return ["axes.seed.count=1", *thinner]


class Scaling:
    """seconds: ranks -> Figure; ratio: one rank over two; peak: two FMA loops at once over one."""

    def __init__(self, bench):
        self.bench, self.ratio, self.peak = bench, Figure(bench.gate), Figure(bench.gate)
        self.seconds = {n: Figure(bench.gate) for n in (1, 2)}
        self.points = 0

    def measure(self):
        pair = [self.bench.engine() for _ in range(2)]
        for turn in range(self.bench.rounds if self.bench.quick else 5):
            look = self.bench.gate.look()
            order = (1, 2) if turn % 2 else (2, 1)
            seconds = {n: self.run(n) for n in order}
            for n in order:
                self.seconds[n].add(seconds[n], look)
            self.ratio.add(seconds[1] / seconds[2], look)
            alone = rate_of(pair[0].ask("peak", 0.05))
            self.peak.add(both(pair) / alone, look)
        for worker in pair:
            worker.close()
        say(f"2 ranks: x{self.ratio.median:.2f} (FMA peak x{self.peak.median:.2f})")

    def run(self, ranks):
        """Seconds of training as the side log has them: start of MPI and layout of the file are not in it."""
        out = self.bench.file(f"ranks-{ranks}.h5")
        command = ["mpirun", "-n", str(ranks), os.path.join(self.bench.build, "linnet"), "run", SWEEP, "-o", out,
                   "--quiet"]
        for name in sets(self.bench):
            command += ["--set", name]
        subprocess.run(command, check=True, env=mpi_environment(), stdout=subprocess.DEVNULL)
        with open(out + ".log", encoding="utf-8") as file:
            events = {event["event"]: event for event in map(json.loads, file)}
        self.points = events["start"]["points"]
        for name in os.listdir(self.bench.work):
            if name.startswith(f"ranks-{ranks}.h5"):
                os.remove(self.bench.file(name))
        return events["end"]["seconds"]

    def page(self):
        rows = [["1 rank, s", "", with_spread(self.seconds[1])], ["2 ranks, s", "", with_spread(self.seconds[2])],
                ["1 rank over 2 ranks", TARGET_SCALING, against(self.ratio, TARGET_SCALING, "two ranks")],
                ["two FMA loops at once over one", "", with_spread(self.peak)]]
        text = (f"`{SWEEP}` with {self.points} of its points ({', '.join(sets(self.bench))}), wall time of the training, "
                "results file included.")
        return section("Two ranks", text, ["", "target", "median"], rows)


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
