package funding

import (
	"bytes"
	"context"
	"crypto/sha256"
	"reflect"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/insurer"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	spreadsheet "github.com/shanhai-health/shanhai/internal/sheet"
	"github.com/shanhai-health/shanhai/internal/store"
)

// The largest sheet: a year of a large hospital is a few thousand stays.
const (
	MaxSheetBytes = 8 << 20
	MaxSheetRows  = 5000
)

// SheetFile is an insurer's settlement sheet as it is handed in.
type SheetFile struct {
	Hospital ident.ID // nil: the one the desk works at
	Name     string
	Content  []byte
}

// ReadSheet hands a sheet in: it is read, matched to treatments and kept, so that
// a person can look at it. Nothing is settled yet. A sheet with the same content
// is not taken twice: the answer is the first one.
func (s *Service) ReadSheet(ctx context.Context, who user.Principal, in SheetFile, key string) (Sheet, error) {
	if err := s.door(who, authz.SettlementSettle); err != nil {
		return Sheet{}, err
	}
	hospital, err := s.deskOf(who, in.Hospital)
	if err != nil {
		return Sheet{}, err
	}
	rows, err := readSheet(ctx, in, clock.Today(s.db.Clock()))
	if err != nil {
		return Sheet{}, err
	}
	digest := sha256.Sum256(in.Content)
	id := ident.New()
	return store.Once(ctx, s.db, who, store.KeyOf(key, digest[:]), func(tx *store.Tx) (Sheet, error) {
		tx.Intend(audit.Event{Action: audit.SheetRead, ObjectKind: audit.ObjectImport, ObjectID: id, Detail: map[string]any{"rows": len(rows)}})
		old, known, err := tx.SheetLike(hospital, digest[:])
		if err != nil || known {
			tx.Amend("known", known)
			return old, err
		}
		b := Sheet{ID: id, Hospital: hospital, File: document.CleanName(in.Name), Digest: digest[:], State: store.SheetPreviewed, Total: len(rows)}
		matched, err := matchSheet(tx, hospital, rows)
		if err != nil {
			return b, err
		}
		for _, r := range matched {
			if r.State == store.RowWrong {
				b.Wrong++
			}
		}
		if err := tx.InsertSheet(b, matched); err != nil {
			return b, err
		}
		return tx.SheetByID(id)
	})
}

// deskOf is the hospital whose desk hands a sheet in.
func (s *Service) deskOf(who user.Principal, asked ident.ID) (ident.ID, error) {
	if asked == ident.Nil {
		if mine := s.listed(who, authz.SettlementSettle); len(mine) == 1 {
			asked = mine[0]
		}
	}
	var f errs.Fields
	if asked == ident.Nil {
		f.Add("hospital", "form.error.missing")
		return asked, f.Err()
	}
	return asked, s.at(who, authz.SettlementSettle, asked, "error.insurer.sheet_missing")
}

// readSheet reads the first tab with the head of a settlement sheet.
func readSheet(ctx context.Context, in SheetFile, today clock.Date) ([]insurer.Row, error) {
	book, err := spreadsheet.OpenReader(bytes.NewReader(in.Content), int64(len(in.Content)), "sheet", spreadsheet.Options{MaxBytes: MaxSheetBytes})
	if err != nil {
		return nil, err
	}
	defer book.Close()
	for _, tab := range book.Sheets() {
		t := tabReader{today: today, shift: 0}
		if book.Date1904() {
			t.shift = 1462
		}
		if err := tab.Rows(ctx, t.row); err != nil {
			return nil, err
		}
		if len(t.rows) > 0 {
			return t.rows, nil
		}
	}
	return nil, errs.New(errs.Invalid, "error.insurer.head", errs.Args{"columns": neededHeads()})
}

func neededHeads() string {
	var out []string
	for _, c := range insurer.Needed() {
		out = append(out, c.Heading()+" "+string(c))
	}
	return strings.Join(out, "、")
}

// tabReader finds the head of a tab and reads what is below it. Titles above it
// are passed over.
type tabReader struct {
	today clock.Date
	shift int // of day serials that count from 1904
	heads map[int]insurer.Column
	rows  []insurer.Row
}

func (t *tabReader) row(r spreadsheet.Row) error {
	if t.heads == nil {
		t.head(r)
		return nil
	}
	cells := map[insurer.Column]insurer.Cell{}
	for _, c := range r.Cells {
		column, ok := t.heads[c.Col]
		if !ok {
			continue
		}
		cell := insurer.Cell{Text: c.Text}
		if n, err := strconv.Atoi(strings.SplitN(c.Text, ".", 2)[0]); err == nil && c.Date {
			cell.Day, _ = clock.ExcelSerial(n + t.shift)
		}
		cells[column] = cell
	}
	if len(cells) == 0 || insurer.Total(cells[insurer.SettlementNo].Text) {
		return nil
	}
	if len(t.rows) == MaxSheetRows {
		return errs.New(errs.TooLarge, "error.insurer.rows", errs.Args{"max": MaxSheetRows})
	}
	t.rows = append(t.rows, insurer.Read(r.Number, cells, t.today))
	return nil
}

func (t *tabReader) head(r spreadsheet.Row) {
	heads, seen := map[int]insurer.Column{}, map[insurer.Column]bool{}
	for _, c := range r.Cells {
		if column, ok := insurer.Recognise(c.Text); ok && !seen[column] {
			heads[c.Col], seen[column] = column, true
		}
	}
	for _, c := range insurer.Needed() {
		if !seen[c] {
			return
		}
	}
	t.heads = heads
}

// matchSheet finds the treatment of each row and what applying it will do. A row
// that is about none, or about two, is wrong and says so at its cell.
func matchSheet(tx *store.Tx, hospital ident.ID, rows []insurer.Row) ([]store.SheetRow, error) {
	stays, err := tx.FindStays(hospital, rows)
	if err != nil {
		return nil, err
	}
	of := map[int][]store.Stay{}
	for _, x := range stays {
		of[x.Row] = append(of[x.Row], x)
	}
	numbers := make([]string, len(rows))
	for i, r := range rows {
		numbers[i] = r.Settlement
	}
	before, err := tx.NumbersApplied(hospital, numbers)
	if err != nil {
		return nil, err
	}
	out := make([]store.SheetRow, len(rows))
	taken := map[ident.ID]int{}
	for i, r := range rows {
		x := store.SheetRow{ID: ident.New(), No: r.No, Number: r.Settlement, SettledOn: r.SettledOn, Amounts: r.Amounts, Problems: r.Problems, Drifts: r.Drifts, Act: store.ActNone}
		if len(x.Problems) == 0 {
			x.Problems, x.Treatment, x.Act = matchRow(r, known(of[r.No], before[r.Settlement].Treatment), taken)
		}
		if old, again := before[r.Settlement]; again && len(x.Problems) == 0 && reflect.DeepEqual(old.Amounts, r.Amounts) {
			x.Act = store.ActRepeat
		}
		x.State = store.RowReady
		if len(x.Problems) > 0 {
			x.State, x.Act = store.RowWrong, store.ActNone
		}
		out[i] = x
	}
	return out, nil
}

// known leaves of what was found the treatment that an earlier sheet applied
// under the same settlement number.
func known(found []store.Stay, before ident.ID) []store.Stay {
	for _, x := range found {
		if x.Treatment == before {
			return []store.Stay{x}
		}
	}
	return found
}

// matchRow judges what was found for a row; taken says which rows above stand for
// which treatment.
func matchRow(r insurer.Row, found []store.Stay, taken map[ident.ID]int) ([]insurer.Problem, ident.ID, store.RowAct) {
	at := insurer.SettlementNo
	switch {
	case r.CaseNo != "":
		at = insurer.CaseNo
	case r.AdmissionNo != "":
		at = insurer.AdmissionNo
	case r.Tail != "":
		at = insurer.IdentityNo
	}
	fail := func(key string, args map[string]string) ([]insurer.Problem, ident.ID, store.RowAct) {
		return []insurer.Problem{{Column: at, Key: key, Args: args}}, ident.Nil, store.ActNone
	}
	switch {
	case len(found) == 0:
		return fail("error.insurer.no_stay", nil)
	case len(found) > 1:
		return fail("error.insurer.two_stays", nil)
	}
	t := found[0]
	if above, twice := taken[t.Treatment]; twice {
		return fail("error.insurer.twice", map[string]string{"row": strconv.Itoa(above)})
	}
	taken[t.Treatment] = r.No
	switch t.State {
	case treatment.Discharged:
		return nil, t.Treatment, store.ActSettle
	case treatment.Settled, treatment.Closed:
		return nil, t.Treatment, store.ActCompare
	}
	return fail("error.insurer.not_discharged", nil)
}

// SheetView is a sheet with a page of its rows.
type SheetView struct {
	Sheet
	Rows     page.Result[SheetRow]
	MayApply bool
	MayUndo  bool
	Used     bool // something has built on it, so that it stays
}

// SheetRows reads a sheet with a page of its rows.
func (s *Service) SheetRows(ctx context.Context, who user.Principal, id ident.ID, req page.Request) (v SheetView, err error) {
	if err := s.door(who, authz.SettlementRead); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.SettlementRead, ObjectKind: audit.ObjectImport, ObjectID: id})
		if v.Sheet, err = tx.SheetByID(id); err != nil {
			return err
		}
		if err := s.reads(who, authz.SettlementRead, []ident.ID{v.Hospital}, "error.insurer.sheet_missing"); err != nil {
			return err
		}
		if v.Rows, err = tx.ListSheetRows(id, req); err != nil {
			return err
		}
		for i := range v.Rows.Rows {
			v.Rows.Rows[i].PersonName = s.shown(who, v.Rows.Rows[i].PersonName)
		}
		v.Used, err = tx.SheetUsed(id)
		return err
	})
	may := err == nil && s.at(who, authz.SettlementSettle, v.Hospital, "error.insurer.sheet_missing") == nil
	v.MayApply = may && (v.State == store.SheetPreviewed || v.State == store.SheetApplying)
	v.MayUndo = may && v.State != store.SheetUndone && !v.Used
	return v, err
}

// Sheets is a page of sheets, the latest first.
func (s *Service) Sheets(ctx context.Context, who user.Principal, req page.Request) (out page.Result[Sheet], err error) {
	if err := s.door(who, authz.SettlementRead); err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectImport})
		out, err = tx.ListSheets(s.listed(who, authz.SettlementRead), req)
		return err
	})
	return out, err
}
