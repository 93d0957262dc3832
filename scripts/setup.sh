#!/bin/sh
# Installs the Debian packages that linnet needs and that are not there yet.
#
#   scripts/setup.sh          what builds and runs it
#   scripts/setup.sh --test   also what the tests need: clang, pytest, SciPy, scikit-learn, netCDF and HDF5
#                             tools, Slurm
#
# Needs root (or sudo without a password) only when something is missing.
set -eu

run_set="gcc libc6-dev libopenmpi-dev openmpi-bin libhdf5-openmpi-dev libopenblas-serial-dev libarpack2-dev libgsl-dev
libfyaml-dev librandom123-dev libxxhash-dev libcmocka-dev meson ninja-build pkg-config
python3 python3-h5py python3-xarray python3-h5netcdf python3-netcdf4 python3-matplotlib"
test_set="binutils clang clang-format-14 libclang-rt-14-dev procps python3-pytest python3-scipy
python3-sklearn netcdf-bin hdf5-tools slurm-wlm munge"

case "${1:-}" in
'') wanted=$run_set ;;
--test) wanted="$run_set $test_set" ;;
*)
    echo "usage: scripts/setup.sh [--test]" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "setup: this is not a Debian system; install by hand:" $wanted >&2
    exit 1
fi

is_installed() {
    dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

missing=
for package in $wanted; do
    is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "setup: not installed:$missing" >&2
    echo "setup: run this, then start again:  sudo $install" >&2
    exit 1
fi

apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=500 "$@"
}

# An empty or outdated package list is the usual reason for a failure: update only then, and try once more.
install_missing() {
    # shellcheck disable=SC2086 -- a list of words
    apt install -y --no-install-recommends $missing
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "setup: installing$missing"
if ! install_missing >"$log" 2>&1; then
    if ! { apt update && install_missing; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "setup: the packages could not be installed" >&2
        exit 1
    fi
fi
echo "setup: done"
