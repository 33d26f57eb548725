package demo

import (
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// procedure is one operation with everything the form asks for.
func (m *maker) procedure(r *record, op operation) (procedure.Procedure, error) {
	team := surgeons(hospitalCode(r.t.Hospital), specialty(r.t.Programme))
	lead := pick(m, team...)
	p := procedure.Procedure{ID: m.next(), Treatment: r.t.ID, Kind: op.kind, Side: op.side, OperatedOn: r.operated, Hospital: r.t.Hospital,
		Lead: lead.id(), LeadVisiting: lead.home != hospitalCode(r.t.Hospital), Diagnosis: diagnosisText(op)}
	for _, d := range team {
		if d.key != lead.key {
			p.Assistant = d.id()
		}
	}
	m.teach(&p, team)
	if !p.LeadVisiting && p.Supervisor == ident.Nil && p.OperatedOn.Day()%2 == 0 { // the visitor has left, or has another list
		p.Assistant = locals(p.Assistant, team)
	}
	code, err := procedure.ParseDiagnosisCode(m.diagnosis(op.kind))
	if err != nil {
		return p, err
	}
	p.Diagnoses = []procedure.Code{code}
	switch r.t.Programme {
	case procedure.Joint:
		p.Anaesthesia, p.ASA = []procedure.Anaesthesia{pick(m, procedure.Anaesthesia("SPINAL"), "SPINAL", "GENERAL")}, 1+m.rng.IntN(3)
		p.JointPart = m.joint(r, op)
	case procedure.Cataract:
		p.Anaesthesia = []procedure.Anaesthesia{"TOPICAL"}
		power := procedure.Power(36 + m.rng.IntN(14))
		p.EyePart = &procedure.EyePart{LensPower: &power, Before: pick(m, acuity.Value("L1.30"), "L1.00", acuity.CountingFingers), After: pick(m, acuity.Value("L0.30"), "L0.20", "L0.10")}
	case procedure.Coronary:
		p.Anaesthesia = []procedure.Anaesthesia{"LOCAL_INFILTRATION"}
		p.HeartPart = m.heart(op)
	}
	p = p.Completed()
	p.Record = m.sheet(p)
	return p, nil
}

// teach makes two of three operations a local doctor leads beside a visitor
// supervised ones: that is how the ladder is climbed.
func (m *maker) teach(p *procedure.Procedure, team []doctor) {
	if p.LeadVisiting || p.OperatedOn.Day()%3 == 0 {
		return
	}
	for _, d := range team {
		if d.posted != "" && d.id() != p.Lead {
			if p.Supervisor = d.id(); p.Assistant == p.Supervisor {
				p.Assistant = ident.Nil
			}
			return
		}
	}
}

// locals is the assistant if that is a doctor of the house.
func locals(assistant ident.ID, team []doctor) ident.ID {
	for _, d := range team {
		if d.id() == assistant && d.posted == "" {
			return assistant
		}
	}
	return ident.Nil
}

func (m *maker) joint(r *record, op operation) *procedure.JointPart {
	m.rng.IntN(2)                                     // one draw is kept: the figures of the demo come from what is drawn after it
	usual := procedure.Indications(op.kind.Site())[0] // the one diagnosisText tells
	part := &procedure.JointPart{Indications: []procedure.Indication{usual}, Fixation: pick(m, procedure.Cemented, procedure.Uncemented), Plan: op.plan}
	if op.plan == procedure.Staged {
		part.StageGroup, part.StageNo = id("stage/"+r.file.item.ID.String()), op.no
	}
	return part
}

func (m *maker) heart(op operation) *procedure.HeartPart {
	h := &procedure.HeartPart{Syndrome: pick(m, procedure.Syndrome("UA"), "UA", "STABLE_ANGINA", "NSTEMI", "STEMI"),
		Access: pick(m, procedure.Access("RADIAL_R"), "RADIAL_R", "RADIAL_R", "FEMORAL"), Vessels: []procedure.Vessel{pick(m, procedure.LAD, procedure.LAD, procedure.RCA, procedure.LCX)}}
	if op.kind != procedure.CAG {
		h.Stents, h.DrugEluting = 1+m.rng.IntN(2), true
	}
	return h
}

// diagnosis is an ordinary ICD-10 code of the kind.
func (m *maker) diagnosis(k procedure.Kind) string {
	switch k {
	case procedure.HipRevision:
		return "T84.0"
	case procedure.PhacoIOL, procedure.MSICSIOL:
		return pick(m, "H25.1", "H25.9")
	case procedure.CAG, procedure.PCI, procedure.CAGPCI:
		return pick(m, "I20.0", "I25.1")
	}
	if k.Site() == procedure.Hip {
		return pick(m, "M87.0", "M87.9")
	}
	return "M17.1"
}

// diagnosisText and planText are what a person would write on the card.
func diagnosisText(op operation) string {
	side := map[procedure.Side]string{procedure.Left: "左", procedure.Right: "右"}[op.side]
	switch op.kind.Site() {
	case procedure.Hip:
		return side + "股骨头坏死"
	case procedure.Knee:
		return side + "膝骨关节炎"
	case procedure.Eye:
		return side + "眼白内障"
	}
	return "冠心病"
}

func planText(ops []operation) string {
	names := map[procedure.Kind]string{procedure.THA: "全髋关节置换", procedure.Hemi: "人工股骨头置换", procedure.TKA: "全膝关节置换",
		procedure.UKAMedial: "膝关节单髁置换", procedure.HipRevision: "髋关节翻修", procedure.PhacoIOL: "白内障超声乳化", procedure.MSICSIOL: "小切口白内障手术",
		procedure.CAG: "冠脉造影", procedure.PCI: "冠脉支架", procedure.CAGPCI: "冠脉造影并支架"}
	side := map[procedure.Side]string{procedure.Left: "左侧", procedure.Right: "右侧"}[ops[0].side]
	if len(ops) > 1 {
		side = "双侧同期"
	}
	return side + names[ops[0].kind]
}

func doctorName(lead ident.ID) string {
	for _, d := range doctors() {
		if d.id() == lead {
			return d.name
		}
	}
	return ""
}

func stageGroup(p procedure.Procedure) ident.ID {
	if p.JointPart == nil {
		return ident.Nil
	}
	return p.JointPart.StageGroup
}
