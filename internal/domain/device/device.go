// Package device knows what is put into a patient: the parts of an artificial
// joint, lenses, stents and balloons; how their labels are read, and which rules
// the parts of one operation have to keep.
//
// The roles and the fields of a part follow the component forms of the joint
// registers (NJR H1/K1, AOANJRR). Retrieval studies of the National Joint
// Registry found 5 % of typed catalogue numbers of heads wrong and 6 % of their
// lots: so the label is scanned, the raw scan is kept, and a second person looks
// at what does not fit.
//
// Labels are read by [Parse], which speaks GS1 (linear, DataMatrix and the form
// printed for people) and HIBC. The browser reads them by web/ts/udi.ts; one
// file of vectors (testdata/labels.json) holds the two to the same answers.
//
// What has happened to a patient is never refused. A rule that is broken comes
// back as a [Warning], which says whether it only marks the part, or asks for a
// reason, or for a reason and a second person. One physical unit is used once in
// a partnership: [Item.Units] names it.
package device

import (
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Role is what a part does in the body.
type Role string

// The roles: hip and knee by the joint registers, then eye and heart.
const (
	Stem         Role = "STEM"
	Head         Role = "HEAD"
	CupShell     Role = "CUP_SHELL"
	Liner        Role = "LINER"
	MonoblockCup Role = "MONOBLOCK_CUP"
	Neck         Role = "NECK"
	Screw        Role = "SCREW"
	Restrictor   Role = "RESTRICTOR"
	Cement       Role = "CEMENT"
	Femoral      Role = "FEMORAL"
	TibialTray   Role = "TIBIAL_TRAY"
	Insert       Role = "INSERT"
	Patella      Role = "PATELLA"
	Augment      Role = "AUGMENT"
	StemExt      Role = "STEM_EXT"
	Lens         Role = "IOL"
	CapsularRing Role = "CAPSULAR_RING"
	Stent        Role = "STENT"
	Balloon      Role = "BALLOON"
	DrugBalloon  Role = "DRUG_BALLOON"
)

// roleRow says where a role belongs, and whether one operation has one of it.
type roleRow struct {
	role  Role
	sites []procedure.Site
	once  bool
}

func roles() []roleRow {
	hip, knee := []procedure.Site{procedure.Hip}, []procedure.Site{procedure.Knee}
	joint, eye, heart := []procedure.Site{procedure.Hip, procedure.Knee}, []procedure.Site{procedure.Eye}, []procedure.Site{procedure.CoronaryVessels}
	return []roleRow{{Stem, hip, true}, {Head, hip, true}, {CupShell, hip, true}, {Liner, hip, true}, {MonoblockCup, hip, true}, {Neck, hip, true},
		{Screw, joint, false}, {Restrictor, joint, true}, {Femoral, knee, true}, {TibialTray, knee, true}, {Insert, knee, true}, {Patella, knee, true},
		{Augment, joint, false}, {StemExt, knee, false}, {Cement, joint, false}, {Lens, eye, true}, {CapsularRing, eye, true},
		{Stent, heart, false}, {Balloon, heart, false}, {DrugBalloon, heart, false}}
}

// Roles lists the roles of a site in the order forms show them; the empty site
// gives all.
func Roles(site procedure.Site) []Role {
	var out []Role
	for _, r := range roles() {
		if site == "" || slices.Contains(r.sites, site) {
			out = append(out, r.role)
		}
	}
	return out
}

func (r Role) row() (roleRow, bool) {
	for _, x := range roles() {
		if x.role == r {
			return x, true
		}
	}
	return roleRow{}, false
}

// Known reports whether r is in the table.
func (r Role) Known() bool { _, ok := r.row(); return ok }

// At reports whether the role belongs to a site.
func (r Role) At(site procedure.Site) bool {
	x, ok := r.row()
	return ok && slices.Contains(x.sites, site)
}

// Once reports whether an operation has at most one of the role.
func (r Role) Once() bool { x, _ := r.row(); return x.once }

// Label is the message key of the role's name.
func (r Role) Label() string { return "device.role." + strings.ToLower(string(r)) }

// Material is what the bearing or body of a part is made of.
type Material string

// The materials.
const (
	CobaltChrome Material = "COCR"
	Titanium     Material = "TITANIUM"
	Ceramic      Material = "CERAMIC"
	Polyethylene Material = "PE"
	CrossLinked  Material = "HXLPE"
	Steel        Material = "STEEL"
	Tantalum     Material = "TANTALUM"
	BoneCement   Material = "PMMA"
	Acrylic      Material = "ACRYLIC"
	Silicone     Material = "SILICONE"
	OtherStuff   Material = "OTHER"
)

// Materials lists the materials.
func Materials() []Material {
	return []Material{CobaltChrome, Titanium, Ceramic, Polyethylene, CrossLinked, Steel, Tantalum, BoneCement, Acrylic, Silicone, OtherStuff}
}

// Known reports whether m is in the list.
func (m Material) Known() bool { return slices.Contains(Materials(), m) }

// Label is the message key of the material's name.
func (m Material) Label() string { return "device.material." + strings.ToLower(string(m)) }

// Device is what a part is: one line of the library, and the same facts as they
// stood when the part was used.
type Device struct {
	Maker        string
	Brand        string // the system, as the maker sells it
	Catalogue    string // REF
	DI           string // GTIN in 14 digits, or the primary identifier of HIBC
	Registration string // 国械注准 or 国械注进
	NHSACode     string // the insurers' code of consumables
	Role         Role
	Size         string
	Diameter     int            // of head, liner or cup, mm; 0: none
	Side         procedure.Side // empty: for either side
	Material     Material
	Cemented     bool
	Price        money.Fen // per piece; 0: not known
	Bulk         bool      // bought in the state's bulk procurement (集采)
}

// Item is a part as it was used, or is about to be.
type Item struct {
	Device
	Lot      string
	Serial   string
	Expiry   clock.Date // last day it may be used; zero: not on the label
	Produced clock.Date
	Quantity int // 1 for what has a serial number
}

// Bounds of what people type.
const (
	MaxText     = 120
	MaxCode     = 60
	MaxQuantity = 50
	maxDiameter = 80
)

// Clean trims and spells what was typed as the rules compare it. A GTIN in any
// of its lengths becomes fourteen digits.
func (d Device) Clean() Device {
	for _, s := range []*string{&d.Maker, &d.Brand, &d.Catalogue, &d.DI, &d.Registration, &d.NHSACode, &d.Size} {
		*s = tidy(*s)
	}
	d.DI = strings.ToUpper(strings.ReplaceAll(d.DI, " ", ""))
	if g, ok := lengthen(d.DI); ok {
		d.DI = g
	}
	return d
}

// Clean is [Device.Clean] with lot and serial number; no quantity is one.
func (x Item) Clean() Item {
	x.Device = x.Device.Clean()
	x.Lot, x.Serial = tidy(x.Lot), tidy(x.Serial)
	if x.Quantity == 0 {
		x.Quantity = 1
	}
	return x
}

// Check refuses what cannot be a line of the library. It expects [Device.Clean].
func (d Device) Check() error {
	var f errs.Fields
	d.check(&f)
	if d.Maker == "" {
		f.Add("maker", "form.error.missing")
	}
	if d.Catalogue == "" && d.DI == "" {
		f.Add("catalogue", "error.device.ref_or_di")
	}
	return f.Err()
}

func (d Device) check(f *errs.Fields) {
	if !d.Role.Known() {
		f.Add("role", "form.error.pick")
	}
	if d.Material != "" && !d.Material.Known() {
		f.Add("material", "form.error.choice")
	}
	if d.Side != "" && !d.Side.Known() {
		f.Add("side", "form.error.choice")
	}
	if d.Diameter < 0 || d.Diameter > maxDiameter {
		f.Add("diameter", "form.error.between", "low", 0, "high", maxDiameter)
	}
	if d.Price < 0 {
		f.Add("price", "form.error.negative")
	}
	for _, x := range []struct {
		path, text string
		max        int
	}{{"maker", d.Maker, MaxText}, {"brand", d.Brand, MaxText}, {"catalogue", d.Catalogue, MaxCode}, {"registration", d.Registration, MaxCode},
		{"nhsa_code", d.NHSACode, MaxCode}, {"size", d.Size, MaxCode}} {
		if len([]rune(x.text)) > x.max {
			f.Add(x.path, "form.error.long", "max", x.max)
		}
	}
	if d.DI != "" {
		if err := CheckDI(d.DI); err != nil {
			f.Add("di", err.Key())
		}
	}
}

// Check refuses what cannot be a part of an operation at a site. A part needs a
// name by which a recall finds it: the catalogue number or the identifier, with
// the lot or the serial number.
func (x Item) Check(site procedure.Site) error {
	var f errs.Fields
	x.check(&f)
	if x.Role.Known() && !x.Role.At(site) {
		f.Add("role", "error.device.role_site", "role", errs.Key(x.Role.Label()), "site", errs.Key(site.Label()))
	}
	if x.Maker == "" && x.DI == "" {
		f.Add("maker", "error.device.maker")
	}
	if x.Catalogue == "" && x.DI == "" {
		f.Add("catalogue", "error.device.ref_or_di")
	}
	if x.Lot == "" && x.Serial == "" {
		f.Add("lot", "error.device.lot_or_serial")
	}
	for _, t := range []struct{ path, text string }{{"lot", x.Lot}, {"serial", x.Serial}} {
		if len([]rune(t.text)) > MaxCode {
			f.Add(t.path, "form.error.long", "max", MaxCode)
		}
	}
	switch {
	case x.Quantity < 1 || x.Quantity > MaxQuantity:
		f.Add("quantity", "form.error.between", "low", 1, "high", MaxQuantity)
	case x.Serial != "" && x.Quantity > 1:
		f.Add("quantity", "error.device.serial_quantity")
	}
	if !x.Produced.IsZero() && !x.Expiry.IsZero() && x.Expiry.Before(x.Produced) {
		f.Add("expiry", "error.device.expiry_before_production")
	}
	return f.Err()
}

// Units are the names of the one physical piece behind a serial number: by its
// identifier, and by maker and catalogue number. Two parts that share either are
// the same piece. Both are empty without a serial number.
func (x Item) Units() (byDI, byRef string) {
	serial := Fold(x.Serial)
	if serial == "" {
		return "", ""
	}
	if x.DI != "" {
		byDI = Fold(x.DI) + "|" + serial
	}
	if maker, ref := Fold(x.Maker), Fold(x.Catalogue); maker != "" && ref != "" {
		byRef = maker + "|" + ref + "|" + serial
	}
	return byDI, byRef
}
