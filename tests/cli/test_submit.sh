#!/bin/bash
# linnet submit with a Slurm of our own making: programs of its names that note what they are called with.
. "${0%/*}/tap.sh"
echo 1..39

mkdir bin
export RECORD=$work/record PATH=$work/bin:$PATH
# Each call: name and arguments, one a line; what a line would break is shown as bash would quote it.
for program in sbatch srun mpirun scontrol; do
    cat >bin/$program <<'STUB'
#!/bin/bash
{ printf '%s' "${0##*/}"; printf ' %q' "$@"; echo; } >>"$RECORD"
case ${0##*/} in
sbatch)
    env | grep '^SLURM_' | sed 's/^/environment /' >>"$RECORD"
    [ -z "${SBATCH_FAILS:-}" ] || { echo "sbatch: error: no" >&2; exit 1; }
    echo "${SBATCH_SAYS:-$((100 + $(grep -c ^sbatch "$RECORD")))}" ;;
srun)
    [[ " $* " == *" true "* ]] && exit "${NODES_FAIL:-0}"
    codes=($CODES)
    n=$(grep -c '^srun .* run ' "$RECORD")
    exit "${codes[$((n - 1))]:-0}" ;;
esac
STUB
done
printf '#!/bin/bash\ncase $* in *%%T*) echo "${STATE:-RUNNING}" ;; *%%e*) echo 2040-01-01T00:00:00 ;; *%%A*) echo "$JOBS" ;; esac\n' >bin/squeue
printf '#!/bin/bash\n[ -z "${SINFO_FAILS:-}" ] || { printf "sinfo: error: fetch_config: DNS SRV lookup failed\\nsinfo: fatal: Could not establish a configuration source\\n" >&2; exit 1; }\nprintf "other 4 16 64\\nmain* 2 8 32\\nmain* 2 6 12\\n"\n' >bin/sinfo
printf '#!/bin/bash\n' >bin/sleep
chmod +x bin/*

cat >tiny.yaml <<'YAML'
linnet: 1
name: tiny
problem: {kind: target, spectrum: [2, 1]}
model: {kind: deep, depth: 2, init: {kind: gaussian}}
train: {algorithm: gd, step_size: 0.1, max_steps: 100}
axes: {seed: {count: 6}}
YAML

# submit ARGUMENTS: as run, with the record of Slurm's programs begun anew.
submit() {
    : >"$RECORD"
    run submit "$@"
}
calls() { grep -c "^$1 " "$RECORD"; }
# job SCRIPT [VARIABLE=VALUE...]: runs a script as Slurm would.
job() {
    local script=$1
    shift
    : >"$RECORD"
    env SECONDS=9 SLURM_JOB_ID=7 SLURM_JOB_NUM_NODES=1 SLURM_NTASKS=2 SLURM_JOB_PARTITION=p SLURM_JOB_NAME=j \
        SLURM_SUBMIT_DIR="$work" "$@" bash "$script" >out.log 2>err.log
    rc=$?
}

submit tiny.yaml --ntasks 2 --time 30
ok "a script is written and handed to sbatch" eval '[ $rc = 0 ] && [ -f tiny.sbatch ] && says "job 101" && grep -qx "sbatch --parsable -- $work/tiny.sbatch" "$RECORD"'
ok "the script asks for what was asked for" eval 'grep -qx "#SBATCH --ntasks=2" tiny.sbatch && grep -qx "#SBATCH --time=00:30:00" tiny.sbatch'
ok "its text is that of slurm/sweep.sbatch" eval '[ "$(sed -n "/^# ---- the text/,\$p" tiny.sbatch)" = "$(sed -n "/^# ---- the text/,\$p" "$LINNET_SOURCE/slurm/sweep.sbatch")" ]'
submit tiny.yaml --dry-run -o dry.h5 --after 12
ok "a dry run prints the script and touches nothing" eval '[ $rc = 0 ] && [ ! -e dry.sbatch ] && [ ! -s "$RECORD" ] && says "#SBATCH --time=00:10:00" && says afterany:12'
export SLURM_NTASKS=99 SLURM_CONF=/its/conf
submit tiny.yaml --after 12:13 --partition main --account a.b --qos high --constraint 'a&[b|c]' --mem-per-cpu 2G
unset SLURM_NTASKS SLURM_CONF
ok "words reach sbatch" eval 'grep -q -- "--dependency=afterany:12:13" "$RECORD" && grep -qxF "#SBATCH --constraint=a&[b|c]" tiny.sbatch && grep -qx "#SBATCH --mem-per-cpu=2G" tiny.sbatch'
ok "what the job we are in knows of itself does not" eval '[ "$(grep ^environment "$RECORD")" = "environment SLURM_CONF=/its/conf" ]'
submit tiny.yaml --nodes 3
ok "nodes are filled with ranks, by the smallest node of the partition" eval 'grep -qx "#SBATCH --nodes=3" tiny.sbatch && grep -qx "#SBATCH --ntasks-per-node=12" tiny.sbatch'
ok "ranks without a point are warned of" eval 'says "36 ranks for 6 points" && grep -q "^# warning: 36 ranks" tiny.sbatch'
submit tiny.yaml --nodes 2 --ntasks 25
ok "ranks that do not fit on the nodes are warned of" says "25 ranks do not fit on 2 nodes of 12 cores"
submit tiny.yaml --nodes 2 --ntasks 24
ok "those that fit are not" eval '! says "do not fit"'
submit tiny.yaml --nodes 3 --ntasks 2
ok "nodes without a rank are warned of" says "2 ranks on 3 nodes: the other nodes have nothing to do"
SINFO_FAILS=1 submit tiny.yaml -o dry.h5 --nodes 3
ok "without Slurm the cores of a node are not known: one line, and nothing is written" \
    eval '[ $rc = 2 ] && [ "$(wc -l <err.log)" = 1 ] && says "sinfo does not reach Slurm (Could not establish a configuration source)" && [ ! -e dry.sbatch ]'
SINFO_FAILS=1 submit tiny.yaml -o dry.h5 --nodes 3 --dry-run
ok "a dry run takes those of this computer, and says so" \
    eval '[ $rc = 0 ] && says "$(getconf _NPROCESSORS_ONLN) cores a node are those of this computer" && grep -qx "#SBATCH --ntasks-per-node=$(getconf _NPROCESSORS_ONLN)" out.log && ! says "DNS"'
timeout 60 env PATH=/nonexistent "$linnet" submit tiny.yaml -o dry.h5 --dry-run >out.log 2>err.log
rc=$?
ok "a dry run needs no program of Slurm" eval '[ $rc = 0 ] && says "#SBATCH --ntasks=1"'
submit tiny.yaml -o dry.h5 --dry-run
ok "the limit that is proposed is the one that is explained" \
    eval 'says "time limit (not asked for) 10 min: twice the predicted less than 1 s, and 5 min, rounded up to full ten minutes" && says "#SBATCH --time=00:10:00"'
submit tiny.yaml -o dry.h5 --dry-run --time 1s
ok "a tiny limit is one of full minutes, and warned of" \
    eval 'says "a time limit of 1 s becomes 60 s: Slurm counts in minutes" && says "#SBATCH --time=00:01:00" && says "may be stopped before its first point" && ! says " 0 s "'
submit tiny.yaml -o dry.h5 --dry-run --time 90s
ok "limits are rounded up" says "#SBATCH --time=00:02:00"

bad=0
for arguments in '--ntasks 0' '--ntasks -1' '--ntasks 1e3' '--ntasks 99999999999999999999' '--nodes x' '--time 1hour' '--time 1:2:3:4' '--time 0' '--time -5' \
    '--time 1-' '--time 1:' '--partition a;b' '--partition -x' '--partition $(id)' '--account a/b' '--qos `id`' '--constraint a"b' '--mem-per-cpu 2GB' \
    '--mem-per-cpu -1' '--after 1,2' '--after x' '--after 1:' '--launcher sh' '--shards 0' '--shards 10001'; do
    submit tiny.yaml -o bad.h5 ${arguments%% *} "${arguments#* }"
    [ $rc = 2 ] && [ "$(wc -l <err.log)" = 2 ] && [ ! -e bad.sbatch ] && [ ! -s "$RECORD" ] || { bad=$((bad + 1)); echo "# $arguments"; }
done
submit tiny.yaml -o bad.h5 --partition 'a
#SBATCH --exclusive'
[ $rc = 2 ] || bad=$((bad + 1))
ok "26 values that Slurm cannot take are refused" [ $bad = 0 ]

evil=$'a \'b" $(touch gone) `touch gone`;#\n#SBATCH --exclusive\n\e[1m\\ \xff!'
mkdir "$evil"
sed "s/name: tiny/name: \"tiny \\\\n#SBATCH --exclusive\\\\e \$(touch gone) '\"/" tiny.yaml >"$evil/$evil.yaml"
ln -s "$linnet" "$evil/linnet"
submit "$evil/$evil.yaml" -o "$evil/out $evil.h5" --ntasks 2 --time 30 --set "train.max_steps=  50"
# The last thing sbatch was called with, as it was.
eval "words=($(grep '^sbatch ' "$RECORD"))"
script=${words[-1]}
ok "a hostile name reaches sbatch as it is" eval '[ $rc = 0 ] && [ "$script" = "$work/$evil/out $evil.sbatch" ] && [ -f "$script" ]'
ok "it asks for nothing" eval '! grep -q "^#SBATCH --excl" "$script" && [ "$(grep -c "^#SBATCH --job-name=linnet-out_a[A-Za-z0-9_.-]*\$" "$script")" = 1 ]'
ok "the script is plain text" eval '! LC_ALL=C grep -q "[^ -~]" "$script"'
job "$script"
eval "words=($(grep '^srun .* run ' "$RECORD"))"
ok "names and overrides reach linnet as they are" eval '[ $rc = 0 ] && [ "${words[7]}" = "$work/$evil/$evil.yaml" ] && [ "${words[9]}" = "$work/$evil/out $evil.h5" ] && [ "${words[11]}" = "train.max_steps=  50" ]'
ok "nothing in them was run" eval '! find . -name gone | grep -q .'

echo precious >mine.sbatch
submit tiny.yaml -o mine.h5
ok "a script of somebody else stays" eval '[ $rc = 2 ] && [ "$(cat mine.sbatch)" = precious ] && [ ! -s "$RECORD" ]'
ln -s "$work/tiny.sbatch" link.sbatch
submit tiny.yaml -o link.h5
ok "no link is followed" eval '[ $rc = 2 ] && [ -L link.sbatch ]'
SBATCH_FAILS=1 submit tiny.yaml
ok "what sbatch refuses is an error, and the script stays" eval '[ $rc = 1 ] && says "tiny.sbatch is written, but not submitted" && [ -f tiny.sbatch ]'
SBATCH_SAYS='no number' submit tiny.yaml
ok "an sbatch that names no job is an error" [ $rc = 1 ]

submit tiny.yaml -o parts.h5 --shards 3 --ntasks 1 --time 30
ok "shards are an array and a job that joins them" eval 'grep -qx "#SBATCH --array=1-3" parts.sbatch && grep -qx "sbatch --parsable --dependency=afterany:101 -- $work/parts-merge.sbatch" "$RECORD"'
job parts-merge.sbatch
ok "shards that are not there are not joined" eval '[ $rc = 75 ] && [ ! -e parts.h5 ]'
for i in 1 2 3; do "$linnet" run tiny.yaml --shard $i/3 -o parts-${i}of3.h5 -q; done
job parts-merge.sbatch
"$linnet" run tiny.yaml -o whole.h5 -q
ok "shards that are there are joined into the file of one run" eval '[ $rc = 0 ] && cmp parts.h5 whole.h5'
submit tiny.yaml -o whole.h5
ok "a finished sweep is not submitted" eval '[ $rc = 0 ] && says "nothing to submit" && [ ! -s "$RECORD" ]'

submit tiny.yaml --ntasks 2 --time 30
job tiny.sbatch CODES=75
ok "75: back into the queue" eval '[ $rc = 75 ] && grep -qx "scontrol requeue 7" "$RECORD"'
job tiny.sbatch CODES=75 SECONDS=0
ok "75 at once: not, the limit is too short" eval '[ $rc = 75 ] && [ "$(calls scontrol)" = 0 ] && says "too short"'
job tiny.sbatch CODES=75 STATE=COMPLETING
ok "75 of a job that is being cancelled: not" eval '[ $rc = 75 ] && [ "$(calls scontrol)" = 0 ]'
bad=0
for code in 0 1 2 3; do
    job tiny.sbatch CODES=$code
    [ $rc = $code ] && [ "$(calls scontrol)" = 0 ] && [ "$(grep -c "^srun .* run " "$RECORD")" = 1 ] || bad=1
done
ok "0, 1, 2 and 3: the end" [ $bad = 0 ]
job tiny.sbatch CODES=1 NODES_FAIL=1
ok "1 while a node does not answer: back into the queue" eval '[ $rc = 1 ] && grep -qx "scontrol requeue 7" "$RECORD"'
job tiny.sbatch CODES="137 139 3"
ok "a process died: once more, until linnet has seen enough" eval '[ $rc = 3 ] && [ "$(grep -c "^srun .* run " "$RECORD")" = 3 ] && [ "$(calls scontrol)" = 0 ]'
job tiny.sbatch CODES="137 137 137 137 137" LINNET_MAX_DEATHS=4
ok "but not for ever" eval '[ $rc = 137 ] && [ "$(grep -c "^srun .* run " "$RECORD")" = 4 ]'
submit tiny.yaml --no-requeue --ntasks 2 --time 30
job tiny.sbatch CODES=75 SLURM_JOB_END_TIME=5
ok "without requeue: a successor, which knows nothing of this job" eval '[ $rc = 75 ] && grep -qx "sbatch --dependency=afterany:7 -- tiny.sbatch" "$RECORD" && ! grep -q ^environment "$RECORD"'
