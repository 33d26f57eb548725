package audit

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/ident"
)

func sampleAnchor() SignedAnchor {
	id := func(s string) ident.ID { return ident.Derive(ident.Nil, s) }
	hash := func(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }
	return SignedAnchor{Anchor: Anchor{Partnership: id("pair"), At: time.Date(2026, 11, 24, 8, 0, 0, 1000, time.UTC), Previous: hash(1),
		Heads: []Head{{ident.Nil, 0, 7, hash(2)}, {ident.Nil, 3, 9, hash(3)}}, Held: [][]byte{hash(4)}}, Key: 2, Signature: bytes.Repeat([]byte{9}, 64)}
}

func TestAnAnchorReadsBackAndFitsOnePage(t *testing.T) {
	a := sampleAnchor()
	back, err := ParseAnchor(a.File())
	if err != nil || back.File() != a.File() || !bytes.Equal(back.Digest(), a.Digest()) || back.Links() != 16 {
		t.Fatalf("%v\n%s", err, back.File())
	}
	if mailed, err := ParseAnchor(strings.ReplaceAll(a.File(), "\n", "\r\n")); err != nil || !bytes.Equal(mailed.Digest(), a.Digest()) {
		t.Errorf("with the line ends of mail: %v", err)
	}
	first := a
	first.Previous, first.Held, first.Heads = nil, nil, nil
	if back, err := ParseAnchor(first.File()); err != nil || len(back.Previous) != 0 {
		t.Errorf("the first anchor of an empty log: %v", err)
	}
}

// Each fact is under the signature.
func TestTheMessageOfAnAnchorCoversEveryFact(t *testing.T) {
	base := sampleAnchor()
	for name, change := range map[string]func(*SignedAnchor){
		"partnership": func(a *SignedAnchor) { a.Partnership = ident.New() }, "instant": func(a *SignedAnchor) { a.At = a.At.Add(time.Microsecond) },
		"previous": func(a *SignedAnchor) { a.Previous = nil }, "a chain less": func(a *SignedAnchor) { a.Heads = a.Heads[:1] },
		"row": func(a *SignedAnchor) { a.Heads = []Head{a.Heads[0], {ident.Nil, 3, 8, a.Heads[1].Hash}} }, "held": func(a *SignedAnchor) { a.Held = nil },
	} {
		a := base
		change(&a)
		if bytes.Equal(a.Message(), base.Message()) {
			t.Errorf("a change of %s is not under the signature", name)
		}
	}
}

func TestOnlyTheOneSpellingIsAnAnchor(t *testing.T) {
	whole := sampleAnchor().File()
	for name, text := range map[string]string{
		"empty": "", "title only": anchorTitle, "cut": whole[:len(whole)-30], "a word more": strings.Replace(whole, "chain ", "chain  ", 1),
		"another order": strings.Replace(strings.Replace(whole, " 0 7 ", " 4 7 ", 1), " 3 9 ", " 1 9 ", 1), "capitals": strings.ToUpper(whole),
		"two of a line": strings.Replace(whole, "previous ", "previous -\nprevious ", 1), "nothing signed": strings.Split(whole, "signature")[0],
		"a short hash": strings.Replace(whole, "0202", "", 1), "a line behind": whole + "held -\n",
	} {
		if _, err := ParseAnchor(text); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func FuzzParseAnchor(f *testing.F) {
	f.Add(sampleAnchor().File())
	f.Add(anchorTitle + "\npartnership x\n")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAnchor(text)
		if err == nil && a.File() != strings.ReplaceAll(text, "\r\n", "\n") {
			t.Fatalf("read as another one: %q", text)
		}
	})
}

// A detail that was written in sorted order is verified as it stands.
func TestTheStoredDetailIsCanonicalAsItStands(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := sample()
		e.Detail = rapid.MapOf(rapid.StringMatching(`[a-z_]{1,8}`), rapid.Custom(func(t *rapid.T) any {
			return rapid.SampledFrom([]any{7, "文字 <b>&", []string{"b", "a"}, true, nil, int64(1) << 60}).Draw(t, "value")
		})).Draw(t, "detail")
		if !bytes.Equal(e.CanonicalAsStored(canonicalDetail(e.Detail)), e.Canonical()) {
			t.Fatalf("%v", e.Detail)
		}
		if len(e.Detail) > 0 && bytes.Equal(e.CanonicalAsStored("{}"), e.Canonical()) {
			t.Fatal("the detail is not covered")
		}
	})
}

func TestADetailIsWrittenForReaders(t *testing.T) {
	if got := Summary(map[string]any{"rows": 7, "changed": []string{"address", "phone"}, "ok": true}); got != "changed: address, phone; ok: true; rows: 7" {
		t.Error(got)
	}
}

// A value that no JSON can hold was never stored; a reader is shown the rest.
func TestADetailIsShownWithoutWhatCannotBeWritten(t *testing.T) {
	if got := Summary(map[string]any{"a": make(chan int), "rows": 7}); got != "a: ; rows: 7" {
		t.Error(got)
	}
}
