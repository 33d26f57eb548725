// Package exchange takes the office's old ledgers in and, when they were wrong,
// back out again.
//
// A ledger is handed in (Upload): it is read and checked, kept sealed in the file
// store, and shown with everything that will happen (Look). A person corrects
// the columns or the names of hospitals until it is right, and then it is
// imported as one batch in one transaction (Import), which can be reversed as a
// whole (Reverse). What a page shows of a ledger is read from the file each time:
// the messages quote cells, and personal data belongs nowhere in the clear.
//
// Importing again adds nothing: every operation leaves a keyed digest of who,
// what, which side and when. An unknown hospital costs no row: a provisional
// organisation stands in until the office names or merges it.
//
// Audit: one event stands for the batch, with the digest of the file and the
// counts. An event for every row would say the same thing a thousand times and
// hide what people did that day; the rows themselves name their batch.
package exchange

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/sheet"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Deps is what the service needs. Say speaks the language of what is stored:
// names of funds and notes on rows.
type Deps struct {
	DB     *store.DB
	Policy *authz.Policy
	Blobs  *blob.Store
	Clock  clock.Clock
	Log    *slog.Logger
	Say    i18n.Printer
}

// Service is the use cases of exchange.
type Service struct {
	db     *store.DB
	policy *authz.Policy
	blobs  *blob.Store
	clock  clock.Clock
	log    *slog.Logger
	say    i18n.Printer
}

// New makes the service.
func New(d Deps) *Service { return &Service{d.DB, d.Policy, d.Blobs, d.Clock, d.Log, d.Say} }

// MaxUpload is the largest ledger that is taken.
func MaxUpload() int64 { return sheet.DefaultOptions().MaxBytes }

// may asks for a permission for the partnership as a whole: a ledger concerns
// several hospitals.
func (s *Service) may(who user.Principal, perm authz.Permission) error {
	if who.PartnershipID == ident.Nil {
		return errs.Refuse("partnership.enter", "error.partnership.enter", nil, "remedy.partnership.enter")
	}
	return s.policy.Check(who, perm, authz.InPartnership(who.PartnershipID))
}

// File is a ledger as it was handed in.
type File struct {
	Name    string
	Content []byte
}

// tabName is what a CSV file's only sheet is called.
func (f File) tabName() string {
	base := document.CleanName(f.Name)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// open recognises the file by its content.
func (f File) open() (*sheet.Workbook, error) {
	return sheet.OpenReader(bytes.NewReader(f.Content), int64(len(f.Content)), f.tabName(), sheet.Options{})
}

// Interpret reads a ledger that no database knows: the dry run of a command line
// on a machine where nothing is set up.
func Interpret(ctx context.Context, f File, opts history.Options) (*history.Book, error) {
	wb, err := f.open()
	if err != nil {
		return nil, err
	}
	defer wb.Close()
	return history.Interpret(ctx, wb.Ledgers(), opts)
}
