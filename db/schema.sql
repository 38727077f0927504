-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- A recording of smmtrace: one SQLite file. This text is all there is to know
-- about it; smmtrace-db(5) tells the same with examples.
--
-- Tables hold integers and are the recorder's own. People and scripts read the
-- views (*_v) at the end: their names and columns stay, columns may be added.
--
--   * Times are CLOCK_MONOTONIC nanoseconds of the host that recorded.
--     Wall-clock time = time + meta 'clock_offset_ns'.
--   * Unknown is NULL, everywhere. An interval that has not ended has a NULL end.
--   * 64-bit values above 2^63-1 are stored as the signed integer of the same
--     bits; the views show addresses as text (0x38000).
--   * While a recording is being written the file is in WAL mode and meta
--     'closed' is 0; it is 1, and there is one plain file, after a clean end.

PRAGMA application_id = 1397574996; -- 'SMMT'
PRAGMA user_version = 2; -- 1: no findings but empty tables episode and violation

-- What is known about the recording: closed, version, started, pid, target ...
CREATE TABLE meta (
	key TEXT PRIMARY KEY,
	value TEXT
) STRICT, WITHOUT ROWID;

-- Dictionaries, written by the recorder from its own tables.

CREATE TABLE event_kind (
	kind INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,    -- smi-enter, smi-leave, smbase-write ...
	glyph TEXT NOT NULL,
	help TEXT NOT NULL
) STRICT;

-- What a0 .. a7 of an event mean: field number @position of a kind.
-- format: hex, dec and ns are numbers, anything else is a list in word.
CREATE TABLE event_field (
	kind INTEGER NOT NULL,
	position INTEGER NOT NULL,
	name TEXT NOT NULL,
	format TEXT NOT NULL,
	PRIMARY KEY (kind, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_source (
	source INTEGER PRIMARY KEY,
	name TEXT NOT NULL,           -- gdb, qemulog ...
	help TEXT NOT NULL
) STRICT;

-- Small numbers that have a name: dir 1 is 'write', mode 5 is 'init' ...
CREATE TABLE word (
	list TEXT NOT NULL,
	value INTEGER NOT NULL,
	text TEXT NOT NULL,
	PRIMARY KEY (list, value)
) STRICT, WITHOUT ROWID;

-- Every event, in order of time; never changed once written.
CREATE TABLE event (
	id INTEGER PRIMARY KEY,
	ts_ns INTEGER NOT NULL,
	cpu INTEGER,                  -- index; NULL = not known, or about no CPU
	kind INTEGER NOT NULL,
	source INTEGER NOT NULL,      -- who saw it
	origin INTEGER NOT NULL,      -- 0 observed, 1 inferred
	a0 INTEGER, a1 INTEGER, a2 INTEGER, a3 INTEGER,
	a4 INTEGER, a5 INTEGER, a6 INTEGER, a7 INTEGER
) STRICT;
CREATE INDEX event_by_kind ON event (kind);

-- The rest is derived from the events, as they came.

-- One stay of a CPU in SMM. An entry by an unknown CPU is an event only, and a stay
-- whose entry was not seen (attached meanwhile) has no row.
CREATE TABLE smi (
	id INTEGER PRIMARY KEY,       -- id of its smi-enter event
	cpu INTEGER NOT NULL,
	enter_ns INTEGER NOT NULL,
	leave_id INTEGER,             -- id of the event that ended it
	leave_ns INTEGER,             -- NULL = still in SMM
	ended_by INTEGER,             -- word list 'via': how the RSM was seen; 3 'reset' = no RSM, an INIT ended it;
	                              -- NULL = inside, or only seen outside at leave_ns
	smbase INTEGER,               -- the base it was entered with
	cause INTEGER,                -- word list 'cause'
	cause_inferred INTEGER,       -- 0 | 1
	apm_id INTEGER,               -- id of the port event that raised it
	apm_cmd INTEGER,              -- value written to port 0xb2
	apm_data INTEGER,             -- value that port 0xb3 held then
	saved_rip INTEGER
) STRICT;
CREATE INDEX smi_by_cpu ON smi (cpu, enter_ns);

-- A change of the SMBASE slot of the save state, made by a CPU in SMM. Of several
-- in one SMI only the last becomes effective, at the RSM; none does after an INIT.
CREATE TABLE smbase (
	id INTEGER PRIMARY KEY,       -- id of its smbase-write event
	ts_ns INTEGER NOT NULL,
	cpu INTEGER NOT NULL,
	old INTEGER,
	new INTEGER,
	rip INTEGER,
	effective_ns INTEGER,
	effective_id INTEGER          -- id of the smi-leave event
) STRICT;

-- Every CPU ever seen, as it stood at the last commit.
CREATE TABLE cpu (
	cpu INTEGER PRIMARY KEY,
	apic_id INTEGER,
	state INTEGER NOT NULL,       -- word list 'state'
	since_ns INTEGER NOT NULL,
	smbase INTEGER,
	smbase_pending INTEGER,       -- written, no RSM yet
	smis INTEGER NOT NULL,        -- entries seen
	rsms INTEGER NOT NULL,
	added_ns INTEGER,
	removed_ns INTEGER
) STRICT;
CREATE INDEX cpu_by_apic_id ON cpu (apic_id);

-- Sums over all events: events, first_ns, last_ns, smis, lost, stops, paused_ns, and
-- disorder_ns, the most by which an event is older than one with a smaller id.
CREATE TABLE total (
	name TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How to find one's way in millions of events without reading them; readers do without where they are missing.

-- What a stretch of 1024 ids holds, from @first on; the last stretch has no row until it is full.
CREATE TABLE zone (
	first INTEGER PRIMARY KEY,
	kinds INTEGER NOT NULL,       -- bit per event_kind
	cpus INTEGER NOT NULL         -- bit per CPU modulo 61; bit 61 = about no CPU
) STRICT;

-- Every so many SMIs of a CPU: those that it entered before enter_ns, and their time in SMM.
CREATE TABLE smi_sum (
	cpu INTEGER NOT NULL,
	enter_ns INTEGER NOT NULL,
	smis INTEGER NOT NULL,
	smm_ns INTEGER NOT NULL,
	PRIMARY KEY (cpu, enter_ns)
) STRICT, WITHOUT ROWID;

-- What events were made of, as it came, where it was kept. Recordings of an older smmtrace have neither table.

-- The line of a log, or the packet of the debug stub. Any bytes, and somebody else's.
CREATE TABLE event_raw (
	event INTEGER PRIMARY KEY,
	bytes BLOB,                   -- NULL = there was one, but the recorder had no room to keep it
	whole INTEGER                 -- length before it was cut; NULL = it was not
) STRICT;

-- The save state of an smi-enter, as it stood in guest memory when the entry was seen.
CREATE TABLE smm_state (
	event INTEGER PRIMARY KEY,
	revision INTEGER NOT NULL,    -- the revision id in it, which says how it is laid out
	bytes BLOB NOT NULL           -- the end of the map: from SMBASE + 0xfe00 to SMBASE + 0x10000
) STRICT;

-- What the recorder concluded from the events, by the rules of `smmtrace list invariants`.
-- `smmtrace check` concludes it again.

-- One boot relocation, plug or unplug of a CPU, as it stood last.
CREATE TABLE episode (
	id INTEGER PRIMARY KEY,
	kind TEXT NOT NULL,           -- boot, plug, unplug
	cpu INTEGER,
	profile TEXT,                 -- the flow it was judged by: ovmf, design
	status TEXT NOT NULL,         -- done, running, stuck
	step TEXT,                    -- the last step it reached
	next TEXT,                    -- the step it waits for; NULL = none
	start_ns INTEGER NOT NULL,
	end_ns INTEGER,
	stuck_ns INTEGER,             -- when the deadline of its step passed; NULL = it is not stuck
	rendezvous TEXT,              -- CPUs that came to its SMI: '0 1 2'
	cut_short INTEGER NOT NULL,   -- 1 = ended by a system reset or with the guest
	verdict TEXT
) STRICT;

-- The steps that an episode has reached.
CREATE TABLE episode_step (
	episode INTEGER NOT NULL,
	position INTEGER NOT NULL,    -- in the order in which steps are expected
	step TEXT NOT NULL,
	letter TEXT,                  -- of the design's steps, 'a' .. 'f'
	ts_ns INTEGER NOT NULL,
	event INTEGER,                -- id of the event that made it
	PRIMARY KEY (episode, position)
) STRICT, WITHOUT ROWID;

-- A rule was broken; e0 .. e3 are the ids of the events that prove it.
CREATE TABLE violation (
	id INTEGER PRIMARY KEY,
	ts_ns INTEGER NOT NULL,
	cpu INTEGER,
	invariant TEXT NOT NULL,
	severity TEXT NOT NULL,       -- error, warning, note
	step TEXT,
	message TEXT NOT NULL,
	e0 INTEGER, e1 INTEGER, e2 INTEGER, e3 INTEGER
) STRICT;

-- How each rule stood last.
CREATE TABLE invariant (
	number INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	severity TEXT NOT NULL,
	step TEXT,
	status TEXT NOT NULL,         -- never (exercised), holds, unknown, violated
	exercised INTEGER NOT NULL,
	violations INTEGER NOT NULL,  -- all of them, also those that have no row
	why TEXT                      -- unknown: what was missing
) STRICT;

-- The last verdict: who waits for whom.
CREATE TABLE verdict (
	position INTEGER PRIMARY KEY,
	subject TEXT NOT NULL,        -- 'verdict', 'CPU 0', 'first broken rule' ...
	text TEXT NOT NULL
) STRICT;

-- The views.

CREATE VIEW meta_v AS SELECT key, value FROM meta;

-- detail: "name=value name=value" of what is known.
CREATE VIEW event_v AS
SELECT e.id, e.ts_ns, e.cpu,
	(SELECT name FROM event_kind WHERE kind = e.kind) AS kind,
	(SELECT name FROM event_source WHERE source = e.source) AS source,
	(SELECT text FROM word WHERE list = 'origin' AND value = e.origin) AS origin,
	(SELECT group_concat(name || '=' || CASE format
			WHEN 'hex' THEN printf('0x%llx', a)
			WHEN 'dec' THEN printf('%llu', a)
			WHEN 'ns' THEN printf('%llu', a)
			ELSE coalesce((SELECT text FROM word WHERE list = format AND value = a),
				printf('%llu', a)) END, ' ')
		FROM (SELECT name, format, CASE position
				WHEN 0 THEN e.a0 WHEN 1 THEN e.a1 WHEN 2 THEN e.a2 WHEN 3 THEN e.a3
				WHEN 4 THEN e.a4 WHEN 5 THEN e.a5 WHEN 6 THEN e.a6 WHEN 7 THEN e.a7 END AS a
			FROM event_field WHERE event_field.kind = e.kind ORDER BY position)
		WHERE a IS NOT NULL) AS detail
FROM event e;

-- dur_ns and leave_ns NULL = still in SMM. ended_by 'reset' = an INIT ended it, there was no RSM.
CREATE VIEW smi_v AS
SELECT id, cpu, enter_ns, leave_ns, leave_ns - enter_ns AS dur_ns,
	iif(smbase IS NULL, NULL, printf('0x%llx', smbase)) AS smbase,
	(SELECT text FROM word WHERE list = 'cause' AND value = smi.cause) AS cause,
	apm_cmd, apm_data,
	iif(saved_rip IS NULL, NULL, printf('0x%llx', saved_rip)) AS saved_rip,
	cause_inferred,
	(SELECT text FROM word WHERE list = 'via' AND value = smi.ended_by) AS ended_by,
	leave_id, apm_id
FROM smi;

-- effective_ns is the RSM that loaded the new base; NULL = not yet, or never.
CREATE VIEW smbase_v AS
SELECT ts_ns, cpu,
	iif(old IS NULL, NULL, printf('0x%llx', old)) AS old_smbase,
	iif(new IS NULL, NULL, printf('0x%llx', new)) AS new_smbase,
	iif(rip IS NULL, NULL, printf('0x%llx', rip)) AS rip,
	CAST(NULL AS TEXT) AS symbol,
	effective_ns, id, effective_id
FROM smbase;

-- smi_id: the SMI the access was made in; for a write to 0xb2 outside SMM, the SMI that
-- it raised on the CPU that wrote.
CREATE VIEW port_v AS
SELECT e.ts_ns, e.cpu, e.a0 AS port,
	(SELECT text FROM word WHERE list = 'dir' AND value = e.a1) AS dir,
	e.a2 AS value,
	coalesce(
		(SELECT iif(coalesce(leave_id, e.id + 1) > e.id, id, NULL) FROM smi
			WHERE smi.cpu = e.cpu AND smi.enter_ns <= e.ts_ns AND smi.id < e.id
			ORDER BY enter_ns DESC LIMIT 1),
		(SELECT iif(apm_id = e.id, id, NULL) FROM smi
			WHERE e.a0 = 0xb2 AND e.a1 = 1
				AND smi.cpu = e.cpu AND smi.enter_ns >= e.ts_ns AND smi.id > e.id
			ORDER BY enter_ns LIMIT 1)) AS smi_id,
	e.id,
	(SELECT text FROM word WHERE list = 'origin' AND value = e.origin) AS origin
FROM event e WHERE e.kind = (SELECT kind FROM event_kind WHERE name = 'port');

-- target: the CPU of a single destination, its APIC ID while no CPU with that ID is known;
-- NULL for the shorthands, which dest names: self, all, others (all but the sender).
CREATE VIEW ipi_v AS
SELECT e.ts_ns, e.cpu AS sender,
	coalesce((SELECT cpu FROM cpu WHERE apic_id = e.a0 ORDER BY removed_ns IS NOT NULL, cpu LIMIT 1),
		e.a0) AS target,
	(SELECT text FROM word WHERE list = 'mode' AND value = e.a1) AS mode,
	e.a2 AS vector,
	(SELECT text FROM word WHERE list = 'dest' AND value = e.a3) AS dest,
	e.a0 AS apic_id, e.a4 AS icr, e.id,
	(SELECT text FROM word WHERE list = 'origin' AND value = e.origin) AS origin
FROM event e WHERE e.kind = (SELECT kind FROM event_kind WHERE name = 'ipi');

-- The CPU hot-plug registers (QEMU docs/specs/acpi_cpu_hotplug.rst); reg is the offset from 0xcd8.
CREATE VIEW cpuhp_v AS
SELECT ts_ns, cpu, reg, dir, value,
	CASE reg || ' ' || dir
	WHEN '0 write' THEN 'select CPU ' || value
	WHEN '0 read' THEN 'command data, high half'
	WHEN '4 read' THEN 'status:'
		|| iif(value & 1, ' enabled', ' not enabled') || iif(value & 2, ' insert', '')
		|| iif(value & 4, ' remove', '') || iif(value & 16, ' fw_remove', '')
	WHEN '4 write' THEN 'control:'
		|| iif(value & 30, '', ' nothing') || iif(value & 2, ' clear insert', '')
		|| iif(value & 4, ' clear remove', '') || iif(value & 8, ' eject', '')
		|| iif(value & 16, ' leave the eject to the firmware', '')
	WHEN '5 write' THEN 'command: ' || CASE value
		WHEN 0 THEN 'next CPU with an event' WHEN 1 THEN 'OST event' WHEN 2 THEN 'OST status'
		WHEN 3 THEN 'get APIC ID' ELSE 'unknown' END
	WHEN '8 read' THEN 'command data'
	WHEN '8 write' THEN 'command data'
	END AS meaning,
	selector, id, origin
FROM (SELECT e.ts_ns, e.cpu, iif(e.a0 >= 0xcd8, e.a0 - 0xcd8, e.a0) AS reg,
		(SELECT text FROM word WHERE list = 'dir' AND value = e.a1) AS dir,
		e.a2 AS value, e.a3 AS selector, e.id,
		(SELECT text FROM word WHERE list = 'origin' AND value = e.origin) AS origin
	FROM event e WHERE e.kind = (SELECT kind FROM event_kind WHERE name = 'cpuhp'));

CREATE VIEW cpu_v AS
SELECT cpu, apic_id,
	(SELECT text FROM word WHERE list = 'state' AND value = cpu.state) AS state,
	iif(smbase IS NULL, NULL, printf('0x%llx', smbase)) AS smbase,
	added_ns, removed_ns, since_ns,
	iif(smbase_pending IS NULL, NULL, printf('0x%llx', smbase_pending)) AS smbase_pending,
	smis, rsms
FROM cpu;

CREATE VIEW episode_v AS
SELECT id, kind, cpu, profile, status, step, start_ns, end_ns, verdict,
	next, stuck_ns, rendezvous, cut_short
FROM episode;

-- dur_ns: since the step before it, in time.
CREATE VIEW step_v AS
SELECT episode, e.cpu, s.step, letter, ts_ns,
	ts_ns - lag(ts_ns) OVER (PARTITION BY episode ORDER BY ts_ns, position) AS dur_ns,
	event, position
FROM episode_step s LEFT JOIN episode e ON e.id = s.episode;

-- evidence: ids of events, 'id id id'.
CREATE VIEW violation_v AS
SELECT ts_ns, cpu, invariant, severity, step, message, id,
	nullif(ltrim(coalesce(' ' || e0, '') || coalesce(' ' || e1, '') || coalesce(' ' || e2, '')
		|| coalesce(' ' || e3, '')), '') AS evidence
FROM violation;

CREATE VIEW invariant_v AS
SELECT name, severity, step, status, exercised, violations, why, number FROM invariant;

CREATE VIEW hang_v AS SELECT subject, text AS says, position FROM verdict;

-- The machine's settings as they were read, each time; latest 1 = no later one. value NULL = it could not be read.
CREATE VIEW config_v AS
SELECT e.ts_ns, coalesce((SELECT text FROM word WHERE list = 'reg' AND value = e.a0), e.a0) AS reg,
	iif(e.a1 IS NULL, NULL, printf('0x%llx', e.a1)) AS value,
	e.id = max(e.id) OVER (PARTITION BY e.a0) AS latest,
	e.id, (SELECT name FROM event_source WHERE source = e.source) AS source
FROM event e WHERE e.kind = (SELECT kind FROM event_kind WHERE name = 'config');

-- Words by which monarch and new CPU talk. since_ns: sampled, so it changed between then and ts_ns.
CREATE VIEW handoff_v AS
SELECT e.ts_ns, e.cpu, coalesce((SELECT text FROM word WHERE list = 'word' AND value = e.a0), e.a0) AS word,
	iif(e.a1 IS NULL, NULL, printf('0x%llx', e.a1)) AS addr,
	iif(e.a2 IS NULL, NULL, printf('0x%llx', e.a2)) AS old,
	iif(e.a3 IS NULL, NULL, printf('0x%llx', e.a3)) AS value,
	iif(e.a4 IS NULL, NULL, printf('0x%llx', e.a4)) AS rip,
	e.a5 AS since_ns, e.id,
	(SELECT text FROM word WHERE list = 'origin' AND value = e.origin) AS origin
FROM event e WHERE e.kind = (SELECT kind FROM event_kind WHERE name = 'handoff');

-- The line or packet that an event was made of. text NULL = not kept; whole: bytes before it was cut.
CREATE VIEW raw_v AS SELECT event AS event_id, CAST(bytes AS TEXT) AS text, whole FROM event_raw;

-- The save state of an smi-enter; bytes: hexadecimal, from SMBASE + 0xfe00 to SMBASE + 0x10000.
CREATE VIEW saved_v AS
SELECT event AS event_id, e.cpu, e.ts_ns, printf('0x%x', revision) AS revision,
	hex(substr(bytes, 1, 512)) AS bytes
FROM smm_state LEFT JOIN event e ON e.id = event;

-- Events that a source is known to have lost.
CREATE VIEW loss_v AS
SELECT (SELECT name FROM event_source WHERE source = e.source) AS source,
	e.ts_ns AS start_ns, e.a0 AS end_ns, e.a1 AS count, e.cpu, e.id
FROM event e WHERE e.kind = (SELECT kind FROM event_kind WHERE name = 'lost');

-- Intervals in which a source could not see, or not everything.
CREATE VIEW blind_v AS
SELECT e.ts_ns AS start_ns, e.a0 AS end_ns,
	(SELECT text FROM word WHERE list = 'why' AND value = e.a1) AS reason,
	(SELECT name FROM event_source WHERE source = e.source) AS source, e.cpu, e.id
FROM event e WHERE e.kind = (SELECT kind FROM event_kind WHERE name = 'blind');

-- Intervals in which the guest stood still because of smmtrace, or was paused by somebody else; those that are over.
CREATE VIEW pause_v AS
SELECT e.ts_ns AS start_ns, e.a0 AS end_ns, e.a0 - e.ts_ns AS dur_ns,
	(SELECT text FROM word WHERE list = 'why' AND value = e.a1) AS why, e.cpu, e.id
FROM event e WHERE e.kind = (SELECT kind FROM event_kind WHERE name = 'pause') AND e.a0 IS NOT NULL;
