# certrepo: one file, no recursion.
#
#   make            the programs, in build/
#   make deps       Debian packages that are missing (as root)
#   make demo       the main job, end to end, against real parts on loopback
#   make check      all tests, with ASan and UBSan
#   make lint fuzz bench install
#
# SAN=1 builds with the sanitizers into build/san; CC=clang-14 works as well.

VERSION  = 0.1.0
PREFIX   = /usr/local
SYSCONFDIR = /etc
DESTDIR  =
CC       = gcc
O        = build$(if $(SAN),/san)

PKGS     = libconfig openssl sqlite3 libmariadb
PKGS_F   = libcurl jansson ldns
PKG_OK   := $(shell command -v pkg-config >/dev/null 2>&1 && \
	      pkg-config --exists $(PKGS) $(PKGS_F) 2>/dev/null && echo y)
ifeq ($(PKG_OK),y)
PC_CFLAGS := $(shell pkg-config --cflags $(PKGS) $(PKGS_F))
LIBS      := $(shell pkg-config --libs $(PKGS))
LIBS_F    := $(shell pkg-config --libs $(PKGS_F)) $(LIBS)
endif

WARN     = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	   -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla \
	   -Wformat=2 -Wundef -Wno-unused-parameter \
	   -Wno-missing-field-initializers
OPT      = -O2 -g
HARDEN   = -fstack-protector-strong $(if $(SAN),,-D_FORTIFY_SOURCE=2) -fPIE
SANFLAGS = $(if $(SAN),-fsanitize=address,undefined \
	   -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
CFLAGS   = $(OPT)
ALLFLAGS = -std=gnu11 -D_GNU_SOURCE -DCERTREPO_VERSION='"$(VERSION)"' \
	   $(WARN) $(HARDEN) $(SANFLAGS) -fvisibility=hidden -MMD -MP \
	   $(PC_CFLAGS) $(CFLAGS)
LDALL    = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SANFLAGS) $(LDFLAGS)

PROGRAMS = populate fetcher installer
BINS     = $(PROGRAMS:%=$O/certrepo-%)

COMMON_SRC    = $(wildcard common/*.c)
FETCHER_SRC   = $(wildcard fetcher/*.c fetcher/*/*.c)
INSTALLER_SRC = $(wildcard installer/*.c)
POPULATE_SRC  = $(wildcard populate/*.c)
TEST_SRC      = $(wildcard tests/unit/*.c)

objs = $(patsubst %.c,$O/obj/%.o,$(1))
# Everything of a tool but its main: what its unit tests link.
parts = $(call objs,$(filter-out $(1)/$(1).c,$(2)))

all: $(BINS)

# The include path is the rule of who may use whom: common sees itself, a
# tool sees common and itself.
$O/obj/common/%.o:    INC = -Icommon
$O/obj/populate/%.o:  INC = -Icommon -Ipopulate
$O/obj/installer/%.o: INC = -Icommon -Iinstaller
$O/obj/fetcher/%.o:   INC = -Icommon -Ifetcher
$O/obj/tests/%.o:     INC = -Icommon -Ipopulate -Iinstaller -Ifetcher -Itests/unit
BAN = -include common/banned.h
$O/obj/tests/%.o:     BAN =

$O/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(ALLFLAGS) $(INC) $(BAN) -c -o $@ $<

# The migrations, as C strings.
SCHEMA_SQL = $(sort $(wildcard schema/*/*.sql))
$O/gen/schema_sql.c: schema/embed.sh $(SCHEMA_SQL)
	@mkdir -p $(@D)
	@sh schema/embed.sh $(SCHEMA_SQL) >$@.tmp && mv $@.tmp $@
$O/obj/schema_sql.o: $O/gen/schema_sql.c
	@mkdir -p $(@D)
	@$(CC) $(ALLFLAGS) -Icommon -c -o $@ $<

$O/libcommon.a: $(call objs,$(COMMON_SRC)) $O/obj/schema_sql.o
$O/libpopulate.a: $(call parts,populate,$(POPULATE_SRC))
$O/libinstaller.a: $(call parts,installer,$(INSTALLER_SRC))
$O/libfetcher.a: $(call parts,fetcher,$(FETCHER_SRC))
$O/lib%.a:
	@rm -f $@
	@ar rcs $@ $^

$O/certrepo-populate: $O/obj/populate/populate.o $O/libpopulate.a $O/libcommon.a
	@echo "  LD      $@"
	@$(CC) $(LDALL) -o $@ $^ $(LIBS)
$O/certrepo-installer: $O/obj/installer/installer.o $O/libinstaller.a $O/libcommon.a
	@echo "  LD      $@"
	@$(CC) $(LDALL) -o $@ $^ $(LIBS)
$O/certrepo-fetcher: $O/obj/fetcher/fetcher.o $O/libfetcher.a $O/libcommon.a
	@echo "  LD      $@"
	@$(CC) $(LDALL) -o $@ $^ $(LIBS_F)

TEST_BINS = $(patsubst tests/unit/%.c,$O/tests/unit/%,$(filter tests/unit/test_%,$(TEST_SRC)))
$O/tests/unit/%: $O/obj/tests/unit/%.o $O/libfetcher.a $O/libinstaller.a \
		$O/libpopulate.a $O/libcommon.a
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(LDALL) -o $@ $^ $(LIBS_F) -lcmocka
.PRECIOUS: $O/obj/%.o

tests: $(TEST_BINS)

deps:
	@sh packaging/deps.sh

check:
	@sh packaging/deps.sh
	@$(MAKE) --no-print-directory SAN=1 all tests
	@sh tests/run.sh build/san

demo:
	@sh packaging/deps.sh
	@$(MAKE) --no-print-directory all
	@sh tests/demo.sh build

clean:
	rm -rf build demo-run

-include $(shell find $O/obj -name '*.d' 2>/dev/null)

.PHONY: all tests deps check demo lint fuzz bench install clean
