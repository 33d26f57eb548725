package paper_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/paper"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

func drawn(t *rapid.T) (paper.Form, paper.Token) {
	f := paper.Form{Kind: rapid.SampledFrom(paper.Kinds()).Draw(t, "kind"), ID: ident.New(), State: rapid.SampledFrom(paper.States()).Draw(t, "state")}
	for _, v := range rapid.SliceOfN(rapid.Int64Range(0, 99_999_999), 8, 8).Draw(t, "figures") {
		f.Figures = append(f.Figures, money.Fen(v))
	}
	token := paper.Of(f, clock.MustDate(2026, 11, 23), 1)
	token.Signature = rapid.SliceOfN(rapid.Byte(), 64, 64).Draw(t, "signature")
	return f, token
}

func TestATokenReadsBackAsItWasPrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, token := drawn(t)
		typed := strings.ToLower(token.Text()[:40]) + " " + token.Text()[40:]
		back, err := paper.Parse(typed)
		if err != nil || back.Text() != token.Text() || back.Code() != token.Code() || !back.Shows(f.Figures) || back.Kind != f.Kind || back.State != f.State {
			t.Fatalf("%+v became %+v: %v", token, back, err)
		}
	})
}

func TestOneDigitChangedOnPaperIsAMismatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, token := drawn(t)
		i, digit := rapid.IntRange(0, 7).Draw(t, "line"), rapid.IntRange(0, 7).Draw(t, "digit")
		by := money.Fen(1)
		for range digit {
			by *= 10
		}
		f.Figures[i] += by * money.Fen(rapid.IntRange(1, 9).Draw(t, "more"))
		if token.Shows(f.Figures) {
			t.Fatal("the changed amount passes")
		}
	})
}

func TestOneCharacterOfTheCodeMistypedIsNoticed(t *testing.T) {
	const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	rapid.Check(t, func(t *rapid.T) {
		_, token := drawn(t)
		code := token.Code()
		if back, ok := paper.ParseCode(strings.ToLower(strings.ReplaceAll(code, "-", " "))); !ok || back != code {
			t.Fatalf("%q reads back as %q", code, back)
		}
		b := []byte(code)
		i := rapid.IntRange(0, len(b)-1).Filter(func(i int) bool { return b[i] != '-' }).Draw(t, "place")
		b[i] = letters[(strings.IndexByte(letters, b[i])+rapid.IntRange(1, 31).Draw(t, "by"))%32]
		if _, ok := paper.ParseCode(string(b)); ok {
			t.Fatalf("%s passes for %s", b, code)
		}
	})
}

func TestATokenSaysNothingAboutAPerson(t *testing.T) {
	f := paper.Form{Kind: paper.Approval, ID: ident.New(), State: "approved", Figures: []money.Fen{6_124_080}}
	token := paper.Of(f, clock.MustDate(2026, 11, 23), 1)
	token.Signature = make([]byte, 64)
	if n := len(token.Text()); n > 178 {
		t.Errorf("%d characters: the code grows beyond 45 modules", n)
	}
	if strings.Contains(token.Text(), "6124080") {
		t.Error("an amount can be read from the code")
	}
	if other := paper.Of(paper.Form{Kind: f.Kind, ID: f.ID, State: "requested", Figures: f.Figures}, token.Issued, 1); other.Digest == token.Digest {
		t.Error("the state is not bound")
	}
}

func TestForeignTextsAreNoTokens(t *testing.T) {
	for _, text := range []string{"", "https://example.org", "SH1", "SH1" + strings.Repeat("0", 100), "SH1" + strings.Repeat("Z", 165)} {
		if _, err := paper.Parse(text); err == nil {
			t.Errorf("%q passes for a token", text)
		}
	}
}
