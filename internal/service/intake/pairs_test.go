package intake_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/match/matchtest"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// pairSeed is neither the seed the points were weighed with nor the matcher's own.
const pairSeed = 41_903

// sourceOf is a made registration as the desk would type it.
func sourceOf(f match.Fingerprint, hospital ident.ID) store.Source {
	p := patient.Person{ID: ident.New(), Name: patient.NormaliseName(f.Name), Sex: f.Sex, Birth: f.Birth}
	s := store.Source{Person: p, Registration: patient.Registration{ID: ident.New(), PersonID: p.ID, HospitalID: hospital, Phone: f.PhoneDigest,
		Village: f.Village, LegalBasis: patient.BasisStatutory, SlipCode: ident.New().String(), RegisteredOn: f.Birth}}
	if f.Number != "" {
		s.Documents = []patient.Document{{ID: ident.New(), PersonID: p.ID, Kind: f.DocKind, Number: f.Number, Verified: f.DocVerified}}
	}
	return s
}

// The matcher alone is judged in its own package; here the candidates come out
// of the database, through the keys and limits the desk lives with, among all
// the other people.
func TestDuplicatesAreFoundThroughTheDatabase(t *testing.T) {
	d := open(t)
	hospital := d.ID(servicetest.Mountain)
	pairs := matchtest.Pairs(pairSeed, 2000)
	first := make([]ident.ID, len(pairs))
	used := map[string]bool{}
	d.Do(d.System(), func(tx *store.Tx) error {
		for i, p := range pairs {
			s := sourceOf(p.A, hospital)
			if len(s.Documents) > 0 && used[s.Documents[0].Number] {
				s.Documents[0].Verified = false
			} else if len(s.Documents) > 0 {
				used[s.Documents[0].Number] = true
			}
			first[i] = s.Person.ID
			if err := tx.InsertPerson(s.Person, hospital); err != nil {
				return err
			}
			for _, doc := range s.Documents {
				if err := tx.InsertDocument(doc); err != nil {
					return err
				}
			}
			if err := tx.InsertRegistration(s, ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err := store.Analyze(t.Context(), d.Database.OwnerDSN); err != nil { // a served database looks at its tables within a minute
		t.Fatal(err)
	}
	hit, missed, wrong, strangers, fetched := 0, 0, 0, 0, 0
	look := func(tx *store.Tx, from, to int) error {
		for i := from; i < to; i++ {
			p := pairs[i]
			print, err := tx.Print(sourceOf(p.B, hospital))
			if err != nil {
				return err
			}
			rows, err := tx.Candidates(hospital, print)
			if err != nil {
				return err
			}
			fetched += len(rows)
			found := false
			for _, c := range rows {
				switch dup := match.Score(print, c.Print).Duplicate(); {
				case c.PersonID == first[i]:
					found = dup
				case dup:
					strangers++
				}
			}
			switch {
			case p.Same && found:
				hit++
			case p.Same:
				missed++
			case found:
				wrong++
			}
		}
		return nil
	}
	for at := 0; at < len(pairs); at += 100 { // a transaction has its time, of which two thousand looks want all
		d.Do(d.Registrar(servicetest.Mountain), func(tx *store.Tx) error { return look(tx, at, min(at+100, len(pairs))) })
	}
	precision, recall := float64(hit)/float64(hit+wrong), float64(hit)/float64(hit+missed)
	t.Logf("precision %.4f, recall %.4f, %d strangers among %d candidates", precision, recall, strangers, fetched)
	if precision < 0.95 || recall < 0.98 {
		t.Errorf("precision %.4f (≥ 0.95), recall %.4f (≥ 0.98)", precision, recall)
	}
	if strangers > len(pairs)/50 {
		t.Errorf("%d people were shown as duplicates of somebody they have nothing to do with", strangers)
	}
	if n := d.Count(`select count(*) from registration_term where term ~ '(^|[^0-9a-f])(500199|1990)[0-9]{7}'`); n != 0 {
		t.Errorf("%d terms hold a number in plain", n)
	}
}
