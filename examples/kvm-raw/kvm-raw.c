/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guest without QEMU: a few vCPUs of KVM's own interface, 1 MiB of RAM and a page of code (guest.S) that does
 * a known number of everything that smmtrace traces under KVM. At the end it says what that was.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "board.h"

#define DEADLINE_S 120
#define SMRAM_SLOT (1u << 16) /* the memory as seen in SMM is address space 1 */
#define MAX_CPUID 256

extern const char guest[], guest_end[];

/* What one vCPU did, told by its exits. */
struct vcpu {
	int index, fd, tid;
	pthread_t thread;
	struct kvm_run *run;
	unsigned apm_cnt, apm_sts, apm_sts_reads;
};

static struct machine {
	int kvm, vm;
	char *ram;
	struct board *board;
	struct vcpu vcpu[MAX_VCPUS];
	atomic_bool over;
	bool stuck; /* set before over */
} m;

static struct {
	unsigned vcpus, smis, writes;
	bool wait, late, linger;
} opt = { .vcpus = 2, .smis = 3, .writes = 5 };

static int kvm(int fd, unsigned long request, unsigned long arg, const char *what)
{
	int rc = ioctl(fd, request, arg);

	if (rc < 0)
		err(1, "%s", what);
	return rc;
}

/* ---- the machine ---- */

static void add_memory(uint32_t slot)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot, .memory_size = RAM_SIZE, .userspace_addr = (unsigned long)m.ram,
	};

	kvm(m.vm, KVM_SET_USER_MEMORY_REGION, (unsigned long)&r, "KVM_SET_USER_MEMORY_REGION");
}

static void make_machine(void)
{
	uint64_t identity_map = 0xfffbc000; /* three pages at the end of 32 bits that Intel's KVM wants for itself */

	m.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (m.kvm < 0)
		err(1, "/dev/kvm");
	m.vm = kvm(m.kvm, KVM_CREATE_VM, 0, "KVM_CREATE_VM");
	kvm(m.vm, KVM_SET_TSS_ADDR, 0xfffbd000, "KVM_SET_TSS_ADDR");
	kvm(m.vm, KVM_SET_IDENTITY_MAP_ADDR, (unsigned long)&identity_map, "KVM_SET_IDENTITY_MAP_ADDR");
	kvm(m.vm, KVM_CREATE_IRQCHIP, 0, "KVM_CREATE_IRQCHIP");
	m.ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (m.ram == MAP_FAILED)
		err(1, "guest RAM");
	memcpy(m.ram + GUEST_BASE, guest, (size_t)(guest_end - guest));
	m.board = (struct board *)(m.ram + BOARD);
	m.board->vcpus = opt.vcpus;
	m.board->smis = opt.smis;
	m.board->writes = opt.writes;
	m.board->smm = ioctl(m.kvm, KVM_CHECK_EXTENSION, KVM_CAP_X86_SMM) > 0;
	add_memory(0);
	if (m.board->smm)
		add_memory(SMRAM_SLOT);
}

/* Every vCPU is what this host can be, with an APIC ID of its own. */
static void set_cpuid(const struct vcpu *v)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entry[MAX_CPUID];
	} id = { .head.nent = MAX_CPUID };

	kvm(m.kvm, KVM_GET_SUPPORTED_CPUID, (unsigned long)&id, "KVM_GET_SUPPORTED_CPUID");
	for (uint32_t i = 0; i < id.head.nent; i++)
		if (id.entry[i].function == 1)
			id.entry[i].ebx = (id.entry[i].ebx & 0xffffff) | (uint32_t)v->index << 24;
	kvm(v->fd, KVM_SET_CPUID2, (unsigned long)&id, "KVM_SET_CPUID2");
}

/* The others wait for their SIPI. */
static void set_boot_state(const struct vcpu *v)
{
	struct kvm_regs regs = { .rip = GUEST_BASE, .rflags = 2 };
	struct kvm_sregs sregs;

	kvm(v->fd, KVM_GET_SREGS, (unsigned long)&sregs, "KVM_GET_SREGS");
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	kvm(v->fd, KVM_SET_SREGS, (unsigned long)&sregs, "KVM_SET_SREGS");
	kvm(v->fd, KVM_SET_REGS, (unsigned long)&regs, "KVM_SET_REGS");
}

static void make_vcpu(struct vcpu *v)
{
	size_t size = (size_t)kvm(m.kvm, KVM_GET_VCPU_MMAP_SIZE, 0, "KVM_GET_VCPU_MMAP_SIZE");

	v->fd = kvm(m.vm, KVM_CREATE_VCPU, (unsigned long)v->index, "KVM_CREATE_VCPU");
	v->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (v->run == MAP_FAILED)
		err(1, "struct kvm_run");
	set_cpuid(v);
	if (v->index == 0)
		set_boot_state(v);
}

/* ---- exits ---- */

/* Let every vCPU see that it is over, in KVM_RUN or just before it. */
static void end_all(bool stuck)
{
	m.stuck |= stuck;
	atomic_store(&m.over, true);
	for (unsigned i = 0; i < opt.vcpus; i++) {
		m.vcpu[i].run->immediate_exit = 1;
		pthread_kill(m.vcpu[i].thread, SIGUSR1);
	}
}

static void take_write(struct vcpu *v, uint16_t port)
{
	switch (port) {
	case APM_CNT:
		v->apm_cnt++;
		if (m.board->armed && m.board->smm)
			kvm(v->fd, KVM_SMI, 0, "KVM_SMI");
		break;
	case APM_STS:
		v->apm_sts++;
		break;
	case PORT_END:
		end_all(false);
	}
}

static void take_io(struct vcpu *v)
{
	const struct kvm_run *run = v->run;

	if (run->io.direction == KVM_EXIT_IO_OUT) {
		take_write(v, run->io.port);
		return;
	}
	memset((char *)run + run->io.data_offset, 0xa5, run->io.size);
	if (run->io.port == APM_STS)
		v->apm_sts_reads++;
}

static void *vcpu_main(void *arg)
{
	struct vcpu *v = arg;

	while (!atomic_load(&m.over)) {
		if (ioctl(v->fd, KVM_RUN, 0) < 0) {
			if (errno != EINTR && errno != EAGAIN)
				err(1, "KVM_RUN of vCPU %d", v->index);
		} else if (v->run->exit_reason == KVM_EXIT_IO) {
			take_io(v);
		} else {
			warnx("vCPU %d: exit %u that was not expected", v->index, v->run->exit_reason);
			end_all(true);
		}
	}
	return NULL;
}

/* A thread that says who it is, and begins when it is let. */
static pthread_barrier_t ready, go;

static void *vcpu_thread(void *arg)
{
	struct vcpu *v = arg;
	char name[16];

	v->tid = gettid();
	snprintf(name, sizeof(name), "vcpu%d", v->index); /* as Cloud Hypervisor names them */
	pthread_setname_np(pthread_self(), name);
	pthread_barrier_wait(&ready);
	pthread_barrier_wait(&go);
	return vcpu_main(v);
}

static void start_threads(void)
{
	pthread_barrier_init(&ready, NULL, opt.vcpus + 1);
	pthread_barrier_init(&go, NULL, opt.vcpus + 1);
	for (unsigned i = 0; i < opt.vcpus; i++)
		if (pthread_create(&m.vcpu[i].thread, NULL, vcpu_thread, &m.vcpu[i]))
			errx(1, "cannot start a thread");
	pthread_barrier_wait(&ready);
	for (unsigned i = 0; i < opt.vcpus; i++)
		printf("vcpu%u.tid %d\n", i, m.vcpu[i].tid);
}

/* ---- the program ---- */

static void nothing(int sig)
{
	(void)sig;
}

static void too_long(int sig)
{
	static const char text[] = "kvm-raw: the guest does not end\n";

	(void)sig;
	_exit(write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ? 2 : 1);
}

static void await_line(const char *word)
{
	int c;

	printf("%s\n", word);
	fflush(stdout);
	do
		c = getchar();
	while (c != '\n' && c != EOF);
}

static void tell(void)
{
	const struct board *b = m.board;

	for (unsigned i = 0; i < opt.vcpus; i++) {
		const struct vcpu *v = &m.vcpu[i];

		printf("vcpu%u.out.b2 %u\nvcpu%u.out.b3 %u\nvcpu%u.in.b3 %u\n", i, v->apm_cnt, i, v->apm_sts, i,
		       v->apm_sts_reads);
	}
	printf("inits %u\nsipis %u\nsmi-ipis %u\nrelocated %u\nown-smis %u\n", b->inits, b->sipis, b->smi_ipis,
	       b->relocated, b->own_smis);
}

static const struct option long_options[] = {
	{ "vcpus", required_argument, NULL, 'c' },
	{ "smis", required_argument, NULL, 'n' },
	{ "writes", required_argument, NULL, 'w' },
	{ "wait", no_argument, NULL, 'W' },
	{ "late", no_argument, NULL, 'L' },
	{ "linger", no_argument, NULL, 'l' },
	{ 0 },
};

static void read_options(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
		switch (c) {
		case 'c': opt.vcpus = (unsigned)atoi(optarg); break;
		case 'n': opt.smis = (unsigned)atoi(optarg); break;
		case 'w': opt.writes = (unsigned)atoi(optarg); break;
		case 'W': opt.wait = true; break;
		case 'L': opt.wait = opt.late = true; break;
		case 'l': opt.linger = true; break;
		default: exit(2);
		}
	}
	if (optind != argc || opt.vcpus < 1 || opt.vcpus > MAX_VCPUS)
		errx(2, "usage: kvm-raw [--vcpus 1-%d] [--smis N] [--writes N] [--wait | --late] [--linger]", MAX_VCPUS);
}

int main(int argc, char **argv)
{
	struct sigaction kick = { .sa_handler = nothing }, late = { .sa_handler = too_long };

	read_options(argc, argv);
	sigaction(SIGUSR1, &kick, NULL);
	sigaction(SIGALRM, &late, NULL);
	make_machine();
	for (unsigned i = 0; i < opt.vcpus; i++) {
		m.vcpu[i].index = (int)i;
		make_vcpu(&m.vcpu[i]);
	}
	printf("smm %u\n", m.board->smm);
	if (!opt.late)
		start_threads();
	if (opt.wait)
		await_line("ready");
	if (opt.late)
		start_threads();
	fflush(stdout);
	alarm(DEADLINE_S);
	pthread_barrier_wait(&go);
	for (unsigned i = 0; i < opt.vcpus; i++)
		pthread_join(m.vcpu[i].thread, NULL);
	alarm(0);
	tell();
	if (opt.linger)
		await_line("done");
	return m.stuck;
}
