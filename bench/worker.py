"""Programs under the driver's orders, and the gate that says whether a sample was taken in quiet."""

import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))

# One thread each; the BLAS of Debian would take the kernels of an older CPU where there is AVX-512.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
              "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1", "JAX_PLATFORMS": "cpu"}


def has_avx512():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return "avx512f" in file.read()


def environment(**more):
    env = {**os.environ, **ONE_THREAD, **more}
    if has_avx512():
        env.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
    return env


class Missing(Exception):
    """A program that cannot be had here; the text says why."""


class Worker:
    """A program that obeys one line at a time. At most one works at any moment: the others wait for their line."""

    def __init__(self, command, quiet=False, **env):
        # What an opponent that is not installed has to say is one line, its exception.
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.PIPE if quiet else None, env=environment(**env))
        self.about = self.answer()
        self.version = self.about["version"]

    def answer(self):
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        said = self.process.stderr.read() if self.process.stderr else ""
        self.process.wait()
        raise Missing(said.strip().splitlines()[-1] if said.strip() else f"ended with {self.process.returncode}")

    def send(self, *words):
        try:
            self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # answer() says why

    def ask(self, *words):
        self.send(*words)
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Bench:
    """What all measurements share: programs, gate, how long to measure."""

    def __init__(self, build, python, work, effort):
        self.build, self.python, self.work = build, python, work
        self.quick, self.smoke = effort != "full", effort == "smoke"
        self.rounds, self.seconds = {"full": (7, 0.15), "quick": (3, 0.06), "smoke": (1, 0.002)}[effort]
        self.gate = Gate(self.engine())
        self.peaks = {}  # instruction set -> Figure

    def program(self, name):
        return os.path.join(self.build, "bench", name)

    def native(self, name, **env):
        return Worker([self.program(name)], **env)

    def engine(self, **env):
        return self.native("bench_whole", **env)

    def close(self):
        self.gate.worker.close()

    def opponent(self, script, *arguments, own_python=False):
        python = self.python if own_python else "/usr/bin/python3"
        if not os.path.exists(python):
            raise Missing("not installed: bench/setup.sh")
        return Worker([python, os.path.join(HERE, "opponents", script), *arguments], quiet=True)

    def file(self, name, text=None):
        path = os.path.join(self.work, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path


class Gate:
    """The speed of this core beside each sample: FMA peak, and a dgemm that notices a host whose registers are fast
    and whose memory is not. Whether a sample was quiet is known at the end only, when the best is."""

    LIMIT = 0.9

    def __init__(self, worker):
        self.worker, self.looks = worker, []

    def look(self):
        """Index of a look, to be asked about later."""
        said = self.worker.ask("peak", 0.006)
        self.looks.append((said["peak"], said["reference"]))
        return len(self.looks) - 1

    def usual(self):
        """Upper quartile of the looks: the machine when nobody disturbs."""
        return [quantile(column, 0.75) for column in zip(*self.looks)]

    def is_quiet(self, *looks):
        usual = self.usual()
        return all(value >= self.LIMIT * best for look in looks for value, best in zip(self.looks[look], usual))

    def share_quiet(self):
        return sum(self.is_quiet(i) for i in range(len(self.looks))) / max(1, len(self.looks))


def quantile(values, q):
    ordered = sorted(values)
    at = q * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


class Figure:
    """Samples of one number, each with the looks beside it; median and spread of the quiet ones, or of all of them
    where fewer than half were quiet."""

    def __init__(self, gate):
        self.gate, self.samples = gate, []

    def add(self, value, *looks):
        self.samples.append((value, looks))

    def scaled(self, factor):
        other = Figure(self.gate)
        other.samples = [(value * factor, looks) for value, looks in self.samples]
        return other

    def chosen(self):
        quiet = [value for value, looks in self.samples if self.gate.is_quiet(*looks)]
        return quiet if 2 * len(quiet) >= len(self.samples) else [value for value, _ in self.samples]

    @property
    def is_noisy(self):
        return 2 * sum(self.gate.is_quiet(*looks) for _, looks in self.samples) < len(self.samples)

    @property
    def median(self):
        return statistics.median(self.chosen())

    @property
    def low(self):
        return min(self.chosen())

    @property
    def high(self):
        return max(self.chosen())


STARTED = time.monotonic()


def say(text):
    print(f"bench: {time.monotonic() - STARTED:4.0f} s: {text}", file=sys.stderr, flush=True)
