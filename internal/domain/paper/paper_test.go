package paper_test

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/paper"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

func drawn(t *rapid.T) (paper.Form, paper.Token) {
	f := paper.Form{Kind: rapid.SampledFrom(paper.Kinds()).Draw(t, "kind"), ID: ident.New(), State: rapid.SampledFrom(paper.States()).Draw(t, "state"), Name: "买买提·艾力"}
	for _, v := range rapid.SliceOfN(rapid.Int64Range(0, 99_999_999), 8, 8).Draw(t, "figures") {
		f.Figures = append(f.Figures, money.Fen(v))
	}
	token := paper.Of(f, clock.MustDate(2026, 11, 23), 1)
	if rapid.Bool().Draw(t, "first edition") {
		token.Named, token.Name = false, paper.NameDigest{}
	}
	token.Signature = rapid.SliceOfN(rapid.Byte(), 64, 64).Draw(t, "signature")
	return f, token
}

func TestATokenReadsBackAsItWasPrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, token := drawn(t)
		typed := strings.ToLower(token.Text()[:40]) + " " + token.Text()[40:]
		back, err := paper.Parse(typed)
		if err != nil || back.Text() != token.Text() || back.Code() != token.Code() || !back.Shows(f.Figures) || back.Kind != f.Kind || back.State != f.State ||
			back.Named != token.Named || back.Name != token.Name {
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

func TestOneCharacterOfTheNameChangedOnPaperIsAMismatch(t *testing.T) {
	const name = "阿卜杜勒艾则孜·麦麦提吐尔逊江·㛃买买提艾力亚尔"
	f := paper.Form{Kind: paper.Approval, ID: ident.New(), State: "approved", Name: name}
	token := paper.Of(f, clock.MustDate(2026, 11, 23), 1)
	for _, typed := range []string{name, " " + name + " ", strings.ReplaceAll(name, "·", "・"), strings.Join(strings.Split(name, ""), " ")} {
		if !token.Names(typed) {
			t.Errorf("%q is the name on the paper", typed)
		}
	}
	runes := []rune(name)
	for i := range runes {
		changed := append([]rune{}, runes...)
		changed[i] = '王'
		if token.Names(string(changed)) {
			t.Errorf("%q passes", string(changed))
		}
		if token.Names(string(append(append([]rune{}, runes[:i]...), runes[i+1:]...))) {
			t.Errorf("the name without its character %d passes", i)
		}
	}
	if token.Names("") || paper.Of(paper.Form{Kind: f.Kind, ID: f.ID, State: f.State, Name: "患者1"}, token.Issued, 1).Names("患者2") {
		t.Error("no name, or another digit, passes")
	}
}

func TestTheNamesOfOnePersonsPapersHaveNothingInCommon(t *testing.T) {
	f := paper.Form{Kind: paper.Approval, ID: ident.New(), Name: "李淑兰"}
	one := paper.Of(f, clock.MustDate(2026, 11, 23), 1)
	f.Kind = paper.Estimate
	kind := paper.Of(f, one.Issued, 1)
	f.Kind, f.ID = paper.Approval, ident.New()
	if two := paper.Of(f, one.Issued, 1); one.Name == two.Name || one.Name == kind.Name {
		t.Error("papers of one person can be told by the digest of the name")
	}
}

// What papers from before names were bound carry, to the letter.
func TestATokenOfTheFirstEditionStaysReadable(t *testing.T) {
	id := ident.ID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	f := paper.Form{Kind: paper.Settlement, ID: id, State: "settled", Figures: []money.Fen{6_000_000, 0, 0, 0, 0, 1_000_000, 0, 5_000_000}}
	old := "SH1043G00816MMG60820C20A1G7104GM2RC1M70Y45B88EHG0NKPMWFC445MN3YS7CQ" + strings.Repeat("0", 103)
	token, err := paper.Parse(old)
	if err != nil || token.Text() != old || token.Named || !token.Shows(f.Figures) || token.Code() != "1J9T-C4KT-R909" {
		t.Fatalf("%+v %s: %v", token, token.Code(), err)
	}
	if token.Names("") || token.Names("李淑兰") {
		t.Error("a token without a name names somebody")
	}
	if _, err := paper.Parse("SH2" + old[3:]); err == nil {
		t.Error("it passes for the second edition")
	}
	if now := paper.Of(f, token.Issued, 1); !now.Named || !strings.HasPrefix(now.Text(), "SH2") {
		t.Error("a new print binds no name")
	}
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
	f := paper.Form{Kind: paper.Approval, ID: ident.New(), State: "approved", Figures: []money.Fen{6_124_080}, Name: "LISHULAN"}
	token := paper.Of(f, clock.MustDate(2026, 11, 23), 1)
	token.Signature = make([]byte, 64)
	if n := len(token.Text()); n > 178 {
		t.Errorf("%d characters: the code grows beyond 45 modules", n)
	}
	if strings.Contains(token.Text(), "6124080") || strings.Contains(token.Text(), "SHULAN") || bytes.Contains(token.Payload(), []byte("SHULAN")) {
		t.Error("an amount or a name can be read from the code")
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
