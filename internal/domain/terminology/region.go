package terminology

import "strings"

// RegionStatus says what is known of a division code.
type RegionStatus int

// An abolished code is normal on an identity card: the number keeps the code of
// the household registration at the time of issue, for life.
const (
	RegionUnknown RegionStatus = iota
	RegionKnown
	RegionAbolished
)

// Region is a division of GB/T 2260 as far as the house needs it: the province
// is always resolved, the county only for the programme's own area.
type Region struct {
	Code     string
	Name     string // Chinese; the most exact name in the table
	Roman    string // romanised name, for English pages
	Province string // Chinese name of the province
	Status   RegionStatus
	Demo     bool // an unassigned code used by invented people and places
}

type place struct{ zh, roman string }

var provinces = map[string]place{
	"11": {"北京市", "Beijing"}, "12": {"天津市", "Tianjin"}, "13": {"河北省", "Hebei"}, "14": {"山西省", "Shanxi"},
	"15": {"内蒙古自治区", "Inner Mongolia"}, "21": {"辽宁省", "Liaoning"}, "22": {"吉林省", "Jilin"},
	"23": {"黑龙江省", "Heilongjiang"}, "31": {"上海市", "Shanghai"}, "32": {"江苏省", "Jiangsu"},
	"33": {"浙江省", "Zhejiang"}, "34": {"安徽省", "Anhui"}, "35": {"福建省", "Fujian"}, "36": {"江西省", "Jiangxi"},
	"37": {"山东省", "Shandong"}, "41": {"河南省", "Henan"}, "42": {"湖北省", "Hubei"}, "43": {"湖南省", "Hunan"},
	"44": {"广东省", "Guangdong"}, "45": {"广西壮族自治区", "Guangxi"}, "46": {"海南省", "Hainan"},
	"50": {"重庆市", "Chongqing"}, "51": {"四川省", "Sichuan"}, "52": {"贵州省", "Guizhou"}, "53": {"云南省", "Yunnan"},
	"54": {"西藏自治区", "Tibet"}, "61": {"陕西省", "Shaanxi"}, "62": {"甘肃省", "Gansu"}, "63": {"青海省", "Qinghai"},
	"64": {"宁夏回族自治区", "Ningxia"}, "65": {"新疆维吾尔自治区", "Xinjiang"}, "71": {"台湾省", "Taiwan"},
	"81": {"香港特别行政区", "Hong Kong"}, "82": {"澳门特别行政区", "Macao"},
}

var places = map[string]place{
	"371100": {"日照市", "Rizhao"}, "371102": {"东港区", "Donggang"}, "371103": {"岚山区", "Lanshan"},
	"371121": {"五莲县", "Wulian"}, "371122": {"莒县", "Juxian"}, "371171": {"日照经济技术开发区", "Rizhao Development Zone"},
	"500114": {"黔江区", "Qianjiang"},
}

// demoPlaces use codes nobody was given, so no invented number can be anybody's.
var demoPlaces = map[string]place{"500199": {"云岭区", "Yunling"}, "379900": {"澜港市", "Langang"}}

// abolished holds codes and code prefixes that are no longer assigned but are on
// many valid cards of the programme's older patients.
var abolished = map[string]place{
	"513523": {"原黔江土家族苗族自治县", "former Qianjiang"}, "500239": {"原黔江土家族苗族自治县", "former Qianjiang"},
	"5135": {"原黔江地区", "former Qianjiang Prefecture"}, "5102": {"原四川省重庆市", "former Chongqing, Sichuan"},
	"5122": {"原万县地区", "former Wanxian Prefecture"}, "5123": {"原涪陵地区", "former Fuling Prefecture"},
	"3728": {"原临沂地区", "former Linyi Prefecture"},
}

// LookupRegion tells what is known of a six-digit code. Nothing may be refused
// because of the answer: the table ends where the programme's area ends.
func LookupRegion(code string) Region {
	r := Region{Code: code}
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return r
	}
	province, ok := provinces[code[:2]]
	if !ok {
		return r
	}
	r.Province, r.Name, r.Roman, r.Status = province.zh, province.zh, province.roman, RegionKnown
	if p, ok := demoPlaces[code]; ok {
		r.Name, r.Roman, r.Demo = p.zh, p.roman, true
	} else if p, ok := places[code]; ok {
		r.Name, r.Roman = p.zh, p.roman
	} else if p, ok := firstOf(abolished, code, code[:4]); ok {
		r.Name, r.Roman, r.Status = p.zh, p.roman, RegionAbolished
	}
	return r
}

func firstOf(m map[string]place, keys ...string) (place, bool) {
	for _, k := range keys {
		if p, ok := m[k]; ok {
			return p, true
		}
	}
	return place{}, false
}
