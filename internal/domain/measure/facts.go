package measure

import "slices"

// Group is the chapter a measure stands in.
type Group string

// The groups.
const (
	Volumes    Group = "volumes"
	Access     Group = "access"
	Money      Group = "money"
	JointCare  Group = "joint"
	EyeCare    Group = "cataract"
	HeartCare  Group = "coronary"
	FollowUp   Group = "followup"
	VisitingBy Group = "visiting"
	Skills     Group = "skills"
)

// Groups lists them in the order pages show them.
func Groups() []Group {
	return []Group{Volumes, Access, Money, JointCare, EyeCare, HeartCare, FollowUp, VisitingBy, Skills}
}

// NameKey is the message key of the group's name.
func (g Group) NameKey() string { return "measure.group." + string(g) }

// ParseGroup reads a group; empty is the first.
func ParseGroup(s string) (Group, bool) {
	if s == "" {
		return Volumes, true
	}
	return Group(s), slices.Contains(Groups(), Group(s))
}

// Base is a set of facts: which records a measure looks at, one row for each
// unit of analysis, with the day it belongs to. Measures of one base are read
// together. The store knows the queries.
type Base string

// The bases. Tallied measures have none: their two bases are counted together.
const (
	JointFacts  Base = "joints"       // first replacements, one per joint and side
	EyeFacts    Base = "eyes"         // cataract operations, one per eye
	Sessions    Base = "sessions"     // coronary sessions
	Stays       Base = "stays"        // treatments with an operation
	FundLines   Base = "fund_lines"   // lines of settled reductions, one per payer
	Referrals   Base = "referrals"    // letters between hospitals
	Screened    Base = "screened"     // people seen at outreach days
	Due         Base = "due"          // appointments of follow-up
	Records     Base = "records"      // operations as records
	Visits      Base = "visits"       // visits of visiting teams
	Lessons     Base = "lessons"      // lectures and demonstrations
	AtReceiving Base = "at_receiving" // operations at hospitals of the receiving side
	AtTable     Base = "at_table"     // places at the operating table, one per operation and doctor
	Signoffs    Base = "signoffs"     // doctors signed off for a kind of operation
	Residents   Base = "residents"    // operations by the township their patient lives in
)

// Bases lists the bases.
func Bases() []Base {
	return []Base{JointFacts, EyeFacts, Sessions, Stays, FundLines, Referrals, Screened, Due, Records, Visits, Lessons, AtReceiving, AtTable, Signoffs, Residents}
}

// Led reports whether the units were led by somebody, so that a surgeon can look
// at the own ones.
func (b Base) Led() bool {
	return slices.Contains([]Base{JointFacts, EyeFacts, Sessions, Records, AtTable}, b)
}

// Programme is the one all units of the base belong to, or All.
func (b Base) Programme() Programme {
	switch b {
	case JointFacts:
		return Joint
	case EyeFacts:
		return Cataract
	case Sessions:
		return Coronary
	}
	return All
}

// Treated reports whether the units are operations or treatments, which are tallied
// too: what is hidden of them there is hidden here.
func (b Base) Treated() bool {
	return slices.Contains([]Base{JointFacts, EyeFacts, Sessions, Stays, FundLines, Records, AtReceiving, Residents}, b)
}

// Layer reports whether the measure is one layer of the settled bills: all of them
// add up to the tallied amounts.
func (d Definition) Layer() bool {
	return d.Kind == SumValues && d.Unit == Fen && (d.Base == Stays || d.Base == FundLines)
}

// DenominatorKey is the message key of the sentence that names the units.
func (b Base) DenominatorKey() string { return "measure.base." + string(b) }

// ClockKey is the message key of the day a unit belongs to.
func (b Base) ClockKey() string { return "measure.clock." + string(b) }

// Direction says which way a measure improves.
type Direction string

// The directions.
const (
	Up      Direction = "up"
	Down    Direction = "down"
	Neutral Direction = "neutral"
)

// Reason is why a unit is left out of a measure. Every left-out unit is counted
// and listed under its reason.
type Reason string

// The reasons.
const (
	TooRecent     Reason = "too_recent"    // the follow-up the measure needs is not over yet
	NotPrimary    Reason = "not_primary"   // a revision or another operation on a replaced joint
	NoLens        Reason = "no_lens"       // no lens was put in
	NoSheet       Reason = "no_sheet"      // from before the register's sheets
	NoScale       Reason = "no_scale"      // no published threshold for this score
	OnlyFirst     Reason = "first_only"    // no second side was operated
	NotSTEMI      Reason = "not_stemi"     // no ST-elevation infarct
	NoPCI         Reason = "no_pci"        // nothing was treated
	NotElective   Reason = "not_elective"  // emergencies are not compared with planned care
	LaterStay     Reason = "later_stay"    // not the first stay of the case
	NotSettled    Reason = "not_settled"   // no settlement yet
	NoEstimate    Reason = "no_estimate"   // nothing was estimated before
	NotAdvised    Reason = "not_advised"   // no operation was advised
	NoAnswer      Reason = "no_answer"     // the person has not answered yet
	Unanswered    Reason = "unanswered"    // no answer yet, and it is not due
	Withdrawn     Reason = "withdrawn"     // taken back by the sender
	NotDue        Reason = "not_due"       // the appointment is still to come
	EndedBefore   Reason = "ended"         // died, moved away, or the case was closed
	NotSeen       Reason = "not_seen"      // nobody was reached
	Imported      Reason = "imported"      // from an old ledger, entered in bulk
	NotJoint      Reason = "not_joint"     // no joint operation
	NotEye        Reason = "not_eye"       // no eye operation
	Cancelled     Reason = "cancelled"     // the visit did not take place
	NotBegun      Reason = "not_begun"     // the visit is still to come
	DonorSide     Reason = "donor_side"    // done at a hospital of the donor side
	VisitorThere  Reason = "visitor_there" // a visitor was on site that day
	NotLocalAlone Reason = "not_alone"     // not led by a local doctor without supervision
	NotVisitor    Reason = "not_visitor"   // no visiting doctor among the team
	NoPlace       Reason = "no_place"      // no township on record
	NotElderly    Reason = "not_elderly"   // younger than sixty on the day
	NoPopulation  Reason = "no_population" // nobody entered how many elderly live there
)

// NameKey is the message key of the reason.
func (r Reason) NameKey() string { return "measure.reason." + string(r) }

// Part is a part of the list behind a measure.
type Part string

// The parts. Numerator are the units that count, Denominator all whose outcome
// is known, Unknown those whose outcome nobody knows, Left those left out.
const (
	Numerator Part = "numerator"
	Known     Part = "denominator"
	Unknown   Part = "unknown"
	Left      Part = "excluded"
)

// Parts lists the parts in the order pages offer them.
func Parts() []Part { return []Part{Numerator, Known, Unknown, Left} }

// NameKey is the message key of the part's name.
func (p Part) NameKey() string { return "measure.part." + string(p) }

// Bin is one value of the known units, how many have it, and whether the event
// took place.
type Bin struct {
	Value int64
	Hit   bool
	N     int64
}

// Sample is what was counted of one measure in one part of a filter.
type Sample struct {
	Known   int64 // eligible, outcome known
	Unknown int64 // eligible, outcome not known
	Hits    int64 // units that count
	Sum     int64 // of the values

	// Population is how many people live there, of a rate per thousand; 0: nobody
	// entered it.
	Population int64
	Bins       []Bin // values by size, for what needs their distribution
	Excluded   map[Reason]int64
}

// Add adds n units that are alike. Units left out add to nothing but their
// reason, units of unknown outcome to nothing but the coverage, unless the
// measure watches all of them for as long as it can.
func (s *Sample) Add(d Definition, u Fact, n, sum int64) {
	switch {
	case u.Excluded != "":
		if s.Excluded == nil {
			s.Excluded = map[Reason]int64{}
		}
		s.Excluded[u.Excluded] += n
		return
	case u.Known:
		s.Known += n
	default:
		s.Unknown += n
	}
	if !u.Known && !d.Exposed() {
		return
	}
	if u.Hit {
		s.Hits += n
	}
	s.Sum += sum
	if d.Distribution() {
		s.Bins = append(s.Bins, Bin{u.Value, u.Hit, n})
	}
}

// Fact is what a base says of one unit and one measure.
type Fact struct {
	Excluded Reason // empty: eligible
	Known    bool   // its outcome is known
	Hit      bool
	Value    int64
	Class    string
}

// Part is the part of the list the unit stands in.
func (f Fact) Part(d Definition) Part {
	switch {
	case f.Excluded != "":
		return Left
	case !f.Known && !d.Exposed():
		return Unknown
	}
	return Known
}

// Eligible is how many units were not left out.
func (s Sample) Eligible() int64 { return s.Known + s.Unknown }

// Sampled is the sample of one measure in one part of a breakdown.
type Sampled struct {
	Measure   ID
	Dimension Dimension
	Key       string
	Sample    Sample
}

// Distribution reports whether the measure needs every value and not their sum.
func (d Definition) Distribution() bool { return d.Kind == Median || d.Kind == Survival }

// Exposed reports whether a unit counts for as long as it was watched: then all
// eligible ones are in the denominator, and coverage says how many of them were
// never lost sight of.
func (d Definition) Exposed() bool { return d.Kind == EventRate || d.Kind == Survival }

// Rate reports whether the figure is a part of a whole or an event per exposure:
// it is never shown without its denominator, interval and coverage.
func (d Definition) Rate() bool {
	return d.Kind == Proportion || d.Kind == EventRate || d.Kind == Survival || d.Kind == PopulationRate
}

// Tallied reports whether the measure is counted with the volumes and the money.
func (d Definition) Tallied() bool { return d.Base == "" }
