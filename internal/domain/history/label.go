package history

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/shanhai-health/shanhai/internal/money"
)

// label is a header cell made comparable.
type label struct {
	whole string    // with what stands in brackets, without the brackets
	plain string    // without it
	unit  money.Fen // 0 when the label names none
}

var (
	brackets  = regexp.MustCompile(`[(\[【〔{][^)\]】〕}]*[)\]】〕}]`)
	numbering = regexp.MustCompile(`^(?:[一二三四五六七八九十]+、|\([一二三四五六七八九十0-9]+\)|[0-9]+[.、])`)
	unitAtEnd = regexp.MustCompile(`[/,:：、-]?(?:单位[:：]?)?(?:人民币)?(?:万元|元)$`)
	signs     = strings.NewReplacer("(", "", ")", "", "[", "", "]", "", "【", "", "】", "", "〔", "", "〕", "", "*", "", ":", "",
		"：", "", "\"", "", "“", "", "”", "", "—", "", "_", "")
)

// maxLabel is the longest label in characters; a longer text is a sentence.
const maxLabel = 30

func newLabel(text string) label {
	s := strings.ToLower(squeeze(text))
	l := label{unit: unitNamed(s)}
	s = numbering.ReplaceAllString(s, "")
	plain := brackets.ReplaceAllString(s, "")
	if plain == "" {
		plain = s
	}
	if i := strings.IndexAny(unitAtEnd.ReplaceAllString(plain, ""), ":："); i >= 0 && strings.TrimRight(plain[i:], ":：*") != "" {
		return label{unit: l.unit} // 填报单位：某区卫健委 says something, it names no column
	}
	l.plain = signs.Replace(unitAtEnd.ReplaceAllString(plain, ""))
	s = strings.NewReplacer("(万元)", "", "(元)", "", "单位:万元", "", "单位:元", "").Replace(s)
	l.whole = signs.Replace(unitAtEnd.ReplaceAllString(s, ""))
	return l
}

// unitNamed is the unit a label or a line names.
func unitNamed(s string) money.Fen {
	switch {
	case strings.Contains(s, "万元"):
		return money.Wan
	case strings.Contains(s, "(元)"), strings.Contains(s, "/元"), strings.Contains(s, "单位:元"), strings.HasSuffix(s, ",元"),
		strings.Contains(s, "单位元"), strings.Contains(s, ":元"):
		return money.Yuan
	}
	return 0
}

// squeeze folds widths and drops every kind of space and invisible sign.
func squeeze(text string) string {
	if plainASCII(text) {
		return text
	}
	if !norm.NFKC.IsNormalString(text) {
		text = norm.NFKC.String(text)
	}
	return strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, text)
}

// plainASCII reports printable ASCII without spaces, the commonest case.
func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// group reports whether the label may stand above several columns.
func (l label) group() bool {
	return l.whole != "" && utf8.RuneCountInString(l.whole) <= maxLabel && anyOf(l.whole, groupWords)
}

// quality orders matches: a smaller one wins a field.
type quality int

const (
	matchExact quality = iota // a spelling of the table
	matchPath                 // a spelling only together with the label above
	matchRule                 // recognised by its parts
	matchNone
)

// generic labels say nothing without the label above them.
const generic = "|医院|姓名|日期|时间|金额|合计|小计|单位|名称|电话|其他|基金|个人|数量|类别|类型|总额|资金|财政|支付|报销|"

// field matches one header cell by itself.
func (l label) field() (Field, quality) {
	if l.whole == "" || utf8.RuneCountInString(l.whole) > maxLabel {
		return FieldNone, matchNone
	}
	if f, ok := bySpelling[l.whole]; ok {
		return refine(f, l.whole), matchExact
	}
	if f, ok := bySpelling[l.plain]; ok {
		return refine(f, l.whole), matchExact
	}
	if first, _, cut := strings.Cut(l.plain, "/"); cut {
		if f, ok := bySpelling[first]; ok {
			return refine(f, l.whole), matchRule
		}
	}
	return byRule(l.whole)
}

func byRule(s string) (Field, quality) {
	for _, r := range rules {
		if r.fits(s) {
			return r.field, matchRule
		}
	}
	return FieldNone, matchNone
}

// refine reads who grants a reduction out of the rest of the label.
func refine(f Field, whole string) Field {
	if f != FieldReduction {
		return f
	}
	switch {
	case anyOf(whole, "医院|院方|院内"):
		return FieldReductionHospital
	case anyOf(whole, "基金|协作|财政|帮扶|政府"):
		return FieldReductionFund
	}
	return f
}

// matchPath matches a column by its labels from top to bottom. A leaf that says
// little by itself is read together with the label above it first.
func matchColumn(path []label) (Field, quality) {
	if len(path) == 0 {
		return FieldNone, matchNone
	}
	leaf := path[len(path)-1]
	if len(path) == 1 {
		return leaf.field()
	}
	joined := joinLabels(path)
	if f, ok := bySpelling[joined.whole]; ok {
		return refine(f, joined.whole), matchPath
	}
	near := joinLabels(path[len(path)-2:])
	if f, ok := bySpelling[near.whole]; ok {
		return refine(f, near.whole), matchPath
	}
	if strings.Contains(generic, "|"+leaf.plain+"|") {
		if f, q := byRule(near.whole); q != matchNone {
			return f, matchPath
		}
	}
	f, q := leaf.field()
	if q == matchNone {
		f, q = byRule(near.whole)
	}
	return refine(f, joined.whole), q
}

func joinLabels(path []label) label {
	var l label
	for _, p := range path {
		l.whole += p.whole
		l.plain += p.plain
		if p.unit != 0 {
			l.unit = p.unit // the label nearest to the data counts
		}
	}
	return l
}
