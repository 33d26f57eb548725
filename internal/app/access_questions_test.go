package app

import (
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

type body = map[string]any

// questions are what people want of records whose state decides. Each write is a
// whole one: there is a state and a person for whom it would be stored.
func questions() []question {
	out := []question{
		{path: "GET /cases/{id}"}, {path: "GET /persons/{id}"}, {path: "GET /treatments/{id}"}, {path: "GET /procedures/{id}"}, {path: "GET /approvals/{id}"},
		{path: "GET /settlements/{id}"}, {path: "GET /referrals/{id}"}, {path: "GET /glass/{id}"}, {path: "GET /subject-requests/{id}"}, {path: "GET /public-notices/{id}"},
		{path: "GET /visits/{id}"}, {path: "GET /pay-runs/{id}"},
	}
	for _, a := range []treatment.Action{treatment.ConfirmEligible, treatment.Estimate, treatment.ForgoReduction, treatment.AskReduction, treatment.Admit, treatment.AdmitEmergency,
		treatment.Discharge, treatment.DischargeUntreated, treatment.Close, treatment.Reopen, treatment.Decline, treatment.Withdraw, treatment.Lose, treatment.Cancel, treatment.AbandonOperation,
		treatment.ConvertOperation} {
		out = append(out, question{name: string(a), path: "POST /treatments/{id}/steps", step: a, body: func(p *premises, c condition) body {
			return body{"action": a, "version": p.version("treatment", c.ids["treatments"]), "on": p.Today(), "admitted_on": p.Today(), "admission_no": "A-1", "bill_fen": 5_000_000,
				"insurance_fen": 2_000_000, "reason": "按规定办理"}
		}})
	}
	return append(append(append(out, caseQuestions()...), moneyQuestions()...), otherQuestions()...)
}

// caseQuestions are about a case, its person and its operations.
func caseQuestions() []question {
	at := func(p *premises, c condition, table, section string, more body) body {
		more["version"] = p.version(table, c.ids[section])
		return more
	}
	return []question{
		{path: "POST /cases/{id}/close", body: func(p *premises, c condition) body {
			return at(p, c, "casefile", "cases", body{"closure": "completed", "closed_on": p.Today(), "note": "随访结束"})
		}},
		{path: "POST /cases/{id}/reopening", body: func(p *premises, c condition) body { return at(p, c, "casefile", "cases", body{}) }},
		{path: "POST /cases/{id}/programme", body: func(p *premises, c condition) body {
			return at(p, c, "casefile", "cases", body{"programme": "cataract", "reason": "登记有误"})
		}},
		{path: "POST /cases/{id}/treatments", body: func(p *premises, _ condition) body {
			return body{"hospital_id": p.ID(servicetest.Mountain), "plan": "右膝全膝关节置换"}
		}},
		{path: "POST /cases/{id}/referrals", body: func(p *premises, _ condition) body {
			return body{"from_id": p.ID(servicetest.Mountain), "to_id": p.ID(servicetest.Sea), "purpose": "opinion", "urgency": "routine", "reason": "请会诊", "summary": "膝关节炎"}
		}},
		{path: "POST /treatments/{id}/procedures", body: func(p *premises, _ condition) body { return knee(p, nil) }},
		{path: "POST /procedures/{id}/correction", body: func(p *premises, c condition) body {
			return knee(p, at(p, c, "procedure", "procedures", body{"diagnosis": "骨关节炎"}))
		}},
		{name: "lock", path: "POST /procedures/{id}/signature", body: func(p *premises, c condition) body { return at(p, c, "procedure", "procedures", body{"locked": true}) }},
		{name: "unlock", path: "POST /procedures/{id}/signature", body: func(p *premises, c condition) body {
			return at(p, c, "procedure", "procedures", body{"locked": false, "reason": "批号不符"})
		}},
		{path: "POST /procedures/{id}/sheet", body: func(p *premises, c condition) body {
			values := body{}
			for k, v := range servicetest.KneeSheet().Values {
				values[k] = v
			}
			return at(p, c, "procedure", "procedures", body{"values": values, "confirm": true})
		}},
		{path: "POST /procedures/{id}/complications", body: func(p *premises, _ condition) body {
			return body{"type": "DISLOCATION", "onset_on": p.Today(), "grade": "I", "related": "YES", "outcome": "RESOLVED"}
		}},
		{path: "POST /procedures/{id}/contacts", body: func(p *premises, _ condition) body {
			return body{"on": p.Today(), "evidence": "visit", "reached": true}
		}},
		{path: "POST /persons/{id}/death", body: func(p *premises, _ condition) body {
			return body{"hospital_id": p.ID(servicetest.Mountain), "died_on": p.Today(), "source": "family"}
		}},
	}
}

// moneyQuestions are about who pays.
func moneyQuestions() []question {
	decide := func(how string) question {
		return question{name: how, path: "POST /approvals/{id}/decision", body: func(p *premises, c condition) body {
			return body{"decision": how, "relation": "none", "opinion": "按规定办理", "version": p.version("approval", c.ids["approvals"])}
		}}
	}
	paid := func(p *premises, more body) body {
		out := body{"bill_fen": 6_000_000, "basic_fen": 2_000_000, "critical_fen": 500_000, "assistance_fen": 800_000,
			"funds": []body{{"fund_id": p.objects["funds"], "amount_fen": 2_000_000}}}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	return []question{
		{path: "POST /approvals", body: func(p *premises, c condition) body {
			return paid(p, body{"treatment_id": c.ids["treatments"], "reason": "低保对象"})
		}},
		decide("approve"), decide("refuse"), decide("return"), decide("revoke"),
		{path: "POST /approvals/{id}/withdrawal", body: func(p *premises, c condition) body {
			return body{"version": p.version("approval", c.ids["approvals"])}
		}},
		{path: "POST /approvals/{id}/appeals", body: func(*premises, condition) body { return body{"reason": "补充证明"} }},
		{path: "POST /settlements", body: func(p *premises, c condition) body {
			return paid(p, body{"treatment_id": c.ids["treatments"], "net_fen": 700_000, "on": p.Today()})
		}},
		{path: "POST /settlements/{id}/reversal", body: func(p *premises, c condition) body {
			return body{"reason": "金额有误", "version": p.version("settlement", c.ids["settlements"])}
		}},
		{name: "approve", path: "POST /pay-runs/{id}/decision", body: func(p *premises, c condition) body {
			return body{"approve": true, "version": p.version("pay_run", c.ids["pay-runs"])}
		}},
		{path: "POST /pay-runs/{id}/payment", body: func(p *premises, c condition) body {
			return body{"on": p.Today(), "reference": "B-2", "version": p.version("pay_run", c.ids["pay-runs"])}
		}},
		{name: "approve", path: "POST /fund-projects/{id}/step", body: func(p *premises, c condition) body {
			return body{"step": "approve", "version": p.version("fund_project", c.ids["fund-projects"])}
		}},
		{name: "close", path: "POST /fund-projects/{id}/step", body: func(p *premises, c condition) body {
			return body{"step": "close", "version": p.version("fund_project", c.ids["fund-projects"])}
		}},
	}
}

// otherQuestions are about what has states of its own.
func otherQuestions() []question {
	step := func(table, section, path, name string, more body) question {
		return question{name: name, path: path, body: func(p *premises, c condition) body {
			out := body{"version": p.version(table, c.ids[section])}
			for k, v := range more {
				out[k] = v
			}
			return out
		}}
	}
	refer := func(action string) question {
		return step("referral", "referrals", "POST /referrals/{id}/steps", action, body{"action": action, "reply": "按计划办理", "legal_basis": "consent"})
	}
	return []question{
		refer("accept"), refer("reject"), refer("revoke"), refer("finish"),
		step("glass", "glass", "POST /glass/{id}/close", "", nil),
		step("glass", "glass", "POST /glass/{id}/verdict", "", body{"verdict": "justified", "opinion": "确属急救"}),
		step("fee_policy", "policies", "POST /policies/{id}/release", "", nil),
		step("fee_policy", "policies", "POST /policies/{id}/discard", "", nil),
		step("notice", "public-notices", "POST /public-notices/{id}/step", "publish", body{"step": "publish"}),
		step("notice", "public-notices", "POST /public-notices/{id}/step", "close", body{"step": "close"}),
		step("notice", "public-notices", "POST /public-notices/{id}/step", "discard", body{"step": "discard"}),
		step("subject_request", "subject-requests", "POST /subject-requests/{id}/withdraw", "", nil),
		step("subject_request", "subject-requests", "POST /subject-requests/{id}/answer", "", body{"grant": false, "opinion": "法律要求保存"}),
		step("visit", "visits", "POST /visits/{id}/closure", "", body{"reason": "任务完成"}),
		step("visit", "visits", "POST /visits/{id}/cancellation", "", body{"reason": "行程取消"}),
	}
}
