#!/usr/bin/python3
"""Lets every call that can fail do so, and checks that a run ends at once, says why in one line, and leaves nothing wrong.

    faults.py LINNET LINNET-FAULTS FAULT.H [--cases 72 | --all [--part 1/4] [--scenario NAME] [--site NAME]] [--seed N]

LINNET-FAULTS is the program built with faults (FAULT.H lists its sites). Scenarios: a new file, one that is resumed, merge, extend, a
repair in place, a repair that lays the file out anew; a run that is stopped and parks, one that goes on from there, one that is stopped
again at once and carries over; repairs of parked points, a record or the index of which is damaged; one after two deaths; one that takes the lock of a dead process where there are no locks. On 1 rank and,
where ranks are, on 3; mapped and through MPI-IO. For each site that an undisturbed command passes: an error, half a write, a kill before
and after. The command must end in time with exit code 1 or 2 (137 after a kill) and one line that names the file, or, where a side file
alone is concerned, go on, and say so in one line if anything is lost by it; what is on the disk is absent or opens, and every row it calls
done is that of a clean run; the same command then makes the bytes of a clean run. Sites that no scenario passes fail the test.

--all: every case; --part 2/4 takes the second of every four, so that several can go side by side or one after the other.

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

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kill import Contents, Failure, check, environment, in_folder  # noqa: E402

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
# Some points end soon, the others take long enough to be parked.
PARKS = """\
linnet: 1
name: parks
problem: {kind: target, spectrum: [2, 1]}
model: {depth: 2, init: {kind: gaussian}}
train: {step_size: 0.05, max_steps: 100000, stop: {loss: 1e-3}}
record: {times: {list: [0, 10]}, series: [loss]}
axes:
  step_size: [0.05, 1e-7]
  seed: {count: 3}
"""
LIMIT = 60
WHATS = ("ENOSPC", "EIO", "EDQUOT", "EROFS", "ESTALE", "EINTR", "short", "kill", "kill-after")
# Where a failure is no error: the file is then written through MPI-IO; locked by a file that must not be there.
HARMLESS = {("shared.map", what) for what in WHATS} | {("lock.take", "ENOLCK")}
# Nothing is lost by it: a page that is written to and not mapped, a file that stays and says nothing any more.
SILENT = ("running.map", "running.remove", "probe.remove", "lock.release", "lock.unguard")
# A disk that has no room for the probe is found to be full when the file is laid out, or had its place before.
ROOMLESS = ("probe.create", "probe.reserve")
# What a run says that goes on without a side file.
GOES_ON = ("deaths will not be counted", "begin anew", "; ignored", "are not parked, and lose", "cannot remove", "took over the lock")
REPAIRS = ("mend", "rebuild", "stained", "spoilt")
TRIES, FEW_TRIES = 20, 5
# Beginnings of the sites gone through, by scenario (else everything it passes); it must pass the first. NEWFILE: how a file is made that replaces
# another.
NEWFILE = ("temporary", "directory", "space", "file")
ABOUT = {"park": ("parked", "probe", "running", *NEWFILE), "unpark": ("parked",), "repark": ("parked", *NEWFILE),
         "stained": ("parked.create", "parked", *NEWFILE), "spoilt": ("repair.keep", "parked"),
         "deaths": ("deaths", "pages", *NEWFILE), "takeover": ("lock",)}


class Scenario:
    """A command, what lies there before it, and what it makes."""

    def __init__(self, name, words, target, before=None, finish=None, ranks=(1,), ways=("",), world="", event="", code=0):
        self.name, self.words, self.target, self.before = name, words, target, before
        self.finish, self.ranks, self.ways = finish, ranks, ways
        self.world, self.event, self.code = world, event, code  # faults that are always there; in the command alone; its exit code
        self.expected, self.lines = None, set()
        self.parked = None  # bytes, after a repair of them

    def prepare(self):
        """The results file and what lies beside it."""
        for path in self.target.parent.glob(self.target.name + "*"):
            path.unlink()
        for path in self.before.parent.glob(self.before.name + "*") if self.before else ():
            shutil.copyfile(path, self.target.with_name(self.target.name + path.name[len(self.before.name):]))

    def fault(self, *more):
        return ",".join(word for word in (self.world, *more) if word)


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


def must(options, words, code=0, fault=""):
    program = options.faults if fault else options.linnet
    got, out, err = start(options, program, words, **({"LINNET_FAULT": fault} if fault else {}))
    if got != code:
        raise Failure(f"{words}: exit code {got}: {out}{err}")


def beside(path, suffix):
    return path.with_name(path.name + suffix)


def left_by_deaths(options, run, path):
    """A file whose last two runs were killed over points."""
    for _ in range(2):
        must(options, [*run, path], -9, "value.data:2:kill")


def make_side_scenarios(options, sweep, part):
    """Those that are about the files beside the results."""
    folder = options.folder
    parks = folder / "parks.yaml"
    parks.write_text(PARKS)
    slow, quick = ["run", parks, "-q", "-o"], ["run", sweep, "-q", "-o"]
    parked, stained, spoilt, died, locked = (folder / f"before-{name}.h5" for name in ("parked", "stained", "spoilt", "died", "locked"))
    must(options, [*slow, parked], 75, "value.data:1:stop")
    for path, at in (stained, -1), (spoilt, 150):  # in a record, in the index
        shutil.copyfile(parked, path)
        data = bytearray(beside(parked, ".parked").read_bytes())
        data[at] ^= 1
        beside(path, ".parked").write_bytes(data)
    shutil.copyfile(part, died)
    left_by_deaths(options, quick, died)
    shutil.copyfile(part, locked)
    must(options, [*quick, locked], -9, "nolocks,value.data:1:kill")
    for name, words, before, ranks, more in (
            ("park", slow, None, (1, 3), {"event": "value.data:1:stop", "code": 75}),
            ("unpark", slow, parked, (1, 3), {}),
            ("repark", slow, stained, (1, 3), {"event": "parked.open:2:stop", "code": 75}),  # by rank 0, which has looked before
            ("deaths", quick, died, (1,), {}),
            ("takeover", quick, locked, (1,), {"world": "nolocks"})):
        target = folder / f"{name}.h5"
        again = [*words, target, "--retry", "failed"]  # kills at one place may hit one point three times
        yield Scenario(name, [*words, target], target, before, again, ranks, **more)
    for name, before in ("stained", stained), ("spoilt", spoilt):
        target = folder / f"{name}.h5"
        yield Scenario(name, ["repair", target], target, before, [*slow, target])


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
    scenarios += make_side_scenarios(options, sweep, parts[0])
    scenarios = [scenario for scenario in scenarios if options.scenario in (None, scenario.name)]
    for scenario in scenarios:
        scenario.prepare()
        must(options, scenario.words, scenario.code, scenario.fault(scenario.event))
        if scenario.name == "stained":
            scenario.parked = beside(scenario.target, ".parked").read_bytes()
        if scenario.finish:
            must(options, scenario.finish)
        scenario.expected = scenario.target.read_bytes()
        scenario.contents = Contents(scenario.target)
    return scenarios


def place_of_status(path):
    import h5py
    with h5py.File(path) as file:
        return file["status"].id.get_offset()


def lines_of(err):
    # Ranks that lose a page of the file can tell nobody but the terminal: each says the same.
    return {line for line in err.splitlines() if line.startswith("linnet: ")}


def shape_of(line):
    """What may be said again; that more points begin anew than without the fault is news."""
    return line if "begin anew" in line else re.sub(r"\d+", "#", line)


def read_counts(options):
    """{site: arrivals, a number a rank that got to say so} of the command before."""
    counts, found = options.folder / "counts", collections.defaultdict(list)
    for line in counts.read_text().splitlines() if counts.exists() else ():
        site, number = line.split()
        found[site].append(int(number))
    return found


def count_arrivals(options, scenario, ranks, way):
    """{site: (arrivals of the rank that arrives least often, ranks that do)} of an undisturbed command."""
    about = ABOUT.get(scenario.name)
    for _ in range(TRIES):  # mpirun ends the other ranks when one leaves with a code other than 0; a stop may come too late
        found = count_once(options, scenario, ranks, way)
        if not about or any(site.startswith(about[0]) for site in found):
            return {site: (min(numbers), len(numbers)) for site, numbers in found.items()}
    raise Failure(f"{scenario.name}: it does not get to what it is about: {sorted(found)}")


def count_once(options, scenario, ranks, way):
    scenario.prepare()
    counts = options.folder / "counts"
    counts.unlink(missing_ok=True)
    code, _, err = start(options, options.faults, scenario.words, ranks, way, LINNET_FAULT_COUNT=str(counts),
                         LINNET_FAULT=scenario.fault(scenario.event))
    if code != scenario.code:
        raise Failure(f"{scenario.name}: undisturbed it ends with {code}: {err}")
    scenario.lines |= {shape_of(line) for line in lines_of(err)}
    return read_counts(options)


def check_parked(scenario):
    """A repair of parked points leaves them as they were, or as it means to: the damaged file is there under one of its names."""
    if scenario.name not in ("stained", "spoilt"):
        return
    left = [path.read_bytes() for path in scenario.target.parent.glob(f"{scenario.target.name}.parked*") if path.suffix != ".tmp"]
    if scenario.parked not in left and beside(scenario.before, ".parked").read_bytes() not in left:
        raise Failure("parked points are gone")


def check_disk(options, scenario, what, before):
    """Absent, or what was there before, or a file that opens, whose finished rows are right."""
    target = scenario.target
    check_parked(scenario)
    if not target.exists():
        if scenario.before:
            raise Failure("the file is gone")
        return
    if before and target.read_bytes() == before:
        return
    done_before = Contents(scenario.before).done if scenario.before and scenario.name != "rebuild" else set()
    if scenario.name == "mend":
        done_before &= scenario.contents.done & Contents(target).done | set()
    check(Contents(target), scenario.contents, done_before)
    code, out, _ = start(options, options.linnet, ["check", target])
    # Between checksum and status a row is whole and not flagged.
    flagged = scenario.name == "mend" or "finished, and its status says otherwise" in out
    stained = scenario.name in ("repark", "stained", "spoilt") and " 0 damaged\n" in out and "what is not a row" not in out
    if code != 0 and not flagged and not stained:
        raise Failure(f"what is left is damaged: {out}")


def goes_on(scenario, site, at, what, lines):
    """Whether the command may end as if nothing had happened, having said these lines."""
    if any(word in line for line in lines for word in GOES_ON):
        return len(lines) == 1
    is_cured = scenario.name in REPAIRS and site in ("rows.read", "source.open")  # it takes for damage what cannot be read
    if scenario.name in ("unpark", "repark") and site in ("parked.read", "rows.read"):
        return True  # when its point starts: that one begins anew
    # By a rank whose only record is the one that is damaged; where it is only looked whether this may be replaced.
    if site == "parked.open" and (scenario.name in ("new", "resume", "park", "repark", "merge", "extend") or (scenario.name == "unpark" and at != 2)):
        return not lines
    return not lines and (what in ("short", "EINTR") or (site, what) in HARMLESS or is_cured or site in SILENT or
                          (site in ROOMLESS and what in ("ENOSPC", "EDQUOT")))


def check_words(scenario, site, at, what, code, err):
    """Exit code and line. True: the command went on."""
    lines = [line for line in lines_of(err) if shape_of(line) not in scenario.lines]
    if scenario.code == 75:  # with or without parked points in it
        lines = [line for line in lines if "stopped on request" not in line]
    if what.startswith("kill"):
        # The first write of a repair is that of a child, which reads the sweep: what it cannot read is asked for.
        is_child = scenario.name in REPAIRS and site == "file.write" and code == 2 and "--sweep" in err
        if code not in (137, -9, 9) and not is_child:
            raise Failure(f"a kill gives exit code {code}: {err}")
        return False
    if code == scenario.code and goes_on(scenario, site, at, what, lines):
        return True
    if code not in (1, 2) or len(lines) != 1:
        raise Failure(f"exit code {code}, {len(lines)} lines: {err}")
    folder = str(scenario.target.parent)
    if "/" not in lines[0] or not (folder in lines[0] or ".h5" in lines[0] or "linnet-" in lines[0]):
        raise Failure(f"no file is named: {lines[0]}")
    return False


def recover(options, scenario):
    """The same command again makes what it should have made."""
    target, guard = scenario.target, scenario.target.with_name(scenario.target.name + ".lock.takeover")
    words = scenario.words if scenario.name in REPAIRS or not scenario.finish else scenario.finish
    more = {"LINNET_FAULT": scenario.world} if scenario.world else {}
    program = options.faults if scenario.world else options.linnet
    code, out, err = start(options, program, words, **more)
    for path in (guard, guard.with_suffix("")):
        # Without locks, killed between creating one of these and saying in it who did: that is work for a hand, and it is said which.
        if code == 2 and path.exists() and scenario.world and f"remove {path}" in err:
            path.unlink()
            code, out, err = start(options, program, words, **more)
    if code == 2 and "is there already" in err and target.exists():
        code = 0
    if code == 0 and scenario.name in REPAIRS:
        code, out, err = start(options, program, scenario.finish, **more)
    if code != 0 or target.read_bytes() != scenario.expected:
        raise Failure(f"the next try ends with {code}, and the file is not that of a clean run: {out}{err}")
    left = {path.suffix for path in target.parent.glob(target.name + ".*")} - {".lock", ".log", ".damaged", ".deaths"}
    if guard.exists():
        left.discard(".takeover")  # it could not be removed; who needs it gone is told
    if left:
        raise Failure(f"left behind: {left}")


def start_faulty(options, case, fault):
    """With the fault; again where a stop came too late for points to be in flight."""
    scenario, ranks, way, site, at = case[:5]
    for _ in range(FEW_TRIES if scenario.event else 1):
        scenario.prepare()
        (options.folder / "counts").unlink(missing_ok=True)
        code, _, err = start(options, options.faults, scenario.words, ranks, way, LINNET_FAULT=scenario.fault(scenario.event, fault),
                             LINNET_FAULT_COUNT=str(options.folder / "counts"))
        if code != scenario.code or max(read_counts(options)[site], default=0) >= at:
            break
    return code, err


def run_case(options, case):
    scenario, ranks, way, site, at, what, rank = case
    scenario.prepare()
    before = scenario.target.read_bytes() if scenario.before else None
    fault = f"{site}:{at}:{what}" + (f":{rank}" if rank is not None else "")
    try:
        code, err = start_faulty(options, case, fault)
        went_on = check_words(scenario, site, at, what, code, err)
        check_disk(options, scenario, what, before)
        recover(options, scenario)
        return "killed" if what.startswith("kill") else "went on" if went_on else "refused" if code == 2 else "gave up"
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
                about = ABOUT.get(scenario.name)
                for site, (most, n_there) in sorted(arrivals.items()):
                    if about and not site.startswith(about):
                        continue
                    for what in (*WHATS, "ENOLCK") if site == "lock.take" else WHATS:
                        more = {2} & {most - 1} if site.startswith("parked.") else set()  # after a look, before another
                        for at in {1, most} | more if ranks == 1 else {1}:
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


def test(options, folder):
    options.folder = folder
    no_trace(options)
    scenarios = make_scenarios(options)
    cases, passed = list_cases(options, scenarios)
    sites = set(re.findall(r'X\(\w+, "([a-z_.]+)"\)', options.header.read_text()))
    if passed != sites and not options.scenario:
        raise Failure(f"sites that no scenario passes: {sites - passed}, that are not listed: {passed - sites}")
    cases = [case for case in cases if options.site in (None, case[3])]
    part, parts = map(int, options.part.split("/"))
    chosen = cases[part - 1::parts] if options.all else thin(options, cases)
    counts, outcomes, failures = collections.Counter(), collections.Counter(), 0
    for n, case in enumerate(chosen):
        counts[case[3], case[5]] += 1
        if n % 100 == 99:
            print(f"{n + 1} of {len(chosen)} faults, {failures} failures", flush=True)
        try:
            outcomes[case[0].name, run_case(options, case)] += 1
        except Failure as failure:
            print(f"FAILED: {failure}", flush=True)
            failures += 1
            if not options.all:
                raise
    for site in sorted(sites):
        print(f"{site:18}", " ".join(f"{what} {counts[site, what]}" for what in (*WHATS, "ENOLCK") if counts[site, what]))
    for (name, outcome), number in sorted(outcomes.items()):
        print(f"{name:9} {number:5} {outcome}")
    print(f"seed {options.seed}: {len(chosen)} faults of {len(cases)} at {len(sites)} sites, {failures} failures", flush=True)
    if not options.scenario:
        controls(options, scenarios)
    if failures:
        raise Failure(f"{failures} faults were not survived")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("linnet", type=os.path.abspath, help="the program")
    parser.add_argument("faults", type=os.path.abspath, help="the program with faults")
    parser.add_argument("header", type=pathlib.Path, help="include/linnet/fault.h")
    parser.add_argument("--cases", type=int, default=72)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--part", default="1/1", help="of --all")
    parser.add_argument("--scenario", help="this one alone")
    parser.add_argument("--site", help="this one alone")
    parser.add_argument("--seed", type=int, default=1, help="which faults are drawn; default 1")
    options = parser.parse_args()
    options.chance = random.Random(options.seed)
    return in_folder("faults", lambda folder: test(options, folder))


if __name__ == "__main__":
    sys.exit(main())
