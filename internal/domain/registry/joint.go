package registry

// approaches to the joint, by joint.
func approaches(f Form) []string {
	if hip(f) {
		return []string{"POSTERIOR", "LATERAL_HARDINGE", "ANTEROLATERAL", "DIRECT_ANTERIOR", "TROCH_OSTEOTOMY", "OTHER"}
	}
	return []string{"MEDIAL_PARAPATELLAR", "LATERAL_PARAPATELLAR", "MIDVASTUS", "SUBVASTUS", "OTHER"}
}

func hip(f Form) bool { return f == HipPrimary || f == HipRevision || f == HipReoperation }

func choice(section, key, set string, codes ...string) Field {
	return Field{Key: key, Section: section, Type: Choice, Set: set, Options: codes}
}

func choices(section, key, set string, codes ...string) Field {
	return Field{Key: key, Section: section, Type: Choices, Set: set, Options: codes}
}

// span is the range of a number, in units of its last place.
type span struct {
	low, high, places int
	unit              string
}

func number(section, key string, x span) Field {
	return Field{Key: key, Section: section, Type: Number, Unit: x.unit, Min: x.low, Max: x.high, Places: x.places}
}

func yesNo(section, key string) Field { return choice(section, key, "yes_no", Yes, No) }

// needed marks the questions a complete record answers.
func needed(list ...Field) []Field {
	for i := range list {
		list[i].Needed = true
	}
	return list
}

func grade() Field {
	return choice("team", "lead_grade", "grade", "CHIEF", "ASSOCIATE", "ATTENDING", "RESIDENT")
}

// jointFields is the joint form: what all operations on a joint share, then what
// the first replacement, the revision or another operation adds.
func jointFields(f Form) []Field {
	out := jointPatient(f)
	switch f {
	case HipRevision, KneeRevision:
		out = append(out, revisionFields(f)...)
	case HipReoperation, KneeReoperation:
		out = append(out, needed(choice("again", "reoperation_type", "reoperation", "DAIR_NO_EXCHANGE", "FRACTURE_FIXATION", "CLOSED_REDUCTION", "WOUND", "OTHER"))...)
	}
	if f != HipReoperation && f != KneeReoperation {
		out = append(out, jointTechnique(f)...)
	}
	return append(out, jointSafety(f)...)
}

func jointPatient(f Form) []Field {
	out := []Field{number("patient", "height_cm", span{100, 220, 0, "cm"}), number("patient", "weight_kg", span{250, 2000, 1, "kg"})}
	if f == HipPrimary || f == KneePrimary {
		out = append(out, needed(choices("patient", "prior_surgery", "prior_surgery", None, "OSTEOTOMY", "FIXATION", "ARTHROSCOPY", "DECOMPRESSION", "OTHER"))...)
		out = append(out, choice("patient", "kellgren_lawrence", "kellgren_lawrence", "0", "1", "2", "3", "4"))
		if hip(f) {
			out = append(out, choice("patient", "arco", "arco", "1", "2", "3A", "3B", "4"), choice("patient", "crowe", "crowe", "I", "II", "III", "IV"))
		}
		out = append(out, number("patient", "deformity_deg", span{-45, 60, 0, "°"}), number("patient", "flexion_deg", span{0, 160, 0, "°"}))
	}
	return out
}

func jointTechnique(f Form) []Field {
	out := needed(choice("technique", "approach", approachSet(f), approaches(f)...))
	if hip(f) {
		out = append(out, needed(choice("technique", "bearing", "bearing", "MOP", "MOHXLPE", "COP", "COHXLPE", "COC", "MOM", "COM", "NO_BEARING"))...)
		out = append(out, number("technique", "head_mm", span{22, 58, 0, "mm"}), yesNo("technique", "dual_mobility"))
	} else {
		out = append(out, needed(choice("technique", "constraint", "constraint", "CR", "PS", "UC", "CCK", "HINGE", "PARTIAL"),
			choice("technique", "platform", "platform", "FIXED", "MOBILE", "ROTATING"), choice("technique", "patella", "patella", "RESURFACED", "NOT_RESURFACED"))...)
	}
	graft := []string{None, "FEMUR_AUTO", "FEMUR_ALLO", "FEMUR_SUBSTITUTE"}
	if hip(f) {
		graft = append(graft, "ACETABULUM_AUTO", "ACETABULUM_ALLO", "ACETABULUM_SUBSTITUTE")
	} else {
		graft = append(graft, "TIBIA_AUTO", "TIBIA_ALLO", "TIBIA_SUBSTITUTE")
	}
	return append(out, needed(choices("technique", "bone_graft", "bone_graft", graft...),
		choices("technique", "assist_tech", "assist_tech", None, "NAVIGATION", "ROBOT", "PATIENT_SPECIFIC"))...)
}

func approachSet(f Form) string {
	if hip(f) {
		return "approach_hip"
	}
	return "approach_knee"
}

func jointSafety(f Form) []Field {
	out := []Field{{Key: "started_at", Section: "course", Type: Moment}, {Key: "ended_at", Section: "course", Type: Moment}}
	if !hip(f) {
		out = append(out, number("course", "tourniquet_min", span{0, 240, 0, "min"}))
	}
	out = append(out, number("course", "blood_loss_ml", span{0, 5000, 0, "ml"}), yesNo("course", "tranexamic"))
	events := []string{None, "SHAFT_FRACTURE", "SHAFT_PENETRATION", "LIGAMENT_INJURY", "VASCULAR", "NERVE", "DEATH", "OTHER"}
	if hip(f) {
		events = append(events, "CALCAR_CRACK", "TROCH_FRACTURE", "PELVIC_PENETRATION")
	} else {
		events = append(events, "PATELLAR_TENDON", "CONDYLE_FRACTURE")
	}
	out = append(out, needed(choices("safety", "vte_chemical", "vte_chemical", None, "LMWH", "ASPIRIN", "DOAC", "FONDAPARINUX", "WARFARIN", "UFH"),
		choices("safety", "vte_mechanical", "vte_mechanical", None, "TED", "FOOT_PUMP", "IPC"),
		Field{Key: "antibiotic", Section: "safety", Type: Text, Max: 60})...)
	out = append(out, number("safety", "antibiotic_before_min", span{0, 240, 0, "min"}), choice("safety", "cement_antibiotic", "cement_antibiotic", Yes, No, "NO_CEMENT"))
	out = append(out, needed(choices("safety", "intraop_event", "joint_event", events...))...)
	return append(out, append(needed(grade()), yesNo("team", "supervisor_scrubbed"))...)
}

// Statuses of the reasons of a revision: what the surgeon thought on the day,
// and what stood after the cultures had come back.
const (
	ReasonProvisional = "PROVISIONAL"
	ReasonConfirmed   = "CONFIRMED"
)

// ReasonRecheckDays is when the reasons of a revision are looked at again. One
// site of the National Joint Registry found every fourth to fifth reason wrong
// once microbiology was known, infection most often missed.
const ReasonRecheckDays = 30

func revisionFields(f Form) []Field {
	reasons := []string{"LOOSENING_FEMORAL", "LYSIS", "INFECTION_CONFIRMED", "INFECTION_SUSPECTED", "DISLOCATION_INSTABILITY", "PERIPROSTHETIC_FRACTURE", "MALALIGNMENT",
		"IMPLANT_FRACTURE", "WEAR", "PAIN_UNEXPLAINED", "SECOND_STAGE", "OTHER"}
	exchanged := []string{"FEMORAL_COMPONENT", "SOFT_TISSUE_ONLY"}
	if hip(f) {
		reasons = append(reasons, "LOOSENING_ACETABULAR", "LINER_DISSOCIATION", "HEAD_SOCKET_MISMATCH", "ARMD")
		exchanged = append(exchanged, "ACETABULAR_COMPONENT", "LINER", "HEAD", "NECK")
	} else {
		reasons = append(reasons, "LOOSENING_TIBIAL", "LOOSENING_PATELLAR", "STIFFNESS", "PROGRESSION_OA", "SECONDARY_PATELLA")
		exchanged = append(exchanged, "TIBIAL_COMPONENT", "INSERT", "PATELLA_COMPONENT")
	}
	return needed(choice("revision", "revision_stage", "revision_stage", "SINGLE", "STAGE_1_OF_2", "STAGE_2_OF_2"),
		choices("revision", "exchanged", "exchanged", exchanged...), choices("revision", "revision_reason", "revision_reason", reasons...),
		choice("revision", "reason_status", "reason_status", ReasonProvisional, ReasonConfirmed))
}
