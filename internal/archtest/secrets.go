package archtest

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// secretShape is how something looks that must not stand in a source tree.
type secretShape struct {
	name  string
	hints []string // one of them stands in the line, in small letters; none: eleven digits in a row
	match *regexp.Regexp
	real  func(text string) bool // nil: whatever matches
}

// secretShapes are keys, tokens, passwords, and what belongs to people.
var secretShapes = []secretShape{
	{"private key", []string{"private key-----"}, regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----\s*(?:\\n)?\s*[A-Za-z0-9+/=]{32,}`), nil},
	{"age key", []string{"age-secret-key-1"}, regexp.MustCompile(`AGE-SECRET-KEY-1[0-9A-Z]{40,}`), nil},
	{"token", []string{"akia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "npm_", "sk-", "eyj"},
		regexp.MustCompile(`\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[A-Za-z0-9_-]{16,}|xox[abprs]-[A-Za-z0-9-]{12,}|npm_[A-Za-z0-9]{30,}|sk-[A-Za-z0-9]{24,}|eyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,})`), nil},
	{"password", []string{"pass", "secret", "token", "key"},
		regexp.MustCompile(`(?i)(?:passw(?:or)?d|passwd|secret|token|api_?key|access_?key)\w*["']?\]?\s*(?::=|=|:)\s*["'` + "`" + `]([^\s"'` + "`" + `]{12,})["'` + "`" + `]`), random},
	{"password in an address", []string{"://"}, regexp.MustCompile(`\b[a-z][a-z0-9+]*://[A-Za-z0-9._-]+:([^\s/@"'` + "`" + `<>{}()|$%]{6,})@`), drawn},
	{"identity number", nil, regexp.MustCompile(`\b([1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx])\b`), somebodys},
	{"telephone number", nil, regexp.MustCompile(`\b(1[3-9]\d{9})\b`), dialled},
}

// hinted reports whether a line is worth a closer look.
func (s secretShape) hinted(small string) bool {
	for _, h := range s.hints {
		if strings.Contains(small, h) {
			return true
		}
	}
	if s.hints != nil {
		return false
	}
	run := 0
	for i := range len(small) {
		if run++; small[i] < '0' || small[i] > '9' {
			run = 0
		}
		if run == 11 {
			return true
		}
	}
	return false
}

// printed are what looks like a secret and is none: the password of the demonstration,
// one of an account that lives as long as a test, and the examples of the standard for
// identity numbers.
var printed = []string{"Shanhai-demo-2026", "Tq7-vlm4-wuoz", "s3cret", "11010519491231002X", "440524188001010014"}

// Secrets finds keys, tokens, passwords, identity numbers and telephone numbers of
// people in a text.
func Secrets(path, text string) []Finding {
	var fs []Finding
	lines := strings.Split(text, "\n")
	for n, line := range lines {
		small := strings.ToLower(line)
		for _, s := range secretShapes {
			if !s.hinted(small) {
				continue
			}
			whole := line
			if s.name == "private key" && n+1 < len(lines) {
				whole += "\n" + lines[n+1] // it begins under its heading
			}
			for _, m := range s.match.FindAllStringSubmatch(whole, -1) {
				found := m[len(m)-1]
				if s.real != nil && !s.real(found) || has(printed, strings.ToUpper(found)) || has(printed, found) {
					continue
				}
				fs = append(fs, Finding{path, n + 1, "secrets", "a " + s.name + ": " + found[:4] + "… Take it out, and change it where it is in use"})
			}
		}
	}
	return fs
}

// drawn reports whether a password in an address is one: an example says what stands there.
func drawn(s string) bool { return strings.ContainsAny(s, "0123456789") }

// random reports whether a literal is rather drawn than written: letters of both cases,
// digits, and no word of a placeholder.
func random(s string) bool {
	var upper, lower, digit bool
	for _, r := range s {
		upper, lower, digit = upper || unicode.IsUpper(r), lower || unicode.IsLower(r), digit || unicode.IsDigit(r)
	}
	return upper && lower && digit && !strings.ContainsAny(s, "{}<>$%/\\") && strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// somebodys reports whether an identity number may belong to a person: its check digit is
// right, its region was given out, and its holder has been born.
func somebodys(s string) bool {
	sum, weight := 0, 2
	for i := 16; i >= 0; i-- {
		sum += int(s[i]-'0') * weight
		weight = weight * 2 % 11
	}
	if "10X98765432"[sum%11] != strings.ToUpper(s)[17] || strings.HasPrefix(s, "500199") || strings.HasPrefix(s, "99") {
		return false
	}
	year, _ := strconv.Atoi(s[6:10])
	return year < 2090
}

// invented are the telephone numbers of tests and of the demonstration.
var invented = regexp.MustCompile(`^1[39]9(?:0000|1234)\d{4}$|^19\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}$`)

// dialled reports whether a telephone number may be somebody's. Eleven digits that begin
// with a day are the middle of an identity number.
func dialled(s string) bool { return !invented.MatchString(s) }
