package treatment

import (
	"slices"
	"sync"

	"github.com/shanhai-health/shanhai/internal/domain/user"
)

// Permissions of the steps; the names are those of the role table.
const (
	permOpen    user.Permission = "treatment:open"
	permAdvance user.Permission = "treatment:advance"
	permCancel  user.Permission = "treatment:cancel"
	permProof   user.Permission = "eligibility:edit"
	permAsk     user.Permission = "approval:request"
	permDecide  user.Permission = "approval:decide"
	permOperate user.Permission = "procedure:log"
	permSettle  user.Permission = "settlement:settle"
	permImport  user.Permission = "import:run"
	permReverse user.Permission = "import:reverse"
	permOffice  user.Permission = "person:identity"
)

// Table is the one transition table: the normal path first, then the marked
// paths, then the ways out and the exceptional ways back.
func Table() []Row { return slices.Clone(table()) }

// table is built once: lists ask it for every row of a page. Callers inside the
// package read it and hand out copies of rows only.
var table = sync.OnceValue(func() []Row {
	way := slices.Concat(normalRows(), requestRows(), emergencyRows(), noReductionRows(), careRows(), historyRows(),
		endRows(), lateOperationRows())
	return slices.Concat(way, mishapRows(), correctionRows(way))
})

func at(s State, p Path) Place { return Place{s, p} }

// rows makes the same step from several states of one path.
func rows(from []State, path Path, to func(State) Place, r Row) []Row {
	var out []Row
	for _, s := range from {
		r.From, r.To = at(s, path), to(s)
		out = append(out, r)
	}
	return out
}

// stay keeps the state and puts the treatment on a path.
func stay(p Path) func(State) Place { return func(s State) Place { return at(s, p) } }

// to goes to one place from wherever.
func to(s State, p Path) func(State) Place { return func(State) Place { return at(s, p) } }

// before are the states before anything was done to the patient.
func before() []State { return []State{Planned, Eligible, Estimated, Requested, Approved} }

// inCare are the states from the admission to the settlement.
func inCare() []State { return []State{Admitted, Operated, Discharged, Settled} }

// normalRows: register → eligible → (estimate) → request → approve → admit. The
// rest of the way is the same for three paths and stands in careRows.
func normalRows() []Row {
	n := Normal
	return []Row{
		{From: at(None, n), Action: Register, To: at(Planned, n), Permission: permOpen, Required: []Fact{CaseOpen}},
		{From: at(Planned, n), Action: ConfirmEligible, To: at(Eligible, n), Permission: permProof,
			Required: []Fact{ConsentRecorded, CategoryValid, CategoryProven}},
		{From: at(Eligible, n), Action: Estimate, To: at(Estimated, n), Permission: permAsk, Required: []Fact{EstimateMade}},
		{From: at(Estimated, n), Action: Estimate, To: at(Estimated, n), Permission: permAsk, Required: []Fact{EstimateMade}},
		{From: at(Eligible, n), Action: RequestApproval, To: at(Requested, n), Permission: permAsk,
			Required: []Fact{AmountNamed, FundNamed}},
		{From: at(Estimated, n), Action: RequestApproval, To: at(Requested, n), Permission: permAsk,
			Required: []Fact{AmountNamed, FundNamed}},
		{From: at(Requested, n), Action: Approve, To: at(Approved, n), Permission: permDecide,
			Required: []Fact{SecondPerson, DevicesUndisputed, ReservationExists}},
		{From: at(Approved, n), Action: Admit, To: at(Admitted, n), Permission: permAdvance, Required: []Fact{AdmissionDate}},
	}
}

// requestRows: the ways back from a request. A refused request leads back to
// eligible: the person may ask for less, ask elsewhere, forgo, or decline. An
// approval lapses when a fact it rests on changes: before the admission the
// request waits again; in care the money stays held until a person decides, and
// taking the approval back then leads on without a reduction.
func requestRows() []Row {
	n := Normal
	var out []Row
	for _, p := range []Path{Normal, Emergency} {
		out = append(out, rows([]State{Admitted, Operated, Discharged}, p, stay(NoReduction), Row{Action: RevokeApproval,
			Permission: permDecide, Required: []Fact{NothingReserved}, Reason: true})...)
	}
	return append(out, []Row{
		{From: at(Approved, n), Action: LapseApproval, To: at(Requested, n), Permission: permDecide, Reason: true,
			Required: []Fact{NothingReserved}},
		{From: at(Requested, n), Action: ReturnRequest, To: at(Eligible, n), Permission: permDecide, Reason: true},
		{From: at(Requested, n), Action: Refuse, To: at(Eligible, n), Permission: permDecide, Reason: true,
			Required: []Fact{SecondPerson}},
		{From: at(Requested, n), Action: WithdrawRequest, To: at(Eligible, n), Permission: permAsk},
		{From: at(Approved, n), Action: RevokeApproval, To: at(Eligible, n), Permission: permDecide, Reason: true,
			Required: []Fact{NothingReserved}},
	}...)
}

// emergencyRows: the patient is admitted from wherever the papers stand. The
// request follows in any later state; after the settlement a late approval is
// paid out as a reimbursement. An approval that does not come within the days
// of the policy is written off as an exception, so that the case can be closed.
func emergencyRows() []Row {
	e := Emergency
	// Not from approved: there the ordinary admission is open.
	out := rows([]State{Planned, Eligible, Estimated, Requested}, Normal, to(Admitted, e), Row{Action: AdmitEmergency,
		Permission: permAdvance, Required: []Fact{AdmissionDate}, Reason: true, Mark: MarkTreatedFirst})
	unsettled := []State{Admitted, Operated, Discharged}
	// The patient may be too ill to bring papers: they are asked for here, not at the door.
	out = append(out, rows(inCare(), e, stay(e), Row{Action: RequestApproval, Permission: permAsk,
		Required: []Fact{ConsentRecorded, CategoryValid, CategoryProven, AmountNamed, FundNamed}})...)
	out = append(out, rows(inCare(), e, stay(e), Row{Action: ReturnRequest, Permission: permDecide, Reason: true})...)
	out = append(out, rows(inCare(), e, stay(e), Row{Action: WithdrawRequest, Permission: permAsk})...)
	out = append(out, rows(unsettled, e, stay(e), Row{Action: Approve, Permission: permDecide,
		Required: []Fact{SecondPerson, DevicesUndisputed, ReservationExists}, Mark: MarkLateApproval})...)
	out = append(out, Row{From: at(Settled, e), Action: Reimburse, To: at(Settled, e), Permission: permDecide,
		Required: []Fact{SecondPerson, DevicesUndisputed, ReimbursementDone}, Mark: MarkLateApproval})
	// Refused: the treatment goes on without a reduction. Whoever had one approved
	// before must give it back first.
	out = append(out, rows(inCare(), e, stay(NoReduction), Row{Action: Refuse, Permission: permDecide, Reason: true,
		Required: []Fact{SecondPerson, NothingReserved}})...)
	return append(out, rows(inCare(), e, stay(e), Row{Action: MarkOverdue, Permission: permDecide, Reason: true,
		Required: []Fact{ApprovalOverdue}, Mark: MarkException})...)
}

// noReductionRows: forgoing is a decision and can be taken back, before the
// admission by the normal way, later as a late request.
func noReductionRows() []Row {
	early := []State{Eligible, Estimated}
	out := rows(early, Normal, stay(NoReduction), Row{Action: ForgoReduction, Permission: permAsk, Reason: true})
	out = append(out, rows(early, NoReduction, stay(Normal), Row{Action: AskReduction, Permission: permAsk})...)
	out = append(out, rows(early, NoReduction, to(Admitted, NoReduction), Row{Action: Admit, Permission: permAdvance,
		Required: []Fact{AdmissionDate}})...)
	out = append(out, rows(inCare(), NoReduction, stay(Emergency), Row{Action: AskReduction, Permission: permAsk,
		Reason: true})...)
	// Approved money that is not wanted any more, before the settlement.
	return append(out, rows([]State{Admitted, Operated, Discharged}, Normal, stay(NoReduction), Row{Action: ForgoReduction,
		Permission: permAsk, Required: []Fact{NothingReserved}, Reason: true})...)
}

// careRows: admitted → operated → discharged → settled → closed, alike on the
// three living paths but for what the settlement and the closing ask for.
func careRows() []Row {
	var out []Row
	for _, p := range []Path{Normal, Emergency, NoReduction} {
		// One physical piece is paid once: while another record names it too, no money moves.
		money, done := []Fact{DevicesUndisputed, ApprovalStands, SettlementBalances, ReductionCovered}, []Fact{NothingReserved}
		switch p {
		case Emergency:
			done = []Fact{NothingReserved, ApprovalDecided}
		case NoReduction:
			money = []Fact{DevicesUndisputed, SettlementBalances, ReductionZero}
		}
		dates := []Fact{AdmissionDate, DischargeDate}
		out = append(out,
			Row{From: at(Admitted, p), Action: LogOperation, To: at(Operated, p), Permission: permOperate,
				Required: []Fact{OperationLogged}},
			Row{From: at(Operated, p), Action: LogOperation, To: at(Operated, p), Permission: permOperate,
				Required: []Fact{OperationLogged}},
			Row{From: at(Operated, p), Action: Discharge, To: at(Discharged, p), Permission: permAdvance, Required: dates},
			Row{From: at(Admitted, p), Action: DischargeUntreated, To: at(Discharged, p), Permission: permAdvance,
				Required: dates, Reason: true, Mark: MarkNoOperation},
			Row{From: at(Admitted, p), Action: RecordDeath, To: at(Discharged, p), Permission: permAdvance,
				Required: []Fact{AdmissionDate, DeathDate}, Mark: MarkDiedInCare},
			Row{From: at(Operated, p), Action: RecordDeath, To: at(Discharged, p), Permission: permAdvance,
				Required: []Fact{AdmissionDate, DeathDate}, Mark: MarkDiedInCare},
			Row{From: at(Discharged, p), Action: Settle, To: at(Settled, p), Permission: permSettle, Required: money},
			Row{From: at(Settled, p), Action: CorrectSettlement, To: at(Discharged, p), Permission: permSettle,
				Required: []Fact{SettlementReversed}, Reason: true},
			Row{From: at(Settled, p), Action: Close, To: at(Closed, p), Permission: permAdvance, Required: done},
			Row{From: at(Closed, p), Action: Reopen, To: at(Settled, p), Permission: permDecide, Reason: true},
		)
	}
	return out
}

// historyRows: an old ledger's row is closed the moment it comes in, and a whole
// batch can be taken back as long as nobody worked on it.
func historyRows() []Row {
	h := History
	return []Row{
		{From: at(None, h), Action: ImportHistory, To: at(Closed, h), Permission: permImport,
			Required: []Fact{OperationLogged}, Mark: MarkImported},
		{From: at(Closed, h), Action: ReverseImport, To: at(Cancelled, h), Permission: permReverse,
			Required: []Fact{MoneyReversed, NoLaterWork}},
		{From: at(Closed, h), Action: LogOperation, To: at(Closed, h), Permission: permOperate,
			Required: []Fact{OperationLogged}, Reason: true, Mark: MarkLoggedLate},
	}
}

// endRows: the ways out before anything was done to the patient. Money that is
// held for the treatment is given back in the same step, never left behind.
func endRows() []Row {
	free := []Fact{NothingReserved}
	ends := []Row{
		{Action: Decline, To: at(Declined, ""), Permission: permAdvance, Required: free, Reason: true},
		{Action: Withdraw, To: at(Withdrawn, ""), Permission: permAdvance, Required: free, Reason: true},
		{Action: RecordDeath, To: at(Died, ""), Permission: permAdvance, Required: []Fact{NothingReserved, DeathDate}},
		{Action: Lose, To: at(Lost, ""), Permission: permAdvance, Required: free, Reason: true},
		{Action: Cancel, To: at(Cancelled, ""), Permission: permCancel, Required: free, Reason: true},
	}
	var out []Row
	for _, r := range ends {
		end := r.To.State
		out = append(out, rows(before(), Normal, to(end, Normal), r)...)
		out = append(out, rows([]State{Eligible, Estimated}, NoReduction, to(end, NoReduction), r)...)
	}
	// An admission recorded by mistake, and a patient who left before the bill was settled.
	for _, p := range []Path{Normal, Emergency, NoReduction} {
		out = append(out,
			Row{From: at(Admitted, p), Action: Cancel, To: at(Cancelled, p), Permission: permCancel, Required: free, Reason: true},
			Row{From: at(Discharged, p), Action: Lose, To: at(Lost, p), Permission: permAdvance, Required: free, Reason: true})
	}
	return out
}

// lateOperationRows: the operation took place whatever our papers say. Before an
// admission was recorded it moves the treatment on, marked; afterwards it is
// added where the treatment stands.
func lateOperationRows() []Row {
	logged := []Fact{OperationLogged}
	out := rows(before(), Normal, to(Operated, Emergency), Row{Action: LogOperation, Permission: permOperate,
		Required: logged, Mark: MarkBeforeAdmission})
	// With the approval in hand only the admission is missing: the path stays normal.
	for i := range out {
		if out[i].From.State == Approved {
			out[i].To = at(Operated, Normal)
		}
	}
	out = append(out, rows([]State{Eligible, Estimated}, NoReduction, to(Operated, NoReduction), Row{Action: LogOperation,
		Permission: permOperate, Required: logged, Mark: MarkBeforeAdmission})...)
	ended := map[Path][]State{Normal: {Declined, Withdrawn, Died, Lost, Cancelled}, Emergency: {Lost, Cancelled},
		NoReduction: {Declined, Withdrawn, Died, Lost, Cancelled}}
	for _, p := range []Path{Normal, Emergency, NoReduction} {
		out = append(out, rows([]State{Discharged, Settled, Closed}, p, stay(p), Row{Action: LogOperation,
			Permission: permOperate, Required: logged, Mark: MarkLoggedLate})...)
		out = append(out, rows(ended[p], p, to(Operated, Emergency), Row{Action: LogOperation, Permission: permOperate,
			Required: logged, Reason: true, Mark: MarkAfterEnd})...)
	}
	return out
}

// mishapRows: what went otherwise than planned, and what was written under the
// wrong person. It happened, so it is recorded and marked, never refused. A
// transfer ends the stay here; the bill is settled like any other.
func mishapRows() []Row {
	var out []Row
	for _, p := range []Path{Normal, Emergency, NoReduction} {
		admitted := []Fact{AdmissionDate}
		out = append(out, rows([]State{Admitted, Operated}, p, stay(p), Row{Action: AbandonOperation, Permission: permOperate,
			Required: admitted, Reason: true, Mark: MarkAbandoned})...)
		out = append(out, rows([]State{Operated, Discharged}, p, stay(p), Row{Action: ConvertOperation, Permission: permOperate,
			Required: []Fact{OperationLogged}, Reason: true, Mark: MarkConverted})...)
		out = append(out, rows([]State{Admitted, Operated}, p, to(Discharged, p), Row{Action: TransferOut, Permission: permAdvance,
			Required: []Fact{AdmissionDate, DischargeDate}, Reason: true, Mark: MarkTransferred})...)
	}
	return out
}

// correctionRows: wherever a treatment can stand, the office can put it under the
// person it belongs to.
func correctionRows(way []Row) []Row {
	var out []Row
	seen := map[Place]bool{}
	for _, r := range way {
		if !seen[r.To] {
			seen[r.To] = true
			out = append(out, Row{From: r.To, Action: CorrectPatient, To: r.To, Permission: permOffice, Reason: true, Mark: MarkMoved})
		}
	}
	return out
}
