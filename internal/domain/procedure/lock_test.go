package procedure_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// A record is locked by a second clinician, corrected only while it is open, and
// belongs to whoever corrected it last.
func TestARecordIsSignedByTwo(t *testing.T) {
	writer, second, third := ident.New(), ident.New(), ident.New()
	open := procedure.Signature{EnteredBy: writer}
	for name, c := range map[string]struct {
		act  func() (procedure.Signature, error)
		rule string
	}{
		"by the writer":           {func() (procedure.Signature, error) { return open.Validated(writer) }, "procedure.second_clinician"},
		"by nobody":               {func() (procedure.Signature, error) { return open.Validated(ident.Nil) }, "procedure.second_clinician"},
		"twice":                   {func() (procedure.Signature, error) { return procedure.Signature{writer, second}.Validated(third) }, "procedure.locked"},
		"correcting a locked":     {func() (procedure.Signature, error) { return procedure.Signature{writer, second}.Corrected(writer) }, "procedure.locked"},
		"unlocking an open one":   {func() (procedure.Signature, error) { return open.Unlocked("x") }, "procedure.not_locked"},
		"unlocking for no reason": {func() (procedure.Signature, error) { return procedure.Signature{writer, second}.Unlocked("") }, ""},
	} {
		if _, err := c.act(); err == nil || errs.Of(err).Rule != c.rule {
			t.Errorf("%s: %v", name, err)
		}
	}
	locked, err := open.Validated(second)
	if err != nil || !locked.Locked() {
		t.Fatalf("%+v %v", locked, err)
	}
	again, err := locked.Unlocked("植入物批号有误")
	if err != nil || again.Locked() {
		t.Fatalf("%+v %v", again, err)
	}
	mine, err := again.Corrected(second)
	if err != nil || mine.EnteredBy != second {
		t.Fatalf("%+v %v", mine, err)
	}
	if _, err := mine.Validated(second); err == nil {
		t.Error("who corrected a record validates it")
	}
	if _, err := mine.Validated(writer); err != nil {
		t.Errorf("the first writer is the second pair of eyes now: %v", err)
	}
}
