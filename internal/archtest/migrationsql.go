package archtest

import (
	"fmt"
	"regexp"
	"sort"
	"strings"
)

var (
	uniqueIndex = regexp.MustCompile(`^create unique index (?:concurrently )?(?:if not exists )?[a-z_0-9]* ?on (?:only )?([a-z_0-9]+)(?: using [a-z]+)? ?\(`)
	anyIndex    = regexp.MustCompile(`^create index .* using gin ?\([^)]*\bvisible_to\b`)
	alterAdd    = regexp.MustCompile(`^alter table (?:only )?([a-z_0-9]+) add (?:constraint [a-z_0-9]+ )?(primary key|unique|foreign key|exclude)`)
	keyColumns  = regexp.MustCompile(`^(?:constraint [a-z_0-9]+ )?(primary key|unique|foreign key|exclude)\b`)
	inlineKey   = regexp.MustCompile(`\b(primary key|unique)\b`)
	inlineRef   = regexp.MustCompile(`\breferences ([a-z_0-9]+)`)
	ownNumber   = regexp.MustCompile(`^[a-z_0-9]+ (small|big)?serial\b|\bgenerated (always|by default) as identity\b|\bdefault (gen_random_uuid|uuid_generate\w*|nextval)\(`)
	policyText  = regexp.MustCompile(`(?s)\$[a-z_]+\$.*?\$[a-z_]+\$|'[^']*'`)
	policyWords = regexp.MustCompile(`(?i)current_setting|visible_to|partnership_id`)
	subSelect   = regexp.MustCompile(`(?i)\bselect\b`)
)

// MigrationSQL checks the scripts of the schema: the rules of every statement,
// and keys and policies that survive distribution by partnership.
func MigrationSQL(t *Tree) []Finding {
	s := schemaOf(t.Migrations)
	var names []string
	for name := range t.Migrations {
		names = append(names, name)
	}
	sort.Strings(names)
	var fs []Finding
	for _, name := range names {
		for _, st := range split(t.Migrations[name]) {
			said := append(lintSQL(st.text, s), keyRules(st.text, s)...)
			if brokenPolicy(st) {
				said = append(said, "a policy reads only its row and current_setting: a sub-select is refused by Citus and slow everywhere")
			}
			if anyIndex.MatchString(st.text) {
				said = append(said, "no GIN on visible_to: under row security it drives no index and disturbs the planner")
			}
			for _, say := range said {
				fs = append(fs, Finding{name, st.line, "migration sql", say})
			}
		}
	}
	return fs
}

// brokenPolicy looks at policies written out, and at the rule texts a helper
// function builds them from.
func brokenPolicy(st statement) bool {
	if !strings.Contains(st.raw, "create policy") {
		return false
	}
	if strings.HasPrefix(st.text, "create policy") {
		return subSelect.MatchString(st.text)
	}
	body := st.raw
	if i := strings.Index(body, "$$"); i >= 0 {
		body = body[i+2:]
	}
	for _, part := range policyText.FindAllString(body, -1) {
		if policyWords.MatchString(part) && subSelect.MatchString(part) {
			return true
		}
	}
	return false
}

// keyRules checks primary, unique and foreign keys of business tables.
func keyRules(text string, s schema) []string {
	if m := createTable.FindStringSubmatch(text); m != nil {
		body, _ := parenthesised(text, len(m[0]))
		return tableKeys(m[1], body, s)
	}
	if m := uniqueIndex.FindStringSubmatch(text); m != nil && s.business[m[1]] {
		cols, _ := parenthesised(text, len(m[0])-1)
		return keyBegins("unique index on "+m[1], cols)
	}
	if m := alterAdd.FindStringSubmatch(text); m != nil {
		return tableKey(m[1], strings.TrimSpace(text[strings.Index(text, " add ")+5:]), s)
	}
	return nil
}

// tableKeys checks the columns and constraints of CREATE TABLE.
func tableKeys(table, body string, s schema) []string {
	var said []string
	for _, part := range commas(body) {
		if keyColumns.MatchString(part) {
			said = append(said, tableKey(table, part, s)...)
			continue
		}
		column, _, _ := strings.Cut(part, " ")
		if s.business[table] && inlineKey.MatchString(part) {
			said = append(said, fmt.Sprintf("%s.%s: keys of a business table start with partnership_id, so they are written as table constraints", table, column))
		}
		if s.business[table] && ownNumber.MatchString(part) {
			said = append(said, fmt.Sprintf("%s.%s: ids and numbers are made by the application", table, column))
		}
		if m := inlineRef.FindStringSubmatch(part); m != nil && s.business[m[1]] {
			said = append(said, fmt.Sprintf("%s.%s: a foreign key to %s is (partnership_id, …), added after app_shard", table, column, m[1]))
		}
	}
	return said
}

// tableKey checks one table constraint.
func tableKey(table, part string, s schema) []string {
	kind := keyColumns.FindStringSubmatch(part)
	if kind == nil {
		return nil
	}
	cols, end := parenthesised(part, 0)
	if kind[1] != "foreign key" {
		if !s.business[table] {
			return nil
		}
		return keyBegins(kind[1]+" of "+table, cols)
	}
	m := inlineRef.FindStringSubmatch(part[end:])
	if m == nil || !s.business[m[1]] {
		return nil
	}
	if !s.business[table] {
		return []string{fmt.Sprintf("%s is no business table and cannot point at %s, which is distributed", table, m[1])}
	}
	return keyBegins("foreign key of "+table+" to "+m[1], cols)
}

func keyBegins(what, cols string) []string {
	first := strings.TrimSpace(commas(cols)[0])
	if first == "partnership_id" || strings.HasPrefix(first, "partnership_id with =") {
		return nil
	}
	return []string{what + " must start with partnership_id"}
}
