package httpapi

import (
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
)

// pricingRoutes declares rules of payment, estimates and the yearly account.
func (s *Server) pricingRoutes(rt *router) {
	rt.get("/policies", authz.RuleRead, s.policies)
	rt.post("/policies", authz.RuleEdit, s.draftPolicy)
	rt.get("/policies/{id}", authz.RuleRead, s.policy)
	rt.post("/policies/{id}", authz.RuleEdit, s.writePolicy)
	rt.post("/policies/{id}/release", authz.RuleRelease, s.releasePolicy)
	rt.post("/policies/{id}/discard", authz.RuleEdit, s.discardPolicy)
	rt.get("/policies/{id}/rehearsal", authz.RuleEdit, s.rehearsePolicy)
	rt.get("/treatments/{id}/estimates", authz.EstimateRead, s.estimates)
	rt.post("/treatments/{id}/estimates", authz.EstimateMake, s.makeEstimate)
	rt.post("/treatments/{id}/estimates/trial", authz.EstimateMake, s.tryEstimate)
	rt.post("/treatments/{id}/year", authz.EstimateMake, s.openYear)
	rt.get("/estimates/{id}", authz.EstimateRead, s.estimate)
}

// versionBody is a version of the rules; amounts are fen, rates basis points.
type versionBody struct {
	ID       ident.ID      `json:"id"`
	No       int           `json:"no"`
	Name     string        `json:"name"`
	Sample   bool          `json:"sample"`
	From     clock.Date    `json:"from"`
	To       clock.Date    `json:"to"`
	State    policy.State  `json:"state"`
	InForce  bool          `json:"in_force"`
	Author   string        `json:"author"`
	Releaser string        `json:"releaser"`
	Version  int64         `json:"version"`
	Region   policy.Region `json:"region"`
}

func versionOf(v pricing.Version, inForce bool) versionBody {
	return versionBody{v.ID, v.No, v.Name, v.Sample, v.From, v.To, v.State, inForce, v.Author, v.Releaser, v.Edition, v.Region}
}

type wholeVersionBody struct {
	versionBody
	Rules policy.Rules `json:"rules"`
}

func wholeVersionOf(v pricing.Version, inForce bool) wholeVersionBody {
	return wholeVersionBody{versionOf(v, inForce), v.Rules}
}

func (s *Server) policies(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	list, err := s.d.Pricing.Versions(r.Context(), c.Who, q.page())
	out := struct {
		Rows []versionBody `json:"rows"`
		Next string        `json:"next"`
	}{[]versionBody{}, list.Next}
	for _, v := range list.Rows {
		out.Rows = append(out.Rows, versionOf(v, list.InForce[v.ID]))
	}
	return http.StatusOK, out, err
}

func (s *Server) policy(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Pricing.Version(r.Context(), c.Who, id)
	return http.StatusOK, wholeVersionOf(v.Version, v.Applies), err
}

// headBody is the name, dates and region of a version.
type headBody struct {
	Name   string        `json:"name"`
	Sample bool          `json:"sample"`
	From   clock.Date    `json:"from"`
	To     clock.Date    `json:"to"`
	Region policy.Region `json:"region"`
}

func (b headBody) head() policy.Head { return policy.Head(b) }

func (s *Server) draftPolicy(r *http.Request, c *call) (int, any, error) {
	var body struct {
		headBody
		Base string `json:"base"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	q := query{values: map[string][]string{"base": {body.Base}}}
	in := pricing.DraftInput{Head: body.head(), From: q.id("base")}
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	v, err := s.d.Pricing.Draft(r.Context(), c.Who, in, pricing.KeyOf(c.Key, in))
	return http.StatusCreated, wholeVersionOf(v, false), err
}

func (s *Server) writePolicy(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Version int64         `json:"version"`
		Head    *headBody     `json:"head"`
		Rules   *policy.Rules `json:"rules"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := pricing.Change{Policy: id, Edition: body.Version, All: body.Rules}
	if body.Head != nil {
		h := body.Head.head()
		in.Head = &h
	}
	v, err := s.d.Pricing.Change(r.Context(), c.Who, in, pricing.KeyOf(c.Key, in))
	return http.StatusOK, wholeVersionOf(v, false), err
}

func standingOf(r *http.Request) (pricing.Standing, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return pricing.Standing{}, err
	}
	var body struct {
		Version int64 `json:"version"`
	}
	err = httpx.DecodeJSON(r, &body)
	return pricing.Standing{Policy: id, Edition: body.Version}, err
}

func (s *Server) releasePolicy(r *http.Request, c *call) (int, any, error) {
	in, err := standingOf(r)
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Pricing.Release(r.Context(), c.Who, in, pricing.KeyOf(c.Key, in))
	return http.StatusOK, wholeVersionOf(v, false), err
}

func (s *Server) discardPolicy(r *http.Request, c *call) (int, any, error) {
	in, err := standingOf(r)
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Pricing.Discard(r.Context(), c.Who, in, pricing.KeyOf(c.Key, in))
	return http.StatusOK, wholeVersionOf(v, false), err
}

// sumBody is what each payer bears of a bill.
type sumBody struct {
	Bill       money.Fen `json:"bill_fen"`
	Basic      money.Fen `json:"basic_fen"`
	Critical   money.Fen `json:"critical_fen"`
	Assistance money.Fen `json:"assistance_fen"`
	Other      money.Fen `json:"other_fen"`
	Funds      money.Fen `json:"funds_fen"`
	Waiver     money.Fen `json:"waiver_fen"`
	Net        money.Fen `json:"net_fen"`
}

func sumOf(s fee.Settlement) sumBody {
	return sumBody{s.Bill, s.Basic, s.Critical, s.Assistance, s.Other, s.FundTotal(), s.Waiver, s.Net}
}

type changeBody struct {
	Estimate ident.ID  `json:"estimate_id"`
	Category string    `json:"category"`
	Before   money.Fen `json:"before_fen"`
	After    money.Fen `json:"after_fen"`
}

func changesOf(list []fee.Change) []changeBody {
	out := make([]changeBody, len(list))
	for i, x := range list {
		out[i] = changeBody{x.Case, x.Category, x.Before, x.After}
	}
	return out
}

func (s *Server) rehearsePolicy(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	q := query{values: r.URL.Query()}
	in := pricing.RehearseInput{Policy: id, From: q.day("from"), To: q.day("to")}
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	x, err := s.d.Pricing.Rehearse(r.Context(), c.Who, in)
	type fund struct {
		ID     ident.ID  `json:"id"`
		Name   string    `json:"name"`
		Before money.Fen `json:"before_fen"`
		After  money.Fen `json:"after_fen"`
	}
	out := struct {
		Cases    int          `json:"cases"`
		Excluded int          `json:"excluded"`
		Control  int          `json:"control"`
		Exact    int          `json:"exact"`
		Cut      bool         `json:"cut"`
		Same     int          `json:"persons_unchanged"`
		Before   sumBody      `json:"before"`
		After    sumBody      `json:"after"`
		Funds    []fund       `json:"funds"`
		Winners  []changeBody `json:"winners"`
		Losers   []changeBody `json:"losers"`
	}{x.Cases, x.Excluded, x.Control, x.Exact, x.Cut, x.Same, sumOf(x.Sum), sumOf(x.New), []fund{}, changesOf(x.Winners), changesOf(x.Losers)}
	for _, f := range x.Rehearsal.Funds {
		out.Funds = append(out.Funds, fund{f.Fund, x.Funds[f.Fund], f.Before, f.After})
	}
	return http.StatusOK, out, err
}

// estimateBody is a kept computation with its rows.
type estimateBody struct {
	ID        ident.ID  `json:"id"`
	Treatment ident.ID  `json:"treatment_id"`
	Kind      string    `json:"kind"`
	Reversed  bool      `json:"reversed"`
	Note      string    `json:"note"`
	By        string    `json:"by"`
	At        time.Time `json:"at"`
	Case      fee.Case  `json:"case"`
	Opening   fee.Year  `json:"opening"`
	resultBody
}

// resultBody is what a case comes to.
type resultBody struct {
	Policy   ident.ID  `json:"policy_id"`
	No       int       `json:"policy_no"`
	Sample   bool      `json:"sample"`
	Category string    `json:"category"`
	Rows     []fee.Row `json:"rows"`
	Sum      sumBody   `json:"sum"`
}

func resultOf(r fee.Result) resultBody {
	return resultBody{r.Policy, r.No, r.Sample, r.Category, append([]fee.Row{}, r.Rows...), sumOf(r.Sum)}
}

func estimateOf(x pricing.Computation) estimateBody {
	return estimateBody{x.ID, x.Treatment, string(x.Kind), x.Reversed, x.Note, x.By, x.CreatedAt, x.Case, x.Opening.Plus(nil), resultOf(x.Result)}
}

func (s *Server) estimates(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Pricing.EstimateForm(r.Context(), c.Who, id)
	out := struct {
		Categories []string       `json:"categories"`
		Proven     bool           `json:"proven"`
		Year       fee.Year       `json:"year"`
		Rows       []estimateBody `json:"rows"`
	}{append([]string{}, v.Categories...), v.Proven, v.Year.Plus(nil), []estimateBody{}}
	for _, x := range v.Earlier {
		out.Rows = append(out.Rows, estimateOf(x))
	}
	return http.StatusOK, out, err
}

func estimateInput(r *http.Request) (pricing.EstimateInput, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return pricing.EstimateInput{}, err
	}
	var body struct {
		Region  string    `json:"region"`
		Case    fee.Case  `json:"case"`
		Implant money.Fen `json:"if_implant_fen"`
		Fund    ident.ID  `json:"if_fund"`
		Note    string    `json:"note"`
	}
	err = httpx.DecodeJSON(r, &body)
	return pricing.EstimateInput{Treatment: id, Region: body.Region, Case: body.Case, WhatIf: pricing.WhatIf{Implant: body.Implant, Fund: body.Fund}, Note: body.Note}, err
}

func (s *Server) makeEstimate(r *http.Request, c *call) (int, any, error) {
	in, err := estimateInput(r)
	if err != nil {
		return 0, nil, err
	}
	x, err := s.d.Pricing.Save(r.Context(), c.Who, in, pricing.KeyOf(c.Key, in))
	return http.StatusCreated, estimateOf(x), err
}

func (s *Server) tryEstimate(r *http.Request, c *call) (int, any, error) {
	in, err := estimateInput(r)
	if err != nil {
		return 0, nil, err
	}
	x, err := s.d.Pricing.Try(r.Context(), c.Who, in)
	type alternative struct {
		Name  string       `json:"name"`
		Level policy.Level `json:"level"`
		resultBody
	}
	out := struct {
		resultBody
		Alternatives []alternative `json:"alternatives"`
	}{resultOf(x.Result), []alternative{}}
	for _, a := range x.Alternatives {
		out.Alternatives = append(out.Alternatives, alternative{a.Name, a.Level, resultOf(a.Result)})
	}
	return http.StatusOK, out, err
}

func (s *Server) estimate(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Pricing.Estimate(r.Context(), c.Who, id)
	type part struct {
		Cause  fee.Cause `json:"cause"`
		Amount money.Fen `json:"amount_fen"`
	}
	type line struct {
		Layer    string    `json:"layer"`
		Estimate money.Fen `json:"estimate_fen"`
		By       []part    `json:"by"`
		Settled  money.Fen `json:"settled_fen"`
	}
	out := struct {
		estimateBody
		Replayed bool   `json:"replayed"`
		Variance []line `json:"variance"`
	}{estimateOf(v.Computation), v.Replayed, []line{}}
	for _, l := range v.Variance {
		x := line{Layer: l.Layer, Estimate: l.Estimate, Settled: l.Actual}
		for i, cause := range fee.Causes() {
			x.By = append(x.By, part{cause, l.By[i]})
		}
		out.Variance = append(out.Variance, x)
	}
	return http.StatusOK, out, err
}

func (s *Server) openYear(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Kind fee.Kind `json:"kind"`
		fee.Account
		On     clock.Date `json:"on"`
		Source string     `json:"source"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := pricing.OpeningInput{Treatment: id, Kind: body.Kind, Account: body.Account, On: body.On, Source: body.Source}
	l, err := s.d.Pricing.SetOpening(r.Context(), c.Who, in, pricing.KeyOf(c.Key, in))
	return http.StatusOK, struct {
		Year int      `json:"year"`
		Kind fee.Kind `json:"kind"`
		fee.Account
		On     clock.Date `json:"on"`
		Source string     `json:"source"`
	}{l.Year, l.Kind, l.Opening, l.OpenedOn, l.Source}, err
}
