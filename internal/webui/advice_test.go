package webui

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/i18n"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// TestNobodyIsSentToWhatIsNotThere: a text that asks for a button, a form or a
// deed stands only where the reader has it.
func TestNobodyIsSentToWhatIsNotThere(t *testing.T) {
	b, day := testBase(testEngine(t), i18n.Chinese), sampleDay()
	follow := func(operated, record bool) string {
		v := sampleCaseFollow(b)
		if v.FollowUps, v.Record = nil, record; !operated {
			v.Operations = nil
		}
		p := newCaseFollowView(b, v)
		button := slices.ContainsFunc(p.Actions, func(a Button) bool { return a.Form == "schedule" })
		if said := strings.Contains(p.Table.Empty.Text, "“"+b.T("followup.schedule")+"”"); said != button {
			t.Errorf("operated %v, may record %v: the button is there: %v, the text says %q", operated, record, button, p.Table.Empty.Text)
		}
		return p.Table.Empty.Text
	}
	texts := []string{follow(false, true), follow(true, true), follow(true, false)}
	if slices.Sort(texts); len(slices.Compact(texts)) != 3 {
		t.Errorf("an empty list of appointments has %d reasons: %v", len(texts), texts)
	}
	clocks := func(edit bool) string {
		p := newClockForm(b, day, []care.AgreedClock{{Clock: referral.Clock{Urgency: referral.Routine}, Sample: true}}, edit)
		return p.Sub + p.Alerts[0].Text
	}
	for name, of := range map[string]func(may bool) string{
		"anchors": func(may bool) string {
			return newAnchorsView(b, formIf(may, anchorForm(b, day)), nil, nil).Held.Empty.Text
		},
		"tokens": func(may bool) string {
			return newTokensView(b, nil, formIf(may, tokenForm(b, day, nil, nil)), sampleNow()).Table.Empty.Text
		},
		"clocks": clocks,
	} {
		if of(true) == of(false) {
			t.Errorf("%s: who may and who may not read the same: %q", name, of(false))
		}
	}
}

func formIf(may bool, f *Form) *Form {
	if may {
		return f
	}
	return nil
}

// TestTakingBackIsNobodysNextStep: it is offered, but never as what to do next, and
// what is still due does not look done.
func TestTakingBackIsNobodysNextStep(t *testing.T) {
	b := testBase(testEngine(t), i18n.Chinese)
	for _, state := range []referral.State{referral.Sent, referral.Accepted} {
		v := sampleReferralView(b, state)
		for _, steps := range [][]referral.Row{v.Referral.Steps(v.From), v.Referral.Steps(v.To)} {
			v.Steps = steps
			for i, x := range newReferralView(b, v).Steps {
				if x.Kind == "primary" && steps[i].Action == referral.Revoke {
					t.Errorf("%s: taking back is the next step", state)
				}
			}
		}
		events := newReferralView(b, v).Events
		if last := events[len(events)-1]; v.Due.IsZero() || last.Kind != "due" {
			t.Errorf("%s: what is due is drawn as %q", state, last.Kind)
		}
	}
}

// TestWhatActsByItselfHasAName: the log says in words what acted, in both
// languages; what has none yet keeps its code.
func TestWhatActsByItselfHasAName(t *testing.T) {
	e := testEngine(t)
	named := regexp.MustCompile(`[sS]ystem\("([a-z-]+)"\)`)
	found := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "servicetest" {
			return fs.SkipDir
		}
		if err != nil {
			return err
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		raw, err := os.ReadFile(path)
		for _, m := range named.FindAllStringSubmatch(string(raw), -1) {
			found++
			for _, lang := range i18n.Langs() {
				if got := actorText(testBase(e, lang), "system:"+m[1]); !e.Catalogue().Has(lang, "oversight.system."+m[1]) {
					t.Errorf("%s: %s reads %q in %s", path, m[1], got, lang)
				}
			}
		}
		return err
	})
	if err != nil || found < 20 {
		t.Fatal(found, err)
	}
	b := testBase(e, i18n.Chinese)
	for name, want := range map[string]string{"system:sign-in": "系统 · 登录", "system:unheard-of": "系统 · unheard-of", "周岚舟": "周岚舟"} {
		if got := actorText(b, name); got != want {
			t.Errorf("%s reads %q, want %q", name, got, want)
		}
	}
}
