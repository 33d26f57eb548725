package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"regexp"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// constraintKeys names the sentence for constraints a person can run into. The
// code checks first; these are the net for what happened in between.
var constraintKeys = map[string]string{
	"account_username_key":          "error.account.username_taken",
	"role_assignment_live":          "error.role.held_already",
	"role_assignment_one_admin":     "error.role.exclusive_admin",
	"organisation_code_key":         "error.organisation.code_taken",
	"partnership_code_key":          "error.partnership.code_taken",
	"hospital_ended":                "error.hospital.ended",
	"hospital_stranger":             "error.organisation.not_member",
	"hospital_merge_once":           "error.union.asked_already",
	"hospital_merge_two_persons":    "error.partnership.own",
	"person_restricted":             "error.subject.restricted",
	"subject_one_open":              "error.subject.open_already",
	"subject_second_person":         "error.subject.own",
	"subject_clock_pkey":            "error.stale",
	"person_document_verified":      "error.identity.in_use",
	"registration_once":             "error.registration.exists",
	"casefile_one_open":             "error.case.open_exists",
	"casefile_no":                   "error.case.number_taken",
	"approval_one_live":             "error.approval.live_exists",
	"approval_appeal_one":           "error.fund.appeal_open",
	"approval_signature_once":       "error.stale",
	"funding_rule_pkey":             "error.stale",
	"followup_rule_pkey":            "error.stale",
	"approval_two_persons":          "error.approval.same_person",
	"procedure_two_clinicians":      "error.procedure.own_entry",
	"settlement_one_live":           "error.settlement.exists",
	"settlement_adds_up":            "error.settlement.sum",
	"ledger_account_not_negative":   "error.fund.insufficient_now",
	"ledger_transfer_balances":      "error.ledger.unbalanced",
	"ledger_transfer_reversed_once": "error.ledger.reversed_already",
	"pay_line_once":                 "error.payout.just_taken",
	"pay_line_owed":                 "error.payout.just_taken",
	"ledger_transfer_unpaid":        "error.payout.paid_already",
	"pay_run_two_persons":           "error.payout.own_run",
	"hospital_account_two_persons":  "error.payout.own_account",
	"recovery_two_persons":          "error.payout.own_write_off",
	"payee_card_one":                "error.stale",
	"device_ref":                    "error.device.ref_taken",
	"device_di":                     "error.device.di_taken",
	"component_unit_di":             "error.device.just_used",
	"component_unit_ref":            "error.device.just_used",
	"component_two_persons":         "error.device.own_entry",
	"explant_once":                  "error.device.taken_out_already",
	"fee_policy_no":                 "error.policy.number_taken",
	"fee_policy_two_persons":        "error.policy.same_person",
	"fee_computation_settled":       "error.settlement.exists",
	"fund_code":                     "error.fund.code_taken",
	"fund_project_code":             "error.fund.code_taken",
	"fund_project_two_persons":      "error.fund.own_plan",
	"fund_deposit_left":             "error.fund.insufficient_now",
	"fund_deposit_covered":          "error.fund.insufficient_now",
	"import_row_once":               "error.import.row_exists",
	"import_mapping_header":         "error.import.mapping_exists",
	"registration_slip":             "error.registration.slip_taken",
	"partnership_member_pkey":       "error.partnership.member_exists",
	"partnership_member_check":      "error.period.reversed",
	"posting_check":                 "error.period.reversed",
	"pairing_check":                 "error.period.reversed",
}

// shardSuffix is what a distributed table adds to the names of its constraints.
var shardSuffix = regexp.MustCompile(`_\d{5,}$`)

// quotedName finds the constraint in a message whose field is empty.
var quotedName = regexp.MustCompile(`constraint "([^"]+)"`)

func constraintName(e *pq.Error) string {
	name := e.Constraint
	if name == "" {
		if m := quotedName.FindStringSubmatch(e.Message); m != nil {
			name = m[1]
		}
	}
	return shardSuffix.ReplaceAllString(name, "")
}

// mapError turns what the driver says into the house's error, once. Errors of
// the house pass through.
func mapError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*errs.Error](err); ok {
		return err
	}
	if ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled) {
		return errs.Wrap(err, errs.Canceled, "error.canceled", nil)
	}
	if e, ok := errors.AsType[*pq.Error](err); ok {
		return mapCode(e)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return errs.Wrap(err, errs.NotFound, "error.not_found", nil)
	}
	// A deadline that passes between two statements ends the transaction: the next one finds it over.
	late := errors.Is(ctx.Err(), context.DeadlineExceeded) && errors.Is(err, sql.ErrTxDone)
	if connectionLost(err) || errors.Is(err, context.DeadlineExceeded) || late {
		return errs.Wrap(err, errs.Unavailable, "error.database.unreachable", nil)
	}
	return errs.Wrap(err, errs.Internal, "error.internal", nil)
}

func mapCode(e *pq.Error) error {
	name := constraintName(e)
	key, known := constraintKeys[name]
	switch e.Code {
	case "23505":
		if !known {
			key = "error.conflict"
		}
		return &errs.Error{Kind: errs.Conflict, Key: key, Rule: name, Cause: e}
	case "23503":
		if !known {
			key = "error.reference"
		}
		return &errs.Error{Kind: errs.Precondition, Key: key, Rule: name, Cause: e}
	case "23514":
		if !known {
			key = "error.constraint"
		}
		return &errs.Error{Kind: errs.Precondition, Key: key, Rule: name, Cause: e}
	case "40001", "40P01", "57P01", "57P02", "57P03", "55P03", "53300":
		return errs.Wrap(e, errs.Unavailable, "error.database.busy", nil)
	case "57014":
		return errs.Wrap(e, errs.Unavailable, "error.database.slow", nil)
	case "53100":
		return errs.Wrap(e, errs.Unavailable, "error.database.disk_full", nil)
	case "22021", "22P05": // bytes that are no text, such as NUL
		return errs.Wrap(e, errs.Invalid, "error.text.encoding", nil)
	}
	return errs.Wrap(e, errs.Internal, "error.internal", nil)
}

// errAgain is what [Again] answers.
var errAgain = errors.New("store: what the transaction had decided to lock changed while it waited")

// Again is the error of a transaction that has to be run from its beginning:
// while it waited for a lock, another one changed which locks it needs before
// that. A write with an idempotency key is run again by itself.
func Again() error { return errs.Wrap(errAgain, errs.Unavailable, "error.database.busy", nil) }

// repeatable reports whether a transaction that failed so may simply be run
// again: it was chosen as a victim, or the server went away.
func repeatable(err error) bool {
	if e, ok := errors.AsType[*pq.Error](err); ok {
		switch e.Code {
		case "40001", "40P01", "57P01", "57P02", "57P03":
			return true
		}
		return false
	}
	return errors.Is(err, errAgain) || connectionLost(err)
}

func connectionLost(err error) bool {
	_, isNet := errors.AsType[net.Error](err)
	return isNet || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, sql.ErrConnDone)
}
