package registry

// eyeFields is the cataract form. Power and model of the lens and the first
// acuity stand with the operation; acuity readings have their own list.
func eyeFields() []Field {
	out := needed(choice("eye", "eye_order", "eye_order", "FIRST", "SECOND"),
		choices("eye", "cataract_type", "cataract_type", "NUCLEAR", "CORTICAL", "PSC", "MATURE", "BRUNESCENT", "TRAUMATIC", "CONGENITAL", "COMPLICATED"),
		choices("eye", "co_pathology", "co_pathology", None, "AMD", "GLAUCOMA", "DR", "CORNEAL_OPACITY", "HIGH_MYOPIA", "AMBLYOPIA", "UVEITIS", "PREVIOUS_VITRECTOMY",
			"PSEUDOEXFOLIATION", "PHACODONESIS", "SMALL_PUPIL", "NO_COOPERATION", "ALPHA_BLOCKER", "NO_FUNDAL_VIEW", "OTHER"))
	out = append(out, yesNo("eye", "same_day_bilateral"), choice("eye", "emery_little", "emery_little", "I", "II", "III", "IV", "V"),
		number("eye", "locs_opalescence", span{1, 69, 1, ""}), number("eye", "locs_colour", span{1, 69, 1, ""}), number("eye", "locs_cortical", span{1, 59, 1, ""}),
		number("eye", "locs_posterior", span{1, 59, 1, ""}))
	out = append(out, needed(choice("biometry", "biometry_device", "biometry_device", "OPTICAL", "ULTRASOUND", "NOT_DONE"))...)
	measured := func(r Record) bool { return r.Values.One("biometry_device") != "NOT_DONE" }
	al := number("biometry", "axial_length_mm", span{2000, 3500, 2, "mm"})
	al.Needed, al.When = true, measured
	out = append(out, al, number("biometry", "k1_d", span{3000, 6000, 2, "D"}), number("biometry", "k2_d", span{3000, 6000, 2, "D"}), number("biometry", "k_axis_deg", span{0, 180, 0, "°"}),
		number("biometry", "acd_mm", span{150, 600, 2, "mm"}), number("biometry", "lens_thickness_mm", span{200, 700, 2, "mm"}), number("biometry", "wtw_mm", span{90, 140, 1, "mm"}),
		choice("biometry", "formula", "formula", "SRK_T", "BARRETT_U2", "HAIGIS", "HOFFER_Q", "HOLLADAY", "KANE", "OTHER"),
		number("biometry", "a_constant", span{1100, 1250, 1, ""}), number("biometry", "target_se_d", span{-1000, 500, 2, "D"}), number("biometry", "predicted_se_d", span{-1000, 500, 2, "D"}))
	out = append(out, number("course", "incision_mm", span{15, 120, 1, "mm"}), number("course", "toric_cyl_d", span{50, 1200, 2, "D"}))
	out = append(out, needed(choices("safety", "intraop_event", "eye_event", None, "PCR", "PCR_VITREOUS", "ZONULE_VITREOUS", "ZONULE_DEHISCENCE", "DROPPED_NUCLEUS",
		"IRIS_PROLAPSE", "CORNEAL_BURN", "EXPULSIVE_HAEMORRHAGE", "LENS_PROBLEM", "OTHER"), grade())...)
	return append(out, number("after", "achieved_se_d", span{-1500, 1000, 2, "D"}))
}

// Ruptured reports a posterior capsule rupture in the sense of the National
// Ophthalmology Database: with or without vitreous, or a torn zonule with
// vitreous. A dehiscence without vitreous is none. The second value is false
// while nobody has answered.
func Ruptured(r Record) (ruptured, answered bool) {
	v := r.Values
	return v.Has("intraop_event", "PCR") || v.Has("intraop_event", "PCR_VITREOUS") || v.Has("intraop_event", "ZONULE_VITREOUS"), len(v["intraop_event"]) > 0
}
