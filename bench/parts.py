"""What speed depends on besides the shape: instruction set, lanes, small numbers, samples shared, the coordinator."""

import steps
from page import against, number, section, with_spread
from worker import Figure, say


def rate(said):
    return said["steps"] / said["cpu"]


class Sets:
    """Every instruction set on the same sweeps. fraction: (isa, d) -> Figure, of its own peak; speed: over the first.
    alone: d -> Figure of a point alone over one of eight."""

    WIDTHS, DEPTH = (2, 5, 10, 20, 32, 50), 3

    def __init__(self, bench):
        self.bench, self.fraction, self.speed, self.alone = bench, {}, {}, {}
        self.widths = self.WIDTHS[:2] if bench.smoke else self.WIDTHS[1::2] if bench.quick else self.WIDTHS

    def measure(self):
        workers = {isa: self.bench.engine(LINNET_ISA=isa) for isa in self.bench.peaks}
        for d in self.widths:
            path = self.bench.file("sets.yaml", steps.sweep(d, self.DEPTH, 16))
            for isa, worker in workers.items():
                self.fraction[isa, d], self.speed[isa, d] = Figure(self.bench.gate), Figure(self.bench.gate)
            self.alone[d] = Figure(self.bench.gate)
            for _ in range(min(5, self.bench.rounds)):
                self.round(d, path, workers)
        for worker in workers.values():
            worker.close()
        say("instruction sets: " + ", ".join(f"d = {d} {isa} {figure.median:.2f}"
                                             for (isa, d), figure in self.fraction.items()))

    def round(self, d, path, workers):
        work = steps.flops(d, self.DEPTH)
        count = self.steps(work)
        look, rates = self.bench.gate.look(), {}
        for isa, worker in workers.items():
            said = self.run(worker, path, count, 16 if d <= 64 else 1)
            rates[isa] = rate(said)
            self.fraction[isa, d].add(rates[isa] * work / said["peak"], look)
            self.speed[isa, d].add(rates[isa] / next(iter(rates.values())), look)
        first = next(iter(workers))
        alone = rate(self.run(workers[first], path, 4 * count, 1))
        self.alone[d].add(alone / rates[first], look)

    def steps(self, work):
        return int(max(200, min(200000, 0.3 * self.bench.seconds * 1e10 / work)))

    def run(self, worker, path, count, points):
        worker.ask("load", path, f"train.max_steps={count}", f"axes.seed.count={points}",
                   f"train.step_size={min(0.01, 5 / count):.6g}")
        return worker.ask("run")

    def page(self):
        isas = list(dict.fromkeys(isa for isa, _ in self.fraction))
        rows = [[d, *(with_spread(self.fraction[isa, d]) for isa in isas),
                 *(number(self.speed[isa, d].median) for isa in isas[1:]), with_spread(self.alone[d])]
                for d in self.widths]
        head = ["d", *(f"{isa}, of its peak" for isa in isas), *(f"{isa} over {isas[0]}" for isa in isas[1:]),
                "alone over in company"]
        text = (f"N = {self.DEPTH}; the sets are forced with `LINNET_ISA`, shares are of each set's own peak. The last "
                "column is the speed of a point that is left alone (the tail of a sweep) over that of all lanes of a "
                "full batch together: 0.125 is one lane of eight, the others idle.")
        return section("Instruction sets and lanes", text, head, rows)


class Lanes:
    """How many of the steps of the lanes are steps of a point, where runs are of very different length. cases: name ->
    what the engine said of it."""

    TARGET, TAIL = 0.95, 100
    SWEEP = """linnet: 1
problem: {{kind: target, spectrum: [1.5, 1, 0.5], basis: random}}
model: {{kind: deep, depth: {depth}, width: 3, init: {{kind: {init}, scale: 0.9}}}}
train: {{algorithm: gd, step_size: 0.01, max_steps: 2000000, stop: {{loss: 1e-6}}}}
record: {{times: {{log: 64}}, final: [loss], series: [loss], theory: [step_limit]}}
random: {{data_seed: 0}}
axes: {{step_size: {{logspace: [-{decades}, -0.7], count: {count}}}, seed: {{count: {seeds}}}}}
"""
    # The step sizes spread the runs, and the seeds more so the deeper the network is; predictions do not know them.
    CASES = {"N = 2, step sizes over 4.3 decades": {"depth": 2, "init": "gaussian, std: fan_in"},
             "N = 4, the same": {"depth": 4, "init": "gaussian, std: fan_in"}}

    def __init__(self, bench):
        self.bench, self.said, self.use, self.rate = bench, {}, {}, {}
        self.size = {"decades": 3, "count": 10, "seeds": 2} if bench.smoke else \
            {"decades": 5, "count": 50, "seeds": 4 if bench.quick else 8}

    def measure(self):
        worker = self.bench.engine()
        for name, case in self.CASES.items():
            self.use[name], self.rate[name] = Figure(self.bench.gate), Figure(self.bench.gate)
            worker.ask("load", self.bench.file("lanes.yaml", self.SWEEP.format(**case, **self.size)))
            look = self.bench.gate.look()
            said = self.said[name] = worker.ask("run")
            self.use[name].add(said["busy_steps"] / said["lane_steps"], look)
            self.rate[name].add(rate(said) * steps.flops(3, case["depth"]) / said["peak"], look)
        worker.close()
        say("lanes: " + ", ".join(f"{figure.median:.3f} busy (tail {self.said[name]['tail']:.0f})"
                                  for name, figure in self.use.items()))

    def page(self):
        rows = [[name, number(self.said[name]["tail"]), self.TARGET,
                 against(figure, self.TARGET, f"lanes busy, {name}"), with_spread(self.rate[name])]
                for name, figure in self.use.items()]
        text = (f"{self.size['count'] * self.size['seeds']} points with d = 3 that run until they have converged. A lane "
                "that moves without a point is idle; this is counted, not timed.")
        head = ["sweep", "longest over median run", "target", "share of lane steps that are busy",
                "of the FMA peak, whole sweep"]
        return section("Lanes on runs of different length", text, head, rows)


class Denormals:
    """Runs whose numbers are below 1e-308, against the same runs of ordinary size."""

    TARGET = 0.9
    CASES = ((3, 3), (10, 3), (10, 10), (50, 3))

    def __init__(self, bench):
        self.bench = bench
        self.cases = self.CASES[:1] if bench.smoke else self.CASES
        self.ratio = {case: Figure(bench.gate) for case in self.cases}

    def measure(self):
        worker = self.bench.engine()
        for d, depth in self.cases:
            path = self.bench.file("denormal.yaml", steps.sweep(d, depth, 16))
            count = int(max(200, min(200000, 0.3 * self.bench.seconds * 1e10 / steps.flops(d, depth))))
            for turn in range(min(5, self.bench.rounds)):
                look = self.bench.gate.look()
                rates = {}
                for scale in ("1.0", "1e-104")[::1 if turn % 2 else -1]:
                    worker.ask("load", path, f"train.max_steps={count}", f"axes.seed.count={16 if d <= 64 else 1}",
                               f"train.step_size={min(0.01, 5 / count):.6g}", f"model.init.scale={scale}")
                    rates[scale] = rate(worker.ask("run"))
                self.ratio[d, depth].add(rates["1e-104"] / rates["1.0"], look)
        worker.close()
        say("denormals: " + ", ".join(f"{figure.median:.2f}" for figure in self.ratio.values()))

    def page(self):
        rows = [[d, depth, self.TARGET, against(figure, self.TARGET, f"denormals d = {d}, N = {depth}")]
                for (d, depth), figure in self.ratio.items()]
        text = ("Speed from starts of scale 1e-104, whose products are denormal, over that from scale 1. linnet flushes "
                "them to zero; a CPU left to itself can be a hundred times slower.")
        return section("Numbers too small to be normal", text, ["d", "N", "target", "median"], rows)


class Diagonal:
    """Diagonal networks on common samples against the dgemv pair."""

    TARGET = 6
    SWEEP = """linnet: 1
problem: {{kind: teacher, samples: {n}, inputs: {d}, spectrum: 1}}
model: {{kind: diagonal, form: squares, init: {{kind: diagonal}}}}
train: {{algorithm: gd, step_size: 0.05, max_steps: 100, stop: {{loss: 1e-200}}}}
record: {{times: {{list: {times}}}, final: [loss], series: [loss], theory: [flow_time]}}
random: {{data_seed: 0}}
axes: {{init_scale: {{logspace: [-1.5, -0.5], count: 24}}}}
"""
    SIZES = ((1000, 1000), (600, 1000), (200, 1000), (1000, 100))  # n, d
    PRODUCTS = ((100, 100), (1000, 100), (100, 1000), (600, 1000), (1000, 1000), (1000, 4000), (100, 10000), (300, 10000),
                (1000, 10000), (300, 20000))
    FORMS = {"one": "one pass over X", "two": "two passes", "moment": "M"}

    def __init__(self, bench):
        self.bench = bench
        self.sizes = ((30, 20),) if bench.smoke else self.SIZES[:1] if bench.quick else self.SIZES
        self.shapes = ((30, 20), (20, 30)) if bench.smoke else self.PRODUCTS[::3] if bench.quick else self.PRODUCTS
        self.ratio = {size: Figure(bench.gate) for size in self.sizes}
        self.difference, self.product, self.choice = {}, {}, {}

    def measure(self):
        worker = self.bench.native("bench_diagonal")
        self.measure_steps(worker)
        self.measure_products(worker)
        worker.close()

    def measure_products(self, worker):
        for n, d in self.shapes:
            for _ in range(min(9, self.bench.rounds)):
                look = self.bench.gate.look()
                said = worker.ask("products", n, d)
                self.choice[n, d] = said["choice"]
                self.difference["product", n, d] = said["difference"]
                for form in self.FORMS.keys() & said.keys():
                    figure = self.product.setdefault((n, d, form), Figure(self.bench.gate))
                    figure.add(said["pair"] / said[form], look)
        say("products: " + ", ".join(f"{n} x {d} {form} x{figure.median:.2f}"
                                     for (n, d, form), figure in self.product.items()))

    def measure_steps(self, worker):
        for n, d in self.sizes:
            # Both for as long as the work asks for: the opponent stops where linnet has a record.
            most, few = (200, 20) if self.bench.smoke else (1000, 20 * max(1, int(2e5 / (n * d))))
            times = sorted({few, *(round(most ** (i / 62)) for i in range(63))})
            path = self.bench.file("diagonal.yaml", self.SWEEP.format(n=n, d=d, times=times))
            worker.ask("load", path, f"train.max_steps={most}")
            worker.ask("run")  # the moments are made once and kept
            for turn in range(min(5, self.bench.rounds)):
                look = self.bench.gate.look()
                said = {verb[0]: worker.ask(*verb) for verb in (("run",), ("gemv", few))[::1 if turn % 2 else -1]}
                self.difference[n, d] = said["gemv"]["difference"]
                self.ratio[n, d].add(rate(said["run"]) / rate(said["gemv"]), look)
        say("diagonal: " + ", ".join(f"x{figure.median:.2f}" for figure in self.ratio.values()))

    def faults(self):
        """Sizes at which the losses differ. The moments lose digits where X X^T is nearly singular."""
        return sum(not difference < 1e-6 for difference in self.difference.values())

    def page(self):
        goal = {(1000, 1000): self.TARGET}
        rows = [[n, d, goal.get((n, d), ""), against(figure, goal.get((n, d)), "diagonal"),
                 f"{self.difference[n, d]:.0e}"] for (n, d), figure in self.ratio.items()]
        text = ("24 points on X of n samples and d inputs, 1000 steps of gradient descent on w+^2 - w-^2. Opponent: per point and step "
                "dgemv and dgemv^T of OpenBLAS and the update, without loss or rules. Making the moments once is not "
                "counted; they lose digits of the loss where X X^T is nearly singular.")
        head = ["n", "d", "target", "times the dgemv pair", "largest relative difference of the losses"]
        return section("Diagonal networks that share their samples", text, head, rows) + "\n" + self.page_of_products()

    def page_of_products(self):
        rows = [[n, d, *(self.cell(n, d, form) for form in self.FORMS), f"{self.difference['product', n, d]:.0e}"]
                for n, d in self.shapes]
        text = ("The product g = X X^T v alone, of eight points at once: times the speed of the dgemv pair, a point each. Bold: the form "
                "that a network of this shape takes. It follows n and d, never a clock: M where there are as many samples "
                "as inputs or more; else X, whose loss keeps its precision near zero, in two passes where the vectors of eight points "
                "leave the second-level cache (d > 7812). One and two passes have the same bits. M is not formed beyond d = 2000.")
        head = ["n", "d", *self.FORMS.values(), "largest relative difference to dgemm"]
        return section("Forms of the product that the samples share", text, head, rows)

    def cell(self, n, d, form):
        if (n, d, form) not in self.product:
            return ""
        text = with_spread(self.product[n, d, form])
        return f"**{text}**" if form == self.choice[n, d] else text


class Grants:
    """How many grants a second the coordinator makes when nothing else limits it."""

    TARGET = 5e4
    CASES = ((1, 1000000, 16), (5, 1000000, 4096), (5000, 1000000, 4096))  # groups, points, ranks

    def __init__(self, bench):
        self.bench, self.rate = bench, {case: Figure(bench.gate) for case in self.CASES}

    def measure(self):
        worker = self.bench.native("bench_grants")
        for case in self.CASES:
            for _ in range(min(5, self.bench.rounds)):
                look = self.bench.gate.look()
                said = worker.ask("run", *case, 0.3)
                self.rate[case].add(said["grants"] / said["cpu"], look)
        worker.close()
        say("grants per s: " + ", ".join(f"{figure.median:.2g}" for figure in self.rate.values()))

    def page(self):
        rows = [[groups, points, ranks, number(self.TARGET), against(figure, self.TARGET, "grants")]
                for (groups, points, ranks), figure in self.rate.items()]
        text = "The state machine alone, without messages: every rank reports its grant done and asks for the next."
        head = ["shapes", "points", "ranks", "target", "grants per s"]
        return section("Grants of the coordinator", text, head, rows)
