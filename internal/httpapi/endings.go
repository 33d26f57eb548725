package httpapi

import (
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/directory"
)

// endingRoutes declares the end of a partnership and the merger of two hospitals.
// Both are made by two persons, by the same rules as on the pages.
func (s *Server) endingRoutes(rt *router) {
	rt.get("/partnership-ending", authz.PartnershipClose, s.ending)
	rt.post("/partnership-ending", authz.PartnershipClose, s.stepEnding)
	rt.get("/hospital-merges", authz.HospitalMerge, s.unions)
	rt.post("/hospital-merges", authz.HospitalMerge, s.askUnion)
	rt.get("/hospital-merges/{id}", authz.HospitalMerge, s.union)
	rt.post("/hospital-merges/{id}", authz.HospitalMerge, s.stepUnion)
}

// countBody is how much there is of something.
type countBody struct {
	Kind string `json:"kind"`
	N    int64  `json:"count"`
}

func pendingBodies(list []partnership.Pending) []countBody {
	out := make([]countBody, len(list))
	for i, p := range list {
		out[i] = countBody{p.Kind, int64(p.N)}
	}
	return out
}

func carriedBodies(list []partnership.Carried) []countBody {
	out := make([]countBody, len(list))
	for i, c := range list {
		out[i] = countBody(c)
	}
	return out
}

// endingBody is how far the caller's partnership is from its end. Cases is a page
// of those that would go to their home hospitals.
type endingBody struct {
	PartnershipID ident.ID          `json:"partnership_id"`
	Stage         partnership.Stage `json:"stage"`
	AskedOn       clock.Date        `json:"asked_on"`
	AskedBy       *ident.ID         `json:"asked_by"`
	Reason        string            `json:"reason"`
	ClosedOn      clock.Date        `json:"closed_on"`
	ClosedBy      *ident.ID         `json:"closed_by"`
	ArchivedOn    clock.Date        `json:"archived_on"`
	Pending       []countBody       `json:"pending"`
	Cases         []handedBody      `json:"cases"`
	Next          string            `json:"next"`
	MayAsk        bool              `json:"may_ask"`
	MayConfirm    bool              `json:"may_confirm"`
	MayArchive    bool              `json:"may_archive"`
	Version       int64             `json:"version"`
}

type handedBody struct {
	ID       ident.ID   `json:"id"`
	No       string     `json:"case_no"`
	State    string     `json:"state"`
	OpenedOn clock.Date `json:"opened_on"`
	Home     string     `json:"home"`
}

func (s *Server) ending(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	req := q.page()
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	v, err := s.d.Directory.Ending(r.Context(), c.Who, req)
	if err != nil {
		return 0, nil, err
	}
	out := endingBody{v.Partnership.ID, v.Ending.Stage(), v.AskedOn, maybeID(v.AskedBy), v.Reason, v.ClosedOn, maybeID(v.ClosedBy), v.ArchivedOn,
		pendingBodies(v.Pending), []handedBody{}, v.Cases.Next, v.MayAsk, v.MayConfirm, v.MayArchive, v.Partnership.Version}
	for _, h := range v.Cases.Rows {
		out.Cases = append(out.Cases, handedBody(h))
	}
	return http.StatusOK, out, nil
}

// wrongStep names a step nobody knows.
func wrongStep() error {
	var f errs.Fields
	f.Add("step", "form.error.pick")
	return f.Err()
}

func (s *Server) stepEnding(r *http.Request, c *call) (int, any, error) {
	var b struct {
		Step    string `json:"step"`
		Reason  string `json:"reason"`
		Version int64  `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return 0, nil, err
	}
	ctx, d := r.Context(), s.d.Directory
	var err error
	switch b.Step {
	case "ask":
		err = d.AskEnding(ctx, c.Who, b.Reason, b.Version, c.Key)
	case "drop":
		err = d.DropEnding(ctx, c.Who, b.Version, c.Key)
	case "confirm":
		err = d.ConfirmEnding(ctx, c.Who, b.Version, c.Key)
	case "archive":
		err = d.ArchiveEnding(ctx, c.Who, b.Version, c.Key)
	default:
		err = wrongStep()
	}
	return http.StatusOK, saved{c.Who.PartnershipID}, err
}

// unionBody is the merger of two hospitals.
type unionBody struct {
	ID      ident.ID               `json:"id"`
	FromID  ident.ID               `json:"from_id"`
	From    string                 `json:"from"`
	IntoID  ident.ID               `json:"into_id"`
	Into    string                 `json:"into"`
	On      clock.Date             `json:"on"`
	Reason  string                 `json:"reason"`
	State   partnership.UnionState `json:"state"`
	AskedBy ident.ID               `json:"asked_by"`
	AskedAt time.Time              `json:"asked_at"`
	DoneOn  clock.Date             `json:"done_on"`
	DoneBy  *ident.ID              `json:"done_by"`
	Version int64                  `json:"version"`
}

// unionDetail is a merger with what would happen.
type unionDetail struct {
	unionBody
	Pending    []countBody `json:"pending"`
	Moves      []countBody `json:"moves"`
	Stays      []countBody `json:"stays"`
	MayConfirm bool        `json:"may_confirm"`
	MayDrop    bool        `json:"may_drop"`
}

func unionOf(u directory.Union) unionBody {
	return unionBody{u.ID, u.From, u.FromName, u.Into, u.IntoName, u.On, u.Reason, u.State, u.AskedBy, u.AskedAt, u.DoneOn, maybeID(u.DoneBy), u.Version}
}

func (s *Server) unions(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	req := q.page()
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Directory.Unions(r.Context(), c.Who, req)
	return http.StatusOK, rowsOf(list.Rows, list.Next, unionOf), err
}

func (s *Server) union(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Directory.Union(r.Context(), c.Who, id)
	return http.StatusOK, unionDetail{unionOf(v.Union), pendingBodies(v.Pending), carriedBodies(v.Moves), carriedBodies(v.Stays), v.MayConfirm, v.MayDrop}, err
}

func (s *Server) askUnion(r *http.Request, c *call) (int, any, error) {
	var b struct {
		FromID ident.ID   `json:"from_id"`
		IntoID ident.ID   `json:"into_id"`
		On     clock.Date `json:"on"`
		Reason string     `json:"reason"`
	}
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return 0, nil, err
	}
	id, err := s.d.Directory.AskUnion(r.Context(), c.Who, partnership.Union{From: b.FromID, Into: b.IntoID, On: b.On, Reason: b.Reason}, c.Key)
	return http.StatusCreated, saved{id}, renamed(err, map[string]string{"from": "from_id", "into": "into_id"})
}

func (s *Server) stepUnion(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var b struct {
		Step    string `json:"step"`
		Version int64  `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return 0, nil, err
	}
	switch b.Step {
	case "confirm":
		err = s.d.Directory.ConfirmUnion(r.Context(), c.Who, id, b.Version, c.Key)
	case "drop":
		err = s.d.Directory.DropUnion(r.Context(), c.Who, id, b.Version, c.Key)
	default:
		err = wrongStep()
	}
	return http.StatusOK, saved{id}, err
}
