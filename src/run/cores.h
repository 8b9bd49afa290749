/* How many cores this process may run on. */
#ifndef MDUP_RUN_CORES_H
#define MDUP_RUN_CORES_H

/** At least 1.  Respects taskset and cpusets (Slurm, containers) where the system tells. */
int mdup_usable_cores(void);

#endif
