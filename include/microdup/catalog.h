/* The order of acquisition. */
#ifndef MICRODUP_CATALOG_H
#define MICRODUP_CATALOG_H

#include <stdbool.h>

#include <microdup/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    MDUP_ORDER_AUTO,    /* time when every name holds one, else natural for numbered names, else as
                           listed */
    MDUP_ORDER_STAR,    /* as listed */
    MDUP_ORDER_NAME,    /* by name as bytes: the original tool's order */
    MDUP_ORDER_NATURAL, /* by name, runs of digits compared as numbers */
    MDUP_ORDER_TIME     /* by the time in the name, else the file's modification time */
} mdup_order;

/** "auto", "star", ...; static storage. */
MDUP_PUBLIC const char *mdup_order_name(mdup_order order);

/** The order of that name; false when there is none. */
MDUP_PUBLIC bool mdup_order_parse(const char *name, mdup_order *order) MDUP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
