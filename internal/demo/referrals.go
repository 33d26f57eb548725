package demo

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// letters are the referrals under way: by the place of the case among those whose
// second side waits, with the answer already given.
var letters = []struct {
	to      string
	urgency referral.Urgency
	answer  referral.Action // empty: waits for the receiver
	reply   string
}{
	{to: "lgzy", urgency: referral.Routine},
	{to: "lgrm", urgency: referral.Urgent},
	{to: "lgzy", urgency: referral.Routine, answer: referral.Reject, reply: "本月床位已满，建议下一批支医来时在当地做"},
	{to: "lgrm", urgency: referral.Routine, answer: referral.Revoke},
}

// refer sends the referrals of the demonstration, by the rules of the form.
func (m *maker) refer(tx *store.Tx) error {
	clocks, err := tx.ReferralClocks()
	if err != nil {
		return err
	}
	list := make([]referral.Clock, len(clocks))
	for i, c := range clocks {
		list[i] = c.Clock()
	}
	n := 0
	for _, f := range m.files {
		if f.item.Second == nil || n == len(letters) {
			continue
		}
		l := letters[n]
		n++
		r := store.Referral{ID: m.id("referral", n), Referral: referral.Referral{Kind: referral.Refer, From: f.item.Home, To: byCode(l.to).id(),
			Reason: "家属希望第二侧由协作城市医院手术",
			Letter: referral.Letter{Purpose: referral.ForSecondSide, Urgency: l.urgency, Site: f.item.Second.Site, Side: f.item.Second.Side,
				Summary: diagnosisText(*f.story.second) + "，对侧已手术", Documents: "双膝 X 线片、首侧手术记录"}}}
		if err := m.send(tx, r, list, f.item.ID); err != nil {
			return err
		}
		if l.answer != "" {
			if err := answer(tx, r.ID, l.answer, l.reply); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *maker) send(tx *store.Tx, r store.Referral, clocks []referral.Clock, id ident.ID) error {
	c, err := tx.CaseByID(id)
	if err != nil {
		return err
	}
	if r.Referral, err = referral.Send(r.Referral, c.Home); err != nil {
		return err
	}
	r.Due = referral.ClockOf(clocks, r.Letter.Urgency).Due(r.Referral, m.today)
	return tx.InsertReferral(r, c)
}

func answer(tx *store.Tx, id ident.ID, action referral.Action, reply string) error {
	r, err := tx.ReferralForUpdate(id)
	if err != nil {
		return err
	}
	by := r.To
	if action == referral.Revoke {
		by = r.From
	}
	if r.Referral, err = referral.Next(r.Referral, action, by, reply); err != nil {
		return err
	}
	r.Reply, r.Due = reply, clock.Date{}
	return tx.UpdateReferral(r)
}
