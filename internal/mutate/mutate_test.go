package mutate

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/pgtest"
)

// goal is how many of a hundred mutants the tests must notice.
const goal = 95

// pure are the flags of a package without a database: few random cases, always
// the same, and no search for a smaller one.
var pure = []string{"-rapid.checks=20", "-rapid.seed=20260101", "-rapid.nofailfile", "-rapid.shrinktime=0s"}

var targets = []target{
	{name: "fee", pkg: "./internal/domain/fee", tests: []string{"./internal/domain/fee"}, flags: pure},
	{name: "fund", pkg: "./internal/domain/fund", tests: []string{"./internal/domain/fund"}, flags: pure},
	// The rows of the ledger: what posts them, lists them and checks them.
	{name: "ledger", pkg: "./internal/store", only: []string{"fund.go", "fundmove.go", "ledger.go", "ledgercheck.go", "settlement.go"},
		tests:    []string{"./internal/store TestTransfersComeInTheOrderTheyWerePosted", "./internal/service/funding"},
		database: true,
		skip:     "TestTwoHundredApprovalsAtOnceAgainstMoneyFor137|TestAnySequenceOfUseCasesKeepsTheBooks|TestAnyNumberOfMorningsOnOneFund"},
	// What a fund owes and what comes back: its rows, and the rules about them.
	{name: "payables", pkg: "./internal/store", only: []string{"payable.go", "payrun.go", "recovery.go", "deposit.go"}, tests: []string{"./internal/service/paying", "./internal/service/funding"},
		database: true,
		skip:     "TestTwoHundredApprovalsAtOnceAgainstMoneyFor137|TestAnySequenceOfUseCasesKeepsTheBooks|TestAnyNumberOfMorningsOnOneFund"},
	{name: "payout", pkg: "./internal/domain/payout", tests: []string{"./internal/domain/payout"}, flags: pure},
	{name: "authz", pkg: "./internal/authz", only: []string{"authz.go", "compile.go", "scope.go"}, tests: []string{"./internal/authz"}},
	// Whom a grant lets see which rows, and who may be given what.
	{name: "scope", pkg: "./internal/domain/user", only: []string{"principal.go", "role.go"}, tests: []string{"./internal/domain/user"}, flags: pure,
		skip: "TestTemporaryPasswordsFulfilEveryProfile"},
	// What PostgreSQL then shows: row security, the functions above it, and the rules the queries repeat.
	{name: "rows", pkg: "./internal/store", only: []string{"seen.go"}, database: true, sql: true,
		tests: []string{"./internal/store TestEveryTableHidesOtherPartnershipsAndHospitals|TestEveryTableRefusesForeignRows|" +
			"TestForeignRowsAreNeitherChangedNorDeleted|TestNobodyMovesARowOrOpensItByUpdate|TestVisibleToIsMetAtEveryPlace|" +
			"TestTheTeamKeepsReadingItsOperations|TestAScopeIsSetOnceAndEndsWithItsTransaction|TestDefinerFunctionsStayInTheScope|" +
			"TestDefinerFunctionsAnswerInsideTheScope|TestWhatThePartnershipKnowsIsAnsweredInsideIt|TestTheOfficeMovesAndMerges|TestForgedRowsOpenNothing|TestARecordStaysHiddenWithoutRowSecurity"}},
}

// narrowed is the target with the branches of some of its files only.
func (t target) narrowed(files []string) target {
	if len(files) > 0 {
		t.only = files
	}
	return t
}

// TestMutate is what `make mutate` runs. SHANHAI_TEST_MUTATE names the targets;
// without it there is nothing to do. SHANHAI_TEST_MUTATE_FILES keeps to some files.
func TestMutate(t *testing.T) {
	wanted := strings.Fields(os.Getenv("SHANHAI_TEST_MUTATE"))
	if len(wanted) == 0 {
		return
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	excluded, err := equivalent("testdata/equivalent.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range wanted {
		i := slices.IndexFunc(targets, func(x target) bool { return x.name == name })
		if i < 0 {
			t.Fatalf("%q is no target", name)
		}
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			x := targets[i].narrowed(strings.Fields(os.Getenv("SHANHAI_TEST_MUTATE_FILES")))
			if x.database {
				x.env = append(x.env, pgtest.EnvExternal+"="+server(t))
			}
			r, err := prepare(root, t.TempDir(), x, 2)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d mutants, %d tests, ready after %s", len(r.mutants), len(r.proofs), time.Since(begin).Round(time.Second))
			stale(t, r, excluded)
			r.tell = t.Logf
			all, err := r.meetAll(excluded)
			if err != nil {
				t.Fatal(err)
			}
			text, share := report(all)
			t.Logf("%s: %s, %d left out as equivalent, took %s\n%s", name, summary(all), len(r.mutants)-len(all), time.Since(begin).Round(time.Second), text)
			if share < goal {
				t.Errorf("%s: %.1f %% of the mutants were noticed, at least %d %% must be", name, share, goal)
			}
		})
	}
}

// server is one PostgreSQL for all runs of the tests: starting one for each
// mutant would take longer than the tests.
func server(t *testing.T) string {
	t.Helper()
	dsn := pgtest.DB(t).SuperDSN
	part := func(key string) string {
		_, rest, _ := strings.Cut(" "+dsn, " "+key+"=")
		value, _, _ := strings.Cut(rest, " ")
		return strings.Trim(value, "'")
	}
	u := url.URL{Scheme: "postgres", User: url.User(part("user")), Path: "/postgres",
		RawQuery: url.Values{"host": {part("host")}, "port": {part("port")}, "sslmode": {"disable"}}.Encode()}
	return u.String()
}

// stale fails for entries about this target's files that name no mutant.
func stale(t *testing.T, r *runner, excluded map[string]string) {
	t.Helper()
	there, files := map[string]bool{}, map[string]bool{}
	for _, m := range r.mutants {
		there[m.key()], files[m.file] = true, true
	}
	for key := range excluded {
		path, _, _ := strings.Cut(key, " ")
		if files[path] && !there[key] {
			t.Errorf("equivalent.txt names what is not there: %s", key)
		}
	}
}

// equivalent reads the mutants that no test can notice, each with its reason.
func equivalent(path string) (map[string]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		i := strings.LastIndex(line, " # ")
		if i < 0 || strings.TrimSpace(line[i+3:]) == "" {
			return nil, fmt.Errorf("%s: %q gives no reason", path, line)
		}
		out[strings.TrimSpace(line[:i])] = strings.TrimSpace(line[i+3:])
	}
	return out, nil
}

func counts(all []outcome) (killed, unreached int) {
	for _, o := range all {
		if o.killer != "" {
			killed++
		}
		if !o.reached {
			unreached++
		}
	}
	return killed, unreached
}

func summary(all []outcome) string {
	killed, unreached := counts(all)
	return fmt.Sprintf("%d of %d mutants killed, %d survived, %d of them passed by no test", killed, len(all), len(all)-killed, unreached)
}

// report lists the survivors as equivalent.txt would name them, with the line.
func report(all []outcome) (text string, share float64) {
	killed, _ := counts(all)
	var b strings.Builder
	for _, o := range all {
		if o.killer == "" {
			fmt.Fprintln(&b, told(o))
		}
	}
	if len(all) == 0 {
		return "", 100
	}
	return b.String(), 100 * float64(killed) / float64(len(all))
}
