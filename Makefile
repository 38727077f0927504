# SPDX-License-Identifier: GPL-3.0-or-later
#
# make               the program at ./smmtrace (O=dir: dir/smmtrace)
# make check         layer check, unit tests, end-to-end tests on real guests
# make check-unit    only what needs no guest
# make zoo           each bug of the reference firmware is found and named
# make bench         figures beside the peers, in one run
# make fuzz          every byte parser under libFuzzer (FUZZ_SECONDS=30 each)
# make manual       man/smmtrace-invariants.7 from the table of invariants
# make install       DESTDIR= PREFIX=/usr/local
# Switches: V=1 ASAN=1 UBSAN=1 COVERAGE=1 CC=clang O=dir

O ?= .
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 30
OBJ := $(O)/.obj
PROGRAM := $(O)/smmtrace

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n'
endif

PACKAGES := sqlite3 ncursesw expat jansson readline libtracefs libtraceevent libtracecmd
WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wwrite-strings -Wvla -Werror
CFLAGS ?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DSMMTRACE_VERSION='"$(shell cat VERSION)"'
ALL_CFLAGS := -std=gnu11 $(WARN) $(CFLAGS) -fno-strict-aliasing -pthread $(shell pkg-config --cflags $(PACKAGES))
LIBS := $(shell pkg-config --libs $(PACKAGES)) -pthread

ifeq ($(ASAN),1)
SAN += -fsanitize=address -fno-omit-frame-pointer
endif
ifeq ($(UBSAN),1)
SAN += -fsanitize=undefined -fno-sanitize-recover=all
endif
ifeq ($(COVERAGE),1)
SAN += --coverage
endif
ALL_CFLAGS += $(SAN)
LDFLAGS += $(SAN)

# The ranks of the house, lowest first; scripts/check-layers proves that includes only point down.
DIRS := gdbproto tracer tracer/sources tracer/flow tracer/check db views
SRC := $(foreach d,$(DIRS),$(sort $(wildcard $(d)/*.c)))
LIB := $(OBJ)/libsmmtrace.a
LIB_OBJ := $(SRC:%.c=$(OBJ)/%.o)
MAIN_OBJ := $(OBJ)/smmtrace.o

UNIT_SRC := $(sort $(wildcard tests/unit/test-*.c))
UNIT := $(UNIT_SRC:%.c=$(OBJ)/%)
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))
BENCH := $(BENCH_SRC:%.c=$(OBJ)/%)
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz-*.c))
FUZZ := $(FUZZ_SRC:%.c=$(OBJ)/%)

all: $(PROGRAM)

$(PROGRAM): $(MAIN_OBJ) $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(MAIN_OBJ) $(LIB) $(LIBS)

$(LIB): $(LIB_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIB_OBJ)

$(OBJ)/%.o: %.c $(OBJ)/flags
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -I$(OBJ) -MMD -MP -c -o $@ $<

# A text file as a C string: db/schema.sql -> db/schema.sql.h, views/html.css -> views/html.css.h
$(OBJ)/%.h: %
	$(say) GEN $@
	$(Q)mkdir -p $(@D)
	$(Q)sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&\\n"/' $< > $@

$(OBJ)/db/writer.o $(OBJ)/db/query-names.o $(OBJ)/db/query-filter.o: $(OBJ)/db/schema.sql.h
$(OBJ)/views/html.o: $(OBJ)/views/html.css.h

# Objects are rebuilt when the way to build them changes.
$(OBJ)/flags: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(CC) $(ALL_CFLAGS) $(CPPFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS) $(CPPFLAGS)' > $@

$(OBJ)/tests/unit/%: tests/unit/%.c $(LIB)
	$(say) TEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -I$(OBJ) -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(LIB) $(LIBS) -lcmocka

$(OBJ)/tests/bench/%: tests/bench/%.c $(LIB)
	$(say) BENCH $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -I$(OBJ) -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(LIB) $(LIBS)

# Fuzzers are built whole with clang, so that the parsers are instrumented too.
$(OBJ)/tests/fuzz/%: tests/fuzz/%.c $(SRC)
	$(say) FUZZ $@
	$(Q)mkdir -p $(@D)
	$(Q)clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined $(CPPFLAGS) \
		$(shell pkg-config --cflags $(PACKAGES)) -I$(OBJ) -pthread -o $@ $< \
		$(shell sed -n 's,^/\* fuzzes: \(.*\) \*/,\1,p' $<) $(LIBS)

check: all $(UNIT)
	$(Q)tests/run --build $(O)

check-unit: all $(UNIT)
	$(Q)tests/run --build $(O) --unit

zoo: all
	$(Q)tests/run --build $(O) --kind e2e --only zoo

unit-programs: $(UNIT)

bench: all $(BENCH)
	$(Q)tests/bench/run --build $(O)

fuzz: $(FUZZ)
	$(Q)for f in $(FUZZ); do \
		name=$$(basename $$f); mkdir -p $(OBJ)/corpus/$$name; \
		echo "$$name: $(FUZZ_SECONDS) s"; \
		$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -print_final_stats=0 -verbosity=0 \
			-artifact_prefix=$(OBJ)/corpus/ $(OBJ)/corpus/$$name || exit 1; done

# The page that is made from a table of the program; the tests compare it.
manual: all
	$(say) MAN man/smmtrace-invariants.7
	$(Q)$(PROGRAM) list invariants --man > $(OBJ)/invariants.7
	$(Q)cp $(OBJ)/invariants.7 man/smmtrace-invariants.7

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man7 \
		$(DESTDIR)$(PREFIX)/share/doc/smmtrace $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/smmtrace
	install -m 644 $(wildcard man/*.1) $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(wildcard man/*.5) $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 644 $(wildcard man/*.7) $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 644 completions/smmtrace.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/smmtrace
	install -m 644 README.md COPYING db/schema.sql $(DESTDIR)$(PREFIX)/share/doc/smmtrace

clean:
	rm -rf $(OBJ) $(PROGRAM)

FORCE:
.PHONY: all manual check check-unit zoo unit-programs bench fuzz install clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:

-include $(LIB_OBJ:.o=.d) $(MAIN_OBJ:.o=.d) $(UNIT:=.d) $(BENCH:=.d)
