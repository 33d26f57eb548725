package store

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
)

func TestAChangeSaysWhichVersionItWasMadeOn(t *testing.T) {
	person, system := &Tx{who: user.Principal{}}, &Tx{who: user.NewSystem("import")}
	for name, c := range map[string]struct {
		tx         *Tx
		have, want int64
		kind       errs.Kind
		refused    bool
	}{
		"the version there is":          {person, 3, 3, 0, false},
		"an older one":                  {person, 3, 2, errs.Stale, true},
		"none":                          {person, 3, 0, errs.Invalid, true},
		"a broken one":                  {person, 3, -1, errs.Invalid, true},
		"what was never saved":          {person, 0, 0, 0, false},
		"a system principal, none":      {system, 3, 0, 0, false},
		"a system principal, older one": {system, 3, 2, errs.Stale, true},
	} {
		err := c.tx.SameVersion(c.have, c.want)
		if (err != nil) != c.refused || c.refused && !errs.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
		if c.kind == errs.Invalid && !errs.Of(err).Fields.Has("version") {
			t.Errorf("%s: the field is not named: %v", name, err)
		}
	}
}
