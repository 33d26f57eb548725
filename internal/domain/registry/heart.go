package registry

// stemi is the syndrome that starts the clock.
const stemi = "STEMI"

func isSTEMI(r Record) bool { return r.Syndrome == stemi }

func infarct(r Record) bool { return r.Syndrome == stemi || r.Syndrome == "NSTEMI" }

// moments are the hands of the clock in their order; which of them a complete
// record of a STEMI has.
func moments() []Field {
	var out []Field
	for _, key := range []string{"onset_at", "fmc_at", "ecg_at", "door_first_at", "door_at", "activation_at", "access_at", "wire_at", "device_at", "timi3_at"} {
		x := Field{Key: key, Section: "clock", Type: Moment, When: isSTEMI}
		x.Needed = key == "onset_at" || key == "door_at" || key == "wire_at"
		out = append(out, x)
	}
	return out
}

// heartFields is the coronary form; its lesions are rows.
func heartFields() []Field {
	out := needed(choice("picture", "urgency", "urgency", "ELECTIVE", "URGENT", "EMERGENCY", "SALVAGE"))
	killip := choice("picture", "killip", "killip", "I", "II", "III", "IV")
	killip.Needed, killip.When = true, infarct
	out = append(out, killip, choice("picture", "ccs", "ccs", "0", "1", "2", "3", "4"), choice("picture", "nyha", "nyha", "I", "II", "III", "IV"), yesNo("picture", "shock"),
		yesNo("picture", "arrest"), number("picture", "grace", span{0, 400, 0, ""}))
	out = append(out, needed(choices("history", "history", "history", None, "DIABETES", "HYPERTENSION", "LIPIDS", "SMOKING", "PRIOR_MI", "PRIOR_PCI", "PRIOR_CABG", "CKD", "PVD", "STROKE"))...)
	out = append(out, number("history", "egfr", span{3, 200, 0, "ml/min/1.73m²"}), number("history", "lvef", span{5, 85, 0, "%"}))
	out = append(out, moments()...)
	transfer, delay := yesNo("clock", "transferred"), choices("clock", "delay_reason", "delay_reason", None, "TRANSPORT", "CONSENT", "DIAGNOSIS", "ACCESS", "TEAM", "ARREST", "OTHER")
	transfer.When, delay.When = isSTEMI, isSTEMI
	out = append(out, transfer, delay)
	out = append(out, yesNo("angiography", "crossover"), choice("angiography", "dominance", "dominance", "RIGHT", "LEFT", "BALANCED"))
	out = append(out, needed(choice("angiography", "vessels_diseased", "vessels_diseased", "0", "1", "2", "3"), yesNo("angiography", "left_main"))...)
	out = append(out, number("angiography", "syntax", span{0, 1000, 1, ""}), choices("angiography", "imaging", "imaging", None, "FFR", "IFR", "IVUS", "OCT"))
	out = append(out, number("dose", "fluoroscopy_min", span{0, 3000, 1, "min"}), number("dose", "air_kerma_mgy", span{0, 20000, 0, "mGy"}), number("dose", "dap_gycm2", span{0, 20000, 1, "Gy·cm²"}))
	out = append(out, needed(number("dose", "contrast_ml", span{0, 1000, 0, "ml"}))...)
	out = append(out, Field{Key: "contrast_agent", Section: "dose", Type: Text, Max: 60})
	out = append(out, needed(choices("safety", "intraop_event", "heart_event", None, "PERFORATION", "DISSECTION", "ABRUPT_CLOSURE", "NO_REFLOW", "TAMPONADE", "ARRHYTHMIA", "ALLERGY",
		"EMERGENCY_CABG", "DEATH", "OTHER"), grade(),
		choices("discharge", "discharge_medicine", "discharge_medicine", None, "ASPIRIN", "P2Y12", "STATIN", "BETA_BLOCKER", "ACEI_ARB"))...)
	return append(out, number("discharge", "dapt_months", span{0, 60, 0, ""}))
}

// lesionFields are the questions about one lesion.
func lesionFields() []Field {
	segments := []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"}
	timi := []string{"0", "1", "2", "3"}
	out := needed(choice("lesion", "segment", "segment", segments...), number("lesion", "stenosis_before", span{0, 100, 0, "%"}), choice("lesion", "timi_before", "timi", timi...))
	treated := func(row Answers) bool { return len(row["device"]) > 0 && !row.Has("device", None) }
	after := needed(number("lesion", "stenosis_after", span{0, 100, 0, "%"}), choice("lesion", "timi_after", "timi", timi...))
	after[0].WhenRow, after[1].WhenRow = treated, treated
	return append(append(out, after...), choice("lesion", "lesion_type", "lesion_type", "A", "B1", "B2", "C"),
		choices("lesion", "lesion_feature", "lesion_feature", None, "CTO", "ISR", "GRAFT", "CALCIFIED", "THROMBUS", "BIFURCATION"),
		choice("lesion", "medina", "medina", "1_0_0", "0_1_0", "0_0_1", "1_1_0", "1_0_1", "0_1_1", "1_1_1"),
		choices("lesion", "device", "lesion_device", None, "BALLOON", "DCB", "DES", "BMS", "BRS"))
}
