package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// PatientPart is a part with the patient and the operation it belongs to, as
// lists show it. The person is empty for a reader of the team only.
type PatientPart struct {
	Component
	Kind         procedure.Kind
	BodySide     procedure.Side
	Person       ident.ID
	PersonName   string
	Sex          patient.Sex
	Birth        clock.Date
	Deceased     clock.Date
	CaseNo       string
	HospitalName string
	// The hospital's own registration of the person.
	Township, Village, Address, PhoneLast4, KinName, KinLast4 string
}

type partRow struct {
	componentRow
	Kind         string     `db:"kind"`
	BodySide     string     `db:"body_side"`
	Person       ident.ID   `db:"person_id"`
	Name         string     `db:"person_name"`
	Sex          string     `db:"sex"`
	Birth        clock.Date `db:"birth_on"`
	Deceased     clock.Date `db:"deceased_on"`
	CaseNo       string     `db:"case_no"`
	HospitalName string     `db:"hospital_name"`
	Township     string     `db:"township"`
	Village      string     `db:"village"`
	Address      string     `db:"address"`
	Phone        string     `db:"phone_last4"`
	KinName      string     `db:"kin_name"`
	KinPhone     string     `db:"kin_phone_last4"`
}

func (r partRow) part() PatientPart {
	return PatientPart{Component: r.component(), Kind: procedure.Kind(r.Kind), BodySide: procedure.Side(r.BodySide), Person: r.Person, PersonName: r.Name,
		Sex: patient.Sex(r.Sex), Birth: r.Birth, Deceased: r.Deceased, CaseNo: r.CaseNo, HospitalName: r.HospitalName, Township: r.Township, Village: r.Village,
		Address: r.Address, PhoneLast4: r.Phone, KinName: r.KinName, KinLast4: r.KinPhone}
}

const partColumns = componentColumns + `, o.kind, o.side as body_side, p.id as person_id, coalesce(p.name, '') as person_name, coalesce(p.sex, '') as sex,
	p.birth_on, p.deceased_on, coalesce(k.case_no, '') as case_no,
	(select coalesce(nullif(g.short_name, ''), g.name) from organisation g where g.id = c.hospital_id) as hospital_name,
	coalesce(r.township, '') as township, coalesce(r.village, '') as village, coalesce(r.address, '') as address, coalesce(r.phone_last4, '') as phone_last4,
	coalesce(r.kin_name, '') as kin_name, coalesce(r.kin_phone_last4, '') as kin_phone_last4`

const joinPart = ` join procedure o on o.partnership_id = c.partnership_id and o.id = c.procedure_id
	left join (select k.partnership_id, k.id, k.case_no from casefile k) k on k.partnership_id = c.partnership_id and k.id = c.case_id
	left join (select p.partnership_id, p.id, p.name, p.sex, p.birth_on, p.deceased_on from person p) p on p.partnership_id = o.partnership_id and p.id = o.person_id
	left join (select r.partnership_id, r.hospital_id, r.person_id, r.township, r.village, r.address, r.phone_last4, r.kin_name, r.kin_phone_last4 from registration r where r.live) r
		on r.partnership_id = o.partnership_id and r.hospital_id = c.hospital_id and r.person_id = o.person_id `

// RecallFilter says which parts a recall is about. At least one of lot,
// catalogue number and brand is given; all that are given must agree.
type RecallFilter struct {
	Lot, Catalogue, Brand string
	Hospitals             []ident.ID // nil is the whole partnership
}

// recallKeys are the columns a recall looks by, the narrowest first.
func (f RecallFilter) driver() (column, key string) {
	switch {
	case f.Lot != "":
		return "lot_key", device.Fold(f.Lot)
	case f.Catalogue != "":
		return "ref_key", device.Fold(f.Catalogue)
	}
	return "brand_key", device.Fold(f.Brand)
}

// recallQueries are the reads of a recall by the column that leads it.
var recallQueries = map[string]string{
	"lot_key":   ` and c.lot_key = $4`,
	"ref_key":   ` and c.ref_key = $4`,
	"brand_key": ` and c.brand_key = $4`,
}

// Recall is a page of the patients a recall concerns, the latest operation first.
func (tx *Tx) Recall(f RecallFilter, req page.Request) (page.Result[PatientPart], error) {
	on, id := clock.MustDate(9999, 12, 31), lastID
	if _, err := req.Cursor(&on, &id); err != nil {
		return page.Result[PatientPart]{}, err
	}
	column, key := f.driver()
	args := []any{tx.Partnership(), on, id, key, device.Fold(f.Lot), device.Fold(f.Catalogue), device.Fold(f.Brand), req.Limit() + 1}
	from := memberHospitals
	if f.Hospitals != nil {
		from = `(select h as id from unnest($9::uuid[]) h) h`
		args = append(args, idArray(f.Hospitals))
	}
	var rows []partRow
	err := tx.list(&rows, `select `+partColumns+` from `+from+` cross join lateral (select c.* from component c where c.partnership_id = $1 and c.hospital_id = h.id`+
		recallQueries[column]+` and c.live and (c.implanted_on, c.id) < ($2, $3) and ($5 = '' or c.lot_key = $5) and ($6 = '' or c.ref_key = $6)
		and ($7 = '' or c.brand_key = $7) order by c.implanted_on desc, c.id desc limit $8) c`+joinPart+` order by c.implanted_on desc, c.id desc limit $8`, args...)
	if err != nil {
		return page.Result[PatientPart]{}, err
	}
	return page.Cut(req, items(rows, partRow.part), func(p PatientPart) []any { return []any{p.On, p.ID} }), nil
}

// RecallCount is how many parts, patients and hospitals a recall concerns. A
// patient two merged records stand for is one.
type RecallCount struct {
	Parts     int `db:"parts"`
	Patients  int `db:"patients"`
	Hospitals int `db:"hospitals"`
	Out       int `db:"taken_out"`
}

// CountRecall counts what [Tx.Recall] lists.
func (tx *Tx) CountRecall(f RecallFilter) (RecallCount, error) {
	column, key := f.driver()
	args := []any{tx.Partnership(), key, device.Fold(f.Lot), device.Fold(f.Catalogue), device.Fold(f.Brand)}
	from := memberHospitals
	if f.Hospitals != nil {
		from = `(select h as id from unnest($6::uuid[]) h) h`
		args = append(args, idArray(f.Hospitals))
	}
	lead := map[string]string{"lot_key": `c.lot_key = $2`, "ref_key": `c.ref_key = $2`, "brand_key": `c.brand_key = $2`}[column]
	var n RecallCount
	err := tx.get(&n, `select count(*)::int as parts, count(distinct coalesce(p.root_id, o.person_id))::int as patients, count(distinct c.hospital_id)::int as hospitals,
			count(e.id)::int as taken_out
		from `+from+` join component c on c.partnership_id = $1 and c.hospital_id = h.id and `+lead+` and c.live
			and ($3 = '' or c.lot_key = $3) and ($4 = '' or c.ref_key = $4) and ($5 = '' or c.brand_key = $5)
		join procedure o on o.partnership_id = c.partnership_id and o.id = c.procedure_id
		left join (select p.partnership_id, p.id, p.root_id from person p) p on p.partnership_id = o.partnership_id and p.id = o.person_id
		left join (select e.partnership_id, e.component_id, e.id from explant e where e.live) e on e.partnership_id = c.partnership_id and e.component_id = c.id`, args...)
	return n, err
}

// ListReviewsOfParts is a page of the parts a second person has to look at, the
// latest first; nil hospitals are the whole partnership.
func (tx *Tx) ListReviewsOfParts(hospitals []ident.ID, req page.Request) (page.Result[PatientPart], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[PatientPart]{}, err
	}
	args := []any{tx.Partnership(), at, id, req.Limit() + 1}
	from := memberHospitals
	if hospitals != nil {
		from = `(select h as id from unnest($5::uuid[]) h) h`
		args = append(args, idArray(hospitals))
	}
	var rows []partRow
	err := tx.list(&rows, `select `+partColumns+` from `+from+` cross join lateral (select c.* from component c where c.partnership_id = $1 and c.hospital_id = h.id
		and c.live and c.review = 'open' and (c.created_at, c.id) < ($2, $3) order by c.created_at desc, c.id desc limit $4) c`+joinPart+`
		order by c.created_at desc, c.id desc limit $4`, args...)
	if err != nil {
		return page.Result[PatientPart]{}, err
	}
	return page.Cut(req, items(rows, partRow.part), func(p PatientPart) []any { return []any{p.CreatedAt, p.ID} }), nil
}

// Dispute is one piece in two records. Own are the records the reader may see:
// a hospital its own, the office both.
type Dispute struct {
	ID       ident.ID   `db:"id"`
	First    ident.ID   `db:"first_id"`
	Again    ident.ID   `db:"again_id"`
	Piece    string     `db:"piece"`
	UsedOn   clock.Date `db:"used_on"`
	AgainOn  clock.Date `db:"again_on"`
	State    string     `db:"state"`
	Outcome  string     `db:"outcome"`
	Reason   string     `db:"reason"`
	At       time.Time  `db:"created_at"`
	Resolver string     `db:"resolver"`
	ClosedAt *time.Time `db:"resolved_at"`
	Version  int64      `db:"version"`
	Own      []PatientPart
}

// The states of a dispute.
const (
	DisputeOpen     = "open"
	DisputeResolved = "resolved"
)

const disputeColumns = `x.id, x.first_id, x.again_id, x.piece, x.used_on, x.again_on, x.state, x.outcome, x.reason, x.created_at, x.resolved_at, x.version,
	coalesce((select a.display_name from account a where a.id = x.resolved_by), '') as resolver`

// DisputeForUpdate reads one dispute and holds it.
func (tx *Tx) DisputeForUpdate(id ident.ID) (Dispute, error) {
	var d Dispute
	err := tx.get(&d, `select `+disputeColumns+` from device_dispute x where x.partnership_id = $1 and x.id = $2`+seen("x")+` for update of x`, tx.Partnership(), id)
	if d, err = one(d, err, "error.device.dispute_missing"); err != nil {
		return d, err
	}
	list := []Dispute{d}
	err = tx.partsOfDisputes(list)
	return list[0], err
}

// ListDisputes is a page of disputes in a state, the latest first.
func (tx *Tx) ListDisputes(state string, req page.Request) (page.Result[Dispute], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[Dispute]{}, err
	}
	var rows []Dispute
	err := tx.list(&rows, `select `+disputeColumns+` from device_dispute x where x.partnership_id = $1 and x.state = $2 and (x.created_at, x.id) < ($3, $4)`+seen("x")+`
		order by x.created_at desc, x.id desc limit $5`, tx.Partnership(), state, at, id, req.Limit()+1)
	if err != nil {
		return page.Result[Dispute]{}, err
	}
	out := page.Cut(req, rows, func(d Dispute) []any { return []any{d.At.UTC(), d.ID} })
	return out, tx.partsOfDisputes(out.Rows)
}

func (tx *Tx) partsOfDisputes(list []Dispute) error {
	var ids []ident.ID
	for _, d := range list {
		ids = append(ids, d.First, d.Again)
	}
	var rows []partRow
	err := tx.list(&rows, `select `+partColumns+` from unnest($2::uuid[]) i join component c on c.partnership_id = $1 and c.id = i`+seen("c")+joinPart+` limit 1000`,
		tx.Partnership(), idArray(ids))
	for i := range list {
		for _, r := range rows {
			if (r.ID == list[i].First || r.ID == list[i].Again) && r.ID != ident.Nil && !list[i].has(r.ID) { // #nosec G602 -- i comes from range
				list[i].Own = append(list[i].Own, r.part()) // #nosec G602 -- i comes from range
			}
		}
	}
	return err
}

func (d Dispute) has(id ident.ID) bool {
	for _, p := range d.Own {
		if p.ID == id {
			return true
		}
	}
	return false
}

// ResolveDispute ends a dispute under its version, and gives the later record
// its claim.
func (tx *Tx) ResolveDispute(d Dispute, outcome device.Outcome, reason string, claim device.Claim) error {
	err := tx.update(`update device_dispute set state = 'resolved', outcome = $4, reason = $5, resolved_by = $6, resolved_at = $7, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and state = 'open'`, tx.Partnership(), d.ID, d.Version, string(outcome), reason, tx.who.AccountID, tx.now)
	if err != nil {
		return err
	}
	_, err = tx.exec(`update component set claim = $3, marks = array_remove(marks, $4), version = version + 1 where partnership_id = $1 and id = $2 and claim = 'disputed'`,
		tx.Partnership(), d.Again, string(claim), string(device.RuleDisputed))
	return err
}

// DevicesUndisputed reports whether every piece used in a treatment stands in
// its record alone. While one is disputed no money is held or paid.
func (tx *Tx) DevicesUndisputed(treatment ident.ID) (bool, error) {
	var disputed bool
	err := tx.get(&disputed, `select exists (select 1 from component c where c.partnership_id = $1 and c.treatment_id = $2 and c.live and c.claim = 'disputed')`,
		tx.Partnership(), treatment)
	return !disputed, err
}

// CountDeviceWork is how many disputes the reader sees, and how many alarms of
// the hospitals wait for the reader as the second person.
func (tx *Tx) CountDeviceWork(hospitals []ident.ID) (disputes, alarms int, err error) {
	var r struct {
		Disputes int `db:"disputes"`
		Alarms   int `db:"alarms"`
	}
	err = tx.get(&r, `select (select count(*) from (select 1 from device_dispute x where x.partnership_id = $1 and x.state = 'open'`+seen("x")+` limit 100) n)::int as disputes,
		(select count(*) from unnest($2::uuid[]) h cross join lateral (select 1 from component c where c.partnership_id = $1 and c.hospital_id = h and c.live
			and c.review = 'open' and c.entered_by <> $3 limit 100) n)::int as alarms`, tx.Partnership(), idArray(hospitals), tx.who.AccountID)
	return r.Disputes, r.Alarms, err
}
