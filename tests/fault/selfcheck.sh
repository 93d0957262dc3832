#!/bin/sh
# A rank that computes wrongly, or whose file system forgets, stops the run before anything is written: selfcheck.sh LINNET
# LIBLIE. TAP.
set -u
lie=$(readlink -f "$2")
. "$LINNET_SOURCE/tests/cli/tap.sh"
ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0"

cat >sweep.yaml <<'END'
linnet: 1
problem: {kind: target, spectrum: [2, 1]}
model: {depth: 2, width: 2, init: {kind: gaussian, scale: 0.5}}
train: {step_size: 0.05, max_steps: 300}
axes: {seed: {count: 4}}
END
cpu=$(sed -n 's/^model name[[:blank:]]*: //p' /proc/cpuinfo | head -n 1)
kind=$(stat -f -c %T .)

# lying HOW WHO RANKS
lying() {
    LD_PRELOAD=$lie LIE=$1 LIE_RANK=$2 "$mpirun" "$3" "$linnet" run sweep.yaml -q -o out.h5 >out.log 2>err.log
    rc=$?
}

# caught NAME TEXT: what was run last ended with exit code 1, one line of ours with TEXT, host and CPU, and left no file.
caught() {
    wanted=$2
    ok "$1" eval '[ $rc = 1 ] && [ "$(grep -c "^linnet: self-check: " err.log)" = 1 ] && says "$wanted" && says "on $(hostname)" &&
        [ -z "$(ls | grep "^out.h5")" ]'
}

for ranks in 1 2; do
    lying none 0 $ranks
    ok "$ranks: who does not lie is believed" eval '[ $rc = 0 ] && [ "$(ls -d out.h5* | tr "\n" " ")" = "out.h5 out.h5.log " ]'
    rm -f out.h5*
done
lying product 0 1
caught "a wrong product of the only rank" "rank 0 on $(hostname) ($cpu"
ok "what it should be is said" says "a product by OpenBLAS: element 0 is"
lying product 1 2
caught "a wrong product of another rank" "rank 1 on $(hostname) ($cpu"
lying bit 1 3
caught "a last bit of one rank of three" "1 of 3 ranks differ from rank 0"
ok "both CPUs are named" says "rank 1 on $(hostname) ($cpu"
lying bit 0 3
caught "a last bit of rank 0" "2 of 3 ranks differ from rank 0"
for ranks in 1 2; do
    lying stale $((ranks - 1)) $ranks
    caught "$ranks: a file system that shows old data" "rank $((ranks - 1)) on $(hostname): not what was written there at byte"
    ok "$ranks: it is named with the remedy" says "out.h5.probe ($kind): rows would be lost; choose another file system"
done
lying ghost 1 2
caught "something in a gap" "something that nobody wrote at byte"
export LINNET_WRITE=mpi
lying none 0 3
ok "through MPI-IO who does not lie is believed" eval '[ $rc = 0 ] && [ ! -e out.h5.probe ]'
rm -f out.h5*
lying lost 1 3
caught "through MPI-IO, a rank whose writes are lost" "not what was written there"
unset LINNET_WRITE

lying full 0 2
ok "a disk without room for the test is no reason to stop" [ $rc = 0 ]
before=$(sum out.h5)
lying stale 1 2
ok "a resume tests too" eval '[ $rc = 1 ] && says "self-check: rank 1"'
ok "and leaves the file as it was" eval '[ "$before" = "$(sum out.h5)" ] && [ "$(ls -d out.h5* | tr "\n" " ")" = "out.h5 out.h5.log " ]'
"$linnet" --version --verbose >first.log
LD_PRELOAD=$lie LIE=bit "$linnet" --version --verbose >second.log
ok "the fingerprint of the version shows another last bit" eval 'grep -q "^canary: [0-9a-f]\{16\}$" first.log && ! cmp -s first.log second.log'
echo "1..$n"
