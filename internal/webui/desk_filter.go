package webui

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
)

// The filter of the desk stands in the address, so that it is on the print, in a
// bookmark and in a link somebody sends. It also stays with the person: a page of
// the desk that is opened without any condition opens with the last ones. A block
// that comes after its page changes nothing of that: it may arrive when the person
// has chosen otherwise.

// anyCondition asks for figures without any condition: an empty one is a choice
// too, so the last conditions are not brought back.
const anyCondition = "?programme="

// deskFilter reads the filter of a page of the desk. fixed are conditions the page
// makes itself. done reports that the page was opened again with the last filter.
func (s *Server) deskFilter(w http.ResponseWriter, r *http.Request, c *Call, fixed ...measure.Dimension) (f measure.Filter, wrong error, done bool, err error) {
	names := parametersWithout(fixed)
	q := r.URL.Query()
	if !slices.ContainsFunc(names, q.Has) {
		last, err := s.d.Reporting.LastFilter(r.Context(), c.Who)
		if err != nil {
			return f, nil, false, err
		}
		if again := keepOnly(last, names); again != "" {
			http.Redirect(w, r, r.URL.Path+"?"+join(r.URL.RawQuery, again), http.StatusSeeOther) // #nosec G710 -- the path of a route that was matched, on this host
			return f, nil, true, nil
		}
	}
	for _, name := range measure.Parameters() {
		if !slices.Contains(names, name) {
			q.Del(name)
		}
	}
	if f, wrong = measure.ParseFilter(q, c.Today); wrong != nil {
		return f, wrong, false, nil
	}
	if IsFragment(r) {
		return f, nil, false, nil
	}
	return f, nil, false, s.d.Reporting.KeepFilter(r.Context(), c.Who, f, fixed...)
}

// parametersWithout are the conditions a reader may choose on a page.
func parametersWithout(fixed []measure.Dimension) []string {
	return slices.DeleteFunc(measure.Parameters(), func(name string) bool {
		return slices.Contains(fixed, measure.Dimension(name))
	})
}

// keepOnly cuts a filter down to some conditions.
func keepOnly(query string, names []string) string {
	q, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	for name := range q {
		if !slices.Contains(names, name) {
			q.Del(name)
		}
	}
	return q.Encode()
}

// boardForm is the line of conditions of a page of the desk.
func boardForm(b Base, c *Call, p deskFrame, f measure.Filter, wrong error, r *http.Request) (*Form, error) {
	form := filterForm(b, c.Today, p.Hospitals, p.fixed...)
	form.Action, form.Clear = p.at, p.at+anyCondition
	if err := form.Read(r); err != nil {
		return nil, err
	}
	if wrong == nil {
		putFilter(form, f)
	}
	return form, form.Merge(wrong)
}
