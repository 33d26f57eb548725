package demo

import (
	"fmt"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Parts of invented names. The given names are put together from single
// characters, so that no name was taken from a person.
var (
	surnames = []string{"冉", "田", "向", "覃", "谭", "牟", "庹", "黎", "白", "石", "龚", "简", "蒲", "滕", "罗", "杨", "陈", "刘", "张", "王", "李", "彭", "邓", "吴", "单", "解", "欧阳"}
	middles  = []string{"松", "青", "云", "映", "知", "书", "明", "望", "听", "清", "岚", "石", "秋", "春", "远", "素", "月", "思", "永", "安", "怀", "若", "锦", "朝"}
	endings  = []string{"鹤", "禾", "雪", "夏", "田", "舟", "川", "兰", "香", "桃", "梅", "林", "山", "泉", "华", "芳", "英", "珍", "福", "生", "贵", "珠", "莲", "宝"}

	townships = []string{"石坪镇", "松岭乡", "北渡镇", "冯家坝镇", "青杠乡", "白石镇", "云溪街道", "城南街道"}
	villages  = []string{"松岭村", "双河村", "桐子村", "大坪村", "新田村", "水井村", "花园社区", "东门社区"}
)

// person makes an invented person of a plausible age for the programme, with an
// identity number that passes its check and whose region is assigned to nobody.
func (m *maker) person(p procedure.Programme, on clock.Date) (patient.Person, patient.Document) {
	young, span := 48, 34
	if p == procedure.Cataract {
		young, span = 60, 26
	}
	sex := pick(m, patient.Female, patient.Female, patient.Female, patient.Male, patient.Male)
	born := on.AddMonths(-12 * (young + m.rng.IntN(span))).AddDays(-m.rng.IntN(364) - 1)
	m.people++
	x := patient.Person{ID: m.id("person", m.people), Name: m.name(), Sex: sex, Birth: born,
		Ethnicity: pick(m, "01", "01", "15", "15", "06"), RegionCode: receiving, Version: 1}
	d := patient.Document{ID: m.id("document", m.people), PersonID: x.ID, Kind: patient.DocCitizen, Number: m.number18(born, sex), Verified: true, Version: 1}
	return x, d
}

func (m *maker) name() string {
	if m.rng.IntN(7) == 0 {
		return pick(m, surnames...) + pick(m, endings...)
	}
	return pick(m, surnames...) + pick(m, middles...) + pick(m, endings...)
}

// weights of the check digit, GB 11643.
var weights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}

// number18 is a citizen number: region, birth, a running number whose parity is
// the sex, and the check digit.
func (m *maker) number18(born clock.Date, sex patient.Sex) string {
	seq := 2 * (m.people % 499)
	if sex == patient.Male {
		seq++
	}
	s := fmt.Sprintf("%s%04d%02d%02d%03d", receiving, born.Year(), born.Month(), born.Day(), seq)
	sum := 0
	for i := range weights {
		sum += int(s[i]-'0') * weights[i]
	}
	return s + string("10X98765432"[sum%11])
}

// registration is a hospital's own record of the person.
func (m *maker) registration(x patient.Person, hospital ident.ID, on clock.Date) patient.Registration {
	m.registrations++
	return patient.Registration{ID: m.id("registration", m.registrations), PersonID: x.ID, HospitalID: hospital,
		Phone: fmt.Sprintf("199%08d", m.rng.IntN(100_000_000)), Township: pick(m, townships...), Village: pick(m, villages...),
		KinName: m.name(), LegalBasis: patient.BasisStatutory, RegisteredOn: on, Version: 1}
}

// category is what the person is entitled to, valid since well before.
func (m *maker) category(x patient.Person, on clock.Date) patient.Beneficiary {
	c := pick(m, terminology.CategoryDB, terminology.CategoryDB, terminology.CategoryDB, terminology.CategoryTK, terminology.CategoryFP,
		terminology.CategoryBY, terminology.CategoryBY, terminology.CategoryJC, terminology.CategoryJC, terminology.CategoryYB)
	return patient.Beneficiary{ID: m.id("beneficiary", m.people), PersonID: x.ID, Category: c, From: on.AddDays(-200),
		Source: "云岭区民政局", Evidence: fmt.Sprintf("示例证 %06d", m.people), Version: 1}
}
