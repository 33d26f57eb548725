// Package insurer is the insurer's settlement sheet (医保结算单) as hospitals get
// it: which column is which, whether the amounts of a row agree with each other,
// what a row says of a settlement and of the person's year, and how it differs
// from what the rules foretold.
//
// The columns are those of the national settlement interface, recognised by
// their field names or by their Chinese headings. Amounts are in yuan with two
// decimals and become integer fen; a row that does not agree with itself by more
// than one fen is refused with the drift named, never rounded into place.
package insurer

import (
	"strings"

	"github.com/shanhai-health/shanhai/internal/money"
)

// Column is a column of the sheet, under its field name.
type Column string

// What says which stay a row is about.
const (
	SettlementNo Column = "setl_id"
	CaseNo       Column = "case_no" // the programme's own number
	AdmissionNo  Column = "ipt_no"
	IdentityNo   Column = "certno"
	Admitted     Column = "begndate"
	Discharged   Column = "enddate"
	SettledOn    Column = "setl_time"
)

// The amounts.
const (
	Bill        Column = "medfee_sumamt"
	Outside     Column = "fulamt_ownpay_amt"
	OverLimit   Column = "overlmt_selfpay"
	FirstPay    Column = "preselfpay_amt"
	Scope       Column = "inscp_scp_amt"
	Deductible  Column = "act_pay_dedc"
	Basic       Column = "hifp_pay"
	Civil       Column = "cvlserv_pay"
	Enterprise  Column = "hifes_pay"
	Critical    Column = "hifmi_pay"
	LargeSum    Column = "hifob_pay"
	Assistance  Column = "maf_pay"
	HospitalPay Column = "hosp_part_amt"
	OtherPay    Column = "oth_pay"
	Funds       Column = "fund_pay_sumamt"
	Account     Column = "acct_pay"
	Mutual      Column = "acct_mulaid_pay"
	Cash        Column = "psn_cash_pay"
	Person      Column = "psn_part_amt"
)

// amounts lists the amounts in the order of the sheet.
var amounts = []Column{Bill, Outside, OverLimit, FirstPay, Scope, Deductible, Basic, Civil, Enterprise, Critical, LargeSum, Assistance, HospitalPay, OtherPay,
	Funds, Account, Mutual, Cash, Person}

// headings are the Chinese headings seen on sheets, beside the field names.
var headings = map[Column][]string{
	SettlementNo: {"结算ID", "结算编号", "结算流水号", "结算单号", "结算号"},
	CaseNo:       {"病例号", "个案编号", "救助病例号"},
	AdmissionNo:  {"住院号", "住院/门诊号", "病案号"},
	IdentityNo:   {"证件号码", "身份证号", "身份证号码", "公民身份号码"},
	Admitted:     {"入院日期", "开始日期", "入院时间"},
	Discharged:   {"出院日期", "结束日期", "出院时间"},
	SettledOn:    {"结算日期", "结算时间"},
	Bill:         {"医疗费总额", "总费用", "医疗总费用", "费用总额"},
	Outside:      {"全自费金额", "全自费", "目录外费用"},
	OverLimit:    {"超限价自费费用", "超限价自费", "超限价金额"},
	FirstPay:     {"先行自付金额", "先行自付"},
	Scope:        {"符合政策范围金额", "政策范围内费用", "符合范围金额"},
	Deductible:   {"实际支付起付线", "起付线", "起付标准"},
	Basic:        {"基本医疗保险统筹基金支出", "统筹基金支出", "基本医保统筹支付", "统筹支付"},
	Civil:        {"公务员医疗补助资金支出", "公务员补助"},
	Enterprise:   {"企业补充医疗保险基金支出", "企业补充医保"},
	Critical:     {"居民大病保险资金支出", "大病保险支付", "大病保险"},
	LargeSum:     {"职工大额医疗费用补助基金支出", "大额补助", "职工大额"},
	Assistance:   {"医疗救助基金支出", "医疗救助支付", "医疗救助"},
	HospitalPay:  {"医院负担金额", "医院负担"},
	OtherPay:     {"其他支出", "其他支付"},
	Funds:        {"基金支付总额", "医保支付合计", "基金支付合计"},
	Account:      {"个人账户支出", "个人账户支付"},
	Mutual:       {"个人账户共济支付金额", "账户共济支付"},
	Cash:         {"个人现金支出", "现金支付", "个人现金支付"},
	Person:       {"个人负担总金额", "个人负担", "个人负担金额"},
}

// Name is the message key of the column's name.
func (c Column) Name() string { return "insurer.column." + string(c) }

// Amount reports whether the column holds an amount.
func (c Column) Amount() bool {
	for _, a := range amounts {
		if a == c {
			return true
		}
	}
	return false
}

// fold makes headings comparable: no spaces, no unit in brackets, one case.
func fold(s string) string {
	s = strings.ToLower(strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\n', '\r', '\u3000', '\ufeff', '*':
			return -1
		case '（':
			return '('
		case '）':
			return ')'
		}
		return r
	}, s))
	for _, unit := range []string{"(元)", "(人民币)", "金额(元)"} {
		s = strings.TrimSuffix(s, unit)
	}
	return s
}

var byHeading = func() map[string]Column {
	out := map[string]Column{}
	for c, list := range headings {
		out[fold(string(c))] = c
		for _, h := range list {
			out[fold(h)] = c
		}
	}
	return out
}()

// Recognise tells which column a heading names.
func Recognise(heading string) (Column, bool) {
	c, ok := byHeading[fold(heading)]
	return c, ok
}

// Columns lists every column, for the help of the page: those that say which stay
// it is, then the amounts.
func Columns() []Column {
	return append([]Column{SettlementNo, CaseNo, AdmissionNo, IdentityNo, Admitted, Discharged, SettledOn}, amounts...)
}

// Heading is the usual Chinese heading of a column.
func (c Column) Heading() string {
	if list := headings[c]; len(list) > 0 {
		return list[0]
	}
	return string(c)
}

// Total reports whether the first cell of a row says that it only adds up the
// others.
func Total(text string) bool {
	t := fold(text)
	return strings.HasPrefix(t, "合计") || strings.HasPrefix(t, "总计") || strings.HasPrefix(t, "小计")
}

// Needed are the columns without which a file is no settlement sheet.
func Needed() []Column { return []Column{SettlementNo, Bill, Basic, Cash} }

// Amounts are the amounts of a row, under the field names; what the sheet does
// not have is not in it.
type Amounts map[Column]money.Fen
