package httpapi

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/treatment"
)

// secondBody is a case whose other side waits.
type secondBody struct {
	CaseID       ident.ID            `json:"case_id"`
	CaseNo       string              `json:"case_no"`
	Name         string              `json:"name"`
	Programme    procedure.Programme `json:"programme"`
	HospitalID   ident.ID            `json:"hospital_id"`
	Hospital     string              `json:"hospital"`
	Need         casefile.Need       `json:"need"`
	Site         procedure.Site      `json:"site"`
	Side         procedure.Side      `json:"side"`
	FirstOn      clock.Date          `json:"first_on"`
	FirstAt      string              `json:"first_at"`
	PlannedAtID  ident.ID            `json:"planned_at_id"`
	PlannedAt    string              `json:"planned_at"`
	PlannedOn    clock.Date          `json:"planned_on"`
	WaitingDays  int                 `json:"waiting_days"`
	LastReferral referral.State      `json:"referral"`
}

type secondList struct {
	Rows []secondBody `json:"rows"`
	Next string       `json:"next"`
}

func (s *Server) seconds(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	in := treatment.SecondsInput{Programme: procedure.Programme(q.values.Get("programme")), Need: casefile.Need(q.values.Get("need")), Page: q.page()}
	list, err := s.d.Care.Seconds(r.Context(), c.Who, in)
	out := secondList{Rows: []secondBody{}, Next: list.Next}
	for _, x := range list.Rows {
		out.Rows = append(out.Rows, secondBody{CaseID: x.Case, CaseNo: x.CaseNo, Name: x.PersonName, Programme: x.Programme, HospitalID: x.Home,
			Hospital: x.HomeName, Need: x.Wait.Need, Site: x.Wait.Site, Side: x.Wait.Side, FirstOn: x.Wait.Since, FirstAt: x.FirstAtName,
			PlannedAtID: x.PlannedAt, PlannedAt: x.PlannedAtName, PlannedOn: x.PlannedOn, WaitingDays: list.Today.DaysSince(x.Wait.Since), LastReferral: x.Referral})
	}
	return http.StatusOK, out, err
}
