package exchange

import (
	"context"
	"encoding/json"
	"io"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/sheet"
	"github.com/shanhai-health/shanhai/internal/store"
)

// maxAlias is the longest spelling that is learned, in characters.
const maxAlias = 80

// Learned is what the office says about spellings it was asked about. The keys
// are spellings as the ledger has them.
type Learned struct {
	Hospitals  map[string]ident.ID // organisations of the partnership
	Categories map[string]terminology.Category
}

// Learn makes spellings of hospitals and of categories mean what the office
// says, for this file and every later one.
func (s *Service) Learn(ctx context.Context, who user.Principal, batch ident.ID, l Learned) error {
	if err := s.may(who, authz.ImportRun); err != nil {
		return err
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.ImportMap, ObjectKind: audit.ObjectImport, ObjectID: batch, Detail: map[string]any{"names": len(l.Hospitals), "categories": len(l.Categories)}})
		if _, err := tx.BatchByID(batch); err != nil {
			return err
		}
		d, err := learn(tx)
		if err != nil {
			return err
		}
		for text, id := range l.Hospitals { // a handful, chosen one by one on the page
			known := slices.ContainsFunc(d.all, func(o partnership.Organisation) bool { return o.ID == id })
			if !known || text == "" || len([]rune(text)) > maxAlias {
				var f errs.Fields
				f.Add("hospital", "form.error.pick")
				return f.Err()
			}
			if err := tx.PutAlias(text, id); err != nil {
				return err
			}
		}
		return learnCategories(tx, l.Categories)
	})
}

func learnCategories(tx *store.Tx, learned map[string]terminology.Category) error {
	for text, category := range learned {
		if !category.Valid() || text == "" || len([]rune(text)) > maxAlias {
			var f errs.Fields
			f.Add("category", "form.error.pick")
			return f.Err()
		}
		if err := tx.PutCategoryAlias(history.CategoryKey(text), category); err != nil {
			return err
		}
	}
	return nil
}

// Correction says what the columns of one header mean. With Keep it holds for
// every later file with the same header.
type Correction struct {
	Mapping history.Mapping
	Keep    bool
}

// Correct stores what the columns of a header mean, as somebody corrected it.
func (s *Service) Correct(ctx context.Context, who user.Principal, id ident.ID, c Correction) error {
	if err := s.may(who, authz.ImportRun); err != nil {
		return err
	}
	if err := checkMapping(c.Mapping); err != nil {
		return err
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.ImportMap, ObjectKind: audit.ObjectImport, ObjectID: id,
			Detail: map[string]any{"sheet": c.Mapping.Sheet, "header": c.Mapping.HeaderFirst, "kept": c.Keep}})
		b, err := tx.BatchForUpdate(id)
		if err != nil {
			return err
		}
		if err := b.MustBe(store.BatchPreviewed); err != nil {
			return err
		}
		own := slices.DeleteFunc(ownMappings(b), func(m history.Mapping) bool {
			return m.Sheet == c.Mapping.Sheet && m.HeaderFirst == c.Mapping.HeaderFirst
		})
		if b.Mapping, err = json.Marshal(append(own, c.Mapping)); err != nil {
			return err
		}
		if err := tx.SaveBatch(b); err != nil || !c.Keep {
			return err
		}
		return keep(tx, c.Mapping)
	})
}

// keep saves a mapping for later files: it belongs to the header, not to a tab.
func keep(tx *store.Tx, m history.Mapping) error {
	name := m.Sheet
	m.Sheet, m.HeaderFirst, m.HeaderLast = "", 0, 0
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return tx.PutMapping(store.SavedMapping{ID: ident.New(), Name: name, Mapping: raw}, m.Signature)
}

// checkMapping: a field stands in one column only.
func checkMapping(m history.Mapping) error {
	var f errs.Fields
	seen := map[history.Field]bool{}
	for _, c := range m.Columns {
		if c.Field != history.FieldNone && seen[c.Field] {
			f.Add(ColumnName(c.Index), "error.import.column_twice", "field", errs.Key(c.Field.Key()))
		}
		seen[c.Field] = true
	}
	if !seen[history.FieldName] && !seen[history.FieldNumber] {
		f.Add("columns", "error.import.column_person")
	}
	return f.Err()
}

// ColumnName is the form name of a column.
func ColumnName(index int) string { return "col-" + history.Column{Index: index}.Letter() }

// Refused writes the refused rows of a ledger back as a workbook, the wrong
// cells coloured and explained, for the office to mend.
func (s *Service) Refused(ctx context.Context, who user.Principal, id ident.ID, p i18n.Printer, w io.Writer) (store.Batch, error) {
	v, d, err := s.load(ctx, who, id)
	if err != nil {
		return v.Batch, err
	}
	f, err := s.file(v.Batch)
	if err != nil {
		return v.Batch, err
	}
	wb, err := f.open()
	if err != nil {
		return v.Batch, err
	}
	defer wb.Close()
	book, err := history.Interpret(ctx, wb.Ledgers(), d.options(clock.Today(s.clock), ownMappings(v.Batch)))
	if err != nil {
		return v.Batch, err
	}
	_, err = sheet.WriteReturned(ctx, w, wb, sheet.Refused(book, p))
	return v.Batch, err
}
