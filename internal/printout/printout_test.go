package printout_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	goqr "github.com/piglig/go-qr"

	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/printout"
	"github.com/shanhai-health/shanhai/web"
)

// The longest of what the house takes: a name of 24 characters with a rare one,
// and a reason of nine lines.
const longName = "阿卜杜勒艾则孜·麦麦提吐尔逊江·㛃买买提艾力亚尔"

func longReason() string {
	var lines []string
	for i := range 9 {
		lines = append(lines, strings.Repeat("家中三人无劳动能力，", 4)+"第"+string([]rune("一二三四五六七八九")[i])+"行。")
	}
	return strings.Join(lines, "\n")
}

func speaker(t *testing.T, lang i18n.Lang) i18n.Printer {
	t.Helper()
	sub, err := fs.Sub(web.FS, "i18n")
	if err != nil {
		t.Fatal(err)
	}
	cat, err := i18n.Load(sub)
	if err != nil {
		t.Fatal(err)
	}
	return cat.Printer(lang)
}

func common() printout.Common {
	return printout.Common{Mark: printout.Mark{Code: "7K3M-9QXA-4F2T", Token: "SH1" + strings.Repeat("7K3M9", 33)},
		Patient: printout.Patient{Name: longName, Sex: "女", Age: "68 岁", Document: "**************1834", Phone: "*******3406", Address: "北渡镇临江村七组",
			Category: "低保", CaseNo: "SH-2026-00419", Diagnosis: "左膝骨关节炎", Plan: "左膝全膝关节置换", Hospital: "云岭县人民医院", Surgeon: "禾晚舟", LeftOnDay: "2026-11-21"},
		Day: "2026-11-20", By: "打印人 甲", At: "2026-11-23 10:00", Made: time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC),
		Sum:   fee.Settlement{Bill: 6_124_080, Basic: 2_145_530, Critical: 510_245, Assistance: 823_000, Funds: []fee.FundLine{{Fund: ident.New(), Amount: 2_000_000}}, Waiver: 595_305}.WithNet(),
		Basis: map[string]string{"fund": "站立行动资金池"}}
}

func approval(t *testing.T, lang i18n.Lang) printout.Form {
	return printout.ApprovalForm(speaker(t, lang), printout.Approval{Common: common(), Reason: longReason(), Requester: "登记员甲", State: "已批准", Approved: 2_000_000,
		Opinion: "同意", Decider: "帮扶办乙", Decided: "2026-11-21", Vouchers: "Y-1234ABCD"})
}

func pdf(t *testing.T, f printout.Form) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := printout.Write(&out, f); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// extracted is the text of a PDF as another program reads it.
func extracted(t *testing.T, raw []byte) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Fatal("pdftotext is not installed: run make deps")
	}
	file := filepath.Join(t.TempDir(), "form.pdf")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command(tool, "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// squeezed is a text without the breaks and spaces a layout puts in.
func squeezed(text string) string { return strings.Join(strings.Fields(text), "") }

func TestALongNameAndANineLineReasonPrintWhole(t *testing.T) {
	raw := pdf(t, approval(t, i18n.Chinese))
	if dir := os.Getenv("SHANHAI_TEST_KEEP"); dir != "" {
		_ = os.WriteFile(filepath.Join(dir, "approval.pdf"), raw, 0o600)
	}
	text := squeezed(extracted(t, raw))
	for _, want := range append(strings.Split(longReason(), "\n"), longName, "医疗费用减免审批表", "61,240.80", "人民币", "7K3M-9QXA-4F2T", "第1页，共1页") {
		if !strings.Contains(text, squeezed(want)) && !strings.Contains(text, want) {
			t.Errorf("the paper lacks %q:\n%s", want, text)
		}
	}
}

func TestAFormLongerThanAPageGoesOnWithItsCodeOnEverySheet(t *testing.T) {
	f := approval(t, i18n.Chinese)
	f.Tables = append(f.Tables, []printout.Row{{{Text: strings.Repeat("很长的说明。", 900) + "结尾"}}})
	text := extracted(t, pdf(t, f))
	if n := strings.Count(text, "7K3M-9QXA-4F2T"); n < 2 || !strings.Contains(squeezed(text), "结尾") || !strings.Contains(squeezed(text), "第2页，共") {
		t.Errorf("%d codes in\n%s", n, text)
	}
}

func TestFontsAreEmbeddedAsTrueTypeSubsets(t *testing.T) {
	raw := pdf(t, approval(t, i18n.Chinese))
	if len(raw) > 120_000 {
		t.Errorf("the form has %d bytes: more of the font than its glyphs is in it", len(raw))
	}
	for _, want := range []string{"/FontFile2", "/CIDFontType2", "/ToUnicode"} {
		if !bytes.Contains(raw, []byte(want)) {
			t.Errorf("no %s in the file", want)
		}
	}
}

func TestTheSameFormGivesTheSameBytes(t *testing.T) {
	if !bytes.Equal(pdf(t, approval(t, i18n.Chinese)), pdf(t, approval(t, i18n.Chinese))) {
		t.Error("two files of one form differ")
	}
}

func TestACharacterWithoutAGlyphIsNamedNotLost(t *testing.T) {
	f := approval(t, i18n.Chinese)
	f.Tables = [][]printout.Row{{{{Text: "王𬭎"}}}}
	text := squeezed(extracted(t, pdf(t, f)))
	if !strings.Contains(text, "王〓") || !strings.Contains(text, "U+2CB4E") {
		t.Errorf("the rare character is neither marked nor named: %s", text)
	}
}

func TestAllFormsPrintInBothLanguages(t *testing.T) {
	for _, lang := range i18n.Langs() {
		say := speaker(t, lang)
		for name, f := range map[string]printout.Form{
			"approval":   approval(t, lang),
			"settlement": printout.SettlementForm(say, printout.Settlement{Common: common(), Funders: []printout.Funder{{Name: "站立行动资金池", Voucher: "C-1", Amount: 2_000_000}}, Settler: "财务甲", Admitted: "2026-11-16"}),
			"estimate":   printout.EstimateForm(say, printout.Estimate{Common: common(), Valid: "2026-12-31", Notes: []string{"按样例规则估算"}}),
		} {
			raw := pdf(t, f)
			if dir := os.Getenv("SHANHAI_TEST_KEEP"); dir != "" {
				_ = os.WriteFile(filepath.Join(dir, name+"-"+string(lang)+".pdf"), raw, 0o600)
			}
			text := squeezed(extracted(t, raw))
			for _, want := range []string{longName, squeezed(f.Title), "22,405.55"} {
				if want == "22,405.55" {
					want = common().Sum.Net.String()
				}
				if !strings.Contains(text, want) {
					t.Errorf("%s in %s lacks %q:\n%s", name, lang, want, text)
				}
			}
		}
	}
}

func TestTheQRCodeHoldsTheTokenAndNothingElse(t *testing.T) {
	token := common().Token
	code, err := goqr.EncodeText(token, goqr.Medium)
	if err != nil {
		t.Fatal(err)
	}
	path, size, err := printout.QRPath(token)
	if err != nil || size != code.Size() {
		t.Fatalf("size %d, want %d: %v", size, code.Size(), err)
	}
	modules := 0
	for y := range size {
		for x := range size {
			if code.Module(x, y) {
				modules++
			}
		}
	}
	drawn := 0
	for _, part := range strings.Split(path, "h")[1:] {
		n := 0
		for _, c := range part {
			if c < '0' || c > '9' {
				break
			}
			n = n*10 + int(c-'0')
		}
		if !strings.HasPrefix(part, "-") {
			drawn += n
		}
	}
	if drawn != modules {
		t.Errorf("%d modules drawn, the code has %d", drawn, modules)
	}
}
