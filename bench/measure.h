/* What every benchmark program measures with: the thread's CPU clock, and two references that say
 * how fast this core is right now. */
#ifndef LINNET_BENCH_MEASURE_H
#define LINNET_BENCH_MEASURE_H

/* CPU time of the calling thread, and wall time. Units: s. */
double ln_bench_cpu(void);
double ln_bench_wall(void);

/* Flops per second of multiply-adds on independent registers, in the instruction set of the lanes
 * (ln_lanes_isa): what no kernel of that set can exceed. `portable` has no FMA: multiplications and
 * additions in turn. Takes about `seconds`. */
double ln_bench_peak(double seconds);

/* Flops per second of dgemm (OpenBLAS) at 64 x 64. A slow host may leave a loop of registers alone
 * and slow down whatever waits for memory or decoding: this notices. */
double ln_bench_reference(double seconds);

#endif
