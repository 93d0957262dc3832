#!/bin/sh
# Runs that are stopped and go on, points in flight and all. TAP; $1 is the program, LINNET_SOURCE the source tree. LINNET_STOPS makes
# the sweeps longer, and them stopped more often (default 2).
set -u
. "$(dirname "$0")/tap.sh"
unset SLURM_JOB_ID SLURM_JOB_END_TIME
stops=${LINNET_STOPS:-2}

cat >long.yaml <<END
linnet: 1
name: long
problem: {kind: target, spectrum: [2, 1, 0.5, 0.3, 0.1], basis: random}
model: {depth: 3, init: {kind: gaussian, scale: 0.3}}
train: {step_size: 0.002, max_steps: $((stops * 800000)), stop: {loss: 0}}
record: {times: {log: 16}, series: [loss, singular_values], final: [sharpness]}
axes:
  seed: {count: 12}
END
cat >flow.yaml <<END
linnet: 1
name: flow
problem: {kind: target, spectrum: [2, 1, 0.5], basis: random}
model: {depth: 3, init: {kind: gaussian, scale: 0.3}}
train: {algorithm: flow, time_step: 0.5, max_steps: $((stops * 4000)), stop: {loss: 0}}
record: {times: {log: 16}, series: [loss]}
axes:
  seed: {count: 30}
END

# Starts of runs on $1 so far.
n_starts() {
    grep '"start"' "$1.log" 2>/dev/null | wc -l
}
# start RANKS SWEEP OUT: a run in the background, until it trains. Sets job and pid (of rank 0).
start() {
    before=$(n_starts "$3")
    "$mpirun" "$1" "$linnet" run "$2" -o "$3" >out.log 2>err.log &
    job=$!
    while kill -0 $job 2>kill.log && [ "$(n_starts "$3")" -le "$before" ]; do
        sleep 0.05
    done
    pid=$(grep '"start"' "$3.log" | tail -n 1 | sed 's/.*"pid": \([0-9]*\).*/\1/')
}
# stop_after SECONDS: sets rc.
stop_after() {
    sleep "$1"
    kill -USR1 "$pid" 2>kill.log
    wait "$job"
    rc=$?
}
# stopped RANKS SWEEP SECONDS PREPARE: a run on out.h5 that is stopped with points on their way. Where the signal came too early or too
# late for that (this shell waits for a core as the run does), both begin anew.
stopped() {
    for i in $(seq 20); do
        "$4"
        start "$1" "$2" out.h5
        stop_after "$3"
        [ $rc = 75 ] && grep -q ' parked' err.log && break
    done
}
count_of() {
    "$linnet" status --json "$1" | sed "s/.*\"$2\": \([0-9]*\).*/\1/"
}

afresh() {
    rm -rf out.h5 out.h5.*
}

for sweep in long flow; do
    run run $sweep.yaml -o $sweep.h5
    ok "the sweep $sweep, straight" [ $rc = 0 ]
done

# in_pieces SWEEP RANKS...: stopped again and again, every piece on another number of ranks. Points done and parked never get less.
count_stop() {
    n_stops=$((n_stops + 1))
    parked=$(count_of out.h5 parked)
    n_parked=$((n_parked + parked))
    reached=$((parked + $(count_of out.h5 done)))
    [ $reached -ge $best ] || worse=$((worse + 1))
    best=$reached
}
in_pieces() {
    sweep=$1
    shift
    n_stops=0 n_parked=0 worse=0 best=0
    stopped "$1" $sweep.yaml 0.1 afresh
    while [ $rc = 75 ]; do
        count_stop
        set -- "$@" "$1"
        shift
        start "$1" $sweep.yaml out.h5
        stop_after 0.3
    done
    ok "$sweep in $((n_stops + 1)) pieces on $*, $n_parked points parked: the same file" \
        sh -c "[ $rc = 0 ] && [ $n_stops -ge 1 ] && [ $n_parked -ge 1 ] && [ $worse = 0 ] && cmp $sweep.h5 out.h5 && [ ! -e out.h5.parked ]"
}
in_pieces long 1 3 2
in_pieces flow 2 1

# A run of the long sweep, stopped in the middle.
stopped 2 long.yaml 0.2 afresh
cp out.h5 base.h5
cp out.h5.parked base.parked
parked() {
    afresh
    cp base.h5 out.h5
    cp base.parked out.h5.parked
}
ok "a stop says how many points are parked" says "points parked; the same command resumes out.h5"
ok "status says it" sh -c "'$linnet' status out.h5 | grep -q 'points parked on their way'"
run check out.h5
ok "check verifies it" sh -c "[ $rc = 0 ] && grep -q 'out.h5.parked: [0-9]* points parked on their way, verified' out.log"
n_before=$(($(count_of out.h5 parked) + $(count_of out.h5 done)))
stopped 1 long.yaml 0 parked
ok "a stop at once after the resume loses none" sh -c "[ $rc = 75 ] && [ $(($(count_of out.h5 parked) + $(count_of out.h5 done))) -ge $n_before ]"
run run long.yaml -o out.h5
ok "the resume says how many go on" says "of them parked on their way"
ok "and the file is that of a straight run" cmp long.h5 out.h5

# damaged NAME BYTE TEXT: a byte of the file of parked points is turned (negative: from the end).
damaged() {
    parked
    /usr/bin/python3 -c '
import sys
data = bytearray(open("out.h5.parked", "rb").read())
data[int(sys.argv[1])] ^= 8
open("out.h5.parked", "wb").write(data)' "$2"
    run check out.h5
    ok "check finds $1" [ $rc = 1 ]
    run run long.yaml -o out.h5
    ok "$1 is said, and the result is the same" sh -c "[ $rc = 0 ] && grep -q '$3' err.log && cmp long.h5 out.h5 && [ ! -e out.h5.parked ]"
}
# repaired NAME TEXT: what lies there as out.h5.parked is damaged; check is happy after a repair, and a run goes on.
repaired() {
    cp out.h5.parked before
    run repair out.h5 --dry-run
    ok "a dry repair of $1 changes nothing" sh -c "[ $rc = 0 ] && grep -q 'nothing was changed' out.log && ! grep -q 'nothing is damaged' out.log && cmp before out.h5.parked"
    run repair out.h5
    ok "repair of $1 says what it takes out" sh -c "[ $rc = 0 ] && grep -q '$2' out.log && ! grep -q 'nothing is damaged' out.log"
    run check out.h5
    ok "after the repair of $1 nothing is damaged" [ $rc = 0 ]
    n_repaired=$(count_of out.h5 parked)
    run run long.yaml -o out.h5
    ok "and a run goes on from what is left" sh -c "[ $rc = 0 ] && cmp long.h5 out.h5 && ! grep -q damaged err.log && [ ! -e out.h5.parked ]"
}
turn() {
    /usr/bin/python3 -c '
import sys
data = bytearray(open("out.h5.parked", "rb").read())
data[int(sys.argv[1])] ^= 8
open("out.h5.parked", "wb").write(data)' "$1"
}
damaged "a flipped byte of a record" -3 '1 parked points are damaged and begin anew'
parked
n_whole=$(count_of out.h5 parked)
turn -3
repaired "a damaged record" "out.h5.parked: 1 damaged points dropped and begin anew, $((n_whole - 1)) stay parked"
ok "the other records stay" [ $n_repaired = $((n_whole - 1)) ]
parked
turn 150
repaired "a damaged index" 'out.h5.parked is now out.h5.parked.damaged, and its points begin anew: .* does not agree with its checksum'
ok "the damaged file is kept" cmp before out.h5.parked.damaged
parked
rm out.h5.parked
mkdir out.h5.parked
run repair out.h5
ok "what is no file of ours is left alone by a repair" sh -c "[ $rc = 0 ] && [ -d out.h5.parked ] && grep -q 'parked points are not put right: .* a directory' out.log"
rmdir out.h5.parked
parked
run repair out.h5
ok "what is whole stays as it is" sh -c "[ $rc = 0 ] && grep -q 'nothing is damaged' out.log && cmp base.parked out.h5.parked"
damaged "a flipped byte of the index" 150 'its index does not agree with its checksum; points that were parked begin anew'

parked
cp base.parked other
head -c 5000 out.h5.parked >short
mv short out.h5.parked
run run long.yaml -o out.h5
ok "a file of parked points cut short is said, and the result is the same" sh -c "[ $rc = 0 ] && grep -q 'out.h5.parked is damaged' err.log && cmp long.h5 out.h5"

SLURM_JOB_END_TIME=$(($(date +%s) + 60)) timeout 60 "$linnet" run flow.yaml -o other.h5 --margin 86400 2>err.log
cp other other.h5.parked
run check other.h5
ok "check says that a run will refuse parked points of another sweep" \
    sh -c "[ $rc = 0 ] && grep -q 'other.h5.parked is of another sweep.*linnet run. asks to have it out of the way' out.log"
run status other.h5
ok "so does status" sh -c "[ $rc = 0 ] && grep -q 'linnet run. asks to have it out of the way' out.log && ! grep -q 'goes on' out.log"
run run flow.yaml -o other.h5
ok "parked points of another sweep are not used, nor replaced: the run is refused" \
    sh -c "[ $rc = 2 ] && grep -q 'is of another sweep' err.log && cmp other other.h5.parked"
mv other.h5.parked away
run run flow.yaml -o other.h5
ok "out of the way they disturb nobody" sh -c "[ $rc = 0 ] && cmp flow.h5 other.h5 && cmp other away"

unparkable() {
    afresh
    mkdir out.h5.parked.tmp
}
stopped 2 long.yaml 0.2 unparkable
ok "where nothing can be parked it is said, and the run can be resumed" \
    sh -c "[ $rc = 75 ] && grep -q 'are not parked, and lose' err.log && grep -q 'stopped on request; the same' err.log && [ ! -e out.h5.parked ]"
rmdir out.h5.parked.tmp

cp other target
target=$(sum target)
parked
ln -sf target out.h5.parked
run run long.yaml -o out.h5
ok "a link is neither followed nor replaced: the run is refused" \
    sh -c "[ $rc = 2 ] && [ $target = $(sum target) ] && grep -q 'out.h5.parked is .*a link; move it away or remove it' err.log && [ -L out.h5.parked ]"
rm out.h5.parked

# The wall time.
afresh
for text in 1=60 0:30=30 3:55:00=14100 90min=5400; do
    run run long.yaml -o out.h5 --walltime ${text%=*} --margin ${text#*=}
    ok "--walltime ${text%=*} is read, and a margin that keeps all of it is refused" \
        sh -c "[ $rc = 2 ] && grep -q 'walltime gives ${text#*=} s in all: nothing would ever be trained' err.log && [ ! -e out.h5 ]"
done
SLURM_JOB_END_TIME=$(($(date +%s) + 60)) timeout 60 "$linnet" run long.yaml -o out.h5 --margin 86400 >out.log 2>err.log
rc=$?
ok "a margin of more than is left of a Slurm job leaves no time to begin, and the remedy is said" \
    sh -c "[ $rc = 75 ] && grep -q 'stopped before the first point: the Slurm job ends at .*, in [0-9.]* s, .*(sbatch --time) or a smaller --margin' err.log"
for text in "" 0 -5 soon 10m 1h30 3:99:00 1:2:3:4 1-25 1e9d 5-1-1 ' 5' 5s5 .h nan 400d; do
    run run long.yaml -o new.h5 --walltime "$text"
    ok "--walltime '$text' is refused, with what would be right" sh -c "[ $rc = 2 ] && grep -q 'write 3:55:00' err.log && [ ! -e new.h5 ]"
done
run run long.yaml -o new.h5 --margin soon
ok "--margin soon is refused" sh -c "[ $rc = 2 ] && grep -q 'write the seconds' err.log"
ok "where there was no time to begin nothing is trained" [ "$(count_of out.h5 done)" = 0 ]
run run long.yaml -o new.h5 --set train.max_steps=3 --margin 20
ok "a margin without a wall time is said to do nothing" sh -c "[ $rc = 0 ] && grep -q 'margin does nothing here' err.log"
rm -f new.h5 new.h5.*
for text in 1-12:30 1.5d; do
    run run long.yaml -o new.h5 --walltime $text --set train.max_steps=3
    ok "--walltime $text is read" sh -c "[ $rc = 0 ] && grep -q 'stops at 20[0-9-]* [0-9:]*, 10' err.log"
    rm -f new.h5 new.h5.*
done
# more COMMAND...: a sweep that would take a day has ten minutes but for the margin, which COMMAND hands it. Where the start took all that
# the margin leaves (this machine has other things to do) it leaves more.
more() {
    for spare in 3 9 27 81; do
        rm -f day.h5 day.h5.*
        margin=$((600 - spare))
        "$@"
        [ $rc = 75 ] && grep -q '8 points parked' err.log && break
    done
}
day() {
    run run long.yaml -o day.h5 --set train.max_steps=100000000000 --margin $margin "$@"
}
day_in_slurm() {
    SLURM_JOB_END_TIME=$(($(date +%s) + 600))
    export SLURM_JOB_END_TIME
    day
    unset SLURM_JOB_END_TIME
}
more day --walltime 600s
ok "a run stops before its wall time is over" \
    sh -c "[ $rc = 75 ] && grep -q 'stops at [0-9:]*, $margin s before the limit' err.log && grep -q 'stopped before the wall time is over: 8 points parked' err.log"
ok "and logs it" grep -q '"event": "limit"' day.h5.log
more day_in_slurm
ok "the end of a Slurm job is one too" says "stopped before the wall time is over: 8 points parked"
mkdir bin
cat >bin/squeue <<'END'
#!/bin/sh
[ "$*" = "-h -j 4711 -o %e" ] && date -d '+600 seconds' +%Y-%m-%dT%H:%M:%S
END
chmod +x bin/squeue
PATH="$PWD/bin:$PATH"
export SLURM_JOB_ID=4711
more day
ok "or what squeue says of it" says "stopped before the wall time is over: 8 points parked"
run run long.yaml -o new.h5 --set train.max_steps=3 --walltime none
ok "--walltime none is none" sh -c "[ $rc = 0 ] && ! grep -q 'stops at' err.log"
SLURM_JOB_ID="4711 x"
run run long.yaml -o new.h5 --set train.max_steps=3
ok "squeue is asked of a number alone" sh -c "[ $rc = 0 ] && ! grep -q 'stops at' err.log"
echo "1..$n"
