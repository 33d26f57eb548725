package exchange

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// The kinds of jobs of this room.
const (
	JobImport  = "exchange.import"
	JobReverse = "exchange.reverse"
)

// payload is what a job carries: ids only.
type payload struct {
	Batch ident.ID `json:"batch"`
}

// jobID is the one job of a kind an import has: asking twice starts it once.
func jobID(batch ident.ID, kind string) ident.ID { return ident.Derive(batch, kind) }

// lastJob is the job that matters for the page: the reversal once there is one.
func lastJob(tx *store.Tx, b store.Batch) (store.Job, error) {
	for _, kind := range []string{JobReverse, JobImport} {
		j, err := tx.JobByID(jobID(b.ID, kind))
		if err == nil || !errs.Is(err, errs.NotFound) {
			return j, err
		}
	}
	return store.Job{}, nil
}

// Start asks for the import of a checked ledger. The work goes on after the
// answer; the page of the import shows how far it is.
func (s *Service) Start(ctx context.Context, who user.Principal, id ident.ID) error {
	if err := s.may(who, authz.ImportRun); err != nil {
		return err
	}
	return s.enqueue(ctx, who, id, JobImport)
}

// StartReverse asks for taking an import back.
func (s *Service) StartReverse(ctx context.Context, who user.Principal, id ident.ID) error {
	if err := s.may(who, authz.ImportReverse); err != nil {
		return err
	}
	return s.enqueue(ctx, who, id, JobReverse)
}

func (s *Service) enqueue(ctx context.Context, who user.Principal, id ident.ID, kind string) error {
	raw, err := json.Marshal(payload{id})
	if err != nil {
		return err
	}
	need, action := store.BatchPreviewed, audit.ImportRun
	if kind == JobReverse {
		need, action = store.BatchImported, audit.ImportReverse
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: action, ObjectKind: audit.ObjectImport, ObjectID: id, Detail: map[string]any{"asked": true}})
		b, err := tx.BatchForUpdate(id)
		if err != nil {
			return err
		}
		if err := b.MustBe(need); err != nil {
			return err
		}
		j, err := tx.JobByID(jobID(id, kind))
		switch {
		case err == nil && j.State.Open():
			return nil
		case err == nil:
			return tx.RetryJob(j.ID, 0)
		case !errs.Is(err, errs.NotFound):
			return err
		}
		return tx.Enqueue(store.Job{ID: jobID(id, kind), Kind: kind, Payload: raw, Total: steps})
	})
}

// steps of a job, for its progress: reading, planning and storing, done.
const steps = 3

// Progress is told how far work has come.
type Progress func(ctx context.Context, done, total int)

// RunJob does the work of a job of this room, in the name of who asked for it.
func (s *Service) RunJob(ctx context.Context, j store.Job, partnership ident.ID, tell Progress) error {
	var p payload
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return err
	}
	who := authz.System("import").In(partnership)
	if j.Kind == JobReverse {
		_, err := s.reverse(ctx, who, p.Batch, j.CreatedBy)
		return err
	}
	_, err := s.store(ctx, who, p.Batch, j.CreatedBy, tell)
	return err
}

// Outcome is what an import came to.
type Outcome struct {
	Batch   ident.ID
	Book    *history.Book
	Figures Figures
}

// Import takes a ledger in at once, for the command line.
func (s *Service) Import(ctx context.Context, who user.Principal, f File) (Outcome, error) {
	id, err := s.Upload(ctx, who, f, "")
	if err != nil {
		return Outcome{}, err
	}
	return s.store(ctx, who, id, who.AccountID, func(context.Context, int, int) {})
}

// Reverse takes an import back at once, for the command line. What somebody has
// worked on since stays and is returned.
func (s *Service) Reverse(ctx context.Context, who user.Principal, id ident.ID) ([]store.Taken, error) {
	if err := s.may(who, authz.ImportReverse); err != nil {
		return nil, err
	}
	return s.reverse(ctx, who, id, who.AccountID)
}

// store reads the file again and writes everything in one transaction: an import
// is there as a whole or not at all.
func (s *Service) store(ctx context.Context, who user.Principal, id, by ident.ID, tell Progress) (out Outcome, err error) {
	var b store.Batch
	var d directory
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("the import itself is recorded with its result")
		if b, err = tx.BatchByID(id); err != nil {
			return err
		}
		d, err = learn(tx)
		return err
	}, store.Background())
	if err != nil {
		return out, err
	}
	f, err := s.file(b)
	if err != nil {
		return out, err
	}
	out.Batch = id
	if out.Book, err = Interpret(ctx, f, d.options(clock.Today(s.clock), ownMappings(b))); err != nil {
		return out, err
	}
	tell(ctx, 1, steps)
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		out.Figures, err = s.write(tx, id, by, out.Book)
		return err
	}, store.Background())
	tell(ctx, steps, steps)
	return out, err
}

func (s *Service) write(tx *store.Tx, id, by ident.ID, book *history.Book) (Figures, error) {
	figures := figuresOf(book)
	tx.Intend(audit.Event{Action: audit.ImportRun, ObjectKind: audit.ObjectImport, ObjectID: id})
	b, err := tx.BatchForUpdate(id)
	if err != nil {
		return figures, err
	}
	if err := b.MustBe(store.BatchPreviewed); err != nil {
		return figures, err
	}
	d, err := learn(tx)
	if err != nil {
		return figures, err
	}
	p := &planner{Service: s, tx: tx, batch: b, dir: d, by: store.Made{By: by}, bulk: &store.Bulk{Batch: id}, people: map[*history.Person]*someone{},
		sheetOf: map[*history.Treatment]*history.SheetResult{}, said: map[*history.SheetResult]map[int]string{}, funds: map[string]*store.BulkFund{},
		figures: &figures}
	if err := p.plan(book); err != nil {
		return figures, err
	}
	for _, f := range p.funds {
		p.bulk.Funds = append(p.bulk.Funds, *f)
	}
	slices.SortFunc(p.bulk.Funds, func(a, b store.BulkFund) int { return cmp.Compare(a.Code, b.Code) })
	if err := tx.WriteBulk(p.bulk); err != nil {
		return figures, err
	}
	if err := tx.WriteImportRows(id, p.rows); err != nil {
		return figures, err
	}
	if err := tx.RefreshOperated(p.addedTo()); err != nil {
		return figures, err
	}
	tx.Amend("by", by.String())
	tx.Amend("added", figures.Added)
	tx.Amend("known", figures.Known)
	tx.Amend("file", b.Address)
	b.State, b.Totals = store.BatchImported, figures.raw()
	return figures, tx.SaveBatch(b)
}

// addedTo lists the treatments of earlier ledgers that got more operations.
func (p *planner) addedTo() []ident.ID {
	out := make([]ident.ID, len(p.more))
	for i, a := range p.more {
		out[i] = a.id
	}
	return out
}

// reverse withdraws what nobody has worked on since, with mirror transfers.
func (s *Service) reverse(ctx context.Context, who user.Principal, id, by ident.ID) (stayed []store.Taken, err error) {
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		stayed = nil
		tx.Intend(audit.Event{Action: audit.ImportReverse, ObjectKind: audit.ObjectImport, ObjectID: id})
		b, err := tx.BatchForUpdate(id)
		if err != nil {
			return err
		}
		if err := b.MustBe(store.BatchImported); err != nil {
			return err
		}
		taken, err := tx.TakenBy(id)
		if err != nil {
			return err
		}
		added, err := tx.AddedBy(id)
		if err != nil {
			return err
		}
		gone, stay := parted(taken)
		back, keep := parted(added)
		if stayed = append(stay, keep...); len(gone)+len(back) == 0 && len(stayed) > 0 {
			return errs.Refuse("import.later_work", "error.import.later_work", errs.Args{"n": len(stayed)}, "remedy.import.later_work")
		}
		if err := takeBack(tx, id, back, store.Made{By: by}); err != nil {
			return err
		}
		if err := withdraw(tx, id, gone, stay, store.Made{By: by}); err != nil {
			return err
		}
		if err := unneeded(tx, b); err != nil {
			return err
		}
		if len(stayed) == 0 {
			b.State = store.BatchReversed
		}
		tx.Amend("by", by.String())
		tx.Amend("withdrawn", len(gone)+len(back))
		tx.Amend("stayed", len(stayed))
		return tx.SaveBatch(b)
	}, store.Background())
	return stayed, err
}

// unneeded ends the membership of hospitals the import made for names nobody
// knew, where nothing stands on them any more: the office has nothing left to name
// there. The organisation stays, for the withdrawn rows; an import that meets the
// name again takes it up again.
func unneeded(tx *store.Tx, b store.Batch) error {
	var f Figures
	if err := json.Unmarshal(b.Totals, &f); err != nil || len(f.Provisional) == 0 {
		return err
	}
	list, err := tx.UnusedProvisional(f.Provisional)
	if err != nil {
		return err
	}
	for _, m := range list { // a handful
		if m.To = tx.Today().AddDays(-1); m.To.Before(m.From) {
			m.To = m.From
		}
		if err := tx.EndMember(m.Member); err != nil {
			return err
		}
	}
	tx.Amend("unused_hospitals", len(list))
	return nil
}

// parted tells what nobody has worked on since from what stays.
func parted(list []store.Taken) (gone, stay []store.Taken) {
	for _, t := range list {
		if t.Later {
			stay = append(stay, t)
		} else {
			gone = append(gone, t)
		}
	}
	return gone, stay
}

// takeBack takes out the operations the import added to treatments of earlier
// ones. The treatments stay where they are; each remembers that it happened.
func takeBack(tx *store.Tx, id ident.ID, gone []store.Taken, by store.Made) error {
	if len(gone) == 0 {
		return nil
	}
	var events []store.BulkEvent
	for _, t := range gone {
		events = append(events, store.BulkEvent{Treatment: &store.Treatment{ID: t.ID, Hospital: t.Hospital, Home: t.Home}, Made: by,
			Row: treatment.Row{Action: treatment.ReverseImport, From: t.Place(), To: t.Place()}, Step: store.Step{Action: treatment.ReverseImport, On: tx.Today()}})
	}
	return tx.TakeBack(id, gone, events)
}

// withdraw takes treatments out by the table's step and posts the mirrors of
// their transfers, the last ones first.
func withdraw(tx *store.Tx, id ident.ID, gone, stayed []store.Taken, by store.Made) error {
	var events []store.BulkEvent
	mine := map[ident.ID]bool{}
	for _, t := range gone {
		row, err := treatment.Next(t.Place(), treatment.ReverseImport, treatment.With(treatment.MoneyReversed, treatment.NoLaterWork))
		if err != nil {
			return err
		}
		mine[t.ID] = true
		events = append(events, store.BulkEvent{Treatment: &store.Treatment{ID: t.ID, Hospital: t.Hospital, Home: t.Home}, Row: row, Made: by,
			Step: store.Step{Action: treatment.ReverseImport, On: tx.Today()}})
	}
	if len(gone) == 0 {
		return tx.CloseBatchFunds(id)
	}
	if err := tx.Withdraw(id, gone, stayed, events); err != nil {
		return err
	}
	posted, err := tx.PostedBy(id)
	if err != nil {
		return err
	}
	var mirrors []store.BulkTransfer
	for _, t := range slices.Backward(posted) {
		if !mine[t.Treatment] {
			continue
		}
		m, err := fund.Mirror(fund.Stamp{ID: ident.New(), On: tx.Today()}, t.Transfer)
		if err != nil {
			return err
		}
		mirrors = append(mirrors, store.BulkTransfer{Made: by, Posting: store.Posting{Transfer: m, Fund: t.Fund, Treatment: t.Treatment, Batch: id}})
	}
	if err := tx.PostMany(mirrors); err != nil {
		return err
	}
	return tx.CloseBatchFunds(id)
}
