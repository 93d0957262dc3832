"""File systems of a test's own: mounted below a folder that carries the test's pid, and gone when it ends, however it ends."""

import atexit
import ctypes
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

SKIPPED = 77


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **more)


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def remove(folder):
    """Unmounts what is mounted below, frees its loop devices."""
    mounts = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    for point in sorted((m for m in mounts if m.startswith(f"{folder}/")), reverse=True):
        run("umount", "-l", point)
    for line in run("losetup", "-a").stdout.splitlines():
        if f"({folder}/" in line:
            run("losetup", "-d", line.partition(":")[0])
    shutil.rmtree(folder, ignore_errors=True)


def work_folder(name):
    """A folder of this process; those of dead ones of the same name go. Ends with 77 where nothing may be mounted."""
    if os.geteuid() != 0:
        print("skipped: only root may mount")
        sys.exit(SKIPPED)
    for old in pathlib.Path("/tmp").glob(f"linnet-{name}.*"):
        if re.fullmatch(r"\d+", old.suffix[1:]) and not is_alive(old.suffix[1:]):
            remove(old)
    folder = pathlib.Path(f"/tmp/linnet-{name}.{os.getpid()}")
    remove(folder)
    folder.mkdir()
    atexit.register(remove, folder)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    return folder


def mount(point, *words):
    """Mounts; ends with 77 where that is not to be had."""
    point.mkdir(exist_ok=True)
    result = run("mount", *words, point)
    if result.returncode != 0:
        print(f"skipped: {result.stderr.strip()}")
        sys.exit(SKIPPED)


def unmount(point, *words):
    for _ in range(400):  # ranks end themselves when mpirun is gone
        result = run("umount", *words, point)
        if result.returncode == 0:
            return
        time.sleep(0.05)
    raise OSError(result.stderr)


def shut_down(point, keeps_log):
    """Takes the device from an ext4 or xfs at once, as a power cut does (EXT4_IOC_SHUTDOWN; with or without the log on the disk)."""
    request, how = 0x8004587D, ctypes.c_uint32(1 if keeps_log else 2)
    fd = os.open(point, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if ctypes.CDLL(None, use_errno=True).ioctl(fd, ctypes.c_ulong(request), ctypes.byref(how)) != 0:
            raise OSError(ctypes.get_errno(), "shutdown")
    finally:
        os.close(fd)
