package demo

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/domain/plausibility"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/store"
)

// answerOf is what the n-th patient answered to being named in public.
func answerOf(n int) notice.Publication {
	switch {
	case n%9 == 4:
		return notice.Refused
	case n%13 == 7:
		return notice.NotAsked
	}
	return notice.Given
}

// oversee shows the public notice with an objection, the readings a cataract
// reduction rests on, and what the checks find.
func (m *maker) oversee(tx *store.Tx) error {
	if err := m.readings(tx); err != nil {
		return err
	}
	if err := m.publish(tx); err != nil {
		return err
	}
	return m.doubt(tx)
}

// readings are taken by two people before a cataract application; of the last one
// only one has read the eye, so that the form shows what is missing.
func (m *maker) readings(tx *store.Tx) error {
	n := 0
	for _, r := range m.stays {
		if r.t.Programme != procedure.Cataract || !r.t.OperatedOn.IsZero() || len(r.plan.ops) == 0 {
			continue
		}
		code := hospitalCode(r.t.Hospital)
		by := []string{theatre(code), "registrar-" + code}
		if r.approval == nil && n%2 == 1 {
			by = by[:1]
		}
		n++
		on := m.today.AddDays(-2)
		if r.approval != nil {
			on = clock.DateOf(r.approval.RequestedAt).AddDays(-1)
		}
		for i, name := range by {
			x := store.Reading{ID: m.id("preop", n*2+i), Case: r.t.Case, Hospital: r.t.Hospital, Side: r.plan.ops[0].side, On: on, Value: "L1.00", Raw: acuity.Value("L1.00").FivePoint(),
				Notation: acuity.FivePoint, Correction: acuity.Presenting, CreatedAt: at(on), CreatedBy: accountID(name)}
			if err := tx.InsertReading(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// noticeDays is how far the demonstration's notice looks back.
const noticeDays = 150

// publish draws one notice up, publishes it by a second person, and has somebody
// object to a line of it.
func (m *maker) publish(tx *store.Tx) error {
	rules := notice.SampleRules()
	rules.Office = "云岭区帮扶办公室（示例），电话见区政府网站"
	if err := tx.SaveNoticeRules(rules); err != nil {
		return err
	}
	numbers, err := tx.FundingRules()
	if err != nil {
		return err
	}
	here, err := tx.PartnershipByID(partnershipID())
	if err != nil {
		return err
	}
	n := store.Notice{ID: m.id("notice", 1), Version: 1, Notice: notice.Notice{Title: "近期医疗减免公示（示例）", From: m.today.AddDays(-noticeDays), To: m.today, State: notice.Draft, Cell: numbers.NoticeCell,
		Days: numbers.NoticeDays, Bands: rules.Bands, District: here.ReceivingName, Office: rules.Office, Maker: accountID("approver")}}
	list, err := tx.NoticeCandidates(n.From, n.To, 2000)
	if err != nil {
		return err
	}
	entries, out := notice.Draw(list, n.Cell, n.Bands)
	n.LeftOut = out
	if err := tx.InsertNotice(n, entries); err != nil {
		return err
	}
	if n.Notice, err = n.Do(notice.Publish, accountID("approver-2"), m.today); err != nil {
		return err
	}
	if err := tx.StepNotice(n); err != nil || len(entries) == 0 {
		return err
	}
	said, err := notice.Objection{Channel: notice.FromPublic, Text: "听说此户在县城另有住房，请核实（示例）", Contact: "19900000000", Taker: tx.Who().AccountID}.Take(m.today, numbers.AppealDays)
	if err != nil {
		return err
	}
	return tx.InsertObjection(store.Objection{Objection: said, ID: m.id("objection", 1), Notice: n.ID, No: entries[0].No, Approval: entries[0].Approval, Receipt: "DEMO1"})
}

// doubt runs the checks by sample limits and judges one finding.
func (m *maker) doubt(tx *store.Tx) error {
	rules := plausibility.SampleRules()
	rules.Populations, rules.Source = map[string]int{}, "示例数据，不是官方统计"
	for i, name := range townships {
		rules.Populations[name] = 900 + 350*i
	}
	rules.RatePerThousand = 25
	if err := tx.SavePlausibilityRules(rules); err != nil {
		return err
	}
	facts, err := tx.PlausibilityFacts(rules)
	if err != nil {
		return err
	}
	found, silent := plausibility.Run(facts, rules)
	if err := tx.InsertAlerts(found); err != nil {
		return err
	}
	if err := tx.SavePlausibilityRun(store.PlausibilityRun{Found: len(found), Silent: silent}); err != nil {
		return err
	}
	known, err := tx.EveryAlert()
	if err != nil || len(known) < 2 {
		return err
	}
	j := plausibility.Judgement{Verdict: plausibility.Explained, Reason: "已核对病历，情况属实且有正当理由（示例）", By: accountID("approver")}
	a := known[len(known)-1]
	if a.Alert, err = a.Judge(j); err != nil {
		return err
	}
	if err := tx.RenewAlert(a); err != nil {
		return err
	}
	return tx.InsertVerdict(a.ID, store.Verdict{Judgement: j, Digest: a.Digest})
}
