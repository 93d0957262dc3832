#!/usr/bin/python3
"""Damages results files at rest: `linnet check` must find it, `linnet repair` and a run must undo it.

    damage.py LINNET [--every 97] [--random 40] [--seed 1]

Flips: one bit in every byte (or every so many) of a file that has finished rows, pending ones and some left out. Each is found, or
it lies in a row that is pending: nobody reads it, and the run writes over it. Random damage: flips, pages zeroed, swapped or full of
noise, files cut off or continued, wrong flags. Repaired and run again each is the clean file, byte for byte, and where it was laid out
anew the damaged one is kept.

At last the check is checked: a flip with a forged checksum is right by its checksum, and must count as missed.
"""

import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import h5py

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kill import Failure, start  # noqa: E402

SWEEP = """\
linnet: 1
name: damaged # a comment
problem: {kind: target, spectrum: [2, 1]}
model: {depth: 2, init: {kind: gaussian}}
train: {step_size: 0.05, max_steps: 30}
record: {times: {list: [0, 10]}, series: [loss]}
axes:
  depth: [2, 3]
  seed: {count: 4}
where: [depth > 2 or seed > 0]
"""
PENDING, DONE = 0, 1
PAGE = 4096


def linnet(options, *words):
    environment = dict(os.environ, OPENBLAS_NUM_THREADS="1", OMPI_ALLOW_RUN_AS_ROOT="1",
                       OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", TMPDIR=str(options.folder))
    result = subprocess.run([options.linnet, *map(str, words)], capture_output=True, timeout=120, text=True,
                            errors="replace", env=environment, check=False)
    if result.returncode not in (0, 1, 2) or result.stderr.count("\n") > 1:
        raise Failure(f"{words}: exit code {result.returncode}: {result.stdout}{result.stderr}")
    return result


def harmless_bytes(path):
    """Those of pending rows: their values and checksums."""
    harmless = set()
    with h5py.File(path) as file:
        status = file["status"][...].reshape(-1)
        for name in [*file.attrs["row_variables"].decode().split(), "row_checksum"]:
            size = file[name].id.get_storage_size() // status.size
            for cell in (status == PENDING).nonzero()[0]:
                start = file[name].id.get_offset() + int(cell) * size
                harmless.update(range(start, start + size))
    return harmless


def flip_all(options, part, counts):
    whole, target = part.read_bytes(), options.folder / "flipped.h5"
    harmless = harmless_bytes(part)
    target.write_bytes(whole)
    with open(target, "r+b", buffering=0) as file:
        for at in range(options.chance.randrange(options.every), len(whole), options.every):
            os.pwrite(file.fileno(), bytes([whole[at] ^ 1 << options.chance.randrange(8)]), at)
            code = linnet(options, "check", target).returncode
            os.pwrite(file.fileno(), whole[at:at + 1], at)
            if code == 0 and at not in harmless:
                raise Failure(f"flip of byte {at} is not found")
            counts[f"flip, {'found' if code == 1 else 'refused' if code == 2 else 'of a pending row'}"] += 1
    target.unlink()


def flips(chance, data):
    for _ in range(chance.randint(1, 4)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def some_page(chance, data):
    size = chance.choice((512, PAGE))
    start = chance.randrange(0, len(data), size)
    return start, min(start + size, len(data))


def zeros(chance, data):
    start, end = some_page(chance, data)
    data[start:end] = bytes(end - start)


def noise(chance, data):
    start, end = some_page(chance, data)
    data[start:end] = chance.randbytes(end - start)


def swap(chance, data):
    size = chance.choice((8, 512, PAGE))
    a, b = (size * chance.randrange(len(data) // size) for _ in range(2))
    data[a:a + size], data[b:b + size] = data[b:b + size], data[a:a + size]


def cut(chance, data):
    del data[chance.randrange(1, len(data)):]


def cut_a_little(chance, data):
    del data[len(data) - chance.randint(1, 2000):]


def continued(chance, data):
    data.extend(chance.randbytes(chance.randint(1, 9000)))


def wrong_flags(options, data):
    start, count = options.status
    for cell in range(start, start + count):
        if options.chance.random() < 0.5:
            data[cell] = options.chance.choice((0, 1, 2, 7, 255))


KINDS = {"flips": flips, "zeros": zeros, "noise": noise, "swapped": swap, "cut off": cut, "cut off a little": cut_a_little,
         "continued": continued, "wrong flags": None}


def put_right(options, target, sweep, counts, kind):
    """Repairs and completes the target; the sweep's file is given only if the target cannot say what it is of."""
    before = target.read_bytes()
    words = ["repair", target]
    result = linnet(options, *words)
    if result.returncode == 2 and "--sweep" in result.stderr:
        words += ["--sweep", sweep]
        counts[f"{kind}, its sweep was needed"] += 1
        result = linnet(options, *words)
    kept = target.with_name(target.name + ".damaged")
    if result.returncode == 2 and "nothing left in it says" in result.stderr:
        if target.read_bytes() != before or kept.exists():
            raise Failure(f"{kind}: refused, and touched")
        counts[f"{kind}, refused"] += 1
        target.unlink()
    elif result.returncode != 0:
        raise Failure(f"{kind}: {result.stderr}")
    elif "laid out anew" in result.stdout:
        if kept.read_bytes() != before:
            raise Failure(f"{kind}: the damaged file was not kept")
        kept.unlink()
        counts[f"{kind}, laid out anew"] += 1
    elif kept.exists():
        raise Failure(f"{kind}: kept, and not said so")
    if target.exists() and linnet(options, "check", target).returncode != 0:
        raise Failure(f"{kind}: still damaged after the repair")


def damage_one(options, clean, part, sweep, counts):
    chance, target = options.chance, options.folder / "target.h5"
    kind = chance.choice(list(KINDS))
    data = bytearray((clean if chance.random() < 0.7 else part).read_bytes())
    if kind == "wrong flags":
        wrong_flags(options, data)
    else:
        KINDS[kind](chance, data)
    target.write_bytes(data)
    (options.folder / "last-damage.h5").write_bytes(data)
    dry = linnet(options, "repair", target, "--dry-run")
    if target.read_bytes() != data or dry.returncode not in (0, 2):
        raise Failure(f"{kind}: a dry run ended with {dry.returncode}, or changed the file")
    put_right(options, target, sweep, counts, kind)
    if not target.exists() or target.read_bytes() != clean.read_bytes():
        result = linnet(options, "run", sweep, "-o", target, "-q")
        if result.returncode != 0 or target.read_bytes() != clean.read_bytes():
            raise Failure(f"{kind}: completed it is not the clean file: {result.stderr}")
    counts[kind] += 1
    target.unlink()


def never_overwritten(options, clean):
    """A second original gets a name of its own."""
    target, contents = options.folder / "twice.h5", []
    for cut_at in (3000, 2000, 1000):
        contents.append(clean.read_bytes()[:-cut_at])
        target.write_bytes(contents[-1])
        if linnet(options, "repair", target).returncode != 0:
            raise Failure("a file that was cut off is not repaired")
    for k, name in enumerate(("twice.h5.damaged", "twice.h5.damaged.2", "twice.h5.damaged.3")):
        if (options.folder / name).read_bytes() != contents[k]:
            raise Failure(f"{name} is not the original")
    print("three repairs of one name keep three originals", flush=True)


def told_by_status(options, clean):
    """A flag that cannot be is seen where points are counted."""
    start, count = options.status
    data, target = clean.read_bytes(), options.folder / "flagged.h5"
    done, left_out = data.index(1, start, start + count), data.index(2, start, start + count)
    cases = [("nothing", done, 1, 0), ("a finished row called left out", done, 2, 1), ("a flag that says nothing", done, 9, 1),
             ("a row left out that is called done", left_out, 1, 1)]
    for what, at, flag, n_damaged in cases:
        target.write_bytes(data[:at] + bytes([flag]) + data[at + 1:])
        counted = json.loads(linnet(options, "status", target, "--json").stdout)
        said = linnet(options, "status", target).stdout
        if counted["damaged"] != n_damaged or ("damaged: 1 cells" in said) != (n_damaged == 1):
            raise Failure(f"status of a file with {what}: {counted['damaged']} damaged, {said}")
    target.unlink()
    print(f"status tells {len(cases) - 1} kinds of flags that cannot be", flush=True)


def control(options, clean):
    target = options.folder / "control.h5"
    shutil.copyfile(clean, target)
    flip = pathlib.Path(__file__).resolve().parent.parent / "cli" / "flip.py"
    subprocess.run([sys.executable, flip, target, "final_loss", "forge"], check=True, capture_output=True)
    if linnet(options, "check", target).returncode != 0:
        raise Failure("control: a forged checksum should not be found, or the test finds what is not there")
    print("control: a forged row is missed, as it must be", flush=True)


def damage_all(options):
    sweep, clean, part = (options.folder / name for name in ("damaged.yaml", "clean.h5", "part.h5"))
    sweep.write_text(SWEEP)
    for words in (["-o", clean], ["--shard", "1/2", "-o", part]):
        if linnet(options, "run", sweep, "-q", *words).returncode != 0:
            raise Failure("the sweep does not run")
    with h5py.File(clean) as file:
        options.status = file["status"].id.get_offset(), file["status"].size
    for path in clean, part:
        if linnet(options, "check", path).returncode != 0:
            raise Failure(f"{path.name} should be whole")
    counts = collections.Counter()
    flip_all(options, part, counts)
    for _ in range(options.random):
        damage_one(options, clean, part, sweep, counts)
    for name, number in sorted(counts.items()):
        print(f"{number:6d} {name}")
    never_overwritten(options, clean)
    told_by_status(options, clean)
    control(options, clean)


def test(options, folder):
    options.folder = folder
    try:
        damage_all(options)
    except Failure:
        last = folder / "last-damage.h5"
        if last.exists():
            shutil.copyfile(last, pathlib.Path(tempfile.gettempdir()) / "linnet-last-damage.h5")
        raise


def main():
    return start(test, __doc__, "damage", {}, every=(97, "1: every byte"), random=(40, None))


if __name__ == "__main__":
    sys.exit(main())
