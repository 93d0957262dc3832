#!/bin/bash
# cut.sh LINNET: a results file that is cut off under a run ends it at once, with one line and exit code 1.
set -u
work=$(mktemp -d -p /dev/shm) # a file system on which the file is mapped
trap 'rm -rf "$work"' EXIT
cat >"$work/cut.yaml" <<'SWEEP'
linnet: 1
name: cut
problem: {kind: target, spectrum: [2, 1, 0.5]}
model: {kind: deep, depth: 3, init: {kind: gaussian}}
train: {algorithm: gd, step_size: 1e-7, max_steps: 200000}
record: {times: {log: 16}}
axes: {seed: {count: 20000}}
SWEEP
timeout 120 "$1" run "$work/cut.yaml" -o "$work/cut.h5" -q 2>"$work/said" &
run=$!
# Rows are being written, so it is mapped: cut off before that, HDF5 would be the one to refuse it.
for _ in $(seq 400); do
    "$1" status "$work/cut.h5" --json 2>/dev/null | grep -q '"done": *[1-9]' && break
    sleep 0.05
done
truncate -s 20000 "$work/cut.h5"
wait "$run"
code=$?
cat "$work/said"
[ "$code" = 1 ] || { echo "exit code $code, not 1"; exit 1; }
[ "$(grep -c 'can no longer be written' "$work/said")" = 1 ] || { echo "no line about it"; exit 1; }
