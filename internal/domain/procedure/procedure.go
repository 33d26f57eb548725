// Package procedure knows what an operation is: one joint of one side, one eye,
// or one coronary session. "Both sides" is two operations; nothing here can hold
// a "both".
//
// The joint record follows the minimum data set of the National Joint Registry
// (primary and revision forms), the eye record the ICHOM cataract set, the heart
// record the shape of the British PCI data set. Operations carry ICD-9-CM-3
// codes, diagnoses ICD-10, always with the catalogue and its version because
// several national and insurers' editions are in use side by side. Neither code
// system knows left from right, so the side is a field of its own.
//
// Two kinds of trouble are kept apart. What cannot be (no side, a future day, a
// stent in a pure angiography) is an input error and is refused at its field.
// What is unlikely or against a rule but has happened to a patient is taken and
// comes back as a [Warning], which the record keeps as a mark to be reviewed.
package procedure

import (
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/registry"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Programme is one of the three helps the partnership gives.
type Programme string

// The programmes.
const (
	Joint    Programme = "joint"    // hip and knee replacement (站立行动)
	Cataract Programme = "cataract" // free cataract surgery
	Coronary Programme = "coronary" // angiography and PCI
)

// Programmes lists them in the order pages show them.
func Programmes() []Programme { return []Programme{Joint, Cataract, Coronary} }

// Known reports whether p is a programme of the house.
func (p Programme) Known() bool { return p == Joint || p == Cataract || p == Coronary }

// Label is the message key of the programme's name.
func (p Programme) Label() string { return "procedure.programme." + string(p) }

// Side is left or right of the patient. The empty side belongs to coronary
// sessions only.
type Side string

// The sides; there is deliberately no "both".
const (
	Left  Side = "L"
	Right Side = "R"
)

// Sides lists left and right.
func Sides() []Side { return []Side{Left, Right} }

// Known reports whether s is left or right.
func (s Side) Known() bool { return s == Left || s == Right }

// Opposite is the other side; the empty side has none.
func (s Side) Opposite() Side {
	switch s {
	case Left:
		return Right
	case Right:
		return Left
	}
	return ""
}

// Label is the message key of the side on a body; [Side.EyeLabel] that on an eye.
func (s Side) Label() string { return "procedure.side." + strings.ToLower(string(s)) }

// EyeLabel is the message key for an eye: 右眼 OD, 左眼 OS.
func (s Side) EyeLabel() string { return "procedure.eye." + strings.ToLower(string(s)) }

// Site is the part of the body operated on; with the side it is what is counted.
type Site string

// The sites.
const (
	Hip             Site = "hip"
	Knee            Site = "knee"
	Eye             Site = "eye"
	CoronaryVessels Site = "coronary" // has no side
)

// Sites lists the sites.
func Sites() []Site { return []Site{Hip, Knee, Eye, CoronaryVessels} }

// Joint reports whether s is a joint.
func (s Site) Joint() bool { return s == Hip || s == Knee }

// Label is the message key of the site's name.
func (s Site) Label() string { return "procedure.site." + string(s) }

// Procedure is one operation as it was done. Exactly one of the three parts is
// set, the one of its programme.
type Procedure struct {
	ID        ident.ID
	Treatment ident.ID
	Programme Programme
	Kind      Kind
	Site      Site // follows from the kind
	Side      Side // joint or eye; empty for coronary sessions

	OperatedOn clock.Date
	Hospital   ident.ID // where it was done, not who sent the surgeon

	Lead         ident.ID // practitioner; exactly one
	Assistant    ident.ID // optional
	Supervisor   ident.ID // optional; the teacher when the lead was taught
	LeadVisiting bool     // as it was on the day; never recomputed later

	Anaesthesia []Anaesthesia
	ASA         int // 1–5, 0 = not recorded

	Operations []Code // ICD-9-CM-3
	Diagnoses  []Code // ICD-10
	Diagnosis  string // as written; only compared for a side named in it

	JointPart *JointPart
	EyePart   *EyePart
	HeartPart *HeartPart

	Record registry.Record // the answers of the register's sheet; may be empty
}

// Sheet is the record with what the questions depend on.
func (p Procedure) Sheet() registry.Record {
	r := p.Record
	if p.HeartPart != nil {
		r.Syndrome = string(p.HeartPart.Syndrome)
	}
	return r
}

// Missing lists the questions of the sheet that are not answered yet. An
// intervention treated at least one lesion.
func (p Procedure) Missing() []string {
	out := registry.Missing(p.Kind.Form(), p.Sheet())
	if p.Kind.Intervention() && len(p.Record.Lesions) == 0 {
		out = append(out, registry.RowPath(0, "segment"))
	}
	return out
}

// Completed fills in what follows from the kind: programme, site, and the
// operation codes where none were given.
func (p Procedure) Completed() Procedure {
	if p.Programme == "" {
		p.Programme = p.Kind.Programme()
	}
	if p.Site == "" {
		p.Site = p.Kind.Site()
	}
	if len(p.Operations) == 0 {
		p.Operations = DefaultOperations(p.Kind, p.HeartPart)
	}
	return p
}

// JointPart is the core of the joint registers' primary and revision forms.
type JointPart struct {
	Indications []Indication // at least one; the first is the main one; never a default
	Fixation    Fixation     // optional
	Plan        Plan         // both sides: none, one session, two stages
	StageGroup  ident.ID     // joins the two stages, across hospitals
	StageNo     int          // 1 or 2 with Staged
	// UnknownPrimary says why a revision's first operation is not on record, for
	// example "done elsewhere in 2009".
	UnknownPrimary string
}

// EyePart is the core of the cataract record.
type EyePart struct {
	LensPower *Power // nil = not recorded or no lens
	LensModel string
	Before    acuity.Value // empty = not measured
	After     acuity.Value
}

// HeartPart is the core of the coronary record.
type HeartPart struct {
	Syndrome    Syndrome
	Access      Access
	Vessels     []Vessel // treated in a PCI, narrowed in a pure angiography
	Stents      int
	DrugEluting bool // of the stents; decides 36.07 or 36.06
}
