"""The benchmarks of linnet; bench/run.sh starts this. Prints a page of Markdown: what was measured, beside what was
aimed at, on which machine."""

import argparse
import os
import subprocess
import sys
import tempfile

import parts
import peak
import picture
import ranks
import report
import steps
from worker import Bench, say


# Part -> what measures it; engine and opponents are one measurement.
OTHERS = {"sets": parts.Sets, "lanes": parts.Lanes, "denormals": parts.Denormals, "diagonal": parts.Diagonal,
          "grants": parts.Grants, "file": ranks.File, "ranks": ranks.Scaling}
PARTS = ("engine", "opponents", *OTHERS)


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="bench/run.sh", description="Measures linnet side by side with other means.")
    parser.add_argument("--quick", action="store_true", help="fewer cases and rounds, under two minutes")
    parser.add_argument("--smoke", action="store_true", help="a few milliseconds of each: fails where losses differ")
    parser.add_argument("--build", default="build", help="build folder (default: build)")
    parser.add_argument("--python", default="build-bench/bin/python", help="Python with PyTorch and JAX (bench/setup.sh)")
    parser.add_argument("--out", help="also into this file, such as docs/benchmarks.md, and a picture beside it")
    parser.add_argument("--only", nargs="+", metavar="PART", choices=PARTS, default=PARTS,
                        help="parts to measure, of: " + " ".join(PARTS))
    return parser.parse_args(arguments)


def build(folder):
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        subprocess.run(["meson", "setup", folder], check=True, stdout=sys.stderr)
    subprocess.run(["ninja", "-C", folder], check=True, stdout=subprocess.DEVNULL)


def cases_of(options):
    if options.smoke:
        return [(2, 2), (5, 3), (33, 2)]
    if options.quick:
        return [(d, 3) for d in steps.WIDTHS]
    return [(d, depth) for d in steps.WIDTHS for depth in steps.DEPTHS]


def measure(options, work):
    """The page, and how many comparisons of losses failed."""
    load = os.getloadavg()[0]
    bench = Bench(options.build, options.python, work,
                  "smoke" if options.smoke else "quick" if options.quick else "full")
    bench.peaks = peak.measure(bench)
    wants_steps = {"engine", "opponents"} & set(options.only)
    whole = steps.Steps(bench, cases_of(options) if wants_steps else [], "opponents" in options.only)
    others = [make(bench) for name, make in OTHERS.items() if name in options.only]
    for part in (whole, *others):
        part.measure()
    if options.out:
        picture.draw(os.path.splitext(options.out)[0] + ".png", whole)
    page = report.page(bench, whole, others, load)
    faults = whole.close() + sum(part.faults() for part in others if isinstance(part, parts.Diagonal))
    bench.close()
    return page, faults


def main():
    options = options_of(sys.argv[1:])
    if not options.smoke:
        build(options.build)
    with tempfile.TemporaryDirectory(prefix="linnet-bench-") as work:
        page, faults = measure(options, work)
    print(page, end="")
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            file.write(page)
        say(f"written to {options.out}")
    if faults:
        say(f"the losses differ in {faults} comparisons")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
