/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which words of two sequences belong together: Myers' difference algorithm (An O(ND) Difference
 * Algorithm and Its Variations, 1986), the linear-space form, so that one inserted word does not
 * misalign the rest. Pure.
 *
 * Up to LCS_COST differences in a stretch the answer is the shortest edit; beyond, the search goes on
 * from the furthest point that was reached, so time is at most about (n + m) * LCS_COST and memory
 * does not depend on the lengths. Every word that is not marked has its equal, in order, over there.
 */
#ifndef DB_DIFF_LCS_H
#define DB_DIFF_LCS_H

#include <stddef.h>
#include <stdint.h>

#define LCS_COST 500

/*
 * Set only_a[i] to 1 for each word of @a that has no partner in @b, only_b[i] likewise; the caller has
 * zeroed both. 0, or -1 without memory.
 */
int lcs_mark(const uint32_t *a, size_t n, uint8_t *only_a, const uint32_t *b, size_t m, uint8_t *only_b);

#endif
