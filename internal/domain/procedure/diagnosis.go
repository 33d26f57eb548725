package procedure

// diagnosisOf is the ICD-10 code a recorded indication or clinical picture leads
// to, by joint where the book has one per joint. What leads to no single code
// (a tumour, a failed fixation, "other") has none: a code nobody chose would be
// counted as a diagnosis.
func diagnosisOf(site Site, why string) string {
	byJoint := map[Site]map[string]string{
		Hip: {"OA": "M16.9", "AVN": "M87.0", "FRACTURE_ACUTE": "S72.0", "DDH": "Q65.8", "FRACTURE_SEQUELA": "T93.1", "PERTHES_SCFE": "M91.1",
			"RA": "M06.9", "AS": "M45", "REVISION": "T84.0"},
		Knee:            {"OA": "M17.9", "RA": "M06.9", "POST_TRAUMA": "M17.3", "OSTEONECROSIS": "M87.9", "REVISION": "T84.0"},
		CoronaryVessels: {"STEMI": "I21.3", "NSTEMI": "I21.4", "UA": "I20.0", "STABLE_ANGINA": "I20.8", "SILENT_ISCHAEMIA": "I25.6"},
	}
	return byJoint[site][why]
}

// DefaultDiagnoses are the codes the record's indications or clinical picture
// lead to; the person may make them finer.
func DefaultDiagnoses(p Procedure) []Code {
	var why []string
	if p.JointPart != nil {
		for _, x := range p.JointPart.Indications {
			why = append(why, string(x))
		}
	}
	if p.HeartPart != nil {
		why = append(why, string(p.HeartPart.Syndrome))
	}
	var out []Code
	for _, w := range why {
		if c := diagnosisOf(p.Kind.Site(), w); c != "" {
			out = append(out, Code{c, CatalogueDiagnoses, catalogueVersion})
		}
	}
	return out
}
