package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

type pairingRow struct {
	ID        ident.ID   `db:"id"`
	Donor     ident.ID   `db:"donor_id"`
	Receiving ident.ID   `db:"receiving_id"`
	Agreement string     `db:"agreement_no"`
	From      clock.Date `db:"from_on"`
	To        clock.Date `db:"to_on"`
	CreatedAt time.Time  `db:"created_at"`
	Version   int64      `db:"version"`

	DonorName     string `db:"donor_name"`
	ReceivingName string `db:"receiving_name"`
}

// PairingItem is a pairing with the names of the two hospitals.
type PairingItem struct {
	partnership.Pairing
	DonorName, ReceivingName string
}

func (r pairingRow) item() PairingItem {
	return PairingItem{partnership.Pairing{ID: r.ID, DonorID: r.Donor, ReceivingID: r.Receiving, AgreementNo: r.Agreement, From: r.From, To: r.To,
		CreatedAt: r.CreatedAt.UTC(), Version: r.Version}, r.DonorName, r.ReceivingName}
}

const selectPairing = `select g.id, g.donor_id, g.receiving_id, g.agreement_no, g.from_on, g.to_on, g.created_at, g.version,
	d.name as donor_name, r.name as receiving_name from pairing g
	join organisation d on d.id = g.donor_id join organisation r on r.id = g.receiving_id `

// PairingByID reads one pairing.
func (tx *Tx) PairingByID(id ident.ID) (PairingItem, error) {
	var r pairingRow
	err := tx.get(&r, selectPairing+`where g.partnership_id = $1 and g.id = $2`, tx.Partnership(), id)
	return one(r.item(), err, "error.pairing.missing")
}

// PairingsBetween lists all pairings of two hospitals.
func (tx *Tx) PairingsBetween(donor, receiving ident.ID) ([]partnership.Pairing, error) {
	var rows []pairingRow
	err := tx.list(&rows, selectPairing+`where g.partnership_id = $1 and g.donor_id = $2 and g.receiving_id = $3 order by g.from_on limit 200`,
		tx.Partnership(), donor, receiving)
	return items(rows, func(r pairingRow) partnership.Pairing { return r.item().Pairing }), err
}

// InsertPairing adds a pairing.
func (tx *Tx) InsertPairing(p partnership.Pairing) error {
	_, err := tx.exec(`insert into pairing (partnership_id, id, donor_id, receiving_id, agreement_no, from_on, to_on, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, tx.Partnership(), p.ID, p.DonorID, p.ReceivingID, p.AgreementNo, p.From, p.To, tx.now, tx.who.AccountID)
	return err
}

// UpdatePairing stores changed dates and agreement.
func (tx *Tx) UpdatePairing(p partnership.Pairing) error {
	return tx.update(`update pairing set agreement_no = $4, from_on = $5, to_on = $6, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), p.ID, p.Version, p.AgreementNo, p.From, p.To)
}

// ListPairings is a page of pairings, the latest first.
func (tx *Tx) ListPairings(req page.Request) (page.Result[PairingItem], error) {
	from, id := clock.MustDate(9999, 12, 31), ident.Nil
	if _, err := req.Cursor(&from, &id); err != nil {
		return page.Result[PairingItem]{}, err
	}
	var rows []pairingRow
	err := tx.list(&rows, selectPairing+`where g.partnership_id = $1 and (g.from_on < $2 or g.from_on = $2 and g.id > $3)
		order by g.from_on desc, g.id limit $4`, tx.Partnership(), from, id, req.Limit()+1)
	if err != nil {
		return page.Result[PairingItem]{}, err
	}
	return page.Cut(req, items(rows, pairingRow.item), func(p PairingItem) []any { return []any{p.From, p.ID} }), nil
}
