package exchange

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// directory is what the partnership knows about names: hospitals by their names
// and the spellings it has learned.
type directory struct {
	byKey      map[string]partnership.Organisation // by history.HospitalKey
	all        []partnership.Organisation
	known      []history.Mapping
	categories map[string]terminology.Category // learned spellings
	idle       map[ident.ID]partnership.Member // provisional ones a reversal left with nothing standing on them
}

// learn reads the directory and the saved mappings.
func learn(tx *store.Tx) (directory, error) {
	d := directory{byKey: map[string]partnership.Organisation{}, idle: map[ident.ID]partnership.Member{}}
	members, err := tx.Members(tx.Partnership())
	if err != nil {
		return d, err
	}
	byID := map[ident.ID]partnership.Organisation{}
	for _, m := range members {
		o := m.Organisation
		if o.Kind != partnership.Hospital || o.MergedInto != ident.Nil {
			continue
		}
		if _, twice := byID[o.ID]; !twice {
			d.all = append(d.all, o)
		}
		byID[o.ID] = o
		if delete(d.idle, o.ID); o.Provisional && !m.To.IsZero() {
			d.idle[o.ID] = m.Member // the last one counts: they come by their first day
		}
		d.name(o.Name, o)
		d.name(o.ShortName, o)
	}
	if err := d.aliases(tx, byID); err != nil {
		return d, err
	}
	learned, err := tx.CategoryAliases()
	if err != nil {
		return d, err
	}
	if d.categories, err = ruledCategories(tx); err != nil {
		return d, err
	}
	for text, category := range learned {
		d.categories[history.CategoryKey(text)] = category
	}
	saved, err := tx.Mappings()
	for _, m := range saved {
		var one history.Mapping
		if json.Unmarshal(m.Mapping, &one) == nil { // of an older version: the header is found again
			d.known = append(d.known, one)
		}
	}
	return d, err
}

// ruledCategories are the names and spellings of categories in the released rules
// of payment; those of the latest version win.
func ruledCategories(tx *store.Tx) (map[string]terminology.Category, error) {
	list, err := tx.ReleasedPolicies()
	out := map[string]terminology.Category{}
	for i := len(list) - 1; i >= 0; i-- { // the latest last
		for _, c := range list[i].Categories {
			for _, text := range append([]string{c.ZH, c.EN}, c.Synonyms...) {
				out[history.CategoryKey(text)] = terminology.Category(c.Code)
			}
		}
	}
	return out, err
}

// aliases adds the learned spellings; what a spelling means may be outside of
// the partnership today.
func (d *directory) aliases(tx *store.Tx, byID map[ident.ID]partnership.Organisation) error {
	list, err := tx.Aliases()
	if err != nil {
		return err
	}
	var missing []ident.ID
	for _, a := range list {
		if _, ok := byID[a.Organisation]; !ok {
			missing = append(missing, a.Organisation)
		}
	}
	if len(missing) > 0 {
		others, err := tx.OrganisationsByID(missing)
		if err != nil {
			return err
		}
		for _, o := range others {
			byID[o.ID] = o
		}
	}
	for _, a := range list {
		if o, ok := byID[a.Organisation]; ok {
			d.byKey[history.HospitalKey(a.Text)] = o // a learned spelling wins over a name
		}
	}
	return nil
}

func (d *directory) name(text string, o partnership.Organisation) {
	if _, taken := d.byKey[history.HospitalKey(text)]; text != "" && !taken {
		d.byKey[history.HospitalKey(text)] = o
	}
}

// options are what the interpretation is told.
func (d directory) options(today clock.Date, own []history.Mapping) history.Options {
	names := make(map[string]string, len(d.byKey))
	for key, o := range d.byKey {
		names[key] = o.Name
	}
	return history.Options{Today: today, Hospitals: names, Categories: d.categories, Mappings: slices.Concat(own, d.known)}
}

// Check reads a ledger without keeping anything: the dry run of the command
// line, with the names the partnership knows.
func (s *Service) Check(ctx context.Context, who user.Principal, f File) (*history.Book, error) {
	if err := s.may(who, authz.ImportRun); err != nil {
		return nil, err
	}
	var d directory
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.Intend(audit.Event{Action: audit.ImportCheck, ObjectKind: audit.ObjectPartnership, ObjectID: who.PartnershipID})
		d, err = learn(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return Interpret(ctx, f, d.options(clock.Today(s.clock), nil))
}

// Upload reads and checks a ledger and keeps it, sealed, for the import. Nothing
// of it is in the system yet.
func (s *Service) Upload(ctx context.Context, who user.Principal, f File, key string) (ident.ID, error) {
	book, err := s.Check(ctx, who, f)
	if err != nil {
		return ident.Nil, err
	}
	address, err := s.blobs.Put(f.Content)
	if err != nil {
		return ident.Nil, err
	}
	b := store.Batch{ID: ident.New(), File: fileName(f.Name), Address: address, State: store.BatchPreviewed, Totals: figuresOf(book).raw()}
	return store.Once(ctx, s.db, who, store.KeyOf(key, []any{b.File, b.Address}), func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: audit.ImportCheck, ObjectKind: audit.ObjectImport, ObjectID: b.ID,
			Detail: map[string]any{"bytes": len(f.Content), "sheets": len(book.Sheets), "procedures": figuresOf(book).rows()}})
		return b.ID, tx.InsertBatch(b)
	})
}

// maxFileName is how much of a file's name is kept, in characters.
const maxFileName = 120

func fileName(name string) string {
	r := []rune(document.CleanName(name))
	return string(r[:min(len(r), maxFileName)])
}

// View is one import with everything its page shows.
type View struct {
	store.Batch
	Figures   Figures
	Book      *history.Book // nil where only the figures were asked for
	Hospitals []partnership.Organisation
	Job       store.Job // the last one; zero: none
	Stayed    []store.Taken
}

// List is a page of imports, the latest first.
func (s *Service) List(ctx context.Context, who user.Principal, req page.Request) (out page.Result[View], err error) {
	if err := s.may(who, authz.ImportRun); err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("names of files and counts, nothing about a person")
		list, err := tx.ListBatches(req)
		out.Next = list.Next
		for _, b := range list.Rows {
			out.Rows = append(out.Rows, viewOf(b))
		}
		return err
	})
	return out, err
}

func viewOf(b store.Batch) View {
	v := View{Batch: b}
	_ = json.Unmarshal(b.Totals, &v.Figures) // our own encoding; empty figures otherwise
	return v
}

// Look reads one import and its file. Messages quote cells of the ledger, so
// this counts as reading personal data.
func (s *Service) Look(ctx context.Context, who user.Principal, id ident.ID) (View, error) {
	v, d, err := s.load(ctx, who, id)
	if err != nil {
		return v, err
	}
	f, err := s.file(v.Batch)
	if err != nil {
		return v, err
	}
	v.Book, err = Interpret(ctx, f, d.options(clock.Today(s.clock), ownMappings(v.Batch)))
	if err != nil || v.State != store.BatchPreviewed {
		return v, err
	}
	v.Figures = figuresOf(v.Book)
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("how many of the operations are known")
		known, err := knownOf(tx, v.Book)
		for _, yes := range known {
			if yes {
				v.Figures.Known++
			}
		}
		return err
	})
	return v, err
}

// load reads the batch, its job and, once imported, what a reversal would leave.
func (s *Service) load(ctx context.Context, who user.Principal, id ident.ID) (v View, d directory, err error) {
	if err := s.may(who, authz.ImportRun); err != nil {
		return v, d, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.ImportCheck, ObjectKind: audit.ObjectImport, ObjectID: id})
		b, err := tx.BatchByID(id)
		if err != nil {
			return err
		}
		v = viewOf(b)
		if d, err = learn(tx); err != nil {
			return err
		}
		v.Hospitals = d.all
		if v.Job, err = lastJob(tx, b); err != nil || b.State != store.BatchImported {
			return err
		}
		taken, err := tx.TakenBy(id)
		for _, t := range taken {
			if t.Later {
				v.Stayed = append(v.Stayed, t)
			}
		}
		return err
	})
	return v, d, err
}

func (s *Service) file(b store.Batch) (File, error) {
	content, err := s.blobs.Get(b.Address)
	return File{Name: b.File, Content: content}, err
}

// ownMappings are the corrections made for this file.
func ownMappings(b store.Batch) []history.Mapping {
	var own []history.Mapping
	if len(b.Mapping) > 0 {
		_ = json.Unmarshal(b.Mapping, &own) // our own encoding
	}
	return own
}
