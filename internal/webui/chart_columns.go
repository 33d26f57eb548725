package webui

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
)

// saidColumns are the columns of a figure in words, in the order of [report.Said.Row].
var saidColumns = [4]string{"measures.value", "measures.interval", "measures.rests", "measures.coverage"}

// The columns a table of a chart may lack.
const (
	saidInterval = 1
	saidRests    = 2
	saidCoverage = 3
)

// stated puts columns into the table of a drawing before column at: a figure stands
// nowhere without its interval, what it rests on and how much of that is known, in
// the table of a chart and its file no more than elsewhere. The readings are those
// of the rows. Where no row has anything to say, as of counts, there is no column.
func stated(b Base, d chart.Drawing, at int, list []measure.Reading, columns ...int) chart.Drawing {
	if len(d.Rows) != len(list) {
		return d
	}
	rows, said := slices.Clone(d.Rows), make([][4]string, len(list))
	for i, r := range list {
		said[i] = inWords(b, r).Row()
	}
	d.Heads = slices.Clone(d.Heads)
	for _, column := range columns {
		if !slices.ContainsFunc(said, func(row [4]string) bool { return row[column] != "–" }) {
			continue
		}
		d.Heads = slices.Insert(d.Heads, at, b.T(saidColumns[column]))
		for i := range rows {
			rows[i].Cells = slices.Insert(slices.Clone(rows[i].Cells), at, said[i][column])
		}
		at++
	}
	d.Rows = rows
	return d
}
