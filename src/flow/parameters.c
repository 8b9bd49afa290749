#include "flow/parameters.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/number.h"
#include "base/strbuf.h"

/* ---- to text ---- */

bool mdup_parameters_add(mdup_parameters *p, const char *name, const char *value, mdup_error **err)
{
    if (!mdup_grow((void **)&p->items, &p->capacity, p->n + 1, sizeof *p->items, err))
        return false;
    mdup_session_parameter item = {mdup_strdup(name, err), NULL};
    item.value = item.name ? mdup_strdup(value, err) : NULL;
    if (!item.value) {
        free(item.name);
        return false;
    }
    p->items[p->n++] = item;
    return true;
}

bool mdup_parameters_add_number(mdup_parameters *p, const char *name, double value,
                                mdup_error **err)
{
    mdup_strbuf text = MDUP_STRBUF_INIT;
    mdup_strbuf_double(&text, value);
    bool ok = mdup_strbuf_check(&text, err) && mdup_parameters_add(p, name, text.text, err);
    mdup_strbuf_free(&text);
    return ok;
}

static const char *const mode0_names[] = {"auto", "signed", "unsigned"};
static const char *const yes_no[] = {"no", "yes"};

bool mdup_parameters_of_options(const mdup_screen_options *o, mdup_parameters *out,
                                mdup_error **err)
{
    return mdup_parameters_add(out, "order", mdup_order_name(o->order), err) &&
           mdup_parameters_add(out, "project_dir", o->project_dir ? o->project_dir : "", err) &&
           mdup_parameters_add(out, "metadata", o->metadata_dir ? o->metadata_dir : "", err) &&
           mdup_parameters_add(out, "mode0", mode0_names[o->mode0], err) &&
           mdup_parameters_add_number(out, "bin", o->bin, err) &&
           mdup_parameters_add_number(out, "imagespermove", (double)o->images_per_move, err) &&
           mdup_parameters_add_number(out, "imagesperhole", (double)o->images_per_hole, err) &&
           mdup_parameters_add_number(out, "scanrange", (double)o->scan_range, err) &&
           mdup_parameters_add_number(out, "max-shift", o->max_shift_px, err) &&
           mdup_parameters_add(out, "optics-group", o->same_optics_group ? "same" : "any", err) &&
           mdup_parameters_add_number(out, "min-overlap", o->min_overlap, err) &&
           mdup_parameters_add_number(out, "evalue", o->max_evalue, err) &&
           mdup_parameters_add(out, "strict", yes_no[o->strict], err) &&
           mdup_parameters_add_number(out, "report-pairs", (double)o->report_pairs, err) &&
           mdup_parameters_add(out, "anonymous", yes_no[o->anonymous], err);
}

void mdup_parameters_clear(mdup_parameters *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->items[i].name);
        free(p->items[i].value);
    }
    free(p->items);
    *p = (mdup_parameters){0};
}

/* ---- and back ---- */

const char *mdup_parameters_find(const mdup_session_parameter *items, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(items[i].name, name) == 0)
            return items[i].value;
    return NULL;
}

static bool fail_value(const char *name, const char *value, mdup_error **err)
{
    return mdup_fail(err, MDUP_ERROR_PARSE,
                     "the session's parameter %s is \"%s\", which it cannot "
                     "be",
                     name, value);
}

/* False only with *err; a parameter that is not there leaves *out as it is. */
static bool get_number(const mdup_session_parameter *items, size_t n, const char *name, double *out,
                       mdup_error **err)
{
    const char *value = mdup_parameters_find(items, n, name);
    return !value || mdup_parse_double(value, strlen(value), out) || fail_value(name, value, err);
}

static bool get_whole(const mdup_session_parameter *items, size_t n, const char *name, int64_t *out,
                      mdup_error **err)
{
    const char *value = mdup_parameters_find(items, n, name);
    return !value || mdup_parse_int64(value, strlen(value), out) || fail_value(name, value, err);
}

static bool get_word(const mdup_session_parameter *items, size_t n, const char *name,
                     const char *const *words, int n_words, int *out, mdup_error **err)
{
    const char *value = mdup_parameters_find(items, n, name);
    for (int i = 0; value && i < n_words; i++)
        if (strcmp(value, words[i]) == 0) {
            *out = i;
            return true;
        }
    return !value || fail_value(name, value, err);
}

static bool get_order(const mdup_session_parameter *items, size_t n, mdup_order *out,
                      mdup_error **err)
{
    const char *value = mdup_parameters_find(items, n, "order");
    return !value || mdup_order_parse(value, out) || fail_value("order", value, err);
}

bool mdup_parameters_to_options(const mdup_session_parameter *items, size_t n,
                                mdup_screen_options *o, mdup_error **err)
{
    static const char *const groups[] = {"any", "same"};
    mdup_screen_options r = *o;
    int64_t bin = r.bin;
    int group = r.same_optics_group, strict = r.strict, anonymous = r.anonymous;
    if (!get_order(items, n, &r.order, err) ||
        !get_word(items, n, "mode0", mode0_names, 3, &r.mode0, err) ||
        !get_whole(items, n, "bin", &bin, err) ||
        !get_whole(items, n, "imagespermove", &r.images_per_move, err) ||
        !get_whole(items, n, "imagesperhole", &r.images_per_hole, err) ||
        !get_whole(items, n, "scanrange", &r.scan_range, err) ||
        !get_number(items, n, "max-shift", &r.max_shift_px, err) ||
        !get_word(items, n, "optics-group", groups, 2, &group, err) ||
        !get_number(items, n, "min-overlap", &r.min_overlap, err) ||
        !get_number(items, n, "evalue", &r.max_evalue, err) ||
        !get_word(items, n, "strict", yes_no, 2, &strict, err) ||
        !get_whole(items, n, "report-pairs", &r.report_pairs, err) ||
        !get_word(items, n, "anonymous", yes_no, 2, &anonymous, err))
        return false;
    const char *project_dir = mdup_parameters_find(items, n, "project_dir");
    r.project_dir = project_dir && project_dir[0] ? project_dir : r.project_dir;
    const char *metadata_dir = mdup_parameters_find(items, n, "metadata");
    r.metadata_dir = metadata_dir && metadata_dir[0] ? metadata_dir : r.metadata_dir;
    r.bin = (int32_t)bin;
    r.same_optics_group = group != 0;
    r.strict = strict != 0;
    r.anonymous = anonymous != 0;
    *o = r;
    return true;
}
