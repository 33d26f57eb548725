package inspection

import (
	"bytes"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// A digest of nothing but decimal digits once kept a package from being recorded.
func TestADigestOfDigitsIsNoPersonalNumber(t *testing.T) {
	e := audit.Event{ActorID: ident.New(), ActorName: "x", Action: audit.PackageMake, Outcome: audit.Done,
		Detail: map[string]any{"sha256": inEights(bytes.Repeat([]byte{0x12}, 32))}}
	if err := e.Check(); err != nil {
		t.Error(err)
	}
}
