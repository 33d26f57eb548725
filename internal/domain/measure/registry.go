package measure

// Measures of facts, by group. What a row of a base says about each of them
// stands in the store; a test proves that the two lists are the same.

// shapeOf starts a measure of a base.
func shapeOf(b Base, p Programme, g Group) func(ID, Kind, Unit, Direction, ...option) Definition {
	return func(id ID, k Kind, u Unit, dir Direction, more ...option) Definition {
		d := Definition{ID: id, Version: 1, Programme: p, Unit: u, Kind: k, Clock: string(b), Group: g, Base: b, Direction: dir, List: ListFacts}
		for _, o := range more {
			o(&d)
		}
		return d
	}
}

type option func(*Definition)

// without names why units may be left out.
func without(r ...Reason) option {
	return func(d *Definition) { d.Exclusions = append(d.Exclusions, r...) }
}

// within looks at so many days after the operation; they must be over.
func within(days int) option {
	return func(d *Definition) {
		d.Horizon, d.MinFollow = days, days
		d.Exclusions = append(d.Exclusions, TooRecent)
	}
}

// after needs so many days to be over, without a horizon.
func after(days int) option {
	return func(d *Definition) {
		d.MinFollow = days
		d.Exclusions = append(d.Exclusions, TooRecent)
	}
}

// horizon is the day a survival is read at; nobody has to reach it.
func horizon(days int) option { return func(d *Definition) { d.Horizon = days } }

func decimals(n int) option { return func(d *Definition) { d.Decimals = n } }

// contains names measures of which every event is one of this measure too.
func contains(ids ...ID) option { return func(d *Definition) { d.Contains = ids } }

func classes(prefix string) option { return func(d *Definition) { d.Classes = prefix } }

// ClassText marks classes that are names and have no message key.
const ClassText = "text"

func factMeasures() []Definition {
	var out []Definition
	for _, list := range [][]Definition{accessMeasures(), moneyMeasures(), jointsMeasures(), eyesMeasures(), heartsMeasures(), followedMeasures(), keptMeasures(), visitingMeasures(), skillsMeasures()} {
		out = append(out, list...)
	}
	return out
}

func accessMeasures() []Definition {
	stay, letter, person := shapeOf(Stays, All, Access), shapeOf(Referrals, All, Access), shapeOf(Screened, All, Access)
	home := shapeOf(Residents, All, Access)
	return []Definition{
		stay("access.wait_days", Median, Days, Down, without(LaterStay)),
		stay("access.operated_90", Proportion, Percent, Up, without(LaterStay)),
		stay("access.preop_days", Median, Days, Down),
		stay("access.stay_days", Median, Days, Down),
		stay("access.second_side_days", Median, Days, Neutral, without(OnlyFirst)),
		letter("access.referrals", CountUnits, Letters, Neutral, classes("referral.state.")),
		letter("access.referral_days", Median, Days, Down, without(Withdrawn, Unanswered)),
		letter("access.referral_accepted", Proportion, Percent, Up, without(Withdrawn, Unanswered)),
		person("access.screened", CountUnits, Persons, Up, classes("screening.triage.")),
		person("access.declined", Proportion, Percent, Down, without(NotAdvised, NoAnswer)),
		person("access.decline_reasons", CountUnits, Persons, Neutral, without(NotAdvised, NoAnswer), classes("screening.reason.")),
		person("access.screened_operated", Proportion, Percent, Up, without(NotAdvised)),
		letter("access.referral_to", CountUnits, Letters, Neutral, classes(ClassText)),
		home("access.townships", CountUnits, Operations, Neutral, without(NoPlace), classes(ClassText)),
		home("access.elderly_rate", PopulationRate, PerThousand, Neutral, without(NoPlace, NotElderly, NoPopulation), classes(ClassText)),
	}
}

func moneyMeasures() []Definition {
	stay, line := shapeOf(Stays, All, Money), shapeOf(FundLines, All, Money)
	bill := without(NotSettled)
	return []Definition{
		stay("money.basic", SumValues, Fen, Neutral, bill), stay("money.critical", SumValues, Fen, Neutral, bill),
		stay("money.assistance", SumValues, Fen, Neutral, bill), stay("money.other", SumValues, Fen, Neutral, bill),
		stay("money.fund", SumValues, Fen, Neutral, bill), stay("money.waiver", SumValues, Fen, Neutral, bill),
		line("money.by_fund", SumValues, Fen, Neutral, classes(ClassText)),
		stay("money.free_share", Proportion, Percent, Up, bill),
		stay("money.net_median", Median, Fen, Down, bill),
		stay("money.bill_median", Median, Fen, Down, bill),
		stay("money.reduction_median", Median, Fen, Neutral, bill),
		stay("money.estimate_variance", Median, Percent, Neutral, without(NotSettled, NoEstimate), decimals(2)),
		stay("money.estimate_near", Proportion, Percent, Up, without(NotSettled, NoEstimate)),
		stay("money.settle_days", Median, Days, Down, bill),
		stay("money.settled_30", Proportion, Percent, Up, after(30)),
	}
}

func jointsMeasures() []Definition {
	x := shapeOf(JointFacts, Joint, JointCare)
	first := without(NotPrimary)
	return []Definition{
		x("joint.death_30", Proportion, Percent, Down, within(30)),
		x("joint.death_90", Proportion, Percent, Down, within(90), contains("joint.death_30")),
		x("joint.death_365", Proportion, Percent, Down, within(365), contains("joint.death_30", "joint.death_90")),
		x("joint.readmission_90", Proportion, Percent, Down, within(90)),
		x("joint.theatre_90", Proportion, Percent, Down, within(90)),
		x("joint.infection_365", Proportion, Percent, Down, within(365)),
		x("joint.dislocation_365", Proportion, Percent, Down, within(365)),
		x("joint.complication_90", Proportion, Percent, Down, within(90), contains("joint.readmission_90", "joint.theatre_90")),
		x("joint.revision_365", Survival, Percent, Down, first, horizon(365)),
		x("joint.revision_rate", EventRate, PerHundred, Down, first),
		x("joint.score_gain", Median, Points, Up, first, after(365)),
		x("joint.score_mcid", Proportion, Percent, Up, first, after(365), without(NoScale)),
		x("joint.score_good", Proportion, Percent, Up, first, after(365)),
		x("joint.satisfied", Proportion, Percent, Up, after(180)),
	}
}

func eyesMeasures() []Definition {
	x := shapeOf(EyeFacts, Cataract, EyeCare)
	lens := without(NoLens)
	return []Definition{
		x("cataract.good_618", Proportion, Percent, Up, lens, after(90), contains("cataract.good_612")),
		x("cataract.good_612", Proportion, Percent, Up, lens, after(90)),
		x("cataract.poor", Proportion, Percent, Down, lens, after(90)),
		x("cataract.good_best", Proportion, Percent, Up, lens, after(90)),
		x("cataract.early_618", Proportion, Percent, Up, lens, after(27), contains("cataract.early_612")),
		x("cataract.early_612", Proportion, Percent, Up, lens, after(27)),
		x("cataract.early_poor", Proportion, Percent, Down, lens, after(27)),
		x("cataract.va_loss", Proportion, Percent, Down, lens, after(90)),
		x("cataract.rupture", Proportion, Percent, Down, without(NoSheet)),
		x("cataract.endophthalmitis_42", Proportion, Percent, Down, within(42)),
		x("cataract.complication_90", Proportion, Percent, Down, within(90), contains("cataract.endophthalmitis_42")),
		x("cataract.refraction_1d", Proportion, Percent, Up, lens, without(NoSheet)),
		x("cataract.second_eye_days", Median, Days, Neutral, without(OnlyFirst)),
		x("cataract.biometry", Proportion, Percent, Up, lens, without(NoSheet)),
	}
}

func heartsMeasures() []Definition {
	x := shapeOf(Sessions, Coronary, HeartCare)
	pci := without(NoPCI)
	return []Definition{
		x("coronary.door_wire", Median, Minutes, Down, pci, without(NotSTEMI)),
		x("coronary.door_wire_90", Proportion, Percent, Up, pci, without(NotSTEMI)),
		x("coronary.radial", Proportion, Percent, Up),
		x("coronary.success", Proportion, Percent, Up, pci),
		x("coronary.death_hospital", Proportion, Percent, Down, pci, contains("coronary.death_elective")),
		x("coronary.death_elective", Proportion, Percent, Down, pci, without(NotElective)),
		x("coronary.death_30", Proportion, Percent, Down, pci, within(30)),
		x("coronary.mace_30", Proportion, Percent, Down, pci, within(30), contains("coronary.death_30")),
		x("coronary.mace_365", Proportion, Percent, Down, pci, within(365), contains("coronary.death_30", "coronary.mace_30")),
		x("coronary.bleeding_30", Proportion, Percent, Down, within(30)),
		x("coronary.contrast", Median, Millilitres, Down, without(NoSheet)),
		x("coronary.contrast_high", Proportion, Percent, Down, without(NoSheet)),
		x("coronary.dose", Median, Milligrays, Down, without(NoSheet)),
		x("coronary.fluoroscopy", Median, Minutes, Down, without(NoSheet), decimals(1)),
		x("coronary.dual_antiplatelet", Proportion, Percent, Up, pci, without(NoSheet)),
	}
}

func followedMeasures() []Definition {
	x := shapeOf(Due, All, FollowUp)
	due := without(NotDue, EndedBefore)
	return []Definition{
		x("followup.seen", Proportion, Percent, Up, due),
		x("followup.in_window", Proportion, Percent, Up, due),
		x("followup.lost", Proportion, Percent, Down, due),
		x("followup.overdue", Proportion, Percent, Down, due),
		x("followup.in_person", Proportion, Percent, Up, due, without(NotSeen)),
		x("followup.sources", CountUnits, Appointments, Neutral, due, without(NotSeen), classes("followup.evidence.")),
		x("followup.entry_days", Median, Days, Down, due, without(NotSeen)),
	}
}

// kept are the measures of the records themselves: how complete they are and
// how soon they were written.
func keptMeasures() []Definition {
	x := shapeOf(Records, All, FollowUp)
	return []Definition{
		x("quality.operations", CountUnits, Operations, Neutral, classes("procedure.kind.")),
		x("quality.sheet_complete", Proportion, Percent, Up, without(NoSheet)),
		x("quality.signed", Proportion, Percent, Up, after(30)),
		x("quality.sign_days", Median, Days, Down),
		x("quality.entry_days", Median, Days, Down, without(Imported)),
		x("quality.entered_2", Proportion, Percent, Up, without(Imported)),
		x("quality.implants", Proportion, Percent, Up, without(NotJoint)),
		x("quality.acuity_pairs", Proportion, Percent, Up, without(NotEye), after(90)),
		x("quality.heart_clock", Proportion, Percent, Up, without(NotSTEMI)),
	}
}

func visitingMeasures() []Definition {
	visit, lesson, op := shapeOf(Visits, All, VisitingBy), shapeOf(Lessons, All, VisitingBy), shapeOf(AtReceiving, All, VisitingBy)
	took := without(Cancelled, NotBegun)
	return []Definition{
		visit("visiting.visits", CountUnits, VisitsUnit, Up, took),
		visit("visiting.days", SumValues, Days, Up, took, decimals(1)),
		visit("visiting.per_visit", Median, Operations, Up, took),
		visit("visiting.operations", SumValues, Operations, Up, took),
		visit("visiting.handed_over", Proportion, Percent, Up, took, without(NotDue)),
		op("visiting.from", CountUnits, Operations, Neutral, without(DonorSide, NotVisitor), classes(ClassText)),
		op("visiting.led", CountUnits, Operations, Neutral, without(DonorSide, NotVisitor)),
		op("visiting.led_share", Proportion, Percent, Neutral, without(DonorSide)),
		op("visiting.present_share", Proportion, Percent, Neutral, without(DonorSide)),
		lesson("visiting.lessons", CountUnits, LessonsUnit, Up, classes("teaching.kind.")),
		lesson("visiting.learners", SumValues, Persons, Up),
	}
}

func skillsMeasures() []Definition {
	op, place, signed := shapeOf(AtReceiving, All, Skills), shapeOf(AtTable, All, Skills), shapeOf(Signoffs, All, Skills)
	return []Definition{
		op("skills.local_led", Proportion, Percent, Up, without(DonorSide)),
		op("skills.independent", Proportion, Percent, Up, without(DonorSide)),
		op("skills.supervised", Proportion, Percent, Neutral, without(DonorSide)),
		op("skills.leave_behind", Proportion, Percent, Up, without(DonorSide)),
		op("skills.leave_behind_30", Proportion, Percent, Down, without(DonorSide, NotLocalAlone, VisitorThere), within(30)),
		place("skills.ladder", CountUnits, Places, Neutral, classes("skill.role.")),
		signed("skills.signed_off", CountUnits, Doctors, Up, classes("procedure.kind.")),
		signed("skills.needed_cases", Median, Operations, Neutral),
	}
}
