# Sourced by the tests of the program, which print TAP: $1 is the program, LINNET_SOURCE the source tree. Works in a new folder.
linnet=$(readlink -f "$1")
mpirun=$LINNET_SOURCE/tests/mpi/mpirun.sh
work=$(mktemp -d /dev/shm/linnet-cli.XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export ASAN_OPTIONS="detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}" OPENBLAS_NUM_THREADS=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
n=0

# ok NAME COMMAND...: one test, passed if the command succeeds.
ok() {
    name=$1
    shift
    n=$((n + 1))
    if "$@" >ok.log 2>&1; then
        echo "ok $n - $name"
    else
        echo "not ok $n - $name"
        sed 's/^/# /' ok.log out.log err.log 2>/dev/null | head -n 20
    fi
}

# run ARGUMENTS...: sets rc, out.log, err.log.
run() {
    timeout 240 "$linnet" "$@" >out.log 2>err.log
    rc=$?
}

says() {
    grep -qF -- "$1" err.log || grep -qF -- "$1" out.log
}

sum() {
    sha256sum "$1" | cut -d' ' -f1
}
