/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "query.h"

/* Seconds since the recording's first event. */
#define T_S(ts) "round((" ts " - (SELECT value FROM total WHERE name = 'first_ns')) / 1e9, 6) AS t_s"
/* Nanoseconds as microseconds. */
#define US(ns) "round((" ns ") / 1e3, 1)"
#define MS(ns) "round((" ns ") / 1e6, 3)"
#define HEX(x) "iif(" x " IS NULL, NULL, printf('0x%llx', " x "))"

const struct question questions[] = {
	{ "hang", "who waits for whom, since when, and the rule that was broken first",
	  "SELECT subject, says FROM (SELECT position, subject, says FROM hang_v"
	  " UNION ALL SELECT 0, 'verdict', 'none is stored: the recorder ended before its first;"
	  " \"smmtrace check FILE\" judges what was recorded' WHERE NOT EXISTS (SELECT 1 FROM hang_v))"
	  " ORDER BY position", true },
	{ "episodes", "each boot relocation, plug and unplug of a CPU: the step it is in, done or stuck",
	  "SELECT id, kind, cpu, profile, status, step, next, " T_S("start_ns") ", "
	  MS("coalesce(end_ns, (SELECT value FROM total WHERE name = 'last_ns')) - start_ns") " AS dur_ms,"
	  " rendezvous, verdict FROM episode_v ORDER BY id", true },
	{ "steps", "every step of every episode, with its time and how long after the one before it",
	  "SELECT episode, cpu, step, letter, " T_S("ts_ns") ", " MS("dur_ns") " AS after_ms, event"
	  " FROM step_v ORDER BY episode, ts_ns, position", true },
	{ "violations", "rules that were broken, and the events that prove it",
	  "SELECT " T_S("ts_ns") ", cpu, invariant, severity, step, evidence, message"
	  " FROM violation_v ORDER BY ts_ns, id", true },
	{ "invariants", "how each rule stood: never exercised, holds, unknown, violated",
	  "SELECT number, name, step, severity, status, exercised, violations, why"
	  " FROM invariant_v ORDER BY number", true },
	{ "config", "the machine's settings that SMM depends on, as they were last read",
	  "SELECT " T_S("ts_ns") ", reg, value, id FROM config_v WHERE latest ORDER BY id", true },
	{ "handoffs", "changes of the words by which monarch and new CPU talk",
	  "SELECT " T_S("ts_ns") ", cpu, word, addr, old, value, rip, origin, "
	  US("ts_ns - since_ns") " AS uncertain_us FROM handoff_v ORDER BY id", true },
	{ "cpus", "one line per CPU: state, SMBASE, SMIs and time in SMM",
	  "SELECT cpu, apic_id, state, smbase, smis, smis - rsms AS without_rsm,"
	  " (SELECT count(*) FROM smbase WHERE smbase.cpu = c.cpu AND effective_ns IS NOT NULL)"
	  " AS relocations, " MS("total") " AS in_smm_ms, " US("longest") " AS longest_us"
	  " FROM cpu_v c LEFT JOIN (SELECT cpu AS of, sum(leave_ns - enter_ns) AS total,"
	  " max(leave_ns - enter_ns) AS longest FROM smi GROUP BY cpu) ON of = c.cpu ORDER BY cpu", false },
	{ "smis", "every stay of a CPU in SMM",
	  "SELECT " T_S("enter_ns") ", cpu, id, smbase, " US("dur_ns") " AS dur_us, cause, "
	  HEX("apm_cmd") " AS apm_cmd, " HEX("apm_data") " AS apm_data, saved_rip, ended_by"
	  " FROM smi_v ORDER BY id", false },
	{ "relocations", "every change of an SMBASE, and the base that the next SMI used",
	  "SELECT " T_S("ts_ns") ", cpu, old_smbase, new_smbase, rip, "
	  US("effective_ns - ts_ns") " AS effective_us,"
	  " (SELECT " HEX("smbase") " FROM smi WHERE smi.cpu = r.cpu AND enter_ns > r.effective_ns"
	  " ORDER BY enter_ns LIMIT 1) AS next_entry FROM smbase_v r ORDER BY id", false },
	{ "ports", "accesses to APM_CNT (0xb2) and APM_STS (0xb3), and the SMI they belong to",
	  "SELECT " T_S("ts_ns") ", cpu, " HEX("port") " AS port, dir, "
	  HEX("value") " AS value, smi_id, origin"
	  " FROM port_v ORDER BY id", false },
	{ "sipis", "INITs and SIPIs, where a SIPI starts its target, and whether the target was in SMM",
	  "SELECT " T_S("ts_ns") ", sender, target, dest, mode, "
	  " iif(mode = 'sipi', printf('0x%llx', vector << 12), NULL) AS start,"
	  " (SELECT iif(coalesce(leave_id, i.id + 1) > i.id, id, NULL) FROM smi WHERE smi.cpu = i.target"
	  " AND enter_ns <= i.ts_ns AND id < i.id ORDER BY enter_ns DESC LIMIT 1) AS target_in_smi"
	  " FROM ipi_v i WHERE mode IN ('init', 'sipi') ORDER BY id", false },
	{ "ipis", "every ICR write",
	  "SELECT " T_S("ts_ns") ", sender, target, dest, mode, " HEX("vector") " AS vector, "
	  HEX("icr") " AS icr FROM ipi_v ORDER BY id", false },
	{ "resets", "power-on resets and INITs that were taken, and the SMI they ended",
	  "SELECT " T_S("ts_ns") ", cpu, detail,"
	  " (SELECT iif(ended_by = 'reset' AND leave_ns = e.ts_ns, id, NULL) FROM smi_v s"
	  " WHERE s.cpu = e.cpu AND enter_ns <= e.ts_ns ORDER BY enter_ns DESC LIMIT 1) AS ended_smi"
	  " FROM event_v e WHERE id IN (SELECT id FROM event WHERE kind ="
	  " (SELECT kind FROM event_kind WHERE name = 'cpu-reset')) ORDER BY id", false },
	{ "hotplug", "accesses to the CPU hot-plug registers",
	  "SELECT " T_S("ts_ns") ", cpu, reg, dir, "
	  HEX("value") " AS value, meaning FROM cpuhp_v ORDER BY id", false },
	{ "events", "everything, in order",
	  "SELECT id, " T_S("ts_ns") ", cpu, kind, source, origin, detail FROM event_v ORDER BY id", false },
	{ "pauses", "how often and how long the guest stood still because of smmtrace",
	  "SELECT why, count(*) AS stops, " MS("sum(dur_ns)") " AS total_ms, "
	  US("avg(dur_ns)") " AS average_us, " US("max(dur_ns)") " AS longest_us"
	  " FROM pause_v GROUP BY why ORDER BY sum(dur_ns) DESC", false },
	{ "losses", "what a source has lost, and when one could not see",
	  "SELECT " T_S("start_ns") ", " MS("end_ns - start_ns") " AS dur_ms, source, what, count, reason,"
	  " cpu FROM (SELECT start_ns, end_ns, source, 'lost' AS what, count, NULL AS reason, cpu, id"
	  " FROM loss_v UNION ALL"
	  " SELECT start_ns, end_ns, source, 'blind', NULL, reason, cpu, id FROM blind_v) ORDER BY id", false },
	{ "meta", "what is known about the recording", "SELECT key, value FROM meta_v ORDER BY key", false },
	{ NULL, NULL, NULL, false },
};
