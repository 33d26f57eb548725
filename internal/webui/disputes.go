package webui

import (
	"net/http"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/implant"
)

func (s *Server) disputesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	state := r.URL.Query().Get("state")
	list, err := s.d.Implants.Disputes(r.Context(), c.Who, state, pageRequest(r))
	if err != nil {
		return err
	}
	v := newDisputesView(s.deviceBase(c, "disputes"), state, list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "device/list", v)
}

func newDisputesView(b Base, state string, list implant.Disputes) deviceList {
	done := state == implant.DisputeResolved
	t := Table{Caption: b.T("device.tab.disputes"), Tabs: []Tab{{Text: b.T("device.dispute.open"), Href: "/disputes", Current: !done},
		{Text: b.T("device.dispute.resolved"), Href: "/disputes?state=" + implant.DisputeResolved, Current: done}},
		Columns: []Column{{Key: "device.piece", Class: "grow"}, {Key: "device.dispute.first"}, {Key: "device.dispute.again"}, {Key: "device.dispute.own"}, {Key: "device.state"}},
		Empty:   Empty{Title: b.T("device.dispute.none"), Text: b.T("device.dispute.none.text")}}
	for _, d := range list.Rows {
		state := TagCell("error", b.T("device.dispute.open"))
		if d.State == implant.DisputeResolved {
			state = Cell{Text: b.T(device.Outcome(d.Outcome).Label()), Sub: d.Reason}
		}
		own := TextCell("")
		for i, p := range d.Own {
			if i == 0 {
				own = Cell{Text: p.CaseNo, Sub: p.PersonName + " " + p.HospitalName, Nowrap: true}
			} else {
				own.Text, own.Sub = b.T("device.dispute.both"), ""
			}
		}
		row := Cells(Cell{Text: d.Piece, Href: "/disputes/" + d.ID.String(), Mono: true}, DateCell(d.UsedOn), DateCell(d.AgainOn), own, state)
		row.Alert = d.State == implant.DisputeOpen
		t.Rows = append(t.Rows, row)
	}
	return deviceList{Base: b, Table: t}
}

// disputeView is one dispute: the records the reader may see, and the decision.
type disputeView struct {
	Base
	Alerts  []Alert
	Facts   []Def
	Records []disputeRecord
	Form    *Form // nil: not the reader's decision
	WhyNot  *WhyNot
	Buttons []Button
}

// disputeRecord is one of the two records.
type disputeRecord struct {
	Title   string
	Facts   []Def
	Actions []Button
}

func (s *Server) disputeOf(r *http.Request, c *Call) (disputeView, implant.Dispute, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return disputeView{}, implant.Dispute{}, err
	}
	d, err := s.d.Implants.Dispute(r.Context(), c.Who, id)
	if err != nil {
		return disputeView{}, d, err
	}
	b := s.deviceFormBase(c, "device.dispute.one", "disputes")
	return newDisputeView(b, d, c.Today, s.can(c, authz.DisputeResolve)), d, nil
}

func newDisputeView(b Base, d implant.Dispute, today clock.Date, resolve bool) disputeView {
	b.Sub = d.Piece
	p := disputeView{Base: b, Facts: []Def{{Label: b.T("device.piece"), Text: d.Piece}, {Label: b.T("device.dispute.first"), Text: b.Day(d.UsedOn)},
		{Label: b.T("device.dispute.again"), Text: b.Day(d.AgainOn)}}}
	if d.State == implant.DisputeResolved {
		p.Facts = append(p.Facts, Def{Label: b.T("device.dispute.outcome"), Text: b.T(device.Outcome(d.Outcome).Label())}, Def{Label: b.T("treatment.reason"), Text: d.Reason},
			Def{Label: b.T("device.dispute.by"), Text: d.Resolver})
	} else if !resolve {
		p.Alerts = []Alert{{Kind: "warn", Title: b.T("device.dispute.wait"), Text: b.T("device.dispute.wait.text")}}
	}
	own := slices.Clone(d.Own)
	slices.SortStableFunc(own, func(x, y implant.PatientPart) int { return x.CreatedAt.Compare(y.CreatedAt) })
	for _, x := range own {
		title := "device.dispute.record.first"
		if x.ID == d.Again {
			title = "device.dispute.record.again"
		}
		rec := disputeRecord{Title: b.T(title), Facts: append([]Def{{Label: b.T("treatment.hospital"), Text: x.HospitalName}, {Label: b.T("case.patient"), Text: x.PersonName},
			{Label: b.T("case.no"), Text: x.CaseNo}, {Label: b.T("operation.on"), Text: b.Day(x.On)}}, partFacts(b, x.Component)...)}
		if !x.Live {
			rec.Facts = append(rec.Facts, Def{Label: b.T("device.state"), Text: b.T("device.part.removed")})
		}
		rec.Actions = []Button{{Text: b.T("device.dispute.record.open"), Href: "/operations/" + x.Procedure.String()}}
		p.Records = append(p.Records, rec)
	}
	if resolve && d.State == implant.DisputeOpen {
		p.Form = keyed(NewForm(b, today, Field{Name: "outcome", LabelKey: "device.dispute.outcome", Kind: KindRadio, Options: optionsOf(device.Outcomes()...)},
			Field{Name: "reason", LabelKey: "treatment.reason", HintKey: "device.dispute.reason.hint", Kind: KindArea, Rows: 3, Max: 500}))
		p.Form.Action = "/disputes/" + d.ID.String()
		p.Form.Hide("version", version(d.Version))
		p.Buttons = []Button{{Text: b.T("device.dispute.resolve"), Kind: "primary"}, {Text: b.T("dialog.back"), Href: "/disputes"}}
	}
	return p
}

func (s *Server) disputePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.disputeOf(r, c)
	if err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "device/dispute", p)
}

func (s *Server) resolveDispute(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, d, err := s.disputeOf(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if f == nil { // resolved by somebody else in between
		return seeOther(w, r, "/disputes/"+d.ID.String())
	}
	if err := f.Read(r); err != nil {
		return err
	}
	in := implant.Verdict{Dispute: d.ID, Version: f.Version(), Outcome: device.Outcome(f.Choice("outcome")), Reason: f.Text("reason")}
	if f.OK() {
		if _, err = s.d.Implants.Resolve(r.Context(), c.Who, in, implant.KeyOf(requestKey(r), in)); err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("device.dispute.done")})
			return seeOther(w, r, "/disputes")
		}
		if err = f.Merge(err); err != nil {
			if p.WhyNot = whyNot(p.Base, err); p.WhyNot == nil {
				return err
			}
		}
	}
	status := http.StatusUnprocessableEntity
	return s.d.Engine.Render(w, r, status, "device/dispute", p)
}

func (s *Server) alarmsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Implants.Reviews(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	v := newAlarmsView(s.deviceBase(c, "alarms"), list, alarmRights{s.can(c, authz.ProcedureSign) || s.can(c, authz.DisputeResolve), c.Who.AccountID})
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "device/list", v)
}

// alarmRights: who may look at alarms, and who the reader is.
type alarmRights struct {
	review bool
	reader ident.ID
}

func newAlarmsView(b Base, list implant.Reviews, may alarmRights) deviceList {
	t := Table{Caption: b.T("device.tab.alarms"), Quiet: true, Columns: []Column{{Key: "operation.on"}, {Key: "device.role", Class: "grow"}, {Key: "device.mark"}, {Key: "device.reason"}, {Key: "case.patient"},
		{Key: "treatment.hospital"}, {Key: "care.action", Hidden: true}}, Empty: Empty{Title: b.T("device.alarm.none"), Text: b.T("device.alarm.none.text")}}
	for _, x := range list.Rows {
		marks := partState(b, x.Component)
		action := ButtonCell(Button{Text: b.T("link.open"), Href: "/operations/" + x.Procedure.String()})
		if may.review && x.EnteredBy != may.reader {
			action = ButtonCell(Button{Text: b.T("device.review"), Href: "/parts/" + x.ID.String() + "/review"})
		}
		t.Rows = append(t.Rows, Cells(DateCell(x.On), Cell{Text: b.T(x.Role.Label()) + " " + deviceCode(x.Device), Sub: x.Maker, Href: "/operations/" + x.Procedure.String()}, marks, TextCell(x.Reason),
			Cell{Text: x.PersonName, Sub: x.CaseNo}, spot(sides(list.Sides).of(x.Hospital), x.HospitalName), action))
	}
	return deviceList{Base: b, Table: t}
}
