package history

import (
	"errors"
	"strings"
)

// Field is what a column means.
type Field uint8

// The fields of a ledger.
const (
	FieldNone Field = iota
	FieldSeq
	FieldName
	FieldSex
	FieldAge
	FieldBirth
	FieldNumber
	FieldPhone
	FieldAddress
	FieldTownship
	FieldVillage
	FieldCategory
	FieldHospital
	FieldAdmissionNo
	FieldAdmittedOn
	FieldOperatedOn
	FieldDischargedOn
	FieldDiagnosis
	FieldOperation
	FieldJoint
	FieldSide
	FieldSurgeon
	FieldAssistant
	FieldVisiting
	FieldVisitingDoctor
	FieldVisitingHospital
	FieldImplant
	FieldLens
	FieldStents
	FieldVessels
	FieldTotal
	FieldBasic
	FieldCritical
	FieldAssistance
	FieldInsurance
	FieldOther
	FieldReduction
	FieldReductionFund
	FieldReductionHospital
	FieldNet
	FieldRemark
	fieldCount
)

var fieldNames = [fieldCount]string{"", "seq", "name", "sex", "age", "birth", "number", "phone", "address", "township",
	"village", "category", "hospital", "admission_no", "admitted_on", "operated_on", "discharged_on", "diagnosis", "operation",
	"joint", "side", "surgeon", "assistant", "visiting", "visiting_doctor", "visiting_hospital", "implant", "lens", "stents",
	"vessels", "total", "basic", "critical", "assistance", "insurance", "other", "reduction", "reduction_fund",
	"reduction_hospital", "net", "remark"}

var errField = errors.New("not a field")

// Fields lists all fields in the order of a form.
func Fields() []Field {
	list := make([]Field, 0, fieldCount-1)
	for f := FieldSeq; f < fieldCount; f++ {
		list = append(list, f)
	}
	return list
}

// String is the field's code.
func (f Field) String() string {
	if f >= fieldCount {
		return ""
	}
	return fieldNames[f]
}

// Key is the message key of the field's label.
func (f Field) Key() string { return "history.field." + f.String() }

// MarshalText writes the code.
func (f Field) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads the code; empty is FieldNone.
func (f *Field) UnmarshalText(b []byte) error {
	for i, name := range fieldNames {
		if name == string(b) {
			*f = Field(i)
			return nil
		}
	}
	return errField
}

// Money reports whether the field is an amount.
func (f Field) Money() bool { return f >= FieldTotal && f <= FieldNet }

// spellings are whole labels, half-width, lower case, without spaces, brackets
// and units. They come from ledgers of hospitals, insurers and poverty-relief
// offices; a label that is not here is tried against [rules].
var spellings = map[Field]string{
	FieldSeq:               "序号 编号 序 no no. 顺序号 行号 #",
	FieldName:              "姓名 患者姓名 病人姓名 受助人 受助人姓名 受益人 受益人姓名 救助对象 救助对象姓名 病员姓名 患者 病人 name",
	FieldSex:               "性别 sex",
	FieldAge:               "年龄 岁数 周岁 age",
	FieldBirth:             "出生日期 出生年月 出生年月日 生日",
	FieldNumber:            "身份证号码 身份证号 身份证 公民身份号码 证件号码 证件号 身份号码 有效证件号码 id",
	FieldPhone:             "联系电话 电话 手机 手机号 手机号码 联系方式 电话号码 联系人电话 患者电话",
	FieldAddress:           "家庭住址 住址 地址 家庭地址 户籍地址 户籍地 现住址 居住地址 详细地址 户口所在地",
	FieldTownship:          "乡镇 乡镇街道 乡镇/街道 街道 镇乡 所属乡镇 所在乡镇 镇街",
	FieldVillage:           "村 村社区 村/社区 村居 行政村 村组 社区 所在村",
	FieldCategory:          "困难类别 困难类型 人员类别 人员类型 贫困类型 贫困类别 救助类别 救助对象类别 救助对象类型 对象类别 身份类别 属性 贫困属性 人员属性 帮扶对象类别 是否贫困户 困难群众类别 享受政策类别",
	FieldHospital:          "手术医院 医院 救治医院 就诊医院 收治医院 治疗医院 住院医院 医疗机构 定点医院 实施医院 医院名称 就医机构 医疗机构名称 手术地点 收治单位",
	FieldAdmissionNo:       "住院号 病案号 住院编号 病历号 住院病案号 就诊号 住院号/病案号 登记号",
	FieldAdmittedOn:        "入院日期 入院时间 住院日期 住院时间",
	FieldOperatedOn:        "手术日期 手术时间 实施日期 介入日期 介入时间 手术年月日 治疗日期 手术日 术日",
	FieldDischargedOn:      "出院日期 出院时间",
	FieldDiagnosis:         "诊断 疾病诊断 主要诊断 出院诊断 入院诊断 临床诊断 病种 疾病名称 术前诊断",
	FieldOperation:         "手术名称 术式 手术方式 手术 手术项目 手术类型 治疗方式 介入方式 治疗项目 手术操作名称 手术及操作名称",
	FieldJoint:             "关节 手术关节 置换关节 关节部位 关节名称",
	FieldSide:              "部位 侧别 左右 左/右 左右侧 手术部位 手术侧 侧 患侧 眼别 患眼 术眼 手术眼 手术眼别 手术侧别 肢别 患肢 病变部位 术侧 手术肢体",
	FieldSurgeon:           "主刀医生 主刀 术者 手术医生 主刀医师 手术医师 手术者 主刀专家 医生 主刀医生姓名",
	FieldAssistant:         "助手 一助 第一助手 助手医生 助手姓名",
	FieldVisiting:          "是否支医专家 是否支医 是否专家手术 支医 是否帮扶专家 是否支援专家",
	FieldVisitingDoctor:    "支医专家 支医专家姓名 帮扶专家 支援专家 专家 专家姓名 支医医生 支援医生",
	FieldVisitingHospital:  "专家单位 支医专家单位 支援医院 派出医院 派出单位 专家所在医院 专家所在单位 帮扶医院",
	FieldImplant:           "假体 假体型号 植入物 假体品牌 耗材",
	FieldLens:              "人工晶体 晶体型号 人工晶体型号 晶体 人工晶体度数 晶体度数",
	FieldStents:            "支架数 支架数量 支架 支架个数 植入支架数",
	FieldVessels:           "血管 病变血管 靶血管 罪犯血管 处理血管",
	FieldTotal:             "总费用 医疗总费用 住院总费用 费用总额 总金额 医疗费用总额 费用合计 总额 医疗费用 住院费用 发生费用 医药费总额 费用总计 医疗费总额 花费总额 总医疗费用",
	FieldBasic:             "基本医保报销 基本医保 基本医疗保险 基本医保支付 医保统筹 统筹支付 统筹报销 医保统筹支付 基本医疗 居民医保 居民医保报销 城乡居民医保 基本医疗保险报销 统筹基金支付 基本医保报销金额",
	FieldCritical:          "大病保险 大病报销 大病保险报销 大病 大病补充 大病保险支付 大病医保 大额保险",
	FieldAssistance:        "医疗救助 民政救助 医疗救助金额 救助金额 医疗救助支付 医疗救助报销 民政医疗救助 救助",
	FieldInsurance:         "医保报销 医保报销合计 报销合计 医保支付 报销金额 医保合计 医保报销总额 报销总额 医保报销小计 三重保障合计 三重保障报销",
	FieldOther:             "其他报销 其他 其他支付 其他补助 商业保险 补充保险 其他渠道 惠民保 慈善救助 其他救助",
	FieldReduction:         "减免金额 减免 减免费用 减免额 减免合计 减免总额 救助减免 实际减免 优惠金额 减免资金 费用减免",
	FieldReductionFund:     "基金减免 资金减免 东西部协作资金 协作资金 帮扶资金 基金支付 协作资金减免 帮扶资金减免 财政减免 东西部协作资金减免 项目资金 项目资金补助",
	FieldReductionHospital: "医院减免 院内减免 院方减免 医院承担 医院让利 医院减免金额",
	FieldNet:               "个人自付 自付 个人支付 个人负担 自付金额 个人自付金额 个人承担 实际自付 个人实付 患者自付 自负 个人自负 个人自费 自费 实付金额 个人实际支付 患者实际支付 自付费用 个人缴费 个人承担费用",
	FieldRemark:            "备注 说明 备 注释",
}

// bySpelling is spellings the other way round.
var bySpelling = func() map[string]Field {
	m := map[string]Field{}
	for f, words := range spellings {
		for _, w := range strings.Fields(words) {
			m[w] = f
		}
	}
	return m
}()

// rule recognises a label by its parts: one word of every group, none of not.
type rule struct {
	field Field
	all   []string // each entry is alternatives joined by |
	not   string   // alternatives joined by |
}

// rules are tried in order, the narrow ones first.
var rules = []rule{
	{FieldVisiting, []string{"是否", "支医|支援|帮扶专家|专家"}, ""},
	{FieldVisitingHospital, []string{"支医|支援|派出|帮扶|专家", "医院|单位"}, "费用|金额"},
	{FieldVisitingDoctor, []string{"支医|支援|帮扶", "专家|医生|医师|姓名"}, ""},
	{FieldAssistant, []string{"助手|一助"}, ""},
	{FieldSurgeon, []string{"主刀|术者|手术医|手术者"}, "医院|单位|电话"},
	{FieldCategory, []string{"困难|贫困|救助|人员|对象|低保|脱贫", "类别|类型|属性|身份"}, "手术"},
	{FieldNumber, []string{"身份证|证件号|身份号"}, "家属|监护|联系人|类型"},
	{FieldPhone, []string{"电话|手机|联系方式"}, "医院|医生|专家"},
	{FieldName, []string{"姓名|名字"}, "医生|医师|专家|助手|家属|监护|联系人|填表|经办"},
	{FieldAdmissionNo, []string{"住院号|病案号|病历号"}, ""},
	{FieldAdmittedOn, []string{"入院", "日|时间"}, "诊断"},
	{FieldDischargedOn, []string{"出院", "日|时间"}, "诊断"},
	{FieldOperatedOn, []string{"手术|介入|实施", "日期|时间|年月"}, "时长"},
	{FieldBirth, []string{"出生"}, "地"},
	{FieldAge, []string{"年龄"}, ""},
	{FieldReductionHospital, []string{"减免|让利|优惠", "医院|院方|院内"}, ""},
	{FieldReductionFund, []string{"减免|补助|支付|承担|资金", "基金|协作|帮扶|财政|项目|政府"}, "医保|统筹|保险|救助"},
	{FieldReduction, []string{"减免|优惠|免除"}, "后|前|是否"},
	{FieldCritical, []string{"大病|大额"}, "病种|诊断"},
	{FieldAssistance, []string{"医疗救助|民政|救助"}, "类|对象|其他|慈善"},
	{FieldBasic, []string{"基本医|统筹|居民医保|职工医保|新农合"}, "合计|地区"},
	{FieldOther, []string{"其他|商业|补充|惠民|慈善|社会", "报销|支付|补助|保险|救助|费用|补偿|捐"}, ""},
	{FieldInsurance, []string{"医保|报销", "合计|小计|总|报销|支付"}, ""},
	{FieldNet, []string{"自付|自负|自费|个人支付|个人负担|个人承担|个人缴|实际支付|患者支付|患者承担|患者负担|本人支付|本人负担|本人承担|自理"}, ""},
	{FieldTotal, []string{"总费用|总金额|费用总|总额|费用合计|总医疗|医疗费|住院费|费用小计"}, "报销|医保|减免|救助"},
	{FieldHospital, []string{"医院|医疗机构"}, "减免|支医|派出|专家"},
	{FieldOperation, []string{"手术|术式|操作", "名称|方式|项目|类型"}, "编码|代码"},
	{FieldSide, []string{"侧别|眼别|左右|部位"}, ""},
	{FieldDiagnosis, []string{"诊断"}, "编码|代码|日期|时间"},
	{FieldImplant, []string{"假体|植入物"}, "费"},
	{FieldLens, []string{"晶体"}, "费|术"},
	{FieldStents, []string{"支架"}, "费|术"},
	{FieldVessels, []string{"血管"}, "费|术"},
	{FieldTownship, []string{"乡镇|镇街|街道"}, "电话"},
	{FieldAddress, []string{"住址|地址"}, ""},
	{FieldRemark, []string{"备注"}, ""},
}

// groupWords mark labels that stand above several columns.
const groupWords = "信息|情况|资料|基本|费用|手术|报销|支付|医保|患者|病人|救治|治疗|减免|保障|渠道|明细|金额|专家|医院|单位|人员|对象" // #nosec G101 -- words of column heads

func anyOf(s, alternatives string) bool {
	for alternatives != "" {
		var word string
		word, alternatives, _ = strings.Cut(alternatives, "|")
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}

func (r rule) fits(label string) bool {
	for _, group := range r.all {
		if !anyOf(label, group) {
			return false
		}
	}
	return !anyOf(label, r.not)
}
