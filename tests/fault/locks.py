#!/usr/bin/python3
"""One writer at a time: never two holders of a lock, never none; and who is gone does not hold it.

    locks.py LINNET HOLD_LOCK NO_LOCKS_LIBRARY [--rounds 12]

Processes race for the lock of one path: where the kernel keeps locks and where it has none (a preloaded fcntl), with a
lock file that a dead process has left, and with a lock that a file server still keeps for a dead process. Squeue is a
script that knows the job, does not know it, does not answer, or never ends. At last the test is tested: where fcntl
says that every lock was had, it must see two holders.
"""

import argparse
import contextlib
import fcntl
import os
import pathlib
import re
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from kill import Failure, environment, in_folder  # noqa: E402

RACERS = 4
TWO_HOLDERS = 99
SWEEP = """\
linnet: 1
name: locks
problem: {kind: target, spectrum: [2, 1, 0.5]}
model: {kind: deep, depth: 2, init: {kind: gaussian}}
train: {algorithm: gd, step_size: 1e-7, max_steps: 100000000}
axes: {seed: {count: 8}}
"""


def must(truth, message):
    if not truth:
        raise Failure(message)


class Bench:
    def __init__(self, options, folder):
        self.hold, self.library, self.linnet = options.hold_lock, options.library, options.linnet
        self.folder, self.path = folder, folder / "out.h5"
        self.lock = folder / "out.h5.lock"
        self.taken = self.refused = 0

    def environment(self, way=None, squeue=None, job=None):
        env = dict(environment(self.folder), SLURM_JOB_ID=job or "")
        if not job:
            del env["SLURM_JOB_ID"]
        if way:
            env |= {"LD_PRELOAD": self.library, "NO_LOCKS": way}
        if squeue is not None:
            tools = self.folder / "bin"
            tools.mkdir(exist_ok=True)
            script = tools / "squeue"
            script.write_text(f"#!/bin/sh\necho \"$@\" > {self.folder}/asked\n{squeue}\n")
            script.chmod(0o755)
            env["PATH"] = f"{tools}:{env['PATH']}"
        return env

    def start(self, ms, *words, **more):
        return subprocess.Popen([self.hold, str(self.path), str(ms), *words], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=self.environment(**more))

    def clean(self):
        for path in self.folder.glob("out.h5*"):
            path.unlink()

    def leave_dead(self, way=None, **more):
        """A lock file whose holder was killed; returns its text."""
        process = self.start(0, "die", way=way, **more)
        process.communicate(timeout=30)
        return self.lock.read_text()

    def forge(self, **fields):
        text = self.lock.read_text()
        for name, value in fields.items():
            text = re.sub(rf" {name} \S+", f" {name} {value}", text)
        self.lock.write_text(text)


@contextlib.contextmanager
def kept_by_server(path):
    """The lock of a file, held by somebody who does not stand in it."""
    fd = os.open(path, os.O_RDWR)
    fcntl.fcntl(fd, F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 1, 0))
    try:
        yield
    finally:
        os.close(fd)


F_OFD_SETLK = 37


def race(bench, what, way=None, ms=30, n=RACERS):
    """Several at once: one holds it, the others are refused, and nothing is left behind."""
    racers = [bench.start(ms, way=way) for _ in range(n)]
    said = [(process, *process.communicate(timeout=60)) for process in racers]
    codes = [process.returncode for process, _, _ in said]
    must(TWO_HOLDERS not in codes, f"{what}: two hold the lock")
    must(set(codes) <= {0, 2}, f"{what}: exit codes {codes}: {said}")
    must(0 in codes, f"{what}: nobody holds the lock: {[error for _, _, error in said]}")
    must(all("host " in error and "process " in error for process, _, error in said if process.returncode == 2),
         f"{what}: who is refused is not told by whom: {[error for _, _, error in said]}")
    left = sorted(path.name for path in bench.folder.glob("out.h5*"))
    must(not left, f"{what}: left behind: {left}")
    bench.taken += codes.count(0)
    bench.refused += codes.count(2)


def races(bench, rounds):
    for n in range(rounds):
        for way in (None, "error"):
            race(bench, f"race {n}, {way}", way)
            race(bench, f"race {n}, {way}, given back soon", way, ms=2)
            bench.leave_dead(way)
            race(bench, f"race {n} for the lock of a dead process, {way}", way)
        race(bench, f"race {n}, every lock takes its time", "slow", ms=5, n=3 * RACERS)
        bench.leave_dead()
        with kept_by_server(bench.lock):
            race(bench, f"race {n} for a lock that a server keeps for a dead process")
    print(f"{8 * rounds} races of {RACERS}: {bench.taken} took the lock in turn, {bench.refused} were refused, "
          "never two at once, never nobody", flush=True)


def take(bench, **more):
    process = bench.start(0, **more)
    said, error = process.communicate(timeout=60)
    return process.returncode, said, error


def verdicts(bench):
    """Who is gone loses the lock, who may live keeps it."""
    job = {"squeue": "exit 3"}
    unknown = "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1"
    cases = [
        ("a dead process of this host", {}, {}, 0),
        ("a host that was started anew", {"boot": "0-0"}, {}, 0),
        ("a live process", {"process": os.getpid(), "started": "self"}, {}, 2),
        ("a pid that was taken again", {"process": os.getpid()}, {}, 0),
        ("a process of another container", {"space": 1}, {}, 2),
        ("another host without Slurm", {"host": "elsewhere", "process": 1}, {}, 2),
        ("a job that runs", {"host": "elsewhere", "job": 17}, {"squeue": "echo RUNNING"}, 2),
        ("a job that Slurm has forgotten", {"host": "elsewhere", "job": 17}, {"squeue": unknown}, 0),
        ("a job that has ended", {"host": "elsewhere", "job": 17}, {"squeue": "exit 0"}, 0),
        ("a job, and squeue fails", {"host": "elsewhere", "job": 17}, {"squeue": "echo no controller; exit 1"}, 2),
        ("a job, and no squeue", {"host": "elsewhere", "job": 17}, {"squeue": "exec /nothing"}, 2),
        ("a job that is no number", {"host": "elsewhere", "job": "-j1"}, job, 2),
        ("an earlier start of this job", {"host": "elsewhere", "job": 17}, {"job": "17", "squeue": "echo RUNNING"}, 2),
    ]
    for what, fields, more, code in cases:
        for way in ("error", None):
            bench.clean()
            (bench.folder / "asked").unlink(missing_ok=True)
            bench.leave_dead(way)
            if fields.get("started") == "self":
                ticks = pathlib.Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
                fields = dict(fields, started=ticks)
            bench.forge(**fields)
            with kept_by_server(bench.lock) if not way else contextlib.nullcontext():
                got, said, error = take(bench, way=way, **more)
            must(got == code, f"{what} ({way}): {got}, not {code}: {said}{error}")
            must(code or "from host" in said, f"{what}: it is not said from whom the lock was taken")
            asked = bench.folder / "asked"
            must(not asked.exists() or asked.read_text().split() == ["-h", "-o", "%T", "-j", "17"],
                 f"squeue was asked {asked.read_text() if asked.exists() else ''}")
            must(code == 0 or way is None or "remove " in error, f"{what}: no remedy: {error}")
    bench.clean()
    print(f"{2 * len(cases)} holders of locks: the dead lose them, the others keep them", flush=True)


def locks_of_each_host(bench):
    """The kernel knows of no holder, as with Lustre's localflock, but the file names one of another host."""
    unknown = "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1"
    cases = [
        ("its job runs", {"host": "elsewhere", "job": 17}, {"squeue": "echo RUNNING"}, 2),
        ("its job runs, but it was of this host", {"job": 17}, {"squeue": "echo RUNNING"}, 0),
        ("its job waits to be started again", {"host": "elsewhere", "job": 17}, {"squeue": "echo PENDING"}, 0),
        ("its job has ended", {"host": "elsewhere", "job": 17}, {"squeue": "exit 0"}, 0),
        ("its job is forgotten", {"host": "elsewhere", "job": 17}, {"squeue": unknown}, 0),
        ("squeue fails", {"host": "elsewhere", "job": 17}, {"squeue": "echo no controller; exit 1"}, 0),
        ("it is of our own job", {"host": "elsewhere", "job": 17}, {"job": "17", "squeue": "echo RUNNING"}, 0),
        ("it had no job", {"host": "elsewhere"}, {"squeue": "echo RUNNING"}, 0),
    ]
    for what, fields, more, code in cases:
        bench.clean()
        bench.leave_dead()
        bench.forge(**fields)
        before = bench.lock.read_text()
        got, said, error = take(bench, **more)
        must(got == code, f"a lock of another host, {what}: {got}, not {code}: {said}{error}")
        if code:
            must(bench.lock.read_text() == before, f"a lock of another host, {what}: its file was changed")
            must("host elsewhere" in error and f"remove {bench.lock}" in error, f"{what}: no remedy: {error}")
    bench.leave_dead()
    bench.forge(host="elsewhere", job="17")
    env = {"squeue": "sleep 0.2"}
    racers = [bench.start(30, **env) for _ in range(RACERS)]
    said = [process.communicate(timeout=60) for process in racers]
    codes = [process.returncode for process in racers]
    must(set(codes) <= {0, 2} and 0 in codes, f"a race for the lock of another host: {codes}: {said}")
    bench.clean()
    print("locks that each host keeps by itself: who names a job that runs elsewhere is left alone", flush=True)


def requeued(bench):
    bench.leave_dead(job="17")
    bench.forge(host="elsewhere")
    with kept_by_server(bench.lock):
        env = dict(bench.environment(job="17"), SLURM_RESTART_COUNT="1")
        done = subprocess.run([bench.hold, bench.path, "0"], capture_output=True, text=True, env=env, timeout=30)
    must(done.returncode == 0, f"a job that was requeued does not get its own lock back: {done.stderr}")
    print("a requeued job takes the lock of its earlier start", flush=True)


def slow_squeue(bench):
    """Asked for 10 s, no longer."""
    bench.leave_dead("error")
    bench.forge(host="elsewhere", job="17")
    before = time.monotonic()
    code, _, error = take(bench, way="error", squeue="sleep 300")
    must(code == 2 and 8 < time.monotonic() - before < 40, f"squeue that does not end: {code} {error}")
    bench.clean()
    print("a squeue that does not end is not waited for", flush=True)


def hostile_files(bench):
    aim = bench.folder / "aim"
    texts = ["", "\0" * 600, "linnet lock 1 host", "x" * 5000, "linnet lock 1 host a boot b process 99999999999999 "]
    for text in texts:
        bench.clean()
        bench.lock.write_text(text)
        must(take(bench)[0] == 0, f"a lock file with {text[:20]!r} and no lock on it is in the way")
        bench.lock.write_text(text)
        with kept_by_server(bench.lock):
            code, _, error = take(bench)
        must(code == 2 and "unknown" in error, f"{text[:20]!r}: {code} {error}")
    bench.clean()
    aim.write_text("precious")
    bench.lock.symlink_to(aim)
    must(take(bench)[0] == 2 and aim.read_text() == "precious", "a link at .lock was followed")
    bench.lock.unlink()
    os.mkfifo(bench.lock)
    must(take(bench)[0] == 2, "a pipe at .lock is taken for a lock")
    bench.lock.unlink()
    print("hostile lock files: refused or taken over, nothing followed", flush=True)


def two_runs(bench, way):
    """The program itself: the second run is told who is at it, and readers are welcome."""
    sweep = bench.folder / "locks.yaml"
    sweep.write_text(SWEEP)
    command = [bench.linnet, "run", str(sweep), "-o", str(bench.path)]
    env = bench.environment(way=way, job="1234", squeue="echo RUNNING")
    with open(bench.folder / "log", "wb") as log:
        first = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    deadline = time.monotonic() + 20
    while not pathlib.Path(f"{bench.path}.running").exists():
        must(first.poll() is None and time.monotonic() < deadline, (bench.folder / "log").read_text())
        time.sleep(0.02)
    second = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    for word in ("host ", f"process {first.pid}", "Slurm job 1234", "since 20", "Reading is welcome"):
        must(word in second.stderr, f"the second run is not told '{word}': {second.stderr}")
    must(second.returncode == 2 and second.stderr.count("\n") == 1, f"{second.returncode}: {second.stderr}")
    status = subprocess.run([bench.linnet, "status", str(bench.path)], env=env, capture_output=True, timeout=60)
    must(status.returncode == 0, "status does not read the file during a run")
    first.kill()
    first.wait(timeout=30)
    third = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    third.send_signal(10)
    said = third.communicate(timeout=30)[1]
    must(third.returncode == 75, f"after a kill: {third.returncode}: {said}")
    must(way is None or "took over the lock" in said, f"not said: {said}")
    left = [path.name for path in bench.folder.glob("out.h5.lock*")]
    must(not left, f"left behind: {left}")
    bench.clean()
    print(f"two runs ({way or 'kernel'}): the second is told who is at it; after a kill the next goes on", flush=True)


def control(bench):
    """Where every lock is had, two must be seen."""
    for _ in range(50):
        racers = [bench.start(30, way="lie") for _ in range(RACERS)]
        for process in racers:
            process.communicate(timeout=60)
        bench.clean()
        if TWO_HOLDERS in [process.returncode for process in racers]:
            print("control: a lock that does not lock is noticed", flush=True)
            return
    raise Failure("control: the test does not notice that the lock does not lock")


def test(options, bench):
    races(bench, options.rounds)
    verdicts(bench)
    locks_of_each_host(bench)
    requeued(bench)
    slow_squeue(bench)
    hostile_files(bench)
    two_runs(bench, None)
    two_runs(bench, "error")
    control(bench)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("linnet", type=os.path.abspath)
    parser.add_argument("hold_lock", type=os.path.abspath)
    parser.add_argument("library", type=os.path.abspath, help="no_locks.so")
    parser.add_argument("--rounds", type=int, default=12)
    options = parser.parse_args()
    return in_folder("locks", lambda folder: test(options, Bench(options, folder)))


if __name__ == "__main__":
    sys.exit(main())
