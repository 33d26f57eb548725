package intake_test

import (
	"io/fs"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/migrations"
)

// What an older process wrote beside a newer one: a whole name instead of its first
// character, keys kept elsewhere, and terms of somebody who is not there any more.
func TestLeftTermsAreRepairedByAMigration(t *testing.T) {
	d := open(t)
	there, gone := d.register(servicetest.Mountain, d.person(servicetest.Mountain, "罗云", 22)), d.register(servicetest.Mountain, d.person(servicetest.Mountain, "向云禾", 23))
	text, err := fs.ReadFile(migrations.FS, "0052_dead_terms.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`update registration_term set term = 'n:罗云' where term = 'n:罗'`,
		`insert into registration_term select partnership_id, hospital_id, x, id from registration, unnest(array['k:t:0', 'k:d:citizen:0', 'n:o']) x`,
		`update registration set live = false where person_id = '` + gone.PersonID.String() + `'`,
		string(text),
	} {
		d.Exec(statement)
	}
	if f, err := d.Search(t.Context(), d.Registrar(servicetest.Mountain), "罗"); err != nil || len(f.Hits) != 1 || f.Hits[0].PersonID != there.PersonID {
		t.Errorf("%d people with the surname, %v", len(f.Hits), err)
	}
	if n := d.Count(`select count(*) from registration_term where term like 'n:%' and term <> 'n:罗' or term like 'k:t:%' or term like 'k:d:%'`); n != 0 {
		t.Errorf("%d terms are left over", n)
	}
	if n := d.Count(`select count(*) from registration_term t join registration r on r.id = t.registration_id where not r.live`); n != 0 {
		t.Errorf("%d terms lead to nobody", n)
	}
}

// Where many have a name, the one with the same birthday elsewhere is found among them.
func TestACommonNameHidesNoPair(t *testing.T) {
	d := open(t)
	born := func(at servicetest.Place, on clock.Date) {
		in := d.person(at, "向云禾", 22)
		in.DocKind, in.DocNumber, in.Person.Sex, in.Person.Birth, in.NotSame = patient.DocNone, "", patient.Female, on, "不同的人"
		d.register(at, in)
	}
	for _, at := range []servicetest.Place{servicetest.Mountain, servicetest.Sea} {
		for n := range 35 {
			born(at, clock.MustDate(1950, 1, 1).AddDays(40*n+map[servicetest.Place]int{servicetest.Sea: 7}[at]))
		}
	}
	born(servicetest.Mountain, clock.MustDate(1958, 4, 7))
	born(servicetest.Sea, clock.MustDate(1958, 4, 7))
	if n, err := d.FindPairs(t.Context(), d.Approver(), d.Today().AddDays(-1)); err != nil || n != 1 {
		t.Errorf("%d pairs, %v", n, err)
	}
}
