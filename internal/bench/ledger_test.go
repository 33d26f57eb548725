package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/exchange"
	"github.com/shanhai-health/shanhai/internal/sheet"
	"github.com/shanhai-health/shanhai/internal/store"
)

const (
	longLedger  = 200_000 // rows read and checked
	shortLedger = 2_000   // rows stored
)

// ledgers is P6: an old ledger is read and checked, and stored.
func ledgers(w *world, r *report) {
	w.readLedger(r)
	w.storeLedger(r)
}

func (w *world) readLedger(r *report) {
	content := w.workbook(10_000_000, longLedger)
	debug.FreeOSMemory()
	forgetPeak()
	before, begin := memory(os.Getpid(), "VmRSS"), time.Now()
	book, err := exchange.Interpret(context.Background(), exchange.File{Name: "ledger.xlsx", Content: content}, history.Options{Today: clock.Today(w.app.DB.Clock())})
	w.must(err)
	took, peak := time.Since(begin), memory(os.Getpid(), "VmHWM")
	if got := book.Sheets[0].Procedures; got < longLedger*99/100 {
		w.t.Errorf("%d operations of %d rows were read", got, longLedger)
	}
	rate := longLedger / took.Seconds()
	r.goal(rate >= 5000, fmt.Sprintf("P6 read and check %d rows (%.0f MB)", longLedger, float64(len(content))/1e6), "≥ 5000 rows/s", "%.0f rows/s", rate)
	r.goal(peak-before <= 512, "P6 memory for it, above what the process held", "≤ 512 MB", "%.0f MB (%.0f → %.0f)", peak-before, before, peak)
	debug.FreeOSMemory()
}

// workbook is a ledger of n rows by people the bench has not met.
func (w *world) workbook(first, n int) []byte {
	w.t.Helper()
	reported := clock.MustDate(2023, 5, 31)
	text := func(names ...string) (out []sheet.Column) {
		for _, name := range names {
			out = append(out, sheet.Column{Header: name})
		}
		return out
	}
	columns := append([]sheet.Column{{Header: "序号", Kind: sheet.IntColumn}}, text("姓名", "性别")...)
	columns = append(columns, sheet.Column{Header: "年龄", Kind: sheet.IntColumn})
	columns = append(columns, text("身份证号码", "家庭住址", "联系电话", "困难类别", "住院号", "手术医院")...)
	columns = append(columns, sheet.Column{Header: "手术日期", Kind: sheet.DateColumn})
	columns = append(columns, text("手术名称", "部位", "主刀医生", "是否支医专家")...)
	for _, name := range []string{"总费用", "基本医保报销", "大病保险", "医疗救助", "减免金额", "个人自付"} {
		columns = append(columns, sheet.Column{Header: name, Kind: sheet.MoneyColumn})
	}
	var b bytes.Buffer
	w.must(sheet.WriteXLSX(&b, sheet.Book{Tables: []sheet.Table{{Name: "站立行动", Title: "站立行动台账", Notes: []string{"填报日期：2023年5月31日"}, Columns: columns,
		Rows: func(yield func(sheet.Record, error) bool) {
			for i := range n {
				p := invent(first + i)
				sex := "女"
				if p.sex == patient.Male {
					sex = "男"
				}
				if !yield(sheet.Record{i + 1, p.name, sex, p.birth.AgeOn(reported), p.number, "云岭区石坪镇" + p.village, p.phone, "低保对象", fmt.Sprintf("ZY%08d", first+i),
					hospitalName(i % hospitals), clock.MustDate(2021, 5, 1).AddDays(i % 700), "全膝关节置换术", string([]rune("左右")[i%2]), "支医专家甲", "是",
					money.Fen(5814256), money.Fen(2848985), money.Fen(16080), money.Fen(36180), money.Fen(2864771), money.Fen(48240)}, nil) {
					return
				}
			}
		}}}}))
	return b.Bytes()
}

// storeLedger lets import and floor take turns, each time into a partnership of
// its own, so that the same rows fit again.
func (w *world) storeLedger(r *report) {
	w.t.Helper()
	content := w.workbook(12_000_000, shortLedger)
	ids := make([]ident.ID, 2*again+1)
	for i := range ids {
		ids[i] = ident.New()
		w.partner(ids[i], fmt.Sprintf("BL%c", 'A'+i))
	}
	blobs, err := blob.Open(w.dir, w.app.Keys)
	w.must(err)
	texts, err := app.Catalogue()
	w.must(err)
	on := func(db *store.DB) *exchange.Service {
		return exchange.New(exchange.Deps{DB: db, Policy: w.app.Policy, Blobs: blobs, Clock: db.Clock(), Log: options().Log, Say: texts.Printer(i18n.Chinese)})
	}
	second := on(w.second())
	calls, err := w.scripts.record(func() error { _, err := importLedger(second, ids[0], content); return err })
	w.must(err)
	rows := onlyInserts(calls)
	raw, direct := newBare(w.t, w.dsn, 1)[0], on(w.app.DB)
	var product, floor []time.Duration
	for i := range again {
		took, err := importLedger(direct, ids[1+2*i], content)
		w.must(err)
		product = append(product, took)
		script := elsewhere(rows, ids[0].String(), ids[2+2*i].String())
		begin := time.Now()
		w.must(raw.play(script))
		floor = append(floor, time.Since(begin))
	}
	p, f := middle(product), middle(floor)
	rate := func(d time.Duration) string {
		return fmt.Sprintf("%.0f ledger rows/s (%s for %d)", shortLedger/d.Seconds(), d.Round(time.Millisecond), shortLedger)
	}
	r.note("P6 store a checked ledger: product", "%s", rate(p))
	r.note("P6 store a checked ledger: floor, same rows", "%s", rate(f))
	r.goal(2*f >= p, "P6 store a checked ledger: product / floor", "≥ 50 %", "%.0f %%", 100*f.Seconds()/p.Seconds())
}

// importLedger hands a ledger in and returns how long storing it took: from when
// it was read to the commit.
func importLedger(s *exchange.Service, partnership ident.ID, content []byte) (took time.Duration, err error) {
	ctx, who := context.Background(), authz.System("bench").In(partnership)
	id, err := s.Upload(ctx, who, exchange.File{Name: "ledger.xlsx", Content: content}, "")
	if err != nil {
		return 0, err
	}
	payload, err := json.Marshal(map[string]ident.ID{"batch": id})
	if err != nil {
		return 0, err
	}
	var begin time.Time
	err = s.RunJob(ctx, store.Job{Kind: exchange.JobImport, Payload: payload, CreatedBy: who.AccountID}, partnership, func(_ context.Context, done, _ int) {
		if done == 1 {
			begin = time.Now()
		}
		took = time.Since(begin)
	})
	return took, err
}

// onlyInserts is the transaction a recording comes to when nothing but its rows
// is written: begin, scope, the inserts, commit.
func onlyInserts(calls []call) []call {
	var scope call
	var rows []call
	for _, c := range calls {
		switch {
		case strings.Contains(c.sql, "begin_scope"):
			scope = c
		case strings.HasPrefix(c.sql, "insert into ") && !strings.Contains(c.sql, "on conflict"):
			rows = append(rows, c)
		}
	}
	return append(append([]call{{sql: "begin"}, scope}, rows...), call{sql: "commit"})
}

// elsewhere is the same transaction in another partnership.
func elsewhere(calls []call, from, to string) script {
	var s script
	for _, c := range calls {
		x := scripted{sql: c.sql, args: make([]template, len(c.args))}
		for i, a := range c.args {
			if text, ok := a.(string); ok && text == from {
				a = to
			}
			x.args[i].fixed = a
		}
		s.calls = append(s.calls, x)
	}
	return s
}
