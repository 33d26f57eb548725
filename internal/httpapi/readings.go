package httpapi

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
)

// readingRoutes are the measures as readings: each figure with its denominator,
// interval, coverage and exclusions, its parts, and the units behind it.
func (s *Server) readingRoutes(rt *router) {
	rt.get("/readings", authz.MeasureRead, s.listReadings)
	rt.get("/readings/definitions", authz.MeasureRead, s.listDefinitions)
	rt.get("/readings/{id}", authz.MeasureRead, s.getReading)
	rt.get("/readings/{id}/units", authz.ListRead, s.listUnits)
}

// measureDefinition is a measure as clients read it; sentences stand in the
// caller's language.
type measureDefinition struct {
	ID         measure.ID        `json:"id"`
	Version    int               `json:"version"`
	Group      measure.Group     `json:"group"`
	Programme  measure.Programme `json:"programme"`
	Name       string            `json:"name"`
	Counts     string            `json:"counts"`
	Of         string            `json:"of"`
	Kind       string            `json:"kind"`
	Unit       measure.Unit      `json:"unit"`
	Base       measure.Base      `json:"base"` // empty: tallied with the volumes
	Clock      string            `json:"clock"`
	Direction  measure.Direction `json:"direction"`
	Horizon    int               `json:"horizon_days"`
	MinFollow  int               `json:"min_follow_up_days"`
	Exclusions []measure.Reason  `json:"exclusions"`
}

// listDefinitions answers what every measure means.
func (s *Server) listDefinitions(r *http.Request, c *call) (int, any, error) {
	p := s.d.Catalogue.Printer(c.Who.Language)
	out := []measureDefinition{}
	for _, d := range measure.Definitions() {
		x := measureDefinition{ID: d.ID, Version: d.Version, Group: d.Group, Programme: d.Programme, Name: p.T(d.NameKey()), Counts: p.T(d.NumeratorKey()), Kind: d.Kind.Name(), Unit: d.Unit,
			Base: d.Base, Clock: d.Clock, Direction: d.Direction, Horizon: d.Horizon, MinFollow: d.MinFollow, Exclusions: append([]measure.Reason{}, d.Exclusions...)}
		if k := d.DenominatorKey(); k != "" {
			x.Of = p.T(k)
		}
		out = append(out, x)
	}
	return http.StatusOK, map[string]any{"definitions": out}, nil
}

// listReadings answers the measures of a group, or all, of one instant.
func (s *Server) listReadings(r *http.Request, c *call) (int, any, error) {
	f, err := s.measureFilter(r, "group")
	if err != nil {
		return 0, nil, err
	}
	in := reporting.DeskInput{Filter: f, Group: measure.Group(r.URL.Query().Get("group"))}
	if in.Group != "" && !slices.Contains(measure.Groups(), in.Group) {
		var bad errs.Fields
		bad.Add("group", "error.measure.group")
		return 0, nil, badParameter(bad.Err())
	}
	d, err := s.d.Reporting.Desk(r.Context(), c.Who, in)
	return http.StatusOK, map[string]any{"readings": append([]measure.Reading{}, d.Readings...)}, badParameter(err)
}

// readingPart is one part of a measure.
type readingPart struct {
	Key     string          `json:"key"` // hospital id, month, code or class
	Name    string          `json:"name,omitempty"`
	Reading measure.Reading `json:"reading"`
}

// readingDetail is a measure with its breakdown, its months and its classes.
type readingDetail struct {
	Reading measure.Reading   `json:"reading"`
	By      measure.Dimension `json:"by"`
	Parts   []readingPart     `json:"parts"`
	Months  []readingPart     `json:"months"`
	Classes []readingPart     `json:"classes"`
}

// getReading answers one measure with its parts.
func (s *Server) getReading(r *http.Request, c *call) (int, any, error) {
	f, err := s.measureFilter(r, "by")
	if err != nil {
		return 0, nil, err
	}
	in := reporting.DetailInput{ID: measure.ID(chi.URLParam(r, "id")), Filter: f}
	if v := r.URL.Query().Get("by"); v != "" {
		if in.By, err = measure.ParseDimension(v); err != nil {
			return 0, nil, badParameter(err)
		}
	}
	d, err := s.d.Reporting.Detail(r.Context(), c.Who, in)
	if err != nil {
		return 0, nil, badParameter(err)
	}
	return http.StatusOK, readingDetail{d.Reading, d.By, readingParts(d.Parts), readingParts(d.Months), readingParts(d.Classes)}, nil
}

func readingParts(list []reporting.Piece) []readingPart {
	out := make([]readingPart, len(list))
	for i, x := range list {
		out[i] = readingPart{Key: x.Key, Reading: x.Reading}
		if x.Place != nil {
			out[i].Name = x.Place.Name
		}
	}
	return out
}

// measureUnit is one unit of the list behind a measure.
type measureUnit struct {
	ID         ident.ID          `json:"id"`
	CaseID     *ident.ID         `json:"case_id"` // null where the case is not visible
	CaseNo     string            `json:"case_no"`
	Name       string            `json:"name"` // masked unless the caller may see people
	Programme  measure.Programme `json:"programme"`
	HospitalID ident.ID          `json:"hospital_id"`
	Hospital   string            `json:"hospital"`
	On         clock.Date        `json:"on"`
	Kind       string            `json:"kind"`
	Side       string            `json:"side"`
	Excluded   measure.Reason    `json:"excluded"` // empty: eligible
	Known      bool              `json:"known"`
	Counted    bool              `json:"counted"`
	Value      int64             `json:"value"`
	Class      string            `json:"class"`
}

// measureUnits is a page of the list with the figure it belongs to.
type measureUnits struct {
	Reading measure.Reading `json:"reading"`
	Part    measure.Part    `json:"part"`
	Units   []measureUnit   `json:"units"`
	Next    *string         `json:"next"`
}

// listUnits answers a page of the list behind a measure of facts.
func (s *Server) listUnits(r *http.Request, c *call) (int, any, error) {
	f, err := s.measureFilter(r, "part", "class", "after", "size")
	if err != nil {
		return 0, nil, err
	}
	q := r.URL.Query()
	in := reporting.UnitsInput{ID: measure.ID(chi.URLParam(r, "id")), Filter: f, Part: measure.Part(q.Get("part")), Class: q.Get("class"), Page: page.Request{After: q.Get("after")}}
	var bad errs.Fields
	if in.Part != "" && !slices.Contains(measure.Parts(), in.Part) {
		bad.Add("part", "error.measure.part")
	}
	if v := q.Get("size"); v != "" {
		if in.Page.Size, err = strconv.Atoi(v); err != nil || in.Page.Size < 1 || in.Page.Size > page.MaxSize {
			bad.Add("size", "form.error.between", "low", 1, "high", page.MaxSize)
		}
	}
	if err := bad.Err(); err != nil {
		return 0, nil, badParameter(err)
	}
	u, err := s.d.Reporting.Units(r.Context(), c.Who, in)
	if err != nil {
		return 0, nil, badParameter(err)
	}
	out := measureUnits{Reading: u.Reading, Part: u.Part, Units: make([]measureUnit, len(u.Rows))}
	for i, x := range u.Rows {
		out.Units[i] = measureUnit{ID: x.ID, CaseNo: x.CaseNo, Name: x.Name, Programme: x.Programme, HospitalID: x.Hospital.ID, Hospital: x.Hospital.Name, On: x.On, Kind: x.Kind, Side: x.Side,
			Excluded: x.Fact.Excluded, Known: x.Fact.Known, Counted: x.Fact.Hit, Value: x.Fact.Value, Class: x.Fact.Class}
		if x.CaseNo != "" {
			out.Units[i].CaseID = &x.CaseID
		}
	}
	if u.Next != "" {
		out.Next = &u.Next
	}
	return http.StatusOK, out, nil
}
