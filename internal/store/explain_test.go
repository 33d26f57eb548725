package store_test

import (
	"database/sql"
	"database/sql/driver"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/insurer"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/paper"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/plausibility"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

//go:embed testdata/many.sql
var manySQL string

// many is how many people the partnership of the planner's tests has.
const many = 20_000

// crowded is a world with many people in it, and the ids of one of them.
func crowded(t *testing.T) (*servicetest.World, ident.ID) {
	t.Helper()
	w := servicetest.New(t)
	db := pgtest.Open(t, w.Database.SuperDSN)
	for _, x := range []struct {
		w      *servicetest.World
		n      int
		letter string
	}{{w, many, "A"}, {w.Other, 500, "B"}} {
		var hospitals []ident.ID
		for _, p := range servicetest.Places() {
			hospitals = append(hospitals, x.w.ID(p))
		}
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec("set local session_replication_role = replica"); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(manySQL, x.w.Partnership.ID, texts(hospitals), x.n, x.letter); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec("analyze"); err != nil {
		t.Fatal(err)
	}
	var one ident.ID
	if err := db.QueryRow(`select md5('A3001')::uuid`).Scan(&one); err != nil { // at the second hospital, in work
		t.Fatal(err)
	}
	return w, one
}

// asking is one read the store made, and which of its methods made it.
type asking struct {
	who     user.Principal
	query   string
	args    []any
	methods []string
}

// methodsOnStack are the functions of the store above the observer.
func methodsOnStack() []string {
	pc := make([]uintptr, 24)
	frames := runtime.CallersFrames(pc[:runtime.Callers(3, pc)])
	var out []string
	for {
		f, more := frames.Next()
		if i := strings.Index(f.Function, "internal/store."); i >= 0 && !strings.HasSuffix(f.File, "_test.go") {
			name := strings.TrimPrefix(f.Function[i:], "internal/store.")
			name = strings.TrimPrefix(strings.TrimSuffix(name, "[...]"), "(*Tx).")
			if j := strings.Index(name, ".func"); j >= 0 {
				name = name[:j]
			}
			out = append(out, name)
		}
		if !more {
			return out
		}
	}
}

// drop leaves the answer of a read: only its plan is of interest.
func drop[T any](_ T, err error) error { return err }

// pages reads the first page of a list and, by its cursor, the second.
func pages[T any](list func(page.Request) (page.Result[T], error)) error {
	r, err := list(page.Request{Size: 20})
	if err != nil || r.Next == "" {
		return err
	}
	return drop(list(page.Request{Size: 20, After: r.Next}))
}

// place is what a reader asks about: the own hospitals (nil: all), one person
// whose ids are all the same, a fund and a doctor.
type place struct {
	here         []ident.ID
	hospital     ident.ID
	one          ident.ID // in work
	settled      ident.ID
	fund, doctor ident.ID
}

// lists are the paged lists of the pages and the API, with their filters.
func lists(tx *store.Tx, p place) []error {
	from, to := clock.MustDate(2022, 1, 1), clock.MustDate(2022, 6, 30)
	var out []error
	for _, f := range []store.CaseFilter{{}, {Programme: procedure.Joint}, {State: casefile.InTreatment}, {From: from, To: to}, {State: casefile.FollowUp, Programme: procedure.Joint}} {
		f.Hospitals = p.here
		out = append(out, pages(func(r page.Request) (page.Result[store.CaseItem], error) { return tx.ListCases(f, r) }))
	}
	for _, f := range []store.TreatmentFilter{{}, {States: []treatment.State{treatment.Planned, treatment.Discharged}}} {
		f.Hospitals = p.here
		out = append(out, pages(func(r page.Request) (page.Result[store.Treatment], error) { return tx.ListTreatments(f, r) }))
	}
	for _, f := range []store.OperationFilter{{Hospitals: p.here}, {Hospitals: p.here, From: from, To: to}, {Lead: p.doctor}} {
		if f.Lead == ident.Nil && f.Hospitals != nil { // states are asked for at named hospitals
			for _, state := range []store.OperationState{store.OperationIncomplete, store.OperationUnsigned, store.OperationRecheck} {
				narrow := f
				narrow.State = state
				out = append(out, pages(func(r page.Request) (page.Result[store.Operation], error) { return tx.ListOperations(narrow, r) }))
			}
		}
		out = append(out, pages(func(r page.Request) (page.Result[store.Operation], error) { return tx.ListOperations(f, r) }))
	}
	out = append(out, pages(func(r page.Request) (page.Result[store.FundMove], error) { return tx.ListFundMoves(nil, r) }),
		pages(func(r page.Request) (page.Result[store.FundMove], error) {
			return tx.ListFundMoves([]ident.ID{p.fund}, r)
		}), pages(func(r page.Request) (page.Result[store.Approval], error) { return tx.ListLapsed(p.here, r) }),
		pages(func(r page.Request) (page.Result[store.Appeal], error) { return tx.ListAppeals(p.here, r) }))
	for _, waiting := range []bool{true, false} {
		out = append(out, pages(func(r page.Request) (page.Result[store.Objection], error) { return tx.ListObjections(waiting, r) }))
	}
	out = append(out, pages(func(r page.Request) (page.Result[store.Notice], error) { return tx.ListNotices(r) }))
	for _, check := range []plausibility.Check{"", plausibility.Repeat} {
		out = append(out, pages(func(r page.Request) (page.Result[store.Alert], error) {
			return tx.ListAlerts(plausibility.Closed, check, r)
		}))
	}
	for _, s := range []fund.ApprovalState{"", fund.ApprovalRequested, fund.ApprovalApproved} {
		out = append(out, pages(func(r page.Request) (page.Result[store.Approval], error) {
			return tx.ListApprovals(store.ApprovalFilter{Hospitals: p.here, State: s}, r)
		}))
	}
	for _, here := range [][]ident.ID{nil, p.here} {
		out = append(out, pages(func(r page.Request) (page.Result[store.Sheet], error) { return tx.ListSheets(here, r) }),
			pages(func(r page.Request) (page.Result[store.Difference], error) { return tx.ListDifferences(here, r) }))
	}
	out = append(out, pages(func(r page.Request) (page.Result[store.SheetRow], error) { return tx.ListSheetRows(p.hospital, r) }), drop(tx.SheetRowsIn(p.hospital, store.RowApplied, 10)),
		drop(tx.NumbersApplied(p.hospital, []string{"x1"})), drop(tx.FindStays(p.hospital, []insurer.Row{{No: 1, CaseNo: "X-1"}, {No: 2, AdmissionNo: "1"}, {No: 3, Tail: "001X", Discharged: from}})))
	_, _, err := tx.SheetLike(p.hospital, []byte{1})
	out = append(out, err)
	for _, f := range []store.SettlementFilter{{Hospitals: p.here}, {Hospitals: p.here, From: from, To: to}} {
		out = append(out, pages(func(r page.Request) (page.Result[store.Settlement], error) { return tx.ListSettlements(f, r) }))
	}
	for _, kind := range []measure.ListKind{measure.ListPersons, measure.ListTreatments, measure.ListProcedures} {
		for _, f := range []measure.Filter{{}, {Programme: "joint"}, {Programme: "joint", From: from, To: to, HospitalID: p.hospital}} {
			out = append(out, pages(func(r page.Request) (page.Result[store.FigureRow], error) { return tx.FigureRows(kind, f, r) }))
		}
	}
	for _, f := range []store.ReferralFilter{{Box: store.Inbox, Hospitals: p.here, States: referral.States()}, {Box: store.Outbox, Hospitals: p.here,
		States: []referral.State{referral.Sent}}, {Box: store.Late}} {
		out = append(out, pages(func(r page.Request) (page.Result[store.Referral], error) { return tx.ListReferrals(f, r) }))
	}
	for _, f := range []store.SecondFilter{{Hospitals: p.here}, {Hospitals: p.here, Programme: procedure.Joint, Need: casefile.Planned}} {
		out = append(out, pages(func(r page.Request) (page.Result[store.SecondItem], error) { return tx.ListSecond(f, r) }))
	}
	out = append(out, pages(func(r page.Request) (page.Result[store.DeathReport], error) {
		return tx.ListDeaths(patient.DeathReported, r)
	}))
	out = append(out, deviceLists(tx, p)...)
	out = append(out, followLists(tx, p)...)
	out = append(out, ruleLists(tx, p)...)
	out = append(out, visitLists(tx, p)...)
	out = append(out, screeningLists(tx, p)...)
	out = append(out, depositLists(tx, p)...)
	_, _, turned := tx.TurnReferrals(50)
	return append(out, turned,
		pages(func(r page.Request) (page.Result[store.PersonRow], error) { return tx.ListRegistrations(p.here, r) }),
		pages(func(r page.Request) (page.Result[store.LedgerLine], error) {
			return tx.ListLedger(store.LedgerFilter{Fund: p.fund}, r)
		}),
		pages(func(r page.Request) (page.Result[store.LookupItem], error) { return tx.ListLookups(p.hospital, r) }),
		pages(func(r page.Request) (page.Result[store.LookupNotice], error) {
			return tx.ListLookupNotices(p.hospital, r)
		}),
		pages(func(r page.Request) (page.Result[store.ReviewItem], error) { return tx.ListReviews("open", r) }),
		pages(tx.ListBatches), pages(tx.ListPairings),
		pages(func(r page.Request) (page.Result[store.AuditPackage], error) { return tx.ListPackages(nil, r) }),
		pages(func(r page.Request) (page.Result[store.AuditPackage], error) {
			return tx.ListPackages([]ident.ID{p.fund}, r)
		}), drop(tx.LedgerCut(p.fund)), drop(tx.LogCut()),
		pages(func(r page.Request) (page.Result[store.PostingItem], error) {
			return tx.ListPostings(store.PostingFilter{Hosts: p.here}, r)
		}),
		pages(tx.ListDownloads), pages(tx.ListReports), drop(tx.DeskFilter()), drop(tx.References(clock.MustDate(2025, 1, 1))), drop(tx.ListReferences()), drop(tx.Releases()), drop(tx.PeriodGatherings(clock.MustDate(2025, 1, 1), clock.MustDate(2025, 3, 31))), drop(tx.ExpireDownloads()),
		drop(tx.AuditTrail(store.AuditFilter{})), drop(tx.AuditTrail(store.AuditFilter{Object: p.one})), drop(tx.AuditTrail(store.AuditFilter{Actor: p.doctor})),
		drop(tx.AuditTrail(store.AuditFilter{Before: tx.Now()})), drop(tx.AuditTrail(store.AuditFilter{Object: p.one, Before: tx.Now()})), drop(tx.Sights([]ident.ID{p.one, p.fund})), drop(tx.ObjectsOfCase(p.one)),
		pages(tx.ListAnchors), drop(tx.ListHeld()), drop(tx.HeldSince(tx.Now())), drop(tx.LatestAnchor()), drop(tx.ChainHeads()),
	)
}

// deviceLists are the lists about implants.
func deviceLists(tx *store.Tx, p place) []error {
	var out []error
	for _, f := range []store.RecallFilter{{Lot: "L75"}, {Catalogue: "REF3000"}, {Brand: "B5"}, {Lot: "L75", Brand: "B5"}} {
		f.Hospitals = p.here
		out = append(out, pages(func(r page.Request) (page.Result[store.PatientPart], error) { return tx.Recall(f, r) }), drop(tx.CountRecall(f)))
	}
	for _, role := range []device.Role{"", device.Femoral} {
		out = append(out, pages(func(r page.Request) (page.Result[store.DeviceItem], error) { return tx.ListDevices(role, r) }))
	}
	for _, text := range []string{"REF30", "M5", "B7", "10000000003000"} {
		out = append(out, drop(tx.SearchDevices(text, "")))
	}
	for _, state := range []string{store.DisputeOpen, store.DisputeResolved} {
		out = append(out, pages(func(r page.Request) (page.Result[store.Dispute], error) { return tx.ListDisputes(state, r) }))
	}
	item := device.Item{Device: device.Device{Maker: "M1", Catalogue: "REF3000", DI: "10000000003000"}, Lot: "L75", Serial: "S3000"}
	_, _, counted := tx.CountDeviceWork([]ident.ID{p.hospital})
	return append(out, counted, pages(func(r page.Request) (page.Result[store.StockItem], error) { return tx.ListStock(p.here, r) }),
		pages(func(r page.Request) (page.Result[store.PatientPart], error) { return tx.ListReviewsOfParts(p.here, r) }),
		drop(tx.DevicesLike([]device.Device{item.Device})), drop(tx.DevicesUsedOn([]device.Item{item}, ident.Nil)),
		drop(tx.LotsOf(p.hospital, []device.Part{{Item: item, Device: p.one}}, ident.Nil)), drop(tx.DevicesUndisputed(p.one)),
		drop(tx.ComponentsOf(p.settled)), drop(tx.ExplantsOf(p.settled)), drop(tx.ComponentChanges(p.settled)),
		drop(tx.ImplantsOf(p.settled, procedure.Procedure{ID: p.one, Site: procedure.Knee, Side: procedure.Left})))
}

// followLists are the lists of follow-up.
func followLists(tx *store.Tx, p place) []error {
	var out []error
	for _, list := range []store.FollowList{store.FollowDue, store.FollowOverdue, store.FollowLost, store.FollowClosed} {
		for _, f := range []store.FollowFilter{{}, {Programme: procedure.Joint, Step: "1"}, {Township: "T5"}, {Township: "T5", Village: "V5"}, {Mine: true}} {
			f.List, f.Hospitals = list, p.here
			out = append(out, pages(func(r page.Request) (page.Result[store.FollowUp], error) { return tx.ListFollowUps(f, r) }))
		}
	}
	for _, unread := range []bool{false, true} {
		out = append(out, pages(func(r page.Request) (page.Result[store.MessageItem], error) { return tx.ListMessages(unread, r) }))
	}
	for _, q := range []store.GlassQuery{{}, {Mine: true}, {Waiting: true}, {Mine: true, Waiting: true}} {
		out = append(out, pages(func(r page.Request) (page.Result[store.GlassItem], error) { q.Page = r; return tx.ListGlass(q) }))
	}
	for _, q := range []store.SubjectQuery{{}, {Waiting: true}, {Person: p.one}, {Person: p.one, Waiting: true}} {
		out = append(out, pages(func(r page.Request) (page.Result[store.SubjectItem], error) { q.Page = r; return tx.ListSubjects(q) }))
	}
	_, found := tx.CaseOfSlip("TOKENA3005")
	_, _, counted := tx.CountFollowWork([]ident.ID{p.hospital})
	return append(out, counted, drop(tx.CountFollowUps(p.here)), drop(tx.FollowTownships(p.here)), drop(tx.FollowUpsOfCase(p.settled)), drop(tx.ContactsOf(p.settled)), drop(tx.ContactByID(p.settled)),
		found, tx.OpenPhonesOf([]store.FollowUp{{Registration: p.settled}}))
}

// ruleLists are the lists about the rules of payment and what they computed.
func ruleLists(tx *store.Tx, p place) []error {
	from, to := clock.MustDate(2022, 1, 1), clock.MustDate(2022, 6, 30)
	_, _, reversed := tx.ReverseComputation(ident.New())
	return []error{reversed, pages(func(r page.Request) (page.Result[store.PolicyVersion], error) { return tx.ListPolicies(r) }), drop(tx.ReleasedPolicies()),
		drop(tx.ComputationsOf(p.settled)), drop(tx.PastComputations(from, to, ident.Nil, 200)), drop(tx.YearLines(p.one)), drop(tx.YearComputations(p.settled, 2022)), drop(tx.CountedIn(p.settled, ident.Nil)), drop(tx.YearOf(p.one, 2025))}
}

// visitLists are the lists of the visiting programme.
func visitLists(tx *store.Tx, p place) []error {
	var out []error
	for _, on := range []clock.Date{{}, clock.MustDate(2022, 1, 1)} {
		out = append(out, pages(func(r page.Request) (page.Result[store.PrivilegeItem], error) {
			return tx.ListPrivileges(p.here, on, r)
		}))
	}
	for _, state := range []practitioner.ExceptionState{practitioner.ExceptionOpen, practitioner.ExceptionAccepted} {
		out = append(out, pages(func(r page.Request) (page.Result[store.PrivilegeException], error) {
			return tx.ListExceptions(p.here, state, r)
		}))
	}
	for _, state := range []visit.State{"", visit.Planned} {
		out = append(out, pages(func(r page.Request) (page.Result[store.Visit], error) { return tx.ListVisits(p.here, state, r) }))
	}
	v := store.Visit{Mission: visit.Mission{ID: p.settled, Hospital: p.hospital, From: clock.MustDate(2022, 1, 1), To: clock.MustDate(2022, 1, 7)}}
	start := v.From.Start()
	out = append(out, drop(tx.CountExceptions(p.here)))
	return append(out, pages(func(r page.Request) (page.Result[store.TeachingItem], error) { return tx.ListTeaching(p.here, r) }), pages(tx.ListMeetings),
		drop(tx.PrivilegesOf(p.doctor, p.hospital)), drop(tx.ExceptionOf(p.settled)), drop(tx.VisitMembers(v.ID)), drop(tx.VisitDays(v.ID)), drop(tx.VisitSupplies(v.ID)),
		drop(tx.VisitEntries(v.ID)), drop(tx.VisitHandovers(v.ID)), drop(tx.VisitOperations(v, []store.VisitMember{{Practitioner: p.doctor}})),
		drop(tx.BusyAt(p.doctor, start, start.AddDate(0, 0, 7))), drop(tx.TeachingOf(v.ID)), drop(tx.MeetingTasks(p.settled)), drop(tx.SkillCounts(p.doctor, p.hospital)), drop(tx.SkillRules()),
		drop(tx.SignoffsOf([]ident.ID{p.hospital}, []ident.ID{p.doctor})), drop(tx.ObserversOf(p.settled)))
}

// depositLists are the lists of the project library and of what deposits paid.
func depositLists(tx *store.Tx, p place) []error {
	from := clock.MustDate(2022, 1, 1)
	projects, err := tx.ListProjects(nil, page.Request{})
	deposits, err2 := tx.ListDeposits(store.DepositFilter{Fund: p.fund}, page.Request{})
	if err != nil || err2 != nil {
		return []error{err, err2}
	}
	out := []error{drop(tx.DepositStore(p.fund, p.one)), drop(tx.DepositStores()), drop(tx.OpenProjects()), drop(tx.ProjectByID(projects.Rows[0].ID, nil)), drop(tx.DepositByID(deposits.Rows[0].ID)),
		drop(tx.Flows(store.FlowFilter{Funds: []ident.ID{p.fund}, From: from, To: from.AddMonths(2)}))}
	for _, f := range []store.DepositFilter{{Fund: p.fund}, {Project: projects.Rows[0].ID}} {
		out = append(out, pages(func(r page.Request) (page.Result[store.FundDeposit], error) { return tx.ListDeposits(f, r) }))
	}
	return append(out, pages(func(r page.Request) (page.Result[store.FundProject], error) { return tx.ListProjects(nil, r) }),
		pages(func(r page.Request) (page.Result[store.Drawn], error) { return tx.ListDrawn(deposits.Rows[0].ID, r) }))
}

// screeningLists are the lists of outreach days. Screenings are read at named
// hospitals only.
func screeningLists(tx *store.Tx, p place) []error {
	at := p.here
	if at == nil {
		at = []ident.ID{p.hospital}
	}
	day, village := clock.MustDate(2022, 6, 1), screening.Place{Township: "T3", Village: "V7"}
	var out []error
	for _, f := range []store.ScreeningFilter{{}, {On: day}, {Place: village}, {Triage: screening.Advised}, {Answer: screening.Declined}, {Answer: screening.Willing, Open: true}, {Open: true},
		{On: day, Place: village, Triage: screening.Further, Open: true}} {
		f.Hospitals = at
		out = append(out, pages(func(r page.Request) (page.Result[store.Screening], error) { return tx.ListScreenings(f, r) }))
	}
	return append(out, drop(tx.CountScreenings(at, day)), drop(tx.ScreeningPlaces(at, clock.MustDate(2026, 5, 28))), drop(tx.ScreeningByID(p.one)), drop(tx.AlikeScreenings(p.one)),
		drop(tx.CountAlike(p.one)), tx.FollowPhotos(p.one, p.one, p.one), drop(tx.TheatreCases(p.hospital, day)), drop(tx.OutboxRecoveries(at)))
}

// payments reads what is owed and what was paid.
func payments(tx *store.Tx, p place) (out []error) {
	for _, f := range []store.PayableFilter{{}, {Fund: p.fund}, {Hospital: p.hospital}, {Fund: p.fund, Hospital: p.hospital, Until: clock.MustDate(2026, 5, 28)},
		{Funds: []ident.ID{p.fund, p.one}}, {Funds: []ident.ID{p.fund, p.one}, Hospital: p.hospital}} {
		if f.Funds == nil {
			f.Hospitals = p.here
		}
		_, _, collected := tx.Collect(f)
		out = append(out, pages(func(r page.Request) (page.Result[store.Payable], error) { return tx.ListPayables(f, r) }), collected, drop(tx.SumPayables(f)),
			pages(func(r page.Request) (page.Result[store.PayLine], error) { return tx.PaidLines(f, r) }))
	}
	for _, funds := range [][]ident.ID{nil, {p.fund}} {
		out = append(out, pages(func(r page.Request) (page.Result[store.PayRun], error) { return tx.ListPayRuns(funds, r) }),
			pages(func(r page.Request) (page.Result[store.Recovery], error) { return tx.ListRecoveries(funds, p.here, r) }))
	}
	_, _, card := tx.CardOf(p.one)
	list := []store.Payable{{Kind: fund.KindCommit, Hospital: p.hospital}, {Kind: fund.KindReimburse, Treatment: p.one}}
	return append(out, pages(func(r page.Request) (page.Result[store.HospitalAccount], error) {
		return tx.ListHospitalAccounts(p.here, r)
	}), card, openless(tx.Destinations(list)),
		drop(tx.LinesOfRun(p.one)), openless(tx.OpenLines(p.one)), drop(tx.LinesOfPayable(p.one)), drop(tx.DueOf(p.fund, p.hospital)), drop(tx.PlannedOf(p.one)), drop(tx.ReceiptsOf(p.one)),
		drop(tx.Paid(p.one)), drop(tx.BeingPaid([]ident.ID{p.one})))
}

// openless drops an answer whose sealed numbers are made up.
func openless[T any](_ T, _ error) error { return nil }

// seen drops what a case answers; one that is not there is asked about as well.
func seen(_ store.CaseItem, _ map[ident.ID]string, err error) error {
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// work is what the home page, the search box and the checks of a form ask.
func work(tx *store.Tx, p place) []error {
	birth := clock.MustDate(1948, 3, 20)
	out := []error{
		drop(tx.TreatmentsWaiting(p.here, treatment.Planned, treatment.Discharged, treatment.Admitted)), drop(tx.CasesWaiting(p.here, casefile.Registered, casefile.SecondDue)),
		drop(tx.ApprovalsWaiting(p.here)), drop(tx.CountWork(p.here)), drop(tx.CountDesk(p.here, false)), drop(tx.CountDesk(nil, true)), drop(tx.CountUnread()), drop(tx.OwnDrafts()), openDraft(tx), drop(tx.OpenFollowUps([]ident.ID{p.one})), drop(tx.CountReviews()), drop(tx.OverdueEmergencies()), drop(tx.TakingPart(p.hospital, p.here)), seen(tx.CaseSeenBy(p.hospital, p.here)), drop(tx.OperationChanges(p.hospital)),
		drop(tx.CountReferrals(p.here)), drop(tx.ReferralsWaiting(p.here)), drop(tx.ReferralClocks()),
		drop(tx.ListFunds()), drop(tx.FundChoices()), drop(tx.HoldsOf(p.fund)), drop(tx.SpentSince(p.fund, time.Now())), drop(tx.NamesOf([]ident.ID{p.hospital})), drop(tx.FundingRules()), drop(tx.FollowRules("joint")), drop(tx.AllFollowRules()), drop(tx.NoticeRules()), drop(tx.PublicNotices()), drop(tx.CountObjections()), drop(tx.PlausibilityRules()), drop(tx.CountAlerts()), lastLook(tx),
		drop(tx.NoticeCandidates(clock.MustDate(2022, 6, 1), clock.MustDate(2022, 6, 3), 100)), lastCheck(tx), lapseSome(tx), drop(tx.LookBooks(p.fund)), drop(tx.Mappings()), drop(tx.Aliases()), drop(tx.CategoryAliases()),
		drop(tx.Candidates(p.hospital, match.Fingerprint{Name: "向二三", Birth: birth, Village: "临江村"})), drop(tx.UnmasksSince(servicetest.Start(), "person.unmask")),
	}
	for _, text := range []string{"向丹", "xab", "xiang300", "1234", "S3001", "500199196002290131", "13900000000", "向丹 1234"} {
		out = append(out, drop(tx.SearchRegistrations(p.here, match.ParseQuery(text))))
	}
	return out
}

// openDraft reads the draft of one form.
func openDraft(tx *store.Tx) error {
	_, _, err := tx.DraftOf("/patients/register#form")
	return err
}

// opened is what opening one record reads.
func opened(tx *store.Tx, p place) []error {
	approval, err := tx.ApprovalByID(p.one)
	_, _, live := tx.LiveSettlement(p.one)
	_, _, settled := tx.SettlementByID(p.settled)
	out := []error{err, live, settled}
	care, err := tx.TreatmentByID(p.one)
	return append(out, err, drop(tx.PersonByID(p.one)), drop(tx.DocumentsOf(p.one)), drop(tx.MergedInto(p.one)), drop(tx.RegistrationsOf(p.one)), drop(tx.RegisteredAt(p.one, p.hospital)),
		drop(tx.BeneficiariesOf(p.one)), drop(tx.AttachmentsOf(store.Owner{Kind: store.OwnerCase, ID: p.one}, store.Owner{Kind: store.OwnerTreatment, ID: p.one})),
		drop(tx.CaseByID(p.one)), drop(tx.CasesOf(p.one)), drop(tx.TreatmentStates(p.one)), drop(tx.TakesPart(p.one, p.hospital)), drop(tx.TreatmentsOf(p.one)),
		drop(tx.TreatmentsOfPerson(p.one)), drop(tx.TreatmentEvents(p.one)), drop(tx.BillsOf(p.one)), drop(tx.OperationsOf(p.one)), drop(tx.RecordedOperations(p.one)), drop(tx.ReadingsOf(p.one)), drop(tx.ComplicationsOf(p.settled)), drop(tx.LastReached(p.settled)),
		drop(tx.ReferralsOf(p.one)), drop(tx.CasePartners(p.one)), drop(tx.HeldOf(p.one, p.fund)), drop(tx.Timeline(store.TimelineFilter{Person: p.one, Care: true, Money: true, Files: true})), drop(tx.ApprovalsOf(p.one)), drop(tx.ApprovalLines(p.one)), drop(tx.SignaturesOf(p.one)), drop(tx.AppealsOf(p.one)), drop(tx.ObjectionsTo(p.one)), drop(tx.ReadingsChanged(p.one)), gone(tx.NoticeByID(p.one)), drop(tx.NoticeEntries(p.one)), drop(tx.VerdictsOf(p.one)), evidence(tx, p.one),
		tx.LapseOfPerson(p.one), tx.LapseOfCase(p.one), tx.LapseOfTreatment(p.one), drop(tx.ApprovalNeighbours(approval, p.here)), drop(tx.RegisteredBy(care)),
		drop(tx.PaperOf(care)), drop(tx.CareFactsOf(care, clock.MustDate(2026, 11, 24))), drop(tx.FundByID(p.fund)), drop(tx.TransferByID(p.one)), drop(tx.Standing(p.one, p.one)), drop(tx.DepositsOfApproval(p.one)), printed(tx, p.one),
		drop(tx.SamePeople(p.one)), drop(tx.SubjectClock()), drop(tx.FormerNames(p.hospital)),
		pages(func(r page.Request) (page.Result[store.HandedCase], error) { return tx.OpenCases(r) }),
		pages(func(r page.Request) (page.Result[store.UnionItem], error) { return tx.ListUnions(r) }))
}

// printed looks for the last print of a form.
func printed(tx *store.Tx, id ident.ID) error {
	_, _, err := tx.LastPrint(paper.Approval, id)
	return err
}

// lastLook reads when the checks ran last.
func lastLook(tx *store.Tx) error {
	_, _, err := tx.LastPlausibilityRun()
	return err
}

// gone reads a record that may not be there.
func gone[T any](_ T, err error) error {
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// evidence reads the people and cases a finding names.
func evidence(tx *store.Tx, id ident.ID) error {
	_, _, err := tx.EvidencePeople([]ident.ID{id}, []ident.ID{id})
	return err
}

// unbounded are reads that answer about everything on purpose: figures counted
// raw, exports and proofs of the whole log or ledger. They are not lists.
var unbounded = []string{"Tallies", "AllFigureRows", "CrossPairs", "CheckLedger", "checkDeposits", "FollowChains", "anchorFiles", "ends", "missing", "SealReads",
	"PlausibilityFacts", "changedSince", "doublePieces", "doubtedOperations", "plannedHours", "sharedPhones", "EveryAlert", // the nightly look at everything
	"AddedBy", "HoldersOf", "KnownRows", "PostedBy", "RecordedFor", "Registered", "TakenBy", "TreatmentsForImport", "UnusedProvisional", "freeSlips", "withdrawRegistrations", // of a whole import
	"AccountNames", "CutBalances", "CutCases", "CutEntries", "CutLog", "FundApprovals", "FundFindings", "FundRuns", "FundSettlements", "LinesOfRuns", "RulesInForce", // of a whole audit package
	"differingReaders", "summaryFilters", "summaryMarks", // the nightly comparison, and what is folded at a time
	"Pending", "PendingAt", "Carrying", // what stands open when a partnership or a hospital ends
	"factRows"} // the rows a figure is counted from

// platformReads read tables without a partnership, or a handful of rows by key
// inside a write; the lists among them have their own tests.
var platformReads = []string{"EarlierPasswords", "RoleHolders", "AssignmentsOf", "AuthAssignments", "AuthPostings", "OrganisationsByID", "ListOrganisations", "ListPartnerships", "Members",
	"MembershipsOf", "TokensOf", "ListAccounts", "PostingsOf", "ListPractitioners", "PartnershipIDs", "PairingsBetween", "SurgeonsAt", "SidesOf", "LoadAssignments", "loadAssignments",
	"ScheduleCase", "deriveFollowUps", "settleFollowUps", "SessionsOf", "BusiestFund", "awaitLane", "PasskeysOf", "Colleagues", "HandDrafts", "LoadEnded", "LoadMerged", "UnionsOf", "rejudgeSome"}

// One partnership with many people serves both: making it takes longer than
// asking for its plans.
func TestNoListReadsMoreThanItShows(t *testing.T) {
	w, one := crowded(t)
	t.Run("lists of the pages and of the API", func(t *testing.T) { everyList(t, w, one) })
	t.Run("the list behind a measure", func(t *testing.T) { listsBehindMeasures(t, w) })
	t.Run("a line of people", func(t *testing.T) { linesFromIndexes(t, w) })
}

func everyList(t *testing.T, w *servicetest.World, one ident.ID) {
	p := place{one: one, hospital: w.ID(servicetest.MountainTwo)}
	super := pgtest.Open(t, w.Database.SuperDSN)
	if err := super.QueryRow(`select md5('fundA1')::uuid, md5('doctor1')::uuid, md5('A3005')::uuid`).Scan(&p.fund, &p.doctor, &p.settled); err != nil {
		t.Fatal(err)
	}
	var asked []asking
	var who user.Principal
	store.Observe(w.DB, func(query string, args []any) {
		asked = append(asked, asking{who, query, args, methodsOnStack()})
	})
	registrar := w.Registrar(servicetest.MountainTwo)
	registrar.Hospitals = append(registrar.Hospitals, w.ID(servicetest.Sea))
	for _, who = range []user.Principal{registrar, w.Approver()} {
		at := p
		if !who.Wide {
			at.here = who.Hospitals
		}
		w.Do(who, func(tx *store.Tx) error {
			for i, err := range slices.Concat(lists(tx, at), payments(tx, at), work(tx, at), opened(tx, at)) {
				if err != nil {
					t.Errorf("read %d as %s: %v", i, who.Username, err)
					return err
				}
			}
			return nil
		})
	}
	store.Observe(w.DB, nil)
	app := pgtest.Open(t, w.Database.AppDSN)
	toured := map[string]bool{}
	seen := map[string]bool{}
	for _, a := range asked {
		for _, m := range a.methods {
			toured[m] = true
		}
		id := fmt.Sprint(a.who.Wide, a.query)
		if seen[id] || !strings.HasPrefix(strings.TrimSpace(a.query), "select") && !strings.HasPrefix(strings.TrimSpace(a.query), "with") {
			continue
		}
		seen[id] = true
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			explain(t, app, a, mode)
		}
	}
	if len(seen) < 80 {
		t.Errorf("only %d reads were asked about", len(seen))
	}
	for _, m := range listers(t) {
		if !toured[m] && !slices.Contains(unbounded, m) && !slices.Contains(platformReads, m) {
			t.Errorf("%s reads a list and is not asked about here", m)
		}
	}
}

// budget is how many rows a read may touch: some hundreds for a page with its
// neighbours, never a part of the twenty thousand.
const budget = 3500

// node is what matters of a plan as EXPLAIN writes it.
type node struct {
	Type    string  `json:"Node Type"`
	Table   string  `json:"Relation Name"`
	Rows    float64 `json:"Actual Rows"`
	Loops   float64 `json:"Actual Loops"`
	Removed float64 `json:"Rows Removed by Filter"`
	Plans   []node
}

// explain runs a read as the application would, in one mode of planning.
func explain(t *testing.T, db *sql.DB, a asking, mode string) {
	t.Helper()
	var plans []struct{ Plan node }
	if err := json.Unmarshal(planOf(t, db, a, mode, "analyze, timing off"), &plans); err != nil {
		t.Fatal(err)
	}
	if touched, bad := judge(plans[0].Plan); touched > budget || bad != "" {
		t.Errorf("%v, wide %v, %s: touches %.0f rows %s\n%s\n%s", a.methods, a.who.Wide, mode, touched, bad, a.query, outline(plans[0].Plan, 1))
	}
}

// planOf is the plan of a prepared read in the scope of who asks, as JSON.
func planOf(t *testing.T, db *sql.DB, a asking, mode, options string) []byte {
	t.Helper()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, s := range []string{fmt.Sprintf("select begin_scope('%s', '%s', null, '{%s}', %v)", a.who.PartnershipID, a.who.AccountID, join(a.who.ScopeIDs()), a.who.Wide),
		"set local plan_cache_mode = " + mode, "deallocate all", "prepare q as " + a.query} {
		if _, err := tx.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	call := "explain (" + options + ", format json) execute q"
	if len(a.args) > 0 {
		call += "(" + literals(t, a.args) + ")"
	}
	var raw []byte
	if err := tx.QueryRow(call).Scan(&raw); err != nil {
		t.Fatalf("%s: %v", call, err)
	}
	return raw
}

// judge sums the rows a plan reads from tables, and names a scan of a whole
// table or a sort of a large part of one.
func judge(n node) (touched float64, bad string) {
	if n.Table != "" {
		touched = (n.Rows + n.Removed) * n.Loops
		if n.Type == "Seq Scan" && businessTables[n.Table] != "" && touched > budget/2 {
			bad = "by Seq Scan of " + n.Table
		}
	}
	for _, child := range n.Plans {
		if strings.HasSuffix(n.Type, "Sort") && child.Rows*child.Loops > budget/2 {
			bad = fmt.Sprintf("and sorts %.0f", child.Rows)
		}
		sum, worse := judge(child)
		touched += sum
		if worse != "" {
			bad = worse
		}
	}
	return touched, bad
}

func outline(n node, depth int) string {
	s := fmt.Sprintf("%s%s %s rows %.0f x %.0f, removed %.0f\n", strings.Repeat("  ", depth), n.Type, n.Table, n.Rows, n.Loops, n.Removed)
	for _, c := range n.Plans {
		s += outline(c, depth+1)
	}
	return s
}

func join(ids []ident.ID) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return strings.Join(out, ",")
}

// literals writes parameters as the driver would send them.
func literals(t *testing.T, args []any) string {
	t.Helper()
	out := make([]string, len(args))
	for i, a := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(a)
		if err != nil {
			t.Fatal(err)
		}
		switch v := v.(type) {
		case nil:
			out[i] = "null"
		case time.Time:
			out[i] = "'" + v.Format(time.RFC3339Nano) + "'"
		case []byte:
			out[i] = "'\\x" + hex.EncodeToString(v) + "'"
		default:
			out[i] = "'" + strings.ReplaceAll(fmt.Sprint(v), "'", "''") + "'"
		}
	}
	return strings.Join(out, ", ")
}

// listers are the functions of the store that read lists, by its source.
func listers(t *testing.T) []string {
	t.Helper()
	names, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range names {
		if !strings.HasSuffix(name.Name(), ".go") || strings.HasSuffix(name.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				if c, ok := n.(*ast.CallExpr); ok {
					if s, ok := c.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "list" {
						found[fn.Name.Name] = true
					}
				}
				return true
			})
		}
	}
	var out []string
	for n := range found {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

func lapseSome(tx *store.Tx) error {
	_, _, err := tx.LapseSome(ident.Nil, 5)
	return err
}

func lastCheck(tx *store.Tx) error {
	_, _, err := tx.LastLedgerCheck()
	return err
}
