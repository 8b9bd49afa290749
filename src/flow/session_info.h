/* What a session file holds, in words and as JSON. */
#ifndef MDUP_FLOW_SESSION_INFO_H
#define MDUP_FLOW_SESSION_INFO_H

#include "base/error.h"
#include "base/strbuf.h"
#include "formats/json.h"

typedef struct mdup_session_info mdup_session_info;

/** Whether the file is a session or is called as one, NAME.mdup, which may then be damaged. */
bool mdup_session_info_detect(const char *path);

/** Reads what there is to tell; also of a session in which no screen has finished.  NULL with *err as mdup_session_open.  Free with
 *  mdup_session_info_free. */
mdup_session_info *mdup_session_info_read(const char *path, mdup_error **err) MDUP_MUST_CHECK;
void mdup_session_info_free(mdup_session_info *info);

/** Some lines of text. */
void mdup_session_info_text(const mdup_session_info *info, mdup_strbuf *out);

/** One object. */
void mdup_session_info_json(const mdup_session_info *info, mdup_json *json);

#endif
