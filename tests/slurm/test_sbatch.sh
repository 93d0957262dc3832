#!/bin/bash
# test_sbatch.sh LINNET: slurm/sweep.sbatch on a testbed of four nodes. A sweep gives the same bytes as a local run, also
# when the job is told to stop half way, requeues itself and resumes. Exit 77 (skipped) without root or Slurm.
set -u
linnet=$(realpath "${1:?usage: test_sbatch.sh LINNET}")
here=$(cd "$(dirname "$0")" && pwd)
script=$(realpath "$here/../../slurm/sweep.sbatch")
testbed=$here/testbed.sh
export PATH=$PATH:/usr/sbin TESTBED_DIR=/run/linnet-slurm-$$

skip() {
    echo "skipped: $*"
    exit 77
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
trap cleanup EXIT

die() {
    echo "FAILED: $*"
    tail -n 20 "$work"/*.log "$TESTBED_DIR"/log/slurmctld.log
    exit 1
}

# Jobs inherit this. TMPDIR: what Open MPI leaves behind goes with it.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 TMPDIR=$work LINNET=$linnet

# write_sweep NAME STEPS: points that never converge, so that the sweep lasts in proportion to STEPS.
write_sweep() {
    cat >"$work/$1.yaml" <<END
linnet: 1
name: $1
problem: {kind: target, spectrum: [2, 1, 0.5]}
model: {kind: deep, depth: 2, init: {kind: gaussian}}
train: {algorithm: gd, step_size: 1e-7, max_steps: $2}
record: {times: {log: 8}}
axes:
  depth: [2, 3, 4]
  seed: {count: 100}
END
}

# submit NAME: prints the job id.
submit() {
    (cd "$work" && sbatch --parsable -N 4 -n 4 -o "$work/$1.log" "$script" "$1.yaml" "$1.h5") || die "sbatch $1"
}

field() {
    scontrol show job "$1" | tr ' ' '\n' | sed -n "s/^$2=//p"
}

# wait_until SECONDS JOB FIELD VALUE
wait_until() {
    local deadline=$((SECONDS + $1))
    until [ "$(field "$2" "$3")" = "$4" ]; do
        [ "$SECONDS" -lt "$deadline" ] || die "job $2: $3 is $(field "$2" "$3"), not $4, after $1 s"
        sleep 0.2
    done
}

wait_for_file() {
    local deadline=$((SECONDS + 30))
    until [ -e "$1" ]; do
        [ "$SECONDS" -lt "$deadline" ] || die "$1 is not there after 30 s"
        sleep 0.1
    done
}

same_bytes() {
    cmp "$work/$1.h5" "$work/$1-local.h5" || die "$1: not the bytes of the local run"
}

local_run() {
    (cd "$work" && "$linnet" run "$1.yaml" -o "$1-local.h5" >"$1-local.log" 2>&1) || die "local run of $1"
}

test_a_job_on_four_nodes_gives_the_bytes_of_a_local_run() {
    write_sweep short 2000
    local_run short
    local job
    job=$(submit short) || exit 1
    wait_until 60 "$job" JobState COMPLETED
    same_bytes short
    echo "ok: ${FUNCNAME[0]//_/ }"
}

test_a_job_told_to_stop_requeues_itself_and_completes() {
    write_sweep long "${LONG_STEPS:-800000}"
    local_run long
    local job
    job=$(submit long) || exit 1
    wait_until 60 "$job" JobState RUNNING
    wait_for_file "$work/long.h5"
    sleep 0.5 # some points are done by now, and many seconds of work are left
    scancel --signal=USR1 --batch "$job" || die "scancel"
    wait_until 30 "$job" Restarts 1
    "$linnet" status "$work/long.h5" || die "the stopped file cannot be read"
    wait_until 180 "$job" JobState COMPLETED
    grep -qi resum "$work/long.log" || die "the second start did not resume"
    same_bytes long
    echo "ok: ${FUNCNAME[0]//_/ }"
}

eval "$("$testbed" up 4 2)" || die "no testbed"
[ -n "${SLURM_CONF:-}" ] || die "no testbed"
test_a_job_on_four_nodes_gives_the_bytes_of_a_local_run
test_a_job_told_to_stop_requeues_itself_and_completes
