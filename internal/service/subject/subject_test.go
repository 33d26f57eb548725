package subject_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/subject"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/service/inbox"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	rights "github.com/shanhai-health/shanhai/internal/service/subject"
	"github.com/shanhai-health/shanhai/internal/store"
	"github.com/shanhai-health/shanhai/policies"
)

const (
	here  = servicetest.Mountain
	there = servicetest.MountainTwo
)

type office struct {
	*servicetest.World
	s     *rights.Service
	blobs *blob.Store
	clerk user.Principal
	head  user.Principal
	boss  user.Principal // the office of the partnership
}

func newOffice(t *testing.T) *office {
	t.Helper()
	reg, err := dataclass.Parse(policies.Columns)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{World: servicetest.New(t)}
	if o.blobs, err = blob.Open(t.TempDir(), o.Keys); err != nil {
		t.Fatal(err)
	}
	o.s = rights.New(rights.Deps{DB: o.DB, Policy: o.Policy, Blobs: o.blobs, Register: reg})
	o.clerk, o.head, o.boss = o.Registrar(here), o.HospitalHead(here), o.Approver()
	return o
}

// someone is a person registered here with a number, telephones and an address.
type someone struct {
	id                  ident.ID
	name, number, phone string
	village             string
}

func (o *office) someone(n int) someone {
	x := someone{id: ident.New(), name: "向" + string(rune('云'+n)) + "禾", number: servicetest.CitizenNumber(fmt.Sprintf("58%02d07", 4+n/800), 100+n%800), phone: fmt.Sprintf("138001%05d", n), village: fmt.Sprintf("云岭%d村", n)}
	o.Do(o.clerk, func(tx *store.Tx) error {
		p := patient.Person{ID: x.id, Name: x.name, Sex: patient.Female, Birth: clock.MustDate(1958, 4, 7)}
		if err := tx.InsertPerson(p, o.ID(here)); err != nil {
			return err
		}
		parsed, err := patient.ParseDocument(patient.DocCitizen, x.number, tx.Today())
		if err != nil {
			return err
		}
		d := parsed.Document
		d.ID, d.PersonID = ident.New(), x.id
		if err := tx.InsertDocument(d); err != nil {
			return err
		}
		r := patient.Registration{ID: ident.New(), PersonID: x.id, HospitalID: o.ID(here), LegalBasis: patient.BasisStatutory, Township: "北渡镇", Village: x.village, Phone: x.phone,
			KinName: "向" + x.village, KinPhone: x.phone[:10] + "9", SlipCode: ident.SlipCode(), RegisteredOn: o.Today()}
		return tx.InsertRegistration(store.Source{Person: p, Registration: r, Documents: []patient.Document{d}}, "家住"+x.village)
	})
	return x
}

func (o *office) ask(t *testing.T, kind subject.Kind, person ident.ID, change ...func(*subject.Request)) ident.ID {
	t.Helper()
	q := subject.Request{Kind: kind, Person: person, Asker: subject.Self, Proof: "身份证原件，与本人相符", Wish: "本人要求", ReceivedOn: o.Today()}
	for _, c := range change {
		c(&q)
	}
	id, err := o.s.Ask(t.Context(), o.clerk, q, ident.New().String())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (o *office) grant(t *testing.T, who user.Principal, id ident.ID) {
	t.Helper()
	if err := o.s.Decide(t.Context(), who, subject.Decision{Request: id, Grant: true, Opinion: "核实无误", Version: 1}, ident.New().String()); err != nil {
		t.Fatal(err)
	}
}

func TestACopyHoldsWhatEveryHospitalKnowsAndLeavesOnce(t *testing.T) {
	o := newOffice(t)
	x := o.someone(1)
	stay := o.TreatmentIn(o.CaseOf(here, procedure.Joint, x.id), here, treatment.AdmitEmergency)
	o.RegisterAt(there, x.id)
	id := o.ask(t, subject.Access, x.id)
	if err := o.s.Decide(t.Context(), o.clerk, subject.Decision{Request: id, Grant: true, Version: 1}, ""); errs.Of(err).Rule != "subject.office" {
		t.Errorf("two hospitals know the person, and one gives the copy: %v", err)
	}
	if _, err := o.s.File(t.Context(), o.clerk, id); errs.Of(err).Rule != "subject.file" {
		t.Errorf("before the answer: %v", err)
	}
	o.grant(t, o.boss, id)
	for name, who := range map[string]user.Principal{"another hospital": o.Registrar(there), "another partnership": o.Other.Registrar(here)} {
		if _, err := o.s.File(t.Context(), who, id); errs.KindOf(err) != errs.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := o.s.File(t.Context(), o.clerk, id)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{x.name, x.number, x.phone, x.phone[:10] + "9", x.village, stay.ID.String(), o.ID(there).String()} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in the copy", want)
		}
	}
	for _, table := range c.Tables {
		if n := map[string]int{"registration": 2, "treatment": 1, "casefile": 1, "person": 1, "person_document": 1}[table.Name]; n != 0 && len(table.Rows) != n {
			t.Errorf("%s: %d rows", table.Name, len(table.Rows))
		}
	}
	if _, err := o.s.File(t.Context(), o.clerk, id); errs.Of(err).Rule != "subject.file" {
		t.Errorf("a second time: %v", err)
	}
	if n := o.Count(`select count(*) from audit_event where action = 'subject.file' and outcome = 'ok' and object_id = $1`, id); n != 1 {
		t.Errorf("the log has the copy %d times", n)
	}
	late := o.ask(t, subject.Access, x.id)
	o.grant(t, o.boss, late)
	o.Clock.Advance(7*24*time.Hour + time.Minute)
	if _, err := o.s.File(t.Context(), o.clerk, late); errs.Of(err).Rule != "subject.file" {
		t.Errorf("after its time: %v", err)
	}
}

func TestACorrectionKeepsWhatStoodBefore(t *testing.T) {
	o := newOffice(t)
	x := o.someone(1)
	name := o.ask(t, subject.Correct, x.id, func(q *subject.Request) { q.Field, q.Value = subject.Name, "向晚舟" })
	o.grant(t, o.head, name)
	o.Exec(`update registration set kin_name = '儿子#' where person_id = $1`, x.id) // as no form takes it: it stands in no correction's way
	village := o.ask(t, subject.Correct, x.id, func(q *subject.Request) { q.Field, q.Value = subject.Village, "临江村" })
	o.grant(t, o.clerk, village)
	for id, want := range map[ident.ID]string{name: x.name, village: x.village} {
		v, err := o.s.One(t.Context(), o.clerk, id)
		if err != nil || v.Outcome.Before != want || v.State != subject.Granted {
			t.Errorf("%+v %v", v.Outcome, err)
		}
	}
	if n := o.Count(`select count(*) from person p join registration r on r.person_id = p.id join registration_term k on k.registration_id = r.id
		where p.id = $1 and p.name = '向晚舟' and p.version = 2 and r.village = '临江村' and r.version = 2 and k.term = 'b:晚舟' and r.phone_sealed is not null`, x.id); n != 1 {
		t.Errorf("%d records are corrected", n)
	}
	_, err := o.s.Ask(t.Context(), o.clerk, subject.Request{Kind: subject.Correct, Person: x.id, Asker: subject.Self, Proof: "身份证原件", ReceivedOn: o.Today(), Field: subject.Birth, Value: "2030-01-01"}, "")
	if e := errs.Of(err); e == nil || e.Kind != errs.Invalid || e.Fields[0].Path != "value" {
		t.Errorf("a value no rule allows: %v", err)
	}
}

func TestARestrictionEndsProcessingButNotDuties(t *testing.T) {
	o := newOffice(t)
	x := o.someone(1)
	c := o.CaseOf(here, procedure.Joint, x.id)
	listed := func() (n int) {
		o.Do(o.clerk, func(tx *store.Tx) error {
			tx.NoAudit("test")
			list, err := tx.ListRegistrations([]ident.ID{o.ID(here)}, page.Request{})
			for _, r := range list.Rows {
				if r.PersonID == x.id {
					n++
				}
			}
			return err
		})
		return n
	}
	waiting := func() (n int) {
		o.Do(o.clerk, func(tx *store.Tx) error {
			tx.NoAudit("test")
			list, err := tx.CasesWaiting([]ident.ID{o.ID(here)}, casefile.Registered)
			n = len(list)
			return err
		})
		return n
	}
	if listed() != 1 || waiting() != 1 {
		t.Fatalf("on the lists before: %d %d", listed(), waiting())
	}
	o.grant(t, o.head, o.ask(t, subject.Restrict, x.id))
	if listed() != 0 || waiting() != 0 {
		t.Errorf("on the lists under restriction: %d %d", listed(), waiting())
	}
	try := func(fn func(*store.Tx) error) error {
		return o.DB.InTx(t.Context(), o.clerk, func(tx *store.Tx) error { tx.NoAudit("test"); return fn(tx) })
	}
	for name, fn := range map[string]func(*store.Tx) error{
		"the name": func(tx *store.Tx) error {
			p, err := tx.PersonByID(x.id)
			if err == nil {
				p.Person.Name = "向晚舟"
				err = tx.UpdatePerson(p.Person)
			}
			return err
		},
		"a contact": func(tx *store.Tx) error {
			list, err := tx.RegistrationsOf(x.id)
			if err == nil {
				list[0].Village = "别村"
				err = tx.UpdateRegistration(list[0].Registration, "")
			}
			return err
		},
		"a treatment": func(tx *store.Tx) error {
			_, err := tx.OpenTreatment(store.TreatmentOpening{Case: c, Hospital: o.ID(here)})
			return err
		},
		"a category": func(tx *store.Tx) error {
			return tx.InsertBeneficiary(patient.Beneficiary{ID: ident.New(), PersonID: x.id, Category: "DB", From: o.Today(), To: o.Today()})
		},
	} {
		if err := try(fn); errs.Of(err) == nil || errs.Of(err).Rule != "person_restricted" {
			t.Errorf("%s under restriction: %v", name, err)
		}
	}
	o.Exec(`insert into death_report (partnership_id, id, person_id, visible_to, hospital_id, died_on, source, state, created_at, created_by)
		select partnership_id, id, id, visible_to, visible_to[1], '2026-11-20', 'family', 'reported', created_at, created_by from person where id = $1`, x.id)
	// Once more means nothing; lifted, everything is as before.
	_, err := o.s.Ask(t.Context(), o.clerk, subject.Request{Kind: subject.Restrict, Person: x.id, Asker: subject.Self, Proof: "身份证原件", ReceivedOn: o.Today()}, "")
	if errs.Of(err).Rule != "subject.restricted" {
		t.Errorf("twice: %v", err)
	}
	o.grant(t, o.head, o.ask(t, subject.Lift, x.id))
	if listed() != 1 || waiting() != 1 {
		t.Errorf("on the lists after it was lifted: %d %d", listed(), waiting())
	}
}

func TestNobodyIsRestrictedInAHospitalBed(t *testing.T) {
	o := newOffice(t)
	x := o.someone(1)
	o.TreatmentIn(o.CaseOf(here, procedure.Joint, x.id), here, treatment.AdmitEmergency)
	for _, kind := range []subject.Kind{subject.Restrict, subject.Erase} {
		id := o.ask(t, kind, x.id)
		err := o.s.Decide(t.Context(), o.head, subject.Decision{Request: id, Grant: true, Opinion: "同意", Version: 1}, "")
		if errs.Of(err) == nil || errs.Of(err).Rule != "subject.in_care" {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// P-3: of everybody whose record no duty keeps, nothing can be found anywhere
// afterwards; of everybody else what a law keeps stays, and no more.
func TestADeletionLeavesNothingButWhatTheLawKeeps(t *testing.T) {
	o := newOffice(t)
	super := pgtest.Open(t, o.Database.SuperDSN)
	var people []someone
	for n := range scaletest.Times(6) {
		x := o.someone(n)
		people = append(people, x)
		switch n % 3 {
		case 1:
			o.CaseOf(here, procedure.Joint, x.id)
		case 2:
			o.TreatmentIn(o.CaseOf(here, procedure.Cataract, x.id), here)
		}
		copied := o.ask(t, subject.Access, x.id)
		o.grant(t, o.clerk, copied)
		started := time.Now()
		if c, err := o.s.File(t.Context(), o.clerk, copied); err != nil || c.Rows() < 5 || time.Since(started) > 5*time.Minute {
			t.Fatalf("%d: %d rows %v", n, c.Rows(), err)
		}
		id := o.ask(t, subject.Erase, x.id)
		if err := o.s.Decide(t.Context(), o.boss, subject.Decision{Request: id, Grant: true, Version: 1}, ""); errs.KindOf(err) != errs.Invalid {
			t.Fatalf("without a reason: %v", err)
		}
		o.grant(t, o.boss, id)
		v, err := o.s.One(t.Context(), o.clerk, id)
		if err != nil {
			t.Fatal(err)
		}
		if kept := n%3 == 2; kept != (v.State == subject.Partly) || kept != (len(v.Outcome.Kept) > 0 && v.Outcome.Kept[0].Retention == dataclass.Record) {
			t.Errorf("%d: %s %+v", n, v.State, v.Outcome)
		}
	}
	var dump strings.Builder
	for _, table := range tablesOf(t, o) {
		var text string
		if err := super.QueryRow(`select coalesce(string_agg(x::text, chr(10)), '') from ` + table + ` x`).Scan(&text); err != nil {
			t.Fatal(err)
		}
		dump.WriteString(text + "\n")
	}
	for n, x := range people {
		kept := n%3 == 2
		for what, value := range map[string]string{"name": x.name, "village": x.village} {
			if found := strings.Contains(dump.String(), value); found != kept {
				t.Errorf("%d: the %s %q is found: %v, kept: %v", n, what, value, found, kept)
			}
		}
		for what, query := range map[string]string{
			"telephone": `select count(*) from registration where person_id = $1 and (phone_sealed is not null or kin_phone_sealed is not null or kin_name <> '' or note <> '')`,
			"trace":     `select count(*) from registration r join registration_term k on k.registration_id = r.id where r.person_id = $1 and (k.term like 't:%' or k.term like 'y:%')`,
			"open":      `select count(*) from person where id = $1 and restricted_on is null`,
		} {
			if got := o.Count(query, x.id); got != 0 {
				t.Errorf("%d: %s left: %d", n, what, got)
			}
		}
		if got := o.Count(`select count(*) from person_document where person_id = $1`, x.id); (got > 0) != kept {
			t.Errorf("%d: %d numbers", n, got)
		}
		if whole := o.Count(`select count(*) from person where id = $1 and erased_on is not null and birth_on is null`, x.id) == 1; whole == kept {
			t.Errorf("%d: the person is empty: %v", n, whole)
		}
	}
	if n := o.Count(`select count(*) from audit_event where action = 'subject.decide' and outcome = 'ok' and detail::text like '%erase%'`); n != len(people) {
		t.Errorf("the log has %d deletions", n)
	}
	t.Logf("%d people copied and deleted, every third keeps what a law keeps", len(people))
}

// tablesOf are all tables but the log, whose reasons are its own.
func tablesOf(t *testing.T, o *office) []string {
	t.Helper()
	rows, err := pgtest.Open(t, o.Database.SuperDSN).Query(`select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		out = append(out, name)
	}
	if err := rows.Err(); err != nil || len(out) < 120 {
		t.Fatalf("%d tables: %v", len(out), err)
	}
	return slices.DeleteFunc(out, func(name string) bool { return strings.HasPrefix(name, "audit_") })
}

func TestWhoDecidesIsToldAndIsSomebodyElse(t *testing.T) {
	o := newOffice(t)
	x := o.someone(1)
	id := o.ask(t, subject.Erase, x.id, func(q *subject.Request) {
		q.Asker, q.AskerName, q.Proof, q.ReceivedOn = subject.Representative, "向远", "公证委托书", o.Today().AddDays(-3)
	})
	desk := inbox.New(inbox.Deps{DB: o.DB, Policy: o.Policy})
	if told, err := desk.Messages(t.Context(), o.head, true, page.Request{}); err != nil || len(told.Rows) != 1 || inbox.Path(told.Rows[0].Message) != "/subject-requests/"+id.String() {
		t.Errorf("the head was told %+v %v", told.Rows, err)
	}
	v, err := o.s.One(t.Context(), o.head, id)
	if err != nil || v.DueOn != o.Today().AddDays(27) || !v.MayGrant || !v.MayRefuse || !v.Whole {
		t.Fatalf("%+v %v", v, err)
	}
	for name, c := range map[string]struct {
		who  user.Principal
		d    subject.Decision
		want errs.Kind
	}{
		"who wrote it down":    {o.clerk, subject.Decision{Grant: true, Opinion: "同意", Version: 1}, errs.Precondition},
		"a doctor":             {o.Doctor(here), subject.Decision{Grant: true, Opinion: "同意", Version: 1}, errs.Forbidden},
		"an auditor":           {o.Auditor(), subject.Decision{Grant: true, Opinion: "同意", Version: 1}, errs.NotFound},
		"a head elsewhere":     {o.HospitalHead(there), subject.Decision{Grant: true, Opinion: "同意", Version: 1}, errs.NotFound},
		"another partnership":  {o.Other.Approver(), subject.Decision{Grant: true, Opinion: "同意", Version: 1}, errs.NotFound},
		"on an older picture":  {o.head, subject.Decision{Grant: true, Opinion: "同意", Version: 9}, errs.Stale},
		"refused with no word": {o.head, subject.Decision{Opinion: " ", Version: 1}, errs.Invalid},
	} {
		c.d.Request = id
		if err := o.s.Decide(t.Context(), c.who, c.d, ""); errs.KindOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := o.s.Decide(t.Context(), o.head, subject.Decision{Request: id, Opinion: "病历须保存", Version: 1}, ""); err != nil {
		t.Fatal(err)
	}
	if told, err := desk.Messages(t.Context(), o.clerk, true, page.Request{}); err != nil || len(told.Rows) != 1 || told.Rows[0].Note != "病历须保存" {
		t.Errorf("the clerk was told %+v %v", told.Rows, err)
	}
	// The database holds it too, and carries out nothing nobody decided.
	if _, err := pgtest.Open(t, o.Database.SuperDSN).Exec(`update subject_request set decided_by = created_by`); err == nil {
		t.Error("the database lets somebody refuse the own")
	}
	again := o.ask(t, subject.Erase, x.id)
	err = o.DB.InTx(t.Context(), o.head, func(tx *store.Tx) error { tx.NoAudit("test"); _, _, err := tx.ApplySubject(again); return err })
	if err == nil {
		t.Error("a deletion nobody decided is carried out")
	}
	if _, err := o.s.Ask(t.Context(), o.clerk, subject.Request{Kind: subject.Erase, Person: x.id, Asker: subject.Self, Proof: "身份证原件", Wish: "x", ReceivedOn: o.Today()}, ""); errs.KindOf(err) != errs.Conflict {
		t.Errorf("the same once more: %v", err)
	}
	if _, err := o.s.Ask(t.Context(), o.Registrar(there), subject.Request{Kind: subject.Access, Person: x.id, Asker: subject.Self, Proof: "身份证原件", ReceivedOn: o.Today()}, ""); errs.KindOf(err) != errs.NotFound {
		t.Errorf("at a hospital that does not know the person: %v", err)
	}
}

func TestTheQueueHasWhatIsDueFirstAndTheDaysAreAgreed(t *testing.T) {
	o := newOffice(t)
	first := o.ask(t, subject.Access, o.someone(1).id)
	if err := o.s.SetClock(t.Context(), o.boss, subject.Clock{Days: 5, FileDays: 2, Source: "省办约定", Verified: true}, ""); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		who  user.Principal
		in   subject.Clock
		want errs.Kind
	}{
		"a head":         {o.head, subject.Clock{Version: 1, Days: 5, FileDays: 2, Source: "x"}, errs.Forbidden},
		"a year":         {o.boss, subject.Clock{Version: 1, Days: 365, FileDays: 2, Source: "x"}, errs.Invalid},
		"no source":      {o.boss, subject.Clock{Version: 1, Days: 5, FileDays: 2, Source: " "}, errs.Invalid},
		"an old picture": {o.boss, subject.Clock{Days: 6, FileDays: 2, Source: "x"}, errs.Conflict},
	} {
		if err := o.s.SetClock(t.Context(), c.who, c.in, ""); errs.KindOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	second := o.ask(t, subject.Access, o.someone(2).id)
	list, err := o.s.List(t.Context(), o.clerk, store.SubjectQuery{Waiting: true})
	if err != nil || len(list.Rows) != 2 || list.Rows[0].ID != second || list.Rows[1].ID != first {
		t.Fatalf("%+v %v", list.Rows, err)
	}
	if o.Clock.Advance(6 * 24 * time.Hour); !list.Rows[0].Overdue(o.Today()) || list.Rows[1].Overdue(o.Today()) {
		t.Error("what is late")
	}
	if err := o.s.Withdraw(t.Context(), o.clerk, second, 1, ""); err != nil {
		t.Fatal(err)
	}
	if err := o.s.Withdraw(t.Context(), o.clerk, second, 2, ""); errs.Of(err).Rule != "subject.once" {
		t.Errorf("twice: %v", err)
	}
	if list, err = o.s.List(t.Context(), o.Registrar(there), store.SubjectQuery{}); err != nil || len(list.Rows) != 0 {
		t.Errorf("another hospital sees %+v %v", list.Rows, err)
	}
}
