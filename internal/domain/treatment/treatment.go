// Package treatment is the way of one treatment (one admission or day case at
// one hospital, one person-time) from registration to closing, as one table.
//
// The table in table.go is the only place that says which step may follow which.
// A row names the permission it needs, the facts that must be present, and
// whether a reason must be given. [Next] takes a step or refuses it with the
// facts that are missing and what to do; [Allowed] lists the steps for a page.
//
// A treatment stands at a [Place]: a state and the path it is on. The normal
// path asks for the money first. The marked paths exist because life does not:
// on the emergency path the patient is treated first and the approval follows,
// on the no-reduction path nobody asks for money, and the history path holds
// what an old ledger says about treatments that ended long ago. What has already
// happened to a patient is never refused: an operation can be logged from every
// state, and the step carries a mark where it came out of order.
package treatment

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// MaxAdmissionNo is the longest admission number in characters, as long as an insurer's
// sheet may name.
const MaxAdmissionNo = 60

// State is where the treatment stands.
type State string

// The states in their order, then the ends before the end. The zero State is
// "not yet registered".
const (
	None       State = ""
	Planned    State = "planned"            // registered, eligibility to be confirmed
	Eligible   State = "eligible"           // category, proof and consent are there
	Estimated  State = "estimated"          // cost estimate made (optional step)
	Requested  State = "approval_requested" // reduction asked for
	Approved   State = "approved"           // approved, money reserved
	Admitted   State = "admitted"
	Operated   State = "operated"
	Discharged State = "discharged"
	Settled    State = "settled"
	Closed     State = "closed"

	Declined  State = "declined"  // the programme or the hospital said no
	Withdrawn State = "withdrawn" // the patient said no
	Died      State = "died"      // before admission; a death in care is discharged, because its bill is still to be settled
	Lost      State = "lost"      // cannot be reached any more
	Cancelled State = "cancelled" // registered or imported by mistake
)

// States lists all states in the order of the work.
func States() []State {
	return []State{Planned, Eligible, Estimated, Requested, Approved, Admitted, Operated, Discharged, Settled, Closed,
		Declined, Withdrawn, Died, Lost, Cancelled}
}

// Final reports whether no further step is expected. Some exceptional steps
// remain possible: reopening, or an operation that turns out to have taken place.
func (s State) Final() bool {
	return slices.Contains([]State{Closed, Declined, Withdrawn, Died, Lost, Cancelled}, s)
}

// Counted reports whether the treatment has begun for the patient, so that it is
// a person-time: admitted or later, and not cancelled.
func (s State) Counted() bool {
	return slices.Contains([]State{Admitted, Operated, Discharged, Settled, Closed}, s)
}

// Label is the message key of the state's name.
func (s State) Label() string { return "treatment.state." + string(s) }

// Path is the marked path a treatment is on.
type Path string

// The paths.
const (
	Normal      Path = "normal"
	Emergency   Path = "emergency"    // treated first, approval follows
	NoReduction Path = "no_reduction" // nobody asks for money
	History     Path = "history"      // imported from an old ledger
)

// Paths lists the paths.
func Paths() []Path { return []Path{Normal, Emergency, NoReduction, History} }

// Label is the message key of the path's name.
func (p Path) Label() string { return "treatment.path." + string(p) }

// Place is where a treatment stands: both parts are stored.
type Place struct {
	State State
	Path  Path
}

// Action is a step.
type Action string

// The actions.
const (
	Register           Action = "register"
	ImportHistory      Action = "import_history"
	ReverseImport      Action = "reverse_import"
	ConfirmEligible    Action = "confirm_eligible"
	Estimate           Action = "estimate"
	RequestApproval    Action = "request_approval"
	WithdrawRequest    Action = "withdraw_request"
	ReturnRequest      Action = "return_request"
	Approve            Action = "approve"
	Refuse             Action = "refuse"
	RevokeApproval     Action = "revoke_approval"
	LapseApproval      Action = "lapse_approval" // a fact it rests on changed
	ForgoReduction     Action = "forgo_reduction"
	AskReduction       Action = "ask_reduction"
	Admit              Action = "admit"
	AdmitEmergency     Action = "admit_emergency"
	LogOperation       Action = "log_operation"
	Discharge          Action = "discharge"
	DischargeUntreated Action = "discharge_without_operation"
	RecordDeath        Action = "record_death"
	Settle             Action = "settle"
	CorrectSettlement  Action = "correct_settlement"
	Reimburse          Action = "reimburse"
	MarkOverdue        Action = "mark_approval_overdue"
	Close              Action = "close"
	Reopen             Action = "reopen"
	Decline            Action = "decline"
	Withdraw           Action = "withdraw"
	Lose               Action = "lose"
	Cancel             Action = "cancel"
	AbandonOperation   Action = "abandon_operation" // begun and broken off, or cancelled on the table
	ConvertOperation   Action = "convert_operation" // another operation was done than the one planned
	TransferOut        Action = "transfer_out"      // to another hospital in the middle of the stay
	CorrectPatient     Action = "correct_patient"   // the record stood under the wrong person
)

// Actions lists all actions of the table, each once, in its order.
func Actions() []Action {
	var out []Action
	for _, r := range Table() {
		if !slices.Contains(out, r.Action) {
			out = append(out, r.Action)
		}
	}
	return out
}

// Label is the message key of the action, written as a verb for a button.
func (a Action) Label() string { return "treatment.action." + string(a) }

// Fact is something that must be true before a step. The service finds out
// which facts hold, inside the transaction of the step.
type Fact string

// The facts.
const (
	CaseOpen           Fact = "case_open"          // the case is open
	ConsentRecorded    Fact = "consent_recorded"   // consent or another legal basis is on the registration
	CategoryValid      Fact = "category_valid"     // a beneficiary category holds on the day
	CategoryProven     Fact = "category_proven"    // and its proof is attached
	EstimateMade       Fact = "estimate_made"      // the estimate is stored
	AmountNamed        Fact = "amount_named"       // the request says how much
	FundNamed          Fact = "fund_named"         // and from which fund, or as hospital waiver
	SecondPerson       Fact = "second_person"      // the approver is neither requester nor registrar
	ReservationExists  Fact = "reservation_exists" // the amount is reserved, in this transaction
	NothingReserved    Fact = "nothing_reserved"   // no money is held for the treatment any more
	AdmissionDate      Fact = "admission_date"
	DischargeDate      Fact = "discharge_date"
	OperationLogged    Fact = "operation_logged" // at least one operation is on record
	DeathDate          Fact = "death_date"
	SettlementBalances Fact = "settlement_balances" // the settlement adds up to the fen
	ReductionCovered   Fact = "reduction_covered"   // each reduction line is covered by a reservation or waiver
	ReductionZero      Fact = "reduction_zero"      // the settlement has no reduction
	SettlementReversed Fact = "settlement_reversed" // its transfers are reversed
	ReimbursementDone  Fact = "reimbursement_posted"
	ApprovalDecided    Fact = "approval_decided"   // late approval given, refused, or written off as an exception
	ApprovalOverdue    Fact = "approval_overdue"   // the days of the policy for a late approval are over
	MoneyReversed      Fact = "money_reversed"     // an import's transfers are reversed
	DevicesUndisputed  Fact = "devices_undisputed" // no piece used in it stands in another record as well
	ApprovalStands     Fact = "approval_stands"    // no fact the approval rests on has changed, or a person decided about it
	NoLaterWork        Fact = "no_later_work"      // nobody worked on the imported record since
)

// AllFacts lists the facts, for catalogues and tests.
func AllFacts() []Fact {
	return []Fact{CaseOpen, ConsentRecorded, CategoryValid, CategoryProven, EstimateMade, AmountNamed, FundNamed,
		SecondPerson, ReservationExists, NothingReserved, AdmissionDate, DischargeDate, OperationLogged, DeathDate,
		SettlementBalances, ReductionCovered, ReductionZero, SettlementReversed, ReimbursementDone, ApprovalDecided,
		ApprovalOverdue, MoneyReversed, DevicesUndisputed, ApprovalStands, NoLaterWork}
}

// Label is the message key that names the fact; [Fact.Remedy] the one that says
// what to do when it is missing.
func (f Fact) Label() string { return "treatment.fact." + string(f) }

// Remedy is the message key of what to do when the fact is missing.
func (f Fact) Remedy() string { return "treatment.remedy." + string(f) }

// Facts is the set of facts that hold, and the reason the person gave.
type Facts struct {
	Has    map[Fact]bool
	Reason string
}

// With makes Facts of a list.
func With(facts ...Fact) Facts {
	f := Facts{Has: make(map[Fact]bool, len(facts))}
	for _, x := range facts {
		f.Has[x] = true
	}
	return f
}

// Because returns the facts with a reason.
func (f Facts) Because(reason string) Facts { f.Reason = reason; return f }

// Mark is what a step out of order leaves on the record.
type Mark string

// The marks.
const (
	MarkTreatedFirst    Mark = "treated_before_approval"
	MarkBeforeAdmission Mark = "operated_before_admission"
	MarkAfterEnd        Mark = "operated_after_end"
	MarkLoggedLate      Mark = "logged_late"
	MarkNoOperation     Mark = "no_operation"
	MarkDiedInCare      Mark = "died_in_care"
	MarkLateApproval    Mark = "late_approval"
	MarkException       Mark = "approval_exception"
	MarkImported        Mark = "imported"
	MarkAbandoned       Mark = "operation_abandoned"
	MarkConverted       Mark = "operation_converted"
	MarkTransferred     Mark = "transferred"
	MarkMoved           Mark = "patient_corrected"
)

// Label is the message key of the mark's name.
func (m Mark) Label() string { return "treatment.mark." + string(m) }

// Row is one line of the table.
type Row struct {
	From       Place
	Action     Action
	To         Place
	Permission user.Permission
	Required   []Fact
	Reason     bool // a reason must be given
	Mark       Mark // left on the record
}

// Stays reports whether the row leaves the treatment where it is.
func (r Row) Stays() bool { return r.From == r.To }

// Missing returns the required facts that do not hold, in the table's order.
func (r Row) Missing(facts Facts) []Fact {
	var out []Fact
	for _, f := range r.Required {
		if !facts.Has[f] {
			out = append(out, f)
		}
	}
	return out
}

// Find is the row of an action at a place.
func Find(at Place, action Action) (Row, bool) {
	for _, r := range table() {
		if r.From == at && r.Action == action {
			return r, true
		}
	}
	return Row{}, false
}

// From lists the rows that start at a place, in the order pages offer them.
func From(at Place) []Row {
	var out []Row
	for _, r := range table() {
		if r.From == at {
			out = append(out, r)
		}
	}
	return out
}

// Next takes one step. The returned row says where the treatment stands now and
// which mark to keep. A refusal names the rule, every missing fact at once, and
// for each what to do.
func Next(at Place, action Action, facts Facts) (Row, error) {
	row, ok := Find(at, action)
	if !ok {
		if !slices.Contains(Actions(), action) { // it has no name a sentence could say
			var f errs.Fields
			f.Add("action", "form.error.choice")
			return Row{}, f.Err()
		}
		return Row{}, notHere(at, action)
	}
	missing := row.Missing(facts)
	noReason := row.Reason && facts.Reason == ""
	if len(missing) == 0 && !noReason {
		return row, nil
	}
	if len(missing) == 0 {
		var f errs.Fields
		f.Add("reason", "error.treatment.reason", "action", errs.Key(action.Label()))
		return Row{}, f.Err()
	}
	names, remedies := make([]errs.Key, len(missing)), make([]string, len(missing))
	for i, f := range missing {
		names[i], remedies[i] = errs.Key(f.Label()), f.Remedy()
	}
	if noReason {
		names, remedies = append(names, "treatment.fact.reason"), append(remedies, "treatment.remedy.reason")
	}
	return Row{}, errs.Refuse("treatment."+string(action), "error.treatment.missing",
		errs.Args{"action": errs.Key(action.Label()), "missing": names}, remedies...)
}

// notHere is the refusal of a step the table does not know at this place. The
// remedies are the steps that lead on from here.
func notHere(at Place, action Action) error {
	var remedies []string
	for _, r := range From(at) {
		if !r.Stays() && !r.To.State.Final() {
			remedies = append(remedies, r.Action.Label())
		}
	}
	state := at.State.Label()
	if at.State == None {
		state = "treatment.state.none"
	}
	return errs.Refuse("treatment.order", "error.treatment.order",
		errs.Args{"action": errs.Key(action.Label()), "state": errs.Key(state)}, remedies...)
}

// Offer is a step at a place, with what still keeps it from being taken.
type Offer struct {
	Row     Row
	Missing []Fact
}

// Open reports whether the step can be taken now (a reason may still be asked).
func (o Offer) Open() bool { return len(o.Missing) == 0 }

// Offers lists all steps of a place, possible and not yet possible. To go without
// a reduction is none while one is granted: it has to be given back first.
func Offers(at Place, facts Facts) []Offer {
	var out []Offer
	for _, r := range From(at) {
		missing := r.Missing(facts)
		if r.Action == ForgoReduction && slices.Contains(missing, NothingReserved) {
			continue
		}
		out = append(out, Offer{r, missing})
	}
	return out
}

// Allowed lists the actions whose facts all hold.
func Allowed(at Place, facts Facts) []Action {
	var out []Action
	for _, o := range Offers(at, facts) {
		if o.Open() {
			out = append(out, o.Row.Action)
		}
	}
	return out
}
