package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// HospitalAccount is where a hospital is paid. The number is empty on reading; its
// last four characters stand beside it.
type HospitalAccount struct {
	ID       ident.ID
	Hospital ident.ID
	payout.Account
	Last4     string
	From      clock.Date
	State     payout.AccountState
	Maker     ident.ID
	Opinion   string
	CreatedAt time.Time
	Version   int64

	HospitalName           string
	MakerName, DeciderName string
}

type hospitalAccountRow struct {
	ID           ident.ID   `db:"id"`
	Hospital     ident.ID   `db:"hospital_id"`
	Holder       string     `db:"holder"`
	Bank         string     `db:"bank"`
	Last4        string     `db:"number_last4"`
	From         clock.Date `db:"from_on"`
	State        string     `db:"state"`
	Maker        ident.ID   `db:"created_by"`
	Opinion      string     `db:"opinion"`
	CreatedAt    time.Time  `db:"created_at"`
	Version      int64      `db:"version"`
	HospitalName string     `db:"hospital_name"`
	MakerName    string     `db:"maker_name"`
	DeciderName  string     `db:"decider_name"`
}

func (r hospitalAccountRow) account() HospitalAccount {
	return HospitalAccount{ID: r.ID, Hospital: r.Hospital, Account: payout.Account{Holder: r.Holder, Bank: r.Bank}, Last4: r.Last4, From: r.From,
		State: payout.AccountState(r.State), Maker: r.Maker, Opinion: r.Opinion, CreatedAt: r.CreatedAt.UTC(), Version: r.Version, HospitalName: r.HospitalName,
		MakerName: r.MakerName, DeciderName: r.DeciderName}
}

const selectHospitalAccount = `select k.id, k.hospital_id, k.holder, k.bank, k.number_last4, k.from_on, k.state, k.created_by, k.opinion, k.created_at, k.version,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = k.hospital_id) as hospital_name,
	coalesce((select u.display_name from account u where u.id = k.created_by), '') as maker_name,
	coalesce((select u.display_name from account u where u.id = k.decided_by), '') as decider_name from hospital_account k `

// The places of sealed numbers. A line keeps its own copy, so that the bank's file
// is the same whatever becomes of the account.
func hospitalAccountPlace(id ident.ID) seal.Place {
	return seal.Place{Table: "hospital_account", Column: "number_sealed", Row: id}
}

func payeeCardPlace(id ident.ID) seal.Place {
	return seal.Place{Table: "payee_card", Column: "number_sealed", Row: id}
}

func payLinePlace(id ident.ID) seal.Place {
	return seal.Place{Table: "pay_line", Column: "number_sealed", Row: id}
}

// InsertHospitalAccount stores an account that waits for its second person.
func (tx *Tx) InsertHospitalAccount(a HospitalAccount) error {
	sealed, err := tx.keys.SealString(a.Number, hospitalAccountPlace(a.ID))
	if err != nil {
		return err
	}
	_, err = tx.exec(`insert into hospital_account (partnership_id, id, hospital_id, holder, bank, number_sealed, number_last4, from_on, state, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, 'proposed', $9, $10)`, tx.Partnership(), a.ID, a.Hospital, a.Holder, a.Bank, sealed, last4(a.Number), a.From, tx.now,
		tx.who.AccountID)
	return err
}

// HospitalAccountByID reads one account.
func (tx *Tx) HospitalAccountByID(id ident.ID) (HospitalAccount, error) {
	var r hospitalAccountRow
	err := tx.get(&r, selectHospitalAccount+`where k.partnership_id = $1 and k.id = $2`, tx.Partnership(), id)
	return one(r.account(), err, "error.payout.account_missing")
}

// ListHospitalAccounts is a page of accounts, the latest first; with hospitals,
// theirs.
func (tx *Tx) ListHospitalAccounts(hospitals []ident.ID, req page.Request) (page.Result[HospitalAccount], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[HospitalAccount]{}, err
	}
	const after = ` and (k.created_at, k.id) < ($2, $3) order by k.created_at desc, k.id desc limit $4`
	query, args := selectHospitalAccount+`where k.partnership_id = $1`+after, []any{tx.Partnership(), at, id, req.Limit() + 1}
	if hospitals != nil {
		query = `select k.id, k.hospital_id, k.holder, k.bank, k.number_last4, k.from_on, k.state, k.created_by, k.opinion, k.created_at, k.version, k.hospital_name,
			k.maker_name, k.decider_name from unnest($5::uuid[]) w cross join lateral (` + selectHospitalAccount + `where k.partnership_id = $1 and k.hospital_id = w` + after + `) k
			order by k.created_at desc, k.id desc limit $4`
		args = append(args, idArray(hospitals))
	}
	var rows []hospitalAccountRow
	if err := tx.list(&rows, query, args...); err != nil {
		return page.Result[HospitalAccount]{}, err
	}
	return page.Cut(req, items(rows, hospitalAccountRow.account), func(a HospitalAccount) []any { return []any{a.CreatedAt, a.ID} }), nil
}

// DecideHospitalAccount stores the second person's word, under the version read.
func (tx *Tx) DecideHospitalAccount(a HospitalAccount) error {
	return tx.update(`update hospital_account set state = $4, opinion = $5, decided_by = $6, decided_at = $7, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), a.ID, a.Version, string(a.State), a.Opinion, tx.who.AccountID, tx.now)
}

// PayeeCard is the card of a treatment's reimbursement. The number is empty on
// reading.
type PayeeCard struct {
	ID        ident.ID
	Treatment ident.ID
	payout.Card
	Last4     string
	By        string
	CreatedAt time.Time
}

// CardOf is the card a treatment is reimbursed on, if one was entered.
func (tx *Tx) CardOf(treatment ident.ID) (PayeeCard, bool, error) {
	var rows []struct {
		ID        ident.ID  `db:"id"`
		Holder    string    `db:"holder"`
		Relation  string    `db:"relation"`
		Note      string    `db:"note"`
		Bank      string    `db:"bank"`
		Last4     string    `db:"number_last4"`
		By        string    `db:"by_name"`
		CreatedAt time.Time `db:"created_at"`
	}
	err := tx.list(&rows, `select k.id, k.holder, k.relation, k.note, k.bank, k.number_last4, k.created_at,
		coalesce((select u.display_name from account u where u.id = k.created_by), '') as by_name
		from payee_card k where k.partnership_id = $1 and k.treatment_id = $2 and k.live limit 1`, tx.Partnership(), treatment)
	if err != nil || len(rows) == 0 {
		return PayeeCard{}, false, err
	}
	r := rows[0]
	return PayeeCard{ID: r.ID, Treatment: treatment, Card: payout.Card{Account: payout.Account{Holder: r.Holder, Bank: r.Bank}, Relation: payout.Relation(r.Relation), Note: r.Note},
		Last4: r.Last4, By: r.By, CreatedAt: r.CreatedAt.UTC()}, true, nil
}

// ReplaceCard stores a card in place of the one before it, which is kept.
func (tx *Tx) ReplaceCard(c PayeeCard, t Treatment) error {
	if _, err := tx.exec(`update payee_card set live = false, version = version + 1 where partnership_id = $1 and treatment_id = $2 and live`, tx.Partnership(), t.ID); err != nil {
		return err
	}
	sealed, err := tx.keys.SealString(c.Number, payeeCardPlace(c.ID))
	if err != nil {
		return err
	}
	_, err = tx.exec(`insert into payee_card (partnership_id, id, treatment_id, hospital_id, visible_to, holder, relation, note, bank, number_sealed, number_last4, created_at, created_by)
		values ($1, $2, $3, $4, $5::uuid[], $6, $7, $8, $9, $10, $11, $12, $13)`, tx.Partnership(), c.ID, t.ID, t.Hospital, idArray([]ident.ID{t.Hospital}), c.Holder,
		string(c.Relation), c.Note, c.Bank, sealed, last4(c.Number), tx.now, tx.who.AccountID)
	return err
}

// Destination is where one payable is paid to, in plain, for the run that copies
// it.
type Destination struct {
	payout.Account
	Of ident.ID // the hospital, or the treatment of a patient
}

// Destinations opens where payables are to be paid: for each hospital its account
// in force today, for each reimbursed treatment its card.
func (tx *Tx) Destinations(list []Payable) (map[ident.ID]Destination, error) {
	var hospitals, treatments []ident.ID
	for _, p := range list {
		if p.Payee() == payout.Person {
			treatments = append(treatments, p.Treatment)
		} else {
			hospitals = append(hospitals, p.Hospital)
		}
	}
	var rows []struct {
		Of     ident.ID `db:"of_id"`
		ID     ident.ID `db:"id"`
		Holder string   `db:"holder"`
		Bank   string   `db:"bank"`
		Sealed []byte   `db:"number_sealed"`
		Card   bool     `db:"card"`
	}
	err := tx.list(&rows, `select w as of_id, k.id, k.holder, k.bank, k.number_sealed, false as card from unnest($2::uuid[]) w cross join lateral (
			select k.id, k.holder, k.bank, k.number_sealed from hospital_account k where k.partnership_id = $1 and k.hospital_id = w and k.state = 'approved' and k.from_on <= $4
			order by k.from_on desc, k.id desc limit 1) k
		union all select k.treatment_id, k.id, k.holder, k.bank, k.number_sealed, true from unnest($3::uuid[]) w
			join payee_card k on k.partnership_id = $1 and k.treatment_id = w and k.live`, tx.Partnership(), idArray(distinct(hospitals)), idArray(distinct(treatments)), tx.Today())
	if err != nil {
		return nil, err
	}
	out := map[ident.ID]Destination{}
	for _, r := range rows {
		place := hospitalAccountPlace(r.ID)
		if r.Card {
			place = payeeCardPlace(r.ID)
		}
		number, err := tx.keys.OpenString(r.Sealed, place)
		if err != nil {
			return nil, err
		}
		out[r.Of] = Destination{payout.Account{Holder: r.Holder, Bank: r.Bank, Number: number}, r.Of}
	}
	return out, nil
}
