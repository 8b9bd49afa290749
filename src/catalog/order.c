#include "catalog/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "catalog/names.h"

static const double YEAR_2000_s = 366 * 86400.0;

/* ---- natural comparison ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(const char *text, size_t at, size_t length)
{
    while (at < length && is_digit(text[at]))
        at++;
    return at;
}

static size_t skip_zeros(const char *text, size_t at, size_t length)
{
    while (at < length && text[at] == '0')
        at++;
    return at;
}

static int compare_bytes(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t shorter = a_length < b_length ? a_length : b_length;
    int order = shorter ? memcmp(a, b, shorter) : 0;
    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

/* Equal for names that differ only in leading zeros.  A number against another byte compares by its
 * first digit, which is as good as by '0', since no other byte lies among the digits. */
static int compare_naturally(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t i = 0, k = 0;
    while (i < a_length && k < b_length) {
        if (is_digit(a[i]) && is_digit(b[k])) {
            i = skip_zeros(a, i, a_length);
            k = skip_zeros(b, k, b_length);
            size_t a_end = skip_digits(a, i, a_length), b_end = skip_digits(b, k, b_length);
            if (a_end - i != b_end - k)
                return a_end - i < b_end - k ? -1 : 1;
            int order = compare_bytes(a + i, a_end - i, b + k, b_end - k);
            if (order != 0)
                return order;
            i = a_end;
            k = b_end;
        } else if (a[i] != b[k]) {
            return (unsigned char)a[i] < (unsigned char)b[k] ? -1 : 1;
        } else {
            i++;
            k++;
        }
    }
    return (i < a_length) - (k < b_length);
}

int mdup_natural_compare(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int order = compare_naturally(a, a_length, b, b_length);
    return order != 0 ? order : compare_bytes(a, a_length, b, b_length);
}

/* ---- keys ---- */

typedef struct {
    mdup_micrograph micrograph;
    mdup_name parts;
} sort_key;

static int compare_spans(const char *a, mdup_span x, const char *b, mdup_span y)
{
    return mdup_natural_compare(a + x.begin, x.length, b + y.begin, y.length);
}

static int compare_listed(const void *a, const void *b)
{
    const sort_key *x = a, *y = b;
    if (x->micrograph.source != y->micrograph.source)
        return x->micrograph.source < y->micrograph.source ? -1 : 1;
    return (x->micrograph.row > y->micrograph.row) - (x->micrograph.row < y->micrograph.row);
}

static int compare_natural(const void *a, const void *b)
{
    const sort_key *x = a, *y = b;
    const char *x_name = x->micrograph.name, *y_name = y->micrograph.name;
    int order = compare_spans(x_name, x->parts.folder, y_name, y->parts.folder);
    if (order == 0)
        order = compare_spans(x_name, x->parts.stem, y_name, y->parts.stem);
    if (order == 0) /* what is cut off: uid, suffix, extension, "N@" */
        order = mdup_natural_compare(x_name, strlen(x_name), y_name, strlen(y_name));
    return order != 0 ? order : compare_listed(a, b);
}

static int compare_name(const void *a, const void *b)
{
    const sort_key *x = a, *y = b;
    int order = strcmp(x->micrograph.name, y->micrograph.name);
    return order != 0 ? order : compare_listed(a, b);
}

static int compare_time(const void *a, const void *b)
{
    const sort_key *x = a, *y = b;
    if (x->micrograph.has_time != y->micrograph.has_time)
        return x->micrograph.has_time ? -1 : 1;
    if (x->micrograph.has_time && x->micrograph.time_s != y->micrograph.time_s)
        return x->micrograph.time_s < y->micrograph.time_s ? -1 : 1;
    return compare_natural(a, b);
}

/* ---- times from names ---- */

static int compare_doubles(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Where, among n sorted times of one year, the session begins: behind the longest gap, the one over
 * New Year first. */
static double session_begin_s(const double *sorted_s, size_t n)
{
    double longest_s = sorted_s[0] + YEAR_2000_s - sorted_s[n - 1], begin_s = sorted_s[0];
    for (size_t i = 1; i < n; i++) {
        double gap_s = sorted_s[i] - sorted_s[i - 1];
        if (gap_s > longest_s) {
            longest_s = gap_s;
            begin_s = sorted_s[i];
        }
    }
    return begin_s;
}

static bool unroll_year(sort_key *keys, size_t n, mdup_error **err)
{
    double *sorted_s = mdup_calloc(n, sizeof *sorted_s, err);
    if (!sorted_s)
        return false;
    size_t n_times = 0;
    for (size_t i = 0; i < n; i++)
        if (keys[i].micrograph.has_time)
            sorted_s[n_times++] = keys[i].micrograph.time_s;
    if (n_times > 0) {
        qsort(sorted_s, n_times, sizeof *sorted_s, compare_doubles);
        double begin_s = session_begin_s(sorted_s, n_times);
        for (size_t i = 0; i < n; i++)
            if (keys[i].micrograph.has_time && keys[i].micrograph.time_s < begin_s)
                keys[i].micrograph.time_s += YEAR_2000_s;
    }
    free(sorted_s);
    return true;
}

/* Of one clock, unlike stamps in names, so either all come from there or none. */
static bool set_recorded_times(sort_key *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!keys[i].micrograph.recorded.has_time)
            return false;
    for (size_t i = 0; i < n; i++) {
        keys[i].micrograph.has_time = true;
        keys[i].micrograph.time_s = keys[i].micrograph.recorded.time_s;
    }
    return n > 0;
}

static bool set_name_times(sort_key *keys, size_t n, mdup_error **err)
{
    size_t n_with_year = 0;
    for (size_t i = 0; i < n; i++)
        n_with_year += keys[i].parts.has_time && keys[i].parts.has_year;
    for (size_t i = 0; i < n; i++) {
        const mdup_name *parts = &keys[i].parts;
        keys[i].micrograph.has_time = parts->has_time && (parts->has_year || n_with_year == 0);
        keys[i].micrograph.time_s = keys[i].micrograph.has_time ? parts->time_s : 0;
    }
    return n_with_year > 0 || unroll_year(keys, n, err);
}

/* ---- times from files ---- */

static void set_file_times(sort_key *keys, size_t n, const mdup_callbacks *callbacks)
{
    size_t n_missing = 0;
    for (size_t i = 0; i < n; i++) {
        mdup_micrograph *m = &keys[i].micrograph;
        struct stat status;
        m->has_time = stat(m->path, &status) == 0;
        m->time_s =
            m->has_time ? (double)status.st_mtim.tv_sec + 1e-9 * (double)status.st_mtim.tv_nsec : 0;
        n_missing += !m->has_time;
    }
    if (n_missing > 0)
        mdup_log(callbacks, MDUP_LOG_WARNING,
                 "order: files that are missing have no time and come last (%zu of %zu)", n_missing,
                 n);
}

/* ---- are the names numbered ---- */

/* Compares names with every number taken as the same. */
static int compare_patterns(const void *a, const void *b)
{
    const sort_key *x = *(const sort_key *const *)a, *y = *(const sort_key *const *)b;
    const char *s = x->micrograph.name + x->parts.stem.begin;
    const char *t = y->micrograph.name + y->parts.stem.begin;
    size_t i = 0, k = 0, s_length = x->parts.stem.length, t_length = y->parts.stem.length;
    while (i < s_length && k < t_length) {
        if (is_digit(s[i]) && is_digit(t[k])) {
            i = skip_digits(s, i, s_length);
            k = skip_digits(t, k, t_length);
        } else if (s[i] != t[k]) {
            return (unsigned char)s[i] < (unsigned char)t[k] ? -1 : 1;
        } else {
            i++;
            k++;
        }
    }
    return (i < s_length) - (k < t_length);
}

static bool has_number(const sort_key *key)
{
    for (size_t i = 0; i < key->parts.stem.length; i++)
        if (is_digit(key->micrograph.name[key->parts.stem.begin + i]))
            return true;
    return false;
}

/* Each name holds a number, and the names without their numbers are at most half as many: "mic_001"
 * to "mic_900" are one, hexadecimal nonsense and "p53_left", "p53_right" are one each. */
static bool are_numbered(const sort_key *keys, size_t n, bool *numbered, mdup_error **err)
{
    *numbered = false;
    for (size_t i = 0; i < n; i++)
        if (!has_number(&keys[i]))
            return true;
    const sort_key **sorted = mdup_calloc(n, sizeof *sorted, err);
    if (!sorted)
        return false;
    for (size_t i = 0; i < n; i++)
        sorted[i] = &keys[i];
    qsort(sorted, n, sizeof *sorted, compare_patterns);
    size_t n_patterns = 1;
    for (size_t i = 1; i < n; i++)
        n_patterns += compare_patterns(&sorted[i - 1], &sorted[i]) != 0;
    free(sorted);
    *numbered = n_patterns <= (n + 1) / 2;
    return true;
}

/* ---- choice ---- */

typedef struct {
    size_t n_stamped;
    bool all_equal;     /* the stamps */
    bool recorded;      /* they are the microscope's, not those of names */
    mdup_naming naming; /* of all names, else PLAIN */
} stamp_summary;

static stamp_summary summarise(const sort_key *keys, size_t n)
{
    stamp_summary sum = {.all_equal = true, .naming = keys[0].parts.naming};
    const mdup_micrograph *first = NULL;
    for (size_t i = 0; i < n; i++) {
        const mdup_micrograph *m = &keys[i].micrograph;
        if (keys[i].parts.naming != sum.naming)
            sum.naming = MDUP_NAMING_PLAIN;
        if (!m->has_time)
            continue;
        sum.n_stamped++;
        first = first ? first : m;
        sum.all_equal = sum.all_equal && m->time_s == first->time_s;
    }
    return sum;
}

static const char *stamp_kind(mdup_naming naming)
{
    return naming == MDUP_NAMING_EPU ? "EPU " : naming == MDUP_NAMING_SERIALEM ? "SerialEM " : "";
}

static bool choose(const sort_key *keys, size_t n, const stamp_summary *stamps, mdup_order *order,
                   mdup_strbuf *reason, mdup_error **err)
{
    bool numbered;
    if (stamps->n_stamped == n && !(stamps->all_equal && n > 1)) {
        *order = MDUP_ORDER_TIME;
        if (stamps->recorded)
            mdup_strbuf_puts(reason, "the microscope's files tell the times");
        else
            mdup_strbuf_printf(reason, "names hold %stime stamps", stamp_kind(stamps->naming));
        return true;
    }
    if (!are_numbered(keys, n, &numbered, err))
        return false;
    *order = numbered ? MDUP_ORDER_NATURAL : MDUP_ORDER_STAR;
    if (stamps->n_stamped == n)
        mdup_strbuf_puts(reason, "all names hold the same time stamp, ");
    else if (stamps->n_stamped > 0)
        mdup_strbuf_printf(reason, "only %zu of %zu names hold a usable time stamp, ",
                           stamps->n_stamped, n);
    else
        mdup_strbuf_puts(reason, "names hold no time stamps, ");
    mdup_strbuf_puts(reason, numbered ? "but are numbered" : "and are not numbered");
    return true;
}

/* Times of files are a poor substitute, so besides the reason there is a warning. */
static void use_file_times(sort_key *keys, size_t n, const stamp_summary *stamps,
                           mdup_strbuf *reason, const mdup_callbacks *callbacks)
{
    char why[96] = "names hold no time stamps";
    if (stamps->n_stamped > 0)
        (void)snprintf(why, sizeof why, "only %zu of %zu names hold a usable time stamp",
                       stamps->n_stamped, n);
    mdup_strbuf_printf(reason, "; %s, so the files' modification times are used", why);
    mdup_log(callbacks, MDUP_LOG_WARNING,
             "order: the files' modification times are used, which may be those of motion "
             "correction, since %s",
             why);
    set_file_times(keys, n, callbacks);
}

static bool decide(sort_key *keys, size_t n, bool recorded, mdup_order *order, mdup_strbuf *reason,
                   const mdup_callbacks *callbacks, mdup_error **err)
{
    stamp_summary stamps = summarise(keys, n);
    stamps.recorded = recorded;
    if (*order == MDUP_ORDER_AUTO)
        return choose(keys, n, &stamps, order, reason, err);
    mdup_strbuf_puts(reason, "as asked for");
    if (*order == MDUP_ORDER_TIME && stamps.n_stamped < n)
        use_file_times(keys, n, &stamps, reason, callbacks);
    return true;
}

/* ---- does the order contradict the stamps ---- */

/* Length of the longest subsequence of times that never falls, by patience sorting: tails[k] is the
 * least end of one of k + 1. */
static size_t longest_rise(const double *times_s, size_t n, double *tails_s)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        size_t low = 0, high = length;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (tails_s[middle] <= times_s[i])
                low = middle + 1;
            else
                high = middle;
        }
        tails_s[low] = times_s[i];
        length += low == length;
    }
    return length;
}

static bool warn_of_contradiction(const mdup_catalog *c, bool recorded,
                                  const mdup_callbacks *callbacks, mdup_error **err)
{
    double *times_s = mdup_calloc(c->n, 2 * sizeof *times_s, err);
    if (!times_s)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->micrographs[i].has_time)
            times_s[n++] = c->micrographs[i].time_s;
    size_t out_of_place = n - longest_rise(times_s, n, times_s + c->n);
    free(times_s);
    if (out_of_place > 0)
        mdup_log(
            callbacks, MDUP_LOG_WARNING,
            "order '%s' contradicts the time stamps in the %s: %zu of %zu micrographs are out of "
            "place%s",
            mdup_order_name(c->order_used), recorded ? "microscope's files" : "names", out_of_place,
            n, n == c->n ? "; --order time follows the stamps" : "");
    return true;
}

/* ---- all of it ---- */

static sort_key *make_keys(const mdup_catalog *c, mdup_error **err)
{
    sort_key *keys = mdup_calloc(c->n, sizeof *keys, err);
    for (size_t i = 0; keys && i < c->n; i++) {
        keys[i].micrograph = c->micrographs[i];
        mdup_name_parse(c->micrographs[i].name, &keys[i].parts);
    }
    return keys;
}

static void sort_keys(sort_key *keys, size_t n, mdup_order order)
{
    static int (*const compare[])(const void *, const void *) = {
        [MDUP_ORDER_AUTO] = compare_listed, [MDUP_ORDER_STAR] = compare_listed,
        [MDUP_ORDER_NAME] = compare_name,   [MDUP_ORDER_NATURAL] = compare_natural,
        [MDUP_ORDER_TIME] = compare_time,
    };
    qsort(keys, n, sizeof *keys, compare[order]);
}

bool mdup_catalog_sort(mdup_catalog *catalog, mdup_order order, const mdup_callbacks *callbacks,
                       mdup_error **err)
{
    mdup_strbuf reason = MDUP_STRBUF_INIT;
    sort_key *keys = make_keys(catalog, err);
    bool recorded = keys && set_recorded_times(keys, catalog->n);
    bool ok = keys && (recorded || set_name_times(keys, catalog->n, err)) &&
              decide(keys, catalog->n, recorded, &order, &reason, callbacks, err) &&
              mdup_strbuf_check(&reason, err);
    if (ok) {
        sort_keys(keys, catalog->n, order);
        for (size_t i = 0; i < catalog->n; i++)
            catalog->micrographs[i] = keys[i].micrograph;
        catalog->order_used = order;
        catalog->order_reason = reason.text;
        reason = (mdup_strbuf)MDUP_STRBUF_INIT;
    }
    mdup_strbuf_free(&reason);
    free(keys);
    return ok &&
           (order == MDUP_ORDER_TIME || warn_of_contradiction(catalog, recorded, callbacks, err));
}
