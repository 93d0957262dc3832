#!/bin/sh
# The program as people use it. TAP; $1 is the program, LINNET_SOURCE the source tree.
set -u
. "$(dirname "$0")/tap.sh"

cat >sweep.yaml <<'END'
linnet: 1
name: small
problem: {kind: target, spectrum: [2, 1, 0.5], basis: random}
model: {depth: 3, width: 4, init: {kind: gaussian, scale: 1.0, std: fan_in}}
train: {step_size: 0.05, max_steps: 3000}
record: {times: {log: 16}}
axes:
  depth: [1, 2, 3, 5]
  init_scale: {logspace: [-2, 0.5], count: 8}
  step_size: {logspace: [-3, 0.3], count: 8}
  seed: {count: 2}
END

# --- same bits for any number of ranks, also without a launcher
run run sweep.yaml -o alone.h5
ok "a sweep runs without a launcher" [ $rc = 0 ]
for ranks in 1 2 3 4; do
    "$mpirun" $ranks "$linnet" run sweep.yaml -o ranks$ranks.h5 >out.log 2>err.log
    ok "the file of $ranks ranks has the same sha256 as that of one process" [ "$(sum ranks$ranks.h5)" = "$(sum alone.h5)" ]
done
run run sweep.yaml -o alone.h5
ok "a finished file is resumed at once and says so" sh -c "[ $rc = 0 ] && grep -q 'resuming alone.h5: 512 points are there, 0 to go' err.log"
ok "resuming a finished file leaves its bytes alone" [ "$(sum ranks1.h5)" = "$(sum alone.h5)" ]

# --- stopped and killed
# start FILE: a run in the background (pid) that has its file open.
start() {
    "$linnet" run sweep.yaml -o "$1" $slow >out.log 2>err.log &
    pid=$!
    while [ ! -e "$1" ] && kill -0 $pid 2>/dev/null; do
        sleep 0.02
    done
}

slow="--set train.max_steps=100000"
run run sweep.yaml -o whole.h5 $slow
for signal in USR1 TERM INT; do
    rm -f stopped.h5*
    start stopped.h5
    kill -$signal $pid
    wait $pid
    rc=$?
    ok "SIG$signal stops with exit code 75 and a file that can be resumed" [ $rc = 75 ]
    run run sweep.yaml -o stopped.h5 $slow
    ok "the run stopped by SIG$signal and resumed equals the uninterrupted one" [ "$(sum stopped.h5)" = "$(sum whole.h5)" ]
done
rm -f killed.h5*
for delay in 0.2 0.1; do
    start killed.h5
    sleep $delay
    kill -KILL $pid
    wait $pid 2>/dev/null
    rc=$?
    ok "SIGKILL ends the run in the middle" [ $rc = 137 ]
done
run check killed.h5
ok "after two SIGKILLs no row marked done is damaged" sh -c "[ $rc = 0 ] && grep -q ' 0 damaged' out.log"
run run sweep.yaml -o killed.h5 $slow
ok "the run killed twice and resumed equals the uninterrupted one" [ "$(sum killed.h5)" = "$(sum whole.h5)" ]

# --- bad outputs: exit 2, a reason, nothing touched
mkdir folder
echo junk >junk.h5
head -c 3000 alone.h5 >cut.h5
/usr/bin/python3 -c 'import h5py; h5py.File("foreign.h5", "w")["x"] = [1, 2, 3]'
for output in folder junk.h5 cut.h5 foreign.h5 alone.h5; do
    before=$([ -d $output ] || sum $output)
    run run sweep.yaml -o $output --set train.max_steps=77
    after=$([ -d $output ] || sum $output)
    ok "$output is refused as output, with a reason, and left as it was" \
        sh -c "[ $rc = 2 ] && [ '$before' = '$after' ] && grep -q '$output' err.log"
done
run run sweep.yaml -o alone.h5 --set train.max_steps=77
ok "another sweep is refused with the difference named" says "train.max_steps: 3000 in the file, 77 in this sweep"
run run sweep.yaml -o nowhere/out.h5
ok "a missing directory is named" sh -c "[ $rc = 2 ] && grep -q 'nowhere: .*create the directory first' err.log"
run run sweep.yaml -o /sys/out.h5
ok "a directory where nothing can be written is named, with the reason, and not a file nobody has asked for" \
    sh -c "[ $rc = 2 ] && grep -q '/sys/out.h5 cannot be written: no file can be made in the directory /sys: .* Choose another output (-o)' err.log && ! grep -q 'lock' err.log"

# --- bad sweeps: exit 2, position and remedy, no file
bad() { # bad NAME 'sed command on sweep.yaml' 'text in the message'
    sed "$2" sweep.yaml >bad.yaml
    rm -f bad.h5
    run run bad.yaml -o bad.h5
    ok "$1 is refused with position and remedy" \
        sh -c "[ $rc = 2 ] && [ ! -e bad.h5 ] && grep -qE '^linnet: bad.yaml:[0-9]+:[0-9]+: ' err.log && grep -qF -- \"$3\" err.log"
}
bad "a misspelt key" 's/step_size: 0.05/stepsize: 0.05/' "did you mean 'step_size'"
bad "a negative depth" 's/depth: 3,/depth: -3,/' "depth"
bad "a step size that is not a number" 's/step_size: 0.05/step_size: .nan/' "step_size"
bad "a word where a number belongs" 's/step_size: 0.05/step_size: fast/' "fast"
bad "an empty axis" 's/depth: \[1, 2, 3, 5\]/depth: []/' "depth"
bad "an unknown problem" 's/kind: target/kind: targt/' "target"
bad "a list of widths that does not fit the depth" 's/width: 4/width: [4, 4, 4, 4, 4]/' "hidden widths do not fit depth"
bad "a spectrum longer than the target" 's/basis: random/basis: random, rows: 2/' "do not fit"
bad "an observable that does not exist" 's/record: {/record: {series: [los], /' "los"
bad "10^12 points" 's/seed: {count: 2}/seed: {count: 4000000000}/' "count"
bad "the descent bound of one layer" 's/record: {/record: {theory: [bound_paper], /' "at least two layers"
bad "the descent bound of inputs without full row rank" \
    's/problem: .*/problem: {kind: data, x: [[1, 2], [2, 4]], y: [[1, 2]]}/; s/record: {/record: {theory: [bound_paper], /
     s/depth: \[1, 2, 3, 5\]/depth: [2, 3]/' "sigma_min(X) = 0"
printf 'linnet: 1\nname: \000\001\377\n' >bad.yaml
run run bad.yaml -o bad.h5
ok "binary junk is refused" sh -c "[ $rc = 2 ] && [ ! -e bad.h5 ]"
run run missing.yaml
ok "a missing sweep file is named" sh -c "[ $rc = 2 ] && grep -q missing.yaml err.log"
run run folder
ok "a directory as sweep file is refused" sh -c "[ $rc = 2 ] && grep -q directory err.log"

# --- the sweeps that come with the program
for file in "$LINNET_SOURCE"/sweeps/*.yaml; do
    case $file in
    */trainability_atlas.yaml) fewer=axes.seed.count=1 ;; # millions of points: the grid with one seed is as good a test
    *) fewer= ;;
    esac
    run plan "$file" ${fewer:+--set $fewer}
    ok "sweeps/$(basename "$file") is a sweep" [ $rc = 0 ]
done

# --- usage
run
ok "no command prints the commands, exit code 2" sh -c "[ $rc = 2 ] && grep -q 'linnet COMMAND' err.log"
run fly
ok "an unknown command is refused with the list" sh -c "[ $rc = 2 ] && grep -q 'the commands are' err.log"
run run sweep.yaml --fast
ok "an unknown option is refused" sh -c "[ $rc = 2 ] && grep -q -- --fast err.log"
run --version
ok "--version prints a version" sh -c "[ $rc = 0 ] && grep -qE '^linnet [0-9]' out.log"
commands=$("$linnet" help | sed -n 's/^  \([a-z]*\) .*/\1/p' | grep -v mpirun)
for command in $commands; do
    run $command --help
    ok "$command --help says how it is used" sh -c "[ $rc = 0 ] && grep -q '^usage: linnet $command' out.log && [ ! -s err.log ]"
    cp out.log said.log
    run help $command
    ok "help $command says the same" sh -c "[ $rc = 0 ] && cmp said.log out.log"
done
ok "these were all commands" [ $n -gt 60 ]
# Of other programs' options the help names that of srun.
sed 's/\\-/-/g' "$LINNET_SOURCE/docs/linnet.1" >man.txt
{ "$linnet" help; for command in $commands; do "$linnet" help "$command"; done; } | sed 's/srun --mpi//' >help.txt
options() {
    grep -oE -e '--[a-z][a-z-]*' "$1" | sort -u
}
options man.txt >man.log
options help.txt >help.log
ok "help and man page name the same options" diff man.log help.log
ok "and these are all" [ "$(wc -l <help.log)" -gt 30 ]
run help
ok "help lists the commands" sh -c "[ $rc = 0 ] && grep -q '^  repair ' out.log"
run help fly
ok "help of an unknown command is refused with the list" sh -c "[ $rc = 2 ] && grep -q 'the commands are' err.log"
SLURM_STEP_NUM_TASKS=4 timeout 20 "$linnet" run sweep.yaml -o lonely.h5 >out.log 2>err.log
rc=$?
ok "four singletons under a launcher of another MPI are refused with the remedy" \
    sh -c "[ $rc = 2 ] && [ ! -e lonely.h5 ] && grep -q 'srun --mpi=pmix' err.log"

# --- looking at results
run plan sweep.yaml
ok "plan names points, shapes and size" sh -c "[ $rc = 0 ] && grep -q '512 points' out.log && grep -q '3-4-4-3' out.log"
ok "the side log has a line for each shape, of all points together" /usr/bin/python3 -c '
import json
lines = [json.loads(line) for line in open("alone.h5.log")]
shapes = [line for line in lines if line["event"] == "shape"]
assert sum(line["points"] for line in shapes) == 512 and all(line["actual"] > 0 for line in shapes)
lanes = [line for line in lines if line["event"] == "lanes"]
assert 0 < lanes[0]["busy_steps"] <= lanes[0]["lane_steps"]'
run plan sweep.yaml --after alone.h5
ok "plan --after sets predicted beside actual, shape by shape" \
    sh -c "[ $rc = 0 ] && grep -qE '^3-4-4-3 .*[0-9]+ ' out.log && grep -q '512 of 512' out.log && ! grep -q 'time left' out.log"
run plan sweep.yaml --after alone.h5 --set train.max_steps=77
ok "plan --after refuses results of another sweep" sh -c "[ $rc = 2 ] && grep -q 'another sweep' err.log"
timeout 60 "$linnet" run sweep.yaml -o half.h5 --shard 1/2 >out.log 2>err.log
ok "a run ends with its core time and how busy the lanes were" grep -qE 'core time, predicted .*lanes [0-9]+ % busy' err.log
run plan sweep.yaml --after half.h5
ok "plan --after half of the points predicts the time left" sh -c "[ $rc = 0 ] && grep -q 'of 512 points are done' out.log && grep -q 'time left' out.log"
run simulate sweep.yaml --ranks 1,8,64 --spread 0.5 --seed 3
ok "simulate prints a row for each number of ranks" sh -c "[ $rc = 0 ] && [ \$(grep -cE '^ +(1|8|64) ' out.log) = 3 ]"
cp out.log first.log
run simulate sweep.yaml --ranks 1,8,64 --spread 0.5 --seed 3
ok "simulate gives the same numbers for the same seed" cmp out.log first.log
run simulate sweep.yaml --costs alone.h5 --ranks 8
ok "simulate takes costs from the steps of a results file" sh -c "[ $rc = 0 ] && grep -q '512 of 512 points' out.log"
run simulate sweep.yaml --costs alone.h5 --ranks 8 --set train.max_steps=77
ok "simulate refuses costs of another sweep" sh -c "[ $rc = 2 ] && grep -q 'another sweep' err.log"
run simulate sweep.yaml --ranks 8,many
ok "simulate refuses ranks that are no numbers" sh -c "[ $rc = 2 ] && grep -q '8,many' err.log"
run simulate sweep.yaml --latency -1
ok "simulate refuses a negative latency" sh -c "[ $rc = 2 ] && grep -q -- '--latency' err.log"
run status alone.h5 --json
ok "status --json is JSON with every point done" /usr/bin/python3 -c '
import json
status = json.load(open("out.log"))
assert status["done"] == status["points"] == 512 and sum(status["labels"].values()) == 512'
run show alone.h5 --point 200
ok "show prints parameters, outcome and a curve" sh -c "[ $rc = 0 ] && grep -q init_scale out.log && grep -q label out.log && grep -q 'steps (log)' out.log"
run show alone.h5 --point 512
ok "show refuses a point that is not there" sh -c "[ $rc = 2 ] && grep -q '0 to 511' err.log"
run check alone.h5 whole.h5
ok "check of two files at once is refused, not half done" sh -c "[ $rc = 2 ] && grep -q 'one file at a time' err.log"
run list
ok "list names models, algorithms, observables and initialisations" \
    sh -c "grep -q deep out.log && grep -q gd out.log && grep -q sharpness out.log && grep -q zero_asymmetric out.log"

run list alignment
ok "list says of which catalogue a name is" sh -c "grep -qx observables out.log && grep -qx predictions out.log"
run list --markdown
ok "docs/catalogue.md is what the tables say" cmp out.log "$LINNET_SOURCE/docs/catalogue.md"

# --- certificates of critical points
printf '1,0,0\n0,0,0\n0,0,0\n' >w.csv
cat >saddle.yaml <<'END'
linnet: 1
problem: {kind: target, spectrum: [3, 2, 1]}
model: {kind: deep, depth: 3, width: 3, init: {kind: weights, layers: [[[3, 0, 0], [0, 0.5, 0], [0, 0, 0]], {file: w.csv}, {file: w.csv}]}}
END
run certify saddle.yaml
ok "certify takes weights from a sweep and from CSV and tells a strict saddle by its pivot" \
    sh -c "[ $rc = 0 ] && grep -q 'strict_saddle' out.log && grep -q 'not (3, 2)' out.log && grep -q 'rank  *1 of at most 3$' out.log && grep -q 'lambda_min  *-1  ' out.log && grep -q '2 negative, 18 zero, 7 positive' out.log"
run certify saddle.yaml --set problem.spectrum=[3,2,0]
ok "certify knows another target by --set" sh -c "[ $rc = 0 ] && grep -q 'excess 2)' out.log"
run certify saddle.yaml --set model.init.scale=1.1
ok "weights that are not critical are refused with their gradient" \
    sh -c "[ $rc = 2 ] && grep -q 'not a critical point: max|grad| = 3.60' err.log"
/usr/bin/python3 -c '
import h5py
with h5py.File("w.h5", "w") as f:
    f["first"] = [[3.0, 0, 0], [0, 0, 0], [0, 0, 0]]
    f["middle"] = [[1.0, 0, 0], [0, 0.5, 0], [0, 0, 0]]'
run certify saddle.yaml --set 'model.init.layers=[{file: w.h5, dataset: first}, {file: w.h5, dataset: middle}, {file: w.csv}]'
ok "certify takes weights from HDF5: another pivot" sh -c "[ $rc = 0 ] && grep -q 'not (3, 1)' out.log"
cat >ends.yaml <<'END'
linnet: 1
problem: {kind: target, spectrum: [3, 2, 1]}
model: {kind: deep, depth: 2, init: {kind: gaussian, scale: 0.1}}
train: {step_size: 0.05, max_steps: 3000, stop: {loss: 1e-20}}
record: {final: [loss, weights]}
axes: {width: [2, 3]}
END
run run ends.yaml -o ends.h5
run certify ends.h5 --point 0 --rank-tolerance 1e-6
ok "certify reads final weights from a results file: a minimum of rank two of three" \
    sh -c "[ $rc = 0 ] && grep -q 'global_minimum' out.log && grep -q '3-2-3, 12 weights, at its end' out.log && grep -q '{1, 2} of 1 to 3' out.log"
run certify ends.h5
ok "certify asks which point" sh -c "[ $rc = 2 ] && grep -q 'which of its 2 points' err.log"
run certify ends.h5 --point 2
ok "certify refuses a point that is not there" sh -c "[ $rc = 2 ] && grep -q '0 to 1' err.log"
run certify ends.h5 --point 1 --set model.depth=3
ok "certify sets nothing in a results file" sh -c "[ $rc = 2 ] && grep -q 'cannot be set' err.log"
run certify alone.h5 --point 1
ok "certify tells how weights come into a results file" sh -c "[ $rc = 2 ] && grep -q 'final: .weights' err.log"
run certify ends.h5 --point 0 --rank-tolerance 2
ok "certify refuses a tolerance that is none" sh -c "[ $rc = 2 ] && grep -q 'above 0 and below 1' err.log"
bad "a penalty of three layers" 's/depth: 3, width/penalty: 1, depth: 3, width/; /^  depth: /d' "depth 3 has no penalty"

# --- saddles of a diagonal network
printf '0 2\n-1 2\n' >x.csv
printf '%s\n' -1 3 >y.csv
run saddles --x x.csv --y y.csv --first-order --log-scale 100 -o saddles.h5
ok "saddles prints times, saddles and what drops, rows of X being samples" \
    sh -c "[ $rc = 0 ] && grep -q '2  0.75  *0.25  *-3 0  |  -1 1' out.log && grep -q '1 enters, 2 drops' out.log && grep -q 'switches at 0.7589588' out.log"
ok "saddles -o stores them with named axes that xarray opens" /usr/bin/python3 -c '
import numpy as np, xarray as xr
ds = xr.open_dataset("saddles.h5", engine="h5netcdf")
assert ds.coefficients.dims == ("saddle", "input") and ds.x.dims == ("input", "sample")
assert np.allclose(ds.time, [0, 0.5, 0.75, 2.75]) and np.allclose(ds.coefficients.sel(saddle=3), [-4, -0.5])
assert np.allclose(ds.orbit_length[1:], [0.5, 3.04138, 1.12419], atol=1e-5)
assert ds.events.attrs["flag_meanings"].split()[2] == "dropped" and ds.events.sel(saddle=2, input=2) == 4'
before=$(sum saddles.h5)
run saddles --x x.csv --y y.csv -o saddles.h5
ok "saddles -o refuses a file that is there and leaves it as it was" \
    sh -c "[ $rc = 2 ] && [ '$before' = '$(sum saddles.h5)' ] && grep -q 'is there already' err.log"
run saddles --x x.csv --y y.csv -o nowhere/steps.h5
ok "saddles refuses an output where no directory is" sh -c "[ $rc = 2 ] && grep -q 'create the directory first' err.log"
printf '0 2\n-1 two\n' >bad.csv
run saddles --x bad.csv --y y.csv
ok "saddles names line and column of what is no number" sh -c "[ $rc = 2 ] && grep -q 'bad.csv:2:4' err.log"
run saddles --x y.csv --y x.csv
ok "saddles refuses X and y that do not fit" sh -c "[ $rc = 2 ] && grep -q 'y.csv is 2 x 1, x.csv is 2 x 2' err.log"
echo '# nothing yet' >empty.csv
run saddles --x x.csv --y empty.csv
ok "saddles names a file without numbers" sh -c "[ $rc = 2 ] && grep -q ' empty.csv:1:1: no numbers' err.log"
run saddles --x missing.csv --y y.csv
ok "saddles names a file that is not there" sh -c "[ $rc = 2 ] && grep -q 'cannot open missing.csv' err.log"
printf '1 1\n' >equal.csv
printf '1\n' >one.csv
run saddles --x equal.csv --y one.csv
ok "saddles refuses columns that leave the next saddle open" sh -c "[ $rc = 2 ] && grep -q 'no saddle is unique: columns of X that hit together' err.log"
run saddles --x x.csv
ok "saddles refuses X without y" sh -c "[ $rc = 2 ] && grep -q 'belong together' err.log"
run saddles --x x.csv --y y.csv --log-scale -3
ok "saddles refuses a scale above 1" sh -c "[ $rc = 2 ] && grep -q 'a number above 0' err.log"
run saddles
ok "saddles without a problem says what it wants" sh -c "[ $rc = 2 ] && grep -q 'give a sweep, or --x and --y' err.log"
run saddles sweep.yaml
ok "saddles asks which point of a sweep" sh -c "[ $rc = 2 ] && grep -q 'points 0 to 511' err.log"
run saddles sweep.yaml --point 3
ok "saddles refuses more than one output, with position" sh -c "[ $rc = 2 ] && grep -q 'sweep.yaml:3:.*one output' err.log"
cat >diagonal.yaml <<'END'
linnet: 1
name: flip
problem: {kind: data, x: [[0, -1], [2, 2]], y: [[-1, 3]], loss: mean}
model: {kind: diagonal, form: dual, init: {kind: diagonal, log_scale: 230.2585}}
train: {algorithm: flow, time_step: 0.01, max_steps: 500, stop: {loss: 0}}
record: {series: [coefficients], times: {every: 1}, theory: [jump_times, saddles]}
END
run run diagonal.yaml -o diagonal.h5
run saddles --measure diagonal.h5
ok "saddles --measure finds the plateaus and jumps of a run" \
    sh -c "[ $rc = 0 ] && grep -q '4 plateaus found on 501 records, 4 predicted' out.log && grep -qE '^  3  2.75 +2.7556634 +2.7557' out.log"
run run diagonal.yaml -o coarse.h5 --set 'record.times={list: [48, 100, 200, 250, 276, 280, 300]}'
run saddles --measure coarse.h5
ok "saddles --measure numbers a plateau by its saddle where one between is too short to be seen" \
    sh -c "[ $rc = 0 ] && grep -q '3 plateaus found on 9 records, 4 predicted' out.log && grep -qE '^  2  1 +2.5 +[0-9.]+e-1' out.log"
run plan diagonal.yaml
ok "plan says that nothing converges where stop.loss is 0" sh -c "[ $rc = 0 ] && grep -q 'no converged' out.log"
run saddles --measure alone.h5 --point 3
ok "saddles --measure refuses a run of more than one output" sh -c "[ $rc = 2 ] && grep -q 'one output' err.log"
run run diagonal.yaml -o plain.h5 --set 'record.series=[loss]'
run saddles --measure plain.h5
ok "saddles --measure says what the sweep has to record" sh -c "[ $rc = 2 ] && grep -q 'series: \[coefficients\]' err.log"
run run sweep.yaml -o never.h5 --set 'record.theory=[jump_times]'
ok "a prediction that does not belong to the model is refused with position" \
    sh -c "[ $rc = 2 ] && [ ! -e never.h5 ] && grep -q 'kind: diagonal' err.log"

# --- a damaged row is found and trained again
cp alone.h5 damaged.h5
/usr/bin/python3 -c '
import h5py
with h5py.File("damaged.h5", "r+") as f:
    f["steps"][1, 2, 3, 1] += 1'
run check damaged.h5
ok "check finds the one damaged row, exit code 1" sh -c "[ $rc = 1 ] && grep -q '511 rows done and verified, 0 pending, 0 left out, 1 damaged' out.log && grep -q 'point 167' out.log"
run check damaged.h5 --sweep sweep.yaml --set train.max_steps=77
ok "check refuses a sweep that is not that of the file" sh -c "[ $rc = 2 ] && grep -q 'another sweep than sweep.yaml' err.log"
run check damaged.h5 --sweep sweep.yaml
ok "check with the sweep of the file finds the same" sh -c "[ $rc = 1 ] && grep -q ' 1 damaged' out.log"
run check damaged.h5 --set train.max_steps=77
ok "check sets nothing in a results file" sh -c "[ $rc = 2 ] && grep -q 'belongs to --sweep' err.log"
run check whole.h5 --sweep sweep.yaml
ok "check knows that a file was run with an override" sh -c "[ $rc = 2 ] && grep -q 'with the same --set' err.log"
run check whole.h5 --sweep sweep.yaml $slow
ok "check takes the override that a file was run with" sh -c "[ $rc = 0 ] && grep -q '512 rows done and verified' out.log"
mkdir placed elsewhere
printf '1,0\n0,1\n' >placed/t.csv
sed -e 's/^problem:.*/problem: {kind: target, matrix: {file: t.csv}}/' >placed/placed.yaml <<END
linnet: 1
name: placed
problem: there
model: {depth: 2, init: {kind: gaussian}}
train: {step_size: 0.05, max_steps: 5}
axes: {seed: {count: 6}}
END
sed -e 's/^problem:.*/problem: {kind: target, spectrum: [2, 1]}/' placed/placed.yaml >elsewhere/other.yaml
run run placed/placed.yaml -o placed.h5
run check placed.h5 --sweep elsewhere/other.yaml
ok "also where the sweep of the file names files that are not beside it" sh -c "[ $rc = 2 ] && grep -q 'another sweep than elsewhere/other.yaml' err.log"
run check placed.h5 --sweep placed/placed.yaml
ok "and takes its own" sh -c "[ $rc = 0 ] && grep -q '6 rows done and verified' out.log"
run check whole.h5 --sweep missing.yaml
ok "check names a sweep that is not there" sh -c "[ $rc = 2 ] && grep -q missing.yaml err.log"
run run sweep.yaml -o damaged.h5
ok "running again mends it: the same bytes as before the damage" [ "$(sum damaged.h5)" = "$(sum alone.h5)" ]
echo "1..$n"
