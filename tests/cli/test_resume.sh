#!/bin/sh
# What a resume refuses, and that it names the difference and touches nothing. TAP; $1 is the program, LINNET_SOURCE the source tree.
set -u
. "$(dirname "$0")/tap.sh"

cat >sweep.yaml <<'END'
linnet: 1
name: resumed
problem: {kind: target, spectrum: [2, 1, 0.5], basis: random}
model: {depth: 3, init: {kind: gaussian, scale: 1.0}}
train: {step_size: 0.05, max_steps: 300}
record: {times: {log: 16}}
axes:
  depth: [2, 3]
  seed: {count: 3}
where: [depth > 1]
END
run run sweep.yaml -o out.h5
before=$(sum out.h5)

# refused NAME TEXT: the last command was refused with TEXT and has touched nothing.
refused() {
    ok "$1 is refused, named, and nothing touched" \
        sh -c "[ $rc = 2 ] && [ '$before' = '$(sum out.h5)' ] && [ ! -e out.h5.lock ] && [ ! -e out.h5.tmp ] && grep -qF -- \"$2\" err.log"
}
# other NAME SED TEXT: the sweep edited.
other() {
    sed "$2" sweep.yaml >other.yaml
    run run other.yaml -o out.h5
    refused "$1" "$3"
}
other "another step limit" 's/max_steps: 300/max_steps: 301/' "train.max_steps: 300 in the file, 301 in this sweep"
other "another problem" 's/2, 1, 0.5/2, 1, 0.25/' "problem.spectrum: [2, 1, 0.5] in the file, [2, 1, 0.25] in this sweep"
other "another kind of start" 's/kind: gaussian, scale: 1.0/kind: identity/' "model.init.kind: gaussian in the file, identity in this sweep"
other "a longer axis" 's/depth: \[2, 3\]/depth: [2, 3, 4]/' "[2, 3] in the file, model.depth as depth: [2, 3, 4] in this sweep"
other "one more axis" 's/^where/  init_scale: [0.5, 1]\nwhere/' "axes.init_scale"
other "another where" 's/depth > 1/depth > 2/' "where: model.depth > 1 in the file, model.depth > 2 in this sweep"
other "other random numbers" 's/^axes:/random: {base: 3}\naxes:/' "random.base: 0 in the file, 3 in this sweep"
other "other record times" 's/log: 16/log: 17/' "record.times.log: 16 in the file, 17 in this sweep"
other "two changes at once" 's/max_steps: 300/max_steps: 301/; s/log: 16/log: 17/' "record.times.log: 16 in the file, 17 in this sweep"
ok "and the other change" says "train.max_steps: 300 in the file, 301 in this sweep"
"$mpirun" 2 "$linnet" run sweep.yaml -o out.h5 --set train.step_size=0.06 >out.log 2>err.log
rc=$?
refused "another sweep on two ranks" "train.step_size: 0.05 in the file, 0.06 in this sweep"
LINNET_ISA=portable "$linnet" run sweep.yaml -o out.h5 >out.log 2>err.log
rc=$?
refused "a kind of CPU that changes bits" "this one: no FMA"
ok "with the kind of the file named too" says "begun on another kind of CPU (FMA"

# with ATTRIBUTE VALUE: the file says something else of itself.
with() {
    cp out.h5 other.h5
    /usr/bin/python3 -c '
import h5py, numpy, sys
with h5py.File("other.h5", "r+") as file:
    name, value = sys.argv[1:]
    old = file.attrs[name]
    file.attrs[name] = numpy.int32(value) if name == "linnet_format" else numpy.bytes_(value)' "$1" "$2"
    other_before=$(sum other.h5)
    run run sweep.yaml -o other.h5
    ok "$1 = $2 is refused, named, and nothing touched" \
        sh -c "[ $rc = 2 ] && [ '$other_before' = '$(sum other.h5)' ] && [ ! -e other.h5.lock ] && grep -qF -- \"$3\" err.log"
}
with linnet_format 2 "other.h5 has results format 2; this linnet reads format 1"
with source "linnet 0.0.9" "other.h5 was begun by linnet 0.0.9, this is linnet"
with cpu_kind "abacus" "another kind of CPU (abacus; this one:"
with layout_digest 0123456789abcdef "holds this sweep with other columns"
run run sweep.yaml -o out.h5
ok "the same sweep is resumed" sh -c "[ $rc = 0 ] && grep -q '6 points are there, 0 to go' err.log"
ok "and a finished file keeps its bytes" [ "$before" = "$(sum out.h5)" ]

# --- large sweeps, before the first point
# large FIRST COUNT: a sweep of FIRST x 1000 x COUNT cells.
large() {
    sed -e '/^axes/,$d' sweep.yaml >large.yaml
    cat >>large.yaml <<END
axes:
  init_scale: {logspace: [-2, 0.5], count: $1}
  step_size: {logspace: [-3, 0.3], count: 1000}
  seed: {count: $2}
END
}

# 10 TB, in a folder that is in memory.
large 1000 990
run run large.yaml -o large.h5 --set 'record.times={log: 2000}'
line=$(grep -n '^axes' large.yaml | cut -d: -f1)
ok "a sweep that is too large for the disk is refused at its axes" sh -c "[ $rc = 2 ] && grep -q '^linnet: large.yaml:$line:1: the axes span 990000000 cells, for which large.h5 needs .* at least' err.log"
# 1e5 cells, 84 MB where they are written. From the moment its handlers are there, the program plans for some tenths of a second; where
# this shell was not quick enough for that, again.
large 100 1
for i in $(seq 50); do
    rm -f large.h5 large.h5.*
    "$linnet" run large.yaml -o large.h5 --set 'record.series=[]' >out.log 2>err.log &
    pid=$!
    while kill -0 $pid 2>kill.log && ! awk '/^SigCgt/ { exit substr($2, length($2) - 3, 1) !~ /[4-7c-f]/ }' /proc/$pid/status 2>kill.log; do
        sleep 0.01
    done
    kill -TERM $pid 2>kill.log
    wait $pid
    rc=$?
    grep -q 'planned; nothing was written' err.log && break
done
ok "a run that is stopped while it plans ends with exit code 75, and has written nothing" sh -c "[ $rc = 75 ] && [ ! -e large.h5 ] && grep -q 'planned; nothing was written' err.log"

echo "1..$n"
