/* What to do next. */
#include "publish/words.h"

static mdup_step *add_step(mdup_steps *steps, const char *title)
{
    steps->items[steps->n].title = title;
    return &steps->items[steps->n++];
}

static void put_kept_files(const mdup_report *r, mdup_strbuf *out)
{
    for (size_t i = 0; i < r->n_kept_files; i++)
        mdup_strbuf_printf(out, "%s%s%s", i > 0 ? " " : "", r->out_dir, r->kept_files[i]);
}

static void put_command(mdup_strbuf *out, const char *before, const char *folder, const char *name,
                        const char *after)
{
    mdup_strbuf path = MDUP_STRBUF_INIT;
    mdup_strbuf_printf(&path, "%s%s", folder, name);
    mdup_strbuf_puts(out, before);
    mdup_words_shell(out, path.text ? path.text : "");
    mdup_strbuf_puts(out, after);
    out->failed = out->failed || path.failed;
    mdup_strbuf_free(&path);
}

bool mdup_words_steps(const mdup_view *view, mdup_steps *out, mdup_error **err)
{
    const mdup_report *r = view->report;
    size_t n_removed = r->decision->n_removed;
    *out = (mdup_steps){.n = 0};
    mdup_step *go_on = add_step(out, "Go on with the cleaned list");
    mdup_words_things(&go_on->text, r->n - n_removed, "micrograph: ", "micrographs: ");
    mdup_strbuf_puts(&go_on->text,
                     n_removed > 0 ? "the input without the removed rows, no other byte changed."
                                   : "the input as it was; nothing had to go.");
    put_kept_files(r, &go_on->command);
    if (n_removed > 0) {
        mdup_step *elsewhere = add_step(out, "Take them out of another list");
        mdup_strbuf_puts(&elsewhere->text,
                         "removed.txt has the removed names, one a line.  Compare whole lines, not "
                         "patterns:");
        put_command(&elsewhere->command, "grep -vxFf ", r->out_dir, "removed.txt", " list.txt");
    }
    if (r->n_pairs > 0) {
        mdup_step *look = add_step(out, "Look at the pairs below");
        mdup_strbuf_puts(&look->text,
                         "The least certain first (sort by E-value).  Blink; what is real moves as "
                         "one.  Refuse what you do not believe, save your refusals");
        if (r->session) {
            mdup_strbuf_puts(&look->text, ", and decide again:");
            put_command(&look->command, "microdup decide ", "", r->session, " --veto refused.csv");
        } else {
            mdup_strbuf_puts(&look->text, ", and put those micrographs back.");
        }
    }
    bool ok = true;
    for (size_t i = 0; ok && i < out->n; i++)
        ok = mdup_strbuf_check(&out->items[i].text, err) &&
             mdup_strbuf_check(&out->items[i].command, err);
    if (!ok)
        mdup_steps_clear(out);
    return ok;
}

void mdup_steps_clear(mdup_steps *steps)
{
    for (size_t i = 0; i < MDUP_MOST_STEPS; i++) {
        mdup_strbuf_free(&steps->items[i].text);
        mdup_strbuf_free(&steps->items[i].command);
    }
    steps->n = 0;
}
