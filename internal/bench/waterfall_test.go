package bench

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// rehearsed is how many settled cases are computed again under other rules.
const rehearsed = 100_000

// waterfalls is the second half of P3: the rules themselves, without a database.
func waterfalls(r *report) {
	v := policy.SampleVersion(2025)
	rng := rand.New(rand.NewPCG(1, 3))
	one := inventCase(rng, 0)
	one.Categories = nil
	for _, c := range v.Categories[:min(3, len(v.Categories))] {
		one.Categories = append(one.Categories, c.Code) // each is computed, the best is taken
	}
	b := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			fee.Compute(&v, one, nil)
		}
	})
	each := time.Duration(b.NsPerOp())
	r.goal(each <= 50*time.Microsecond, "P3 waterfall of a case with three categories", "≤ 50 µs", "%.1f µs, %d allocations", float64(each.Nanoseconds())/1000, b.AllocsPerOp())
	rehearsal(r, v, rng)
}

// rehearsal reads the cases as they are stored, as JSON, and computes them twice:
// under the rules in force, as the control, and under a draft.
func rehearsal(r *report, v policy.Version, rng *rand.Rand) {
	type row struct{ facts, opening, result []byte }
	rows, persons := make([]row, rehearsed), make([]ident.ID, rehearsed/3)
	for i := range persons {
		persons[i] = ident.New()
	}
	years := make([]fee.Year, len(persons))
	for i := range rows {
		c, p := inventCase(rng, i), i%len(persons)
		result := fee.Compute(&v, c, years[p])
		rows[i] = row{encoded(c), encoded(years[p]), encoded(result)}
		years[p] = years[p].Plus(result.Added)
	}
	begin := time.Now()
	cases := make([]fee.Stored, len(rows))
	for i, x := range rows {
		s := fee.Stored{Past: fee.Past{ID: ident.New(), Person: persons[i%len(persons)], OperatedOn: opened.AddDays(i / (rehearsed / 300))}}
		decode(x.facts, &s.Case)
		decode(x.opening, &s.Opening)
		decode(x.result, &s.Result)
		cases[i] = s
	}
	read := time.Since(begin)
	draft := policy.SampleVersion(2025)
	for i := range draft.Reductions {
		draft.Reductions[i].Share /= 2
	}
	control := fee.Rehearse(cases, func(fee.Stored) *policy.Version { return &v })
	other := fee.Rehearse(cases, func(fee.Stored) *policy.Version { return &draft })
	took := time.Since(begin)
	r.goal(took <= 30*time.Second && control.Exact == rehearsed, fmt.Sprintf("P3 rehearsal of %d cases with its control", rehearsed), "≤ 30 s, all reproduced",
		"%s (%s reading), %d reproduced, %d pay more", took.Round(10*time.Millisecond), read.Round(10*time.Millisecond), control.Exact, len(other.Losers))
}

var opened = clock.MustDate(2025, 1, 2)

// inventCase is a bill of the usual shape.
func inventCase(rng *rand.Rand, n int) fee.Case {
	fen := func(most int64) money.Fen { return money.Fen(1 + rng.Int64N(most)) }
	day := opened.AddDays(n / (rehearsed / 300))
	return fee.Case{Programme: procedure.Joint, Kind: procedure.TKA, Level: policy.Levels()[n%3], Insurance: policy.Resident, Referred: n%5 > 0, Admitted: day, On: day,
		Categories: []string{[]string{"DB", "BY", "JC", "TK"}[n%4]}, Items: []fee.Item{{Class: "service", Amount: fen(20_000_00)}, {Class: "drug", Amount: fen(3_000_00)},
			{Class: "implant", Amount: fen(20_000_00), Limit: 10_000_00, FirstPay: 1000}, {Class: "material", Amount: fen(2_000_00), Outside: true}}}
}

func encoded(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

func decode(raw []byte, into any) {
	if err := json.Unmarshal(raw, into); err != nil {
		panic(err)
	}
}

// The rules are quick enough to be measured here with a few cases as well.
func TestInventedCasesAreReproduced(t *testing.T) {
	v := policy.SampleVersion(2025)
	rng := rand.New(rand.NewPCG(1, 3))
	for i := range 200 {
		c := inventCase(rng, i)
		if err := c.Check(); err != nil {
			t.Fatal(err)
		}
		if got := fee.Compute(&v, c, nil); !got.Sum.Balances() {
			t.Errorf("case %d does not add up", i)
		}
	}
}
