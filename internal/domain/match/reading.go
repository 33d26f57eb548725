// Package match finds people: it makes the search terms of a name, reads what is
// typed into the search box, and tells which registrations may be the same
// person twice.
//
// Terms are rows of a btree in C order, so everything here is equality or
// prefix: no term needs a pattern. Nothing here blocks a registration.
package match

import (
	"strings"
	"unicode"

	"github.com/mozillazg/go-pinyin"

	"github.com/shanhai-health/shanhai/internal/domain/patient"
)

// maxReadings caps the spellings of one name: a term table grows by rows.
const maxReadings = 16

// surnameReadings lists characters whose reading as a surname is not, or not
// only, the common one; the surname's proper reading first, then what people
// who do not know it type. ü is v.
var surnameReadings = table(`单 shan dan chan|解 xie jie|区 ou qu|曾 zeng ceng|仇 qiu chou|覃 qin tan xun|朴 piao pu|查 zha cha|盖 ge gai|
	乐 yue le yao|任 ren|华 hua|万 wan mo|宓 mi fu|员 yun yuan|种 chong zhong|翟 zhai di|黑 he hei|秘 bi mi|冼 xian|折 she zhe|缪 miao mou mu|
	纪 ji|隗 wei kui|逄 pang feng|召 shao zhao|句 gou ju|佴 nai er|难 ning nan|洗 xian xi|葛 ge|贾 jia gu|车 che ju|燕 yan|那 na nuo|
	宁 ning|应 ying|柏 bai bo|卜 bu bo|薄 bo bao|晁 chao|谌 chen shen|褚 chu zhu|郗 xi chi|幺 yao|郇 xun huan|祭 zhai ji|过 guo|藏 zang cang|
	沈 shen chen|俞 yu shu|牟 mu mou|宿 su xiu|尉 wei yu|冯 feng ping|番 pan fan|繁 po fan|眭 sui gui|呙 guo wo|颉 xie jie|盛 sheng cheng|
	郄 qie xi|都 du dou|谷 gu yu|尢 you wang|钭 tou dou|厍 she ku|哈 ha|令 ling|相 xiang|长 zhang chang|重 chong zhong|石 shi|冉 ran|
	吕 lv lu|闾 lv lu|律 lv lu|芮 rui|塔 ta|撒 sa|适 kuo shi|曲 qu|曹 cao|占 zhan|詹 zhan|阚 kan han|轧 ya zha|撖 han gan|朝 chao zhao|
	强 qiang jiang|洪 hong|邵 shao|臧 zang|郝 hao|歙 xi she|鲜 xian|干 gan|乜 nie mie|笪 da|麦 mai|晟 cheng sheng|仉 zhang|蒙 meng|罗 luo|
	逯 lu|禚 zhuo|亓 qi|啜 chuai chuo|粘 nian zhan|瞿 qu ju|艾 ai|弗 fu|戚 qi|郜 gao|妫 gui|斜 xia xie|生 sheng|行 xing hang|教 jiao`)

// compoundReadings lists surnames of two characters with all their readings.
var compoundReadings = table(`欧阳 ou_yang|尉迟 yu_chi wei_chi|万俟 mo_qi wan_si wan_qi|长孙 zhang_sun chang_sun|司马 si_ma|上官 shang_guan|
	诸葛 zhu_ge|夏侯 xia_hou|皇甫 huang_fu|令狐 ling_hu|澹台 tan_tai dan_tai|宇文 yu_wen|慕容 mu_rong|单于 chan_yu shan_yu dan_yu|
	公孙 gong_sun|东方 dong_fang|独孤 du_gu|端木 duan_mu|呼延 hu_yan|南宫 nan_gong|钟离 zhong_li|轩辕 xuan_yuan|太史 tai_shi|赫连 he_lian|
	百里 bai_li|闻人 wen_ren|申屠 shen_tu|濮阳 pu_yang|淳于 chun_yu|公羊 gong_yang|公冶 gong_ye|宗政 zong_zheng|司徒 si_tu|司空 si_kong|
	司寇 si_kou|仲孙 zhong_sun|鲜于 xian_yu|闾丘 lv_qiu lu_qiu|子车 zi_ju zi_che|亓官 qi_guan|巫马 wu_ma|拓跋 tuo_ba ta_ba|夹谷 jia_gu|
	宰父 zai_fu|谷梁 gu_liang|段干 duan_gan|东郭 dong_guo|羊舌 yang_she|微生 wei_sheng|梁丘 liang_qiu|左丘 zuo_qiu|西门 xi_men|第五 di_wu`)

func table(text string) map[string][]string {
	m := map[string][]string{}
	for row := range strings.SplitSeq(text, "|") {
		words := strings.Fields(row)
		for _, w := range words[1:] {
			m[words[0]] = append(m[words[0]], strings.ReplaceAll(w, "_", " "))
		}
	}
	return m
}

// searchForm is a name without case, width, spaces and middle dots.
func searchForm(name string) string {
	return strings.Map(func(r rune) rune {
		if searchable(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, plain(name))
}

// ideograph reports whether a character is Chinese; rare ones typed with old
// input methods come from the private use area.
func ideograph(r rune) bool { return unicode.Is(unicode.Han, r) || unicode.Is(unicode.Co, r) }

// searchable reports whether a character takes part in a search; 〇 is Chinese
// but no letter.
func searchable(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || ideograph(r) }

// commonReadings are the toneless readings of a character, the usual one first;
// ü comes as v and, as on passports and by habit, as u. A character without a
// reading stands for itself, so a Latin name is its own pinyin.
func commonReadings(r rune) []string {
	args := pinyin.NewArgs()
	args.Heteronym = true
	var out []string
	for _, s := range pinyin.SinglePinyin(r, args) {
		out = appendNew(out, s)
		if strings.Contains(s, "v") {
			out = appendNew(out, strings.ReplaceAll(s, "v", "u"))
		}
	}
	if len(out) == 0 {
		return []string{string(r)}
	}
	return out
}

func appendNew(list []string, s string) []string {
	for _, x := range list {
		if x == s {
			return list
		}
	}
	return append(list, s)
}

// part is a piece of a name with its readings: the surname (of one or two
// syllables), then each character. must says how many of the readings may not be
// dropped: all of a surname, the usual one of others.
type part struct {
	readings []string
	must     int
}

// partsOf reads no more than the longest name has: every reading costs the
// length again, and half a million characters typed as a name cost minutes.
func partsOf(name string) []part {
	words := strings.Fields(strings.ReplaceAll(plain(patient.Short(name, patient.MaxName)), "·", " "))
	var parts []part
	for i, w := range words {
		r := []rune(searchForm(w))
		switch {
		case len(r) == 0:
		case !ideograph(r[0]): // a Latin word is one syllable with one initial
			parts = append(parts, part{[]string{string(r)}, 1})
		case i == 0:
			surname, rest := surnamePart(r)
			parts = append(append(parts, surname), givenParts(rest)...)
		default:
			parts = append(parts, givenParts(r)...)
		}
	}
	return parts
}

func surnamePart(r []rune) (part, []rune) {
	single := surnameReadings[string(r[0])]
	if single == nil {
		single = commonReadings(r[0])
	}
	if len(r) >= 3 {
		if compound := compoundReadings[string(r[:2])]; compound != nil {
			all := append([]string(nil), compound...)
			for _, s := range single { // 单于 may also be somebody 单 whose name begins with 于
				all = appendNew(all, s+" "+commonReadings(r[1])[0])
			}
			return part{all, len(all)}, r[2:]
		}
	}
	return part{single, len(single)}, r[1:]
}

func givenParts(r []rune) []part {
	out := make([]part, len(r))
	for i, c := range r {
		readings := commonReadings(c)
		must := 1
		if len(readings) > 1 && strings.ReplaceAll(readings[0], "v", "u") == readings[1] {
			must = 2 // both spellings of ü
		}
		out[i] = part{readings, must}
	}
	return out
}

// combine joins one reading of each part, at most limit ways. The readings that
// must be there come first; others fill what room is left.
func combine(parts []part, limit int) []string {
	sizes := make([]int, len(parts))
	product := 1
	for i, p := range parts {
		sizes[i] = min(p.must, len(p.readings), max(1, limit/product))
		product *= sizes[i]
	}
	for grown := true; grown; {
		grown = false
		for i, p := range parts {
			if sizes[i] < len(p.readings) && product/sizes[i]*(sizes[i]+1) <= limit {
				product = product / sizes[i] * (sizes[i] + 1)
				sizes[i]++
				grown = true
			}
		}
	}
	out := []string{""}
	for i, p := range parts {
		var next []string
		for _, head := range out {
			for _, s := range p.readings[:sizes[i]] {
				next = appendNew(next, strings.TrimPrefix(head+" "+s, " "))
			}
		}
		out = next
	}
	if len(parts) == 0 {
		return nil
	}
	return out
}

// spellings are the full pinyin readings of a name with spaces between syllables.
func spellings(name string) []string { return combine(partsOf(name), maxReadings) }

// initialsOf are the initials of all readings. They are combined on their own:
// readings that share an initial take no room.
func initialsOf(name string) []string {
	parts := partsOf(name)
	for i, p := range parts {
		var letters []string
		must := 0
		for n, s := range p.readings {
			letters = appendNew(letters, firstLetters(s))
			if n < p.must {
				must = len(letters)
			}
		}
		parts[i] = part{letters, must}
	}
	out := combine(parts, maxReadings)
	for i := range out {
		out[i] = strings.ReplaceAll(out[i], " ", "")
	}
	return out
}

func firstLetters(s string) string {
	var b strings.Builder
	for _, w := range strings.Fields(s) {
		b.WriteRune([]rune(w)[0])
	}
	return b.String()
}

// SortKey orders people as an office expects: by the syllable, then the
// character, surname first with its proper reading. Code point order of names
// would be by stroke accidents. The key sorts in C order.
func SortKey(name string) string {
	var b strings.Builder
	parts := partsOf(name)
	runes := []rune(searchForm(name))
	for _, p := range parts {
		for _, s := range strings.Fields(p.readings[0]) {
			width := 1
			if len(runes) == 0 {
				break
			}
			if !ideograph(runes[0]) {
				width = min(len([]rune(s)), len(runes))
			}
			b.WriteString(s + " " + string(runes[:width]) + " ")
			runes = runes[width:]
		}
	}
	return strings.TrimSpace(b.String())
}
