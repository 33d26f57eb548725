package terminology

import "strings"

// Ethnicity is one of the 56 groups of GB/T 3304.
type Ethnicity struct {
	Code  string // two digits
	Name  string // Chinese, with 族
	Roman string // the standard's romanisation
}

// ethnicTable is "name roman" in the order of the standard's codes 01 to 56.
const ethnicTable = `汉 Han|蒙古 Mongol|回 Hui|藏 Zang|维吾尔 Uygur|苗 Miao|彝 Yi|壮 Zhuang|布依 Buyei|朝鲜 Chosen|满 Man|侗 Dong|瑶 Yao|白 Bai|` +
	`土家 Tujia|哈尼 Hani|哈萨克 Kazak|傣 Dai|黎 Li|傈僳 Lisu|佤 Va|畲 She|高山 Gaoshan|拉祜 Lahu|水 Sui|东乡 Dongxiang|纳西 Naxi|景颇 Jingpo|` +
	`柯尔克孜 Kirgiz|土 Tu|达斡尔 Daur|仫佬 Mulao|羌 Qiang|布朗 Blang|撒拉 Salar|毛南 Maonan|仡佬 Gelao|锡伯 Xibe|阿昌 Achang|普米 Pumi|` +
	`塔吉克 Tajik|怒 Nu|乌孜别克 Uzbek|俄罗斯 Russ|鄂温克 Ewenki|德昂 Deang|保安 Bonan|裕固 Yugur|京 Gin|塔塔尔 Tatar|独龙 Derung|` +
	`鄂伦春 Oroqen|赫哲 Hezhen|门巴 Monba|珞巴 Lhoba|基诺 Jino`

var ethnicities = func() []Ethnicity {
	rows := strings.Split(ethnicTable, "|")
	list := make([]Ethnicity, len(rows))
	for i, row := range rows {
		name, roman, _ := strings.Cut(row, " ")
		list[i] = Ethnicity{Code: string([]byte{byte('0' + (i+1)/10), byte('0' + (i+1)%10)}), Name: name + "族", Roman: roman}
	}
	return list
}()

// Ethnicities lists the 56 groups in the order of their codes.
func Ethnicities() []Ethnicity { return append([]Ethnicity(nil), ethnicities...) }

// ParseEthnicity reads a code (15), a name with or without 族, or the
// romanisation.
func ParseEthnicity(text string) (Ethnicity, bool) {
	s := strings.Join(strings.Fields(text), "")
	bare := strings.TrimSuffix(s, "族")
	for _, e := range ethnicities {
		if s == e.Code || bare != "" && bare == strings.TrimSuffix(e.Name, "族") || strings.EqualFold(s, e.Roman) {
			return e, true
		}
	}
	return Ethnicity{}, false
}
