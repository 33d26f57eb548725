package app

import (
	"cmp"
	"maps"
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/domain/subject"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/glass"
	public "github.com/shanhai-health/shanhai/internal/service/notice"
	"github.com/shanhai-health/shanhai/internal/service/paying"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
	"github.com/shanhai-health/shanhai/internal/store"
)

// stage is a treatment brought to a place, with the records that come on the way.
type stage struct {
	*premises
	tr store.Treatment
}

func (s *stage) hold() *stage {
	s.Do(s.System(), func(tx *store.Tx) (err error) { s.tr, err = tx.TreatmentByID(s.tr.ID); return err })
	return s
}

func (s *stage) step(steps ...treatment.Action) *stage {
	s.tr = s.Advance(s.hold().tr, steps...)
	return s
}

func (s *stage) request() *stage {
	pool, err := ident.Parse(s.objects["funds"])
	must(s.premises, "fund", err)
	_, err = s.app.Services.Funding.Request(s.T.Context(), s.Finance(servicetest.Mountain), funding.Request{Treatment: s.tr.ID, Bill: 6_000_000, Basic: 2_000_000, Critical: 500_000,
		Assistance: 800_000, Funds: []fee.FundLine{{Fund: pool, Amount: 2_000_000}}, Reason: "低保对象"}, "")
	must(s.premises, "request", err)
	return s.hold()
}

func (s *stage) decide(how fund.Decision) *stage {
	approval := s.idsOf(s.tr.ID)["approvals"]
	_, err := s.app.Services.Funding.Decide(s.T.Context(), s.SecondApprover(), funding.Decision{Approval: approval, Decision: how, Relation: fund.Unrelated, Opinion: "按规定办理",
		Version: s.Version(approval)}, "")
	must(s.premises, "decision", err)
	return s.hold()
}

func (s *stage) operate() *stage {
	doctor := s.Doctor(servicetest.Mountain)
	_, err := s.app.Services.Care.LogOperation(s.T.Context(), doctor, care.OperationInput{Treatment: s.tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Left, s.Today()),
		Confirmed: true, Reason: "急诊"}, store.Key{})
	must(s.premises, "operation", err)
	return s.hold()
}

func (s *stage) sign() *stage {
	op := s.idsOf(s.tr.ID)["procedures"]
	_, err := s.app.Services.Care.ValidateOperation(s.T.Context(), s.Visiting(servicetest.Mountain), care.SignInput{Operation: op, Version: s.Version(op)}, store.Key{})
	must(s.premises, "signature", err)
	return s.hold()
}

func (s *stage) settle() *stage {
	pool, err := ident.Parse(s.objects["funds"])
	must(s.premises, "fund", err)
	paid := fee.Settlement{Bill: 6_000_000, Basic: 2_000_000, Critical: 500_000, Assistance: 800_000, Funds: []fee.FundLine{{Fund: pool, Amount: 2_000_000}}}
	_, err = s.app.Services.Funding.Settle(s.T.Context(), s.Finance(servicetest.Mountain), funding.Settle{Treatment: s.tr.ID, Settlement: paid.WithNet()}, "")
	must(s.premises, "settlement", err)
	return s.hold()
}

func (s *stage) shut() *stage {
	_, err := s.app.Services.Care.CloseCase(s.T.Context(), s.Registrar(servicetest.Mountain), care.CloseInput{Case: s.tr.Case, Version: int64(s.version("casefile", s.tr.Case)),
		Closure: casefile.Completed, On: s.Today()}, store.Key{})
	must(s.premises, "closing the case", err)
	return s.hold()
}

func (s *stage) as(name string) condition {
	s.hold()
	return condition{name: name, ids: s.idsOf(s.tr.ID), place: s.tr.Place}
}

func (p *premises) stage() *stage { return &stage{premises: p, tr: p.Eligible(servicetest.Mountain)} }

// careStates are a treatment at every station of its way, and off it.
func (p *premises) careStates() []condition {
	approved := func() *stage { return p.stage().request().decide(fund.DecideApprove) }
	operated := func() *stage { return approved().step(treatment.Admit).operate() }
	settled := func() *stage { return operated().step(treatment.Discharge).settle() }
	planned := p.TreatmentIn(p.Case(servicetest.Mountain, procedure.Joint, "向初一"), servicetest.Mountain)
	out := []condition{
		(&stage{p, planned}).as("planned"), p.stage().as("eligible"), p.stage().request().as("requested"), p.stage().request().decide(fund.DecideRefuse).as("refused"),
		p.stage().request().decide(fund.DecideReturn).as("returned"), approved().as("approved"), p.stage().step(treatment.ForgoReduction).as("no reduction"),
		p.stage().step(treatment.Decline).as("declined"), p.stage().step(treatment.Cancel).as("cancelled"), approved().step(treatment.Admit).as("admitted"),
		p.stage().step(treatment.AdmitEmergency).as("emergency"), operated().as("operated"), operated().sign().as("operated, locked"),
		operated().step(treatment.Discharge).as("discharged"), settled().as("settled"), settled().step(treatment.Close).as("closed"),
		settled().sign().step(treatment.Close).shut().as("closed, case closed"),
	}
	restricted := operated().as("operated, restricted person")
	p.Run(`update person set restricted_on = $2 where id = $1`, restricted.ids["persons"], p.Today())
	dying := approved()
	dead := dying.as("approved, dead person")
	_, err := p.app.Services.Care.ReportDeath(p.T.Context(), p.Registrar(servicetest.Mountain), care.DeathInput{Person: dead.ids["persons"],
		Death: patient.Death{On: p.day(-1), Source: patient.DeathFamily}}, store.Key{})
	must(p, "death", err)
	dead.place = dying.hold().tr.Place // the report has ended it
	return append(out, restricted, dead)
}

// otherStates are referrals, emergencies, rules, runs, notices and visits, and
// what an end does to everything.
func (p *premises) otherStates() []condition {
	out := slices.Concat(p.referralStates(), p.glassStates(), p.officeStates())
	care := map[string]condition{}
	for _, c := range p.careStates() {
		care[c.name] = c
	}
	ended := func(name string, c condition, set, back string) condition {
		c.name, c.ended = name+": "+c.name, true
		c.turn = func(on bool) {
			if on {
				p.Run(set, p.Partnership.ID, p.Today(), ident.New(), ident.New())
			} else {
				p.Run(back, p.Partnership.ID)
			}
			must(p, "policy", p.app.Policy.Reload(p.T.Context()))
		}
		return c
	}
	const over = `update partnership set closing_on = $2, closing_by = $3, closing_reason = '期满', closed_on = $2, closed_by = $4`
	const back = `update partnership set closing_on = null, closing_by = null, closing_reason = '', closed_on = null, closed_by = null, archived_on = null where id = $1`
	for _, name := range []string{"requested", "discharged", "closed, case closed"} {
		out = append(out, ended("ended", care[name], over+` where id = $1`, back), ended("archived", care[name], over+`, archived_on = $2 where id = $1`, back))
	}
	away := care["operated"]
	away.name = "posting over: operated"
	away.turn = func(on bool) {
		to := p.day(30)
		if on {
			to = p.day(-1)
		}
		p.Exec(`update posting set to_on = $2 where partnership_id = $1`, p.Partnership.ID, to)
		must(p, "policy", p.app.Policy.Reload(p.T.Context()))
	}
	return append(out, away)
}

// referralStates are a case that was offered to the neighbour, by its letter.
func (p *premises) referralStates() []condition {
	ctx, s := p.T.Context(), p.app.Services.Care
	const here, near = servicetest.Mountain, servicetest.MountainTwo
	letter := referral.Letter{Purpose: referral.ForOpinion, Urgency: referral.Routine, Summary: "左膝骨关节炎"}
	sent := func(name string, steps ...referral.Action) condition {
		tr := p.Eligible(here)
		r, err := s.Send(ctx, p.Registrar(here), care.SendInput{Case: tr.Case, To: p.ID(near), Reason: "请会诊", Letter: letter}, store.Key{})
		must(p, name, err)
		for _, a := range steps {
			who := p.Registrar(near)
			if a == referral.Revoke {
				who = p.Registrar(here)
			}
			r, err = s.Answer(ctx, who, care.AnswerInput{Referral: r.ID, Version: r.Version, Action: a, Reply: "按计划办理", Open: referral.Period{From: p.Today(), To: p.day(20)},
				Basis: patient.BasisConsent}, store.Key{})
			must(p, name, err)
		}
		c := (&stage{p, tr}).as("referral " + name)
		c.near = true
		return c.with(map[string]ident.ID{"referrals": r.ID})
	}
	return []condition{sent("sent"), sent("accepted", referral.Accept), sent("rejected", referral.Reject), sent("revoked", referral.Accept, referral.Revoke),
		sent("finished", referral.Accept, referral.Finish)}
}

// glassStates are an emergency of the neighbouring doctor's, in its hour and after.
func (p *premises) glassStates() []condition {
	const near = servicetest.MountainTwo
	broken := func(name, birth, set string) condition {
		tr := p.Eligible(servicetest.Mountain)
		number := servicetest.CitizenNumber(birth, 24)
		p.Do(p.System(), func(tx *store.Tx) error {
			parsed, err := patient.ParseDocument(patient.DocCitizen, number, tx.Today())
			must(p, "number", err)
			d := parsed.Document
			d.ID, d.PersonID = ident.New(), tr.Person
			return tx.InsertDocument(d)
		})
		id, err := p.app.Services.Glass.Break(p.T.Context(), p.Doctor(near), glass.Input{DocKind: patient.DocCitizen, DocNumber: number, Reason: "昏迷送诊抢救"}, "")
		must(p, name, err)
		if set != "" {
			p.Exec(`update glass set `+set+` where id = $1`, id)
		}
		c := condition{name: "emergency " + name, near: true, ids: maps.Clone(p.idsOf(tr.ID)), place: tr.Place}
		return c.with(map[string]ident.ID{"glass": id})
	}
	return []condition{broken("open", "580501", ""), broken("closed", "580502", "closed_at = opened_at + interval '1 minute'"),
		broken("judged", "580503", "closed_at = opened_at + interval '1 minute', verdict = 'justified', opinion = '属实', judged_at = opened_at + interval '2 minutes', judged_by = '"+
			p.Auditor().AccountID.String()+"'")}
}

// officeStates are what the office makes: rules, notices, projects, runs, visits.
func (p *premises) officeStates() (out []condition) {
	ctx, s := p.T.Context(), p.app.Services
	const here = servicetest.Mountain
	one := func(name, section string, id ident.ID) {
		out = append(out, condition{name: name, ids: map[string]ident.ID{section: id}})
	}
	rules := func(year int) ident.ID {
		v, err := s.Pricing.Draft(ctx, p.SecondApprover(), pricing.DraftInput{Head: policy.Head{Name: "示例", Sample: true, From: clock.MustDate(year, 1, 1),
			Region: policy.Region{Code: "990102", ZH: "示例二", EN: "Sample two"}}}, store.Key{})
		must(p, "rules", err)
		return v.ID
	}
	edition := func(id ident.ID) pricing.Standing {
		return pricing.Standing{Policy: id, Edition: int64(p.version("fee_policy", id))}
	}
	released, discarded := rules(2021), rules(2022)
	_, err := s.Pricing.Release(ctx, p.Approver(), edition(released), store.Key{})
	must(p, "release", err)
	_, err = s.Pricing.Discard(ctx, p.Approver(), edition(discarded), store.Key{})
	must(p, "discard", err)
	one("rules draft", "policies", rules(2023))
	one("rules released", "policies", released)
	one("rules discarded", "policies", discarded)
	for i, steps := range [][]notice.Step{nil, {notice.Publish}, {notice.Publish}, {notice.Discard}} {
		id, err := s.Notices.Draw(ctx, p.SecondApprover(), public.Draft{Title: "公示", From: p.Today(), To: p.Today()}, "")
		must(p, "notice", err)
		for _, step := range steps {
			must(p, string(step), s.Notices.Do(ctx, p.Approver(), public.StepInput{Notice: id, Step: step, Version: p.Version(id)}, ""))
		}
		if i >= 1 && i <= 2 { // closing waits for its last day
			p.Run(`update notice set published_on = $2, until_on = $2 where id = $1`, id, p.day(-1))
		}
		name := []string{"draft", "published", "closed", "discarded"}[i]
		if name == "closed" {
			must(p, name, s.Notices.Do(ctx, p.SecondApprover(), public.StepInput{Notice: id, Step: notice.Close, Version: p.Version(id)}, ""))
		}
		one("notice "+name, "public-notices", id)
	}
	for i, state := range []string{"draft", "approved", "closed"} {
		project, err := s.Funding.SaveProject(ctx, p.SecondApprover(), funding.SaveProject{Project: fund.Project{Code: "XM-1" + string(rune('0'+i)), Name: "协作项目", Year: 2026,
			Source: fund.DonorFiscal, Planned: 1_000_000, Unit: "协作办"}}, "")
		must(p, "project", err)
		if state != "draft" {
			p.Run(`update fund_project set state = $2, approved_by = $3, approved_at = $4 where id = $1`, project, state, p.Auditor().AccountID, p.Clock.Now())
		}
		one("project "+state, "fund-projects", project)
	}
	for _, state := range []visit.State{visit.Planned, visit.Closed, visit.Cancelled} {
		id, err := s.Visiting.SaveVisit(ctx, p.Doctor(here), visit.Mission{Hospital: p.ID(here), Title: "支医日", From: p.Today(), To: p.Today()}, visiting.Key{})
		must(p, "visit", err)
		p.Run(`update visit set state = $2 where id = $1`, id, string(state))
		one("visit "+string(state), "visits", id)
	}
	asked, err := s.Subjects.Ask(ctx, p.Registrar(here), subject.Request{Person: p.Patient(here, "向春晓"), Kind: subject.Access, Asker: subject.Self, Proof: "身份证原件", ReceivedOn: p.Today()}, "")
	must(p, "request about own data", err)
	withdrawn, err := s.Subjects.Ask(ctx, p.Registrar(here), subject.Request{Person: p.Patient(here, "向夏至"), Kind: subject.Access, Asker: subject.Self, Proof: "身份证原件", ReceivedOn: p.Today()}, "")
	must(p, "request about own data", err)
	must(p, "withdrawal", s.Subjects.Withdraw(ctx, p.Registrar(here), withdrawn, 1, ""))
	one("subject's request open", "subject-requests", asked)
	one("subject's request withdrawn", "subject-requests", withdrawn)
	return out
}

// runStates are settlement runs. They come first: each takes all that is settled.
func (p *premises) runStates() []condition {
	paid, err := ident.Parse(p.objects["pay-runs"])
	must(p, "run", err)
	var out []condition
	for name, id := range map[string]ident.ID{"run paid": paid, "run filed": p.run(true), "run draft": p.run(false)} {
		out = append(out, condition{name: name, ids: map[string]ident.ID{"pay-runs": id}})
	}
	slices.SortFunc(out, func(a, b condition) int { return cmp.Compare(a.name, b.name) })
	return out
}

// run is a settlement run of what is owed for one more treatment.
func (p *premises) run(filed bool) ident.ID {
	ctx, s := p.T.Context(), p.app.Services.Paying
	p.stage().request().decide(fund.DecideApprove).step(treatment.Admit).operate().step(treatment.Discharge).settle()
	pool, err := ident.Parse(p.objects["funds"])
	must(p, "fund", err)
	made, err := s.MakeRun(ctx, p.SecondFundFinance(), paying.NewRun{Fund: pool}, "")
	must(p, "run", err)
	if filed {
		_, err = s.DecideRun(ctx, p.SecondApprover(), paying.Decision{ID: made.Run, Approve: true, Version: 1}, "")
		must(p, "approval of the run", err)
		_, err = s.BankFile(ctx, p.SecondFundFinance(), made.Run, "csv")
		must(p, "bank file", err)
	}
	return made.Run
}
