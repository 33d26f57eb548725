package bench

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"
	"golang.org/x/sync/errgroup"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// filler writes rows of one table by COPY.
type filler struct {
	table   string
	columns []string
	rows    [][]any
}

func table(name string, columns ...string) *filler { return &filler{table: name, columns: columns} }

func (f *filler) add(values ...any) { f.rows = append(f.rows, values) }

// flush writes what has come together. Foreign keys are not asked for: a session
// in replica mode writes what was made to fit.
func (f *filler) flush(tx *sql.Tx) error {
	stmt, err := tx.Prepare("copy " + f.table + " (" + strings.Join(f.columns, ", ") + ") from stdin")
	if err != nil {
		return err
	}
	for _, r := range f.rows {
		if _, err := stmt.Exec(r...); err != nil {
			return fmt.Errorf("%s: %w", f.table, err)
		}
	}
	if _, err := stmt.Exec(); err != nil {
		return fmt.Errorf("%s: %w", f.table, err)
	}
	f.rows = f.rows[:0]
	return stmt.Close()
}

// batch is how many people are held in memory before they are written.
const batch = 10_000

// peopleTables are the tables of a batch, in the order fillPerson fills them.
func peopleTables() []*filler {
	return []*filler{
		table("person", "partnership_id", "id", "name", "name_key", "sex", "birth_on", "region_code", "visible_to", "created_at", "created_by"),
		table("person_document", "partnership_id", "id", "person_id", "kind", "number_sealed", "digest", "last4", "verified", "visible_to", "created_at", "created_by"),
		table("registration", "partnership_id", "id", "person_id", "hospital_id", "visible_to", "phone_sealed", "phone_last4", "township", "village", "legal_basis",
			"slip_code", "registered_on", "created_at", "created_by"),
		table("bench_terms", "hospital_id", "registration_id", "terms"),
		table("casefile", "partnership_id", "id", "case_no", "person_id", "programme", "home_hospital_id", "visible_to", "state", "opened_on", "created_at", "created_by"),
		table("case_participant", "partnership_id", "hospital_id", "opened_on", "case_id"),
		table("treatment", "partnership_id", "id", "case_id", "person_id", "programme", "hospital_id", "visible_to", "state", "path", "operated_on", "created_at", "created_by"),
		table("procedure", "partnership_id", "id", "treatment_id", "case_id", "person_id", "programme", "kind", "site", "side", "hospital_id", "visible_to", "team",
			"operated_on", "operation_codes", "diagnosis_codes", "code_catalogue", "detail", "marks", "created_at", "created_by"),
	}
}

// fillIn makes the people: identity, document, registration with its terms, case,
// and as many treatments with an operation as everybody has, a month apart. It is the data to measure on, not a measurement, so it
// comes by COPY as the superuser, which no user of the service could do, into
// tables without their indexes and on a database that need not survive a crash
// meanwhile; one batch is thought up while another is written. The twenty terms of
// a registration come as one row and are taken apart in the database.
func (w *world) fillIn() {
	w.t.Helper()
	careful := w.careless()
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // what is thought up is thrown away at once
	_, err := w.super.Exec(`create unlogged table bench_terms (hospital_id uuid, registration_id uuid, terms text[])`)
	w.must(err)
	indexes := w.dropIndexes()
	made, failed := make(chan []*filler, 1), make(chan error, 1)
	go func() {
		defer close(made)
		by := w.who[0].AccountID
		for from := 0; from < w.size; from += batch {
			f := peopleTables()
			for n := from; n < min(w.size, from+batch); n++ {
				if err := w.fillPerson(f, n, by); err != nil {
					failed <- err
					return
				}
			}
			made <- f
		}
	}()
	for f := range made {
		w.write(f, w.takeApart)
	}
	select {
	case err := <-failed:
		w.must(err)
	default:
	}
	_, err = w.super.Exec(`drop table bench_terms`)
	w.must(err)
	w.build(indexes)
	w.must(settleNight(w.super))
	_, err = w.super.Exec(`vacuum (analyze)`)
	w.must(err)
	careful()
	_, err = w.super.Exec(`checkpoint`)
	w.must(err)
	w.given = nil
	debug.FreeOSMemory() // the machine's memory is the database's from here on
}

// warm reads what is asked of people into memory, as it is there in the afternoon
// of a working day: P10 is about the cost of many people, and a few who fit into
// memory by themselves would be compared with the first morning after a power cut.
// What a line of a list is read from, and the keys and people, go to PostgreSQL's own
// memory, the rest to the page cache; the rows of the terms stay on the disk, since a
// search reads their index only.
func (w *world) warm(r *report) {
	w.t.Helper()
	_, err := w.super.Exec(`create extension if not exists pg_prewarm`)
	w.must(err)
	begin := time.Now()
	var read, all int64
	w.must(w.super.QueryRow(`with part as (select 'registration_term_pkey'::regclass as rel, 'read' as how
			union all select c.rel, c.how from unnest(array['casefile', 'person_document', 'registration', 'person']::regclass[]) t
				cross join lateral (select i.indexrelid::regclass, case when i.indisprimary or i.indnatts > i.indnkeyatts then 'buffer' else 'read' end
						from pg_index i where i.indrelid = t
					union all select t, case t when 'person'::regclass then 'buffer' else 'read' end) c(rel, how))
		select coalesce(sum(pg_prewarm(p.rel, p.how)), 0) * 8192, pg_database_size(current_database()) from part p`).Scan(&read, &all))
	r.note("P10 read into memory before", "%.1f of %.1f GB in %s", float64(read)/1e9, float64(all)/1e9, time.Since(begin).Round(time.Second))
}

// careless lets PostgreSQL write without waiting for the disk, and gives the way
// back: what is measured is measured on a durable database.
func (w *world) careless() (back func()) {
	w.t.Helper()
	settings := []string{"fsync = off", "full_page_writes = off", "synchronous_commit = off", "autovacuum = off", "max_wal_size = '16GB'", "checkpoint_timeout = '1h'"}
	for _, s := range settings {
		_, err := w.super.Exec(`alter system set ` + s)
		w.must(err)
	}
	reload := func() {
		_, err := w.super.Exec(`select pg_reload_conf()`)
		w.must(err)
	}
	reload()
	return func() {
		for _, s := range settings {
			_, err := w.super.Exec(`alter system reset ` + strings.Fields(s)[0])
			w.must(err)
		}
		reload()
	}
}

// build puts the indexes back, two at a time.
func (w *world) build(indexes []droppedIndex) {
	w.t.Helper()
	var g errgroup.Group
	g.SetLimit(2)
	for _, x := range indexes {
		g.Go(func() error {
			_, err := w.super.Exec(`set local maintenance_work_mem = '1GB'; ` + x.create)
			return err
		})
	}
	w.must(g.Wait())
}

// write writes a batch in one transaction, with what is done to it there.
func (w *world) write(tables []*filler, then ...func(*sql.Tx) error) {
	w.t.Helper()
	tx, err := w.super.BeginTx(context.Background(), nil)
	w.must(err)
	_, err = tx.Exec(`set local session_replication_role = replica`)
	w.must(err)
	for _, t := range tables {
		w.must(t.flush(tx))
	}
	for _, do := range then {
		w.must(do(tx))
	}
	w.must(tx.Commit())
}

// takeApart makes a row of each term of a batch.
func (w *world) takeApart(tx *sql.Tx) error {
	_, err := tx.Exec(`insert into registration_term (partnership_id, hospital_id, registration_id, term) select $1, b.hospital_id, b.registration_id, t from bench_terms b, unnest(b.terms) t`, w.place)
	if err == nil {
		_, err = tx.Exec(`truncate bench_terms`)
	}
	return err
}

// droppedIndex is an index that is away while the people come in.
type droppedIndex struct{ name, create string }

// dropIndexes takes away the indexes of the people's tables that no constraint
// stands on, and the key of the terms, which nothing refers to: a million rows
// sorted once are minutes faster than sorted in one by one. The other primary keys
// stay: theirs come in their order.
func (w *world) dropIndexes() []droppedIndex {
	w.t.Helper()
	out := []droppedIndex{{create: `alter table registration_term add primary key (partnership_id, hospital_id, term, registration_id)`}}
	_, err := w.super.Exec(`alter table registration_term drop constraint registration_term_pkey`)
	w.must(err)
	names := []string{"registration_term"}
	for _, f := range peopleTables() {
		names = append(names, f.table)
	}
	rows, err := w.super.Query(`select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index i
		where i.indrelid = any (array(select x::regclass from unnest($1::text[]) x)) and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
		order by 1`, pq.Array(names))
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		var x droppedIndex
		w.must(rows.Scan(&x.name, &x.create))
		out = append(out, x)
	}
	w.must(rows.Err())
	for _, x := range out[1:] {
		_, err := w.super.Exec(`drop index ` + x.name)
		w.must(err)
	}
	return out
}

func (w *world) fillPerson(f []*filler, n int, by ident.ID) error {
	p, keys := invent(n), w.app.Keys
	hospital := w.orgs[at(n)]
	seen := "{" + hospital.String() + "}"
	on := clock.MustDate(2022, 1, 1).AddDays(n % 1400)
	made := on.Start()
	person, doc, reg, file, care := ident.New(), ident.New(), ident.New(), ident.New(), ident.New()
	slip := w.freshSlip(hospital)
	w.people = append(w.people, known{file, care, [6]byte([]byte(slip))})
	number, err := keys.SealString(p.number, seal.Place{Table: "person_document", Column: "number_sealed", Row: doc})
	if err != nil {
		return err
	}
	phone, err := keys.SealString(p.phone, seal.Place{Table: "registration", Column: "phone_sealed", Row: reg})
	if err != nil {
		return err
	}
	whole, err := keys.Digest(seal.PurposeDocument, string(patient.DocCitizen)+":"+p.number)
	if err != nil {
		return err
	}
	f[0].add(w.place, person, p.name, w.spelt(p.name).key, string(p.sex), p.birth, region, seen, made, by)
	f[1].add(w.place, doc, person, string(patient.DocCitizen), number, whole, p.number[14:], true, seen, made, by)
	f[2].add(w.place, reg, person, hospital, seen, phone, p.phone[7:], "石坪镇", p.village, string(patient.BasisStatutory), slip, on, made, by)
	terms, err := w.termsOf(p, slip, hex.EncodeToString(whole))
	if err != nil {
		return err
	}
	f[3].add(hospital, reg, pq.Array(terms))
	f[4].add(w.place, file, fmt.Sprintf("%s-2019-%07d", caseCode, n), person, "joint", hospital, seen, "in_treatment", on, made, by)
	f[5].add(w.place, hospital, on, file)
	for i := range w.each {
		if i > 0 {
			care, on = ident.New(), on.AddDays(30)
			made = on.Start()
		}
		side := "LR"[(n+i)%2:][:1]
		f[6].add(w.place, care, file, person, "joint", hospital, seen, "operated", "normal", on, made, by)
		f[7].add(w.place, ident.New(), care, file, person, "joint", "TKA", "knee", side, hospital, seen, "{}", on, "{81.54}", "{M17.1}", "icd-9-cm-3", "{}", "{}", made, by)
	}
	return nil
}

// freshSlip is a slip code the hospital has not given out: among a million
// people some would draw the same one.
func (w *world) freshSlip(hospital ident.ID) string {
	if w.given == nil {
		w.given = map[string]bool{}
	}
	for {
		slip := ident.SlipCode()
		if key := hospital.String() + slip; !w.given[key] {
			w.given[key] = true
			return slip
		}
	}
}

// nameForms are what a name gives by itself. A million people share some seventy
// thousand names.
type nameForms struct {
	key   string
	terms []string
}

func (w *world) spelt(name string) nameForms {
	s, known := w.names[name]
	if !known {
		s.key = match.SortKey(name)
		for _, t := range match.Terms(name) {
			s.terms = append(s.terms, t.String())
		}
		w.names[name] = s
	}
	return s
}

// termsOf are the rows the store keeps of a registration, see store.Source.
func (w *world) termsOf(p invented, slip, whole string) ([]string, error) {
	var out []string
	out = append(out, w.spelt(p.name).terms...)
	f := match.Fingerprint{Name: p.name, Birth: p.birth, Sex: p.sex, Village: p.village, DocKind: patient.DocCitizen, DocDigest: whole}
	for _, d := range []struct {
		kind    match.Kind
		purpose seal.Purpose
		text    string
		digest  func(seal.Purpose, string) ([]byte, error)
	}{
		{match.KindIDTail, seal.PurposeDocument, p.number, w.app.Keys.DigestTail}, {match.KindNumber, seal.PurposeDocument, p.number, w.app.Keys.Digest},
		{match.KindPhoneTail, seal.PurposePhone, p.phone, w.app.Keys.DigestTail}, {match.KindPhone, seal.PurposePhone, p.phone, w.app.Keys.Digest},
	} {
		sum, err := d.digest(d.purpose, d.text)
		if err != nil {
			return nil, err
		}
		out = append(out, match.Term{Kind: d.kind, Text: hex.EncodeToString(sum)}.String())
		f.PhoneDigest = hex.EncodeToString(sum) // the last one is the telephone's
	}
	out = append(out, match.Term{Kind: match.KindSlip, Text: slip}.String())
	for _, b := range store.BlockTerms(f) {
		if !slices.Contains(out, b) { // the telephone stands there already
			out = append(out, b)
		}
	}
	return out, nil
}
