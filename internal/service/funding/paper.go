package funding

import (
	"context"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/paper"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// SignPurpose is what the signatures of forms are made for.
const SignPurpose = "form"

// Issued is a form with its mark: what the code beside it says.
type Issued struct {
	Kind    paper.Kind
	Code    string
	Token   string
	On      clock.Date
	Figures []fee.Layer // in the order of the paper
}

// PrintApproval reads an application for its printed form and marks the print.
func (s *Service) PrintApproval(ctx context.Context, who user.Principal, id ident.ID) (v ApprovalView, m Issued, err error) {
	if v, err = s.approval(ctx, who, id, audit.ApprovalRead); err != nil {
		return v, m, err
	}
	if v.HospitalName, err = s.calledThen(ctx, who, v.Approval.Hospital, v.RequestedAt); err != nil {
		return v, m, err
	}
	m, err = s.issue(ctx, who, sheetOfApproval(v.Approval, v.Sum()))
	return v, m, err
}

// PrintSettlement reads a settlement for its printed form and marks the print.
func (s *Service) PrintSettlement(ctx context.Context, who user.Principal, id ident.ID) (v SettlementView, m Issued, err error) {
	if v, err = s.Settlement(ctx, who, id); err != nil {
		return v, m, err
	}
	at := s.db.Clock().Now() // a draft is of today
	if !v.Settlement.SettledOn.IsZero() {
		at = v.Settlement.SettledOn.Start()
	}
	if v.HospitalName, err = s.calledThen(ctx, who, v.Settlement.Hospital, at); err != nil {
		return v, m, err
	}
	m, err = s.issue(ctx, who, sheetOfSettlement(v.Settlement))
	return v, m, err
}

// calledThen is what a hospital was called when the form was made: a copy printed
// after it was renamed says what the first one said.
func (s *Service) calledThen(ctx context.Context, who user.Principal, hospital ident.ID, at time.Time) (name string, err error) {
	err = s.read(ctx, who, func(tx *store.Tx) error { // the reading of the form was recorded before
		name, err = tx.NameAt(hospital, at)
		return err
	})
	return name, err
}

// MarkEstimate marks the print of an estimate, which the caller has read.
func (s *Service) MarkEstimate(ctx context.Context, who user.Principal, id ident.ID) (m Issued, err error) {
	var f sheet
	err = s.read(ctx, who, func(tx *store.Tx) error { // the reading of the estimate was recorded before
		f, err = estimateSheet(tx, id, func(hospitals []ident.ID) error {
			return s.reads(who, authz.EstimateRead, hospitals, "error.estimate.missing")
		})
		f.Name = s.shown(who, f.Name)
		return err
	})
	if err != nil {
		return m, err
	}
	return s.issue(ctx, who, f)
}

// SettlementPaper is what the statement says about the person beside the money.
func (s *Service) SettlementPaper(ctx context.Context, who user.Principal, v SettlementView) (p store.Paper, err error) {
	err = s.read(ctx, who, func(tx *store.Tx) error { // the reading of the settlement was recorded before
		p, err = tx.PaperOf(v.Treatment)
		return err
	})
	return p, err
}

// Sum is what the application's form adds up: the settlement once there is one.
func (v ApprovalView) Sum() fee.Settlement {
	if v.Settled {
		return v.Settlement.Settlement
	}
	return v.Estimate()
}

// sheet is a form as its mark sees it.
type sheet struct {
	paper.Form
	layers []fee.Layer
}

// newSheet is a form of a person named as the paper shows the name.
func newSheet(kind paper.Kind, id ident.ID, state, name string, sum fee.Settlement) sheet {
	s := sheet{Form: paper.Form{Kind: kind, ID: id, State: state, Name: name}, layers: sum.Layers()}
	for _, l := range s.layers {
		s.Figures = append(s.Figures, l.Amount)
	}
	return s
}

func sheetOfApproval(a store.Approval, sum fee.Settlement) sheet {
	return newSheet(paper.Approval, a.ID, string(a.State), a.PersonName, sum)
}

func sheetOfSettlement(x store.Settlement) sheet {
	return newSheet(paper.Settlement, x.ID, string(x.State), x.PersonName, x.Settlement)
}

// issue signs the form. A form that still shows the same name and figures keeps
// its code, so that a second copy is the same paper.
func (s *Service) issue(ctx context.Context, who user.Principal, f sheet) (m Issued, err error) {
	object := map[paper.Kind]string{paper.Approval: audit.ObjectApproval, paper.Settlement: audit.ObjectSettlement, paper.Estimate: audit.ObjectEstimate}[f.Kind]
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.FormPrint, ObjectKind: object, ObjectID: f.ID})
		token, err := s.token(tx, f)
		m = Issued{Kind: f.Kind, Code: token.Code(), Token: token.Text(), On: token.Issued, Figures: f.layers}
		return err
	})
	return m, err
}

func (s *Service) token(tx *store.Tx, f sheet) (paper.Token, error) {
	last, found, err := tx.LastPrint(f.Kind, f.ID)
	if err != nil {
		return paper.Token{}, err
	}
	if found {
		if t, err := paper.Parse(last.Token); err == nil && t.State == f.State && t.Shows(f.Figures) && t.Names(f.Name) && s.signed(t) == nil {
			return t, nil
		}
	}
	keys := s.db.Keys()
	t := paper.Of(f.Form, tx.Today(), keys.Signer())
	signature, err := keys.SignWith(t.Key, SignPurpose, t.Payload())
	if err != nil {
		return t, err
	}
	t.Signature = signature.Bytes
	return t, tx.InsertPrint(store.FormPrint{ID: ident.New(), Code: t.Code(), Kind: t.Kind, Object: t.ID, Token: t.Text()})
}

// signed checks the signature of a token.
func (s *Service) signed(t paper.Token) error {
	public, err := s.db.Keys().PublicKeys()
	if err != nil {
		return err
	}
	return public.Verify(SignPurpose, t.Payload(), seal.Signature{Key: t.Key, Bytes: t.Signature})
}

// Verdict is the answer about a paper.
type Verdict string

// The verdicts.
const (
	PaperGenuine  Verdict = "genuine"  // this house printed it
	PaperForged   Verdict = "forged"   // the content of the QR code is not ours, or was changed
	PaperMistyped Verdict = "mistyped" // no form can have this code
	PaperUnknown  Verdict = "unknown"  // no form has it
)

// PaperQuery is a paper to check: its short code or the content of its QR code,
// and the name and the amounts that stand on it, these in the order of the paper.
// What is left empty is not checked.
type PaperQuery struct {
	Text    string
	Name    string
	Figures []money.Fen
}

// PaperCheck is what is said about a paper. Recorded, Person and Record are only
// for people who may read the record; everybody else learns whether the paper is
// genuine and what was copied from it is what it was printed with.
type PaperCheck struct {
	Verdict     Verdict
	Token       paper.Token
	Code        string
	Current     bool // the record still has the state, the name and the figures that were printed
	Entered     bool // amounts were given
	Matches     bool // and they are those that were printed
	NameEntered bool // a name was given
	NameMatches bool // and it is the one that was printed
	Recorded    []fee.Layer
	Person      string   // the name on record now
	State       string   // of the record now
	Record      ident.ID // nil for the public
}

// Compare holds what was copied from the paper against what was printed.
func (c *PaperCheck) Compare(q PaperQuery) {
	c.Entered, c.NameEntered = len(q.Figures) > 0, q.Name != ""
	c.Matches = c.Entered && c.Token.Shows(q.Figures)
	c.NameMatches = c.NameEntered && c.Token.Names(q.Name)
}

// Answer is the answer in one word, the worst thing first. The words are the
// verdicts, what was found wrong with a genuine paper (mismatch, mismatch_name,
// mismatch_both; unbound: it was printed before names were bound; old: the record
// has changed), and what was found right (match, match_name, match_both).
func (c PaperCheck) Answer() string {
	wrong, named := c.Entered && !c.Matches, c.NameEntered && c.Token.Named
	switch {
	case c.Verdict != PaperGenuine:
		return string(c.Verdict)
	case wrong && named && !c.NameMatches:
		return "mismatch_both"
	case wrong:
		return "mismatch"
	case named && !c.NameMatches:
		return "mismatch_name"
	case c.NameEntered && !named:
		return "unbound"
	case !c.Current:
		return "old"
	case c.Entered && named:
		return "match_both"
	case c.Entered:
		return "match"
	case named:
		return "match_name"
	}
	return string(PaperGenuine)
}

// Sound reports whether nothing about the paper was found wrong or left open.
func (c PaperCheck) Sound() bool {
	return c.Verdict == PaperGenuine && (!c.Entered || c.Matches) && (!c.NameEntered || c.NameMatches)
}

// CheckPaper checks a paper. Anybody may ask; who is nobody for the public.
func (s *Service) CheckPaper(ctx context.Context, who user.Principal, q PaperQuery) (PaperCheck, error) {
	c, place, err := s.recognise(ctx, q.Text)
	if err != nil || c.Verdict != PaperGenuine {
		return c, err
	}
	c.Code = c.Token.Code()
	c.Compare(q)
	if place == ident.Nil {
		if place, err = s.placeOf(ctx, c.Token); err != nil || place == ident.Nil {
			return c, err
		}
	}
	now, err := s.sheetNow(ctx, authz.System("forms").In(place), c.Token, nil)
	if err != nil {
		return c, ignoreMissing(err)
	}
	c.Current = now.State == c.Token.State && c.Token.Shows(now.Figures) && namedNow(c.Token, now.Name)
	if who.PartnershipID != place || !who.SignedIn() {
		return c, nil
	}
	perm := map[paper.Kind]authz.Permission{paper.Approval: authz.ApprovalRead, paper.Settlement: authz.SettlementRead, paper.Estimate: authz.EstimateRead}[c.Token.Kind]
	if s.door(who, perm) != nil {
		return c, nil
	}
	mine, err := s.sheetNow(ctx, who, c.Token, func(seen []ident.ID) error { return s.reads(who, perm, seen, "error.paper.unknown") })
	if err != nil {
		return c, ignoreMissing(err)
	}
	c.Recorded, c.Person, c.State, c.Record = mine.layers, s.shown(who, mine.Name), mine.State, c.Token.ID
	return c, nil
}

// namedNow reports whether a paper names the person the record has now. Who may
// not read names prints them masked.
func namedNow(t paper.Token, name string) bool {
	return !t.Named || t.Names(name) || t.Names(patient.MaskName(name))
}

// ignoreMissing: a record that is gone or out of reach is no failure of a check.
func ignoreMissing(err error) error {
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// recognise reads the code or the content of the QR code; place is the
// partnership a short code was found in.
func (s *Service) recognise(ctx context.Context, text string) (c PaperCheck, place ident.ID, err error) {
	if paper.IsToken(text) {
		if c.Token, err = paper.Parse(text); err != nil || s.signed(c.Token) != nil {
			return PaperCheck{Verdict: PaperForged}, place, nil
		}
		c.Verdict = PaperGenuine
		return c, place, nil
	}
	code, ok := paper.ParseCode(text)
	if !ok {
		return PaperCheck{Verdict: PaperMistyped}, place, nil
	}
	c.Verdict = PaperUnknown
	err = s.eachPlace(ctx, func(id ident.ID, tx *store.Tx) (bool, error) {
		p, err := tx.PrintByCode(code)
		if err != nil {
			return false, ignoreMissing(err)
		}
		place = id
		if c.Token, err = paper.Parse(p.Token); err != nil || s.signed(c.Token) != nil {
			c.Verdict = PaperForged // the row was changed
			return true, nil
		}
		c.Verdict = PaperGenuine
		return true, nil
	})
	return c, place, err
}

// placeOf finds the partnership of a token; nil when its record is in none, as
// in an installation that was set up anew.
func (s *Service) placeOf(ctx context.Context, t paper.Token) (place ident.ID, err error) {
	err = s.eachPlace(ctx, func(id ident.ID, tx *store.Tx) (bool, error) {
		_, err := sheetIn(tx, t, nil)
		if err == nil {
			place = id
		}
		return err == nil, ignoreMissing(err)
	})
	return place, err
}

// eachPlace asks every partnership until one answers. There are a handful.
func (s *Service) eachPlace(ctx context.Context, ask func(ident.ID, *store.Tx) (bool, error)) error {
	var places []ident.ID
	err := s.db.InTx(ctx, authz.System("forms"), func(tx *store.Tx) (err error) {
		tx.NoAudit("names of partnerships are no personal data")
		places, err = tx.PartnershipIDs()
		return err
	})
	for _, id := range places {
		done := false
		if err == nil {
			err = s.read(ctx, authz.System("forms").In(id), func(tx *store.Tx) (err error) {
				done, err = ask(id, tx)
				return err
			})
		}
		if done || err != nil {
			return err
		}
	}
	return err
}

// sheetNow is the form as it would be printed now, as far as who may see it.
// Without may nothing is shown, only compared.
func (s *Service) sheetNow(ctx context.Context, who user.Principal, t paper.Token, may func([]ident.ID) error) (f sheet, err error) {
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		if may == nil {
			tx.NoAudit("answers yes or no about a paper the asker holds")
		} else {
			tx.AuditRead(audit.Event{Action: audit.FormCheck, ObjectKind: string(t.Kind), ObjectID: t.ID})
		}
		f, err = sheetIn(tx, t, may)
		return err
	})
	return f, err
}

func sheetIn(tx *store.Tx, t paper.Token, may func([]ident.ID) error) (sheet, error) {
	switch t.Kind {
	case paper.Approval:
		return approvalSheet(tx, t.ID, may)
	case paper.Settlement:
		x, _, err := tx.SettlementByID(t.ID)
		if err == nil {
			err = allowed(tx, x.Treatment, may)
		}
		return sheetOfSettlement(x), err
	}
	return estimateSheet(tx, t.ID, may)
}

// estimateSheet is an estimate as its paper shows it. It has no state: a newer
// estimate is another paper.
func estimateSheet(tx *store.Tx, id ident.ID, may func([]ident.ID) error) (sheet, error) {
	c, err := tx.ComputationByID(id)
	if err != nil {
		return sheet{}, err
	}
	t, err := tx.TreatmentByID(c.Treatment)
	if err == nil && may != nil {
		err = may(t.SeenBy())
	}
	return newSheet(paper.Estimate, c.ID, "", t.PersonName, c.Result.Sum), err
}

func approvalSheet(tx *store.Tx, id ident.ID, may func([]ident.ID) error) (sheet, error) {
	v := ApprovalView{}
	var err error
	if v.Approval, err = tx.ApprovalByID(id); err != nil {
		return sheet{}, err
	}
	if err = allowed(tx, v.Approval.Treatment, may); err != nil {
		return sheet{}, err
	}
	if v.Lines, err = tx.ApprovalLines(id); err != nil {
		return sheet{}, err
	}
	v.Settlement, v.Settled, err = tx.LiveSettlement(v.Approval.Treatment)
	return sheetOfApproval(v.Approval, v.Sum()), err
}

func allowed(tx *store.Tx, treatment ident.ID, may func([]ident.ID) error) error {
	if may == nil {
		return nil
	}
	t, err := tx.TreatmentByID(treatment)
	if err != nil {
		return err
	}
	return may(t.SeenBy())
}
