package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
)

// DeviceItem is a line of the library.
type DeviceItem struct {
	ID ident.ID
	device.Device
	CreatedAt time.Time
	Version   int64
}

// deviceFacts are the columns that say what a device is; the library and the
// parts that were used have the same.
type deviceFacts struct {
	Maker        string    `db:"maker"`
	Brand        string    `db:"brand"`
	Catalogue    string    `db:"catalogue_no"`
	DI           string    `db:"di"`
	Registration string    `db:"registration_no"`
	NHSACode     string    `db:"nhsa_code"`
	Role         string    `db:"role"`
	Size         string    `db:"size"`
	Diameter     int       `db:"diameter_mm"`
	Side         string    `db:"side"`
	Material     string    `db:"material"`
	Cemented     bool      `db:"cemented"`
	Price        money.Fen `db:"price_fen"`
	Bulk         bool      `db:"bulk"`
}

func (r deviceFacts) device() device.Device {
	return device.Device{Maker: r.Maker, Brand: r.Brand, Catalogue: r.Catalogue, DI: r.DI, Registration: r.Registration, NHSACode: r.NHSACode,
		Role: device.Role(r.Role), Size: r.Size, Diameter: r.Diameter, Side: procedure.Side(r.Side), Material: device.Material(r.Material),
		Cemented: r.Cemented, Price: r.Price, Bulk: r.Bulk}
}

type deviceRow struct {
	ID ident.ID `db:"id"`
	deviceFacts
	CreatedAt time.Time `db:"created_at"`
	Version   int64     `db:"version"`
}

func (r deviceRow) item() DeviceItem {
	return DeviceItem{ID: r.ID, Device: r.device(), CreatedAt: r.CreatedAt.UTC(), Version: r.Version}
}

const deviceColumns = `d.id, d.maker, d.brand, d.catalogue_no, d.di, d.registration_no, d.nhsa_code, d.role, d.size, d.diameter_mm, d.side, d.material,
	d.cemented, d.price_fen, d.bulk, d.created_at, d.version`

// factValues are the values of a device in the order of its columns, the keys
// it is compared by after di.
func factValues(d device.Device) []any {
	return []any{d.Maker, d.Brand, d.Catalogue, d.DI, d.Registration, d.NHSACode, string(d.Role), d.Size, d.Diameter, string(d.Side), string(d.Material),
		d.Cemented, d.Price, d.Bulk}
}

// DeviceByID reads a line of the library.
func (tx *Tx) DeviceByID(id ident.ID) (DeviceItem, error) {
	var r deviceRow
	err := tx.get(&r, `select `+deviceColumns+` from device d where d.partnership_id = $1 and d.id = $2 and d.live`, tx.Partnership(), id)
	return one(r.item(), err, "error.device.missing")
}

// DevicesLike finds the lines of the library for parts: by identifier first, then
// by catalogue number, of the named maker where one is named. The answer has a
// line for each part, with the zero id where there is none, or more than one
// maker has the catalogue number.
func (tx *Tx) DevicesLike(list []device.Device) ([]DeviceItem, error) {
	dis, refs := make([]string, 0, len(list)), make([]string, 0, len(list))
	for _, d := range list {
		dis, refs = append(dis, d.DI), append(refs, device.Fold(d.Catalogue))
	}
	var rows []deviceRow
	err := tx.list(&rows, `select `+deviceColumns+` from (
		select d.* from unnest($2::text[]) x join device d on d.partnership_id = $1 and d.di = x and d.di <> '' and d.live
		union select d.* from unnest($3::text[]) x join device d on d.partnership_id = $1 and d.ref_key = x collate "C" and d.ref_key <> '' and d.live) d
		order by d.id limit 500`, tx.Partnership(), textArray(dis), textArray(refs))
	out := make([]DeviceItem, len(list))
	if err != nil {
		return out, err
	}
	for i, d := range list {
		out[i] = pickDevice(d, rows)
	}
	return out, nil
}

func pickDevice(d device.Device, rows []deviceRow) DeviceItem {
	var found []DeviceItem
	for _, r := range rows {
		if d.DI != "" && r.DI == d.DI {
			return r.item()
		}
		sameMaker := d.Maker == "" || device.Fold(d.Maker) == device.Fold(r.Maker)
		// A line with another identifier is another device, whatever its number.
		if d.Catalogue != "" && device.Fold(r.Catalogue) == device.Fold(d.Catalogue) && sameMaker && (d.DI == "" || r.DI == "") {
			found = append(found, r.item())
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return DeviceItem{}
}

// InsertDevice adds a line to the library.
func (tx *Tx) InsertDevice(id ident.ID, d device.Device) error {
	return tx.InsertDevices([]DeviceItem{{ID: id, Device: d}})
}

// InsertDevices adds lines to the library, many at a time.
func (tx *Tx) InsertDevices(list []DeviceItem) error {
	return tx.write(`insert into device (partnership_id, created_at, created_by, id, maker, brand, catalogue_no, di, registration_no, nhsa_code, role, size,
		diameter_mm, side, material, cemented, price_fen, bulk, maker_key, brand_key, ref_key) values `,
		`($1, $2, $3, #, #, #, #, #, #, #, #, #, #, #, #, #, #, #, #, #, #)`, []any{tx.Partnership(), tx.now, tx.who.AccountID}, len(list),
		func(i int) ([]any, error) {
			d := list[i].Device
			return append(append([]any{list[i].ID}, factValues(d)...), device.Fold(d.Maker), device.Fold(d.Brand), device.Fold(d.Catalogue)), nil
		})
}

// UpdateDevice stores a corrected line; a line that is not live leaves the
// library, and the records that used it keep what they say.
func (tx *Tx) UpdateDevice(d DeviceItem, live bool) error {
	args := append([]any{tx.Partnership(), d.ID, d.Version}, factValues(d.Device)...)
	return tx.update(`update device set maker = $4, brand = $5, catalogue_no = $6, di = $7, registration_no = $8, nhsa_code = $9, role = $10, size = $11,
		diameter_mm = $12, side = $13, material = $14, cemented = $15, price_fen = $16, bulk = $17, maker_key = $18, brand_key = $19, ref_key = $20, live = $21,
		version = version + 1 where partnership_id = $1 and id = $2 and version = $3`,
		append(args, device.Fold(d.Maker), device.Fold(d.Brand), device.Fold(d.Catalogue), live)...)
}

// ListDevices is a page of the library by maker and catalogue number.
func (tx *Tx) ListDevices(role device.Role, req page.Request) (page.Result[DeviceItem], error) {
	maker, ref, id := "", "", ident.Nil
	if _, err := req.Cursor(&maker, &ref, &id); err != nil {
		return page.Result[DeviceItem]{}, err
	}
	var rows []deviceRow
	err := tx.list(&rows, `select `+deviceColumns+` from device d where d.partnership_id = $1 and d.live and (d.maker_key, d.ref_key, d.id) > ($2, $3, $4)
		and ($6 = '' or d.role = $6) order by d.maker_key, d.ref_key, d.id limit $5`, tx.Partnership(), maker, ref, id, req.Limit()+1, string(role))
	if err != nil {
		return page.Result[DeviceItem]{}, err
	}
	return page.Cut(req, items(rows, deviceRow.item), func(d DeviceItem) []any { return []any{device.Fold(d.Maker), device.Fold(d.Catalogue), d.ID} }), nil
}

// DevicesFound is at most how many lines [Tx.SearchDevices] answers.
const DevicesFound = 50

// SearchDevices finds lines whose catalogue number, brand or maker begins with a
// text, or whose identifier is the text.
func (tx *Tx) SearchDevices(text string, role device.Role) ([]DeviceItem, error) {
	key := device.Fold(text)
	if key == "" {
		return nil, nil
	}
	after := key + "\U0010FFFF"
	di := device.Device{DI: text}.Clean().DI
	var rows []deviceRow
	err := tx.list(&rows, `select `+deviceColumns+` from (
		(select d.* from device d where d.partnership_id = $1 and d.live and d.di = $4 and d.di <> '' limit 1)
		union (select d.* from device d where d.partnership_id = $1 and d.live and d.ref_key >= $2 and d.ref_key < $3 and ($6 = '' or d.role = $6) order by d.ref_key, d.id limit $5)
		union (select d.* from device d where d.partnership_id = $1 and d.live and d.brand_key >= $2 and d.brand_key < $3 and ($6 = '' or d.role = $6) order by d.brand_key, d.id limit $5)
		union (select d.* from device d where d.partnership_id = $1 and d.live and d.maker_key >= $2 and d.maker_key < $3 and ($6 = '' or d.role = $6)
			order by d.maker_key, d.ref_key, d.id limit $5)) d
		order by d.maker_key, d.ref_key, d.id limit $5`, tx.Partnership(), key, after, di, DevicesFound, string(role))
	return items(rows, deviceRow.item), err
}

// StockItem is a delivery of one lot to one hospital, with what of the lot was
// used there.
type StockItem struct {
	ID       ident.ID
	Hospital ident.ID
	DeviceID ident.ID
	device.Device
	Lot      string
	Expiry   clock.Date
	On       clock.Date
	Received int // of this delivery
	All      int // of the lot, all deliveries
	Used     int // of the lot, without those with a serial number
	Note     string
	Version  int64

	HospitalName string
	By           string
}

type stockRow struct {
	ID       ident.ID   `db:"id"`
	Hospital ident.ID   `db:"hospital_id"`
	DeviceID ident.ID   `db:"device_id"`
	Lot      string     `db:"lot"`
	Expiry   clock.Date `db:"expires_on"`
	On       clock.Date `db:"received_on"`
	Received int        `db:"received"`
	All      int        `db:"all_received"`
	Used     int        `db:"used"`
	Note     string     `db:"note"`
	Version  int64      `db:"version"`
	deviceFacts
	HospitalName string `db:"hospital_name"`
	By           string `db:"by_name"`
}

func (r stockRow) item() StockItem {
	return StockItem{ID: r.ID, Hospital: r.Hospital, DeviceID: r.DeviceID, Lot: r.Lot, Expiry: r.Expiry, On: r.On, Received: r.Received, All: r.All, Used: r.Used,
		Note: r.Note, Version: r.Version, HospitalName: r.HospitalName, By: r.By, Device: r.device()}
}

const stockColumns = `s.id, s.hospital_id, s.device_id, s.lot, s.expires_on, s.received_on, s.received, s.note, s.version,
	d.maker, d.brand, d.catalogue_no, d.di, d.registration_no, d.nhsa_code, d.role, d.size, d.diameter_mm, d.side, d.material, d.cemented, d.price_fen, d.bulk,
	(select coalesce(sum(x.received), 0)::int from device_stock x where x.partnership_id = $1 and x.hospital_id = s.hospital_id and x.device_id = s.device_id
		and x.lot_key = s.lot_key and x.live) as all_received,
	(select coalesce(sum(c.quantity), 0)::int from component c where c.partnership_id = $1 and c.hospital_id = s.hospital_id and c.lot_key = s.lot_key
		and c.device_id = s.device_id and c.serial = '' and c.live) as used,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = s.hospital_id) as hospital_name,
	coalesce((select a.display_name from account a where a.id = s.created_by), '') as by_name`

// StockByID reads one delivery.
func (tx *Tx) StockByID(id ident.ID) (StockItem, error) {
	var r stockRow
	err := tx.get(&r, `select `+stockColumns+` from device_stock s join device d on d.partnership_id = s.partnership_id and d.id = s.device_id
		where s.partnership_id = $1 and s.id = $2 and s.live`, tx.Partnership(), id)
	return one(r.item(), err, "error.device.stock_missing")
}

// ListStock is a page of deliveries, the latest first; nil hospitals are the
// whole partnership.
func (tx *Tx) ListStock(hospitals []ident.ID, req page.Request) (page.Result[StockItem], error) {
	on, id := clock.MustDate(9999, 12, 31), ident.Nil
	if _, err := req.Cursor(&on, &id); err != nil {
		return page.Result[StockItem]{}, err
	}
	args := []any{tx.Partnership(), on, id, req.Limit() + 1}
	const lateral = ` cross join lateral (select s.* from device_stock s where s.partnership_id = $1 and s.hospital_id = h.id and s.live
		and (s.received_on, s.id) < ($2, $3) order by s.received_on desc, s.id desc limit $4) s
		join device d on d.partnership_id = s.partnership_id and d.id = s.device_id order by s.received_on desc, s.id desc limit $4`
	from := memberHospitals
	if hospitals != nil {
		from = `(select h as id from unnest($5::uuid[]) h) h`
		args = append(args, idArray(hospitals))
	}
	var rows []stockRow
	if err := tx.list(&rows, `select `+stockColumns+` from `+from+lateral, args...); err != nil {
		return page.Result[StockItem]{}, err
	}
	return page.Cut(req, items(rows, stockRow.item), func(s StockItem) []any { return []any{s.On, s.ID} }), nil
}

// memberHospitals are all organisations that are or were in the partnership: few,
// so that a list of the whole partnership is one index range for each.
const memberHospitals = `(select distinct m.organisation_id as id from partnership_member m where m.partnership_id = $1) h`

// InsertStock notes a delivery.
func (tx *Tx) InsertStock(s StockItem) error { return tx.InsertStocks([]StockItem{s}) }

// InsertStocks notes deliveries, many at a time.
func (tx *Tx) InsertStocks(list []StockItem) error {
	return tx.write(`insert into device_stock (partnership_id, created_at, created_by, id, hospital_id, device_id, lot, lot_key, expires_on, received_on,
		received, note) values `, `($1, $2, $3, #, #, #, #, #, #, #, #, #)`, []any{tx.Partnership(), tx.now, tx.who.AccountID}, len(list),
		func(i int) ([]any, error) {
			s := list[i]
			return []any{s.ID, s.Hospital, s.DeviceID, s.Lot, device.Fold(s.Lot), s.Expiry, s.On, s.Received, s.Note}, nil
		})
}

// WithdrawStock takes a delivery that was noted by mistake off the list.
func (tx *Tx) WithdrawStock(s StockItem, reason string) error {
	return tx.update(`update device_stock set live = false, withdrawn_reason = $4, version = version + 1 where partnership_id = $1 and id = $2 and version = $3 and live`,
		tx.Partnership(), s.ID, s.Version, reason)
}

// LotCount is what a hospital received and used of one lot.
type LotCount struct {
	Received int `db:"received"`
	Used     int `db:"used"`
}

// LotsOf counts, for each part, what the hospital received and used of its lot,
// without the part of the given id.
func (tx *Tx) LotsOf(hospital ident.ID, parts []device.Part, except ident.ID) ([]LotCount, error) {
	devices, lots := make([]ident.ID, len(parts)), make([]string, len(parts))
	for i, p := range parts {
		devices[i], lots[i] = p.Device, device.Fold(p.Lot)
	}
	var rows []LotCount
	err := tx.list(&rows, `select (select coalesce(sum(s.received), 0)::int from device_stock s where s.partnership_id = $1 and s.hospital_id = $2
			and s.device_id = x.device and s.lot_key = x.lot collate "C" and s.live) as received,
		(select coalesce(sum(c.quantity), 0)::int from component c where c.partnership_id = $1 and c.hospital_id = $2 and c.lot_key = x.lot collate "C"
			and c.device_id = x.device and c.serial = '' and c.live and c.id <> $5) as used
		from unnest($3::uuid[], $4::text[]) with ordinality x (device, lot, n) order by x.n limit 200`, tx.Partnership(), hospital, idArray(devices), textArray(lots), except)
	return rows, err
}
