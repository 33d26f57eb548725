package webui

import (
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// labelled is a coded value with a name in the catalogue.
type labelled interface {
	~string
	Label() string
}

func optionsOf[T labelled](values ...T) []Option {
	out := make([]Option, len(values))
	for i, v := range values {
		out[i] = Option{Value: string(v), Key: v.Label()}
	}
	return out
}

// exactKinds leaves out the kinds that only old records without detail use.
func exactKinds(p procedure.Programme) []procedure.Kind {
	return slices.DeleteFunc(procedure.Kinds(p), func(k procedure.Kind) bool {
		return k == procedure.UKA || k == procedure.ExtractionIOL
	})
}

// indications are those of hip and knee together: the kind decides which hold,
// and the record refuses the others at the field.
func indications() []procedure.Indication {
	out := slices.Clone(procedure.Indications(procedure.Knee))
	for _, x := range procedure.Indications(procedure.Hip) {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// surgeons are the doctors of the hospital and its visitors, with what is known
// about their posting on the day.
func surgeons(b Base, v care.OperationForm) []Option {
	out := make([]Option, len(v.Surgeons))
	for i, d := range v.Surgeons {
		out[i] = Option{Value: d.ID.String(), Text: d.Name, Sub: d.HomeName}
		if d.HomeOrg != v.Hospital {
			note := "operation.posted"
			if !d.Posted {
				note = "operation.not_posted"
			}
			out[i].Text = b.T("operation.visitor", "name", d.Name, "home", d.HomeName, "note", b.T(note))
			out[i].Sub = ""
		}
	}
	return out
}

// operationForm declares the form of one operation: what, who and when are the
// same for the three programmes, the record in the middle is its own.
func operationForm(b Base, today clock.Date, v care.OperationForm) *Form {
	doctors := surgeons(b, v)
	what := []Field{{Name: "kind", LabelKey: "operation.kind", Kind: KindSelect, Options: optionsOf(exactKinds(v.Programme)...), Width: 6, Focus: true}}
	var record []Field
	switch v.Programme {
	case procedure.Joint:
		what = append(what, Field{Name: "side", LabelKey: "operation.side", Kind: KindRadio, Options: sideOptions(v.Programme), Width: 6})
		record = jointFields()
	case procedure.Cataract:
		what = append(what, Field{Name: "side", LabelKey: "operation.eye", Kind: KindRadio, Options: sideOptions(v.Programme), Width: 6})
		record = eyeFields()
	case procedure.Coronary:
		record = heartFields()
	}
	who := []Field{{Name: "operated_on", LabelKey: "operation.on", Kind: KindDate, Width: 6},
		{Name: "lead", LabelKey: "operation.lead", Kind: KindCombo, Options: doctors, Width: 6},
		{Name: "assistant", LabelKey: "operation.assistant", Kind: KindCombo, Options: doctors, Optional: true, Blank: "operation.nobody", Width: 6},
		{Name: "supervisor", LabelKey: "operation.supervisor", HintKey: "operation.supervisor.hint", Kind: KindCombo, Options: doctors, Optional: true, Blank: "operation.nobody", Width: 6}}
	codes := []Field{{Name: "operations", LabelKey: "operation.codes", HintKey: "operation.codes.hint", Optional: true, Max: 200, Width: 6},
		{Name: "diagnoses", LabelKey: "operation.diagnoses", HintKey: "operation.diagnoses.hint", Optional: true, Max: 200, Width: 6},
		{Name: "diagnosis", LabelKey: "operation.diagnosis", Optional: true, Max: 200}}
	if v.Reason {
		who = append(who, Field{Name: "reason", LabelKey: "treatment.reason", HintKey: "operation.reason.hint", Kind: KindArea, Rows: 2, Max: 500})
	}
	f := keyed(NewForm(b, today, slices.Concat(what, who, record, codes)...))
	f.Sections = []Section{{Key: "operation.s.what", Fields: namesOf(what)}, {Key: "operation.s.who", Fields: namesOf(who)},
		{Key: "operation.s.record." + string(v.Programme), Fields: namesOf(record)}, {Key: "operation.s.codes", Fields: namesOf(codes), Optional: true}}
	return f
}

func namesOf(fields []Field) []string {
	out := make([]string, len(fields))
	for i, x := range fields {
		out[i] = x.Name
	}
	return out
}

func anaesthesia(p procedure.Programme) Field {
	return Field{Name: "anaesthesia", LabelKey: "operation.anaesthesia", Kind: KindChecks, Options: optionsOf(procedure.AnaesthesiaFor(p)...)}
}

func jointFields() []Field {
	return []Field{
		{Name: "indications", LabelKey: "operation.indication", HintKey: "operation.indication.hint", Kind: KindChecks, Options: optionsOf(indications()...)},
		{Name: "fixation", LabelKey: "operation.fixation", Kind: KindRadio, Options: optionsOf(procedure.Fixations()...), Optional: true},
		anaesthesia(procedure.Joint),
		{Name: "asa", LabelKey: "operation.asa", Kind: KindRadio, Optional: true, Options: asaOptions()},
		{Name: "plan", LabelKey: "operation.plan", Kind: KindRadio, Optional: true, Options: optionsOf(procedure.Plans()...), Width: 8},
		{Name: "stage_no", LabelKey: "operation.stage", Kind: KindRadio, Optional: true, Width: 4,
			Options: []Option{{Value: "1", Key: "operation.stage.1"}, {Value: "2", Key: "operation.stage.2"}}},
		{Name: "unknown_primary", LabelKey: "operation.unknown_primary", HintKey: "operation.unknown_primary.hint", Optional: true, Max: 200}}
}

func asaOptions() []Option {
	var out []Option
	for i, roman := range []string{"I", "II", "III", "IV", "V"} {
		out = append(out, Option{Value: strconv.Itoa(i + 1), Text: roman})
	}
	return out
}

func eyeFields() []Field {
	return []Field{
		{Name: "lens_power", LabelKey: "operation.lens_power", HintKey: "operation.lens_power.hint", Optional: true, Max: 10, Width: 6},
		{Name: "lens_model", LabelKey: "operation.lens_model", Optional: true, Max: procedure.MaxLensModel, Width: 6},
		{Name: "acuity_before", LabelKey: "operation.acuity_before", HintKey: "operation.acuity.hint", Optional: true, Max: 10, Width: 6},
		{Name: "acuity_after", LabelKey: "operation.acuity_after", HintKey: "operation.acuity.hint", Optional: true, Max: 10, Width: 6},
		anaesthesia(procedure.Cataract)}
}

func heartFields() []Field {
	return []Field{
		{Name: "syndrome", LabelKey: "operation.syndrome", Kind: KindSelect, Options: optionsOf(procedure.Syndromes()...), Width: 6},
		{Name: "access", LabelKey: "operation.access", Kind: KindSelect, Options: optionsOf(procedure.Accesses()...), Width: 6},
		{Name: "vessels", LabelKey: "operation.vessels", HintKey: "operation.vessels.hint", Kind: KindChecks, Optional: true, Options: optionsOf(procedure.Vessels()...)},
		{Name: "stents", LabelKey: "operation.stents", Kind: KindNumber, Optional: true, Width: 6, Low: 0, High: 20},
		{Name: "drug_eluting", LabelKey: "operation.drug_eluting", Kind: KindCheck, Optional: true, Width: 6},
		anaesthesia(procedure.Coronary)}
}

// readOperation reads the form into the record of its programme.
func readOperation(f *Form, v care.OperationForm) care.OperationInput {
	p := procedure.Procedure{Programme: v.Programme, Kind: procedure.Kind(f.Choice("kind")), OperatedOn: f.Date("operated_on"), Lead: picked(f, "lead"),
		Assistant: picked(f, "assistant"), Supervisor: picked(f, "supervisor"), Diagnosis: f.Text("diagnosis"),
		Operations: readCodes(f, "operations", procedure.ParseOperationCode), Diagnoses: readCodes(f, "diagnoses", procedure.ParseDiagnosisCode)}
	for _, a := range f.Choices("anaesthesia") {
		p.Anaesthesia = append(p.Anaesthesia, procedure.Anaesthesia(a))
	}
	switch v.Programme {
	case procedure.Joint:
		p.Side = procedure.Side(f.Choice("side"))
		readJoint(f, &p)
	case procedure.Cataract:
		p.Side = procedure.Side(f.Choice("side"))
		readEye(f, &p)
	case procedure.Coronary:
		readHeart(f, &p)
	}
	in := care.OperationInput{Treatment: v.ID, Operation: p, Confirmed: f.Raw("confirm") != ""}
	in.Reason = strings.TrimSpace(f.Raw("reason")) // asked for where an operation is outside of the privileges
	if v.Reason {
		in.Reason = f.Text("reason")
	}
	return in
}

// picked is the doctor chosen in a box.
func picked(f *Form, name string) ident.ID {
	id, _ := ident.Parse(f.Choice(name)) // not offered: noted by Choice
	return id
}

func readJoint(f *Form, p *procedure.Procedure) {
	j := &procedure.JointPart{Fixation: procedure.Fixation(f.Choice("fixation")), Plan: procedure.Plan(f.Choice("plan")), UnknownPrimary: f.Text("unknown_primary")}
	for _, x := range f.Choices("indications") {
		j.Indications = append(j.Indications, procedure.Indication(x))
	}
	p.ASA, _ = strconv.Atoi(f.Choice("asa")) // empty: not recorded
	j.StageNo, _ = strconv.Atoi(f.Choice("stage_no"))
	p.JointPart = j
}

func readEye(f *Form, p *procedure.Procedure) {
	e := &procedure.EyePart{LensModel: f.Text("lens_model")}
	if text := f.Text("lens_power"); text != "" {
		power, err := procedure.ParsePower(text)
		if err != nil {
			f.Fail("lens_power", "error.procedure.lens_power")
		}
		e.LensPower = &power
	}
	for name, to := range map[string]*acuity.Value{"acuity_before": &e.Before, "acuity_after": &e.After} {
		var err error
		if *to, _, err = acuity.Detect(f.Text(name)); err != nil {
			f.Fail(name, "error.procedure.acuity")
		}
	}
	p.EyePart = e
}

func readHeart(f *Form, p *procedure.Procedure) {
	h := &procedure.HeartPart{Syndrome: procedure.Syndrome(f.Choice("syndrome")), Access: procedure.Access(f.Choice("access")), Stents: f.Int("stents"),
		DrugEluting: f.Bool("drug_eluting")}
	for _, x := range f.Choices("vessels") {
		h.Vessels = append(h.Vessels, procedure.Vessel(x))
	}
	p.HeartPart = h
}

// readCodes reads codes written one after the other.
func readCodes(f *Form, name string, parse func(string) (procedure.Code, error)) []procedure.Code {
	var out []procedure.Code
	for _, word := range strings.FieldsFunc(f.Text(name), func(r rune) bool { return strings.ContainsRune(" ,;\uff0c\uff1b\u3001\u3000", r) }) {
		c, err := parse(word)
		if err != nil {
			e := errs.Of(err)
			f.Fail(name, e.Key, "code", word)
			continue
		}
		out = append(out, c)
	}
	return out
}

// putOperation fills the form with a record that is to be corrected.
func putOperation(f *Form, p procedure.Procedure) {
	code := func(list []procedure.Code) string {
		var out []string
		for _, c := range list {
			out = append(out, c.Code)
		}
		return strings.Join(out, " ")
	}
	f.Put("kind", string(p.Kind)).Put("operated_on", p.OperatedOn.String()).Put("diagnosis", p.Diagnosis).Put("operations", code(p.Operations)).
		Put("diagnoses", code(p.Diagnoses)).PutAll("anaesthesia", texts(p.Anaesthesia))
	for name, id := range map[string]ident.ID{"lead": p.Lead, "assistant": p.Assistant, "supervisor": p.Supervisor} {
		f.Put(name, "")
		if id != ident.Nil {
			f.Put(name, id.String())
		}
	}
	f.Put("side", string(p.Side))
	positive := func(name string, n int) {
		f.Put(name, "")
		if n > 0 {
			f.Put(name, strconv.Itoa(n))
		}
	}
	if j := p.JointPart; j != nil {
		f.Put("fixation", string(j.Fixation)).Put("plan", string(j.Plan)).Put("unknown_primary", j.UnknownPrimary).PutAll("indications", texts(j.Indications))
		positive("asa", p.ASA)
		positive("stage_no", j.StageNo)
	}
	if e := p.EyePart; e != nil {
		f.Put("lens_model", e.LensModel).Put("acuity_before", acuityText(e.Before)).Put("acuity_after", acuityText(e.After))
		f.Put("lens_power", "")
		if e.LensPower != nil {
			f.Put("lens_power", e.LensPower.String())
		}
	}
	if h := p.HeartPart; h != nil {
		f.Put("syndrome", string(h.Syndrome)).Put("access", string(h.Access)).PutAll("vessels", texts(h.Vessels))
		positive("stents", h.Stents)
		f.Put("drug_eluting", "")
		if h.DrugEluting {
			f.Put("drug_eluting", "yes")
		}
	}
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}
