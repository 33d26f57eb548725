package dataclass_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
)

// A register that is read has a line for each column it counts.
func FuzzParse(f *testing.F) {
	f.Add("person,name sex,4,attribute,identity,record\n# x\n")
	f.Add("a,b,9,,,\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := dataclass.Parse(text)
		if err != nil {
			return
		}
		n := 0
		for _, l := range r.Lines() {
			n += len(l.Columns)
		}
		if columns, _ := r.Size(); columns != n {
			t.Errorf("%d columns, %d on lines", columns, n)
		}
	})
}
