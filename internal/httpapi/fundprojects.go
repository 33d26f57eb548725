package httpapi

import (
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// projectRoutes declares the project library, deposits with a purpose of their own
// and the flow of committed money.
func (s *Server) projectRoutes(rt *router) {
	rt.get("/fund-projects", authz.LedgerRead, s.listProjects)
	rt.get("/fund-projects/{id}", authz.LedgerRead, s.getProject)
	rt.post("/fund-projects", authz.FundOpen, s.saveProject)
	rt.post("/fund-projects/{id}", authz.FundOpen, s.changeProject)
	rt.post("/fund-projects/{id}/step", authz.FundOpen, s.stepProject)
	rt.get("/funds/{id}/deposits", authz.LedgerRead, s.listDeposits)
	rt.get("/fund-deposits/{id}", authz.LedgerRead, s.getDeposit)
	rt.get("/fund-flow", authz.LedgerRead, s.getFlow)
}

// projectJSON is a project; what paid cases is told with one project only.
type projectJSON struct {
	ID       ident.ID          `json:"id"`
	Code     string            `json:"code"`
	Name     string            `json:"name"`
	Year     int               `json:"year"`
	Source   fund.SourceKind   `json:"source"`
	Planned  money.Fen         `json:"planned_fen"`
	Unit     string            `json:"unit"`
	State    fund.ProjectState `json:"state"`
	ListedOn clock.Date        `json:"listed_on"`
	Received money.Fen         `json:"received_fen"`
	Used     money.Fen         `json:"used_fen"`
	Left     money.Fen         `json:"left_fen"`
	Version  int64             `json:"version"`
}

func projectOf(p funding.FundProject) projectJSON {
	return projectJSON{p.ID, p.Code, p.Name, p.Year, p.Source, p.Planned, p.Unit, p.State, p.ListedOn, p.Received, p.Used(), p.Left, p.Version}
}

type projectList struct {
	Rows []projectJSON `json:"rows"`
	Next string        `json:"next"`
}

func (s *Server) listProjects(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Funding.Projects(r.Context(), c.Who, pageOf(r))
	out := projectList{Rows: []projectJSON{}, Next: list.Next}
	for _, p := range list.Rows {
		out.Rows = append(out.Rows, projectOf(p))
	}
	return http.StatusOK, out, err
}

type projectPage struct {
	projectJSON
	Committed money.Fen   `json:"committed_fen"`
	Held      money.Fen   `json:"reserved_fen"`
	Times     int         `json:"person_times"`
	Deposits  depositList `json:"deposits"`
}

func (s *Server) getProject(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Funding.Project(r.Context(), c.Who, id, pageOf(r))
	return http.StatusOK, projectPage{projectOf(v.FundProject), v.Committed, v.Held, v.Times, depositsOf(v.Deposits)}, err
}

type projectIn struct {
	Code    string          `json:"code"`
	Name    string          `json:"name"`
	Year    int             `json:"year"`
	Source  fund.SourceKind `json:"source"`
	Planned money.Fen       `json:"planned_fen"`
	Unit    string          `json:"unit"`
	Version int64           `json:"version"`
}

func (s *Server) saveProject(r *http.Request, c *call) (int, any, error) {
	return s.putProject(r, c, ident.Nil)
}

func (s *Server) changeProject(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	_, out, err := s.putProject(r, c, id)
	return http.StatusOK, out, err
}

func (s *Server) putProject(r *http.Request, c *call, id ident.ID) (int, any, error) {
	var in projectIn
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	id, err := s.d.Funding.SaveProject(r.Context(), c.Who, funding.SaveProject{ID: id, Version: in.Version, Project: fund.Project{Code: in.Code, Name: in.Name, Year: in.Year,
		Source: in.Source, Planned: in.Planned, Unit: in.Unit}}, c.Key)
	return http.StatusCreated, created{id}, err
}

type projectState struct {
	State fund.ProjectState `json:"state"`
}

func (s *Server) stepProject(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Step    funding.ProjectStep `json:"step"`
		Version int64               `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	state, err := s.d.Funding.StepProject(r.Context(), c.Who, funding.StepProject{ID: id, Step: in.Step, Version: in.Version}, c.Key)
	return http.StatusOK, projectState{state}, err
}

// earmarkJSON is what a deposit may pay for; what is empty binds nothing beyond
// the fund.
type earmarkJSON struct {
	Programme  procedure.Programme    `json:"programme"`
	Hospitals  []ident.ID             `json:"hospital_ids"`
	Categories []terminology.Category `json:"categories"`
	From       clock.Date             `json:"from_on"`
	To         clock.Date             `json:"to_on"`
}

func (e earmarkJSON) earmark() fund.Earmark {
	return fund.Earmark{Programme: e.Programme, Hospitals: e.Hospitals, Categories: e.Categories, From: e.From, To: e.To}
}

// depositJSON is a deposit with a purpose of its own.
type depositJSON struct {
	ID         ident.ID               `json:"id"`
	Fund       ident.ID               `json:"fund_id"`
	Project    *ident.ID              `json:"project_id"`
	Note       string                 `json:"note"`
	Received   clock.Date             `json:"received_on"`
	Amount     money.Fen              `json:"amount_fen"`
	Left       money.Fen              `json:"left_fen"`
	Programme  procedure.Programme    `json:"programme"`
	Hospitals  []ident.ID             `json:"hospital_ids"`
	Categories []terminology.Category `json:"categories"`
	From       *clock.Date            `json:"from_on"`
	To         *clock.Date            `json:"to_on"`
}

func depositOf(d funding.FundDeposit) depositJSON {
	e := d.Earmark
	return depositJSON{d.ID, d.Fund, maybeID(d.Project), d.Note, d.Received, d.Amount, d.Left, e.Programme, append([]ident.ID{}, e.Hospitals...),
		append([]terminology.Category{}, e.Categories...), dayOrNil(e.From), dayOrNil(e.To)}
}

type depositList struct {
	Rows []depositJSON `json:"rows"`
	Next string        `json:"next"`
}

func depositsOf(list page.Result[funding.FundDeposit]) depositList {
	out := depositList{Rows: []depositJSON{}, Next: list.Next}
	for _, d := range list.Rows {
		out.Rows = append(out.Rows, depositOf(d))
	}
	return out
}

func (s *Server) listDeposits(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	list, err := s.d.Funding.DepositsOf(r.Context(), c.Who, id, pageOf(r))
	return http.StatusOK, depositsOf(list), err
}

// drawnJSON is what a deposit gave for a transfer, negative when it got it back.
type drawnJSON struct {
	Transfer ident.ID  `json:"transfer_id"`
	Kind     fund.Kind `json:"kind"`
	Approval *ident.ID `json:"approval_id"`
	Amount   money.Fen `json:"amount_fen"`
	At       time.Time `json:"at"`
}

type depositPage struct {
	depositJSON
	Drawn []drawnJSON `json:"drawn"`
	Next  string      `json:"next"`
}

func (s *Server) getDeposit(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Funding.DepositOf(r.Context(), c.Who, id, pageOf(r))
	out := depositPage{depositJSON: depositOf(v.FundDeposit), Drawn: []drawnJSON{}, Next: v.Lines.Next}
	for _, l := range v.Lines.Rows {
		out.Drawn = append(out.Drawn, drawnJSON{l.Transfer, l.Kind, maybeID(l.Approval), l.Amount, l.At})
	}
	return http.StatusOK, out, err
}

// flowJSON is committed money on one way; hospital and programme are absent where
// the case is not visible.
type flowJSON struct {
	Source    fund.SourceKind     `json:"source"`
	Fund      ident.ID            `json:"fund_id"`
	Programme procedure.Programme `json:"programme"`
	Hospital  *ident.ID           `json:"hospital_id"`
	Times     int                 `json:"person_times"`
	Amount    money.Fen           `json:"committed_fen"`
}

type flowList struct {
	Rows  []flowJSON `json:"rows"`
	Total money.Fen  `json:"committed_fen"`
}

func (s *Server) getFlow(r *http.Request, c *call) (int, any, error) {
	q, err := flowQuery(r)
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Funding.Flow(r.Context(), c.Who, q)
	out := flowList{Rows: []flowJSON{}, Total: v.Sum() - v.Returned()}
	for _, list := range [][]fund.Flow{v.Drawn, v.Back} {
		for _, f := range list {
			out.Rows = append(out.Rows, flowJSON{f.Source, f.Fund, f.Programme, maybeID(f.Hospital), f.Times, f.Amount})
		}
	}
	return http.StatusOK, out, err
}

// flowQuery reads fund, from and to of the address.
func flowQuery(r *http.Request) (q funding.FlowQuery, err error) {
	var f errs.Fields
	if v := r.URL.Query().Get("fund"); v != "" {
		if q.Fund, err = ident.Parse(v); err != nil {
			f.Add("fund", "form.error.choice")
		}
	}
	for name, day := range map[string]*clock.Date{"from": &q.From, "to": &q.To} {
		if v := r.URL.Query().Get(name); v != "" {
			if *day, err = clock.ParseDate(v); err != nil {
				f.Add(name, "form.error.date")
			}
		}
	}
	return q, f.Err()
}
