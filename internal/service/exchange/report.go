package exchange

import (
	"encoding/json"

	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Report is what a ledger says, for machines: the totals of each sheet and one
// message for each row there is something to say about.
type Report struct {
	Sheets []SheetReport `json:"sheets"`
}

// SheetReport is one tab.
type SheetReport struct {
	Sheet       string       `json:"sheet"`
	Patients    int          `json:"patients"`
	PersonTimes int          `json:"person_times"`
	Procedures  int          `json:"procedures"`
	Total       money.Fen    `json:"total_fen"`
	Insurance   money.Fen    `json:"insurance_fen"`
	Reduction   money.Fen    `json:"reduction_fen"`
	Net         money.Fen    `json:"net_fen"`
	Rows        []RowMessage `json:"rows"`
}

// RowMessage is what is said about a row, with its number as the spreadsheet
// shows it.
type RowMessage struct {
	Row     int           `json:"row"`
	Level   history.Level `json:"level"`
	Message string        `json:"message"`
}

// ReportOf makes the report of a book in a language.
func ReportOf(book *history.Book, p i18n.Printer) Report {
	r := Report{Sheets: []SheetReport{}}
	for _, s := range book.Sheets {
		sheet := SheetReport{Sheet: s.Sheet, Patients: s.Patients, PersonTimes: s.PersonTimes, Procedures: s.Procedures, Total: s.TotalFen,
			Insurance: s.InsuranceFen, Reduction: s.ReductionFen, Net: s.NetFen, Rows: []RowMessage{}}
		for _, m := range s.Rows {
			sheet.Rows = append(sheet.Rows, RowMessage{m.Row, m.Level, m.Text(p)})
		}
		r.Sheets = append(r.Sheets, sheet)
	}
	return r
}

// Figures is what is kept of a ledger beside the file: counts and sums, nothing
// about a person.
type Figures struct {
	Sheets      []SheetFigures `json:"sheets"`
	Persons     int            `json:"persons"` // distinct people in the whole file
	Known       int            `json:"known"`   // operations an earlier import brought
	Added       Added          `json:"added"`
	Provisional []string       `json:"provisional,omitempty"` // hospitals met for the first time
}

// SheetFigures are the totals of one tab.
type SheetFigures struct {
	Sheet       string    `json:"sheet"`
	Programme   string    `json:"programme"`
	Patients    int       `json:"patients"`
	PersonTimes int       `json:"person_times"`
	Procedures  int       `json:"procedures"`
	Total       money.Fen `json:"total_fen"`
	Insurance   money.Fen `json:"insurance_fen"`
	Reduction   money.Fen `json:"reduction_fen"`
	Net         money.Fen `json:"net_fen"`
	Errors      int       `json:"errors"`
	Warnings    int       `json:"warnings"`
	Skipped     int       `json:"skipped"`
}

// Added is what an import brought.
type Added struct {
	Persons       int       `json:"persons"` // people not known before
	Registrations int       `json:"registrations"`
	Cases         int       `json:"cases"`
	PersonTimes   int       `json:"person_times"`
	Procedures    int       `json:"procedures"`
	Reduction     money.Fen `json:"reduction_fen"` // through the history funds
}

func figuresOf(book *history.Book) Figures {
	f := Figures{Persons: book.Persons}
	for _, s := range book.Sheets {
		f.Sheets = append(f.Sheets, SheetFigures{Sheet: s.Sheet, Programme: string(s.Programme), Patients: s.Patients, PersonTimes: s.PersonTimes,
			Procedures: s.Procedures, Total: s.TotalFen, Insurance: s.InsuranceFen, Reduction: s.ReductionFen, Net: s.NetFen,
			Errors: s.Count(history.LevelError), Warnings: s.Count(history.LevelWarning), Skipped: s.Count(history.LevelSkip)})
	}
	return f
}

func (f Figures) raw() json.RawMessage {
	raw, err := json.Marshal(f)
	if err != nil {
		panic("exchange: figures that cannot be encoded: " + err.Error()) // numbers and names only
	}
	return raw
}

// rows is the number of operations in the totals of all sheets.
func (f Figures) rows() (n int) {
	for _, s := range f.Sheets {
		n += s.Procedures
	}
	return n
}
