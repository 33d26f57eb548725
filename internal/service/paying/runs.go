package paying

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// NewRun asks for a run of what a fund owes until a day.
type NewRun struct {
	Fund     ident.ID
	Hospital ident.ID   // nil: of all hospitals
	UpTo     clock.Date // zero: today
}

// Made is the answer to a new run.
type Made struct {
	Run     ident.ID  `json:"run"`
	Lines   int       `json:"lines"`
	Amount  money.Fen `json:"amount_fen"`
	Unready int       `json:"unready"` // owed, and nowhere to be paid to
}

// MakeRun collects what a fund owes into a draft.
func (s *Service) MakeRun(ctx context.Context, who user.Principal, in NewRun, key string) (Made, error) {
	if err := s.reaches(who, authz.PayoutMake, in.Fund, ident.Nil, "error.fund.missing"); err != nil {
		return Made{}, err
	}
	id := ident.New()
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (Made, error) {
		tx.Intend(audit.Event{Action: audit.PayoutMake, ObjectKind: audit.ObjectPayout, ObjectID: id, Detail: map[string]any{"fund": in.Fund.String()}})
		if in.UpTo.IsZero() {
			in.UpTo = tx.Today()
		}
		if _, err := held(tx, in.Fund); err != nil {
			return Made{}, err
		}
		list, unready, err := tx.Collect(store.PayableFilter{Fund: in.Fund, Hospital: in.Hospital, Until: in.UpTo})
		if err != nil {
			return Made{}, err
		}
		if len(list) == 0 {
			return Made{}, errs.Refuse("payout.something_owed", "error.payout.nothing", errs.Args{"day": in.UpTo, "unready": unready}, "payout.remedy.account", "payout.remedy.later_day")
		}
		lines, err := s.linesOf(tx, list)
		if err != nil {
			return Made{}, err
		}
		r := store.PayRun{ID: id, No: RunNo(id, tx.Today()), Fund: in.Fund, Hospital: in.Hospital, UpTo: in.UpTo}
		for _, l := range lines {
			r.Amount += l.Amount
			r.Offset += l.Offset
		}
		return Made{id, len(lines), r.Amount, unready}, tx.InsertPayRun(r, lines)
	})
}

// RunNo is the number people call a run by: the day and six random characters.
func RunNo(id ident.ID, on clock.Date) string {
	text := id.String()
	return "JS-" + strings.ReplaceAll(on.String(), "-", "") + "-" + strings.ToUpper(text[len(text)-6:])
}

// linesOf makes the payments of a run: to whom, and what is kept back for
// findings, the oldest first.
func (s *Service) linesOf(tx *store.Tx, list []store.Payable) ([]store.PayLine, error) {
	to, err := tx.Destinations(list)
	if err != nil {
		return nil, err
	}
	lines := make([]store.PayLine, len(list))
	byHospital := map[ident.ID][]int{}
	var hospitals []ident.ID
	for i, p := range list {
		of := p.Hospital
		if p.Payee() == payout.Person {
			of = p.Treatment
		} else {
			if byHospital[of] == nil {
				hospitals = append(hospitals, of)
			}
			byHospital[of] = append(byHospital[of], i)
		}
		d, ok := to[of]
		if !ok {
			return nil, errs.New(errs.Stale, "error.stale", nil)
		}
		lines[i] = store.PayLine{ID: ident.New(), Payable: p.ID, Treatment: p.Treatment, Hospital: p.Hospital, Payee: p.Payee(), Account: d.Account, Purpose: Purpose(s.say, p), Amount: p.Amount}
	}
	for _, h := range hospitals {
		due, err := tx.DueOf(list[byHospital[h][0]].Fund, h)
		if err != nil {
			return nil, err
		}
		amounts := make([]money.Fen, len(byHospital[h]))
		for j, i := range byHospital[h] {
			amounts[j] = list[i].Amount
		}
		for j, k := range payout.Offsets(amounts, due) {
			lines[byHospital[h][j]].Recovery, lines[byHospital[h][j]].Offset = k.Recovery, k.Amount
		}
	}
	return lines, nil
}

// Purpose is what stands beside the payment on the bank's statement: the case and
// the voucher, and nothing about the illness. Banks print Chinese whatever the
// clerk's screen speaks.
func Purpose(say i18n.Printer, p store.Payable) string {
	return strings.TrimSpace(p.CaseNo + " " + say.T("payout.purpose."+string(p.Payee())) + " " + fund.VoucherNo(p.Kind, p.ID))
}

// Runs lists the runs, the latest first.
func (s *Service) Runs(ctx context.Context, who user.Principal, req page.Request) (out page.Result[store.PayRun], err error) {
	if err := s.door(who, authz.PayoutRead); err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("figures of funds and lists without personal detail")
		out, err = tx.ListPayRuns(s.funds(who, authz.PayoutRead), req)
		return err
	})
	return out, err
}

// RunView is a run with its payments.
type RunView struct {
	store.PayRun
	List                                   []store.PayLine
	MayApprove, MayCancel, MayFile, MayPay bool
	Own                                    bool // the reader made it
}

// RunOf reads one run.
func (s *Service) RunOf(ctx context.Context, who user.Principal, id ident.ID) (v RunView, err error) {
	if err := s.door(who, authz.PayoutRead); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.PayoutRead, ObjectKind: audit.ObjectPayout, ObjectID: id})
		if v.PayRun, err = tx.PayRunByID(id); err != nil {
			return err
		}
		if err := s.reaches(who, authz.PayoutRead, v.Fund, ident.Nil, "error.payout.run_missing"); err != nil {
			return err
		}
		v.List, err = tx.LinesOfRun(id)
		return err
	})
	for i := range v.List {
		v.List[i].PersonName = shown(v.List[i].PersonName)
	}
	can := func(perm authz.Permission) bool {
		return s.policy.Can(who, perm, authz.OfFund(who.PartnershipID, v.Fund))
	}
	early := v.State == payout.Draft || v.State == payout.Approved
	v.Own = v.Maker == who.AccountID
	v.MayApprove = v.State == payout.Draft && can(authz.PayoutApprove) && !v.Own
	v.MayCancel = early && (can(authz.PayoutApprove) || can(authz.PayoutMake))
	v.MayFile = v.State != payout.Draft && v.State != payout.Cancelled && can(authz.PayoutPay) && can(authz.ExportMake)
	v.MayPay = v.State == payout.Filed && can(authz.PayoutPay)
	return v, err
}

// DecideRun approves a run, or drops it with a reason: then what it was to pay is
// owed again.
func (s *Service) DecideRun(ctx context.Context, who user.Principal, in Decision, key string) (payout.RunState, error) {
	perm := authz.PayoutApprove
	if !in.Approve && s.door(who, perm) != nil {
		perm = authz.PayoutMake // who made it may drop it
	}
	if err := s.door(who, perm); err != nil {
		return "", err
	}
	in, err := in.cleaned()
	if err != nil {
		return "", err
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (payout.RunState, error) {
		tx.Intend(audit.Event{Action: audit.PayoutDecide, ObjectKind: audit.ObjectPayout, ObjectID: in.ID, Reason: in.Opinion, Detail: map[string]any{"approve": in.Approve}})
		r, err := s.runFor(tx, who, perm, in.ID)
		if err != nil {
			return "", err
		}
		if err := tx.SameVersion(r.Version, in.Version); err != nil {
			return "", err
		}
		if in.Approve {
			r.Run, err = r.Approve(who.AccountID)
		} else {
			r.Run, err = r.Cancel(in.Opinion)
		}
		if err != nil {
			return "", err
		}
		r.Opinion = in.Opinion
		return r.State, tx.DecidePayRun(r)
	})
}

// runFor holds a run for a step, if the permission reaches its fund.
func (s *Service) runFor(tx *store.Tx, who user.Principal, perm authz.Permission, id ident.ID) (store.PayRun, error) {
	r, err := tx.PayRunForUpdate(id)
	if err != nil {
		return r, err
	}
	if err := s.reaches(who, perm, r.Fund, ident.Nil, "error.payout.run_missing"); err != nil {
		return r, err
	}
	return r, nil
}

// File is a bank file.
type File struct {
	Name   string
	Media  string
	Body   []byte
	Digest string
}

// BankFile makes the file the bank is given, the same bytes each time. It holds
// the full numbers, so it needs the permission to export and is on record.
func (s *Service) BankFile(ctx context.Context, who user.Principal, id ident.ID, format string) (out File, err error) {
	for _, perm := range []authz.Permission{authz.PayoutPay, authz.ExportMake} {
		if err := s.door(who, perm); err != nil {
			return out, err
		}
	}
	if format != "csv" && format != "xlsx" {
		return out, errs.Missing("error.not_found")
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.PayoutFile, ObjectKind: audit.ObjectPayout, ObjectID: id, Detail: map[string]any{"format": format}})
		r, err := s.runFor(tx, who, authz.PayoutPay, id)
		if err != nil {
			return err
		}
		before := r.State
		if r.Run, err = r.File(); err != nil {
			return err
		}
		lines, err := tx.OpenLines(id)
		if err != nil {
			return err
		}
		csv, xlsx, err := BankFiles(s.say, r, lines)
		if err != nil {
			return err
		}
		one, two := sha256.Sum256(csv), sha256.Sum256(xlsx)
		if before == payout.Approved {
			r.CSV, r.XLSX = one[:], two[:]
			if err := tx.FilePayRun(r); err != nil {
				return err
			}
		} else if !bytes.Equal(one[:], r.CSV) || !bytes.Equal(two[:], r.XLSX) {
			return errs.Refuse("payout.same_file", "error.payout.file_changed", nil, "payout.remedy.tell_admin")
		}
		out = File{Name: r.No + "." + format, Media: "text/csv; charset=utf-8", Body: csv, Digest: hex.EncodeToString(one[:])}
		if format == "xlsx" {
			out.Media, out.Body, out.Digest = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx, hex.EncodeToString(two[:])
		}
		return nil
	})
	return out, err
}

// Payment is what the bank said about a run.
type Payment struct {
	Run     ident.ID
	On      clock.Date
	Ref     string
	Version int64
}

// Paid is the answer to a payment.
type Paid struct {
	Lines  int       `json:"lines"`
	Amount money.Fen `json:"amount_fen"`
}

// PayRun marks a run as paid: each payment is a transfer of its own, and what was
// kept back for a finding is recovered by another.
func (s *Service) PayRun(ctx context.Context, who user.Principal, in Payment, key string) (Paid, error) {
	if err := s.door(who, authz.PayoutPay); err != nil {
		return Paid{}, err
	}
	in.Ref = strings.TrimSpace(in.Ref)
	var f errs.Fields
	if tooLong(&f, "ref", in.Ref); f.Err() != nil {
		return Paid{}, f.Err()
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (Paid, error) {
		tx.Intend(audit.Event{Action: audit.PayoutPay, ObjectKind: audit.ObjectPayout, ObjectID: in.Run, Detail: map[string]any{"ref": in.Ref}})
		r, err := s.runFor(tx, who, authz.PayoutPay, in.Run)
		if err != nil {
			return Paid{}, err
		}
		if err := tx.SameVersion(r.Version, in.Version); err != nil {
			return Paid{}, err
		}
		if r.Run, err = r.Pay(payout.Settlement{On: in.On, Ref: in.Ref}, tx.Today()); err != nil {
			return Paid{}, err
		}
		r.PaidOn, r.BankRef = in.On, in.Ref
		lines, err := tx.LinesOfRun(r.ID)
		if err != nil {
			return Paid{}, err
		}
		book, err := held(tx, r.Fund)
		if err != nil {
			return Paid{}, err
		}
		for _, l := range lines {
			if book, err = payLine(tx, book, r, l); err != nil {
				return Paid{}, err
			}
		}
		return Paid{len(lines), r.Transferred()}, tx.SettlePayRun(r)
	})
}

// payLine posts one payment, and the recovery out of what it kept back.
func payLine(tx *store.Tx, book fund.Book, r store.PayRun, l store.PayLine) (fund.Book, error) {
	pay, err := book.Pay(fund.Stamp{ID: ident.New(), On: r.PaidOn}, l.Amount)
	if err != nil {
		return book, err
	}
	if err := tx.PostTransfer(store.Posting{Transfer: pay, Fund: r.Fund, Treatment: l.Treatment, Note: r.BankRef}); err != nil {
		return book, err
	}
	if book, err = book.Apply(pay); err != nil {
		return book, err
	}
	l.Transfer = pay.ID
	if l.Offset > 0 {
		v, err := tx.RecoveryByID(l.Recovery)
		if err != nil {
			return book, err
		}
		if v.Recovery, err = v.Receive(l.Offset); err != nil {
			return book, err
		}
		back, err := book.Recover(fund.Stamp{ID: ident.New(), On: r.PaidOn}, l.Offset)
		if err != nil {
			return book, err
		}
		if err := tx.PostForCase(regained(v, back, r.BankRef), false); err != nil {
			return book, err
		}
		if book, err = book.Apply(back); err != nil {
			return book, err
		}
		l.Back = back.ID
		if err := tx.InsertReceipt(store.RecoveryReceipt{Transfer: back.ID, How: payout.Offset, Amount: l.Offset, On: r.PaidOn, Reference: r.No}, v); err != nil {
			return book, err
		}
		if err := tx.SaveRecovery(v); err != nil {
			return book, err
		}
	}
	return book, tx.PaidLine(l)
}

// Return is a payment the bank gave back (退汇).
type Return struct {
	Line    ident.ID
	On      clock.Date // zero: today
	Reason  string
	Version int64 // of the payment
}

// ReturnLine takes a payment back by the mirror of its transfer; what it paid is
// owed again and stands in the next run.
func (s *Service) ReturnLine(ctx context.Context, who user.Principal, in Return, key string) (payout.LineState, error) {
	if err := s.door(who, authz.PayoutPay); err != nil {
		return "", err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	var f errs.Fields
	if in.Reason == "" {
		f.Add("reason", "form.error.missing")
	}
	if tooLong(&f, "reason", in.Reason); f.Err() != nil {
		return "", f.Err()
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (payout.LineState, error) {
		l, err := tx.PayLineByID(in.Line)
		if err != nil {
			return "", err
		}
		tx.Intend(audit.Event{Action: audit.PayoutReturn, ObjectKind: audit.ObjectPayout, ObjectID: l.Run, Reason: in.Reason, Detail: map[string]any{"line": l.ID.String()}})
		r, err := s.runFor(tx, who, authz.PayoutPay, l.Run)
		if err != nil {
			return "", err
		}
		if l, err = tx.PayLineByID(in.Line); err != nil { // as it stands now that the run is held
			return "", err
		}
		if err := tx.SameVersion(l.Version, in.Version); err != nil {
			return "", err
		}
		return payout.LineReturned, giveBack(tx, r, l, in)
	})
}

func giveBack(tx *store.Tx, r store.PayRun, l store.PayLine, in Return) (err error) {
	if l.State, err = l.State.Return(); err != nil {
		return err
	}
	if l.ReturnOn = in.On; in.On.IsZero() {
		l.ReturnOn = tx.Today()
	}
	if l.ReturnOn.After(tx.Today()) || l.ReturnOn.Before(r.PaidOn) {
		var f errs.Fields
		f.Add("on", "error.payout.returned_on", "day", r.PaidOn)
		return f.Err()
	}
	book, err := held(tx, r.Fund)
	if err != nil {
		return err
	}
	free, err := tx.Paid(l.Payable)
	if err != nil {
		return err
	}
	if free < l.Amount { // a finding asks for money that now was never received
		return errs.Refuse("payout.return_before_finding", "error.payout.finding_first", nil, "payout.remedy.write_off_first")
	}
	mirror := func(id ident.ID) (ident.ID, error) {
		p, err := tx.TransferByID(id)
		if err != nil {
			return ident.Nil, err
		}
		m, err := book.Reverse(fund.Stamp{ID: ident.New(), On: l.ReturnOn}, p.Transfer)
		if err != nil {
			return ident.Nil, err
		}
		p.Transfer, p.Note = m, in.Reason
		if err := tx.PostForCase(p, true); err != nil {
			return ident.Nil, err
		}
		book, err = book.Apply(m)
		return m.ID, err
	}
	if l.Back != ident.Nil { // the hospital did not get the rest, so nothing was kept from it
		if _, err := mirror(l.Back); err != nil {
			return err
		}
		v, err := tx.RecoveryByID(l.Recovery) // what came back is counted without the reversed transfer
		if err != nil {
			return err
		}
		v.Recovery = v.Undo(0)
		if err := tx.SaveRecovery(v); err != nil {
			return err
		}
	}
	if l.Returned, err = mirror(l.Transfer); err != nil {
		return err
	}
	l.Why = in.Reason
	return tx.ReturnLine(l)
}

// Received is the receipt (回单) of a payment.
type Received struct {
	Line    ident.ID
	No      string
	On      clock.Date // zero: today
	Version int64
}

// Receive records the number of the receipt: by the hospital's desk for what it
// got, or by who pays.
func (s *Service) Receive(ctx context.Context, who user.Principal, in Received, key string) (int64, error) {
	if err := s.door(who, authz.PayableReceipt); err != nil {
		return 0, err
	}
	in.No = strings.TrimSpace(in.No)
	var f errs.Fields
	if in.No == "" {
		f.Add("no", "form.error.missing")
	}
	tooLong(&f, "no", in.No)
	if in.On.After(clock.Today(s.db.Clock())) {
		f.Add("on", "error.payout.future")
	}
	if err := f.Err(); err != nil {
		return 0, err
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (int64, error) {
		tx.Intend(audit.Event{Action: audit.PayableReceipt, ObjectKind: audit.ObjectPayout, ObjectID: in.Line, Detail: map[string]any{"no": in.No}})
		l, err := tx.PayLineByID(in.Line)
		if err != nil {
			return 0, err
		}
		if err := s.reaches(who, authz.PayableReceipt, l.Fund, l.Hospital, "error.payout.line_missing"); err != nil {
			return 0, err
		}
		if err := tx.SameVersion(l.Version, in.Version); err != nil {
			return 0, err
		}
		if l.State != payout.LinePaid {
			return 0, errs.Refuse("payout.receipt_paid", "error.payout.not_paid", errs.Args{"state": errs.Key(l.State.Label())}, "payout.remedy.reload")
		}
		l.ReceiptNo, l.ReceiptOn = in.No, in.On
		if in.On.IsZero() {
			l.ReceiptOn = tx.Today()
		}
		return l.Version + 1, tx.ReceiveLine(l)
	})
}

// LineOf reads one payment, for its receipt and its slip.
func (s *Service) LineOf(ctx context.Context, who user.Principal, id ident.ID) (l store.PayLine, err error) {
	if err := s.door(who, authz.PayableRead); err != nil {
		return l, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.PayableRead, ObjectKind: audit.ObjectPayout, ObjectID: id})
		if l, err = tx.PayLineByID(id); err != nil {
			return err
		}
		return s.reaches(who, authz.PayableRead, l.Fund, l.Hospital, "error.payout.line_missing")
	})
	l.PersonName = shown(l.PersonName)
	return l, err
}
