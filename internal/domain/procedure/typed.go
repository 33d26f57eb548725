package procedure

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Typed is an operation as a program sends it: a client of the API, or a browser
// that kept it without a network. The parts of other programmes than that of the
// kind stay empty.
type Typed struct {
	Kind        Kind          `json:"kind"`
	Side        Side          `json:"side"`
	OperatedOn  clock.Date    `json:"operated_on"`
	LeadID      ident.ID      `json:"lead_id"`
	AssistantID ident.ID      `json:"assistant_id"`
	Supervisor  ident.ID      `json:"supervisor_id"`
	Anaesthesia []Anaesthesia `json:"anaesthesia"`
	ASA         int           `json:"asa"`
	Operations  []string      `json:"operation_codes"`
	Diagnoses   []string      `json:"diagnosis_codes"`
	Diagnosis   string        `json:"diagnosis"`

	Indications    []Indication `json:"indications"`
	Fixation       Fixation     `json:"fixation"`
	Plan           Plan         `json:"plan"`
	StageNo        int          `json:"stage_no"`
	UnknownPrimary string       `json:"unknown_primary"`

	LensPower    string `json:"lens_power"`
	LensModel    string `json:"lens_model"` // of at most MaxLensModel characters
	AcuityBefore string `json:"acuity_before"`
	AcuityAfter  string `json:"acuity_after"`

	Syndrome    Syndrome `json:"syndrome"`
	Access      Access   `json:"access"`
	Vessels     []Vessel `json:"vessels"`
	Stents      int      `json:"stents"`
	DrugEluting bool     `json:"drug_eluting"`
}

// Procedure reads it into the record of the kind's programme. What cannot be read
// is named at its field; the rest is for [Validate].
func (b Typed) Procedure() (Procedure, errs.Fields) {
	p := Procedure{Kind: b.Kind, Side: b.Side, OperatedOn: b.OperatedOn, Lead: b.LeadID, Assistant: b.AssistantID, Supervisor: b.Supervisor,
		Anaesthesia: b.Anaesthesia, ASA: b.ASA, Diagnosis: b.Diagnosis}
	var f errs.Fields
	parse := func(path string, list []string, read func(string) (Code, error)) (out []Code) {
		for _, text := range list {
			c, err := read(text)
			if err != nil {
				f.Add(path, errs.Of(err).Key, "code", text)
				continue
			}
			out = append(out, c)
		}
		return out
	}
	p.Operations = parse("operation_codes", b.Operations, ParseOperationCode)
	p.Diagnoses = parse("diagnosis_codes", b.Diagnoses, ParseDiagnosisCode)
	switch b.Kind.Programme() {
	case Joint:
		p.JointPart = &JointPart{Indications: b.Indications, Fixation: b.Fixation, Plan: b.Plan, StageNo: b.StageNo, UnknownPrimary: b.UnknownPrimary}
	case Cataract:
		p.EyePart = b.eye(&f)
	case Coronary:
		p.HeartPart = &HeartPart{Syndrome: b.Syndrome, Access: b.Access, Vessels: b.Vessels, Stents: b.Stents, DrugEluting: b.DrugEluting}
	}
	return p, f
}

func (b Typed) eye(f *errs.Fields) *EyePart {
	e := &EyePart{LensModel: b.LensModel}
	if b.LensPower != "" {
		power, err := ParsePower(b.LensPower)
		if err != nil {
			f.Add("lens_power", "error.procedure.lens_power")
		}
		e.LensPower = &power
	}
	var err error
	if e.Before, _, err = acuity.Detect(b.AcuityBefore); err != nil {
		f.Add("acuity_before", "error.procedure.acuity")
	}
	if e.After, _, err = acuity.Detect(b.AcuityAfter); err != nil {
		f.Add("acuity_after", "error.procedure.acuity")
	}
	return e
}
