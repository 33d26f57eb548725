package httpapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/intake"
)

// reviewBody is one question about who is who.
type reviewBody struct {
	ID         ident.ID      `json:"id"`
	Kind       string        `json:"kind"`
	State      string        `json:"state"`
	HospitalID ident.ID      `json:"hospital_id"`
	Hospital   string        `json:"hospital"`
	Reason     string        `json:"reason"`
	RaisedBy   string        `json:"raised_by"`
	RaisedAt   time.Time     `json:"raised_at"`
	Verdict    string        `json:"verdict_reason"`
	DecidedBy  string        `json:"decided_by"`
	DecidedAt  *time.Time    `json:"decided_at"`
	Version    int           `json:"version"`
	Person     reviewPerson  `json:"person"`
	Other      *reviewPerson `json:"other"` // null when the question is about one person
}

// reviewPerson is what the office sees of a person to decide; the number is
// masked to its tail.
type reviewPerson struct {
	ID           ident.ID             `json:"id"`
	RootID       *ident.ID            `json:"root_id"`
	Name         string               `json:"name"`
	Sex          patient.Sex          `json:"sex"`
	Birth        clock.Date           `json:"birth"`
	DocumentKind patient.DocumentKind `json:"document_kind"`
	DocumentTail string               `json:"document_tail"`
	Verified     bool                 `json:"verified"`
	Villages     string               `json:"villages"`
	Hospitals    string               `json:"hospitals"`
}

func reviewPersonOf(p intake.ReviewPerson) reviewPerson {
	b := reviewPerson{ID: p.ID, Name: p.Name, Sex: p.Sex, Birth: p.Birth, DocumentKind: p.DocKind, DocumentTail: p.DocLast4, Verified: p.Verified,
		Villages: p.Villages, Hospitals: p.Hospitals}
	if p.RootID != ident.Nil {
		b.RootID = &p.RootID
	}
	return b
}

func reviewOf(x intake.ReviewItem) reviewBody {
	b := reviewBody{ID: x.ID, Kind: x.Kind, State: x.State, HospitalID: x.Hospital, Hospital: x.HospitalName, Reason: x.Reason, RaisedBy: x.ByName, RaisedAt: x.CreatedAt,
		Verdict: x.Verdict, DecidedBy: x.DeciderName, Version: x.Version, Person: reviewPersonOf(x.Person)}
	if !x.DecidedAt.IsZero() {
		b.DecidedAt = &x.DecidedAt
	}
	if x.OtherID != ident.Nil {
		other := reviewPersonOf(x.Other)
		b.Other = &other
	}
	return b
}

func (s *Server) personReviews(r *http.Request, c *call) (int, any, error) {
	q := r.URL.Query()
	size, _ := strconv.Atoi(q.Get("size")) // not a number: the default size
	list, err := s.d.Intake.Reviews(r.Context(), c.Who, q.Get("state"), page.Request{After: q.Get("after"), Size: size})
	out := struct {
		Rows []reviewBody `json:"rows"`
		Next string       `json:"next"`
	}{Rows: []reviewBody{}, Next: list.Next}
	for _, x := range list.Rows {
		out.Rows = append(out.Rows, reviewOf(x))
	}
	return http.StatusOK, out, err
}

// heldBody is one thing on record of one of the two.
type heldBody struct {
	PersonID  ident.ID   `json:"person_id"`
	What      string     `json:"what"`
	On        clock.Date `json:"on"`
	Hospital  string     `json:"hospital"`
	Code      string     `json:"code"`
	Side      string     `json:"side"`
	No        string     `json:"no"`
	Open      bool       `json:"open"`
	AmountFen money.Fen  `json:"amount_fen"`
}

func heldOf(h intake.Held) heldBody {
	return heldBody{h.Person, h.What, h.On, h.Place, h.Code, h.Side, h.No, h.Open, h.Amount}
}

// comparisonBody is the two records side by side before the office decides.
type comparisonBody struct {
	reviewBody
	Held      []heldBody            `json:"held"`
	OpenTwice []procedure.Programme `json:"open_twice"`
	SameSide  []heldBody            `json:"same_side"`
}

func (s *Server) personReview(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	x, err := s.d.Intake.Compare(r.Context(), c.Who, id)
	out := comparisonBody{reviewBody: reviewOf(x.ReviewItem), Held: []heldBody{}, OpenTwice: []procedure.Programme{}, SameSide: []heldBody{}}
	for _, person := range []ident.ID{x.PersonID, x.OtherID} {
		for _, h := range x.Held[person] {
			out.Held = append(out.Held, heldOf(h))
		}
	}
	out.OpenTwice = append(out.OpenTwice, x.OpenTwice...)
	for _, h := range x.SameSide {
		out.SameSide = append(out.SameSide, heldOf(h))
	}
	return http.StatusOK, out, err
}

func (s *Server) askReview(r *http.Request, c *call) (int, any, error) {
	var body struct {
		PersonID ident.ID `json:"person_id"`
		Other    string   `json:"other"` // case number or slip code
		Reason   string   `json:"reason"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	id, err := s.d.Intake.Ask(r.Context(), c.Who, c.Key, intake.AskInput{Person: body.PersonID, Other: body.Other, Reason: body.Reason})
	return http.StatusCreated, struct {
		ID ident.ID `json:"id"`
	}{id}, err
}

// decideReview gives one verdict about a question.
func (s *Server) decideReview(v intake.Verdict) handler {
	return func(r *http.Request, c *call) (int, any, error) {
		id, err := pathID(r, "id")
		if err != nil {
			return 0, nil, err
		}
		var body struct {
			Version int    `json:"version"`
			Reason  string `json:"reason"`
		}
		if err := httpx.DecodeJSON(r, &body); err != nil {
			return 0, nil, err
		}
		done, err := s.d.Intake.Decide(r.Context(), c.Who, c.Key, intake.VerdictInput{Review: id, Version: body.Version, Verdict: v, Reason: body.Reason})
		return http.StatusOK, struct {
			ID      ident.ID `json:"id"`
			State   string   `json:"state"`
			Version int      `json:"version"`
		}{id, done.State, done.Version}, err
	}
}
