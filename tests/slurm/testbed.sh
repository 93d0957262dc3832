#!/bin/bash
# A throw-away Slurm cluster of several nodes on one machine: no systemd, no database. Needs root, slurm-wlm, munge.
#
#   testbed.sh up [NODES] [CPUS_PER_NODE]   bring it up (4 nodes of 2 CPUs), print the line for the environment
#   testbed.sh env                          print that line again; eval it
#   testbed.sh status | down
#   testbed.sh lose NODE                    as if its power were cut: its slurmd, steps and ranks die at once
#   testbed.sh node NODE                    start it again
#   testbed.sh strays                       what runs on the nodes beside their slurmds
#
# $TESTBED_PARTITIONS replaces the one partition, main, by lines of slurm.conf. Everything lives in $TESTBED_DIR. Every daemon it starts has its pid in $TESTBED_DIR/pids; `down` ends these only.
set -u
dir=${TESTBED_DIR:-/run/linnet-slurm} # munged refuses a folder below one that all may write to
port=${TESTBED_PORT:-17917}           # slurmctld; the slurmds take the ports after it
conf=$dir/slurm.conf
host=$(hostname -s)
export SLURM_CONF=$conf PATH=$PATH:/usr/sbin

die() {
    echo "testbed: $*" >&2
    exit 1
}

fail() {
    echo "testbed: $*" >&2
    tail -n 4 "$dir"/log/* >&2
    down
    exit 1
}

# A zombie does not count: pid 1 of a container may reap late.
is_alive() {
    kill -0 "$1" 2>/dev/null && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

# wait_for SECONDS COMMAND...
wait_for() {
    local tries=$(($1 * 50))
    shift
    while ! "$@"; do
        [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.02
    done
}

is_gone() { ! is_alive "$1"; }
has_pid() { [ -s "$1" ]; }
n_idle() { sinfo -h -N -o '%N %t' 2>/dev/null | sort -u | grep -c ' idle$'; }
are_idle() { [ "$(n_idle)" = "$1" ]; }
is_queue_empty() { [ -z "$(timeout 3 squeue -h -o %A 2>/dev/null)" ]; }

# Waits for the pid file of a daemon and notes the pid.
note_pid() {
    wait_for 5 has_pid "$1" || fail "no $1"
    cat "$1" >>"$dir/pids"
}

# TmpFS per node: else the PMIx servers of the nodes collide in /tmp. config_overrides: more CPUs than there are.
# cred_expire=5: a requeued job starts again after 6 s instead of 120 s.
write_conf() {
    local nodes=$1 cpus=$2
    local memory=$(($(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo) / nodes))
    cat >"$conf" <<END
ClusterName=testbed
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
TmpFS=$dir/tmp/%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd-%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=pmix
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,sched_min_interval=0,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=${TESTBED_NODE_TIMEOUT:-10}
InactiveLimit=0
KillWait=5
MinJobAge=300
TCPTimeout=3
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MessageTimeout=10
NodeName=n[1-$nodes] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + nodes))] CPUs=$cpus RealMemory=$memory State=UNKNOWN
${TESTBED_PARTITIONS:-PartitionName=main Nodes=ALL Default=YES}
END
}

start_munged() {
    (umask 077 && head -c 128 /dev/urandom >"$dir/munge.key")
    munged --key-file="$dir/munge.key" --socket="$dir/munge.socket" --pid-file="$dir/munged.pid" \
        --log-file="$dir/log/munged.log" --seed-file="$dir/munge.seed" --num-threads=2 || fail "munged failed"
    note_pid "$dir/munged.pid"
}

# Each node has a hostname of its own: Open MPI names its shared memory by host, and those of the nodes would collide.
start_node() {
    unshare --uts sh -c 'hostname "$0" && exec slurmd -N "$0" -f "$1"' "$1" "$conf" \
        >"$dir/log/slurmd-$1.out" 2>&1 || fail "slurmd $1 failed"
    note_pid "$dir/slurmd-$1.pid"
    namespace_of "$(cat "$dir/slurmd-$1.pid")" >>"$dir/namespaces"
}

up() {
    local nodes=${1:-4} cpus=${2:-2} program i
    for program in munged slurmctld slurmd sinfo; do
        command -v "$program" >/dev/null || die "no $program: apt-get install slurm-wlm munge"
    done
    [ ! -e "$dir/pids" ] || die "already up, or left behind, in $dir: call down first"
    rm -rf "$dir"
    mkdir -p "$dir"/state "$dir"/log || die "cannot make $dir"
    chmod 755 "$dir"
    for i in $(seq "$nodes"); do mkdir -p "$dir/spool/n$i" "$dir/tmp/n$i"; done
    write_conf "$nodes" "$cpus"
    start_munged
    slurmctld -c -f "$conf" >"$dir/log/slurmctld.out" 2>&1 || fail "slurmctld failed"
    note_pid "$dir/slurmctld.pid"
    for i in $(seq "$nodes"); do start_node "n$i"; done
    wait_for 15 are_idle "$nodes" || fail "the nodes do not become idle"
    echo "export SLURM_CONF=$conf"
}

# What runs on a node lives in its namespace: slurmd, steps, ranks. Never that of the machine.
namespace_of() { stat -L -c %i "/proc/$1/ns/uts" 2>/dev/null; }

pids_in() {
    [ -n "$1" ] && [ "$1" != "$(namespace_of self)" ] || return
    stat -L -c '%i %n' /proc/[0-9]*/ns/uts 2>/dev/null | sed -n "s|^$1 /proc/\([0-9]*\)/.*|\1|p"
}

lose() {
    local pids
    pids=$(pids_in "$(namespace_of "$(cat "$dir/slurmd-$1.pid")")")
    [ -n "$pids" ] || die "$1 is not up"
    # shellcheck disable=SC2086
    kill -KILL $pids
    rm -f "$dir/slurmd-$1.pid"
}

strays() {
    local pid
    for pid in $(sort -u "$dir/namespaces" | while read -r name; do pids_in "$name"; done); do
        grep -qx "$pid" "$dir/pids" || ! is_alive "$pid" || echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
    done
}

cancel_jobs() {
    local job
    timeout 3 scontrol ping >/dev/null 2>&1 || return 0
    for job in $(timeout 5 squeue -h -o %A | sort -u); do
        timeout 5 scancel --signal=KILL --full "$job" 2>/dev/null
        timeout 5 scancel "$job" 2>/dev/null
    done
    wait_for 8 is_queue_empty
}

down() {
    local pid
    if [ -e "$dir/pids" ]; then
        cancel_jobs
        for pid in $(tac "$dir/pids"); do is_alive "$pid" && kill -TERM "$pid"; done
        for pid in $(cat "$dir/pids"); do
            wait_for 5 is_gone "$pid" || kill -KILL "$pid"
        done
        strays | while read -r pid name; do
            echo "testbed: left behind: $pid $name" >&2
            kill -KILL "$pid"
        done
    fi
    rm -rf "$dir"
}

status() {
    local pid
    [ -e "$dir/pids" ] || die "down"
    for pid in $(cat "$dir/pids"); do
        is_alive "$pid" && echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
    done
    sinfo -N
    squeue
}

case ${1:-} in
up) shift && up "$@" ;;
down) down ;;
env) echo "export SLURM_CONF=$conf" ;;
status) status ;;
lose) lose "$2" ;;
node) start_node "$2" ;;
strays) strays ;;
*) sed -n '2,14s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac
