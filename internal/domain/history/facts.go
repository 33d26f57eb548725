package history

import (
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Long is a text that is longer than its place, as it was written. What stands in its
// place is the beginning.
type Long struct {
	Field Field
	Text  string
}

// Person is somebody named in the book. The rows of one person share one value;
// what an earlier row leaves open, a later one fills.
type Person struct {
	Name     string
	Sex      patient.Sex
	Age      int // as written, -1 when it is not
	Birth    clock.Date
	Document patient.DocumentKind // DocCitizen, DocPassport, DocBirthCertificate or DocNone
	Number   string               // canonical; empty without a document
	Phone    string
	Address  string // as written
	Township string
	Village  string
	Long     []Long // of all their rows

	key  string
	seen bool // in an accepted treatment
}

// Key is what makes two rows the same person: the document's number, else
// everything else that tells people apart. It is personal data.
func (p *Person) Key() string { return p.key }

// Visiting says whether a visiting doctor operated.
type Visiting string

// The answers; empty is "the ledger does not say".
const (
	VisitingYes Visiting = "yes"
	VisitingNo  Visiting = "no"
)

// Procedure is one operation: one row.
type Procedure struct {
	Row              int
	Kind             procedure.Kind
	Site             procedure.Site
	Side             procedure.Side
	On               clock.Date
	Operation        string // as written
	Surgeon          string
	Assistant        string
	Visiting         Visiting
	VisitingDoctor   string
	VisitingHospital string
	Implant          string
	Lens             string
	Stents           string
	Vessels          string
}

// Money is the settlement of one treatment. Known is false when the ledger has
// no amount at all for it, which is not the same as zero.
type Money struct {
	Known             bool
	Total             money.Fen
	Basic             money.Fen // also an insurance sum the ledger does not split
	Critical          money.Fen
	Assistance        money.Fen
	Other             money.Fen
	ReductionFund     money.Fen // also a reduction whose payer the ledger does not name
	ReductionHospital money.Fen
	Net               money.Fen
}

// Insurance is what the three insurance layers paid.
func (m Money) Insurance() money.Fen { return m.Basic + m.Critical + m.Assistance }

// Reduction is what was waived or paid by a fund.
func (m Money) Reduction() money.Fen { return m.ReductionFund + m.ReductionHospital }

// Payers is everything but the patient's own part.
func (m Money) Payers() money.Fen { return m.Insurance() + m.Other + m.Reduction() }

func (m Money) plus(o Money) Money {
	return Money{m.Known || o.Known, m.Total + o.Total, m.Basic + o.Basic, m.Critical + o.Critical, m.Assistance + o.Assistance,
		m.Other + o.Other, m.ReductionFund + o.ReductionFund, m.ReductionHospital + o.ReductionHospital, m.Net + o.Net}
}

// Treatment is one admission or day case: one person-time.
type Treatment struct {
	Rows         []int
	Programme    procedure.Programme
	Person       *Person
	Hospital     string // the name the spelling stands for, else as written; empty when the ledger has none
	AdmissionNo  string
	AdmittedOn   clock.Date
	DischargedOn clock.Date
	Diagnosis    string
	Categories   []terminology.Category
	Procedures   []Procedure
	Money        Money
	Remark       string
	Long         []Long // hospital and admission number

	bad int // first refused row; 0 when all are good
}

// Key identifies an operation for good: the same person, operation, side and
// day. It does not change when an alias is mapped or an amount is corrected,
// so importing a book again finds what is there. It holds personal data; store
// a keyed digest of it.
func (t *Treatment) Key(p Procedure) string {
	return operationKey(t.Person, p)
}

func operationKey(who *Person, p Procedure) string {
	return strings.Join([]string{who.key, string(p.Kind), string(p.Side), p.On.String()}, "|")
}

// Content is everything the treatment says, in one stable text. When Key is
// known but Content differs, the ledger was changed since the last import. It
// holds personal data; store a digest of it.
func (t *Treatment) Content() string {
	var b strings.Builder
	add := func(parts ...string) {
		for _, p := range parts {
			b.WriteString(strconv.Quote(p))
			b.WriteByte('\n')
		}
	}
	who := t.Person
	add("history/1", string(t.Programme), who.Name, string(who.Sex), string(who.Document), who.Number, who.Phone, who.Address,
		who.Township, who.Village, t.Hospital, t.AdmissionNo, t.AdmittedOn.String(), t.DischargedOn.String(), t.Diagnosis, t.Remark)
	for _, c := range t.Categories {
		add(string(c))
	}
	for _, p := range t.Procedures {
		add(string(p.Kind), string(p.Side), p.On.String(), p.Surgeon, p.Assistant, string(p.Visiting), p.VisitingDoctor,
			p.VisitingHospital, p.Implant, p.Lens, p.Stents, p.Vessels)
	}
	m := t.Money
	for _, f := range []money.Fen{m.Total, m.Basic, m.Critical, m.Assistance, m.Other, m.ReductionFund, m.ReductionHospital, m.Net} {
		add(f.Plain())
	}
	return b.String()
}
