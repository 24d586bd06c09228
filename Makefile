# certrepo: one file, no recursion.
#
#   make            the programs, in build/
#   make installer  one of them, which needs its own libraries alone
#   make deps       Debian packages that are missing, for all but
#                   check-services (as root; says first what it does)
#   make demo       the main job, end to end, against real parts on loopback
#   make check      all tests, with ASan and UBSan
#   make check-services   every profile on its real daemon
#   make check-galera     a cluster of three nodes, some of them killed
#   make check-page       the page of the status in a browser, and its metrics
#   make check-trixie     demo, check and check-services on Debian 13 (as root)
#   make check-reproducible   two builds of all programs, compared
#   make check-year       a year of 1,000 certificates, simulated (20 minutes)
#   make deb              Debian packages, in build/deb (as root)
#   make check-packages   the packages on bare chroots (as root)
#   make html       the manuals as web pages, in build/html
#   make lint fuzz bench
#   make install uninstall   PREFIX, SYSCONFDIR, LOCALSTATEDIR, DESTDIR
#
# SAN=1 builds with the sanitizers into build/san; WERROR=1 stops at warnings, as
# `make lint` and .ci/run do; CC=clang works as well. HARDENING= and FORTIFY= take
# out what is put in against attackers.

# The version has one place, and the packages want it there.
VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
PREFIX   = /usr/local
SYSCONFDIR = /etc
LOCALSTATEDIR = /var
DESTDIR  =
override PREFIX := $(patsubst %/,%,$(PREFIX))
override SYSCONFDIR := $(patsubst %/,%,$(SYSCONFDIR))
override LOCALSTATEDIR := $(patsubst %/,%,$(LOCALSTATEDIR))
# SAN=1: ASan and UBSan. SAN=fuzz: the same for libFuzzer, with clang.
CLANG   := $(shell command -v clang-14 || echo clang)
CC       = $(if $(filter fuzz,$(SAN)),$(CLANG),gcc)
O        = build$(if $(SAN),$(if $(filter fuzz,$(SAN)),/fuzz,/san))

# Libraries, and Debian's packages of them: of all programs (the installer has
# no more), of the fetcher, of populate. Debian's libunbound.pc asks for the
# development files of what it was made with: its header is looked for.
PKGS     = libconfig:libconfig-dev openssl:libssl-dev sqlite3:libsqlite3-dev \
	   libmariadb:libmariadb-dev
PKGS_F   = libcurl:libcurl4-openssl-dev jansson:libjansson-dev \
	   ldns:libldns-dev libpsl:libpsl-dev
PKGS_P   = libidn2:libidn2-dev libpsl:libpsl-dev
PKGS_T   = cmocka:libcmocka-dev
pc       = $(shell pkg-config $(1) $(foreach p,$(2),$(firstword \
	   $(subst :, ,$p))) 2>/dev/null)
# Asked when it is wanted, once.
LIBS     = $(eval LIBS := $(call pc,--libs,$(PKGS)))$(LIBS)
LIBS_F   = $(call pc,--libs,$(PKGS_F)) -lunbound $(LIBS)
LIBS_P   = $(call pc,--libs,$(PKGS_P)) $(LIBS)
PC_BASE  = $(eval PC_BASE := $(call pc,--cflags,$(PKGS)))$(PC_BASE)
PC_F     = $(eval PC_F := $(call pc,--cflags,$(PKGS_F)))$(PC_F)
PC_P     = $(eval PC_P := $(call pc,--cflags,$(PKGS_P)))$(PC_P)
PC       = $(PC_BASE)
# WHAT,PACKAGES[,HEADER:PACKAGE]: one line says what is not there
have     = @lack=; command -v pkg-config >/dev/null || lack=' pkg-config'; \
	for p in $(2); do \
		pkg-config --exists "$${p%:*}" 2>/dev/null || \
			lack="$$lack $${p\#*:}"; \
	done; \
	for p in $(3); do \
		echo "\#include <$${p%:*}>" | $(CC) $(CPPFLAGS) $(CFLAGS) -E - \
			>/dev/null 2>&1 || lack="$$lack $${p\#*:}"; \
	done; \
	[ -z "$$lack" ] || { \
	echo "missing for $(1): apt-get install$$lack" >&2; exit 1; }

WARN     = -Wall -Wextra $(if $(WERROR),-Werror) -Wshadow -Wstrict-prototypes \
	   -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla \
	   -Wformat=2 -Wimplicit-fallthrough -Wundef -Wdate-time \
	   -Werror=format-security -Wno-unused-parameter \
	   -Wno-missing-field-initializers
OPT      = -O2 -g
# What the OpenSSF advises, as far as the compiler has it. The sanitizers are
# to see what the later ones would define away. _FORTIFY_SOURCE comes last,
# behind what CPPFLAGS say of it (dpkg-buildflags: 2), and takes optimization.
HARDENING = -fstack-protector-strong -fstack-clash-protection \
	   $(if $(SAN),,-fcf-protection=full -mbranch-protection=standard \
	   -ftrivial-auto-var-init=zero -fno-delete-null-pointer-checks \
	   -fno-strict-overflow -fno-strict-aliasing)
HARDEN_LD = -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack \
	   -Wl,--as-needed -Wl,--no-copy-dt-needed-entries
HARDEN   = $(eval HARDEN := $(shell sh packaging/probe.sh $O/probe "$(CC)" \
	   $(HARDENING) $(HARDEN_LD)))$(HARDEN)
FORTIFY  = $(if $(SAN)$(filter -O0,$(lastword -O0 $(filter -O%,$(CFLAGS)))),,\
	   -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
COMMA   := ,
SANFLAGS = $(if $(SAN),-fsanitize=address$(COMMA)undefined \
	   -fno-sanitize-recover=undefined -fno-omit-frame-pointer) \
	   $(if $(filter fuzz,$(SAN)),-fsanitize=fuzzer-no-link \
	   -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION)
CFLAGS   = $(OPT)
ALLFLAGS = -std=gnu11 -D_GNU_SOURCE \
	   $(WARN) $(filter-out -Wl%,$(HARDEN)) -fPIE $(SANFLAGS) \
	   -fvisibility=hidden -MMD -MP $(PC) $(CPPFLAGS) $(CFLAGS) $(FORTIFY)
LDALL    = -pie $(filter -Wl%,$(HARDEN)) $(SANFLAGS) $(LDFLAGS)
# Nothing of the folders it was built in is in what is built.
MAPS     = '-ffile-prefix-map=$(CURDIR)=.' '-ffile-prefix-map=$(abspath $O)=build'

PROGRAMS = populate fetcher installer status
BINS     = $(PROGRAMS:%=$O/certrepo-%)

COMMON_SRC    = $(sort $(wildcard common/*/*.c))
FETCHER_SRC   = $(sort $(wildcard fetcher/*.c fetcher/*/*.c))
INSTALLER_SRC = $(sort $(wildcard installer/*.c installer/*/*.c))
POPULATE_SRC  = $(sort $(wildcard populate/*.c))
STATUS_SRC    = $(sort $(wildcard status/*.c))
TEST_SRC      = $(sort $(wildcard tests/unit/*.c))

objs = $(patsubst %.c,$O/obj/%.o,$(1))
# Everything of a tool but its main: what its unit tests link.
parts = $(call objs,$(filter-out $(1)/$(1).c,$(2)))

all: $(BINS)
$(PROGRAMS): %: $O/certrepo-%

have-all:
	$(call have,all programs,$(PKGS))
have-fetcher:
	$(call have,certrepo-fetcher,$(PKGS_F),unbound.h:libunbound-dev)
have-populate:
	$(call have,certrepo-populate,$(PKGS_P))
have-tests: have-fetcher have-populate
	$(call have,the tests,$(PKGS_T))
$(call objs,$(COMMON_SRC) $(INSTALLER_SRC) $(STATUS_SRC)): | have-all
$(call objs,$(FETCHER_SRC)): | have-all have-fetcher
$(call objs,$(POPULATE_SRC)): | have-all have-populate
$(call objs,$(TEST_SRC)): | have-all have-tests

# The include path is the rule of who may use whom, room by room: each sees
# itself and what stands before it here. tests/lint/headers.t asks for it.
base   = -Icommon/base -I$O/gen
sys    = $(base) -Icommon/sys
conf   = $(sys) -Icommon/conf
x509   = $(sys) -Icommon/x509
db     = $(conf) -Icommon/db
store  = $(db) -Icommon/x509 -Icommon/store
fleet  = $(store) -Icommon/fleet
notice = $(conf) -Icommon/notice
policy = $(fleet) -Icommon/notice -Icommon/policy
view   = $(policy) -Icommon/view
common = $(view)
i_conf   = $(common) -Iinstaller/conf
i_look   = $(i_conf) -Iinstaller/look
i_host   = $(i_look) -Iinstaller/host
i_find   = $(i_host) -Iinstaller/find
i_change = $(i_find) -Iinstaller/change
i_req    = $(i_change) -Iinstaller/request
f_net    = $(common) -Ifetcher/net
f_self   = $(f_net) -Ifetcher/self
f_dns    = $(f_net) -Ifetcher/dns
f_chall  = $(f_dns) -Ifetcher/challenge
f_acme   = $(f_net) -Ifetcher/acme
f_disc   = $(f_dns) -Ifetcher/acme -Ifetcher/discover
f_cmd    = $(f_disc) -Ifetcher/self -Ifetcher/command
f_order  = $(f_chall) -Ifetcher/acme -Ifetcher/order
f_due    = $(f_order) -Ifetcher/due
f_ari    = $(f_order) -Ifetcher/ari
f_tell   = $(common) -Ifetcher/tell
f_roof   = $(f_due) -Ifetcher/ari -Ifetcher/discover -Ifetcher/tell \
	   -Ifetcher/self -Ifetcher/command -Ifetcher
everything = $(i_req) $(filter-out $(common),$(f_roof)) -Ipopulate \
	     -Iinstaller -Istatus

$O/obj/common/base/%:   INC = $(base)
$O/obj/common/sys/%:    INC = $(sys)
$O/obj/common/conf/%:   INC = $(conf)
$O/obj/common/x509/%:   INC = $(x509)
$O/obj/common/db/%:     INC = $(db)
$O/obj/common/store/%:  INC = $(store)
$O/obj/common/fleet/%:  INC = $(fleet)
$O/obj/common/policy/%: INC = $(policy)
$O/obj/common/notice/%: INC = $(notice)
$O/obj/common/view/%:   INC = $(view)
$O/obj/populate/%:      INC = $(common) -Ipopulate
$O/obj/status/%:        INC = $(common) -Istatus
$O/obj/installer/conf/%:   INC = $(i_conf)
$O/obj/installer/look/%:   INC = $(i_look)
$O/obj/installer/host/%:   INC = $(i_host)
$O/obj/installer/find/%:   INC = $(i_find)
$O/obj/installer/change/%: INC = $(i_change)
$O/obj/installer/request/%: INC = $(i_req)
$O/obj/installer/%:        INC = $(i_req) -Iinstaller
$O/obj/fetcher/net/%:       INC = $(f_net)
$O/obj/fetcher/self/%:      INC = $(f_self)
$O/obj/fetcher/dns/%:       INC = $(f_dns)
$O/obj/fetcher/challenge/%: INC = $(f_chall)
$O/obj/fetcher/acme/%:      INC = $(f_acme)
$O/obj/fetcher/discover/%:  INC = $(f_disc)
$O/obj/fetcher/command/%:   INC = $(f_cmd)
$O/obj/fetcher/order/%:     INC = $(f_order)
$O/obj/fetcher/due/%:       INC = $(f_due)
$O/obj/fetcher/ari/%:       INC = $(f_ari)
$O/obj/fetcher/tell/%:      INC = $(f_tell)
$O/obj/fetcher/%:           INC = $(f_roof)
$O/obj/tests/%:         INC = $(everything) -Itests/unit
# "make -s build/obj/FOLDER/x.inc" says what it is for FOLDER.
$O/obj/%.inc: FORCE $O/gen/paths.h
	@echo $* $(INC)
$O/obj/fetcher/%:  PC = $(PC_BASE) $(PC_F)
$O/obj/populate/%: PC = $(PC_BASE) $(PC_P)
$O/obj/tests/%:    PC = $(PC_BASE) $(PC_F) $(PC_P)
BAN = -include common/base/banned.h
$O/obj/tests/%.o:     BAN =

# What the programs say of where they are. Other values are other objects, of
# those alone that say it.
define PATHS_H
#ifndef PATHS_H
#define PATHS_H
/* Made by make, see there. */
#define CERTREPO_VERSION "$(VERSION)"
#define CERTREPO_CONF_DIR "$(SYSCONFDIR)/certrepo"
#define CERTREPO_STATE_DIR "$(LOCALSTATEDIR)/lib/certrepo"
#define CERTREPO_DATA_DIR "$(PREFIX)/share/certrepo"
#endif
endef
$O/gen/paths.h: FORCE
	$(shell mkdir -p $(@D))$(file >$@.new,$(PATHS_H))
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# Other flags (CC, CFLAGS) are other objects.
$O/flags: FORCE
	$(shell mkdir -p $(@D))$(file >$@.new,$(CC) $(ALLFLAGS))
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
FORCE:

$O/obj/%.o: %.c Makefile $O/flags | $O/gen/paths.h
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(ALLFLAGS) $(MAPS) $(INC) $(BAN) -c -o $@ $<

# The migrations, as C strings.
SCHEMA_SQL = $(sort $(wildcard schema/*/[0-9]*.sql)) \
	schema/mariadb/routines.sql
$O/gen/schema_sql.c: schema/embed.sh $(SCHEMA_SQL)
	@mkdir -p $(@D)
	@sh schema/embed.sh $(SCHEMA_SQL) >$@.tmp && mv $@.tmp $@
$O/obj/schema_sql.o: $O/gen/schema_sql.c Makefile $O/flags
	@mkdir -p $(@D)
	@$(CC) $(ALLFLAGS) $(MAPS) $(store) -c -o $@ $<

# The page's style and script, likewise.
$O/gen/page_text.c: status/embed.sh status/page.css status/page.js
	@mkdir -p $(@D)
	@sh $^ >$@.tmp && mv $@.tmp $@
$O/obj/page_text.o: $O/gen/page_text.c Makefile $O/flags
	@mkdir -p $(@D)
	@$(CC) $(ALLFLAGS) $(MAPS) $(common) -Istatus -c -o $@ $<

$O/libcommon.a: $(call objs,$(COMMON_SRC)) $O/obj/schema_sql.o
$O/libpopulate.a: $(call parts,populate,$(POPULATE_SRC))
$O/libstatus.a: $(call parts,status,$(STATUS_SRC)) $O/obj/page_text.o
$O/libinstaller.a: $(call parts,installer,$(INSTALLER_SRC))
$O/libfetcher.a: $(call parts,fetcher,$(FETCHER_SRC))
$O/lib%.a:
	@rm -f $@
	@ar rcsD $@ $^

$O/certrepo-populate: $O/obj/populate/populate.o $O/libpopulate.a $O/libcommon.a
	@echo "  LD      $@"
	@$(CC) $(LDALL) -o $@ $^ $(LIBS_P)
$O/certrepo-installer: $O/obj/installer/installer.o $O/libinstaller.a $O/libcommon.a
	@echo "  LD      $@"
	@$(CC) $(LDALL) -o $@ $^ $(LIBS)
$O/certrepo-status: $O/obj/status/status.o $O/libstatus.a $O/libcommon.a
	@echo "  LD      $@"
	@$(CC) $(LDALL) -o $@ $^ $(LIBS)
$O/certrepo-fetcher: $O/obj/fetcher/fetcher.o $O/libfetcher.a $O/libcommon.a
	@echo "  LD      $@"
	@$(CC) $(LDALL) -o $@ $^ $(LIBS_F)

TEST_BINS = $(patsubst tests/unit/%.c,$O/tests/unit/%,$(filter tests/unit/test_%,$(TEST_SRC)))
$O/tests/unit/%: $O/obj/tests/unit/%.o $O/libfetcher.a $O/libinstaller.a \
		$O/libpopulate.a $O/libstatus.a $O/libcommon.a
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(LDALL) -o $@ $^ $(LIBS_F) $(LIBS_P) -lcmocka
.PRECIOUS: $O/obj/%.o

tests: $(TEST_BINS)

version:
	@echo $(VERSION)

lint: export WERROR = 1

deps:
	@sh packaging/deps.sh check
	@echo "deps: nothing is missing"

# Fuzzers are tests/fuzz/fuzz_X.c, their corpora tests/fuzz/corpus/X.
FUZZ_BINS = $(patsubst tests/fuzz/%.c,$O/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
$O/tests/fuzz/%: $O/obj/tests/fuzz/%.o $O/libfetcher.a $O/libinstaller.a \
		$O/libpopulate.a $O/libstatus.a $O/libcommon.a
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(LDALL) -fsanitize=fuzzer -o $@ $^ $(LIBS_F) $(LIBS_P)

fuzzers: $(FUZZ_BINS)

# FUZZ_SECONDS for each fuzzer; findings are left in build/fuzz/findings.
fuzz:
	@sh packaging/deps.sh check
	@$(MAKE) --no-print-directory SAN=fuzz fuzzers
	@sh tests/fuzz.sh build/fuzz $(or $(FUZZ_SECONDS),300)

check:
	@sh packaging/deps.sh check
	@$(MAKE) --no-print-directory SAN=1 all tests
	@$(MAKE) --no-print-directory SAN= all
	@$(MAKE) --no-print-directory SAN=fuzz fuzzers
	@sh tests/run.sh build/san

# Every profile on its real daemon, through what may go wrong.
check-services:
	@sh packaging/deps.sh all
	@$(MAKE) --no-print-directory SAN=1 all
	@sh tests/services.sh build/san

# A cluster on loopback; the page in a real browser.
check-galera check-page: check-%:
	@sh packaging/deps.sh $*
	@$(MAKE) --no-print-directory SAN=1 all
	@sh tests/run.sh build/san tests/$*/*.t

# The same on Debian 13, see the head of the script.
check-trixie:
	@sh tests/trixie.sh

# Packages for SUITES, each built, and tried, in chroots of its own.
SUITES = bookworm trixie
deb:
	@sh packaging/deb.sh $(SUITES)
check-packages:
	@sh tests/packages.sh $(SUITES)

# test_year of `make check` has a row of each kind; this is all of it.
check-year:
	@sh packaging/deps.sh check
	@$(MAKE) --no-print-directory build/tests/unit/test_year
	@YEAR_ROWS=1000 CMOCKA_MESSAGE_OUTPUT=TAP build/tests/unit/test_year normal

# Two builds of all programs compared; `make check` has the installer alone.
check-reproducible:
	@PROGRAMS="$(PROGRAMS)" FLAGS= sh tests/lint/reproducible.t

lint:
	@sh packaging/deps.sh check
	@$(MAKE) --no-print-directory SAN=1 all tests
	@$(MAKE) --no-print-directory SAN= all
	@sh tests/run.sh build/san tests/lint/*.t

bench:
	@sh packaging/deps.sh check
	@$(MAKE) --no-print-directory all
	@sh bench/run.sh build

# As packagers expect: PREFIX, SYSCONFDIR, LOCALSTATEDIR, DESTDIR, in three
# parts. Sources speak of the defaults; packaging/lay.sh puts the real ones in.
# Of what is there, configuration is never touched, and what `uninstall` finds
# changed it leaves. Words are KIND:FOLDER:FILE, see there.
lay      = $(foreach f,$(3),$(1):$(2):$(f))
SBINDIR  = $(PREFIX)/sbin
DATADIR  = $(PREFIX)/share/certrepo
DOCDIR   = $(PREFIX)/share/doc/certrepo
UNITDIR  = $(PREFIX)/lib/systemd/system
CRONDIR  = $(SYSCONFDIR)/cron.d
COMPDIR  = $(PREFIX)/share/bash-completion/completions

# FOLDER: what is in packaging/FOLDER of hosts, of both, and of the centre
of_host   = $(wildcard packaging/$(1)/*installer*)
of_both   = $(wildcard packaging/$(1)/certrepo-alert*)
of_status = $(wildcard packaging/$(1)/*status*)
of_centre = $(filter-out $(of_host) $(of_both) $(of_status),\
	$(wildcard packaging/$(1)/*))

# PART: the same of each
part = $(call lay,text,$(UNITDIR),$(call of_$(1),systemd)) \
	$(call lay,conf,$(CRONDIR),$(call of_$(1),cron.d)) \
	$(call lay,text,$(COMPDIR),$(call of_$(1),bash-completion)) \
	$(call lay,text,$(DOCDIR)$(2)/examples,$(call of_$(1),examples))

LAY_man = $(foreach s,1 5 7 8,\
		$(call lay,text,$(PREFIX)/share/man/man$s,$(wildcard man/*.$s)))
LAY_common = $(call part,both,-common) \
	$(call lay,script,$(PREFIX)/libexec/certrepo,\
		$(wildcard packaging/certrepo-*)) \
	$(LAY_man) \
	$(call lay,text,$(DATADIR)/installer-profiles,\
		$(wildcard installer-profiles/*.conf)) \
	$(call lay,text,$(DATADIR)/cas,$(wildcard ca-presets/*.conf)) \
	$(call lay,text,$(DOCDIR)-common,README.md)
LAY_installer = $(call part,host,-installer) \
	$(call lay,program,$(SBINDIR),$O/certrepo-installer)
LAY_status = $(call part,status,-status) \
	$(call lay,program,$(SBINDIR),$O/certrepo-status) \
	$(call lay,text,$(DATADIR)/monitoring,\
		$(wildcard packaging/monitoring/*.*)) \
	$(call lay,script,$(DATADIR)/monitoring,\
		packaging/monitoring/certrepo-certspotter)
LAY_centre = $(call part,centre) \
	$(call lay,program,$(SBINDIR),$O/certrepo-populate $O/certrepo-fetcher) \
	$(call lay,text,$(DATADIR),schema/grants.sql)

install uninstall install-% html paths: export PREFIX := $(PREFIX)
install uninstall install-% html paths: export SYSCONFDIR := $(SYSCONFDIR)
install uninstall install-% html paths: export LOCALSTATEDIR := $(LOCALSTATEDIR)
install uninstall install-%: export DESTDIR := $(DESTDIR)
install uninstall install-% html: export VERSION := $(VERSION)
install: install-common install-installer install-centre install-status
install-installer: $O/certrepo-installer
install-centre: $O/certrepo-populate $O/certrepo-fetcher
install-status: $O/certrepo-status
# before they are words of a shell
paths:
	@sh packaging/lay.sh check
install-common install-installer install-centre install-status: install-%: paths
	@sh packaging/lay.sh install $(LAY_$*)
uninstall: paths
	@sh packaging/lay.sh uninstall $(LAY_common) $(LAY_installer) \
		$(LAY_centre) $(LAY_status)

# The manuals as web pages.
html: export DESTDIR := $O/man
html: paths
	@command -v mandoc >/dev/null || \
		{ echo "missing for the web pages: apt-get install mandoc" >&2; exit 1; }
	@mkdir -p $O
	@exec 9>$O/html.lock && flock 9 && rm -rf $O/man && \
		sh packaging/lay.sh install $(LAY_man) && \
		sh packaging/html.sh $O/html $O/man$(PREFIX)/share/man/man*/*
	@echo "the web pages begin at $O/html/index.html"

demo:
	@sh packaging/deps.sh demo
	@$(MAKE) --no-print-directory all
	@sh tests/demo.sh build

clean:
	rm -rf build demo-run

-include $(shell find $O/obj -name '*.d' 2>/dev/null)

.PHONY: FORCE all $(PROGRAMS) have-all have-fetcher have-populate have-tests \
	version tests deps check check-services check-galera check-page check-trixie check-year \
	check-reproducible check-packages paths deb demo lint fuzz bench install \
	install-common install-installer install-centre install-status uninstall \
	html clean
