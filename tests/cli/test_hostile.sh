#!/bin/sh
# Input of somebody who means no good. Whatever it is: exit code 2 and one line, in bounded time and memory, nothing
# touched, nothing on the terminal that the terminal would act on. TAP; arguments as in tap.sh.
set -u
. "$LINNET_SOURCE/tests/cli/tap.sh"

# The address sanitizer takes terabytes of addresses for itself.
limit=3000000
! grep -q __asan_init "$linnet" || limit=unlimited

n_tried=0
run() {
    n_tried=$((n_tried + 1))
    (ulimit -v $limit && exec timeout 120 "$linnet" "$@") >out.log 2>err.log
    rc=$?
}

harmless() {
    ! cat out.log err.log | LC_ALL=C grep -q "[$(printf '\001-\010\013-\037\177')]"
}

# refused NAME TEXT: what was run last was answered with exit code 2 and one line that has TEXT.
refused() {
    wanted=$2
    ok "$1" eval '[ $rc = 2 ] && [ "$(wc -l <err.log)" = 1 ] && says "$wanted" && harmless'
}

# survived NAME: read or refused, as the case may be.
survived() {
    ok "$1" eval '{ [ $rc -le 2 ]; } && harmless'
}

cat >sweep.yaml <<'END2'
linnet: 1
name: good
problem: {kind: target, spectrum: [2, 1]}
model: {depth: 2, width: 2, init: {kind: gaussian, scale: 0.5}}
train: {step_size: 0.05, max_steps: 300}
record: {final: [loss, weights], series: [loss], times: {log: 8}}
axes: {seed: {count: 2}}
END2

# --- sweep files
mkfifo pipe.yaml pipe.csv pipe.h5
run plan pipe.yaml
refused "a pipe that nobody writes to" "nobody writes to it"
cat sweep.yaml >pipe.yaml &
run plan pipe.yaml
ok "a pipe that somebody writes to is read" [ $rc = 0 ]
run plan /dev/zero
refused "a device is no sweep" "is no file"
head -c 100000000 /dev/zero | tr '\0' a >line.yaml
run plan line.yaml
refused "a line of 100 MB" "4194305 bytes"
rm line.yaml
/usr/bin/python3 -c 'print("linnet: 1\nname: " + "[" * 100000 + "]" * 100000)' >deep.yaml
run plan deep.yaml
refused "100000 levels of brackets" "deep.yaml:2:22: nested deeper"
/usr/bin/python3 -c 'print("linnet: 1\nname:\n" + "".join(" " * i + "- \n" for i in range(1, 2000)))' >deep.yaml
run plan deep.yaml
refused "2000 levels of indentation" "nested deeper"
/usr/bin/python3 -c '
print("linnet: 1\na0: &a0 [x, x, x, x, x, x, x, x, x]")
for i in range(1, 12): print(f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]")' >bomb.yaml
run plan bomb.yaml
refused "a bomb of aliases" "bomb.yaml:2:5: anchors and aliases"

bad() { # bad NAME LINE TEXT: sweep.yaml with one line more
    { sed '$d' sweep.yaml && printf '%b\n' "$2"; } >bad.yaml
    run run bad.yaml -o bad.h5
    refused "$1" "$3"
    ok "$1: nothing is left behind" eval '[ -z "$(ls | grep "^bad.h5")" ]'
}
bad "a control character in a key" '"\\\\x1b[31mred": 1' "x1b[31mred"
bad "a line end in a key" '"a\\nlinnet: all is well": 1' 'a\nlinnet: all is well'
bad "a key that turns the direction of writing" '"\\u202eabc": 1' 'unknown key'
bad "a key of a million letters" "$(head -c 1000000 /dev/zero | tr '\0' k): 1" "unknown key 'kkkk"
bad "a count of 10^30" 'axes: {seed: {count: 1e30}}' "count is 1e30"
bad "a value of 1e400" 'axes: {step_size: [1e400]}' "1e400"
bad "axes whose product is beyond 64 bits" \
    'axes: {seed: {count: 1000000}, data_seed: {count: 1000000}, init_seed: {count: 1000000}, base: {count: 1000000}}' "1e+24 cells"
bad "a count that begins at the least integer" 'axes: {seed: {count: 2, from: -9223372036854775808}}' "from is -9223372036854775808"
bad "many axes of a million values" "axes: {all: {zip: {$(/usr/bin/python3 -c '
print(", ".join(f"{key}: {{count: 1000000}}" for key in ("seed", "data_seed", "init_seed", "base", "decay")))')}}}" \
    "more than 4000000 values"
/usr/bin/python3 -c '
print("linnet: 1\nproblem: {kind: data, y: [[1]], x: [[" + "1," * 1000000 + "1]," + "[1]," * 400000 + "[1]]}")' >bad.yaml
run plan bad.yaml
refused "a matrix with one long row and many short ones" "bad.yaml:2:2000041: problem.x: this row has 1 numbers"

# --- files that a sweep names
matrix() { # matrix NAME REFERENCE TEXT
    printf 'linnet: 1\nproblem: {kind: data, y: [[1]], x: %s}\n' "$2" >bad.yaml
    run plan bad.yaml
    refused "$1" "$3"
}
mkdir folder.csv folder.h5
ln -s /dev/zero zero.csv
ln -s /dev/zero zero.h5
ln -s loop.csv loop.csv
printf '1,2\0003,4\n' >nul.csv
head -c 200000000 /dev/zero | tr '\0' 1 >line.csv
truncate -s 1T holes.csv
printf '1,\033[31m\n' >paint.csv
printf '0x10\n' >hex.csv
matrix "a pipe as CSV" "{file: pipe.csv}" "bad.yaml:2:43: problem.x: cannot open pipe.csv: it is no regular file"
matrix "an endless device as CSV" "{file: zero.csv}" "it is no regular file"
matrix "a directory as CSV" "{file: folder.csv}" "it is no regular file"
matrix "a link to itself as CSV" "{file: loop.csv}" "symbolic links"
matrix "a NUL byte in a CSV" "{file: nul.csv}" "nul.csv:1:4: byte 0x00"
matrix "a terabyte of nothing as CSV" "{file: holes.csv}" "holes.csv:1:1: byte 0x00"
matrix "a number of 200 MB in a CSV" "{file: line.csv}" "more than 400 characters"
matrix "a control character in a CSV" "{file: paint.csv}" "paint.csv:1:3: byte 0x1b"
matrix "a hexadecimal number in a CSV" "{file: hex.csv}" "hex.csv:1:1: '0x10' is not a finite number"
matrix "a file outside, which is no matrix" "{file: ../../../../../../etc/passwd}" "is of no known kind"
matrix "an absolute name that is no matrix" "{file: /etc/shadow}" "is of no known kind"
matrix "a pipe as HDF5" "{file: pipe.h5, dataset: x}" "not a regular file"
matrix "an endless device as HDF5" "{file: zero.h5, dataset: x}" "not a regular file"
matrix "a directory as HDF5" "{file: folder.h5, dataset: x}" "directory"
rm -f line.csv holes.csv
/usr/bin/python3 -c '
import h5py, numpy as np
with h5py.File("tricks.h5", "w") as f:
    f["outside"] = h5py.ExternalLink("pipe.h5", "x")
    f["by_way_of"] = h5py.ExternalLink("pipe.h5", "/")
    f["loop"] = h5py.SoftLink("/loop")
    f.create_dataset("raw", (2, 2), "f8", external=[("pipe.h5", 0, 32)])
    f.create_dataset("huge", (1 << 20, 1 << 20), "f8", chunks=(1, 1))
    f.create_dataset("deep", (1,) * 32, "f8")
    f.create_dataset("text", (2, 2), "S9")
    f.create_dataset("empty", (0, 3), "f8")
    f.create_group("group")
    layout = h5py.VirtualLayout((2, 2), "f8")
    layout[...] = h5py.VirtualSource("pipe.h5", "x", shape=(2, 2))
    f.create_virtual_dataset("virtual", layout)
    f["nan"] = np.full((1, 1), np.nan)'
for dataset in outside by_way_of/x loop raw virtual group nothing; do
    matrix "dataset $dataset of an HDF5 file" "{file: tricks.h5, dataset: $dataset}" "has no dataset '$dataset' of its own"
done
for dataset in huge deep text empty; do
    matrix "dataset $dataset of an HDF5 file" "{file: tricks.h5, dataset: $dataset}" "is not a readable matrix"
done
matrix "a matrix with NaN" "{file: tricks.h5, dataset: nan}" "is not finite"

# --- results files
run run sweep.yaml -o good.h5 -q
ok "a good file to begin with" [ $rc = 0 ]
/usr/bin/python3 "$LINNET_SOURCE/tests/cli/hostile.py" good.h5 >tricks.txt 2>err.log
ok "hostile files are made of it" [ -s tricks.txt ]
while read -r file; do
    for command in status check "show --point 1" "certify --point 1"; do
        run $command "$file"
        [ $rc -le 2 ] && harmless || break
    done
    survived "$(basename "$file" .h5 | tr _ ' ')"
done <tricks.txt
run certify more_cells_in_the_text_than_in_the_file.h5 --point 5
refused "a point of the text that has no row" "its sweep has 9 cells, its variables have 2"
run certify weights_too_few.h5 --point 1
refused "fewer weights than the sweep asks for" "it has 2 weights a point, its sweep 8"
run status flags_that_paint_the_screen.h5 --json
ok "JSON stays JSON" /usr/bin/python3 -c 'import json; assert list(json.load(open("out.log"))["labels"].values()) == [2]'
before=$(sum a_variable_in_another_file.h5)
run run sweep.yaml -o a_variable_in_another_file.h5
refused "a run does not resume a file that leads elsewhere" "is damaged"
ok "and leaves it as it was" [ "$before" = "$(sum a_variable_in_another_file.h5)" ]
/usr/bin/python3 - "$linnet" <<'END2'
import random, subprocess, sys
random.seed(5)
good, counts = open("good.h5", "rb").read(), {}
def answer(data):
    open("flip.h5", "wb").write(data)
    done = subprocess.run([sys.argv[1], "show", "flip.h5", "--point", "1"], capture_output=True, timeout=60)
    counts[done.returncode] = counts.get(done.returncode, 0) + 1
for k in range(10):
    answer(good[: len(good) * k // 10])
for k in range(30):
    data = bytearray(good)
    for _ in range(random.choice((1, 1, 2, 8, 64))):
        at = random.randrange(len(data) if k % 2 else 4096)
        data[at] = random.choice((0, 1, 255, random.randrange(256)))
    answer(bytes(data))
print("#", counts)
sys.exit(any(code not in (0, 1, 2) for code in counts))
END2
rc=$?
ok "a file cut or with flipped bytes is read or refused, 40 times" [ $rc = 0 ]

# --- where files are made
printf 'precious\n' >precious
run run sweep.yaml -o there.h5 -q
for planted in out.h5.tmp out.h5.log out.h5.lock out.h5.probe out.h5.running out.h5.deaths out.h5.parked; do
    rm -f out.h5*
    ln -s precious $planted
    run run sweep.yaml -o out.h5 -q
    ok "a link planted as $planted is not followed" eval '[ "$(cat precious)" = precious ] && [ $rc -le 2 ]'
    rm -f out.h5*
    ln precious $planted
    run run sweep.yaml -o out.h5 -q
    ok "a second name planted as $planted is not written to" eval '[ "$(cat precious)" = precious ] && [ $rc -le 2 ]'
    rm -f out.h5*
    mkfifo $planted
    run run sweep.yaml -o out.h5 -q
    ok "a pipe planted as $planted does not hang the run" [ $rc -le 2 ]
    # A resume, and all that looks at a file.
    rm -f out.h5*
    cp there.h5 out.h5
    ln -s precious $planted
    run run sweep.yaml -o out.h5 -q
    [ $rc -le 2 ] && run run sweep.yaml -o out.h5 --retry failed
    [ $rc -le 2 ] && run status out.h5
    [ $rc -le 2 ] && run show out.h5 --point 1
    [ $rc -le 2 ] && run check out.h5
    ok "nor is a link planted as $planted when the run is resumed" eval '[ "$(cat precious)" = precious ] && [ $rc -le 2 ] && harmless'
done
rm -f there.h5.log
mkfifo there.h5.log
run plan sweep.yaml --after there.h5
ok "a pipe planted as the log of a file that is looked at is no log" eval '[ $rc = 0 ] && says "there.h5.log says nothing"'
rm -f there.h5.log
shape() {
    echo '{"event": "shape", "shape": "2-2-2", "points": '$1', "predicted": '$2', "actual": '$3', "longest": '$4', "logs": 0, "squares": 0}'
}
{ shape 0 1 1 1; shape -3 1 1 1; shape 2 nan 1 1; shape 2 1 inf 1; shape 2 1 1 -1; shape 2 1 -1e308 1; } >there.h5.log
run plan sweep.yaml --after there.h5
ok "costs that no run can have had are not taken from a log" eval '[ $rc = 0 ] && says "there.h5.log says nothing"'
shape 2 1 3 2 >>there.h5.log
run plan sweep.yaml --after there.h5
ok "those beside them are" eval '[ $rc = 0 ] && grep -qE "^2-2-2 +2 +1 s +3 s +3.00 " out.log'
rm -f out.h5*
(umask 077 && run run sweep.yaml -o out.h5 -q)
ok "umask is respected" eval '[ "$(stat -c %a out.h5 out.h5.log | tr "\n" " ")" = "600 600 " ] && [ -z "$(ls | grep "^out.h5.tmp")" ]'
ok "a file made before the masked one is readable by all" eval '[ "$(stat -c %a there.h5)" = 644 ]'
painted=$(printf 'a\033[31mb\nlinnet: fine.yaml')
run plan "$painted"
refused "a file name that paints the screen" 'a\x1b[31mb\nlinnet: fine.yaml'
run "$painted"
ok "a command that paints the screen" eval '[ $rc = 2 ] && harmless'
run run sweep.yaml --set "$painted=1"
refused "an override that paints the screen" "unknown key"
run run sweep.yaml --set "$(printf 'name=\377')"
refused "an override that is no text" "byte 0xff is not text"

# --- texts that a shell would run
cat >say.sh <<'END2'
touch pwned
END2
for word in '$(touch pwned)' '`sh say.sh`' '|touch pwned' '&& touch pwned' "';touch pwned;'"; do
    sed "s#^name:.*#name: \"$word\"#" sweep.yaml >"$word.yaml"
    run run "$word.yaml" -o "$word.h5" --set "description=\"$word\"" -q
    ok "a sweep, a name and an output that are called $word" eval '[ $rc = 0 ] && [ -s "$word.h5" ] && [ ! -e pwned ]'
    matrix "a matrix in a file called $word" "{file: \"$word.csv\"}" "cannot open"
    for command in status check "show --point 1" "certify --point 1" "plan --after"; do
        case $command in
        plan*) run plan "$word.yaml" --after "$word.h5" ;;
        *) run ${command%% *} "$word.h5" ${command#"${command%% *}"} ;;
        esac
        [ $rc -le 2 ] || break
    done
    ok "and looked at" eval '[ $rc -le 2 ] && [ ! -e pwned ]'
done
matrix "the environment of the process as CSV" "{file: /proc/self/environ}" "is of no known kind"
ln -s /proc/self/environ environ.csv
matrix "by another name" "{file: environ.csv}" "environ.csv:1:"
matrix "an empty name" '{file: ""}' "bad.yaml:2"
matrix "a name with a NUL" '{file: "a\\0b.csv"}' "bad.yaml:2"
matrix "a name longer than any path" "{file: $(head -c 5000 /dev/zero | tr '\0' d).csv}" "cannot open dddd"
echo "# $((n_tried + 40)) commands on bad input"
echo "1..$n"
