package webui

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
)

// policyStep is a step of a draft with what is said when it is done.
type policyStep struct {
	do   func(context.Context, user.Principal, pricing.Standing, pricing.Key) (pricing.Version, error)
	done string
}

// percentField is a rate; two decimals of a percent are its basis points.
func percentField(x Field) Field {
	x.Kind, x.Suffix = KindMoney, "unit.percent"
	return x
}

func readPercent(f *Form, name string) money.BasisPoints { return money.BasisPoints(f.Money(name)) }

func fenField(name string) Field {
	return Field{Name: name, LabelKey: "policy.field." + name, HintKey: "policy.field." + name + ".hint", Kind: KindMoney, Suffix: "unit.yuan", Optional: true, Width: 6}
}

// ruleForm is the form of a rule of a section.
func ruleForm(b Base, today clock.Date, v pricing.VersionView, sec policy.Section) *Form {
	w := words{b.P, v.Rules, fundNames(v.Funds)}
	var fields []Field
	switch sec {
	case policy.InCategory:
		fields = categoryRuleFields()
	case policy.InPackage:
		fields = []Field{{Name: "kind", LabelKey: "policy.field.kind", Kind: KindSelect, Options: operationOptions(), Width: 6}, levelField(),
			{Name: "price", LabelKey: "policy.field.price", Kind: KindMoney, Suffix: "unit.yuan", Width: 6}}
	case policy.InRelief:
		fields = []Field{categoriesField(w), percentField(Field{Name: "line_cut", LabelKey: "policy.field.line_cut", HintKey: "policy.field.line_cut.hint", Optional: true, Width: 6}),
			percentField(Field{Name: "bonus", LabelKey: "policy.field.bonus", HintKey: "policy.field.bonus.hint", Optional: true, Width: 6}),
			{Name: "no_ceiling", LabelKey: "policy.field.no_ceiling", Kind: KindCheck, Optional: true}}
	case policy.InReduction:
		fields = reductionFields(w, v.Funds)
	default:
		fields = layerFields(w, formSegments(v.Rules, sec))
	}
	return keyed(NewForm(b, today, fields...))
}

func categoryRuleFields() []Field {
	return []Field{{Name: "code", LabelKey: "policy.field.code", HintKey: "policy.field.code.hint", Max: 12, Width: 4, Focus: true},
		{Name: "zh", LabelKey: "policy.field.zh", Max: 60, Width: 4}, {Name: "en", LabelKey: "policy.field.en", Max: 60, Width: 4},
		{Name: "synonyms", LabelKey: "policy.field.synonyms", HintKey: "policy.field.synonyms.hint", Kind: KindArea, Max: 1000, Optional: true},
		{Name: "from", LabelKey: "policy.field.from", Kind: KindDate, Optional: true, Width: 6}, {Name: "to", LabelKey: "policy.field.to", Kind: KindDate, Optional: true, Width: 6}}
}

func levelField() Field {
	return Field{Name: "level", LabelKey: "policy.field.level", Kind: KindSelect, Options: optionsOf(policy.Levels()...), Blank: "policy.every_level", Optional: true, Width: 6}
}

func categoriesField(w words) Field {
	var options []Option
	for _, c := range w.rules.Categories {
		options = append(options, Option{Value: c.Code, Text: w.category(c.Code)})
	}
	return Field{Name: "categories", LabelKey: "policy.field.categories", HintKey: "policy.field.categories.hint", Kind: KindChecks, Options: options, Optional: true}
}

// formSegments is how many segments the forms of a section offer: one more than
// the longest rule has, so that it is the same when the form comes back.
func formSegments(r policy.Rules, sec policy.Section) int {
	n := 3
	for _, id := range r.IDs(sec) {
		if l, ok := r.Rule(sec, id); ok {
			if x, isLayer := l.(policy.Layer); isLayer {
				n = max(n, len(x.Segments)+1)
			}
		}
	}
	return min(n, policy.MaxSegments)
}

func layerFields(w words, segments int) []Field {
	fields := []Field{{Name: "insurance", LabelKey: "policy.field.insurance", Kind: KindSelect, Options: optionsOf(policy.Insurances()...), Blank: "policy.every_insurance", Optional: true, Width: 6},
		levelField(), categoriesField(w), fenField("threshold"), fenField("ceiling"),
		percentField(Field{Name: "seg0_ratio", LabelKey: "policy.field.ratio", HintKey: "policy.field.ratio.hint", Width: 6, Break: true})}
	for i := 1; i < segments; i++ {
		seg := "seg" + strconv.Itoa(i)
		fields = append(fields, Field{Name: seg + "_from", LabelKey: "policy.field.seg_from", Kind: KindMoney, Suffix: "unit.yuan", Optional: true, Width: 6, Break: true},
			percentField(Field{Name: seg + "_ratio", LabelKey: "policy.field.seg_ratio", Optional: true, Width: 6}))
	}
	return append(fields, Field{Name: "referral", LabelKey: "policy.field.referral", Kind: KindCheck, Optional: true})
}

func operationOptions() []Option {
	var out []Option
	for _, p := range procedure.Programmes() {
		out = append(out, optionsOf(exactKinds(p)...)...)
	}
	return out
}

func reductionFields(w words, funds []pricing.Fund) []Field {
	options := []Option{{Value: "fund", Key: "policy.funder.named"}}
	for _, f := range funds {
		options = append(options, Option{Value: f.ID.String(), Text: f.Name})
	}
	options = append(options, Option{Value: "hospital", Key: policy.ByHospital.Label()})
	fields := []Field{{Name: "programme", LabelKey: "policy.field.programme", Kind: KindRadio, Options: programmeOptions(procedure.Programmes())},
		{Name: "kinds", LabelKey: "policy.field.kinds", HintKey: "policy.field.kinds.hint", Kind: KindChecks, Options: operationOptions(), Optional: true}, categoriesField(w),
		percentField(Field{Name: "share", LabelKey: "policy.field.share", HintKey: "policy.field.share.hint", Optional: true, Width: 6}),
		{Name: "free", LabelKey: "policy.field.free", HintKey: "policy.field.free.hint", Kind: KindCheck, Optional: true, Width: 6},
		fenField("patient_pay"), fenField("case_cap"), fenField("year_cap")}
	for i := range policy.MaxFunders {
		name := "funder" + strconv.Itoa(i)
		fields = append(fields, Field{Name: name + "_kind", LabelKey: "policy.field.funder", Kind: KindSelect, Options: options, Blank: "list.none", Optional: i > 0, Width: 6, Break: true},
			Field{Name: name + "_cap", LabelKey: "policy.field.funder_cap", Kind: KindMoney, Suffix: "unit.yuan", Optional: true, Width: 6})
	}
	return fields
}

func putFen(f *Form, name string, a money.Fen) {
	if a > 0 {
		f.Put(name, a.Plain())
	}
}

func putTick(f *Form, name string, on bool) {
	if on {
		f.Put(name, "yes")
	}
}

// putRule fills the form of a rule.
func putRule(f *Form, rule policy.Rule) {
	switch x := rule.(type) {
	case policy.Category:
		f.Put("code", x.Code).Put("zh", x.ZH).Put("en", x.EN).Put("synonyms", strings.Join(x.Synonyms, "\n")).Put("from", x.From.String()).Put("to", x.To.String())
	case policy.Package:
		f.Put("kind", string(x.Kind)).Put("level", string(x.Level)).Put("price", x.Price.Plain())
	case policy.Relief:
		f.PutAll("categories", x.Categories).Put("line_cut", rateValue(x.LineCut)).Put("bonus", rateValue(x.Bonus))
		putTick(f, "no_ceiling", x.NoCeiling)
	case policy.Layer:
		f.Put("insurance", string(x.Insurance)).Put("level", string(x.Level)).PutAll("categories", x.Categories)
		putFen(f, "threshold", x.Threshold)
		putFen(f, "ceiling", x.Ceiling)
		putTick(f, "referral", x.Referral)
		for i, s := range x.Segments {
			if i > 0 {
				f.Put("seg"+strconv.Itoa(i)+"_from", s.From.Plain())
			}
			f.Put("seg"+strconv.Itoa(i)+"_ratio", rateValue(s.Ratio))
		}
	case policy.Reduction:
		putReduction(f, x)
	}
}

func putReduction(f *Form, x policy.Reduction) {
	var kinds []string
	for _, k := range x.Kinds {
		kinds = append(kinds, string(k))
	}
	f.Put("programme", string(x.Programme)).PutAll("kinds", kinds).PutAll("categories", x.Categories)
	if x.Share > 0 {
		f.Put("share", rateValue(x.Share))
	}
	putTick(f, "free", x.Free)
	putFen(f, "patient_pay", x.PatientPay)
	putFen(f, "case_cap", x.CaseCap)
	putFen(f, "year_cap", x.YearCap)
	for i, fd := range x.Funders {
		value := string(fd.Kind)
		if fd.Fund != ident.Nil {
			value = fd.Fund.String()
		}
		f.Put("funder"+strconv.Itoa(i)+"_kind", value)
		putFen(f, "funder"+strconv.Itoa(i)+"_cap", fd.Cap)
	}
}

// readRule reads what the form of a section says.
func readRule(f *Form, sec policy.Section) policy.Rule {
	switch sec {
	case policy.InCategory:
		c := policy.Category{Code: strings.ToUpper(f.Text("code")), ZH: f.Text("zh"), EN: f.Text("en"), From: f.Date("from"), To: f.Date("to")}
		for line := range strings.Lines(f.Text("synonyms")) {
			if line = strings.TrimSpace(line); line != "" {
				c.Synonyms = append(c.Synonyms, line)
			}
		}
		return c
	case policy.InPackage:
		return policy.Package{Kind: procedure.Kind(f.Choice("kind")), Level: policy.Level(f.Choice("level")), Price: f.Money("price")}
	case policy.InRelief:
		return policy.Relief{Categories: f.Choices("categories"), LineCut: readPercent(f, "line_cut"), Bonus: readPercent(f, "bonus"), NoCeiling: f.Bool("no_ceiling")}
	case policy.InReduction:
		return readReduction(f)
	}
	l := policy.Layer{Insurance: policy.Insurance(f.Choice("insurance")), Level: policy.Level(f.Choice("level")), Categories: f.Choices("categories"),
		Threshold: f.Money("threshold"), Ceiling: f.Money("ceiling"), Referral: f.Bool("referral")}
	for i := range policy.MaxSegments {
		seg := "seg" + strconv.Itoa(i)
		if !f.has(seg + "_ratio") {
			break
		}
		if i > 0 && f.Raw(seg+"_from") == "" && f.Raw(seg+"_ratio") == "" {
			continue
		}
		s := policy.Segment{Ratio: readPercent(f, seg+"_ratio")}
		if i > 0 {
			s.From = f.Money(seg + "_from")
		}
		l.Segments = append(l.Segments, s)
	}
	return l
}

func readReduction(f *Form) policy.Reduction {
	x := policy.Reduction{Programme: procedure.Programme(f.Choice("programme")), Categories: f.Choices("categories"), Free: f.Bool("free"), Share: readPercent(f, "share"),
		PatientPay: f.Money("patient_pay"), CaseCap: f.Money("case_cap"), YearCap: f.Money("year_cap")}
	for _, k := range f.Choices("kinds") {
		x.Kinds = append(x.Kinds, procedure.Kind(k))
	}
	for i := range policy.MaxFunders {
		name := "funder" + strconv.Itoa(i)
		value := f.Choice(name + "_kind")
		if value == "" {
			continue
		}
		fd := policy.Funder{Kind: policy.FunderKind(value), Cap: f.Money(name + "_cap")}
		if id, err := ident.Parse(value); err == nil {
			fd.Kind, fd.Fund = policy.ByFund, id
		}
		x.Funders = append(x.Funders, fd)
	}
	return x
}

// rulePlace is the rule a request is about.
type rulePlace struct {
	v    pricing.VersionView
	sec  policy.Section
	id   string
	form careForm
}

func (s *Server) ruleAt(r *http.Request, c *Call) (rulePlace, error) {
	var x rulePlace
	policyID, err := pathID(r, "id")
	if err != nil {
		return x, err
	}
	if x.sec, x.id, err = sectionOf(r); err != nil {
		return x, err
	}
	if x.v, err = s.d.Pricing.Version(r.Context(), c.Who, policyID); err != nil {
		return x, err
	}
	title := c.P.T("policy.rule.new", "section", errs.Key(x.sec.Label()))
	if x.id != "" {
		title = c.P.T("policy.rule.one", "section", errs.Key(x.sec.Label()), "id", x.id)
	}
	b := s.policyBase(c, title, Link{Text: policyName(c.Base, x.v.Version.Version), Href: policyHref(x.v.ID)})
	x.form = newRuleForm(b, c.Today, x)
	if _, known := x.v.Rule(x.sec, x.id); x.id != "" && !known {
		return x, errs.Missing("error.policy.rule_missing")
	}
	return x, nil
}

func newRuleForm(b Base, today clock.Date, x rulePlace) careForm {
	f := ruleForm(b, today, x.v, x.sec)
	id := x.id
	if id == "" {
		id = "new"
	}
	f.Action = ruleHref(x.v.ID, x.sec, id)
	f.Hide("version", version(x.v.Edition))
	p := careForm{Base: b, Form: f}
	if rule, ok := x.v.Rule(x.sec, x.id); ok {
		putRule(f, rule)
		p.Facts = []Def{{Label: b.T("policy.text"), Text: words{b.P, x.v.Rules, fundNames(x.v.Funds)}.line(rule)}}
	}
	return p
}

// withRule adds what else can be done with a rule that stands.
func (p careForm) withRule(x rulePlace) careForm {
	p = p.with(Button{Text: p.T("directory.save")}, policyHref(x.v.ID)+"#section-"+string(x.sec))
	if x.id == "" {
		return p
	}
	if ids := x.v.IDs(x.sec); slices.Index(ids, x.id) > 0 {
		p.Buttons = append(p.Buttons, Button{Text: p.T("policy.rule.first"), Name: "do", Value: "first", NoCheck: true})
	}
	p.Buttons = append(p.Buttons, Button{Text: p.T("policy.rule.remove"), Kind: "danger", Name: "do", Value: "remove", NoCheck: true})
	return p
}

func (s *Server) rulePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	x, err := s.ruleAt(r, c)
	if err != nil {
		return err
	}
	if err := x.v.Frozen(); err != nil {
		return s.showPolicy(w, r, c, x.v.ID, err)
	}
	p := x.form.withRule(x)
	return s.d.Engine.Render(w, r, p.status(), "care/form", p)
}

func (s *Server) saveRule(w http.ResponseWriter, r *http.Request, c *Call) error {
	x, err := s.ruleAt(r, c)
	if err != nil {
		return err
	}
	f := x.form.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := pricing.Change{Policy: x.v.ID, Edition: f.Version(), Section: x.sec, ID: x.id}
	switch do := r.PostFormValue("do"); {
	case do == "first" && x.id != "":
		in.First = true
	case do == "remove" && x.id != "":
	default:
		in.Rule = readRule(f, x.sec)
	}
	if f.OK() {
		_, err := s.d.Pricing.Change(r.Context(), c.Who, in, pricing.KeyOf(requestKey(r), in))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("directory.saved")})
			return seeOther(w, r, policyHref(x.v.ID)+"#section-"+string(x.sec))
		}
		if err = refusedCare(&x.form, err); err != nil {
			return err
		}
	}
	p := x.form.withRule(x)
	return s.d.Engine.Render(w, r, p.status(), "care/form", p)
}
