package sheet

import (
	"io"
	"testing"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// The writer starts near the end of the sheet: a million rows would prove the
// same and take seconds.
func TestMoreRowsThanASheetHoldsAreRefused(t *testing.T) {
	table := Table{Columns: []Column{{Header: "n"}}, Rows: Records([]Record{{"a"}, {"b"}})}
	for start, fits := range map[int]bool{MaxRows - 3: true, MaxRows - 2: false} {
		w := tabWriter{table: table, out: xmlSink{w: io.Discard}, row: start, sums: make([]int64, 1)}
		if err := w.body(); (err == nil) != fits || err != nil && !errs.Is(err, errs.TooLarge) {
			t.Errorf("two rows after row %d: %v", start, err)
		}
	}
}
