#!/usr/bin/python3
"""Kills a run that is stopping, while it parks its points in flight, and checks that nothing but time is lost.

    kill_parking.py LINNET LINNET-FAULTS [--every 1] [--random 10] [--seed 1]

A sweep whose points take from a moment to long is stopped again and again on one file, on 1 to 3 ranks, and killed before or after each
call that makes OUT.h5.parked, puts it in the place of the old one or removes it (LINNET-FAULTS is the program built with faults), or at
a random moment after the stop signal (a worker, rank 0, mpirun or all). After each kill the file opens, every row it calls done is that of
an uninterrupted run, none that was done before is missing, and `linnet check` finds the parked points whole. When all are done the file is
that of the uninterrupted run, byte for byte, and nothing lies beside it.

At last the check is checked: a parked record that was torn must be noticed.
"""

import collections
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kill import FAILED, VICTIMS, Contents, Failure, Run, check, start  # noqa: E402

SWEEP = """\
linnet: 1
name: parking
problem: {kind: target, spectrum: [2, 1, 0.5]}
model: {depth: 2, init: {kind: gaussian}}
train: {step_size: 0.1, max_steps: 3000000, stop: {loss: 1e-6}}
record: {times: {log: 16}, series: [loss]}
axes:
  step_size: [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2]
  seed: {count: 8}
"""
STOPPED = 75
TRIES = 20
KILLED = (137, -9)
# Rank 0 passes these for the parked file; of the others, which it shares with the page file, the last time.
OWN = (("parked.create", 1), ("parked.write", 1), ("parked.write", 2))
SHARED = ("temporary.remove", "space.ask", "space.reserve", "file.write", "file.sync", "temporary.rename", "directory.open",
          "directory.sync")


class Lab:
    """One results file that is stopped and killed, and begun anew when it is complete."""

    def __init__(self, options, folder):
        self.options, self.folder, self.chance = options, folder, options.chance
        self.sweep, self.out, self.clean = folder / "parking.yaml", folder / "out.h5", folder / "clean.h5"
        self.arrived = folder / "arrived"
        self.sweep.write_text(SWEEP)
        options.ranks = 1
        started = time.monotonic()
        Run(options, folder, self.sweep, self.clean).finish()
        self.seconds = time.monotonic() - started
        self.reference, self.done, self.files = Contents(self.clean), set(), 1
        self.counts = collections.Counter()

    def start(self, ranks, fault="", **more):
        self.options.ranks = ranks
        program = self.options.faults if fault or more else self.options.linnet
        return Run(self.options, self.folder, self.sweep, self.out, ["-q", "--retry", "failed"], program=program,
                   LINNET_FAULT=fault, **more)

    def new_file(self):
        for path in self.folder.glob("out.h5*"):
            path.unlink()
        self.done, self.files = set(), self.files + 1

    def look(self):
        """What a kill has left."""
        if not self.out.exists():
            if self.done:
                raise Failure("the file is gone")
            return
        contents = Contents(self.out)
        check(contents, self.reference, self.done)
        self.done = contents.done
        self.check_parked()

    def check_parked(self):
        said = subprocess.run([self.options.linnet, "check", self.out], capture_output=True, text=True, timeout=60, check=False)
        # Between checksum and status a row is whole and not flagged: a kill of the training, not of the parking.
        if said.returncode != 0 and ("parked" in said.stdout or "status says otherwise" not in said.stdout):
            raise Failure(f"check: {said.stdout}{said.stderr}")
        self.counts["kills that left parked points"] += ".parked: " in said.stdout

    def complete(self):
        self.start(self.chance.randint(1, 3)).finish()
        if self.out.read_bytes() != self.clean.read_bytes():
            raise Failure("the completed file is not that of the uninterrupted run")
        left = [path.name for path in self.folder.glob("out.h5.*") if path.suffix not in (".log", ".lock")]
        if left:
            raise Failure(f"left behind: {left}")
        self.new_file()

    def last_arrivals(self, ranks):
        """How often each site is passed when a run on a new file is stopped."""
        for _ in range(TRIES):
            self.new_file()
            self.start_counted(ranks, "value.data:1:stop").finish(codes=(STOPPED,))
            most = self.arrivals()
            if most:
                return most
        raise Failure(f"{TRIES} runs, and none has counted")

    def start_counted(self, ranks, fault):
        self.arrived.unlink(missing_ok=True)
        return self.start(ranks, fault, LINNET_FAULT_COUNT=str(self.arrived))

    def arrivals(self):
        """Of the run before, which was not killed. Nothing where rank 0 did not get to say: mpirun ends the others when the first
        leaves with a code other than 0."""
        most = collections.Counter()
        for line in self.arrived.read_text().splitlines():
            site, number = line.split()
            most[site] = max(most[site], int(number))
        return most if most["parked.create"] else collections.Counter()

    def kill_at(self, ranks, site, at, what):
        """A stop on a new file, killed at the site. How often it is passed goes with the number of points that are parked: where
        this run came there less often than the one that was counted, its own last time is the next aim."""
        for _ in range(TRIES):
            self.new_file()
            run = self.start_counted(ranks, f"value.data:1:stop,{site}:{at}:{what}:0")
            run.finish(codes=(*KILLED, STOPPED))
            if run.mpirun.returncode != STOPPED:
                self.look()
                return
            at = min(at, self.arrivals()[site] or at)
        raise Failure(f"{TRIES} runs, and none came there")

    def kill_removal(self, ranks, what):
        """A run that comes to its end, killed when it removes what was parked."""
        self.start(ranks, "value.data:1:stop").finish(codes=(STOPPED,))
        self.start(ranks, f"parked.remove:1:{what}:0").finish(codes=KILLED)
        self.look()
        self.complete()

    def file_number(self):
        try:
            return os.stat(f"{self.out}.running").st_ino
        except OSError:
            return None

    def kill_at_random(self):
        before = self.file_number()
        run = self.start(self.chance.randint(1, 3))
        # The launcher hears signals by then; what a killed run has left there does not count.
        while run.mpirun.poll() is None and self.file_number() in (None, before):
            time.sleep(0.01)
        time.sleep(self.chance.uniform(0, 0.5 * self.seconds))
        run.mpirun.send_signal(signal.SIGUSR1)
        delay = self.chance.uniform(0, 0.03)
        time.sleep(delay)
        killed = run.kill(self.chance.choice(VICTIMS), self.chance)
        self.counts[f"at random: {killed}"] += 1
        if killed == "too late":
            # At its very end mpirun no longer hears signals, and the one that asks for the stop ends it.
            run.finish(codes=(0, FAILED, STOPPED, -signal.SIGUSR1))
        self.look()
        if self.done == self.reference.done or self.chance.random() < 0.2:
            self.complete()


def moments(lab):
    for ranks in (1, 3):
        most = lab.last_arrivals(ranks)
        for site, at in [*OWN, *((site, most[site]) for site in SHARED)]:
            for what in ("kill", "kill-after"):
                yield ranks, site, at, what


def kill_at_moments(lab):
    chosen = list(moments(lab))[::lab.options.every]
    for ranks, site, at, what in chosen:
        try:
            lab.kill_at(ranks, site, at, what)
            lab.start(lab.chance.randint(1, 3), "value.data:1:stop").finish(codes=(0, STOPPED))
            lab.look()
            lab.complete()
        except Failure as failure:
            raise Failure(f"{what} at {site}:{at} on {ranks} ranks: {failure}") from None
    for ranks in (1, 3):
        for what in ("kill", "kill-after"):
            lab.new_file()
            lab.kill_removal(ranks, what)
    lab.counts["at named moments"] += len(chosen) + 4


def control(lab):
    lab.new_file()
    lab.start(1, "value.data:1:stop").finish(codes=(STOPPED,))
    parked = pathlib.Path(f"{lab.out}.parked")
    data = parked.read_bytes()
    parked.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    try:
        lab.look()
    except Failure:
        print("control: a torn record is noticed", flush=True)
        lab.complete()
        return
    raise Failure("control: nobody notices a torn record")


def test(options, folder):
    lab = Lab(options, folder)
    kill_at_moments(lab)
    lab.new_file()
    for _ in range(options.random):
        lab.kill_at_random()
    lab.complete()
    control(lab)
    for what, number in sorted(lab.counts.items()):
        print(f"{number:5} {what}")
    print(f"{lab.counts['at named moments'] + options.random} kills, {lab.files} files: none that does not open, no row lost or wrong",
          flush=True)


def main():
    return start(test, __doc__, "parking", {"faults": "the program with faults"}, every=(1, "of the named moments"), random=(10, None))


if __name__ == "__main__":
    sys.exit(main())
