package notice_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

func someone(n int, township string, p procedure.Programme) notice.Candidate {
	return notice.Candidate{Approval: ident.ID{1, byte(n)}, Person: ident.ID{2, byte(n)}, Name: fmt.Sprintf("向%c花", rune('一'+n)), Township: township, Programme: p,
		Amount: 12_000 * money.Yuan, Publication: notice.Given}
}

func crowd(n int, township string) (out []notice.Candidate) {
	for i := range n {
		out = append(out, someone(i+1, township, procedure.Joint))
	}
	return out
}

var bands = notice.SampleRules().Bands

func TestOnlyWhoAgreedStandsInANotice(t *testing.T) {
	list := crowd(6, "石门乡")
	list[0].Publication, list[1].Publication, list[2].Publication, list[3].Lapsed = notice.NotAsked, notice.Refused, notice.Revoked, true
	in, out := notice.Draw(list, 2, bands)
	if len(in) != 2 || out[notice.WhyNotAsked] != 1 || out[notice.WhyRefused] != 2 || out[notice.WhyLapsed] != 1 {
		t.Errorf("in %d, out %v", len(in), out)
	}
	for _, e := range in {
		if strings.Contains(e.Masked, "花") || !strings.HasPrefix(e.Masked, "向") {
			t.Errorf("a name is not masked: %s", e.Masked)
		}
		if low, high := bands.Ends(e.Band); low != 10_000*money.Yuan || high != 20_000*money.Yuan {
			t.Errorf("band %s to %s", low, high)
		}
	}
}

func TestAClassWithTooFewPeopleStaysOut(t *testing.T) {
	list := append(crowd(5, "石门乡"), someone(40, "石门乡", procedure.Coronary))
	in, out := notice.Draw(list, 5, bands)
	if len(in) != 5 || out[notice.WhyCell] != 1 {
		t.Errorf("in %d, out %v", len(in), out)
	}
	// Two papers of one person are one person.
	twice := crowd(4, "石门乡")
	again := twice[0]
	again.Approval = ident.ID{9}
	if in, _ := notice.Draw(append(twice, again), 5, bands); len(in) != 0 {
		t.Errorf("four people with five papers count as %d", len(in))
	}
}

func TestATownshipIsShownOnlyWhileEnoughPeopleShareIt(t *testing.T) {
	list := append(crowd(5, "石门乡"), someone(50, "青杠镇", procedure.Joint))
	in, _ := notice.Draw(list, 5, bands)
	shown := notice.Shown(in, 5)
	if len(shown) != 6 {
		t.Fatalf("%d shown", len(shown))
	}
	for _, e := range shown {
		if want := map[bool]string{true: "石门乡", false: ""}[e.Person != ident.ID{2, 50}]; e.Township != want {
			t.Errorf("entry %d shows the township %q", e.No, e.Township)
		}
	}
	// One leaves: four people of the township are too few, five of the class are not.
	left := notice.Shown(in[1:], 5)
	if in[0].Person == (ident.ID{2, 50}) {
		left = notice.Shown(append(in[:1:1], in[2:]...), 5)
	}
	for _, e := range left {
		if e.Township != "" {
			t.Errorf("after somebody left entry %d shows %q", e.No, e.Township)
		}
	}
	if len(left) != 5 {
		t.Errorf("%d left", len(left))
	}
}

func TestNothingShownIsSmallerThanTheCell(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cell := rapid.IntRange(2, 6).Draw(rt, "cell")
		var list []notice.Candidate
		for i := range rapid.IntRange(0, 40).Draw(rt, "n") {
			c := someone(i+1, rapid.SampledFrom([]string{"A", "B", "C", ""}).Draw(rt, "township"), rapid.SampledFrom(procedure.Programmes()).Draw(rt, "programme"))
			c.Publication = rapid.SampledFrom(append(notice.Publications(), notice.NotAsked)).Draw(rt, "publication")
			c.Lapsed = rapid.Bool().Draw(rt, "lapsed")
			list = append(list, c)
		}
		in, out := notice.Draw(list, cell, bands)
		sum := len(in)
		for _, w := range notice.Whys() {
			sum += out[w]
		}
		if sum != len(list) {
			rt.Fatalf("%d of %d are accounted for", sum, len(list))
		}
		var live []notice.Entry
		for _, e := range in {
			if rapid.Bool().Draw(rt, "stays") {
				live = append(live, e)
			}
		}
		class, at := map[procedure.Programme]int{}, map[string]int{}
		shown := notice.Shown(live, cell)
		for _, e := range shown {
			class[e.Programme]++
			at[string(e.Programme)+e.Township]++
		}
		for _, e := range shown {
			if class[e.Programme] < cell || e.Township != "" && at[string(e.Programme)+e.Township] < cell {
				rt.Fatalf("a cell of %d is shown under a limit of %d", at[string(e.Programme)+e.Township], cell)
			}
		}
	})
}

func refusedBy(t *testing.T, err error, rule string) {
	t.Helper()
	if e := errs.Of(err); err == nil || e.Rule != rule || len(e.Remedy) == 0 {
		t.Errorf("want a refusal by %s with a way out, got %v", rule, err)
	}
}

func TestASecondPersonPublishesAndTheDaysRunOut(t *testing.T) {
	maker, other, day := ident.ID{1}, ident.ID{2}, clock.MustDate(2026, 11, 24)
	n := notice.Notice{State: notice.Draft, Maker: maker, Days: 7, Office: "帮扶办"}
	_, err := n.Do(notice.Publish, maker, day)
	refusedBy(t, err, "notice.second_person")
	bare := n
	bare.Office = ""
	_, err = bare.Do(notice.Publish, other, day)
	refusedBy(t, err, "notice.office")
	n, err = n.Do(notice.Publish, other, day)
	if err != nil || n.UntilOn != day.AddDays(7) || !n.Public(day.AddDays(7)) || n.Public(day.AddDays(8)) {
		t.Fatalf("published %+v, %v", n, err)
	}
	_, err = n.Do(notice.Discard, other, day)
	refusedBy(t, err, "notice.order")
	_, err = n.Do(notice.Close, other, day.AddDays(7))
	refusedBy(t, err, "notice.period")
	if n, err = n.Do(notice.Close, other, day.AddDays(8)); err != nil || n.State != notice.Closed || n.Public(day) {
		t.Errorf("closed %+v, %v", n, err)
	}
}

func TestWhatWasNeverGivenIsNotTakenBack(t *testing.T) {
	if _, err := notice.Refused.Answer(notice.Revoked); !errs.Is(err, errs.Invalid) {
		t.Errorf("a refusal was revoked: %v", err)
	}
	if p, err := notice.Given.Answer(notice.Revoked); err != nil || p != notice.Revoked {
		t.Errorf("%s, %v", p, err)
	}
	if _, err := notice.NotAsked.Answer(""); !errs.Is(err, errs.Invalid) {
		t.Errorf("no answer was recorded: %v", err)
	}
}

func TestAnObjectionIsAnsweredOnceWithAReasonBySomebodyElse(t *testing.T) {
	taker, other, day := ident.ID{1}, ident.ID{2}, clock.MustDate(2026, 11, 24)
	if _, err := (notice.Objection{Channel: notice.FromPublic, Text: "  "}).Take(day, 10); !errs.Is(err, errs.Invalid) {
		t.Errorf("an objection that says nothing: %v", err)
	}
	o, err := notice.Objection{Channel: notice.ByStaff, Text: "此人有两套房", Taker: taker}.Take(day, 10)
	if err != nil || o.DueOn != day.AddDays(10) || o.Overdue(day.AddDays(10)) || !o.Overdue(day.AddDays(11)) {
		t.Fatalf("%+v, %v", o, err)
	}
	_, err = o.Answer(notice.Upheld, taker, "属实")
	refusedBy(t, err, "notice.second_person")
	if _, err = o.Answer(notice.Dismissed, other, " "); !errs.Is(err, errs.Invalid) {
		t.Errorf("no reason: %v", err)
	}
	if o, err = o.Answer(notice.Dismissed, other, "已核实"); err != nil {
		t.Fatal(err)
	}
	_, err = o.Answer(notice.Upheld, other, "属实")
	refusedBy(t, err, "notice.answered")
}

func TestBandsRise(t *testing.T) {
	r := notice.Rules{Bands: notice.Bands{100, 100}, Office: "帮扶办"}
	if err := r.Validate(); !errs.Is(err, errs.Invalid) {
		t.Errorf("bands that do not rise: %v", err)
	}
	b := notice.Bands{100, 200}
	for amount, want := range map[money.Fen]int{1: 0, 100: 0, 101: 1, 200: 1, 201: 2} {
		if got := b.Of(amount); got != want {
			t.Errorf("%d is in band %d, want %d", amount, got, want)
		}
	}
}
