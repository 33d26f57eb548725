package terminology

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Category is a group of needy people the assistance rules know. Which one a
// person holds, and when, decides thresholds and ratios.
type Category string

// The categories, the most favourable first (the order of [Categories]).
const (
	CategoryTK    Category = "TK"    // 特困人员
	CategoryDB    Category = "DB"    // 低保对象
	CategoryFP    Category = "FP"    // 返贫致贫人口
	CategoryGE    Category = "GE"    // 孤儿、事实无人抚养儿童
	CategoryBY    Category = "BY"    // 低保边缘家庭成员
	CategoryJC    Category = "JC"    // 防止返贫监测对象
	CategoryYB    Category = "YB"    // 因病致贫重病患者
	CategoryCJ    Category = "CJ"    // 重度残疾人
	CategoryYF    Category = "YF"    // 优抚对象
	CategoryOther Category = "OTHER" // another group defined locally
	CategoryNone  Category = "NONE"  // asked, and belongs to none
)

// Categories lists all categories in the order in which one is chosen when a
// person holds several: a rule set may choose otherwise by amount.
func Categories() []Category {
	return []Category{CategoryTK, CategoryDB, CategoryFP, CategoryGE, CategoryBY, CategoryJC, CategoryYB, CategoryCJ,
		CategoryYF, CategoryOther, CategoryNone}
}

// Valid reports whether the code is one of [Categories].
func (c Category) Valid() bool {
	for _, k := range Categories() {
		if c == k {
			return true
		}
	}
	return false
}

// shape is how a code looks that a rule of payment defines.
var shape = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,11}$`)

// WellFormed reports whether the code may be one: of [Categories], or of a
// category the rules of payment add.
func (c Category) WellFormed() bool { return shape.MatchString(string(c)) }

// Ranked are codes in the order of [Categories]; those the rules of payment add
// come before none, in the order of their codes.
func Ranked(codes []Category) []Category {
	var out, local []Category
	for _, c := range Categories() {
		if c != CategoryNone && slices.Contains(codes, c) {
			out = append(out, c)
		}
	}
	for _, c := range codes {
		if !c.Valid() && !slices.Contains(local, c) {
			local = append(local, c)
		}
	}
	slices.Sort(local)
	out = append(out, local...)
	if len(out) == 0 && slices.Contains(codes, CategoryNone) {
		out = append(out, CategoryNone)
	}
	return out
}

// Key is the message key of the category's label. A category the rules of
// payment add has no words in the catalogues: its code stands for it.
func (c Category) Key() string {
	if !c.Valid() {
		return string(c)
	}
	return "beneficiary." + string(c)
}

// synonyms are the spellings met in offices' ledgers, without the words that
// carry no meaning (see fold). 脱贫人口 and 建档立卡 are people who were once
// registered as poor; they hold no national category today, so they are a local
// group, not 返贫致贫.
var synonyms = map[Category][]string{
	CategoryTK:    {"特困", "五保", "五保供养", "特困供养", "特困五保", "分散供养特困", "集中供养特困", "分散供养", "集中供养", "三无"},
	CategoryDB:    {"低保", "最低生活保障", "低保户", "城乡低保", "低保家庭"},
	CategoryFP:    {"返贫致贫", "返贫", "致贫", "易返贫致贫"},
	CategoryBY:    {"低保边缘", "低保边缘户", "边缘户", "低收入", "低收入家庭", "低保边缘家庭", "最低生活保障边缘", "低边"},
	CategoryJC:    {"监测", "防返贫监测", "防止返贫监测", "监测户", "脱贫不稳定", "边缘易致贫", "突发严重困难", "易返贫", "三类"},
	CategoryYB:    {"因病致贫", "因病致贫重病", "支出型困难", "支出型", "因病返贫", "因病支出型困难"},
	CategoryGE:    {"孤儿", "孤", "事实无人抚养", "事实孤儿", "困境", "孤儿事实无人抚养"},
	CategoryCJ:    {"重度残疾", "重残", "一级残疾", "二级残疾", "残疾一级", "残疾二级", "重度", "一二级残疾"},
	CategoryYF:    {"优抚", "重点优抚", "伤残军", "烈属", "复员军", "抚恤补助"},
	CategoryOther: {"其他", "其它", "其他困难", "脱贫", "脱贫户", "建档立卡", "建档立卡贫困", "建档立卡贫困户", "建卡", "建卡贫困户", "贫困", "贫困户", "残疾", "三级残疾", "四级残疾", "残疾三级", "残疾四级", "困难", "计生特殊家庭"},
	CategoryNone:  {"无", "非困难", "不属于", "普通", "一般", "普通居民", "一般居民", "-", "—", "/", "否"},
}

var bySynonym = func() map[string]Category {
	m := map[string]Category{}
	for code, words := range synonyms {
		m[strings.ToLower(string(code))] = code
		for _, w := range words {
			m[w] = code
		}
	}
	return m
}()

var (
	// separators join several categories in one cell, as in 特困,低保 or 特困（五保）.
	separators = regexp.MustCompile(`[,;、/+|&()\[\]\s和及兼]+`)
	// qualifier narrows a category without changing it: 低保（A类）, 残疾（农村）.
	qualifier = regexp.MustCompile(`^(?:[a-d一二三四]类|[a-d]|城市|农村|城镇|城乡|城|乡|已认定|在册|在享)$`)
	prefixes  = []string{"农村", "城市", "城镇", "城乡居民", "在册", "享受"}
	suffixes  = []string{"家庭成员", "家庭人员", "人员", "对象", "人口", "患者", "成员", "群众", "儿童", "老人", "家庭", "居民", "人", "户"}
)

// ParseCategories reads a ledger cell that names one or several categories.
// What is not understood comes back as written, to be asked once and mapped.
// An empty cell gives nothing: "not stated" is not the same as [CategoryNone].
func ParseCategories(text string) (codes []Category, unknown []string) {
	text = strings.ToLower(norm.NFKC.String(text))
	whole := strings.Join(strings.Fields(text), "")
	if whole == "" {
		return nil, nil
	}
	if code, ok := lookupCategory(whole); ok {
		return []Category{code}, nil
	}
	found := map[Category]bool{}
	var qualifiers []string
	for _, part := range separators.Split(text, -1) {
		if part == "" {
			continue
		}
		if code, ok := lookupCategory(part); ok {
			found[code] = true
		} else if qualifier.MatchString(part) {
			qualifiers = append(qualifiers, part)
		} else {
			unknown = append(unknown, part)
		}
	}
	if len(found) == 0 {
		unknown = append(unknown, qualifiers...)
	}
	if len(found) > 1 {
		delete(found, CategoryNone)
	}
	for _, c := range Categories() {
		if found[c] {
			codes = append(codes, c)
		}
	}
	return codes, unknown
}

// lookupCategory tries the word as written and then with its meaningless ends
// taken off one after the other.
func lookupCategory(word string) (Category, bool) {
	for _, p := range append([]string{""}, prefixes...) {
		w, ok := strings.CutPrefix(word, p)
		if !ok {
			continue
		}
		for range 3 {
			if code, known := bySynonym[w]; known {
				return code, true
			}
			short := cutSuffix(w)
			if short == w {
				break
			}
			w = short
		}
	}
	return "", false
}

func cutSuffix(w string) string {
	for _, s := range suffixes {
		if rest, ok := strings.CutSuffix(w, s); ok && rest != "" {
			return rest
		}
	}
	return w
}
