package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Component is a part as it was used in an operation.
type Component struct {
	ID        ident.ID
	Procedure ident.ID
	Treatment ident.ID
	Case      ident.ID
	Hospital  ident.ID
	On        clock.Date // of the operation
	Line      ident.ID   // of the library; nil: none
	device.Item
	RawScan    string
	Sticker    ident.ID // attachment
	Claim      device.Claim
	Marks      []string
	Reason     string
	Review     device.Review
	ReviewNote string
	Reviewer   string
	ReviewedAt time.Time
	EnteredBy  ident.ID
	Entered    string // display name
	Live       bool
	CreatedAt  time.Time
	Version    int64
	OutOn      clock.Date // taken out again on this day
}

type componentRow struct {
	ID        ident.ID   `db:"id"`
	Procedure ident.ID   `db:"procedure_id"`
	Treatment ident.ID   `db:"treatment_id"`
	Case      ident.ID   `db:"case_id"`
	Hospital  ident.ID   `db:"hospital_id"`
	On        clock.Date `db:"implanted_on"`
	Line      ident.ID   `db:"device_id"`
	deviceFacts
	Lot        string         `db:"lot"`
	Serial     string         `db:"serial"`
	Expiry     clock.Date     `db:"expires_on"`
	Produced   clock.Date     `db:"produced_on"`
	Quantity   int            `db:"quantity"`
	RawScan    string         `db:"raw_scan"`
	Sticker    ident.ID       `db:"sticker_id"`
	Claim      string         `db:"claim"`
	Marks      pq.StringArray `db:"marks"`
	Reason     string         `db:"reason"`
	Review     string         `db:"review"`
	ReviewNote string         `db:"review_note"`
	Reviewer   string         `db:"reviewer"`
	ReviewedAt *time.Time     `db:"reviewed_at"`
	EnteredBy  ident.ID       `db:"entered_by"`
	Entered    string         `db:"entered_name"`
	Live       bool           `db:"live"`
	CreatedAt  time.Time      `db:"created_at"`
	Version    int64          `db:"version"`
	OutOn      clock.Date     `db:"out_on"`
}

func (r componentRow) component() Component {
	c := Component{ID: r.ID, Procedure: r.Procedure, Treatment: r.Treatment, Case: r.Case, Hospital: r.Hospital, On: r.On, Line: r.Line,
		Item:    device.Item{Device: r.device(), Lot: r.Lot, Serial: r.Serial, Expiry: r.Expiry, Produced: r.Produced, Quantity: r.Quantity},
		RawScan: r.RawScan, Sticker: r.Sticker, Claim: device.Claim(r.Claim), Marks: r.Marks, Reason: r.Reason, Review: device.Review(r.Review),
		ReviewNote: r.ReviewNote, Reviewer: r.Reviewer, EnteredBy: r.EnteredBy, Entered: r.Entered, Live: r.Live, CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
		OutOn: r.OutOn}
	if r.ReviewedAt != nil {
		c.ReviewedAt = r.ReviewedAt.UTC()
	}
	return c
}

const componentColumns = `c.id, c.procedure_id, c.treatment_id, c.case_id, c.hospital_id, c.implanted_on, c.device_id, c.maker, c.brand, c.catalogue_no, c.di,
	c.registration_no, c.nhsa_code, c.role, c.size, c.diameter_mm, c.side, c.material, c.cemented, c.price_fen, c.bulk, c.lot, c.serial, c.expires_on,
	c.produced_on, c.quantity, c.raw_scan, c.sticker_id, c.claim, c.marks, c.reason, c.review, c.review_note, c.reviewed_at, c.entered_by, c.live, c.created_at,
	c.version, coalesce((select a.display_name from account a where a.id = c.reviewed_by), '') as reviewer,
	coalesce((select a.display_name from account a where a.id = c.entered_by), '') as entered_name,
	(select o.operated_on from explant e join procedure o on o.partnership_id = e.partnership_id and o.id = e.procedure_id
		where e.partnership_id = c.partnership_id and e.component_id = c.id and e.live) as out_on`

// ComponentByID reads one part the transaction may see.
func (tx *Tx) ComponentByID(id ident.ID) (Component, error) {
	var r componentRow
	err := tx.get(&r, `select `+componentColumns+` from component c where c.partnership_id = $1 and c.id = $2`, tx.Partnership(), id)
	return one(r.component(), err, "error.device.part_missing")
}

// ComponentForUpdate reads one part and holds it.
func (tx *Tx) ComponentForUpdate(id ident.ID) (Component, error) {
	if _, err := tx.exec(`select 1 from component c where c.partnership_id = $1 and c.id = $2 for update`, tx.Partnership(), id); err != nil {
		return Component{}, err
	}
	return tx.ComponentByID(id)
}

// ComponentsOf lists the parts of an operation in the order they were entered.
func (tx *Tx) ComponentsOf(procedure ident.ID) ([]Component, error) {
	var rows []componentRow
	err := tx.list(&rows, `select `+componentColumns+` from component c where c.partnership_id = $1 and c.procedure_id = $2 and c.live
		order by c.created_at, c.id limit 200`, tx.Partnership(), procedure)
	return items(rows, componentRow.component), err
}

// ImplantsOf lists what a person carries at a site and side, as far as the
// transaction may see it: the parts of all operations there that were not taken
// out, without those of the operation given.
func (tx *Tx) ImplantsOf(person ident.ID, o procedure.Procedure) ([]Component, error) {
	var rows []componentRow
	err := tx.list(&rows, `select `+componentColumns+samePerson+` join procedure o on o.partnership_id = same.partnership_id and o.person_id = same.id
			and o.site = $3 and o.side = $4 and o.live join component c on c.partnership_id = o.partnership_id and c.procedure_id = o.id and c.live
		where p0.partnership_id = $1 and p0.id = $2 and o.id <> $5 and not exists (select 1 from explant e where e.partnership_id = c.partnership_id
			and e.component_id = c.id and e.live) order by c.implanted_on, c.created_at, c.id limit 200`, tx.Partnership(), person, string(o.Site), string(o.Side), o.ID)
	return items(rows, componentRow.component), err
}

// DeviceUsedOn says on which day a piece was used somewhere in the partnership;
// zero when it was not. Except is a part that is asked about itself.
func (tx *Tx) DeviceUsedOn(x device.Item, except ident.ID) (clock.Date, error) {
	di, ref := x.Units()
	if di == "" && ref == "" {
		return clock.Date{}, nil
	}
	var r struct {
		On clock.Date `db:"used_on"`
	}
	err := tx.get(&r, `select device_used_on($1, $2, $3) as used_on`, di, ref, except)
	return r.On, err
}

// DevicesUsedOn is [Tx.DeviceUsedOn] for a list, in its order.
func (tx *Tx) DevicesUsedOn(list []device.Item, except ident.ID) ([]clock.Date, error) {
	dis, refs := make([]string, len(list)), make([]string, len(list))
	for i, x := range list {
		dis[i], refs[i] = x.Units()
	}
	var rows []struct {
		On clock.Date `db:"used_on"`
	}
	err := tx.list(&rows, `select device_used_on(x.di, x.ref, $3) as used_on from unnest($1::text[], $2::text[]) with ordinality x (di, ref, n) order by x.n limit 200`,
		textArray(dis), textArray(refs), except)
	out := make([]clock.Date, len(rows))
	for i, r := range rows {
		out[i] = r.On
	}
	return out, err
}

// componentValues are the values of a part after its keys.
func componentValues(c Component) []any {
	di, ref := c.Units()
	return append(factValues(c.Device), c.Lot, c.Serial, c.Expiry, c.Produced, c.Quantity, c.RawScan, nullID(c.Sticker), nullID(c.Line), device.Fold(c.Lot),
		device.Fold(c.Catalogue), device.Fold(c.Brand), di, ref, string(c.Claim), textArray(c.Marks), c.Reason, string(c.Review))
}

const componentNames = `maker, brand, catalogue_no, di, registration_no, nhsa_code, role, size, diameter_mm, side, material, cemented, price_fen, bulk,
	lot, serial, expires_on, produced_on, quantity, raw_scan, sticker_id, device_id, lot_key, ref_key, brand_key, unit_di, unit_ref, claim, marks, reason, review`

// InsertComponent adds a part to an operation; who sees the operation sees it.
// Its claim is found out here: whoever asked for the same piece a moment ago and
// was faster makes this one disputed, by the unique index and not by chance.
func (tx *Tx) InsertComponent(c Component) (Component, error) {
	used, err := tx.DeviceUsedOn(c.Item, ident.Nil)
	if err != nil {
		return c, err
	}
	c.EnteredBy = tx.who.AccountID
	if c.Claim = device.ClaimOf(c.Item); used.IsZero() {
		n, err := tx.insertComponent(c)
		if err != nil || n == 1 {
			return c, err
		}
	}
	c = c.disputed()
	n, err := tx.insertComponent(c)
	if err == nil && n != 1 {
		err = fmt.Errorf("store: part of operation %s: %d rows", c.Procedure, n)
	}
	if err != nil {
		return c, err
	}
	return c, tx.openDispute(c)
}

func (c Component) disputed() Component {
	c.Claim = device.Disputed
	if mark := string(device.RuleDisputed); !slices.Contains(c.Marks, mark) {
		c.Marks = append(slices.Clone(c.Marks), mark)
	}
	return c
}

func (tx *Tx) insertComponent(c Component) (int64, error) {
	return tx.exec(`insert into component (partnership_id, id, procedure_id, created_at, created_by, entered_by, treatment_id, case_id, hospital_id, visible_to,
			team, implanted_on, `+componentNames+`)
		select o.partnership_id, $3, o.id, $4, $5, $5, o.treatment_id, o.case_id, o.hospital_id, o.visible_to, o.team, o.operated_on, $6, $7, $8, $9, $10, $11, $12,
			$13, $14::int, $15, $16, $17::boolean, $18::bigint, $19::boolean, $20, $21, $22::date, $23::date, $24::int, $25, $26::uuid, $27::uuid, $28, $29, $30,
			$31, $32, $33, $34::text[], $35, $36
		from procedure o where o.partnership_id = $1 and o.id = $2 on conflict do nothing`,
		append([]any{tx.Partnership(), c.Procedure, c.ID, tx.now, tx.who.AccountID}, componentValues(c)...)...)
}

// openDispute puts a disputed part before both hospitals and the office.
func (tx *Tx) openDispute(c Component) error {
	_, err := tx.exec(`select dispute_open($1, $2, $3, $4)`, c.ID, ident.New(), c.Piece(), tx.now)
	return err
}

// UpdateComponent stores a corrected part under its version. A part in dispute
// stays disputed until the office has resolved it; a changed serial number that
// is on record elsewhere makes a new dispute.
func (tx *Tx) UpdateComponent(before, c Component) (Component, error) {
	oldDI, oldRef := before.Units()
	di, ref := c.Units()
	c.Claim, c.EnteredBy = before.Claim, tx.who.AccountID
	fresh := false
	if c.Claim == device.Disputed {
		c = c.disputed()
	} else if oldDI != di || oldRef != ref {
		used, err := tx.DeviceUsedOn(c.Item, c.ID)
		if err != nil {
			return c, err
		}
		if c.Claim = device.ClaimOf(c.Item); !used.IsZero() {
			c, fresh = c.disputed(), true
		}
	}
	err := tx.update(`update component set (`+componentNames+`) = ($5, $6, $7, $8, $9, $10, $11, $12, $13::int, $14, $15, $16::boolean, $17::bigint, $18::boolean, $19, $20,
		$21::date, $22::date, $23::int, $24, $25::uuid, $26::uuid, $27, $28, $29, $30, $31, $32, $33::text[], $34, $35), entered_by = $4, reviewed_by = null, reviewed_at = null,
		review_note = '', version = version + 1 where partnership_id = $1 and id = $2 and version = $3 and live`,
		append([]any{tx.Partnership(), c.ID, c.Version, tx.who.AccountID}, componentValues(c)...)...)
	if err == nil && fresh {
		err = tx.openDispute(c)
	}
	return c, err
}

// RemoveComponent takes a part off the record; its history keeps what it said.
func (tx *Tx) RemoveComponent(c Component) error {
	return tx.update(`update component set live = false, entered_by = $4, reviewed_by = null, reviewed_at = null, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and live`, tx.Partnership(), c.ID, c.Version, tx.who.AccountID)
}

// ReviewComponent notes that a second person looked at an alarm.
func (tx *Tx) ReviewComponent(c Component, note string) error {
	return tx.update(`update component set review = 'done', review_note = $4, reviewed_by = $5, reviewed_at = $6, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and live`, tx.Partnership(), c.ID, c.Version, note, tx.who.AccountID, tx.now)
}

// TouchOperation notes on the record that its parts were changed, and by whom:
// the second clinician signs the parts as well.
func (tx *Tx) TouchOperation(o Operation) error {
	return tx.update(`update procedure set entered_by = $4, version = version + 1 where partnership_id = $1 and id = $2 and version = $3`,
		tx.Partnership(), o.ID, o.Version, tx.who.AccountID)
}

// ComponentChange is one line of the history of an operation's parts.
type ComponentChange struct {
	Component ident.ID
	Action    string // corrected, removed, reviewed, resolved
	At        time.Time
	By        string // display name
	Reason    string
	Before    device.Item
	After     device.Item
}

// RecordComponentChange appends to the history. Who sees the part sees it.
func (tx *Tx) RecordComponentChange(id ident.ID, change ComponentChange) error {
	before, err := json.Marshal(change.Before)
	if err != nil {
		return err
	}
	after, err := json.Marshal(change.After)
	if err != nil {
		return err
	}
	n, err := tx.exec(`insert into component_change (partnership_id, id, component_id, hospital_id, visible_to, team, action, before, after, reason, changed_at, changed_by)
		select c.partnership_id, $3, c.id, c.hospital_id, c.visible_to, c.team, $4, $5::jsonb, $6::jsonb, $7, $8, $9 from component c
		where c.partnership_id = $1 and c.id = $2`, tx.Partnership(), id, ident.New(), change.Action, string(before), string(after), change.Reason, tx.now, tx.who.AccountID)
	if err == nil && n != 1 {
		err = fmt.Errorf("store: history of part %s: %d rows", id, n)
	}
	return err
}

// ComponentChanges lists what was done to the parts of an operation, the latest
// first, removed ones included.
func (tx *Tx) ComponentChanges(procedure ident.ID) ([]ComponentChange, error) {
	var rows []struct {
		Component ident.ID  `db:"component_id"`
		Action    string    `db:"action"`
		At        time.Time `db:"changed_at"`
		By        string    `db:"changed_name"`
		Reason    string    `db:"reason"`
		Before    string    `db:"before"`
		After     string    `db:"after"`
	}
	err := tx.list(&rows, `select h.component_id, h.action, h.changed_at, h.reason, h.before::text as before, h.after::text as after,
			coalesce((select a.display_name from account a where a.id = h.changed_by), '') as changed_name
		from component c join component_change h on h.partnership_id = c.partnership_id and h.component_id = c.id
		where c.partnership_id = $1 and c.procedure_id = $2 order by h.changed_at desc, h.id desc limit 100`, tx.Partnership(), procedure)
	if err != nil {
		return nil, err
	}
	out := make([]ComponentChange, len(rows))
	for i, r := range rows {
		out[i] = ComponentChange{Component: r.Component, Action: r.Action, At: r.At.UTC(), By: r.By, Reason: r.Reason}
		if err = json.Unmarshal([]byte(r.Before), &out[i].Before); err == nil {
			err = json.Unmarshal([]byte(r.After), &out[i].After)
		}
		if err != nil {
			return nil, fmt.Errorf("store: history of parts of %s: %w", procedure, err)
		}
	}
	return out, nil
}

// syncComponents carries what a corrected operation says to its parts: the day
// and the team. The version stays: nobody edited them.
func (tx *Tx) syncComponents(o Operation) error {
	_, err := tx.exec(`update component set implanted_on = $3, team = $4::uuid[] where partnership_id = $1 and procedure_id = $2`, tx.Partnership(), o.ID,
		o.OperatedOn, idArray(team(o.Procedure)))
	return err
}

// Explant is a part that was taken out.
type Explant struct {
	ID        ident.ID    `db:"id"`
	Procedure ident.ID    `db:"procedure_id"`
	Component ident.ID    `db:"component_id"` // nil: not on record
	Role      device.Role `db:"role"`
	Note      string      `db:"note"`
	Version   int64       `db:"version"`
	By        string      `db:"by_name"`
	// What it was put in as, when that is on record and the reader may see it.
	Maker     string     `db:"maker"`
	Catalogue string     `db:"catalogue_no"`
	Lot       string     `db:"lot"`
	Serial    string     `db:"serial"`
	PutIn     clock.Date `db:"put_in_on"`
}

// ExplantsOf lists what an operation took out.
func (tx *Tx) ExplantsOf(procedure ident.ID) ([]Explant, error) {
	var rows []Explant
	err := tx.list(&rows, `select e.id, e.procedure_id, e.component_id, e.role, e.note, e.version, coalesce(c.maker, '') as maker,
			coalesce(c.catalogue_no, '') as catalogue_no, coalesce(c.lot, '') as lot, coalesce(c.serial, '') as serial, c.implanted_on as put_in_on,
			coalesce((select a.display_name from account a where a.id = e.created_by), '') as by_name
		from explant e left join (select c.partnership_id, c.id, c.maker, c.catalogue_no, c.lot, c.serial, c.implanted_on from component c) c
			on c.partnership_id = e.partnership_id and c.id = e.component_id
		where e.partnership_id = $1 and e.procedure_id = $2 and e.live order by e.created_at, e.id limit 100`, tx.Partnership(), procedure)
	return rows, err
}

// InsertExplant notes a part an operation took out.
func (tx *Tx) InsertExplant(e Explant) error {
	n, err := tx.exec(`insert into explant (partnership_id, id, procedure_id, treatment_id, case_id, hospital_id, visible_to, team, component_id, role, note, created_at, created_by)
		select o.partnership_id, $3, o.id, o.treatment_id, o.case_id, o.hospital_id, o.visible_to, o.team, $4::uuid, $5, $6, $7, $8 from procedure o
		where o.partnership_id = $1 and o.id = $2`, tx.Partnership(), e.Procedure, e.ID, nullID(e.Component), string(e.Role), e.Note, tx.now, tx.who.AccountID)
	if err == nil && n != 1 {
		err = fmt.Errorf("store: explant of operation %s: %d rows", e.Procedure, n)
	}
	return err
}

// RemoveExplant takes a part that was noted by mistake off the list.
func (tx *Tx) RemoveExplant(e Explant) error {
	return tx.update(`update explant set live = false, version = version + 1 where partnership_id = $1 and id = $2 and version = $3 and live`,
		tx.Partnership(), e.ID, e.Version)
}
