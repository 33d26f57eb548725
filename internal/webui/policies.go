package webui

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
)

// pricingRoutes declares the pages about the rules of payment and estimates.
func (s *Server) pricingRoutes(rt *router) {
	rt.get("/policies", authz.RuleRead, s.policiesPage)
	rt.get("/policies/new", authz.RuleEdit, s.newPolicyPage)
	rt.post("/policies", authz.RuleEdit, s.createPolicy)
	rt.get("/policies/{id}", authz.RuleRead, s.rulesPage)
	rt.get("/policies/{id}/edit", authz.RuleEdit, s.policyHeadPage)
	rt.post("/policies/{id}/edit", authz.RuleEdit, s.savePolicyHead)
	rt.post("/policies/{id}/release", authz.RuleRelease, s.releasePolicy)
	rt.post("/policies/{id}/discard", authz.RuleEdit, s.discardPolicy)
	rt.get("/policies/{id}/rehearsal", authz.RuleEdit, s.rehearsalPage)
	rt.get("/policies/{id}/rules/{section}/{rule}", authz.RuleEdit, s.rulePage)
	rt.post("/policies/{id}/rules/{section}/{rule}", authz.RuleEdit, s.saveRule)

	rt.get("/treatments/{id}/estimate", authz.EstimateRead, s.estimatePage)
	rt.post("/treatments/{id}/estimate", authz.EstimateMake, s.makeEstimate)
	rt.get("/treatments/{id}/year", authz.EstimateMake, s.yearPage)
	rt.post("/treatments/{id}/year", authz.EstimateMake, s.saveYear)
	rt.get("/estimates/{id}", authz.EstimateRead, s.estimateDetail)
	rt.get("/estimates/{id}/print", authz.EstimateRead, s.estimatePrint)
}

func (s *Server) policyBase(c *Call, title string, crumbs ...Link) Base {
	s.section(c, "policies")
	b := c.Base
	b.Title = title
	if len(crumbs) > 0 {
		b.Crumbs = append(append([]Link{{Text: b.T("nav.policies"), Href: "/policies"}}, crumbs...), Link{Text: title})
	}
	return b
}

func (s *Server) policiesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Pricing.Versions(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	b := s.policyBase(c, c.P.T("nav.policies"))
	v := newPoliciesView(b, list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "device/list", v)
}

func policyHref(id ident.ID) string { return "/policies/" + id.String() }

func newPoliciesView(b Base, list pricing.VersionList) deviceList {
	b.Sub = b.T("policy.list.sub")
	if list.Edit {
		b.Actions = []Button{{Text: b.T("policy.new"), Icon: "plus", Href: "/policies/new", Kind: "primary"}}
	}
	t := Table{Caption: b.T("nav.policies"), Quiet: true, Columns: []Column{{Key: "policy.name", Class: "grow"}, {Key: "policy.region"}, {Key: "policy.from"}, {Key: "policy.to"},
		{Key: "policy.state"}, {Key: "policy.author"}, {Key: "policy.releaser"}},
		Empty: Empty{Title: b.T("policy.none"), Text: b.T("policy.none.text"), Buttons: b.Actions}}
	v := deviceList{Base: b}
	for _, x := range list.Rows {
		to := x.To.String()
		if x.To.IsZero() {
			to = b.T("policy.open_end")
		}
		tag := policyTag(b, x, list.InForce[x.ID])
		t.Rows = append(t.Rows, Cells(Cell{Text: policyName(b, x.Version), Href: policyHref(x.ID), Sub: sampleText(b, x.Sample)}, TextCell(regionName(b.P, x.Region)), DateCell(x.From),
			Cell{Text: to, Nowrap: true}, Cell{Tag: &tag}, TextCell(x.Author), TextCell(x.Releaser)))
		if x.Sample && list.InForce[x.ID] {
			v.Note = sampleAlert(b)
		}
	}
	v.Table = t
	return v
}

// policyName is a version as people say it.
func policyName(b Base, v policy.Version) string {
	return b.T("policy.version", "no", v.No, "name", v.Name)
}

func sampleText(b Base, sample bool) string {
	if sample {
		return b.T("policy.sample")
	}
	return ""
}

// sampleAlert stands wherever example figures are used.
func sampleAlert(b Base) *Alert {
	return &Alert{Kind: "warn", Title: b.T("policy.sample.title"), Text: b.T("policy.sample.text")}
}

func regionName(p Speaker, r policy.Region) string {
	if p.Lang() == i18n.English {
		return r.EN + " " + r.Code
	}
	return r.ZH + " " + r.Code
}

func policyTag(b Base, x pricing.Version, applies bool) Tag {
	switch {
	case applies:
		return Tag{Kind: "ok", Text: b.T("policy.applies")}
	case x.State == policy.Draft:
		return Tag{Kind: "info", Text: b.T(x.State.Label())}
	}
	return Tag{Kind: "plain", Text: b.T(x.State.Label())}
}

// policyView is one version: its sections as sentences, and the whole text in
// both languages.
type policyView struct {
	Base
	Alerts   []Alert
	Facts    []Def
	Sections []Table
	Texts    []policyText
	Forms    []policyForm
}

// policyText is the version in one language.
type policyText struct {
	Lang  string
	Title string
	Parts []policyPart
}

type policyPart struct {
	Title string
	Lines []string
}

type policyForm struct {
	Title, Note string
	Form        *Form
	Button      Button
}

func (s *Server) rulesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return s.showPolicy(w, r, c, id, nil)
}

func (s *Server) showPolicy(w http.ResponseWriter, r *http.Request, c *Call, id ident.ID, refusal error) error {
	v, err := s.d.Pricing.Version(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	b := s.policyBase(c, policyName(c.Base, v.Version.Version), Link{})
	b.Crumbs = []Link{{Text: b.T("nav.policies"), Href: "/policies"}, {Text: b.Title}}
	p := newRulesView(b, c.Today, v, s.speakers())
	status := http.StatusOK
	if refusal != nil {
		status = http.StatusUnprocessableEntity
		e := errs.Of(refusal)
		a := Alert{Kind: "error", Title: b.Say(e.Key, e.Args)}
		for _, key := range e.Remedy {
			a.Text += b.Say(key, e.Args)
		}
		p.Alerts = append([]Alert{a}, p.Alerts...)
	}
	return s.d.Engine.Render(w, r, status, "policy/version", p)
}

// speakers speak all languages of the house.
func (s *Server) speakers() []Speaker {
	var out []Speaker
	for _, l := range i18n.Langs() {
		out = append(out, s.d.Engine.Catalogue().Printer(l))
	}
	return out
}

func fundNames(list []pricing.Fund) map[ident.ID]string {
	out := map[ident.ID]string{}
	for _, f := range list {
		out[f.ID] = f.Name
	}
	return out
}

func newRulesView(b Base, today clock.Date, v pricing.VersionView, speakers []Speaker) policyView {
	tag := policyTag(b, v.Version, v.Applies)
	b.Badge = &tag
	if v.Edit {
		b.Actions = []Button{{Text: b.T("policy.head.edit"), Icon: "edit", Href: policyHref(v.ID) + "/edit"},
			{Text: b.T("rehearsal.title"), Icon: "chart", Href: policyHref(v.ID) + "/rehearsal"}}
	}
	p := policyView{Base: b, Facts: policyFacts(b, v)}
	if v.Sample {
		p.Alerts = append(p.Alerts, *sampleAlert(b))
	}
	if v.State == policy.Draft && v.Problems != nil {
		p.Alerts = append(p.Alerts, problemsAlert(b, v))
	}
	w := words{b.P, v.Rules, fundNames(v.Funds)}
	for _, sec := range policy.Sections() {
		p.Sections = append(p.Sections, sectionTable(w, v, sec))
	}
	for _, sp := range speakers {
		p.Texts = append(p.Texts, policyInWords(words{sp, v.Rules, w.funds}, v))
	}
	p.Forms = policyForms(b, today, v)
	return p
}

func policyFacts(b Base, v pricing.VersionView) []Def {
	to := b.T("policy.open_end")
	if !v.To.IsZero() {
		to = b.Day(v.To)
	}
	out := []Def{{Label: b.T("policy.region"), Text: regionName(b.P, v.Region)}, {Label: b.T("policy.from"), Text: b.Day(v.From)}, {Label: b.T("policy.to"), Text: to},
		{Label: b.T("policy.author"), Text: v.Author + " " + b.Day(clock.DateOf(v.CreatedAt.In(clock.Shanghai)))}}
	if v.ReleasedAt != nil {
		out = append(out, Def{Label: b.T("policy.releaser"), Text: v.Releaser + " " + b.Day(clock.DateOf(v.ReleasedAt.In(clock.Shanghai)))})
	}
	return out
}

// problemsAlert lists what keeps a draft from being released, each with the rule
// it is at.
func problemsAlert(b Base, v pricing.VersionView) Alert {
	fields := errs.Of(v.Problems).Fields
	a := Alert{Kind: "warn", Title: b.T("policy.problems", "n", len(fields))}
	for _, f := range fields[:min(len(fields), 20)] {
		section, rest, _ := strings.Cut(f.Path, ".")
		id, _, _ := strings.Cut(rest, ".")
		link := Link{Text: b.Say(f.Key, f.Args), Href: policyHref(v.ID) + "/edit"}
		if sec := policy.Section(section); sec.Known() {
			link.Text = b.T("policy.problem", "section", errs.Key(sec.Label()), "rule", id, "text", link.Text)
			link.Href = policyHref(v.ID)
			if _, ok := v.Rule(sec, id); ok {
				link.Href = ruleHref(v.ID, sec, id)
			}
		}
		a.Links = append(a.Links, link)
	}
	if !v.Edit {
		a.Links = nil
	}
	return a
}

func ruleHref(id ident.ID, sec policy.Section, rule string) string {
	return policyHref(id) + "/rules/" + string(sec) + "/" + rule
}

func sectionTable(w words, v pricing.VersionView, sec policy.Section) Table {
	t := Table{ID: "section-" + string(sec), Caption: w.p.T(sec.Label()), Note: w.p.T("policy.note." + string(sec)), Columns: []Column{{Key: "policy.rule", Class: "narrow"}, {Key: "policy.text", Class: "grow"}},
		Empty: Empty{Title: w.p.T("policy.section.none")}}
	if v.Edit {
		t.Links = []Link{{Text: w.p.T("policy.rule.add"), Href: ruleHref(v.ID, sec, "new")}}
	}
	for _, id := range v.IDs(sec) {
		rule, _ := v.Rule(sec, id)
		cell := CodeCell(id)
		if v.Edit {
			cell.Href = ruleHref(v.ID, sec, id)
		}
		t.Rows = append(t.Rows, Cells(cell, TextCell(w.line(rule))))
	}
	return t
}

func policyInWords(w words, v pricing.VersionView) policyText {
	out := policyText{Lang: string(w.p.Lang()), Title: w.p.T("policy.version", "no", v.No, "name", v.Name)}
	out.Parts = append(out.Parts, policyPart{Title: w.p.T("policy.region"), Lines: []string{regionName(w.p, v.Region)}})
	if v.Sample {
		out.Parts = append(out.Parts, policyPart{Title: w.p.T("policy.sample.title"), Lines: []string{w.p.T("policy.sample.text")}})
	}
	for _, sec := range policy.Sections() {
		part := policyPart{Title: w.p.T(sec.Label())}
		for _, id := range v.IDs(sec) {
			rule, _ := v.Rule(sec, id)
			part.Lines = append(part.Lines, w.line(rule))
		}
		if len(part.Lines) > 0 {
			out.Parts = append(out.Parts, part)
		}
	}
	return out
}

func policyForms(b Base, today clock.Date, v pricing.VersionView) []policyForm {
	var out []policyForm
	act := func(name string, button Button) policyForm {
		f := keyed(NewForm(b, today))
		f.ID, f.Action = name, policyHref(v.ID)+"/"+name
		f.Hide("version", version(v.Edition))
		return policyForm{Title: b.T("policy." + name), Note: b.T("policy." + name + ".note"), Form: f, Button: button}
	}
	if v.Release {
		out = append(out, act("release", Button{Text: b.T("policy.release"), Kind: "primary", Icon: "check"}))
	}
	if v.Own {
		out = append(out, policyForm{Title: b.T("policy.release"), Note: b.T("error.policy.same_person")})
	}
	if v.Edit {
		out = append(out, act("discard", Button{Text: b.T("policy.discard"), Kind: "danger"}))
	}
	return out
}

func (s *Server) releasePolicy(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.policyStep(w, r, c, policyStep{s.d.Pricing.Release, "policy.released"})
}

func (s *Server) discardPolicy(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.policyStep(w, r, c, policyStep{s.d.Pricing.Discard, "policy.discarded"})
}

func (s *Server) policyStep(w http.ResponseWriter, r *http.Request, c *Call, step policyStep) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := NewForm(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	in := pricing.Standing{Policy: id, Edition: f.Version()}
	if _, err := step.do(r.Context(), c.Who, in, pricing.KeyOf(requestKey(r), in)); err != nil {
		if k := errs.KindOf(err); k == errs.Precondition || k == errs.Stale || k == errs.Conflict {
			return s.showPolicy(w, r, c, id, err)
		}
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T(step.done)})
	return seeOther(w, r, policyHref(id))
}

// draftForm begins a version, or changes the head of one.
func draftForm(b Base, today clock.Date, from []Option) *Form {
	var fields []Field
	if from != nil {
		fields = append(fields, Field{Name: "base", LabelKey: "policy.base", HintKey: "policy.base.hint", Kind: KindSelect, Options: from, Blank: "policy.base.sample", Optional: true})
	}
	fields = append(fields, Field{Name: "name", LabelKey: "policy.name", Placeholder: "policy.name.example", Max: 60, Focus: true},
		Field{Name: "from", LabelKey: "policy.from", HintKey: "policy.from.hint", Kind: KindDate, Width: 6}, Field{Name: "to", LabelKey: "policy.to", HintKey: "policy.to.hint", Kind: KindDate, Optional: true, Width: 6},
		Field{Name: "region", LabelKey: "policy.region.code", HintKey: "policy.region.hint", Max: 6, Width: 4}, Field{Name: "region_zh", LabelKey: "policy.region.zh", Max: 60, Width: 4},
		Field{Name: "region_en", LabelKey: "policy.region.en", Max: 60, Width: 4},
		Field{Name: "sample", LabelKey: "policy.sample.tick", HintKey: "policy.sample.hint", Kind: KindCheck, Optional: true})
	return keyed(NewForm(b, today, fields...))
}

func putHead(f *Form, h policy.Head) *Form {
	f.Put("name", h.Name).Put("from", h.From.String()).Put("to", h.To.String()).Put("region", h.Region.Code).Put("region_zh", h.Region.ZH).Put("region_en", h.Region.EN)
	if h.Sample {
		f.Put("sample", "yes")
	}
	return f
}

func readHead(f *Form) policy.Head {
	return policy.Head{Name: f.Text("name"), Sample: f.Bool("sample"), From: f.Date("from"), To: f.Date("to"),
		Region: policy.Region{Code: f.Text("region"), ZH: f.Text("region_zh"), EN: f.Text("region_en")}}
}

func (s *Server) newPolicyForm(r *http.Request, c *Call) (careForm, pricing.VersionList, error) {
	list, err := s.d.Pricing.Versions(r.Context(), c.Who, pageRequest(r))
	b := s.policyBase(c, c.P.T("policy.new"), Link{})
	b.Crumbs = []Link{{Text: b.T("nav.policies"), Href: "/policies"}, {Text: b.Title}}
	options := []Option{}
	for _, v := range list.Rows {
		options = append(options, Option{Value: v.ID.String(), Text: policyName(b, v.Version), Sub: v.From.String()})
	}
	f := draftForm(b, c.Today, options)
	f.Action = "/policies"
	return careForm{Base: b, Form: f}, list, err
}

func (s *Server) newPolicyPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, list, err := s.newPolicyForm(r, c)
	if err != nil {
		return err
	}
	h := policy.Head{From: clock.MustDate(c.Today.Year()+1, 1, 1), Sample: len(list.Rows) == 0}
	i := slices.IndexFunc(list.Rows, func(v pricing.Version) bool { return list.InForce[v.ID] })
	if i >= 0 {
		base := list.Rows[i]
		h.Region, h.Sample = base.Region, base.Sample
		p.Form.Put("base", base.ID.String())
	}
	putHead(p.Form, h)
	return s.showCareForm(w, r, p, Button{Text: p.T("policy.new.save")}, "/policies")
}

func (s *Server) createPolicy(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.newPolicyForm(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := pricing.DraftInput{Head: readHead(f)}
	if base := f.Choice("base"); base != "" {
		in.From, _ = ident.Parse(base) // one of the form's options
	}
	if f.OK() {
		v, err := s.d.Pricing.Draft(r.Context(), c.Who, in, pricing.KeyOf(requestKey(r), in))
		if err == nil {
			return seeOther(w, r, policyHref(v.ID))
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("policy.new.save")}, "/policies")
}

func (s *Server) policyHeadForm(r *http.Request, c *Call) (careForm, pricing.VersionView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, pricing.VersionView{}, err
	}
	v, err := s.d.Pricing.Version(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, v, err
	}
	b := s.policyBase(c, c.P.T("policy.head.edit"), Link{Text: policyName(c.Base, v.Version.Version), Href: policyHref(id)})
	f := putHead(draftForm(b, c.Today, nil), v.Head())
	f.Action = policyHref(id) + "/edit"
	region := f.field("region")
	region.ReadOnly, region.HintKey = true, "error.policy.region_fixed"
	f.Declare(region)
	f.Hide("version", version(v.Edition))
	return careForm{Base: b, Form: f}, v, nil
}

func (s *Server) policyHeadPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.policyHeadForm(r, c)
	if err != nil {
		return err
	}
	if err := v.Frozen(); err != nil {
		return s.showPolicy(w, r, c, v.ID, err)
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("directory.save")}, policyHref(v.ID))
}

func (s *Server) savePolicyHead(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.policyHeadForm(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	h := readHead(f)
	in := pricing.Change{Policy: v.ID, Edition: f.Version(), Head: &h}
	if f.OK() {
		_, err := s.d.Pricing.Change(r.Context(), c.Who, in, pricing.KeyOf(requestKey(r), in))
		if err == nil {
			return seeOther(w, r, policyHref(v.ID))
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("directory.save")}, policyHref(v.ID))
}

func sectionOf(r *http.Request) (policy.Section, string, error) {
	sec := policy.Section(chi.URLParam(r, "section"))
	if !sec.Known() {
		return "", "", errs.Missing("error.not_found")
	}
	id := chi.URLParam(r, "rule")
	if id == "new" {
		id = ""
	}
	return sec, id, nil
}
