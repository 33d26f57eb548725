package procedure

import (
	"slices"
	"strings"
)

// Indication is why a joint was replaced. The lists put first what Chinese
// centres see first (necrosis and fracture before primary arthrosis); there is
// no default, because a default would become the commonest diagnosis.
type Indication string

// Fixation is how the prosthesis holds; optional.
type Fixation string

// Anaesthesia is one method; several may be combined.
type Anaesthesia string

// Plan says whether the other side is meant to follow.
type Plan string

// Syndrome is the clinical picture that led to the coronary session.
type Syndrome string

// Access is the artery used.
type Access string

// Vessel is a coronary vessel or a graft.
type Vessel string

// Fixations, plans and vessels that rules refer to by name.
const (
	Cemented   Fixation = "CEMENTED"
	Uncemented Fixation = "UNCEMENTED"

	PlanNone     Plan = "NONE"
	Simultaneous Plan = "SIMULTANEOUS"
	Staged       Plan = "STAGED"

	LAD   Vessel = "LAD"
	LCX   Vessel = "LCX"
	RCA   Vessel = "RCA"
	LM    Vessel = "LM"
	Graft Vessel = "GRAFT"
)

// Indications lists the indications of a joint.
func Indications(s Site) []Indication {
	switch s {
	case Hip:
		return []Indication{"AVN", "FRACTURE_ACUTE", "DDH", "OA", "AS", "RA", "OTHER_INFLAMM", "FRACTURE_SEQUELA",
			"FAILED_FIXATION", "FAILED_HEMI", "PREV_INFECTION", "PERTHES_SCFE", "TUMOUR", "REVISION", "OTHER"}
	case Knee:
		return []Indication{"OA", "RA", "POST_TRAUMA", "OTHER_INFLAMM", "OSTEONECROSIS", "PREV_INFECTION",
			"FAILED_OSTEOTOMY", "HAEMOPHILIA", "TUMOUR", "REVISION", "OTHER"}
	}
	return nil
}

// Fixations lists the ways a prosthesis is held.
func Fixations() []Fixation { return []Fixation{Cemented, Uncemented, "HYBRID", "REVERSE_HYBRID"} }

// AnaesthesiaFor lists the methods in use for a programme.
func AnaesthesiaFor(p Programme) []Anaesthesia {
	switch p {
	case Joint:
		return []Anaesthesia{"SPINAL", "GENERAL", "EPIDURAL", "NERVE_BLOCK", "LOCAL_INFILTRATION", "SEDATION"}
	case Cataract:
		return []Anaesthesia{"TOPICAL", "SUB_TENON", "PERIBULBAR", "RETROBULBAR", "GENERAL"}
	case Coronary:
		return []Anaesthesia{"LOCAL_INFILTRATION", "SEDATION", "GENERAL"}
	}
	return nil
}

// Plans lists the plans for both sides.
func Plans() []Plan { return []Plan{PlanNone, Simultaneous, Staged} }

// Syndromes lists the clinical pictures.
func Syndromes() []Syndrome {
	return []Syndrome{"STEMI", "NSTEMI", "UA", "STABLE_ANGINA", "SILENT_ISCHAEMIA", "OTHER"}
}

// Accesses lists the arteries.
func Accesses() []Access {
	return []Access{"RADIAL_R", "RADIAL_L", "DISTAL_RADIAL", "ULNAR", "FEMORAL", "BRACHIAL"}
}

// Vessels lists the vessels.
func Vessels() []Vessel { return []Vessel{LAD, LCX, RCA, LM, Graft} }

// Label is the message key of the name.
func (v Indication) Label() string { return label("indication", string(v)) }

// Label is the message key of the name.
func (v Fixation) Label() string { return label("fixation", string(v)) }

// Label is the message key of the name.
func (v Anaesthesia) Label() string { return label("anaesthesia", string(v)) }

// Label is the message key of the name.
func (v Plan) Label() string { return label("plan", string(v)) }

// Label is the message key of the name.
func (v Syndrome) Label() string { return label("syndrome", string(v)) }

// Label is the message key of the name.
func (v Access) Label() string { return label("access", string(v)) }

// Label is the message key of the name.
func (v Vessel) Label() string { return label("vessel", string(v)) }

func label(room, code string) string { return "procedure." + room + "." + strings.ToLower(code) }

// unknown returns the values that are not in the list.
func unknown[T comparable](values, list []T) []T {
	var out []T
	for _, v := range values {
		if !slices.Contains(list, v) {
			out = append(out, v)
		}
	}
	return out
}
