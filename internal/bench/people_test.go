package bench

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
)

// Characters invented names are put together from: 20 surnames and two given
// characters of 60 make 72,000 names, so that a million people share names about
// as often as a county does.
var (
	surnames = []rune("冉田向覃谭牟黎白石龚简蒲滕罗杨陈刘张王李")
	given    = []rune("松青云映知书明望听清岚秋春远素月思永安怀若锦朝鹤禾雪夏舟川兰香桃梅林山泉华芳英珍福生贵珠莲宝国建志文军红秀玉成光玲平金洪")
)

// invented is a person who does not exist.
type invented struct {
	name, number, phone, village string
	sex                          patient.Sex
	birth                        clock.Date
}

// weights of the check digit, GB 11643.
var weights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}

// region is a code that is assigned to no place.
const region = "500199"

// invent makes the n-th person: always another number, always the same person
// for the same n.
func invent(n int) invented {
	rng := rand.New(rand.NewPCG(uint64(n), 500199))
	days := n % 18000 // birth dates of 49 years
	p := invented{sex: patient.Female, birth: clock.MustDate(1936, 1, 1).AddDays(days)}
	seq := n / 18000 % 1000
	if seq%2 == 1 {
		p.sex = patient.Male
	}
	p.name = string(surnames[rng.IntN(len(surnames))]) + string(given[rng.IntN(len(given))])
	if rng.IntN(8) > 0 {
		p.name += string(given[rng.IntN(len(given))])
	}
	s := fmt.Sprintf("%s%04d%02d%02d%03d", region, p.birth.Year(), p.birth.Month(), p.birth.Day(), seq)
	sum := 0
	for i := range weights {
		sum += int(s[i]-'0') * weights[i]
	}
	p.number = s + string("10X98765432"[sum%11])
	p.phone = fmt.Sprintf("199%08d", n)
	p.village = fmt.Sprintf("第%d村", 1+rng.IntN(400))
	return p
}

func TestInventedPeopleAreValidAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	today := clock.MustDate(2026, 11, 24)
	for _, n := range []int{0, 1, 17999, 18000, 36000, 999_999, 5_000_000} {
		p := invent(n)
		d, err := patient.ParseDocument(patient.DocCitizen, p.number, today)
		if err != nil || !d.Verified || seen[p.number] {
			t.Errorf("%d: %+v %v", n, p, err)
		}
		if d.Sex != p.sex || d.Birth != p.birth {
			t.Errorf("%d: the number says %v %v, the person %v %v", n, d.Sex, d.Birth, p.sex, p.birth)
		}
		seen[p.number] = true
	}
}
