package intake_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// kneesApart is one human on two records: the right knee done in one hospital
// under one, the left in another under the other, both settled.
func kneesApart(t *testing.T) (d *desk, one, two ident.ID, review store.ReviewItem) {
	t.Helper()
	d = open(t)
	money := measure.Layers{Basic: 100_00, Fund: 50_00, Net: 1_00}
	one = d.Treat(servicetest.Treated{Name: "向云禾", Programme: measure.Joint, At: servicetest.Mountain, On: d.Today().AddDays(-90), Joints: 1, Money: money, State: "settled"})
	two = d.Treat(servicetest.Treated{Name: "向云禾", Programme: measure.Joint, At: servicetest.Sea, On: d.Today().AddDays(-9), Joints: 1, Money: money, State: "settled"})
	d.Exec(`update procedure set side = 'R' where person_id = $1`, two)
	for _, p := range []ident.ID{one, two} {
		place := servicetest.Mountain
		if p == two {
			place = servicetest.Sea
		}
		d.RegisterAt(place, p)
	}
	var no string
	d.Do(d.Approver(), func(tx *store.Tx) error {
		cases, err := tx.CasesOf(two)
		no = cases[0].No
		return err
	})
	id, err := d.Ask(t.Context(), d.Approver(), "", intake.AskInput{Person: one, Other: no, Reason: "姓名生日一致，家属确认"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Compare(t.Context(), d.Approver(), id)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Held[one]) == 0 || len(c.Held[two]) == 0 || len(c.SameSide) != 0 {
		t.Fatalf("compared: %+v", c)
	}
	return d, one, two, c.ReviewItem
}

// figures are the patients and procedures the official counts, by the root.
func figures(d *desk) (patients, procedures, reductions int) {
	return d.Count(`select count(distinct coalesce(p.root_id, p.id)) from procedure o join person p on p.id = o.person_id where o.live`),
		d.Count(`select count(*) from procedure where live`), d.Count(`select sum(fund_fen)::int from settlement where state = 'settled'`)
}

func TestMergedKneesAreOnePatientAndTwoProcedures(t *testing.T) {
	d, one, two, r := kneesApart(t)
	decide := func(v intake.Verdict, version int) error {
		_, err := d.Decide(t.Context(), d.Approver(), "", intake.VerdictInput{Review: r.ID, Version: version, Verdict: v, Reason: "核对证件"})
		return err
	}
	before := d.Count(`select (sum(hashtext(t::text)::bigint) % 1000003)::int from (select id, person_id, case_id, visible_to from treatment order by id) t`)
	if p, o, m := figures(d); p != 2 || o != 2 || m != 100_00 {
		t.Fatalf("before: %d patients, %d procedures, %d fen", p, o, m)
	}
	if err := decide(intake.Merge, r.Version); err != nil {
		t.Fatal(err)
	}
	if p, o, m := figures(d); p != 1 || o != 2 || m != 100_00 {
		t.Errorf("merged: %d patients, %d procedures, %d fen", p, o, m)
	}
	// Rules look at both records; what hospitals see stays as it was.
	d.Do(d.Registrar(servicetest.Mountain), func(tx *store.Tx) error {
		done, err := tx.RecordedOperations(one)
		if len(done) != 2 {
			t.Errorf("the rules know %d operations of the person", len(done))
		}
		cases, e := tx.CasesOf(one)
		if e == nil && len(cases) != 1 {
			t.Errorf("merging opened a case of the other hospital")
		}
		if _, e := tx.PersonByID(two); !errs.Is(e, errs.NotFound) {
			t.Errorf("merging showed the other record: %v", e)
		}
		return err
	})
	if n := d.Count(`select count(*) from person where id = $1 and root_id = $2`, one, two); n != 1 {
		t.Error("the root is not the other record")
	}
	if err := decide(intake.Reopen, r.Version+1); err != nil {
		t.Fatal(err)
	}
	if p, o, m := figures(d); p != 2 || o != 2 || m != 100_00 {
		t.Errorf("taken apart: %d patients, %d procedures, %d fen", p, o, m)
	}
	if n := d.Count(`select count(*) from person where root_id is not null`); n != 0 {
		t.Error("a root is left")
	}
	if after := d.Count(`select (sum(hashtext(t::text)::bigint) % 1000003)::int from (select id, person_id, case_id, visible_to from treatment order by id) t`); after != before {
		t.Error("merging and taking apart changed treatments")
	}
	if n := d.Count(`select count(*) from audit_event where action in ('person.merge', 'person.unmerge') and reason = '核对证件'`); n != 2 {
		t.Errorf("%d audited decisions", n)
	}
}

func TestAComparisonWarnsOfWhatOnePersonCannotHave(t *testing.T) {
	d := open(t)
	a, b := d.Case(servicetest.Mountain, procedure.Joint, "向云禾"), d.Case(servicetest.Sea, procedure.Joint, "向云禾")
	id, err := d.Ask(t.Context(), d.Approver(), "", intake.AskInput{Person: a.Person, Other: b.No, Reason: "同名"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Compare(t.Context(), d.Approver(), id)
	if err != nil || len(c.OpenTwice) != 1 || c.OpenTwice[0] != procedure.Joint {
		t.Errorf("open twice: %v, %v", c.OpenTwice, err)
	}
	if _, err := d.Ask(t.Context(), d.Approver(), "", intake.AskInput{Person: a.Person, Other: a.No, Reason: "自己"}); !errs.Of(err).Fields.Has("other") {
		t.Errorf("a record compared with itself: %v", err)
	}
	if _, err := d.Ask(t.Context(), d.Registrar(servicetest.Mountain), "", intake.AskInput{Person: a.Person, Other: b.No, Reason: "同名"}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a hospital asked about a record it does not see: %v", err)
	}
	if _, err := d.Decide(t.Context(), d.Approver(), "", intake.VerdictInput{Review: id, Version: 1, Verdict: intake.Merge}); !errs.Of(err).Fields.Has("reason") {
		t.Errorf("merged without a reason: %v", err)
	}
}
