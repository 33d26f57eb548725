package demo

import (
	"fmt"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

// step is one step of the ordinary way: which action, when, who, and what must
// be made for it before.
type step struct {
	action treatment.Action
	state  treatment.State // reached by it
	on     clock.Date
	by     string
	facts  []treatment.Fact
	make   func() error
}

// way lists the steps of a treatment in their order.
func (m *maker) way(r *record) []step {
	h := hospitalCode(r.t.Hospital)
	begun, o := clock.DateOf(r.t.CreatedAt.In(clock.Shanghai)), r.operated
	rest := map[procedure.Programme]int{procedure.Joint: 8, procedure.Cataract: 1, procedure.Coronary: 4}[r.t.Programme]
	later := func(days int) clock.Date { return least(begun.AddDays(days), m.today) }
	return []step{
		{treatment.Register, treatment.Planned, begun, "registrar-" + h, []treatment.Fact{treatment.CaseOpen}, nil},
		{treatment.ConfirmEligible, treatment.Eligible, later(1), "registrar-" + h,
			[]treatment.Fact{treatment.ConsentRecorded, treatment.CategoryValid, treatment.CategoryProven}, nil},
		{treatment.RequestApproval, treatment.Requested, later(2), "finance-" + h, []treatment.Fact{treatment.AmountNamed, treatment.FundNamed},
			func() error { m.request(r, later(2)); return nil }},
		{treatment.Approve, treatment.Approved, later(3), "approver", []treatment.Fact{treatment.SecondPerson, treatment.DevicesUndisputed, treatment.ReservationExists},
			func() error { m.approve(r, later(3)); return nil }},
		{treatment.Admit, treatment.Admitted, least(o.AddDays(-2), m.today.AddDays(-1)), "registrar-" + h, []treatment.Fact{treatment.AdmissionDate},
			func() error { return m.admit(r, least(o.AddDays(-2), m.today.AddDays(-1))) }},
		{treatment.LogOperation, treatment.Operated, o, theatre(h), []treatment.Fact{treatment.OperationLogged},
			func() error { return m.operate(r) }},
		{treatment.Discharge, treatment.Discharged, least(o.AddDays(rest), m.today), "registrar-" + h, []treatment.Fact{treatment.AdmissionDate, treatment.DischargeDate},
			func() error { r.t.DischargedOn = least(o.AddDays(rest), m.today); return nil }},
		{treatment.Settle, treatment.Settled, o.AddDays(rest + 5), "finance-" + h,
			[]treatment.Fact{treatment.DevicesUndisputed, treatment.ApprovalStands, treatment.SettlementBalances, treatment.ReductionCovered}, func() error { return m.settle(r, o.AddDays(rest+5)) }},
		{treatment.Close, treatment.Closed, o.AddDays(rest + 30), "registrar-" + h,
			[]treatment.Fact{treatment.NothingReserved}, nil},
	}
}

func least(a, b clock.Date) clock.Date {
	if b.Before(a) {
		return b
	}
	return a
}

// theatre is the account that logs a hospital's operations.
func theatre(hospital string) string { return "doctor-" + hospital }

// validator is the visiting surgeon who compares the records with the papers.
const validator = "visiting-lgzy"

// walk takes a treatment along the way, by the one transition table, as far as
// its plan says.
func (m *maker) walk(r *record) error {
	for _, s := range m.way(r) {
		if s.make != nil {
			if err := s.make(); err != nil {
				return fmt.Errorf("demo: treatment %s, %s: %w", r.t.ID, s.action, err)
			}
		}
		row, err := treatment.Next(r.t.Place, s.action, treatment.With(s.facts...))
		if err != nil {
			return fmt.Errorf("demo: treatment %s at %v, %s: %w", r.t.ID, r.t.Place, s.action, err)
		}
		r.t.Place = row.To
		m.bulk.Events = append(m.bulk.Events, store.BulkEvent{Treatment: &r.t, Row: row, Step: store.Step{Action: s.action, On: s.on},
			Made: store.Made{At: at(s.on), By: accountID(s.by)}})
		if s.state == r.plan.until {
			return nil
		}
	}
	return nil
}

func (m *maker) admit(r *record, on clock.Date) error {
	r.t.AdmittedOn = on
	r.t.AdmissionNo = fmt.Sprintf("ZY%d%05d", on.Year()%100, m.rng.IntN(100_000))
	return nil
}

// operate logs the operations of a treatment, checked by the same rules as the
// form.
func (m *maker) operate(r *record) error {
	f := r.file
	for _, op := range r.plan.ops {
		p, err := m.procedure(r, op)
		if err != nil {
			return err
		}
		facts := procedure.Facts{Today: m.today, Born: f.person.Birth, Admitted: r.t.AdmittedOn, Recorded: f.done, LeadPosted: true}
		fields, warnings := procedure.Validate(p, facts)
		if err := fields.Err(); err != nil {
			return err
		}
		var marks []string
		for _, w := range warnings {
			marks = append(marks, string(w.Rule))
		}
		o := store.Operation{Procedure: p, Case: r.t.Case,
			Person: r.t.Person, Marks: marks, LeadName: doctorName(p.Lead), CreatedAt: at(p.OperatedOn), CreatedBy: accountID(theatre(hospitalCode(r.t.Hospital))), Version: 1}
		if p.OperatedOn.AddDays(30).Before(m.today) { // the last month still waits for its second signature
			o.Signature, o.ValidatedAt = procedure.Signature{EnteredBy: o.CreatedBy, ValidatedBy: accountID(validator)}, at(p.OperatedOn.AddDays(3))
		}
		m.bulk.Operations = append(m.bulk.Operations, store.BulkOperation{Of: &r.t, Operation: o})
		f.done = append(f.done, procedure.Recorded{ID: p.ID, Kind: p.Kind, Side: p.Side, OperatedOn: p.OperatedOn, StageGroup: stageGroup(p)})
		r.t.Visiting = r.t.Visiting || p.LeadVisiting
	}
	r.t.OperatedOn = r.operated
	return nil
}

// surgeons lists the doctors of a specialty who work at a hospital: its own, and
// those posted there.
func surgeons(hospital string, s practitioner.Specialty) []doctor {
	var out []doctor
	for _, d := range doctors() {
		if d.specialty == s && (d.home == hospital || d.posted == hospital) {
			out = append(out, d)
		}
	}
	return out
}

func specialty(p procedure.Programme) practitioner.Specialty {
	switch p {
	case procedure.Cataract:
		return practitioner.Ophthalmology
	case procedure.Coronary:
		return practitioner.Cardiology
	}
	return practitioner.Orthopaedics
}
