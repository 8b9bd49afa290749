#include "publish/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "formats/json.h"
#include "publish/words.h"

/* mdup_words_kind's. */
static const char *const labels[] = {"duplicate", "again in part", "by design", "exact copy"};
enum { LABEL_OF_COPY = 3 };

static bool is_utf8(const char *text)
{
    for (size_t length; *text; text += length)
        if ((length = mdup_utf8_length(text)) == 0)
            return false;
    return true;
}

static void put_hex(mdup_json *json, const char *name)
{
    mdup_strbuf hex = MDUP_STRBUF_INIT;
    for (; *name; name++)
        mdup_strbuf_printf(&hex, "%02x", (unsigned)(unsigned char)*name);
    mdup_json_string(json, NULL, hex.text);
    json->out->failed = json->out->failed || hex.failed;
    mdup_strbuf_free(&hex);
}

static void put_micrograph(const mdup_view *view, size_t index, mdup_json *json)
{
    const mdup_report_micrograph *m = &view->report->micrographs[index];
    mdup_json_array(json, NULL);
    mdup_json_int(json, NULL, (int64_t)index + 1);
    mdup_json_string(json, NULL, m->name);
    mdup_json_string(json, NULL, m->hole ? m->hole : "");
    mdup_json_string(json, NULL, m->shot ? m->shot : "");
    mdup_json_int(json, NULL, view->report->decision->set[index]);
    mdup_json_int(json, NULL, view->report->decision->removed[index]);
    if (!is_utf8(m->name))
        put_hex(json, m->name);
    mdup_json_end_array(json);
}

/* No more digits than pairs.csv has. */
static void put_rounded(mdup_json *json, double value, double step)
{
    mdup_json_double(json, NULL, round(value / step) / round(1 / step));
}

static void put_texts(const mdup_view *view, const mdup_pair *pair, mdup_json *json)
{
    const mdup_report_micrograph *a = &view->report->micrographs[pair->a],
                                 *b = &view->report->micrographs[pair->b];
    mdup_strbuf evalue = MDUP_STRBUF_INIT, apart = MDUP_STRBUF_INIT;
    mdup_words_evalue(&evalue, pair);
    mdup_words_apart(view, pair, &apart);
    put_rounded(json, pair->log10_evalue, 0.01);
    mdup_json_string(json, NULL, evalue.text);
    mdup_json_double(json, NULL,
                     view->has_times ? b->time_s - a->time_s : (double)(pair->b - pair->a));
    mdup_json_string(json, NULL, apart.text);
    json->out->failed = json->out->failed || evalue.failed || apart.failed;
    mdup_strbuf_free(&apart);
    mdup_strbuf_free(&evalue);
}

static void put_pair(const mdup_view *view, size_t p, const size_t *place, mdup_json *json)
{
    const mdup_pair *pair = &view->report->pairs[p];
    const mdup_decision *d = view->report->decision;
    mdup_json_array(json, NULL);
    mdup_json_int(json, NULL, (int64_t)p + 1);
    mdup_json_int(json, NULL, (int64_t)place[pair->a]);
    mdup_json_int(json, NULL, (int64_t)place[pair->b]);
    mdup_json_int(json, NULL, view->kind[p]);
    mdup_json_int(json, NULL, pair->is_copy ? LABEL_OF_COPY : (int)view->kind[p]);
    put_rounded(json, pair->overlap, 0.0001);
    put_rounded(json, pair->shift_x_px, 0.01);
    put_rounded(json, pair->shift_y_px, 0.01);
    put_rounded(json, pair->ccc, 0.0001);
    put_rounded(json, pair->score, 0.01);
    put_texts(view, pair, json);
    mdup_json_int(json, NULL, d->set[pair->a] == d->set[pair->b] ? d->set[pair->a] : 0);
    mdup_json_string(json, NULL,
                     pair->is_copy ? mdup_orientation_copy_name(pair->orientation) : "");
    put_rounded(json, pair->shift_sd_px, 0.01);
    mdup_json_int(json, NULL, view->is_pictured[p]);
    mdup_json_end_array(json);
}

/* What names in the table stand without.  What of them is no UTF-8 becomes a character a byte here as in the names. */
static void put_common(const mdup_view *view, mdup_json *json)
{
    const char *name = view->report->n > 0 ? view->report->micrographs[0].name : "";
    mdup_strbuf beginning = MDUP_STRBUF_INIT;
    mdup_strbuf_append(&beginning, name, view->beginning_length);
    mdup_json_string(json, "beginning", beginning.text ? beginning.text : "");
    mdup_json_string(json, "ending", name + strlen(name) - view->ending_length);
    json->out->failed = json->out->failed || beginning.failed;
    mdup_strbuf_free(&beginning);
}

/* Numbers the micrographs that stand in a pair: place[i], from 0; SIZE_MAX for the others. */
static void put_all(const mdup_view *view, size_t *place, mdup_json *json)
{
    const mdup_report *r = view->report;
    size_t n = 0;
    memset(place, 0, r->n * sizeof *place);
    for (size_t p = 0; p < r->n_pairs; p++)
        place[r->pairs[p].a] = place[r->pairs[p].b] = 1;
    mdup_json_object(json, NULL);
    mdup_json_array(json, "labels");
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        mdup_json_string(json, NULL, labels[i]);
    mdup_json_end_array(json);
    put_common(view, json);
    mdup_json_array(json, "micrographs");
    for (size_t i = 0; i < r->n; i++) {
        if (!place[i])
            continue;
        place[i] = n++;
        put_micrograph(view, i, json);
    }
    mdup_json_end_array(json);
    mdup_json_array(json, "pairs");
    for (size_t i = 0; i < r->n_pairs; i++)
        put_pair(view, view->by_importance[i], place, json);
    mdup_json_end_array(json);
    mdup_json_end_object(json);
}

void mdup_page_data(const mdup_view *view, mdup_strbuf *out)
{
    mdup_json json;
    size_t *place = mdup_calloc(view->report->n, sizeof *place, NULL);
    mdup_json_begin_embedded(&json, out);
    if (place)
        put_all(view, place, &json);
    else
        out->failed = true;
    free(place);
}
