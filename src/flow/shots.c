#include "flow/shots.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

typedef struct {
    const char *name; /* NULL: not known */
    size_t member;
} named;

static int by_name(const void *left, const void *right)
{
    const named *l = left, *r = right;
    if (!l->name || !r->name)
        return (l->name != NULL) - (r->name != NULL);
    return strcmp(l->name, r->name);
}

/* Equal names get equal numbers, from 0 on; -1 without a name. */
static void number(named *names, size_t n, int32_t *out)
{
    qsort(names, n, sizeof *names, by_name);
    int32_t next = -1;
    for (size_t i = 0; i < n; i++) {
        if (names[i].name && (i == 0 || by_name(&names[i - 1], &names[i]) != 0))
            next++;
        out[names[i].member] = names[i].name ? next : -1;
    }
}

/* A hole without a shot is of no use: nothing is known of what moved together. */
static bool is_known(const mdup_micrograph *m)
{
    return m->hole && m->shot;
}

bool mdup_shots_find(const mdup_catalog *catalog, const size_t *members, size_t n, mdup_shots *out,
                     mdup_error **err)
{
    *out = (mdup_shots){0};
    size_t n_known = 0;
    for (size_t i = 0; i < n; i++)
        n_known += is_known(&catalog->micrographs[members[i]]);
    if (n_known == 0)
        return true;
    mdup_shots shots = {0};
    named *names = mdup_calloc(n, sizeof *names, err);
    if (!names || !(shots.hole = mdup_calloc(n, sizeof *shots.hole, err)) ||
        !(shots.shot = mdup_calloc(n, sizeof *shots.shot, err))) {
        free(names);
        mdup_shots_clear(&shots);
        return false;
    }
    for (int what = 0; what < 2; what++) {
        for (size_t i = 0; i < n; i++) {
            const mdup_micrograph *m = &catalog->micrographs[members[i]];
            names[i] = (named){is_known(m) ? (what == 0 ? m->hole : m->shot) : NULL, i};
        }
        number(names, n, what == 0 ? shots.hole : shots.shot);
    }
    free(names);
    *out = shots;
    return true;
}

void mdup_shots_clear(mdup_shots *shots)
{
    free(shots->hole);
    free(shots->shot);
    *shots = (mdup_shots){0};
}
