package webui

import (
	"net/http"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/plausibility"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	doubts "github.com/shanhai-health/shanhai/internal/service/plausibility"
)

// alertSentence says what was found.
func alertSentence(b Base, f plausibility.Finding) string {
	pairs := make([]any, 0, 2*len(f.Args))
	for name, value := range f.Args {
		pairs = append(pairs, name, value)
	}
	return b.T(f.Check.Say(), pairs...)
}

func alertTag(b Base, a plausibility.Alert) Tag {
	switch {
	case a.Verdict != "":
		return Tag{Text: b.T(a.Verdict.Label()), Kind: map[plausibility.Verdict]string{plausibility.Confirmed: "error", plausibility.Explained: "ok"}[a.Verdict]}
	case a.State == plausibility.Open:
		return Tag{Text: b.T(a.State.Label()), Kind: "warn"}
	}
	return Tag{Text: b.T("plausibility.gone")}
}

func newDoubtsView(b Base, today clock.Date, board doubts.Board, q doubts.Query) noticeView {
	b.Title, b.Sub = b.T("nav.alerts"), b.T("plausibility.sub")
	if board.MayEdit {
		b.Actions = []Button{{Text: b.T("plausibility.rules"), Icon: "edit", Href: "/alert-rules"}}
	}
	v := noticeView{Base: b}
	if board.Rules.Sample {
		v.Alerts = append(v.Alerts, Alert{Kind: "warn", Title: b.T("plausibility.rules.sample"), Text: b.T("plausibility.rules.sample.text")})
	}
	last := b.T("plausibility.never")
	if board.Ran {
		last = b.T("plausibility.last", "at", instant(board.Last.At), "n", board.Last.Found)
	}
	checks := Table{Caption: b.T("plausibility.checks"), Note: last, Columns: []Column{{Key: "plausibility.check"}, {Key: "plausibility.looks", Class: "grow"}, {Key: "plausibility.state.open", Align: "right"},
		{Key: "plausibility.verdict.confirmed", Align: "right"}, {Key: "plausibility.verdict.explained", Align: "right"}, {Key: "plausibility.verdict.false_alarm", Align: "right"},
		{Key: "plausibility.precision", Align: "right"}}}
	for _, c := range plausibility.Checks() {
		n := board.Counts[c]
		about := Cell{Text: b.T(c.About())}
		if why := board.Last.Silent[c]; why != "" {
			about.Sub = b.T(why.Label())
		}
		checks.Rows = append(checks.Rows, Cells(LinkCell(b.T(c.Label()), "/alerts?check="+string(c)), about, Cell{Text: strconv.Itoa(n.Open)}, Cell{Text: strconv.Itoa(n.Confirmed)},
			Cell{Text: strconv.Itoa(n.Explained)}, Cell{Text: strconv.Itoa(n.FalseAlarm)}, Cell{Text: precision(n)}))
	}
	of := ""
	if q.Check != "" {
		of = "&check=" + string(q.Check)
	}
	t := Table{Caption: b.T("plausibility.alerts"), Columns: []Column{{Key: "plausibility.check"}, {Key: "plausibility.found", Class: "grow"}, {Key: "plausibility.evidence", Align: "right"},
		{Key: "plausibility.first"}, {Key: "plausibility.seen"}, {Key: "notice.state"}}, Empty: Empty{Title: b.T("plausibility.empty"), Text: b.T("plausibility.empty.text")}}
	for _, s := range plausibility.States() {
		t.Tabs = append(t.Tabs, Tab{Text: b.T(s.Label()), Href: "/alerts?state=" + string(s) + of, Current: q.State == s})
	}
	if q.Check != "" {
		t.Caption = b.T("plausibility.alerts.of", "check", b.T(q.Check.Label()))
		t.Links = []Link{{Text: b.T("plausibility.all"), Href: "/alerts?state=" + string(q.State)}}
	}
	for _, a := range board.Rows {
		tag := alertTag(b, a.Alert)
		t.Rows = append(t.Rows, Cells(TextCell(b.T(a.Found.Check.Label())), LinkCell(alertSentence(b, a.Found), "/alerts/"+a.ID.String()), Cell{Text: strconv.Itoa(len(a.Found.Evidence))},
			Cell{Text: instant(a.FirstSeen), Nowrap: true}, Cell{Text: instant(a.LastSeen), Nowrap: true}, Cell{Tag: &tag}))
	}
	v.Tables = []Table{t, checks}
	if board.MayJudge {
		v.Form = keyed(NewForm(b, today))
		v.Form.ID, v.Form.Action = "look", "/alerts/run"
		v.Heading, v.Buttons = b.T("plausibility.run"), []Button{{Text: b.T("plausibility.run.now"), Kind: "primary"}}
	}
	return v
}

// precision is the share of judged alerts that was true.
func precision(n doubts.Count) string {
	judged := n.Confirmed + n.Explained + n.FalseAlarm
	if judged == 0 {
		return "–"
	}
	return strconv.Itoa(n.Confirmed) + "/" + strconv.Itoa(judged)
}

func (s *Server) doubtsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	q := doubts.Query{State: plausibility.Open}
	if r.URL.Query().Get("state") == string(plausibility.Closed) {
		q.State = plausibility.Closed
	}
	for _, x := range plausibility.Checks() {
		if r.URL.Query().Get("check") == string(x) {
			q.Check = x
		}
	}
	board, err := s.d.Doubts.Board(r.Context(), c.Who, q, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "alerts")
	v := newDoubtsView(c.Base, c.Today, board, q)
	v.Tables[0].Pager = NewPager(r.URL, board.Next, "")
	return s.showNotice(w, r, v)
}

func (s *Server) postLook(w http.ResponseWriter, r *http.Request, c *Call) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	n, err := s.d.Doubts.RunNow(r.Context(), c.Who, requestKey(r))
	if err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("plausibility.run.done", "n", n)})
	return seeOther(w, r, "/alerts")
}

func newDoubtView(b Base, today clock.Date, v doubts.View) noticeView {
	b.Title = b.T(v.Found.Check.Label())
	b.Sub = alertSentence(b, v.Found)
	b.Crumbs = []Link{{Text: b.T("nav.alerts"), Href: "/alerts"}, {Text: b.Title}}
	tag := alertTag(b, v.Alert.Alert)
	b.Badge = &tag
	p := noticeView{Base: b, Defs: []Def{{Label: b.T("plausibility.looks"), Text: b.T(v.Found.Check.About())}, {Label: b.T("plausibility.version"), Text: strconv.Itoa(v.Rule)},
		{Label: b.T("plausibility.first"), Text: instant(v.FirstSeen)}, {Label: b.T("plausibility.seen"), Text: instant(v.LastSeen)}}}
	if v.Recovery {
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("plausibility.recovery.on"), Text: b.T("plausibility.recovery.on.text")})
	}
	t := Table{Caption: b.T("plausibility.evidence"), Columns: []Column{{Key: "plausibility.record"}, {Key: "funding.patient"}, {Key: "funding.case"}, {Key: "funding.hospital", Class: "grow"},
		{Key: "plausibility.day"}, {Key: "plausibility.detail"}}}
	for _, e := range v.Rows {
		no := CodeCell(orDash(e.CaseNo))
		if e.CaseNo != "" {
			no = LinkCell(e.CaseNo, "/cases/"+e.Case.String())
		}
		name := e.Name
		if name == "" {
			name = b.T("plausibility.out_of_reach")
		}
		day := TextCell("–")
		if !e.On.IsZero() {
			day = DateCell(e.On)
		}
		t.Rows = append(t.Rows, Cells(TextCell(b.T(plausibility.KindLabel(e.Kind))), TextCell(name), no, TextCell(orDash(e.Hospital)), day, TextCell(noteText(b, e.Evidence))))
	}
	p.Tables = append(p.Tables, t)
	if len(v.Verdicts) > 0 {
		p.Tables = append(p.Tables, verdictTable(b, v))
	}
	if v.MayJudge {
		p.Form = keyed(NewForm(b, today, Field{Name: "verdict", LabelKey: "plausibility.verdict", Kind: KindRadio, Options: optionsOf(plausibility.Verdicts()...)},
			Field{Name: "reason", LabelKey: "plausibility.reason", HintKey: "plausibility.reason.hint", Kind: KindArea, Rows: 3, Max: 500},
			Field{Name: "recovery", LabelKey: "plausibility.recovery", HintKey: "plausibility.recovery.hint", Kind: KindCheck, Optional: true})).Hide("version", strconv.FormatInt(v.Version, 10))
		p.Form.Action = "/alerts/" + v.ID.String()
		p.Heading, p.Buttons = b.T("plausibility.verdict"), []Button{{Text: b.T("plausibility.judge"), Kind: "primary"}, {Text: b.T("dialog.back"), Href: "/alerts"}}
	}
	return p
}

// noteText says the detail of a piece of evidence.
func noteText(b Base, e plausibility.Evidence) string {
	switch {
	case e.Note == "":
		return "–"
	case e.Kind == plausibility.OfOperation:
		return b.T(procedure.Kind(e.Note).Label())
	case e.Kind == plausibility.OfReading:
		return b.T("plausibility.reading." + e.Note)
	}
	return e.Note
}

func verdictTable(b Base, v doubts.View) Table {
	t := Table{Caption: b.T("plausibility.verdicts"), Columns: []Column{{Key: "plausibility.verdict"}, {Key: "plausibility.reason", Class: "grow"}, {Key: "plausibility.by"}, {Key: "plausibility.at"},
		{Key: "plausibility.about"}}}
	for _, x := range v.Verdicts {
		about := b.T("plausibility.about.now")
		if x.Digest != v.Digest {
			about = b.T("plausibility.about.before")
		}
		t.Rows = append(t.Rows, Cells(TextCell(b.T(x.Verdict.Label())), TextCell(x.Reason), TextCell(x.ByName), Cell{Text: instant(x.At), Nowrap: true}, TextCell(about)))
	}
	return t
}

func (s *Server) readDoubt(r *http.Request, c *Call) (noticeView, ident.ID, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return noticeView{}, id, err
	}
	v, err := s.d.Doubts.One(r.Context(), c.Who, id)
	if err != nil {
		return noticeView{}, id, err
	}
	s.section(c, "alerts")
	return newDoubtView(c.Base, c.Today, v), id, nil
}

func (s *Server) doubtPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.readDoubt(r, c)
	if err != nil {
		return err
	}
	return s.showNotice(w, r, p)
}

func (s *Server) postDoubt(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, id, err := s.readDoubt(r, c)
	if err != nil {
		return err
	}
	in := doubts.JudgeInput{Alert: id}
	if f := p.Form; f != nil {
		if err := f.Read(r); err != nil {
			return err
		}
		in.Verdict, in.Reason, in.Recovery, in.Version = plausibility.Verdict(f.Choice("verdict")), f.Text("reason"), f.Bool("recovery"), f.Version()
		if !f.OK() {
			return s.showNotice(w, r, p)
		}
	}
	if err := s.d.Doubts.Judge(r.Context(), c.Who, in, requestKey(r)); err != nil {
		if err = p.refused(err); err != nil {
			return err
		}
		return s.showNotice(w, r, p)
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("plausibility.judged")})
	return seeOther(w, r, "/alerts")
}

func doubtRulesForm(b Base, today clock.Date, v plausibility.Rules) careForm {
	b.Title = b.T("plausibility.rules")
	b.Crumbs = []Link{{Text: b.T("nav.alerts"), Href: "/alerts"}, {Text: b.Title}}
	number := func(name, key string, low, high int) Field {
		return Field{Name: name, LabelKey: key, Kind: KindNumber, Low: low, High: high, Width: 6}
	}
	fields := []Field{number("rate", "plausibility.rules.rate", 1, 1000), number("elderly_age", "plausibility.rules.elderly_age", 50, 80), number("phone_people", "plausibility.rules.phone_people", 1, 1000)}
	for _, p := range procedure.Programmes() {
		fields = append(fields, number("per_day."+string(p), "plausibility.rules.per_day."+string(p), 1, 1000))
	}
	fields = append(fields, Field{Name: "populations", LabelKey: "plausibility.rules.populations", HintKey: "plausibility.rules.populations.hint", Kind: KindArea, Rows: 8, Max: 20_000, Optional: true},
		Field{Name: "source", LabelKey: "plausibility.rules.source", HintKey: "plausibility.rules.source.hint", Max: 200, Optional: true})
	f := keyed(NewForm(b, today, fields...))
	f.Action = "/alert-rules"
	f.Put("rate", strconv.Itoa(v.RatePerThousand)).Put("elderly_age", strconv.Itoa(v.ElderlyAge)).Put("phone_people", strconv.Itoa(v.PhonePeople)).
		Put("populations", plausibility.PopulationText(v.Populations)).Put("source", v.Source).Hide("version", strconv.FormatInt(v.Version, 10))
	for _, p := range procedure.Programmes() {
		f.Put("per_day."+string(p), strconv.Itoa(v.PerDay[p]))
	}
	p := careForm{Base: b, Form: f, Alerts: []Alert{{Kind: "ok", Title: b.T("plausibility.rules.own"), Text: b.T("plausibility.rules.own.text")}}}
	if v.Sample {
		p.Alerts = []Alert{{Kind: "warn", Title: b.T("plausibility.rules.sample"), Text: b.T("plausibility.rules.sample.text")}}
	}
	return p
}

func (s *Server) doubtRulesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.d.Doubts.Rules(r.Context(), c.Who)
	if err != nil {
		return err
	}
	s.section(c, "alerts")
	p := doubtRulesForm(c.Base, c.Today, v)
	return s.showCareForm(w, r, p, Button{Text: p.T("care.save")}, "/alerts")
}

func (s *Server) postDoubtRules(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.d.Doubts.Rules(r.Context(), c.Who)
	if err != nil {
		return err
	}
	s.section(c, "alerts")
	p := doubtRulesForm(c.Base, c.Today, v)
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := plausibility.Rules{RatePerThousand: f.Int("rate"), ElderlyAge: f.Int("elderly_age"), PhonePeople: f.Int("phone_people"), PerDay: map[procedure.Programme]int{},
		Source: f.Text("source"), Version: f.Version()}
	for _, x := range procedure.Programmes() {
		in.PerDay[x] = f.Int("per_day." + string(x))
	}
	people, err := plausibility.ParsePopulations(f.Raw("populations"))
	if in.Populations = people; err != nil {
		if err = f.Merge(err); err != nil {
			return err
		}
	}
	if f.OK() {
		err := s.d.Doubts.SaveRules(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("plausibility.rules.saved")})
			return seeOther(w, r, "/alerts")
		}
		if err = refusedFunding(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("care.save")}, "/alerts")
}
