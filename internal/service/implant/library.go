package implant

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// LibraryInput asks for a page of the library, or with a text for what begins
// with it.
type LibraryInput struct {
	Text string
	Role device.Role
	Page page.Request
}

// Library is a page of the library. Found reports that a text found as much as
// is shown, so that there may be more.
type Library struct {
	page.Result[Line]
	Full bool
	Edit bool
}

// Library reads the library of the partnership.
func (s *Service) Library(ctx context.Context, who user.Principal, in LibraryInput) (Library, error) {
	var out Library
	if err := s.door(who, authz.DeviceRead); err != nil {
		return out, err
	}
	if in.Role != "" && !in.Role.Known() {
		in.Role = ""
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("the library holds no personal data")
		if text := strings.TrimSpace(in.Text); text != "" {
			out.Rows, err = tx.SearchDevices(text, in.Role)
			out.Full = len(out.Rows) >= store.DevicesFound
			return err
		}
		out.Result, err = tx.ListDevices(in.Role, in.Page)
		return err
	})
	out.Edit = err == nil && s.door(who, authz.DeviceEdit) == nil
	return out, err
}

// Line reads one line of the library.
func (s *Service) Line(ctx context.Context, who user.Principal, id ident.ID) (Line, bool, error) {
	var d Line
	if err := s.door(who, authz.DeviceRead); err != nil {
		return d, false, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("the library holds no personal data")
		d, err = tx.DeviceByID(id)
		return err
	})
	return d, err == nil && s.door(who, authz.DeviceEdit) == nil, err
}

// LineInput is a line of the library to be added (no id) or corrected.
type LineInput struct {
	ID       ident.ID
	Version  int64
	Device   device.Device
	Withdraw bool // take it off the library
}

// SaveLine adds or corrects a line.
func (s *Service) SaveLine(ctx context.Context, who user.Principal, in LineInput, key Key) (Line, error) {
	if err := s.door(who, authz.DeviceEdit); err != nil {
		return Line{}, err
	}
	in.Device = in.Device.Clean()
	if !in.Withdraw {
		if err := in.Device.Check(); err != nil {
			return Line{}, err
		}
	}
	event := audit.Event{Action: audit.DeviceEdit, ObjectKind: audit.ObjectDevice, ObjectID: in.ID,
		Detail: map[string]any{"maker": in.Device.Maker, "catalogue": in.Device.Catalogue, "withdraw": in.Withdraw}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Line, error) {
		if in.ID == ident.Nil {
			d := Line{ID: ident.New(), Device: in.Device, Version: 1}
			return d, tx.InsertDevice(d.ID, d.Device)
		}
		d, err := tx.DeviceByID(in.ID)
		if err != nil {
			return d, err
		}
		if err := tx.SameVersion(d.Version, in.Version); err != nil {
			return d, err
		}
		if !in.Withdraw {
			d.Device = in.Device
		}
		if err := tx.UpdateDevice(d, !in.Withdraw); err != nil {
			return d, err
		}
		d.Version++
		return d, nil
	})
}

// Loaded is the answer to a list of lines that came in at once.
type Loaded struct {
	Added   int `json:"added"`
	Known   int `json:"known"` // were in the library already, and stay as they are
	Refused int `json:"refused"`
}

// LoadLines adds the lines of a list. Lines that are in the library already are
// left alone: a list from a maker does not overwrite what the office corrected.
// One wrong line refuses the whole list, with the row and the reason.
func (s *Service) LoadLines(ctx context.Context, who user.Principal, rows []LoadRow, key Key) (Loaded, error) {
	if err := s.door(who, authz.DeviceEdit); err != nil {
		return Loaded{}, err
	}
	list, err := checkRows(rows)
	if err != nil {
		return Loaded{}, err
	}
	event := audit.Event{Action: audit.DeviceEdit, ObjectKind: audit.ObjectDevice, Detail: map[string]any{"rows": len(rows)}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Loaded, error) {
		known, err := tx.DevicesLike(list)
		if err != nil {
			return Loaded{}, err
		}
		var out Loaded
		var fresh []store.DeviceItem
		for i, d := range list {
			if known[i].ID != ident.Nil {
				out.Known++
				continue
			}
			fresh = append(fresh, store.DeviceItem{ID: ident.New(), Device: d})
		}
		out.Added = len(fresh)
		tx.Amend("added", out.Added)
		return out, tx.InsertDevices(fresh)
	})
}

// LoadRow is one line of a list, with its place in the file.
type LoadRow struct {
	Row    int
	Device device.Device
	Wrong  errs.Fields // cells that could not be read
}

// MaxRows is how many lines one list may have; its fields bound by the lookup.
const MaxRows = 400

// shownFaults is how many wrong rows an answer names.
const shownFaults = 20

func checkRows(rows []LoadRow) ([]device.Device, error) {
	var f errs.Fields
	if len(rows) == 0 {
		f.Add("file", "error.device.list_empty")
	}
	if len(rows) > MaxRows {
		f.Add("file", "error.device.list_long", "max", MaxRows)
		return nil, f.Err()
	}
	var out []device.Device
	seen := map[string]int{}
	for _, r := range rows {
		d := r.Device.Clean()
		wrong := slices.Clone(r.Wrong)
		if err := wrong.Merge("", d.Check()); err != nil {
			return nil, err
		}
		for _, key := range []string{"d" + d.DI, "r" + device.Fold(d.Maker) + "|" + device.Fold(d.Catalogue)} {
			if key == "d" || d.Catalogue == "" && key[0] == 'r' {
				continue
			}
			if first, twice := seen[key]; twice {
				wrong.Add("catalogue", "error.device.list_twice", "first", first)
			}
			seen[key] = r.Row
		}
		for _, x := range wrong {
			if len(f) < shownFaults {
				f = append(f, errs.Field{Path: "row", Key: "error.device.list_row", Args: errs.Args{"row": r.Row, "field": errs.Key("device." + x.Path), "problem": said(x)}})
			}
		}
		out = append(out, d)
	}
	for i := range f { // several rows have the same path: each is shown
		if f[i].Path == "row" {
			f[i].Path = "row." + string(rune('a'+i))
		}
	}
	return out, f.Err()
}

// said is a sentence inside a sentence; one with values is said without them.
func said(x errs.Field) errs.Key { return errs.Key(x.Key) }

// StockList is a page of deliveries.
type StockList struct {
	page.Result[Stock]
	Sides map[ident.ID]user.Side
	Edit  []ident.ID // hospitals at which the reader may note one
}

// Stock reads the deliveries of the reader's hospitals.
func (s *Service) Stock(ctx context.Context, who user.Principal, req page.Request) (StockList, error) {
	var out StockList
	if err := s.door(who, authz.DeviceRead); err != nil {
		return out, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("stock holds no personal data")
		if out.Result, err = tx.ListStock(s.hospitals(who, authz.DeviceRead), req); err != nil {
			return err
		}
		out.Sides, err = tx.SidesOf()
		return err
	})
	out.Edit = s.policy.Reach(who, authz.StockEdit).Hospitals
	return out, err
}

// StockInput is a delivery: the scan of a label, or a catalogue number or
// identifier, with lot and how many came.
type StockInput struct {
	Hospital ident.ID
	Scans    []string
	Device   device.Device // maker, catalogue number or identifier
	Lot      string
	Expiry   clock.Date
	On       clock.Date
	Received int
	Note     string
}

// maxReceived bounds one delivery: more is a slip of the finger.
const maxReceived = 10_000

// AddStock notes a delivery.
func (s *Service) AddStock(ctx context.Context, who user.Principal, in StockInput, key Key) (Stock, error) {
	if err := s.at(who, authz.StockEdit, in.Hospital); err != nil {
		return Stock{}, err
	}
	event := audit.Event{Action: audit.StockEdit, ObjectKind: audit.ObjectDevice, OrganisationID: in.Hospital, Detail: map[string]any{"lot": in.Lot, "received": in.Received}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Stock, error) {
		x, err := delivered(tx, in)
		if err != nil {
			return Stock{}, err
		}
		lines, err := tx.DevicesLike([]device.Device{x.DeviceOf})
		if err != nil {
			return Stock{}, err
		}
		if lines[0].ID == ident.Nil {
			var f errs.Fields
			f.Add("catalogue", "error.device.stock_unknown")
			return Stock{}, f.Err()
		}
		x.Stock.ID, x.DeviceID = ident.New(), lines[0].ID
		if err := tx.InsertStock(x.Stock); err != nil {
			return Stock{}, err
		}
		return tx.StockByID(x.Stock.ID)
	})
}

type delivery struct {
	Stock
	DeviceOf device.Device
}

// delivered reads a delivery from its scans and fields.
func delivered(tx *store.Tx, in StockInput) (delivery, error) {
	var f errs.Fields
	x := device.Item{Device: in.Device, Lot: in.Lot, Expiry: in.Expiry}.Clean()
	readings := device.Read(in.Scans, tx.Today())
	for i, r := range readings {
		switch {
		case r.Fault != nil:
			f.Add("scans", "error.device.scan_line", "line", r.Lines[0]+1, "problem", errs.Key(r.Fault.Key()), "ai", r.Fault.AI)
		case i > 0:
			f.Add("scans", "error.device.stock_one")
		default:
			x = over(device.ItemOf(r.Label), x)
			if in.Received == 0 {
				in.Received = r.Quantity
			}
		}
	}
	if x.DI == "" && x.Catalogue == "" && !f.Has("scans") {
		f.Add("catalogue", "error.device.ref_or_di")
	}
	if x.DI != "" {
		if bad := device.CheckDI(x.DI); bad != nil {
			f.Add("di", bad.Key())
		}
	}
	if x.Lot == "" {
		f.Add("lot", "form.error.missing")
	}
	if in.Received < 1 || in.Received > maxReceived {
		f.Add("received", "form.error.between", "low", 1, "high", maxReceived)
	}
	if in.On.IsZero() {
		in.On = tx.Today()
	}
	if in.On.After(tx.Today()) {
		f.Add("on", "error.funding.future")
	}
	for path, text := range map[string]string{"lot": x.Lot, "note": in.Note} {
		if len([]rune(text)) > device.MaxText {
			f.Add(path, "form.error.long", "max", device.MaxText)
		}
	}
	return delivery{Stock{Hospital: in.Hospital, Lot: x.Lot, Expiry: x.Expiry, On: in.On, Received: in.Received, Note: strings.TrimSpace(in.Note)}, x.Device}, f.Err()
}

// StockStep withdraws a delivery that was noted by mistake.
type StockStep struct {
	ID      ident.ID
	Version int64
	Reason  string
}

// Delivery reads one delivery, for the page that withdraws it.
func (s *Service) Delivery(ctx context.Context, who user.Principal, id ident.ID) (Stock, error) {
	var out Stock
	if err := s.door(who, authz.StockEdit); err != nil {
		return out, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("stock holds no personal data")
		if out, err = tx.StockByID(id); err != nil {
			return err
		}
		return s.at(who, authz.StockEdit, out.Hospital)
	})
	return out, err
}

// WithdrawStock takes a delivery back.
func (s *Service) WithdrawStock(ctx context.Context, who user.Principal, in StockStep, key Key) (Stock, error) {
	if err := s.door(who, authz.StockEdit); err != nil {
		return Stock{}, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	if err := checkReason("reason", in.Reason); err != nil {
		return Stock{}, err
	}
	event := audit.Event{Action: audit.StockEdit, ObjectKind: audit.ObjectDevice, ObjectID: in.ID, Reason: in.Reason}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Stock, error) {
		x, err := tx.StockByID(in.ID)
		if err != nil {
			return x, err
		}
		if err := s.at(who, authz.StockEdit, x.Hospital); err != nil {
			return x, err
		}
		if err := tx.SameVersion(x.Version, in.Version); err != nil {
			return x, err
		}
		return x, tx.WithdrawStock(x, in.Reason)
	})
}
