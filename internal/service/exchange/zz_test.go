package exchange_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/service/exchange"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

func TestZZ(t *testing.T) {
	o := newOffice(t)
	var b strings.Builder
	b.WriteString("序号,姓名,身份证号码,联系电话,家庭住址,手术医院,住院号,手术日期,手术名称,部位,主刀医生,总费用,基本医保报销,大病保险,医疗救助,减免金额,个人自付\n")
	n := 0
	for y := 20; y < 99 && n < 3000; y++ {
		for m := 1; m <= 12; m++ {
			for s := 1; s < 40 && n < 3000; s++ {
				n++
				num := servicetest.CitizenNumber(fmt.Sprintf("%02d%02d%02d", y, m, 1+s%28), s)
				fmt.Fprintf(&b, "%d,测%c%c,%s,139%08d,云岭区某镇某村,%s,ZY%d,2021-%02d-%02d,全膝关节置换术,左,某医师,50000,20000,5000,5000,15000,5000\n", n, '一'+rune(n%5000), '一'+rune(n/40), num, n, o.hospital(servicetest.Mountain), n, m, 1+s%28)
			}
		}
	}
	start := time.Now()
	bk, err := o.Check(t.Context(), o.System(), exchange.File{Name: "a.csv", Content: []byte(b.String())})
	fmt.Println("parse", time.Since(start), err, bk.Sheets[0].Procedures)
	start = time.Now()
	out, err := o.Import(t.Context(), o.System(), exchange.File{Name: "a.csv", Content: []byte(b.String())})
	fmt.Println("import", time.Since(start), err, out.Figures.Added)
	o.Do(o.System(), func(tx *store.Tx) error {
		start := time.Now()
		taken, err := tx.TakenBy(out.Batch)
		fmt.Println("taken", time.Since(start), len(taken), err)
		start = time.Now()
		ps, err := tx.PostedBy(out.Batch)
		fmt.Println("posted", time.Since(start), len(ps), err)
		start = time.Now()
		err = tx.Withdraw(out.Batch, taken, nil, nil)
		fmt.Println("withdraw", time.Since(start), err)
		return fmt.Errorf("undo")
	})
	start = time.Now()
	_, err = o.Reverse(t.Context(), o.System(), out.Batch)
	fmt.Println("reverse", time.Since(start), err)
}
