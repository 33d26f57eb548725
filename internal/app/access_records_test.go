package app

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/domain/plausibility"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/report"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
	"github.com/shanhai-health/shanhai/internal/domain/subject"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/glass"
	"github.com/shanhai-health/shanhai/internal/service/implant"
	public "github.com/shanhai-health/shanhai/internal/service/notice"
	"github.com/shanhai-health/shanhai/internal/service/paying"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	outreach "github.com/shanhai-health/shanhai/internal/service/screening"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
	"github.com/shanhai-health/shanhai/internal/store"
)

// outcomes makes a complication of an operation, and a reading of an eye.
func (p *premises) outcomes(op ident.ID) {
	ctx, s := p.T.Context(), p.app.Services
	const here = servicetest.Mountain
	doctor := p.Doctor(here)
	later, err := s.Care.SaveComplication(ctx, doctor, care.ComplicationInput{Operation: op, Complication: complication.Complication{Type: complication.Dislocation, Onset: p.Today(), Grade: "I",
		Related: complication.RelatedYes, Outcome: "RESOLVED"}}, store.Key{})
	must(p, "complication", err)
	eyes := p.Case(here, procedure.Cataract, "向明远")
	reading, err := s.Care.RecordReading(ctx, doctor, care.ReadingInput{Case: eyes.ID, Side: procedure.Left, On: p.Today(), Text: "4.5", Correction: acuity.Presenting}, store.Key{})
	must(p, "reading", err)
	p.objects["eyes"], p.objects["{complication}"], p.objects["{reading}"] = eyes.ID.String(), later.ID.String(), reading.ID.String()
}

// devices makes a line of the library, a delivery, a part that a second record
// names as well, and one that was taken out.
func (p *premises) devices(first ident.ID) {
	ctx, s := p.T.Context(), p.app.Services
	const here = servicetest.Mountain
	doctor := p.Doctor(here)
	tr := p.Advance(p.Eligible(here), treatment.AdmitEmergency)
	second, err := s.Care.LogOperation(ctx, doctor, care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Left, p.Today())}, store.Key{})
	must(p, "second operation", err)
	line, err := s.Implants.SaveLine(ctx, p.Approver(), implant.LineInput{Device: device.Device{Role: device.Femoral, Maker: "临川", Catalogue: "F-1"}}, store.Key{})
	must(p, "library", err)
	stock, err := s.Implants.AddStock(ctx, p.Registrar(here), implant.StockInput{Hospital: p.ID(here), Device: device.Device{Maker: "临川", Catalogue: "F-1"}, Lot: "A", Received: 3}, store.Key{})
	must(p, "delivery", err)
	for _, op := range []ident.ID{first, second.ID} {
		_, err = s.Implants.AddParts(ctx, doctor, implant.PartsInput{Operation: op, ByHand: &device.Item{Device: device.Device{Role: device.Femoral, Maker: "临川", Catalogue: "F-1"}, Serial: "7"},
			Confirmed: true, Reason: "按标签", Version: p.Version(op)}, store.Key{})
		must(p, "part", err)
	}
	_, err = s.Implants.AddExplants(ctx, doctor, implant.ExplantInput{Operation: second.ID, Version: p.Version(second.ID), Role: device.Insert}, store.Key{})
	must(p, "explant", err)
	for name, value := range map[string]string{"devices": line.ID.String(), "stock": stock.ID.String(), "parts": p.superText(`select id from component where claim = 'disputed'`),
		"disputes": p.superText(`select id from device_dispute`), "{explant}": p.superText(`select id from explant`)} {
		p.objects[name] = value
	}
}

// notices makes a published notice, an objection to it and a doubt.
func (p *premises) notices() {
	ctx, s := p.T.Context(), p.app.Services
	must(p, "notice rules", s.Notices.SaveRules(ctx, p.Approver(), notice.Rules{Bands: notice.Bands{1_000_000}, Office: "帮扶办"}, ""))
	id, err := s.Notices.Draw(ctx, p.Approver(), public.Draft{Title: "公示", From: p.Today(), To: p.Today()}, "")
	must(p, "notice", err)
	must(p, "publish", s.Notices.Do(ctx, p.SecondApprover(), public.StepInput{Notice: id, Step: notice.Publish, Version: 1}, ""))
	objection, err := s.Notices.Object(ctx, public.Said{Notice: id, Text: "有异议"}, "")
	must(p, "objection", err)
	p.Do(p.System(), func(tx *store.Tx) error {
		return tx.InsertAlerts([]plausibility.Finding{{Check: plausibility.Phone, Subject: "x", Args: map[string]string{"n": "4", "limit": "3"}, Evidence: []plausibility.Evidence{}}})
	})
	p.objects["notices"], p.objects["public-notices"], p.objects["objections"] = id.String(), id.String(), objection.ID.String()
	p.objects["alerts"] = p.superText(`select id from plausibility_alert limit 1`)
}

// followUps records a contact for an appointment of an operation.
func (p *premises) followUps(op ident.ID) {
	const here = servicetest.Mountain
	k, err := p.app.Services.Aftercare.Record(p.T.Context(), p.Doctor(here), aftercare.RecordInput{Operation: op,
		Contact: followup.Contact{On: p.Today(), Evidence: followup.Visit, Reached: true}}, store.Key{})
	must(p, "contact", err)
	p.objects["contacts"] = k.ID.String()
	p.objects["followups"] = p.superText(`select id from followup where procedure_id = $1 order by due_on limit 1`, op)
}

// rules makes a released version, a draft after it, and an estimate.
func (p *premises) rules(tr store.Treatment) {
	ctx, s := p.T.Context(), p.app.Services
	head := policy.Head{Name: "示例", Sample: true, From: clock.MustDate(2020, 1, 1), Region: policy.Region{Code: "990101", ZH: "示例", EN: "Sample"}}
	first, err := s.Pricing.Draft(ctx, p.Approver(), pricing.DraftInput{Head: head}, store.Key{})
	must(p, "draft", err)
	_, err = s.Pricing.Release(ctx, p.SecondApprover(), pricing.Standing{Policy: first.ID, Edition: first.Edition}, store.Key{})
	must(p, "release", err)
	head.From = p.Today().AddDays(30)
	second, err := s.Pricing.Draft(ctx, p.Approver(), pricing.DraftInput{Head: head, From: first.ID}, store.Key{})
	must(p, "second draft", err)
	e, err := s.Pricing.Save(ctx, p.Registrar(servicetest.Mountain), pricing.EstimateInput{Treatment: tr.ID, Case: fee.Case{Kind: procedure.TKA, Level: "2", Insurance: policy.Resident,
		Items: []fee.Item{{Class: "service", Amount: 6_000_000}}}}, store.Key{})
	must(p, "estimate", err)
	for name, value := range map[string]string{"policies": second.ID.String(), "estimates": e.ID.String(), "{section}": "basic", "{rule}": "B1"} {
		p.objects[name] = value
	}
}

// visiting makes a privilege and an operation outside of it.
func (p *premises) visiting() {
	ctx, s := p.T.Context(), p.app.Services
	const here = servicetest.Mountain
	doctor := p.Visiting(here)
	p.Exec(`delete from privilege where practitioner_id = $1`, doctor.PractitionerID)
	made, err := s.Visiting.SavePrivilege(ctx, p.HospitalAdmin(here), practitioner.Privilege{Practitioner: doctor.PractitionerID, Hospital: p.ID(here), Kind: procedure.THA,
		From: p.Today(), To: p.Today()}, store.Key{})
	must(p, "privilege", err)
	tr := p.Advance(p.Eligible(here), treatment.AdmitEmergency)
	_, err = s.Care.LogOperation(ctx, doctor, care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Left, p.Today()),
		Confirmed: true, Reason: "急诊"}, store.Key{})
	must(p, "operation outside of the privileges", err)
	local := p.Doctor(here)
	mission, err := s.Visiting.SaveVisit(ctx, local, visit.Mission{Hospital: p.ID(here), Title: "支医周", From: p.Today(), To: p.Today()}, store.Key{})
	must(p, "visit", err)
	err = s.Visiting.ChangeRoster(ctx, local, visiting.MemberInput{Visit: mission, Practitioner: doctor.PractitionerID, Duty: visit.DutySurgeon}, store.Key{})
	must(p, "roster", err)
	listed := p.Case(here, procedure.Joint, "向小满")
	err = s.Visiting.PlanCase(ctx, local, visiting.EntryInput{Visit: mission, CaseNo: listed.No, Entry: visit.Entry{Kind: procedure.TKA, Side: procedure.Left, On: p.Today()}}, store.Key{})
	must(p, "list", err)
	err = s.Visiting.UseSupplies(ctx, local, visiting.SupplyInput{Visit: mission, Supply: visiting.Supply{Name: "骨水泥", Quantity: 1, Unit: "袋", Source: visiting.SupplyHost}}, store.Key{})
	must(p, "supplies", err)
	lesson, err := s.Visiting.SaveLesson(ctx, local, visit.Teaching{Hospital: p.ID(here), Kind: visit.Lecture, Topic: "讲座", On: p.Today(), Minutes: 60, Teacher: doctor.PractitionerID, Others: 3}, store.Key{})
	must(p, "teaching", err)
	meeting, err := s.Visiting.SaveMeeting(ctx, p.Approver(), visit.Meeting{Kind: visit.JointMeeting, Topic: "联席会", On: p.Today(), Place: "云岭区"}, store.Key{})
	must(p, "meeting", err)
	task, err := s.Visiting.SaveTask(ctx, p.Approver(), visit.Task{Meeting: meeting.ID, Task: "选派", Responsible: "帮扶办", Due: p.Today()}, store.Key{})
	must(p, "follow-up", err)
	must(p, "rules", s.Visiting.SetRules(ctx, p.Approver(), map[procedure.Kind]int{procedure.TKA: 1}, store.Key{}))
	taught := servicetest.Joint(local.PractitionerID, procedure.Left, p.Today())
	taught.Supervisor = doctor.PractitionerID
	tr = p.Advance(p.Eligible(here), treatment.AdmitEmergency)
	_, err = s.Care.LogOperation(ctx, local, care.OperationInput{Treatment: tr.ID, Operation: taught}, store.Key{})
	must(p, "supervised operation", err)
	_, err = s.Visiting.SavePrivilege(ctx, p.HospitalAdmin(here), practitioner.Privilege{Practitioner: doctor.PractitionerID, Hospital: p.ID(here), Kind: procedure.TKA, From: p.Today(), To: p.Today()}, store.Key{})
	must(p, "privilege of who signs", err)
	signed, err := s.Visiting.SignOff(ctx, doctor, visiting.SignoffInput{Doctor: local.PractitionerID, Kind: procedure.TKA}, store.Key{})
	must(p, "sign-off", err)
	for name, value := range map[string]string{"skills": local.PractitionerID.String(), "{signoff}": signed.ID.String(), "teaching": lesson.ID.String(), "meetings": meeting.ID.String(), "{task}": task.ID.String(), "privileges": made.ID.String(), "exceptions": p.superText(`select id from privilege_exception`), "visits": mission.String(),
		"{member}": p.superText(`select id from visit_member`), "{entry}": p.superText(`select id from visit_case`), "{supply}": p.superText(`select id from visit_supply`)} {
		p.objects[name] = value
	}
}

// library makes a project whose plan waits for its second person, and a deposit with
// an earmark.
func (p *premises) library(pool ident.ID) {
	ctx, s := p.T.Context(), p.app.Services
	project, err := s.Funding.SaveProject(ctx, p.Approver(), funding.SaveProject{Project: fund.Project{Code: "XM-01", Name: "关节置换协作项目", Year: 2026,
		Source: fund.DonorFiscal, Planned: 1_000_000, Unit: "协作办"}}, "")
	must(p, "project", err)
	p.objects["fund-projects"] = project.String()
	_, err = s.Funding.Deposit(ctx, p.Approver(), funding.Deposit{Fund: pool, Amount: 1_000, Note: "企业捐款", Earmark: fund.Earmark{Programme: procedure.Joint}}, "")
	must(p, "deposit", err)
	list, err := s.Funding.DepositsOf(ctx, p.Approver(), pool, page.Request{})
	must(p, "deposits", err)
	p.objects["fund-deposits"] = list.Rows[0].ID.String()
}

// screenings makes a screening of an outreach day.
func (p *premises) screenings() {
	const here = servicetest.Mountain
	age := 70
	row := outreach.Row{ID: ident.New(), Draft: screening.Draft{On: p.Today(), Township: "石坪镇", Name: "向晚舟", Sex: patient.Female, Age: &age, Programme: procedure.Coronary, ChestPain: "NONE",
		Triage: screening.Observe, LegalBasis: patient.BasisStatutory}}
	_, err := p.app.Services.Screenings.Record(p.T.Context(), p.Screener(here), outreach.Batch{Hospital: p.ID(here), Rows: []outreach.Row{row}}, store.Key{})
	must(p, "screening", err)
	p.objects["screenings"], p.objects["photos"] = row.ID.String(), ident.New().String()
	file := store.OutboxRecovery{ID: ident.New(), Hospital: p.ID(here), Account: p.Screener(here).AccountID, Digest: make([]byte, 32), Forms: 1, Reason: "离职"}
	p.Do(p.System(), func(tx *store.Tx) error { return tx.InsertOutboxRecovery(file) })
	p.objects["outboxes"] = file.ID.String()
}

// payments pays what the fund owes for a treatment, finds that too much, and
// leaves another account to be released.
func (p *premises) payments(pool, treatment ident.ID) {
	ctx, s := p.T.Context(), p.app.Services.Paying
	const here = servicetest.Mountain
	account := func() ident.ID {
		a, err := s.ProposeAccount(ctx, p.Finance(here), paying.AccountInput{Hospital: p.ID(here), Account: payout.Account{Holder: "云岭区中医院", Bank: "农商银行", Number: "6222021001116245702"}}, "")
		must(p, "account", err)
		return a.ID
	}
	_, err := s.DecideAccount(ctx, p.Approver(), paying.Decision{ID: account(), Approve: true, Version: 1}, "")
	must(p, "release", err)
	made, err := s.MakeRun(ctx, p.FundFinance(), paying.NewRun{Fund: pool}, "")
	must(p, "run", err)
	_, err = s.DecideRun(ctx, p.Approver(), paying.Decision{ID: made.Run, Approve: true, Version: 1}, "")
	must(p, "approval of the run", err)
	_, err = s.BankFile(ctx, p.FundFinance(), made.Run, "csv")
	must(p, "bank file", err)
	_, err = s.PayRun(ctx, p.FundFinance(), paying.Payment{Run: made.Run, On: p.Today(), Ref: "B-1", Version: p.Version(made.Run)}, "")
	must(p, "payment", err)
	payable := p.superText(`select payable_id from pay_line where treatment_id = $1`, treatment)
	id, err := ident.Parse(payable)
	must(p, "payable", err)
	found, err := s.OpenRecovery(ctx, p.FundFinance(), paying.Finding{Payable: id, Debtor: payout.Hospital, Source: "audit", Reason: "多付", Amount: 100}, "")
	must(p, "finding", err)
	p.objects["payables"], p.objects["payments"], p.objects["pay-runs"] = payable, p.superText(`select id from pay_line where treatment_id = $1`, treatment), made.Run.String()
	p.objects["hospital-accounts"], p.objects["recoveries"] = account().String(), found.String()
}

// reports are a finished report for partners and a list as a file; the file is
// the official's own.
func (p *premises) reports() {
	ctx, s := p.T.Context(), p.app.Services.Reporting
	id, err := s.AskReport(ctx, p.Official(), reporting.ReportInput{Kind: report.Month, Day: p.Today(), Profile: "restricted"}, "")
	must(p, "report", err)
	must(p, "report", s.RunReport(ctx, reporting.Job{Payload: []byte(`{"report":"` + id.String() + `"}`)}, p.Partnership.ID, func(context.Context, int, int) {}))
	p.objects["reports"] = id.String()
	file, err := s.AskDownload(ctx, p.Official(), reporting.DownloadInput{ID: "joint.patients", Format: "csv"}, "")
	must(p, "download", err)
	p.objects["downloads"] = file.String()
}

// emergency opens a person's record to the doctor.
func (p *premises) emergency(person ident.ID) {
	const here = servicetest.Mountain
	number := servicetest.CitizenNumber("580407", 22)
	p.Do(p.System(), func(tx *store.Tx) error {
		parsed, err := patient.ParseDocument(patient.DocCitizen, number, tx.Today())
		must(p, "number", err)
		d := parsed.Document
		d.ID, d.PersonID = ident.New(), person
		return tx.InsertDocument(d)
	})
	id, err := p.app.Services.Glass.Break(p.T.Context(), p.Doctor(here), glass.Input{DocKind: patient.DocCitizen, DocNumber: number, Reason: "昏迷送诊抢救"}, "")
	must(p, "emergency", err)
	p.objects["glass"] = id.String()
}

// askedFor is a person who asks for a copy of what is kept.
func (p *premises) askedFor() {
	const here = servicetest.Mountain
	id, err := p.app.Services.Subjects.Ask(p.T.Context(), p.Registrar(here), subject.Request{Person: p.Patient(here, "向春生"), Kind: subject.Access, Asker: subject.Self,
		Proof: "身份证原件", ReceivedOn: p.Today()}, "")
	must(p, "request about own data", err)
	p.objects["subject-requests"] = id.String()
}
