package fund

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// SourceKind is where a fund's money comes from.
type SourceKind string

// The sources. A hospital's own waiver stands beside the funds in every
// settlement; a fund of that kind is a sum a hospital set aside beforehand.
const (
	DonorFiscal     SourceKind = "donor_fiscal"
	RecipientFiscal SourceKind = "recipient_fiscal"
	Central         SourceKind = "central"
	Municipal       SourceKind = "municipal"
	Enterprise      SourceKind = "enterprise"
	Donation        SourceKind = "donation"
	Waiver          SourceKind = "waiver"
)

// Sources lists the sources.
func Sources() []SourceKind {
	return []SourceKind{DonorFiscal, RecipientFiscal, Central, Municipal, Enterprise, Donation, Waiver}
}

// Label is the message key of the source's name.
func (s SourceKind) Label() string { return "fund.source." + string(s) }

// Earmark says whom a fund may help and when. What is empty binds nothing.
type Earmark struct {
	Kind       FundKind
	Programme  procedure.Programme
	Hospitals  []ident.ID
	Categories []terminology.Category
	From, To   clock.Date
	Closed     bool
}

// Asked is what somebody wants to be paid.
type Asked struct {
	Programme procedure.Programme
	Hospital  ident.ID
	Category  terminology.Category // empty: not known yet
	On        clock.Date
	Amount    money.Fen
}

// Reason is one condition under which a fund does not pay.
type Reason string

// The conditions.
const (
	WhyHistory   Reason = "history"
	WhyClosed    Reason = "closed"
	WhyProgramme Reason = "programme"
	WhyHospital  Reason = "hospital"
	WhyCategory  Reason = "category"
	WhyPeriod    Reason = "period"
	WhyDeposit   Reason = "deposit" // the money left is bound to something else
	WhyBalance   Reason = "balance"
)

// Reasons lists the conditions in the order in which they are looked at.
func Reasons() []Reason {
	return []Reason{WhyHistory, WhyClosed, WhyProgramme, WhyHospital, WhyCategory, WhyPeriod, WhyDeposit, WhyBalance}
}

// Label is the message key of the sentence; it may use programme, from, to,
// available and short.
func (r Reason) Label() string { return "fund.why." + string(r) }

// WhyNot names every condition the earmark sets that is not met.
func (e Earmark) WhyNot(a Asked) []Reason {
	fails := map[Reason]bool{
		WhyHistory:   e.Kind != Pool,
		WhyClosed:    e.Closed,
		WhyProgramme: e.Programme != "" && e.Programme != a.Programme,
		WhyHospital:  len(e.Hospitals) > 0 && !slices.Contains(e.Hospitals, a.Hospital),
		WhyCategory:  len(e.Categories) > 0 && a.Category != "" && !slices.Contains(e.Categories, a.Category),
		WhyPeriod:    a.On.Before(e.From) || !e.To.IsZero() && a.On.After(e.To),
	}
	var out []Reason
	for _, r := range Reasons() {
		if fails[r] {
			out = append(out, r)
		}
	}
	return out
}

// Judge is WhyNot with the money that is there.
func (e Earmark) Judge(a Asked, available money.Fen) []Reason {
	out := e.WhyNot(a)
	if a.Amount > available {
		out = append(out, WhyBalance)
	}
	return out
}

// Args are what the sentences of the reasons say.
func (e Earmark) Args(a Asked, available money.Fen) errs.Args {
	args := errs.Args{"from": e.From, "to": e.To, "available": available, "short": max(a.Amount-available, 0), "programme": errs.Key(a.Programme.Label())}
	if e.Programme != "" {
		args["programme"] = errs.Key(e.Programme.Label())
	}
	return args
}
