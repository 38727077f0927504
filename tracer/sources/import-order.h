/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A window in which the points of a recording are put into the order of time: a file that was written by
 * one buffer per CPU is in order only per CPU.
 */
#ifndef TRACER_SOURCES_IMPORT_ORDER_H
#define TRACER_SOURCES_IMPORT_ORDER_H

#include "kvm-point.h"

struct import_order;

/* @window points are held; 0 = what comes in goes out. @out gets them. NULL on no memory. */
typedef void import_order_fn(void *arg, const struct kvm_point *p);
struct import_order *import_order_new(size_t window, import_order_fn *out, void *arg);
void import_order_free(struct import_order *o);

void import_order_put(struct import_order *o, const struct kvm_point *p);

/* Everything held goes out. */
void import_order_flush(struct import_order *o);

/* Points that came so late that later ones had gone out. */
uint64_t import_order_late(const struct import_order *o);

#endif
