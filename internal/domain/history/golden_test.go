package history_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

var today = clock.MustDate(2026, 11, 23)

// interpretFile reads a file the way an import does.
func interpretFile(t testing.TB, path string, opts history.Options) *history.Book {
	t.Helper()
	wb, err := sheet.Open(path, sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := wb.Close(); err != nil {
			t.Error(err)
		}
	})
	if opts.Today.IsZero() {
		opts.Today = today
	}
	book, err := history.Interpret(context.Background(), wb.Ledgers(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return book
}

type expectedTotals struct {
	Sheet       string `json:"sheet"`
	Programme   string `json:"programme"`
	Patients    int    `json:"patients"`
	PersonTimes int    `json:"person_times"`
	Procedures  int    `json:"procedures"`
	Total       int64  `json:"total_fen"`
	Insurance   int64  `json:"insurance_fen"`
	Reduction   int64  `json:"reduction_fen"`
	Net         int64  `json:"net_fen"`
}

type expected struct {
	Totals []expectedTotals `json:"totals"`
	Issues []struct {
		Sheet string        `json:"sheet"`
		Row   int           `json:"row"`
		Level history.Level `json:"level"`
		What  string        `json:"what"`
	} `json:"issues"`
	Persons int `json:"distinct_persons_in_book"`
}

func readExpected(t *testing.T) expected {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "legacy-workbook.expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var e expected
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// whatKeys maps the words of the expected file to the message that must lead.
var whatKeys = map[string]string{
	"age disagrees with the identity number":                            "history.row.age_differs",
	"blank row":                                                         "history.row.blank",
	"totals row":                                                        "history.row.totals",
	"identity number fails its check digit":                             "history.row.number_check_digit",
	"payers and net do not add up to the bill":                          "history.row.unbalanced",
	"operation date does not exist":                                     "history.row.date_impossible",
	"side must be left or right: one row per side":                      "history.row.side_both",
	"operation name is not recognised":                                  "history.row.operation_unknown",
	"same person, same operation, same side and date as an earlier row": "history.row.duplicate",
}

func TestTheOfficesWorkbookGivesItsTotals(t *testing.T) {
	want := readExpected(t)
	book := interpretFile(t, filepath.Join("testdata", "legacy-workbook.xlsx"), history.Options{})
	var got []expectedTotals
	for _, s := range book.Sheets {
		got = append(got, expectedTotals{s.Sheet, s.Title, s.Patients, s.PersonTimes, s.Procedures, int64(s.TotalFen),
			int64(s.InsuranceFen), int64(s.ReductionFen), int64(s.NetFen)})
	}
	if d := cmp.Diff(want.Totals, got); d != "" {
		t.Error(d)
	}
	if book.Persons != want.Persons {
		t.Errorf("%d people, want %d", book.Persons, want.Persons)
	}
}

func TestTheOfficesWorkbookSaysWhatIsWrongWithEachRow(t *testing.T) {
	want := readExpected(t)
	book := interpretFile(t, filepath.Join("testdata", "legacy-workbook.xlsx"), history.Options{})
	type at struct {
		sheet string
		row   int
	}
	said := map[at]history.RowMessage{}
	for _, s := range book.Sheets {
		for _, m := range s.Rows {
			said[at{s.Sheet, m.Row}] = m
		}
	}
	for _, w := range want.Issues {
		m, ok := said[at{w.Sheet, w.Row}]
		if !ok {
			t.Errorf("%s row %d: nothing said, want %s: %s", w.Sheet, w.Row, w.Level, w.What)
			continue
		}
		delete(said, at{w.Sheet, w.Row})
		if m.Level != w.Level || m.Issues[0].Key != whatKeys[w.What] {
			t.Errorf("%s row %d: %s %s, want %s: %s", w.Sheet, w.Row, m.Level, m.Issues[0].Key, w.Level, w.What)
		}
	}
	rows := 0
	for _, s := range book.Sheets {
		rows += s.DataRows
	}
	for where, m := range said {
		t.Logf("also %v: %s %v", where, m.Level, m.Issues)
		if m.Level == history.LevelError {
			t.Errorf("%v is refused: %v", where, m.Issues)
		}
	}
	if len(said)*50 > rows {
		t.Errorf("%d of %d good rows are flagged, want at most 2 %%", len(said), rows)
	}
}
