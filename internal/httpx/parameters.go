package httpx

import (
	"net/url"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// OnlyParameters refuses a parameter that does not exist and one that stands twice,
// each by its name: left out, it would answer another question than was asked.
func OnlyParameters(q url.Values, known ...string) error {
	var bad errs.Fields
	names := make([]string, 0, len(q))
	for name := range q {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch {
		case !slices.Contains(known, name):
			bad.Add(name, "error.request.unknown_parameter", "name", name, "known", strings.Join(known, ", "))
		case len(q[name]) > 1:
			bad.Add(name, "error.request.repeated_parameter")
		}
	}
	return bad.Err()
}
