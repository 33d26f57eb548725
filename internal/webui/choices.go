package webui

import (
	"context"
	"net/http"

	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/directory"
)

// choicePages bounds how many pages of a list one picks from: two thousand are
// more than the largest hospital has accounts or a partnership has doctors.
const choicePages = 10

// everyPage reads the pages of a list for a choice with a type-ahead, which finds
// only what is in it: what stood on the second page could not be picked, and would
// be taken for missing.
func everyPage[T any](read func(page.Request) (page.Result[T], error)) (out []T, err error) {
	at := page.Request{Size: page.MaxSize}
	for range choicePages {
		list, err := read(at)
		if err != nil {
			return nil, err
		}
		out = append(out, list.Rows...)
		if at.After = list.Next; list.Next == "" {
			break
		}
	}
	return out, nil
}

// fullChoice is as many as a choice holds at most.
const fullChoice = choicePages * page.MaxSize

// saysIfCut says below a choice that it holds the first ones only, and what to do
// about one that is not among them.
func (f *Form) saysIfCut(name string) *Form {
	if x := f.field(name); len(x.Options) >= fullChoice {
		x.HintKey, x.HintArgs = "form.hint.cut", errs.Args{"n": fullChoice}
		f.Declare(x)
	}
	return f
}

// organisations are all that the reader sees, of one kind or of any.
func (s *Server) organisations(ctx context.Context, c *Call, kind partnership.Kind) ([]partnership.Organisation, error) {
	return everyPage(func(at page.Request) (page.Result[partnership.Organisation], error) {
		return s.d.Directory.Organisations(ctx, c.Who, directory.OrganisationList{Kind: kind, Page: at})
	})
}

// organisationOptions are the choice of a form.
func organisationOptions(list []partnership.Organisation) []Option {
	out := make([]Option, len(list))
	for i, o := range list {
		out[i] = Option{Value: o.ID.String(), Text: o.Name, Sub: o.Code, Find: o.Code + " " + o.ShortName}
	}
	return out
}

func (s *Server) organisationChoice(r *http.Request, c *Call) ([]Option, error) {
	list, err := s.organisations(r.Context(), c, "")
	return organisationOptions(list), err
}

// practitionerChoice are all doctors the reader sees, with where they work.
func (s *Server) practitionerChoice(r *http.Request, c *Call) ([]Option, error) {
	list, err := everyPage(func(at page.Request) (page.Result[directory.PractitionerItem], error) {
		return s.d.Directory.Practitioners(r.Context(), c.Who, directory.PractitionerList{Page: at})
	})
	out := make([]Option, len(list))
	for i, p := range list {
		out[i] = Option{Value: p.ID.String(), Text: p.Name, Sub: p.HomeName, Find: p.HomeName}
	}
	return out, err
}
