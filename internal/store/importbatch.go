package store

import (
	"database/sql"
	"encoding/json"
	"time"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// BatchState is where an import stands.
type BatchState string

// The states of an import.
const (
	BatchPreviewed BatchState = "previewed" // read and checked, nothing stored
	BatchImported  BatchState = "imported"
	BatchReversed  BatchState = "reversed"
)

// Label is the message key of the state's name.
func (s BatchState) Label() string { return "exchange.state." + string(s) }

// Batch is one ledger that was handed in.
type Batch struct {
	ID        ident.ID
	File      string
	Address   []byte // of the content, in the sealed file store
	State     BatchState
	Totals    json.RawMessage // figures without personal data
	Mapping   json.RawMessage // corrections of this file's columns; empty: none
	CreatedAt time.Time
	CreatedBy ident.ID
	By        string // display name
	Reversed  time.Time
	Version   int
}

type batchRow struct {
	ID        ident.ID     `db:"id"`
	File      string       `db:"file_name"`
	Address   []byte       `db:"file_digest"`
	State     string       `db:"state"`
	Totals    string       `db:"totals"`
	Mapping   string       `db:"mapping"`
	CreatedAt time.Time    `db:"created_at"`
	CreatedBy ident.ID     `db:"created_by"`
	By        string       `db:"by_name"`
	Reversed  sql.NullTime `db:"reversed_at"`
	Version   int          `db:"version"`
}

func (r batchRow) batch() Batch {
	b := Batch{ID: r.ID, File: r.File, Address: r.Address, State: BatchState(r.State), Totals: json.RawMessage(r.Totals), CreatedAt: r.CreatedAt.UTC(),
		CreatedBy: r.CreatedBy, By: r.By, Reversed: r.Reversed.Time, Version: r.Version}
	if r.Mapping != "" {
		b.Mapping = json.RawMessage(r.Mapping)
	}
	return b
}

const selectBatch = `select b.id, b.file_name, b.file_digest, b.state, b.totals, b.mapping, b.created_at, b.created_by, b.reversed_at, b.version,
	coalesce((select a.display_name from account a where a.id = b.created_by), '') as by_name from import_batch b `

// InsertBatch adds a ledger that was handed in.
func (tx *Tx) InsertBatch(b Batch) error {
	_, err := tx.exec(`insert into import_batch (partnership_id, id, file_name, file_digest, state, totals, mapping, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, tx.Partnership(), b.ID, b.File, b.Address, string(b.State), string(b.Totals), string(b.Mapping),
		tx.now, tx.who.AccountID)
	return err
}

// BatchByID reads one import.
func (tx *Tx) BatchByID(id ident.ID) (Batch, error) {
	var r batchRow
	err := tx.get(&r, selectBatch+`where b.partnership_id = $1 and b.id = $2`, tx.Partnership(), id)
	return one(r.batch(), err, "error.import.missing")
}

// BatchForUpdate reads one import and holds it until the transaction ends.
func (tx *Tx) BatchForUpdate(id ident.ID) (Batch, error) {
	var r batchRow
	err := tx.get(&r, selectBatch+`where b.partnership_id = $1 and b.id = $2 for update of b`, tx.Partnership(), id)
	return one(r.batch(), err, "error.import.missing")
}

// ListBatches is a page of imports, the latest first.
func (tx *Tx) ListBatches(req page.Request) (page.Result[Batch], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[Batch]{}, err
	}
	var rows []batchRow
	err := tx.list(&rows, selectBatch+`where b.partnership_id = $1 and (b.created_at, b.id) < ($2, $3) order by b.created_at desc, b.id desc limit $4`,
		tx.Partnership(), at, id, req.Limit()+1)
	if err != nil {
		return page.Result[Batch]{}, err
	}
	return page.Cut(req, items(rows, batchRow.batch), func(b Batch) []any { return []any{b.CreatedAt, b.ID} }), nil
}

// SaveBatch stores state, figures and corrections under the version.
func (tx *Tx) SaveBatch(b Batch) error {
	var at any
	var by *ident.ID
	if b.State == BatchReversed {
		at, by = tx.now, &tx.who.AccountID
	}
	return tx.update(`update import_batch set state = $4, totals = $5, mapping = $6, reversed_at = $7, reversed_by = $8, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), b.ID, b.Version, string(b.State), string(b.Totals),
		string(b.Mapping), at, by)
}

// ImportRow remembers one operation of a ledger.
type ImportRow struct {
	Sheet     string
	Row       int
	Digest    []byte
	Treatment ident.ID
}

// ImportDigest is the keyed digest of what identifies an operation: the text
// holds personal data and is not kept.
func (tx *Tx) ImportDigest(key string) ([]byte, error) {
	return tx.keys.Digest(seal.Purpose("import"), key)
}

// KnownRows tells into which treatments the operations went that are in the system
// from an earlier import; nil where there is none. The answer is in the order of
// the digests.
func (tx *Tx) KnownRows(digests [][]byte) ([]ident.ID, error) {
	out := make([]ident.ID, len(digests))
	var rows []struct {
		N         int      `db:"n"`
		Treatment ident.ID `db:"treatment_id"`
	}
	err := tx.list(&rows, `select w.n, r.treatment_id from unnest($2::bytea[]) with ordinality as w(digest, n)
		join import_row r on r.partnership_id = $1 and r.digest = w.digest and r.live`, tx.Partnership(), pq.ByteaArray(digests))
	for _, r := range rows {
		out[r.N-1] = r.Treatment
	}
	return out, err
}

// TreatmentsForImport reads and holds the treatments a later ledger adds to.
func (tx *Tx) TreatmentsForImport(ids []ident.ID) (map[ident.ID]Treatment, error) {
	var rows []treatmentRow
	err := tx.list(&rows, `select `+treatmentColumns+` from unnest($2::uuid[]) w join treatment t on t.partnership_id = $1 and t.id = w`+joinTreatment+`
		where t.live order by t.id for update of t`, tx.Partnership(), idArray(distinct(ids)))
	out := make(map[ident.ID]Treatment, len(rows))
	for _, r := range rows {
		out[r.ID] = r.treatment()
	}
	return out, err
}

// RefreshOperated stores on treatments what follows from their operations after
// an import added some or took them back. It is derived and bumps no version:
// a ledger that is taken back leaves the earlier one as it was.
func (tx *Tx) RefreshOperated(ids []ident.ID) error {
	_, err := tx.exec(`update treatment t set operated_on = s.first, visiting = s.visiting
		from (select o.treatment_id, min(o.operated_on) as first, bool_or(o.lead_visiting) as visiting from unnest($2::uuid[]) w
			join procedure o on o.partnership_id = $1 and o.treatment_id = w where o.live group by o.treatment_id) s
		where t.partnership_id = $1 and t.id = s.treatment_id`, tx.Partnership(), idArray(distinct(ids)))
	return err
}

// WriteImportRows remembers the operations of a batch.
func (tx *Tx) WriteImportRows(batch ident.ID, rows []ImportRow) error {
	return tx.write(`insert into import_row (partnership_id, batch_id, sheet, row_no, digest, treatment_id, live) values `, `($1, $2, #, #, #, #, true)`,
		[]any{tx.Partnership(), batch}, len(rows), func(i int) ([]any, error) {
			r := rows[i]
			return []any{r.Sheet, r.Row, r.Digest, r.Treatment}, nil
		})
}

// Numbered is a document whose holder is looked for.
type Numbered struct {
	Kind   patient.DocumentKind
	Number string
}

// Holder is who holds a verified number.
type Holder struct {
	Person ident.ID
	Name   string
	SeenBy []ident.ID
}

// HoldersOf finds the people who hold verified numbers; numbers nobody holds
// are not in the answer.
func (tx *Tx) HoldersOf(numbers []Numbered) (map[Numbered]Holder, error) {
	kinds, sums := make([]string, len(numbers)), make(pq.ByteaArray, len(numbers))
	for i, n := range numbers {
		sum, err := tx.documentDigest(n.Kind, n.Number)
		if err != nil {
			return nil, err
		}
		kinds[i], sums[i] = string(n.Kind), sum
	}
	var rows []struct {
		N      int            `db:"n"`
		Person ident.ID       `db:"person_id"`
		Name   string         `db:"name"`
		Seen   pq.StringArray `db:"visible_to"`
	}
	err := tx.list(&rows, `select w.n, d.person_id, p.name, p.visible_to::text[] as visible_to
		from unnest($2::text[], $3::bytea[]) with ordinality as w(kind, digest, n)
		join person_document d on d.partnership_id = $1 and d.kind = w.kind and d.digest = w.digest and d.verified
		join person p on p.partnership_id = $1 and p.id = d.person_id`, tx.Partnership(), textArray(kinds), sums)
	out := make(map[Numbered]Holder, len(rows))
	for _, r := range rows {
		h := Holder{Person: r.Person, Name: r.Name}
		if h.SeenBy, err = parseIDs(r.Seen); err != nil {
			return nil, err
		}
		out[numbers[r.N-1]] = h
	}
	return out, err
}

func parseIDs(texts []string) ([]ident.ID, error) {
	out := make([]ident.ID, len(texts))
	for i, t := range texts {
		id, err := ident.Parse(t)
		if err != nil {
			return nil, err
		}
		out[i] = id
	}
	return out, nil
}

// PersonPlace is a person at a hospital.
type PersonPlace struct{ Person, Hospital ident.ID }

// LinkPeople makes people visible to hospitals that a ledger names for them. It
// is the definer function of the narrow lookup, for many at once.
func (tx *Tx) LinkPeople(numbers []Numbered, hospitals []ident.ID) error {
	kinds, sums := make([]string, len(numbers)), make(pq.ByteaArray, len(numbers))
	for i, n := range numbers {
		sum, err := tx.documentDigest(n.Kind, n.Number)
		if err != nil {
			return err
		}
		kinds[i], sums[i] = string(n.Kind), sum
	}
	_, err := tx.exec(`select person_link(w.kind, w.digest, w.hospital) from unnest($1::text[], $2::bytea[], $3::uuid[]) as w(kind, digest, hospital)`,
		textArray(kinds), sums, idArray(hospitals))
	return err
}

// Registered tells which of the pairs have a registration, and revives those
// that an earlier reversal withdrew, as rows of the batch.
func (tx *Tx) Registered(pairs []PersonPlace, batch ident.ID) (map[PersonPlace]bool, error) {
	people, places := make([]ident.ID, len(pairs)), make([]ident.ID, len(pairs))
	for i, p := range pairs {
		people[i], places[i] = p.Person, p.Hospital
	}
	var rows []struct {
		Person   ident.ID `db:"person_id"`
		Hospital ident.ID `db:"hospital_id"`
	}
	err := tx.list(&rows, `select r.person_id, r.hospital_id from unnest($2::uuid[], $3::uuid[]) as w(person, hospital)
		join registration r on r.partnership_id = $1 and r.hospital_id = w.hospital and r.person_id = w.person`,
		tx.Partnership(), idArray(people), idArray(places))
	if err != nil {
		return nil, err
	}
	out := make(map[PersonPlace]bool, len(rows))
	for _, r := range rows {
		out[PersonPlace{r.Person, r.Hospital}] = true
	}
	_, err = tx.exec(`update registration r set live = true, batch_id = $4, version = r.version + 1
		from unnest($2::uuid[], $3::uuid[]) as w(person, hospital)
		where r.partnership_id = $1 and r.hospital_id = w.hospital and r.person_id = w.person and not r.live`,
		tx.Partnership(), idArray(people), idArray(places), batch)
	return out, err
}

// RecordedFor lists the operations on record of several people, for the rules
// that compare.
func (tx *Tx) RecordedFor(people []ident.ID) (map[ident.ID][]procedure.Recorded, error) {
	var rows []struct {
		Person ident.ID   `db:"person_id"`
		ID     ident.ID   `db:"id"`
		Kind   string     `db:"kind"`
		Side   string     `db:"side"`
		On     clock.Date `db:"operated_on"`
	}
	err := tx.list(&rows, `select o.person_id, o.id, o.kind, o.side, o.operated_on from unnest($2::uuid[]) as w(person)
		join procedure o on o.partnership_id = $1 and o.person_id = w.person where o.live`, tx.Partnership(), idArray(people))
	out := map[ident.ID][]procedure.Recorded{}
	for _, r := range rows {
		out[r.Person] = append(out[r.Person], procedure.Recorded{ID: r.ID, Kind: procedure.Kind(r.Kind), Side: procedure.Side(r.Side), OperatedOn: r.On})
	}
	return out, err
}

// Taken is a treatment of a batch, as far as a reversal has to know it.
type Taken struct {
	ID       ident.ID   `db:"id"`
	Case     ident.ID   `db:"case_id"`
	Person   ident.ID   `db:"person_id"`
	Hospital ident.ID   `db:"hospital_id"`
	Home     ident.ID   `db:"home_hospital_id"`
	State    string     `db:"state"`
	Path     string     `db:"path"`
	CaseNo   string     `db:"case_no"`
	Sheet    string     `db:"sheet"`
	Row      int        `db:"row_no"`
	On       clock.Date `db:"operated_on"`
	Later    bool       `db:"later"` // somebody has worked on it since
}

// Place is where the treatment stands.
func (t Taken) Place() treatment.Place {
	return treatment.Place{State: treatment.State(t.State), Path: treatment.Path(t.Path)}
}

// TakenBy lists the live treatments of a batch. Later work is whatever somebody
// did to the treatment, its case or its settlement: a changed row, another
// treatment in the case, an operation, approval, attachment, settlement or
// follow-up that the batch did not bring, a case opened again.
func (tx *Tx) TakenBy(batch ident.ID) ([]Taken, error) {
	var rows []Taken
	err := tx.list(&rows, `select t.id, t.case_id, t.person_id, t.hospital_id, c.home_hospital_id, t.state, t.path, c.case_no, t.operated_on,
		coalesce(r.sheet, '') as sheet, coalesce(r.row_no, 0) as row_no,
		t.version > 1 or c.version > 1 or c.closed_on is null
			or exists (select 1 from treatment x where x.partnership_id = $1 and x.case_id = t.case_id and x.live and x.batch_id is distinct from t.batch_id)
			or exists (select 1 from procedure o where o.partnership_id = $1 and o.treatment_id = t.id and o.live
				and (o.version > 1 or o.batch_id is distinct from t.batch_id))
			or exists (select 1 from settlement s where s.partnership_id = $1 and s.treatment_id = t.id
				and (s.version > 1 or s.batch_id is distinct from t.batch_id))
			or exists (select 1 from followup_contact k where k.partnership_id = $1 and k.treatment_id = t.id and k.live)
			or exists (select 1 from approval a where a.partnership_id = $1 and a.treatment_id = t.id)
			or exists (select 1 from referral f where f.partnership_id = $1 and f.case_id = t.case_id)
			or exists (select 1 from attachment a where a.partnership_id = $1 and a.owner_kind = 'treatment' and a.owner_id = t.id)
			or exists (select 1 from attachment a where a.partnership_id = $1 and a.owner_kind = 'casefile' and a.owner_id = t.case_id) as later
		from treatment t join casefile c on c.partnership_id = t.partnership_id and c.id = t.case_id
		left join lateral (select x.sheet, x.row_no from import_row x where x.partnership_id = $1 and x.batch_id = $2 and x.treatment_id = t.id
			order by x.row_no limit 1) r on true
		where t.partnership_id = $1 and t.batch_id = $2 and t.live order by r.sheet, r.row_no, t.id`, tx.Partnership(), batch)
	return rows, err
}

// AddedBy lists what a batch added to treatments of earlier ones: one line per
// operation, later when somebody has changed it since.
func (tx *Tx) AddedBy(batch ident.ID) ([]Taken, error) {
	var rows []Taken
	err := tx.list(&rows, `select t.id, t.case_id, t.person_id, t.hospital_id, c.home_hospital_id, t.state, t.path, c.case_no, o.operated_on,
		coalesce(r.sheet, '') as sheet, coalesce(r.row_no, 0) as row_no, o.version > 1
			or exists (select 1 from followup_contact k where k.partnership_id = $1 and k.procedure_id = o.id and k.live) as later
		from procedure o join treatment t on t.partnership_id = o.partnership_id and t.id = o.treatment_id and t.batch_id is distinct from o.batch_id
		join casefile c on c.partnership_id = t.partnership_id and c.id = t.case_id
		left join lateral (select x.sheet, x.row_no from import_row x where x.partnership_id = $1 and x.batch_id = $2 and x.treatment_id = t.id
			order by x.row_no limit 1) r on true
		where o.partnership_id = $1 and o.batch_id = $2 and o.live order by r.sheet, r.row_no, o.id`, tx.Partnership(), batch)
	return rows, err
}

// TakeBack withdraws the operations a batch added to treatments of earlier ones
// and that nobody has changed; the treatments stay.
func (tx *Tx) TakeBack(batch ident.ID, gone []Taken, events []BulkEvent) error {
	ids := items(gone, func(t Taken) ident.ID { return t.ID })
	for _, query := range []string{
		`update procedure o set live = false, version = o.version + 1 from unnest($3::uuid[]) w
			where o.partnership_id = $1 and o.treatment_id = w and o.batch_id = $2 and o.live and o.version = 1`,
		followUpsGone,
		`update import_row r set live = false from unnest($3::uuid[]) w where r.partnership_id = $1 and r.batch_id = $2 and r.treatment_id = w`,
	} {
		if _, err := tx.exec(query, tx.Partnership(), batch, idArray(distinct(ids))); err != nil {
			return err
		}
	}
	if err := tx.RefreshOperated(ids); err != nil {
		return err
	}
	return tx.writeEvents(&Bulk{Events: events})
}

// PostedBy lists the standing transfers of a batch that belong to treatments,
// in the order they were posted, with the treatment each belongs to.
func (tx *Tx) PostedBy(batch ident.ID) ([]Posting, error) {
	var rows []struct {
		ID        ident.ID   `db:"id"`
		Fund      ident.ID   `db:"fund_id"`
		Kind      string     `db:"kind"`
		Treatment ident.ID   `db:"treatment_id"`
		On        clock.Date `db:"effective_on"`
		Account   ident.ID   `db:"account_id"`
		Amount    int64      `db:"amount_fen"`
	}
	err := tx.list(&rows, `select t.id, t.fund_id, t.kind, t.treatment_id, t.effective_on, e.account_id, e.amount_fen
		from ledger_transfer t join ledger_entry e on e.partnership_id = t.partnership_id and e.transfer_id = t.id
		where t.partnership_id = $1 and t.batch_id = $2 and t.kind <> 'reversal'
			and not exists (select 1 from ledger_transfer m where m.partnership_id = $1 and m.reverses_id = t.id)
		order by t.id, e.account_id`, tx.Partnership(), batch)
	var out []Posting
	for _, r := range rows {
		if n := len(out); n == 0 || out[n-1].ID != r.ID {
			out = append(out, Posting{Transfer: fund.Transfer{ID: r.ID, Kind: fund.Kind(r.Kind), EffectiveOn: r.On}, Fund: r.Fund, Treatment: r.Treatment, Batch: batch})
		}
		last := &out[len(out)-1]
		last.Entries = append(last.Entries, fund.Entry{AccountID: r.Account, Amount: fen(r.Amount)})
	}
	return out, err
}

// PostMany posts transfers on books that are there, one after another by the
// domain's rules, and moves each account once, in the order of the ids.
func (tx *Tx) PostMany(list []BulkTransfer) error {
	if len(list) == 0 {
		return nil
	}
	funds := items(list, func(t BulkTransfer) ident.ID { return t.Fund })
	books, err := tx.Books(funds...)
	if err != nil {
		return err
	}
	balances := map[ident.ID]fund.Entry{}
	for _, b := range books {
		for kind, held := range map[fund.Account]int64{fund.Source: int64(b.Balances.Source), fund.Available: int64(b.Balances.Available),
			fund.Reserved: int64(b.Balances.Reserved), fund.Committed: int64(b.Balances.Committed), fund.Paid: int64(b.Balances.Paid)} {
			balances[b.Accounts.ID(kind)] = fund.Entry{AccountID: b.Accounts.ID(kind), Amount: fen(held)}
		}
	}
	var entries []posted
	moved := map[ident.ID]int64{}
	for i, t := range list {
		if books[t.Fund], err = books[t.Fund].Apply(t.Transfer); err != nil {
			return err
		}
		for _, e := range t.Entries {
			now := balances[e.AccountID]
			now.Amount += e.Amount
			balances[e.AccountID] = now
			moved[e.AccountID] += int64(e.Amount)
			entries = append(entries, posted{i, e, now.Amount})
		}
	}
	var accounts []ident.ID
	var amounts pq.Int64Array
	for id, by := range moved {
		accounts, amounts = append(accounts, id), append(amounts, by)
	}
	if _, err := tx.exec(`update ledger_account l set balance_fen = l.balance_fen + w.moved, version = l.version + 1
		from unnest($2::uuid[], $3::bigint[]) as w(id, moved) where l.partnership_id = $1 and l.id = w.id`,
		tx.Partnership(), idArray(accounts), amounts); err != nil {
		return err
	}
	if err := tx.writeTransfers(list); err != nil {
		return err
	}
	return tx.writeEntries(list, entries)
}

// followUpsGone takes the appointments of withdrawn operations off every list.
const followUpsGone = `update followup f set live = false, version = f.version + 1 from unnest($3::uuid[]) w join procedure o on o.partnership_id = $1 and o.treatment_id = w
	where f.partnership_id = $1 and f.procedure_id = o.id and o.batch_id = $2 and not o.live and f.live`

// Withdraw takes treatments of a batch out of every list and figure, with their
// operations, settlements and import rows, and with the cases and registrations
// of the batch that nothing else needs. Nothing is deleted. Stayed are the
// treatments of the batch that remain.
func (tx *Tx) Withdraw(batch ident.ID, gone, stayed []Taken, events []BulkEvent) error {
	ids := idArray(items(gone, func(t Taken) ident.ID { return t.ID }))
	keep := map[ident.ID]bool{}
	for _, t := range stayed {
		keep[t.Case] = true
	}
	var cases []ident.ID
	for _, t := range gone {
		if !keep[t.Case] {
			cases = append(cases, t.Case)
		}
	}
	for _, step := range []struct {
		query string
		ids   []string
	}{
		{`update treatment t set live = false, state = 'cancelled', version = t.version + 1 from unnest($3::uuid[]) w
			where t.partnership_id = $1 and t.id = w and t.batch_id = $2`, ids},
		{`update procedure o set live = false, version = o.version + 1 from unnest($3::uuid[]) w
			where o.partnership_id = $1 and o.treatment_id = w and o.batch_id = $2`, ids},
		{followUpsGone, ids},
		{`update settlement s set state = 'reversed', version = s.version + 1 from unnest($3::uuid[]) w
			where s.partnership_id = $1 and s.treatment_id = w and s.batch_id = $2`, ids},
		{`update import_row r set live = false from unnest($3::uuid[]) w where r.partnership_id = $1 and r.batch_id = $2 and r.treatment_id = w`, ids},
		{`update casefile c set live = false, version = c.version + 1 from unnest($3::uuid[]) w
			where c.partnership_id = $1 and c.id = w and c.batch_id = $2`, idArray(distinct(cases))},
	} {
		if _, err := tx.exec(step.query, tx.Partnership(), batch, pq.StringArray(step.ids)); err != nil {
			return err
		}
	}
	if err := tx.withdrawRegistrations(batch, gone); err != nil {
		return err
	}
	return tx.writeEvents(&Bulk{Events: events})
}

// withdrawRegistrations withdraws those of the batch where the person has no
// other treatment and no case any more. Which ones that are is found by a plain
// join: asked as NOT EXISTS the planner compares every row with every other.
func (tx *Tx) withdrawRegistrations(batch ident.ID, gone []Taken) error {
	people := distinct(items(gone, func(t Taken) ident.ID { return t.Person }))
	var needed []struct {
		Person   ident.ID `db:"person_id"`
		Hospital ident.ID `db:"hospital_id"`
	}
	err := tx.list(&needed, `select c.person_id, x.hospital_id from unnest($2::uuid[]) w
			join casefile c on c.partnership_id = $1 and c.person_id = w
			join treatment x on x.partnership_id = $1 and x.case_id = c.id where x.live
		union select c.person_id, c.home_hospital_id from unnest($2::uuid[]) w
			join casefile c on c.partnership_id = $1 and c.person_id = w where c.live`, tx.Partnership(), idArray(people))
	if err != nil {
		return err
	}
	done := map[PersonPlace]bool{}
	for _, n := range needed {
		done[PersonPlace{n.Person, n.Hospital}] = true
	}
	var persons, hospitals []ident.ID
	for _, t := range gone {
		if at := (PersonPlace{t.Person, t.Hospital}); !done[at] {
			done[at] = true
			persons, hospitals = append(persons, t.Person), append(hospitals, t.Hospital)
		}
	}
	var out []ident.ID
	err = tx.list(&out, `update registration r set live = false, version = r.version + 1 from unnest($3::uuid[], $4::uuid[]) as w(person, hospital)
		where r.partnership_id = $1 and r.hospital_id = w.hospital and r.person_id = w.person and r.batch_id = $2 and r.live returning r.id`,
		tx.Partnership(), batch, idArray(persons), idArray(hospitals))
	if err != nil {
		return err
	}
	// A search reads so many terms and no more: those of nobody would stand before
	// those of somebody.
	_, err = tx.exec(`delete from registration_term t using unnest($2::uuid[]) w where t.partnership_id = $1 and t.registration_id = w`, tx.Partnership(), idArray(out))
	return err
}

// CloseBatchFunds closes the funds of a batch that hold nothing any more.
func (tx *Tx) CloseBatchFunds(batch ident.ID) error {
	_, err := tx.exec(`update fund f set closed_on = $3, version = f.version + 1 where f.partnership_id = $1 and f.batch_id = $2 and f.closed_on is null
		and not exists (select 1 from ledger_account l where l.partnership_id = $1 and l.fund_id = f.id and l.balance_fen <> 0)`,
		tx.Partnership(), batch, tx.Today())
	return err
}

// errBatchState refuses a step the import is not ready for.
func errBatchState(rule, key string) error { return errs.Refuse(rule, key, nil, "refusal.next.reload") }

// MustBe refuses a step that needs another state.
func (b Batch) MustBe(state BatchState) error {
	if b.State == state {
		return nil
	}
	return errBatchState("import.state", "error.import.not_"+string(state))
}
