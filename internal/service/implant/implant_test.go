package implant_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/registry"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/implant"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

const (
	mountain = servicetest.Mountain
	second   = servicetest.MountainTwo
	sea      = servicetest.Sea
)

// theatre is a world with a library of a knee and a hip.
type theatre struct {
	*servicetest.World
	s    *implant.Service
	care *care.Service
	t    *testing.T
	line map[device.Role]implant.Line
}

// Identifiers of the library below, each with its check digit.
const (
	femoralDI = "09521234000013"
	headDI    = "09521234000020"
	linerDI   = "09521234000037"
	stemDI    = "09521234000044"
)

func newTheatre(t *testing.T) *theatre {
	w := servicetest.New(t)
	x := &theatre{w, implant.New(implant.Deps{DB: w.DB, Policy: w.Policy}), care.New(care.Deps{DB: w.DB, Policy: w.Policy, Clock: w.Clock}), t, map[device.Role]implant.Line{}}
	for _, d := range []device.Device{
		{Maker: "海岚医疗", Brand: "岚膝", Catalogue: "LK-F3L", DI: femoralDI, Role: device.Femoral, Side: procedure.Left, Size: "3", Price: 520_000, Bulk: true},
		{Maker: "海岚医疗", Brand: "岚山", Catalogue: "LS-H36", DI: headDI, Role: device.Head, Diameter: 36},
		{Maker: "海岚医疗", Brand: "岚山", Catalogue: "LS-L32", DI: linerDI, Role: device.Liner, Diameter: 32},
		{Maker: "海岚医疗", Brand: "岚山", Catalogue: "LS-S10", DI: stemDI, Role: device.Stem},
		{Maker: "海岚医疗", Catalogue: "LK-SCREW", Role: device.Screw, Size: "6.5x30"},
	} {
		l, err := x.s.SaveLine(t.Context(), w.Approver(), implant.LineInput{Device: d}, store.Key{})
		if err != nil {
			t.Fatal(err)
		}
		x.line[d.Role] = l
	}
	return x
}

// operation is one that was logged at a hospital today.
func (x *theatre) operation(p servicetest.Place, kind procedure.Kind, side procedure.Side) store.Operation {
	x.t.Helper()
	doctor := x.Doctor(p)
	tr := x.Treatment(p, procedure.Joint, "苗砚秋", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	op := servicetest.Joint(doctor.PractitionerID, side, x.Today())
	op.Kind, op.Record = kind, registry.Fitting(kind.Form(), op.Record)
	if kind.Site() == procedure.Hip {
		op.JointPart.Indications = []procedure.Indication{procedure.Indications(procedure.Hip)[0]}
	}
	o, err := x.care.LogOperation(x.t.Context(), doctor, care.OperationInput{Treatment: tr.ID, Operation: op, Confirmed: true}, store.Key{})
	if err != nil {
		x.t.Fatal(err)
	}
	return o
}

// add scans labels into an operation as its hospital's doctor.
func (x *theatre) add(p servicetest.Place, o store.Operation, reason string, scans ...string) ([]implant.Part, error) {
	out, err := x.s.AddParts(x.t.Context(), x.Doctor(p), implant.PartsInput{Operation: o.ID, Scans: scans, Confirmed: true, Reason: reason, Version: x.Version(o.ID)}, store.Key{})
	return out.Parts, err
}

func (x *theatre) must(list []implant.Part, err error) implant.Part {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
	return list[0]
}

func refused(t *testing.T, what string, err error, rule string) {
	t.Helper()
	if err == nil || errs.Of(err).Rule != rule {
		t.Errorf("%s: %v, want the rule %s", what, err, rule)
	}
}

func hasKey(err error, key string) bool {
	return err != nil && slices.ContainsFunc(errs.Of(err).Fields, func(f errs.Field) bool { return f.Key == key })
}

func TestAScanBecomesAPartOfTheLibrary(t *testing.T) {
	x := newTheatre(t)
	o := x.operation(mountain, procedure.TKA, procedure.Left)
	p := x.must(x.add(mountain, o, "", "01"+femoralDI, "17290831\x1d10LC24\x1d21S-0001"))
	if p.Maker != "海岚医疗" || p.Role != device.Femoral || p.Lot != "LC24" || p.Serial != "S-0001" || p.Expiry != clock.MustDate(2029, 8, 31) || p.Price != 520_000 ||
		!p.Bulk || p.Line != x.line[device.Femoral].ID || p.Claim != device.Sole || p.RawScan != "01"+femoralDI+"\n17290831\x1d10LC24\x1d21S-0001" || len(p.Marks) != 0 {
		t.Errorf("%+v", p)
	}
	v, err := x.care.Operation(t.Context(), x.Doctor(mountain), o.ID)
	if err != nil || len(v.Parts) != 1 || v.Version != o.Version+1 {
		t.Errorf("the record shows %d parts at version %d, %v", len(v.Parts), v.Version, err)
	}
}

func TestWhatNeitherLabelNorLibrarySaysIsAskedFor(t *testing.T) {
	x := newTheatre(t)
	o := x.operation(mountain, procedure.TKA, procedure.Left)
	in := implant.PartsInput{Operation: o.ID, Scans: []string{"019521234009996" + "10A", "01095212340099910A"}, Confirmed: true, Version: x.Version(o.ID)}
	_, err := x.s.AddParts(t.Context(), x.Doctor(mountain), in, store.Key{})
	if !errs.Is(err, errs.Invalid) || !errs.Of(err).Fields.Has("scans.0") || !errs.Of(err).Fields.Has("scans.1") {
		t.Errorf("two labels that cannot be read: %v", err)
	}
	in.Scans = []string{"01" + "0952123499999" + check("0952123499999") + "10A"}
	_, err = x.s.AddParts(t.Context(), x.Doctor(mountain), in, store.Key{})
	if !errs.Is(err, errs.Invalid) || !errs.Of(err).Fields.Has("parts.0.role") {
		t.Fatalf("an unknown device: %v", err)
	}
	in.Typed = []device.Item{{Device: device.Device{Maker: "北渡器械", Catalogue: "BD-T2", Role: device.TibialTray}}}
	out, err := x.s.AddParts(t.Context(), x.Doctor(mountain), in, store.Key{})
	if err != nil || out.Parts[0].Role != device.TibialTray || !slices.Contains(out.Parts[0].Marks, string(device.RuleUnknown)) {
		t.Errorf("%+v, %v", out, err)
	}
	hand := device.Item{Device: device.Device{Maker: "海岚 医疗", Catalogue: "lk screw", Role: device.Screw}, Lot: "SC1", Quantity: 3}
	out, err = x.s.AddParts(t.Context(), x.Doctor(mountain), implant.PartsInput{Operation: o.ID, ByHand: &hand, Confirmed: true, Version: x.Version(o.ID)}, store.Key{})
	if err != nil || out.Parts[0].Line != x.line[device.Screw].ID || out.Parts[0].Quantity != 3 || out.Parts[0].Size != "6.5x30" {
		t.Errorf("by hand: %+v, %v", out, err)
	}
}

// check is the last digit of a GTIN.
func check(first13 string) string {
	for d := range 10 {
		if s := first13 + string(rune('0'+d)); device.CheckDI(s) == nil {
			return string(rune('0' + d))
		}
	}
	return ""
}

// §8 rule 5 of the domain, through the service: the alarm asks for confirmation
// and a reason, is kept as a mark, and a second person looks.
func TestRule5AlarmsNeedAReasonAndASecondPerson(t *testing.T) {
	x := newTheatre(t)
	knee, hip := x.operation(mountain, procedure.TKA, procedure.Right), x.operation(mountain, procedure.THA, procedure.Left)
	doctor := x.Doctor(mountain)
	left := implant.PartsInput{Operation: knee.ID, Scans: []string{"01" + femoralDI + "10L1"}, Version: x.Version(knee.ID)}
	_, err := x.s.AddParts(t.Context(), doctor, left, store.Key{})
	if refused(t, "a left part in a right knee", err, implant.RuleConfirm); !hasKey(err, "warning.device.side") {
		t.Errorf("%v", err)
	}
	left.Confirmed = true
	if _, err = x.s.AddParts(t.Context(), doctor, left, store.Key{}); !errs.Is(err, errs.Invalid) || !errs.Of(err).Fields.Has("reason") {
		t.Errorf("without a reason: %v", err)
	}
	left.Reason = "右侧型号缺货，术中决定"
	out, err := x.s.AddParts(t.Context(), doctor, left, store.Key{})
	p := x.must(out.Parts, err)
	if p.Review != device.ReviewOpen || p.Reason != left.Reason || !slices.Contains(p.Marks, string(device.RuleSide)) {
		t.Errorf("%+v", p)
	}
	if _, err := x.add(mountain, hip, "", "01"+headDI+"10H1", "01"+linerDI+"10N1"); !errs.Of(err).Fields.Has("reason") {
		t.Errorf("head 36 in liner 32: %v", err)
	}
	if _, err := x.add(mountain, hip, "仅有此规格", "01"+headDI+"10H1", "01"+linerDI+"10N1"); err != nil {
		t.Fatal(err)
	}
	open, err := x.s.Reviews(t.Context(), x.Approver(), page.Request{})
	if err != nil || len(open.Rows) != 2 {
		t.Fatalf("the office sees %d alarms, %v", len(open.Rows), err)
	}
	if none, err := x.s.Reviews(t.Context(), x.Doctor(second), page.Request{}); err != nil || len(none.Rows) != 0 {
		t.Errorf("another hospital sees %d alarms, %v", len(none.Rows), err)
	}
	look := implant.ReviewInput{Part: p.ID, Version: p.Version, Note: "已核对标签与影像"}
	_, err = x.s.ReviewPart(t.Context(), doctor, look, store.Key{})
	refused(t, "the one who wrote it", err, "device.second_person")
	if _, err = x.s.ReviewPart(t.Context(), x.Registrar(mountain), look, store.Key{}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a registrar: %v", err)
	}
	done, err := x.s.ReviewPart(t.Context(), x.Visiting(mountain), look, store.Key{})
	if err != nil || done.Review != device.ReviewDone || done.Reviewer == "" {
		t.Errorf("%+v, %v", done, err)
	}
}

func TestAnExpiredPartIsTakenWithAReason(t *testing.T) {
	x := newTheatre(t)
	o := x.operation(mountain, procedure.TKA, procedure.Left)
	old := "01" + femoralDI + "17261001" + "10L9"
	if _, err := x.add(mountain, o, "", old); !errs.Of(err).Fields.Has("reason") {
		t.Errorf("without a reason: %v", err)
	}
	p := x.must(x.add(mountain, o, "术中发现，无替代品，已告知家属", old))
	if p.Reason == "" || p.Review != device.NoReview || !slices.Contains(p.Marks, string(device.RuleExpired)) {
		t.Errorf("%+v", p)
	}
}

func TestUsedLotsCountAgainstTheStockOfTheHospital(t *testing.T) {
	x := newTheatre(t)
	receive := func(p servicetest.Place, n int) {
		in := implant.StockInput{Hospital: x.ID(p), Device: device.Device{Maker: "海岚医疗", Catalogue: "LK-SCREW"}, Lot: "SC 1", Received: n}
		if _, err := x.s.AddStock(t.Context(), x.Registrar(p), in, store.Key{}); err != nil {
			t.Fatal(err)
		}
	}
	receive(mountain, 2)
	receive(second, 50)
	o := x.operation(mountain, procedure.TKA, procedure.Left)
	use := func(n int) []string {
		hand := device.Item{Device: device.Device{Maker: "海岚医疗", Catalogue: "LK-SCREW", Role: device.Screw}, Lot: "SC1", Quantity: n}
		out, err := x.s.AddParts(t.Context(), x.Doctor(mountain), implant.PartsInput{Operation: o.ID, ByHand: &hand, Confirmed: true, Version: x.Version(o.ID)}, store.Key{})
		return x.must(out.Parts, err).Marks
	}
	if marks := use(2); len(marks) != 0 {
		t.Errorf("two of two: %v", marks)
	}
	if marks := use(1); !slices.Contains(marks, string(device.RuleLot)) {
		t.Errorf("three of two: %v", marks)
	}
	list, err := x.s.Stock(t.Context(), x.Registrar(mountain), page.Request{})
	if err != nil || len(list.Rows) != 1 || list.Rows[0].Used != 3 || list.Rows[0].All != 2 {
		t.Errorf("%+v, %v", list.Rows, err)
	}
	if _, err := x.s.AddStock(t.Context(), x.Registrar(mountain), implant.StockInput{Hospital: x.ID(second), Lot: "1", Received: 1}, store.Key{}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("stock of another hospital: %v", err)
	}
}

// The same piece at a second hospital: saved, marked, in both queues and the
// office's; nobody learns whose and where.
func TestAPieceOnRecordElsewhereIsDisputed(t *testing.T) {
	x := newTheatre(t)
	const scan = "01" + femoralDI + "10L1\x1d21S-77"
	first := x.must(x.add(mountain, x.operation(mountain, procedure.TKA, procedure.Left), "", scan))
	o := x.operation(second, procedure.TKA, procedure.Left)
	in := implant.PartsInput{Operation: o.ID, Scans: []string{scan}, Version: x.Version(o.ID)}
	_, err := x.s.AddParts(t.Context(), x.Doctor(second), in, store.Key{})
	refused(t, "before saving", err, implant.RuleConfirm)
	if f := errs.Of(err).Fields[0]; f.Key != "warning.device.serial_disputed" || f.Args["on"] != x.Today() || len(f.Args) != 2 {
		t.Errorf("says %+v", f)
	}
	p := x.must(x.add(second, o, "", scan))
	if p.Claim != device.Disputed || !slices.Contains(p.Marks, string(device.RuleDisputed)) {
		t.Errorf("%+v", p)
	}
	for _, c := range []struct {
		name string
		who  user.Principal
		own  []ident.ID
	}{{"first hospital", x.Doctor(mountain), []ident.ID{first.ID}}, {"second hospital", x.Doctor(second), []ident.ID{p.ID}}, {"office", x.Approver(), []ident.ID{first.ID, p.ID}}} {
		list, err := x.s.Disputes(t.Context(), c.who, "", page.Request{})
		if err != nil || len(list.Rows) != 1 {
			t.Errorf("%s sees %d disputes, %v", c.name, len(list.Rows), err)
			continue
		}
		var own []ident.ID
		for _, part := range list.Rows[0].Own {
			own = append(own, part.ID)
		}
		slices.SortFunc(own, func(a, b ident.ID) int { return strings.Compare(a.String(), b.String()) })
		slices.SortFunc(c.own, func(a, b ident.ID) int { return strings.Compare(a.String(), b.String()) })
		if !slices.Equal(own, c.own) {
			t.Errorf("%s sees the records %v, wanted %v", c.name, own, c.own)
		}
	}
	if list, err := x.s.Disputes(t.Context(), x.Doctor(sea), "", page.Request{}); err != nil || len(list.Rows) != 0 {
		t.Errorf("a third hospital sees %d disputes, %v", len(list.Rows), err)
	}
	// By maker and catalogue number instead of the identifier it is the same piece.
	hand := device.Item{Device: device.Device{Maker: "海岚医疗", Catalogue: "LK-F3L", Role: device.Femoral, Side: procedure.Left}, Serial: "s77"}
	_, err = x.s.AddParts(t.Context(), x.Doctor(sea), implant.PartsInput{Operation: x.operation(sea, procedure.TKA, procedure.Left).ID, ByHand: &hand, Version: x.Version(x.operation(sea, procedure.TKA, procedure.Left).ID)}, store.Key{})
	if !hasKey(err, "warning.device.serial_disputed") {
		t.Errorf("typed by hand: %v", err)
	}
	_, err = x.add(mountain, store.Operation{Procedure: procedure.Procedure{ID: first.Procedure}}, "", scan)
	if !hasKey(err, "error.device.again") {
		t.Errorf("the same sticker twice in one record: %v", err)
	}
}

// Two hospitals save the same piece at the same moment: exactly one stands
// undisputed, and there is one dispute.
func TestOfTwoHospitalsAtOnceExactlyOneIsUndisputed(t *testing.T) {
	x := newTheatre(t)
	places := []servicetest.Place{mountain, second, sea}
	ops := map[servicetest.Place]store.Operation{}
	for _, p := range places {
		ops[p] = x.operation(p, procedure.TKA, procedure.Left)
	}
	for round := range 5 {
		// Two pieces, in another order at each hospital: they may not wait for each other for ever.
		scans := []string{"01" + femoralDI + "21A" + string(rune('0'+round)), "01" + stemDI + "21B" + string(rune('0'+round))}
		var wg sync.WaitGroup
		start, failed := make(chan struct{}), make(chan error, len(places))
		for i, p := range places {
			mine, doctor := slices.Clone(scans), x.Doctor(p)
			if i%2 == 1 {
				slices.Reverse(mine)
			}
			in := implant.PartsInput{Operation: ops[p].ID, Scans: mine, Typed: []device.Item{}, Confirmed: true, Reason: "测试", Version: x.Version(ops[p].ID)}
			for range mine { // the stem has no place in a knee: it is an augment here
				in.Typed = append(in.Typed, device.Item{Device: device.Device{Role: device.Augment}})
			}
			wg.Go(func() {
				<-start
				if _, err := x.s.AddParts(t.Context(), doctor, in, implant.KeyOf(ident.Token(), in)); err != nil {
					failed <- err
				}
			})
		}
		close(start)
		wg.Wait()
		close(failed)
		for err := range failed {
			t.Fatal(err)
		}
	}
	if n := x.Count(`select count(*) from component where claim = 'sole'`); n != 10 {
		t.Errorf("%d undisputed parts, wanted one of each piece", n)
	}
	if n := x.Count(`select count(*) from component where claim = 'disputed'`); n != 20 {
		t.Errorf("%d disputed parts", n)
	}
	if n := x.Count(`select count(*) from device_dispute where state = 'open'`); n != 20 {
		t.Errorf("%d disputes", n)
	}
}

// While a piece is in dispute no money moves for the treatment.
func TestAnOpenDisputeStopsReservationAndSettlement(t *testing.T) {
	x := newTheatre(t)
	money, pool := funding.New(funding.Deps{DB: x.DB, Policy: x.Policy}), x.Fund(50_000_000)
	const scan = "01" + femoralDI + "21S-1"
	x.must(x.add(mountain, x.operation(mountain, procedure.TKA, procedure.Left), "", scan))
	tr := x.Advance(x.Eligible(second), treatment.AdmitEmergency)
	doctor := x.Doctor(second)
	o, err := x.care.LogOperation(t.Context(), doctor, care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Left, x.Today()), Confirmed: true}, store.Key{})
	if err != nil {
		t.Fatal(err)
	}
	p := x.must(x.add(second, o, "", scan))
	ask, err := money.Request(t.Context(), x.Finance(second), funding.Request{Treatment: tr.ID, Bill: 6_000_000, Basic: 2_000_000, Critical: 500_000, Assistance: 800_000,
		Funds: []fee.FundLine{{Fund: pool.ID, Amount: 2_000_000}}, Reason: "低保对象"}, "")
	if err != nil {
		t.Fatal(err)
	}
	decide := func() error {
		_, err := money.Decide(t.Context(), x.Approver(), funding.Decision{Approval: ask.Approval, Decision: fund.DecideApprove, Relation: fund.Unrelated, Version: x.Version(ask.Approval)}, "")
		return err
	}
	refused(t, "reserving", decide(), "treatment.approve")
	tr = x.Advance(tr, treatment.Discharge)
	bill := fee.Settlement{Bill: 6_000_000, Basic: 2_000_000, Critical: 500_000, Assistance: 800_000}
	settle := func() error {
		_, err := money.Settle(t.Context(), x.Finance(second), funding.Settle{Treatment: tr.ID, Settlement: bill.WithNet()}, "")
		return err
	}
	err = settle()
	if refused(t, "settling", err, "treatment.settle"); !slices.Contains(errs.Of(err).Remedy, "treatment.remedy.devices_undisputed") {
		t.Errorf("says no next step: %v", errs.Of(err).Remedy)
	}
	if form, err := money.SettleForm(t.Context(), x.Finance(second), tr.ID); err != nil || form.Refusal == nil {
		t.Errorf("the form does not say so before: %v", err)
	}
	list, err := x.s.Disputes(t.Context(), x.Approver(), "", page.Request{})
	if err != nil || len(list.Rows) != 1 {
		t.Fatal(len(list.Rows), err)
	}
	verdict := implant.Verdict{Dispute: list.Rows[0].ID, Version: list.Rows[0].Version, Outcome: device.Mistyped, Reason: "核对标签"}
	_, err = x.s.Resolve(t.Context(), x.Approver(), verdict, store.Key{})
	refused(t, "nothing was corrected", err, "device.dispute_same")
	if _, err = x.s.Resolve(t.Context(), x.Doctor(second), verdict, store.Key{}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a hospital resolves its own dispute: %v", err)
	}
	fix := p.Item
	fix.Serial = "S-11"
	c, err := x.s.CorrectPart(t.Context(), doctor, implant.PartInput{Part: p.ID, Version: p.Version, Item: fix, Confirmed: true, Reason: "漏录一位"}, store.Key{})
	if err != nil || c.Claim != device.Disputed {
		t.Fatalf("a corrected part stands %s until the office decides: %v", c.Claim, err)
	}
	refused(t, "settling before the office decided", settle(), "treatment.settle")
	if _, err = x.s.Resolve(t.Context(), x.Approver(), verdict, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if err := decide(); err != nil {
		t.Errorf("reserving afterwards: %v", err)
	}
	bill.Funds = []fee.FundLine{{Fund: pool.ID, Amount: 2_000_000}}
	if err := settle(); err != nil {
		t.Errorf("settling afterwards: %v", err)
	}
	v, err := x.s.Part(t.Context(), doctor, p.ID)
	if err != nil || v.Claim != device.Sole || slices.Contains(v.Marks, string(device.RuleDisputed)) {
		t.Errorf("%+v, %v", v.Part, err)
	}
	_, err = x.s.Resolve(t.Context(), x.Approver(), verdict, store.Key{})
	refused(t, "twice", err, "device.dispute_once")
}

func TestTwoPiecesWithOneNumberBothStand(t *testing.T) {
	x := newTheatre(t)
	const scan = "01" + femoralDI + "21S-1"
	x.must(x.add(mountain, x.operation(mountain, procedure.TKA, procedure.Left), "", scan))
	p := x.must(x.add(second, x.operation(second, procedure.TKA, procedure.Left), "", scan))
	list, _ := x.s.Disputes(t.Context(), x.Approver(), "", page.Request{})
	verdict := implant.Verdict{Dispute: list.Rows[0].ID, Version: list.Rows[0].Version, Outcome: device.Distinct, Reason: "两枚标签照片均已核对"}
	if _, err := x.s.Resolve(t.Context(), x.Approver(), verdict, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if v, err := x.s.Part(t.Context(), x.Doctor(second), p.ID); err != nil || v.Claim != device.Exempt {
		t.Errorf("%s, %v", v.Claim, err)
	}
	if done, err := x.s.Disputes(t.Context(), x.Doctor(mountain), implant.DisputeResolved, page.Request{}); err != nil || len(done.Rows) != 1 || done.Rows[0].Reason == "" {
		t.Errorf("the first hospital reads %+v, %v", done.Rows, err)
	}
}

// A piece that is taken off a record is free again.
func TestARemovedPartGivesThePieceBack(t *testing.T) {
	x := newTheatre(t)
	const scan = "01" + femoralDI + "21S-1"
	p := x.must(x.add(mountain, x.operation(mountain, procedure.TKA, procedure.Left), "", scan))
	if _, err := x.s.RemovePart(t.Context(), x.Doctor(mountain), implant.PartInput{Part: p.ID, Version: p.Version}, store.Key{}); !errs.Of(err).Fields.Has("reason") {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := x.s.RemovePart(t.Context(), x.Doctor(mountain), implant.PartInput{Part: p.ID, Version: p.Version, Reason: "开包未用"}, store.Key{}); err != nil {
		t.Fatal(err)
	}
	again := x.must(x.add(second, x.operation(second, procedure.TKA, procedure.Left), "", scan))
	if again.Claim != device.Sole {
		t.Errorf("%s", again.Claim)
	}
	v, err := x.care.Operation(t.Context(), x.Doctor(mountain), p.Procedure)
	if err != nil || len(v.Parts) != 0 || len(v.PartChanges) != 1 || v.PartChanges[0].Before.Serial != "S-1" || v.PartChanges[0].Reason != "开包未用" {
		t.Errorf("%+v, %v", v.PartChanges, err)
	}
}

func TestALockedRecordTakesNoParts(t *testing.T) {
	x := newTheatre(t)
	o := x.operation(mountain, procedure.TKA, procedure.Left)
	p := x.must(x.add(mountain, o, "", "01"+femoralDI+"10L1"))
	v, _ := x.care.Operation(t.Context(), x.Doctor(mountain), o.ID)
	if _, err := x.care.ValidateOperation(t.Context(), x.Visiting(mountain), care.SignInput{Operation: o.ID, Version: o.Version}, store.Key{}); !errs.Is(err, errs.Stale) {
		t.Errorf("signing a record without its parts: %v", err)
	}
	if _, err := x.care.ValidateOperation(t.Context(), x.Visiting(mountain), care.SignInput{Operation: o.ID, Version: v.Version}, store.Key{}); err != nil {
		t.Fatal(err)
	}
	_, err := x.add(mountain, o, "", "01"+femoralDI+"10L2")
	refused(t, "adding", err, "procedure.locked")
	_, err = x.s.RemovePart(t.Context(), x.Doctor(mountain), implant.PartInput{Part: p.ID, Version: p.Version, Reason: "x"}, store.Key{})
	refused(t, "removing", err, "procedure.locked")
}

func TestWhatIsTakenOutIsTiedToWhatWasPutIn(t *testing.T) {
	x := newTheatre(t)
	doctor := x.Doctor(mountain)
	o := x.operation(mountain, procedure.THA, procedure.Left)
	p := x.must(x.add(mountain, o, "", "01"+headDI+"10H1"))
	tr := x.TreatmentIn(caseOf(x, o.Case), mountain, treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	op := servicetest.Joint(doctor.PractitionerID, procedure.Left, x.Today())
	op.Record = registry.Record{}
	op.Kind, op.JointPart.Indications = procedure.HipRevision, []procedure.Indication{procedure.Indications(procedure.Hip)[0]}
	r, err := x.care.LogOperation(t.Context(), doctor, care.OperationInput{Treatment: tr.ID, Operation: op, Confirmed: true}, store.Key{})
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := x.s.Sheet(t.Context(), doctor, r.ID)
	if err != nil || len(sheet.InPlace) != 1 || sheet.InPlace[0].ID != p.ID {
		t.Fatalf("in place: %+v, %v", sheet.InPlace, err)
	}
	take := implant.ExplantInput{Operation: r.ID, Version: r.Version, Parts: []ident.ID{p.ID}, Role: device.Liner, Note: "磨损"}
	out, err := x.s.AddExplants(t.Context(), doctor, take, store.Key{})
	if err != nil || len(out) != 2 || out[0].Lot != "H1" || out[1].Component != ident.Nil {
		t.Fatalf("%+v, %v", out, err)
	}
	if sheet, err = x.s.Sheet(t.Context(), doctor, r.ID); err != nil || len(sheet.InPlace) != 0 || sheet.Version != r.Version+1 {
		t.Errorf("still in place: %+v, version %d, %v", sheet.InPlace, sheet.Version, err)
	}
	take.Version, take.Role = sheet.Version, ""
	if _, err := x.s.AddExplants(t.Context(), doctor, take, store.Key{}); !errs.Is(err, errs.Invalid) || !errs.Of(err).Fields.Has("parts") {
		t.Errorf("taken out twice: %v", err)
	}
	if _, err := x.s.RemoveExplant(t.Context(), doctor, implant.ExplantRemoval{Operation: r.ID, Explant: out[0].ID, Version: sheet.Version}, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if sheet, _ = x.s.Sheet(t.Context(), doctor, r.ID); len(sheet.InPlace) != 1 {
		t.Error("taken back, but not in place again")
	}
}

// Whoever notes or takes back what was taken out does it on the record as it is.
func TestWhatIsTakenOutIsNotedOnTheRecordAsItIs(t *testing.T) {
	x := newTheatre(t)
	doctor := x.Doctor(mountain)
	o := x.operation(mountain, procedure.TKA, procedure.Left)
	take := implant.ExplantInput{Operation: o.ID, Role: device.Insert}
	var out []implant.Explant
	for _, c := range []struct {
		what    string
		version int64
		fails   func(error) bool
	}{
		{"without a version", 0, func(err error) bool { return errs.Of(err).Fields.Has("version") }},
		{"on the record as it is", o.Version, func(err error) bool { return err == nil }},
		{"on an old picture", o.Version, func(err error) bool { return errs.Is(err, errs.Stale) }},
	} {
		take.Version = c.version
		list, err := x.s.AddExplants(t.Context(), doctor, take, store.Key{})
		if !c.fails(err) {
			t.Errorf("noting %s: %v", c.what, err)
		}
		if err == nil {
			out = list
		}
	}
	if len(out) != 1 {
		t.Fatalf("%+v", out)
	}
	back := implant.ExplantRemoval{Operation: o.ID, Explant: out[0].ID}
	if _, err := x.s.RemoveExplant(t.Context(), doctor, back, store.Key{}); err == nil || !errs.Of(err).Fields.Has("version") {
		t.Errorf("taking back without a version: %v", err)
	}
	back.Version = o.Version
	if _, err := x.s.RemoveExplant(t.Context(), doctor, back, store.Key{}); !errs.Is(err, errs.Stale) {
		t.Errorf("taking back on an old picture: %v", err)
	}
	back.Version = x.Version(o.ID)
	if list, err := x.s.RemoveExplant(t.Context(), doctor, back, store.Key{}); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

func caseOf(x *theatre, id ident.ID) (c store.CaseItem) {
	x.Do(x.System(), func(tx *store.Tx) (err error) {
		c, err = tx.CaseByID(id)
		return err
	})
	return c
}

// One step finds every patient: a hospital its own, the office and the auditors
// all, without whole names.
func TestARecallFindsThePatientsOfEachReader(t *testing.T) {
	x := newTheatre(t)
	for _, p := range []servicetest.Place{mountain, second} {
		x.must(x.add(p, x.operation(p, procedure.TKA, procedure.Left), "", "01"+femoralDI+"10BAD-7\x1d21"+string(p)[:1]))
	}
	x.must(x.add(sea, x.operation(sea, procedure.TKA, procedure.Left), "", "01"+femoralDI+"10GOOD"))
	for _, c := range []struct {
		name  string
		who   user.Principal
		in    implant.RecallInput
		rows  int
		whole bool // name
	}{
		{"a hospital", x.Doctor(mountain), implant.RecallInput{Lot: "bad 7"}, 1, true},
		{"another hospital without it", x.Doctor(sea), implant.RecallInput{Lot: "BAD-7"}, 0, true},
		{"the office", x.Approver(), implant.RecallInput{Lot: "BAD-7"}, 2, false},
		{"an official", x.Official(), implant.RecallInput{Lot: "BAD-7"}, 2, false},
		{"the auditor by catalogue number", x.Auditor(), implant.RecallInput{Catalogue: "LK F3L"}, 3, false},
		{"by brand and lot", x.Approver(), implant.RecallInput{Brand: "岚膝", Lot: "GOOD"}, 1, false},
		{"two conditions that do not meet", x.Approver(), implant.RecallInput{Brand: "岚山", Lot: "GOOD"}, 0, false},
		{"one hospital of the office's", x.Approver(), implant.RecallInput{Catalogue: "LK-F3L", Hospital: x.ID(second)}, 1, false},
		{"everything at once", x.Approver(), implant.RecallInput{Catalogue: "LK-F3L", Whole: "print"}, 3, false},
		{"nothing asked", x.Approver(), implant.RecallInput{}, 0, false},
	} {
		got, err := x.s.Recall(t.Context(), c.who, c.in)
		if err != nil || len(got.Rows) != c.rows || got.Count.Parts != c.rows || got.Count.Patients != c.rows {
			t.Errorf("%s: %d rows, counted %+v, %v; wanted %d", c.name, len(got.Rows), got.Count, err, c.rows)
			continue
		}
		for _, r := range got.Rows {
			if whole := r.PersonName == "苗砚秋"; whole != c.whole || r.CaseNo == "" {
				t.Errorf("%s reads the name %q of case %q", c.name, r.PersonName, r.CaseNo)
			}
		}
	}
	if _, err := x.s.Recall(t.Context(), x.Doctor(mountain), implant.RecallInput{Lot: "BAD-7", Hospital: x.ID(second)}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a hospital asks about another: %v", err)
	}
	if _, err := x.s.Recall(t.Context(), x.Finance(mountain), implant.RecallInput{Lot: "BAD-7"}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("finance: %v", err)
	}
	if _, err := x.s.Recall(t.Context(), x.Doctor(mountain), implant.RecallInput{Lot: "BAD-7", Whole: "xlsx"}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a file without the permission: %v", err)
	}
	if n := x.Count(`select count(*) from audit_event where action = 'recall.read' and outcome = 'ok'`); n != 8 {
		t.Errorf("%d recalls are in the log", n)
	}
}

func TestAListOfDevicesComesInWholeOrNotAtAll(t *testing.T) {
	x := newTheatre(t)
	row := func(n int, ref string, role device.Role) implant.LoadRow {
		return implant.LoadRow{Row: n, Device: device.Device{Maker: "北渡器械", Catalogue: ref, Role: role}}
	}
	if _, err := x.s.LoadLines(t.Context(), x.Approver(), []implant.LoadRow{row(2, "B-1", device.Stem), row(3, "B-2", "NOSE"), row(4, "B-1", device.Stem)}, store.Key{}); len(errs.Of(err).Fields) != 2 {
		t.Errorf("a wrong and a double row: %v", err)
	}
	known := implant.LoadRow{Row: 5, Device: device.Device{Maker: "海岚医疗", Catalogue: "LS-H36", DI: headDI, Role: device.Head, Price: 1}}
	got, err := x.s.LoadLines(t.Context(), x.Approver(), []implant.LoadRow{row(2, "B-1", device.Stem), known}, store.Key{})
	if err != nil || got != (implant.Loaded{Added: 1, Known: 1}) {
		t.Errorf("%+v, %v", got, err)
	}
	lib, err := x.s.Library(t.Context(), x.Doctor(mountain), implant.LibraryInput{Text: "b-"})
	if err != nil || len(lib.Rows) != 1 || lib.Edit {
		t.Errorf("%+v, %v", lib, err)
	}
	for text, want := range map[string]int{headDI: 1, "岚山": 3, "海岚": 5, "ls": 3, "zz": 0} {
		if lib, err = x.s.Library(t.Context(), x.Approver(), implant.LibraryInput{Text: text}); err != nil || len(lib.Rows) != want {
			t.Errorf("%q finds %d, %v; wanted %d", text, len(lib.Rows), err, want)
		}
	}
	if _, err := x.s.SaveLine(t.Context(), x.Approver(), implant.LineInput{Device: device.Device{Maker: "海岚医疗", Catalogue: "LS H36", Role: device.Head}}, store.Key{}); !errs.Is(err, errs.Conflict) {
		t.Errorf("the same number twice: %v", err)
	}
}

func TestStickersThatWereKeptAreRecordedOnceAndNeverAskedBack(t *testing.T) {
	x := newTheatre(t)
	o := x.operation(mountain, procedure.TKA, procedure.Right)
	doctor := x.Doctor(mountain)
	in := implant.PartsInput{Operation: o.ID, Scans: []string{"01" + femoralDI + "10L1"}, Reason: "手术时没有网络"} // a left part in a right knee
	for i := range 3 {
		got, err := x.s.KeepParts(t.Context(), doctor, in, authz.ProcedureEdit)
		if err != nil || len(got.Parts) != 1 || len(got.Parts[0].Marks) == 0 || got.Parts[0].Lot != "L1" {
			t.Fatalf("time %d: %+v %v", i+1, got, err)
		}
	}
	if n := x.Count(`select count(*) from component where live`); n != 1 {
		t.Errorf("%d parts", n)
	}
	other := x.operation(mountain, procedure.TKA, procedure.Left)
	unknown := implant.PartsInput{Operation: other.ID, Scans: []string{"019521234009996" + "10A"}, Reason: "R"}
	if _, err := x.s.KeepParts(t.Context(), doctor, unknown, authz.ProcedureEdit); !errs.Is(err, errs.Invalid) {
		t.Errorf("a sticker that says too little: %v", err)
	}
	if _, err := x.s.KeepParts(t.Context(), x.Registrar(mountain), in, authz.ProcedureEdit); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a registrar: %v", err)
	}
	if _, err := x.s.KeepParts(t.Context(), x.HospitalAdmin(second), in, authz.ScreeningRecover); !errs.Is(err, errs.NotFound) {
		t.Errorf("recovered by another hospital: %v", err)
	}
}
