#!/bin/sh
# linnet status: who is running a file, how far, how the last run ended. TAP; $1 is the program, LINNET_SOURCE the source tree.
set -u
. "$(dirname "$0")/tap.sh"
unset SLURM_JOB_ID SLURM_JOB_END_TIME

cat >long.yaml <<'END'
linnet: 1
name: long
problem: {kind: target, spectrum: [2, 1, 0.5], basis: random}
model: {depth: 3, init: {kind: gaussian, scale: 0.3}}
train: {step_size: 0.002, max_steps: 100000000000, stop: {loss: 0}}
axes:
  init_scale: [0.25, 0.5]
  seed: {count: 6}
END

# json EXPRESSION: it holds of what status --json says, as s.
json() {
    timeout 60 "$linnet" status out.h5 --json >json.log 2>err.log && /usr/bin/python3 -c '
import json, sys
s = json.load(open("json.log"))
assert eval(sys.argv[1]), s' "$1"
}
# Until the run that is job has points in hand and has said how far it is.
until_told() {
    while kill -0 $job 2>kill.log; do
        json 's["state"] == "running" and s["run"]["in_hand"] > 0 and "seconds_left" in s["run"]' 2>wait.log && break
        sleep 0.1
    done
}
# start RANKS: a run in the background that has points in hand and has said how far it is. Sets job and pid (of rank 0).
start() {
    "$mpirun" "$1" "$linnet" run long.yaml -o out.h5 >run.log 2>&1 &
    job=$!
    until_told
    pid=$(sed 's/.*"process": \([0-9]*\).*/\1/' json.log)
}
# other ARGUMENTS...: like run, as somebody who owns none of the files (for root; else as who owns them), of a program that
# he may start.
chmod 755 .
cp "$linnet" program
nobody=
[ "$(id -u)" != 0 ] || nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
other() {
    timeout 60 $nobody ./program "$@" >out.log 2>err.log
    rc=$?
}
# What status must leave alone.
state_of_files() {
    stat -c '%n %i %s %Y' out.h5.lock out.h5.log 2>&1
    sum out.h5
}
# All names, and all of the files of the sweep.
state_of_folder() {
    ls -A
    ls -la --time-style=full-iso out.h5*
}

run status out.h5
ok "a file that is not there is refused" sh -c "[ $rc = 2 ] && grep -q 'out.h5' err.log"
cat >held.py <<'END'
# Holds the lock of a file that is not there, and asks for its status. The text of the lock: standard input.
import fcntl, struct, subprocess, sys
with open("new.h5.lock", "w+") as lock:
    lock.write(sys.stdin.read())
    lock.flush()
    fcntl.fcntl(lock, 37, struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 1, 0))  # F_OFD_SETLK
    sys.exit(subprocess.run([sys.argv[1], "status", "new.h5"], timeout=60).returncode)
END
echo "linnet lock 1 host n1 boot b process 17 space 1 started 1 job - restart 0 since 2026-01-01T00:00:00Z by kernel token 0000000000000001" |
    /usr/bin/python3 held.py "$linnet" >out.log 2>err.log
rc=$?
ok "who is about to make it is named" sh -c "[ $rc = 2 ] && grep -q 'new.h5 is not there yet: process 17 on n1 is about to make it' err.log"
: | /usr/bin/python3 held.py "$linnet" >out.log 2>err.log
rc=$?
ok "unless that cannot be read" sh -c "[ $rc = 2 ] && grep -q 'not there yet: another process (who it is cannot be read) is about to make it' err.log"
export SLURM_JOB_ID=4711
start 2
unset SLURM_JOB_ID
ok "a run at work is named: host, process, Slurm job, since when" \
    json "s['run']['process'] == $pid and s['run']['host'] and s['run']['job'] == '4711' and s['run']['since'].endswith('Z')"
ok "how far it is, and how long it still takes" json "s['run']['ranks'] == 2 and s['run']['points'] == 12 and s['run']['done'] == 0 and s['run']['seconds_left'] > 3600"
before=$(state_of_files)
run status out.h5
ok "and in words" sh -c "[ $rc = 0 ] && grep -q 'running on 2 ranks: host .*, process $pid, Slurm job 4711, since ' out.log && grep -q '0 of its 12 points done, [0-9]* in hand; about .* left' out.log"
ok "what a living run has in hand is not suspect" json 's["suspects"] == []'
chmod 444 out.h5.lock
other status out.h5 --json
ok "a lock that may only be read is looked at too" sh -c "[ $rc = 0 ] && grep -q '\"state\": \"running\"' out.log"
chmod 000 out.h5.lock
other status out.h5
ok "with a lock that may not be read, a living run is not called dead" \
    sh -c "[ $rc = 0 ] && grep -q 'whether a run is at work cannot be told: cannot open out.h5.lock: Permission denied' out.log && ! grep -q 'died\|suspect' out.log"
other status out.h5 --json
cp out.log json.log
ok "nor its points suspects" grep -q '"state": "unknown", "run": null.*"suspects": \[\]' json.log
chmod 644 out.h5.lock
ok "status touches nothing" [ "$before" = "$(state_of_files)" ]
run run long.yaml -o out.h5
ok "and leaves the lock where it is: a second run is refused" sh -c "[ $rc = 2 ] && grep -q 'process $pid, Slurm job 4711' err.log"
kill -USR1 "$pid"
wait $job
ok "the run that was looked at stops as always" grep -q 'stopped on request' run.log
ok "then it is called stopped, with its points parked" json "s['state'] == 'stopped' and s['run'] is None and s['last_exit'] == 75 and s['parked'] > 0"
run status out.h5
ok "and in words" sh -c "grep -q '^stopped 20.*Z; nobody is running it' out.log && grep -q 'points parked' out.log && grep -q 'linnet run. with the same sweep goes on' out.log"

# One process that is killed without a sign: it counts.
SLURM_JOB_ID=4712 "$linnet" run long.yaml -o out.h5 >run.log 2>&1 &
pid=$! job=$!
until_told
kill -KILL $pid
wait $pid 2>wait.log
before=$(state_of_files)
ok "a run that died is told from one that lives" json "s['state'] == 'died' and s['run']['process'] == $pid and s['run']['job'] == '4712' and s['run']['in_hand'] > 0 and s['run']['last_sign'].endswith('Z')"
touch -d 2001-01-01 out.h5.running
ok "its last sign is of its last progress, whatever the time of the file" json "s['run']['last_sign'] > '2002'"
ok "its points are named as suspects, with parameters and reason" \
    json "len(s['suspects']) == s['run']['in_hand'] and s['suspects'][0]['deaths'] == 1 and set(s['suspects'][0]['parameters']) == {'init_scale', 'seed'} and 'without a sign' in s['suspects'][0]['reason']"
run status out.h5
ok "and in words" sh -c "grep -q 'the last run died: host .*, process $pid, Slurm job 4712, 1 rank, last sign 20' out.log && grep -q 'suspect: point [0-9]* (init_scale=0.*, seed=' out.log && grep -q 'tried last, each alone' out.log"
ok "nothing is counted by looking" sh -c "[ ! -e out.h5.deaths ] && [ '$before' = '$(state_of_files)' ]"
cp -p out.h5.running kept
printf '\200' | dd of=out.h5.running bs=1 seek=16 conv=notrunc 2>dd.log
run status out.h5
ok "what a damaged side file says is not believed" sh -c "[ $rc = 0 ] && grep -q 'out.h5.running is damaged' out.log && ! grep -q 'suspect:' out.log"
cp -p kept out.h5.running

echo '{"event": "end", "time": "2001-01-01T00:00:00Z", "seconds": 1.000, "exit": 1}' >>out.h5.log
ok "an end before its last sign is not its own" json 's["state"] == "died"'
echo "{\"event\": \"end\", \"time\": \"$(date -u +%FT%TZ)\", \"seconds\": 1.000, \"exit\": 1}" >>out.h5.log
ok "a run that logged its end ended, whatever it left behind" \
    json 's["state"] == "ended" and s["run"] is None and s["last_exit"] == 1 and s["suspects"] == []'
run status out.h5
ok "and in words" sh -c "grep -q 'the last run ended 20.* with exit code 1' out.log && ! grep -q died out.log"
rm out.h5.log
ok "without a log it is dead as before" json 's["state"] == "died"'
/usr/bin/python3 -c 'import h5py; h5py.File("out.h5", "r+")["status"][...] = 3'
ok "where nothing is left to do, the file is finished" json 's["state"] == "finished" and s["run"] is None and s["pending"] == 0'
run status out.h5
ok "and in words" sh -c "grep -q '^finished; nobody is running it' out.log && ! grep -q 'the last run died' out.log"

sed 's/100000000000/300/' long.yaml >short.yaml
rm -f out.h5*
run run short.yaml -o out.h5 --shard 1/2
ok "a run that came to its end with points left says so" json 's["state"] == "ended" and s["last_exit"] == 0'
run run short.yaml -o out.h5
ok "a sweep that is done is called finished" json 's["state"] == "finished" and s["run"] is None and s["pending"] == 0'
run status out.h5
ok "and in words" grep -q '^finished' out.log
rm out.h5.log
ok "also without a log" json 's["state"] == "finished" and "last_exit" not in s'
before=$(state_of_folder)
run status out.h5
ok "status writes nothing" [ "$before" = "$(state_of_folder)" ]
chmod 555 .
other status out.h5
chmod 755 .
ok "nor does it need to" sh -c "[ $rc = 0 ] && grep -q '^finished' out.log"
echo "1..$n"
