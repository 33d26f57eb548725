package procedure

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/registry"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Facts is what the rules need to know besides the operation itself. Zero dates
// are "not known": the rule that needs them is silent.
type Facts struct {
	Today      clock.Date
	History    bool // taken from an old ledger, which records less than our form
	Born       clock.Date
	Died       clock.Date
	Admitted   clock.Date
	Discharged clock.Date

	// Recorded are the person's other operations on record in any hospital of
	// the partnership (by the person's root after a merge).
	Recorded []Recorded

	// LeadPosted: a posting of the visiting lead at this hospital covers the day.
	LeadPosted bool

	// SideTexts are other writings of the same case that may name a side, such
	// as the consent.
	SideTexts []string
}

// Recorded is the little of another operation that the rules compare with.
type Recorded struct {
	ID         ident.ID
	Kind       Kind
	Side       Side
	OperatedOn clock.Date
	StageGroup ident.ID
}

// Rule names a rule; marks are stored under it.
type Rule string

// The rules. Their sentences are the message keys of [Warning.Key].
const (
	RuleSecondPrimary    Rule = "procedure.second_primary"    // a first replacement where one is on record
	RuleNoPrimary        Rule = "procedure.no_primary"        // a revision without its first operation
	RuleStageInterval    Rule = "procedure.stage_interval"    // plan and days between the sides disagree
	RuleStageSide        Rule = "procedure.stage_side"        // two stages on the same side
	RuleSideText         Rule = "procedure.side_text"         // another writing names the other side
	RuleOutsidePosting   Rule = "procedure.outside_posting"   // a visitor operated outside of a posting
	RuleOutsidePrivilege Rule = "procedure.outside_privilege" // the lead had no privilege for it at the hospital that day
	RuleBeforeAdmission  Rule = "procedure.before_admission"  // before the admission
	RuleAfterDischarge   Rule = "procedure.after_discharge"   // after the discharge
	RuleAfterDeath       Rule = "procedure.after_death"       // after the death on record
	RuleDiagnosisBlock   Rule = "procedure.diagnosis_block"   // unusual diagnosis for the programme
	RuleCompartment      Rule = "procedure.compartment"       // which half of the knee is not recorded
	RuleAcuityWorse      Rule = "procedure.acuity_worse"      // worse after the operation than before
	RuleStentsNone       Rule = "procedure.drug_no_stent"     // drug-eluting marked without a stent
	RuleBMI              Rule = "procedure.bmi"               // height and weight make an unlikely body
	RuleRadiation        Rule = "procedure.radiation"         // dose at which the skin is watched
	RuleContrast         Rule = "procedure.contrast"          // contrast beyond what the kidneys clear
	RuleOcclusion        Rule = "procedure.occlusion"         // an occlusion with flow
)

// Rules lists the rules.
func Rules() []Rule {
	return []Rule{RuleSecondPrimary, RuleNoPrimary, RuleStageInterval, RuleStageSide, RuleSideText, RuleOutsidePosting, RuleOutsidePrivilege,
		RuleBeforeAdmission, RuleAfterDischarge, RuleAfterDeath, RuleDiagnosisBlock, RuleCompartment, RuleAcuityWorse, RuleStentsNone,
		RuleBMI, RuleRadiation, RuleContrast, RuleOcclusion}
}

// Warning is a mark: the record is taken and carries it until somebody looked.
type Warning struct {
	Rule   Rule
	Path   string
	Args   errs.Args
	Review bool // needs a second look by a person (needs_review), not only a hint
}

// Key is the message key of the rule's sentence.
func (w Warning) Key() string { return "warning." + string(w.Rule) }

// MarkNeedsReview is the mark a record carries while a review warning is open.
const MarkNeedsReview = "needs_review"

// Validate checks one operation. The fields are input errors and refuse the
// form; the warnings are kept with the record.
func Validate(p Procedure, facts Facts) (errs.Fields, []Warning) {
	var f errs.Fields
	var ws []Warning
	checkWhat(p, &f)
	checkWhen(p, facts, &f)
	checkWho(p, facts, &f)
	checkOperations(p, &f)
	ws = append(ws, checkDiagnoses(p, &f)...)
	switch p.Programme {
	case Joint:
		checkJoint(p, facts, &f)
		ws = append(ws, jointWarnings(p, facts)...)
	case Cataract:
		checkEye(p, &f)
		ws = append(ws, eyeWarnings(p)...)
	case Coronary:
		checkHeart(p, facts, &f)
		ws = append(ws, heartWarnings(p)...)
	}
	if !p.Record.Empty() {
		_, wrong := registry.Read(p.Kind.Form(), p.Sheet(), p.OperatedOn)
		f = append(f, wrong...)
	}
	ws = append(ws, sheetWarnings(p)...)
	ws = append(ws, onceWarnings(p, facts)...)
	ws = append(ws, dayWarnings(p, facts)...)
	ws = append(ws, sideTextWarnings(p, facts)...)
	return f, ws
}

func checkWhat(p Procedure, f *errs.Fields) {
	if !p.Programme.Known() {
		f.Add("programme", "error.procedure.programme")
	}
	switch {
	case !p.Kind.Known():
		f.Add("kind", "error.procedure.kind")
	case p.Programme.Known() && p.Kind.Programme() != p.Programme:
		f.Add("kind", "error.procedure.kind_programme", "programme", errs.Key(p.Programme.Label()))
	case p.Kind.Site() != p.Site: // a knee kind on a hip
		f.Add("site", "error.procedure.site", "kind", errs.Key(p.Kind.Label()))
	}
	if p.Programme == Coronary && p.Side != "" {
		f.Add("side", "error.procedure.side_none")
	}
	if p.Programme != Coronary && !p.Side.Known() {
		f.Add("side", "error.procedure.side_missing")
	}
	for _, a := range unknown(p.Anaesthesia, AnaesthesiaFor(p.Programme)) {
		f.Add("anaesthesia", "error.procedure.choice", "value", string(a))
	}
	if p.ASA < 0 || p.ASA > 5 {
		f.Add("asa", "error.procedure.asa")
	}
	parts := map[Programme]bool{Joint: p.JointPart != nil, Cataract: p.EyePart != nil, Coronary: p.HeartPart != nil}
	for _, q := range Programmes() {
		if parts[q] && q != p.Programme {
			f.Add("programme", "error.procedure.part", "programme", errs.Key(q.Label()))
		}
	}
}

func checkWhen(p Procedure, facts Facts, f *errs.Fields) {
	switch {
	case p.OperatedOn.IsZero():
		f.Add("operated_on", "error.procedure.date_missing")
	case !facts.Today.IsZero() && p.OperatedOn.After(facts.Today):
		f.Add("operated_on", "error.procedure.date_future", "today", facts.Today)
	case !facts.Born.IsZero() && p.OperatedOn.Before(facts.Born):
		f.Add("operated_on", "error.procedure.date_before_birth", "born", facts.Born)
	}
}

// checkWho: an old ledger may name a surgeon only by a word, so there the lead
// may be unknown. Nobody stands at the table twice.
func checkWho(p Procedure, facts Facts, f *errs.Fields) {
	if p.Lead == ident.Nil && !facts.History {
		f.Add("lead", "error.procedure.lead_missing")
	}
	if p.Hospital == ident.Nil {
		f.Add("hospital", "error.procedure.hospital_missing")
	}
	if p.Assistant != ident.Nil && p.Assistant == p.Lead {
		f.Add("assistant", "error.procedure.same_person")
	}
	if p.Supervisor != ident.Nil && (p.Supervisor == p.Lead || p.Supervisor == p.Assistant) {
		f.Add("supervisor", "error.procedure.same_person")
	}
	if len(p.Anaesthesia) == 0 && !facts.History {
		f.Add("anaesthesia", "error.procedure.anaesthesia_missing")
	}
}

func checkJoint(p Procedure, facts Facts, f *errs.Fields) {
	j := p.JointPart
	if j == nil {
		j = &JointPart{}
	}
	if len(j.Indications) == 0 && !facts.History {
		f.Add("indications", "error.procedure.indication_missing")
	}
	for _, v := range unknown(j.Indications, Indications(p.Site)) {
		f.Add("indications", "error.procedure.choice", "value", string(v))
	}
	if j.Fixation != "" && !slices.Contains(Fixations(), j.Fixation) {
		f.Add("fixation", "error.procedure.choice", "value", string(j.Fixation))
	}
	if j.Plan != "" && !slices.Contains(Plans(), j.Plan) {
		f.Add("plan", "error.procedure.choice", "value", string(j.Plan))
	}
	if staged := j.Plan == Staged; staged != (j.StageNo == 1 || j.StageNo == 2) || !staged && j.StageNo != 0 {
		f.Add("stage_no", "error.procedure.stage_no")
	}
}

func checkEye(p Procedure, f *errs.Fields) {
	e := p.EyePart
	if e == nil {
		return
	}
	if !p.Kind.Lens() && (e.LensPower != nil || e.LensModel != "") {
		f.Add("lens_power", "error.procedure.lens_not_placed", "kind", errs.Key(p.Kind.Label()))
	}
	if e.LensPower != nil && (*e.LensPower < MinPower || *e.LensPower > MaxPower) {
		f.Add("lens_power", "error.procedure.lens_power")
	}
	for _, x := range []struct {
		path string
		a    acuity.Value
	}{{"acuity_before", e.Before}, {"acuity_after", e.After}} {
		if !x.a.Known() {
			f.Add(x.path, "error.procedure.acuity")
		}
	}
}

// maxStents bounds a typing slip (a year or a length typed as a count), not medicine.
const maxStents = 20

func checkHeart(p Procedure, facts Facts, f *errs.Fields) {
	h := p.HeartPart
	if h == nil {
		h = &HeartPart{}
	}
	if h.Syndrome == "" && !facts.History {
		f.Add("syndrome", "error.procedure.syndrome_missing")
	}
	if h.Syndrome != "" && !slices.Contains(Syndromes(), h.Syndrome) {
		f.Add("syndrome", "error.procedure.choice", "value", string(h.Syndrome))
	}
	if h.Access == "" && !facts.History {
		f.Add("access", "error.procedure.access_missing")
	}
	if h.Access != "" && !slices.Contains(Accesses(), h.Access) {
		f.Add("access", "error.procedure.choice", "value", string(h.Access))
	}
	for _, v := range unknown(h.Vessels, Vessels()) {
		f.Add("vessels", "error.procedure.choice", "value", string(v))
	}
	seen := slices.Clone(h.Vessels)
	slices.Sort(seen)
	if len(slices.Compact(seen)) != len(h.Vessels) {
		f.Add("vessels", "error.procedure.vessel_twice")
	}
	if p.Kind.Intervention() && len(h.Vessels) == 0 && !facts.History {
		f.Add("vessels", "error.procedure.vessels_missing")
	}
	switch {
	case h.Stents < 0 || h.Stents > maxStents:
		f.Add("stents", "error.procedure.stents", "max", maxStents)
	case h.Stents > 0 && p.Kind == CAG:
		f.Add("stents", "error.procedure.stents_in_angiography")
	}
}
