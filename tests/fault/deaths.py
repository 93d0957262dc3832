#!/usr/bin/python3
"""Points that kill their process: found, given up, tried again; and nobody else is blamed.

    deaths.py LINNET POISON_LIBRARY [--rounds 1] [--seed 1]

A preloaded library (poison.c) makes certain points kill the process that has them in hand. A sweep is then started
again and again, as a queue would: after at most 3 + 1 starts everything else must be done, exactly those points
failed, exit code 3. What the user, a launcher or a dying machine does to a run must blame nobody. Side files are
damaged and forged: they are ignored, with one line. --rounds: so many random poisons and forgeries more.
"""

import argparse
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from kill import Contents, Failure, environment, in_folder, is_alive, send_kill  # noqa: E402

SWEEP = """\
linnet: 1
name: deaths
problem: {kind: target, spectrum: [2, 1, 0.5]}
model: {kind: deep, depth: 2, init: {kind: gaussian}}
train: {algorithm: gd, step_size: 1e-7, max_steps: STEPS}
record: {times: {log: 4}}
axes:
  depth: [2, 3, 4]
  seed: {count: 100}
where: depth != 3 or seed != 7
"""
POINTS = 299
PATIENCE = 180  # seconds, on a machine that has other things to do
LEFT_OUT = 107
SEGV, KILL, ABRT, FPE, STACK, ALL = 11, 9, 6, 8, 0, 99
PAGE, HEAD = 4096, 192  # struct ln_page_head


def must(truth, message):
    if not truth:
        raise Failure(message)


class Bench:
    """One results file, the program, and what has been counted."""

    def __init__(self, options, folder):
        self.linnet, self.library, self.folder = options.linnet, options.library, folder
        self.sweep, self.slow, self.ending = folder / "deaths.yaml", folder / "slow.yaml", folder / "ending.yaml"
        self.sweep.write_text(SWEEP.replace("STEPS", "3000"))
        self.slow.write_text(SWEEP.replace("STEPS", "30000000000"))
        self.ending.write_text(SWEEP.replace("STEPS", "3000000"))
        self.reference = folder / "reference.h5"
        self.starts = self.deaths = self.forgeries = 0
        self.blamed_most = 0
        self.began = time.monotonic()

    def start(self, out, ranks, poison="", extra=(), sweep=None):
        self.starts += 1
        env = environment(self.folder)
        words = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
        if poison:
            env |= {"LD_PRELOAD": self.library, "POISON_FILE": f"{out}.running", "POISON": poison}
        words += [self.linnet, "run", str(sweep or self.sweep), "-o", str(out), *extra]
        self.log = self.folder / "run.log"
        with open(self.log, "wb") as log:
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                                    start_new_session=True)

    def run(self, *args, **more):
        code = self.start(*args, **more).wait(timeout=PATIENCE)
        self.said = self.log.read_text(errors="replace")
        return code

    def status(self, out):
        done = subprocess.run([self.linnet, "status", str(out), "--json"], capture_output=True, text=True, timeout=PATIENCE)
        must(done.returncode == 0, f"status: {done.stderr}")
        return json.loads(done.stdout)

    def new_file(self, name):
        out = self.folder / f"{name}.h5"
        for path in self.folder.glob(f"{name}.h5*"):
            path.unlink()
        return out


def counts(out):
    """{cell: deaths} of the side file, but for those that were only in hand when all vanished."""
    path = pathlib.Path(f"{out}.deaths")
    if not path.exists():
        return {}
    return {int(cell): int(n) for cell, n in re.findall(r"^cell (\d+) deaths ([1-9]\d*) ", path.read_text(), re.M)}


def leftovers(out):
    return sorted(path.name for path in out.parent.glob(out.name + ".*") if path.suffix != ".log")


def check_rows(out, reference, failed):
    contents, right = Contents(out), Contents(reference)
    must(contents.done == right.done - failed, "points that never killed anybody are not done")
    for name, rows in contents.rows.items():
        bad = [cell for cell in contents.done if rows[cell] != right.rows[name][cell]]
        must(not bad, f"{name} is wrong in row {bad[:1]}")
    blank = [name for name, rows in contents.rows.items() if name != "status" for cell in failed
             if any(rows[cell])]
    must(not blank, f"a failed row holds values: {blank[:3]}")


def finish(bench, out, ranks, poison, most_starts):
    """Starts it again and again. Returns how often, when a start has come to its end."""
    guilty = {int(word.split(":")[0]) for word in poison.split(",")}
    for n in range(1, most_starts + 1):
        code = bench.run(out, ranks, poison)
        innocent = [count for cell, count in counts(out).items() if cell not in guilty]
        bench.blamed_most = max([bench.blamed_most, *innocent])
        must(bench.blamed_most < 3, f"a healthy point was blamed three times: {counts(out)}")
        if code in (0, 2, 3):
            return n, code
        bench.deaths += 1
    raise Failure(f"not complete after {most_starts} starts; exit code {code}:\n{bench.said[-1500:]}")


def poisoned(bench, name, ranks, poison, most_starts=4):
    out = bench.new_file(name)
    failed = {int(word.split(":")[0]) for word in poison.split(",")}
    n, code = finish(bench, out, ranks, poison, most_starts)
    must(code == 3, f"exit code {code} where points failed:\n{bench.said[-1500:]}")
    must("failed (linnet status" in bench.said, "the end does not say that points failed")
    state = bench.status(out)
    named = {point["point"] for point in state["failed_points"]}
    must(named == failed and state["failed"] == len(failed) and state["done"] == POINTS - len(failed),
         f"failed are {named}, not {failed}: {state}")
    must(all(point["deaths"] == 3 and "died 3 times" in point["reason"] for point in state["failed_points"]),
         f"the reason is missing: {state['failed_points']}")
    must(state["last_exit"] == 3, f"the log has another exit code: {state}")
    check_rows(out, bench.reference, failed)
    must(bench.run(out, 1, poison) == 3, "a start that finds nothing but failed points does not say 3")
    must(leftovers(out) == [out.name + ".deaths"], f"left over: {leftovers(out)}")
    print(f"{time.monotonic() - bench.began:5.1f} s  {name}: {poison} on {ranks} ranks: {n} starts, {sorted(named)} failed", flush=True)
    return out


def retry_is_clean(bench, out):
    must(bench.run(out, 2, extra=["--retry", "failed"]) == 0, f"--retry failed:\n{bench.said[-1500:]}")
    must(out.read_bytes() == bench.reference.read_bytes(), "after --retry failed the bytes are not those of a clean run")
    must(leftovers(out) == [], f"left over: {leftovers(out)}")


def retry_in_vain(bench, out, poison, ranks=1):
    """Still poison: fails again after three more deaths."""
    must(bench.run(out, ranks, poison, extra=["--retry", "failed"]) not in (0, 3), "poison does not kill")
    must(set(counts(out).values()) <= {3} or not counts(out), "counts were not forgotten")
    n, code = finish(bench, out, ranks, poison, 3 if ranks == 1 else 8)
    must(code == 3, f"exit code {code}")


def other_commands(bench, out, cell):
    """What the rest of the program makes of a file with a failed point."""
    def say(*words, code=0):
        done = subprocess.run([bench.linnet, *map(str, words)], capture_output=True, text=True, timeout=PATIENCE)
        must(done.returncode == code, f"{words[0]}: {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout
    depth, seed = 2 + cell // 100, cell % 100
    shown = say("status", out)
    must("1 failed" in shown and f"point {cell} (depth={depth}, seed={seed})" in shown and "died 3 times" in shown, shown)
    shown = say("show", out, "--point", cell)
    must("failed" in shown and "died 3 times" in shown, shown)
    must("1 points are marked as failed" in say("check", out), "check does not count what failed")
    must(f"{POINTS - 1} of {POINTS} points are done, 1 failed" in say("plan", bench.sweep, "--after", out), "plan --after")
    whole, still = bench.new_file("merged"), bench.new_file("still")
    say("merge", out, bench.reference, "-o", whole)
    must(whole.read_bytes() == bench.reference.read_bytes(), "a part that has it done does not win in a merge")
    must("1 points failed" in say("merge", out, "-o", still), "merge does not say that a point failed")
    must(bench.status(still)["failed"] == 1, "a failed point does not stay failed in a merge")
    must(bench.run(still, 1) == 3, "a merged file with a failed point is not incomplete")
    must("died 3 times" in say("status", still), "merge loses the reason")
    must(pathlib.Path(f"{still}.deaths").read_text().splitlines()[1:] == pathlib.Path(f"{out}.deaths").read_text().splitlines()[1:],
         "merge changes what is known of deaths")
    must(not pathlib.Path(f"{whole}.deaths").exists(), "a point that is done has a reason to have failed")
    pathlib.Path(f"{still}.deaths").unlink()
    must("nothing is known of its deaths" in say("status", still), "a reason out of nothing")
    listed, wrong = pathlib.Path(f"{out}.deaths"), bench.new_file("wrong")
    kept = listed.read_bytes()
    listed.write_bytes(kept[:-5])
    say("merge", out, "-o", wrong)
    must(bench.status(wrong)["failed"] == 1 and not pathlib.Path(f"{wrong}.deaths").exists(), "damaged reasons are believed, or in the way")
    listed.write_bytes(kept)
    longer = bench.new_file("longer")
    say("extend", out, bench.sweep, "-o", longer)
    state = bench.status(longer)
    must(state["failed"] == 0 and state["pending"] == 1, f"a failed point is not pending in an extended sweep: {state}")


def pages(out):
    data = pathlib.Path(f"{out}.running").read_bytes()
    return [data[i:i + PAGE] for i in range(0, len(data), PAGE)]


def slots(page):
    """Points in the lanes: 16 numbers behind the head, ending and signal."""
    return [cell - 1 for cell in struct.unpack_from("<16q", page, HEAD + 8) if cell]


def file_number(out):
    try:
        return os.stat(f"{out}.running").st_ino
    except OSError:
        return None


@contextlib.contextmanager
def ignored(number):
    """What is started meanwhile ignores the signal."""
    before = signal.signal(number, signal.SIG_IGN)
    yield
    signal.signal(number, before)


def begin(bench, out, ranks, sweep=None):
    """A run without an end, as soon as every rank has points in hand; the file of a run before does not count."""
    before = file_number(out)
    run = bench.start(out, ranks, sweep=sweep or bench.slow)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if file_number(out) != before and all(slots(page) for page in pages(out)):
                return run
        must(run.poll() is None, f"ended too early:\n{bench.log.read_text()[-1500:]}")
        time.sleep(0.02)
    raise Failure("the run does not begin")


def pids(out):
    return [struct.unpack_from("<q", page, 24)[0] for page in pages(out)]


def wait_gone(run, ranks):
    run.wait(timeout=PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while any(is_alive(pid) for pid in ranks):
        must(time.monotonic() < deadline, "a rank outlived its run")
        time.sleep(0.01)


def nobody(bench, out, what, sweep=None):
    """The next start blames nobody (it is stopped at once)."""
    run = begin(bench, out, 1, sweep)
    said = bench.log.read_text()
    run.send_signal(signal.SIGUSR1)
    run.wait(timeout=PATIENCE)
    must("died over" not in said and not counts(out), f"{what}: somebody is blamed: {said}")
    left = [name for name in leftovers(out) if name not in (out.name + ".parked", out.name + ".deaths")]
    must(left == [], f"{what}: left over {left}")
    print(f"{time.monotonic() - bench.began:5.1f} s  {what}: nobody is blamed", flush=True)


def kill_all(bench):
    out = bench.new_file("all")
    for _ in range(3):
        run = begin(bench, out, 3)
        ranks = pids(out)
        for pid in [run.pid, *ranks]:
            send_kill(pid)
        wait_gone(run, ranks)
    nobody(bench, out, "kill -9 of all, three times")


def kill_launcher(bench):
    out = bench.new_file("launcher")
    run = begin(bench, out, 3)
    ranks = pids(out)
    send_kill(run.pid)
    wait_gone(run, ranks)
    nobody(bench, out, "kill -9 of mpirun")


def stop_twice(bench, ranks, number):
    out = bench.new_file("twice")
    run = begin(bench, out, ranks)
    started = pids(out)
    for _ in range(2):
        with contextlib.suppress(ProcessLookupError):
            run.send_signal(number)
        time.sleep(0.45)
    wait_gone(run, started)
    nobody(bench, out, f"{signal.Signals(number).name} twice on {ranks} ranks")


def hang_up(bench):
    out = bench.new_file("hup")
    run = begin(bench, out, 1)
    run.send_signal(signal.SIGHUP)
    must(run.wait(timeout=PATIENCE) == -signal.SIGHUP, "a hang-up does not end the process by its signal")
    nobody(bench, out, "the terminal is closed")


def outlive_hang_up(bench):
    """As under nohup: what the process was started to ignore does not end it."""
    out = bench.new_file("nohup")
    with ignored(signal.SIGHUP):
        run = begin(bench, out, 1)
    run.send_signal(signal.SIGHUP)
    run.send_signal(signal.SIGUSR1)
    must(run.wait(timeout=PATIENCE) == 75, "a hang-up that is ignored is in the way of a stop")
    nobody(bench, out, "the terminal is closed under nohup")


def lose_the_disk(bench):
    out = bench.new_file("cut")
    run = begin(bench, out, 1, bench.ending)  # it is the row of a point that misses its place
    whole = out.read_bytes()
    os.truncate(out, 4096)
    must(run.wait(timeout=PATIENCE) == 1, "a file that is cut off does not end the run with 1")
    out.write_bytes(whole)
    nobody(bench, out, "the file was cut off", bench.ending)


def kill_one(bench):
    """One rank is killed, the launcher ends the others: its points are blamed, and no others."""
    out = bench.new_file("one")
    run = begin(bench, out, 3)
    victim = pages(out)[1]
    in_hand = set(slots(victim))
    send_kill(struct.unpack_from("<q", victim, 24)[0])
    wait_gone(run, pids(out))
    in_hand |= set(slots(pages(out)[1]))
    run = begin(bench, out, 1)
    blamed = set(counts(out))
    run.send_signal(signal.SIGUSR1)
    run.wait(timeout=PATIENCE)
    must(blamed and blamed <= in_hand, f"blamed are {blamed}, in its hands were {in_hand}")
    print(f"kill -9 of one of three ranks: its {len(blamed)} points are blamed, no others", flush=True)


def leave_page(bench):
    """A page as a killed run leaves it: of 1 rank, with points in it."""
    out = bench.new_file("forged")
    run = begin(bench, out, 1)
    send_kill(run.pid)
    run.wait(timeout=PATIENCE)
    return out, pathlib.Path(f"{out}.running").read_bytes()


def forge(data, chance):
    data = bytearray(data)
    kind = chance.randrange(4)
    if kind == 0:
        return bytes(data[:chance.randrange(len(data))])
    if kind == 1:
        return bytes(data) + bytes(chance.randrange(1, 9000))
    for _ in range(1 if kind == 2 else 40):
        data[chance.randrange(min(len(data), 400))] = chance.randrange(256)
    return bytes(data)


def survives(bench, out, what):
    bench.forgeries += 1
    code = bench.run(out, 1)
    must(code in (0, 3), f"{what}: exit code {code}:\n{bench.said[-1500:]}")
    ignored = [line for line in bench.said.splitlines() if line.endswith("; ignored")]
    must(len(ignored) <= 1, f"{what}: more than one line: {ignored}")
    if code == 3:
        bench.run(out, 1, extra=["--retry", "failed"])
    must(out.read_bytes() == bench.reference.read_bytes(), f"{what}: wrong bytes")
    return ignored


def forged_files(bench, rounds, chance):
    slow, page = leave_page(bench)
    text = b"linnet deaths 1 sweep %s run 5\ncell 3 deaths 2 signal 11 host n1 job - at 2026-11-21T11:10:27Z\n"
    digest = page[32:48]
    begun = bench.reference.read_bytes()
    for n in range(rounds):
        out = bench.new_file("forgery")
        out.write_bytes(begun)
        running, deaths = pathlib.Path(f"{out}.running"), pathlib.Path(f"{out}.deaths")
        if n % 2:
            running.write_bytes(forge(page, chance))
        else:
            deaths.write_bytes(forge(text % digest, chance))
        survives(bench, out, f"forgery {n}")
    print(f"{rounds} forged side files: no crash, no wrong byte", flush=True)


def odd_files(bench):
    """Links, pipes, folders in the place of the side files; values that make no sense."""
    for suffix in ("running", "deaths"):
        for kind in ("link", "pipe", "folder", "huge", "excluded", "other"):
            out = bench.new_file("odd")
            shutil.copyfile(bench.reference, out)
            place, aim = pathlib.Path(f"{out}.{suffix}"), bench.folder / "aim"
            aim.write_text("precious")
            head = "linnet deaths 1 sweep 0123456789abcdef run 1\n"
            if kind == "link":
                place.symlink_to(aim)
            elif kind == "pipe":
                os.mkfifo(place)
            elif kind == "folder":
                place.mkdir()
            elif kind == "huge":
                with open(place, "wb") as file:
                    file.truncate(1 << 40)
            elif kind == "excluded":
                place.write_text(head + f"cell {LEFT_OUT} deaths 7 signal 9 host x job - at 2026-11-21T11:10:27Z\n")
            else:
                place.write_text(head)
            survives(bench, out, f"{kind} at .{suffix}")
            must(aim.read_text() == "precious", f"{kind} at .{suffix}: the file it leads to was written")
            if place.is_dir():
                place.rmdir()
            elif place.is_symlink() or place.exists():
                place.unlink()
    print("links, pipes, folders and nonsense at .running and .deaths: ignored", flush=True)


def left_out_is_never_failed(bench):
    """A list that blames a cell that `where` leaves out, with the right digest, must not touch it."""
    out = bench.new_file("where")
    run = begin(bench, out, 1)
    digest = pages(out)[0][32:48].decode()
    run.send_signal(signal.SIGUSR1)
    run.wait(timeout=PATIENCE)
    line = f"cell {LEFT_OUT} deaths 7 signal 9 host x job - at 2026-11-21T11:10:27Z\n"
    pathlib.Path(f"{out}.deaths").write_text(f"linnet deaths 1 sweep {digest} run 1\n" + line)
    run = begin(bench, out, 1)
    run.send_signal(signal.SIGUSR1)
    run.wait(timeout=PATIENCE)
    state = bench.status(out)
    must(state["failed"] == 0 and state["excluded"] == 1, f"a cell left out was given up: {state}")


def test(options, bench):
    chance = random.Random(options.seed)
    must(bench.run(bench.reference, 1) == 0, bench.said if hasattr(bench, "said") else "no reference")
    out = poisoned(bench, "one-rank", 1, f"150:{SEGV}")
    other_commands(bench, out, 150)
    retry_in_vain(bench, out, f"150:{SEGV}")
    retry_is_clean(bench, out)
    retry_is_clean(bench, poisoned(bench, "two-ranks", 2, f"3:{SEGV}"))
    if options.rounds > 1:
        poisoned(bench, "three-ranks", 3, f"298:{SEGV}")
    poisoned(bench, "killed", 3, f"20:{KILL}")
    poisoned(bench, "overflow", 1, f"77:{STACK}")
    # Twice in company, once alone in its process, three times nobody else at work. (More where mpirun is quicker than the kills.)
    out = poisoned(bench, "all-killed", 3, f"20:{ALL}", 14)
    retry_in_vain(bench, out, f"20:{ALL}", 3)
    retry_is_clean(bench, out)
    # Each point takes three deaths in the worst case.
    poisoned(bench, "several", 1, f"0:{ABRT},1:{SEGV},250:{FPE}", 10)
    kill_one(bench)
    kill_all(bench)
    kill_launcher(bench)
    stop_twice(bench, 1, signal.SIGINT)
    stop_twice(bench, 3, signal.SIGTERM)
    hang_up(bench)
    outlive_hang_up(bench)
    lose_the_disk(bench)
    left_out_is_never_failed(bench)
    odd_files(bench)
    forged_files(bench, 10 * options.rounds, chance)
    for n in range(options.rounds - 1):
        cells = chance.sample([cell for cell in range(300) if cell != LEFT_OUT], chance.randrange(1, 4))
        poison = ",".join(f"{cell}:{chance.choice([SEGV, ABRT, FPE, STACK])}" for cell in cells)
        poisoned(bench, f"random-{n}", chance.randrange(1, 4), poison, 3 * len(cells) + 1)
    print(f"{bench.starts} starts, {bench.deaths} deaths over poison, {bench.forgeries} forged files; "
          f"a healthy point was counted {bench.blamed_most} times at most, none was given up", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("linnet", type=os.path.abspath, help="the program")
    parser.add_argument("library", type=os.path.abspath, help="poison.so")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    # A suite under nohup hands it on that hang-ups are ignored.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    return in_folder("deaths", lambda folder: test(options, Bench(options, folder)))


if __name__ == "__main__":
    sys.exit(main())
