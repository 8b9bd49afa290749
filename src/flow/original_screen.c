#include "flow/original_screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "flow/reading.h"
#include "formats/csv.h"
#include "original/ccc.h"
#include "run/executor.h"

/* References compared in one go: enough to keep the threads busy, few enough that the window decides the memory. */
enum { BLOCK = 64 };

/* One size of binned image: its plan, and a scratch a worker. */
typedef struct {
    int32_t nx, ny;
    mdup_original_plan *plan;
    mdup_original_scratch **scratches;
} size_class;

typedef struct {
    mdup_reading reading;
    ptrdiff_t size_class; /* -1: cannot be compared */
    mdup_original_image *image;
} entry;

typedef struct {
    const mdup_original_options *options;
    const mdup_callbacks *callbacks;
    int n_threads;
    mdup_catalog *catalog;
    entry *entries; /* one a micrograph */
    size_class *classes;
    size_t n_classes, classes_capacity;
    size_t n_references; /* the first n_references micrographs have somebody to be compared with */
    size_t columns;      /* offsets of the matrix */
    float *ccc;          /* n_references rows of `columns` */
    size_t first, last;  /* micrographs loaded, or references compared, in the running batch */
    size_t done;         /* references finished before this batch */
} original;

void mdup_original_options_init(mdup_original_options *options)
{
    *options = (mdup_original_options){
        .csv_path = "ccc.csv",
        .order = MDUP_ORDER_NAME,
        .bin = 8,
        .images_per_move = 16,
        .scan_range = 48,
        .images_per_hole = 4,
        .threshold = 0.2,
    };
}

/* ---- loading ---- */

static bool may_go_on(const original *o)
{
    return !(o->callbacks && o->callbacks->stop && o->callbacks->stop(o->callbacks->user));
}

static bool on_load(void *context, size_t done)
{
    (void)done;
    return may_go_on(context);
}

static bool load_one(void *context, size_t item, int w, mdup_error **err)
{
    (void)w;
    original *o = context;
    size_t i = o->first + item;
    return mdup_read_binned(&o->catalog->micrographs[i], o->options->bin, MDUP_MODE0_AUTO,
                            &o->entries[i].reading, err);
}

static bool prepare_one(void *context, size_t item, int w, mdup_error **err)
{
    original *o = context;
    entry *e = &o->entries[o->first + item];
    if (e->size_class < 0)
        return true;
    const size_class *class = &o->classes[e->size_class];
    e->image = mdup_original_image_new(class->plan, class->scratches[w], e->reading.binned, err);
    free(e->reading.binned);
    e->reading.binned = NULL;
    return e->image != NULL;
}

static bool fill_class(original *o, size_class *class, mdup_error **err)
{
    class->scratches = mdup_calloc((size_t)o->n_threads, sizeof(void *), err);
    class->plan = class->scratches ? mdup_original_plan_new(class->nx, class->ny, err) : NULL;
    bool ok = class->plan != NULL;
    for (int w = 0; ok && w < o->n_threads; w++) {
        class->scratches[w] = mdup_original_scratch_new(class->plan, err);
        ok = class->scratches[w] != NULL;
    }
    return ok;
}

/* The class of a size, -1 with *err when a new one could not be made. */
static ptrdiff_t class_of(original *o, int32_t nx, int32_t ny, mdup_error **err)
{
    for (size_t i = 0; i < o->n_classes; i++)
        if (o->classes[i].nx == nx && o->classes[i].ny == ny)
            return (ptrdiff_t)i;
    if (!mdup_grow((void **)&o->classes, &o->classes_capacity, o->n_classes + 1, sizeof *o->classes,
                   err))
        return -1;
    size_class *class = &o->classes[o->n_classes++];
    *class = (size_class){.nx = nx, .ny = ny};
    return fill_class(o, class, err) ? (ptrdiff_t)(o->n_classes - 1) : -1;
}

static bool classify_loaded(original *o, mdup_error **err)
{
    for (size_t i = o->first; i < o->last; i++) {
        entry *e = &o->entries[i];
        e->size_class = -1;
        if (!e->reading.binned) {
            mdup_log(o->callbacks, MDUP_LOG_WARNING, "%s", e->reading.judgement.reason);
            continue;
        }
        e->size_class = class_of(o, e->reading.frame_nx, e->reading.frame_ny, err);
        if (e->size_class < 0)
            return false;
    }
    return true;
}

static bool run_jobs(original *o, size_t n, mdup_job job, mdup_job_progress progress,
                     mdup_error **err)
{
    mdup_batch batch = {n, o->n_threads, job, progress, o};
    return mdup_run_batch(&batch, err);
}

static bool load(original *o, size_t first, size_t last, mdup_error **err)
{
    o->first = first;
    o->last = last;
    return run_jobs(o, last - first, load_one, on_load, err) && classify_loaded(o, err) &&
           run_jobs(o, last - first, prepare_one, on_load, err);
}

static void unload(original *o, size_t first, size_t last)
{
    for (size_t i = first; i < last; i++) {
        mdup_original_image_free(o->entries[i].image);
        o->entries[i].image = NULL;
        mdup_reading_clear(&o->entries[i].reading);
    }
}

/* ---- comparing ---- */

static bool compare_one(void *context, size_t item, int w, mdup_error **err)
{
    (void)err;
    original *o = context;
    size_t i = o->first + item;
    const entry *reference = &o->entries[i];
    if (!reference->image)
        return true;
    const size_class *class = &o->classes[reference->size_class];
    mdup_original_set_reference(class->plan, class->scratches[w], reference->image);
    for (size_t column = 0; column < o->columns; column += (size_t)o->options->images_per_hole) {
        size_t j = i + (size_t)o->options->images_per_move + column;
        if (j >= o->catalog->n)
            break;
        const entry *target = &o->entries[j];
        if (!target->image || target->size_class != reference->size_class)
            continue;
        mdup_original_result result;
        mdup_original_compare(class->plan, class->scratches[w], target->image, &result);
        o->ccc[i * o->columns + column] = (float)result.ccc;
    }
    return true;
}

static bool on_compare(void *context, size_t done)
{
    original *o = context;
    if (o->callbacks && o->callbacks->progress)
        o->callbacks->progress(o->callbacks->user, "comparing", (int64_t)(o->done + done),
                               (int64_t)o->n_references);
    return may_go_on(o);
}

static bool compare_block(original *o, size_t first, size_t last, mdup_error **err)
{
    o->first = first;
    o->last = last;
    o->done = first;
    return run_jobs(o, last - first, compare_one, on_compare, err);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool compare_all(original *o, mdup_error **err)
{
    size_t n = o->catalog->n, loaded = 0;
    size_t reach = (size_t)o->options->images_per_move + o->columns;
    for (size_t first = 0; first < o->n_references; first += BLOCK) {
        size_t last = smaller(first + BLOCK, o->n_references);
        size_t needed = smaller(last - 1 + reach, n);
        if (needed > loaded && !load(o, loaded, needed, err))
            return false;
        loaded = needed > loaded ? needed : loaded;
        if (!compare_block(o, first, last, err))
            return false;
        unload(o, first, last);
    }
    return true;
}

/* ---- writing ---- */

/* Neither output may replace a file of another kind: the CSV is known by its first line, the matrix by its characters. */
static bool looks_like_pairs(const char *text)
{
    static const char header[] = "Original,Duplicate";
    return strncmp(text, header, sizeof header - 1) == 0;
}

static bool looks_like_matrix(const char *text)
{
    return text[strspn(text, "0123456789.,-\r\n")] == '\0';
}

enum { LARGEST_OUTPUT_bytes = 1 << 30 };

static bool refuse_foreign(const char *path, bool (*is_ours)(const char *), mdup_error **err)
{
    size_t length;
    mdup_error *failed = NULL;
    bool is_folder = mdup_path_is_directory(path);
    char *text = is_folder ? NULL : mdup_file_read(path, LARGEST_OUTPUT_bytes, &length, &failed);
    if (!text && !is_folder) {
        if (mdup_error_get_code(failed) != MDUP_ERROR_MISSING)
            return mdup_error_move(err, &failed);
        mdup_error_clear(&failed);
        return true;
    }
    /* Both forms pass for both outputs: the original wrote the matrix over the pairs when they had one name. */
    bool ours = text && (is_ours(text) || looks_like_matrix(text));
    free(text);
    if (ours)
        return true;
    return mdup_fail(err, MDUP_ERROR_INVALID,
                     "%s: exists and is no result of this program; give another name with --csvout",
                     path);
}

/* Before anything is compared, so that the work is not lost for want of a place. */
static bool prepare_folder(const char *csv_path, mdup_error **err)
{
    if (csv_path[0] == '\0')
        return mdup_fail(err, MDUP_ERROR_INVALID, "--csvout needs the name of a file");
    if (mdup_path_base(csv_path)[0] == '\0' || mdup_path_is_directory(csv_path))
        return mdup_fail(err, MDUP_ERROR_INVALID,
                         "%s: is a folder; give a file's name with --csvout", csv_path);
    char *folder = mdup_path_directory(csv_path, err);
    bool ok = folder && mdup_path_make_directory(folder, err);
    if (ok && access(folder, W_OK | X_OK) != 0)
        ok = mdup_fail(err, MDUP_ERROR_IO, "%s: cannot be written to: %s", folder, strerror(errno));
    free(folder);
    return ok;
}

static char *matrix_path(const char *csv_path, mdup_error **err)
{
    bool same = strcmp(mdup_path_base(csv_path), "ccc.csv") == 0;
    char *folder = mdup_path_directory(csv_path, err);
    char *path = folder ? mdup_path_join(folder, same ? "ccc_matrix.csv" : "ccc.csv", err) : NULL;
    free(folder);
    return path;
}

typedef struct {
    float ccc;
    size_t column;
} hit;

static int best_first(const void *left, const void *right)
{
    const hit *l = left, *r = right;
    if (l->ccc != r->ccc)
        return l->ccc > r->ccc ? -1 : 1;
    return l->column < r->column ? -1 : l->column > r->column;
}

static bool was_compared(const original *o, size_t i, size_t column)
{
    size_t j = i + (size_t)o->options->images_per_move + column;
    return column % (size_t)o->options->images_per_hole == 0 && j < o->catalog->n;
}

static int64_t put_pairs(const original *o, hit *hits, mdup_strbuf *out)
{
    int64_t n_found = 0;
    mdup_strbuf_puts(out, "Original,Duplicate\n");
    for (size_t i = 0; i < o->n_references; i++) {
        size_t n_hits = 0;
        for (size_t column = 0; column < o->columns; column++) {
            float ccc = o->ccc[i * o->columns + column];
            if (was_compared(o, i, column) && (double)ccc > o->options->threshold)
                hits[n_hits++] = (hit){ccc, column};
        }
        qsort(hits, n_hits, sizeof *hits, best_first);
        for (size_t h = 0; h < n_hits; h++) {
            size_t j = i + (size_t)o->options->images_per_move + hits[h].column;
            mdup_csv_field(out, o->catalog->micrographs[i].name);
            mdup_csv_field(out, o->catalog->micrographs[j].name);
            mdup_csv_end(out);
        }
        n_found += (int64_t)n_hits;
    }
    return n_found;
}

static void put_matrix(const original *o, mdup_strbuf *out)
{
    for (size_t i = 0; i < o->n_references; i++) {
        for (size_t column = 0; column < o->columns; column++)
            mdup_strbuf_printf(out, "%s%.4f", column ? "," : "",
                               (double)o->ccc[i * o->columns + column]);
        mdup_strbuf_puts(out, "\n");
    }
}

static bool write_text(const char *path, const mdup_strbuf *text, mdup_error **err)
{
    return mdup_strbuf_check(text, err) &&
           mdup_file_replace(path, text->text ? text->text : "", text->length, err);
}

static bool write_outputs(const original *o, const char *matrix, int64_t *n_found, mdup_error **err)
{
    hit *hits = mdup_calloc(o->columns, sizeof *hits, err);
    if (!hits)
        return false;
    mdup_strbuf pairs = MDUP_STRBUF_INIT, cccs = MDUP_STRBUF_INIT;
    *n_found = put_pairs(o, hits, &pairs);
    put_matrix(o, &cccs);
    bool ok = write_text(o->options->csv_path, &pairs, err) && write_text(matrix, &cccs, err);
    mdup_strbuf_free(&pairs);
    mdup_strbuf_free(&cccs);
    free(hits);
    return ok;
}

/* ---- the whole ---- */

static bool plan_window(original *o, mdup_error **err)
{
    size_t n = o->catalog->n, move = (size_t)o->options->images_per_move;
    size_t range = (size_t)o->options->scan_range;
    o->n_references = n > move ? n - move : 0;
    /* Columns past the end of the list would be 0.0000 in every row; the original writes them, a session shorter than its scan range
     * keeps them too, and only an absurd range is cut. */
    o->columns = smaller(range, n > 65536 ? n : 65536);
    if (n == 1)
        mdup_log(o->callbacks, MDUP_LOG_WARNING, "only one micrograph: nothing to compare");
    else if (o->n_references == 0)
        mdup_log(o->callbacks, MDUP_LOG_WARNING,
                 "%zu micrographs and --imagespermove %zu: there is nothing to compare; lower "
                 "--imagespermove",
                 n, move);
    o->entries = mdup_calloc(n, sizeof *o->entries, err);
    o->ccc = o->entries ? mdup_calloc(o->n_references * o->columns, sizeof *o->ccc, err) : NULL;
    return o->ccc != NULL;
}

static bool run(original *o, int64_t *n_found, mdup_error **err)
{
    const mdup_original_options *options = o->options;
    mdup_catalog_options catalog_options = {.order = options->order,
                                            .project_dir = options->project_dir};
    o->catalog =
        mdup_catalog_build(options->inputs, options->n_inputs, &catalog_options, o->callbacks, err);
    if (!o->catalog || !plan_window(o, err))
        return false;
    char *matrix = matrix_path(options->csv_path, err);
    bool ok = matrix && prepare_folder(options->csv_path, err) &&
              refuse_foreign(options->csv_path, looks_like_pairs, err) &&
              refuse_foreign(matrix, looks_like_matrix, err) && compare_all(o, err) &&
              write_outputs(o, matrix, n_found, err);
    free(matrix);
    return ok;
}

static void clear(original *o)
{
    if (o->entries)
        unload(o, 0, o->catalog->n);
    free(o->entries);
    free(o->ccc);
    for (size_t i = 0; i < o->n_classes; i++) {
        for (int w = 0; o->classes[i].scratches && w < o->n_threads; w++)
            mdup_original_scratch_free(o->classes[i].scratches[w]);
        free(o->classes[i].scratches);
        mdup_original_plan_free(o->classes[i].plan);
    }
    free(o->classes);
    mdup_catalog_free(o->catalog);
}

bool mdup_original_screen(const mdup_original_options *options, const mdup_callbacks *callbacks,
                          int64_t *n_found, mdup_error **err)
{
    original o = {.options = options, .callbacks = callbacks};
    o.n_threads = options->n_threads > 0 ? options->n_threads : mdup_default_workers();
    bool ok = run(&o, n_found, err);
    clear(&o);
    return ok;
}
