package procedure

import (
	"github.com/shanhai-health/shanhai/internal/domain/registry"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// onceWarnings: a joint gets its first prosthesis once and an eye loses its lens
// once. A second first replacement of the same joint and side without a removal
// in between is most often a revision entered under the wrong name, or one
// operation entered twice; which of the two only a person can say. A later entry
// of an earlier operation is found as well, so the order of typing is no matter.
func onceWarnings(p Procedure, facts Facts) (ws []Warning) {
	if p.Programme == Coronary || !p.Side.Known() {
		return nil
	}
	primaryBefore := false
	for _, o := range facts.Recorded {
		if !samePlace(p, o) || o.ID == p.ID && p.ID != ident.Nil {
			continue
		}
		if o.Kind.Primary() && !o.OperatedOn.After(p.OperatedOn) {
			primaryBefore = true
		}
		if p.Kind.Primary() && o.Kind.Primary() && !explantedBetween(p, o, facts.Recorded) {
			ws = append(ws, Warning{Rule: RuleSecondPrimary, Path: "kind", Review: true,
				Args: errs.Args{"date": o.OperatedOn, "kind": errs.Key(o.Kind.Label())}})
		}
	}
	changes := p.Kind.Revision() || p.Kind.Explant()
	if changes && !primaryBefore && (p.JointPart == nil || p.JointPart.UnknownPrimary == "") {
		ws = append(ws, Warning{Rule: RuleNoPrimary, Path: "unknown_primary"})
	}
	return ws
}

func samePlace(p Procedure, o Recorded) bool {
	return o.Kind.Programme() == p.Programme && o.Kind.Site() == p.Kind.Site() && o.Side == p.Side
}

// explantedBetween reports a removal on the same joint between the two days.
// The same day counts: one-session exchanges are recorded as removal and new joint.
func explantedBetween(p Procedure, o Recorded, all []Recorded) bool {
	from, to := p.OperatedOn, o.OperatedOn
	if to.Before(from) {
		from, to = to, from
	}
	for _, x := range all {
		if samePlace(p, x) && x.Kind.Explant() && !x.OperatedOn.Before(from) && !x.OperatedOn.After(to) {
			return true
		}
	}
	return false
}

// jointWarnings: two stages are two sides; less than a day between them is one
// session, whatever the plan said.
func jointWarnings(p Procedure, facts Facts) (ws []Warning) {
	if p.Kind == UKA {
		ws = append(ws, Warning{Rule: RuleCompartment, Path: "kind"})
	}
	j := p.JointPart
	if j == nil || j.StageGroup == ident.Nil {
		return ws
	}
	for _, o := range facts.Recorded {
		if o.StageGroup != j.StageGroup || o.ID == p.ID && p.ID != ident.Nil || p.OperatedOn.IsZero() {
			continue
		}
		if o.Side == p.Side {
			ws = append(ws, Warning{Rule: RuleStageSide, Path: "side", Review: true, Args: errs.Args{"date": o.OperatedOn}})
		}
		days := p.OperatedOn.DaysSince(o.OperatedOn)
		sameDay := days == 0
		if j.Plan == Staged && sameDay || j.Plan == Simultaneous && !sameDay {
			ws = append(ws, Warning{Rule: RuleStageInterval, Path: "plan", Args: errs.Args{"days": max(days, -days)}})
		}
	}
	return ws
}

func eyeWarnings(p Procedure) (ws []Warning) {
	if p.EyePart == nil {
		return nil
	}
	if before, after := p.EyePart.Before, p.EyePart.After; after.Worse(before) {
		ws = append(ws, Warning{Rule: RuleAcuityWorse, Path: "acuity_after", Review: true,
			Args: errs.Args{"before": before.Decimal(), "after": after.Decimal()}})
	}
	return ws
}

func heartWarnings(p Procedure) (ws []Warning) {
	if h := p.HeartPart; h != nil && h.DrugEluting && h.Stents == 0 {
		ws = append(ws, Warning{Rule: RuleStentsNone, Path: "stents"})
	}
	return ws
}

// sheetWarnings are the alerts of the register's sheet. A body mass that cannot
// be is most often a slip; a dose is a fact somebody looks after.
func sheetWarnings(p Procedure) (ws []Warning) {
	for _, a := range registry.Alerts(p.Record) {
		ws = append(ws, Warning{Rule: Rule("procedure." + a.Name), Path: a.Path, Review: a.Name != "bmi", Args: errs.Args{"value": a.Value}})
	}
	return ws
}

// dayWarnings compare the day with admission, discharge, death and posting. One
// of the two dates is wrong, or something unusual happened; the operation did
// take place, so it is never refused for it.
func dayWarnings(p Procedure, facts Facts) (ws []Warning) {
	on := p.OperatedOn
	if on.IsZero() {
		return nil
	}
	if !facts.Admitted.IsZero() && on.Before(facts.Admitted) {
		ws = append(ws, Warning{Rule: RuleBeforeAdmission, Path: "operated_on", Review: true, Args: errs.Args{"date": facts.Admitted}})
	}
	if !facts.Discharged.IsZero() && on.After(facts.Discharged) {
		ws = append(ws, Warning{Rule: RuleAfterDischarge, Path: "operated_on", Review: true, Args: errs.Args{"date": facts.Discharged}})
	}
	if !facts.Died.IsZero() && on.After(facts.Died) {
		ws = append(ws, Warning{Rule: RuleAfterDeath, Path: "operated_on", Review: true, Args: errs.Args{"date": facts.Died}})
	}
	// Old ledgers say "visiting" without the dates of a posting: nothing to compare.
	if p.LeadVisiting && !facts.LeadPosted && !facts.History {
		ws = append(ws, Warning{Rule: RuleOutsidePosting, Path: "lead", Review: true, Args: errs.Args{"date": on}})
	}
	return ws
}

// sideTextWarnings: a writing that names exactly the other side disagrees. One
// that names both or none says nothing.
func sideTextWarnings(p Procedure, facts Facts) (ws []Warning) {
	if !p.Side.Known() {
		return nil
	}
	for _, text := range append([]string{p.Diagnosis}, facts.SideTexts...) {
		if named := SideNamed(text); named.Known() && named != p.Side {
			ws = append(ws, Warning{Rule: RuleSideText, Path: "side", Review: true,
				Args: errs.Args{"text": text, "side": errs.Key(p.Side.Label())}})
		}
	}
	return ws
}
