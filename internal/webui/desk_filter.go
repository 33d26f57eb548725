package webui

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
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
// makes itself, own is what they are, more are the parameters the page has beside
// its conditions. done reports that the page was opened again with the last filter.
func (s *Server) deskFilter(w http.ResponseWriter, r *http.Request, c *Call, x conditionsOfPage) (f measure.Filter, wrong error, done bool, err error) {
	q, names := r.URL.Query(), parametersWithout(x.fixed)
	f, wrong = x.read(q, c)
	if wrong != nil || slices.ContainsFunc(names, q.Has) {
		return f, wrong, false, nil
	}
	last, err := s.d.Reporting.LastFilter(r.Context(), c.Who, x.own)
	if err != nil {
		return f, nil, false, err
	}
	if again := keepOnly(last, names); again != "" {
		http.Redirect(w, r, r.URL.Path+"?"+join(r.URL.RawQuery, again), http.StatusSeeOther) // #nosec G710 -- the path of a route that was matched, on this host
		return f, nil, true, nil
	}
	return f, nil, false, nil
}

// conditionsOfPage is which conditions a page of figures takes.
type conditionsOfPage struct {
	fixed []measure.Dimension // those it makes itself
	own   measure.Filter      // and what they are
	more  []string            // what else stands in its address
}

// read takes the filter out of an address and names everything in it that the page
// does not know. What the page fixes itself may only stand there empty, as in
// [anyCondition].
func (x conditionsOfPage) read(q url.Values, c *Call) (measure.Filter, error) {
	for _, by := range x.fixed {
		if strings.Join(q[string(by)], "") == "" {
			q.Del(string(by))
		}
	}
	var bad errs.Fields
	_ = bad.Merge("", httpx.OnlyParameters(q, append(parametersWithout(x.fixed), x.more...)...)) // fields are all it has
	f, err := measure.ParseFilter(q, c.Today)
	for _, e := range errs.Of(err).Fields {
		if !bad.Has(e.Path) {
			bad = append(bad, e)
		}
	}
	return f, bad.Err()
}

// figures reads what a page shows. Where its filter is to blame that there is
// nothing, frame reads what stands around the figures: the page comes with its
// filter as it was typed and says beside it why. A filter that was answered is
// remembered by keep, one that was refused is not.
func figures[T any](wrong error, read, frame func() (T, error), keep func() error) (out T, why, err error) {
	if wrong == nil {
		out, err = read()
		if err == nil {
			return out, nil, keep()
		}
		if !ofFilter(err) {
			return out, nil, err
		}
		wrong = err
	}
	out, err = frame()
	return out, wrong, err
}

// noneKept is for pages that remember nothing.
func noneKept() error { return nil }

// disclosureRules begin the names of the rules that hide figures.
const disclosureRules = "disclosure."

// ofFilter reports whether another filter would have been answered.
func ofFilter(err error) bool {
	e := errs.Of(err)
	return e.Kind == errs.Invalid && len(e.Fields) > 0 || e.Kind == errs.Precondition && strings.HasPrefix(e.Rule, disclosureRules)
}

// keeping remembers the filter of a page once it was answered.
func (s *Server) keeping(r *http.Request, c *Call, f measure.Filter, fixed []measure.Dimension) func() error {
	return func() error {
		if IsFragment(r) {
			return nil
		}
		return s.d.Reporting.KeepFilter(r.Context(), c.Who, f, fixed...)
	}
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
	return form, showFilter(form, f, wrong, r)
}

// showFilter fills the line of conditions: with the filter as it was understood, or as
// it was typed, with what is wrong beside it.
func showFilter(form *Form, f measure.Filter, wrong error, r *http.Request) error {
	if err := form.Read(r); err != nil {
		return err
	}
	if wrong == nil {
		putFilter(form, f)
		return nil
	}
	if from, to := f.Period(); f.Month != "" && form.Raw("from")+form.Raw("to") == "" { // there is no box of a month
		form.Put("from", from.String()).Put("to", to.String())
	}
	if errs.Of(wrong).Rule == disclosureRules+"period" { // the others are about the conditions together
		box := "from"
		if form.Raw(box) == "" {
			box = "to"
		}
		form.Fail(box, "filter.no_calendar_period")
	}
	return refused(form, wrong)
}
