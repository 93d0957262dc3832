#!/bin/sh
# Diagonal networks that share their inputs, as M (45 samples) and as X (20): the file depends neither on the ranks, hence on
# which points keep each other company, nor on the instruction set. TAP; $1 is the program.
set -u
. "$(dirname "$0")/tap.sh"

cat >sweep.yaml <<'END'
linnet: 1
name: shared
problem: {kind: teacher, samples: 45, inputs: 30, noise: 0.1}
model: {kind: diagonal, init: {kind: diagonal}}
train: {max_steps: 400, stop: {loss: 1.0e-6}}
record: {times: {log: 16}, series: [loss, coefficients], final: [arc_length, dual]}
axes:
  samples: [20, 45]
  inputs: [30, 100]
  form: [squares, uv, power]
  scale: [0.5, 0.1, 0.01]
  step_size: [0.02, 0.1, 0.4]
  data_seed: {count: 2}
END

"$linnet" run sweep.yaml -o alone.h5 >out.log 2>&1
ok "a sweep over alpha, step size and seeds runs" [ $? = 0 ]
for ranks in 1 2 3; do
    "$mpirun" $ranks "$linnet" run sweep.yaml -o ranks$ranks.h5 >out.log 2>&1
    ok "the file of $ranks ranks is that of one process" cmp ranks$ranks.h5 alone.h5
done
for isa in avx512 avx2; do
    LINNET_ISA=$isa "$linnet" run sweep.yaml -o $isa.h5 >out.log 2>&1
    if grep -q 'this CPU has no such set' out.log; then
        n=$((n + 1))
        echo "ok $n - the file of $isa is that of one process # SKIP this CPU has no such set"
    else
        ok "the file of $isa is that of one process" cmp $isa.h5 alone.h5
    fi
done

echo "1..$n"
