#!/bin/sh
# The same bits on any number of ranks and on every instruction set with FMA: shapes in lanes, alone in the padded kernel, on
# OpenBLAS, and the last points of a queue, which move from lanes to the padded kernel. TAP; $1 is the program.
set -u
. "$(dirname "$0")/tap.sh"

cat >small.yaml <<'END'
linnet: 1
name: bits
problem: {kind: target, spectrum: [2, 1, 0.5, 0.4, 0.3, 0.2, 0.2, 0.1, 0.1], basis: random}
model: {depth: 3, init: {kind: gaussian, scale: 1.0, std: fan_in}}
train: {max_steps: 3000}
record: {times: {log: 12}}
axes:
  width: [5, 12, 20, 30, 47]
  step_size: {logspace: [-3, -0.5], count: 5}
  seed: {count: 2}
END
cat >large.yaml <<'END'
linnet: 1
name: bits
problem: {kind: target, spectrum: [2, 1, 0.5], rows: 420, cols: 420, basis: random}
model: {depth: 2, width: 420, init: {kind: gaussian, scale: 1.0, std: fan_in}}
train: {step_size: 0.05, max_steps: 3}
record: {times: {log: 2}, final: [loss, product_norm], series: [loss], theory: []}
END

for sweep in small large; do
    LINNET_ISA=avx512 "$linnet" run $sweep.yaml -o $sweep.h5 >out.log 2>err.log
    ok "$sweep shapes run with AVX-512" [ $? = 0 ]
    LINNET_ISA=avx2 "$linnet" run $sweep.yaml -o $sweep-avx2.h5 >out.log 2>err.log
    ok "$sweep shapes have the same bits with AVX2" cmp $sweep.h5 $sweep-avx2.h5
done
for ranks in 2 3; do
    LINNET_ISA=avx2 "$mpirun" $ranks "$linnet" run small.yaml -o $ranks.h5 >out.log 2>err.log
    ok "and on $ranks ranks" cmp small.h5 $ranks.h5
done
ok "the file says that denormals are flushed" /usr/bin/python3 -c '
import h5py
assert b"FTZ+DAZ" in h5py.File("small.h5").attrs["cpu_kind"]'
"$linnet" --version --verbose >out.log
ok "the version says which kernels and whose choice OpenBLAS is" grep -q '^BLAS: OpenBLAS .*, core .* (.*)$' out.log
OPENBLAS_CORETYPE=Sandybridge "$linnet" --version --verbose >out.log
ok "a core type that is asked for is respected" grep -q 'core Sandybridge (asked for by OPENBLAS_CORETYPE)' out.log

echo "1..$n"
