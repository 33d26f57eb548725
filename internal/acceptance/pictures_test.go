//go:build uifull

package acceptance

import (
	"strconv"
	"strings"
	"testing"
)

// picture is a page as one role sees it. The record shown is the first one that
// list links to under link; more is what follows the record's address. A list
// beginning with @ is a question to the database that answers the address; one
// beginning with ? is typed into the search box.
type picture struct{ who, name, list, link, more string }

// keyPages are the pages people judge the product by, as whoever works there.
func keyPages() []picture {
	return []picture{
		{"", "sign-in", "/sign-in", "", ""},
		{"registrar-ylrm", "queue-registrar", "/", "", ""},
		{"registrar-ylrm", "register", "/patients/register", "", ""},
		{"registrar-ylrm", "patients", "/patients", "", ""},
		{"registrar-ylrm", "search", "?罗", "", ""},
		{"registrar-ylrm", "patient", "/patients", "/patients/", ""},
		{"registrar-ylrm", "patient-edit", "/patients", "/patients/", "/edit"},
		{"registrar-ylrm", "patient-timeline", "/patients", "/patients/", "/timeline"},
		{"registrar-ylrm", "patient-attachments", "/patients", "/patients/", "/attachments"},
		{"registrar-ylrm", "patient-identity", "/patients", "/patients/", "/identity"},
		{"registrar-ylrm", "cases", "/cases", "", ""},
		{"registrar-ylrm", "case", "/cases", "/cases/", ""},
		{"registrar-ylrm", "case-followups", "/cases", "/cases/", "/followups"},
		{"registrar-ylrm", "second-sides", "/second-sides", "", ""},
		{"registrar-ylrm", "referrals", "/referrals", "", ""},
		{"registrar-ylrm", "referral", "@select '/referrals/' || r.id from referral r join organisation o on o.id in (r.from_hospital_id, r.to_hospital_id) where o.code = 'YLRM' order by r.id limit 1", "", ""},
		{"registrar-ylrm", "referral-clock", "/referrals/clock", "", ""},
		{"registrar-ylrm", "followups", "/followups", "", ""},
		{"registrar-ylrm", "followup-calls", "/followups/calls", "", ""},
		{"registrar-ylrm", "followup-forms", "/followups/forms", "", ""},
		{"registrar-ylrm", "followup-rules", "/followup-rules", "", ""},
		{"registrar-ylrm", "deaths", "/deaths", "", ""},
		{"registrar-ylrm", "estimate", "/approvals", "/approvals/", ""},
		{"registrar-ylrm", "messages", "/messages", "", ""},
		{"registrar-ylrm", "settings", "/settings", "", ""},
		{"registrar-ylrm", "security-keys", "/account/passkeys", "", ""},
		{"registrar-ylrm", "second-factor", "/account/second-factor", "", ""},
		{"registrar-ylrm", "sessions", "/account/sessions", "", ""},
		{"registrar-ylrm", "access-tokens", "/account/tokens", "", ""},
		{"registrar-ylrm", "password", "/account/password", "", ""},
		{"registrar-ylrm", "help", "/help", "", ""},
		{"registrar-ylrm", "not-found", "/nowhere", "", ""},
		{"doctor-ylzy", "operations", "/operations", "", ""},
		{"doctor-ylzy", "operation", "/operations", "/operations/", ""},
		{"doctor-ylzy", "operation-photos", "/operations", "/operations/", "/photos"},
		{"doctor-ylzy", "treatment", "@select '/treatments/' || t.id from treatment t join organisation o on o.id = t.hospital_id where o.code = 'YLZY' and t.state = 'discharged'", "", ""},
		{"doctor-ylzy", "devices", "/devices", "", ""},
		{"doctor-ylzy", "device", "/devices", "/devices/", ""},
		{"doctor-ylzy", "stock", "/stock", "", ""},
		{"doctor-ylzy", "recall", "/recall", "", ""},
		{"doctor-ylzy", "alarms", "/alarms", "", ""},
		{"doctor-ylzy", "teaching", "/teaching", "", ""},
		{"visiting-lgrm", "queue-visiting", "/", "", ""},
		{"visiting-lgrm", "theatre", "@select '/treatments/' || t.id || '/theatre' from treatment t join organisation o on o.id = t.hospital_id where o.code = 'YLRM' and t.programme = 'coronary' and t.state = 'admitted' order by t.id limit 1", "", ""},
		{"visiting-lgrm", "operation-new", "@select '/treatments/' || t.id || '/operations/new' from treatment t join organisation o on o.id = t.hospital_id where o.code = 'YLRM' and t.programme = 'coronary' and t.state = 'admitted' order by t.id limit 1", "", ""},
		{"visiting-lgrm", "visits", "/visits", "", ""},
		{"visiting-lgrm", "visit", "/visits", "/visits/", ""},
		{"visiting-lgrm", "visit-report", "/visits", "/visits/", "/report"},
		{"admin-ylrm", "postings", "/postings", "", ""},
		{"visiting-lgrm", "skills", "/skills", "", ""},
		{"visiting-lgrm", "skill", "/skills", "/skills/", ""},
		{"screener-ylrm", "screenings", "/screenings", "", ""},
		{"screener-ylrm", "screening-new", "/screenings/new", "", ""},
		{"screener-ylrm", "screening", "/screenings", "/screenings/", ""},
		{"screener-ylrm", "screening-handover", "/screenings/handover", "", ""},
		{"screener-ylrm", "outreach", "/outreach/zh-CN", "", ""},
		{"admin-ylrm", "outreach-recovery", "/screenings/outboxes", "", ""},
		{"admin-ylrm", "privileges", "/privileges", "", ""},
		{"admin-ylrm", "exceptions", "/exceptions", "", ""},
		{"approver", "meetings", "/meetings", "", ""},
		{"admin-ylrm", "practitioners", "/practitioners", "", ""},
		{"admin-ylrm", "users", "/users", "", ""},
		{"approver", "imports", "/imports", "", ""},
		{"finance-ylzy", "queue-finance", "/", "", ""},
		{"finance-ylzy", "settlements", "/settlements", "", ""},
		{"finance-ylzy", "settlement", "/settlements", "/settlements/", ""},
		{"approver", "queue-approver", "/", "", ""},
		{"approver", "approvals", "/approvals", "", ""},
		{"approver", "approval", "/approvals", "/approvals/", ""},
		{"approver", "funds", "/funds", "", ""},
		{"approver", "policies", "/policies", "", ""},
		{"fund-finance", "payables", "/payables", "", ""},
		{"official", "overview", "/overview", "", ""},
		{"official", "programme", "/desk/programmes/joint", "", ""},
		{"official", "comparison", "/desk/comparison", "", ""},
		{"official", "flows", "/desk/flows", "", ""},
		{"official", "references", "/desk/references", "", ""},
		{"official", "measures", "/measures", "", ""},
		{"official", "reports", "/reports", "", ""},
		{"head-ylzy", "surgeons", "/desk/surgeons", "", ""},
		{"head-ylzy", "surgeon", "/desk/surgeons", "/desk/surgeons/", ""},
		{"auditor", "packages", "/audit-packages", "", ""},
		{"auditor", "alerts", "/alerts", "", ""},
		{"audit-admin", "audit", "/audit", "", ""},
		{"auditor", "audit-case", "@select '/audit/cases/' || id from casefile order by id limit 1", "", ""},
		{"audit-admin", "anchors", "/audit/anchors", "", ""},
		{"system-admin", "organisations", "/organisations", "", ""},
		{"registrar-ylrm", "styleguide", "/styleguide", "", ""},
	}
}

// camera takes pages of the demonstration into a folder.
type camera struct {
	*office
	out    string
	nobody *person
}

func (c *camera) person(t *testing.T, who string) *person {
	if who != "" {
		return c.as(who)
	}
	if c.nobody == nil {
		c.nobody = c.visit(t, c.browser)
	}
	return c.nobody
}

// path is where a picture is taken.
func (c *camera) path(t *testing.T, p *person, s picture) string {
	t.Helper()
	if query, ok := strings.CutPrefix(s.list, "@"); ok {
		return c.sql(query)
	}
	if text, ok := strings.CutPrefix(s.list, "?"); ok {
		p.search(text)
		return p.address()
	}
	if s.link == "" {
		return s.list
	}
	p.open(s.list)
	found := p.eval(`(([...document.querySelectorAll("main a")].map((a) => a.getAttribute("href") || "").find((h) => /^[0-9a-f]{8}-/.test(h.slice(` + strconv.Itoa(len(s.link)) + `)) && h.startsWith("` + s.link + `"))) || "")`)
	if found == "" {
		return ""
	}
	const uuid = 36
	return found[:len(s.link)+uuid] + s.more
}

// speak changes the language of a person who is signed in.
func (p *person) speak(lang string) {
	p.t.Helper()
	p.eval(`(window.spoken = undefined, fetch("/preferences", {method: "POST", body: new URLSearchParams({lang: "` + lang + `", back: "/"})}).then(() => { window.spoken = 1 }), "")`)
	p.waitFor(`window.spoken === 1`)
}
