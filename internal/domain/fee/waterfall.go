package fee

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Item is a line of a bill.
type Item struct {
	Class    string            `json:"class"` // one of [ItemClasses]
	Amount   money.Fen         `json:"amount_fen"`
	Limit    money.Fen         `json:"limit_fen"`    // the insurer's highest price; 0: none
	FirstPay money.BasisPoints `json:"first_pay_bp"` // share the patient pays before the insurer looks at the rest
	Outside  bool              `json:"outside"`      // not in the insurer's catalogue
}

// ItemClasses are the kinds of lines an estimate knows.
func ItemClasses() []string { return []string{"service", "drug", "implant", "material", "other"} }

// Case is one treatment as the rules see it.
type Case struct {
	Programme  procedure.Programme `json:"programme"`
	Kind       procedure.Kind      `json:"kind"`
	Level      policy.Level        `json:"level"`
	Insurance  policy.Insurance    `json:"insurance"`
	Referred   bool                `json:"referred"`   // properly referred, or treated at home
	Admitted   clock.Date          `json:"admitted"`   // decides the category
	On         clock.Date          `json:"on"`         // discharge: decides the version and the year
	Categories []string            `json:"categories"` // held and proven on the day of admission
	Items      []Item              `json:"items"`
	Other      money.Fen           `json:"other_fen"` // charity, temporary relief, commercial insurance
	Fund       ident.ID            `json:"fund"`      // the fund named in the application
}

// Bill is the sum of the lines.
func (c Case) Bill() money.Fen {
	var t money.Fen
	for _, i := range c.Items {
		t += i.Amount
	}
	return t
}

// Year is the insurance year the case counts in.
func (c Case) Year() int { return c.On.Year() }

// Step is a step of the waterfall.
type Step string

// The steps in the order of payment. The first ones take the bill apart and pay
// nothing; StepNet is what the patient pays.
const (
	StepBill       Step = "bill"
	StepPackage    Step = "package"
	StepOutside    Step = "outside"
	StepOverLimit  Step = "over_limit"
	StepFirstPay   Step = "first_pay"
	StepScope      Step = "scope"
	StepBasic      Step = "basic"
	StepCritical   Step = "critical"
	StepAssistance Step = "assistance"
	StepTilt       Step = "tilt"
	StepReduction  Step = "reduction"
	StepOther      Step = "other"
	StepNet        Step = "net"
)

// Steps lists the steps.
func Steps() []Step {
	return []Step{StepBill, StepPackage, StepOutside, StepOverLimit, StepFirstPay, StepScope, StepBasic, StepCritical, StepAssistance, StepTilt,
		StepReduction, StepOther, StepNet}
}

// Label is the message key of the step's name.
func (s Step) Label() string { return "fee.step." + string(s) }

// Payer is who bears a row.
type Payer string

// The payers. A row without one takes the bill apart.
const (
	PayerNobody   Payer = ""
	PayerPool     Payer = "pool"
	PayerCritical Payer = "critical"
	PayerAid      Payer = "assistance"
	PayerFund     Payer = "fund"
	PayerHospital Payer = "hospital"
	PayerOther    Payer = "other"
	PayerPatient  Payer = "patient"
)

// Label is the message key of the payer's name.
func (p Payer) Label() string { return "fee.payer." + string(p) }

// Row is one line of the waterfall: who pays what by which rule, and why this
// much.
type Row struct {
	Step      Step              `json:"step"`
	Payer     Payer             `json:"payer"`
	Rule      string            `json:"rule"`          // id of the rule; the result has the version
	Base      money.Fen         `json:"base_fen"`      // what the rule looks at
	Threshold money.Fen         `json:"threshold_fen"` // taken off the base by this row
	Ratio     money.BasisPoints `json:"ratio_bp"`
	Capped    bool              `json:"capped"`   // the ceiling or cap has cut the amount
	Left      money.Fen         `json:"left_fen"` // of the ceiling before this row; -1: no ceiling
	Amount    money.Fen         `json:"amount_fen"`
	Rounding  int64             `json:"rounding"` // ten-thousandths of a fen added by rounding
	Fund      ident.ID          `json:"fund"`
}

// NoCeiling is what Row.Left says where there is none.
const NoCeiling = money.Fen(-1)

// Kind names a yearly account of a person.
type Kind string

// The accounts; a programme's reductions have one each, see [ReductionKind].
const (
	KindBasic      Kind = "basic"
	KindCritical   Kind = "critical"
	KindAssistance Kind = "assistance"
	KindTilt       Kind = "tilt"
)

// ReductionKind is the account of a programme's reductions.
func ReductionKind(p procedure.Programme) Kind { return Kind("reduction." + string(p)) }

// Kinds lists the accounts.
func Kinds() []Kind {
	out := []Kind{KindBasic, KindCritical, KindAssistance, KindTilt}
	for _, p := range procedure.Programmes() {
		out = append(out, ReductionKind(p))
	}
	return out
}

// Account is what counted in a year: how much of the threshold was taken, how
// much above it was looked at, and how much was paid.
type Account struct {
	Threshold money.Fen `json:"threshold_fen"`
	Base      money.Fen `json:"base_fen"`
	Paid      money.Fen `json:"paid_fen"`
}

// Plus adds two accounts.
func (a Account) Plus(b Account) Account {
	return Account{a.Threshold + b.Threshold, a.Base + b.Base, a.Paid + b.Paid}
}

// Minus takes one account off another.
func (a Account) Minus(b Account) Account {
	return Account{a.Threshold - b.Threshold, a.Base - b.Base, a.Paid - b.Paid}
}

// Year is the accounts of one person in one insurance year, over all hospitals.
type Year map[Kind]Account

// Plus adds two years.
func (y Year) Plus(o Year) Year { return y.join(o, Account.Plus) }

// Minus is what y has more than o.
func (y Year) Minus(o Year) Year { return y.join(o, Account.Minus) }

func (y Year) join(o Year, op func(a, b Account) Account) Year {
	out := make(Year, max(len(y), len(o)))
	put := func(k Kind) {
		if a := op(y[k], o[k]); a != (Account{}) {
			out[k] = a
		}
	}
	for k := range y {
		put(k)
	}
	for k := range o {
		put(k)
	}
	return out
}

// Result is a case computed by a version of the rules.
type Result struct {
	Policy   ident.ID   `json:"policy"`
	No       int        `json:"policy_no"`
	Sample   bool       `json:"sample"`
	Category string     `json:"category"` // the one that was applied
	Rows     []Row      `json:"rows"`
	Sum      Settlement `json:"sum"`
	Added    Year       `json:"added"` // what the case adds to the person's year
}

// Check names what the rules cannot work with.
func (c Case) Check() error {
	var f errs.Fields
	if c.On.IsZero() {
		f.Add("on", "error.policy.day_missing")
	}
	if !c.Programme.Known() || c.Kind != "" && c.Kind.Programme() != c.Programme {
		f.Add("kind", "error.policy.kind")
	}
	if !slices.Contains(policy.Levels(), c.Level) {
		f.Add("level", "error.policy.level")
	}
	if !slices.Contains(policy.Insurances(), c.Insurance) {
		f.Add("insurance", "error.policy.insurance")
	}
	checkAmount("other", c.Other, &f)
	c.checkItems(&f)
	return f.Err()
}

// maxItems is how many lines an estimate has; real bills are summed by class.
const maxItems = 200

func (c Case) checkItems(f *errs.Fields) {
	if len(c.Items) > maxItems {
		f.Add("items", "error.policy.too_many", "max", maxItems)
		return
	}
	for i, x := range c.Items {
		path := "items." + strconv.Itoa(i) + "."
		if !slices.Contains(ItemClasses(), x.Class) {
			f.Add(path+"class", "form.error.choice")
		}
		checkAmount(path+"amount", x.Amount, f)
		checkAmount(path+"limit", x.Limit, f)
		if x.FirstPay < 0 || x.FirstPay > 10_000 {
			f.Add(path+"first_pay", "error.policy.ratio")
		}
	}
	switch bill := c.Bill(); {
	case bill == 0:
		f.Add("items", "error.fee.bill_missing")
	case bill > money.Max:
		f.Add("items", "error.fee.too_large", "max", money.Max)
	}
}

// Compute is the waterfall: estimate, settlement and replay all call it. The
// category that leaves the patient least is applied; of two that leave the same
// the first in the version's list. The order of the bill's lines changes nothing.
func Compute(v *policy.Version, c Case, opening Year) Result {
	w := walk{v: v, c: &c, year: opening}
	var best Result
	for i, code := range held(v, &c) {
		w.begin(code)
		w.run()
		if i == 0 || w.out.Sum.Net < best.Sum.Net {
			best, w.out = w.out, best
		}
	}
	return best
}

// held are the categories that may be applied, in the order of the version;
// whoever holds none is in the category of nobody.
func held(v *policy.Version, c *Case) []string {
	var out []string
	for _, k := range v.Categories {
		if k.Code != policy.NoCategory && slices.Contains(c.Categories, k.Code) && k.ValidOn(c.Admitted) {
			out = append(out, k.Code)
		}
	}
	if len(out) == 0 {
		out = append(out, policy.NoCategory)
	}
	return out
}

// walk goes down the steps once.
type walk struct {
	v        *policy.Version
	c        *Case
	category string
	year     Year
	out      Result    // after a category the one that was not better: its memory serves the next
	scope    money.Fen // of policy scope still with the patient
	left     money.Fen // of the whole bill still with the patient
}

// begin starts the walk of a category.
func (w *walk) begin(code string) {
	rows, added := w.out.Rows[:0], w.out.Added
	if rows == nil {
		rows, added = make([]Row, 0, 16), make(Year, 5)
	}
	clear(added)
	w.out = Result{Policy: w.v.ID, No: w.v.No, Sample: w.v.Sample, Category: code, Rows: rows, Added: added}
	w.category = code
}

func (w *walk) row(r Row) {
	w.out.Rows = append(w.out.Rows, r)
	switch r.Payer {
	case PayerPool:
		w.out.Sum.Basic += r.Amount
	case PayerCritical:
		w.out.Sum.Critical += r.Amount
	case PayerAid:
		w.out.Sum.Assistance += r.Amount
	case PayerHospital:
		w.out.Sum.Waiver += r.Amount
	case PayerOther:
		w.out.Sum.Other += r.Amount
	case PayerFund:
		w.fund(r.Fund, r.Amount)
	case PayerNobody, PayerPatient:
		return
	}
	w.left -= r.Amount
}

func (w *walk) fund(id ident.ID, a money.Fen) {
	if a == 0 {
		return
	}
	if i := slices.IndexFunc(w.out.Sum.Funds, func(l FundLine) bool { return l.Fund == id }); i >= 0 {
		w.out.Sum.Funds[i].Amount += a
		return
	}
	w.out.Sum.Funds = append(w.out.Sum.Funds, FundLine{id, a})
}

func (w *walk) run() {
	bill := w.c.Bill()
	w.out.Sum.Bill, w.left = bill, bill
	w.row(Row{Step: StepBill, Left: NoCeiling, Base: bill, Amount: bill})
	w.apart()
	relief := w.v.Relief(w.category)
	w.layer(payment{StepBasic, PayerPool, KindBasic, w.v.Basic, policy.Relief{}})
	w.layer(payment{StepCritical, PayerCritical, KindCritical, w.v.Critical, relief})
	w.layer(payment{StepAssistance, PayerAid, KindAssistance, w.v.Assistance, policy.Relief{}})
	w.layer(payment{StepTilt, PayerAid, KindTilt, w.v.Tilt, policy.Relief{}})
	w.reduce()
	if other := min(w.c.Other, w.left); other > 0 {
		w.row(Row{Step: StepOther, Payer: PayerOther, Left: NoCeiling, Base: w.left, Capped: other < w.c.Other, Amount: other})
	}
	w.out.Sum.Net = w.left
	w.row(Row{Step: StepNet, Payer: PayerPatient, Left: NoCeiling, Base: w.left, Amount: w.left})
	slices.SortFunc(w.out.Sum.Funds, func(a, b FundLine) int { return bytes.Compare(a.Fund[:], b.Fund[:]) })
}

// apart takes the bill apart into what insurers look at and what they do not.
// Each line is rounded by itself, so that their order does not matter. What a
// package price leaves with the hospital comes off what insurers would not pay
// first.
func (w *walk) apart() {
	var outside, over, first, scope, firstBase money.Fen
	for _, i := range w.c.Items {
		if i.Outside {
			outside += i.Amount
			continue
		}
		rest := i.Amount
		if i.Limit > 0 && rest > i.Limit {
			over += rest - i.Limit
			rest = i.Limit
		}
		share := i.FirstPay.Of(rest)
		if i.FirstPay > 0 {
			firstBase += rest
		}
		first += share
		scope += rest - share
	}
	if p, ok := w.v.Package(w.c.Kind, w.c.Level); ok && w.left > p.Price {
		excess := w.left - p.Price
		w.row(Row{Step: StepPackage, Payer: PayerHospital, Rule: p.ID, Base: w.left, Threshold: p.Price, Left: NoCeiling, Amount: excess})
		for _, part := range []*money.Fen{&outside, &over, &first, &scope} {
			cut := min(*part, excess)
			*part -= cut
			excess -= cut
		}
	}
	for _, x := range []struct {
		step         Step
		base, amount money.Fen
	}{{StepOutside, w.left, outside}, {StepOverLimit, w.left, over}, {StepFirstPay, firstBase, first}, {StepScope, w.left, scope}} {
		if x.amount > 0 || x.step == StepScope {
			w.row(Row{Step: x.step, Left: NoCeiling, Base: x.base, Amount: x.amount})
		}
	}
	w.scope = scope
}

// payment is one payer's turn.
type payment struct {
	step   Step
	payer  Payer
	kind   Kind
	list   []policy.Layer
	relief policy.Relief
}

// layer lets one payer pay. The threshold, the segments and the ceiling count
// over the year: what earlier cases took of them is in the account.
func (w *walk) layer(p payment) {
	rule, ok := policy.Find(p.list, w.c.Insurance, w.c.Level, w.category)
	if !ok || rule.Referral && !w.c.Referred {
		row := Row{Step: p.step, Payer: p.payer, Base: w.scope, Left: NoCeiling}
		if ok {
			row.Rule = rule.ID
		}
		w.row(row)
		return
	}
	was := w.year[p.kind]
	line := rule.Threshold - p.relief.LineCut.Of(rule.Threshold)
	taken := min(w.scope, max(0, line-was.Threshold))
	over := w.scope - taken
	left := NoCeiling
	if rule.Ceiling > 0 && !p.relief.NoCeiling {
		left = max(0, rule.Ceiling-was.Paid)
	}
	now := Account{Threshold: taken, Base: over}
	row := Row{Step: p.step, Payer: p.payer, Rule: rule.ID, Base: w.scope, Threshold: taken, Left: left}
	if over == 0 {
		w.row(row)
	}
	for i, s := range rule.Segments {
		from, to := max(was.Base, s.From), was.Base+over
		if i+1 < len(rule.Segments) {
			to = min(to, rule.Segments[i+1].From)
		}
		if to <= from {
			continue
		}
		row.Base, row.Ratio = to-from+row.Threshold, min(10_000, s.Ratio+p.relief.Bonus)
		row.Left, row.Capped = left, false
		row.Amount, row.Rounding = policy.Share(row.Ratio, to-from)
		if left != NoCeiling {
			if row.Amount > left {
				row.Amount, row.Rounding, row.Capped = left, 0, true
			}
			left -= row.Amount
		}
		now.Paid += row.Amount
		w.row(row)
		row.Threshold = 0
	}
	w.scope -= now.Paid
	w.out.Added[p.kind] = now
}

// reduce takes the programme's reduction off what insurers leave and shares it
// among its funders in their order.
func (w *walk) reduce() {
	rule, ok := w.v.Reduction(w.c.Programme, w.c.Kind, w.category)
	if !ok {
		return
	}
	kind := ReductionKind(w.c.Programme)
	base := w.left
	want, rounding := policy.Share(rule.Share, base)
	ratio := rule.Share
	if rule.Free {
		want, rounding, ratio = max(0, base-rule.PatientPay), 0, 0
	}
	left := NoCeiling
	if rule.CaseCap > 0 {
		left = rule.CaseCap
	}
	if rule.YearCap > 0 {
		year := max(0, rule.YearCap-w.year[kind].Paid)
		if left == NoCeiling || year < left {
			left = year
		}
	}
	capped := left != NoCeiling && want > left
	if capped {
		want, rounding = left, 0
	}
	now := Account{Base: base}
	for _, f := range rule.Funders {
		give := want
		if f.Cap > 0 {
			give = min(give, f.Cap)
		}
		row := Row{Step: StepReduction, Payer: PayerHospital, Rule: rule.ID, Base: base, Ratio: ratio, Left: left, Capped: capped || give < want, Amount: give, Rounding: rounding}
		if rule.Free {
			row.Threshold = rule.PatientPay
		}
		if f.Kind == policy.ByFund {
			row.Payer, row.Fund = PayerFund, f.Fund
			if f.Fund == ident.Nil {
				row.Fund = w.c.Fund
			}
		}
		if give > 0 || len(w.out.Rows) > 0 && w.out.Rows[len(w.out.Rows)-1].Step != StepReduction {
			w.row(row)
		}
		want, rounding = want-give, 0
		now.Paid += give
		if left != NoCeiling {
			left -= give
		}
	}
	if now.Base > 0 {
		w.out.Added[kind] = now
	}
}
