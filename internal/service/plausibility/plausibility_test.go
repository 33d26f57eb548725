package plausibility_test

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/plausibility"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	doubts "github.com/shanhai-health/shanhai/internal/service/plausibility"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

const mountain = servicetest.Mountain

//go:embed clean.sql
var cleanSQL string

// board is a world with a thousand clean operations and the service under test.
type board struct {
	*servicetest.World
	s *doubts.Service
}

func newBoard(t *testing.T) *board {
	w := servicetest.New(t)
	b := &board{w, doubts.New(doubts.Deps{DB: w.DB, Policy: w.Policy})}
	if _, err := pgtest.Open(t, w.Database.SuperDSN).Exec(cleanSQL, w.Partnership.ID, w.ID(mountain), w.Doctor(mountain).PractitionerID, w.Today()); err != nil {
		t.Fatal(err)
	}
	w.Exec(`analyze`)
	r := plausibility.SampleRules()
	r.Populations, r.Source = map[string]int{"T1": 4000, "T2": 4000}, "示例"
	if err := b.s.SaveRules(t.Context(), w.Approver(), r, "r"); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *board) look() int {
	b.T.Helper()
	n, err := b.s.RunNow(b.T.Context(), b.Approver(), ident.Token())
	if err != nil {
		b.T.Fatal(err)
	}
	return n
}

func (b *board) open(state plausibility.State) []doubts.Alert {
	b.T.Helper()
	v, err := b.s.Board(b.T.Context(), b.Approver(), doubts.Query{State: state}, page.Request{Size: 50})
	if err != nil {
		b.T.Fatal(err)
	}
	return v.Rows
}

func TestEachCheckFindsItsCaseAmongAThousandCleanOnes(t *testing.T) {
	b := newBoard(t)
	if n := b.look(); n != 0 {
		t.Fatalf("a thousand clean operations gave %d doubts: %+v", n, b.open(plausibility.Open))
	}
	visitor := b.Visiting(mountain)
	home := b.ID(mountain)
	plant := map[plausibility.Check]func(){
		plausibility.Rate: func() { b.Exec(`update registration set township = 'T1' where township in ('T3', 'T4')`) },
		plausibility.Phone: func() {
			b.Exec(`update registration_term set term = 'y:0123' where registration_id in (select md5('clean' || i)::uuid from generate_series(1, 4) i)`)
		},
		plausibility.Overlap: func() {
			b.Exec(`insert into visit (partnership_id, id, hospital_id, title, from_on, to_on, state, created_at, created_by) values ($1, $2, $2, 'x', $3, $3, 'planned', now(), $2)`, b.Partnership.ID, home, b.Today())
			b.Exec(`insert into visit_case (partnership_id, id, visit_id, case_id, hospital_id, visible_to, kind, side, surgeon_id, planned_on, starts_at, minutes, state, created_at, created_by)
				select $1, md5('v' || i)::uuid, $2, md5('clean' || i)::uuid, $2, array[$2::uuid], 'TKA', 'L', $3, $4, 480 + i * 30, 60, 'planned', now(), $2 from generate_series(1, 2) i`,
				b.Partnership.ID, home, visitor.PractitionerID, b.Today())
		},
		plausibility.Crowded: func() {
			b.Exec(`update procedure set operated_on = $1 where id in (select md5('clean' || (i * 10 + 5))::uuid from generate_series(10, 20) i)`, b.Today().AddDays(-20))
		},
		plausibility.Absent: func() {
			b.Exec(`update procedure set lead_id = $1, operated_on = '2019-01-01' where id = md5('clean40')::uuid`, visitor.PractitionerID)
		},
		plausibility.Repeat: func() {
			b.Exec(`update procedure set person_id = md5('clean56')::uuid where id = md5('clean57')::uuid`)
		},
		plausibility.Serial: func() {
			b.Exec(`update component set unit_ref = 'M|R|S60', claim = 'disputed' where id = md5('clean61')::uuid`)
		},
		plausibility.Acuity: func() {
			b.Exec(`update acuity_reading set live = false, withdrawn_at = now() + interval '10 years', withdrawn_reason = 'x' where id = md5('clean72')::uuid`)
		},
	}
	seen := 0
	for _, c := range plausibility.Checks() {
		if plant[c] == nil {
			t.Fatalf("no case is planted for %s", c)
		}
		plant[c]()
		if n := b.look(); n != 1 {
			t.Errorf("%s: %d doubts are new", c, n)
		}
		seen++
		list := b.open(plausibility.Open)
		if len(list) != seen || list[0].Found.Check != c {
			t.Errorf("%s: %d open, the latest of %s", c, len(list), list[0].Found.Check)
		}
	}
	if n := b.look(); n != 0 || len(b.open(plausibility.Open)) != seen {
		t.Errorf("looking again gave %d new ones, %d are open", n, len(b.open(plausibility.Open)))
	}
	if n := b.Count(`select count(*) from plausibility_alert where evidence::text like '%向某%' or args::text like '%向某%'`); n != 0 {
		t.Errorf("%d alerts keep a name", n)
	}
}

func TestAVerdictStaysUntilTheEvidenceChanges(t *testing.T) {
	b := newBoard(t)
	b.Exec(`update registration_term set term = 'y:0123' where registration_id in (select md5('clean' || i)::uuid from generate_series(1, 4) i)`)
	b.look()
	a := b.open(plausibility.Open)[0]
	if err := b.s.Judge(t.Context(), b.Approver(), doubts.JudgeInput{Alert: a.ID, Verdict: plausibility.Explained, Reason: "村医电话", Version: a.Version}, "j"); err != nil {
		t.Fatal(err)
	}
	if n := b.look(); n != 0 || len(b.open(plausibility.Open)) != 0 {
		t.Errorf("an explained doubt came back: %d", n)
	}
	b.Exec(`update registration_term set term = 'y:0123' where registration_id = md5('clean9')::uuid`)
	if n := b.look(); n != 1 || len(b.open(plausibility.Open)) != 1 || b.Count(`select count(*) from plausibility_alert`) != 1 {
		t.Errorf("with other evidence %d came back", n)
	}
	v, err := b.s.One(t.Context(), b.Approver(), a.ID)
	if err != nil || len(v.Verdicts) != 1 || v.Verdicts[0].Digest == v.Digest || v.Verdict != "" {
		t.Errorf("%+v, %v", v, err)
	}
	b.Exec(`update registration_term set term = 'y:' || md5(registration_id::text) where term = 'y:0123'`)
	if b.look(); len(b.open(plausibility.Open)) != 0 {
		t.Error("what is not found any more stays open")
	}
}

func TestWhoMayNotSeeThePeopleSeesThemMasked(t *testing.T) {
	b := newBoard(t)
	b.Exec(`update procedure set person_id = md5('clean50')::uuid where id = md5('clean51')::uuid`)
	b.look()
	id := b.open(plausibility.Open)[0].ID
	v, err := b.s.One(t.Context(), b.Auditor(), id)
	if err != nil || len(v.Rows) != 2 || v.MayJudge {
		t.Fatalf("%+v, %v", v, err)
	}
	for _, r := range v.Rows {
		if strings.Contains(r.Name, "某") {
			t.Errorf("the auditor reads the name %s", r.Name)
		}
	}
	if v, _ := b.s.One(t.Context(), b.Approver(), id); v.Rows[0].Name != "向某" || v.Rows[0].CaseNo == "" {
		t.Errorf("the office reads %+v", v.Rows[0])
	}
	if _, err := b.s.One(t.Context(), b.Registrar(mountain), id); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a registrar opens a doubt: %v", err)
	}
	if _, err := b.s.One(t.Context(), b.Other.Approver(), id); !errs.Is(err, errs.NotFound) {
		t.Errorf("another partnership opens a doubt: %v", err)
	}
}

func TestTheNightLooksOnceADay(t *testing.T) {
	b := newBoard(t)
	r := plausibility.SampleRules()
	r.Version = 1
	r.PerDay[procedure.Joint] = 1
	if err := b.s.SaveRules(t.Context(), b.Approver(), r, "s"); err != nil {
		t.Fatal(err)
	}
	n, looked, err := b.s.Nightly(t.Context(), b.Partnership.ID)
	if err != nil || !looked || n == 0 {
		t.Errorf("%d, %v, %v", n, looked, err)
	}
	if _, looked, err = b.s.Nightly(t.Context(), b.Partnership.ID); err != nil || looked {
		t.Errorf("looked twice a day: %v", err)
	}
	v, err := b.s.Board(t.Context(), b.Auditor(), doubts.Query{State: plausibility.Open, Check: plausibility.Crowded}, page.Request{})
	if err != nil || v.Last.Silent[plausibility.Rate] != plausibility.NoPopulation || len(v.Rows) == 0 || v.MayJudge {
		t.Errorf("%+v, %v", v.Last, err)
	}
}
