# Tongban: how it is built and tested. Written by hand; GNU make, one process, no generator.
#
#   make              build/tongban
#   make run          builds and serves http://127.0.0.1:8420
#   make test         runs everything that checks anything; ends with "N passed, N failed"
#   make bench        durable acts a second, beside a bare loop, in one run
#   make scale        the same in databases of SCALE="10000 100000 1000000" cases; restart, timers
#   make check-clang  the whole tree with clang, warnings as errors
#   make fuzz         300,000 random edits of rules
#   make fuzz-parse fuzz-compile fuzz-http fuzz-json fuzz-event   coverage-guided fuzzing with libFuzzer, FUZZ=60 seconds each
#   make soak         the crash test, 1,000 kills
#   make sim          a whole server in virtual time under injected faults: SEED=random EVENTS=100000
#   make editors      highlighting for VS Code and vim, from keywords.def
#   make manual       grammar/词表.md, the lists of the manual, from the tables
#   make duties       grammar/义务.md, how each article of the laws is treated, from engine/duties.def and rules/
#   make install      program, rules, documents and a unit for systemd below PREFIX (/usr/local)
#   make clean        removes build/
#
# What is made lies in build/: obj, asan, tsan, clang (one directory a flavour of objects), gen (scanner and parser).
B ?= build

# What is being made is told by its name; `make V=1` shows whole commands.
Q   := $(if $(V),,@)
SAY  = $(if $(V),,@echo "  $$@")

# As many compilers at once as there are processors, unless -j says otherwise.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif

CC    := gcc
CLANG := clang

# ---- flags ----
# C11 with POSIX and Linux functions (_GNU_SOURCE); every warning is an error, so that none is ever old.
WARN   := -Wall -Wextra -Wpedantic -Werror
CFLAGS := -std=c11 -D_GNU_SOURCE $(WARN) -g
# -MMD -MP: each object leaves a .d file naming the headers it read, so that touching a header rebuilds what uses it.
DEPEND := -MMD -MP
# Objects of each flavour: plain (what runs); asan (tests: bad memory access, undefined behaviour, leaks; no recovery,
# so that a finding fails the test); tsan (tests with threads: races); clang (a second compiler's opinion, nothing is
# linked).
FLAGS_obj   := -O2
FLAGS_asan  := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_tsan  := -O1 -fsanitize=thread
FLAGS_clang := -O2
# fuzz: clang's coverage for libFuzzer, with the sanitizers. (Debian: libclang-rt-14-dev; no other target needs it.)
FLAGS_fuzz  := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CC_obj   := $(CC)
CC_asan  := $(CC)
CC_tsan  := $(CC)
CC_clang := $(CLANG)
CC_fuzz  := $(CLANG)
# Packages each needs (.ci/install).
NEEDS_obj   := run
NEEDS_asan  := test
NEEDS_tsan  := test
NEEDS_clang := test
NEEDS_fuzz  := test

# Layers: a directory sees its own headers and those of the layers below it, never above (runtime → engine → grammar),
# so that an #include in the wrong direction does not compile.
LLHTTP         := /usr/share/llhttp
LLHTTP_INCLUDE := -isystem /usr/share/include/llhttp
SEES_grammar := -Igrammar -I$(B)/gen
SEES_gen     := -Igrammar -I$(B)/gen
SEES_engine  := -Igrammar -Iengine
SEES_runtime := -Igrammar -Iengine -Iruntime $(LLHTTP_INCLUDE)
SEES_tests   := $(SEES_runtime) -Itests -I$(B)/gen
sees          = $(SEES_$(firstword $(subst /, ,$(1))))

# libuv: loop, network, threads. sqlite3: the store. gcrypt: SM3. crypto: scrypt, random bytes. utf8proc: display widths. curl: the commands that talk
# to a server. zip, expat: spreadsheets (xlsx is a zip of XML). z: gzip of answers. m, pthread: for SQLite and libuv.
LIBS := -luv -lsqlite3 -lcrypto -lgcrypt -lutf8proc -lcurl -lzip -lz -lexpat -lpthread -lm
# Tests read facts from outside with a JSON reader that is not ours, and bytes with an HTTP server that is not.
LIBS_asan := $(LIBS) -ljansson -lmicrohttpd
LIBS_tsan := $(LIBS) -ljansson
LIBS_obj  := $(LIBS)
# libFuzzer brings main().
LIBS_fuzz := $(LIBS) -ljansson -fsanitize=fuzzer

# ---- what there is ----
SOURCES := $(wildcard grammar/*.c engine/*.c engine/*/*.c runtime/*.c runtime/*/*.c)
GEN     := gen/lexer gen/parser gen/explanations
PARTS   := $(SOURCES:.c=) $(GEN) llhttp/api llhttp/http llhttp/llhttp
MAIN    := runtime/main
TESTS   := $(basename $(wildcard tests/test_*.c))
# Tests that run threads are built with TSan as well.
THREADED := $(filter tests/test_store tests/test_commit tests/test_io tests/test_http tests/test_client tests/test_server tests/test_outbox tests/test_feed tests/test_bulk tests/test_auth,$(TESTS))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all run install test bench bench-core scale check-clang asan tsan fuzz $(FUZZERS) soak sim editors manual duties clean

all: $(B)/tongban

$(B)/tongban: $(PARTS:%=$(B)/obj/%.o)
	$(Q)$(CC) -o $@ $^ $(LIBS)

# ---- packages: asked for before the first object is made, and again when the list changes ----
$(B)/.packages-run: .ci/install
	.ci/install run
	@mkdir -p $(@D) && touch $@
# After the other: two apt-get at once would lock each other out.
$(B)/.packages-test: $(B)/.packages-run
	.ci/install test
	@mkdir -p $(@D) && touch $@

# ---- scanner and parser ----
# bison: -Werror with dangling aliases (a token alias in quotes that no token has) and counterexamples (a conflict
# shows the text it is about). --defines names the header beside the source. flex: --header-file likewise; the options
# proper stand in lexer.l.
$(B)/gen/parser.c: grammar/parser.y | $(B)/.packages-run
	@mkdir -p $(@D)
	$(Q)bison -Wall -Wdangling-alias -Wcounterexamples -Werror --defines=$(B)/gen/parser.h -o $@ $<
$(B)/gen/parser.h: $(B)/gen/parser.c ;
$(B)/gen/lexer.c: grammar/lexer.l grammar/keywords.def | $(B)/.packages-run
	@mkdir -p $(@D)
	$(Q)flex --header-file=$(B)/gen/lexer.h -o $@ $<
$(B)/gen/lexer.h: $(B)/gen/lexer.c ;

# The catalogue of diagnostics, written as text, as data: `tongban explain`. In the order of the listing.
CATALOGUE := grammar/诊断.md grammar/诊断-含义.md grammar/诊断-模板.md grammar/诊断-证明.md grammar/诊断-构造.md grammar/诊断-表.md grammar/诊断-人员.md \
             grammar/诊断-办件.md
$(B)/gen/explanations.c: grammar/catalogue.awk $(CATALOGUE)
	@mkdir -p $(@D)
	$(Q)awk -f grammar/catalogue.awk $(CATALOGUE) > $@

# ---- objects, archives and tests, by the same rules for each flavour; $(1) is its name ----
define FLAVOUR
$(B)/$(1)/gen/%.o: $(B)/gen/%.c $(B)/gen/parser.h $(B)/gen/lexer.h | $(B)/.packages-$(NEEDS_$(1))
	@mkdir -p $$(@D)
	$(SAY)
	$(Q)$$(CC_$(1)) $$(CFLAGS) $$(FLAGS_$(1)) $$(DEPEND) $$(SEES_gen) -c -o $$@ $$<
# Debian ships llhttp as C sources. They are others' code: -w turns their warnings off.
$(B)/$(1)/llhttp/%.o: | $(B)/.packages-$(NEEDS_$(1))
	@mkdir -p $$(@D)
	$(SAY)
	$(Q)$$(CC_$(1)) -std=gnu11 -w -g $$(FLAGS_$(1)) $(LLHTTP_INCLUDE) -c -o $$@ $(LLHTTP)/$$*.c
$(B)/$(1)/%.o: %.c | $(B)/gen/parser.h $(B)/gen/lexer.h $(B)/.packages-$(NEEDS_$(1))
	@mkdir -p $$(@D)
	$(SAY)
	$(Q)$$(CC_$(1)) $$(CFLAGS) $$(FLAGS_$(1)) $$(DEPEND) $$(call sees,$$*) -c -o $$@ $$<
# Everything but main(), for the tests: the linker takes from it what a test needs and does not bring itself.
# (q, not r: two objects of one base name are both kept.)
$(B)/$(1)/libtongban.a: $(patsubst %,$(B)/$(1)/%.o,$(filter-out $(MAIN),$(PARTS)))
	@rm -f $$@
	$(Q)ar qcs $$@ $$^
$(B)/$(1)/tests/%: $(B)/$(1)/tests/%.o $(B)/$(1)/libtongban.a
	$(Q)$$(CC_$(1)) $$(FLAGS_$(1)) -o $$@ $$(filter %.o,$$^) $(B)/$(1)/libtongban.a $(LIBS_$(1))
endef
$(foreach flavour,obj asan tsan clang fuzz,$(eval $(call FLAVOUR,$(flavour))))
# The simulation: its parts, and its own seam instead of io_uv.c, which therefore stays in the archive.
SIM := tests/io_sim tests/vfs_sim tests/sim_book tests/sim_accounts tests/sim_people tests/sim_answers tests/sim_matters tests/sim_backup tests/sim_check
# Allocations of the server can fail; passwords are checked without scrypt's cost; a backup is made on the simulated disk.
STARVES := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=EVP_PBE_scrypt,--wrap=access,--wrap=unlink,--wrap=rename,--wrap=fsync
$(B)/asan/tests/test_sim: private FLAGS_asan += $(STARVES)
$(B)/obj/tests/test_sim: private FLAGS_obj += $(STARVES)
$(B)/asan/tests/test_sim: $(SIM:%=$(B)/asan/%.o)
$(B)/obj/tests/test_sim: $(SIM:%=$(B)/obj/%.o)

# ---- checks ----
# The whole program under ASan and UBSan: what the tests drive over HTTP and the command line.
$(B)/asan/tongban: $(B)/asan/$(MAIN).o $(B)/asan/libtongban.a
	$(Q)$(CC) $(FLAGS_asan) -o $@ $^ $(LIBS)
asan: $(TESTS:%=$(B)/asan/%)
tsan: $(THREADED:%=$(B)/tsan/%)
check-clang: $(PARTS:%=$(B)/clang/%.o) $(patsubst %.c,$(B)/clang/%.o,$(wildcard tests/*.c))

# tests/run runs its arguments one after the other, adds up their last lines "N passed, N failed" and prints the sum as
# the very last line. What they drive is TONGBAN, the program under ASan. TB_SHARED names a directory of shared data;
# what is absent there is skipped, and said.
export TONGBAN   = $(B)/asan/tongban
export TB_SHARED ?= ../shared
export B
SCRIPTS := $(wildcard tests/*.sh)
test: $(B)/.packages-test all check-clang asan tsan $(B)/asan/tongban $(B)/obj/tests/bench_load
	@tests/run $(TESTS:%=$(B)/asan/%) $(THREADED:%=$(B)/tsan/%) $(SCRIPTS)

# The same tests for longer: edits of rules under ASan and UBSan; kills of a loaded server.
fuzz: $(B)/asan/tests/test_grammar
	TB_EDITS=100000 $<
FUZZ ?= 60
FUZZERS := $(patsubst tests/fuzz_%.c,fuzz-%,$(wildcard tests/fuzz_*.c))
$(FUZZERS): fuzz-%: $(B)/fuzz/tests/fuzz_%
	tests/fuzz $< $(FUZZ)
# The usual run throws the same dice every time (tests/check.h); this one others, SOAK times.
SOAK ?= 20
DICE := $(shell grep -lE 'seed_of|run_pure' tests/test_*.c)
DICE := $(DICE:%.c=$(B)/asan/%)
soak: $(B)/asan/tongban $(B)/asan/tests/test_crash $(DICE)
	$(B)/asan/tests/test_crash 1000
	for i in $$(seq $(SOAK)); do TB_SEED=random tests/run $(DICE) || exit 1; done

# Worlds from SEED on until their logs hold EVENTS events together; without the sanitizers, four times as many in the same time (SIM_FLAVOUR=asan: with them).
SEED ?= random
EVENTS ?= 100000
SIM_FLAVOUR ?= obj
sim: $(B)/$(SIM_FLAVOUR)/tests/test_sim
	$< $(SEED) $(EVENTS)

# ---- running ----
# The load client with its plans, and the bare loop to compare with; `tongban bench` runs them in turn.
$(B)/obj/tests/bench_load: $(B)/obj/tests/bench_plan_case.o
# Steps a second on one core; the rest of the numbers are those of a server.
bench-core: $(B)/obj/tests/bench_core
	$<
# What becomes of all this in a database of a million cases: rate, growth, restart, timers.
scale: all $(B)/obj/tests/bench_load
	tests/scale $(SCALE)
bench: all $(B)/obj/tests/bench_load $(B)/obj/tests/bench_bare
	$(B)/tongban bench $(BENCH)

run: all
	@mkdir -p $(B)/run
	@exec $(B)/tongban serve --db $(B)/run/tongban.db --rules rules --listen 127.0.0.1:8420 --welcome

# The program, the rules, the documents, and a unit for systemd that names them where they then lie. DESTDIR: for packagers.
PREFIX ?= /usr/local
install: all
	install -D -m 755 $(B)/tongban $(DESTDIR)$(PREFIX)/bin/tongban
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/tongban README.md LICENSE runtime/API.md runtime/LEDGER.md grammar/手册.md
	find rules -name '*.tb' -exec install -D -m 644 {} $(DESTDIR)$(PREFIX)/share/tongban/{} \;
	@mkdir -p $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's#/usr/local/#$(PREFIX)/#g' runtime/tongban.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/tongban.service

# What is written is committed, so that an editor needs no build; tests/editors.sh holds it against keywords.def.
editors:
	grammar/editors/generate

# Likewise; tests/test_manual.c holds it against the tables.
manual: $(B)/obj/tests/test_manual
	$< -u

# Likewise; tests/test_duties.c holds it against the table, the laws and the matters.
duties: $(B)/tongban
	$< duties rules --format markdown > $(B)/duties.md
	mv $(B)/duties.md grammar/义务.md

clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
