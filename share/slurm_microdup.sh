#!/bin/bash
# sbatch slurm_microdup.sh MotionCorr/job002/corrected_micrographs.star
# From the RELION project folder.  One node, one task; microdup takes its thread number from --cpus-per-task.
#SBATCH --job-name=microdup
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=12
#SBATCH --mem=8G
#SBATCH --time=04:00:00
#SBATCH --output=microdup-%j.out
#SBATCH --error=microdup-%j.err

set -eu
input=${1:?usage: sbatch slurm_microdup.sh MICROGRAPHS.star [options of microdup screen]}
shift

# Sites that deliver programs by modules: module load microdup

srun microdup screen "$input" --o "microdup/" "$@"
