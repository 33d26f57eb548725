package funding_test

import (
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

func (d *desk) check(who user.Principal, text string, figures ...money.Fen) funding.PaperCheck {
	d.T.Helper()
	c, err := d.s.CheckPaper(d.T.Context(), who, funding.PaperQuery{Text: text, Figures: figures})
	if err != nil {
		d.T.Fatal(err)
	}
	return c
}

func amounts(list []fee.Layer) (out []money.Fen) {
	for _, l := range list {
		out = append(out, l.Amount)
	}
	return out
}

// paid is a settled treatment with its print.
func (d *desk) paid() (funding.Settled, funding.Issued) {
	d.T.Helper()
	tr, _ := d.approved(2_000_000)
	out, err := d.settle(d.discharged(tr), 2_000_000)
	if err != nil {
		d.T.Fatal(err)
	}
	_, mark, err := d.s.PrintSettlement(d.T.Context(), d.Finance(servicetest.Mountain), out.Settlement)
	if err != nil {
		d.T.Fatal(err)
	}
	return out, mark
}

func TestThePublicLearnsThatAPaperIsGenuineAndNothingElse(t *testing.T) {
	d := newDesk(t, 10_000_000)
	_, mark := d.paid()
	for name, text := range map[string]string{"the code": mark.Code, "the QR text": mark.Token, "typed carelessly": strings.ToLower(strings.ReplaceAll(mark.Code, "-", " "))} {
		c := d.check(user.Principal{}, text)
		if c.Verdict != funding.PaperGenuine || !c.Current || c.Token.Issued != d.Today() || c.Code != mark.Code {
			t.Errorf("%s: %+v", name, c)
		}
		if c.Record != ident.Nil || c.Recorded != nil {
			t.Errorf("%s: the public is shown the record: %+v", name, c)
		}
	}
	if c := d.check(user.Principal{}, mark.Token, amounts(mark.Figures)...); !c.Matches {
		t.Errorf("the amounts on the paper do not match: %+v", c)
	}
}

func TestOneChangedDigitOnPaperDoesNotMatch(t *testing.T) {
	d := newDesk(t, 10_000_000)
	_, mark := d.paid()
	for i := range mark.Figures {
		changed := amounts(mark.Figures)
		changed[i] += 100
		if c := d.check(user.Principal{}, mark.Code, changed...); c.Verdict != funding.PaperGenuine || !c.Entered || c.Matches {
			t.Errorf("%s changed by one yuan: %+v", mark.Figures[i].Name, c)
		}
	}
	letters := "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	for i := 3; i < len(mark.Token); i++ { // after the prefix
		b := []byte(mark.Token)
		b[i] = letters[(strings.IndexByte(letters, b[i])+1)%32]
		if c := d.check(user.Principal{}, string(b)); c.Verdict != funding.PaperForged {
			t.Fatalf("character %d of the QR text changed: %+v", i, c)
		}
	}
	b := []byte(mark.Code)
	b[0] = letters[(strings.IndexByte(letters, b[0])+1)%32]
	if c := d.check(user.Principal{}, string(b)); c.Verdict != funding.PaperMistyped {
		t.Errorf("a character of the code changed: %+v", c)
	}
}

func TestTheRecordIsShownToPeopleInScopeOnly(t *testing.T) {
	d := newDesk(t, 10_000_000)
	out, mark := d.paid()
	if c := d.check(d.Finance(servicetest.Mountain), mark.Code); c.Record != out.Settlement || len(c.Recorded) != 8 {
		t.Errorf("the own finance desk: %+v", c)
	}
	if c := d.check(d.Approver(), mark.Token); c.Record != out.Settlement {
		t.Errorf("the office: %+v", c)
	}
	for name, who := range map[string]user.Principal{"another hospital": d.Finance(servicetest.Sea), "another partnership": d.Other.Finance(servicetest.Mountain),
		"a role without settlements": d.Doctor(servicetest.Mountain)} {
		if c := d.check(who, mark.Code); c.Verdict != funding.PaperGenuine || c.Record != ident.Nil || c.Recorded != nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestAPaperOfAChangedRecordIsGenuineButOld(t *testing.T) {
	d := newDesk(t, 10_000_000)
	out, mark := d.paid()
	finance := d.Finance(servicetest.Mountain)
	_, again, err := d.s.PrintSettlement(t.Context(), finance, out.Settlement)
	if err != nil || again.Token != mark.Token {
		t.Errorf("a second copy has another code: %s and %s (%v)", mark.Code, again.Code, err)
	}
	if _, err := d.s.Reverse(t.Context(), finance, funding.Reversal{Settlement: out.Settlement, Reason: "录错", Version: d.Version(out.Settlement)}, ident.Token()); err != nil {
		t.Fatal(err)
	}
	if c := d.check(user.Principal{}, mark.Code, amounts(mark.Figures)...); c.Verdict != funding.PaperGenuine || c.Current || !c.Matches {
		t.Errorf("after the reversal: %+v", c)
	}
	if _, next, err := d.s.PrintSettlement(t.Context(), finance, out.Settlement); err != nil || next.Code == mark.Code {
		t.Errorf("the reversed settlement prints under the old code (%v)", err)
	}
}

func TestTheNameOnAPaperIsCheckedAgainstThePrintAndTheRecord(t *testing.T) {
	d := newDesk(t, 10_000_000)
	out, mark := d.paid()
	v, err := d.s.Settlement(t.Context(), d.Finance(servicetest.Mountain), out.Settlement)
	if err != nil {
		t.Fatal(err)
	}
	named := func(who user.Principal, text, name string) funding.PaperCheck {
		t.Helper()
		c, err := d.s.CheckPaper(t.Context(), who, funding.PaperQuery{Text: text, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := named(user.Principal{}, mark.Code, v.PersonName); !c.NameMatches || c.Answer() != "match_name" || c.Person != "" {
		t.Errorf("the name on the paper: %+v", c)
	}
	if c := named(user.Principal{}, mark.Token, v.PersonName+"某"); c.NameMatches || c.Answer() != "mismatch_name" || c.Sound() {
		t.Errorf("another name: %+v", c)
	}
	if c := named(d.Finance(servicetest.Mountain), mark.Code, ""); c.Person != v.PersonName {
		t.Errorf("the own desk is not shown the name on record: %+v", c)
	}
	_, masked, err := d.s.PrintSettlement(t.Context(), d.Auditor(), out.Settlement) // prints the name masked
	if err != nil || masked.Code == mark.Code {
		t.Fatalf("a paper with another name has the same code (%v)", err)
	}
	if c := named(user.Principal{}, masked.Code, patient.MaskName(v.PersonName)); c.Answer() != "match_name" {
		t.Errorf("the masked paper: %+v", c)
	}
	if c := named(user.Principal{}, masked.Code, v.PersonName); c.Answer() != "mismatch_name" {
		t.Errorf("the full name passes for the masked one: %+v", c)
	}
	d.Exec(`update person set name = '另一人' where id = (select person_id from treatment where id = $1)`, v.Treatment.ID)
	if c := named(user.Principal{}, mark.Code, v.PersonName); c.Current || c.Answer() != "old" {
		t.Errorf("the record names somebody else now: %+v", c)
	}
}

func TestACodeNobodyPrintedIsUnknown(t *testing.T) {
	d := newDesk(t, 10_000_000)
	d.paid()
	if c := d.check(user.Principal{}, "0000-0000-0000"); c.Verdict != funding.PaperUnknown {
		t.Errorf("%+v", c)
	}
}
