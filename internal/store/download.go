package store

import (
	"database/sql/driver"
	"time"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// DownloadState is where a file made in the background stands.
type DownloadState string

// The states.
const (
	DownloadWaiting   DownloadState = "waiting"
	DownloadReady     DownloadState = "ready"
	DownloadCancelled DownloadState = "cancelled"
	DownloadFailed    DownloadState = "failed"
	DownloadExpired   DownloadState = "expired"
)

// Label is the message key of the state's name.
func (s DownloadState) Label() string { return "download.state." + string(s) }

// Download is a file made in the background; its job has the same id. The scope
// is that of the person who asked, and only that person gets it.
type Download struct {
	ID        ident.ID
	Kind      string // of measure
	Query     string // the filter, canonical
	Format    string
	Language  string
	State     DownloadState
	Rows      int64
	Size      int64
	Rule      string
	Account   ident.ID
	By        string
	Hospitals []ident.ID
	Funds     []ident.ID
	Wide      bool
	Names     bool
	Progress  int
	Total     int
	Expires   time.Time
	At        time.Time
	Version   int64
}

type downloadRow struct {
	ID        ident.ID       `db:"id"`
	Kind      string         `db:"kind"`
	Query     string         `db:"query"`
	Format    string         `db:"format"`
	Language  string         `db:"language"`
	State     string         `db:"state"`
	Rows      int64          `db:"row_count"`
	Size      int64          `db:"size_bytes"`
	Rule      string         `db:"rule"`
	Account   ident.ID       `db:"account_id"`
	By        string         `db:"by_name"`
	Hospitals pq.StringArray `db:"hospitals"`
	Funds     pq.StringArray `db:"funds"`
	Wide      bool           `db:"wide"`
	Names     bool           `db:"names"`
	Progress  int            `db:"progress"`
	Total     int            `db:"total"`
	Expires   time.Time      `db:"expires_at"`
	At        time.Time      `db:"created_at"`
	Version   int64          `db:"version"`
}

func (r downloadRow) download() Download {
	return Download{ID: r.ID, Kind: r.Kind, Query: r.Query, Format: r.Format, Language: r.Language, State: DownloadState(r.State), Rows: r.Rows, Size: r.Size,
		Rule: r.Rule, Account: r.Account, By: r.By, Hospitals: parsedIDs(r.Hospitals), Funds: parsedIDs(r.Funds), Wide: r.Wide, Names: r.Names, Progress: r.Progress,
		Total: r.Total, Expires: r.Expires.UTC(), At: r.At.UTC(), Version: r.Version}
}

func parsedIDs(list []string) []ident.ID {
	return items(list, func(s string) ident.ID {
		id, _ := ident.Parse(s) // the column holds uuids
		return id
	})
}

const selectDownload = `select d.id, d.kind, d.query, d.format, d.language, d.state, d.row_count, d.size_bytes, d.rule, d.account_id, d.hospitals, d.funds, d.wide, d.names,
	d.expires_at, d.created_at, d.version,
	coalesce((select a.display_name from account a where a.id = d.account_id), '') as by_name, coalesce(j.progress, 0) as progress, coalesce(j.total, 0) as total
	from download d left join job j on j.partnership_id = d.partnership_id and j.id = d.id `

// InsertDownload notes that a file was asked for.
func (tx *Tx) InsertDownload(d Download) error {
	ids := func(list []ident.ID) driver.Valuer { return textArray(items(list, ident.ID.String)) }
	_, err := tx.exec(`insert into download (partnership_id, id, kind, query, format, language, state, account_id, hospitals, funds, wide, names, expires_at, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, 'waiting', $7, $8::uuid[], $9::uuid[], $10, $11, $12, $13, $7)`, tx.Partnership(), d.ID, d.Kind, d.Query, d.Format, d.Language,
		tx.who.AccountID, ids(d.Hospitals), ids(d.Funds), d.Wide, d.Names, d.Expires, tx.now)
	return err
}

// DownloadByID reads a download of anybody: the caller has to look whose it is.
func (tx *Tx) DownloadByID(id ident.ID) (Download, error) {
	var r downloadRow
	err := tx.get(&r, selectDownload+`where d.partnership_id = $1 and d.id = $2`, tx.Partnership(), id)
	return one(r.download(), err, "error.download.missing")
}

// UpdateDownload stores what became of a waiting or ready download.
func (tx *Tx) UpdateDownload(d Download) error {
	return tx.update(`update download set state = $4, row_count = $5, size_bytes = $6, rule = $7, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), d.ID, d.Version, string(d.State), d.Rows, d.Size, d.Rule)
}

// ListDownloads is a page of the caller's own downloads, the latest first.
func (tx *Tx) ListDownloads(req page.Request) (page.Result[Download], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[Download]{}, err
	}
	var rows []downloadRow
	err := tx.list(&rows, selectDownload+`where d.partnership_id = $1 and d.account_id = $2 and (d.created_at, d.id) < ($3, $4)
		order by d.created_at desc, d.id desc limit $5`, tx.Partnership(), tx.who.AccountID, at, id, req.Limit()+1)
	return page.Cut(req, items(rows, downloadRow.download), func(d Download) []any { return []any{d.At, d.ID} }), err
}

// expiring is how many downloads one round of upkeep ends.
const expiring = 200

// ExpireDownloads ends what has run out and returns whose files may be removed.
func (tx *Tx) ExpireDownloads() (ids []ident.ID, err error) {
	err = tx.list(&ids, `update download set state = 'expired', version = version + 1 where partnership_id = $1 and id in (select d.id from download d
		where d.partnership_id = $1 and d.state in ('waiting', 'ready') and d.expires_at < $2 order by d.expires_at, d.id limit $3) returning id`,
		tx.Partnership(), tx.now, expiring)
	return ids, err
}

// figureBatch is how many rows of a list are in memory while a file is written.
const figureBatch = 5000

// EachFigureRow hands on the whole list behind a figure, in batches, so that a
// list of any length needs the memory of one. Run it in one instant.
func (tx *Tx) EachFigureRow(kind measure.ListKind, f measure.Filter, yield func(FigureRow) error) error {
	on, id := lastDay, lastID
	for {
		rows, err := tx.figureRows(kind, f, on, id, figureBatch)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := yield(r); err != nil {
				return err
			}
		}
		if len(rows) < figureBatch {
			return nil
		}
		on, id = rows[len(rows)-1].On, rows[len(rows)-1].ID
	}
}
