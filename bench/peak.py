"""FMA peak of one core under each instruction set: the unit of everything else."""

from worker import Figure, say

SETS = ("avx512", "avx2", "portable")


def measure(bench):
    """{instruction set: Figure of flops per second} of those that this CPU has."""
    found = {}
    for isa in SETS:
        worker = bench.engine(LINNET_ISA=isa)
        if worker.about["isa"] == isa:
            found[isa] = (worker, Figure(bench.gate))
        else:
            worker.close()
    for _ in range(bench.rounds):
        for worker, figure in found.values():
            look = bench.gate.look()
            figure.add(worker.ask("peak", 0.2 * bench.seconds)["peak"], look)
    for worker, _ in found.values():
        worker.close()
    figures = {isa: figure for isa, (_, figure) in found.items()}
    say(", ".join(f"{isa} {figure.median / 1e9:.1f} GF/s" for isa, figure in figures.items()))
    return figures
