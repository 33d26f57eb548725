package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/registry"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// Operation is one operation as it is stored. The person's facts are empty for
// a reader who sees the operation only through having been in its team.
type Operation struct {
	procedure.Procedure
	Case      ident.ID
	Person    ident.ID
	Marks     []string // rules it was marked by, and needs_review
	LeadName  string   // as it was on the day, or as the old ledger wrote it
	CreatedAt time.Time
	CreatedBy ident.ID
	Version   int64
	Signature procedure.Signature
	// ValidatedAt and Validator are when and by whom the record was locked.
	ValidatedAt time.Time
	Validator   string

	CaseNo         string
	PersonName     string
	Sex            patient.Sex
	Birth          clock.Date
	HospitalName   string
	AssistantName  string
	SupervisorName string
}

// operationDetail is the part of the record that rules read and lists do not.
// The names are the stored form: they may be added to, never changed.
type operationDetail struct {
	Anaesthesia []procedure.Anaesthesia `json:"anaesthesia,omitempty"`
	ASA         int                     `json:"asa,omitempty"`
	Diagnosis   string                  `json:"diagnosis,omitempty"`

	Indications    []procedure.Indication `json:"indications,omitempty"`
	Fixation       procedure.Fixation     `json:"fixation,omitempty"`
	Plan           procedure.Plan         `json:"plan,omitempty"`
	StageGroup     string                 `json:"stage_group,omitempty"`
	StageNo        int                    `json:"stage_no,omitempty"`
	UnknownPrimary string                 `json:"unknown_primary,omitempty"`

	LensPower    *procedure.Power `json:"lens_half_dioptres,omitempty"`
	LensModel    string           `json:"lens_model,omitempty"`
	AcuityBefore acuity.Value     `json:"acuity_before,omitempty"`
	AcuityAfter  acuity.Value     `json:"acuity_after,omitempty"`

	Syndrome    procedure.Syndrome `json:"syndrome,omitempty"`
	Access      procedure.Access   `json:"access,omitempty"`
	Vessels     []procedure.Vessel `json:"vessels,omitempty"`
	Stents      int                `json:"stents,omitempty"`
	DrugEluting bool               `json:"drug_eluting,omitempty"`

	Record *registry.Record `json:"record,omitempty"`
}

// OperationDetail is the stored form of what a record holds beyond its columns.
func OperationDetail(p procedure.Procedure) (string, error) {
	d := operationDetail{Anaesthesia: p.Anaesthesia, ASA: p.ASA, Diagnosis: p.Diagnosis}
	if j := p.JointPart; j != nil {
		d.Indications, d.Fixation, d.Plan, d.StageNo, d.UnknownPrimary = j.Indications, j.Fixation, j.Plan, j.StageNo, j.UnknownPrimary
		if j.StageGroup != ident.Nil {
			d.StageGroup = j.StageGroup.String()
		}
	}
	if e := p.EyePart; e != nil {
		d.LensPower, d.LensModel, d.AcuityBefore, d.AcuityAfter = e.LensPower, e.LensModel, e.Before, e.After
	}
	if h := p.HeartPart; h != nil {
		d.Syndrome, d.Access, d.Vessels, d.Stents, d.DrugEluting = h.Syndrome, h.Access, h.Vessels, h.Stents, h.DrugEluting
	}
	if !p.Record.Empty() {
		d.Record = &p.Record
	}
	raw, err := json.Marshal(d)
	return string(raw), err
}

// stored is an acuity as an older record spelled it: a decimal.
func stored(v acuity.Value) acuity.Value {
	if v.Known() {
		return v
	}
	v, _, _ = acuity.Detect(string(v)) // what no scale has was refused when it was written
	return v
}

// apply puts the stored detail back into the record, in the part of its programme.
func (d operationDetail) apply(p *procedure.Procedure) {
	p.Anaesthesia, p.ASA, p.Diagnosis = d.Anaesthesia, d.ASA, d.Diagnosis
	if d.Record != nil {
		p.Record = *d.Record
	}
	switch p.Programme {
	case procedure.Joint:
		p.JointPart = &procedure.JointPart{Indications: d.Indications, Fixation: d.Fixation, Plan: d.Plan, StageNo: d.StageNo, UnknownPrimary: d.UnknownPrimary}
		p.JointPart.StageGroup, _ = ident.Parse(d.StageGroup) // empty: no group
	case procedure.Cataract:
		p.EyePart = &procedure.EyePart{LensPower: d.LensPower, LensModel: d.LensModel, Before: stored(d.AcuityBefore), After: stored(d.AcuityAfter)}
	case procedure.Coronary:
		p.HeartPart = &procedure.HeartPart{Syndrome: d.Syndrome, Access: d.Access, Vessels: d.Vessels, Stents: d.Stents, DrugEluting: d.DrugEluting}
	}
}

type operationRow struct {
	ID         ident.ID       `db:"id"`
	Treatment  ident.ID       `db:"treatment_id"`
	Case       ident.ID       `db:"case_id"`
	Person     ident.ID       `db:"person_id"`
	Programme  string         `db:"programme"`
	Kind       string         `db:"kind"`
	Site       string         `db:"site"`
	Side       string         `db:"side"`
	Hospital   ident.ID       `db:"hospital_id"`
	OperatedOn clock.Date     `db:"operated_on"`
	Operations pq.StringArray `db:"operation_codes"`
	Diagnoses  pq.StringArray `db:"diagnosis_codes"`
	Catalogue  string         `db:"code_catalogue"`
	Lead       ident.ID       `db:"lead_id"`
	LeadName   string         `db:"lead_name"`
	Visiting   bool           `db:"lead_visiting"`
	Assistant  ident.ID       `db:"assistant_id"`
	Supervisor ident.ID       `db:"supervisor_id"`
	Detail     string         `db:"detail"`
	Marks      pq.StringArray `db:"marks"`
	CreatedAt  time.Time      `db:"created_at"`
	CreatedBy  ident.ID       `db:"created_by"`
	Version    int64          `db:"version"`
	Entered    ident.ID       `db:"entered_by"`
	Validated  ident.ID       `db:"validated_by"`
	ValidAt    *time.Time     `db:"validated_at"`
	Validator  string         `db:"validator"`

	CaseNo         string     `db:"case_no"`
	Name           string     `db:"person_name"`
	Sex            string     `db:"sex"`
	Birth          clock.Date `db:"birth_on"`
	HospitalName   string     `db:"hospital_name"`
	AssistantName  string     `db:"assistant_name"`
	SupervisorName string     `db:"supervisor_name"`
}

func (r operationRow) operation() (Operation, error) {
	o := Operation{Procedure: procedure.Procedure{ID: r.ID, Treatment: r.Treatment, Programme: procedure.Programme(r.Programme), Kind: procedure.Kind(r.Kind),
		Site: procedure.Site(r.Site), Side: procedure.Side(r.Side), OperatedOn: r.OperatedOn, Hospital: r.Hospital, Lead: r.Lead, Assistant: r.Assistant,
		Supervisor: r.Supervisor, LeadVisiting: r.Visiting, Operations: codes(r.Operations, r.Catalogue, 0), Diagnoses: codes(r.Diagnoses, r.Catalogue, 1)},
		Case: r.Case, Person: r.Person, Marks: r.Marks, LeadName: r.LeadName, CreatedAt: r.CreatedAt.UTC(), CreatedBy: r.CreatedBy, Version: r.Version,
		CaseNo: r.CaseNo, PersonName: r.Name, Sex: patient.Sex(r.Sex), Birth: r.Birth, HospitalName: r.HospitalName, AssistantName: r.AssistantName,
		SupervisorName: r.SupervisorName, Signature: procedure.Signature{EnteredBy: r.Entered, ValidatedBy: r.Validated}, Validator: r.Validator}
	if r.ValidAt != nil {
		o.ValidatedAt = r.ValidAt.UTC()
	}
	var d operationDetail
	if err := json.Unmarshal([]byte(r.Detail), &d); err != nil {
		return o, fmt.Errorf("store: detail of operation %s: %w", r.ID, err)
	}
	d.apply(&o.Procedure)
	return o, nil
}

// codeCatalogue is the stored name of the two catalogues a record's codes come
// from: "icd-9-cm-3/2011 icd-10/2011". One pair per record: codes of one record
// are entered from one edition.
func codeCatalogue(p procedure.Procedure) string {
	of := func(list []procedure.Code, plain string) string {
		if len(list) == 0 {
			return plain + "/"
		}
		return list[0].Catalogue + "/" + list[0].Version
	}
	return of(p.Operations, procedure.CatalogueOperations) + " " + of(p.Diagnoses, procedure.CatalogueDiagnoses)
}

// codes gives each stored code the catalogue at its place of the pair.
func codes(list []string, catalogue string, at int) []procedure.Code {
	name, version := "", ""
	if pair := strings.Fields(catalogue); at < len(pair) {
		name, version, _ = strings.Cut(pair[at], "/")
	}
	return items(list, func(c string) procedure.Code { return procedure.Code{Code: c, Catalogue: name, Version: version} })
}

func bare(list []procedure.Code) pq.StringArray {
	return textArray(items(list, func(c procedure.Code) string { return c.Code }))
}

const operationColumns = `o.id, o.treatment_id, o.case_id, o.person_id, o.programme, o.kind, o.site, o.side, o.hospital_id, o.operated_on,
	o.operation_codes, o.diagnosis_codes, o.code_catalogue, o.lead_id, coalesce(nullif(o.lead_name, ''), d.name, '') as lead_name, o.lead_visiting,
	o.assistant_id, o.supervisor_id, o.detail::text as detail, o.marks, o.created_at, o.created_by, o.version,
	coalesce(o.entered_by, o.created_by) as entered_by, o.validated_by, o.validated_at,
	coalesce((select a.display_name from account a where a.id = o.validated_by), '') as validator, coalesce(c.case_no, '') as case_no,
	coalesce(p.name, '') as person_name, coalesce(p.sex, '') as sex, p.birth_on,
	(select coalesce(nullif(h.short_name, ''), h.name) from organisation h where h.id = o.hospital_id) as hospital_name,
	coalesce((select x.name from practitioner x where x.id = o.assistant_id), '') as assistant_name,
	coalesce((select x.name from practitioner x where x.id = o.supervisor_id), '') as supervisor_name`

// joinOperation: the team sees the operation, not the case or the person.
const joinOperation = ` left join (select c.partnership_id, c.id, c.case_no, c.programme, c.person_id, c.home_hospital_id, c.closed_on from casefile c) c on c.partnership_id = o.partnership_id and c.id = o.case_id
	left join (select p.partnership_id, p.id, p.name, p.sex, p.birth_on, p.deceased_on from person p) p on p.partnership_id = o.partnership_id and p.id = o.person_id left join practitioner d on d.id = o.lead_id `

// OperationByID reads one operation the transaction may see.
func (tx *Tx) OperationByID(id ident.ID) (Operation, error) {
	var r operationRow
	err := tx.get(&r, `select `+operationColumns+` from procedure o`+joinOperation+`where o.partnership_id = $1 and o.id = $2 and o.live`+seenByTeam("o"), tx.Partnership(), id)
	if r, err = one(r, err, "error.operation.missing"); err != nil {
		return Operation{}, err
	}
	return r.operation()
}

// OperationsOf lists the operations of the given treatments, by day.
func (tx *Tx) OperationsOf(treatments ...ident.ID) ([]Operation, error) {
	var rows []operationRow
	err := tx.list(&rows, `select `+operationColumns+` from unnest($2::uuid[]) i join procedure o on o.partnership_id = $1 and o.treatment_id = i`+joinOperation+`
		where o.live order by o.operated_on, o.id limit 500`, tx.Partnership(), idArray(treatments))
	if err != nil {
		return nil, err
	}
	return operations(rows)
}

func operations(rows []operationRow) ([]Operation, error) {
	out := make([]Operation, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.operation(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// InsertOperation stores a new record. Its readers are those of the treatment,
// and the team for as long as the record exists.
func (tx *Tx) InsertOperation(o Operation, t Treatment) error {
	detail, err := OperationDetail(o.Procedure)
	if err != nil {
		return err
	}
	_, err = tx.exec(`insert into procedure (partnership_id, id, treatment_id, case_id, person_id, programme, kind, site, side, hospital_id, visible_to, team,
		operated_on, operation_codes, diagnosis_codes, code_catalogue, lead_id, lead_name, lead_visiting, assistant_id, supervisor_id, detail, marks,
		created_at, created_by, sheet_missing, reason_status) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::uuid[], $12::uuid[], $13, $14::text[], $15::text[],
		$16, $17, $18, $19, $20, $21, $22, $23::text[], $24, $25, $26, $27)`, tx.Partnership(), o.ID, t.ID, t.Case, t.Person, string(o.Programme), string(o.Kind), string(o.Site),
		string(o.Side), t.Hospital, idArray(t.SeenBy()), idArray(team(o.Procedure)), o.OperatedOn, bare(o.Operations), bare(o.Diagnoses),
		codeCatalogue(o.Procedure), nullID(o.Lead), o.LeadName, o.LeadVisiting, nullID(o.Assistant), nullID(o.Supervisor), detail, textArray(o.Marks),
		tx.now, tx.who.AccountID, len(o.Missing()), o.Record.Values.One("reason_status"))
	if err != nil {
		return err
	}
	if err := tx.deriveFollowUps(o.ID, clock.Date{}); err != nil {
		return err
	}
	return tx.deriveWait(t.Case)
}

// UpdateOperation stores a corrected record under its version.
func (tx *Tx) UpdateOperation(o Operation) error {
	detail, err := OperationDetail(o.Procedure)
	if err != nil {
		return err
	}
	err = tx.update(`update procedure set kind = $4, site = $5, side = $6, team = $7::uuid[], operated_on = $8, operation_codes = $9::text[],
		diagnosis_codes = $10::text[], code_catalogue = $11, lead_id = $12, lead_name = $13, lead_visiting = $14, assistant_id = $15, supervisor_id = $16,
		detail = $17, marks = $18::text[], entered_by = $19, sheet_missing = $20, reason_status = $21, version = version + 1 where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), o.ID, o.Version,
		string(o.Kind), string(o.Site), string(o.Side), idArray(team(o.Procedure)), o.OperatedOn, bare(o.Operations), bare(o.Diagnoses),
		codeCatalogue(o.Procedure), nullID(o.Lead), o.LeadName, o.LeadVisiting, nullID(o.Assistant), nullID(o.Supervisor), detail, textArray(o.Marks), tx.who.AccountID,
		len(o.Missing()), o.Record.Values.One("reason_status"))
	if err != nil {
		return err
	}
	if err := tx.deriveFollowUps(o.ID, clock.Date{}); err != nil {
		return err
	}
	return tx.syncComponents(o)
}

// OperationForUpdate reads one operation and holds it until the transaction ends.
func (tx *Tx) OperationForUpdate(id ident.ID) (Operation, error) {
	if _, err := tx.exec(`select 1 from procedure o where o.partnership_id = $1 and o.id = $2`+seenByTeam("o")+` for update`, tx.Partnership(), id); err != nil {
		return Operation{}, err
	}
	return tx.OperationByID(id)
}

// team lists the practitioners at the table, each once.
func team(p procedure.Procedure) []ident.ID {
	out := []ident.ID{}
	for _, id := range []ident.ID{p.Lead, p.Assistant, p.Supervisor} {
		if id != ident.Nil && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

type recordedRow struct {
	ID         ident.ID   `db:"id"`
	Kind       string     `db:"kind"`
	Side       string     `db:"side"`
	OperatedOn clock.Date `db:"operated_on"`
	Group      string     `db:"stage_group"`
}

// RecordedOperations lists what is on record for a person in any hospital of the
// partnership: kind, side and day, for the rules that compare.
func (tx *Tx) RecordedOperations(person ident.ID) ([]procedure.Recorded, error) {
	var rows []recordedRow
	err := tx.list(&rows, `select r.id, r.kind, r.side, r.operated_on, r.stage_group from operations_on_record($1) r order by r.operated_on, r.id limit 500`, person)
	return items(rows, func(r recordedRow) procedure.Recorded {
		group, _ := ident.Parse(r.Group) // empty: no group
		return procedure.Recorded{ID: r.ID, Kind: procedure.Kind(r.Kind), Side: procedure.Side(r.Side), OperatedOn: r.OperatedOn, StageGroup: group}
	}), err
}

// TreatmentOperated stores on the treatment what follows from its operations:
// the first day and whether a visitor led one. The caller holds the treatment.
func (tx *Tx) TreatmentOperated(t Treatment) (Treatment, error) {
	var r struct {
		First    clock.Date `db:"first"`
		Visiting bool       `db:"visiting"`
	}
	err := tx.get(&r, `select min(o.operated_on) as first, coalesce(bool_or(o.lead_visiting), false) as visiting from procedure o
		where o.partnership_id = $1 and o.treatment_id = $2 and o.live`, tx.Partnership(), t.ID)
	t.OperatedOn, t.Visiting = r.First, r.Visiting
	return t, err
}

// SaveTreatmentFacts stores dates, category and flags of a treatment without a
// step, under its version.
func (tx *Tx) SaveTreatmentFacts(t Treatment) error {
	err := tx.update(`update treatment set operated_on = $4, visiting = $5, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), t.ID, t.Version, t.OperatedOn, t.Visiting)
	if err != nil {
		return err
	}
	return tx.deriveWait(t.Case)
}

// OperationFilter narrows the list of operations.
type OperationFilter struct {
	Hospitals []ident.ID // done at these; nil with Lead Nil is the whole partnership
	Lead      ident.ID   // led by this doctor, wherever
	From, To  clock.Date
	State     OperationState // at named hospitals only
}

// OperationState is what a record still needs.
type OperationState string

// The states.
const (
	OperationIncomplete OperationState = "incomplete" // needed answers of the sheet are missing
	OperationUnsigned   OperationState = "unsigned"   // no second clinician has signed
	OperationRecheck    OperationState = "recheck"    // the reasons of a revision are provisional
)

// condition is the state as the index of its list spells it.
func (s OperationState) condition() string {
	return map[OperationState]string{OperationIncomplete: ` and o.sheet_missing > 0`, OperationUnsigned: ` and o.validated_by is null`,
		OperationRecheck: ` and o.reason_status = 'PROVISIONAL'`}[s]
}

// ListOperations is a page of operations, the latest first.
func (tx *Tx) ListOperations(f OperationFilter, req page.Request) (page.Result[Operation], error) {
	on, id := clock.MustDate(9999, 12, 31), ident.Nil
	if _, err := req.Cursor(&on, &id); err != nil {
		return page.Result[Operation]{}, err
	}
	if !f.To.IsZero() && f.To.Before(on) {
		on, id = f.To, lastID
	}
	args := []any{tx.Partnership(), on, id, req.Limit() + 1, f.From}
	rest := f.State.condition() + ` and (o.operated_on, o.id) < ($2, $3) and ($5::date is null or o.operated_on >= $5) and o.live order by o.operated_on desc, o.id desc limit $4`
	from := `(select o.* from procedure o where o.partnership_id = $1` + rest + `) o`
	switch {
	case f.Lead != ident.Nil:
		from = `(select o.* from procedure o where o.partnership_id = $1 and o.lead_id = $6` + rest + `) o`
		args = append(args, f.Lead)
	case f.Hospitals != nil:
		from = `unnest($6::uuid[]) h cross join lateral (select o.* from procedure o where o.partnership_id = $1 and o.hospital_id = h` + rest + `) o`
		args = append(args, idArray(f.Hospitals))
	}
	var rows []operationRow
	if err := tx.list(&rows, `select `+operationColumns+` from `+from+joinOperation+` order by o.operated_on desc, o.id desc limit $4`, args...); err != nil {
		return page.Result[Operation]{}, err
	}
	list, err := operations(rows)
	if err != nil {
		return page.Result[Operation]{}, err
	}
	return page.Cut(req, list, func(o Operation) []any { return []any{o.OperatedOn, o.ID} }), nil
}

type surgeonRow struct {
	practitionerRow
	Posted bool `db:"posted"`
}

// Surgeon is a doctor who may stand in an operation record of a hospital.
type Surgeon struct {
	PractitionerItem
	Posted bool // a posting at the hospital covers the day
}

// SurgeonsAt lists a hospital's own doctors and the visitors who are or were
// posted there, those of the day first.
func (tx *Tx) SurgeonsAt(hospital ident.ID, on clock.Date) ([]Surgeon, error) {
	var rows []surgeonRow
	err := tx.list(&rows, `select s.id, s.name, s.name_key, s.licence_no, s.licence_expires_on, s.home_organisation_id, s.grade, s.specialty, s.version, s.home_name, s.posted
		from (select `+practitionerColumns+practitionerHome+`, false as posted from practitioner p where p.home_organisation_id = $2
		union all select `+practitionerColumns+practitionerHome+`, bool_or(g.from_on <= $3 and g.to_on >= $3) as posted
		from posting g join practitioner p on p.id = g.practitioner_id where g.partnership_id = $1 and g.organisation_id = $2
		and p.home_organisation_id <> $2 group by p.id) s order by s.posted desc, s.name_key, s.id limit 500`, tx.Partnership(), hospital, on)
	return items(rows, func(r surgeonRow) Surgeon { return Surgeon{r.item(), r.Posted} }), err
}
