/* libmicrodup: finds the micrographs of a cryo-EM session that show the same piece of specimen, wholly or in part.
 *
 * Thread safety: every function may be called from any thread; a job uses threads of its own and calls back on the caller's.
 * The library never prints, exits or aborts.  Everything it returns by pointer says in its comment who frees it. */
#ifndef MICRODUP_MICRODUP_H
#define MICRODUP_MICRODUP_H

#include <microdup/apply.h>
#include <microdup/callbacks.h>
#include <microdup/catalog.h>
#include <microdup/decide.h>
#include <microdup/error.h>
#include <microdup/particles.h>
#include <microdup/screen.h>
#include <microdup/simulate.h>
#include <microdup/version.h>

#endif
