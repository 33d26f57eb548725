package httpx

import (
	"net/url"
	"testing"

	"github.com/shanhai-health/shanhai/internal/errs"
)

func TestAParameterStandsOnceAndExists(t *testing.T) {
	for query, want := range map[string]string{"": "", "a=1&b=": "", "b=1": "", "a=1&a=1": "a:error.request.repeated_parameter", "a=&a=": "a:error.request.repeated_parameter",
		"A=1": "A:error.request.unknown_parameter", "zz=1&c=2&a=1": "c:error.request.unknown_parameter zz:error.request.unknown_parameter", "=1": ":error.request.unknown_parameter"} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := OnlyParameters(q, "a", "b"); err != nil {
			for i, f := range errs.Of(err).Fields {
				if i > 0 {
					got += " "
				}
				got += f.Path + ":" + f.Key
			}
			if !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", query, err)
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
}
