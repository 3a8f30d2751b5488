# SPDX-License-Identifier: Apache-2.0
# A thin front to meson. `make run` and `make test` are all that a new machine needs.
.DEFAULT_GOAL := build
BUILD := build
SANITIZED := build-sanitized
FUZZED := build-fuzz
ARGS ?=
DESTDIR ?=
PREFIX ?= /usr/local
SECONDS_EACH ?= 600

.PHONY: packages test-packages build sanitized run test test-programs test-remedies bench fuzz install format clean

packages:
	@scripts/install-packages scripts/packages.build

test-packages: packages
	@scripts/install-packages scripts/packages.test

$(BUILD)/build.ninja: | packages
	meson setup $(BUILD) --prefix $(PREFIX) --buildtype release -Dwerror=false >/dev/null

build: packages $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

# Without ARGS: audits this machine, then scans examples/. Findings (exit status 1) are the point
# of both, so only a status of 2 fails here.
run: build
	@scripts/run-demo $(BUILD)/confined $(ARGS)

$(SANITIZED)/build.ninja: | test-packages
	meson setup $(SANITIZED) --buildtype debug -Db_sanitize=address,undefined -Dtests=enabled \
		-Dfuzz=true >/dev/null

sanitized: test-packages $(SANITIZED)/build.ninja
	@ninja -C $(SANITIZED) --quiet

test: test-packages build sanitized
	@python3 tests/run.py --release $(BUILD) --sanitized $(SANITIZED) $(ARGS)

# Real programs in containers under long loads; `make test` has the short ones.
test-programs: test-packages build
	@CONFINED_RELEASE=$(abspath $(BUILD))/confined CONFINED_PROGRAMS=long python3 tests/programs/programs.py $(ARGS)

# What helps larger programs, too; `make test` has the small ones.
test-remedies: test-packages build
	@scripts/install-packages scripts/packages.remedies
	@CONFINED_RELEASE=$(abspath $(BUILD))/confined CONFINED_REMEDIES=long python3 tests/remedies/remedies.py $(ARGS)

bench: build
	@scripts/install-packages scripts/packages.bench scripts/packages.test
	@bench/run $(BUILD)/confined $(ARGS)

$(FUZZED)/build.ninja: | test-packages
	CC=clang meson setup $(FUZZED) --buildtype debugoptimized -Db_sanitize=address,undefined \
		-Db_lundef=false -Dfuzz=true -Dfuzz_engine=true >/dev/null

# Each target for SECONDS_EACH seconds from its corpus; ARGS names some of them.
fuzz: test-packages $(FUZZED)/build.ninja
	@ninja -C $(FUZZED) --quiet
	@fuzz/run $(FUZZED) $(SECONDS_EACH) $(ARGS)

install: build
	@DESTDIR=$(DESTDIR) meson install -C $(BUILD) --quiet

format:
	@clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf $(BUILD) $(SANITIZED) $(FUZZED)
