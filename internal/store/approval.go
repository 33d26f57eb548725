package store

import (
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
)

// Approval is a request for a reduction as it is stored. Names are empty where
// the person is not visible (a fund's steward).
type Approval struct {
	ID        ident.ID
	Treatment ident.ID
	Case      ident.ID
	Hospital  ident.ID
	State     fund.ApprovalState

	Bill       money.Fen // estimated
	Insurance  money.Fen // the three public layers together
	Critical   money.Fen // of it: critical-illness insurance
	Assistance money.Fen // of it: medical assistance
	Waiver     money.Fen // what the hospital itself lets off
	Requested  money.Fen // from the funds
	Approved   money.Fen

	Reason      string
	RequestedBy ident.ID
	RequestedAt time.Time
	DecidedBy   ident.ID
	DecidedAt   time.Time
	Opinion     string
	Version     int64

	Digest      string     // of the facts that were signed; empty: nobody signed yet
	SignedOn    clock.Date // findings up to this day are bound
	Lapse       fund.Lapse
	LapsedAt    time.Time
	LapsedFacts []fund.Bound

	Publication notice.Publication // the patient's answer to being named in a public notice
	Eye         procedure.Side     // of a cataract reduction

	Requester, Decider string // display names
	CaseNo             string
	Programme          procedure.Programme
	Plan               string
	Path               treatment.Path
	PersonName         string
	Sex                patient.Sex
	Birth              clock.Date
	HospitalName       string
}

// Basic is the first layer of the estimate.
func (a Approval) Basic() money.Fen { return a.Insurance - a.Critical - a.Assistance }

// ApprovalLine is what one fund is asked for, and what became of it.
type ApprovalLine struct {
	Fund     ident.ID
	FundName string
	Amount   money.Fen
	Transfer ident.ID       // the transfer that reserved or paid it
	Hold     fund.HoldState // empty: nothing was held yet
	Kind     fund.Kind      // of the transfer, from the ledger
}

// Voucher is the number of the transfer that reserved or paid the line; empty where
// none did.
func (l ApprovalLine) Voucher() string {
	if l.Transfer == ident.Nil {
		return ""
	}
	return fund.VoucherNo(l.Kind, l.Transfer)
}

// Holding is the line as the domain knows it.
func (l ApprovalLine) Holding() fund.Hold {
	return fund.Hold{ID: l.Transfer, Amount: l.Amount, State: l.Hold}
}

type approvalRow struct {
	ID          ident.ID   `db:"id"`
	Treatment   ident.ID   `db:"treatment_id"`
	Case        ident.ID   `db:"case_id"`
	Hospital    ident.ID   `db:"hospital_id"`
	State       string     `db:"state"`
	Bill        money.Fen  `db:"bill_fen"`
	Insurance   money.Fen  `db:"insurance_fen"`
	Critical    money.Fen  `db:"critical_fen"`
	Assistance  money.Fen  `db:"assistance_fen"`
	Waiver      money.Fen  `db:"waiver_fen"`
	Requested   money.Fen  `db:"requested_fen"`
	Approved    money.Fen  `db:"approved_fen"`
	Reason      string     `db:"reason"`
	RequestedBy ident.ID   `db:"requested_by"`
	RequestedAt time.Time  `db:"requested_at"`
	DecidedBy   ident.ID   `db:"decided_by"` // NULL reads as nil
	DecidedAt   *time.Time `db:"decided_at"`
	Opinion     string     `db:"opinion"`
	Version     int64      `db:"version"`

	Digest      string         `db:"digest"`
	SignedOn    clock.Date     `db:"signed_on"`
	Lapse       string         `db:"lapse"`
	LapsedAt    *time.Time     `db:"lapsed_at"`
	LapsedFacts pq.StringArray `db:"lapsed_facts"`
	Publication string         `db:"publication"`
	Eye         string         `db:"eye"`

	Requester    string     `db:"requester_name"`
	Decider      string     `db:"decider_name"`
	CaseNo       string     `db:"case_no"`
	Programme    string     `db:"programme"`
	Plan         string     `db:"plan"`
	Path         string     `db:"path"`
	Name         string     `db:"person_name"`
	Sex          string     `db:"sex"`
	Birth        clock.Date `db:"birth_on"`
	HospitalName string     `db:"hospital_name"`
}

func (r approvalRow) approval() Approval {
	a := Approval{ID: r.ID, Treatment: r.Treatment, Case: r.Case, Hospital: r.Hospital, State: fund.ApprovalState(r.State), Bill: r.Bill,
		Insurance: r.Insurance, Critical: r.Critical, Assistance: r.Assistance, Waiver: r.Waiver, Requested: r.Requested, Approved: r.Approved,
		Reason: r.Reason, RequestedBy: r.RequestedBy, RequestedAt: r.RequestedAt.UTC(), DecidedBy: r.DecidedBy, Opinion: r.Opinion, Version: r.Version,
		Requester: r.Requester, Decider: r.Decider, CaseNo: r.CaseNo, Programme: procedure.Programme(r.Programme), Plan: r.Plan,
		Path: treatment.Path(r.Path), PersonName: r.Name, Sex: patient.Sex(r.Sex), Birth: r.Birth, HospitalName: r.HospitalName}
	a.Digest, a.SignedOn, a.Lapse = r.Digest, r.SignedOn, fund.Lapse(r.Lapse)
	a.Publication, a.Eye = notice.Publication(r.Publication), procedure.Side(r.Eye)
	if r.DecidedAt != nil {
		a.DecidedAt = r.DecidedAt.UTC()
	}
	if r.LapsedAt != nil {
		a.LapsedAt = r.LapsedAt.UTC()
	}
	for _, f := range r.LapsedFacts {
		a.LapsedFacts = append(a.LapsedFacts, fund.Bound(f))
	}
	return a
}

const approvalColumns = `a.id, a.treatment_id, a.case_id, a.hospital_id, a.state, a.bill_fen, a.insurance_fen, a.critical_fen, a.assistance_fen, a.waiver_fen,
	a.requested_fen, a.approved_fen, a.reason, a.requested_by, a.requested_at, a.decided_by, a.decided_at, a.opinion, a.version, a.digest, a.signed_on, a.lapse, a.lapsed_at, a.lapsed_facts, a.publication, a.eye,
	coalesce((select u.display_name from account u where u.id = a.requested_by), '') as requester_name,
	coalesce((select u.display_name from account u where u.id = a.decided_by), '') as decider_name,
	coalesce(c.case_no, '') as case_no, coalesce(t.programme, '') as programme, coalesce(t.plan, '') as plan, coalesce(t.path, '') as path,
	coalesce(p.name, '') as person_name, coalesce(p.sex, '') as sex, p.birth_on,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = a.hospital_id) as hospital_name`

const joinApproval = ` left join treatment t on t.partnership_id = a.partnership_id and t.id = a.treatment_id
	left join casefile c on c.partnership_id = a.partnership_id and c.id = a.case_id
	left join person p on p.partnership_id = a.partnership_id and p.id = c.person_id `

// ApprovalByID reads one request the transaction may see.
func (tx *Tx) ApprovalByID(id ident.ID) (Approval, error) {
	var r approvalRow
	err := tx.get(&r, `select `+approvalColumns+` from approval a`+joinApproval+`where a.partnership_id = $1 and a.id = $2`+seen("a"), tx.Partnership(), id)
	return one(r.approval(), err, "error.approval.missing")
}

// ApprovalsOf lists the requests of a treatment, the first one first.
func (tx *Tx) ApprovalsOf(treatment ident.ID) ([]Approval, error) {
	var rows []approvalRow
	err := tx.list(&rows, `select `+approvalColumns+` from approval a`+joinApproval+`where a.partnership_id = $1 and a.treatment_id = $2`+seen("a")+`
		order by a.requested_at, a.id limit 200`, tx.Partnership(), treatment)
	return items(rows, approvalRow.approval), err
}

// LiveApproval is the request that binds a treatment, if there is one.
func (tx *Tx) LiveApproval(treatment ident.ID) (Approval, bool, error) {
	all, err := tx.ApprovalsOf(treatment)
	i := slices.IndexFunc(all, func(a Approval) bool { return a.State.Live() })
	if err != nil || i < 0 {
		return Approval{}, false, err
	}
	return all[i], true, nil
}

// ApprovalLines lists what each fund is asked for.
func (tx *Tx) ApprovalLines(approval ident.ID) ([]ApprovalLine, error) {
	var rows []struct {
		Fund     ident.ID  `db:"fund_id"`
		Name     string    `db:"name"`
		Amount   money.Fen `db:"amount_fen"`
		Transfer ident.ID  `db:"reserve_transfer_id"`
		Hold     string    `db:"hold"`
		Kind     string    `db:"kind"`
	}
	err := tx.list(&rows, `select l.fund_id, f.name, l.amount_fen, l.reserve_transfer_id, l.hold, coalesce(t.kind, '') as kind from approval_line l
		join fund f on f.partnership_id = l.partnership_id and f.id = l.fund_id
		left join ledger_transfer t on t.partnership_id = l.partnership_id and t.id = l.reserve_transfer_id where l.partnership_id = $1 and l.approval_id = $2 order by l.fund_id`,
		tx.Partnership(), approval)
	out := make([]ApprovalLine, len(rows))
	for i, r := range rows {
		out[i] = ApprovalLine{Fund: r.Fund, FundName: r.Name, Amount: r.Amount, Transfer: r.Transfer, Hold: fund.HoldState(r.Hold), Kind: fund.Kind(r.Kind)}
	}
	return out, err
}

// InsertApproval writes a request with its lines. Who sees it follows the
// treatment; the funds join when they reserve.
func (tx *Tx) InsertApproval(a Approval, t Treatment, lines []ApprovalLine) error {
	seen := idArray(t.SeenBy())
	_, err := tx.exec(`insert into approval (partnership_id, id, treatment_id, case_id, hospital_id, visible_to, state, bill_fen, insurance_fen, critical_fen,
		assistance_fen, waiver_fen, requested_fen, reason, requested_by, requested_at, publication, eye)
		values ($1, $2, $3, $4, $5, $6::uuid[], $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`, tx.Partnership(), a.ID, t.ID, t.Case, t.Hospital, seen,
		string(a.State), a.Bill, a.Insurance, a.Critical, a.Assistance, a.Waiver, a.Requested, a.Reason, a.RequestedBy, tx.now, string(a.Publication), string(a.Eye))
	if err != nil {
		return err
	}
	query, args := `insert into approval_line (partnership_id, approval_id, fund_id, hospital_id, visible_to, amount_fen, asked_fen) values `,
		[]any{tx.Partnership(), a.ID, t.Hospital, seen}
	for i, l := range lines {
		if i > 0 {
			query += `, `
		}
		query += `($1, $2, $` + placeholder(len(args)+1) + `, $3, $4::uuid[], $` + placeholder(len(args)+2) + `, $` + placeholder(len(args)+2) + `)`
		args = append(args, l.Fund, l.Amount)
	}
	return tx.once(query, args...)
}

// DecideApproval stores a decision under the version that was read.
func (tx *Tx) DecideApproval(a Approval) error {
	return tx.update(`update approval set state = $4, approved_fen = $5, decided_by = $6, decided_at = $7, opinion = $8, digest = $9, signed_on = $10, lapse = $11,
		version = version + 1 where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), a.ID, a.Version, string(a.State), a.Approved, nullID(a.DecidedBy),
		tx.now, a.Opinion, a.Digest, a.SignedOn, string(a.Lapse))
}

// TouchApproval marks that a request was signed and waits for another signature.
func (tx *Tx) TouchApproval(a Approval) error {
	return tx.update(`update approval set lapse = $4, version = version + 1 where partnership_id = $1 and id = $2 and version = $3`,
		tx.Partnership(), a.ID, a.Version, string(a.Lapse))
}

// SetHold stores what a line's fund holds now.
func (tx *Tx) SetHold(approval ident.ID, l ApprovalLine) error {
	_, err := tx.exec(`update approval_line set amount_fen = $4, reserve_transfer_id = $5, hold = $6 where partnership_id = $1 and approval_id = $2 and fund_id = $3`,
		tx.Partnership(), approval, l.Fund, l.Amount, nullID(l.Transfer), string(l.Hold))
	return err
}

// RegisteredBy are the accounts that registered the person at the hospital and
// opened the treatment: neither of them decides about its money.
func (tx *Tx) RegisteredBy(t Treatment) ([]ident.ID, error) {
	var ids []ident.ID
	err := tx.list(&ids, `select r.created_by from registration r where r.partnership_id = $1 and r.person_id = $2 and r.hospital_id = $3`,
		tx.Partnership(), t.Person, t.Hospital)
	return append(ids, t.CreatedBy), err
}

// ReleaseTreatment gives back whatever funds still hold for a treatment and ends
// its live request: a request not yet decided is withdrawn, an approved one
// revoked. It reports what was given back. A treatment that ends before its
// settlement, or goes on without a reduction, calls it in the same transaction,
// after the treatment was locked.
func (tx *Tx) ReleaseTreatment(t Treatment, note string) (money.Fen, error) {
	a, live, err := tx.LiveApproval(t.ID)
	if err != nil || !live {
		return 0, err
	}
	var released money.Fen
	if a.State == fund.ApprovalApproved {
		if released, err = tx.ReleaseApproval(a, note); err != nil {
			return 0, err
		}
		a.State = fund.ApprovalRevoked
	} else {
		a.State = fund.ApprovalWithdrawn
	}
	_, err = tx.exec(`update approval set state = $3, version = version + 1 where partnership_id = $1 and id = $2`, tx.Partnership(), a.ID, string(a.State))
	return released, err
}

// ReleaseApproval gives back every open hold of an approval.
func (tx *Tx) ReleaseApproval(a Approval, note string) (money.Fen, error) {
	lines, err := tx.ApprovalLines(a.ID)
	if err != nil {
		return 0, err
	}
	open := slices.DeleteFunc(lines, func(l ApprovalLine) bool { return l.Hold != fund.HoldOpen })
	if len(open) == 0 {
		return 0, nil
	}
	books, err := tx.Books(items(open, func(l ApprovalLine) ident.ID { return l.Fund })...)
	if err != nil {
		return 0, err
	}
	var sum money.Fen
	for _, l := range open {
		transfer, hold, err := books[l.Fund].Release(fund.Stamp{ID: ident.New(), On: tx.Today()}, l.Holding())
		if err != nil {
			return 0, err
		}
		if err := tx.PostForCase(Posting{Transfer: transfer, Fund: l.Fund, Treatment: a.Treatment, Approval: a.ID, Note: note}, false); err != nil {
			return 0, err
		}
		l.Hold = hold.State
		if err := tx.SetHold(a.ID, l); err != nil {
			return 0, err
		}
		sum += l.Amount
	}
	return sum, nil
}

// ApprovalFilter narrows the queue.
type ApprovalFilter struct {
	Hospitals []ident.ID // nil is everything the scope shows
	State     fund.ApprovalState
}

// ListLapsed is a page of approvals of patients in care a person has to decide
// about, because a fact they rest on changed; the longest waiting first.
func (tx *Tx) ListLapsed(hospitals []ident.ID, req page.Request) (page.Result[Approval], error) {
	at, id := time.Unix(0, 0).UTC(), ident.Nil
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[Approval]{}, err
	}
	const waiting, order = `a.lapse = 'open' and a.state = 'approved' and (a.lapsed_at, a.id) > ($2, $3)`, ` order by a.lapsed_at, a.id limit $4`
	args := []any{tx.Partnership(), at, id, req.Limit() + 1}
	query := `select ` + approvalColumns + ` from approval a` + joinApproval + `where a.partnership_id = $1 and ` + waiting + order
	if hospitals != nil {
		query = `select ` + approvalColumns + ` from unnest($5::uuid[]) h cross join lateral (select a.* from approval a where a.partnership_id = $1
			and a.hospital_id = h and ` + waiting + order + `) a` + joinOuterApproval + order
		args = append(args, idArray(hospitals))
	}
	var rows []approvalRow
	if err := tx.list(&rows, query, args...); err != nil {
		return page.Result[Approval]{}, err
	}
	return page.Cut(req, items(rows, approvalRow.approval), func(a Approval) []any { return []any{a.LapsedAt, a.ID} }), nil
}

// ListApprovals is a page of requests in one state, the longest waiting first;
// decided ones the latest asked first.
func (tx *Tx) ListApprovals(f ApprovalFilter, req page.Request) (page.Result[Approval], error) {
	at, id := time.Unix(0, 0).UTC(), ident.Nil
	after, order := `(a.requested_at, a.id) > ($3, $4)`, `a.requested_at, a.id`
	if f.State != fund.ApprovalRequested {
		at, id = endOfTime, lastID
		after, order = `(a.requested_at, a.id) < ($3, $4)`, `a.requested_at desc, a.id desc`
	}
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[Approval]{}, err
	}
	args := []any{tx.Partnership(), string(f.State), at, id, req.Limit() + 1}
	query := `select ` + approvalColumns + ` from approval a` + joinApproval + `where a.partnership_id = $1 and a.state = $2 and ` + after +
		` order by ` + order + ` limit $5`
	if f.Hospitals != nil {
		query = `select ` + approvalColumns + ` from unnest($6::uuid[]) h cross join lateral (select a.* from approval a where a.partnership_id = $1
			and a.hospital_id = h and a.state = $2 and ` + after + ` order by ` + order + ` limit $5) a` + joinOuterApproval + ` order by ` + order + ` limit $5`
		args = append(args, idArray(f.Hospitals))
	}
	var rows []approvalRow
	if err := tx.list(&rows, query, args...); err != nil {
		return page.Result[Approval]{}, err
	}
	return page.Cut(req, items(rows, approvalRow.approval), func(a Approval) []any { return []any{a.RequestedAt, a.ID} }), nil
}

// joinOuterApproval is joinApproval from a lateral list, where only sub-selects
// may stand on the nullable side.
const joinOuterApproval = ` left join (select t.partnership_id, t.id, t.programme, t.plan, t.path from treatment t) t on t.partnership_id = a.partnership_id and t.id = a.treatment_id
	left join (select c.partnership_id, c.id, c.case_no, c.person_id from casefile c) c on c.partnership_id = a.partnership_id and c.id = a.case_id
	left join (select p.partnership_id, p.id, p.name, p.sex, p.birth_on from person p) p on p.partnership_id = a.partnership_id and p.id = c.person_id `

// Neighbours are the requests before and after one in the queue of its state.
type Neighbours struct {
	Previous, Next ident.ID
	Position, Of   int // 0 when the queue is longer than it makes sense to count
}

// countable bounds how far the queue is counted for "3 of 9".
const countable = 200

// ApprovalNeighbours finds where a waiting request stands.
func (tx *Tx) ApprovalNeighbours(a Approval, hospitals []ident.ID) (Neighbours, error) {
	f := ApprovalFilter{Hospitals: hospitals, State: fund.ApprovalRequested}
	list, err := tx.ListApprovals(f, page.Request{Size: countable})
	var n Neighbours
	i := slices.IndexFunc(list.Rows, func(x Approval) bool { return x.ID == a.ID })
	if err != nil || i < 0 {
		return n, err
	}
	if i > 0 {
		n.Previous = list.Rows[i-1].ID
	}
	if i+1 < len(list.Rows) {
		n.Next = list.Rows[i+1].ID
	}
	if list.Next == "" {
		n.Position, n.Of = i+1, len(list.Rows)
	}
	return n, nil
}

// Paper is what a printed form says about the person beside the money.
type Paper struct {
	Last4      string // of the identity number
	PhoneLast4 string
	Township   string
	Village    string
	Address    string
	Category   terminology.Category
	Diagnosis  string
	Surgeon    string
	Visiting   bool
}

// PaperOf reads it. What the transaction may not see stays empty.
func (tx *Tx) PaperOf(t Treatment) (Paper, error) {
	var r struct {
		Last4     string `db:"last4"`
		Phone     string `db:"phone_last4"`
		Township  string `db:"township"`
		Village   string `db:"village"`
		Address   string `db:"address"`
		Diagnosis string `db:"diagnosis"`
		Surgeon   string `db:"lead_name"`
		Visiting  bool   `db:"lead_visiting"`
	}
	err := tx.get(&r, `select coalesce(d.last4, '') as last4, coalesce(r.phone_last4, '') as phone_last4, coalesce(r.township, '') as township,
		coalesce(r.village, '') as village, coalesce(r.address, '') as address, coalesce(c.diagnosis, '') as diagnosis,
		coalesce(nullif(o.lead_name, ''), o.doctor, '') as lead_name, coalesce(o.lead_visiting, false) as lead_visiting
		from treatment t
		left join casefile c on c.partnership_id = t.partnership_id and c.id = t.case_id
		left join registration r on r.partnership_id = t.partnership_id and r.person_id = t.person_id and r.hospital_id = t.hospital_id and r.live
		left join lateral (select x.last4 from person_document x where x.partnership_id = t.partnership_id and x.person_id = t.person_id
			order by x.verified desc, x.created_at limit 1) d on true
		left join lateral (select x.lead_name, x.lead_visiting, (select q.name from practitioner q where q.id = x.lead_id) as doctor from procedure x
			where x.partnership_id = t.partnership_id and x.treatment_id = t.id and x.live order by x.operated_on limit 1) o on true
		where t.partnership_id = $1 and t.id = $2`, tx.Partnership(), t.ID)
	if err != nil {
		return Paper{}, err
	}
	return Paper{Last4: r.Last4, PhoneLast4: r.Phone, Township: r.Township, Village: r.Village, Address: r.Address, Category: t.Category,
		Diagnosis: r.Diagnosis, Surgeon: r.Surgeon, Visiting: r.Visiting}, nil
}
