package webui

import (
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// words says rules of payment as sentences, in one language.
type words struct {
	p     Speaker
	rules policy.Rules
	funds map[ident.ID]string
}

// rateText writes a rate: 70%, 66.5%.
func rateText(r money.BasisPoints) string {
	s := strings.TrimSuffix(strings.TrimRight(money.Fen(r).Plain(), "0"), ".")
	return s + "%"
}

// rateValue is a rate as a form field has it.
func rateValue(r money.BasisPoints) string { return strings.TrimSuffix(rateText(r), "%") }

func (w words) english() bool { return w.p.Lang() == i18n.English }

// category is the name of a category.
func (w words) category(code string) string {
	c, ok := w.rules.Category(code)
	switch {
	case !ok:
		return code
	case w.english():
		return c.EN
	}
	return c.ZH
}

func (w words) join(parts []string) string { return strings.Join(parts, w.p.T("list.separator")) }

func (w words) categories(codes []string) string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = w.category(c)
	}
	return w.join(out)
}

// clauses are the parts of a sentence after the colon.
func (w words) clauses(who string, parts []string) string {
	return w.p.T("policy.say", "who", who, "parts", strings.Join(parts, w.p.T("policy.say.comma")))
}

// line is a rule as one sentence.
func (w words) line(r policy.Rule) string {
	switch x := r.(type) {
	case policy.Category:
		return w.categoryLine(x)
	case policy.Layer:
		return w.layerLine(x)
	case policy.Relief:
		return w.reliefLine(x)
	case policy.Package:
		parts := []string{w.p.T("policy.say.price", "price", x.Price)}
		return w.clauses(w.join(notEmpty(w.p.T(x.Kind.Label()), w.levelName(x.Level))), parts)
	case policy.Reduction:
		return w.reductionLine(x)
	}
	return ""
}

func notEmpty(list ...string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (w words) levelName(l policy.Level) string {
	if l == "" {
		return ""
	}
	return w.p.T(l.Label())
}

func (w words) categoryLine(c policy.Category) string {
	name, parts := c.ZH, []string{w.p.T("policy.say.code", "code", c.Code)}
	if w.english() {
		name = c.EN
	}
	if len(c.Synonyms) > 0 {
		parts = append(parts, w.p.T("policy.say.synonyms", "words", w.join(c.Synonyms)))
	}
	if !c.From.IsZero() {
		parts = append(parts, w.p.T("policy.say.from", "day", c.From))
	}
	if !c.To.IsZero() {
		parts = append(parts, w.p.T("policy.say.to", "day", c.To))
	}
	return w.clauses(name, parts)
}

func (w words) layerLine(l policy.Layer) string {
	insurance := ""
	if l.Insurance != "" {
		insurance = w.p.T(l.Insurance.Label())
	}
	who := w.join(notEmpty(insurance, w.levelName(l.Level), w.categories(l.Categories)))
	if who == "" {
		who = w.p.T("policy.say.everybody")
	}
	parts := []string{w.p.T("policy.say.no_threshold")}
	if l.Threshold > 0 {
		parts[0] = w.p.T("policy.say.threshold", "amount", l.Threshold)
	}
	for i, s := range l.Segments {
		switch {
		case len(l.Segments) == 1:
			parts = append(parts, w.p.T("policy.say.ratio", "ratio", rateText(s.Ratio)))
		case i == 0:
			parts = append(parts, w.p.T("policy.say.upto", "to", l.Segments[1].From, "ratio", rateText(s.Ratio)))
		case i+1 < len(l.Segments):
			parts = append(parts, w.p.T("policy.say.between", "from", s.From, "to", l.Segments[i+1].From, "ratio", rateText(s.Ratio)))
		default:
			parts = append(parts, w.p.T("policy.say.above", "from", s.From, "ratio", rateText(s.Ratio)))
		}
	}
	if l.Ceiling > 0 {
		parts = append(parts, w.p.T("policy.say.ceiling", "amount", l.Ceiling))
	} else {
		parts = append(parts, w.p.T("policy.say.no_ceiling"))
	}
	if l.Referral {
		parts = append(parts, w.p.T("policy.say.referral"))
	}
	return w.clauses(who, parts)
}

func (w words) reliefLine(r policy.Relief) string {
	var parts []string
	if r.LineCut > 0 {
		parts = append(parts, w.p.T("policy.say.line_cut", "ratio", rateText(r.LineCut)))
	}
	if r.Bonus > 0 {
		parts = append(parts, w.p.T("policy.say.bonus", "ratio", rateValue(r.Bonus)))
	}
	if r.NoCeiling {
		parts = append(parts, w.p.T("policy.say.no_ceiling"))
	}
	return w.clauses(w.categories(r.Categories), parts)
}

func (w words) reductionLine(r policy.Reduction) string {
	who := []string{w.p.T(r.Programme.Label())}
	for _, k := range r.Kinds {
		who = append(who, w.p.T(k.Label()))
	}
	who = append(who, notEmpty(w.categories(r.Categories))...)
	var parts []string
	switch {
	case r.Free && r.PatientPay == 0:
		parts = append(parts, w.p.T("policy.say.free"))
	case r.Free:
		parts = append(parts, w.p.T("policy.say.patient_pay", "amount", r.PatientPay))
	default:
		parts = append(parts, w.p.T("policy.say.share", "ratio", rateText(r.Share)))
	}
	if r.CaseCap > 0 {
		parts = append(parts, w.p.T("policy.say.case_cap", "amount", r.CaseCap))
	}
	if r.YearCap > 0 {
		parts = append(parts, w.p.T("policy.say.year_cap", "amount", r.YearCap))
	}
	var funders []string
	for _, f := range r.Funders {
		name := w.funder(f)
		if f.Cap > 0 {
			name = w.p.T("policy.say.funder_cap", "name", name, "amount", f.Cap)
		}
		funders = append(funders, name)
	}
	return w.clauses(w.join(who), append(parts, w.p.T("policy.say.funders", "names", strings.Join(funders, w.p.T("policy.say.then")))))
}

func (w words) funder(f policy.Funder) string {
	switch {
	case f.Kind == policy.ByHospital:
		return w.p.T(policy.ByHospital.Label())
	case f.Fund == ident.Nil:
		return w.p.T("policy.funder.named")
	}
	return w.fund(f.Fund)
}

// fund is the name of a fund; one that is not listed any more has none.
func (w words) fund(id ident.ID) string {
	if name := w.funds[id]; name != "" {
		return name
	}
	return w.p.T("policy.funder.named")
}

// why explains a row of the waterfall in one sentence.
func (w words) why(r fee.Row) string {
	args := []any{"base", r.Base, "threshold", r.Threshold, "over", r.Base - r.Threshold, "ratio", rateText(r.Ratio), "left", r.Left, "rule", r.Rule}
	say := func(key string) string { return w.p.T("estimate.why."+key, args...) }
	text := ""
	switch r.Step {
	case fee.StepBasic, fee.StepCritical, fee.StepAssistance, fee.StepTilt:
		text = say(layerReason(r))
	case fee.StepReduction:
		text = say(map[bool]string{true: "share", false: "free"}[r.Ratio > 0])
	default:
		text = say(string(r.Step))
	}
	if r.Capped && r.Left != fee.NoCeiling {
		text += say("capped")
	}
	if r.Rounding != 0 {
		text += say("rounded")
	}
	return text
}

func layerReason(r fee.Row) string {
	switch {
	case r.Rule == "":
		return "no_rule"
	case r.Ratio > 0 && r.Threshold > 0:
		return "threshold_ratio"
	case r.Ratio > 0:
		return "ratio"
	case r.Base == 0:
		return "nothing_left"
	case r.Threshold > 0:
		return "below"
	}
	return "not_referred"
}
