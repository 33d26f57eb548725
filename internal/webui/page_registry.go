package webui

import (
	"net/http"
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// PageSample is a page with data that shows its states. The tests render every
// sample in every language; a page with several states has several samples.
type PageSample struct {
	Name string // of the template, for example "patient/list"
	Make func(b Base) View
}

// Pages lists the samples of all pages, one line per room.
func Pages() []PageSample {
	return slices.Concat(
		basePages(),
		helpPages(),
		carePages(),
		theatrePages(),
		referralPages(),
		devicePages(),
		outcomePages(),
		followUpPages(),
		pricingPages(),
		visitingPages(),
		visitPages(),
		teachingPages(),
		skillPages(),
		correctionPages(),
		intakePages(),
		glassPages(),
		subjectPages(),
		endingPages(),
		screeningPages(),
		reportingPages(),
		measurePages(),
		deskPages(),
		reportPages(),
		fundingPages(),
		fundPages(),
		noticePages(),
		payPages(),
		sheetPages(),
		projectPages(),
		paperPages(),
		oversightPages(),
		importPages(),
		accountPages(),
		directoryPages(),
		inboxPages(),
	)
}

// sampleDay is the day all samples are made for.
func sampleDay() clock.Date { return clock.MustDate(2026, int(time.November), 23) }

func basePages() []PageSample {
	fault := func(kind errs.Kind, status int) func(Base) View {
		return func(b Base) View { return NewErrorPage(b, status, errs.New(kind, "", nil), "7K4M-20F9") }
	}
	return []PageSample{
		{"styleguide", func(b Base) View { return StyleguidePage(b) }},
		{"error", fault(errs.Unavailable, http.StatusServiceUnavailable)},
		{"error", fault(errs.NotFound, http.StatusNotFound)},
		{"error", fault(errs.Forbidden, http.StatusForbidden)},
		{"error", fault(errs.Stale, http.StatusConflict)},
	}
}

// ErrorPage is the page of a step that failed.
type ErrorPage struct {
	Base
	Error ErrorView
}

// NewErrorPage says what happened, what to do next, and the number to read out
// by telephone. An error with a sentence and remedies of its own is shown with
// those, one of an address with what is wrong in it; every other one with the
// general words of its status.
func NewErrorPage(b Base, status int, e *errs.Error, ref string) ErrorPage {
	word, retry := "", false
	switch status {
	case http.StatusNotFound:
		word = "missing."
	case http.StatusForbidden:
		word = "denied."
	case http.StatusConflict, http.StatusPreconditionFailed:
		word = "stale."
	default:
		retry = true
	}
	v := ErrorView{Title: b.T("fault." + word + "title"), Text: b.T("fault." + word + "text"), Ref: ref}
	if retry {
		v.Steps = []string{b.T("fault.wait"), b.T("fault.tell")}
		v.Buttons = append(v.Buttons, Button{Text: b.T("fault.retry"), Href: b.Path, Kind: "primary"}, Button{Text: b.T("fault.home"), Href: "/"})
	} else {
		v.Steps = []string{b.T("fault." + word + "step")}
		v.Buttons = append(v.Buttons, Button{Text: b.T("fault.home"), Href: "/", Kind: "primary"})
	}
	if e.Key != "" && e.Kind != errs.Internal && e.Kind != errs.Unavailable {
		v.Title, v.Text = b.Say(e.Key, e.Args), ""
	}
	if len(e.Fields) > 0 {
		v.Steps = nil
		for _, f := range e.Fields {
			text := b.Say(f.Key, f.Args)
			if f.Args["name"] != f.Path { // it does not say itself what is meant
				text = b.T("form.problem", "field", f.Path, "problem", text)
			}
			v.Steps = append(v.Steps, text)
		}
	}
	if len(e.Remedy) > 0 {
		v.Steps = nil
		for _, key := range e.Remedy {
			v.Steps = append(v.Steps, b.Say(key, e.Args))
		}
	}
	b.Title = v.Title
	return ErrorPage{Base: b, Error: v}
}
