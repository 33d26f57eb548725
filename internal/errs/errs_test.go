package errs_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/shanhai-health/shanhai/internal/errs"
)

func TestKindSurvivesWrapping(t *testing.T) {
	err := fmt.Errorf("loading: %w", errs.Missing("error.case.missing"))
	if !errs.Is(err, errs.NotFound) {
		t.Fatalf("kind = %v, want not_found", errs.KindOf(err))
	}
	if got := errs.KindOf(errors.New("disk")); got != errs.Internal {
		t.Fatalf("an unknown error is %v, want internal", got)
	}
	if errs.Of(errors.New("disk")).Key != "error.internal" {
		t.Fatal("an unknown error must be shown as the general sentence")
	}
}

func TestFieldsKeepOrderAndPrefix(t *testing.T) {
	var inner errs.Fields
	inner.Add("phone", "error.phone.short", "n", 1)
	var f errs.Fields
	f.Add("name", "error.required")
	if err := f.Merge("person.", inner.Err()); err != nil {
		t.Fatal(err)
	}
	if len(f) != 2 || f[1].Path != "person.phone" || f[1].Args["n"] != 1 {
		t.Fatalf("fields = %+v", f)
	}
	if other := f.Merge("x.", errors.New("disk")); other == nil {
		t.Fatal("an error that is not about input must come back")
	}
	if (errs.Fields)(nil).Err() != nil {
		t.Fatal("no fields, no error")
	}
}
