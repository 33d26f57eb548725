package terminology_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/terminology"
)

func TestParseCategoriesReadsTheSpellingsOfOffices(t *testing.T) {
	for text, want := range map[string]string{
		"特困人员": "TK", "五保": "TK", "五保户": "TK", "特困（五保）": "TK", "分散供养特困人员": "TK",
		"低保": "DB", "低保对象": "DB", "农村低保": "DB", "低保（A类）": "DB", "城市低保户": "DB", " 低 保 ": "DB", "db": "DB",
		"低保边缘家庭成员": "BY", "低保边缘家庭人员": "BY", "低保边缘户": "BY", "低收入家庭": "BY",
		"返贫致贫人口": "FP", "监测对象": "JC", "防止返贫监测对象": "JC", "脱贫不稳定户": "JC", "边缘易致贫户": "JC", "突发严重困难户": "JC",
		"因病致贫重病患者": "YB", "支出型困难家庭": "YB", "孤儿": "GE", "事实无人抚养儿童": "GE",
		"重度残疾人": "CJ", "重残": "CJ", "二级残疾": "CJ", "三级残疾": "OTHER", "优抚对象": "YF",
		"建档立卡贫困户": "OTHER", "建档立卡贫困人口": "OTHER", "脱贫人口": "OTHER", "其他": "OTHER", "无": "NONE", "/": "NONE",
		"特困,低保": "TK DB", "低保、重残": "DB CJ", "监测户 低保": "DB JC", "低保/无": "DB",
		"": "", "红军": "?红军", "低保，红军": "DB ?红军",
	} {
		codes, unknown := terminology.ParseCategories(text)
		var got []string
		for _, c := range codes {
			got = append(got, string(c))
		}
		for _, u := range unknown {
			got = append(got, "?"+u)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("ParseCategories(%q) = %q, want %q", text, strings.Join(got, " "), want)
		}
	}
}

func TestEveryCategoryIsValidAndHasALabelKey(t *testing.T) {
	for _, c := range terminology.Categories() {
		if !c.Valid() || c.Key() != "beneficiary."+string(c) {
			t.Errorf("%q", c)
		}
		if got, _ := terminology.ParseCategories(string(c)); !slices.Equal(got, []terminology.Category{c}) {
			t.Errorf("the code %s does not read as itself: %v", c, got)
		}
	}
	if terminology.Category("XX").Valid() {
		t.Error("XX is no category")
	}
}

func TestLookupRegion(t *testing.T) {
	for code, want := range map[string]struct {
		status terminology.RegionStatus
		name   string
	}{
		"500114": {terminology.RegionKnown, "黔江区"}, "371122": {terminology.RegionKnown, "莒县"}, "110105": {terminology.RegionKnown, "北京市"},
		"513523": {terminology.RegionAbolished, "原黔江土家族苗族自治县"}, "513524": {terminology.RegionAbolished, "原黔江地区"},
		"510215": {terminology.RegionAbolished, "原四川省重庆市"}, "990101": {terminology.RegionUnknown, ""},
		"5001": {terminology.RegionUnknown, ""}, "50019X": {terminology.RegionUnknown, ""},
	} {
		if r := terminology.LookupRegion(code); r.Status != want.status || r.Name != want.name || r.Demo {
			t.Errorf("LookupRegion(%s) = %+v", code, r)
		}
	}
	for _, code := range []string{"500199", "379900"} {
		if r := terminology.LookupRegion(code); !r.Demo || r.Status != terminology.RegionKnown {
			t.Errorf("the demo place %s = %+v", code, r)
		}
	}
}

func TestEthnicGroupsOfTheStandard(t *testing.T) {
	list := terminology.Ethnicities()
	if len(list) != 56 || list[0].Code != "01" || list[55].Code != "56" || list[55].Name != "基诺族" {
		t.Fatalf("%d groups, last %+v", len(list), list[len(list)-1])
	}
	for _, text := range []string{"15", "土家族", "土家", " 土 家 族 ", "tujia"} {
		if e, ok := terminology.ParseEthnicity(text); !ok || e.Code != "15" {
			t.Errorf("ParseEthnicity(%q) = %+v, %v", text, e, ok)
		}
	}
	if e, _ := terminology.ParseEthnicity("土族"); e.Code != "30" {
		t.Errorf("土族 is not 土家族: %+v", e)
	}
	if _, ok := terminology.ParseEthnicity("族"); ok {
		t.Error("族 alone names nobody")
	}
	list[0].Name = "changed"
	if terminology.Ethnicities()[0].Name != "汉族" {
		t.Error("a caller could change the table")
	}
}
