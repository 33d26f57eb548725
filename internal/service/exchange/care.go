package exchange

import (
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// care plans cases, treatments, operations, settlements and their money.
func (p *planner) care() error {
	cases, err := p.cases()
	if err != nil {
		return err
	}
	recorded, err := p.recorded()
	if err != nil {
		return err
	}
	treatments := 0
	for _, c := range cases {
		treatments += len(c.treatments)
	}
	p.bulk.Treatments = make([]store.BulkTreatment, 0, treatments) // children point into it
	ids := map[*history.Treatment]ident.ID{}
	for i, c := range cases {
		for _, t := range c.treatments {
			x, err := p.treatment(&p.bulk.Cases[i], t)
			if err != nil {
				return err
			}
			ids[t] = x.ID
			p.operations(x, t, c.who, recorded)
			if err := p.settlement(x, t); err != nil {
				return err
			}
		}
	}
	p.figures.Added.PersonTimes, p.figures.Added.Procedures = treatments, len(p.bulk.Operations)
	p.nameRows(ids)
	return nil
}

// nameRows tells each import row the treatment it went into.
func (p *planner) nameRows(ids map[*history.Treatment]ident.ID) {
	type place struct {
		sheet string
		row   int
	}
	of := map[place]ident.ID{}
	for t, id := range ids {
		for _, o := range t.Procedures {
			of[place{p.sheetOf[t].Sheet, o.Row}] = id
		}
	}
	for i := range p.rows {
		if p.rows[i].Treatment == ident.Nil {
			p.rows[i].Treatment = of[place{p.rows[i].Sheet, p.rows[i].Row}]
		}
	}
}

// additions plans the operations that go to treatments of earlier ledgers, by the
// table's step for an operation that is logged late.
func (p *planner) additions() error {
	if len(p.more) == 0 {
		return nil
	}
	var ids, people []ident.ID
	for _, a := range p.more {
		ids = append(ids, a.id)
	}
	at, err := p.tx.TreatmentsForImport(ids)
	if err != nil {
		return err
	}
	for _, t := range at {
		people = append(people, t.Person)
	}
	recorded, err := p.tx.RecordedFor(people)
	if err != nil {
		return err
	}
	for _, a := range p.more {
		t, ok := at[a.id]
		if !ok {
			return errs.Missing("error.treatment.gone")
		}
		note := p.note(a.Treatment)
		row, err := treatment.Next(t.Place, treatment.LogOperation, treatment.With(treatment.OperationLogged).Because(note))
		if err != nil {
			return err
		}
		p.operations(&t, a.Treatment, &someone{Person: a.Person, id: t.Person}, recorded)
		for _, o := range a.Procedures {
			recorded[t.Person] = append(recorded[t.Person], procedure.Recorded{Kind: o.Kind, Side: o.Side, OperatedOn: o.On})
		}
		p.bulk.Events = append(p.bulk.Events, store.BulkEvent{Treatment: &t, Row: row, Made: p.by, Step: store.Step{Action: treatment.LogOperation, On: day(a.Treatment), Note: note}})
		p.figures.Added.Procedures += len(a.Procedures)
	}
	return nil
}

// recorded lists what the rules compare with: operations on record, and those of
// the book itself.
func (p *planner) recorded() (map[ident.ID][]procedure.Recorded, error) {
	var known []ident.ID
	for _, who := range p.order {
		if !who.fresh {
			known = append(known, who.id)
		}
	}
	all := map[ident.ID][]procedure.Recorded{}
	if len(known) > 0 {
		var err error
		if all, err = p.tx.RecordedFor(known); err != nil {
			return nil, err
		}
	}
	for _, who := range p.order {
		for _, t := range who.treatments {
			for _, o := range t.Procedures {
				all[who.id] = append(all[who.id], procedure.Recorded{Kind: o.Kind, Side: o.Side, OperatedOn: o.On})
			}
		}
	}
	return all, nil
}

// treatment plans one closed treatment on the history path, by the table.
func (p *planner) treatment(c *store.BulkCase, t *history.Treatment) (*store.Treatment, error) {
	row, err := treatment.Next(treatment.Place{Path: treatment.History}, treatment.ImportHistory, treatment.With(treatment.OperationLogged))
	if err != nil {
		return nil, err
	}
	x := store.Treatment{ID: ident.New(), Case: c.ID, Person: c.Person, Programme: t.Programme, Hospital: p.hospital(t).ID, Home: c.Home, Place: row.To,
		AdmissionNo: t.AdmissionNo, AdmittedOn: t.AdmittedOn, OperatedOn: day(t), DischargedOn: t.DischargedOn, EndedOn: lastDay(t), CreatedBy: p.by.By}
	if len(t.Categories) > 0 {
		x.Category = t.Categories[0]
	}
	for _, o := range t.Procedures {
		x.Visiting = x.Visiting || o.Visiting == history.VisitingYes
	}
	var funds []ident.ID
	if t.Money.ReductionFund > 0 {
		f, err := p.fund(t)
		if err != nil {
			return nil, err
		}
		funds = []ident.ID{f.ID}
	}
	p.bulk.Treatments = append(p.bulk.Treatments, store.BulkTreatment{Treatment: x, Funds: funds})
	mine := &p.bulk.Treatments[len(p.bulk.Treatments)-1].Treatment
	p.bulk.Events = append(p.bulk.Events, store.BulkEvent{Treatment: mine, Row: row, Made: p.by,
		Step: store.Step{Action: treatment.ImportHistory, On: x.OperatedOn, Note: p.note(t)}})
	return mine, nil
}

// note keeps what the ledger says beyond our columns, so that nothing is lost.
func (p *planner) note(t *history.Treatment) string {
	s := p.sheetOf[t]
	parts := []string{p.say.T("exchange.note.source", "sheet", s.Sheet, "row", t.Rows[0])}
	add := func(key, text string) {
		if text = strings.TrimSpace(text); text != "" {
			parts = append(parts, p.say.T(key, "text", text))
		}
	}
	add("exchange.note.remark", t.Remark)
	parts = append(parts, p.asWritten(t.Long)...)
	for _, o := range t.Procedures {
		add("exchange.note.operation", o.Operation)
		add("exchange.note.assistant", o.Assistant)
		add("exchange.note.visitor", strings.TrimSpace(o.VisitingDoctor+" "+o.VisitingHospital))
		add("exchange.note.implant", strings.TrimSpace(o.Implant+" "+o.Lens+" "+o.Stents+" "+o.Vessels))
		add("exchange.note.warning", p.said[s][o.Row])
	}
	return strings.Join(parts, p.say.T("history.joint"))
}

// operations plans the operations of a treatment, marked by the rules that
// apply. An old operation is never refused: what our record cannot hold is left
// out of it and stands in the note.
func (p *planner) operations(x *store.Treatment, t *history.Treatment, who *someone, recorded map[ident.ID][]procedure.Recorded) {
	for _, o := range t.Procedures {
		r := procedure.Procedure{ID: ident.New(), Treatment: x.ID, Kind: o.Kind, Side: o.Side, OperatedOn: o.On, Hospital: x.Hospital,
			LeadVisiting: o.Visiting == history.VisitingYes, Diagnosis: t.Diagnosis}
		parts(&r, o)
		r = r.Completed()
		facts := procedure.Facts{Today: p.tx.Today(), History: true, Born: who.Birth, Admitted: t.AdmittedOn, Discharged: t.DischargedOn,
			Recorded: others(recorded[who.id], o)}
		wrong, warnings := procedure.Validate(r, facts)
		if len(wrong) > 0 {
			r.EyePart, r.HeartPart, r.JointPart, r.Operations = nil, nil, nil, nil
			r = r.Completed()
		}
		marks := marksOf(warnings, len(wrong) > 0 || p.said[p.sheetOf[t]][o.Row] != "")
		lead := o.Surgeon
		if lead == "" {
			lead = o.VisitingDoctor
		}
		p.bulk.Operations = append(p.bulk.Operations, store.BulkOperation{Of: x,
			Operation: store.Operation{Procedure: r, Marks: marks, LeadName: lead, CreatedBy: p.by.By}})
	}
}

// parts fills in the little an old ledger tells about lens and stents.
func parts(r *procedure.Procedure, o history.Procedure) {
	if o.Lens != "" && o.Kind.Lens() {
		r.EyePart = &procedure.EyePart{LensModel: patient.Short(o.Lens, procedure.MaxLensModel)} // the note has all of it
	}
	if n, err := strconv.Atoi(strings.TrimSpace(o.Stents)); err == nil && n > 0 && o.Kind.Intervention() {
		r.HeartPart = &procedure.HeartPart{Stents: n}
	}
}

// others is the list without the one operation itself.
func others(all []procedure.Recorded, o history.Procedure) []procedure.Recorded {
	out := make([]procedure.Recorded, 0, len(all))
	left := true
	for _, r := range all {
		if left && r.ID == ident.Nil && r.Kind == o.Kind && r.Side == o.Side && r.OperatedOn == o.On {
			left = false
			continue
		}
		out = append(out, r)
	}
	return out
}

func marksOf(warnings []procedure.Warning, review bool) []string {
	var marks []string
	for _, w := range warnings {
		marks = append(marks, string(w.Rule))
		review = review || w.Review
	}
	if review {
		marks = append(marks, procedure.MarkNeedsReview)
	}
	return marks
}

// fund is the history fund of a programme in this batch: the ledger does not say
// whose money it was, and a steward attributes it later.
func (p *planner) fund(t *history.Treatment) (*store.BulkFund, error) {
	programme := string(t.Programme)
	if f := p.funds[programme]; f != nil {
		return f, nil
	}
	text := p.batch.ID.String()
	f := &store.BulkFund{Accounts: fund.Accounts{Source: ident.New(), Available: ident.New(), Reserved: ident.New(), Committed: ident.New(), Paid: ident.New()}}
	f.ID, f.Kind, f.Programme, f.OpenedOn = ident.New(), fund.History, t.Programme, p.opened(t.Programme)
	f.Code = strings.ToUpper("H-" + text[len(text)-8:] + "-" + programme)
	f.Name = p.say.T("exchange.fund", "programme", errs.Key(t.Programme.Label()))
	p.funds[programme] = f
	return f, nil
}

// opened is the first day money of the programme moved.
func (p *planner) opened(programme procedure.Programme) (first clock.Date) {
	for _, who := range p.order {
		for _, t := range who.treatments {
			if on := day(t); t.Programme == programme && (first.IsZero() || on.Before(first)) {
				first = on
			}
		}
	}
	return first
}

// settlement plans bill and payers, and posts the fund's part in and out on the
// day of the operation.
func (p *planner) settlement(x *store.Treatment, t *history.Treatment) error {
	m := t.Money
	if !m.Known {
		return nil
	}
	s := store.BulkSettlement{Of: x}
	s.Settlement.ID, s.State, s.SettledOn, s.CreatedBy = ident.New(), store.Settled, x.EndedOn, p.by.By
	s.Settlement.Settlement = fee.Settlement{Bill: m.Total, Basic: m.Basic, Critical: m.Critical, Assistance: m.Assistance, Other: m.Other,
		Waiver: m.ReductionHospital, Net: m.Net}
	if m.ReductionFund > 0 {
		paid, err := p.pay(x, t, m.ReductionFund)
		if err != nil {
			return err
		}
		s.Funds = []fee.FundLine{{Fund: paid.Fund, Amount: m.ReductionFund}}
		s.Lines = append(s.Lines, paid)
		p.figures.Added.Reduction += m.ReductionFund
	}
	if m.ReductionHospital > 0 {
		s.Lines = append(s.Lines, store.SettlementLine{Amount: m.ReductionHospital})
	}
	p.bulk.Settlements = append(p.bulk.Settlements, s)
	return nil
}

// pay posts deposit and commit: the money had come in and has gone out.
func (p *planner) pay(x *store.Treatment, t *history.Treatment, amount money.Fen) (store.SettlementLine, error) {
	f, err := p.fund(t)
	if err != nil {
		return store.SettlementLine{}, err
	}
	book := fund.Book{Fund: f.ID, Name: f.Name, Accounts: f.Accounts}
	in, err := book.HistoryDeposit(fund.Stamp{ID: ident.New(), On: x.OperatedOn}, amount)
	if err != nil {
		return store.SettlementLine{}, err
	}
	if book, err = book.Apply(in); err != nil {
		return store.SettlementLine{}, err
	}
	out, err := book.HistoryCommit(fund.Stamp{ID: ident.New(), On: x.OperatedOn}, amount)
	if err != nil {
		return store.SettlementLine{}, err
	}
	for _, move := range []fund.Transfer{in, out} {
		p.bulk.Transfers = append(p.bulk.Transfers, store.BulkTransfer{Made: p.by,
			Posting: store.Posting{Transfer: move, Fund: f.ID, Treatment: x.ID, Batch: p.batch.ID}})
	}
	return store.SettlementLine{Fund: f.ID, Amount: amount, Transfer: out.ID}, nil
}
