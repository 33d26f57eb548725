package implant

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// RuleConfirm is the rule of the answer that shows what is unusual about the
// parts, to be looked at and confirmed.
const RuleConfirm = "device.confirm"

// MaxScans is how many scans one save takes.
const MaxScans = 60

// Sheet is the parts of one operation with what may be done about them.
type Sheet struct {
	Operation
	Parts    []Part
	Explants []Explant
	InPlace  []Part // what the person carries at this site and side from before
	Edit     bool   // the reader may change them; not while the record is locked
}

// Sheet reads the parts of an operation, for the form that adds to them.
func (s *Service) Sheet(ctx context.Context, who user.Principal, operation ident.ID) (Sheet, error) {
	var v Sheet
	if err := s.door(who, authz.ProcedureRead); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.ProcedureRead, ObjectKind: audit.ObjectProcedure, ObjectID: operation})
		if v.Operation, err = tx.OperationByID(operation); err != nil {
			return err
		}
		if v.Parts, err = tx.ComponentsOf(operation); err != nil {
			return err
		}
		if v.Explants, err = tx.ExplantsOf(operation); err != nil || v.PersonName == "" {
			return err
		}
		v.InPlace, err = tx.ImplantsOf(v.Person, v.Procedure)
		return err
	})
	v.Edit = err == nil && !v.Signature.Locked() && s.can(who, authz.ProcedureEdit, v.Hospital)
	v.PersonName = s.name(who, v.PersonName)
	return v, err
}

// PartsInput is what is added to an operation: scans, one a line, and for each
// sticker read from them what neither label nor library says (Typed, by the
// order of the stickers); or one part written by hand.
type PartsInput struct {
	Operation ident.ID
	Version   int64 // of the operation record
	Scans     []string
	Typed     []device.Item
	ByHand    *device.Item
	Sticker   ident.ID // photo of the stickers
	Confirmed bool     // what is unusual was shown and looked at
	Reason    string   // why a part was used against a rule
}

// Added is the answer to an addition.
type Added struct {
	Parts []Part `json:"parts"`
}

// AddParts records parts of an operation in one transaction. A part is never
// refused for a rule it breaks: it is taken with a reason, marked, and where the
// rule is a never-event put before a second person. A serial number that is on
// record elsewhere makes the part disputed.
func (s *Service) AddParts(ctx context.Context, who user.Principal, in PartsInput, key Key) (Added, error) {
	if err := s.door(who, authz.ProcedureEdit); err != nil {
		return Added{}, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	event := audit.Event{Action: audit.DeviceRecord, ObjectKind: audit.ObjectProcedure, ObjectID: in.Operation, Reason: in.Reason}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Added, error) {
		o, err := s.toEdit(tx, in.Operation)
		if err != nil {
			return Added{}, err
		}
		if err := tx.SameVersion(o.Version, in.Version); err != nil {
			return Added{}, err
		}
		recorded, err := tx.ComponentsOf(o.ID)
		if err != nil {
			return Added{}, err
		}
		return s.add(tx, in, o, recorded)
	})
}

// add reads, judges and writes parts of an operation that is held.
func (s *Service) add(tx *store.Tx, in PartsInput, o store.Operation, recorded []Part) (Added, error) {
	parts, scans, err := s.entered(tx, in, o)
	if err != nil {
		return Added{}, err
	}
	ws, err := judge(tx, o, recorded, parts, ident.Nil)
	if err != nil {
		return Added{}, err
	}
	if err := settled(ws, in.Confirmed, in.Reason); err != nil {
		return Added{}, err
	}
	out, err := insert(tx, o, in, judged{parts, scans, ws})
	if err != nil {
		return Added{}, err
	}
	return Added{out}, tx.TouchOperation(o)
}

// toEdit reads an operation whose record is to be changed.
func (s *Service) toEdit(tx *store.Tx, id ident.ID) (store.Operation, error) {
	o, err := s.held(tx, id, authz.ProcedureEdit)
	if err != nil {
		return o, err
	}
	_, err = o.Signature.Corrected(tx.Who().AccountID)
	return o, err
}

// held reads an operation under the lock of its treatment: whoever settles the
// treatment waits, and sees a dispute.
func (s *Service) held(tx *store.Tx, id ident.ID, perm authz.Permission) (store.Operation, error) {
	o, err := tx.OperationByID(id)
	if err != nil {
		return o, err
	}
	if err := s.at(tx.Who(), perm, o.Hospital); err != nil {
		return o, err
	}
	if _, err := tx.TreatmentForUpdate(o.Treatment); err != nil {
		return o, err
	}
	return tx.OperationForUpdate(id)
}

// entered reads scans and what was typed into parts, completes them from the
// library and checks each. The scans of each part come beside it.
func (s *Service) entered(tx *store.Tx, in PartsInput, o store.Operation) ([]device.Part, []string, error) {
	var f errs.Fields
	if len(in.Scans) > MaxScans {
		f.Add("scans", "error.device.scan_many", "max", MaxScans)
		return nil, nil, f.Err()
	}
	var list []device.Item
	var scans []string
	for i, r := range device.Read(in.Scans, tx.Today()) {
		if r.Fault != nil {
			f.Add(fmt.Sprintf("scans.%d", r.Lines[0]), "error.device.scan_line", "line", r.Lines[0]+1, "problem", errs.Key(r.Fault.Key()), "ai", r.Fault.AI)
			continue
		}
		x := device.ItemOf(r.Label)
		if i < len(in.Typed) {
			x = over(x, in.Typed[i].Clean())
		}
		list, scans = append(list, x), append(scans, strings.Join(r.Raw, "\n"))
	}
	if err := f.Err(); err != nil {
		return nil, nil, err
	}
	if in.ByHand != nil {
		list, scans = append(list, in.ByHand.Clean()), append(scans, "")
	}
	if len(list) == 0 {
		f.Add("scans", "error.device.nothing")
		return nil, nil, f.Err()
	}
	parts, err := complete(tx, list)
	if err != nil {
		return nil, nil, err
	}
	for i, p := range parts {
		prefix := fmt.Sprintf("parts.%d.", i)
		if in.ByHand != nil && i == len(parts)-1 {
			prefix = ""
		}
		if err := f.Merge(prefix, p.Check(o.Site)); err != nil {
			return nil, nil, err
		}
	}
	return parts, scans, f.Err()
}

// over lays what was typed over what was scanned: only what the label does not say.
func over(x, typed device.Item) device.Item {
	serial, lot := x.Serial, x.Lot
	x = x.Complete(typed.Device)
	x.Lot, x.Serial = cmp.Or(lot, typed.Lot), cmp.Or(serial, typed.Serial)
	if x.Expiry.IsZero() {
		x.Expiry = typed.Expiry
	}
	return x
}

// complete finds each part's line of the library and fills what was left open.
func complete(tx *store.Tx, list []device.Item) ([]device.Part, error) {
	asked := make([]device.Device, len(list))
	for i, x := range list {
		asked[i] = x.Device
	}
	lines, err := tx.DevicesLike(asked)
	if err != nil {
		return nil, err
	}
	out := make([]device.Part, len(list))
	for i, x := range list {
		out[i] = device.Part{Item: x, Device: lines[i].ID, Listed: lines[i].Device}
		if lines[i].ID != ident.Nil {
			out[i].Item = x.Complete(lines[i].Device)
		}
	}
	return out, nil
}

// judge finds the rules the parts break, serial numbers on record included. A
// piece that stands in the same record already is an input error.
func judge(tx *store.Tx, o store.Operation, recorded []Part, parts []device.Part, except ident.ID) ([]device.Warning, error) {
	lots, err := tx.LotsOf(o.Hospital, parts, except)
	if err != nil {
		return nil, err
	}
	items := make([]device.Item, len(parts))
	for i := range parts {
		parts[i].Received, parts[i].Used = lots[i].Received, lots[i].Used
		items[i] = parts[i].Item
	}
	var before []device.Item
	for _, c := range recorded {
		if c.ID != except {
			before = append(before, c.Item)
		}
	}
	if err := once(before, items); err != nil {
		return nil, err
	}
	ws := device.Examine(device.Operation{Site: o.Site, Side: o.Side, On: o.OperatedOn}, before, parts)
	used, err := tx.DevicesUsedOn(items, except)
	if err != nil {
		return nil, err
	}
	for i, on := range used {
		if !on.IsZero() {
			ws = append(ws, device.Warning{Rule: device.RuleDisputed, Item: i, Args: errs.Args{"piece": items[i].Piece(), "on": on}})
		}
	}
	return ws, nil
}

// once refuses a piece that stands in this record, or twice in this list: one
// sticker scanned two times.
func once(before, items []device.Item) error {
	var f errs.Fields
	seen := map[string]bool{}
	note := func(x device.Item) (again bool) {
		di, ref := x.Units()
		again = di != "" && seen["d"+di] || ref != "" && seen["r"+ref]
		seen["d"+di], seen["r"+ref] = true, true
		return again
	}
	for _, x := range before {
		note(x)
	}
	for i, x := range items {
		if note(x) {
			f.Add(fmt.Sprintf("again.%d", i), "error.device.again", "piece", x.Piece())
		}
	}
	return f.Err()
}

// settled asks to look at what is unusual, and for a reason where a rule wants
// one.
func settled(ws []device.Warning, confirmed bool, reason string) error {
	if len(ws) == 0 {
		return nil
	}
	if !confirmed {
		var f errs.Fields
		for i, w := range ws {
			f = append(f, errs.Field{Path: fmt.Sprintf("warning.%d", i), Key: w.Key(), Args: w.Args})
		}
		return &errs.Error{Kind: errs.Invalid, Key: "error.device.confirm", Rule: RuleConfirm, Args: errs.Args{"n": len(f)}, Fields: f}
	}
	if device.Heaviest(ws) == device.Remark && reason == "" {
		return nil
	}
	return checkReason("reason", reason)
}

// judged are parts with their scans, and the rules they break.
type judged struct {
	parts    []device.Part
	scans    []string
	warnings []device.Warning
}

// insert writes the parts in the order of their pieces, so that two hospitals
// that save the same pieces wait for each other in one order.
func insert(tx *store.Tx, o store.Operation, in PartsInput, j judged) ([]Part, error) {
	parts, ws := j.parts, j.warnings
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := unit(parts[a].Item), unit(parts[b].Item)
		return cmp.Compare(x, y)
	})
	out := make([]Part, len(parts))
	for _, i := range order {
		c := store.Component{ID: ident.New(), Procedure: o.ID, Treatment: o.Treatment, Case: o.Case, Hospital: o.Hospital, On: o.OperatedOn, Line: parts[i].Device,
			Item: parts[i].Item, RawScan: j.scans[i], Sticker: in.Sticker, Marks: device.Marks(ws, i), Live: true, Version: 1}
		c.Reason, c.Review = attached(ws, i, in.Reason)
		var err error
		if out[i], err = tx.InsertComponent(c); err != nil {
			return nil, err
		}
		if out[i].Claim == device.Disputed {
			tx.Audit(audit.Event{Action: audit.DisputeOpen, ObjectKind: audit.ObjectComponent, ObjectID: c.ID, OrganisationID: o.Hospital})
		}
	}
	return out, nil
}

func unit(x device.Item) string {
	di, ref := x.Units()
	return cmp.Or(ref, di)
}

// attached is the reason a part keeps, and whether a second person looks at it.
func attached(ws []device.Warning, item int, reason string) (string, device.Review) {
	heaviest := device.Remark
	for _, w := range ws {
		if w.Item == item {
			heaviest = max(heaviest, w.Rule.Weight())
		}
	}
	switch heaviest {
	case device.Alarm:
		return reason, device.ReviewOpen
	case device.Stop:
		return reason, device.NoReview
	}
	return "", device.NoReview
}

// PartInput corrects or removes a part; the reason stays in its history.
type PartInput struct {
	Part      ident.ID
	Version   int64
	Item      device.Item // correction only
	Sticker   ident.ID
	Confirmed bool
	Reason    string
}

// part reads a part that is to be changed, with its operation.
func (s *Service) part(tx *store.Tx, id ident.ID, version int64) (Part, store.Operation, error) {
	c, err := tx.ComponentByID(id)
	if err != nil {
		return c, store.Operation{}, err
	}
	o, err := s.toEdit(tx, c.Procedure)
	if err != nil {
		return c, o, err
	}
	if c, err = tx.ComponentForUpdate(id); err != nil {
		return c, o, err
	}
	if !c.Live {
		return c, o, errs.Missing("error.device.part_missing")
	}
	return c, o, tx.SameVersion(c.Version, version)
}

// CorrectPart changes a part. Its rules are looked at anew; a dispute it stands
// in stays until the office has resolved it.
func (s *Service) CorrectPart(ctx context.Context, who user.Principal, in PartInput, key Key) (Part, error) {
	if err := s.door(who, authz.ProcedureEdit); err != nil {
		return Part{}, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	if err := checkReason("reason", in.Reason); err != nil {
		return Part{}, err
	}
	event := audit.Event{Action: audit.DeviceRecord, ObjectKind: audit.ObjectComponent, ObjectID: in.Part, Reason: in.Reason, Detail: map[string]any{"what": "correct"}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Part, error) {
		old, o, err := s.part(tx, in.Part, in.Version)
		if err != nil {
			return Part{}, err
		}
		x := in.Item.Clean()
		x.Produced = old.Produced // not asked for by hand
		parts, err := complete(tx, []device.Item{x})
		if err != nil {
			return Part{}, err
		}
		if err := parts[0].Check(o.Site); err != nil {
			return Part{}, err
		}
		recorded, err := tx.ComponentsOf(o.ID)
		if err != nil {
			return Part{}, err
		}
		ws, err := judge(tx, o, recorded, parts, old.ID)
		if err != nil {
			return Part{}, err
		}
		if err := settled(ws, in.Confirmed, in.Reason); err != nil {
			return Part{}, err
		}
		c := old
		c.Item, c.Line, c.Sticker, c.Marks = parts[0].Item, parts[0].Device, in.Sticker, device.Marks(ws, 0)
		c.Reason, c.Review = attached(ws, 0, in.Reason)
		if c, err = tx.UpdateComponent(old, c); err != nil {
			return Part{}, err
		}
		if err := tx.RecordComponentChange(c.ID, store.ComponentChange{Action: "corrected", Reason: in.Reason, Before: old.Item, After: c.Item}); err != nil {
			return Part{}, err
		}
		if err := tx.TouchOperation(o); err != nil {
			return Part{}, err
		}
		return tx.ComponentByID(c.ID)
	})
}

// RemovePart takes a part off the record, which was never used or belongs to
// another operation. Its history keeps what it said.
func (s *Service) RemovePart(ctx context.Context, who user.Principal, in PartInput, key Key) (Part, error) {
	if err := s.door(who, authz.ProcedureEdit); err != nil {
		return Part{}, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	if err := checkReason("reason", in.Reason); err != nil {
		return Part{}, err
	}
	event := audit.Event{Action: audit.DeviceRecord, ObjectKind: audit.ObjectComponent, ObjectID: in.Part, Reason: in.Reason, Detail: map[string]any{"what": "remove"}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Part, error) {
		c, o, err := s.part(tx, in.Part, in.Version)
		if err != nil {
			return Part{}, err
		}
		if err := tx.RecordComponentChange(c.ID, store.ComponentChange{Action: "removed", Reason: in.Reason, Before: c.Item}); err != nil {
			return Part{}, err
		}
		if err := tx.RemoveComponent(c); err != nil {
			return Part{}, err
		}
		if err := tx.TouchOperation(o); err != nil {
			return Part{}, err
		}
		c.Live = false
		return c, nil
	})
}

// PartView is one part with its operation.
type PartView struct {
	Part
	Operation store.Operation
	Edit      bool
	Review    bool // the reader may look at its alarm as the second person
}

// Part reads one part.
func (s *Service) Part(ctx context.Context, who user.Principal, id ident.ID) (PartView, error) {
	var v PartView
	if err := s.door(who, authz.ProcedureRead); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.ProcedureRead, ObjectKind: audit.ObjectComponent, ObjectID: id})
		if v.Part, err = tx.ComponentByID(id); err != nil {
			return err
		}
		if !v.Live {
			return errs.Missing("error.device.part_missing")
		}
		v.Operation, err = tx.OperationByID(v.Procedure)
		return err
	})
	v.Edit = err == nil && !v.Operation.Signature.Locked() && s.can(who, authz.ProcedureEdit, v.Hospital)
	v.Review = err == nil && v.Part.Review == device.ReviewOpen && s.reviews(who, v.Hospital) == nil
	v.Operation.PersonName = s.name(who, v.Operation.PersonName)
	return v, err
}

// reviews: a second clinician of the hospital, or the office.
func (s *Service) reviews(who user.Principal, hospital ident.ID) error {
	if s.office(who, authz.DisputeResolve) == nil {
		return nil
	}
	return s.at(who, authz.ProcedureSign, hospital)
}

// ReviewInput is what a second person found about an alarm.
type ReviewInput struct {
	Part    ident.ID
	Version int64
	Note    string
}

// ReviewPart notes what a second person found. The part keeps its marks.
func (s *Service) ReviewPart(ctx context.Context, who user.Principal, in ReviewInput, key Key) (Part, error) {
	if err := s.door(who, authz.ProcedureRead); err != nil {
		return Part{}, err
	}
	in.Note = strings.TrimSpace(in.Note)
	if err := checkReason("note", in.Note); err != nil {
		return Part{}, err
	}
	event := audit.Event{Action: audit.DeviceReview, ObjectKind: audit.ObjectComponent, ObjectID: in.Part, Reason: in.Note}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Part, error) {
		c, err := tx.ComponentForUpdate(in.Part)
		if err != nil {
			return c, err
		}
		if err := s.reviews(who, c.Hospital); err != nil {
			return c, err
		}
		if err := device.Reviewed(c.Live && c.Review == device.ReviewOpen, c.EnteredBy, who.AccountID, in.Note); err != nil {
			return c, err
		}
		if err := tx.SameVersion(c.Version, in.Version); err != nil {
			return c, err
		}
		if err := tx.RecordComponentChange(c.ID, store.ComponentChange{Action: "reviewed", Reason: in.Note, Before: c.Item, After: c.Item}); err != nil {
			return c, err
		}
		if err := tx.ReviewComponent(c, in.Note); err != nil {
			return c, err
		}
		return tx.ComponentByID(c.ID)
	})
}

// ReadLabels says what scans mean and which lines of the library they are,
// without recording anything.
func (s *Service) ReadLabels(ctx context.Context, who user.Principal, scans []string) ([]device.Reading, []Line, error) {
	if err := s.door(who, authz.DeviceRead); err != nil {
		return nil, nil, err
	}
	var f errs.Fields
	if len(scans) > MaxScans {
		f.Add("scans", "error.device.scan_many", "max", MaxScans)
		return nil, nil, f.Err()
	}
	var out []device.Reading
	var lines []Line
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("the library holds no personal data")
		out = device.Read(scans, tx.Today())
		asked := make([]device.Device, len(out))
		for i, r := range out {
			asked[i] = device.ItemOf(r.Label).Device
		}
		lines, err = tx.DevicesLike(asked)
		return err
	})
	return out, lines, err
}
