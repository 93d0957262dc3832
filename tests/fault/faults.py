#!/usr/bin/python3
"""Lets every call that can fail do so, and checks that a run ends at once, says why in one line, and leaves nothing wrong.

    faults.py LINNET LINNET-FAULTS FAULT.H [--cases 36 | --all] [--seed N]

LINNET-FAULTS is the program built with faults (FAULT.H lists its sites). Scenarios: a new file, one that is resumed, merge, extend, a
repair in place, a repair that lays the file out anew; on 1 rank and, where ranks are, on 3; mapped and through MPI-IO. For each site that
an undisturbed command passes: an error, half a write, a kill before and after. The command must end in time with exit code 1 or 2 (137
after a kill) and one line that names the file; what is on the disk is absent or opens, and every row it calls done is that of a clean
run; the same command then makes the bytes of a clean run. Sites that no scenario passes fail the test.

At last mistakes are switched on, which the checks must notice: the status of a row written first, checksums not looked at, no lock.
"""

import argparse
import collections
import fcntl
import os
import pathlib
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kill import Contents, Failure, check, environment  # noqa: E402

SWEEP = """\
linnet: 1
name: faults
problem: {kind: target, spectrum: [2, 1]}
model: {depth: 2, init: {kind: gaussian}}
train: {step_size: 0.05, max_steps: 30}
record: {times: {list: [0, 10]}, series: [loss]}
axes:
  depth: [2, 3]
  seed: {count: COUNT}
where: [depth > 2 or seed > 0]
"""
LIMIT = 60
WHATS = ("ENOSPC", "EIO", "EDQUOT", "EROFS", "ESTALE", "EINTR", "short", "kill", "kill-after")
# Where a failure is no error: the file is then written through MPI-IO; locked by a file that must not be there.
HARMLESS = {("shared.map", what) for what in WHATS} | {("lock.take", "ENOLCK")}


class Scenario:
    """A command, what lies there before it, and what it makes."""

    def __init__(self, name, words, target, before=None, finish=None, ranks=(1,), ways=("",)):
        self.name, self.words, self.target, self.before = name, words, target, before
        self.finish, self.ranks, self.ways = finish, ranks, ways
        self.expected = None

    def prepare(self):
        for path in self.target.parent.glob(self.target.name + "*"):
            path.unlink()
        if self.before:
            shutil.copyfile(self.before, self.target)


def start(options, program, words, ranks=1, way="", **more):
    command = [program, *map(str, words)]
    if ranks > 1:
        command = ["mpirun", "-n", str(ranks), *command]
    env = environment(options.folder) | more
    if way:
        env["LINNET_WRITE"] = way
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", env=env, start_new_session=True) as process:
        try:
            out, err = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise Failure(f"hangs: {more} {command}") from None
    return process.returncode, out, err


def must(options, words):
    code, out, err = start(options, options.linnet, words)
    if code != 0:
        raise Failure(f"{words}: exit code {code}: {out}{err}")


def make_scenarios(options):
    folder = options.folder
    sweep, wider = folder / "sweep.yaml", folder / "wider.yaml"
    sweep.write_text(SWEEP.replace("COUNT", "3"))
    wider.write_text(SWEEP.replace("COUNT", "4"))
    clean, parts = folder / "clean.h5", [folder / "part1.h5", folder / "part2.h5"]
    must(options, ["run", sweep, "-o", clean, "-q"])
    for k, part in enumerate(parts):
        must(options, ["run", sweep, "--shard", f"{k + 1}/2", "-o", part, "-q"])
    rows, torn = folder / "rows.h5", folder / "torn.h5"
    place = Contents(clean)
    data = bytearray(clean.read_bytes())
    with_rows = bytearray(data)
    start_of_status = place_of_status(clean)
    with_rows[start_of_status + sorted(place.done)[0]] = 0      # a flag lost
    with_rows[start_of_status + sorted(place.done)[1]] = 9      # one that says nothing
    rows.write_bytes(with_rows)
    torn.write_bytes(data[:-40])
    run = ["run", sweep, "-q", "-o"]
    again = lambda target: [*run, target]  # noqa: E731
    scenarios, ranks, ways = [], (1, 3), ("", "mpi")
    for name, before in (("new", None), ("resume", parts[0])):
        target = folder / f"{name}.h5"
        scenarios.append(Scenario(name, again(target), target, before, None, ranks, ways))
    target = folder / "merged.h5"
    scenarios.append(Scenario("merge", ["merge", *parts, "-o", target], target))
    target = folder / "extended.h5"
    scenarios.append(Scenario("extend", ["extend", clean, wider, "-o", target], target))
    for name, before in (("mend", rows), ("rebuild", torn)):
        target = folder / f"{name}.h5"
        scenarios.append(Scenario(name, ["repair", target], target, before, again(target)))
    for scenario in scenarios:
        scenario.prepare()
        must(options, scenario.words)
        if scenario.finish:
            must(options, scenario.finish)
        scenario.expected = scenario.target.read_bytes()
        scenario.contents = Contents(scenario.target)
    return scenarios


def place_of_status(path):
    import h5py
    with h5py.File(path) as file:
        return file["status"].id.get_offset()


def count_arrivals(options, scenario, ranks, way):
    """{site: (arrivals of the rank that arrives least often, ranks that do)} of an undisturbed command."""
    scenario.prepare()
    counts = options.folder / "counts"
    counts.unlink(missing_ok=True)
    code, _, err = start(options, options.faults, scenario.words, ranks, way, LINNET_FAULT_COUNT=str(counts))
    if code != 0:
        raise Failure(f"{scenario.name}: undisturbed it ends with {code}: {err}")
    found = collections.defaultdict(list)
    for line in counts.read_text().splitlines():
        site, number = line.split()
        found[site].append(int(number))
    return {site: (min(numbers), len(numbers)) for site, numbers in found.items()}


def check_disk(options, scenario, what, before):
    """Absent, or what was there before, or a file that opens, whose finished rows are right."""
    target = scenario.target
    if not target.exists():
        if scenario.before:
            raise Failure("the file is gone")
        return
    if before and target.read_bytes() == before:
        return
    done_before = Contents(scenario.before).done if scenario.name in ("resume", "mend") else set()
    if scenario.name == "mend":
        done_before &= scenario.contents.done & Contents(target).done | set()
    check(Contents(target), scenario.contents, done_before)
    code, out, _ = start(options, options.linnet, ["check", target])
    # Between checksum and status a row is whole and not flagged.
    flagged = scenario.name == "mend" or "finished, and its status says otherwise" in out
    if code != 0 and not flagged:
        raise Failure(f"what is left is damaged: {out}")


def check_words(scenario, site, what, code, err):
    """Exit code and line. True: the fault was no error (a short write that was taken up again, an interruption)."""
    # Ranks that lose a page of the file can tell nobody but the terminal: each says the same.
    lines = list({line for line in err.splitlines() if line.startswith("linnet: ")})
    if what.startswith("kill"):
        # The first write of a repair is that of a child, which reads the sweep: what it cannot read is asked for.
        is_child = scenario.finish and site == "file.write" and code == 2 and "--sweep" in err
        if code not in (137, -9, 9) and not is_child:
            raise Failure(f"a kill gives exit code {code}: {err}")
        return False
    # A repair takes what cannot be read for damage, and goes on.
    is_cured = scenario.finish and site in ("rows.read", "source.open")
    if code == 0 and (what in ("short", "EINTR") or (site, what) in HARMLESS or is_cured):
        return True
    if code == 0 and len(lines) == 1 and "deaths will not be counted" in lines[0]:
        return True  # a side file that a run can do without
    if code not in (1, 2) or len(lines) != 1:
        raise Failure(f"exit code {code}, {len(lines)} lines: {err}")
    folder = str(scenario.target.parent)
    if "/" not in lines[0] or not (folder in lines[0] or ".h5" in lines[0] or "linnet-" in lines[0]):
        raise Failure(f"no file is named: {lines[0]}")
    return False


def recover(options, scenario):
    """The same command again makes what it should have made."""
    target = scenario.target
    code, out, err = start(options, options.linnet, scenario.words)
    if code == 2 and "is there already" in err and target.exists():
        code = 0
    if code == 0 and scenario.finish:
        code, out, err = start(options, options.linnet, scenario.finish)
    if code != 0 or target.read_bytes() != scenario.expected:
        raise Failure(f"the next try ends with {code}, and the file is not that of a clean run: {out}{err}")
    left = {path.suffix for path in target.parent.glob(target.name + ".*")} - {".lock", ".log", ".damaged", ".deaths"}
    if left:
        raise Failure(f"left behind: {left}")


def run_case(options, case):
    scenario, ranks, way, site, at, what, rank = case
    scenario.prepare()
    before = scenario.target.read_bytes() if scenario.before else None
    fault = f"{site}:{at}:{what}" + (f":{rank}" if rank is not None else "")
    try:
        code, _, err = start(options, options.faults, scenario.words, ranks, way, LINNET_FAULT=fault)
        check_words(scenario, site, what, code, err)
        check_disk(options, scenario, what, before)
        recover(options, scenario)
    except Failure as failure:
        raise Failure(f"{scenario.name} on {ranks}, {way or 'mapped'}, {fault}: {failure}") from None


def list_cases(options, scenarios):
    """Every case there is; the sites passed."""
    cases, passed = [], set()
    for scenario in scenarios:
        for ranks in scenario.ranks:
            for way in scenario.ways:
                arrivals = count_arrivals(options, scenario, ranks, way)
                passed |= arrivals.keys()
                for site, (most, n_there) in arrivals.items():
                    for what in (*WHATS, "ENOLCK") if site == "lock.take" else WHATS:
                        for at in {1, most} if ranks == 1 else {1}:
                            rank = options.chance.choice((None, *range(ranks))) if n_there == ranks > 1 else None
                            cases.append((scenario, ranks, way, site, at, what, rank))
    return cases, passed


def thin(options, cases):
    """One case of each site first, then at random."""
    options.chance.shuffle(cases)
    by_site = {}
    for case in cases:
        by_site.setdefault(case[3], case)
    chosen = list(by_site.values())
    rest = [case for case in cases if case not in chosen]
    return (chosen + rest)[: options.cases]


def must_fail(what, work):
    try:
        work()
    except Failure as failure:
        print(f"control, {what}: noticed ({str(failure)[:100]})", flush=True)
        return
    raise Failure(f"control: nobody notices {what}")


def controls(options, scenarios):
    new, resume = scenarios[0], scenarios[1]

    def order():
        new.prepare()
        start(options, options.faults, new.words, LINNET_FAULT="order,value.data:40:kill")
        check(Contents(new.target), new.contents, set())

    def checksum():
        resume.prepare()
        data = bytearray(resume.expected)
        data[Contents_place(resume.target, resume.expected, "final_loss")] ^= 1
        resume.target.write_bytes(data)
        start(options, options.faults, resume.words, LINNET_FAULT="checksum")
        if resume.target.read_bytes() != resume.expected:
            raise Failure("a damaged row was believed")

    def lock():
        new.prepare()
        path = new.target.with_name(new.target.name + ".lock")
        with open(path, "w", encoding="ascii") as file:
            whole = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)
            fcntl.fcntl(file.fileno(), 37, whole)  # F_OFD_SETLK
            if start(options, options.faults, new.words)[0] != 2:
                raise Failure("control: a lock that is held does not refuse a run")
            if start(options, options.faults, new.words, LINNET_FAULT="lock")[0] != 2:
                raise Failure("a second run was let in")

    must_fail("a status written first", order)
    must_fail("checksums not looked at", checksum)
    must_fail("no lock", lock)


def Contents_place(path, data, name):
    """Offset of the first finished row of a variable."""
    import h5py
    path.write_bytes(data)
    with h5py.File(path) as file:
        cell = int((file["status"][...].reshape(-1) == 1).nonzero()[0][0])
        return file[name].id.get_offset() + cell * (file[name].id.get_storage_size() // file["status"].size)


def no_trace(options):
    """The program itself knows nothing of faults."""
    words = (b"LINNET_FAULT", b"value.checksum", b"kill-after")
    clean, faulty = (pathlib.Path(path).read_bytes() for path in (options.linnet, options.faults))
    if not all(word in faulty for word in words):
        raise Failure("the program with faults has none")
    if options.linnet != options.faults and any(word in clean for word in words):
        raise Failure("there are faults in the program itself")


def test(options):
    no_trace(options)
    scenarios = make_scenarios(options)
    cases, passed = list_cases(options, scenarios)
    sites = set(re.findall(r'X\(\w+, "([a-z_.]+)"\)', options.header.read_text()))
    if passed != sites:
        raise Failure(f"sites that no scenario passes: {sites - passed}, that are not listed: {passed - sites}")
    chosen = cases if options.all else thin(options, cases)
    counts, failures = collections.Counter(), 0
    for case in chosen:
        counts[case[3], case[5]] += 1
        try:
            run_case(options, case)
        except Failure as failure:
            print(f"FAILED: {failure}", flush=True)
            failures += 1
            if not options.all:
                raise
    for site in sorted(sites):
        print(f"{site:18}", " ".join(f"{what} {counts[site, what]}" for what in (*WHATS, "ENOLCK") if counts[site, what]))
    print(f"seed {options.seed}: {len(chosen)} faults of {len(cases)} at {len(sites)} sites, {failures} failures", flush=True)
    controls(options, scenarios)
    if failures:
        raise Failure(f"{failures} faults were not survived")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("linnet", type=os.path.abspath, help="the program")
    parser.add_argument("faults", type=os.path.abspath, help="the program with faults")
    parser.add_argument("header", type=pathlib.Path, help="include/linnet/fault.h")
    parser.add_argument("--cases", type=int, default=36)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seed", type=int, default=1, help="which faults are drawn; default 1")
    options = parser.parse_args()
    options.chance = random.Random(options.seed)
    options.folder = pathlib.Path(tempfile.mkdtemp(prefix="linnet-faults.", dir="/dev/shm"))
    try:
        test(options)
    except Failure as failure:
        print(f"FAILED: {failure}")
        return 1
    finally:
        shutil.rmtree(options.folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
