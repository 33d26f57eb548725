package store

import (
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
)

// Treatment is one treatment as it is stored. Case number, home and the
// person's facts are empty for who sees the treatment only (a fund's steward).
type Treatment struct {
	ID           ident.ID
	Case         ident.ID
	Person       ident.ID
	Programme    procedure.Programme
	Hospital     ident.ID
	Place        treatment.Place
	Plan         string // what is to be done, in words
	PlannedOn    clock.Date
	AdmissionNo  string
	AdmittedOn   clock.Date
	OperatedOn   clock.Date // of the first operation
	DischargedOn clock.Date
	EndedOn      clock.Date
	EndedReason  string
	Category     terminology.Category // held on the day of the admission; empty before

	EstimateBill      money.Fen
	EstimateInsurance money.Fen

	Visiting  bool // a visiting doctor led one of its operations
	CreatedAt time.Time
	CreatedBy ident.ID
	Version   int64

	CaseNo       string
	Home         ident.ID
	CaseClosed   clock.Date
	PersonName   string
	Sex          patient.Sex
	Birth        clock.Date
	Deceased     clock.Date
	HospitalName string

	Partners []ident.ID // hospitals it is open to through a referral, for as long as that is
}

// SeenBy are the hospitals that see a row of this treatment: for ever its own
// and, where another one, the home of the case; then its partners of today.
// Children copy it at insert; the database closes them with the referral.
func (t Treatment) SeenBy() []ident.ID {
	seen := []ident.ID{t.Hospital}
	for _, h := range append([]ident.ID{t.Home}, t.Partners...) {
		if h != ident.Nil && !slices.Contains(seen, h) {
			seen = append(seen, h)
		}
	}
	return seen
}

type treatmentRow struct {
	ID           ident.ID   `db:"id"`
	Case         ident.ID   `db:"case_id"`
	Person       ident.ID   `db:"person_id"`
	Programme    string     `db:"programme"`
	Hospital     ident.ID   `db:"hospital_id"`
	State        string     `db:"state"`
	Path         string     `db:"path"`
	Plan         string     `db:"plan"`
	PlannedOn    clock.Date `db:"planned_on"`
	AdmissionNo  string     `db:"admission_no"`
	AdmittedOn   clock.Date `db:"admitted_on"`
	OperatedOn   clock.Date `db:"operated_on"`
	DischargedOn clock.Date `db:"discharged_on"`
	EndedOn      clock.Date `db:"ended_on"`
	EndedReason  string     `db:"ended_reason"`
	Category     string     `db:"category"`
	Bill         money.Fen  `db:"estimate_bill_fen"`
	Insurance    money.Fen  `db:"estimate_insurance_fen"`
	Visiting     bool       `db:"visiting"`
	CreatedAt    time.Time  `db:"created_at"`
	CreatedBy    ident.ID   `db:"created_by"`
	Version      int64      `db:"version"`

	CaseNo       string     `db:"case_no"`
	Home         ident.ID   `db:"home_hospital_id"`
	CaseClosed   clock.Date `db:"closed_on"`
	Name         string     `db:"person_name"`
	Sex          string     `db:"sex"`
	Birth        clock.Date `db:"birth_on"`
	Deceased     clock.Date `db:"deceased_on"`
	HospitalName string     `db:"hospital_name"`

	Seen     pq.StringArray `db:"seen"`
	CaseSeen pq.StringArray `db:"case_seen"`
}

// partners are the hospitals that see both the treatment and its case: a fund
// sees no case, a hospital whose referral ended no treatment of the others.
func (r treatmentRow) partners() (ids []ident.ID) {
	for _, s := range r.Seen {
		if id, err := ident.Parse(s); err == nil && slices.Contains(r.CaseSeen, s) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (r treatmentRow) treatment() Treatment {
	return Treatment{Partners: r.partners(), ID: r.ID, Case: r.Case, Person: r.Person, Programme: procedure.Programme(r.Programme), Hospital: r.Hospital,
		Place: treatment.Place{State: treatment.State(r.State), Path: treatment.Path(r.Path)}, Plan: r.Plan, PlannedOn: r.PlannedOn,
		AdmissionNo: r.AdmissionNo, AdmittedOn: r.AdmittedOn, OperatedOn: r.OperatedOn, DischargedOn: r.DischargedOn, EndedOn: r.EndedOn,
		EndedReason: r.EndedReason, Category: terminology.Category(r.Category), EstimateBill: r.Bill, EstimateInsurance: r.Insurance,
		Visiting: r.Visiting, CreatedAt: r.CreatedAt.UTC(), CreatedBy: r.CreatedBy, Version: r.Version, CaseNo: r.CaseNo, Home: r.Home,
		CaseClosed: r.CaseClosed, PersonName: r.Name, Sex: patient.Sex(r.Sex), Birth: r.Birth, Deceased: r.Deceased, HospitalName: r.HospitalName}
}

const treatmentColumns = `t.id, t.case_id, t.person_id, t.programme, t.hospital_id, t.state, t.path, t.plan, t.planned_on, t.admission_no,
	t.admitted_on, t.operated_on, t.discharged_on, t.ended_on, t.ended_reason, t.category, t.estimate_bill_fen, t.estimate_insurance_fen, t.visiting,
	t.created_at, t.created_by, t.version, coalesce(c.case_no, '') as case_no, c.home_hospital_id, c.closed_on, coalesce(p.name, '') as person_name,
	coalesce(p.sex, '') as sex, p.birth_on, p.deceased_on,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = t.hospital_id) as hospital_name,
	t.visible_to::text[] as seen, c.visible_to::text[] as case_seen`

// joinTreatment: case and person are not visible to everybody who sees the treatment.
const joinTreatment = ` left join (select c.partnership_id, c.id, c.case_no, c.programme, c.person_id, c.home_hospital_id, c.closed_on, c.visible_to from casefile c) c on c.partnership_id = t.partnership_id and c.id = t.case_id
	left join (select p.partnership_id, p.id, p.name, p.sex, p.birth_on, p.deceased_on from person p) p on p.partnership_id = t.partnership_id and p.id = t.person_id `

const fromTreatment = ` from treatment t` + joinTreatment

// TreatmentByID reads one treatment the transaction may see.
func (tx *Tx) TreatmentByID(id ident.ID) (Treatment, error) {
	var r treatmentRow
	err := tx.get(&r, `select `+treatmentColumns+fromTreatment+`where t.partnership_id = $1 and t.id = $2 and t.live`+seen("t"), tx.Partnership(), id)
	return one(r.treatment(), err, "error.treatment.gone")
}

// TreatmentForUpdate reads one treatment and holds it until the transaction
// ends. Lock order of the house: person_year, treatment, fund accounts, audit.
func (tx *Tx) TreatmentForUpdate(id ident.ID) (Treatment, error) {
	var r treatmentRow
	err := tx.get(&r, `select `+treatmentColumns+fromTreatment+`where t.partnership_id = $1 and t.id = $2 and t.live`+seen("t")+` for update of t`, tx.Partnership(), id)
	return one(r.treatment(), err, "error.treatment.gone")
}

// TreatmentsOf lists the treatments of a case that the transaction may see, in
// the order they were registered.
func (tx *Tx) TreatmentsOf(caseID ident.ID) ([]Treatment, error) {
	return tx.treatments(`t.case_id = $2`, caseID)
}

// TreatmentsOfPerson lists the treatments of a person that the transaction may see.
func (tx *Tx) TreatmentsOfPerson(person ident.ID) ([]Treatment, error) {
	var rows []treatmentRow
	err := tx.list(&rows, `select `+treatmentColumns+samePerson+` join casefile k on k.partnership_id = same.partnership_id and k.person_id = same.id
		join treatment t on t.partnership_id = k.partnership_id and t.case_id = k.id`+joinTreatment+`
		where p0.partnership_id = $1 and p0.id = $2 and t.live order by t.created_at, t.id limit 200`, tx.Partnership(), person)
	return items(rows, treatmentRow.treatment), err
}

func (tx *Tx) treatments(where string, id ident.ID) ([]Treatment, error) {
	var rows []treatmentRow
	err := tx.list(&rows, `select `+treatmentColumns+fromTreatment+`where t.partnership_id = $1 and `+where+` and t.live
		order by t.created_at, t.id limit 200`, tx.Partnership(), id)
	return items(rows, treatmentRow.treatment), err
}

// TreatmentOpening is what it takes to plan a treatment in a case.
type TreatmentOpening struct {
	Case      CaseItem
	Hospital  ident.ID
	Plan      string
	PlannedOn clock.Date
}

// OpenTreatment plans a treatment, by the table's first step.
func (tx *Tx) OpenTreatment(o TreatmentOpening) (Treatment, error) {
	var facts treatment.Facts
	if o.Case.Open() {
		facts = treatment.With(treatment.CaseOpen)
	}
	row, err := treatment.Next(treatment.Place{Path: treatment.Normal}, treatment.Register, facts)
	if err != nil {
		return Treatment{}, err
	}
	t := Treatment{ID: ident.New(), Case: o.Case.ID, Person: o.Case.Person, Programme: o.Case.Programme, Hospital: o.Hospital, Home: o.Case.Home,
		Place: row.To, Plan: o.Plan, PlannedOn: o.PlannedOn}
	if t.Partners, err = tx.CasePartners(t.Case); err != nil {
		return Treatment{}, err
	}
	_, err = tx.exec(`insert into treatment (partnership_id, id, case_id, person_id, programme, hospital_id, visible_to, state, path, plan, planned_on,
		created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7::uuid[], $8, $9, $10, $11, $12, $13)`, tx.Partnership(), t.ID, t.Case, t.Person,
		string(t.Programme), t.Hospital, idArray(t.SeenBy()), string(t.Place.State), string(t.Place.Path), t.Plan, t.PlannedOn, tx.now, tx.who.AccountID)
	if err != nil {
		return Treatment{}, err
	}
	if err := tx.addTreatmentEvent(t, row, Step{Action: treatment.Register, On: tx.Today()}); err != nil {
		return Treatment{}, err
	}
	if err := tx.deriveCase(t.Case); err != nil {
		return Treatment{}, err
	}
	return tx.TreatmentByID(t.ID)
}

// Step is one step of a treatment: which, when it happened, and what the person
// wrote. The service has found out the facts in the same transaction.
type Step struct {
	Action treatment.Action
	On     clock.Date // day it happened; zero: today
	Note   string     // reason or remark; the table's reason when Facts has none
	Facts  treatment.Facts
}

// AdvanceTreatment takes one step by the transition table, writes it down and
// stores the treatment as it now stands, with whatever the caller changed in t
// (dates, admission number, category, estimate), under t.Version. The state of
// the case follows. It must come before fund accounts are locked.
func (tx *Tx) AdvanceTreatment(t Treatment, s Step) (Treatment, error) {
	if s.Facts.Reason == "" {
		s.Facts.Reason = s.Note
	}
	row, err := treatment.Next(t.Place, s.Action, s.Facts)
	if err != nil {
		return t, err
	}
	if s.On.IsZero() {
		s.On = tx.Today()
	}
	if row.To.State.Final() && !row.Stays() {
		t.EndedOn, t.EndedReason = s.On, s.Note
	} else if !row.To.State.Final() {
		t.EndedOn, t.EndedReason = clock.Date{}, ""
	}
	t.Place = row.To
	err = tx.update(`update treatment set state = $4, path = $5, plan = $6, planned_on = $7, admission_no = $8, admitted_on = $9, operated_on = $10,
		discharged_on = $11, ended_on = $12, ended_reason = $13, category = $14, estimate_bill_fen = $15, estimate_insurance_fen = $16, visiting = $17,
		version = version + 1 where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), t.ID, t.Version, string(t.Place.State),
		string(t.Place.Path), t.Plan, t.PlannedOn, t.AdmissionNo, t.AdmittedOn, t.OperatedOn, t.DischargedOn, t.EndedOn, t.EndedReason,
		string(t.Category), t.EstimateBill, t.EstimateInsurance, t.Visiting)
	if err != nil {
		return t, err
	}
	t.Version++
	if err := tx.addTreatmentEvent(t, row, s); err != nil {
		return t, err
	}
	return t, tx.deriveCase(t.Case)
}

func (tx *Tx) addTreatmentEvent(t Treatment, row treatment.Row, s Step) error {
	_, err := tx.exec(`insert into treatment_event (partnership_id, id, treatment_id, hospital_id, visible_to, action, from_state, to_state, happened_on,
		path, mark, note, created_at, created_by) values ($1, $2, $3, $4, $5::uuid[], $6, $7, $8, $9, $10, $11, $12, $13, $14)`, tx.Partnership(),
		ident.New(), t.ID, t.Hospital, idArray(t.SeenBy()), string(s.Action), string(row.From.State), string(row.To.State), s.On, string(row.To.Path),
		string(row.Mark), s.Note, tx.now, tx.who.AccountID)
	return err
}

// TreatmentEvent is a step that was taken.
type TreatmentEvent struct {
	Treatment ident.ID
	Action    treatment.Action
	From, To  treatment.State
	On        clock.Date
	Mark      treatment.Mark
	Note      string
	At        time.Time
	By        string // display name of who recorded it
}

type treatmentEventRow struct {
	Treatment ident.ID   `db:"treatment_id"`
	Action    string     `db:"action"`
	From      string     `db:"from_state"`
	To        string     `db:"to_state"`
	On        clock.Date `db:"happened_on"`
	Mark      string     `db:"mark"`
	Note      string     `db:"note"`
	At        time.Time  `db:"created_at"`
	By        string     `db:"by_name"`
}

func (r treatmentEventRow) event() TreatmentEvent {
	return TreatmentEvent{Treatment: r.Treatment, Action: treatment.Action(r.Action), From: treatment.State(r.From), To: treatment.State(r.To),
		On: r.On, Mark: treatment.Mark(r.Mark), Note: r.Note, At: r.At.UTC(), By: r.By}
}

// TreatmentEvents lists the steps of a treatment in order.
func (tx *Tx) TreatmentEvents(ids ...ident.ID) ([]TreatmentEvent, error) {
	var rows []treatmentEventRow
	err := tx.list(&rows, `select e.treatment_id, e.action, e.from_state, e.to_state, e.happened_on, e.mark, e.note, e.created_at,
		coalesce((select a.display_name from account a where a.id = e.created_by), '') as by_name
		from unnest($2::uuid[]) i join treatment_event e on e.partnership_id = $1 and e.treatment_id = i
		order by e.created_at, e.id limit 1000`, tx.Partnership(), idArray(ids))
	return items(rows, treatmentEventRow.event), err
}

// CareFacts is what the rules and pages need to know about a treatment besides
// its own row, read in one go.
type CareFacts struct {
	treatment.Facts
	Category   terminology.Category // valid on the day asked for, the most favourable one
	Approval   ident.ID             // the live one, or the last
	Approved   money.Fen            // of the live approval
	Requested  money.Fen
	State      fund.ApprovalState // of that approval; empty when there is none
	Reserved   money.Fen          // still held by funds for the treatment
	Settlement ident.ID           // the live one
	Operations int
}

type careFactsRow struct {
	Consent    bool           `db:"consent"`
	Operations int            `db:"operations"`
	Approval   ident.ID       `db:"approval_id"`
	State      string         `db:"approval_state"`
	Requested  money.Fen      `db:"requested_fen"`
	Approved   money.Fen      `db:"approved_fen"`
	Reserved   money.Fen      `db:"reserved_fen"`
	LateDays   int            `db:"late_days"`
	Excepted   bool           `db:"excepted"` // written off as an exception
	Disputed   bool           `db:"disputed"` // a piece used in it stands in another record too
	Lapsed     bool           `db:"lapsed"`   // a fact the approval rests on changed, and nobody has decided yet
	Settlement ident.ID       `db:"settlement_id"`
	Proof      bool           `db:"proof"`
	Categories pq.StringArray `db:"categories"`
	Proven     pq.StringArray `db:"proven"`
}

// CareFactsOf finds out which facts of the transition table hold for a treatment
// on a day (zero: the day of admission, or today).
func (tx *Tx) CareFactsOf(t Treatment, on clock.Date) (CareFacts, error) {
	if on.IsZero() {
		on = t.AdmittedOn
	}
	if on.IsZero() {
		on = tx.Today()
	}
	var r careFactsRow
	err := tx.get(&r, `select exists (select 1 from registration r where r.partnership_id = $1 and r.person_id = $3 and r.hospital_id = $4 and r.live
			and (r.legal_basis = 'statutory' or r.legal_basis = 'consent')) as consent,
		(select count(*) from procedure o where o.partnership_id = $1 and o.treatment_id = $2 and o.live) as operations,
		a.id as approval_id, coalesce(a.state, '') as approval_state, coalesce(a.requested_fen, 0) as requested_fen, coalesce(a.approved_fen, 0) as approved_fen,
		(select coalesce(sum(e.amount_fen), 0)::bigint from ledger_transfer x join ledger_entry e on e.partnership_id = x.partnership_id and e.transfer_id = x.id
			join ledger_account l on l.partnership_id = e.partnership_id and l.id = e.account_id and l.kind = 'reserved'
			where x.partnership_id = $1 and x.treatment_id = $2) as reserved_fen,
		(select p.late_approval_days from partnership p where p.id = $1) as late_days,
		exists (select 1 from treatment_event e where e.partnership_id = $1 and e.treatment_id = $2 and e.action = 'mark_approval_overdue') as excepted,
		exists (select 1 from component c where c.partnership_id = $1 and c.treatment_id = $2 and c.live and c.claim = 'disputed') as disputed,
		coalesce(a.state = 'approved' and a.lapse = 'open', false) as lapsed,
		(select s.id from settlement s where s.partnership_id = $1 and s.treatment_id = $2 and s.state <> 'reversed') as settlement_id,
		exists (select 1 from registration r join attachment f on f.partnership_id = r.partnership_id and f.owner_kind = 'registration' and f.owner_id = r.id
			where r.partnership_id = $1 and r.person_id = $3 and r.hospital_id = $4 and f.kind = 'poverty' and f.replaced_by is null) as proof,
		array(select b.category from beneficiary b where b.partnership_id = $1 and b.person_id = $3 and (b.from_on is null or b.from_on <= $5)
			and (b.to_on is null or b.to_on >= $5)) as categories,
		array(select b.category from beneficiary b join attachment f on f.partnership_id = b.partnership_id and f.owner_kind = 'beneficiary'
			and f.owner_id = b.id and f.replaced_by is null where b.partnership_id = $1 and b.person_id = $3) as proven
		from (select 1) one left join lateral (select a.id, a.state, a.requested_fen, a.approved_fen, a.lapse from approval a
			where a.partnership_id = $1 and a.treatment_id = $2 order by a.state in ('requested', 'approved') desc, a.requested_at desc limit 1) a on true`,
		tx.Partnership(), t.ID, t.Person, t.Hospital, on)
	if err != nil {
		return CareFacts{}, err
	}
	return r.facts(t, tx.Today()), nil
}

func (r careFactsRow) facts(t Treatment, today clock.Date) CareFacts {
	f := CareFacts{Facts: treatment.With(), Approval: r.Approval, Approved: r.Approved, Requested: r.Requested, State: fund.ApprovalState(r.State),
		Reserved: r.Reserved, Settlement: r.Settlement, Operations: r.Operations}
	held := items(r.Categories, func(c string) terminology.Category { return terminology.Category(c) })
	if held = terminology.Ranked(held); len(held) > 0 && held[0] != terminology.CategoryNone {
		f.Category = held[0]
	}
	holds := map[treatment.Fact]bool{
		treatment.CaseOpen:        t.CaseClosed.IsZero(),
		treatment.ConsentRecorded: r.Consent,
		treatment.CategoryValid:   f.Category != "",
		treatment.CategoryProven:  f.Category != "" && (r.Proof || slices.Contains(r.Proven, string(f.Category))),
		treatment.EstimateMade:    t.EstimateBill > 0,
		treatment.NothingReserved: r.Reserved == 0,
		treatment.AdmissionDate:   !t.AdmittedOn.IsZero(),
		treatment.DischargeDate:   !t.DischargedOn.IsZero(),
		treatment.OperationLogged: r.Operations > 0,
		treatment.DeathDate:       !t.Deceased.IsZero(),

		treatment.DevicesUndisputed: !r.Disputed,
		treatment.ApprovalStands:    !r.Lapsed,

		// What was returned or withdrawn waits for another request, or for the exception.
		treatment.ApprovalDecided: f.State == fund.ApprovalApproved || f.State == fund.ApprovalRefused || r.Excepted,
		treatment.ApprovalOverdue: !r.Excepted && f.State != fund.ApprovalApproved && t.ApprovalOverdue(r.LateDays, today),
	}
	for fact, ok := range holds {
		if ok {
			f.Has[fact] = true
		}
	}
	return f
}

// ApprovalOverdue reports whether the papers of an emergency should have come: the
// days after the admission are over on the day.
func (t Treatment) ApprovalOverdue(days int, today clock.Date) bool {
	return t.Place.Path == treatment.Emergency && !t.AdmittedOn.IsZero() && today.After(t.AdmittedOn.AddDays(days))
}

// TreatmentFilter narrows a list of treatments.
type TreatmentFilter struct {
	Hospitals []ident.ID // nil is the whole partnership
	States    []treatment.State
}

// ListTreatments is a page of treatments in the given states, the latest first.
func (tx *Tx) ListTreatments(f TreatmentFilter, req page.Request) (page.Result[Treatment], error) {
	at, id := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), ident.Nil
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[Treatment]{}, err
	}
	states := make([]string, len(f.States))
	for i, s := range f.States {
		states[i] = string(s)
	}
	// One index range per state and hospital; both lists are short.
	args := []any{tx.Partnership(), at, id, req.Limit() + 1, textArray(states)}
	from := `unnest($5::text[]) s cross join lateral (select t.* from treatment t where t.partnership_id = $1 and t.state = s
		and (t.created_at, t.id) < ($2, $3) and t.live order by t.created_at desc, t.id desc limit $4) t`
	if f.Hospitals != nil {
		from = `unnest($6::uuid[]) h cross join unnest($5::text[]) s cross join lateral (select t.* from treatment t where t.partnership_id = $1
			and t.hospital_id = h and t.state = s and (t.created_at, t.id) < ($2, $3) and t.live order by t.created_at desc, t.id desc limit $4) t`
		args = append(args, idArray(f.Hospitals))
	}
	var rows []treatmentRow
	if err := tx.list(&rows, `select `+treatmentColumns+` from `+from+joinTreatment+` order by t.created_at desc, t.id desc limit $4`, args...); err != nil {
		return page.Result[Treatment]{}, err
	}
	return page.Cut(req, items(rows, treatmentRow.treatment), func(t Treatment) []any { return []any{t.CreatedAt, t.ID} }), nil
}

// Bill is who paid the bill of one treatment, from its live settlement.
type Bill struct {
	Treatment  ident.ID   `db:"treatment_id"`
	Settlement ident.ID   `db:"id"`
	SettledOn  clock.Date `db:"settled_on"`
	Bill       money.Fen  `db:"bill_fen"`
	Basic      money.Fen  `db:"basic_fen"`
	Critical   money.Fen  `db:"critical_fen"`
	Assistance money.Fen  `db:"assistance_fen"`
	Other      money.Fen  `db:"other_fen"`
	Fund       money.Fen  `db:"fund_fen"`
	Waiver     money.Fen  `db:"waiver_fen"`
	Net        money.Fen  `db:"net_fen"`
}

// BillsOf reads the settled bills of treatments, in the order of their settling.
func (tx *Tx) BillsOf(treatments ...ident.ID) ([]Bill, error) {
	var rows []Bill
	err := tx.list(&rows, `select s.treatment_id, s.id, s.settled_on, s.bill_fen, s.basic_fen, s.critical_fen, s.assistance_fen, s.other_fen, s.fund_fen,
		s.waiver_fen, s.net_fen from unnest($2::uuid[]) i join settlement s on s.partnership_id = $1 and s.treatment_id = i and s.state = 'settled'
		order by s.settled_on, s.id limit 500`, tx.Partnership(), idArray(treatments))
	return rows, err
}

// RecordDeath notes the day a person died, once: a day that is on record stands.
func (tx *Tx) RecordDeath(person ident.ID, on clock.Date) error {
	_, err := tx.exec(`update person set deceased_on = $3, version = version + 1 where partnership_id = $1 and id = $2 and deceased_on is null`,
		tx.Partnership(), person, on)
	return err
}
