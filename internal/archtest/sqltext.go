package archtest

import (
	"regexp"
	"strings"
)

// statement is one SQL statement of a migration.
type statement struct {
	line int
	raw  string
	text string // cleaned, see clean
}

// split cuts a script into statements at the semicolons that are outside of
// quotes, comments and function bodies.
func split(script string) []statement {
	var ss []statement
	line, start, startLine := 1, 0, 1
	flush := func(end int) {
		raw := script[start:end]
		if text := clean(raw); text != "" {
			lead := raw[:len(raw)-len(strings.TrimLeft(stripLead(raw), " \t\r\n"))]
			ss = append(ss, statement{startLine + strings.Count(lead, "\n"), raw, text})
		}
	}
	for i := 0; i < len(script); {
		n := tokenLength(script[i:])
		line += strings.Count(script[i:i+n], "\n")
		if script[i] == ';' {
			flush(i)
			start, startLine = i+1, line
		}
		i += n
	}
	flush(len(script))
	return ss
}

// stripLead removes the comments and blanks before a statement, for its line.
func stripLead(s string) string {
	for {
		s = strings.TrimLeft(s, " \t\r\n")
		if !strings.HasPrefix(s, "--") && !strings.HasPrefix(s, "/*") {
			return s
		}
		s = s[tokenLength(s):]
	}
}

var dollarTag = regexp.MustCompile(`^\$[A-Za-z_]*\$`)

// tokenLength is the length of the quote, comment or dollar body a text starts
// with, or 1.
func tokenLength(s string) int {
	until := func(mark string, from int) int {
		if i := strings.Index(s[from:], mark); i >= 0 {
			return from + i + len(mark)
		}
		return len(s)
	}
	switch {
	case strings.HasPrefix(s, "--"):
		return until("\n", 2)
	case strings.HasPrefix(s, "/*"):
		return until("*/", 2)
	case s[0] == '\'':
		return until("'", 1)
	case s[0] == '"':
		return until("\"", 1)
	}
	if tag := dollarTag.FindString(s); tag != "" {
		return until(tag, len(tag))
	}
	return 1
}

// clean brings SQL into the form the rules match: lower case, single blanks, no
// comments, string contents gone, function bodies opened up.
func clean(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		n := tokenLength(s[i:])
		switch part := s[i : i+n]; {
		case strings.HasPrefix(part, "--"), strings.HasPrefix(part, "/*"):
			b.WriteByte(' ')
		case part[0] == '\'':
			b.WriteString("''")
		case n > 1 && part[0] == '$':
			tag := dollarTag.FindString(part)
			b.WriteString(" " + clean(strings.TrimSuffix(part[len(tag):], tag)) + " ")
		default:
			b.WriteString(part)
		}
		i += n
	}
	return strings.TrimSpace(blanks.ReplaceAllString(strings.ToLower(b.String()), " "))
}

var blanks = regexp.MustCompile(`\s+`)

// parenthesised returns the text of the bracket that opens at or after from,
// and where it ends.
func parenthesised(s string, from int) (inner string, end int) {
	open := strings.IndexByte(s[from:], '(')
	if open < 0 {
		return "", len(s)
	}
	open += from
	depth := 0
	for i := open; i < len(s); i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return s[open+1 : i], i + 1
			}
		}
	}
	return s[open+1:], len(s)
}

// commas splits at the commas outside of brackets.
func commas(s string) []string {
	var parts []string
	depth, start := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case ',':
			if depth == 0 {
				parts, start = append(parts, strings.TrimSpace(s[start:i])), i+1
			}
		}
	}
	return append(parts, strings.TrimSpace(s[start:]))
}

// schema is what the rules know of the tables.
type schema struct {
	tables   map[string]bool
	business map[string]bool // distributed by partnership_id
}

var (
	createTable = regexp.MustCompile(`^create (?:unlogged )?table (?:if not exists )?([a-z_0-9]+)`)
	quotedWord  = regexp.MustCompile(`'([a-z_0-9]+)'`)
)

// schemaOf reads the tables and which of them are distributed (app_shard).
func schemaOf(migrations map[string]string) schema {
	s := schema{map[string]bool{}, map[string]bool{}}
	var shards []string
	for _, script := range migrations {
		for _, st := range split(script) {
			if m := createTable.FindStringSubmatch(st.text); m != nil {
				s.tables[m[1]] = true
			}
			if strings.HasPrefix(st.text, "select app_shard(") && strings.Contains(st.raw, "'distributed'") {
				shards = append(shards, st.raw)
			}
		}
	}
	for _, raw := range shards {
		for _, m := range quotedWord.FindAllStringSubmatch(raw, -1) {
			if s.tables[m[1]] {
				s.business[m[1]] = true
			}
		}
	}
	return s
}

var tableUse = regexp.MustCompile(`\b(?:from|join|update|into)\s+(?:only\s+)?([a-z_0-9]+)`)

// uses lists the business tables a statement names.
func (s schema) uses(text string) []string {
	var names []string
	for _, m := range tableUse.FindAllStringSubmatch(text, -1) {
		if s.business[m[1]] {
			names = append(names, m[1])
		}
	}
	return names
}
