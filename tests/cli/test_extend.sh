#!/bin/sh
# A sweep extended, as people use it. TAP; $1 is the program, LINNET_SOURCE the source tree.
set -u
flip=$(readlink -f "$(dirname "$0")/flip.py")
. "$(dirname "$0")/tap.sh"

cat >old.yaml <<'END'
linnet: 1
name: extended
problem: {kind: target, spectrum: [2, 1, 0.5], basis: random}
model: {depth: 3, width: 4, init: {kind: gaussian, scale: 1.0, std: fan_in}}
train: {step_size: 0.05, max_steps: 500}
record: {times: {log: 16}, series: [loss, singular_values, layer_norms]}
axes:
  depth: [2, 3]
  step_size: {linspace: [0.1, 0.5], count: 5}
  seed: {count: 3}
where: [depth < 3 or step_size < 0.45]
END
run run old.yaml -o old.h5
before=$(sum old.h5)

# extended NAME TAKEN SED: the old sweep edited; TAKEN points are used again, and the file completed is that of a run from nothing.
extended() {
    sed "$3" old.yaml >new.yaml
    rm -f new.h5 fresh.h5
    run extend old.h5 new.yaml -o new.h5
    ok "$1: $2 points are used again" sh -c "[ $rc = 0 ] && grep -qE '^new.h5: $2 of [0-9]+ points taken' out.log"
    run check new.h5
    ok "$1: every row taken is whole" sh -c "[ $rc = 0 ] && grep -q '^new.h5: $2 rows done and verified.* 0 damaged' out.log"
    run run new.yaml -o fresh.h5
    run run new.yaml -o new.h5
    ok "$1: completed it is the file of a run from nothing, byte for byte" sh -c "[ $rc = 0 ] && cmp new.h5 fresh.h5"
}
extended "the same sweep" 27 ''
extended "a longer axis" 27 's/depth: \[2, 3\]/depth: [2, 3, 5]/'
extended "an axis in another order" 27 's/depth: \[2, 3\]/depth: [5, 3, 1, 2]/'
extended "a finer axis" 27 's/count: 5/count: 17/'
extended "more seeds" 27 's/seed: {count: 3}/seed: {count: 7}/'
extended "seeds that begin elsewhere" 18 's/seed: {count: 3}/seed: [1, 2, 9]/'
extended "fewer values" 6 's/depth: \[2, 3\]/depth: [2]/; s/step_size: {linspace.*/step_size: [0.2, 0.3]/'
extended "one more axis, the last" 27 's/^where/  init_scale: [0.5, 1, 2]\nwhere/'
extended "one more axis, the first" 27 's/^axes:/axes:\n  width: [3, 4, 6]/'
extended "an axis over kinds" 27 's/^axes:/axes:\n  init_kind: [identity, gaussian]/; s/kind: gaussian, scale: 1.0, std: fan_in/std: fan_in/'
extended "one axis less" 12 's/^  depth: .*//; s/^where.*//'
extended "axes in another order" 27 's/^  seed.*//; s/^axes:/axes:\n  seed: {count: 3}/'
extended "another where" 27 's/^where.*/where: [depth > 1]/'
extended "a zip group" 3 's/^  depth: .*/  together: {zip: {depth: [2, 3], width: [4, 3]}}/; s/^  step_size.*//; s/step_size: 0.05/step_size: 0.1/; s/^where.*//'

# --- the rows of an extended file, by point
run extend old.h5 old.yaml --set 'axes.depth=[3, 2]' -o turned.h5
ok "a row stands with its parameters, and with its own checksum" /usr/bin/python3 -c '
import xarray
old, new = (xarray.open_dataset(name, engine="h5netcdf") for name in ("old.h5", "turned.h5"))
a, b = old.sel(depth=2), new.sel(depth=2)
assert a.final_loss.equals(b.final_loss) and a.loss_series.equals(b.loss_series) and (a.status == 1).all()
assert (a.row_checksum != b.row_checksum).all()'

# --- an extended file, extended and stopped in between
sed 's/seed: {count: 3}/seed: {count: 5}/' old.yaml >more.yaml
run extend old.h5 more.yaml -o more.h5
sed 's/seed: {count: 3}/seed: {count: 5}/; s/count: 5}$/count: 9}/' more.yaml >most.yaml
run extend more.h5 most.yaml -o most.h5
ok "a file with pending points is extended by what it has" sh -c "[ $rc = 0 ] && grep -qE '^most.h5: 27 of' out.log"
run run most.yaml -o most.h5
run run most.yaml -o fresh_most.h5
ok "and completed as if it had been run in one go" cmp most.h5 fresh_most.h5
cp old.h5 torn.h5
"$flip" torn.h5 final_loss >flip.log
run extend torn.h5 more.yaml -o healed.h5
ok "a damaged row is not taken, and said so" sh -c "[ $rc = 0 ] && grep -q '^1 damaged rows were not taken' out.log && grep -q ': 26 of' out.log"

# --- what would make a row wrong
refused() { # refused NAME 'sed command on old.yaml' 'text in the message'
    sed "$2" old.yaml >bad.yaml
    run extend old.h5 bad.yaml -o bad.h5
    ok "$1 is refused with both values and the position" \
        sh -c "[ $rc = 2 ] && [ ! -e bad.h5 ] && grep -qE '^linnet: bad.yaml:[0-9]+:[0-9]+: ' err.log && grep -qF -- \"$3\" err.log"
}
refused "another step limit" 's/max_steps: 500/max_steps: 501/' "train.max_steps is 500 in the results and 501 here"
refused "another problem" 's/spectrum: \[2, 1, 0.5\]/spectrum: [2, 1, 0.25]/' "problem.spectrum is [2, 1, 0.5] in the results and [2, 1, 0.25] here"
refused "another kind of start" 's/kind: gaussian, scale: 1.0, std: fan_in/kind: identity/' "model.init.kind is gaussian in the results and identity here"
refused "another width" 's/width: 4/width: 5/' "model.width is 4 in the results and 5 here"
refused "another algorithm" 's/step_size: 0.05, max/algorithm: step_and_project, step_size: 0.05, max/' "train.algorithm is gd in the results and step_and_project here"
refused "another stopping rule" 's/max_steps: 500/max_steps: 500, stop: {loss: 1e-9}/' "train.stop.loss is"
refused "other record times" 's/times: {log: 16}/times: {log: 17}/' "record.times.log is 16 in the results and 17 here"
refused "another series" 's/layer_norms\]/sharpness]/' "record.series is"
refused "another base of the random numbers" 's/^axes:/random: {base: 7}\naxes:/' "random.base is 0 in the results and 7 here"
refused "an axis without an old value" 's/seed: {count: 3}/seed: [7, 8]/' "no value of random.seed here"
refused "one more axis without the old value" 's/^where/  init_scale: [0.5, 2]\nwhere/' "no value of model.init.scale here"
sed 's/^where/  max_steps: [500, 5000]\nwhere/' old.yaml >bad.yaml
run extend old.h5 bad.yaml -o bad.h5
ok "steps recorded at other times are refused with the first that differs" \
    sh -c "[ $rc = 2 ] && [ ! -e bad.h5 ] && grep -q 'recorded steps differ' err.log"
LINNET_ISA=portable "$linnet" extend old.h5 more.yaml -o bad.h5 >out.log 2>err.log
rc=$?
ok "another kind of CPU is refused with both named" \
    sh -c "[ $rc = 2 ] && [ ! -e bad.h5 ] && grep -q 'another kind of CPU' err.log && grep -q 'FMA.*this one: no FMA' err.log"
/usr/bin/python3 -c '
import h5py, numpy, shutil
shutil.copyfile("old.h5", "version.h5")
with h5py.File("version.h5", "r+") as file:
    file.attrs["source"] = numpy.bytes_("linnet 0.0.9")'
run extend version.h5 more.yaml -o bad.h5
ok "another version of linnet is refused with both named" sh -c "[ $rc = 2 ] && grep -q 'version.h5 was made by linnet 0.0.9, this is linnet' err.log"
cat >data.yaml <<'END'
linnet: 1
problem: {kind: data, x: {file: x.csv}, y: [[1, 2, 3]]}
model: {depth: 2, init: {kind: gaussian}}
train: {step_size: 0.01, max_steps: 100}
axes: {seed: {count: 2}}
END
printf '1 2 3\n0 1 5\n' >x.csv
run run data.yaml -o data.h5
run extend data.h5 data.yaml --set 'axes.seed={count: 4}' -o data4.h5
ok "a sweep that reads a file is extended" sh -c "[ $rc = 0 ] && grep -q ': 2 of 4 points' out.log"
printf '1 2 3\n0 1 6\n' >x.csv
run extend data.h5 data.yaml --set 'axes.seed={count: 4}' -o bad.h5
ok "a file that has changed since is noticed" sh -c "[ $rc = 2 ] && [ ! -e bad.h5 ] && grep -q 'problem.x' err.log"

# --- files in the way
run extend old.h5 more.yaml -o more.h5
ok "an extension does not write over a file" sh -c "[ $rc = 2 ] && grep -q 'is there already' err.log"
run extend old.h5 more.yaml -o old.h5
ok "nor over the old one" sh -c "[ $rc = 2 ] && grep -q 'is there already' err.log"
echo mine >mine
ln -s mine tmp.h5.tmp
run extend old.h5 more.yaml -o tmp.h5
ok "a link in place of the temporary file is neither followed nor removed" \
    sh -c "[ $rc = 2 ] && grep -q 'tmp.h5.tmp is not a regular file but a link' err.log && [ \"\$(cat mine)\" = mine ] && [ ! -e tmp.h5 ] && [ -L tmp.h5.tmp ]"
rm tmp.h5.tmp
echo "of an older file" >late.h5.deaths
run extend old.h5 more.yaml -o late.h5
ok "deaths over an older file of that name are forgotten" [ ! -e late.h5.deaths ]
for words in "old.h5" "old.h5 more.yaml" "missing.h5 more.yaml -o bad.h5" "old.h5 missing.yaml -o bad.h5" "more.yaml old.h5 -o bad.h5" \
    "old.h5 more.yaml extra -o bad.h5" "old.h5 more.yaml -o nowhere/bad.h5"; do
    run extend $words
    ok "extend $words is refused" sh -c "[ $rc = 2 ] && [ -s err.log ]"
done
ok "what was refused has left no file" sh -c "! ls | grep -E '^bad.h5|tmp$|lock$'"
ok "the old file was not touched" [ "$before" = "$(sum old.h5)" ]
echo "1..$n"
