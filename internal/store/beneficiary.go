package store

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

type beneficiaryRow struct {
	ID       ident.ID   `db:"id"`
	PersonID ident.ID   `db:"person_id"`
	Category string     `db:"category"`
	From     clock.Date `db:"from_on"`
	To       clock.Date `db:"to_on"`
	Source   string     `db:"source"`
	Evidence string     `db:"evidence"`
	By       ident.ID   `db:"created_by"`
	Version  int        `db:"version"`
}

func (r beneficiaryRow) beneficiary() patient.Beneficiary {
	return patient.Beneficiary{ID: r.ID, PersonID: r.PersonID, Category: terminology.Category(r.Category), From: r.From, To: r.To, Source: r.Source,
		Evidence: r.Evidence, VerifiedBy: r.By, Version: r.Version}
}

const selectBeneficiary = `select b.id, b.person_id, b.category, b.from_on, b.to_on, b.source, b.evidence, b.created_by, b.version from beneficiary b `

// BeneficiariesOf lists a person's categories, the latest beginning first.
func (tx *Tx) BeneficiariesOf(person ident.ID) ([]patient.Beneficiary, error) {
	var rows []beneficiaryRow
	err := tx.list(&rows, selectBeneficiary+`where b.partnership_id = $1 and b.person_id = $2 order by b.from_on desc nulls last, b.id desc limit 100`,
		tx.Partnership(), person)
	return items(rows, beneficiaryRow.beneficiary), err
}

// BeneficiaryByID reads one category of a person.
func (tx *Tx) BeneficiaryByID(id ident.ID) (patient.Beneficiary, error) {
	var r beneficiaryRow
	err := tx.get(&r, selectBeneficiary+`where b.partnership_id = $1 and b.id = $2`, tx.Partnership(), id)
	return one(r.beneficiary(), err, "error.beneficiary.missing")
}

// InsertBeneficiary adds a category; whoever sees the person sees it.
func (tx *Tx) InsertBeneficiary(b patient.Beneficiary) error {
	n, err := tx.exec(`insert into beneficiary (partnership_id, id, person_id, category, from_on, to_on, source, evidence, visible_to, created_at, created_by)
		select $1, $2, $3, $4, $5, $6, $7, $8, p.visible_to, $9, $10 from person p where p.partnership_id = $1 and p.id = $3`,
		tx.Partnership(), b.ID, b.PersonID, string(b.Category), b.From, b.To, b.Source, b.Evidence, tx.now, tx.who.AccountID)
	if err == nil && n == 0 {
		return errs.Missing("error.person.missing")
	}
	if err != nil {
		return err
	}
	return tx.LapseOfPerson(b.PersonID)
}

// UpdateBeneficiary stores a changed validity or proof. An approval that rests on
// it lapses.
func (tx *Tx) UpdateBeneficiary(b patient.Beneficiary) error {
	err := tx.update(`update beneficiary set category = $4, from_on = $5, to_on = $6, source = $7, evidence = $8, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), b.ID, b.Version, string(b.Category), b.From, b.To, b.Source, b.Evidence)
	if err != nil {
		return err
	}
	return tx.LapseOfPerson(b.PersonID)
}
