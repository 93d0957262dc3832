#!/bin/sh
# From nothing to a phase diagram: installs what is missing, builds, sweeps, draws.
#
#   scripts/quickstart.sh
#
# Writes quickstart.h5 and quickstart.png into the project's folder. Started again, it goes on where it was.
set -eu
cd "$(dirname "$0")/.."

say() {
    printf '%s\n' "$*"
}

scripts/setup.sh

mkdir -p build
log=build/quickstart.log
quietly() {
    if ! "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        say "quickstart: failed: $* (all of it in $log)" >&2
        exit 1
    fi
}

# Debian's meson, whatever else is on the PATH: it comes with the Python that can import it.
meson=/usr/bin/meson
[ -f build/build.ninja ] || { say "Configuring build/ ..."; quietly $meson setup build; }
say "Building build/linnet ..."
quietly $meson compile -C build

cores=$(nproc 2>/dev/null || echo 1)
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OPENBLAS_NUM_THREADS=1
if [ "$cores" -gt 1 ] && command -v mpirun >/dev/null; then
    launch="mpirun -n $cores"
else
    launch=
fi

# mpirun puts a pipe between linnet and the terminal: say that there is one, so that the bar is drawn.
[ ! -t 2 ] || export LINNET_PROGRESS=bar

if [ -f quickstart.h5 ]; then
    say "quickstart.h5 is there: going on where it was (delete it to start anew)."
else
    say "Sweeping sweeps/quickstart.yaml on $cores cores ..."
fi
$launch build/linnet run sweeps/quickstart.yaml -o quickstart.h5

say "Drawing ..."
analysis/linnet-plot phase quickstart.h5 -o quickstart.png >"$log" 2>&1 || { cat "$log" >&2; exit 1; }

cat <<END

Results   $PWD/quickstart.h5
Picture   $PWD/quickstart.png

Next:
  analysis/linnet-plot curves quickstart.h5 -o curves.png      a loss curve for every outcome
  build/linnet show quickstart.h5 --point 20000                one network
  build/linnet plan sweeps/reference.yaml                      a sweep file with every key explained
END
