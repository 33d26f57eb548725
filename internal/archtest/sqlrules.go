package archtest

import (
	"regexp"
	"strings"
)

// sqlRule is a rule every statement must keep, in the store and in migrations.
// The reasons are facts about PostgreSQL and Citus that were tried, not taste.
type sqlRule struct {
	broken func(text string, s schema) bool
	say    string
}

func matches(pattern string) func(string, schema) bool {
	re := regexp.MustCompile(pattern)
	return func(text string, _ schema) bool { return re.MatchString(text) }
}

var (
	anyParameter = regexp.MustCompile(`= ?any ?\( ?(\$\d|:[a-z]|cast\(|array\[|§)`)
	ordered      = regexp.MustCompile(`\border by\b|\blimit\b`)
	aggregate    = regexp.MustCompile(`\b(array_agg|string_agg|json_agg|jsonb_agg)\([^()]*\)|\bover ?\([^()]*\)|\bwithin group ?\([^()]*\)`)
	star         = regexp.MustCompile(`\bselect (distinct )?([a-z_0-9]+\.)?\*|, ?[a-z_0-9]+\.\*|\breturning ([a-z_0-9]+\.)?\*`)
	updateSet    = regexp.MustCompile(`\bupdate (only )?[a-z_0-9§]+( (as )?[a-z_0-9]+)? set\b|\bdo update set\b`)
	volatile     = regexp.MustCompile(`\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|random|gen_random_uuid|uuid_generate_v\d\w*|nextval)\(|\b(current_timestamp|current_date|current_time|localtimestamp|localtime)\b`)
	insertSelect = regexp.MustCompile(`\binsert into [a-z_0-9]+( ?\([^()]*\))? (overriding \w+ value )?select (.*)`)
	constSource  = regexp.MustCompile(`^[^;]*?\bfrom ?\(? ?(unnest|generate_series|values|jsonb?_\w+|regexp_\w+)\b`)
	cteReturning = regexp.MustCompile(`\b([a-z_0-9]+) as (not )?(materialized )?\( ?(insert|update|delete)\b`)
	firstFrom    = regexp.MustCompile(`\bfrom (\(? ?[a-z_0-9]+)`)
	leftJoin     = regexp.MustCompile(`\bleft (outer )?join ([a-z_0-9]+)`)
)

// commonSQL are the rules for every statement.
var commonSQL = []sqlRule{
	{matches(`\bset_config ?\(`), "no set_config: it does not reach distributed workers and can widen a scope; begin_scope is the one way"},
	{matches(`(^|; ?|\bbegin |\bthen )set (?:session |app\.|search_path|role |[a-z_]+(\.[a-z_]+)? ?(=|to ))`), "no plain SET: it outlives the transaction; SET LOCAL inside begin_scope only"},
	{matches(`\bforce row level security\b`), "no FORCE: data migrations would update 0 rows silently and an online shard move hangs; the application never connects as owner"},
	{brokenStar, "columns are listed: select * breaks scanning when a migration adds one"},
	{matches(`\boffset (\$\d|:|\d|§)`), "no OFFSET: pages go by keyset, so that page 2,000 costs what page 1 costs"},
	{brokenAny, "= any(parameter) with ORDER BY or LIMIT sorts everything under a generic plan: lateral per value for a few, the wide index for many"},
	{func(text string, _ schema) bool {
		return updateSet.MatchString(text) && volatile.MatchString(afterSet(text))
	},
		"no now(), random() or sequence in UPDATE: the time, ids and counters come as parameters"},
	{matches(`\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\(|\b(current_timestamp|current_date|current_time|localtimestamp|localtime)\b`),
		"no clock of the database: the time comes as a parameter, so that nothing kept or asked depends on how that machine's clock jumps"},
	{brokenInsertSelect, "no INSERT…SELECT from constants, unnest or RETURNING into a row-secured table: write multi-row VALUES, or select the key from a table of the same partnership"},
	{brokenJoin, "no bare business table on the nullable side of a join from a code list (the coordinator dies): left join (select … from t) s"},
	{matches(`\bfull (outer )?join\b|\b(rollup|cube) ?\(|\bgrouping sets\b|\bmerge into\b`), "no FULL JOIN, ROLLUP, CUBE, GROUPING SETS or MERGE: they fail across shards; aggregate first, or use ON CONFLICT"},
	{brokenNotExists, "no NOT EXISTS from a code list over a business table: aggregate in a sub-select, then join"},
}

// brokenStar: a star inside brackets feeds a sub-select or a count and reaches
// no scan; one at the top does, unless it reads a CTE, whose columns are listed,
// or fills a row variable, whose type follows the table.
func brokenStar(text string, _ schema) bool {
	for _, m := range star.FindAllStringIndex(text, -1) {
		before, after := text[:m[0]], text[m[1]:]
		if strings.Count(before, "(") != strings.Count(before, ")") || strings.HasPrefix(after, " into ") {
			continue
		}
		source := firstFrom.FindStringSubmatch(after)
		if source == nil || !strings.Contains(before, source[1]+" as (") {
			return true
		}
	}
	return false
}

func brokenAny(text string, _ schema) bool {
	return anyParameter.MatchString(text) && ordered.MatchString(aggregate.ReplaceAllString(text, " "))
}

// afterSet is the text from the first SET of an UPDATE on: an INSERT may have a
// default of its own before DO UPDATE.
func afterSet(text string) string { return text[updateSet.FindStringIndex(text)[1]:] }

func brokenInsertSelect(text string, s schema) bool {
	for _, m := range insertSelect.FindAllStringSubmatch(text, -1) {
		source := m[3]
		if !strings.Contains(source, " from ") || constSource.MatchString(source) {
			return true
		}
		for _, cte := range cteReturning.FindAllStringSubmatch(text, -1) {
			if regexp.MustCompile(`\b(from|join) ` + cte[1] + `\b`).MatchString(source) {
				return true
			}
		}
	}
	return false
}

// codeListFirst reports whether the first relation of one level of a statement
// is something else than a business table: a code list, a CTE, VALUES, unnest.
func codeListFirst(level string, s schema) bool {
	m := firstFrom.FindStringSubmatch(level)
	return m != nil && !s.business[strings.Trim(m[1], "( ")]
}

// levels takes a statement apart into its query and sub-queries: in each, what
// stands in brackets is emptied.
func levels(text string) []string {
	var top strings.Builder
	var all []string
	for i := 0; i < len(text); {
		if text[i] != '(' {
			top.WriteByte(text[i])
			i++
			continue
		}
		inner, end := parenthesised(text, i)
		all = append(all, levels(inner)...)
		top.WriteString("()")
		i = end
	}
	return append(all, top.String())
}

func brokenJoin(text string, s schema) bool {
	for _, level := range levels(text) {
		if !codeListFirst(level, s) {
			continue
		}
		for _, m := range leftJoin.FindAllStringSubmatch(level, -1) {
			if s.business[m[2]] {
				return true
			}
		}
	}
	return false
}

// outermost is a statement with its brackets emptied.
func outermost(text string) string {
	ls := levels(text)
	return ls[len(ls)-1]
}

var notExists = regexp.MustCompile(`\bnot exists ?\( ?select .*? from ([a-z_0-9]+)`)

func brokenNotExists(text string, s schema) bool {
	m := notExists.FindStringSubmatch(text)
	return m != nil && s.business[m[1]] && strings.HasPrefix(text, "select") && codeListFirst(outermost(text), s)
}

// lintSQL applies the common rules.
func lintSQL(text string, s schema) []string {
	var said []string
	for _, r := range commonSQL {
		if r.broken(text, s) {
			said = append(said, r.say)
		}
	}
	return said
}
