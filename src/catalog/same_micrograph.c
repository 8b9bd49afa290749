#include "catalog/same_micrograph.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/intern.h"
#include "base/strbuf.h"
#include "catalog/names.h"

/* What the weaker rules compare of a name. */
typedef struct {
    const char *name;
    char *path;           /* behind the folder of the job, without extension and suffixes */
    char *file;           /* the same without folder and uid */
    size_t prefix_length; /* of the name's begin: what stands in front of the job's folder */
    bool is_telling;      /* the file name alone tells what it is */
    bool is_known;
    size_t index; /* among `known` or `names` */
} key;

/* ---- from a name to its keys ---- */

static bool is_digits(const char *text, size_t length, size_t least)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return length >= least;
}

/* "job002" */
static bool is_relion_job(const char *text, size_t length)
{
    return length > 3 && memcmp(text, "job", 3) == 0 && is_digits(text + 3, length - 3, 3);
}

/* "J12" */
static bool is_cryosparc_job(const char *text, size_t length)
{
    return length > 1 && text[0] == 'J' && is_digits(text + 1, length - 1, 1);
}

/* The first folder of a name that is one of a job: where the one before it begins, and where it ends, its slash included. */
static bool find_job(const char *name, bool (*is_job)(const char *, size_t), size_t *before,
                     size_t *behind)
{
    size_t begin = 0;
    *before = 0;
    for (const char *slash; (slash = strchr(name + begin, '/')) != NULL;) {
        size_t end = (size_t)(slash - name);
        if (is_job(name + begin, end - begin)) {
            *behind = end + 1;
            return true;
        }
        *before = begin;
        begin = end + 1;
    }
    return false;
}

const char *mdup_path_behind_job(const char *path)
{
    size_t before, behind;
    return find_job(path, is_relion_job, &before, &behind) ? path + behind : NULL;
}

/* Where the path within the project begins; *prefix is what of the name stands before the project. */
static size_t find_path(const char *name, const mdup_name *parts, size_t *prefix)
{
    size_t before, behind;
    *prefix = 0;
    if (find_job(name, is_relion_job, &before, &behind)) {
        *prefix = before;
        return behind;
    }
    /* Only names with a uid are told apart without their folders, which cryoSPARC names by what it did (motioncorrected). */
    if (parts->stem.begin > parts->base.begin &&
        find_job(name, is_cryosparc_job, &before, &behind)) {
        *prefix = before;
        return parts->base.begin;
    }
    return 0;
}

/* RELION's motion correction makes '_' of '.', and so "_frames" of ".frames". */
static char *make_key(const char *text, size_t length, mdup_error **err)
{
    static const char frames[] = "_frames";
    size_t frames_length = sizeof frames - 1;
    char *made = mdup_strndup(text, length, err);
    if (!made)
        return NULL;
    for (char *dot = made; (dot = strchr(dot, '.')) != NULL;)
        *dot = '_';
    if (length > frames_length && strcmp(made + length - frames_length, frames) == 0)
        made[length - frames_length] = '\0';
    return made;
}

static bool fill_key(key *k, const char *name, bool is_known, size_t index, mdup_error **err)
{
    name += name[0] == '>'; /* of cryoSPARC: relative to the table's own folder */
    while (strncmp(name, "./", 2) == 0)
        name += 2;
    mdup_name parts;
    mdup_name_parse(name, &parts);
    size_t begin = find_path(name, &parts, &k->prefix_length);
    if (begin < parts.folder.begin)
        begin = parts.folder.begin; /* N@ of a stack */
    k->name = name;
    k->is_known = is_known;
    k->index = index;
    k->is_telling = parts.has_time || parts.naming == MDUP_NAMING_LEGINON;
    k->path = make_key(name + begin, parts.base.begin + parts.base.length - begin, err);
    k->file = k->path ? make_key(name + parts.stem.begin, parts.stem.length, err) : NULL;
    return k->file != NULL;
}

/* ---- one rule ---- */

typedef struct {
    const size_t *fate;
    key *keys; /* of all known micrographs, then of the names */
    size_t n_known, n_names;
    mdup_same_name *out;
    /* A micrograph each: the first name that means it, by which rule, and one that contests it; -1: none. */
    ptrdiff_t *claim, *contest;
    mdup_same *claimed_by;
} matcher;

static bool is_open(const matcher *m, const key *k)
{
    return k->is_known || m->out[k->index].how == MDUP_SAME_NONE;
}

static int compare_prefixes(const key *l, const key *r)
{
    size_t shorter = l->prefix_length < r->prefix_length ? l->prefix_length : r->prefix_length;
    int order = memcmp(l->name, r->name, shorter);
    if (order == 0)
        order = (l->prefix_length > r->prefix_length) - (l->prefix_length < r->prefix_length);
    return order;
}

/* Known ones before names, names by what stands in front of their path. */
static int compare_rest(const key *l, const key *r)
{
    if (l->is_known != r->is_known)
        return l->is_known ? -1 : 1;
    int order = l->is_known ? 0 : compare_prefixes(l, r);
    return order != 0 ? order : (l->index > r->index) - (l->index < r->index);
}

static int by_path(const void *left, const void *right)
{
    const key *const *l = left, *const *r = right;
    int order = strcmp((*l)->path, (*r)->path);
    return order != 0 ? order : compare_rest(*l, *r);
}

static int by_file(const void *left, const void *right)
{
    const key *const *l = left, *const *r = right;
    int order = strcmp((*l)->file, (*r)->file);
    return order != 0 ? order : compare_rest(*l, *r);
}

/* Which micrographs a name could mean. */
typedef struct {
    ptrdiff_t first, other, claimed; /* other: the first of another fate; -1: none */
} candidates;

static candidates find_candidates(const matcher *m, const key *const *group, size_t n_known,
                                  const key *name, mdup_same rule)
{
    candidates c = {-1, -1, -1};
    for (size_t i = 0; i < n_known; i++) {
        const key *known = group[i];
        bool fits = rule != MDUP_SAME_PATH || known->prefix_length == 0 ||
                    name->prefix_length == 0 || compare_prefixes(known, name) == 0;
        if (!fits)
            continue;
        ptrdiff_t index = (ptrdiff_t)known->index;
        if (c.first < 0)
            c.first = index;
        else if (c.other < 0 && m->fate[index] != m->fate[c.first])
            c.other = index;
        if (c.claimed < 0 && m->claim[index] >= 0 && m->claimed_by[index] < rule)
            c.claimed = index;
    }
    return c;
}

static void settle_name(const matcher *m, const key *name, const candidates *c, mdup_same rule)
{
    mdup_same_name *out = &m->out[name->index];
    if (c->first < 0)
        return;
    if (c->claimed >= 0)
        *out = (mdup_same_name){MDUP_SAME_SECOND, c->claimed, -1, m->claim[c->claimed]};
    else if (c->other >= 0)
        *out = (mdup_same_name){MDUP_SAME_AMBIGUOUS, c->first, c->other, -1};
    else
        *out = (mdup_same_name){rule, c->first, -1, -1};
}

/* Two names that mean one micrograph by the same rule are two versions of it when their paths are the same (of two jobs), else they may be
 * two micrographs. */
static bool are_versions(const key *l, const key *r)
{
    return strcmp(l->path, r->path) == 0 && compare_prefixes(l, r) == 0;
}

static void claim(const matcher *m, const key *name, mdup_same rule)
{
    const mdup_same_name *out = &m->out[name->index];
    if (out->how != rule)
        return;
    ptrdiff_t *claimant = &m->claim[out->micrograph];
    if (*claimant < 0) {
        *claimant = (ptrdiff_t)name->index;
        m->claimed_by[out->micrograph] = rule;
    } else if (m->contest[out->micrograph] < 0 &&
               !are_versions(&m->keys[m->n_known + (size_t)*claimant], name)) {
        m->contest[out->micrograph] = (ptrdiff_t)name->index;
    }
}

/* Of several names that could all mean one micrograph none does. */
static void spoil_contested(const matcher *m, const key *name, mdup_same rule)
{
    mdup_same_name *out = &m->out[name->index];
    if (out->how != rule || m->fate[out->micrograph] == 0 || m->contest[out->micrograph] < 0)
        return;
    bool is_claimant = m->claim[out->micrograph] == (ptrdiff_t)name->index;
    ptrdiff_t rival = is_claimant ? m->contest[out->micrograph] : m->claim[out->micrograph];
    *out = (mdup_same_name){MDUP_SAME_AMBIGUOUS, out->micrograph, -1, rival};
}

static void settle_group(const matcher *m, const key *const *group, size_t n, mdup_same rule)
{
    size_t n_known = 0;
    bool is_telling = rule != MDUP_SAME_STAMP;
    for (size_t i = 0; i < n; i++) {
        n_known += group[i]->is_known;
        is_telling = is_telling || group[i]->is_telling;
    }
    /* A name that ends in '/' has no file. */
    if (n_known == 0 || n_known == n || !is_telling || group[0]->file[0] == '\0')
        return;
    candidates c = {-1, -1, -1};
    for (size_t i = n_known; i < n; i++) {
        if (i == n_known || compare_prefixes(group[i - 1], group[i]) != 0)
            c = find_candidates(m, group, n_known, group[i], rule);
        settle_name(m, group[i], &c, rule);
    }
    for (size_t i = n_known; i < n; i++)
        claim(m, group[i], rule);
    for (size_t i = n_known; i < n; i++)
        spoil_contested(m, group[i], rule);
}

static bool apply_rule(const matcher *m, mdup_same rule, mdup_error **err)
{
    bool is_path = rule == MDUP_SAME_PATH;
    size_t n = 0;
    const key **open = mdup_calloc(m->n_known + m->n_names, sizeof *open, err);
    if (!open)
        return false;
    for (size_t i = 0; i < m->n_known + m->n_names; i++)
        if (is_open(m, &m->keys[i]))
            open[n++] = &m->keys[i];
    if (n > 1)
        qsort(open, n, sizeof *open, is_path ? by_path : by_file);
    for (size_t begin = 0, end; begin < n; begin = end) {
        for (end = begin + 1; end < n && strcmp(is_path ? open[begin]->path : open[begin]->file,
                                                is_path ? open[end]->path : open[end]->file) == 0;)
            end++;
        settle_group(m, open + begin, end - begin, rule);
    }
    free(open);
    return true;
}

/* ---- all rules ---- */

/* The first rule, and the keys of what is known: of equal names the first only. */
static bool match_exactly(matcher *m, const char *const *known, size_t n_known,
                          const char *const *names, mdup_error **err)
{
    mdup_intern distinct = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < n_known; i++) {
        size_t number, n_before = distinct.n;
        ok = mdup_intern_add(&distinct, known[i], strlen(known[i]), &number, err);
        if (ok && distinct.n > n_before)
            ok = fill_key(&m->keys[m->n_known++], known[i], true, i, err);
    }
    for (size_t i = 0; ok && i < m->n_names; i++) {
        ptrdiff_t number = mdup_intern_find(&distinct, names[i], strlen(names[i]));
        m->out[i] = (mdup_same_name){MDUP_SAME_NONE, -1, -1, -1};
        ok = fill_key(&m->keys[m->n_known + i], names[i], false, i, err);
        if (!ok || number < 0)
            continue;
        size_t index = m->keys[number].index;
        m->out[i] = (mdup_same_name){MDUP_SAME_EXACT, (ptrdiff_t)index, -1, -1};
        m->claim[index] = (ptrdiff_t)i;
        m->claimed_by[index] = MDUP_SAME_EXACT;
    }
    mdup_intern_clear(&distinct);
    return ok;
}

bool mdup_same_micrographs(const char *const *known, const size_t *fate, size_t n_known,
                           const char *const *names, size_t n_names, mdup_same weakest,
                           mdup_same_name *out, mdup_error **err)
{
    matcher m = {.fate = fate, .n_names = n_names, .out = out};
    m.keys = mdup_calloc(n_known + n_names, sizeof *m.keys, err);
    m.claim = m.keys ? mdup_calloc(n_known, sizeof *m.claim, err) : NULL;
    m.contest = m.claim ? mdup_calloc(n_known, sizeof *m.contest, err) : NULL;
    m.claimed_by = m.contest ? mdup_calloc(n_known, sizeof *m.claimed_by, err) : NULL;
    for (size_t i = 0; m.claimed_by && i < n_known; i++)
        m.claim[i] = m.contest[i] = -1;
    bool ok = m.claimed_by && match_exactly(&m, known, n_known, names, err);
    for (int rule = MDUP_SAME_PATH; ok && rule <= (int)weakest; rule++)
        ok = apply_rule(&m, (mdup_same)rule, err);
    for (size_t i = 0; m.keys && i < n_known + n_names; i++) {
        free(m.keys[i].path);
        free(m.keys[i].file);
    }
    free(m.keys);
    free(m.claim);
    free(m.contest);
    free(m.claimed_by);
    return ok;
}

const char *mdup_same_phrase(mdup_same how)
{
    static const char *const phrases[MDUP_SAME_KINDS] = {
        [MDUP_SAME_NONE] = "none",
        [MDUP_SAME_EXACT] = "the same name",
        [MDUP_SAME_PATH] = "the same path in the project",
        [MDUP_SAME_STAMP] = "the same file name, which holds its time",
        [MDUP_SAME_FILE] = "the same file name",
        [MDUP_SAME_SECOND] = "a second version",
        [MDUP_SAME_AMBIGUOUS] = "ambiguous"};
    return phrases[how];
}
