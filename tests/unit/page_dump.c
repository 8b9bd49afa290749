/* page_dump KIND PAGE.html LOG.pdf: what the report makes of sessions that no search has to be run for.  For tests/cli/test_page.py, where it is
 * MDUP_PAGE_DUMP.  KIND: none (no duplicates), pairs (200 of them, and 600 overlaps by design), many (20,000 micrographs), hostile (names). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "publish/report.h"

enum { FRAME_NX = 360, FRAME_NY = 256, BIN = 16, NX = FRAME_NX * BIN, NY = FRAME_NY * BIN };

typedef struct {
    mdup_report_micrograph *micrographs;
    char (*names)[96], (*holes)[32];
    struct {
        double x, y; /* of the lower left corner on the specimen, px */
    } * places;
    size_t n;
    mdup_pair *pairs;
    size_t n_pairs, capacity;
    mdup_drawn unrelated[1000];
    mdup_decision decision;
    int8_t frame[FRAME_NX * FRAME_NY];
} session;

static void stop(mdup_error **err)
{
    fprintf(stderr, "page_dump: %s\n", *err ? mdup_error_get_message(*err) : "failed");
    exit(1);
}

/* 0 to 1, the same for the same numbers. */
static double chance(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t h = a * 0x9E3779B97F4A7C15u ^ b * 0xC2B2AE3D27D4EB4Fu ^ c * 0x165667B19E3779F9u;
    h ^= h >> 29;
    h *= 0xBF58476D1CE4E5B9u;
    h ^= h >> 32;
    h *= 0x94D049BB133111EBu;
    h ^= h >> 29;
    return (double)(h >> 11) / 9007199254740992.0;
}

/* Something round every 12 px of the frame, off its place a little, on noise that is new in each exposure. */
static mdup_report_frame draw(void *context, size_t index)
{
    session *s = context;
    const double grid = 12;
    for (int y = 0; y < FRAME_NY; y++) {
        for (int x = 0; x < FRAME_NX; x++) {
            double at_x = s->places[index].x / BIN + x, at_y = s->places[index].y / BIN + y;
            double cell_x = floor(at_x / grid), cell_y = floor(at_y / grid);
            uint64_t key_x = (uint64_t)(int64_t)(cell_x + 1e6),
                     key_y = (uint64_t)(int64_t)(cell_y + 1e6);
            double dx = at_x - (cell_x + 0.25 + 0.5 * chance(key_x, key_y, 1)) * grid,
                   dy = at_y - (cell_y + 0.25 + 0.5 * chance(key_x, key_y, 2)) * grid;
            double size = 4 * chance(key_x, key_y, 3);
            double value = dx * dx + dy * dy < size * size ? -40 : 10;
            value += 90 * (chance(index, (uint64_t)y, (uint64_t)x) - 0.5);
            s->frame[y * FRAME_NX + x] = (int8_t)fmax(-127, fmin(127, value));
        }
    }
    return (mdup_report_frame){s->frame, FRAME_NX, FRAME_NY, BIN};
}

static void add_pair(session *s, size_t a, size_t b)
{
    mdup_error *err = NULL;
    if (!mdup_grow((void **)&s->pairs, &s->capacity, s->n_pairs + 1, sizeof *s->pairs, &err))
        stop(&err);
    double x = s->places[b].x - s->places[a].x, y = s->places[b].y - s->places[a].y;
    double overlap = (NX - fabs(x)) * (NY - fabs(y)) / ((double)NX * NY);
    s->pairs[s->n_pairs++] = (mdup_pair){.a = a,
                                         .b = b,
                                         .shift_x_px = x,
                                         .shift_y_px = y,
                                         .shift_sd_px = 0.4 + 2 * chance(a, b, 8),
                                         .overlap = overlap,
                                         .ccc = 0.3,
                                         .score = 8 + 45 * sqrt(overlap),
                                         .log10_evalue = -5 - 300 * overlap};
}

/* Shots of four, 20 s each, whose first and last overlap at a corner. */
static void make_session(session *s, size_t n)
{
    s->n = n;
    s->micrographs = calloc(n, sizeof *s->micrographs);
    s->names = calloc(n, sizeof *s->names);
    s->holes = calloc(n, sizeof *s->holes);
    s->places = calloc(n, sizeof *s->places);
    if (!s->micrographs || !s->names || !s->holes || !s->places)
        exit(1);
    for (size_t i = 0; i < n; i++) {
        size_t hole = i / 4, shot = i % 4;
        snprintf(s->holes[i], sizeof s->holes[i], "%zu", 30590000 + hole);
        snprintf(s->names[i], sizeof s->names[i],
                 "MotionCorr/job002/FoilHole_%s_Data_3053720%zu_44_20260504_%02zu%02zu%02zu.mrc",
                 s->holes[i], shot, i / 180 % 24, i / 3 % 60, i % 3 * 20);
        s->places[i].x = 1e5 * (double)hole + (shot == 3 ? 4496 : 9000.0 * (double)shot);
        s->places[i].y = shot == 3 ? -3528 : 0;
        s->micrographs[i] = (mdup_report_micrograph){.name = s->names[i],
                                                     .hole = s->holes[i],
                                                     .shot = s->holes[i] + 7,
                                                     .time_s = 1.8e9 + 20 * (double)i,
                                                     .has_time = true,
                                                     .pixel_A = 0.83,
                                                     .nx = NX,
                                                     .ny = NY};
    }
    for (size_t i = 0; i < 1000; i++)
        s->unrelated[i] =
            (mdup_drawn){(float)sqrt(2 * (9 - 1.2 * log(-log(0.001 + 0.998 * chance(i, 0, 5))))),
                         (float)(0.012 + 0.9 * chance(i, 0, 6) * chance(i, 0, 7)), 0};
}

/* The later half of some holes shows what an earlier hole showed, give or take a stage error. */
static void record_again(session *s, size_t n_holes, size_t earlier, size_t later, double error_px)
{
    for (size_t i = 0; i < 4 * n_holes; i++) {
        size_t a = 4 * earlier + i, b = 4 * later + i, hole = i / 4;
        s->places[b].x = s->places[a].x + error_px * (2 * chance(hole, later, 1) - 1);
        s->places[b].y = s->places[a].y + error_px * (2 * chance(hole, later, 2) - 1);
    }
}

static int by_a_then_b(const void *left, const void *right)
{
    const mdup_pair *l = left, *r = right;
    if (l->a != r->a)
        return l->a < r->a ? -1 : 1;
    return l->b < r->b ? -1 : l->b > r->b;
}

static void find_pairs(session *s, size_t n_holes, size_t earlier, size_t later)
{
    for (size_t hole = 0; hole < s->n / 4; hole++)
        add_pair(s, 4 * hole, 4 * hole + 3);
    for (size_t i = 0; i < 4 * n_holes; i++)
        add_pair(s, 4 * earlier + i, 4 * later + i);
    if (s->n_pairs > 0)
        qsort(s->pairs, s->n_pairs, sizeof *s->pairs, by_a_then_b);
}

static void make_hostile(session *s)
{
    static const char *const names[] = {
        "<script>document.title='harm'</script>.mrc",
        "\"><img src=x onerror=\"document.title='harm'\">.mrc",
        "'-alert(1)-'&amp;&lt;.mrc",
        "=HYPERLINK(\"http://example.invalid\",\"x\").mrc",
        "@SUM(1,2)\xF0\x9F\x94\xAC.mrc",
        "\xFF\xFE\xC3(broken\x80.mrc",
        "tab\there\nand a line\x1B[31m.mrc",
        "gpj\xE2\x80\xAE_cod\xE2\x80\x8B.mrc",
        "</style></script><!-- {{data}} -->.mrc",
        "+1,\"quoted\",-2.mrc",
        "a name with blanks and \xC3\xA9\xE6\xBC\xA2.mrc",
        "`$(touch harm)`;|.mrc",
    };
    enum { N_NAMES = sizeof names / sizeof *names };
    for (size_t i = 0; i < s->n; i++) {
        s->micrographs[i].name = names[i % N_NAMES];
        s->micrographs[i].hole = names[(i + i / 4 * 4) % N_NAMES];
    }
    s->micrographs[2].status = MDUP_STATUS_UNREADABLE;
    s->micrographs[2].reason = names[0];
}

static void write_report(session *s, const char *page, const char *log)
{
    static const char *const kept_files[] = {"micrographs.star"};
    static const mdup_report_fact facts[] = {{"Program", "microdup"},
                                             {"Command", "microdup screen <in> & \"more\".star"}};
    mdup_report report = {.micrographs = s->micrographs,
                          .n = s->n,
                          .pairs = s->pairs,
                          .n_pairs = s->n_pairs,
                          .decision = &s->decision,
                          .frame = draw,
                          .context = s,
                          .null = {9, 1.2, 300},
                          .unrelated = s->unrelated,
                          .n_unrelated = 1000,
                          .n_compared = (int64_t)(s->n * (s->n - 1) / 2),
                          .min_overlap = 0.5,
                          .max_evalue = 0.01,
                          .title = "MotionCorr/job002/corrected_micrographs.star",
                          .version = "0.0.0",
                          .out_dir = "microdup/",
                          .kept_files = kept_files,
                          .n_kept_files = 1,
                          .session = "microdup/session.mdup",
                          .facts = facts,
                          .n_facts = 2,
                          .most_pictures = MDUP_REPORT_PICTURES};
    mdup_error *err = NULL;
    mdup_strbuf html = MDUP_STRBUF_INIT, pdf = MDUP_STRBUF_INIT;
    if (!mdup_report_html(&report, &html, &err) ||
        !mdup_file_replace(page, html.text, html.length, &err) ||
        !mdup_report_pdf(&report, &pdf, &err) ||
        !mdup_file_replace(log, pdf.text, pdf.length, &err))
        stop(&err);
    mdup_strbuf_free(&html);
    mdup_strbuf_free(&pdf);
}

int main(int argc, char **argv)
{
    static session s;
    if (argc != 4)
        return 2;
    mdup_error *err = NULL;
    const char *kind = argv[1];
    if (strcmp(kind, "pairs") == 0) {
        make_session(&s, 2400);
        record_again(&s, 50, 100, 400, 900);
        find_pairs(&s, 50, 100, 400);
    } else if (strcmp(kind, "many") == 0) {
        make_session(&s, 20000);
        record_again(&s, 100, 1000, 3000, 5000);
        find_pairs(&s, 100, 1000, 3000);
    } else if (strcmp(kind, "hostile") == 0) {
        make_session(&s, 48);
        record_again(&s, 3, 0, 8, 900);
        find_pairs(&s, 3, 0, 8);
        make_hostile(&s);
    } else {
        make_session(&s, 240);
    }
    for (size_t p = 0, kept = 0; p < s.n_pairs; p++) {
        if (s.pairs[p].overlap > 0.015 && fabs(s.pairs[p].shift_x_px) < NX &&
            fabs(s.pairs[p].shift_y_px) < NY)
            s.pairs[kept++] = s.pairs[p];
        if (p + 1 == s.n_pairs)
            s.n_pairs = kept;
    }
    if (!mdup_decide(s.pairs, s.n_pairs, s.n, 0.5, &s.decision, &err))
        stop(&err);
    write_report(&s, argv[2], argv[3]);
    mdup_decision_clear(&s.decision);
    free(s.pairs);
    free(s.micrographs);
    free(s.names);
    free(s.holes);
    free(s.places);
    return 0;
}
