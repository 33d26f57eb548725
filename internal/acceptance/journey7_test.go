package acceptance

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

// ledger is the office's old workbook, and what must come out of it.
func ledger(t *testing.T) (file string, want expected) {
	t.Helper()
	dir, err := filepath.Abs("../domain/history/testdata")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "legacy-workbook.expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "legacy-workbook.xlsx"), want
}

type totals struct {
	Sheet       string `json:"sheet"`
	Patients    int    `json:"patients"`
	PersonTimes int    `json:"person_times"`
	Procedures  int    `json:"procedures"`
	Total       int64  `json:"total_fen"`
	Insurance   int64  `json:"insurance_fen"`
	Reduction   int64  `json:"reduction_fen"`
	Net         int64  `json:"net_fen"`
}

type expected struct {
	Totals []totals `json:"totals"`
	Issues []struct {
		Sheet string `json:"sheet"`
		Row   int    `json:"row"`
		Level string `json:"level"`
	} `json:"issues"`
}

// report is what the command writes, with exactly the agreed names.
type report struct {
	Sheets []struct {
		totals
		Rows []struct {
			Row     int    `json:"row"`
			Level   string `json:"level"`
			Message string `json:"message"`
		} `json:"rows"`
	} `json:"sheets"`
}

// holds compares a report with the expected file: totals to the fen, every
// listed row with its level, and few words about all other rows.
func (want expected) holds(t *testing.T, what, raw string) {
	t.Helper()
	var got report
	readJSON(t, raw, &got)
	type place struct {
		sheet string
		row   int
	}
	said, all := map[place]string{}, 0
	var sums []totals
	for _, s := range got.Sheets {
		sums = append(sums, s.totals)
		all += s.Procedures
		for _, r := range s.Rows {
			said[place{s.Sheet, r.Row}] = r.Level
			if r.Message == "" {
				t.Errorf("%s: %s row %d says nothing", what, s.Sheet, r.Row)
			}
		}
	}
	if d := cmp.Diff(want.Totals, sums); d != "" {
		t.Errorf("%s: %s", what, d)
	}
	for _, i := range want.Issues {
		if level := said[place{i.Sheet, i.Row}]; level != i.Level {
			t.Errorf("%s: %s row %d is %q, wanted %q", what, i.Sheet, i.Row, level, i.Level)
		}
		delete(said, place{i.Sheet, i.Row})
	}
	if len(said)*50 > all {
		t.Errorf("%s: %d of %d good rows are remarked on, more than 2 %%", what, len(said), all)
	}
}

// live counts what is in the system: persons with a registration, treatments,
// operations, and what the funds have paid in fen.
func (m *machine) live() string {
	m.t.Helper()
	return m.sql(`select (select count(*) from registration where live) || ' ' || (select count(*) from treatment where live) || ' ' ||
		(select count(*) from procedure where live) || ' ' || (select coalesce(sum(balance_fen), 0) from ledger_account where kind = 'committed')`)
}

func TestJourney7HistoryImport(t *testing.T) {
	t.Parallel()
	file, want := ledger(t)
	m := newMachine(t)
	want.holds(t, "a dry run on nothing", m.run("import", "workbook", file, "--dry-run", "--json"))
	if left, err := filepath.Glob(filepath.Join(m.data, "*")); err != nil || len(left) > 0 {
		t.Errorf("the dry run leaves %v", left)
	}
	m.start("serve")
	m.run("partnership", "create", "SH", "--name", "山海协作", "--donor-region", "379900", "--donor-name", "澜港市", "--receiving-region", "500199", "--receiving-name", "云岭区")
	p := m.officer(t)

	// The page reads first and stores nothing.
	p.open("/imports")
	p.do("choose the ledger", chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]`), []string{file}))
	if status := p.press(""); status != 200 || !strings.HasPrefix(p.address(), "/imports/") {
		t.Fatalf("the upload: %d at %s\n%s", status, p.address(), cut(p.text()))
	}
	p.says("站立行动", "307", "332", "8,480,000.00", "白内障", "86", "冠心病介入", "214", "225")
	if got := m.live(); got != "0 0 0 0" {
		t.Errorf("reading stored %s", got)
	}

	want.holds(t, "the import", m.run("import", "workbook", file, "--json"))
	const whole = "332 94 225"
	first := m.live()
	counts := m.sql(`select string_agg(n::text, ' ') from (select count(*) n from procedure where live group by programme order by min(case programme when 'joint' then 1 when 'cataract' then 2 else 3 end)) x`)
	if counts != whole {
		t.Errorf("%s operations are in the system, wanted %s", counts, whole)
	}
	if reduced := m.sql(`select sum(fund_fen + waiver_fen) from settlement where state = 'settled' and programme = 'joint'`); reduced != "848000000" {
		t.Errorf("reductions of %s fen", reduced)
	}
	if faults := m.sql(`select count(*) from ledger_account a where balance_fen <> (select coalesce(sum(amount_fen), 0) from ledger_entry e where e.partnership_id = a.partnership_id and e.account_id = a.id)`); faults != "0" {
		t.Errorf("%s accounts differ from their entries", faults)
	}

	want.holds(t, "the second import", m.run("import", "workbook", file, "--json"))
	if again := m.live(); again != first {
		t.Errorf("importing again makes %s of %s", again, first)
	}

	batches := strings.Fields(m.sql(`select id from import_batch where state = 'imported' order by created_at desc, id desc`))
	for _, id := range batches {
		if stayed := m.run("import", "reverse", id); strings.TrimSpace(stayed) != "" {
			t.Errorf("the reversal leaves %s", stayed)
		}
	}
	if got := m.live(); got != "0 0 0 0" {
		t.Errorf("the reversal leaves %s", got)
	}
	m.run("import", "workbook", file)
	if got := m.live(); got != first {
		t.Errorf("importing after the reversal gives %s, the first time it was %s", got, first)
	}
}

// officer is the approver of the programme office, with a password of their own.
func (m *machine) officer(t *testing.T) *person {
	t.Helper()
	made := strings.Split(strings.TrimSpace(m.run("user", "create", "officer", "--display-name", "程既白", "--role", "approver")), "\t")
	if len(made) != 2 {
		t.Fatalf("user create says %q", made)
	}
	p := m.visit(t, browser(t))
	p.open("/sign-in")
	p.fill("username", made[0])
	p.fill("password", made[1])
	p.press("form button[type=submit]")
	const own = "Yun-Ling-2026-hao"
	for name, value := range map[string]string{"current": made[1], "new": own, "repeat": own} {
		p.fill(name, value)
	}
	p.press("")
	return p
}
