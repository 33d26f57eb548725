package referral_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

var home, guest = ident.New(), ident.New()

func join() referral.Referral {
	return referral.Referral{Kind: referral.Join, From: guest, To: home, Reason: "患者来院做另一侧"}
}

func TestSending(t *testing.T) {
	got, err := referral.Send(join(), home)
	if err != nil || got.State != referral.Sent || got.State.Open() {
		t.Fatalf("%v %v", got.State, err)
	}
	now := join()
	now.Emergency = true
	if got, err = referral.Send(now, home); err != nil || !got.State.Open() {
		t.Errorf("an emergency waits: %v %v", got.State, err)
	}
	sent := referral.Referral{Kind: referral.Refer, From: home, To: guest, Reason: "转上级医院", Emergency: true,
		Letter: referral.Letter{Purpose: referral.ForOperation, Urgency: referral.Emergency}}
	if got, err = referral.Send(sent, home); err != nil || got.State != referral.Sent {
		t.Errorf("nobody is made to receive: %v %v", got.State, err)
	}
	stranger := join()
	stranger.To = ident.New()
	if _, err := referral.Send(stranger, home); errs.Of(err).Rule != "referral.to_home" {
		t.Errorf("asked a third hospital: %v", err)
	}
	for path, change := range map[string]func(*referral.Referral){
		"kind":   func(r *referral.Referral) { r.Kind = "visit" },
		"to":     func(r *referral.Referral) { r.To = r.From },
		"reason": func(r *referral.Referral) { r.Reason = "" },
	} {
		r := join()
		change(&r)
		if _, err := referral.Send(r, home); !errs.Of(err).Fields.Has(path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestEachStepBelongsToItsParty(t *testing.T) {
	for name, c := range map[string]struct {
		from   referral.State
		action referral.Action
		by     ident.ID
		to     referral.State
		rule   string
	}{
		"home accepts":                          {referral.Sent, referral.Accept, home, referral.Accepted, ""},
		"home rejects":                          {referral.Sent, referral.Reject, home, referral.Rejected, ""},
		"asker takes back":                      {referral.Sent, referral.Revoke, guest, referral.Revoked, ""},
		"asker ends":                            {referral.Accepted, referral.Revoke, guest, referral.Revoked, ""},
		"home ends":                             {referral.Accepted, referral.Revoke, home, referral.Revoked, ""},
		"done":                                  {referral.Accepted, referral.Finish, guest, referral.Done, ""},
		"asker accepts itself":                  {referral.Sent, referral.Accept, guest, referral.Sent, "referral.party"},
		"home revokes a question":               {referral.Sent, referral.Revoke, home, referral.Sent, "referral.party"},
		"home cannot report back for the guest": {referral.Accepted, referral.Finish, home, referral.Accepted, "referral.party"},
		"a stranger accepts":                    {referral.Sent, referral.Accept, ident.New(), referral.Sent, "referral.party"},
		"a stranger ends":                       {referral.Accepted, referral.Finish, ident.New(), referral.Accepted, "referral.party"},
		"rejected stays rejected":               {referral.Rejected, referral.Accept, home, referral.Rejected, "referral.order"},
		"done before accepted":                  {referral.Sent, referral.Finish, guest, referral.Sent, "referral.order"},
	} {
		t.Run(name, func(t *testing.T) {
			r := join()
			r.State = c.from
			got, err := referral.Next(r, c.action, c.by, "理由")
			if got.State != c.to || (err == nil) != (c.rule == "") || err != nil && errs.Of(err).Rule != c.rule {
				t.Fatalf("%v, %v", got.State, err)
			}
		})
	}
}

func TestANoNeedsAReason(t *testing.T) {
	r := join()
	r.State = referral.Sent
	if _, err := referral.Next(r, referral.Reject, home, ""); !errs.Of(err).Fields.Has("reason") {
		t.Errorf("rejected without a word: %v", err)
	}
	if _, err := referral.Next(r, referral.Accept, home, ""); err != nil {
		t.Errorf("accepting needs no word: %v", err)
	}
}

func TestEveryOpenStateHasAnEnd(t *testing.T) {
	for _, s := range referral.States() {
		ways := 0
		for _, row := range referral.Table() {
			if row.From == s {
				ways++
			}
		}
		if s.Final() != (ways == 0) {
			t.Errorf("%s: final %v, %d ways on", s, s.Final(), ways)
		}
	}
}

func TestDoneNeedsTheReply(t *testing.T) {
	r := join()
	r.State = referral.Accepted
	if _, err := referral.Next(r, referral.Finish, guest, ""); !errs.Of(err).Fields.Has("reason") {
		t.Errorf("done without a reply: %v", err)
	}
}

func TestTheClockOfEachStep(t *testing.T) {
	day := clock.MustDate(2026, 11, 1)
	c := referral.ClockOf([]referral.Clock{{Urgency: referral.Urgent, AnswerDays: 2, OpenDays: 10, ReplyDays: 5}}, referral.Urgent)
	r := referral.Referral{State: referral.Sent}
	if r.Due = c.Due(r, day); r.Due != day.AddDays(2) || r.Late(day.AddDays(2)) || !r.Late(day.AddDays(3)) {
		t.Errorf("answer due %v", r.Due)
	}
	r.State, r.Open.To = referral.Accepted, day.AddDays(20)
	if r.Due = c.Due(r, day); r.Due != day.AddDays(25) {
		t.Errorf("reply due %v", r.Due)
	}
	r.State = referral.Done
	if c.Due(r, day) != (clock.Date{}) || r.Late(day.AddDays(99)) {
		t.Error("what is done has no clock")
	}
}

func TestAPeriodIsReadable(t *testing.T) {
	day := clock.MustDate(2026, 11, 1)
	for name, c := range map[string]struct {
		p     referral.Period
		kind  referral.Kind
		field string
	}{
		"as it should be":    {referral.Period{From: day, To: day.AddDays(30)}, referral.Refer, ""},
		"a join without end": {referral.Period{From: day}, referral.Join, ""},
		"no end":             {referral.Period{From: day}, referral.Refer, "open_to"},
		"no start":           {referral.Period{To: day}, referral.Refer, "open_from"},
		"backwards":          {referral.Period{From: day, To: day.AddDays(-1)}, referral.Refer, "open_to"},
		"over already":       {referral.Period{From: day.AddDays(-9), To: day.AddDays(-2)}, referral.Refer, "open_to"},
		"years":              {referral.Period{From: day, To: day.AddDays(900)}, referral.Refer, "open_to"},
	} {
		err := c.p.Check(c.kind, day)
		if (err == nil) != (c.field == "") || err != nil && !errs.Of(err).Fields.Has(c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := referral.Period{From: day, To: day.AddDays(3)}
	if p.Holds(day.AddDays(-1)) || !p.Holds(day) || !p.Holds(day.AddDays(3)) || p.Holds(day.AddDays(4)) {
		t.Error("both days are included and no other")
	}
}

func TestALetterSaysWhatFor(t *testing.T) {
	l := referral.Letter{Purpose: referral.ForSecondSide, Urgency: referral.Routine}
	if !errs.Of(l.Check()).Fields.Has("side") {
		t.Error("the other side without a side")
	}
	if !errs.Of(referral.Letter{}.Check()).Fields.Has("purpose") {
		t.Error("a letter without a purpose")
	}
}
