"""Whole engine against the FMA peak beside it, and against the same work by other means."""

import math

from worker import Figure, Missing, say

WIDTHS, DEPTHS = (2, 3, 5, 10, 20, 32, 50, 100), (2, 3, 10)
CHECK_STEPS, CHECKED = 20, 8
LEAST_STEPS, MOST_STEPS = 2000, 1000000  # of a horizon

SWEEP = """linnet: 1
problem: {{kind: target, spectrum: [{spectrum}], basis: random}}
model: {{kind: deep, depth: {depth}, width: {d}, init: {{kind: gaussian, std: fan_in}}}}
train: {{algorithm: gd, step_size: 0.01, max_steps: 1000, stop: {{loss: 1e-200}}}}
record: {{times: {{log: 64}}, final: [loss], series: [loss], theory: [step_limit]}}
random: {{data_seed: 0}}
axes: {{seed: {{count: {points}}}}}
"""

# name, what it says in the table, script with its arguments, whether in the Python of bench/setup.sh
OPPONENTS = (
    ("autograd", "PyTorch autograd loop", ("torch_autograd.py",), True),
    ("bmm", "PyTorch bmm, by hand", ("torch_bmm.py",), True),
    ("loop", "NumPy loop, A @ B", ("numpy_loop.py",), False),
    ("dot", "NumPy loop, A.dot(B)", ("numpy_loop.py", "dot"), False),
    ("stack", "NumPy matmul, batched", ("numpy_batched.py",), False),
    ("jax", "JAX vmap + scan", ("jax_scan.py",), True),
    ("blas", "C loop on OpenBLAS", None, False),
)


def flops(d, depth):
    """Of one step of one point: 3 (N - 1) products, the difference, the updates."""
    return 6 * (depth - 1) * d**3 + (2 * depth + 1) * d**2


def batch(d, depth):
    """Points of one stack of a batched opponent: as many as its second-level cache holds."""
    return int(min(1024, max(2, 1e6 / ((2 * depth + 2) * d * d * 8))))


def sweep(d, depth, points):
    spectrum = ", ".join(f"{1.5 - i / max(1, d - 1):.6f}" for i in range(d))
    return SWEEP.format(spectrum=spectrum, d=d, depth=depth, points=points)


class Case:
    """One width and depth. fraction: of the FMA peak; ratios: name -> Figure of linnet's speed over an opponent's;
    faults: name -> why an opponent was not measured."""

    def __init__(self, d, depth, gate):
        self.d, self.depth = d, depth
        self.fraction, self.rate, self.ratios, self.faults = Figure(gate), Figure(gate), {}, {}
        self.batch, self.lanes, self.horizon = batch(d, depth), 0, 0


class Steps:
    """Keeps one process of every opponent over all cases."""

    def __init__(self, bench, cases, with_opponents):
        self.bench = bench
        self.engine = bench.engine()
        self.faults, self.versions, self.opponents = {}, {"linnet": self.engine.version}, {}
        self.cases = [Case(d, depth, bench.gate) for d, depth in cases]
        for name, _, script, own_python in OPPONENTS if with_opponents else ():
            try:
                worker = bench.opponent(*script, own_python=own_python) if script else bench.native("bench_blas")
                self.opponents[name] = worker
                self.versions[name] = worker.version
            except Missing as why:
                self.faults[name] = str(why)

    def close(self):
        """How many comparisons failed because the losses differ."""
        for worker in (self.engine, *self.opponents.values()):
            worker.close()
        return sum(len(case.faults) for case in self.cases)

    def measure(self):
        for case in self.cases:
            ready = self.prepare(case)
            for turn in range(self.bench.rounds):
                self.round(case, ready, turn)
            say(f"d = {case.d}, N = {case.depth}: {case.fraction.median:.2f} of the FMA peak"
                + "".join(f", {name} x{figure.median:.3g}" for name, figure in case.ratios.items()))

    def prepare(self, case):
        """Loads the case everywhere and checks the losses; returns {name: (steps of a sample)} of who takes part."""
        path = self.bench.file("case.yaml", sweep(case.d, case.depth, max(CHECKED, case.batch)))
        self.engine.ask("load", path)
        self.engine.ask("case", self.bench.file("case.bin"))
        losses = self.losses_of_engine(path)
        ready = {}
        for name, worker in self.opponents.items():
            loaded = worker.ask("load", self.bench.file("case.bin"), case.batch)
            fault = worst_difference(losses, worker.ask("losses", CHECK_STEPS)["losses"])
            if fault <= 1e-10:
                ready[name] = self.length(worker, loaded["chunk"])
                case.ratios[name] = Figure(self.bench.gate)
            else:
                case.faults[name] = f"its losses differ by {fault:.1g}"
                say(f"{name}, d = {case.d}, N = {case.depth}: losses differ by {fault:.1g}")
        self.load_long(case, path)
        return ready

    def losses_of_engine(self, path):
        self.engine.ask("load", path, f"train.max_steps={CHECK_STEPS}", f"axes.seed.count={CHECKED}")
        self.engine.ask("run")
        return self.engine.ask("losses")["losses"]

    def load_long(self, case, path):
        """A horizon that makes a sample of the length asked for; the loss falls all the way (eta x steps = 5)."""
        def load(steps):
            points = 16 if case.lanes > 1 else 1
            said = self.engine.ask("load", path, f"train.max_steps={steps}", f"axes.seed.count={points}",
                                   f"train.step_size={min(0.01, 5 / steps):.6g}")
            case.lanes, case.horizon = said["lanes"], steps
        least = 200 if self.bench.smoke else LEAST_STEPS
        load(least)
        load(least)  # now with as many points as there are lanes
        self.engine.ask("run")
        cpu = self.engine.ask("run")["cpu"]
        load(int(min(MOST_STEPS, max(least, least * self.bench.seconds / cpu))))

    def length(self, worker, chunk):
        """Steps of a sample: whole chunks."""
        steps = chunk
        worker.ask("run", steps)
        while True:
            cpu = worker.ask("run", steps)["cpu"]
            if cpu > 0.1 * self.bench.seconds:
                return chunk * max(1, math.ceil(0.7 * self.bench.seconds / cpu * steps / chunk))
            steps *= 4

    def round(self, case, ready, turn):
        """Everybody once, in another order each round; linnet's sample is the one that all are compared with."""
        names = ["linnet", *ready]
        names = names[turn % len(names):] + names[:turn % len(names)]
        rates, looks = {}, {}
        for name in names:
            looks[name] = self.bench.gate.look()
            said = self.engine.ask("run") if name == "linnet" else self.opponents[name].ask("run", ready[name])
            rates[name] = said["steps"] / said["cpu"]
            if name == "linnet":
                peak = said["peak"]
        fraction = rates["linnet"] * flops(case.d, case.depth) / peak
        case.fraction.add(fraction, looks["linnet"])
        case.rate.add(rates["linnet"], looks["linnet"])
        for name in ready:
            case.ratios[name].add(rates["linnet"] / rates[name], looks["linnet"], looks[name])


def worst_difference(a, b):
    """Largest relative difference; no number at all is infinitely far."""
    worst = max(abs(x - y) / abs(x) for x, y in zip(a, b)) if len(a) == len(b) else math.inf
    return worst if math.isfinite(worst) else math.inf
