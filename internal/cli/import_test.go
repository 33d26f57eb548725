package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const officeLedger = "../domain/history/testdata/legacy-workbook.xlsx"

// ledgerReport is the machine-readable answer, field by field as promised.
type ledgerReport struct {
	Sheets []struct {
		Sheet       string `json:"sheet"`
		Patients    int    `json:"patients"`
		PersonTimes int    `json:"person_times"`
		Procedures  int    `json:"procedures"`
		Total       int64  `json:"total_fen"`
		Insurance   int64  `json:"insurance_fen"`
		Reduction   int64  `json:"reduction_fen"`
		Net         int64  `json:"net_fen"`
		Rows        []struct {
			Row     int    `json:"row"`
			Level   string `json:"level"`
			Message string `json:"message"`
		} `json:"rows"`
	} `json:"sheets"`
}

func TestADryRunNeedsNothingAndLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "never")
	s := must(t, "import", "workbook", officeLedger, "--dry-run", "--json", "--data-dir", dir)
	var got ledgerReport
	dec := json.NewDecoder(strings.NewReader(s.out))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if len(got.Sheets) != 3 || got.Sheets[0].Procedures != 332 || got.Sheets[0].Reduction != 848_000_000 || len(got.Sheets[0].Rows) == 0 {
		t.Errorf("%+v", got.Sheets)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("a dry run left %s behind: %v", dir, err)
	}
	refused(t, "路径", "import", "workbook", filepath.Join(dir, "none.xlsx"), "--dry-run", "--data-dir", dir)
}

func TestALedgerGoesInOnceAndComesOutAgain(t *testing.T) {
	s := newSite(t)
	first := must(t, s.args("import", "workbook", officeLedger)...)
	if !strings.Contains(first.err, "（SH）") || !strings.Contains(first.err, "651 例手术") {
		t.Errorf("the first import says %s", first.err)
	}
	again := must(t, s.args("import", "workbook", officeLedger, "--json")...)
	if !strings.Contains(again.err, "新增 0 人、0 人次、0 例手术") {
		t.Errorf("the second import says %s", again.err)
	}
	batch := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).FindString(first.err)
	must(t, s.args("import", "reverse", batch)...)
	if third := must(t, s.args("import", "workbook", officeLedger)...); !strings.Contains(third.err, "651 例手术") {
		t.Errorf("after the reversal the import says %s", third.err)
	}
	refused(t, "没有", s.args("import", "workbook", officeLedger, "--partnership", "NONE")...)
}
