package match_test

import (
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/domain/match"
)

// finds tells whether a query over the stored terms of a name is met, the way
// the store does it: every clause by equality or by prefix range in C order.
func finds(name, query string) bool {
	stored := match.Terms(name)
	q := match.ParseQuery(query)
	if q.Empty() {
		return false
	}
	for _, c := range q.Clauses {
		met := slices.ContainsFunc(c.Any, func(want match.Term) bool {
			return slices.ContainsFunc(stored, func(have match.Term) bool {
				if want.Prefix {
					return have.String() >= want.String() && have.String() < want.After()
				}
				return have.String() == want.String()
			})
		})
		if !met {
			return false
		}
	}
	return true
}

func TestSurnamesAreFoundByAllTheirReadings(t *testing.T) {
	for name, queries := range map[string]string{
		"罗女锁": "l lns luo luonv luonvsuo lnsuo? luonu luonü luónǚsuǒ", "单静秀": "s d c sjx djx cjx shan danjingxiu", "解红梅": "x j xhm jhm xiehongmei jie",
		"区成勇": "o q ocy qcy ouchengyong qu", "曾明清": "z c zmq cmq zengmingqing cengming", "仇云龙": "q c qyl cyl qiuyunlong chou",
		"尉迟飞莲": "y w yc wc ycfl wcfl yuchifeilian weichi", "覃玉军": "q t x qyj tyj qinyujun tan xun", "朴正花": "p piao pu", "查志远": "z c zhazhiyuan cha",
		"盖文": "g ge gai gewen", "乐山": "y l yue le", "万英": "w m wanying", "宓云": "m f mi", "员红": "y yun yuan", "种山": "c z chong zhong", "翟梅": "z d zhai di",
		"缪玉": "m miao mou mu", "隗明": "w k wei kui", "纪川": "j ji", "召平": "s z shao", "句容": "g j gou ju", "折家": "s z she zhe", "柏松": "b bo bai",
		"谌云": "c s chen shen", "郗山": "x c xi chi", "宿水": "s x su xiu", "尉山": "w y wei yu", "冯云": "f p feng", "盛夏": "s c sheng cheng", "车云": "c j che ju",
		"吕布云": "l lby lv lu lü lvbuyun lyubu", "单于明": "c s d cym syu? chanyuming danyu", "万俟雪": "m w mqx wsx moqixue", "长孙云": "z c zsy csy zhangsun",
		"澹台明": "t d ttm dtm tantai", "欧阳云红": "o oyyh ouyangyunhong", "诸葛青": "z zgq zhuge", "石山": "s shi", "逯云": "l lu", "冼星": "x xian", "黑山": "h he hei",
		"宁静": "n ningjing", "华山": "h hua", "过云": "g guo", "祭山": "z j zhai ji", "藏山": "z c zang", "都云": "d du dou", "繁花": "p f po fan", "薄云": "b bo bao",
		"阿依古丽·买买提": "a aygl aygulimai? ayiguli ayigulimaimaiti", "John Smith": "j js john johnsmith", "José Díaz": "jose josed",
	} {
		for _, q := range strings.Fields(queries) {
			if want := !strings.HasSuffix(q, "?"); want && !finds(name, q) {
				t.Errorf("%s is not found by %q: %v", name, q, match.Terms(name))
			}
		}
		if finds(name, "kkk") {
			t.Errorf("%s is found by kkk", name)
		}
	}
}

func TestSpellingsMayBeWrittenApart(t *testing.T) {
	for _, q := range []string{"luo nv", "LUO Nv suo", "l n s", "luo'nv", "ｌｎｓ", "罗女", "女锁", "罗 女锁", "罗女锁", "罗", "罗 女 锁?", "luo 女锁"} {
		if want := !strings.HasSuffix(q, "?"); want && !finds("罗女锁", q) {
			t.Errorf("not found by %q: %+v", q, match.ParseQuery(q))
		}
	}
	for _, q := range []string{"女", "锁", "罗锁", "nv", "suo", "罗女兰", "luo 女兰"} {
		if finds("罗女锁", q) {
			t.Errorf("found by %q", q)
		}
	}
}

func TestAnyFragmentOfTwoCharactersFindsTheName(t *testing.T) {
	runes := []rune("向云禾罗女锁单解区曾欧阳尉迟买提阿依古丽𠮷〇\ue123")
	rapid.Check(t, func(t *rapid.T) {
		name := []rune(rapid.StringOfN(rapid.RuneFrom(runes), 2, 8, -1).Draw(t, "name"))
		from := rapid.IntRange(0, len(name)-2).Draw(t, "from")
		to := rapid.IntRange(from+2, len(name)).Draw(t, "to")
		stored := string(name)
		if len(name) > 4 {
			stored = string(name[:3]) + "·" + string(name[3:])
		}
		if !finds(stored, string(name[from:to])) {
			t.Fatalf("%s is not found by %s", stored, string(name[from:to]))
		}
		if !finds(stored, string(name[:1])) || !finds(stored, stored) {
			t.Fatalf("%s is not found by its first character or itself", stored)
		}
	})
}

func TestTermsAreFewAndDistinct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOfN(rapid.RuneFrom([]rune("单解乐行长重朝女绿吕曾区尉迟于万俟a ·")), 0, 64, -1).Draw(t, "name")
		terms := match.Terms(name)
		seen, spelled := map[string]bool{}, 0
		for _, x := range terms {
			if seen[x.String()] || x.Text == "" || x.Kind.Secret() {
				t.Fatalf("%q: %v", name, terms)
			}
			seen[x.String()] = true
			if x.Kind == match.KindPinyin {
				spelled++
			}
		}
		if spelled > 16 || len(terms) > 1+64+32 {
			t.Fatalf("%q has %d terms, %d spellings", name, len(terms), spelled)
		}
	})
	if match.Terms(" · ") != nil {
		t.Fatal("no name, no terms")
	}
}

func TestPeopleAreOrderedBySyllableThenCharacter(t *testing.T) {
	want := []string{"白云", "曹云", "单山", "冉云", "冉云平", "区山", "向山", "向云", "解云", "曾云", "Anna Lee"}
	order := []string{"Anna Lee", "白云", "曹云", "区山", "冉云", "冉云平", "单山", "向山", "向云", "解云", "曾云"}
	slices.SortFunc(want, func(a, b string) int { return strings.Compare(match.SortKey(a), match.SortKey(b)) })
	if !slices.Equal(want, order) {
		t.Fatalf("%v", want)
	}
	same := []string{"李明", "黎娜", "李娜", "黎明"}
	slices.SortFunc(same, func(a, b string) int { return strings.Compare(match.SortKey(a), match.SortKey(b)) })
	if same[0][:3] != same[1][:3] {
		t.Fatalf("two surnames of one sound are mixed: %v", same)
	}
	if match.SortKey("") != "" {
		t.Fatal("an empty name")
	}
}

func BenchmarkTerms(b *testing.B) {
	for b.Loop() {
		match.Terms("尉迟飞莲")
	}
}

// Half a million characters fit into the form that also takes a scan.
func TestANameWithoutEndIsReadToTheLongestName(t *testing.T) {
	long := strings.Repeat("王小山", 200_000)
	short := string([]rune(long)[:patient.MaxName])
	if got, want := match.NameKeys(long), match.NameKeys(short); !slices.Equal(got, want) {
		t.Errorf("%d keys of %d characters, want those of the first %d", len(got), len([]rune(long)), patient.MaxName)
	}
}
