#!/usr/bin/python3
"""Disks that are full, read-only or gone, and files that vanish under a run: it ends in time, with one line, and nothing is wrong.

    disk.py LINNET

No fault is injected. Needs root; ends with 77 where nothing can be mounted.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kill import Failure, environment  # noqa: E402
from mounts import mount, unmount, work_folder  # noqa: E402

SWEEP = """\
linnet: 1
name: disk
problem: {kind: target, spectrum: [2, 1, 0.5]}
model: {kind: deep, depth: 3, init: {kind: gaussian}}
train: {algorithm: gd, step_size: 1e-7, max_steps: STEPS}
record: {times: {log: 16}}
axes: {seed: {count: COUNT}}
"""
LIMIT = 90


class Disk:
    def __init__(self, linnet, folder):
        self.folder, self.sweep, self.slow = folder, folder / "quick.yaml", folder / "slow.yaml"
        self.sweep.write_text(SWEEP.replace("STEPS", "200").replace("COUNT", "200"))
        self.slow.write_text(SWEEP.replace("STEPS", "200000").replace("COUNT", "800"))
        self.linnet = folder / "linnet"  # where anybody can run it
        shutil.copy(linnet, self.linnet)
        folder.chmod(0o755)
        self.number = 0

    def start(self, words, ranks=1, **more):
        command = [self.linnet, *words]
        if ranks > 1:
            command = ["mpirun", "-n", ranks, *command]
        scratch = self.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        scratch.chmod(0o777)
        env = environment(scratch) | {k: v for k, v in more.items() if k.isupper()}
        user = {k: v for k, v in more.items() if not k.isupper()}
        return subprocess.Popen([str(w) for w in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
                                start_new_session=True, cwd=self.folder, **user)

    def end(self, process):
        try:
            out, err = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise Failure("hangs") from None
        return process.returncode, out, err

    def run(self, words, ranks=1, **more):
        return self.end(self.start(words, ranks, **more))

    def must(self, words):
        code, out, err = self.run(words)
        if code != 0:
            raise Failure(f"{words}: {code}: {out}{err}")

    def ends(self, name, result, codes, text):
        code, _, err = result
        # Ranks that lose a page of the file can tell nobody but the terminal: each says the same.
        lines = list({line for line in err.splitlines() if line.startswith("linnet: ")
                      and "points on" not in line and "resuming" not in line})
        if code not in codes or len(lines) != 1 or text not in lines[0]:
            raise Failure(f"{name}: exit code {code}, {err}")
        self.number += 1
        print(f"{name}: exit code {code}: {lines[0][:150]}", flush=True)

    def passes(self, name):
        self.number += 1
        print(f"{name}: as it should be", flush=True)

    def wait_rows(self, process, out):
        for _ in range(600):
            status = subprocess.run([self.linnet, "status", out, "--json"], capture_output=True, text=True, check=False)
            if '"done": ' in status.stdout and '"done": 0,' not in status.stdout:
                return
            if process.poll() is not None:
                raise Failure(f"it has ended before anything was done to it: {process.communicate()}")
            time.sleep(0.05)
        raise Failure("no rows come")


def fill(folder):
    """Takes what is left of a file system."""
    with open(folder / "other", "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass
        try:
            while True:
                file.write(bytes(512))
        except OSError:
            return


def full_before(disk):
    point = disk.folder / "small"
    for size, text in ("200k", "bytes, and the disk has"), ("32k", "No space left on device"), ("4k", "No space left on device"):
        mount(point, "-t", "tmpfs", "-o", f"size={size}", "none")
        for ranks in 1, 3:
            result = disk.run(["run", disk.sweep, "-o", point / "out.h5"], ranks)
            disk.ends(f"full before, {size}, {ranks} ranks", result, (1,), text)
            left = [path.name for path in point.iterdir() if not path.name.endswith(".lock")]
            if left:
                raise Failure(f"full before: left behind: {left}")
        unmount(point)


def full_for_many(disk):
    """Sweeps whose room is asked for before they are planned: a file that was not finished makes room for the next, and leaves with it."""
    point, many = disk.folder / "many", disk.folder / "many.yaml"
    many.write_text(SWEEP.replace("STEPS", "1").replace("COUNT", "200000"))
    out, half = point / "out.h5", point / "out.h5.tmp"

    def run_on(size, blocks):
        mount(point, "-t", "tmpfs", "-o", f"size={size}", "none")
        for path, taken in blocks.items():
            with open(path, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, taken)
        # It ends before the first point, with its file made.
        return disk.run(["run", many, "-o", out, "--margin", "86400"], SLURM_JOB_END_TIME=str(int(time.time()) + 60))

    result = run_on("1g", {})
    size = out.stat().st_size if out.exists() else 0
    unmount(point)
    disk.ends("many cells", result, (75,), "stopped before the first point")
    result = run_on(size + (4 << 20), {half: size})
    if half.exists() or not out.exists() or out.stat().st_size != size:
        raise Failure(f"a file left unfinished does not make room: {result}")
    unmount(point)
    disk.ends("many cells, the room taken by a file left unfinished", result, (75,), "stopped before the first point")
    result = run_on(size + (4 << 20), {point / "other": size})
    if [path.name for path in point.iterdir()] != ["other"]:
        raise Failure("a sweep without room has touched the disk")
    unmount(point)
    disk.ends("many cells, the room taken by another file", result, (2,), "many.yaml:7:")
    result = run_on(size - (1 << 16), {half: 1 << 20})  # enough for the rows, not for the file
    left = [path.name for path in point.iterdir() if not path.name.endswith(".lock")]
    unmount(point)
    disk.ends("many cells, full when the file is made", result, (1,), "bytes, and the disk has")
    if left:
        raise Failure(f"full when the file is made: left behind: {left}")


def full_during(disk):
    """The blocks are reserved: another writer's filling the disk is no matter."""
    clean, point = disk.folder / "clean.h5", disk.folder / "middle"
    disk.must(["run", disk.slow, "-o", clean, "-q"])
    for way in "", "mpi":
        mount(point, "-t", "tmpfs", "-o", "size=16m", "none")
        process = disk.start(["run", disk.slow, "-o", point / "out.h5"], 2, LINNET_WRITE=way)
        disk.wait_rows(process, point / "out.h5")
        fill(point)
        code, _, err = disk.end(process)
        if code != 0 or (point / "out.h5").read_bytes() != clean.read_bytes():
            raise Failure(f"full during: {code}: {err}")
        disk.passes(f"full during the run, reserved, {way or 'mapped'}")
        unmount(point)


def full_and_not_reserved(disk):
    """A copy with holes: the disk fills while it is resumed."""
    clean, part, point = disk.folder / "quick.h5", disk.folder / "part.h5", disk.folder / "holes"
    disk.must(["run", disk.sweep, "-o", clean, "-q"])
    disk.must(["run", disk.sweep, "--shard", "1/40", "-o", part, "-q"])
    mount(point, "-t", "tmpfs", "-o", "size=4m", "none")
    for way in "", "mpi":
        out = point / f"out{way}.h5"
        subprocess.run(["cp", "--sparse=always", part, out], check=True)
        fill(point)
        disk.ends(f"full to the last byte, {way or 'mapped'}", disk.run(["run", disk.sweep, "-o", out, "-q"], 1, LINNET_WRITE=way),
                  (1, 2), str(out))
        os.truncate(point / "other", (point / "other").stat().st_size - (24 << 10))  # room for side files, not for rows
        disk.ends(f"full, with holes, {way or 'mapped'}", disk.run(["run", disk.sweep, "-o", out, "-q"], 1, LINNET_WRITE=way), (1,),
                  str(out))
        (point / "other").unlink()
        disk.must(["run", disk.sweep, "-o", out, "-q"])
        if out.read_bytes() != clean.read_bytes():
            raise Failure("full, with holes: the resumed file is another")
        out.unlink()
    unmount(point)


def read_only(disk):
    point = disk.folder / "fixed"
    mount(point, "-t", "tmpfs", "-o", "size=8m", "none")
    shutil.copy(disk.folder / "part.h5", point / "old.h5")
    subprocess.run(["mount", "-o", "remount,ro", str(point)], check=True)
    for ranks in 1, 3:
        disk.ends(f"read-only, new, {ranks} ranks", disk.run(["run", disk.sweep, "-o", point / "new.h5"], ranks), (1, 2), "Read-only")
        disk.ends(f"read-only, resumed, {ranks} ranks", disk.run(["run", disk.sweep, "-o", point / "old.h5"], ranks), (1, 2), "old.h5")
    disk.ends("read-only, repair", disk.run(["repair", point / "old.h5"]), (1, 2), "old.h5")
    disk.must(["check", point / "old.h5"])
    disk.must(["repair", point / "old.h5", "--dry-run"])
    unmount(point)
    closed = disk.folder / "closed"
    closed.mkdir(mode=0o555)
    disk.ends("a directory of others", disk.run(["run", disk.sweep, "-o", closed / "out.h5"], user=65534, group=65534,
                                                extra_groups=[]), (1, 2), "Permission denied")


def vanishing(disk):
    def removed(out):
        shutil.rmtree(out.parent)

    def renamed_over(out):
        shutil.copy(disk.folder / "clean.h5", out.parent / "new")
        os.rename(out.parent / "new", out)

    def cut(out):
        os.truncate(out, 20000)

    def unmounted(out):
        subprocess.run(["umount", "-l", str(out.parent)], check=True)

    for name, deed, text in (("directory removed", removed, "is gone"), ("file replaced", renamed_over, "another file now"),
                             ("file cut off", cut, ""), ("file system unmounted", unmounted, "is gone")):
        for way in "", "mpi":
            point = disk.folder / "going"
            mount(point, "-t", "tmpfs", "-o", "size=16m", "none")
            folder = point if deed is unmounted else point / "inside"
            folder.mkdir(exist_ok=True)
            process = disk.start(["run", disk.slow, "-o", folder / "out.h5", "-q"], 2, LINNET_WRITE=way)
            disk.wait_rows(process, folder / "out.h5")
            deed(folder / "out.h5")
            disk.ends(f"{name}, {way or 'mapped'}", disk.end(process), (1,), text)
            if deed is not unmounted:
                unmount(point)


def bad_paths(disk):
    for name, out in (("no such directory", "nowhere/out.h5"), ("a name that is too long", "x" * 300 + ".h5"),
                      ("a name too long for its lock", "x" * 250 + ".h5"), ("a path that is too long", "y/" * 2100 + "out.h5"),
                      ("a file for a directory", "quick.yaml/out.h5")):
        disk.ends(name, disk.run(["run", disk.sweep, "-o", out]), (1, 2), "")


def main():
    folder = work_folder("disk")
    disk = Disk(pathlib.Path(sys.argv[1]).resolve(), folder)
    try:
        for test in full_before, full_for_many, full_during, full_and_not_reserved, read_only, vanishing, bad_paths:
            test(disk)
    except Failure as failure:
        print(f"FAILED: {failure}")
        return 1
    print(f"{disk.number} conditions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
