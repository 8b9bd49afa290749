#include "flow/summary.h"

#include <microdup/version.h>

#include "formats/json.h"

static void put_parameters(mdup_json *json, const mdup_screen_options *o,
                           const mdup_parameters *rules, int n_threads)
{
    mdup_json_object(json, "parameters");
    mdup_json_array(json, "inputs");
    for (size_t i = 0; i < o->n_inputs; i++)
        mdup_json_string(json, NULL, o->inputs[i]);
    mdup_json_end_array(json);
    mdup_json_string(json, "out_dir", o->out_dir);
    mdup_json_string(json, "project_dir", o->project_dir ? o->project_dir : "");
    mdup_json_string(json, "order", mdup_order_name(o->order));
    mdup_json_int(json, "bin", o->bin);
    mdup_json_int(json, "imagespermove", o->images_per_move);
    mdup_json_int(json, "imagesperhole", o->images_per_hole);
    mdup_json_int(json, "scanrange", o->scan_range);
    mdup_json_double(json, "max_shift", o->max_shift_px);
    mdup_json_string(json, "optics_group", o->same_optics_group ? "same" : "any");
    mdup_json_double(json, "min_overlap", o->min_overlap);
    mdup_json_double(json, "evalue", o->max_evalue);
    mdup_json_bool(json, "strict", o->strict);
    mdup_json_int(json, "threads", n_threads);
    for (size_t i = 0; rules && i < rules->n; i++)
        mdup_json_string(json, rules->items[i].name, rules->items[i].value);
    mdup_json_end_object(json);
}

static void put_counts(mdup_json *json, const mdup_screen_summary *s)
{
    mdup_json_object(json, "counts");
    mdup_json_int(json, "micrographs", s->n_micrographs);
    mdup_json_int(json, "judged", s->n_judged);
    mdup_json_int(json, "not_judged", s->n_not_judged);
    mdup_json_int(json, "pairs_compared", s->n_pairs_compared);
    mdup_json_int(json, "duplicate_pairs", s->n_duplicate_pairs);
    mdup_json_int(json, "overlap_pairs", s->n_overlap_pairs);
    mdup_json_int(json, "sets", s->n_sets);
    mdup_json_int(json, "removed", s->n_removed);
    mdup_json_int(json, "exact_copies", s->n_exact_copies);
    mdup_json_end_object(json);
}

void mdup_summary_json(const mdup_screen_options *o, const mdup_screen_summary *s,
                       const mdup_catalog *catalog, const mdup_parameters *rules, int n_threads,
                       mdup_strbuf *out)
{
    mdup_json json;
    mdup_json_begin(&json, out);
    mdup_json_object(&json, NULL);
    mdup_json_string(&json, "program", "microdup");
    mdup_json_string(&json, "version", mdup_version());
    mdup_json_bool(&json, "finished", true);
    if (o->command_line)
        mdup_json_string(&json, "command_line", o->command_line);
    mdup_json_string(&json, "order_used", mdup_order_name(catalog->order_used));
    mdup_json_string(&json, "order_reason", catalog->order_reason);
    mdup_json_int(&json, "bin_used", s->bin);
    mdup_json_double(&json, "spot_share", s->spot_share);
    put_parameters(&json, o, rules, n_threads);
    put_counts(&json, s);
    mdup_json_object(&json, "seconds");
    mdup_json_double(&json, "reading", s->read_s);
    mdup_json_double(&json, "comparing", s->compare_s);
    mdup_json_double(&json, "total", s->total_s);
    mdup_json_end_object(&json);
    mdup_json_end_object(&json);
    mdup_strbuf_puts(out, "\n");
}
