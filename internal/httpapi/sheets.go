package httpapi

import (
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/insurer"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// sheetRoutes declares the insurers' settlement sheets and the worklist of what
// does not agree with them.
func (s *Server) sheetRoutes(rt *router) {
	rt.get("/sheets", authz.SettlementRead, s.listSheets)
	rt.post("/sheets", authz.SettlementSettle, s.readSheet)
	rt.get("/sheets/{id}", authz.SettlementRead, s.getSheet)
	rt.post("/sheets/{id}/application", authz.SettlementSettle, s.applySheet)
	rt.post("/sheets/{id}/undoing", authz.SettlementSettle, s.undoSheet)
	rt.get("/differences", authz.SettlementRead, s.listDifferences)
	rt.get("/differences/{id}", authz.SettlementRead, s.getDifference)
	rt.post("/differences/{id}/decision", authz.SettlementSettle, s.decideDifference)
}

// sheetJSON is a sheet without its rows.
type sheetJSON struct {
	ID         ident.ID           `json:"id"`
	HospitalID ident.ID           `json:"hospital_id"`
	File       string             `json:"file"`
	State      funding.SheetState `json:"state"`
	Total      int                `json:"rows"`
	Done       int                `json:"applied"`
	Wrong      int                `json:"wrong"`
	ReadAt     time.Time          `json:"read_at"`
	Version    int64              `json:"version"`
}

func sheetOf(x funding.Sheet) sheetJSON {
	return sheetJSON{x.ID, x.Hospital, x.File, x.State, x.Total, x.Done, x.Wrong, x.CreatedAt.UTC(), x.Version}
}

type sheetList struct {
	Rows []sheetJSON `json:"rows"`
	Next string      `json:"next"`
}

func (s *Server) listSheets(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Funding.Sheets(r.Context(), c.Who, pageOf(r))
	out := sheetList{Rows: []sheetJSON{}, Next: list.Next}
	for _, x := range list.Rows {
		out.Rows = append(out.Rows, sheetOf(x))
	}
	return http.StatusOK, out, err
}

func (s *Server) readSheet(r *http.Request, c *call) (int, any, error) {
	var in struct {
		HospitalID ident.ID `json:"hospital_id"` // needed by who works at several
		Name       string   `json:"name"`
		Content    []byte   `json:"content"` // base64
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	out, err := s.d.Funding.ReadSheet(r.Context(), c.Who, funding.SheetFile{Hospital: in.HospitalID, Name: in.Name, Content: in.Content}, c.Key)
	return http.StatusCreated, sheetOf(out), err
}

// sheetRowJSON is one row; its case leads to the patient.
type sheetRowJSON struct {
	No          int               `json:"row"`
	Number      string            `json:"settlement_no"`
	CaseNo      string            `json:"case_no"`
	TreatmentID ident.ID          `json:"treatment_id"`
	SettledOn   clock.Date        `json:"settled_on"`
	State       funding.RowState  `json:"state"`
	Act         string            `json:"act"`
	Amounts     insurer.Amounts   `json:"amounts_fen"`
	Problems    []insurer.Problem `json:"problems"`
	Drifts      []insurer.Drift   `json:"drifts"`
}

type sheetDetail struct {
	sheetJSON
	Rows []sheetRowJSON `json:"content"`
	Next string         `json:"next"`
}

func (s *Server) getSheet(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Funding.SheetRows(r.Context(), c.Who, id, pageOf(r))
	out := sheetDetail{sheetJSON: sheetOf(v.Sheet), Rows: []sheetRowJSON{}, Next: v.Rows.Next}
	for _, x := range v.Rows.Rows {
		out.Rows = append(out.Rows, sheetRowJSON{x.No, x.Number, x.CaseNo, x.Treatment, x.SettledOn, x.State, string(x.Act), x.Amounts, append([]insurer.Problem{}, x.Problems...),
			append([]insurer.Drift{}, x.Drifts...)})
	}
	return http.StatusOK, out, err
}

func (s *Server) applySheet(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	out, err := s.d.Funding.ApplySheet(r.Context(), c.Who, id, c.Key)
	return http.StatusOK, sheetOf(out), err
}

func (s *Server) undoSheet(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	out, err := s.d.Funding.UndoSheet(r.Context(), c.Who, id, c.Key)
	return http.StatusOK, sheetOf(out), err
}

// differenceJSON is one entry of the worklist.
type differenceJSON struct {
	ID           ident.ID                `json:"id"`
	Kind         string                  `json:"kind"`
	CaseNo       string                  `json:"case_no"`
	TreatmentID  ident.ID                `json:"treatment_id"`
	SettlementID ident.ID                `json:"settlement_id"`
	HospitalID   ident.ID                `json:"hospital_id"`
	State        funding.DifferenceState `json:"state"`
	Note         string                  `json:"note"`
	Since        time.Time               `json:"since"`
	Lines        []insurer.Line          `json:"lines"`
	Version      int64                   `json:"version"`
}

func differenceOf(x funding.Difference) differenceJSON {
	return differenceJSON{x.ID, string(x.Kind), x.CaseNo, x.Treatment, x.Settlement, x.Hospital, x.State, x.Note, x.CreatedAt, append([]insurer.Line{}, x.Lines...), x.Version}
}

type differenceList struct {
	Rows []differenceJSON `json:"rows"`
	Next string           `json:"next"`
}

func (s *Server) listDifferences(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Funding.Differences(r.Context(), c.Who, pageOf(r))
	out := differenceList{Rows: []differenceJSON{}, Next: list.Next}
	for _, x := range list.Rows {
		out.Rows = append(out.Rows, differenceOf(x))
	}
	return http.StatusOK, out, err
}

type differenceDetail struct {
	differenceJSON
	Acts []funding.DifferenceAct `json:"acts"`
}

func (s *Server) getDifference(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Funding.Difference(r.Context(), c.Who, id)
	return http.StatusOK, differenceDetail{differenceOf(v.Difference), append([]funding.DifferenceAct{}, v.Acts...)}, err
}

func (s *Server) decideDifference(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Act     funding.DifferenceAct `json:"act"`
		Note    string                `json:"note"`
		Version int64                 `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	out, err := s.d.Funding.DecideDifference(r.Context(), c.Who, funding.DifferenceDecision{Difference: id, Act: in.Act, Note: in.Note, Version: in.Version}, c.Key)
	return http.StatusOK, differenceOf(out), err
}
