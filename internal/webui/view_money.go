package webui

import (
	"fmt"

	"github.com/shanhai-health/shanhai/internal/money"
)

// Layer is one of those who pay, in the fixed order of every strip, waterfall
// and print.
type Layer string

// The layers; the bill is what they add up to.
const (
	LayerBill     Layer = "bill"
	LayerBasic    Layer = "basic"
	LayerCritical Layer = "critical"
	LayerAid      Layer = "aid"
	LayerOther    Layer = "other"
	LayerFund     Layer = "fund"
	LayerWaiver   Layer = "waiver"
	LayerSelf     Layer = "self"
)

// Share is what one layer pays.
type Share struct {
	Layer  Layer
	Amount money.Fen
	Name   string // empty: the layer's own name from the catalogue
}

// Strip shows who paid a bill: a bar, and under it one column per layer. A zero
// amount is shown, not hidden.
type Strip struct {
	Title  string
	Note   string
	Side   Side
	Place  string
	Joint  bool // the total of several operations: tinted, first
	Bill   money.Fen
	Shares []Share
}

// Balanced reports whether the shares add up to the bill to the fen. Only then
// may the page say so.
func (s Strip) Balanced() bool {
	var sum money.Fen
	for _, x := range s.Shares {
		sum += x.Amount
	}
	return sum == s.Bill
}

// Off is what is missing from the bill; negative when the shares exceed it.
func (s Strip) Off() money.Fen {
	off := s.Bill
	for _, x := range s.Shares {
		off -= x.Amount
	}
	return off
}

// Segment is one drawn piece of a bar, in percent with two decimals.
type Segment struct {
	Class string
	X, W  string
	Title string
}

// Segments is the bar. Styles in attributes are forbidden by the page's
// security policy, so the bar is drawn as SVG with percentages.
func (s Strip) Segments() []Segment {
	parts := make([]BarPart, 0, len(s.Shares))
	for _, x := range s.Shares {
		parts = append(parts, BarPart{Class: string(x.Layer), Amount: x.Amount})
	}
	return segments(parts, leastShare)
}

// BarPart is one piece of a bar of amounts.
type BarPart struct {
	Class  string // committed, reserved, this, free, or a layer
	Text   string
	Amount money.Fen
}

// FundBar is one line "available before / after" with its bar.
type FundBar struct {
	Label  string
	Amount money.Fen
	Parts  []BarPart
}

// Segments is the bar.
func (f FundBar) Segments() []Segment { return segments(f.Parts, leastFund) }

// The smallest widths of a drawn piece, in basis points of the bar: about three
// visible pixels beside two of gap, so that 500 yuan of 60,000 on the wide strip,
// and one case of a whole fund in the narrow card, are still seen.
const (
	leastShare = 65
	leastFund  = 190
)

// segments turns amounts into widths that fill exactly 100 %.
func segments(parts []BarPart, least int64) []Segment {
	weights := make([]int64, len(parts))
	var shown, total int64
	for i, p := range parts {
		if p.Amount > 0 {
			weights[i] = int64(p.Amount)
			total += weights[i]
			shown++
		}
	}
	if total == 0 {
		return nil
	}
	widths := money.Split(money.Fen(10_000-least*shown), weights)
	var out []Segment
	x := 0
	for i, p := range parts {
		if p.Amount <= 0 {
			continue
		}
		w := int(widths[i]) + int(least)
		out = append(out, Segment{Class: p.Class, X: percent(x), W: percent(w), Title: p.Text})
		x += w
	}
	return out
}

// percent writes basis points as a percentage.
func percent(bp int) string { return fmt.Sprintf("%d.%02d%%", bp/100, bp%100) }

// Share is the width of a coverage bar.
func (c Coverage) Share() string {
	if c.Want <= 0 {
		return "0%"
	}
	return percent(min(c.Have, c.Want) * 10_000 / c.Want)
}

// Term is one term of an equation; Op is the sign before it.
type Term struct {
	Op     string
	Name   string
	Amount money.Fen
	Note   string
	Result bool
	Href   string // the transfers it is made of
}

// Equation is a fund's state as a sum that can be checked by eye.
type Equation struct {
	Terms []Term
	Bar   FundBar
	Left  string
	Right string
}
