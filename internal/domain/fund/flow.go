package fund

import (
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Flow is committed money of a period on one way from its source through a fund
// to a programme and a hospital.
type Flow struct {
	Source       SourceKind
	Fund         ident.ID
	FundName     string
	Programme    procedure.Programme // empty: of a case the reader does not see
	Hospital     ident.ID            // nil: the same
	HospitalName string
	Amount       money.Fen
	Times        int // person-times: treatments, not persons and not operations
}

// FlowMap is what can be drawn of the flows, and what was taken back in the period
// beyond what went out: a way on which money came back cannot be drawn, so that it
// stands beside the picture and both together are the sum of the ledger.
type FlowMap struct {
	Drawn []Flow
	Back  []Flow
}

// MapOf divides flows into the two.
func MapOf(all []Flow) (m FlowMap) {
	for _, f := range all {
		switch {
		case f.Amount > 0:
			m.Drawn = append(m.Drawn, f)
		case f.Amount < 0:
			m.Back = append(m.Back, f)
		}
	}
	return m
}

// Sum is the amount of the ways that are drawn.
func (m FlowMap) Sum() money.Fen { return sumOf(m.Drawn) }

// Returned is what came back, as a positive amount.
func (m FlowMap) Returned() money.Fen { return -sumOf(m.Back) }

func sumOf(list []Flow) (sum money.Fen) {
	for _, f := range list {
		sum += f.Amount
	}
	return sum
}

// FlowEnd is one of the four levels a flow passes.
type FlowEnd string

// The levels, from the left to the right.
const (
	EndSource    FlowEnd = "source"
	EndFund      FlowEnd = "fund"
	EndProgramme FlowEnd = "programme"
	EndHospital  FlowEnd = "hospital"
)

// FlowNode names a place on a level. The level is part of it, so that a fund and a
// hospital never fall together.
type FlowNode struct {
	End FlowEnd
	Key string
}

// FlowStep is the money between two neighbouring places.
type FlowStep struct {
	From, To FlowNode
	Amount   money.Fen
}

// Nodes are the places a flow passes.
func (f Flow) Nodes() [4]FlowNode {
	return [4]FlowNode{{EndSource, string(f.Source)}, {EndFund, f.Fund.String()}, {EndProgramme, string(f.Programme)}, {EndHospital, f.Hospital.String()}}
}

// Steps adds the drawn ways up between neighbouring places, in the order in which
// they first occur. What comes into a place goes out of it again to the fen: each
// way adds the same amount on both sides.
func (m FlowMap) Steps() []FlowStep {
	var out []FlowStep
	at := map[[2]FlowNode]int{}
	for _, f := range m.Drawn {
		n := f.Nodes()
		for i := range 3 {
			k := [2]FlowNode{n[i], n[i+1]}
			j, ok := at[k]
			if !ok {
				j, at[k] = len(out), len(out)
				out = append(out, FlowStep{From: n[i], To: n[i+1]})
			}
			out[j].Amount += f.Amount
		}
	}
	return out
}
