package device_test

import (
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"pgregory.net/rapid"
)

var day = clock.MustDate(2026, 11, 23)

func part(role device.Role, brand string, mm int) device.Part {
	d := device.Device{Maker: "海岚医疗", Brand: brand, Catalogue: "REF-" + string(role), Role: role, Diameter: mm}
	return device.Part{Item: device.Item{Device: d, Lot: "L1", Quantity: 1}, Device: ident.ID{1}, Listed: d}
}

// rules lists which rules a set of parts breaks, each "item:rule".
func broken(op device.Operation, recorded []device.Item, parts ...device.Part) []string {
	var out []string
	for _, w := range device.Examine(op, recorded, parts) {
		out = append(out, string(rune('0'+w.Item))+":"+string(w.Rule))
	}
	return out
}

func TestPartsThatFitBreakNoRule(t *testing.T) {
	op := device.Operation{Site: procedure.Hip, Side: procedure.Left, On: day}
	if got := broken(op, nil, part(device.Stem, "岚山", 0), part(device.Head, "岚山", 36), part(device.CupShell, "岚山", 52), part(device.Liner, "岚山", 36)); got != nil {
		t.Errorf("broken: %v", got)
	}
}

// §8 rule 5 of the domain: a left knee part recorded on the right, and a head
// that is not of the liner's diameter.
func TestRule5AWrongSideAndAHeadThatDoesNotFitAreAlarms(t *testing.T) {
	left := part(device.Femoral, "岚膝", 0)
	left.Side = procedure.Left
	knee := device.Operation{Site: procedure.Knee, Side: procedure.Right, On: day}
	hip := device.Operation{Site: procedure.Hip, Side: procedure.Right, On: day}
	head, liner, mono := part(device.Head, "岚山", 36), part(device.Liner, "岚山", 32), part(device.MonoblockCup, "岚山", 28)
	for _, c := range []struct {
		name string
		got  []string
		want []string
	}{
		{"left part in a right knee", broken(knee, nil, left), []string{"0:device.side"}},
		{"left part in a left knee", broken(device.Operation{Site: procedure.Knee, Side: procedure.Left, On: day}, nil, left), nil},
		{"part for either side", broken(knee, nil, part(device.Insert, "岚膝", 0)), nil},
		{"head 36 in liner 32", broken(hip, nil, head, liner), []string{"1:device.head_liner"}},
		{"the other way round", broken(hip, nil, liner, head), []string{"1:device.head_liner"}},
		{"head scanned after the liner was saved", broken(hip, []device.Item{liner.Item}, head), []string{"0:device.head_liner"}},
		{"head 36 in a cup of one piece", broken(hip, []device.Item{head.Item}, mono), []string{"0:device.head_liner"}},
		{"a diameter not on the label says nothing", broken(hip, nil, part(device.Head, "岚山", 0), liner), nil},
		{"shell and head are not compared", broken(hip, nil, head, part(device.CupShell, "岚山", 52)), nil},
		{"what was saved before is not said again", broken(hip, []device.Item{head.Item, liner.Item}, part(device.Screw, "岚山", 0)), nil},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	for _, r := range []device.Rule{device.RuleSide, device.RuleHeadLiner, device.RuleHeadStem} {
		if r.Weight() != device.Alarm {
			t.Errorf("%s asks for no second person", r)
		}
	}
}

func TestHeadAndStemOfTwoBrandsAreAnAlarm(t *testing.T) {
	op := device.Operation{Site: procedure.Hip, Side: procedure.Left, On: day}
	if got := broken(op, nil, part(device.Stem, "岚山", 0), part(device.Head, "渡川", 36)); !slices.Equal(got, []string{"1:device.head_stem"}) {
		t.Errorf("two brands: %v", got)
	}
	other := part(device.Head, "", 36)
	other.Maker = "北渡器械"
	if got := broken(op, []device.Item{part(device.Stem, "岚山", 0).Item}, other); !slices.Equal(got, []string{"0:device.head_stem"}) {
		t.Errorf("two makers: %v", got)
	}
	if got := broken(op, nil, part(device.Stem, "LAN SHAN", 0), part(device.Head, "lan-shan", 36)); got != nil {
		t.Errorf("the same brand in another spelling: %v", got)
	}
	if got := broken(op, nil, part(device.Stem, "岚山", 0), part(device.CupShell, "渡川", 52)); got != nil {
		t.Errorf("stem and shell may differ: %v", got)
	}
}

func TestAnExpiredPartAsksForAReason(t *testing.T) {
	op := device.Operation{Site: procedure.Eye, Side: procedure.Left, On: day}
	lens := part(device.Lens, "", 0)
	for expiry, want := range map[clock.Date][]string{{}: nil, day: nil, day.AddDays(1): nil, day.AddDays(-1): {"0:device.expired"}} {
		lens.Expiry = expiry
		if got := broken(op, nil, lens); !slices.Equal(got, want) {
			t.Errorf("expiry %s: %v, want %v", expiry, got, want)
		}
	}
	if device.RuleExpired.Weight() != device.Stop {
		t.Error("expired is taken without a reason")
	}
}

func TestLotsCountAgainstWhatWasReceived(t *testing.T) {
	op := device.Operation{Site: procedure.Hip, Side: procedure.Left, On: day}
	screw := func(used, received, quantity int) device.Part {
		p := part(device.Screw, "岚山", 0)
		p.Used, p.Received, p.Quantity = used, received, quantity
		return p
	}
	serial := screw(5, 5, 1)
	serial.Serial = "S1"
	for _, c := range []struct {
		name  string
		parts []device.Part
		want  []string
	}{
		{"the last one", []device.Part{screw(4, 5, 1)}, nil},
		{"one too many", []device.Part{screw(5, 5, 1)}, []string{"0:device.lot_exceeded"}},
		{"two where one is left", []device.Part{screw(4, 5, 2)}, []string{"0:device.lot_exceeded"}},
		{"one each, together too many", []device.Part{screw(4, 5, 1), screw(4, 5, 1)}, []string{"1:device.lot_exceeded"}},
		{"a hospital that keeps no stock here", []device.Part{screw(9, 0, 1)}, nil},
		{"a serial number counts by itself", []device.Part{serial}, nil},
	} {
		if got := broken(op, nil, c.parts...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRemarksAreMadeOfTheLibrary(t *testing.T) {
	op := device.Operation{Site: procedure.Hip, Side: procedure.Left, On: day}
	p := part(device.Stem, "岚山", 0)
	p.Device = ident.Nil
	dear := part(device.Stem, "岚山", 0)
	dear.Listed.Price, dear.Price = 300_000, 300_001
	if got := broken(op, nil, p, dear); !slices.Equal(got, []string{"0:device.not_in_library", "1:device.price", "1:device.role_twice"}) {
		t.Errorf("%v", got)
	}
}

func TestOnePieceHasTheSameNameHoweverItIsWritten(t *testing.T) {
	a := device.Item{Device: device.Device{Maker: "海岚 医疗", Catalogue: "LS-36A", DI: "09521234000023"}, Serial: "s 000-1"}.Clean()
	b := device.Item{Device: device.Device{Maker: "海岚医疗", Catalogue: "ls36a"}, Serial: "S0001"}.Clean()
	_, refA := a.Units()
	diB, refB := b.Units()
	if refA != refB || refA == "" || diB != "" {
		t.Errorf("%q and %q, %q", refA, refB, diB)
	}
	if di, ref := (device.Item{Device: a.Device, Lot: "L"}).Units(); di != "" || ref != "" {
		t.Error("a lot is no single piece")
	}
}

func TestAPartNeedsWhatARecallLooksFor(t *testing.T) {
	good := device.Item{Device: device.Device{Maker: "海岚医疗", Catalogue: "LS-1", Role: device.Stem}, Lot: "L1"}.Clean()
	if err := good.Check(procedure.Hip); err != nil {
		t.Fatal(err)
	}
	for path, spoil := range map[string]func(*device.Item){
		"role": func(x *device.Item) { x.Role = device.Lens }, "lot": func(x *device.Item) { x.Lot = "" },
		"catalogue": func(x *device.Item) { x.Catalogue = "" }, "maker": func(x *device.Item) { x.Maker = "" },
		"quantity": func(x *device.Item) { x.Serial, x.Quantity = "1", 2 }, "diameter": func(x *device.Item) { x.Diameter = 500 },
		"di":     func(x *device.Item) { x.DI = "09504000059119" },
		"expiry": func(x *device.Item) { x.Produced, x.Expiry = day, day.AddDays(-1) },
	} {
		x := good
		spoil(&x)
		if err := x.Check(procedure.Hip); !errs.Is(err, errs.Invalid) || !errs.Of(err).Fields.Has(path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestADisputeEndsWithAReasonThatHolds(t *testing.T) {
	open := device.Standing{Open: true, Same: true, Still: true}
	for _, c := range []struct {
		s      device.Standing
		o      device.Outcome
		reason string
		rule   string // "" passes, "form" is an input error
	}{
		{open, device.Distinct, "两枚标签均已核对", ""},
		{open, device.Distinct, " ", "form"},
		{open, "other", "x", "form"},
		{open, device.Mistyped, "x", "device.dispute_same"},
		{device.Standing{Open: true, Still: true}, device.Mistyped, "x", ""},
		{device.Standing{Open: true, Same: true}, device.Mistyped, "x", ""},
		{open, device.NotUsed, "x", "device.dispute_still"},
		{device.Standing{Open: true}, device.NotUsed, "x", ""},
		{device.Standing{Same: true, Still: true}, device.Distinct, "x", "device.dispute_once"},
	} {
		err := device.Resolve(c.s, c.o, c.reason)
		switch {
		case c.rule == "" && err != nil, c.rule == "form" && !errs.Is(err, errs.Invalid), c.rule != "" && c.rule != "form" && (err == nil || errs.Of(err).Rule != c.rule):
			t.Errorf("%+v %s: %v, want %s", c.s, c.o, err, c.rule)
		}
	}
}

func TestAnAlarmIsLookedAtByASecondPerson(t *testing.T) {
	me, other := ident.ID{1}, ident.ID{2}
	if err := device.Reviewed(true, me, other, "已核对标签"); err != nil {
		t.Error(err)
	}
	if err := device.Reviewed(true, me, me, "x"); err == nil || errs.Of(err).Rule != "device.second_person" {
		t.Errorf("reviewed by the one who wrote it: %v", err)
	}
	if err := device.Reviewed(false, me, other, "x"); !errs.Is(err, errs.Precondition) {
		t.Errorf("twice: %v", err)
	}
	if err := device.Reviewed(true, me, other, ""); !errs.Is(err, errs.Invalid) {
		t.Errorf("without a note: %v", err)
	}
}

// Whatever stands in the library, what was typed or scanned is what is recorded.
func TestTheLibraryOnlyFillsWhatWasLeftOpen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[A-Z]{0,3}`)
		draw := func() device.Device {
			return device.Device{Maker: text.Draw(t, "maker"), Brand: text.Draw(t, "brand"), Catalogue: text.Draw(t, "ref"), Size: text.Draw(t, "size"),
				Diameter: rapid.IntRange(0, 3).Draw(t, "mm"), Side: rapid.SampledFrom([]procedure.Side{"", "L", "R"}).Draw(t, "side")}
		}
		typed, listed := draw(), draw()
		got := device.Item{Device: typed}.Complete(listed)
		for _, x := range [][3]string{{typed.Maker, listed.Maker, got.Maker}, {typed.Brand, listed.Brand, got.Brand}, {typed.Catalogue, listed.Catalogue, got.Catalogue},
			{typed.Size, listed.Size, got.Size}, {string(typed.Side), string(listed.Side), string(got.Side)}} {
			want := x[0]
			if want == "" {
				want = x[1]
			}
			if x[2] != want {
				t.Fatalf("typed %q, listed %q: %q", x[0], x[1], x[2])
			}
		}
		if got.Complete(listed) != got {
			t.Fatal("completing twice changes something")
		}
	})
}
