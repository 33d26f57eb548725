// Package matchtest makes labelled pairs of registrations for judging the
// duplicate matcher: true duplicates with the mistakes registrars make, and
// different people who look alike. The people are invented; the mistakes are
// drawn from lists of their own, not from the matcher's tables.
package matchtest

import (
	"fmt"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
)

// Pair is two registrations with the truth about them.
type Pair struct {
	A, B match.Fingerprint
	Same bool
	Kind string // the mistake, or the reason why two people look alike
}

// Pairs makes n pairs from a seed, half of them true duplicates. The same seed
// gives the same pairs.
func Pairs(seed uint64, n int) []Pair {
	g := &generator{state: seed}
	out := make([]Pair, 0, n)
	for i := range n {
		if i%2 == 0 {
			out = append(out, g.duplicate(i/2))
		} else {
			out = append(out, g.different(i/2))
		}
	}
	return out
}

// generator is splitmix64: small, seeded, and the same on every machine.
type generator struct {
	state  uint64
	serial int
}

func (g *generator) below(n int) int {
	g.state += 0x9e3779b97f4a7c15
	z := g.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return int((z ^ z>>31) % uint64(n)) // #nosec G115 -- invented pairs for tests
}

func (g *generator) chance(percent int) bool { return g.below(100) < percent }

func (g *generator) oneOf(list []string) string { return list[g.below(len(list))] }

func (g *generator) runeOf(s string) rune {
	r := []rune(s)
	return r[g.below(len(r))]
}

var (
	surnames = strings.Fields(`王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢 韩 唐 冯 于 董 萧 程 曹 袁 邓 许 傅 沈 曾
		彭 吕 苏 卢 蒋 蔡 贾 丁 魏 薛 叶 阎 余 潘 杜 戴 夏 钟 汪 田 任 姜 范 方 石 姚 谭 廖 邹 熊 金 陆 郝 孔 白 崔 康 毛 邱 秦 江 史 顾 侯
		邵 孟 龙 万 段 章 钱 汤 尹 黎 冉 向 覃 单 解 仇 欧阳 尉迟`)
	homophones = strings.Fields(`兰岚蓝澜 英瑛莹迎 芳方 梅玫眉 华骅桦 明鸣铭 玉育裕钰 珍贞真 秀绣 凤奉 琴勤芹 菊举 云芸耘 红洪宏鸿 平萍苹 军君钧
		建健剑 志智治 勇永咏 林琳霖 福富 生升声 文雯 清青卿 成诚程 香湘 桂贵 淑书 丽莉利力 龙隆 飞菲 莲连廉 辉晖慧惠 燕艳雁 春椿 强 德 光广 海 川 安 祥翔 荣蓉 芬 霞 素 超 涛 斌宾彬`)
	surnameTwins = strings.Fields(`张章 李黎 于余俞 许徐 杨阳 江姜蒋 程陈 王汪 付傅 肖萧 阎严闫 丘邱 姚尧 钟仲`)
	lookalikes   = strings.Fields(`芳芬 明朋 贵责 云去 兰三 玉王 秀季 荣茱 文义 凤风 光先 成戍 珍诊 春舂 海侮 林材 梅海 洪供 福副 德得 龙尤 平乎 莲蓬 淑椒
		燕薰 琴瑟 丽两 桂挂 霞露 永水 升开 菊菌 素索 军车 斌武 勇男 清请 香杳 红江 辉晕 强弘 英莫 志忘 庆厌 荣营 桂柱 凤凡 春眷 霞假 超赶 涛祷 祥洋 龙庞 罗岁`)
	dialect  = strings.Fields(`兰南 林宁 莲年 丽妮 英音 琴清 珍蒸 生森 成岑 平品 明民 昌仓 山三 志自 春村 永 良娘 玲林 静进 庆沁`)
	villages = func() (out []string) {
		for _, a := range strings.Fields("松岭 石坪 柏杨 青杠 白果 龙洞 马家 茶园 水井 新田 大坝 桐坪") {
			for _, b := range strings.Fields("村 上村 新村 寨") {
				out = append(out, a+b)
			}
		}
		return out
	}()
)

func (g *generator) given() string {
	s := string(g.runeOf(g.oneOf(homophones)))
	if g.chance(80) {
		s = string(g.runeOf(g.oneOf(homophones))) + s
	}
	return s
}

func (g *generator) birth(from, years int) clock.Date {
	return clock.MustDate(from, 1, 1).AddDays(g.below(years * 365))
}

// person is a complete registration of somebody new.
func (g *generator) person() match.Fingerprint {
	f := match.Fingerprint{Name: g.oneOf(surnames) + g.given(), Birth: g.birth(1932, 60), Sex: patient.Female, Village: g.oneOf(villages)}
	if g.chance(50) {
		f.Sex = patient.Male
	}
	g.number(&f)
	f.PhoneDigest = g.phone()
	return f
}

func (g *generator) phone() string { return fmt.Sprintf("1990%07d", g.below(10_000_000)) }

// number gives f an identity number of its own; the digest stands for itself.
func (g *generator) number(f *match.Fingerprint) {
	g.serial++
	f.Number = fmt.Sprintf("500199%s%04d", strings.ReplaceAll(f.Birth.String(), "-", ""), g.serial%10000)
	f.DocKind, f.DocDigest, f.DocVerified = patient.DocCitizen, "digest of "+f.Number, true
}

func withoutNumber(f *match.Fingerprint) {
	f.Number, f.DocKind, f.DocDigest, f.DocVerified = "", patient.DocNone, "", false
}

// replaceRune changes the last character it can to another of the same group.
func (g *generator) replaceRune(name string, groups []string) (string, bool) {
	r := []rune(name)
	for _, at := range []int{len(r) - 1, len(r) - 2, 0} {
		for _, group := range groups {
			if at < 0 || !strings.ContainsRune(group, r[at]) || len([]rune(group)) < 2 {
				continue
			}
			for {
				if c := g.runeOf(group); c != r[at] {
					r[at] = c
					return string(r), true
				}
			}
		}
	}
	return name, false
}

var mistakes = []string{"homophone", "homophone surname", "lookalike", "dialect", "birth swapped", "birth one digit", "number swapped",
	"number missing", "phone changed", "short name", "space in name", "moved after marriage", "characters swapped"}

// duplicate registers one person twice, the second time with a mistake.
func (g *generator) duplicate(i int) Pair {
	kind := mistakes[i%len(mistakes)]
	for {
		a := g.person()
		b := a
		if !g.mistake(kind, &b) {
			continue
		}
		if kind != "number swapped" && g.chance(65) { // otherwise the number alone would decide
			withoutNumber(&b)
		}
		g.drift(kind, &b)
		if g.chance(50) {
			a, b = b, a
		}
		return Pair{a, b, true, kind}
	}
}

// drift adds what changes between two visits without being a mistake.
func (g *generator) drift(kind string, b *match.Fingerprint) {
	weak := kind == "short name" || kind == "birth swapped" || kind == "birth one digit"
	switch roll := g.below(100); {
	case roll < 12:
		b.PhoneDigest = g.phone()
	case roll < 22:
		b.PhoneDigest = ""
	case roll < 30 && !weak:
		b.Village = g.oneOf(villages)
	}
}

func (g *generator) mistake(kind string, b *match.Fingerprint) (done bool) {
	done = true
	switch kind {
	case "homophone":
		b.Name, done = g.replaceRune(b.Name, homophones)
	case "homophone surname":
		r := []rune(b.Name)
		first, ok := g.replaceRune(string(r[0]), surnameTwins)
		b.Name, done = first+string(r[1:]), ok
	case "lookalike":
		b.Name, done = g.replaceRune(b.Name, lookalikes)
	case "dialect":
		b.Name, done = g.replaceRune(b.Name, dialect)
	case "birth swapped":
		return g.swapBirth(b)
	case "birth one digit":
		return g.bumpBirth(b)
	case "number swapped":
		at := 10 + g.below(6)
		s := []byte(b.Number)
		s[at], s[at+1] = s[at+1], s[at]
		if done = string(s) != b.Number; done {
			b.Number, b.DocDigest, b.DocVerified = string(s), "digest of "+string(s), false
		}
	case "number missing":
		withoutNumber(b)
	case "phone changed":
		b.PhoneDigest = g.phone()
	case "short name":
		r := []rune(b.Name)
		if done = len(r) == 3; done {
			b.Name = string(r[0]) + string(r[2])
		}
	case "space in name":
		r := []rune(b.Name)
		b.Name = string(r[:len(r)-1]) + "　" + string(r[len(r)-1:])
	case "moved after marriage":
		b.Village, b.PhoneDigest = g.oneOf(villages), g.phone()
	case "characters swapped":
		r := []rune(b.Name)
		if done = len(r) == 3 && r[1] != r[2]; done {
			r[1], r[2] = r[2], r[1]
			b.Name = string(r)
		}
	}
	return done
}

// swapBirth exchanges month and day, or two neighbouring digits.
func (g *generator) swapBirth(b *match.Fingerprint) bool {
	d, err := clock.NewDate(b.Birth.Year(), b.Birth.Day(), b.Birth.Month())
	if g.chance(50) {
		s := []byte(b.Birth.String())
		at := []int{2, 5, 8}[g.below(3)]
		s[at], s[at+1] = s[at+1], s[at]
		d, err = clock.ParseDate(string(s))
	}
	return g.setBirth(b, d, err)
}

func (g *generator) bumpBirth(b *match.Fingerprint) bool {
	s := []byte(b.Birth.String())
	s[[]int{3, 6, 9}[g.below(3)]] = byte('0' + g.below(10)) // #nosec G115 -- invented pairs for tests
	d, err := clock.ParseDate(string(s))
	return g.setBirth(b, d, err)
}

func (g *generator) setBirth(b *match.Fingerprint, d clock.Date, err error) bool {
	if err != nil || d == b.Birth || d.Year() < 1920 || d.Year() > 2010 {
		return false
	}
	b.Birth = d
	return true
}

var likenesses = []string{"twins", "siblings", "same name, other birth", "father and child", "same name, same year", "couple", "neighbours of one year"}

// different registers two people who look alike on paper.
func (g *generator) different(i int) Pair {
	kind := likenesses[i%len(likenesses)]
	a := g.person()
	b := g.person()
	surname := g.surnameOf(a.Name)
	switch kind {
	case "twins":
		b.Name, b.Birth, b.Village, b.PhoneDigest = g.sibling(a.Name), a.Birth, a.Village, a.PhoneDigest
		if g.chance(70) {
			b.Sex = a.Sex
		}
	case "siblings":
		b.Name, b.Birth, b.Village = g.sibling(a.Name), a.Birth.AddDays(330+g.below(1500)), a.Village
		if g.chance(50) {
			b.PhoneDigest = a.PhoneDigest
		}
	case "same name, other birth":
		b.Name = a.Name
		b.Birth = a.Birth.AddDays(1500 + g.below(9000))
		if g.chance(20) {
			b.Village = a.Village
		}
	case "father and child":
		b.Name, b.Birth = surname+g.given(), a.Birth.AddDays(20*365+g.below(5000))
		b.Village, b.PhoneDigest = a.Village, a.PhoneDigest
	case "same name, same year":
		b.Name, b.Birth = a.Name, clock.MustDate(a.Birth.Year(), 1+g.below(12), 1+g.below(28))
		if b.Birth == a.Birth {
			b.Birth = b.Birth.AddDays(40)
		}
		if g.chance(10) {
			b.Village = a.Village
		}
	case "couple":
		b.Village, b.PhoneDigest, b.Birth = a.Village, a.PhoneDigest, a.Birth.AddDays(g.below(1500)-750)
	default:
		b.Name, b.Village = surname+g.given(), a.Village
		b.Birth = clock.MustDate(a.Birth.Year(), 1+g.below(12), 1+g.below(28))
	}
	g.number(&b)
	if g.chance(45) {
		withoutNumber(&b)
	}
	if g.chance(15) {
		withoutNumber(&a)
	}
	return Pair{a, b, false, kind}
}

func (g *generator) surnameOf(name string) string {
	for _, s := range []string{"欧阳", "尉迟"} {
		if strings.HasPrefix(name, s) {
			return s
		}
	}
	return string([]rune(name)[:1])
}

// sibling keeps the surname and, as families do, often one given character.
func (g *generator) sibling(name string) string {
	surname := g.surnameOf(name)
	given := []rune(strings.TrimPrefix(name, surname))
	for {
		group := g.oneOf(homophones)
		if strings.ContainsRune(group, given[len(given)-1]) || confusable(given[len(given)-1], group) {
			continue
		}
		last := g.runeOf(group)
		if len(given) == 2 && g.chance(60) {
			return surname + string(given[0]) + string(last)
		}
		return surname + g.given()
	}
}

// confusable keeps names apart that a family would not give to two children.
func confusable(r rune, group string) bool {
	for _, l := range lookalikes {
		if strings.ContainsRune(l, r) && strings.ContainsAny(group, l) {
			return true
		}
	}
	return false
}
