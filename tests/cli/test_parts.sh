#!/bin/sh
# Shards and their merge, as people use them. TAP; $1 is the program, LINNET_SOURCE the source tree.
set -u
flip=$(readlink -f "$(dirname "$0")/flip.py")
. "$(dirname "$0")/tap.sh"

cat >sweep.yaml <<'END'
linnet: 1
name: parts
problem: {kind: target, spectrum: [2, 1, 0.5], basis: random}
model: {depth: 3, width: 4, init: {kind: gaussian, scale: 1.0, std: fan_in}}
train: {step_size: 0.05, max_steps: 1000}
record: {times: {log: 16}}
axes:
  depth: [1, 2, 3, 5]
  init_scale: {logspace: [-2, 0.5], count: 5}
  step_size: {logspace: [-3, 0.3], count: 6}
  seed: {count: 2}
where: [depth < 5 or step_size < 0.1]
END

# edit FILE ATTRIBUTE FROM TO NEW: a copy in which an attribute has one text for another.
edit() {
    cp "$1" "$5"
    /usr/bin/python3 -c '
import sys, h5py, numpy
_, old, name, wrong, right, new = sys.argv
with h5py.File(new, "r+") as file:
    file.attrs[name] = numpy.bytes_(file.attrs[name].decode().replace(wrong, right))' "$@"
}

# --- shards
run run sweep.yaml -o whole.h5
for k in 1 2 3; do
    run run sweep.yaml --shard $k/3
    ok "shard $k of 3 runs into a file of its own name" sh -c "[ $rc = 0 ] && [ -e sweep-${k}of3.h5 ]"
done
"$mpirun" 3 "$linnet" run sweep.yaml --shard 2/3 -o ranks.h5 >out.log 2>err.log
ok "a shard is the same points, and bits, on 3 ranks" [ "$(sum ranks.h5)" = "$(sum sweep-2of3.h5)" ]
run run sweep.yaml --shard 2/3
ok "a finished shard is resumed at once" grep -q "points of this shard are there, 0 to go" err.log
for bad in 0/3 4/3 3 /3 3/ a/b 1/0 -1/3 1/3x 1/2000000; do
    run run sweep.yaml --shard "$bad" -o bad.h5
    ok "--shard $bad is refused" sh -c "[ $rc = 2 ] && [ ! -e bad.h5 ] && grep -q 'write 2/8' err.log"
done
run run sweep.yaml --shard 900/1000 -o empty.h5
ok "a shard without points is a finished run" sh -c "[ $rc = 0 ] && [ -e empty.h5 ]"

# --- merge
before=$(cat sweep-?of3.h5 whole.h5 | sha256sum)
run merge sweep-1of3.h5 sweep-2of3.h5 sweep-3of3.h5 -o merged.h5
ok "all shards merged are the file of a run without shards, byte for byte" sh -c "[ $rc = 0 ] && cmp merged.h5 whole.h5"
run merge sweep-3of3.h5 sweep-1of3.h5 empty.h5 sweep-2of3.h5 sweep-1of3.h5 -o other.h5
ok "in any order, a file given twice or empty included" sh -c "[ $rc = 0 ] && cmp other.h5 whole.h5 && grep -q 'equal to the bit' out.log"
run merge sweep-3of3.h5 sweep-1of3.h5 -o partial.h5
ok "where a shard is missing its points stay pending, with a message" \
    sh -c "[ $rc = 0 ] && grep -q 'points are pending' out.log"
run check partial.h5
ok "and no row is damaged" sh -c "[ $rc = 0 ] && grep -q ' 0 damaged' out.log && ! grep -q ' 0 pending' out.log"
run merge sweep-1of3.h5 sweep-3of3.h5 -o partial2.h5
ok "the file of some shards does not depend on their order" cmp partial.h5 partial2.h5
run run sweep.yaml -o partial.h5
ok "a run completes it to the file of a run without shards" sh -c "[ $rc = 0 ] && cmp partial.h5 whole.h5"
sed 's/name: parts/name: parts   # the same sweep/' sweep.yaml >spelled.yaml
run run spelled.yaml --shard 2/3 -o spelled.h5
run merge sweep-1of3.h5 spelled.h5 sweep-3of3.h5 -o ab.h5
run merge spelled.h5 sweep-3of3.h5 sweep-1of3.h5 -o ba.h5
ok "parts whose sweep files differ in a comment are merged, whatever the order" cmp ab.h5 ba.h5

# --- what must not be written
run merge sweep-1of3.h5 sweep-2of3.h5 -o whole.h5
ok "a merge does not write over a file" sh -c "[ $rc = 2 ] && grep -q 'is there already' err.log"
run merge sweep-1of3.h5 sweep-2of3.h5 -o sweep-1of3.h5
ok "nor over one of its parts" sh -c "[ $rc = 2 ] && grep -q 'is there already' err.log"
ln -s nothing link.h5
run merge sweep-1of3.h5 -o link.h5
ok "nor through a link" sh -c "[ $rc = 2 ] && [ ! -e nothing ]"
echo mine >mine
ln -s mine tmp.h5.tmp
run merge sweep-1of3.h5 -o tmp.h5
ok "a link in place of the temporary file is neither followed nor removed" \
    sh -c "[ $rc = 2 ] && grep -q 'tmp.h5.tmp is not a regular file but a link' err.log && [ \"\$(cat mine)\" = mine ] && [ ! -e tmp.h5 ] && [ -L tmp.h5.tmp ]"
rm tmp.h5.tmp

# --- parts that do not belong together
run run sweep.yaml --shard 2/3 -o other_sweep.h5 --set train.max_steps=999
run merge sweep-1of3.h5 other_sweep.h5 -o bad.h5
ok "parts of different sweeps are refused with both values" says "train.max_steps: 1000 in sweep-1of3.h5, 999 in other_sweep.h5"
LINNET_ISA=portable "$linnet" run sweep.yaml --shard 2/3 -o portable.h5 >out.log 2>err.log
run merge sweep-1of3.h5 portable.h5 -o bad.h5
ok "parts of different kinds of CPU are refused with both named" \
    sh -c "[ $rc = 2 ] && grep -q 'differ in the kind of CPU' err.log && grep -q 'no FMA' err.log"
edit sweep-2of3.h5 source "linnet 0.1.0" "linnet 0.0.9" version.h5
run merge sweep-1of3.h5 version.h5 -o bad.h5
ok "parts of different versions of linnet are refused with both named" says "'linnet 0.1.0' and 'linnet 0.0.9'"
edit sweep-2of3.h5 sweep_canonical "train.max_steps = 1000" "train.max_steps = 1001" digest.h5
run merge sweep-1of3.h5 digest.h5 -o bad.h5
ok "a part whose sweep is not that of its digest is refused" sh -c "[ $rc = 2 ] && grep -q 'digest.h5 is damaged: the digest of its sweep' err.log"
for file in missing.h5 sweep.yaml .; do
    run merge sweep-1of3.h5 $file -o bad.h5
    ok "$file is refused as a part" sh -c "[ $rc = 2 ] && grep -qF '$file' err.log"
done
run merge sweep-1of3.h5
ok "a merge needs an output" [ $rc = 2 ]
run merge -o bad.h5
ok "a merge needs parts" [ $rc = 2 ]

# --- damaged and forged rows
cp sweep-2of3.h5 torn.h5
"$flip" torn.h5 final_loss >flip.log
run merge sweep-1of3.h5 torn.h5 sweep-3of3.h5 -o less.h5
ok "a damaged row is not taken, and said so" \
    sh -c "[ $rc = 0 ] && grep -q '^1 damaged rows were not taken' out.log && grep -q '^1 points are pending' out.log"
run merge torn.h5 sweep-1of3.h5 sweep-2of3.h5 sweep-3of3.h5 -o healed.h5
ok "another part heals it" sh -c "[ $rc = 0 ] && cmp healed.h5 whole.h5"
cp sweep-2of3.h5 forged.h5
"$flip" forged.h5 final_loss forge >flip.log
run check forged.h5
ok "a forged row passes its own check" [ $rc = 0 ]
run merge sweep-1of3.h5 sweep-2of3.h5 forged.h5 -o bad.h5
ok "rows that overlap and differ are refused, with point, variable and files named" \
    sh -c "[ $rc = 2 ] && grep -qF 'point $(cat flip.log) has another final_loss in sweep-2of3.h5 than in forged.h5' err.log"

# --- what the parts know of deaths
# listed FILE.h5 "CELL DEATHS HOUR"...: its list of deaths, by cell.
listed() {
    file=$1
    shift
    {
        echo "linnet deaths 1 sweep $digest run 7"
        for entry in "$@"; do
            set -- $entry
            echo "cell $1 deaths $2 signal 11 host n$3 job - at 2026-11-21T$3:00:00Z"
        done | sort -k2,2n
    } >$file.deaths
}
set -- $(/usr/bin/python3 -c '
import h5py
with h5py.File("partial2.h5") as file:
    status = file["status"][...].reshape(-1).tolist()
    print(file.attrs["sweep_digest"].decode(), *[i for i, s in enumerate(status) if s == 0][:4], status.index(1))')
digest=$1 more=$2 later=$3 second=$4 first=$5 over=$6
cp sweep-1of3.h5 dead1.h5
cp sweep-3of3.h5 dead2.h5
cp sweep-1of3.h5 dead3.h5
listed dead1.h5 "$over 3 10" "$more 2 10" "$later 1 10" "$first 1 12"
listed dead2.h5 "$more 1 11" "$later 1 11" "$second 3 11"
listed expected "$more 2 10" "$later 1 11" "$second 3 11" "$first 1 12"
run merge dead1.h5 dead2.h5 dead3.h5 -o dead.h5
ok "of a point in several lists the most deaths, and the last of as many, are kept; none of a point that is done" \
    eval '[ $rc = 0 ] && ! says ignored && sed 1d dead.h5.deaths >got && sed 1d expected.deaths | cmp - got'
run merge dead3.h5 dead2.h5 dead1.h5 -o dead_other.h5
ok "in any order of the parts" cmp dead.h5.deaths dead_other.h5.deaths
head -c -3 dead1.h5.deaths >dead3.h5.deaths
rm dead1.h5.deaths
for order in "1 2 3" "3 2 1"; do
    set -- $order
    rm -f dead.h5 dead.h5.*
    run merge dead$1.h5 dead$2.h5 dead$3.h5 -o dead.h5
    ok "a part without a list and one with a damaged one take nothing from the others ($order)" \
        eval '[ $rc = 0 ] && says "dead3.h5.deaths is damaged; ignored" && sed 1d dead.h5.deaths >got && sed 1d dead2.h5.deaths | cmp - got'
done
rm -f dead*.h5* expected.deaths

ok "what was refused has left no file" sh -c "! ls | grep -E '^bad.h5|tmp$|lock$'"
ok "no part was touched" [ "$before" = "$(cat sweep-?of3.h5 whole.h5 | sha256sum)" ]
echo "1..$n"
