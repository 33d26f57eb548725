package match_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/match"
)

// shown writes a query as "a|b & c", prefixes with a star.
func shown(q match.Query) string {
	var clauses []string
	for _, c := range q.Clauses {
		var terms []string
		for _, t := range c.Any {
			s := t.String()
			if t.Prefix {
				s += "*"
			}
			terms = append(terms, s)
		}
		clauses = append(clauses, strings.Join(terms, "|"))
	}
	s := strings.Join(clauses, " & ")
	if len(q.Unknown) > 0 {
		s += fmt.Sprint(" ?", q.Unknown)
	}
	return s
}

func TestWhatASearchTextIs(t *testing.T) {
	for text, want := range map[string]string{
		"002x": "d:002X", "００２Ｘ": "d:002X", "1234": "d:1234|t:1234", "002×": "d:002X",
		"SH-2026-00123": "c:SH-2026-00123", "sh202600123": "c:SH-2026-00123", "SH-2025-0873": "c:SH-2025-0873",
		"A3K7QZ": "s:A3K7QZ", "a3k7qz": "s:A3K7QZ", "zhangs": "s:ZHANGS|i:zhangs*|p:zhangs*",
		"罗": "n:罗", "罗女": "b:罗女", "罗女锁": "b:罗女 & b:女锁", "罗女 002X": "d:002X & b:罗女", "罗女002X": "d:002X & b:罗女", "002X 罗": "d:002X & n:罗",
		"lns": "i:lns*|p:lns*", "luonv": "p:luonv*", "luo nv": "p:luonv*", "l": "i:l*", "lü": "p:lv*", "lyu": "p:lv*", "罗 1234": "d:1234|t:1234 & n:罗",
		"luo 罗女": "b:罗女 & p:luo*", "11010519491231002x": "x:11010519491231002X", "110105491231002": "x:11010519491231002X",
		"199 0000 1234": "y:19900001234", "110105 19491231 002X": "x:11010519491231002X", "19900001234": "y:19900001234", "199-0000-1234": "y:19900001234", "023-79200000": "y:023-79200000",
		"": "", "   ": "", "12": " ?[12]", "!!!": "", "'; drop table": "i:droptable*|p:droptable*", "罗 罗 罗": "n:罗",
	} {
		got := shown(match.ParseQuery(text))
		if got != want {
			t.Errorf("ParseQuery(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestWordsThatAreNothingAreNamed(t *testing.T) {
	for text, want := range map[string][]string{"QJ-2026-00123": {"qj-2026-00123"}, "12 罗": {"12"}, "12345": {"12345"}, "A3K7Q0": {"a3k7q0"}} {
		if q := match.ParseQuery(text); !slices.Equal(q.Unknown, want) {
			t.Errorf("%q: %+v", text, q)
		}
	}
	if q := (match.Parser{CasePrefix: "QJ"}).Parse("QJ-2026-00123"); shown(q) != "c:QJ-2026-00123" {
		t.Errorf("another prefix: %+v", q)
	}
}

func TestASingleTailAsksForMore(t *testing.T) {
	for text, want := range map[string]bool{"1234": true, "002X": true, "1234 罗": false, "罗": false, "": false, "19900001234": false} {
		if got := match.ParseQuery(text).TailOnly(); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestPersonalTextIsMarkedSecret(t *testing.T) {
	for text, want := range map[string]bool{"1234": true, "002X": true, "19900001234": true, "11010519491231002X": true, "罗女": false, "lns": false, "SH-2026-00123": false} {
		for _, x := range match.ParseQuery(text).Clauses[0].Any {
			if x.Kind.Secret() != want {
				t.Errorf("%q: %v", text, x)
			}
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{"罗女 002X", "lns", "SH-2026-00123", "luo nv", "１２３４", "A3K7QZ", "\u202e罗\x00", "'; drop table", "ü̈ǚ", "ﷺ", "\xff", "买·提 1990000123"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q := match.ParseQuery(text)
		if len(q.Clauses) > 6 {
			t.Fatalf("%q: %d clauses", text, len(q.Clauses))
		}
		for _, c := range q.Clauses {
			if len(c.Any) == 0 || len(c.Any) > 3 {
				t.Fatalf("%q: %+v", text, c)
			}
			for _, x := range c.Any {
				if x.Text == "" || strings.ContainsAny(x.Text, "\x00 ;%_") || x.String() >= x.After() {
					t.Fatalf("%q: term %q", text, x.Text)
				}
			}
		}
	})
}
