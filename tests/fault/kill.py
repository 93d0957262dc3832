#!/usr/bin/python3
"""Kills a run at random moments and checks that nothing but time is lost.

    kill.py LINNET [--kills 25] [--seed 1] [--ranks 3]

A sweep of some seconds runs under mpirun and is killed with SIGKILL again and again: a worker, rank 0, mpirun, or all at
once. It is resumed on the same file each time. After each kill the file opens, every row it calls done holds what
an uninterrupted run wrote there, and no row that was done before is missing. In the end the file is that of the
uninterrupted run, byte for byte. When a file is complete before all kills are done, the next one is begun.

At last the checks are checked: they must notice a damaged row and a lost one, and linnet must repair them.
Only processes started here are killed, by their pid.
"""

import argparse
import filecmp
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py

SWEEP = """\
linnet: 1
name: kill
problem: {kind: target, spectrum: [2, 1, 0.5]}
model: {kind: deep, depth: 2, init: {kind: gaussian}}
train: {algorithm: gd, step_size: 1e-7, max_steps: STEPS}
record: {times: {log: 16}}
axes:
  depth: [2, 3, 4]
  seed: {count: COUNT}
"""

DONE = 1
FAILED = 3  # exit code: points were given up
VICTIMS = ["worker", "rank 0", "mpirun", "all"]


class Failure(Exception):
    pass


def start(test, description, name, programs, **numbers):
    """Reads the command line (paths of programs, by name; whole numbers: default and what they are) and calls test(options, folder) with a
    folder of its own. Returns the exit code."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    for word, text in ({"linnet": "the program"} | programs).items():
        parser.add_argument(word, type=os.path.abspath, help=text)
    for word, (default, text) in ({"seed": (1, None)} | numbers).items():
        parser.add_argument(f"--{word}", type=int, default=default, help=text)
    options = parser.parse_args()
    options.chance = random.Random(options.seed)
    return in_folder(name, lambda folder: test(options, folder))


def in_folder(name, test):
    """Calls test(folder) with a folder of its own, which is removed. Returns the exit code."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"linnet-{name}.", dir="/dev/shm"))
    try:
        test(folder)
    except Failure as failure:
        print(f"FAILED: {failure}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def environment(folder):
    return dict(
        os.environ,
        TMPDIR=str(folder),
        OMPI_MCA_btl_vader_backing_directory=str(folder),
        OMPI_ALLOW_RUN_AS_ROOT="1",
        OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
        OMPI_MCA_rmaps_base_oversubscribe="1",
        OMPI_MCA_hwloc_base_binding_policy="none",
        OMPI_MCA_btl="self,vader",
        OMPI_MCA_pml="ob1",
        OPENBLAS_NUM_THREADS="1",
    )


class Run:
    """One start of linnet under mpirun."""

    def __init__(self, options, folder, sweep, out, extra=(), program=None, **more):
        self.log = folder / "run.log"
        command = ["mpirun", "-n", str(options.ranks), program or options.linnet, "run", sweep, "-o", out, *extra]
        with open(self.log, "wb") as log:
            self.mpirun = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment(folder) | more)

    def ranks(self):
        """The processes mpirun has started: {rank: pid}."""
        found = {}
        pid = self.mpirun.pid
        try:
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return found
        for child in children:
            try:
                words = pathlib.Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
            except OSError:
                continue
            for word in words:
                if word.startswith(b"OMPI_COMM_WORLD_RANK="):
                    found[int(word.split(b"=")[1])] = int(child)
        return found

    def kill(self, victim, chance):
        """Kills the victim and waits until all are gone. Returns what was killed."""
        ranks = self.ranks()
        workers = [pid for rank, pid in ranks.items() if rank > 0]
        if victim == "worker" and workers:
            victims = [chance.choice(workers)]
        elif victim == "rank 0" and 0 in ranks:
            victims = [ranks[0]]
        elif victim == "all":
            victims = [self.mpirun.pid, *ranks.values()]
        else:
            victim, victims = "mpirun", [self.mpirun.pid]
        if self.mpirun.poll() is not None:
            return "too late"
        for pid in victims:
            send_kill(pid)
        self.mpirun.wait(timeout=180)
        wait_gone(ranks.values())
        return victim

    def finish(self, codes=(0,)):
        code = self.mpirun.wait(timeout=300)
        if code not in codes:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise Failure(f"linnet ended with exit code {code}:\n{tail}")


def send_kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def is_alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_gone(pids):
    """Ranks end themselves when mpirun dies; that takes about a second."""
    deadline = time.monotonic() + 180
    for pid in pids:
        while is_alive(pid):
            if time.monotonic() > deadline:
                send_kill(pid)
                raise Failure(f"process {pid} outlived the kill by 20 s")
            time.sleep(0.01)


class Contents:
    """The rows of a file as bytes."""

    def __init__(self, path):
        with h5py.File(path, "r") as file:
            grid = file["status"].shape
            self.status = file["status"][...].reshape(-1)
            self.rows, self.fixed = {}, {}
            for name, dataset in file.items():
                data = dataset[...]
                if dataset.shape[:len(grid)] == grid:
                    cells = data.reshape(self.status.size, -1)
                    self.rows[name] = [cell.tobytes() for cell in cells]
                else:
                    self.fixed[name] = data.tobytes()
        self.done = {cell for cell, status in enumerate(self.status) if status == DONE}


def check(contents, reference, done_before):
    """Raises Failure unless every done row is right and none is lost."""
    if contents.fixed != reference.fixed or contents.rows.keys() != reference.rows.keys():
        raise Failure("coordinates or variables differ from the reference")
    for name, rows in contents.rows.items():
        bad = [cell for cell in contents.done if rows[cell] != reference.rows[name][cell]]
        if bad:
            raise Failure(f"{len(bad)} rows are called done but {name} is wrong, first in row {min(bad)}")
    lost = done_before - contents.done
    if lost:
        raise Failure(f"{len(lost)} finished rows are lost, first row {min(lost)}")


def random_delay(chance, work_seconds):
    """Half of the kills hit the start (launch, creation, scan of the file), half the work."""
    if chance.random() < 0.5:
        return chance.uniform(0.0, 0.7)
    return 0.3 + chance.uniform(0.0, work_seconds / 3)


def kill_and_check(options, folder, sweep, out, reference, done_before, number, work_seconds):
    """One start and one kill. Returns the rows done, or None when the run was complete before the kill."""
    chance = options.chance
    run = Run(options, folder, sweep, out)
    delay = random_delay(chance, work_seconds)
    time.sleep(delay)
    killed = run.kill(chance.choice(VICTIMS), chance)
    if killed == "too late":
        run.finish(codes=(0, FAILED))
        return None
    done = set()
    if out.exists():
        contents = Contents(out)
        check(contents, reference, done_before)
        done = contents.done
    elif done_before:
        raise Failure("the file is gone")
    print(f"kill {number}: {killed} after {delay:.2f} s, {len(done)} of {len(reference.done)} rows done", flush=True)
    return done


def complete(options, folder, sweep, out, reference_path):
    # Kills are at random here: three of them may have hit one point, which is given up then.
    run = Run(options, folder, sweep, out, ["--retry", "failed"])
    run.finish()
    if not filecmp.cmp(out, reference_path, shallow=False):
        raise Failure("the completed file is not that of the uninterrupted run")
    print("completed: byte for byte that of the uninterrupted run", flush=True)


def kill_many(options, folder, sweep, reference_path, work_seconds):
    reference = Contents(reference_path)
    if reference.done != set(range(reference.status.size)):
        raise Failure("the reference is not complete")
    out, done, n_kills, n_files = folder / "killed.h5", set(), 0, 1
    while n_kills < options.kills:
        done_now = kill_and_check(options, folder, sweep, out, reference, done, n_kills + 1, work_seconds)
        if done_now is not None:
            done, n_kills = done_now, n_kills + 1
        if done_now is None or done_now == reference.done:
            complete(options, folder, sweep, out, reference_path)
            out.unlink()
            done, n_files = set(), n_files + 1
    complete(options, folder, sweep, out, reference_path)
    print(f"{n_kills} kills, {n_files} files: no row wrong, none lost", flush=True)


def change(path, name, cell, value=None):
    """Damages one row: its first byte flipped, or set to a value."""
    with h5py.File(path, "r") as file:
        dataset = file[name]
        size = dataset.id.get_storage_size() // file["status"].size
        offset = dataset.id.get_offset() + cell * size
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1 if value is None else value]))


def must_notice(path, reference, what):
    try:
        check(Contents(path), reference, reference.done)
    except Failure as failure:
        print(f"control, {what}: noticed ({failure})", flush=True)
        return
    raise Failure(f"control: the check does not notice {what}")


def run_controls(options, folder, sweep, reference_path):
    reference = Contents(reference_path)
    cell = options.chance.randrange(reference.status.size)
    for what, name, value in (("a damaged row", "final_loss", None), ("a lost row", "status", 0)):
        path = folder / "control.h5"
        shutil.copyfile(reference_path, path)
        change(path, name, cell, value)
        must_notice(path, reference, what)
        complete(options, folder, sweep, path, reference_path)


def test(options, folder):
    sweep, reference_path = folder / "kill.yaml", folder / "reference.h5"
    sweep.write_text(SWEEP.replace("STEPS", str(options.steps)).replace("COUNT", str(options.count)))
    started = time.monotonic()
    Run(options, folder, sweep, reference_path).finish()
    seconds = time.monotonic() - started
    print(f"uninterrupted run: {seconds:.1f} s, seed of the kills: {options.seed}", flush=True)
    kill_many(options, folder, sweep, reference_path, max(seconds - 0.5, 0.5))
    run_controls(options, folder, sweep, reference_path)


def main():
    return start(test, __doc__, "kill", {}, kills=(25, None), ranks=(3, None), count=(400, "networks per depth"),
                 steps=(100000, "steps per network"))


if __name__ == "__main__":
    sys.exit(main())
