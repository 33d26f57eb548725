package webui

import (
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/paying"
)

func payableLink(b Base, v paying.PayableView) Link {
	return Link{Text: fund.VoucherNo(v.Kind, v.ID), Href: "/payables/" + v.ID.String()}
}

// theFirst reads the record the address names.
func theFirst[T any](r *http.Request, read func(ident.ID) (T, error)) (ident.ID, T, error) {
	id, err := pathID(r, "id")
	if err != nil {
		var none T
		return id, none, err
	}
	v, err := read(id)
	return id, v, err
}

func newCardForm(b Base, today clock.Date, v paying.PayableView) payForm {
	p := newPayForm(b, "payout.card.enter", payableLink(b, v), NewForm(b, today,
		Field{Name: "holder", LabelKey: "payout.holder", Max: 100, Width: 6, Focus: true},
		Field{Name: "relation", LabelKey: "payout.relation", Kind: KindSelect, Options: optionsOf(payout.Relations()...), Width: 6},
		Field{Name: "number", LabelKey: "payout.number", HintKey: "payout.number.hint", Max: 60, Width: 6},
		Field{Name: "bank", LabelKey: "payout.bank", HintKey: "payout.bank.hint", Max: 100, Width: 6},
		Field{Name: "note", LabelKey: "payout.card.note", HintKey: "payout.card.note.hint", Kind: KindArea, Rows: 2, Max: 200, Optional: true}))
	p.Form.Put("relation", string(payout.Self))
	p.Form.Action = "/payables/" + v.ID.String() + "/card"
	p.Facts = []Def{{Label: b.T("funding.case"), Text: orDash(v.CaseNo)}, {Label: b.T("funding.patient"), Text: orDash(v.PersonName)}, {Label: b.T("funding.amount.head"), Text: v.Amount.String()}}
	return p
}

func (s *Server) cardForm(r *http.Request, c *Call) (payForm, error) {
	id, v, err := theFirst(r, func(id ident.ID) (paying.PayableView, error) { return s.d.Paying.Payable(r.Context(), c.Who, id) })
	if err != nil {
		return payForm{}, err
	}
	s.section(c, "payables")
	p := newCardForm(c.Base, c.Today, v)
	p.Read = func(f *Form) payAct {
		in := paying.CardInput{Payable: id, Card: payout.Card{Account: payout.Account{Holder: f.Text("holder"), Bank: f.Text("bank"), Number: f.Text("number")},
			Relation: payout.Relation(f.Choice("relation")), Note: f.Text("note")}}
		return func(r *http.Request, key string) (Flash, string, error) {
			saved, err := s.d.Paying.SaveCard(r.Context(), c.Who, in, key)
			say := done(c.Base, "payout.card.saved")
			if saved.Odd {
				say = Flash{Kind: "warn", Title: say.Title, Text: c.P.T("payout.card.odd")}
			}
			return say, p.Back, err
		}
	}
	return p, nil
}

func newFindingForm(b Base, today clock.Date, v paying.PayableView) payForm {
	p := newPayForm(b, "payout.finding", payableLink(b, v), NewForm(b, today,
		Field{Name: "source", LabelKey: "payout.source", Kind: KindSelect, Options: optionsOf(payout.FindingSources()...), Width: 6},
		Field{Name: "debtor", LabelKey: "payout.debtor", Kind: KindRadio, Options: optionsOf(payout.Payees()...), Width: 6},
		Field{Name: "amount", LabelKey: "payout.finding.amount", HintKey: "payout.finding.amount.hint", Kind: KindMoney, Suffix: "unit.yuan", Width: 6},
		Field{Name: "reason", LabelKey: "funding.reason", Kind: KindArea, Rows: 3, Max: 500}))
	p.Form.Put("debtor", string(v.Payee())).Put("source", string(payout.FindingSources()[0]))
	p.Form.Action = "/payables/" + v.ID.String() + "/recovery"
	p.Facts = []Def{{Label: b.T("funding.hospital"), Text: v.HospitalName}, {Label: b.T("funding.amount.head"), Text: v.Amount.String()}}
	return p
}

func (s *Server) findingForm(r *http.Request, c *Call) (payForm, error) {
	id, v, err := theFirst(r, func(id ident.ID) (paying.PayableView, error) { return s.d.Paying.Payable(r.Context(), c.Who, id) })
	if err != nil {
		return payForm{}, err
	}
	s.section(c, "payables")
	p := newFindingForm(c.Base, c.Today, v)
	p.Read = func(f *Form) payAct {
		in := paying.Finding{Payable: id, Debtor: payout.Payee(f.Choice("debtor")), Source: payout.FindingSource(f.Choice("source")), Reason: f.Text("reason"), Amount: f.Money("amount")}
		return func(r *http.Request, key string) (Flash, string, error) {
			id, err := s.d.Paying.OpenRecovery(r.Context(), c.Who, in, key)
			return done(c.Base, "payout.finding.saved"), "/recoveries/" + id.String(), err
		}
	}
	return p, nil
}

func lineFacts(b Base, l paying.Line) []Def {
	return []Def{{Label: b.T("funding.case"), Text: orDash(l.CaseNo)}, {Label: b.T("payout.holder"), Text: l.Holder}, {Label: b.T("payout.number"), Text: masked(l.Last4)},
		{Label: b.T("funding.amount.head"), Text: l.Transferred().String()}, {Label: b.T("payout.paid_on"), Text: b.Day(l.PaidOn)}, {Label: b.T("payout.ref"), Text: l.BankRef},
		{Label: b.T("funding.voucher.head"), Text: l.Voucher()}}
}

func newReceiptForm(b Base, today clock.Date, l paying.Line) payForm {
	p := newPayForm(b, "payout.receipt", Link{Text: b.T("payout.tab.payments"), Href: "/payments"}, NewForm(b, today,
		Field{Name: "no", LabelKey: "payout.receipt.no", HintKey: "payout.receipt.no.hint", Max: 60, Width: 6, Focus: true},
		Field{Name: "on", LabelKey: "payout.receipt.on", Kind: KindDate, Width: 6}))
	p.Form.Put("on", today.String())
	p.Form.Action = "/payments/" + l.ID.String() + "/receipt"
	p.Form.Hide("version", strconv.FormatInt(l.Version, 10))
	p.Facts = lineFacts(b, l)
	return p
}

func (s *Server) receiptForm(r *http.Request, c *Call) (payForm, error) {
	id, l, err := theFirst(r, func(id ident.ID) (paying.Line, error) { return s.d.Paying.LineOf(r.Context(), c.Who, id) })
	if err != nil {
		return payForm{}, err
	}
	s.section(c, "payables")
	p := newReceiptForm(c.Base, c.Today, l)
	p.Read = func(f *Form) payAct {
		in := paying.Received{Line: id, No: f.Text("no"), On: f.Date("on"), Version: f.Version()}
		return func(r *http.Request, key string) (Flash, string, error) {
			_, err := s.d.Paying.Receive(r.Context(), c.Who, in, key)
			return done(c.Base, "payout.receipt.saved"), "/payments", err
		}
	}
	return p, nil
}

func newReturnForm(b Base, today clock.Date, l paying.Line) payForm {
	p := newPayForm(b, "payout.return", Link{Text: b.T("payout.tab.payments"), Href: "/payments"}, NewForm(b, today,
		Field{Name: "on", LabelKey: "payout.return.on", Kind: KindDate, Width: 6},
		Field{Name: "reason", LabelKey: "payout.return.reason", HintKey: "payout.return.hint", Kind: KindArea, Rows: 2, Max: 200, Focus: true}))
	p.Form.Put("on", today.String())
	p.Form.Action = "/payments/" + l.ID.String() + "/return"
	p.Form.Hide("version", strconv.FormatInt(l.Version, 10))
	p.Facts = lineFacts(b, l)
	return p
}

func (s *Server) returnForm(r *http.Request, c *Call) (payForm, error) {
	id, l, err := theFirst(r, func(id ident.ID) (paying.Line, error) { return s.d.Paying.LineOf(r.Context(), c.Who, id) })
	if err != nil {
		return payForm{}, err
	}
	s.section(c, "payables")
	p := newReturnForm(c.Base, c.Today, l)
	p.Read = func(f *Form) payAct {
		in := paying.Return{Line: id, On: f.Date("on"), Reason: f.Text("reason"), Version: f.Version()}
		return func(r *http.Request, key string) (Flash, string, error) {
			_, err := s.d.Paying.ReturnLine(r.Context(), c.Who, in, key)
			return done(c.Base, "payout.return.saved"), "/payables/" + l.Payable.String(), err
		}
	}
	return p, nil
}

func newAccountForm(b Base, today clock.Date, hospitals []Option) payForm {
	p := newPayForm(b, "payout.account.new", Link{Text: b.T("payout.tab.hospital-accounts"), Href: "/hospital-accounts"}, NewForm(b, today,
		Field{Name: "hospital", LabelKey: "funding.hospital", Kind: KindSelect, Options: hospitals, Blank: "form.pick", Width: 6},
		Field{Name: "from", LabelKey: "payout.account.from", Kind: KindDate, Width: 6},
		Field{Name: "holder", LabelKey: "payout.holder", Max: 100, Width: 6},
		Field{Name: "number", LabelKey: "payout.number", HintKey: "payout.number.hint", Max: 60, Width: 6},
		Field{Name: "bank", LabelKey: "payout.bank", HintKey: "payout.bank.hint", Max: 100}))
	p.Form.Put("from", today.String())
	p.Form.Action = "/hospital-accounts/new"
	return p
}

func (s *Server) newAccountForm(r *http.Request, c *Call) (payForm, error) {
	hospitals, err := s.hospitalOptions(r, c, authz.PayeeEdit)
	if err != nil {
		return payForm{}, err
	}
	s.section(c, "payables")
	p := newAccountForm(c.Base, c.Today, hospitals)
	p.Read = func(f *Form) payAct {
		in := paying.AccountInput{Hospital: f.IDOf("hospital"), From: f.Date("from"), Account: payout.Account{Holder: f.Text("holder"), Bank: f.Text("bank"), Number: f.Text("number")}}
		return func(r *http.Request, key string) (Flash, string, error) {
			_, err := s.d.Paying.ProposeAccount(r.Context(), c.Who, in, key)
			return done(c.Base, "payout.account.saved"), "/hospital-accounts", err
		}
	}
	return p, nil
}

// answers are the second person's two words.
func answers(yes, no string) []Option {
	return []Option{{Value: "yes", Key: yes}, {Value: "no", Key: no}}
}

func newDecideAccountForm(b Base, today clock.Date, a paying.Account) payForm {
	p := newPayForm(b, "payout.account.decide", Link{Text: b.T("payout.tab.hospital-accounts"), Href: "/hospital-accounts"}, NewForm(b, today,
		Field{Name: "answer", LabelKey: "funding.decision", Kind: KindRadio, Options: answers("payout.yes", "payout.no")},
		Field{Name: "opinion", LabelKey: "funding.opinion", HintKey: "payout.opinion.hint", Kind: KindArea, Rows: 2, Max: 200, Optional: true}))
	p.Form.Action = "/hospital-accounts/" + a.ID.String()
	p.Form.Hide("version", strconv.FormatInt(a.Version, 10))
	p.Facts = []Def{{Label: b.T("funding.hospital"), Text: a.HospitalName}, {Label: b.T("payout.holder"), Text: a.Holder}, {Label: b.T("payout.bank"), Text: a.Bank},
		{Label: b.T("payout.number"), Text: masked(a.Last4)}, {Label: b.T("payout.account.from"), Text: b.Day(a.From)}, {Label: b.T("payout.maker"), Text: a.MakerName},
		{Label: b.T("funding.state"), Text: b.T(a.State.Label())}}
	return p
}

func (s *Server) decideAccountForm(r *http.Request, c *Call) (payForm, error) {
	id, a, err := theFirst(r, func(id ident.ID) (paying.Account, error) { return s.d.Paying.Account(r.Context(), c.Who, id) })
	if err != nil {
		return payForm{}, err
	}
	s.section(c, "payables")
	p := newDecideAccountForm(c.Base, c.Today, a)
	p.Read = func(f *Form) payAct {
		in := paying.Decision{ID: id, Approve: f.Choice("answer") == "yes", Opinion: f.Text("opinion"), Version: f.Version()}
		return func(r *http.Request, key string) (Flash, string, error) {
			state, err := s.d.Paying.DecideAccount(r.Context(), c.Who, in, key)
			return Flash{Kind: "ok", Title: c.P.T(state.Label())}, "/hospital-accounts", err
		}
	}
	return p, nil
}

func newRefundForm(b Base, today clock.Date, v paying.RecoveryView) payForm {
	p := newPayForm(b, "payout.refund", recoveryLink(b, v), NewForm(b, today,
		Field{Name: "amount", LabelKey: "payout.refund.amount", Kind: KindMoney, Suffix: "unit.yuan", Width: 6, Focus: true},
		Field{Name: "on", LabelKey: "payout.refund.on", Kind: KindDate, Width: 6},
		Field{Name: "reference", LabelKey: "payout.ref", Max: 100}))
	p.Form.Put("on", today.String())
	p.Form.Action = "/recoveries/" + v.ID.String() + "/refund"
	p.Form.Hide("version", strconv.FormatInt(v.Version, 10))
	p.Facts = recoveryFacts(b, v)
	return p
}

func (s *Server) refundForm(r *http.Request, c *Call) (payForm, error) {
	id, v, err := theFirst(r, func(id ident.ID) (paying.RecoveryView, error) { return s.d.Paying.RecoveryOf(r.Context(), c.Who, id) })
	if err != nil {
		return payForm{}, err
	}
	s.section(c, "payables")
	p := newRefundForm(c.Base, c.Today, v)
	p.Read = func(f *Form) payAct {
		in := paying.Refund{Recovery: id, Amount: f.Money("amount"), On: f.Date("on"), Reference: f.Text("reference"), Version: f.Version()}
		return func(r *http.Request, key string) (Flash, string, error) {
			state, err := s.d.Paying.Refunded(r.Context(), c.Who, in, key)
			return Flash{Kind: "ok", Title: c.P.T(state.Label())}, p.Back, err
		}
	}
	return p, nil
}

// newWriteOffForm asks for a write-off, or for its confirmation once one person
// has asked.
func newWriteOffForm(b Base, today clock.Date, v paying.RecoveryView) payForm {
	title, fields := "payout.write_off", []Field{{Name: "reason", LabelKey: "funding.reason", HintKey: "payout.write_off.hint", Kind: KindArea, Rows: 2, Max: 200, Focus: true}}
	if v.OffBy != ident.Nil {
		title, fields = "payout.write_off.confirm", nil
	}
	p := newPayForm(b, title, recoveryLink(b, v), NewForm(b, today, fields...))
	p.Form.Action = "/recoveries/" + v.ID.String() + "/write-off"
	p.Form.Hide("version", strconv.FormatInt(v.Version, 10))
	p.Facts = recoveryFacts(b, v)
	return p
}

func (s *Server) writeOffForm(r *http.Request, c *Call) (payForm, error) {
	id, v, err := theFirst(r, func(id ident.ID) (paying.RecoveryView, error) { return s.d.Paying.RecoveryOf(r.Context(), c.Who, id) })
	if err != nil {
		return payForm{}, err
	}
	s.section(c, "payables")
	p := newWriteOffForm(c.Base, c.Today, v)
	p.Read = func(f *Form) payAct {
		in := paying.WriteOff{Recovery: id, Confirm: v.OffBy != ident.Nil, Version: f.Version()}
		if !in.Confirm {
			in.Reason = f.Text("reason")
		}
		return func(r *http.Request, key string) (Flash, string, error) {
			state, err := s.d.Paying.WriteOff(r.Context(), c.Who, in, key)
			say := Flash{Kind: "ok", Title: c.P.T(state.Label())}
			if err == nil && state != payout.RecoveryWrittenOff {
				say = done(c.Base, "payout.write_off.asked")
			}
			return say, p.Back, err
		}
	}
	return p, nil
}

// bankFile hands out the file for the bank. The first time makes it.
func (s *Server) bankFile(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f, err := s.d.Paying.BankFile(r.Context(), c.Who, id, chi.URLParam(r, "format"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", f.Media)
	h.Set("Content-Disposition", `attachment; filename="`+f.Name+`"`)
	h.Set("Content-Length", strconv.Itoa(len(f.Body)))
	h.Set("Cache-Control", "no-store")
	_, err = w.Write(f.Body)
	return err
}
