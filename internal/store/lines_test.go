package store_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
	"github.com/shanhai-health/shanhai/migrations"
)

// linesFromIndexes: what a search and the list of patients show of somebody, and what
// row security asks of it, can be read from indexes. A planner that may not look at
// rows finds a way; whether it takes it by itself depends on how many people there are.
func linesFromIndexes(t *testing.T, w *servicetest.World) {
	if _, err := pgtest.Open(t, w.Database.SuperDSN).Exec(`vacuum (analyze) person, person_document, registration`); err != nil {
		t.Fatal(err)
	}
	a := asking{who: w.Registrar(servicetest.MountainTwo)}
	store.Observe(w.DB, func(query string, args []any) {
		if strings.Contains(query, "as doc_last4") {
			a.query, a.args = query, args
		}
	})
	defer store.Observe(w.DB, nil)
	const rowless = "force_generic_plan; set local enable_indexscan = off; set local enable_bitmapscan = off; set local enable_seqscan = off"
	alone := func(read func(*store.Tx) error, indexes ...string) {
		w.Do(a.who, read)
		plan := string(planOf(t, pgtest.Open(t, w.Database.AppDSN), a, rowless, "costs off"))
		for _, index := range indexes {
			if !regexp.MustCompile(`"Node Type": "Index Only Scan",[^{}]*"Index Name": "` + index + `"`).MatchString(plan) {
				t.Errorf("%s is not enough:\n%s", index, plan)
			}
		}
	}
	alone(func(tx *store.Tx) error {
		return drop(tx.SearchRegistrations(a.who.Hospitals, match.ParseQuery("张三")))
	}, "registration_line", "person_line", "person_document_person")
	alone(func(tx *store.Tx) error { return drop(tx.ListRegistrations(a.who.Hospitals, page.Request{})) }, "person_line", "person_document_person")
}

// An index refuses a row whose entry is too long, so the longest texts there can be, of
// the characters that take the most room, must fit beside many hospitals.
func TestTheLongestLineFitsIntoItsIndex(t *testing.T) {
	w := servicetest.New(t)
	rare := func(n int) string {
		r := make([]rune, n)
		for i := range r {
			r[i] = rune(0x20000 + i*31)
		}
		return string(r)
	}
	name, hospitals, id := rare(patient.MaxName), make([]string, 80), ident.New()
	for i := range hospitals {
		hospitals[i] = ident.New().String()
	}
	seen := "{" + strings.Join(hospitals, ",") + "}"
	w.Exec(`insert into person (partnership_id, id, name, name_key, sex, birth_on, visible_to, created_at, created_by)
		values ($1, $2, $3, $4, 'F', '1958-04-07', $5, now(), $2)`, w.Partnership.ID, id, name, match.SortKey(name), seen)
	w.Exec(`insert into registration (partnership_id, id, person_id, hospital_id, visible_to, township, village, legal_basis, slip_code, registered_on, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $6, 'statutory', 'ABC234', now(), now(), $3)`, w.Partnership.ID, ident.New(), id, w.ID(servicetest.Mountain), seen, rare(patient.MaxPlace))
}

// What older versions imported longer than that is shortened at an upgrade, and stands
// whole in the note.
func TestAnUpgradeMovesTextsThatAreTooLongToTheNote(t *testing.T) {
	w := servicetest.New(t)
	text, err := fs.ReadFile(migrations.FS, "0055_short_texts.sql")
	if err != nil {
		t.Fatal(err)
	}
	long, short := w.Patient(servicetest.Mountain, "罗云"), w.Patient(servicetest.Mountain, "向云禾")
	tx, err := pgtest.Open(t, w.Database.SuperDSN).Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() // the tables are as they were
	for _, s := range []string{
		`alter table person drop constraint person_name_length`,
		`alter table registration drop constraint registration_length`,
		`alter table organisation drop constraint organisation_name_length`,
		`drop index person_line, registration_line`,
		`create function story(seed text) returns text language sql as $$ -- a thousand characters that do not pack
			select string_agg(chr(19968 + ('x' || substr(md5(seed || i), 1, 4))::bit(16)::int % 20000), '' order by i) from generate_series(1, 1000) i $$`,
		`update person set name = story('name') where id = '` + long.String() + `'`,
		`update registration set address = story('address'), township = story('township'), village = story('village'), note = '随儿子来' where person_id = '` + long.String() + `'`,
		`update organisation set name = story('hospital') where id = '` + w.ID(servicetest.Sea).String() + `'`,
		`set local role shanhai_owner`,
		string(text),
		`reset role`,
	} {
		if _, err := tx.Exec(s); err != nil {
			t.Fatalf("%.40s: %v", s, err)
		}
	}
	var note, name string
	var kept bool
	err = tx.QueryRow(`select r.note, p.name, p.name = left(story('name'), 64) and r.address = left(story('address'), 200) and r.township = left(story('township'), 60)
			and r.village = left(story('village'), 60) and r.note = concat_ws(E'\n', '随儿子来', story('name'), story('address'), story('township'), story('village'))
		from registration r join person p on p.id = r.person_id where p.id = $1`, long).Scan(&note, &name, &kept)
	if err != nil || !kept {
		t.Errorf("name %s, note %s, %v", name, note, err)
	}
	var former string
	err = tx.QueryRow(`select o.name, n.name = story('hospital') from organisation o join organisation_name n on n.organisation_id = o.id where o.id = $1`,
		w.ID(servicetest.Sea)).Scan(&former, &kept)
	if err != nil || !kept || len([]rune(former)) != partnership.MaxName {
		t.Errorf("a hospital is called %s, %v", former, err)
	}
	err = tx.QueryRow(`select r.note = '' and p.name = '向云禾' and p.version = 1 and r.version = 1 from registration r join person p on p.id = r.person_id where p.id = $1`,
		short).Scan(&kept)
	if err != nil || !kept {
		t.Errorf("who had nothing too long was changed, %v", err)
	}
}
