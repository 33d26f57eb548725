package policy

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Limits of a version; what is beyond is a slip of the finger.
const (
	MaxSegments = 6
	MaxFunders  = 4
	maxRules    = 200
	maxName     = 60
	whole       = 10_000 // 100 %
)

var (
	codeShape   = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,11}$`)
	regionShape = regexp.MustCompile(`^[0-9]{6}$`)
)

// Head is the dates and the name of a version, as a form has them.
type Head struct {
	Name   string
	Sample bool
	From   clock.Date
	To     clock.Date
	Region Region
}

// Check names every wrong field of the head.
func (h Head) Check() error {
	var f errs.Fields
	text(&f, "name", h.Name)
	switch {
	case h.From.IsZero():
		f.Add("from", "error.policy.from_missing")
	case !h.To.IsZero() && h.To.Before(h.From):
		f.Add("to", "error.policy.to_before_from")
	}
	if !regionShape.MatchString(h.Region.Code) {
		f.Add("region", "error.policy.region")
	}
	text(&f, "region_zh", h.Region.ZH)
	text(&f, "region_en", h.Region.EN)
	return f.Err()
}

// Head is the head of the version.
func (v Version) Head() Head { return Head{v.Name, v.Sample, v.From, v.To, v.Region} }

func text(f *errs.Fields, path, s string) {
	switch n := len([]rune(strings.TrimSpace(s))); {
	case n == 0:
		f.Add(path, "form.error.missing")
	case n > maxName:
		f.Add(path, "form.error.long", "max", maxName)
	}
}

func amount(f *errs.Fields, path string, a money.Fen) {
	switch {
	case a < 0:
		f.Add(path, "error.fee.negative")
	case a > money.Max:
		f.Add(path, "error.fee.too_large", "max", money.Max)
	}
}

func ratio(f *errs.Fields, path string, r money.BasisPoints) {
	if r < 0 || r > whole {
		f.Add(path, "error.policy.ratio")
	}
}

// Check names every wrong field of a category.
func (c Category) Check() error {
	var f errs.Fields
	if !codeShape.MatchString(c.Code) {
		f.Add("code", "error.policy.code")
	}
	text(&f, "zh", c.ZH)
	text(&f, "en", c.EN)
	if !c.To.IsZero() && c.To.Before(c.From) {
		f.Add("to", "error.policy.to_before_from")
	}
	if len(c.Synonyms) > 50 {
		f.Add("synonyms", "error.policy.too_many", "max", 50)
	}
	return f.Err()
}

// Check names every wrong field of a rule of a payer. Segments are named
// seg0_from, seg0_ratio and so on.
func (l Layer) Check() error {
	var f errs.Fields
	if l.Insurance != "" && !slices.Contains(Insurances(), l.Insurance) {
		f.Add("insurance", "error.policy.insurance")
	}
	if l.Level != "" && !slices.Contains(Levels(), l.Level) {
		f.Add("level", "error.policy.level")
	}
	amount(&f, "threshold", l.Threshold)
	amount(&f, "ceiling", l.Ceiling)
	switch n := len(l.Segments); {
	case n == 0:
		f.Add("seg0_ratio", "error.policy.no_segment")
	case n > MaxSegments:
		f.Add("seg0_ratio", "error.policy.too_many", "max", MaxSegments)
	}
	for i, s := range l.Segments {
		path := "seg" + strconv.Itoa(i)
		ratio(&f, path+"_ratio", s.Ratio)
		amount(&f, path+"_from", s.From)
		switch {
		case i == 0 && s.From != 0:
			f.Add(path+"_from", "error.policy.first_segment")
		case i > 0 && s.From <= l.Segments[i-1].From:
			f.Add(path+"_from", "error.policy.segment_order", "before", l.Segments[i-1].From)
		}
	}
	return f.Err()
}

// Check names every wrong field of a relief.
func (r Relief) Check() error {
	var f errs.Fields
	if len(r.Categories) == 0 {
		f.Add("categories", "error.policy.no_category")
	}
	ratio(&f, "line_cut", r.LineCut)
	ratio(&f, "bonus", r.Bonus)
	return f.Err()
}

// Check names every wrong field of a package.
func (p Package) Check() error {
	var f errs.Fields
	if !p.Kind.Known() {
		f.Add("kind", "error.policy.kind")
	}
	if p.Level != "" && !slices.Contains(Levels(), p.Level) {
		f.Add("level", "error.policy.level")
	}
	amount(&f, "price", p.Price)
	if p.Price == 0 {
		f.Add("price", "error.policy.price")
	}
	return f.Err()
}

// Check names every wrong field of a reduction. Funders are named funder0_kind
// and so on.
func (r Reduction) Check() error {
	var f errs.Fields
	if !r.Programme.Known() {
		f.Add("programme", "error.policy.programme")
	}
	for _, k := range r.Kinds {
		if k.Programme() != r.Programme {
			f.Add("kinds", "error.policy.kind_elsewhere", "kind", errs.Key(k.Label()))
			break
		}
	}
	ratio(&f, "share", r.Share)
	if !r.Free && r.Share == 0 {
		f.Add("share", "error.policy.no_share")
	}
	amount(&f, "patient_pay", r.PatientPay)
	amount(&f, "case_cap", r.CaseCap)
	amount(&f, "year_cap", r.YearCap)
	if len(r.Funders) == 0 {
		f.Add("funder0_kind", "error.policy.no_funder")
	}
	if len(r.Funders) > MaxFunders {
		f.Add("funder0_kind", "error.policy.too_many", "max", MaxFunders)
	}
	seen := map[Funder]bool{}
	for i, x := range r.Funders {
		path := "funder" + strconv.Itoa(i)
		if x.Kind != ByFund && x.Kind != ByHospital || x.Kind == ByHospital && x.Fund != ident.Nil {
			f.Add(path+"_kind", "error.policy.funder")
		}
		amount(&f, path+"_cap", x.Cap)
		key := Funder{Kind: x.Kind, Fund: x.Fund}
		if seen[key] {
			f.Add(path+"_kind", "error.policy.funder_twice")
		}
		seen[key] = true
	}
	return f.Err()
}

// Check names everything wrong in the rules, each under the section and the id
// of its rule: "basic.B1.threshold".
func (r Rules) Check() error {
	var f errs.Fields
	for _, s := range Sections() {
		seen := map[string]bool{}
		for _, x := range r.list(s) {
			prefix := string(s) + "." + x.id + "."
			if err := f.Merge(prefix, x.rule.Check()); err != nil {
				return err
			}
			if x.id == "" || seen[x.id] {
				f.Add(prefix+"id", "error.policy.id_twice")
			}
			seen[x.id] = true
			r.checkCategories(&f, prefix, x.categories)
		}
		if len(r.list(s)) > maxRules {
			f.Add(string(s), "error.policy.too_many", "max", maxRules)
		}
	}
	for _, s := range []Section{InBasic, InCritical, InAssistance, InTilt} {
		r.checkHidden(&f, s)
	}
	r.checkHiddenReductions(&f)
	r.checkHiddenPackages(&f)
	if _, ok := r.Category(NoCategory); !ok {
		f.Add(string(InCategory), "error.policy.none_missing")
	}
	return f.Err()
}

func (r Rules) checkCategories(f *errs.Fields, prefix string, codes []string) {
	for _, c := range codes {
		if _, ok := r.Category(c); !ok {
			f.Add(prefix+"categories", "error.policy.category_unknown", "code", c)
			return
		}
	}
}

// checkHidden refuses a rule that can never apply, because one before it fits
// everybody it is for.
func (r Rules) checkHidden(f *errs.Fields, s Section) {
	list := *r.layers(s)
	for i, l := range list {
		for _, before := range list[:i] {
			if covers(before, l) {
				f.Add(string(s)+"."+l.ID+".insurance", "error.policy.hidden", "rule", before.ID)
				break
			}
		}
	}
}

func (r Rules) checkHiddenReductions(f *errs.Fields) {
	for i, x := range r.Reductions {
		for _, before := range r.Reductions[:i] {
			if before.Programme == x.Programme && holds(before.Kinds, x.Kinds) && holds(before.Categories, x.Categories) {
				f.Add(string(InReduction)+"."+x.ID+".programme", "error.policy.hidden", "rule", before.ID)
				break
			}
		}
	}
}

func (r Rules) checkHiddenPackages(f *errs.Fields) {
	for i, x := range r.Packages {
		for _, before := range r.Packages[:i] {
			if before.Kind == x.Kind && (before.Level == "" || before.Level == x.Level) {
				f.Add(string(InPackage)+"."+x.ID+".kind", "error.policy.hidden", "rule", before.ID)
				break
			}
		}
	}
}

func covers(a, b Layer) bool {
	return (a.Insurance == "" || a.Insurance == b.Insurance) && (a.Level == "" || a.Level == b.Level) && holds(a.Categories, b.Categories)
}

// holds reports whether one list has all of another; an empty one means everything.
func holds[T comparable](all, some []T) bool {
	return len(all) == 0 || len(some) > 0 && !slices.ContainsFunc(some, func(x T) bool { return !slices.Contains(all, x) })
}
