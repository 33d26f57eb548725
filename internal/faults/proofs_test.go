package faults

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// proof is a test that stands elsewhere and is run for longer here than in make
// test: it answers a row of the catalogue that harms no process.
type proof struct {
	pkg, tests string
	tags       string
	seeded     bool        // it draws with a seed
	args       [3]string   // for small, usual and full: what else the test is told
	env        [3][]string // and its environment
	says       string      // which of its lines tell the scale; all it logs, if empty
}

// proofs are run after the harnesses, in the order of the catalogue.
func proofs() []harness {
	const most = "-full"
	access := func(tests string, args ...string) proof {
		return proof{pkg: "app", tests: "^TestAccess$/" + tests, args: [3]string(args)}
	}
	return []harness{
		{"A-2", "ids", proved(access("ids_of_others", "", most, most))},
		{"A-3", "walk", proved(proof{pkg: "app", tests: "AWalkOfAnySteps", seeded: true, args: [3]string{"-scale 300", "-scale 6000", "-scale 1050000"}})},
		{"A-4", "alone", proved(access("(row_security|services)", "", most, most))},
		{"A-6", "revoke", proved(proof{pkg: "app", tests: "WhatIsTakenAway", args: [3]string{"", "-scale 30", "-scale 100"}})},
		{"I-1", "inject", proved(access("injection", "", "-scale 8", "-full -scale 300"))},
		{"I-2", "script", proved(proof{pkg: "acceptance", tests: "NoTextBecomes", args: [3]string{"-scale 3", "-full -scale 3", "-full -scale 100"}})},
		{"I-3", "path", proved(access("names_that", "", most, most))},
		{"I-5", "parser", parsers},
		{"I-5", "request", proved(access("malformed", "", "-scale 12000", "-scale 200000"))},
		{"U-2", "huge", proved(access("a_hundred", "", "", ""))},
		{"U-3", "picture", proved(proof{pkg: "domain/document", tests: "."}, proof{pkg: "sheet", tests: "Bombs|MillionEntries"})},
		{"H-2", "crowd", proved(proof{pkg: "bench", tests: "^TestBench$", says: "P11|people with", env: [3][]string{
			{"SHANHAI_TEST_BENCH_PARTS=P11", "SHANHAI_TEST_BENCH_SIZE=10k", "SHANHAI_TEST_BENCH_CROWD=20s"},
			{"SHANHAI_TEST_BENCH_PARTS=P11", "SHANHAI_TEST_BENCH_SIZE=50k", "SHANHAI_TEST_BENCH_CROWD=30s"},
			{"SHANHAI_TEST_BENCH_PARTS=P11", "SHANHAI_TEST_BENCH_SIZE=5m", "SHANHAI_TEST_BENCH_OPERATIONS=1", "SHANHAI_TEST_BENCH_CROWD=30m"}}})},
		{"H-6", "foreign", proved(access("writes_from", "", most, most), proof{pkg: "acceptance", tests: "AnotherSite"})},
		{"F-4", "linear", proved(proof{pkg: "app", tests: "WhatHappensAtOnce", seeded: true, args: [3]string{"", "-scale 100", "-scale 1000"}})},
		{"P-2", "dump", proved(proof{pkg: "app", tests: "ADumpWithout"})},
		{"P-3", "subject", proved(proof{pkg: "service/subject", tests: "ADeletion", args: [3]string{"", "-scale 200", "-scale 1000"}})},
		{"S-3", "mutant", proved(proof{pkg: "mutate", tests: "^TestMutate$", says: "took", env: [3][]string{
			{"SHANHAI_TEST_MUTATE=scope"}, {"SHANHAI_TEST_MUTATE=authz scope"}, {"SHANHAI_TEST_MUTATE=authz scope rows ledger payables"}}})},
		{"X-1", "pages", proved(proof{pkg: "webui", tests: "^Test(Axe|EveryPageIsValid)", tags: "uifull", says: "^checked", env: [3][]string{
			{`SHANHAI_TEST_PAGES_ONLY=#\d*37$`}, {`SHANHAI_TEST_PAGES_ONLY=#\d*[37]7$`}}})},
	}
}

// proved runs tests one after the other; the scale is what they say themselves.
func proved(proofs ...proof) func(*testing.T, settings) string {
	return func(t *testing.T, s settings) string {
		var reached []string
		for _, p := range proofs {
			out, ok := p.play(s)
			if !ok {
				t.Fatalf("%s %s failed\n%s", p.pkg, p.tests, ending(out))
			}
			said := p.reached(out)
			if slices.ContainsFunc(said, func(line string) bool { return strings.Contains(line, "MISSED") }) {
				t.Errorf("a goal is missed\n%s", strings.Join(said, "\n"))
			}
			reached = append(reached, said...)
		}
		return strings.Join(reached, "; ")
	}
}

// play runs the test and gives its lines.
func (p proof) play(s settings) ([]string, bool) {
	args := []string{"test", "-count", "1", "-v", "-timeout", "600m", "-tags", p.tags, "-run", p.tests, "./internal/" + p.pkg}
	args = append(args, strings.Fields(of(s, p.args[0], p.args[1], p.args[2]))...)
	if p.seeded {
		args = append(args, "-seed", strconv.FormatInt(max(s.seed, 1), 10))
	}
	out, err := goTool(of(s, p.env[0], p.env[1], p.env[2]), args...)
	return out, err == nil && slices.ContainsFunc(out, func(line string) bool { return strings.HasPrefix(line, "--- PASS") })
}

// goTool runs the go tool in the root of the source, without the variables of this
// run. It stays in the group of this process: who interrupts one interrupts both.
func goTool(env []string, args ...string) ([]string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "SHANHAI_TEST_FAULTS") })
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	return strings.Split(strings.TrimRight(string(out), "\n"), "\n"), err
}

var logged = regexp.MustCompile(`^\s+\w+_test\.go:\d+: (.*)$`)

// reached is what the tests said about their scale; of those that say nothing, how
// many there were.
func (p proof) reached(out []string) (said []string) {
	passed, wanted := 0, regexp.MustCompile(cmp.Or(p.says, `^\S`))
	for _, line := range out {
		if m := logged.FindStringSubmatch(line); m != nil {
			line = m[1]
		} else if p.says == "" {
			if strings.Contains(line, "--- PASS") {
				passed++
			}
			continue
		}
		if wanted.MatchString(line) {
			said = append(said, strings.Join(strings.Fields(line), " "))
		}
	}
	if len(said) == 0 {
		said = []string{fmt.Sprintf("%d tests of %s", passed, p.pkg)}
	}
	return said
}

// ending is the last of what was said.
func ending(out []string) string { return strings.Join(out[max(0, len(out)-80):], "\n") }

// target is a parser with a fuzz test.
type target struct{ pkg, name string }

var fuzzTest = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// targets are the fuzz tests of the source.
func targets(t *testing.T) (out []target) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path) // #nosec G304 G122 -- our own source
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		for _, m := range fuzzTest.FindAllStringSubmatch(string(raw), -1) {
			out = append(out, target{"./" + dir, m[1]})
		}
		return err
	})
	if err != nil || len(out) < 20 {
		t.Fatalf("%d fuzz tests: %v", len(out), err)
	}
	return out
}

// parsers gives each parser bytes nobody wrote, so many times: a fuzzer that is told a
// time calls it a failure when the time ends in the middle of something.
func parsers(t *testing.T, s settings) string {
	executed, all := 0, targets(t)
	for _, x := range all {
		begin := time.Now()
		out, err := goTool(nil, "test", "-run", "^$", "-fuzz", "^"+x.name+"$", "-fuzztime", of(s, "1000x", "10000x", "10000000x"), x.pkg)
		if err != nil {
			t.Fatalf("%s of %s\n%s", x.name, x.pkg, ending(out))
		}
		n := executions(out)
		t.Logf("%s of %s: %d executions in %s", x.name, x.pkg, n, time.Since(begin).Round(time.Second))
		executed += n
	}
	return fmt.Sprintf("%d parsers, %d executions", len(all), executed)
}

var execs = regexp.MustCompile(`execs: (\d+)`)

// executions is how many the fuzzer says there were.
func executions(out []string) int {
	for _, line := range slices.Backward(out) {
		if m := execs.FindStringSubmatch(line); m != nil {
			n, err := strconv.Atoi(m[1])
			if err == nil {
				return n
			}
		}
	}
	return 0
}
