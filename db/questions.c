/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "query.h"

/* Seconds since the recording's first event. */
#define T_S(ts) "round((" ts " - (SELECT value FROM total WHERE name = 'first_ns')) / 1e9, 6) AS t_s"
/* Nanoseconds as microseconds. */
#define US(ns) "round((" ns ") / 1e3, 1)"
#define MS(ns) "round((" ns ") / 1e6, 3)"
/* The smallest length that @p of 100 do not exceed: nearest rank of n values, "place" of them up to d. */
#define PERCENTILE(p) "min(iif(place * 100 >= " #p " * n, d, NULL)) / 10.0 AS p" #p "_us"
#define ALL_CPUS "256" /* as a CPU's number: behind the others */
#define OF_STORM(what) \
	"(SELECT " what " FROM smi WHERE smi.cpu = storm.cpu AND enter_ns BETWEEN began AND last)"
#define HEX(x) "iif(" x " IS NULL, NULL, printf('0x%llx', " x "))"

/* Those of an event's neighbours that the guest made, as a filter takes them, and the event itself. */
#define NO_PAUSE " AND kind IS NOT (SELECT kind FROM event_kind WHERE name = 'pause')"
#define AROUND(more) \
	"SELECT iif(id = ?1, '>', '') AS at, id, " US("ts_ns - (SELECT ts_ns FROM main.event WHERE id = ?1)") \
	" AS after_us, cpu, kind, origin" more ", detail FROM main.event_v v WHERE id = ?1" \
	" OR id IN (SELECT id FROM event WHERE id < ?1" NO_PAUSE " ORDER BY id DESC LIMIT 12)" \
	" OR id IN (SELECT id FROM event WHERE id > ?1" NO_PAUSE " ORDER BY id LIMIT 12) ORDER BY id"
#define STEP_AND_RULE \
	", (SELECT group_concat(e.kind || ' of CPU ' || e.cpu || ': ' || s.step, ', ') FROM episode_step s" \
	" JOIN episode e ON e.id = s.episode WHERE s.event = v.id) AS step," \
	" (SELECT group_concat(DISTINCT invariant) FROM violation WHERE v.id IN (e0, e1, e2, e3)) AS broken_rule"

const struct question questions[] = {
	{ .name = "hang", .help = "who waits for whom, since when, and the rule that was broken first",
	  .sql = "SELECT subject, says FROM (SELECT position, subject, says FROM hang_v"
	  " UNION ALL SELECT 0, 'verdict', 'none is stored: the recorder ended before its first;"
	  " \"smmtrace check FILE\" judges what was recorded' WHERE NOT EXISTS (SELECT 1 FROM hang_v))"
	  " ORDER BY position",
	  .finding = true },
	{ .name = "episodes",
	  .help = "each boot relocation, plug and unplug of a CPU: the step it is in, done or stuck",
	  .sql = "SELECT id, kind, cpu, profile, status, step, next, " T_S("start_ns") ", "
	  MS("coalesce(end_ns, (SELECT value FROM total WHERE name = 'last_ns')) - start_ns") " AS dur_ms,"
	  " rendezvous, verdict FROM episode_v ORDER BY id",
	  .finding = true },
	{ .name = "steps", .help = "every step of every episode, with its time and how long after the one before it",
	  .sql = "SELECT episode, cpu, step, letter, " T_S("ts_ns") ", " MS("dur_ns") " AS after_ms, event"
	  " FROM step_v ORDER BY episode, ts_ns, position",
	  .finding = true },
	{ .name = "violations", .help = "rules that were broken, and the events that prove it",
	  .sql = "SELECT " T_S("ts_ns") ", cpu, invariant, severity, step, evidence, message"
	  " FROM violation_v ORDER BY ts_ns, id",
	  .finding = true },
	{ .name = "invariants", .help = "how each rule stood: never exercised, holds, unknown, violated",
	  .sql = "SELECT number, name, step, severity, status, exercised, violations, why"
	  " FROM invariant_v ORDER BY number",
	  .finding = true },
	{ .name = "config", .help = "the machine's settings that SMM depends on, as they were last read",
	  .sql = "SELECT " T_S("ts_ns") ", reg, value, id FROM config_v WHERE latest ORDER BY id",
	  .finding = true, .events = true },
	{ .name = "handoffs", .help = "changes of the words by which monarch and new CPU talk",
	  .sql = "SELECT " T_S("ts_ns") ", cpu, word, addr, old, value, rip, origin, "
	  US("ts_ns - since_ns") " AS uncertain_us FROM handoff_v ORDER BY id",
	  .finding = true, .events = true },
	{ .name = "cpus", .help = "one line per CPU: state, SMBASE, SMIs and time in SMM",
	  .sql = "SELECT cpu, apic_id, state, smbase, smis, smis - rsms AS without_rsm,"
	  " (SELECT count(*) FROM smbase WHERE smbase.cpu = c.cpu AND effective_ns IS NOT NULL)"
	  " AS relocations, " MS("total") " AS in_smm_ms, " US("longest") " AS longest_us"
	  " FROM cpu_v c LEFT JOIN (SELECT cpu AS of, sum(leave_ns - enter_ns) AS total,"
	  " max(leave_ns - enter_ns) AS longest FROM smi GROUP BY cpu) ON of = c.cpu ORDER BY cpu" },
	{ .name = "smis", .help = "every stay of a CPU in SMM",
	  .sql = "SELECT " T_S("enter_ns") ", cpu, id, smbase, " US("dur_ns") " AS dur_us, cause, "
	  HEX("apm_cmd") " AS apm_cmd, " HEX("apm_data") " AS apm_data, saved_rip, ended_by"
	  " FROM smi_v ORDER BY id",
	  .events = true },
	{ .name = "smi-causes", .help = "SMIs by what raised them: how many, on which CPUs, how long they took",
	  .sql = "SELECT coalesce(cause, 'unknown') AS cause, " HEX("apm_cmd") " AS apm_cmd, count(*) AS smis,"
	  " count(DISTINCT cpu) AS cpus, count(*) - count(leave_ns) AS inside, " MS("sum(dur_ns)") " AS total_ms, "
	  US("avg(dur_ns)") " AS average_us, " US("max(dur_ns)") " AS longest_us, min(id) AS first_id"
	  " FROM smi_v GROUP BY 1, apm_cmd ORDER BY smis DESC, first_id",
	  .events = true },
	{ .name = "smi-longest",
	  .help = "the 20 longest stays of a CPU in SMM; one that has not ended counts to the end",
	  .sql = "SELECT " T_S("enter_ns") ", cpu, id, smbase, "
	  US("coalesce(leave_ns, (SELECT value FROM total WHERE name = 'last_ns')) - enter_ns") " AS dur_us,"
	  " iif(leave_ns IS NULL, 'still inside', ended_by) AS ended_by, cause, " HEX("apm_cmd") " AS apm_cmd"
	  " FROM smi_v ORDER BY coalesce(leave_ns, (SELECT value FROM total WHERE name = 'last_ns'))"
	  " - enter_ns DESC, id LIMIT 20",
	  .events = true },
	{ .name = "smi-percentiles",
	  .help = "how long SMIs took, per CPU: 50, 90, 99 and 100 percent of those that ended were not longer",
	  /* By way of how often each length came, in the steps of 100 ns that are shown: that is a short list. */
	  .sql = "WITH len AS MATERIALIZED (SELECT cpu AS of, (leave_ns - enter_ns + 50) / 100 AS d, count(*) AS c"
	  " FROM smi WHERE leave_ns IS NOT NULL GROUP BY 1, 2),"
	  " lens AS (SELECT of, d, c FROM len UNION ALL SELECT " ALL_CPUS ", d, sum(c) FROM len GROUP BY d)"
	  " SELECT iif(of = " ALL_CPUS ", 'all', of) AS cpu, n AS smis, " PERCENTILE(50) ", " PERCENTILE(90) ", "
	  PERCENTILE(99) ", max(d) / 10.0 AS longest_us FROM (SELECT of, d,"
	  " sum(c) OVER (PARTITION BY of ORDER BY d) AS place, sum(c) OVER (PARTITION BY of) AS n FROM lens)"
	  " GROUP BY of ORDER BY of" },
	{ .name = "storms", .help = "bursts of SMIs: 10 and more of a CPU, each within 10 ms of the one before",
	  /* nr counts a CPU's SMIs; first: those that no other one precedes closely; storm: with their followers. */
	  .sql = "WITH first AS (SELECT * FROM (SELECT cpu, enter_ns, id, row_number() OVER w AS nr,"
	  " lag(enter_ns) OVER w AS before FROM smi WINDOW w AS (PARTITION BY cpu ORDER BY enter_ns, id))"
	  " WHERE before IS NULL OR enter_ns - before > 10000000),"
	  " storm AS (SELECT cpu, enter_ns AS began, id, coalesce(lead(nr) OVER v,"
	  " (SELECT count(*) + 1 FROM smi WHERE smi.cpu = first.cpu)) - nr AS n, coalesce(lead(before) OVER v,"
	  " (SELECT max(enter_ns) FROM smi WHERE smi.cpu = first.cpu)) AS last"
	  " FROM first WINDOW v AS (PARTITION BY cpu ORDER BY nr))"
	  " SELECT " T_S("began") ", cpu, n AS smis, " MS("last - began") " AS dur_ms,"
	  " round((n - 1) * 1e9 / max(last - began, 1), 1) AS per_second, " MS(OF_STORM("sum(leave_ns - enter_ns)"))
	  " AS in_smm_ms, " OF_STORM("group_concat(DISTINCT " HEX("apm_cmd") ")") " AS apm_cmds, id AS first_id"
	  " FROM storm WHERE n >= 10 ORDER BY began, cpu" },
	{ .name = "relocations", .help = "every change of an SMBASE, and the base that the next SMI used",
	  .sql = "SELECT " T_S("ts_ns") ", cpu, old_smbase, new_smbase, rip, "
	  US("effective_ns - ts_ns") " AS effective_us,"
	  " (SELECT " HEX("smbase") " FROM smi WHERE smi.cpu = r.cpu AND enter_ns > r.effective_ns"
	  " ORDER BY enter_ns LIMIT 1) AS next_entry FROM smbase_v r ORDER BY id",
	  .events = true },
	{ .name = "ports", .help = "accesses to APM_CNT (0xb2) and APM_STS (0xb3), and the SMI they belong to",
	  .sql = "SELECT " T_S("ts_ns") ", cpu, " HEX("port") " AS port, dir, "
	  HEX("value") " AS value, smi_id, origin"
	  " FROM port_v ORDER BY id",
	  .events = true },
	{ .name = "sipis",
	  .help = "INITs and SIPIs, where a SIPI starts its target, and whether the target was in SMM",
	  .sql = "SELECT " T_S("ts_ns") ", sender, target, dest, mode, "
	  " iif(mode = 'sipi', printf('0x%llx', vector << 12), NULL) AS start,"
	  " (SELECT iif(coalesce(leave_id, i.id + 1) > i.id, id, NULL) FROM smi WHERE smi.cpu = i.target"
	  " AND enter_ns <= i.ts_ns AND id < i.id ORDER BY enter_ns DESC LIMIT 1) AS target_in_smi"
	  " FROM ipi_v i WHERE mode IN ('init', 'sipi') ORDER BY id",
	  .events = true },
	{ .name = "ipis", .help = "every ICR write",
	  .sql = "SELECT " T_S("ts_ns") ", sender, target, dest, mode, " HEX("vector") " AS vector, "
	  HEX("icr") " AS icr FROM ipi_v ORDER BY id",
	  .events = true },
	{ .name = "resets", .help = "power-on resets and INITs that were taken, and the SMI they ended",
	  .sql = "SELECT " T_S("ts_ns") ", cpu, detail,"
	  " (SELECT iif(ended_by = 'reset' AND leave_ns = e.ts_ns, id, NULL) FROM main.smi_v s"
	  " WHERE s.cpu = e.cpu AND enter_ns <= e.ts_ns ORDER BY enter_ns DESC LIMIT 1) AS ended_smi"
	  " FROM event_v e WHERE id IN (SELECT id FROM event WHERE kind ="
	  " (SELECT kind FROM event_kind WHERE name = 'cpu-reset')) ORDER BY id",
	  .events = true },
	{ .name = "hotplug", .help = "accesses to the CPU hot-plug registers",
	  .sql = "SELECT " T_S("ts_ns") ", cpu, reg, dir, "
	  HEX("value") " AS value, meaning FROM cpuhp_v ORDER BY id",
	  .events = true },
	{ .name = "events", .help = "everything, in order",
	  .sql = "SELECT id, " T_S("ts_ns") ", cpu, kind, source, origin, detail FROM event_v ORDER BY id",
	  .events = true },
	{ .name = "around",
	  .help = "what happened around an event: 12 before it and 12 after, without our own stops",
	  .sql = AROUND(STEP_AND_RULE), .arg = "ID", .sql_1 = AROUND(""), .events = true },
	{ .name = "raw",
	  .help = "what an event was made of: the line of QEMU's log, or the packet of its debug stub",
	  .sql = "SELECT v.id, " T_S("ts_ns") ", cpu, kind, source, CASE WHEN r.event_id IS NULL THEN"
	  " '(nothing came with it)' WHEN text IS NULL THEN '(raw line not kept)' ELSE text ||"
	  " iif(whole IS NULL, '', ' (cut: ' || whole || ' bytes)') END AS raw"
	  " FROM event_v v LEFT JOIN raw_v r ON r.event_id = v.id WHERE v.id = ?1",
	  .arg = "ID", .raw = true },
	{ .name = "pauses", .help = "how often and how long the guest stood still because of smmtrace",
	  .sql = "SELECT why, count(*) AS stops, " MS("sum(dur_ns)") " AS total_ms, "
	  US("avg(dur_ns)") " AS average_us, " US("max(dur_ns)") " AS longest_us"
	  " FROM pause_v GROUP BY why ORDER BY sum(dur_ns) DESC",
	  .events = true },
	{ .name = "losses", .help = "what a source has lost, and when one could not see",
	  .sql = "SELECT " T_S("start_ns") ", " MS("end_ns - start_ns") " AS dur_ms, source, what, count, reason,"
	  " cpu FROM (SELECT start_ns, end_ns, source, 'lost' AS what, count, NULL AS reason, cpu, id"
	  " FROM loss_v UNION ALL"
	  " SELECT start_ns, end_ns, source, 'blind', NULL, reason, cpu, id FROM blind_v) ORDER BY id",
	  .events = true },
	{ .name = "meta", .help = "what is known about the recording",
	  .sql = "SELECT key, value FROM meta_v ORDER BY key" },
	{ .name = NULL },
};
