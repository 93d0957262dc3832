#!/bin/sh
# mpirun.sh RANKS PROGRAM [ARGUMENTS]: mpirun for tests. More ranks than cores, no binding, one host, also as root, and
# whatever Open MPI leaves behind goes with a folder of our own.
set -u
ranks=$1
shift
TMPDIR=$(mktemp -d /dev/shm/linnet-test.XXXXXX) || exit 1
trap 'rm -rf "$TMPDIR"' EXIT
export TMPDIR OMPI_MCA_btl_vader_backing_directory="$TMPDIR"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_btl=self,vader OMPI_MCA_pml=ob1 OPENBLAS_NUM_THREADS=1
timeout -k 5 100 mpirun -n "$ranks" "$@"
