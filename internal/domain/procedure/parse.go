package procedure

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// sideWords are the whole spellings of a side found in ledgers, after [squeeze]
// and upper-casing.
func sideWords() (left, right, both []string) {
	return []string{"L", "LEFT", "OS", "LT"}, []string{"R", "RIGHT", "OD", "RT"},
		[]string{"B", "BOTH", "BILATERAL", "OU", "LR", "L/R", "L+R", "OD/OS", "OD+OS"}
}

// ParseSide reads the side cell of a ledger or form: 左, 右侧, 左膝, 右眼, OD, L …
// An empty text is an empty side. Both sides are understood and refused with the
// remedy "one row per side"; anything else is refused as not understood.
func ParseSide(text string) (Side, error) {
	s := strings.Trim(strings.ToUpper(squeeze(text)), "().,-、。")
	if s == "" {
		return "", nil
	}
	left, right, both := sideWords()
	l := strings.Contains(s, "左") || slices.Contains(left, s)
	r := strings.Contains(s, "右") || slices.Contains(right, s)
	if l && r || strings.Contains(s, "双") || strings.Contains(s, "两") || slices.Contains(both, s) {
		return "", &errs.Error{Kind: errs.Invalid, Key: "error.procedure.side_both", Rule: "procedure.one_row_per_side",
			Args: errs.Args{"text": text}, Remedy: []string{"procedure.remedy.one_row_per_side"}}
	}
	switch {
	case l:
		return Left, nil
	case r:
		return Right, nil
	}
	return "", invalid("error.procedure.side_unknown", "text", text)
}

// SideNamed is the side a longer text names (右膝关节骨性关节炎); empty when it
// names none or both.
func SideNamed(text string) Side {
	l, r := strings.Contains(text, "左"), strings.Contains(text, "右")
	switch {
	case l && !r:
		return Left
	case r && !l:
		return Right
	}
	return ""
}

// ParseOperation finds the kind in the name of an operation as ledgers write it.
// It decides only what the name says: a knee half without its side becomes UKA,
// a cataract without its technique EXTRACTION_IOL or EXTRACTION. False means the
// name was not understood; nothing is guessed.
func ParseOperation(text string) (Kind, bool) {
	n := newName(text)
	for _, parse := range []func(name) Kind{parseEye, parseJoint, parseHeart} {
		if k := parse(n); k != "" {
			return k, true
		}
	}
	return "", false
}

// name is an operation's name: the text without spaces for Chinese words, and
// its Latin words one by one, because THR must not be found in THROMBUS.
type name struct {
	text  string
	latin []string
}

func newName(text string) name {
	upper := strings.ToUpper(norm.NFKC.String(text))
	notLatin := func(r rune) bool { return r < 'A' || r > 'Z' }
	return name{strings.Join(strings.Fields(upper), ""), strings.FieldsFunc(upper, notLatin)}
}

func (n name) has(words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		if w[0] < 0x80 {
			return slices.Contains(n.latin, w)
		}
		return strings.Contains(n.text, w)
	})
}

func parseEye(n name) Kind {
	cataract := n.has("白内障", "晶体", "晶状体", "超声乳化", "超乳", "PHACO", "CATARACT", "IOL", "MSICS", "SICS", "ECCE")
	if !cataract || n.has("取出", "置换", "调位") { // work on a lens implanted earlier is another matter
		return ""
	}
	lens := n.has("人工晶", "IOL", "植入", "置入")
	taken := n.has("白内障", "摘除", "超声乳化", "超乳", "PHACO", "MSICS", "SICS", "ECCE", "囊外", "小切口", "CATARACT", "吸除", "抽吸")
	switch {
	case lens && (n.has("二期", "Ⅱ期", "II", "二次", "SECONDARY") || !taken):
		return SecondaryIOL
	case !lens:
		return Extraction
	case n.has("非超声乳化", "非超乳"):
		return MSICSIOL
	case n.has("超声乳化", "超乳", "PHACO"): // before the small incision: a phaco has one too
		return PhacoIOL
	case n.has("小切口", "MSICS", "SICS"):
		return MSICSIOL
	case n.has("囊外", "ECCE"):
		return ECCEIOL
	}
	return ExtractionIOL
}

func parseJoint(n name) Kind {
	hip := n.has("髋", "股骨头", "HIP", "THA", "THR")
	knee := n.has("膝", "髌", "KNEE", "TKA", "TKR", "UKA", "UKR", "单髁")
	switch {
	case hip == knee:
		return "" // neither, or a note that names two operations
	case n.has("翻修", "REVISION"):
		return pick(hip, HipRevision, KneeRevision)
	case n.has("取出", "旷置", "占位", "SPACER"):
		return pick(hip, HipExplant, KneeExplant)
	case hip:
		return parseHip(n)
	}
	return parseKnee(n)
}

func parseHip(n name) Kind {
	switch {
	case n.has("全髋", "THA", "THR", "TOTAL"):
		return THA
	case n.has("表面"):
		return Resurfacing
	case n.has("半髋", "双极", "双动", "单极", "HEMI", "HEMIARTHROPLASTY", "股骨头置换", "人工股骨头", "股骨头假体"):
		return Hemi
	case n.has("置换", "REPLACEMENT", "ARTHROPLASTY"):
		return THA
	}
	return ""
}

func parseKnee(n name) Kind {
	switch {
	case n.has("单髁", "单间室", "部分膝", "UKA", "UKR"):
		if n.has("内侧") != n.has("外侧") {
			return pick(n.has("内侧"), UKAMedial, UKALateral)
		}
		return UKA
	case n.has("髌股"):
		return PFA
	case n.has("铰链", "HINGE"):
		return Hinge
	case n.has("置换", "TKA", "TKR", "REPLACEMENT", "ARTHROPLASTY"):
		return TKA
	}
	return ""
}

func parseHeart(n name) Kind {
	heart := n.has("冠", "心脏", "心血管", "心肌", "CORONARY", "PCI", "PTCA", "CAG")
	// Other vessels have angiographies and stents too, so a bare word must be the whole name.
	bare := slices.Contains([]string{"造影", "造影术", "支架", "支架植入术", "支架置入术", "造影+支架", "造影及支架", "介入治疗"}, n.text)
	if !heart && !bare || n.has("封堵", "消融", "起搏", "先天", "先心", "瓣", "搭桥", "旁路") {
		return ""
	}
	angiography := n.has("造影", "CAG", "ANGIOGRAPHY")
	treated := n.has("支架", "PCI", "PTCA", "介入", "球囊", "药物洗脱", "成形", "旋磨", "血栓抽吸", "STENT")
	switch {
	case angiography && treated:
		return CAGPCI
	case angiography:
		return CAG
	case treated:
		return PCI
	}
	return ""
}

func pick(first bool, a, b Kind) Kind {
	if first {
		return a
	}
	return b
}
