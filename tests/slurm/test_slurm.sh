#!/bin/bash
# test_slurm.sh LINNET POISON [CASE...]: jobs on a testbed of 15 nodes on this machine. The cases run side by side, and each
# ends with a file that must be that of a local run, byte for byte. TAP; skipped without root or Slurm.
# POISON: tests/fault/poison.c as a library.
# LINNET_SLURM_STEPS: size of the sweep that is interrupted.
set -u
job=
linnet=$(realpath "${1:?usage: test_slurm.sh LINNET POISON [CASE...]}")
poison=$(realpath "${2:?usage: test_slurm.sh LINNET POISON [CASE...]}")
shift 2
here=$(cd "$(dirname "$0")" && pwd)
script=$(realpath "$here/../../slurm/sweep.sbatch")
testbed=$here/testbed.sh
cases=("$@")
[ $# -gt 0 ] || cases=(by_srun by_mpirun shards shards_in_rounds told_to_stop limit deadline preempted node_down node_lost script_lost
    cancelled successors two_jobs poisoned poisoned_silently)
export PATH=$PATH:/usr/sbin TESTBED_DIR=/run/linnet-slurm-$$ TESTBED_PORT=$((20000 + $$ % 10000))

skip() {
    echo "1..0 # SKIP $*"
    exit 0
}
[ "$(id -u)" = 0 ] || skip "not root"
for program in munged slurmctld slurmd sbatch srun scontrol; do
    command -v "$program" >/dev/null || skip "no $program"
done
unshare --uts true 2>/dev/null || skip "no right to unshare a hostname"

work=$(mktemp -d /dev/shm/linnet-slurm.XXXXXX) || exit 1
cleanup() {
    "$testbed" down
    rm -rf "$work"
}
# It outlives a test that is killed, and cleans up in its place.
setsid bash -c 'trap "" TERM INT; while kill -0 $1; do sleep 0.3; done; [ ! -d "$2" ] || { "$3" down; rm -rf "$2"; }' \
    guard $$ "$work" "$testbed" >/dev/null 2>&1 &
trap 'exit 1' TERM INT HUP
trap 'kill $(jobs -p) 2>/dev/null; cleanup' EXIT

# Nodes speak TCP, whatever the shell we are called from says.
unset OMPI_MCA_btl OMPI_MCA_pml
# Jobs inherit this. TMPDIR: what Open MPI leaves behind goes with it.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 TMPDIR=$work LINNET=$linnet
# Shared memory is named by host and job: n1 and 7 are not rare on a machine with a second testbed.
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_btl_vader_backing_directory=$work
export TESTBED_PARTITIONS="PartitionName=main Nodes=n[1-4] Default=YES
PartitionName=low Nodes=n[5-6] PriorityTier=1 PreemptMode=REQUEUE GraceTime=5
PartitionName=high Nodes=n[5-6] PriorityTier=9 PreemptMode=OFF
PartitionName=down Nodes=n[7,8,15]
PartitionName=lost Nodes=n[9-11]
PartitionName=script Nodes=n[12-14]"
cd "$work" || exit 1

# write_sweep NAME STEPS: points that never converge, so that the sweep lasts in proportion to STEPS.
write_sweep() {
    cat >"$1.yaml" <<YAML
linnet: 1
name: $1
problem: {kind: target, spectrum: [2, 1, 0.5]}
model: {kind: deep, depth: 2, init: {kind: gaussian}}
train: {algorithm: gd, step_size: 1e-7, max_steps: $2}
record: {times: {log: 8}}
axes:
  depth: [2, 3, 4]
  seed: {count: 100}
YAML
}

# Each case runs in a process of its own; it ends with the first thing that is wrong.
die() {
    echo "FAILED: $*"
    squeue
    tail -n 15 "$work/$case".log* "$work/linnet-$case"*.log 2>/dev/null
    grep -h "JobId=$job\b" "$TESTBED_DIR/log/slurmctld.log" | tail -n 12
    exit 1
}

# submit OPTIONS: the case's sweep and output, by linnet submit; sets job.
submit() {
    "$linnet" submit "$sweep.yaml" -o "$case.h5" "$@" >"$case.submit" || die "submit"
    job=$(sed -n 's/^job \([0-9]*\): .*/\1/p' "$case.submit")
    [ -n "$job" ] || die "no job"
}

field() {
    scontrol -o show job "$1" 2>/dev/null | head -n 1 | tr ' ' '\n' | sed -n "s/^$2=//p" | head -n 1
}

# wait_for SECONDS WHAT COMMAND...
wait_for() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        kill -0 $$ 2>/dev/null || exit 1 # the test is gone
        [ "$SECONDS" -lt "$deadline" ] || die "waited in vain: $what ($(field "$job" JobState))"
        sleep 0.2
    done
}

is() { [ "$(field "$1" "$2")" = "$3" ]; }
has_restarted() { [ "$(field "$job" Restarts)" -ge "${1:-1}" ]; }
# ... and no process is left.
is_over() { is "$job" JobState "$1" && [ -z "$(squeue -h -j "$job" -o %A 2>/dev/null)" ]; }
n_done() { "$linnet" status --json "$1" 2>/dev/null | sed 's/.*"done": \([0-9]*\).*/\1/'; }
is_under_way() { [ "$(n_done "${1:-$case.h5}")" -gt 0 ] 2>/dev/null; }
is_unfinished() { "$linnet" status --json "$case.h5" | grep -vq '"pending": 0,'; }

same_bytes() {
    "$linnet" check "$case.h5" >/dev/null || die "rows are damaged"
    wait_for 120 "the local run" [ -e "$sweep-local.done" ]
    cmp "$case.h5" "$sweep-local.h5" || die "not the bytes of the local run"
}

# is_over COMPLETED, of a job that Slurm may have held because a node was not ready for it: an operator lets it go on.
is_completed() {
    [ "$(field "$job" Reason)" != launch_failed_requeued_held ] || scontrol release "$job"
    is_over COMPLETED
}

# Ends with the job, started once more, completed, and the bytes right.
goes_on_and_completes() {
    wait_for 60 "a restart" has_restarted
    is_unfinished || die "nothing was left to resume"
    wait_for 120 "the end" is_completed
    grep -q resuming "linnet-$case-$job.log" || die "the second start did not resume"
    same_bytes
}

by_srun() { # on four nodes
    sweep=short
    submit --nodes 4 --ntasks 4 --time 10
    wait_for 60 "the end" is_over COMPLETED
    grep -q " on 4 ranks" "linnet-$case-$job.log" || die "not on 4 ranks"
    same_bytes
}

by_mpirun() { # on four nodes, the script by hand
    sweep=short
    job=$(LINNET_LAUNCH=mpirun sbatch --parsable -N 4 -n 4 -o "$case.log" "$script" short.yaml "$case.h5") || die "sbatch"
    wait_for 60 "the end" is_over COMPLETED
    grep -q " on 4 ranks" "$case.log" || die "not on 4 ranks"
    same_bytes
}

shards() { # an array of shards and the job that joins them; the last, whose number is that of the array, has to stop
    sweep=long
    submit --shards 3 --ntasks 2 --time 10
    local array=$job
    wait_for 100 "the first points" is_under_way "$case-3of3.h5"
    scancel --signal=USR1 --batch "${job}_3" || die "scancel"
    job=$(sed -n 's/^job \([0-9]*\) joins.*/\1/p' "$case.submit")
    wait_for 150 "the merge" is_over COMPLETED
    [ "$(cat "linnet-$case-$array"_*.log | grep -c resuming)" = 1 ] || die "not one shard was resumed, but $(grep -c resuming "linnet-$case-$array"_*.log)"
    same_bytes
}

shards_in_rounds() { # where the site does not requeue, and a shard has to stop
    sweep=long
    submit --shards 2 --ntasks 2 --time 10 --no-requeue
    local task=${job}_2
    wait_for 100 "the first points" is_under_way "$case-2of2.h5"
    scancel --signal=USR1 --batch "$task" || die "scancel"
    wait_for 180 "the joined file" [ -e "$case.h5" ]
    [ "$(cat linnet-$case-"$job"_*.log linnet-$case-*_2.log | grep -c resuming)" -gt 0 ] || die "the second shard was not resumed"
    sleep 0.5
    same_bytes
}

told_to_stop() { # by the signal that Slurm sends before the limit
    sweep=long
    submit --ntasks 2 --time 10
    wait_for 100 "the first points" is_under_way
    scancel --signal=USR1 --batch "$job" || die "scancel"
    goes_on_and_completes
}

limit() { # Slurm says that the time of a sweep without end will soon be up
    sweep=endless
    submit --ntasks 1 --time 1
    wait_for 60 "a restart" has_restarted
    grep -q '"exit": 75' "$case.h5.log" || die "it did not stop by itself"
    scancel "$job"
    wait_for 30 "the end" is_over CANCELLED
}

deadline() { # Slurm says nothing before the limit: linnet knows, and parks what it is at
    sweep=longer
    job=$(sbatch --parsable -n 1 --time 1 --signal=B:USR1@1 -o "$case.log" "$script" longer.yaml "$case.h5" --margin 53) || die "sbatch"
    wait_for 90 "a restart" has_restarted
    is_unfinished || die "nothing was left to resume"
    wait_for 200 "the end" is_over COMPLETED
    grep -q "DUE TO TIME LIMIT" "$case.log" && die "Slurm had to end it"
    grep -q '"event": "limit"' "$case.h5.log" || die "it did not know its limit"
    same_bytes
}

preempted() { # a job of a better partition takes the nodes
    sweep=long
    submit --partition low --nodes 2 --ntasks 4 --time 10
    wait_for 100 "the first points" is_under_way
    local other
    other=$(sbatch --parsable -p high -N 2 --exclusive -o /dev/null --wrap 'sleep 1') || die "sbatch"
    goes_on_and_completes
    is "$other" JobState COMPLETED || die "the other job did not run"
}

node_down() { # its first node, which the script runs on, goes down by order; another takes its place
    sweep=long
    submit --partition down --nodes 2 --ntasks 4 --time 10
    wait_for 100 "the first points" is_under_way
    scontrol update nodename=n7 state=down reason=test || die "scontrol"
    goes_on_and_completes
}

node_lost() { # a node without the script dies; another takes its place
    sweep=long
    submit --partition lost --nodes 2 --ntasks 4 --time 10
    wait_for 100 "the first points" is_under_way
    "$testbed" lose n10 || die "lose"
    wait_for 60 "a restart" has_restarted
    goes_on_and_completes
}

script_lost() { # the node with the script and the first rank dies
    sweep=long
    submit --partition script --nodes 2 --ntasks 4 --time 10
    wait_for 100 "the first points" is_under_way
    "$testbed" lose n12 || die "lose"
    wait_for 60 "the job in the queue" is "$job" JobState PENDING
    [ -e "$case.h5.lock" ] || die "the dead run has left no lock"
    goes_on_and_completes
}

is_over_somehow() { is_over CANCELLED || is_over COMPLETED; }
cancelled() { # by its user; a new submission goes on. A run that was over before is begun again
    sweep=long
    for try in 1 2 3 4 5; do
        rm -f "$case".h5*
        submit --ntasks 4 --nodes 4 --time 10
        wait_for 100 "the first points" is_under_way
        scancel "$job" || die "scancel"
        wait_for 30 "the end" is_over_somehow
        is "$job" JobState CANCELLED && break
    done
    is "$job" Restarts 0 || die "it was requeued"
    is_unfinished || die "nothing was left to resume"
    submit --ntasks 4 --nodes 4 --time 10
    wait_for 120 "the end" is_over COMPLETED
    same_bytes
}

successors() { # where the site does not requeue
    sweep=long
    submit --ntasks 4 --nodes 4 --time 10 --no-requeue
    wait_for 100 "the first points" is_under_way
    scancel --signal=USR1 --batch "$job" || die "scancel"
    wait_for 60 "the end of the first job" is_over FAILED
    local next
    next=$(sed -n 's/^Submitted batch job //p' "linnet-$case-$job.log")
    [ -n "$next" ] || die "no successor"
    job=$next
    wait_for 120 "the end" is_over COMPLETED
    grep -q resuming "linnet-$case-$job.log" || die "the successor did not resume"
    same_bytes
    "$linnet" submit long.yaml -o "$case.h5" | grep -q "nothing to submit" || die "a finished sweep was submitted"
}

two_jobs() { # on one file
    sweep=long
    submit --ntasks 2 --time 10
    local first=$job
    wait_for 100 "the first points" is_under_way
    job=$(sbatch --parsable -n 2 -o "$case.log" "$script" long.yaml "$case.h5") || die "sbatch"
    wait_for 60 "the end of the second" is_over FAILED
    is "$job" ExitCode 2:0 || die "the second job ended with $(field "$job" ExitCode)"
    grep -q "being written by another run.*$first" "$case.log" || die "it does not name the job that writes"
    job=$first
    wait_for 120 "the end" is_over COMPLETED
    same_bytes
}

poisoned() { # a point kills its process, whenever it is tried
    sweep=short
    local program=$work/$case.sh
    printf '#!/bin/sh\nLD_PRELOAD=%s POISON_FILE=%s/%s.h5.running POISON=7:%s exec %s "$@"\n' \
        "$poison" "$work" "$case" "${1:-11}" "$linnet" >"$program"
    chmod +x "$program"
    job=$(LINNET=$program sbatch --parsable -n 2 -o "$case.log" "$script" short.yaml "$case.h5") || die "sbatch"
    wait_for 120 "the end" is_over FAILED
    is "$job" ExitCode 3:0 || die "it ended with $(field "$job" ExitCode)"
    is "$job" Restarts 0 || die "it was requeued"
    [ "$("$linnet" status --json "$case.h5" | sed 's/.*"pending": \([0-9]*\).*"failed": \([0-9]*\),.*/\1 \2/')" = "0 1" ] ||
        die "one point failed, the others are done: $("$linnet" status "$case.h5")"
    "$linnet" run short.yaml -o "$case.h5" --retry failed -q || die "retry"
    same_bytes
}

poisoned_silently() { # as a memory limit does; srun then kills the other processes in the same way
    poisoned 9
}

# Of the cases, and of the jobs they left.
no_process_is_left() {
    "$testbed" strays >strays.out
    [ -s strays.out ] || return 0
    sleep 5 # the last job may be on its way out
    "$testbed" strays >strays.out
    [ ! -s strays.out ] || die "$(cat strays.out)"
}

eval "$("$testbed" up 15 16)"
[ -n "${SLURM_CONF:-}" ] || exit 1
echo "1..$((${#cases[@]} + 1))"
write_sweep short 2000
write_sweep long "${LINNET_SLURM_STEPS:-1000000}"
write_sweep longer 2000000
write_sweep endless 20000000
for sweep in short long longer; do
    { "$linnet" run $sweep.yaml -o $sweep-local.h5 >$sweep-local.log 2>&1 && touch $sweep-local.done; } &
done
declare -A pids
for case in "${cases[@]}"; do
    { "$case" && echo "$SECONDS" >"$case.time"; } >"$case.out" 2>&1 &
    pids[$case]=$!
done
n=0
n_failed=0
for case in "${cases[@]}" no_process_is_left; do
    n=$((n + 1))
    if [ $case = no_process_is_left ]; then
        { no_process_is_left && echo $SECONDS >$case.time; } >$case.out 2>&1 &
        pids[$case]=$!
    fi
    if wait "${pids[$case]}"; then
        echo "ok $n - $case # $(cat "$case.time") s"
    else
        n_failed=$((n_failed + 1))
        echo "not ok $n - $case"
        sed 's/^/# /' "$case.out"
    fi
done
[ $n_failed = 0 ]
