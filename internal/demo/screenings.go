package demo

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// screened is how many people came to each of the two outreach days beside those
// who are patients by now.
const screened = 17

// screen makes two outreach days of one hospital: most people need nothing or a
// further look, some were advised an operation, a few of them declined, and some
// of the first day are patients already.
func (m *maker) screen(tx *store.Tx) error {
	home := byCode("ylrm").id()
	var patients []store.BulkRegistration
	for _, r := range m.bulk.Registrations {
		if r.Registration.HospitalID == home && m.caseOf(r) != nil {
			patients = append(patients, r)
		}
	}
	slices.SortStableFunc(patients, func(a, b store.BulkRegistration) int {
		return cmp.Or(b.Registration.RegisteredOn.Compare(a.Registration.RegisteredOn), cmp.Compare(a.Person.Name, b.Person.Name))
	})
	patients = patients[:min(4, len(patients))]
	first := m.today.AddDays(-13)
	for _, r := range patients {
		first = least(first, r.Registration.RegisteredOn.AddDays(-2))
	}
	days := []struct {
		on    clock.Date
		place screening.Place
	}{{first, screening.Place{Township: townships[0], Village: villages[0]}}, {m.today.AddDays(-5), screening.Place{Township: townships[4], Village: villages[3]}}}
	for i, day := range days {
		for n := range screened {
			d := m.villager(i*screened + n)
			d.On, d.Township, d.Village = day.on, day.place.Township, day.place.Village
			if err := m.noteScreening(tx, d, i*screened+n, nil); err != nil {
				return err
			}
		}
	}
	for n, r := range patients {
		c := m.caseOf(r)
		d := found(c.Programme, n)
		m.asOperated(&d, c.ID)
		d.On, d.Township, d.Village, d.Name, d.Sex, d.Birth = first, days[0].place.Township, days[0].place.Village, r.Person.Name, r.Person.Sex, r.Person.Birth
		d.Triage, d.Answer, d.Phone = screening.Advised, screening.Willing, r.Registration.Phone
		if err := m.noteScreening(tx, d, 2*screened+n, &patients[n]); err != nil {
			return err
		}
	}
	return nil
}

// caseOf is a case of a registered person, or nil.
func (m *maker) caseOf(r store.BulkRegistration) *store.BulkCase {
	i := slices.IndexFunc(m.bulk.Cases, func(c store.BulkCase) bool { return c.Person == r.Person.ID })
	if i < 0 {
		return nil
	}
	return &m.bulk.Cases[i]
}

// villager is an invented person; like the sheets, without the maker's chance.
func (m *maker) villager(n int) screening.Draft {
	age := 52 + n*7%33
	d := found(procedure.Programmes()[n%3], n)
	d.Name, d.Sex, d.Age = surnames[n*5%len(surnames)]+middles[n*7%len(middles)]+endings[n*11%len(endings)], []patient.Sex{patient.Female, patient.Male}[n%2], &age
	if n%3 != 1 {
		d.Phone = fmt.Sprintf("199%08d", 30_000_017*(n+1)%100_000_000)
	}
	switch d.Triage = []screening.Triage{screening.Advised, screening.Observe, screening.Further, screening.Advised, screening.NotNeeded}[n%5]; {
	case d.Triage != screening.Advised:
	case n%4 == 0:
		d.Answer, d.Reason = screening.Declined, screening.Reasons()[n/4%len(screening.Reasons())]
		if d.Reason == screening.OtherReason {
			d.ReasonText = "要等儿子回来商量"
		}
	default:
		d.Answer = screening.Willing
	}
	return d
}

// found is what was found of one programme.
func found(p procedure.Programme, n int) screening.Draft {
	pain := 3 + n%6
	d := screening.Draft{Programme: p, LegalBasis: patient.BasisStatutory}
	switch p {
	case procedure.Joint:
		d.Site, d.Side = []procedure.Site{procedure.Knee, procedure.Knee, procedure.Hip}[n/3%3], screening.Sides()[n/3%4%3]
		d.Pain, d.Walking = &pain, screening.Walkings()[1+n%3]
	case procedure.Cataract:
		d.AcuityRight, d.AcuityLeft = []string{"4.0", "0.3", "指数", "4.6"}[n%4], []string{"4.5", "手动", "0.1", "6/18"}[n/2%4]
	case procedure.Coronary:
		d.ChestPain, d.Systolic, d.Diastolic = screening.ChestPains()[1+n%4], 128+n%40, 76+n%20
	}
	return d
}

// asOperated puts what was found where the patient was operated later.
func (m *maker) asOperated(d *screening.Draft, id ident.ID) {
	i := slices.IndexFunc(m.files, func(f *file) bool { return f.item.ID == id })
	op := m.files[i].story.stays[0].ops[0]
	switch d.Programme {
	case procedure.Joint:
		d.Site, d.Side = op.kind.Site(), screening.Side(op.side)
	case procedure.Cataract:
		if d.AcuityRight, d.AcuityLeft = "4.6", "指数"; op.side == procedure.Right {
			d.AcuityRight, d.AcuityLeft = d.AcuityLeft, d.AcuityRight
		}
	}
}

// noteScreening stores one screening, with the patient the person became.
func (m *maker) noteScreening(tx *store.Tx, d screening.Draft, n int, became *store.BulkRegistration) error {
	r, wrong := d.Check(m.today)
	if err := wrong.Err(); err != nil {
		return fmt.Errorf("demo: screening %d: %w", n, err)
	}
	s := store.Screening{ID: m.id("screening", n), Hospital: byCode("ylrm").id(), Record: r}
	if _, err := tx.InsertScreening(s); err != nil || became == nil {
		return err
	}
	return tx.ConvertScreening(store.Conversion{Screening: s.ID, Person: became.Person.ID, Registration: became.Registration.ID, Case: m.caseOf(*became).ID})
}
