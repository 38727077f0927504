/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The prints of KVM's tracepoints, TP_printk() in Linux arch/x86/kvm/trace.h, read back. */
#include "kvm-point.h"

static bool put_dec(struct text *t, struct kvm_point *p, const char *word, enum kvm_field field)
{
	struct text left = *t;
	uint64_t n;

	if (!eat(&left, word) || !eat_number(&left, 10, 10, &n))
		return false;
	*t = left;
	kvm_set(p, field, n);
	return true;
}

static bool put_hex(struct text *t, struct kvm_point *p, const char *word, enum kvm_field field)
{
	struct text left = *t;
	uint64_t n;

	if (!eat(&left, word) || !(eat_0x(&left, &n) || eat_number(&left, 16, 16, &n)))
		return false;
	*t = left;
	kvm_set(p, field, n);
	return true;
}

/* One of @count words, as its number; @count when there is none of them. */
static unsigned eat_word(struct text *t, const char *const *word, unsigned count)
{
	unsigned i = 0;

	while (i < count && !eat(t, word[i]))
		i++;
	return i;
}

/* vcpu 0: entering SMM, smbase 0x30000 */
static bool smm(struct text *t, struct kvm_point *p)
{
	static const char *const way[] = { ": leaving SMM, smbase ", ": entering SMM, smbase " };
	unsigned entering;

	if (!put_dec(t, p, "vcpu ", KVM_VCPU) || (entering = eat_word(t, way, 2)) == 2)
		return false;
	kvm_set(p, KVM_ENTERING, entering);
	return put_hex(t, p, "", KVM_SMBASE);
}

/* pio_write at 0xb2 size 1 count 1 val 0x4; val was not there once, "(...)" follows when count > 1 */
static bool pio(struct text *t, struct kvm_point *p)
{
	static const char *const way[] = { "pio_read at ", "pio_write at " };
	unsigned write = eat_word(t, way, 2);

	if (write == 2 || !put_hex(t, p, "", KVM_PORT) || !put_dec(t, p, " size ", KVM_SIZE) ||
	    !put_dec(t, p, " count ", KVM_COUNT))
		return false;
	kvm_set(p, KVM_RW, write);
	put_hex(t, p, " val ", KVM_VAL);
	return true;
}

/* The longer word in front where one begins another. */
static const char *const mode_word[] = { "Fixed", "LowPrio", "SMI", "Res3", "NMI", "INIT", "SIPI", "ExtINT" };

/* dst 1 vec 8 (SIPI|physical|assert|edge|dst): the bits 11, 14, 15 and 19:18 of the ICR */
static bool ipi(struct text *t, struct kvm_point *p)
{
	static const char *const model[] = { "|physical", "|logical" }, *const level[] = { "|de-assert", "|assert" };
	static const char *const trigger[] = { "|edge", "|level" };
	static const char *const dest[] = { "|dst)", "|self)", "|all)", "|all-but-self)" };
	uint64_t vector;
	unsigned mode, log, on, lev, to;

	if (!put_hex(t, p, "dst ", KVM_DEST_ID) || !eat(t, " vec ") || !eat_number(t, 10, 3, &vector) ||
	    vector > 0xff || !eat(t, " ("))
		return false;
	if ((mode = eat_word(t, mode_word, 8)) == 8 || (log = eat_word(t, model, 2)) == 2 ||
	    (on = eat_word(t, level, 2)) == 2 || (lev = eat_word(t, trigger, 2)) == 2 ||
	    (to = eat_word(t, dest, 4)) == 4)
		return false;
	kvm_set(p, KVM_ICR_LOW, vector | mode << 8 | log << 11 | on << 14 | lev << 15 | to << 18);
	return true;
}

/* apicid 1 vec 0 (INIT|edge) */
static bool accept_irq(struct text *t, struct kvm_point *p)
{
	static const char *const trigger[] = { "|edge", "|level" };
	unsigned mode, level;

	if (!put_hex(t, p, "apicid ", KVM_APICID) || !put_dec(t, p, " vec ", KVM_VEC) || !eat(t, " (") ||
	    (mode = eat_word(t, mode_word, 8)) == 8 || (level = eat_word(t, trigger, 2)) == 2)
		return false;
	kvm_set(p, KVM_DM, mode << 8);
	kvm_set(p, KVM_TM, level);
	return true;
}

/* kvm_entry: "vcpu 0, rip 0x1000"; kvm_exit: "vcpu 0 reason io ...", which had no vcpu once */
static bool vcpu(struct text *t, struct kvm_point *p)
{
	put_dec(t, p, "vcpu ", KVM_VCPU);
	return true;
}

bool kvm_point_of_text(struct text args, struct kvm_point *p)
{
	static bool (*const read[KVM_POINT_COUNT])(struct text *, struct kvm_point *) = {
		[KVM_POINT_SMM_TRANSITION] = smm, [KVM_POINT_ENTER_SMM] = smm, [KVM_POINT_PIO] = pio,
		[KVM_POINT_APIC_IPI] = ipi, [KVM_POINT_APIC_ACCEPT_IRQ] = accept_irq,
		[KVM_POINT_ENTRY] = vcpu, [KVM_POINT_EXIT] = vcpu,
	};

	p->from_text = true;
	while (args.at < args.end && *args.at == ' ')
		args.at++;
	return read[p->id](&args, p);
}
