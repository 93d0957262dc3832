#!/bin/bash
# Looks for input that the readers of files do not survive.
#
#   scripts/fuzz.sh [--build FOLDER] [--junit FILE] [SECONDS] [TARGET...]
#
# Runs each target of tests/fuzz (sweep where csv results bytes parked deaths) for so many seconds (60), under the
# address and undefined behaviour sanitizers. FOLDER is a build of clang with -Dfuzz=true (default: build-fuzz, made
# if it is not there); what the fuzzer learns is kept in FOLDER/fuzz/corpus, the input of a finding in FOLDER/fuzz. A
# finding is mended together with its test: put the input into tests/fuzz/corpus/TARGET, which every build replays.
set -u
cd "$(dirname "$0")/.." || exit 1
build=build-fuzz
junit=
while [ $# -gt 0 ]; do
    case $1 in
    --build) build=$2 && shift 2 ;;
    --junit) junit=$2 && shift 2 ;;
    -h | --help)
        sed -n '2,9s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    *) break ;;
    esac
done
seconds=60
case ${1:-} in
[0-9]*) seconds=$1 && shift ;;
esac
targets=${*:-sweep where csv results bytes parked deaths}

if [ ! -f "$build/build.ninja" ]; then
    CC=clang /usr/bin/meson setup "$build" -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false \
        -Dbuildtype=debugoptimized || exit 1
fi
/usr/bin/ninja -C "$build" $(printf 'tests/fuzz/fuzz_%s ' $targets) || exit 1

home=$build/fuzz
mkdir -p "$home/seeds"
cp sweeps/*.yaml tests/golden/*.yaml "$home/seeds/"
export OPENBLAS_NUM_THREADS=1
export ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1

fuzz() { # target
    local target=$1 options=() seeds=(tests/fuzz/corpus/"$1") leaks=0
    # Leaks are looked for in csv alone: libfyaml forgets some memory after errors in a text, HDF5 keeps what it has
    # until it is closed, and a search after every input costs a hundred inputs.
    case $target in
    csv) leaks=1 ;;
    sweep) options=(-detect_leaks=0 -dict=tests/fuzz/sweep.dict) seeds+=("$home/seeds") ;;
    where) options=(-detect_leaks=0 -dict=tests/fuzz/sweep.dict) ;;
    results | bytes | parked | deaths) options=(-detect_leaks=0) ;;
    esac
    mkdir -p "$home/corpus/$target"
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=$leaks \
        "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=4096 "${options[@]}" \
        -artifact_prefix="$home/$target-" -print_final_stats=1 "$home/corpus/$target" "${seeds[@]}" \
        >"$home/$target.log" 2>&1
}

failed=0
cases=
for target in $targets; do
    fuzz "$target"
    code=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$home/$target.log")
    if [ $code = 0 ] && [ "${runs:-0}" -gt 0 ]; then
        echo "fuzz $target: $runs executions, no finding"
        cases+="<testcase classname=\"fuzz\" name=\"$target\"/>"
    else
        failed=$((failed + 1))
        grep -aE "ERROR|SUMMARY|Assertion|runtime error|written to" "$home/$target.log" ||
            tail -n 20 "$home/$target.log"
        echo "fuzz $target: ${runs:-0} executions, a finding; see $home/$target.log"
        cases+="<testcase classname=\"fuzz\" name=\"$target\"><failure message=\"a finding\"/></testcase>"
    fi
done
[ -z "$junit" ] || echo "<testsuite name=\"fuzz\">$cases</testsuite>" >"$junit"
[ $failed = 0 ]
