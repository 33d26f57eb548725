package device

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Rule names a rule; a part is marked under it.
type Rule string

// The rules. Their sentences are the message keys of [Warning.Key].
const (
	RuleExpired   Rule = "device.expired"         // past its last day when it was put in
	RuleSide      Rule = "device.side"            // made for the other side
	RuleHeadLiner Rule = "device.head_liner"      // head and liner of different diameters
	RuleHeadStem  Rule = "device.head_stem"       // head and stem of different brands
	RuleDisputed  Rule = "device.serial_disputed" // the same piece is on record elsewhere
	RuleLot       Rule = "device.lot_exceeded"    // more of the lot used than was received
	RuleUnknown   Rule = "device.not_in_library"  // not in the library
	RuleTwice     Rule = "device.role_twice"      // a second part of a role there is one of
	RulePrice     Rule = "device.price"           // dearer than the library says
)

// Rules lists the rules.
func Rules() []Rule {
	return []Rule{RuleExpired, RuleSide, RuleHeadLiner, RuleHeadStem, RuleDisputed, RuleLot, RuleUnknown, RuleTwice, RulePrice}
}

// Weight is what a broken rule asks for.
type Weight int

// The weights.
const (
	Remark Weight = iota // the part carries the mark
	Stop                 // it is taken with a reason
	Alarm                // it is taken with a reason, and a second person looks
)

// Weight is what the rule asks for. The three alarms are the never-events the
// National Joint Registry warns of while a record is typed; false alarms are
// expected, so none of them refuses.
func (r Rule) Weight() Weight {
	switch r {
	case RuleExpired:
		return Stop
	case RuleSide, RuleHeadLiner, RuleHeadStem:
		return Alarm
	}
	return Remark
}

// Label is the message key of the mark's short name.
func (r Rule) Label() string { return "mark." + string(r) }

// Warning is a broken rule of one part.
type Warning struct {
	Rule Rule
	Item int // which of the parts that were checked
	Args errs.Args
}

// Key is the message key of the rule's sentence.
func (w Warning) Key() string { return "warning." + string(w.Rule) }

// Marks are the rules of one part, each once, in the order of [Rules].
func Marks(ws []Warning, item int) []string {
	var out []string
	for _, r := range Rules() {
		if slices.ContainsFunc(ws, func(w Warning) bool { return w.Item == item && w.Rule == r }) {
			out = append(out, string(r))
		}
	}
	return out
}

// Heaviest is the weight of all warnings together.
func Heaviest(ws []Warning) Weight {
	out := Remark
	for _, w := range ws {
		out = max(out, w.Rule.Weight())
	}
	return out
}

// Operation is what the rules need to know of the operation.
type Operation struct {
	Site procedure.Site
	Side procedure.Side
	On   clock.Date
}

// Part is an item with what was found out about it.
type Part struct {
	Item
	Device   ident.ID // the line of the library; nil: none
	Listed   Device   // that line
	Received int      // of the lot at the hospital, on record
	Used     int      // of the lot at the hospital before this one
}

// Examine checks the parts that are to be recorded against the operation, each
// other, and the parts the record has already. Serial numbers are asked for
// where they can be seen: in the store.
func Examine(op Operation, recorded []Item, parts []Part) []Warning {
	var ws []Warning
	add := func(item int, r Rule, pairs ...any) {
		args := errs.Args{}
		for i := 0; i+1 < len(pairs); i += 2 {
			args[pairs[i].(string)] = pairs[i+1]
		}
		ws = append(ws, Warning{r, item, args})
	}
	for i, p := range parts {
		if !p.Expiry.IsZero() && p.Expiry.Before(op.On) {
			add(i, RuleExpired, "expiry", p.Expiry, "on", op.On)
		}
		if p.Side.Known() && op.Side.Known() && p.Side != op.Side {
			add(i, RuleSide, "part", errs.Key(p.Side.Label()), "side", errs.Key(op.Side.Label()))
		}
		if p.Device == ident.Nil {
			add(i, RuleUnknown)
		} else if p.Listed.Price > 0 && p.Price > p.Listed.Price {
			add(i, RulePrice, "price", p.Price, "listed", p.Listed.Price)
		}
		if p.Serial == "" && p.Received > 0 && p.Used+lotBefore(parts[:i], p)+p.Quantity > p.Received {
			add(i, RuleLot, "lot", p.Lot, "received", p.Received, "used", p.Used+lotBefore(parts[:i], p)+p.Quantity)
		}
		before := slices.Clone(recorded)
		for _, x := range parts[:i] {
			before = append(before, x.Item)
		}
		fits(i, p.Item, before, add)
	}
	return ws
}

// lotBefore is how many of the same lot stand earlier in the list.
func lotBefore(parts []Part, p Part) (n int) {
	for _, x := range parts {
		if x.Device == p.Device && x.Serial == "" && Fold(x.Lot) == Fold(p.Lot) {
			n += x.Quantity
		}
	}
	return n
}

// fits compares a part with those beside it. Each pair is looked at once, from
// the part that came later.
func fits(i int, p Item, before []Item, add func(int, Rule, ...any)) {
	head, cup := p.Role == Head, p.Role == Liner || p.Role == MonoblockCup
	for _, x := range before {
		xHead, xCup := x.Role == Head, x.Role == Liner || x.Role == MonoblockCup
		if (head && xCup || cup && xHead) && p.Diameter > 0 && x.Diameter > 0 && p.Diameter != x.Diameter {
			a, b := p, x
			if cup {
				a, b = x, p
			}
			add(i, RuleHeadLiner, "head", a.Diameter, "liner", b.Diameter)
		}
		if (head && x.Role == Stem || p.Role == Stem && xHead) && otherBrand(p.Device, x.Device) {
			a, b := p, x
			if p.Role == Stem {
				a, b = x, p
			}
			add(i, RuleHeadStem, "head", brand(a.Device), "stem", brand(b.Device))
		}
	}
	if p.Role.Once() && slices.ContainsFunc(before, func(x Item) bool { return x.Role == p.Role }) {
		add(i, RuleTwice, "role", errs.Key(p.Role.Label()))
	}
}

func brand(d Device) string {
	if d.Brand != "" {
		return d.Brand
	}
	return d.Maker
}

// otherBrand compares brands, and makers where a brand is not known.
func otherBrand(a, b Device) bool {
	if Fold(a.Maker) != Fold(b.Maker) && a.Maker != "" && b.Maker != "" {
		return true
	}
	return a.Brand != "" && b.Brand != "" && Fold(a.Brand) != Fold(b.Brand)
}

// Complete fills what the label or the person left open from the library. What
// was typed stands: the record says what was used.
func (x Item) Complete(d Device) Item {
	for _, p := range []struct {
		to   *string
		from string
	}{{&x.Maker, d.Maker}, {&x.Brand, d.Brand}, {&x.Catalogue, d.Catalogue}, {&x.DI, d.DI}, {&x.Registration, d.Registration}, {&x.NHSACode, d.NHSACode}, {&x.Size, d.Size}} {
		if *p.to == "" {
			*p.to = p.from
		}
	}
	if x.Role == "" {
		x.Role = d.Role
	}
	if x.Diameter == 0 {
		x.Diameter = d.Diameter
	}
	if x.Side == "" {
		x.Side = d.Side
	}
	if x.Material == "" {
		x.Material = d.Material
	}
	if x.Price == 0 {
		x.Price = d.Price
	}
	x.Cemented, x.Bulk = x.Cemented || d.Cemented, x.Bulk || d.Bulk
	return x
}

// ItemOf is the part a label names, before the library is asked.
func ItemOf(l Label) Item {
	q := l.Quantity
	if l.Serial != "" || q < 1 || q > MaxQuantity { // a carton's count is no count of what was used
		q = 1
	}
	return Item{Device: Device{DI: l.DI, Catalogue: l.Catalogue}, Lot: l.Lot, Serial: l.Serial, Expiry: l.Expiry, Produced: l.Produced, Quantity: q}.Clean()
}
