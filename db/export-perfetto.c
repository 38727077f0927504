/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A trace of Perfetto: a sequence of TracePackets in the encoding of Protocol Buffers. Field numbers are
 * those of protos/perfetto/trace/ in github.com/google/perfetto, in the files named below.
 *
 * All packets are of one sequence. The first one says that its incremental state is clear; names are
 * interned from then on, and each packet that uses them says that it needs that state. A reader sorts by
 * time, and by place in the file where times are equal. A slice is a BEGIN and an END, which names nothing:
 * it ends the innermost slice of its track, so an outer slice's END is written behind those inside it.
 */
#include "export.h"

#include <stdlib.h>

#include "intern.h"
#include "protobuf.h"

#define SEQUENCE 1
#define PROCESS_UUID EXPORT_PID
#define CLOCK_REALTIME_ID 1 /* common/builtin_clock.proto */
#define CLOCK_MONOTONIC_ID 3
#define NO_TIME (-1)
#define ORDER_EXPLICIT 3    /* TrackDescriptor.ChildTracksOrdering */

enum { TRACE_PACKET = 1 }; /* trace.proto */
enum { /* trace_packet.proto */
	PACKET_CLOCK_SNAPSHOT = 6, PACKET_TIMESTAMP = 8, PACKET_SEQUENCE_ID = 10, PACKET_TRACK_EVENT = 11,
	PACKET_INTERNED_DATA = 12, PACKET_SEQUENCE_FLAGS = 13, PACKET_TRACK_DESCRIPTOR = 60,
	PACKET_FIRST_ON_SEQUENCE = 87,
};
enum { SEQ_INCREMENTAL_STATE_CLEARED = 1, SEQ_NEEDS_INCREMENTAL_STATE = 2 };
enum { SNAPSHOT_CLOCKS = 1, SNAPSHOT_PRIMARY = 2 }; /* clock_snapshot.proto */
enum { CLOCK_ID = 1, CLOCK_TIMESTAMP = 2 };
enum { /* track_event/track_descriptor.proto */
	TRACK_UUID = 1, TRACK_NAME = 2, TRACK_PROCESS = 3, TRACK_THREAD = 4, TRACK_PARENT_UUID = 5,
	TRACK_CHILD_ORDERING = 11, TRACK_SIBLING_RANK = 12,
};
enum { PROCESS_PID = 1, PROCESS_NAME = 6 };               /* track_event/process_descriptor.proto */
enum { THREAD_PID = 1, THREAD_TID = 2, THREAD_NAME = 5 }; /* track_event/thread_descriptor.proto */
enum { /* track_event/track_event.proto */
	EVENT_CATEGORY_IIDS = 3, EVENT_DEBUG_ANNOTATIONS = 4, EVENT_TYPE = 9, EVENT_NAME_IID = 10,
	EVENT_TRACK_UUID = 11, EVENT_CATEGORIES = 22, EVENT_NAME = 23, EVENT_FLOW_IDS = 47,
	EVENT_TERMINATING_FLOW_IDS = 48,
};
enum event_type { TYPE_SLICE_BEGIN = 1, TYPE_SLICE_END = 2, TYPE_INSTANT = 3 };
enum { /* track_event/debug_annotation.proto */
	ANNOTATION_NAME_IID = 1, ANNOTATION_UINT = 3, ANNOTATION_STRING = 6, ANNOTATION_POINTER = 7,
	ANNOTATION_NAME = 10,
};
/* interned_data/interned_data.proto */
enum { INTERNED_CATEGORIES = 1, INTERNED_NAMES = 2, INTERNED_ANNOTATIONS = 3 };
enum { INTERNED_IID = 1, INTERNED_TEXT = 2 };

struct perfetto {
	struct protobuf packet;
	struct intern names;
};

static size_t begin_packet(struct perfetto *p, int64_t ts, unsigned flags)
{
	size_t opened;

	protobuf_clear(&p->packet);
	opened = protobuf_open(&p->packet, TRACE_PACKET);
	if (ts >= 0)
		protobuf_uint(&p->packet, PACKET_TIMESTAMP, (uint64_t)ts);
	protobuf_uint(&p->packet, PACKET_SEQUENCE_ID, SEQUENCE);
	if (flags)
		protobuf_uint(&p->packet, PACKET_SEQUENCE_FLAGS, flags);
	return opened;
}

/* What could not be built for want of memory must not look like a whole file: the end says so. */
static void end_packet(FILE *out, struct perfetto *p, size_t opened)
{
	protobuf_close(&p->packet, opened);
	if (!p->packet.failed)
		fwrite(p->packet.data, 1, p->packet.len, out);
}

static void put_clock(struct protobuf *p, unsigned id, int64_t ns)
{
	size_t opened = protobuf_open(p, SNAPSHOT_CLOCKS);

	protobuf_uint(p, CLOCK_ID, id);
	protobuf_uint(p, CLOCK_TIMESTAMP, (uint64_t)ns);
	protobuf_close(p, opened);
}

/* Times of the trace are CLOCK_MONOTONIC; what they are on the wall. */
static void put_clocks(FILE *out, struct perfetto *p, const struct export_about *about)
{
	size_t packet = begin_packet(p, about->first_ns, SEQ_INCREMENTAL_STATE_CLEARED), snapshot;

	protobuf_uint(&p->packet, PACKET_FIRST_ON_SEQUENCE, 1);
	snapshot = protobuf_open(&p->packet, PACKET_CLOCK_SNAPSHOT);
	put_clock(&p->packet, CLOCK_MONOTONIC_ID, about->first_ns);
	if (about->wall_ns)
		put_clock(&p->packet, CLOCK_REALTIME_ID, about->wall_ns);
	protobuf_uint(&p->packet, SNAPSHOT_PRIMARY, CLOCK_MONOTONIC_ID);
	protobuf_close(&p->packet, snapshot);
	end_packet(out, p, packet);
}

static void put_process(FILE *out, struct perfetto *p, const char *name)
{
	size_t packet = begin_packet(p, NO_TIME, 0), track, process;

	track = protobuf_open(&p->packet, PACKET_TRACK_DESCRIPTOR);
	protobuf_uint(&p->packet, TRACK_UUID, PROCESS_UUID);
	protobuf_uint(&p->packet, TRACK_CHILD_ORDERING, ORDER_EXPLICIT);
	process = protobuf_open(&p->packet, TRACK_PROCESS);
	protobuf_uint(&p->packet, PROCESS_PID, EXPORT_PID);
	protobuf_text(&p->packet, PROCESS_NAME, name);
	protobuf_close(&p->packet, process);
	protobuf_close(&p->packet, track);
	end_packet(out, p, packet);
}

static bool begin(FILE *out, const struct export_about *about, void **own)
{
	struct perfetto *p = calloc(1, sizeof(*p));

	if (!p)
		return false;
	*own = p;
	put_clocks(out, p, about);
	put_process(out, p, about->title ? about->title : "guest");
	return true;
}

/* A CPU is a thread of the guest, the others are tracks of the process. */
static void track(FILE *out, void *own, struct export_track t)
{
	struct perfetto *p = own;
	size_t packet = begin_packet(p, NO_TIME, 0), opened, thread;
	unsigned id = export_track_id(t);
	char name[32];

	export_track_name(name, sizeof(name), t);
	opened = protobuf_open(&p->packet, PACKET_TRACK_DESCRIPTOR);
	protobuf_uint(&p->packet, TRACK_UUID, id);
	protobuf_uint(&p->packet, TRACK_PARENT_UUID, PROCESS_UUID);
	protobuf_text(&p->packet, TRACK_NAME, name);
	protobuf_uint(&p->packet, TRACK_SIBLING_RANK, id);
	if (t.group == EXPORT_CPU) {
		thread = protobuf_open(&p->packet, TRACK_THREAD);
		protobuf_uint(&p->packet, THREAD_PID, EXPORT_PID);
		protobuf_uint(&p->packet, THREAD_TID, id);
		protobuf_text(&p->packet, THREAD_NAME, name);
		protobuf_close(&p->packet, thread);
	}
	protobuf_close(&p->packet, opened);
	end_packet(out, p, packet);
}

/* The numbers of a mark's texts; 0 = none, it is written in full. */
struct iids {
	uint64_t category, name, arg[EXPORT_ARGS];
};

/* Text @text gets a number, which is told in the packet's interned data, opened when the first one is. */
static uint64_t intern(struct perfetto *p, unsigned list, const char *text, size_t *data)
{
	bool fresh;
	uint64_t iid = intern_text(&p->names, list, text, &fresh);
	size_t entry;

	if (!fresh)
		return iid;
	if (!*data)
		*data = protobuf_open(&p->packet, PACKET_INTERNED_DATA);
	entry = protobuf_open(&p->packet, list);
	protobuf_uint(&p->packet, INTERNED_IID, iid);
	protobuf_text(&p->packet, INTERNED_TEXT, text);
	protobuf_close(&p->packet, entry);
	return iid;
}

static struct iids intern_mark(struct perfetto *p, const struct export_mark *m)
{
	struct iids iids = { 0 };
	size_t data = 0;

	iids.category = intern(p, INTERNED_CATEGORIES, m->category, &data);
	iids.name = intern(p, INTERNED_NAMES, m->name, &data);
	for (unsigned i = 0; i < m->args; i++)
		iids.arg[i] = intern(p, INTERNED_ANNOTATIONS, m->arg[i].name, &data);
	if (data)
		protobuf_close(&p->packet, data);
	return iids;
}

static void put_text(struct protobuf *p, unsigned iid_field, uint64_t iid, unsigned text_field,
		     const char *text)
{
	if (iid)
		protobuf_uint(p, iid_field, iid);
	else
		protobuf_text(p, text_field, text);
}

static void put_annotation(struct protobuf *p, const struct export_arg *a, uint64_t iid)
{
	size_t opened = protobuf_open(p, EVENT_DEBUG_ANNOTATIONS);

	put_text(p, ANNOTATION_NAME_IID, iid, ANNOTATION_NAME, a->name);
	if (a->type == EXPORT_TEXT)
		protobuf_text(p, ANNOTATION_STRING, a->text);
	else
		protobuf_uint(p, a->type == EXPORT_ADDRESS ? ANNOTATION_POINTER : ANNOTATION_UINT, a->number);
	protobuf_close(p, opened);
}

static void put_event(FILE *out, struct perfetto *p, enum event_type type, const struct export_mark *m)
{
	size_t packet = begin_packet(p, m->from, SEQ_NEEDS_INCREMENTAL_STATE), event;
	struct iids iids = intern_mark(p, m);

	event = protobuf_open(&p->packet, PACKET_TRACK_EVENT);
	protobuf_uint(&p->packet, EVENT_TYPE, type);
	protobuf_uint(&p->packet, EVENT_TRACK_UUID, export_track_id(m->track));
	put_text(&p->packet, EVENT_CATEGORY_IIDS, iids.category, EVENT_CATEGORIES, m->category);
	put_text(&p->packet, EVENT_NAME_IID, iids.name, EVENT_NAME, m->name);
	for (unsigned i = 0; i < m->args; i++)
		put_annotation(&p->packet, &m->arg[i], iids.arg[i]);
	for (unsigned i = 0; i < m->flows; i++)
		protobuf_fixed64(&p->packet, EVENT_FLOW_IDS, m->flow[i]);
	if (m->flow_to)
		protobuf_fixed64(&p->packet, EVENT_TERMINATING_FLOW_IDS, m->flow_to);
	protobuf_close(&p->packet, event);
	end_packet(out, p, packet);
}

static void instant(FILE *out, void *own, const struct export_mark *m)
{
	put_event(out, own, TYPE_INSTANT, m);
}

static void close_slice(FILE *out, void *own, const struct export_mark *m)
{
	struct perfetto *p = own;
	size_t packet, event;

	if (!m->to)
		return;
	packet = begin_packet(p, m->to, SEQ_NEEDS_INCREMENTAL_STATE);
	event = protobuf_open(&p->packet, PACKET_TRACK_EVENT);
	protobuf_uint(&p->packet, EVENT_TYPE, TYPE_SLICE_END);
	protobuf_uint(&p->packet, EVENT_TRACK_UUID, export_track_id(m->track));
	protobuf_close(&p->packet, event);
	end_packet(out, p, packet);
}

static void slice(FILE *out, void *own, const struct export_mark *m, bool holds)
{
	put_event(out, own, TYPE_SLICE_BEGIN, m);
	if (!holds)
		close_slice(out, own, m);
}

static bool end(FILE *out, void *own)
{
	struct perfetto *p = own;
	bool whole = !p->packet.failed;

	(void)out;
	protobuf_free(&p->packet);
	intern_clear(&p->names);
	free(p);
	return whole;
}

const struct export_format export_perfetto = {
	.name = "perfetto",
	.binary = true,
	.begin = begin,
	.track = track,
	.instant = instant,
	.slice = slice,
	.close = close_slice,
	.end = end,
};
