package httpapi

import (
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	public "github.com/shanhai-health/shanhai/internal/service/notice"
)

// noticeRoutes declares public notices, objections to them, and doubts.
func (s *Server) noticeRoutes(rt *router) {
	rt.get("/notices", authz.Public, s.listPosted)
	rt.get("/notices/{id}", authz.Public, s.getPosted)
	rt.get("/public-notices", authz.NoticeRead, s.listNotices)
	rt.post("/public-notices", authz.NoticeMake, s.drawNotice)
	rt.get("/public-notices/{id}", authz.NoticeRead, s.getNotice)
	rt.post("/public-notices/{id}/step", authz.NoticeMake, s.stepNotice)
	rt.get("/notice-rules", authz.NoticeRead, s.getNoticeRules)
	rt.post("/notice-rules", authz.FundOpen, s.saveNoticeRules)
	rt.post("/approvals/{id}/publication", authz.NoticeConsent, s.answerPublication)
	rt.get("/objections", authz.ObjectionAnswer, s.listObjections)
	rt.post("/objections", authz.ObjectionRecord, s.recordObjection)
	rt.get("/objections/{id}", authz.ObjectionAnswer, s.getObjection)
	rt.post("/objections/{id}/decision", authz.ObjectionAnswer, s.answerObjection)
	rt.get("/alerts", authz.AlertRead, s.listDoubts)
	rt.post("/alerts/run", authz.AlertJudge, s.lookNow)
	rt.get("/alerts/{id}", authz.AlertRead, s.getDoubt)
	rt.post("/alerts/{id}/verdict", authz.AlertJudge, s.judgeDoubt)
	rt.get("/alert-rules", authz.AlertRead, s.getDoubtRules)
	rt.post("/alert-rules", authz.FundOpen, s.saveDoubtRules)
}

// entryJSON is one line as everybody reads it. Without an upper end the band is
// open.
type entryJSON struct {
	No        int                 `json:"no"`
	Name      string              `json:"name"`
	Township  string              `json:"township"`
	Programme procedure.Programme `json:"programme"`
	Above     money.Fen           `json:"above_fen"`
	UpTo      money.Fen           `json:"up_to_fen"`
}

func entriesOf(list []notice.Entry, bands notice.Bands) []entryJSON {
	out := []entryJSON{}
	for _, e := range list {
		low, high := bands.Ends(e.Band)
		out = append(out, entryJSON{e.No, e.Masked, e.Township, e.Programme, low, high})
	}
	return out
}

// postedJSON is a notice as everybody reads it.
type postedJSON struct {
	ID       ident.ID    `json:"id"`
	Title    string      `json:"title"`
	District string      `json:"district"`
	Office   string      `json:"office"`
	On       clock.Date  `json:"published_on"`
	Until    clock.Date  `json:"until_on"`
	Entries  []entryJSON `json:"entries"`
}

func (s *Server) listPosted(r *http.Request, _ *call) (int, any, error) {
	list, err := s.d.Notices.Published(r.Context())
	out := struct {
		Rows []postedJSON `json:"rows"`
	}{[]postedJSON{}}
	for _, n := range list {
		out.Rows = append(out.Rows, postedJSON{n.ID, n.Title, n.District, n.Office, n.PublishedOn, n.UntilOn, []entryJSON{}})
	}
	return http.StatusOK, out, err
}

func (s *Server) getPosted(r *http.Request, _ *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	n, err := s.d.Notices.Read(r.Context(), id)
	return http.StatusOK, postedJSON{n.ID, n.Title, n.District, n.Office, n.On.PublishedOn, n.On.UntilOn, entriesOf(n.Entries, n.On.Bands)}, err
}

// noticeJSON is a notice as the office reads it.
type noticeJSON struct {
	ID          ident.ID           `json:"id"`
	Title       string             `json:"title"`
	From        clock.Date         `json:"from_on"`
	To          clock.Date         `json:"to_on"`
	State       notice.State       `json:"state"`
	Cell        int                `json:"cell"`
	Days        int                `json:"days"`
	Entries     int                `json:"entries"`
	LeftOut     map[notice.Why]int `json:"left_out"`
	PublishedOn *clock.Date        `json:"published_on"`
	UntilOn     *clock.Date        `json:"until_on"`
	Version     int64              `json:"version"`
}

func noticeOf(n public.Notice) noticeJSON {
	out := noticeJSON{ID: n.ID, Title: n.Title, From: n.From, To: n.To, State: n.State, Cell: n.Cell, Days: n.Days, Entries: n.Entries, LeftOut: map[notice.Why]int{},
		PublishedOn: dayOrNil(n.PublishedOn), UntilOn: dayOrNil(n.UntilOn), Version: n.Version}
	for _, w := range notice.Whys() {
		out.LeftOut[w] = n.LeftOut[w]
	}
	return out
}

func (s *Server) listNotices(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Notices.List(r.Context(), c.Who, pageOf(r))
	out := struct {
		Rows []noticeJSON `json:"rows"`
		Next string       `json:"next"`
	}{[]noticeJSON{}, list.Next}
	for _, n := range list.Rows {
		out.Rows = append(out.Rows, noticeOf(n))
	}
	return http.StatusOK, out, err
}

func (s *Server) drawNotice(r *http.Request, c *call) (int, any, error) {
	var in struct {
		Title string     `json:"title"`
		From  clock.Date `json:"from_on"`
		To    clock.Date `json:"to_on"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	id, err := s.d.Notices.Draw(r.Context(), c.Who, public.Draft{Title: in.Title, From: in.From, To: in.To}, c.Key)
	return http.StatusCreated, created{id}, renamed(err, map[string]string{"from": "from_on", "to": "to_on"})
}

func (s *Server) getNotice(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Notices.One(r.Context(), c.Who, id)
	return http.StatusOK, struct {
		noticeJSON
		Lines  []entryJSON `json:"lines"`
		Hidden int         `json:"hidden"`
	}{noticeOf(v.Notice), entriesOf(v.Entries, v.Bands), v.Hidden}, err
}

func (s *Server) stepNotice(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Step    notice.Step `json:"step"`
		Version int64       `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	err = s.d.Notices.Do(r.Context(), c.Who, public.StepInput{Notice: id, Step: in.Step, Version: in.Version}, c.Key)
	return http.StatusOK, created{id}, err
}

// noticeRulesJSON is the settings of notices; sample says that nobody has set them.
type noticeRulesJSON struct {
	Bands   notice.Bands `json:"bands_fen"`
	Office  string       `json:"office"`
	Sample  bool         `json:"sample"`
	Version int64        `json:"version"`
}

func (s *Server) getNoticeRules(r *http.Request, c *call) (int, any, error) {
	v, err := s.d.Notices.Rules(r.Context(), c.Who)
	return http.StatusOK, noticeRulesJSON{v.Bands, v.Office, v.Sample, v.Version}, err
}

func (s *Server) saveNoticeRules(r *http.Request, c *call) (int, any, error) {
	var in struct {
		Bands   notice.Bands `json:"bands_fen"`
		Office  string       `json:"office"`
		Version int64        `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	if err := s.d.Notices.SaveRules(r.Context(), c.Who, notice.Rules{Bands: in.Bands, Office: in.Office, Version: in.Version}, c.Key); err != nil {
		return 0, nil, err
	}
	return s.getNoticeRules(r, c)
}

func (s *Server) answerPublication(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Publication notice.Publication `json:"publication"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	err = s.d.Notices.Consent(r.Context(), c.Who, public.ConsentInput{Approval: id, Answer: in.Publication}, c.Key)
	return http.StatusOK, created{id}, err
}

// objectionJSON is an objection in the queue; the name and the contact are only in
// the answer about a single one.
type objectionJSON struct {
	ID        ident.ID              `json:"id"`
	NoticeID  ident.ID              `json:"notice_id"`
	No        int                   `json:"no"`
	Receipt   string                `json:"receipt"`
	Channel   notice.Channel        `json:"channel"`
	State     notice.ObjectionState `json:"state"`
	Text      string                `json:"text"`
	DueOn     clock.Date            `json:"due_on"`
	Opinion   string                `json:"opinion"`
	CreatedAt time.Time             `json:"created_at"`
	Version   int64                 `json:"version"`
}

func objectionOf(o public.Objection) objectionJSON {
	return objectionJSON{o.ID, o.Notice, o.No, o.Receipt, o.Channel, o.State, o.Text, o.DueOn, o.Opinion, o.CreatedAt, o.Version}
}

func (s *Server) listObjections(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Notices.Objections(r.Context(), c.Who, r.URL.Query().Get("all") == "", pageOf(r))
	out := struct {
		Rows []objectionJSON `json:"rows"`
		Next string          `json:"next"`
	}{[]objectionJSON{}, list.Next}
	for _, o := range list.Rows {
		out.Rows = append(out.Rows, objectionOf(o))
	}
	return http.StatusOK, out, err
}

func (s *Server) recordObjection(r *http.Request, c *call) (int, any, error) {
	var in struct {
		NoticeID ident.ID `json:"notice_id"`
		No       int      `json:"no"`
		Name     string   `json:"name"`
		Contact  string   `json:"contact"`
		Text     string   `json:"text"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	out, err := s.d.Notices.ObjectFor(r.Context(), c.Who, public.Said{Notice: in.NoticeID, No: in.No, Name: in.Name, Contact: in.Contact, Text: in.Text}, c.Key)
	return http.StatusCreated, out, err
}

func (s *Server) getObjection(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Notices.Objection(r.Context(), c.Who, id)
	return http.StatusOK, struct {
		objectionJSON
		Name       string    `json:"name"`
		Contact    string    `json:"contact"`
		ApprovalID *ident.ID `json:"approval_id"`
	}{objectionOf(v.Objection), v.Name, v.Contact, maybeID(v.Approval)}, err
}

func (s *Server) answerObjection(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		State   notice.ObjectionState `json:"state"`
		Opinion string                `json:"opinion"`
		Version int64                 `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	err = s.d.Notices.Answer(r.Context(), c.Who, public.AnswerInput{Objection: id, State: in.State, Opinion: in.Opinion, Version: in.Version}, c.Key)
	return http.StatusOK, created{id}, renamed(err, map[string]string{"decision": "state"})
}
