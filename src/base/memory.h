/* How much memory a program may use. */
#ifndef MDUP_BASE_MEMORY_H
#define MDUP_BASE_MEMORY_H

/** The least of: the machine's memory, the limits of the control groups (v1 and v2) this process is in, SLURM_MEM_PER_NODE, SLURM_MEM_PER_CPU
 *  times SLURM_CPUS_ON_NODE, and the limits of the shell (ulimit -v, -d); in bytes.  root: put before /proc and /sys; "" but in tests. */
double mdup_memory_allowed_bytes(const char *root);

#endif
