#!/bin/bash
# Installs what is missing, builds and runs every test.
#
#   scripts/test.sh                   everything
#   scripts/test.sh quick             gcc build, its tests, analysis, style
#   scripts/test.sh STAGE...          some of: gcc clang gcc-asan clang-asan fuzz analysis style
#
# Builds in build-test-*/; meson's full logs stand there. The last line is "N passed, N failed".
set -u
cd "$(dirname "$0")/.." || exit 1

case "${1:-all}" in
all) stages="gcc clang gcc-asan clang-asan fuzz analysis style" ;;
quick) stages="gcc analysis style" ;;
-h | --help)
    sed -n '2,9s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
*) stages="$*" ;;
esac

scripts/setup.sh --test || exit 1

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OPENBLAS_NUM_THREADS=1
# Open MPI and its plug-ins keep memory until the process ends: leaks are not looked for.
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0 LSAN_OPTIONS=detect_leaks=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed_stages=0
: >"$work/counts"

note() { # stage, result, seconds
    printf '%-12s %-28s %4d s\n' "$1" "$2" "$3" | tee -a "$work/summary"
}

# A stage that could not run counts as one failure: silence must never look like success.
broken() { # stage, log
    tail -n 40 "$2"
    echo "0 1 0" >>"$work/counts"
    failed_stages=$((failed_stages + 1))
}

count() { # stage, since, junit files...
    local stage=$1 since=$2 before passed failed skipped
    shift 2
    /usr/bin/python3 scripts/count_tests.py "$work/counts" "$@" || failed_stages=$((failed_stages + 1))
    read -r passed failed skipped < <(tail -n 1 "$work/counts")
    note "$stage" "$passed passed, $failed failed$([ "$skipped" = 0 ] || echo ", $skipped skipped")" \
        $((SECONDS - since))
}

configure() { # folder, compiler, options...
    local folder=$1 compiler=$2
    shift 2
    if [ -f "$folder/build.ninja" ]; then
        /usr/bin/meson configure "$folder" -Dwerror=true "$@"
    else
        rm -rf "$folder"
        CC=$compiler /usr/bin/meson setup "$folder" -Dwerror=true "$@"
    fi
}

meson_stage() { # stage, compiler, options...
    local stage=$1 compiler=$2 since=$SECONDS folder=build-test-$1 log
    shift 2
    mkdir -p "$folder"
    log=$work/$stage.log
    if ! { configure "$folder" "$compiler" "$@" && /usr/bin/meson compile -C "$folder"; } >"$log" 2>&1; then
        broken "$stage" "$log"
        note "$stage" "does not build" $((SECONDS - since))
        return
    fi
    rm -f "$folder/meson-logs/testlog.junit.xml"
    # Slurm's own waiting is most of its test: once is enough. Faults take long too: once plain, once sanitised. In the
    # build of gcc-asan kernels are sanitised too, and slow: what trains long at the command line is left to clang-asan.
    local suites=(--no-suite slurm)
    case "$stage" in
    gcc) suites=() ;;
    clang | clang-asan) suites+=(--no-suite fault) ;;
    gcc-asan) suites+=(--no-suite cli) ;;
    esac
    /usr/bin/meson test -C "$folder" --no-rebuild --print-errorlogs --timeout-multiplier 4 "${suites[@]}" \
        >"$log" 2>&1
    local code=$?
    if [ ! -f "$folder/meson-logs/testlog.junit.xml" ]; then
        broken "$stage" "$log"
        note "$stage" "no tests ran" $((SECONDS - since))
        return
    fi
    count "$stage" "$since" "$folder/meson-logs/testlog.junit.xml"
    if [ "$code" != 0 ]; then
        tail -n 100 "$log"
        [ "$(tail -n 1 "$work/counts" | cut -d' ' -f2)" != 0 ] || broken "$stage" "$log"
    fi
}

junit_stage() { # stage, junit file, command...
    local stage=$1 junit=$2 since=$SECONDS
    shift 2
    "$@" >"$work/$stage.log" 2>&1
    local code=$?
    if [ ! -f "$junit" ]; then
        broken "$stage" "$work/$stage.log"
        note "$stage" "did not run" $((SECONDS - since))
        return
    fi
    count "$stage" "$since" "$junit"
    [ "$code" = 0 ] || tail -n 60 "$work/$stage.log"
}

run_stage() {
    local sanitize=(-Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized)
    case "$1" in
    gcc) meson_stage gcc gcc ;;
    clang) meson_stage clang clang ;;
    gcc-asan) meson_stage gcc-asan gcc "${sanitize[@]}" ;;
    clang-asan) meson_stage clang-asan clang "${sanitize[@]}" -Dfuzz=true ;;
    # In the build of clang-asan, which has the fuzz targets.
    fuzz)
        [ -d build-test-clang-asan ] ||
            CC=clang /usr/bin/meson setup build-test-clang-asan "${sanitize[@]}" -Dfuzz=true >/dev/null
        junit_stage fuzz "$work/fuzz.xml" scripts/fuzz.sh --build build-test-clang-asan --junit "$work/fuzz.xml" 4
        ;;
    analysis)
        junit_stage analysis "$work/pytest.xml" /usr/bin/python3 -m pytest -q --junit-xml "$work/pytest.xml" \
            analysis
        ;;
    style) junit_stage style "$work/style.xml" scripts/check-style.sh --junit "$work/style.xml" ;;
    *)
        echo "test: no stage called $1; there is gcc clang gcc-asan clang-asan fuzz analysis style" >&2
        exit 2
        ;;
    esac
}

for stage in $stages; do
    run_stage "$stage"
done

echo
cat "$work/summary"
awk '{ passed += $1; failed += $2 } END { printf "%d passed, %d failed\n", passed, failed }' "$work/counts"
[ "$failed_stages" = 0 ]
