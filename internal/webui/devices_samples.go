package webui

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/implant"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// devicePages are the samples of the pages about implants.
func devicePages() []PageSample {
	day := sampleDay()
	return []PageSample{
		{"care/list", func(b Base) View {
			f := libraryFilter(b, day)
			return newLibraryView(titled(b, b.T("nav.devices")), f, implant.Library{Result: page.Result[implant.Line]{Rows: []implant.Line{{ID: ident.ID{8}, Device: samplePart(b).Device}}}, Edit: true, Full: true})
		}},
		{"care/list", func(b Base) View {
			return newLibraryView(titled(b, b.T("nav.devices")), libraryFilter(b, day), implant.Library{})
		}},
		{"care/form", func(b Base) View {
			p := careForm{Base: titled(b, b.T("device.new")), Form: deviceLineForm(b, day, implant.Line{}, true)}
			return p.with(Button{Text: b.T("directory.save")}, "/devices")
		}},
		{"care/form", func(b Base) View {
			p := newStockForm(titled(b, b.T("device.stock.new")), day, []Option{{Value: sampleIDs.mountain.String(), Text: b.T("style.hospital.m1")}, {Value: sampleIDs.sea.String(), Text: b.T("style.hospital.s1")}})
			return p.with(Button{Text: b.T("device.stock.save")}, "/stock")
		}},
		{"device/list", func(b Base) View {
			x := implant.Stock{Hospital: sampleIDs.mountain, Device: samplePart(b).Device, Lot: "LC2408A", Expiry: day.AddDays(-2), On: day, Received: 2, All: 2, Used: 3, HospitalName: b.T("style.hospital.m1")}
			return newStockView(titled(b, b.T("nav.devices")), implant.StockList{Result: page.Result[implant.Stock]{Rows: []implant.Stock{x}}, Sides: sampleSides(), Edit: []ident.ID{sampleIDs.mountain}}, day)
		}},
		{"device/list", func(b Base) View {
			return newStockView(titled(b, b.T("nav.devices")), implant.StockList{}, day)
		}},
		{"device/list", func(b Base) View {
			return newDisputesView(titled(b, b.T("nav.devices")), "", implant.Disputes{Result: page.Result[implant.Dispute]{Rows: []implant.Dispute{sampleDispute(b, true)}}, Resolve: true})
		}},
		{"device/list", func(b Base) View {
			return newAlarmsView(titled(b, b.T("nav.devices")), implant.Reviews{Result: page.Result[implant.PatientPart]{Rows: []implant.PatientPart{samplePatientPart(b)}}, Sides: sampleSides()}, alarmRights{review: true})
		}},
		{"device/dispute", func(b Base) View {
			return newDisputeView(titled(b, b.T("device.dispute.one")), sampleDispute(b, true), day, true)
		}},
		{"device/dispute", func(b Base) View {
			return newDisputeView(titled(b, b.T("device.dispute.one")), sampleDispute(b, false), day, false)
		}},
		{"device/parts", func(b Base) View { return sampleParts(b, true) }},
		{"device/parts", func(b Base) View { return sampleParts(b, false) }},
		{"device/explants", func(b Base) View { return newExplantsView(titled(b, b.T("device.explant.new")), sampleSheet(b), day) }},
		{"care/list", func(b Base) View {
			in := implant.RecallInput{Lot: "LC2408A"}
			list := implant.Recall{Result: page.Result[implant.PatientPart]{Rows: []implant.PatientPart{samplePatientPart(b)}}, Count: implant.RecallCount{Parts: 1, Patients: 1, Hospitals: 1}, Sides: sampleSides(), Export: true}
			return newRecallView(titled(b, b.T("nav.devices")), recallFilter(b, day, nil), in, list)
		}},
		{"care/list", func(b Base) View {
			return newRecallView(titled(b, b.T("nav.devices")), recallFilter(b, day, nil), implant.RecallInput{}, implant.Recall{})
		}},
		{"device/recall_sheet", func(b Base) View {
			return newRecallSheet(b, implant.RecallInput{Lot: "LC2408A"}, implant.Recall{Result: page.Result[implant.PatientPart]{Rows: []implant.PatientPart{samplePatientPart(b)}}}, day)
		}},
		{"device/recall_sheet", func(b Base) View {
			return newRecallSheet(b, implant.RecallInput{Lot: "LC2408A"}, implant.Recall{}, day)
		}},
	}
}

func samplePart(b Base) implant.Part {
	d := device.Device{Maker: b.T("style.person.1"), Brand: "LS", Catalogue: "LS-H36", DI: "09521234000023", Role: device.Head, Size: "+3", Diameter: 36, Side: procedure.Left, Price: 320_000, Bulk: true}
	return implant.Part{ID: ident.ID{9}, Procedure: ident.ID{7}, Hospital: sampleIDs.mountain, On: clock.MustDate(2026, 1, 14), Live: true, Version: 1, Entered: b.T("style.person.1"),
		Item: device.Item{Device: d, Lot: "LC2408A", Serial: "S-0001", Expiry: clock.MustDate(2029, 8, 31), Quantity: 2}, Claim: device.Sole, RawScan: "01095212340000231729083110LC2408A"}
}

// sampleMarked are parts in every state a record shows.
func sampleMarked(b Base) []implant.Part {
	disputed, alarm, out, looked := samplePart(b), samplePart(b), samplePart(b), samplePart(b)
	disputed.Claim, disputed.Marks, disputed.Lot = device.Disputed, []string{string(device.RuleDisputed)}, ""
	alarm.Review, alarm.Marks, alarm.Reason = device.ReviewOpen, []string{string(device.RuleHeadLiner), string(device.RuleExpired)}, b.T("style.q.admit.why")
	out.OutOn = clock.MustDate(2026, 10, 1)
	looked.Review, looked.Reviewer, looked.Marks = device.ReviewDone, b.T("style.person.1"), []string{string(device.RuleSide)}
	return []implant.Part{samplePart(b), disputed, alarm, out, looked}
}

func samplePatientPart(b Base) implant.PatientPart {
	p := implant.PatientPart{Component: sampleMarked(b)[2], Kind: procedure.THA, BodySide: procedure.Left, Person: sampleIDs.person, PersonName: b.T("style.person.1"), Sex: patient.Female,
		Birth: clock.MustDate(1958, 4, 7), CaseNo: "SH-2025-00873", HospitalName: b.T("style.hospital.m1"), Township: b.T("style.place.mountain"), PhoneLast4: "3406"}
	return p
}

func sampleDispute(b Base, both bool) implant.Dispute {
	first, again := samplePatientPart(b), samplePatientPart(b)
	again.ID, again.Claim = ident.ID{10}, device.Disputed
	d := implant.Dispute{ID: ident.ID{11}, First: first.ID, Again: again.ID, Piece: "LS-H36 SN S-0001", UsedOn: clock.MustDate(2025, 3, 2), AgainOn: clock.MustDate(2026, 1, 14), State: implant.DisputeOpen,
		Own: []implant.PatientPart{again}}
	if both {
		d.Own = append(d.Own, first)
	}
	return d
}

func sampleSheet(b Base) implant.Sheet {
	return implant.Sheet{Operation: sampleOperation(b), Parts: sampleMarked(b), InPlace: []implant.Part{samplePart(b)}, Edit: true,
		Explants: []implant.Explant{{ID: ident.ID{12}, Component: ident.ID{9}, Role: device.Liner, Maker: "LS", Catalogue: "LS-L32", Lot: "A1", Serial: "7", PutIn: clock.MustDate(2020, 5, 1)}, {ID: ident.ID{13}, Role: device.Screw}}}
}

// sampleParts is the form; asked shows what an unknown label and a warning add.
func sampleParts(b Base, asked bool) View {
	p := newPartsView(titled(b, b.T("device.part.new")), sampleSheet(b), sampleDay())
	if !asked {
		p.WhyNot = whyNot(b, errs.Refuse("procedure.locked", "error.procedure.locked", nil, "procedure.remedy.unlock"))
		return p
	}
	in := implant.PartsInput{Scans: []string{"01095212340000231729083110LC2408A"}}
	p.Form.Put("scans", in.Scans[0])
	var f errs.Fields
	f.Add("parts.0.role", "form.error.pick")
	_ = p.refused(f.Err(), sampleSheet(b), in, sampleDay()) // it is an input error
	f = errs.Fields{{Path: "warning.0", Key: "warning.device.side", Args: errs.Args{"part": errs.Key(procedure.Left.Label()), "side": errs.Key(procedure.Right.Label())}}}
	_ = p.refused(&errs.Error{Kind: errs.Invalid, Rule: implant.RuleConfirm, Fields: f}, sampleSheet(b), in, sampleDay())
	return p
}

// samplePartChanges is a part that was corrected, looked at and removed.
func samplePartChanges(b Base) []care.PartChange {
	before, after := samplePart(b).Item, samplePart(b).Item
	after.Lot = "LC2408B"
	at := sampleDay().Start()
	return []care.PartChange{{Action: "removed", At: at, By: sampleName(b), Reason: sampleName(b), Before: before}, {Action: "reviewed", At: at, By: sampleName(b), Before: before, After: before},
		{Action: "resolved", At: at, By: sampleName(b), Before: before, After: before}, {Action: "corrected", At: at, By: sampleName(b), Reason: sampleName(b), Before: before, After: after}}
}
