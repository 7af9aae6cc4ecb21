/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors of libassent.
 *
 * Every function that can fail returns 0 or a negative enum assent_errc and
 * fills the struct given as its last argument, which may be NULL. On failure
 * outputs are untouched. The struct is a plain value: reporting cannot fail
 * and nothing has to be freed.
 */
#ifndef ASSENT_ERROR_H
#define ASSENT_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define ASSENT_API __attribute__((visibility("default")))
#define ASSENT_CHECKED __attribute__((warn_unused_result))
#else
#define ASSENT_API
#define ASSENT_CHECKED
#endif

enum assent_errc {
	ASSENT_OK = 0,
	ASSENT_EMALFORMED = -1,	  /* bytes do not have the documented shape */
	ASSENT_ELIMIT = -2,	  /* larger or deeper than the documented bound */
	ASSENT_ESIGNATURE = -3,	  /* a signature does not verify */
	ASSENT_EUNTRUSTED = -4,	  /* valid, but not by a key that counts */
	ASSENT_EMISMATCH = -5,	  /* digest, root or identity differs */
	ASSENT_EEXPIRED = -6,	  /* outside its time of validity */
	ASSENT_EUNSUPPORTED = -7, /* a kind of key or version we refuse */
	ASSENT_ENOMEM = -8,
	ASSENT_EFAILED = -9, /* anything else; the message tells */
};

struct assent_error {
	int code;	/* enum assent_errc */
	char text[256]; /* problem first, no full stop; always terminated */
};

#ifdef __cplusplus
}
#endif
#endif
