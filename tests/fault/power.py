#!/usr/bin/python3
"""Takes the power from an ext4 under a run: what is on the disk afterwards opens, and every damaged row is known.

    power.py LINNET [--cuts 40] [--seed 1]

A file system of its own in a loop device is shut down without its journal (EXT4_IOC_SHUTDOWN), so that only what had reached the disk is
there when it is mounted again: at a random moment of the creation, the run, its end, extend, merge and repair, after syncs at
random moments; also while a run is asked to stop and parks its points, and while one goes on from parked points. Then the results file is absent or opens, `linnet check` finds nothing but rows that are damaged, which a clean run's
bytes confirm, and the same command and a run make the file of an undisturbed one. Needs root; ends with 77 where there is no loop device.
"""

import argparse
import collections
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from deaths import pages, slots  # noqa: E402
from kill import Contents, Failure, environment  # noqa: E402
from mounts import mount, run, shut_down, unmount, work_folder  # noqa: E402

SWEEP = """\
linnet: 1
name: power
problem: {kind: target, spectrum: [2, 1, 0.5]}
model: {kind: deep, depth: 2, init: {kind: gaussian}}
train: {algorithm: gd, step_size: 1e-7, max_steps: 60000}
record: {times: {log: 16}}
axes:
  depth: [2, 3]
  seed: {count: COUNT}
"""
LIMIT = 120


# Points that take long, so that a stop finds them on their way.
PARKS = SWEEP.replace("max_steps: 60000}", "max_steps: 3000000, stop: {loss: 0}}").replace("COUNT", "4")


def has_points(out):
    """A run on the file has points in hand."""
    try:
        return any(slots(page) for page in pages(out))
    except OSError:
        return False


class Lab:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.image, self.point = folder / "image", folder / "disk"
        self.sweep, self.wider = folder / "sweep.yaml", folder / "wider.yaml"
        self.sweep.write_text(SWEEP.replace("COUNT", "500"))
        self.wider.write_text(SWEEP.replace("COUNT", "600"))
        self.parks, self.parked_clean, self.parked = folder / "parks.yaml", folder / "parks.h5", folder / "parked.h5"
        self.parks.write_text(PARKS)
        self.must(["run", self.parks, "-o", self.parked_clean, "-q"])
        self.park()
        self.clean, self.parts = folder / "clean.h5", [folder / "part1.h5", folder / "part2.h5"]
        started = time.monotonic()
        self.must(["run", self.sweep, "-o", self.clean, "-q"])
        self.seconds = time.monotonic() - started
        for k, part in enumerate(self.parts):
            self.must(["run", self.sweep, "--shard", f"{k + 1}/2", "-o", part, "-q"])
        self.must(["extend", self.clean, self.wider, "-o", folder / "extended.h5"])
        self.must(["run", self.wider, "-o", folder / "extended.h5", "-q"])
        data = bytearray(self.clean.read_bytes())
        (folder / "torn.h5").write_bytes(data[:-40])
        for at in range(len(data) // 2, len(data) // 2 + 4096, 7):
            data[at] ^= 1
        (folder / "stained.h5").write_bytes(data)

    def start(self, words, ranks=1):
        command = [self.options.linnet, *words]
        if ranks > 1:
            command = ["mpirun", "-n", ranks, *command]
        return subprocess.Popen([str(w) for w in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=environment("/dev/shm"), start_new_session=True)

    def must(self, words):
        process = self.start(words)
        out, err = process.communicate(timeout=LIMIT)
        if process.returncode != 0:
            raise Failure(f"{words}: exit code {process.returncode}: {out}{err}")

    def park(self):
        """A file with parked points beside it. The signal that comes too early or too late for that is sent to another run."""
        for _ in range(20):
            for path in self.folder.glob(self.parked.name + "*"):
                path.unlink()
            process = self.start(["run", self.parks, "-o", self.parked, "-q"])
            while process.poll() is None and not has_points(self.parked):
                time.sleep(0.01)
            process.send_signal(signal.SIGUSR1)
            text, err = process.communicate(timeout=LIMIT)
            if process.returncode == 75 and pathlib.Path(f"{self.parked}.parked").exists():
                return
        raise Failure(f"no points are parked: exit code {process.returncode}: {text}{err}")

    def new_disk(self):
        with open(self.image, "wb") as file:
            file.truncate(64 << 20)
        run("mkfs.ext4", "-q", "-F", self.image)
        self.mount()

    def mount(self):
        mount(self.point, "-t", "ext4", "-o", self.options.chance.choice(("loop", "loop,data=writeback", "loop,commit=1")), self.image)

    def cut(self, words, ranks, delay, is_stopped):
        """Starts the command, syncs now and then, and takes the power after the delay; a run that is to park is asked to stop before."""
        chance, process = self.options.chance, self.start(words, ranks)
        if is_stopped:
            while process.poll() is None and not (self.point / "out.h5.running").exists():
                time.sleep(0.01)
            time.sleep(chance.uniform(0.05, 0.4))
            process.send_signal(signal.SIGUSR1)
        end = time.monotonic() + delay
        while time.monotonic() < end and process.poll() is None:
            time.sleep(min(chance.uniform(0, 0.3), max(end - time.monotonic(), 0)))
            if chance.random() < 0.3:
                run("sync", "-f", self.point)
        shut_down(self.point, chance.random() < 0.25)
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.communicate(timeout=LIMIT)
        unmount(self.point)
        self.mount()


def stages(lab):
    """name: (what lies there before, command, its results file, the clean file, ranks)"""
    out = lab.point / "out.h5"
    runs, parks = ["run", lab.sweep, "-o", out, "-q"], ["run", lab.parks, "-o", out, "-q"]
    return {
        "parking": (None, parks, lab.parked_clean, 1, (0.0, 0.1)),
        "parking, three ranks": (None, parks, lab.parked_clean, 3, (0.0, 0.2)),
        "parking again": (lab.parked, parks, lab.parked_clean, 1, (0.0, 0.1)),
        "going on": (lab.parked, parks, lab.parked_clean, 1, (0.2, 1.5)),
        "creation": (None, runs, lab.clean, 1, (0.05, 0.5)),
        "run": (None, runs, lab.clean, 3, (0.5, 0.5 + lab.seconds)),
        "run, one rank": (None, runs, lab.clean, 1, (0.3, lab.seconds)),
        "end": (lab.parts[0], runs, lab.clean, 1, (0.45 * lab.seconds, 0.8 * lab.seconds)),
        "merge": (None, ["merge", *lab.parts, "-o", out], lab.clean, 1, (0.0, 0.25)),
        "extend": (None, ["extend", lab.clean, lab.wider, "-o", out], lab.folder / "extended.h5", 1, (0.0, 0.25)),
        "repair": (lab.folder / "stained.h5", ["repair", out], lab.clean, 1, (0.0, 0.2)),
        "repair, anew": (lab.folder / "torn.h5", ["repair", out], lab.clean, 1, (0.0, 0.25)),
    }


def look(lab, out, clean, before, counts, name):
    """The file after the power cut against the clean one."""
    if not out.exists():
        if before:
            raise Failure("the file is gone")
        counts[name, "absent"] += 1
        return
    if before and out.read_bytes() == before.read_bytes():
        counts[name, "as before"] += 1
        return
    checked = lab.start(["check", out])
    text, err = checked.communicate(timeout=LIMIT)
    counts["all", "files with parked points, whole"] += ".parked: " in text
    if "damaged: " in text and "parked point" in text.partition("damaged: ")[2]:
        raise Failure(f"parked points are torn: {text}")
    if checked.returncode not in (0, 1) or "what is not a row" in text:
        raise Failure(f"it does not open, or is damaged where no row is: {text}{err}")
    right, found = Contents(clean), Contents(out)
    wrong = {cell for cell in found.done if any(rows[cell] != right.rows[key][cell] for key, rows in found.rows.items())}
    n_known = int(text.split(" damaged")[0].rpartition(" ")[2])
    if n_known < len(wrong):
        raise Failure(f"{len(wrong)} rows are wrong, {n_known} are known to be")
    counts[name, "opens"] += 1
    counts["all", "rows done"] += len(found.done)
    counts["all", "rows damaged and found"] += len(wrong)


def cut_once(lab, name, counts):
    before, words, clean, ranks, (least, most) = stages(lab)[name]
    out = lab.point / "out.h5"
    lab.new_disk()
    if before:
        shutil.copy(before, out)
        if pathlib.Path(f"{before}.parked").exists():
            shutil.copy(f"{before}.parked", f"{out}.parked")
    os.sync()
    delay = lab.options.chance.uniform(least, most)
    lab.cut(words, ranks, delay, name.startswith("parking"))
    look(lab, out, clean, before, counts, name)
    again = lab.start(words)
    text, err = again.communicate(timeout=LIMIT)
    if again.returncode != 0 and "is there already" not in err:
        raise Failure(f"the same command again: exit code {again.returncode}: {text}{err}")
    sweep = lab.wider if name == "extend" else lab.parks if before == lab.parked or "parking" in name else lab.sweep
    lab.must(["run", sweep, "-o", out, "-q"])
    if out.read_bytes() != clean.read_bytes():
        raise Failure("completed it is not the file of an undisturbed run")
    unmount(lab.point)
    return delay


def control_parked(lab):
    """What is counted of files with parked points must be there to be counted."""
    lab.new_disk()
    out, counts = lab.point / "out.h5", collections.Counter()
    shutil.copy(lab.parked, out)
    shutil.copy(f"{lab.parked}.parked", f"{out}.parked")
    look(lab, out, lab.parked_clean, None, counts, "control")
    if counts["all", "files with parked points, whole"] != 1:
        raise Failure("control: parked points are not seen")
    unmount(lab.point)


def control(lab, counts):
    """A wrong row whose checksum is right must be noticed."""
    lab.new_disk()
    out = lab.point / "out.h5"
    shutil.copy(lab.clean, out)
    flip = pathlib.Path(__file__).resolve().parent.parent / "cli" / "flip.py"
    subprocess.run([sys.executable, flip, out, "final_loss", "forge"], check=True, capture_output=True)
    try:
        look(lab, out, lab.clean, None, counts, "control")
    except Failure as failure:
        print(f"control: noticed ({failure})", flush=True)
        unmount(lab.point)
        return
    raise Failure("control: nobody notices a wrong row")


def test(options, folder):
    lab, counts = Lab(options, folder), collections.Counter()
    names = [name for name in stages(lab) if name.startswith(options.stage or "")]
    first = options.chance.randrange(len(names))
    for k in range(options.cuts):
        name = names[(first + k) % len(names)]
        try:
            delay = cut_once(lab, name, counts)
        except Failure as failure:
            raise Failure(f"cut {k + 1}, {name}: {failure}") from None
        print(f"cut {k + 1}: {name} after {delay:.2f} s", flush=True)
    for (name, what), number in sorted(counts.items()):
        print(f"{name}: {number} {what}")
    n_parking = sum(names[(first + k) % len(names)].startswith("parking") for k in range(options.cuts))
    if n_parking >= 6 and not counts["all", "files with parked points, whole"]:
        raise Failure(f"{n_parking} cuts while points were being parked, and none was")
    control_parked(lab)
    control(lab, collections.Counter())
    print(f"{options.cuts} power cuts: no file that does not open, no wrong row that is not known", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("linnet", type=os.path.abspath, help="the program")
    parser.add_argument("--cuts", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the cuts; default 1")
    parser.add_argument("--stage", help="those alone whose name begins so: parking")
    options = parser.parse_args()
    options.chance = random.Random(options.seed)
    folder = pathlib.Path(work_folder("power"))
    try:
        test(options, folder)
    except Failure as failure:
        print(f"FAILED, seed {options.seed}: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
