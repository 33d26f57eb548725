package demo

import (
	"fmt"
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// equipped is how many of the latest operations have their parts on record: the
// registry of parts began after the older ones.
const equipped = 90

// model is a line of the library; the makers are invented.
type model struct {
	role             device.Role
	maker, brand     string
	catalogue        string
	size             string
	diameter         int
	side             procedure.Side
	material         device.Material
	yuan             int64
	cemented, serial bool // serial: the label has a serial number, not only a lot
}

func models() []model {
	const hip, knee, eye, heart = "临川骨科", "临川骨科", "澄明光学", "心桥医疗"
	return []model{
		{device.Stem, hip, "LS", "LS-S10", "10", 0, "", device.Titanium, 4200, false, true},
		{device.Stem, hip, "LS", "LS-S12", "12", 0, "", device.Titanium, 4200, false, true},
		{device.Head, hip, "LS", "LS-H32", "32/+0", 32, "", device.Ceramic, 2600, false, true},
		{device.Head, hip, "LS", "LS-H36", "36/+0", 36, "", device.Ceramic, 2600, false, true},
		{device.CupShell, hip, "LS", "LS-C50", "50", 50, "", device.Titanium, 3100, false, false},
		{device.Liner, hip, "LS", "LS-L32", "32", 32, "", device.CrossLinked, 1500, false, false},
		{device.Liner, hip, "LS", "LS-L36", "36", 36, "", device.CrossLinked, 1500, false, false},
		{device.Stem, "远帆医械", "YF", "YF-S11", "11", 0, "", device.Titanium, 4600, false, true},
		{device.Femoral, knee, "LK", "LK-FL3", "3", 0, procedure.Left, device.CobaltChrome, 3900, true, true},
		{device.Femoral, knee, "LK", "LK-FR3", "3", 0, procedure.Right, device.CobaltChrome, 3900, true, true},
		{device.TibialTray, knee, "LK", "LK-T3", "3", 0, "", device.Titanium, 2200, true, false},
		{device.Insert, knee, "LK", "LK-I3-10", "3/10", 0, "", device.CrossLinked, 1400, false, false},
		{device.Cement, "磐石材料", "PS", "PS-40", "40 g", 0, "", device.BoneCement, 480, false, false},
		{device.Lens, eye, "CM", "CM-A60", "", 0, "", device.Acrylic, 780, false, true},
		{device.Stent, heart, "XQ", "XQ-27518", "2.75 × 18", 0, "", device.CobaltChrome, 730, false, false},
		{device.Stent, heart, "XQ", "XQ-30023", "3.0 × 23", 0, "", device.CobaltChrome, 730, false, false},
	}
}

func (x model) device() device.Device {
	return device.Device{Role: x.role, Maker: x.maker, Brand: x.brand, Catalogue: x.catalogue, Size: x.size, Diameter: x.diameter, Side: x.side, Material: x.material,
		Price: money.Fen(x.yuan * 100), Cemented: x.cemented, Bulk: x.role != device.Cement}.Clean()
}

func deviceID(catalogue string) ident.ID { return id("device/" + catalogue) }

// equip brings the library, what the hospitals received, the parts of the latest
// operations, and a dispute, an alarm and an expired part to look at.
func (m *maker) equip(tx *store.Tx) error {
	var lines []store.DeviceItem
	for _, x := range models() {
		lines = append(lines, store.DeviceItem{ID: deviceID(x.catalogue), Device: x.device()})
	}
	if err := tx.InsertDevices(lines); err != nil {
		return err
	}
	if err := m.receive(tx); err != nil {
		return err
	}
	ops := slices.Clone(m.bulk.Operations)
	slices.SortStableFunc(ops, func(a, b store.BulkOperation) int { return a.OperatedOn.Compare(b.OperatedOn) })
	e := equipment{tx: tx, made: m.next, slips: map[string]bool{}}
	for i, o := range ops[max(0, len(ops)-equipped):] {
		if err := e.implant(o.Operation, i); err != nil {
			return err
		}
	}
	return nil
}

// receive notes two deliveries of each lot-only device at each receiving hospital.
func (m *maker) receive(tx *store.Tx) error {
	n := 0
	for _, x := range models() {
		for _, h := range hospitals()[:2] {
			if x.serial {
				continue
			}
			n++
			err := tx.InsertStock(store.StockItem{ID: m.id("stock", n), Hospital: h.id(), DeviceID: deviceID(x.catalogue), Lot: lot(x, 0), Expiry: m.today.AddDays(500 + n),
				On: m.today.AddDays(-200 - n%9), Received: 60})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func lot(x model, n int) string {
	return fmt.Sprintf("%s%02d", x.catalogue[len(x.catalogue)-2:], 26+n%3) + "A"
}

// kit is the models an operation of a kind and side uses.
func kit(o store.Operation, n int) []string {
	switch o.Kind {
	case procedure.THA:
		if n%2 == 0 {
			return []string{"LS-S10", "LS-H32", "LS-C50", "LS-L32"}
		}
		return []string{"LS-S12", "LS-H36", "LS-C50", "LS-L36"}
	case procedure.TKA:
		return []string{"LK-F" + string(o.Side) + "3", "LK-T3", "LK-I3-10", "PS-40"}
	case procedure.PhacoIOL:
		return []string{"CM-A60"}
	}
	if o.HeartPart != nil && o.HeartPart.Stents > 0 {
		return []string{"XQ-27518", "XQ-30023"}[:min(2, o.HeartPart.Stents)]
	}
	return nil
}

// equipment records parts, and makes each slip of the demonstration once.
type equipment struct {
	tx    *store.Tx
	made  func() ident.ID
	slips map[string]bool
	first device.Item // the first femoral component, whose number is written down again
}

// implant records the parts of an operation by the rules of the form.
func (e *equipment) implant(o store.Operation, n int) error {
	var parts []device.Part
	for k, catalogue := range kit(o, n) {
		x := modelOf(catalogue)
		p := device.Part{Device: deviceID(catalogue), Listed: x.device(), Item: device.Item{Device: x.device(), Quantity: 1, Expiry: o.OperatedOn.AddDays(400 + 30*k)}}
		if p.Lot = lot(x, n); x.serial {
			p.Serial = fmt.Sprintf("%05d", 40_000+n)
		}
		parts = append(parts, p)
	}
	e.slip(o, parts)
	ws := device.Examine(device.Operation{Site: o.Site, Side: o.Side, On: o.OperatedOn}, nil, parts)
	for i, p := range parts {
		c := store.Component{ID: e.made(), Procedure: o.ID, Treatment: o.Treatment, Case: o.Case, Hospital: o.Hospital, On: o.OperatedOn, Line: p.Device, Item: p.Item,
			Marks: device.Marks(ws, i), Live: true, Version: 1}
		for _, w := range ws {
			if w.Item == i && w.Rule.Weight() > device.Remark {
				c.Reason = "术中只有这一规格，已告知家属"
			}
			if w.Item == i && w.Rule.Weight() == device.Alarm {
				c.Review = device.ReviewOpen
			}
		}
		if _, err := e.tx.InsertComponent(c); err != nil {
			return err
		}
	}
	return nil
}

// slip makes one head that does not fit, one serial number written down twice
// and one part that was past its day.
func (e *equipment) slip(o store.Operation, parts []device.Part) {
	once := func(name string) bool {
		was := e.slips[name]
		e.slips[name] = true
		return !was
	}
	for i := range parts {
		p := &parts[i]
		switch {
		case p.Role == device.Liner && once("liner"):
			other := "LS-L36"
			if p.Catalogue == other {
				other = "LS-L32"
			}
			p.Device, p.Listed, p.Item.Device = deviceID(other), modelOf(other).device(), modelOf(other).device()
		case p.Role == device.Femoral && e.first.Serial == "":
			e.first = p.Item
		case p.Role == device.Femoral && p.Catalogue == e.first.Catalogue && once("serial"):
			p.Serial = e.first.Serial
		case p.Role == device.Cement && e.slips["serial"] && once("expired"):
			p.Expiry = o.OperatedOn.AddDays(-6)
		}
	}
}

func modelOf(catalogue string) model {
	list := models()
	return list[slices.IndexFunc(list, func(x model) bool { return x.catalogue == catalogue })]
}
