package webui

import (
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/exchange"
)

func importPages() []PageSample {
	sample := func(state exchange.BatchState, job exchange.JobState) func(Base) View {
		return func(b Base) View { return newImportView(b, sampleDay(), sampleImport(state, job)) }
	}
	return []PageSample{
		{"exchange/list", func(b Base) View { return newImportsView(b, importForm(b, sampleDay()), nil) }},
		{"exchange/list", func(b Base) View {
			f := importForm(b, sampleDay())
			f.Fail("file", "error.sheet.xls")
			return newImportsView(b, f, []exchange.View{sampleImport(exchange.BatchPreviewed, ""), sampleImport(exchange.BatchReversed, "")})
		}},
		{"exchange/batch", sample(exchange.BatchPreviewed, "")},
		{"exchange/batch", sample(exchange.BatchPreviewed, exchange.JobRunning)},
		{"exchange/batch", sample(exchange.BatchImported, exchange.JobDone)},
		{"exchange/batch", sample(exchange.BatchImported, exchange.JobFailed)},
		{"exchange/batch", sample(exchange.BatchReversed, exchange.JobDone)},
	}
}

func sampleImport(state exchange.BatchState, job exchange.JobState) exchange.View {
	hospital := partnership.Organisation{ID: ident.Derive(ident.Nil, "hospital"), Code: "M1", Name: "Yunling Hospital of TCM", Kind: partnership.Hospital}
	v := exchange.View{Batch: exchange.Batch{ID: ident.Derive(ident.Nil, "import"), File: "ledger-2021.xlsx", State: state, By: "approver", CreatedAt: sampleDay().Start()},
		Hospitals: []partnership.Organisation{hospital}, Job: exchange.Job{State: job, Progress: 1, Total: 3, ErrorKey: "error.import.later_work"},
		Figures: exchange.Figures{Persons: 2, Known: 1, Provisional: []string{"Some Hospital"}, Sheets: []exchange.SheetFigures{
			{Sheet: "Joints", Programme: "joint", Patients: 2, PersonTimes: 3, Procedures: 3, Total: 100_00, Net: 100_00, Errors: 1, Warnings: 1},
			{Sheet: "Cataracts", Programme: "cataract", Patients: 1, PersonTimes: 1, Procedures: 1}}}}
	v.Stayed = []exchange.Taken{{CaseNo: "SH-2021-00012", Case: ident.Derive(ident.Nil, "case")}}
	v.Book = &history.Book{Persons: 2, Sheets: []*history.SheetResult{{Sheet: "Joints",
		Rows: []history.RowMessage{{Row: 7, Level: history.LevelError, Issues: []history.Issue{{Level: history.LevelError, Key: "history.row.name_missing", Column: 1}}},
			{Row: 9, Level: history.LevelWarning, Issues: []history.Issue{{Level: history.LevelWarning, Key: "history.row.hospital_missing", Column: 3}}}},
		Notes:             []history.Note{{Level: history.LevelWarning, Key: "history.row.insurance_unsplit"}},
		Normalised:        map[history.Change]int{history.ChangeDate: 12, history.ChangeSpace: 3},
		UnknownHospitals:  []history.Unknown{{Text: "TCM Hospital", Count: 3, Suggestion: hospital.Name}},
		UnknownCategories: []history.Unknown{{Text: "五保供养甲", Count: 2}},
		Blocks: []history.Mapping{{Sheet: "Joints", HeaderFirst: 3, HeaderLast: 4, Columns: []history.Column{{Index: 0, Label: "Name", Field: history.FieldName},
			{Index: 1, Label: "Bill", Field: history.FieldTotal, Unit: money.Yuan}, {Index: 2, Label: "Bed"}}}}}}}
	return v
}
