package procedure_test

import (
	"testing"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
)

func TestOperationNamesOfOldLedgers(t *testing.T) {
	for text, want := range map[string]procedure.Kind{
		"全髋关节置换术":            procedure.THA,
		"人工髋关节置换":            procedure.THA,
		" 左侧 全髋 关节置换术 ":      procedure.THA,
		"左ＴＨＡ":               procedure.THA,
		"股骨头坏死全髋关节置换术":       procedure.THA,
		"人工股骨头置换术":           procedure.Hemi,
		"股骨头置换":              procedure.Hemi,
		"双极半髋关节置换":           procedure.Hemi,
		"髋关节表面置换术":           procedure.Resurfacing,
		"全髋关节置换术后翻修术":        procedure.HipRevision,
		"髋关节假体取出+占位器植入":      procedure.HipExplant,
		"全膝关节置换术":            procedure.TKA,
		"人工全膝关节置换":           procedure.TKA,
		"膝关节表面置换术":           procedure.TKA,
		"TKA（右）":             procedure.TKA,
		"单髁置换术":              procedure.UKA,
		"膝关节内侧单髁置换术":         procedure.UKAMedial,
		"UKA外侧":              procedure.UKALateral,
		"髌股关节置换术":            procedure.PFA,
		"铰链膝人工关节置换":          procedure.Hinge,
		"膝关节翻修术":             procedure.KneeRevision,
		"膝关节假体取出术":           procedure.KneeExplant,
		"白内障超声乳化+人工晶体植入":     procedure.PhacoIOL,
		"白内障超声乳化摘除+人工晶体植入术":  procedure.PhacoIOL,
		"右眼Phaco+IOL":        procedure.PhacoIOL,
		"小切口白内障摘除联合人工晶状体植入术": procedure.MSICSIOL,
		"小切口非超声乳化白内障摘除+IOL":  procedure.MSICSIOL,
		"白内障囊外摘除+人工晶体植入":     procedure.ECCEIOL,
		"二期人工晶体植入术":          procedure.SecondaryIOL,
		"人工晶体植入术":            procedure.SecondaryIOL,
		"白内障摘除并人工晶体植入":       procedure.ExtractionIOL,
		"白内障超声乳化术":           procedure.Extraction,
		"冠状动脉造影术":            procedure.CAG,
		"冠脉造影":               procedure.CAG,
		"CAG":                procedure.CAG,
		"冠脉造影+支架":            procedure.CAGPCI,
		"冠脉造影及PCI术":          procedure.CAGPCI,
		"经皮冠状动脉药物洗脱支架置入术":    procedure.PCI,
		"PCI":                       procedure.PCI,
		"急诊ＰＣＩ术":                    procedure.PCI,
		"PTCA":                      procedure.PCI,
		"冠状动脉球囊扩张成形术":               procedure.PCI,
		"支架植入术":                     procedure.PCI,
		"PCI + thrombus aspiration": procedure.PCI, // THR is no part of a word
	} {
		got, ok := procedure.ParseOperation(text)
		if !ok || got != want {
			t.Errorf("%q: got %q (%v), want %q", text, got, ok, want)
		}
	}
}

func TestUnknownOperationsAreNotGuessed(t *testing.T) {
	for _, text := range []string{"", "某种手术", "阑尾切除术", "髋部骨折内固定术", "膝关节镜", "髋膝关节置换", "脑血管造影", "输尿管支架置入术",
		"下肢动脉造影", "心脏起搏器植入术", "先天性心脏病介入封堵术", "冠状动脉搭桥术", "人工晶体取出术", "人工晶体置换", "玻璃体切除"} {
		if got, ok := procedure.ParseOperation(text); ok {
			t.Errorf("%q became %s", text, got)
		}
	}
}

func TestSides(t *testing.T) {
	for text, want := range map[string]procedure.Side{"": "", "左": "L", "左侧": "L", "左膝": "L", "左眼": "L", "OS": "L", "os": "L",
		"Ｌ": "L", "右": "R", " 右 侧 ": "R", "右髋": "R", "右眼": "R", "OD": "R", "（右）": "R", "right": "R"} {
		got, err := procedure.ParseSide(text)
		if err != nil || got != want {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"双", "双侧", "双眼", "两侧", "左右", "左、右", "OU", "bilateral", "左/右"} {
		_, err := procedure.ParseSide(text)
		e := errs.Of(err)
		if err == nil || e.Key != "error.procedure.side_both" || len(e.Remedy) != 1 || e.Remedy[0] != "procedure.remedy.one_row_per_side" {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"膝", "不详", "X"} {
		if _, err := procedure.ParseSide(text); errs.Of(err).Key != "error.procedure.side_unknown" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestSideNamedInText(t *testing.T) {
	for text, want := range map[string]procedure.Side{"右膝骨关节炎": "R", "左侧股骨头坏死": "L", "双膝骨关节炎": "", "左膝、右膝": "", "": ""} {
		if got := procedure.SideNamed(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	if procedure.Left.Opposite() != procedure.Right || procedure.Right.Opposite() != procedure.Left || procedure.Side("").Opposite() != "" {
		t.Error("opposite")
	}
}

func FuzzParseNeverBreaks(f *testing.F) {
	for _, s := range []string{"全髋关节置换术", "左", "PCI", "Ⅱ期", "\xff", "20.5D", "0.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if k, ok := procedure.ParseOperation(s); ok != k.Known() {
			t.Errorf("%q: %q, %v", s, k, ok)
		}
		if side, err := procedure.ParseSide(s); err == nil && side != "" && !side.Known() {
			t.Errorf("%q: %q", s, side)
		}
		if p, err := procedure.ParsePower(s); err == nil {
			if again, err := procedure.ParsePower(p.String()); err != nil || again != p {
				t.Errorf("%q: %v is not stable", s, p)
			}
		}
		if c, err := procedure.ParseDiagnosisCode(s); err == nil && !utf8.ValidString(c.Code) {
			t.Errorf("%q: %q", s, c.Code)
		}
	})
}

func TestLensPower(t *testing.T) {
	for text, want := range map[string]string{"20.5": "+20.5", "+21D": "+21.0", "-3.0": "-3.0", "−0.5": "-0.5", "０": "+0.0", "40": "+40.0", "-10": "-10.0"} {
		got, err := procedure.ParsePower(text)
		if err != nil || got.String() != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "20.25", "40.5", "-10.5", "abc", "1e3", "--3", "+-3", "205"} {
		if got, err := procedure.ParsePower(text); err == nil {
			t.Errorf("%q became %v", text, got)
		}
	}
}
