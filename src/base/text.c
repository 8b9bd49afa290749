#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

size_t mdup_utf8_length(const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;
    unsigned char lead = bytes[0], low = 0x80, high = 0xBF;
    size_t length = lead < 0x80   ? 1
                    : lead < 0xC2 ? 0
                    : lead < 0xE0 ? 2
                    : lead < 0xF0 ? 3
                    : lead < 0xF5 ? 4
                                  : 0;
    if (lead == 0xE0)
        low = 0xA0;
    else if (lead == 0xED)
        high = 0x9F;
    else if (lead == 0xF0)
        low = 0x90;
    else if (lead == 0xF4)
        high = 0x8F;
    for (size_t i = 1; i < length; i++) {
        if (bytes[i] < low || bytes[i] > high)
            return 0;
        low = 0x80;
        high = 0xBF;
    }
    return length;
}

/* Of a valid sequence. */
static uint32_t code_point(const char *text, size_t length)
{
    static const unsigned char lead_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = (unsigned char)text[0] & lead_mask[length];
    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3F);
    return code;
}

static bool is_shown(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {{0, 0x1F},          {0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},
                  {0x200B, 0x200F},   {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF},
                  {0xFFF0, 0xFFFB},   {0xFFFE, 0xFFFF}, {0xE000, 0xF8FF}, {0xE0000, 0xE0FFF},
                  {0xF0000, 0x10FFFF}};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (code >= hidden[i].first && code <= hidden[i].last)
            return false;
    return true;
}

void mdup_text_show(mdup_strbuf *out, const char *text, const char *substitute)
{
    while (*text) {
        size_t length = mdup_utf8_length(text);
        if (length > 0 && is_shown(code_point(text, length)))
            mdup_strbuf_append(out, text, length);
        else
            mdup_strbuf_puts(out, substitute);
        text += length > 0 ? length : 1;
    }
}

void mdup_text_without_folders(mdup_strbuf *out, const char *text)
{
    static const char ends_a_path[] = " \t\r\n\"'`()<>,;=";
    while (*text) {
        size_t length = strcspn(text, ends_a_path), kept = length;
        /* "folder/" keeps its own name. */
        if (kept > 1 && text[kept - 1] == '/')
            kept--;
        while (kept > 0 && text[kept - 1] != '/')
            kept--;
        mdup_strbuf_append(out, text + kept, length - kept);
        text += length;
        length = strspn(text, ends_a_path);
        mdup_strbuf_append(out, text, length);
        text += length;
    }
}
