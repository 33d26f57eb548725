# Shanhai: everything a developer types. `make run` and `make test` do all their
# own set-up on a fresh Debian machine with Go, make and apt.

SHELL := /bin/bash
.DEFAULT_GOAL := build

# A checkout may belong to another user (root builds in a mounted folder): git
# then refuses to answer, so the version is asked for with that check off, and
# Go is told not to ask git at all.
export PATH    := $(PATH):/usr/local/go/bin
export GOFLAGS := -buildvcs=false $(GOFLAGS)
VERSION := $(shell git -c safe.directory='*' describe --tags --always --dirty 2>/dev/null || echo dev)

# People in the bench data set: 50k, or 1m; "50k 1m" sets the second beside the first. OPERATIONS is how many each has.
SIZE ?= 50k
OPERATIONS ?= 1
ADDR ?= 127.0.0.1:8080
# Which harnesses of make faults run.
FAULTS ?= all
# What make mutate turns the branches of.
TARGET ?= fee fund payout ledger payables authz scope rows

.PHONY: run test test-full test-ui-full screenshots build lint bench faults mutate cover gosec sbom secrets reproducible histories office deps clean

run: deps-run build  ## build, then serve the demo programme on its own PostgreSQL
	exec bin/shanhai demo --addr $(ADDR)

# Two parts. Without the race detector: rooms that start no goroutine, which archtest
# sees to: the rules of the domain and of the house, pages, files, services that take
# one thing after the other; the journeys, which drive a built binary in another
# process; and the table of access, which knocks at door after door. The journeys and
# the table wait more than they work, so all three run beside each other, and
# everything is built once before. With it: everything else, the longest rooms first,
# among them app, where many people read the pages at a time. Of a process that ends
# the detector waits a second for reports of other threads: a tenth is enough. There
# is memory for collecting garbage less often. Vetting is a part of make lint.
# Pages are by far the longest of the first part and stand behind the table.
PLAIN := archtest domain webui httpapi blob chart config demo errs i18n ident money page printout report scaletest sheet \
	service/directory service/exchange service/glass service/inbox service/intake service/notice service/oversight \
	service/plausibility service/screening service/servicetest service/subject service/visiting
TABLE := ^TestAccess$$
LONG  := $(addprefix github.com/shanhai-health/shanhai/internal/,app store cli service/funding)

empty :=
rooms := /internal/($(subst $(empty) ,|,$(strip $(PLAIN))))(/|$$)

test: deps  ## unit, database, HTTP and browser tests, with the race detector wherever something runs at a time
	@start=$$SECONDS; code=0; all=$$(go list ./... | grep -v /internal/acceptance$$) || exit 1; \
	export GOGC=$${GOGC:-300} GORACE="atexit_sleep_ms=100 $$GORACE"; \
	go build ./... || exit 1; \
	go test -vet off -timeout 20m ./internal/acceptance & journeys=$$!; \
	{ go test -vet off -timeout 20m -run '$(TABLE)' ./internal/app; t=$$?; go test -vet off -timeout 20m ./internal/webui && exit $$t; } & table=$$!; \
	go test -vet off -p 1 -timeout 20m $$(grep -E '$(rooms)' <<<"$$all" | grep -v /internal/webui$$) || code=1; \
	wait $$journeys || code=1; wait $$table || code=1; \
	go test -race -vet off -p 2 -timeout 20m -skip '$(TABLE)' $(LONG) $$(grep -vE '$(rooms)' <<<"$$all") || code=1; \
	echo "make test: $$((SECONDS-start)) s in all, exit code $$code"; exit $$code

test-full: deps  ## the matrices of which make test looks at a part: every address as everybody, every sample of every page
	go test -race -count 1 -timeout 60m ./internal/app ./internal/webui -full

build:  ## bin/shanhai
	go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/shanhai ./cmd/shanhai

lint:  ## format, vet, staticcheck, generated assets, house rules, known vulnerabilities
	@.ci/lint

bench: deps-run  ## product and floor side by side, for SIZE people
	SHANHAI_TEST_BENCH_SIZE="$(SIZE)" SHANHAI_TEST_BENCH_OPERATIONS=$(OPERATIONS) go test -run '^TestBench$$' -count 1 -v -timeout 240m ./internal/bench

# Rows about pages ask for a browser, Node and Java, as make test-ui-full does.
faults: deps-run  ## kill, cut, fill and turn back what the service stands on while people write, and every long proof; within forty minutes (FAULTS="kill link", SCALE=small or full, SEED=)
	@case " $(FAULTS) " in *" all "*|*" script "*|*" foreign "*) .ci/deps browser font || exit 1;; esac; \
	case " $(FAULTS) " in *" all "*|*" pages "*) .ci/deps browser font java && npm ci --prefix web/checks --ignore-scripts || exit 1;; esac; \
	SHANHAI_TEST_FAULTS="$(FAULTS)" SHANHAI_TEST_FAULTS_SCALE=$(SCALE) SHANHAI_TEST_FAULTS_SEED=$(SEED) go test -run '^TestFaults$$' -count 1 -v -timeout 600m ./internal/faults

mutate: deps-run  ## turn each branch of TARGET (or of its FILES); at least 95 of 100 mutants must be noticed by a test
	SHANHAI_TEST_MUTATE="$(TARGET)" SHANHAI_TEST_MUTATE_FILES="$(FILES)" go test -run '^TestMutate$$' -count 1 -v -timeout 240m ./internal/mutate

# Every package that is a part of the product counts, the demo among them, whichever
# test runs its statements; the journeys count too: they drive a binary that notes
# what ran. What does not count is there to test the product and never runs in it:
# the rooms that end in "test" (helpers of tests, archtest), bench, faults,
# mutate and acceptance (nothing but tests). No race detector here. The
# parts that need more than PostgreSQL are those of make test.
cover: deps  ## how much of the product the tests run, in all and by package; fails under 85 of 100 statements
	@.ci/cover

# A program of its own version: as a tool of go.mod it would bring a hundred
# modules along that the product never uses.
gosec:  ## what gosec finds in the code; what is meant so says why beside "#nosec"
	go run github.com/securego/gosec/v2/cmd/gosec@v2.30.0 -quiet ./...

sbom: build  ## the modules that are in bin/shanhai, as CycloneDX 1.6 (JSON) in the file OUT, with their licences
	@[ -n "$(OUT)" ] || { echo "where to? make sbom OUT=FILE"; exit 1; }
	go run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0 bin -json -licenses -std -noserial -notimestamp -output-version 1.6 -version "$(VERSION)" -output "$(abspath $(OUT))" bin/shanhai

secrets:  ## keys, tokens, passwords and numbers of people in the tree, in every commit and its message
	go test -count 1 -v -run 'Secret' ./internal/archtest -full

reproducible:  ## the program is built twice in two places with caches of their own; its bytes must be the same
	go test -count 1 -v -timeout 60m -run 'BuiltTheSame' ./internal/archtest -full

histories: deps-run  ## a hundred thousand random histories of a ledger in the rules, three hundred in PostgreSQL
	go test -count 1 -timeout 120m ./internal/domain/fund ./internal/domain/fee -scale 100000
	go test -run 'AnySequence' -count 1 -v -timeout 120m ./internal/service/funding -scale 300
	go test -run 'AnyNumberOfMornings' -count 1 -v -timeout 120m ./internal/service/funding -scale 100

office:  ## files opened and calculated by LibreOffice
	@command -v soffice >/dev/null || { echo "LibreOffice is missing: sudo apt-get install -y --no-install-recommends libreoffice-calc-nogui libreoffice-writer-nogui"; exit 1; }
	go test -tags office -run Office -count 1 -v ./internal/report

# The journeys and what needs no browser were run by make test; here they would only
# be run again. Nothing else runs beside the bars: times are printed among them.
test-ui-full:  ## every page by axe, pa11y, vnu, html-validate and Lighthouse, and the bars of the interface in a browser (Node and Java for the checkers only)
	@.ci/deps server browser font compiler pdftext java
	npm ci --prefix web/checks --ignore-scripts
	@start=$$SECONDS; code=0; go test -tags uifull -run '^Test(Axe|Tab|EveryPageIsValid|LongerText)' -count 1 -v -timeout 120m ./internal/webui || code=1; \
	go test -tags uifull -skip '^Test(Journey|NothingOfAPatientLeaks)' -count 1 -v -timeout 120m ./internal/acceptance || code=1; \
	echo "make test-ui-full: $$((SECONDS-start)) s in all, exit code $$code"; exit $$code

screenshots: deps  ## every key page as the right role, desktop and phone, into the folder OUT
	@[ -n "$(OUT)" ] || { echo "where to? make screenshots OUT=DIR"; exit 1; }
	SHANHAI_TEST_PICTURES="$(abspath $(OUT))" go test -tags uifull,pictures -run '^TestPictures$$' -count 1 -v -timeout 60m ./internal/acceptance

deps:  ## install what the tests need, or say how
	@.ci/deps server browser font compiler pdftext

.PHONY: deps-run
deps-run:
	@.ci/deps server

clean:
	rm -rf bin
