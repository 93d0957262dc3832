#!/usr/bin/python3
"""Kills `linnet extend` and `linnet merge` and checks that the target is whole or not there, and the sources untouched.

    kill_reuse.py LINNET KILL_AT.so [--every 1] [--random 10] [--seed 1]

KILL_AT.so ends the process with SIGKILL before its k-th call that changes a file (write, reserve, sync, rename, remove); k goes
through all of them, or every so many. More kills come at random times. After each kill the sources have their bytes, and the target
is not there or is byte for byte that of an undisturbed command. The next try, on what the kill has left, makes that file.

At last the check is checked: a target written in place, as no linnet would, must be noticed.
"""

import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kill import Failure, start  # noqa: E402

SWEEP = """\
linnet: 1
name: reuse
problem: {kind: target, spectrum: [2, 1, 0.5]}
model: {kind: deep, depth: 2, init: {kind: gaussian}}
train: {algorithm: gd, step_size: 0.1, max_steps: 20}
record: {times: {log: 16}}
axes:
  depth: [2, 3]
  seed: {count: COUNT}
"""


class Case:
    """A command that makes a file, its sources, and what it must make."""

    def __init__(self, options, folder, name, words, sources):
        self.options, self.name, self.words, self.sources = options, name, words, sources
        self.target = folder / f"{name}.h5"
        self.before = [path.read_bytes() for path in sources]
        self.count = folder / "count"
        started = time.monotonic()
        self.must(self.run(KILL_AT="0", KILL_COUNT=str(self.count)))
        self.seconds = time.monotonic() - started
        self.n_calls = int(self.count.read_text())
        self.expected = self.target.read_bytes()
        self.target.unlink()

    def start(self, **more):
        environment = dict(os.environ, OPENBLAS_NUM_THREADS="1", **more)
        if more:
            environment["LD_PRELOAD"] = self.options.kill_at
            checks = [os.environ["ASAN_OPTIONS"]] if "ASAN_OPTIONS" in os.environ else []
            environment["ASAN_OPTIONS"] = ":".join(checks + ["verify_asan_link_order=0", "detect_leaks=0"])
        return subprocess.Popen([self.options.linnet, *map(str, self.words), "-o", str(self.target)],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)

    def run(self, **more):
        process = self.start(**more)
        _, message = process.communicate(timeout=60)
        return process.returncode, message.decode(errors="replace")

    @staticmethod
    def must(result):
        if result[0] != 0:
            raise Failure(f"exit code {result[0]}: {result[1]}")

    def check(self, when):
        for path, bytes_before in zip(self.sources, self.before):
            if path.read_bytes() != bytes_before:
                raise Failure(f"{self.name}, {when}: {path.name} was touched")
        if self.target.exists() and self.target.read_bytes() != self.expected:
            raise Failure(f"{self.name}, {when}: the target is there and is not whole")

    def recover(self, when):
        """The same command again, on what is left."""
        if self.target.exists():
            code, message = self.run()
            if code != 2 or "is there already" not in message:
                raise Failure(f"{self.name}, {when}: exit code {code} on a finished target: {message}")
        else:
            self.must(self.run())
        self.check(when + " and again")
        if not self.target.exists():
            raise Failure(f"{self.name}, {when}: the second try made nothing")
        self.target.unlink()
        left = [path.name for path in self.target.parent.glob(self.target.name + ".*")
                if not path.name.endswith(".lock")]
        if left:
            raise Failure(f"{self.name}, {when}: left behind: {left}")

    def kill_at_call(self, k):
        code, message = self.run(KILL_AT=str(k))
        if code != -signal.SIGKILL:
            raise Failure(f"{self.name}: call {k} did not kill it: exit code {code}: {message}")
        self.check(f"killed at call {k} of {self.n_calls}")
        self.recover(f"killed at call {k}")

    def kill_at_random(self):
        process = self.start()
        delay = self.options.chance.uniform(0, 1.1 * self.seconds)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        self.check(f"killed after {delay:.3f} s")
        self.recover(f"killed after {delay:.3f} s")

    def control(self):
        """Half a target must be noticed."""
        self.target.write_bytes(self.expected[: len(self.expected) // 2])
        try:
            self.check("control")
        except Failure:
            self.target.unlink()
            return
        raise Failure("control: the check does not notice half a file")


def run_sweep(options, *words):
    subprocess.run([options.linnet, "run", *map(str, words), "-q"], check=True, timeout=120,
                   stderr=subprocess.DEVNULL)


def cases(options, folder):
    old, new = folder / "old.yaml", folder / "new.yaml"
    old.write_text(SWEEP.replace("COUNT", str(options.count)))
    new.write_text(SWEEP.replace("COUNT", str(2 * options.count)).replace("[2, 3]", "[2, 3, 4]"))
    parts = [folder / f"part{k}.h5" for k in (1, 2, 3)]
    for k, part in enumerate(parts):
        run_sweep(options, old, "--shard", f"{k + 1}/3", "-o", part)
    run_sweep(options, old, "-o", folder / "old.h5")
    yield Case(options, folder, "extend", ["extend", folder / "old.h5", new], [folder / "old.h5"])
    yield Case(options, folder, "merge", ["merge", *parts], parts)


def test(options, folder):
    for case in cases(options, folder):
        n = 0
        for k in range(1, case.n_calls + 1, options.every):
            case.kill_at_call(k)
            n += 1
        for _ in range(options.random):
            case.kill_at_random()
        case.control()
        print(f"{case.name}: {n} kills at {case.n_calls} calls, {options.random} at random times: "
              "no target but a whole one, no source touched", flush=True)


def main():
    return start(test, __doc__, "reuse", {"kill_at": "the library that kills"}, every=(1, None), random=(10, None),
                 count=(50, "networks per depth"))


if __name__ == "__main__":
    sys.exit(main())
