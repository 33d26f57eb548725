package procedure

import (
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/registry"
)

// Kind is what was done, as fine as the house counts it.
type Kind string

// The kinds. UKA, EXTRACTION and EXTRACTION_IOL are for records that do not say
// the compartment or the technique; forms offer the exact ones.
const (
	THA         Kind = "THA"
	Hemi        Kind = "HEMI"
	Resurfacing Kind = "RESURFACING"
	HipRevision Kind = "HIP_REVISION"
	HipExplant  Kind = "HIP_EXPLANT"
	// A reoperation works on a replaced joint without adding, exchanging or taking
	// out a component: it is stored, and it is no revision.
	HipReoperation  Kind = "HIP_REOPERATION"
	KneeReoperation Kind = "KNEE_REOPERATION"
	TKA             Kind = "TKA"
	UKAMedial       Kind = "UKA_MEDIAL"
	UKALateral      Kind = "UKA_LATERAL"
	UKA             Kind = "UKA"
	PFA             Kind = "PFA"
	Hinge           Kind = "HINGE"
	KneeRevision    Kind = "KNEE_REVISION"
	KneeExplant     Kind = "KNEE_EXPLANT"

	PhacoIOL      Kind = "PHACO_IOL"
	MSICSIOL      Kind = "MSICS_IOL"
	ECCEIOL       Kind = "ECCE_IOL"
	SecondaryIOL  Kind = "SECONDARY_IOL"
	ExtractionIOL Kind = "EXTRACTION_IOL"
	Extraction    Kind = "EXTRACTION"

	CAG    Kind = "CAG"
	PCI    Kind = "PCI"
	CAGPCI Kind = "CAG_PCI"
)

// class says what an operation does to what is already in the body.
type class int

const (
	other    class = iota
	primary        // puts in the first prosthesis, or takes out the natural lens
	revision       // changes a prosthesis
	explant        // takes a prosthesis out, so that a later one is no second primary
)

// kindRow is one line of the table of kinds. Each group of codes must be met by
// at least one code; extra codes may be added. All by the four-digit base.
type kindRow struct {
	kind      Kind
	programme Programme
	site      Site
	class     class
	groups    [][]string // the first of each group is the default
	extra     []string
}

// kinds is the one table of what there is, in the order forms show it. Codes
// are those of ICD-9-CM-3, volume 3: 81.54 covers total and partial knees alike,
// which is why the kind is kept beside the code.
func kinds() []kindRow {
	bearing := []string{"00.74", "00.75", "00.76", "00.77"}
	hipRev := []string{"81.53", "00.70", "00.71", "00.72", "00.73"}
	kneeRev := []string{"81.55", "00.80", "00.81", "00.82", "00.83", "00.84"}
	angio := []string{"88.56", "88.55", "88.57"}
	cath := []string{"37.21", "37.22", "37.23", "00.24", "00.59"}
	eyeExtra := []string{"14.74", "13.70"}
	pci := append([]string{"36.06", "36.07", "36.09", "17.55", "00.40", "00.41", "00.42", "00.43",
		"00.44", "00.45", "00.46", "00.47", "00.48"}, cath...)
	one := func(codes ...string) [][]string { return [][]string{codes} }
	return []kindRow{
		{THA, Joint, Hip, primary, one("81.51"), bearing},
		{Hemi, Joint, Hip, primary, one("81.52"), nil},
		{Resurfacing, Joint, Hip, primary, one("00.85", "00.86", "00.87"), bearing},
		{HipRevision, Joint, Hip, revision, one(hipRev...), append([]string{"80.05"}, bearing...)},
		{HipExplant, Joint, Hip, explant, one("80.05"), []string{"84.56"}},
		{HipReoperation, Joint, Hip, other, one("81.40", "79.35", "79.75", "80.15", "80.85", "86.22"), nil},
		{TKA, Joint, Knee, primary, one("81.54"), nil},
		{UKAMedial, Joint, Knee, primary, one("81.54"), nil},
		{UKALateral, Joint, Knee, primary, one("81.54"), nil},
		{UKA, Joint, Knee, primary, one("81.54"), nil},
		{PFA, Joint, Knee, primary, one("81.54"), nil},
		{Hinge, Joint, Knee, primary, one("81.54"), nil},
		{KneeRevision, Joint, Knee, revision, one(kneeRev...), []string{"80.06"}},
		{KneeExplant, Joint, Knee, explant, one("80.06"), []string{"84.56"}},
		{KneeReoperation, Joint, Knee, other, one("81.47", "79.36", "79.76", "80.16", "80.86", "86.22"), nil},
		{PhacoIOL, Cataract, Eye, primary, [][]string{{"13.41"}, {"13.71"}}, eyeExtra},
		{MSICSIOL, Cataract, Eye, primary, [][]string{{"13.59"}, {"13.71"}}, eyeExtra},
		{ECCEIOL, Cataract, Eye, primary, [][]string{{"13.59"}, {"13.71"}}, eyeExtra},
		{SecondaryIOL, Cataract, Eye, other, one("13.72"), eyeExtra},
		{ExtractionIOL, Cataract, Eye, primary, [][]string{{"13.59", "13.41", "13.11", "13.19"}, {"13.71"}}, eyeExtra},
		{Extraction, Cataract, Eye, primary, one("13.59", "13.41", "13.11", "13.19"), eyeExtra},
		{CAG, Coronary, CoronaryVessels, other, one(angio...), cath},
		{PCI, Coronary, CoronaryVessels, other, one("00.66"), pci},
		{CAGPCI, Coronary, CoronaryVessels, other, [][]string{angio, {"00.66"}}, pci},
	}
}

// Kinds lists the kinds of a programme.
func Kinds(p Programme) []Kind {
	var out []Kind
	for _, r := range kinds() {
		if r.programme == p {
			out = append(out, r.kind)
		}
	}
	return out
}

func (k Kind) row() (kindRow, bool) {
	for _, r := range kinds() {
		if r.kind == k {
			return r, true
		}
	}
	return kindRow{}, false
}

// Known reports whether k is in the table.
func (k Kind) Known() bool { _, ok := k.row(); return ok }

// Programme is the programme the kind belongs to.
func (k Kind) Programme() Programme { r, _ := k.row(); return r.programme }

// Site is the part of the body of the kind.
func (k Kind) Site() Site { r, _ := k.row(); return r.site }

// Primary reports whether the kind puts in a first prosthesis or removes the
// natural lens: it can be done once per joint or eye.
func (k Kind) Primary() bool { r, _ := k.row(); return r.class == primary }

// Revision reports whether the kind changes a prosthesis that is already there.
func (k Kind) Revision() bool { r, _ := k.row(); return r.class == revision }

// Explant reports whether the kind takes a prosthesis out without a new one.
func (k Kind) Explant() bool { r, _ := k.row(); return r.class == explant }

// Angiography reports whether coronary vessels were only or also looked at.
func (k Kind) Angiography() bool { return k == CAG || k == CAGPCI }

// Intervention reports whether a coronary vessel was treated.
func (k Kind) Intervention() bool { return k == PCI || k == CAGPCI }

// Lens reports whether the kind leaves an artificial lens in the eye.
func (k Kind) Lens() bool {
	return k.Programme() == Cataract && k != Extraction
}

// Form is the sheet of the register the kind is recorded on; empty for none.
func (k Kind) Form() registry.Form {
	forms := map[Site][3]registry.Form{Hip: {registry.HipPrimary, registry.HipRevision, registry.HipReoperation},
		Knee: {registry.KneePrimary, registry.KneeRevision, registry.KneeReoperation}}
	r, _ := k.row()
	switch {
	case r.site == Eye:
		return registry.Cataract
	case r.site == CoronaryVessels:
		return registry.Coronary
	case r.class == primary:
		return forms[r.site][0]
	case r.class == revision || r.class == explant:
		return forms[r.site][1]
	}
	return forms[r.site][2]
}

// Label is the message key of the kind's name.
func (k Kind) Label() string { return "procedure.kind." + strings.ToLower(string(k)) }
