package webui

import (
	"regexp"
	"strings"

	"github.com/shanhai-health/shanhai/internal/sheet"
)

// written is a number as pages write it: thousands apart, with the true minus, a
// change with its sign, a share in percent.
var written = regexp.MustCompile(`^([+−-]?)(0|[1-9]\d*|[1-9]\d{0,2}(?:,\d{3})+)(\.\d+)?(%?)$`)

// fileValue is a text of a page as a file has it: a number is one, for people who go
// on counting with it, and has the minus programs read. Everything else, intervals
// and numbers of cases among it, is the same text.
func fileValue(text string) any {
	x := written.FindStringSubmatch(text)
	if x == nil {
		return text
	}
	number := strings.ReplaceAll(x[2], ",", "") + x[3]
	if x[1] != "" && x[1] != "+" && strings.Trim(number, "0.") != "" {
		number = "-" + number
	}
	if x[4] != "" {
		return sheet.Percent(number)
	}
	return sheet.Figure(number)
}

// fileRow is a row of texts for a file. The first says which row it is and stays text,
// should it look like a number.
func fileRow(texts []string) sheet.Record {
	row := make(sheet.Record, len(texts))
	for i, text := range texts {
		row[i] = fileValue(text)
		if i == 0 {
			row[i] = text
		}
	}
	return row
}
