package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// FundingRules are the partnership's numbers about approvals, or the sample.
func (tx *Tx) FundingRules() (fund.Rules, error) {
	var rows []struct {
		Single  money.Fen `db:"single_fen"`
		Appeal  int       `db:"appeal_days"`
		Notice  int       `db:"notice_days"`
		Cell    int       `db:"notice_cell"`
		Hold    int       `db:"hold_days"`
		Version int64     `db:"version"`
	}
	err := tx.list(&rows, `select r.single_fen, r.appeal_days, r.notice_days, r.notice_cell, r.hold_days, r.version from funding_rule r
		where r.partnership_id = $1 order by r.version desc limit 1`, tx.Partnership())
	if err != nil || len(rows) == 0 {
		return fund.SampleRules(), err
	}
	r := rows[0]
	return fund.Rules{Single: r.Single, AppealDays: r.Appeal, NoticeDays: r.Notice, NoticeCell: r.Cell, HoldDays: r.Hold, Version: r.Version}, nil
}

// SaveFundingRules stores the numbers as the next version; the earlier ones stay
// readable for who asks what was in force.
func (tx *Tx) SaveFundingRules(r fund.Rules) error {
	next := r.Version + 1
	return tx.once(`insert into funding_rule (partnership_id, id, version, single_fen, appeal_days, notice_days, notice_cell, hold_days, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, tx.Partnership(), ident.Derive(tx.Partnership(), "funding_rule "+strconv.FormatInt(next, 10)), next, r.Single,
		r.AppealDays, r.NoticeDays, r.NoticeCell, r.HoldDays, tx.now, tx.who.AccountID)
}

// Signature is what one approver signed, as it is stored.
type Signature struct {
	fund.Signature
	ID       ident.ID
	Facts    []fund.Fact
	Opinion  string
	SignedOn clock.Date
	SignedAt time.Time
	By       string // display name
	Void     bool
}

type signatureRow struct {
	ID       ident.ID   `db:"id"`
	Account  ident.ID   `db:"account_id"`
	Relation string     `db:"relation"`
	Amount   money.Fen  `db:"amount_fen"`
	Digest   string     `db:"digest"`
	Facts    []byte     `db:"facts"`
	Opinion  string     `db:"opinion"`
	On       clock.Date `db:"signed_on"`
	At       time.Time  `db:"signed_at"`
	Void     bool       `db:"void"`
	By       string     `db:"by_name"`
}

// SignaturesOf lists the signatures of a request, the first one first, with those
// that do not stand any more.
func (tx *Tx) SignaturesOf(approval ident.ID) ([]Signature, error) {
	var rows []signatureRow
	err := tx.list(&rows, `select s.id, s.account_id, s.relation, s.amount_fen, s.digest, s.facts, s.opinion, s.signed_on, s.signed_at, s.void,
		coalesce((select a.display_name from account a where a.id = s.account_id), '') as by_name
		from approval_signature s where s.partnership_id = $1 and s.approval_id = $2 order by s.signed_at, s.id limit 100`, tx.Partnership(), approval)
	if err != nil {
		return nil, err
	}
	out := make([]Signature, len(rows))
	for i, r := range rows {
		out[i] = Signature{Signature: fund.Signature{Account: r.Account, Relation: fund.Relation(r.Relation), Amount: r.Amount, Digest: r.Digest}, ID: r.ID,
			Opinion: r.Opinion, SignedOn: r.On, SignedAt: r.At.UTC(), By: r.By, Void: r.Void}
		if err := json.Unmarshal(r.Facts, &out[i].Facts); err != nil {
			return nil, fmt.Errorf("store: facts of signature %s: %w", r.ID, err)
		}
	}
	return out, nil
}

// InsertSignature stores what an account signed, the caller's own unless another is
// named. Who sees the treatment sees it.
func (tx *Tx) InsertSignature(approval ident.ID, t Treatment, s Signature) error {
	if s.Facts == nil {
		s.Facts = []fund.Fact{}
	}
	facts, err := json.Marshal(s.Facts)
	if err != nil {
		return err
	}
	if s.Account == ident.Nil {
		s.Account = tx.who.AccountID
	}
	_, err = tx.exec(`insert into approval_signature (partnership_id, id, approval_id, hospital_id, visible_to, account_id, relation, amount_fen, digest, facts,
		opinion, signed_on, signed_at) values ($1, $2, $3, $4, $5::uuid[], $6, $7, $8, $9, $10, $11, $12, $13)`, tx.Partnership(), ident.New(), approval, t.Hospital,
		idArray(t.SeenBy()), s.Account, string(s.Relation), s.Amount, s.Digest, string(facts), s.Opinion, tx.Today(), tx.now)
	return err
}

// VoidSignatures sets signatures aside; a declaration of relation stays.
func (tx *Tx) VoidSignatures(approval ident.ID, accounts ...ident.ID) error {
	_, err := tx.exec(`update approval_signature set void = true, version = version + 1 where partnership_id = $1 and approval_id = $2 and not void
		and relation = 'none' and ($3::uuid[] = '{}' or account_id = any ($3::uuid[]))`, tx.Partnership(), approval, idArray(accounts))
	return err
}

// BoundFacts are the facts an approval of a treatment rests on, as they stand
// now. Findings count up to the day of the signature: what is found later is
// news, a finding of before that appears or goes is a change.
func (tx *Tx) BoundFacts(t Treatment, signedOn clock.Date) ([]fund.Fact, error) {
	day := t.AdmittedOn
	if day.IsZero() {
		day = t.PlannedOn
	}
	if day.IsZero() {
		day = signedOn
	}
	facts := []fund.Fact{{Name: fund.BoundProgramme, Value: string(t.Programme)}, {Name: fund.BoundPlan, Value: t.Plan}, {Name: fund.BoundHospital, Value: t.Hospital.String()},
		{Name: fund.BoundBill, Value: t.EstimateBill.Plain()}, {Name: fund.BoundInsurance, Value: t.EstimateInsurance.Plain()}}
	held, err := tx.BeneficiariesOf(t.Person)
	if err != nil {
		return nil, err
	}
	for _, c := range terminology.Categories() {
		for _, b := range held {
			if b.Category == c && c != terminology.CategoryNone && !b.From.After(day) && (b.To.IsZero() || !b.To.Before(day)) {
				facts = append(facts, fund.Fact{Name: fund.BoundCategory, Value: string(c) + " " + b.From.String() + "/" + b.To.String()})
			}
		}
		if len(facts) > 5 { // the most favourable one counts
			break
		}
	}
	readings, err := tx.ReadingsOf(t.Case)
	for _, r := range readings {
		if !r.On.After(signedOn) {
			facts = append(facts, fund.Fact{Name: fund.BoundFinding, Value: string(r.Side) + " " + r.On.String() + " " + string(r.Correction) + " " + string(r.Value)})
		}
	}
	return facts, err
}

// signedFacts are the facts of the signature an approval stands on.
func signedFacts(list []Signature, digest string) ([]fund.Fact, bool) {
	i := slices.IndexFunc(list, func(s Signature) bool { return !s.Void && s.Relation == fund.Unrelated && s.Digest == digest })
	if i < 0 {
		return nil, false
	}
	return list[i].Facts, true
}
