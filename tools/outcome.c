#include "outcome.h"

#include <stdio.h>

static void print_count(int64_t n, const char *one, const char *many)
{
    printf("%lld %s", (long long)n, n == 1 ? one : many);
}

/* One duplicate in a thousand is usual in a healthy session (the experience of find_dupl's author).
 */
static const double USUAL_SHARE = 0.001;

void print_outcome(const char *out_dir, const char *original, const mdup_screen_summary *s)
{
    printf("\n");
    print_count(s->n_micrographs, "micrograph", "micrographs");
    printf(", ");
    print_count(s->n_pairs_compared, "pair", "pairs");
    printf(" compared in %.1f s\n", s->total_s);
    if (s->n_not_judged > 0)
        printf("%lld could not be judged and are kept; the reasons are in micrographs.csv\n",
               (long long)s->n_not_judged);
    if (s->n_removed == 0) {
        printf("No duplicates.");
    } else {
        print_count(s->n_removed, "micrograph shows", "micrographs show");
        printf(" what %s shows (%.2g %%).", original,
               100.0 * (double)s->n_removed / (double)s->n_micrographs);
        if ((double)s->n_removed > 10 * USUAL_SHARE * (double)s->n_micrographs)
            printf("  Under 0.1 %% is usual: several per cent mean a problem of collection.");
        if (s->n_exact_copies > 0) {
            printf("\n");
            print_count(s->n_exact_copies, "of them is an exact copy of an earlier one",
                        "of them are exact copies of earlier ones");
            printf(" (kind in pairs.csv).");
        }
    }
    if (s->n_overlap_pairs > 0) {
        printf("\n");
        print_count(s->n_overlap_pairs, "further pair overlaps", "further pairs overlap");
        printf(" by less than %.0f %% of the frame (pairs.csv).", 100 * s->min_overlap);
    }
    printf("\nResults in %s\n", out_dir);
}
