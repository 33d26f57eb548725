package policy

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
)

// Sample is a set of example rules of the shape real ones have. No number in it
// is an official one; whoever uses it changes the numbers first.
func Sample(region Region) Rules {
	return Rules{
		Region:     region,
		Categories: sampleCategories(),
		Basic: []Layer{
			{ID: "B1", Insurance: Resident, Level: "3", Threshold: 800_00, Segments: []Segment{{0, 5000}, {20_000_00, 6000}}, Ceiling: 150_000_00},
			{ID: "B2", Insurance: Resident, Level: "2", Threshold: 300_00, Segments: []Segment{{0, 6500}, {20_000_00, 7000}}, Ceiling: 150_000_00},
			{ID: "B3", Insurance: Resident, Level: "1", Threshold: 100_00, Segments: []Segment{{0, 8000}}, Ceiling: 150_000_00},
			{ID: "B4", Insurance: Employee, Level: "3", Threshold: 880_00, Segments: []Segment{{0, 8500}}, Ceiling: 300_000_00},
			{ID: "B5", Insurance: Employee, Threshold: 400_00, Segments: []Segment{{0, 8800}}, Ceiling: 300_000_00},
		},
		Critical: []Layer{
			{ID: "C1", Insurance: Resident, Threshold: 15_000_00, Segments: []Segment{{0, 6000}, {100_000_00, 6500}}, Ceiling: 200_000_00},
			{ID: "C2", Insurance: Employee, Threshold: 18_000_00, Segments: []Segment{{0, 6000}}, Ceiling: 300_000_00},
		},
		Reliefs: []Relief{{ID: "R1", Categories: []string{"TK", "DB", "FP"}, LineCut: 5000, Bonus: 500, NoCeiling: true}},
		Assistance: []Layer{
			{ID: "A1", Categories: []string{"TK"}, Segments: []Segment{{0, 9000}}, Ceiling: 60_000_00, Referral: true},
			{ID: "A2", Categories: []string{"DB", "FP", "GE"}, Segments: []Segment{{0, 7000}}, Ceiling: 60_000_00, Referral: true},
			{ID: "A3", Categories: []string{"BY", "JC"}, Threshold: 3_000_00, Segments: []Segment{{0, 6000}}, Ceiling: 40_000_00, Referral: true},
			{ID: "A4", Categories: []string{"YB"}, Threshold: 8_000_00, Segments: []Segment{{0, 5000}}, Ceiling: 40_000_00, Referral: true},
		},
		Tilt: []Layer{{ID: "T1", Categories: []string{"TK", "DB", "FP", "BY", "JC", "YB"}, Threshold: 5_000_00, Segments: []Segment{{0, 5000}},
			Ceiling: 20_000_00, Referral: true}},
		Packages: []Package{{ID: "P1", Kind: procedure.PhacoIOL, Level: "2", Price: 5_000_00}},
		Reductions: []Reduction{
			{ID: "J1", Programme: procedure.Cataract, Free: true, Funders: []Funder{{Kind: ByFund}, {Kind: ByHospital}}},
			{ID: "J2", Programme: procedure.Joint, Share: 8000, CaseCap: 30_000_00, YearCap: 60_000_00,
				Funders: []Funder{{Kind: ByFund, Cap: 25_000_00}, {Kind: ByHospital}}},
			{ID: "J3", Programme: procedure.Coronary, Share: 6000, CaseCap: 20_000_00, YearCap: 40_000_00, Funders: []Funder{{Kind: ByFund}}},
		},
	}
}

func sampleCategories() []Category {
	return []Category{
		{Code: "TK", ZH: "特困人员", EN: "Destitute", Synonyms: []string{"五保"}},
		{Code: "DB", ZH: "低保对象", EN: "Minimum living allowance", Synonyms: []string{"低保", "低保户"}},
		{Code: "FP", ZH: "返贫致贫人口", EN: "Fallen back into poverty"},
		{Code: "GE", ZH: "孤儿、事实无人抚养儿童", EN: "Orphan or child without support"},
		{Code: "BY", ZH: "低保边缘家庭成员", EN: "Near the minimum living allowance", Synonyms: []string{"低保边缘家庭人员", "低保边缘"}},
		{Code: "JC", ZH: "防止返贫监测对象", EN: "Monitored against poverty", Synonyms: []string{"脱贫不稳定户", "边缘易致贫户", "突发严重困难户"}},
		{Code: "YB", ZH: "因病致贫重病患者", EN: "Poor through illness"},
		{Code: "CJ", ZH: "重度残疾人", EN: "Severely disabled"},
		{Code: "YF", ZH: "优抚对象", EN: "Entitled veteran or kin"},
		{Code: "OTHER", ZH: "其他", EN: "Other group"},
		{Code: NoCategory, ZH: "不属于任何类别", EN: "None"},
	}
}

// SampleVersion is the sample as a released version of a year, for previews and
// tests.
func SampleVersion(year int) Version {
	return Version{No: 1, Name: "sample", Sample: true, From: clock.MustDate(year, 1, 1), State: Released,
		Rules: Sample(Region{Code: "990101", ZH: "示例统筹区", EN: "Sample region"})}
}
