package procedure_test

import (
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
)

var (
	today = clock.MustDate(2026, 11, 20)
	opDay = clock.MustDate(2026, 11, 10)
)

func knee() procedure.Procedure {
	return procedure.Procedure{ID: ident.New(), Kind: procedure.TKA, Side: procedure.Right, OperatedOn: opDay, Hospital: ident.New(),
		Lead: ident.New(), Assistant: ident.New(), Anaesthesia: []procedure.Anaesthesia{"SPINAL"}, ASA: 2,
		Diagnoses: []procedure.Code{code("M17.100")}, Diagnosis: "右膝骨关节炎",
		JointPart: &procedure.JointPart{Indications: []procedure.Indication{"OA"}, Fixation: procedure.Cemented, Plan: procedure.PlanNone}}.Completed()
}

func eye() procedure.Procedure {
	power := procedure.Power(41)
	return procedure.Procedure{ID: ident.New(), Kind: procedure.PhacoIOL, Side: procedure.Left, OperatedOn: opDay, Hospital: ident.New(),
		Lead: ident.New(), Anaesthesia: []procedure.Anaesthesia{"TOPICAL"}, Diagnoses: []procedure.Code{code("H25.900")},
		EyePart: &procedure.EyePart{LensPower: &power, LensModel: "AO", Before: "L1.30", After: "L0.10"}}.Completed()
}

func heart() procedure.Procedure {
	return procedure.Procedure{ID: ident.New(), Kind: procedure.CAGPCI, OperatedOn: opDay, Hospital: ident.New(), Lead: ident.New(),
		Anaesthesia: []procedure.Anaesthesia{"LOCAL_INFILTRATION"}, Diagnoses: []procedure.Code{code("I20.000")},
		HeartPart: &procedure.HeartPart{Syndrome: "UA", Access: "RADIAL_R", Vessels: []procedure.Vessel{procedure.LAD}, Stents: 1, DrugEluting: true}}.Completed()
}

func code(s string) procedure.Code {
	return procedure.Code{Code: s, Catalogue: procedure.CatalogueDiagnoses, Version: "2.0"}
}

func op(s string) procedure.Code {
	return procedure.Code{Code: s, Catalogue: procedure.CatalogueOperations, Version: "2.0"}
}

func facts() procedure.Facts {
	return procedure.Facts{Today: today, Born: clock.MustDate(1956, 5, 1), Admitted: clock.MustDate(2026, 11, 8),
		Discharged: clock.MustDate(2026, 11, 18)}
}

func TestAGoodRecordHasNoErrorAndNoMark(t *testing.T) {
	for _, p := range []procedure.Procedure{knee(), eye(), heart()} {
		if f, ws := procedure.Validate(p, facts()); len(f) > 0 || len(ws) > 0 {
			t.Errorf("%s: %v %v", p.Kind, f, ws)
		}
	}
}

func TestInputErrorsAreNamedAtTheirField(t *testing.T) {
	type change func(*procedure.Procedure)
	power := procedure.Power(81)
	for name, c := range map[string]struct {
		base   func() procedure.Procedure
		change change
		path   string
	}{
		"no side":                    {knee, func(p *procedure.Procedure) { p.Side = "" }, "side"},
		"both sides":                 {knee, func(p *procedure.Procedure) { p.Side = "B" }, "side"},
		"a side on a heart":          {heart, func(p *procedure.Procedure) { p.Side = procedure.Left }, "side"},
		"a knee kind on a hip":       {knee, func(p *procedure.Procedure) { p.Site = procedure.Hip }, "site"},
		"a kind of nowhere":          {knee, func(p *procedure.Procedure) { p.Kind = "ELBOW" }, "kind"},
		"a kind of another help":     {knee, func(p *procedure.Procedure) { p.Kind = procedure.PCI }, "kind"},
		"no programme":               {knee, func(p *procedure.Procedure) { p.Programme = "teeth" }, "programme"},
		"an eye part on a knee":      {knee, func(p *procedure.Procedure) { p.EyePart = &procedure.EyePart{} }, "programme"},
		"no day":                     {knee, func(p *procedure.Procedure) { p.OperatedOn = clock.Date{} }, "operated_on"},
		"tomorrow":                   {knee, func(p *procedure.Procedure) { p.OperatedOn = today.AddDays(1) }, "operated_on"},
		"before birth":               {knee, func(p *procedure.Procedure) { p.OperatedOn = clock.MustDate(1956, 4, 30) }, "operated_on"},
		"no lead":                    {knee, func(p *procedure.Procedure) { p.Lead = ident.Nil }, "lead"},
		"no hospital":                {knee, func(p *procedure.Procedure) { p.Hospital = ident.Nil }, "hospital"},
		"lead assists":               {knee, func(p *procedure.Procedure) { p.Assistant = p.Lead }, "assistant"},
		"lead supervises":            {knee, func(p *procedure.Procedure) { p.Supervisor = p.Lead }, "supervisor"},
		"assistant supervises":       {knee, func(p *procedure.Procedure) { p.Supervisor = p.Assistant }, "supervisor"},
		"no anaesthesia":             {knee, func(p *procedure.Procedure) { p.Anaesthesia = nil }, "anaesthesia"},
		"an eye's anaesthesia":       {knee, func(p *procedure.Procedure) { p.Anaesthesia = []procedure.Anaesthesia{"TOPICAL"} }, "anaesthesia"},
		"ASA 6":                      {knee, func(p *procedure.Procedure) { p.ASA = 6 }, "asa"},
		"no indication":              {knee, func(p *procedure.Procedure) { p.JointPart.Indications = nil }, "indications"},
		"no joint part":              {knee, func(p *procedure.Procedure) { p.JointPart = nil }, "indications"},
		"a hip's indication":         {knee, func(p *procedure.Procedure) { p.JointPart.Indications = []procedure.Indication{"DDH"} }, "indications"},
		"unknown fixation":           {knee, func(p *procedure.Procedure) { p.JointPart.Fixation = "GLUE" }, "fixation"},
		"unknown plan":               {knee, func(p *procedure.Procedure) { p.JointPart.Plan = "LATER" }, "plan"},
		"staged without stage":       {knee, func(p *procedure.Procedure) { p.JointPart.Plan = procedure.Staged }, "stage_no"},
		"stage without plan":         {knee, func(p *procedure.Procedure) { p.JointPart.StageNo = 1 }, "stage_no"},
		"stage three":                {knee, func(p *procedure.Procedure) { p.JointPart.Plan, p.JointPart.StageNo = procedure.Staged, 3 }, "stage_no"},
		"lens too strong":            {eye, func(p *procedure.Procedure) { p.EyePart.LensPower = &power }, "lens_power"},
		"lens in a plain extraction": {eye, func(p *procedure.Procedure) { p.Kind, p.Operations = procedure.Extraction, nil }, "lens_power"},
		"acuity in five points":      {eye, func(p *procedure.Procedure) { p.EyePart.After = "4.7" }, "acuity_after"},
		"acuity in another spelling": {eye, func(p *procedure.Procedure) { p.EyePart.Before = "0.5" }, "acuity_before"},
		"no syndrome":                {heart, func(p *procedure.Procedure) { p.HeartPart.Syndrome = "" }, "syndrome"},
		"unknown syndrome":           {heart, func(p *procedure.Procedure) { p.HeartPart.Syndrome = "COLD" }, "syndrome"},
		"no access":                  {heart, func(p *procedure.Procedure) { p.HeartPart.Access = "" }, "access"},
		"unknown access":             {heart, func(p *procedure.Procedure) { p.HeartPart.Access = "NOSE" }, "access"},
		"no vessel":                  {heart, func(p *procedure.Procedure) { p.HeartPart.Vessels = nil }, "vessels"},
		"unknown vessel":             {heart, func(p *procedure.Procedure) { p.HeartPart.Vessels = []procedure.Vessel{"AORTA"} }, "vessels"},
		"a vessel twice":             {heart, func(p *procedure.Procedure) { p.HeartPart.Vessels = []procedure.Vessel{"LAD", "LAD"} }, "vessels"},
		"stents below zero":          {heart, func(p *procedure.Procedure) { p.HeartPart.Stents = -1 }, "stents"},
		"a length as a count":        {heart, func(p *procedure.Procedure) { p.HeartPart.Stents = 33 }, "stents"},
		"stent in an angiography":    {heart, func(p *procedure.Procedure) { p.Kind, p.Operations = procedure.CAG, nil }, "stents"},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.base()
			c.change(&p)
			f, _ := procedure.Validate(p, facts())
			if !f.Has(c.path) {
				t.Fatalf("no error at %s: %v", c.path, f)
			}
		})
	}
}

func TestCodesMustFitTheKind(t *testing.T) {
	for name, c := range map[string]struct {
		kind  procedure.Kind
		codes []string
		ok    bool
	}{
		"knee":                       {procedure.TKA, []string{"81.54"}, true},
		"knee, national extension":   {procedure.TKA, []string{"81.5400x004"}, true},
		"knee with a hip code":       {procedure.TKA, []string{"81.51"}, false},
		"knee with a revision code":  {procedure.TKA, []string{"81.54", "81.55"}, false},
		"hip with bearing":           {procedure.THA, []string{"81.51", "00.77"}, true},
		"only the bearing":           {procedure.THA, []string{"00.77"}, false},
		"revision of the cup":        {procedure.HipRevision, []string{"00.71"}, true},
		"revision with primary code": {procedure.KneeRevision, []string{"81.54"}, false},
		"explant with spacer":        {procedure.HipExplant, []string{"80.05", "84.56"}, true},
		"phaco with lens":            {procedure.PhacoIOL, []string{"13.4100x001", "13.7100x001"}, true},
		"phaco without lens code":    {procedure.PhacoIOL, []string{"13.41"}, false},
		"secondary lens":             {procedure.SecondaryIOL, []string{"13.72"}, true},
		"small incision":             {procedure.MSICSIOL, []string{"13.59", "13.71"}, true},
		"angiography":                {procedure.CAG, []string{"88.55", "37.22"}, true},
		"angiography with stent":     {procedure.CAG, []string{"88.56", "36.07"}, false},
		"angiography with bare":      {procedure.CAG, []string{"88.56", "36.06"}, false},
		"angiography with balloon":   {procedure.CAG, []string{"88.56", "00.66"}, false},
		"stent":                      {procedure.PCI, []string{"00.66", "36.07", "00.40", "00.45"}, true},
		"stent without PTCA":         {procedure.PCI, []string{"36.07"}, false},
		"both need both":             {procedure.CAGPCI, []string{"00.66", "36.07"}, false},
		"not a code":                 {procedure.TKA, []string{"81.54", "knee"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := procedure.Procedure{Kind: c.kind, Side: procedure.Left, OperatedOn: opDay, Hospital: ident.New()}
			if c.kind.Programme() == procedure.Coronary {
				p.Side = ""
			}
			for _, s := range c.codes {
				p.Operations = append(p.Operations, op(s))
			}
			f, _ := procedure.Validate(p.Completed(), procedure.Facts{Today: today, History: true})
			if f.Has("operations") == c.ok {
				t.Fatalf("ok = %v: %v", !f.Has("operations"), f)
			}
		})
	}
	bare := knee()
	bare.Operations = []procedure.Code{{Code: "81.54"}}
	if f, _ := procedure.Validate(bare, facts()); !f.Has("operations") {
		t.Error("a code without its catalogue is taken")
	}
}

func TestTheDefaultsOfEveryKindAreConsistent(t *testing.T) {
	for _, prog := range procedure.Programmes() {
		for _, k := range procedure.Kinds(prog) {
			p := procedure.Procedure{Kind: k, Side: procedure.Left, OperatedOn: opDay, Hospital: ident.New()}
			if prog == procedure.Coronary {
				p.Side = ""
				p.HeartPart = &procedure.HeartPart{Vessels: []procedure.Vessel{"LAD", "RCA"}}
				if k.Intervention() {
					p.HeartPart.Stents, p.HeartPart.DrugEluting = 6, true
				}
			}
			p = p.Completed()
			if f, _ := procedure.Validate(p, procedure.Facts{Today: today, History: true}); len(f) > 0 {
				t.Errorf("%s: %v", k, f)
			}
			if p.Programme != prog || p.Site != k.Site() || len(p.Operations) == 0 {
				t.Errorf("%s: not completed: %+v", k, p)
			}
		}
	}
}

func TestAnInterventionTreatedALesion(t *testing.T) {
	h := heart()
	if !h.Kind.Intervention() || !slices.Contains(h.Missing(), "lesion1_segment") {
		t.Errorf("%s without a lesion lacks only %v", h.Kind, h.Missing())
	}
}

func TestDefaultCodesCountVesselsAndStents(t *testing.T) {
	bases := func(h *procedure.HeartPart) (out []string) {
		for _, c := range procedure.DefaultOperations(procedure.PCI, h) {
			out = append(out, c.Base())
		}
		return out
	}
	got := bases(&procedure.HeartPart{Vessels: []procedure.Vessel{"LAD", "RCA"}, Stents: 5, DrugEluting: true})
	if !slices.Equal(got, []string{"00.66", "36.07", "00.41", "00.48"}) {
		t.Errorf("two vessels, five stents: %v", got)
	}
	got = bases(&procedure.HeartPart{Vessels: []procedure.Vessel{"LAD"}, Stents: 1})
	if !slices.Equal(got, []string{"00.66", "36.06", "00.40", "00.45"}) {
		t.Errorf("one bare stent: %v", got)
	}
	if got = bases(nil); !slices.Equal(got, []string{"00.66"}) {
		t.Errorf("nothing known: %v", got)
	}
}

func TestCodeSpellings(t *testing.T) {
	for text, want := range map[string]string{"81.5400X004": "81.5400x004", " 13.71 ": "13.71", "８１．５１": "81.51"} {
		if c, err := procedure.ParseOperationCode(text); err != nil || c.Code != want || c.Catalogue == "" || c.Version == "" {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
	for text, want := range map[string]string{"m17.1": "M17.1", "M17.100X001": "M17.100x001", "I10.X00X002": "I10.x00x002", "H25": "H25", "A17.0+": "A17.0+"} {
		if c, err := procedure.ParseDiagnosisCode(text); err != nil || c.Code != want {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
	for _, text := range []string{"", "8154", "81.5", "81.540", "M17", "81.54x004"} {
		if c, err := procedure.ParseOperationCode(text); err == nil {
			t.Errorf("operation %q became %+v", text, c)
		}
	}
	for _, text := range []string{"", "17.1", "M1", "MM7.1", "骨关节炎"} {
		if c, err := procedure.ParseDiagnosisCode(text); err == nil {
			t.Errorf("diagnosis %q became %+v", text, c)
		}
	}
	if (procedure.Code{Code: "M17.100x001"}).Base() != "M17.1" || (procedure.Code{Code: "H25"}).Base() != "H25" {
		t.Error("base")
	}
}

// An old ledger records less than the form; what it does not know is no error.
func TestHistoryMayKnowLess(t *testing.T) {
	for _, k := range []procedure.Kind{procedure.TKA, procedure.PhacoIOL, procedure.PCI} {
		p := procedure.Procedure{Kind: k, Side: procedure.Left, OperatedOn: opDay, Hospital: ident.New(), LeadVisiting: true}
		if k == procedure.PCI {
			p.Side = ""
		}
		if f, ws := procedure.Validate(p.Completed(), procedure.Facts{Today: today, History: true}); len(f) > 0 || len(ws) > 0 {
			t.Errorf("%s: %v %v", k, f, ws)
		}
		p.Side = "?"
		if f, _ := procedure.Validate(p.Completed(), procedure.Facts{Today: today, History: true}); !f.Has("side") {
			t.Errorf("%s: a side that is none is taken", k)
		}
	}
}
