#!/bin/sh
# The files beside the results, where calls fail or where somebody else has put something: nothing is lost, and it is said. TAP;
# $1 is the program with faults.
set -u
. "$LINNET_SOURCE/tests/cli/tap.sh"

cat >sweep.yaml <<'END'
linnet: 1
name: side
problem: {kind: target, spectrum: [2, 1]}
model: {depth: 2, init: {kind: gaussian}}
train: {step_size: 0.05, max_steps: 100000, stop: {loss: 1e-3}}
axes:
  step_size: [0.05, 0.002, 1e-7]
  seed: {count: 3}
END
# faulty FAULT ARGUMENTS...: as run, with the fault.
faulty() {
    LINNET_FAULT=$1
    export LINNET_FAULT
    shift
    run "$@"
    unset LINNET_FAULT
}
faulty value.data:1:stop run sweep.yaml -q -o base.h5
ok "a run that parks points" eval '[ $rc = 75 ] && [ -s base.h5.parked ]'
faulty value.data:1:stop run sweep.yaml -q -o other.h5 --set train.max_steps=99999
ok "and one of another sweep" eval '[ $rc = 75 ] && ! cmp -s base.h5.parked other.h5.parked'
afresh() {
    rm -rf out.h5*
    cp base.h5 out.h5
    cp base.h5.parked out.h5.parked
}
# turn FILE BYTE BIT: from the end where negative.
turn() {
    /usr/bin/python3 -c '
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[2])] ^= int(sys.argv[3])
open(sys.argv[1], "wb").write(data)' "$@"
}

# --- parked points that a repair leaves alone
afresh
cp other.h5.parked out.h5.parked
turn out.h5.parked -1 1
cp out.h5.parked before
run repair out.h5
ok "damaged points of another sweep stay as they are" \
    eval '[ $rc = 0 ] && says "out.h5.parked is of another sweep" && cmp before out.h5.parked && [ ! -e out.h5.parked.damaged ]'
afresh
echo "notes of somebody" >out.h5.parked
echo "older notes" >out.h5.parked.damaged
run repair out.h5
ok "a text that is called so stays" \
    eval '[ $rc = 0 ] && says "is there and is no file of parked points" && grep -q somebody out.h5.parked && grep -q older out.h5.parked.damaged'
afresh
turn out.h5.parked 8 2
cp out.h5.parked before
run repair out.h5
ok "a file of a later version stays" \
    eval '[ $rc = 0 ] && says "this linnet reads version 1" && cmp before out.h5.parked && [ ! -e out.h5.parked.damaged ]'
afresh
turn out.h5.parked 150 8
cp out.h5.parked before
echo "older notes" >out.h5.parked.damaged
run repair out.h5
ok "what is moved away takes nobody's name" \
    eval '[ $rc = 0 ] && says "is now out.h5.parked.damaged.2" && cmp before out.h5.parked.damaged.2 && grep -q older out.h5.parked.damaged &&
        [ ! -e out.h5.parked ]'
for at in 1 2 3 4 5 6; do
    afresh
    faulty parked.read:$at:EIO repair out.h5
    ok "a repair that cannot read the points touches nothing (arrival $at)" \
        eval 'says "cannot read out.h5.parked: Input/output error" && cmp base.h5.parked out.h5.parked && [ ! -e out.h5.parked.damaged ]'
done

# --- what is not ours where points are parked: refused by runs before anything is touched, and no damage
put() { # put KIND FILE: what somebody has there
    rm -rf "$2"
    case $1 in
        text) echo "notes of somebody" >"$2" ;;
        version) cp base.h5.parked "$2" && turn "$2" 8 2 ;;
        link) ln -s precious "$2" ;;
        pipe) mkfifo "$2" ;;
        directory) mkdir "$2" ;;
        identity) cp other.h5.parked "$2" ;;
    esac
}
look() { # what lies there, times included
    find . -maxdepth 1 -name "out.h5*" -printf '%f %y %s %l %T@\n' | sort
    [ ! -f out.h5 ] || sum out.h5
}
on() { # on RANKS ARGUMENTS...
    ranks=$1
    shift
    timeout 120 "$mpirun" "$ranks" "$linnet" "$@" >out.log 2>err.log
    rc=$?
}
refused() {
    [ $rc = 2 ] && [ "$(grep -c '^linnet: ' err.log)" = 1 ] && says "out.h5.parked" && says "$1" && [ "$(look)" = "$before" ]
}
asks='`linnet run` asks to have it out of the way'
afresh
run status out.h5
ok "status says that a run goes on" eval '[ $rc = 0 ] && says "goes on" && ! says "$asks"'
run repair out.h5
ok "so does a repair" eval '[ $rc = 0 ] && says "trains the pending points" && ! says "$asks"'
echo precious >precious
for kind in text version link pipe directory; do
    for ranks in 1 3; do
        afresh
        put $kind out.h5.parked
        before=$(look)
        on $ranks run sweep.yaml -q -o out.h5
        ok "a resume on $ranks ranks refuses a $kind under out.h5.parked" refused "; move it away or remove it"
        rm out.h5
        before=$(look)
        on $ranks run sweep.yaml -q -o out.h5
        ok "so does a new run" refused "; move it away or remove it"
    done
    for way in "merge base.h5" "extend base.h5 sweep.yaml"; do
        run $way -o out.h5
        ok "and linnet ${way%% *}" refused "; move it away or remove it"
    done
    cp base.h5 out.h5
    before=$(look)
    run check out.h5
    ok "check does not call it damage" eval '[ $rc = 0 ] && says "so it is left alone; $asks" && ! says damaged.'
    run status out.h5
    ok "status says that a run will refuse, not that it goes on" eval '[ $rc = 0 ] && says "so it is left alone; $asks" && ! says "goes on"'
    run repair out.h5
    ok "so does a repair" eval '[ $rc = 0 ] && says "$asks" && ! says "trains the pending points"'
    run check out.h5
    ok "nor after a repair, which leaves it" eval '[ $rc = 0 ] && says "so it is left alone" && [ "$(look | grep parked)" = "$(echo "$before" | grep parked)" ]'
done
for ranks in 1 3; do
    afresh
    put identity out.h5.parked
    before=$(look)
    on $ranks run sweep.yaml -q -o out.h5
    ok "a resume on $ranks ranks refuses parked points of another sweep, which it might have to replace" refused "move it away or remove it"
done
run check out.h5
ok "they are no damage" eval '[ $rc = 0 ] && says "out.h5.parked is of another sweep" && says "so it is left alone; $asks"'
run status out.h5
ok "status says that a run will refuse them" eval '[ $rc = 0 ] && says "out.h5.parked is of another sweep" && says "$asks" && ! says "goes on"'
run repair out.h5
ok "so does a repair" eval '[ $rc = 0 ] && says "$asks" && ! says "trains the pending points"'
for site in open:1 read:1 read:4; do
    afresh
    faulty parked.$site:EIO check out.h5
    ok "what check cannot read it counts as damage ($site)" eval '[ $rc = 1 ] && says damaged && cmp base.h5.parked out.h5.parked'
done
short="--set train.max_steps=20"
for way in "run sweep.yaml -q" "merge base.h5" "extend base.h5 sweep.yaml"; do
    afresh
    rm out.h5
    put identity out.h5.parked
    [ "${way%% *}" = run ] && more=$short || more=
    run $way -o out.h5 $more
    ok "a new file by linnet ${way%% *} begins without what an older one has left" eval '[ $rc = 0 ] && [ -s out.h5 ] && [ ! -e out.h5.parked ]'
    rm out.h5
    put identity out.h5.parked
    faulty space.reserve:1:ENOSPC $way -o out.h5 $more
    ok "one that finds no space leaves it" eval '[ $rc = 1 ] && says "not enough space for out.h5" && [ ! -e out.h5 ] && cmp other.h5.parked out.h5.parked'
    for moment in space.reserve:1:kill-after temporary.rename:1:kill temporary.rename:1:kill-after; do
        rm -f out.h5*
        put identity out.h5.parked
        faulty $moment $way -o out.h5 $more
        killed=$rc
        faulty value.data:1:stop run sweep.yaml -q -o out.h5 $more
        ok "killed at $moment it is in no later run's way" eval '[ $killed = 137 ] && [ $rc = 75 ]'
    done
done
afresh
turn out.h5.parked 150 8
faulty value.data:1:stop run sweep.yaml -q -o out.h5
ok "what is ours and damaged is replaced" eval '[ $rc = 75 ] && says "points that were parked begin anew" && says "points parked"'
run check out.h5
ok "and whole then" [ $rc = 0 ]
afresh
: >out.h5.parked
faulty value.data:1:stop run sweep.yaml -q -o out.h5
ok "so is an empty one" eval '[ $rc = 75 ] && says "out.h5.parked is damaged: it is too short" && says "points parked"'
for site in parked.open:1 parked.read:1; do
    afresh
    faulty $site:EIO,value.data:1:stop run sweep.yaml -q -o out.h5
    ok "what cannot be looked at refuses nobody ($site)" eval '[ $rc = 75 ] && says "points parked"'
done
rm precious

# --- what somebody else has put where files are made
planted() { # planted NAME: it is refused or worked around, and stays what it was
    run run sweep.yaml -q -o new.h5 --set train.max_steps=20
    rm -f new.h5 new.h5.log new.h5.lock
    ok "$1 stays there, with exit code $rc" eval '[ $rc -le 2 ] && [ "$(stat -c %F new.h5.*)" = "$kind" ]'
    rm -f new.h5*
}
echo precious >precious
for suffix in probe tmp running.tmp; do
    kind="symbolic link"
    ln -s precious new.h5.$suffix
    planted "a link in the place of .$suffix"
    kind=fifo
    mkfifo new.h5.$suffix
    planted "a pipe in the place of .$suffix"
done
echo old >new.h5.tmp
run run sweep.yaml -q -o new.h5 --set train.max_steps=20
ok "what a dead run has left of a new file is replaced" eval '[ $rc = 0 ] && [ ! -e new.h5.tmp ] && [ -s new.h5 ]'
# --- what cannot be read or written is not lost, and said
afresh
turn out.h5.parked -1 1
cp out.h5.parked before
faulty parked.create:1:ENOSPC repair out.h5
ok "a repair that fails says so and no more" \
    eval '[ $rc = 1 ] && says "not put right: cannot create out.h5.parked.tmp: No space left" && ! says dropped && cmp before out.h5.parked'
afresh
faulty parked.read:3:EIO repair out.h5
ok "so does one that cannot read" [ $rc = 1 ]
turn out.h5.parked 150 8
cp out.h5.parked before
faulty repair.keep:1:ENOSPC repair out.h5
ok "and one that cannot move the file away" \
    eval '[ $rc = 1 ] && ! says "is now" && cmp before out.h5.parked && [ ! -e out.h5.parked.damaged ]'
sed 's/, 0.002//' sweep.yaml >few.yaml
rm -f new.h5*
for i in 1 2; do
    faulty value.data:2:kill run few.yaml -q -o new.h5 --set train.max_steps=20
done
faulty value.data:1:stop run few.yaml -q -o new.h5 --set train.max_steps=20
cp new.h5.deaths before
ok "two deaths are on record" eval 'grep -q "deaths 2" before'
faulty deaths.read:1:EIO,value.data:1:stop run few.yaml -q -o new.h5 --set train.max_steps=20
ok "one that cannot be read is said, and stays" eval 'says "cannot read new.h5.deaths: Input/output error; ignored" && cmp before new.h5.deaths'
# dying: a file whose second run was killed as the first was; it has not been looked at since.
dying() {
    rm -f new.h5*
    for i in 1 2; do
        faulty value.data:2:kill run few.yaml -q -o new.h5 --set train.max_steps=20
    done
}
for site in deaths.write:1 file.write:1; do
    dying
    faulty $site:EIO run few.yaml -q -o new.h5 --set train.max_steps=20
    ok "a list of deaths that cannot be written is said with the reason ($site)" \
        eval 'says "cannot write new.h5.deaths: Input/output error; ignored"'
done
echo "1..$n"
