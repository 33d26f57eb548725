package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// SummaryFault is a part whose summary is not what the records say. Reader is
// whose cells they are, nil for those of the whole partnership.
type SummaryFault struct {
	Reader    ident.ID `json:"reader"`
	Filter    string   `json:"filter"`
	Dimension string   `json:"dimension"`
	Key       string   `json:"key"`
}

// CompareSummary holds the summary against the records: the whole partnership,
// each programme, year and hospital with all their parts, and the totals of each
// reader. An empty list is the proof; looked is false while too much is unfolded
// to compare. It needs a wide reader and a transaction of [OneInstant].
func (tx *Tx) CompareSummary() (faults []SummaryFault, looked bool, err error) {
	filters, err := tx.summaryFilters()
	if err != nil {
		return nil, false, err
	}
	for _, f := range filters {
		ask := counting{filter: f, by: SummaryDimensions()}
		kept, ok, err := tx.summed(ask)
		if err != nil || !ok {
			return nil, false, err
		}
		counted, err := tx.counted(ask)
		if err != nil {
			return nil, false, err
		}
		for _, key := range differing(kept, counted) {
			faults = append(faults, SummaryFault{Filter: f.Query(), Dimension: key[0], Key: key[1]})
		}
	}
	s, err := tx.summaryStanding(ident.Nil, ident.Nil)
	if err != nil || s.Marked > 0 {
		return faults, true, err
	}
	readers, err := tx.differingReaders()
	return append(faults, readers...), true, err
}

// differing are the parts two readings of one question do not share.
func differing(kept, counted []measure.Tally) (out [][2]string) {
	left := map[[2]string]measure.Tally{}
	for _, t := range kept {
		t.Path = ""
		left[[2]string{string(t.Dimension), t.Key}] = t
	}
	for _, t := range counted {
		key := [2]string{string(t.Dimension), t.Key}
		t.Path = ""
		if left[key] != t {
			out = append(out, key)
		}
		delete(left, key)
	}
	for key := range left {
		out = append(out, key)
	}
	return out
}

// summaryFilters are the questions of a comparison. What the cells miss wholly
// shows in the parts of the first one.
func (tx *Tx) summaryFilters() ([]measure.Filter, error) {
	var rows []struct {
		Place ident.ID   `db:"place_id"`
		Since clock.Date `db:"since"`
	}
	err := tx.list(&rows, `select c.place_id, c.since from summary_cell c where c.partnership_id = $1
		and (c.mask = 1 and c.span = 'all' and c.hospital_id = c.place_id or c.mask = 0 and c.span = 'year' and c.hospital_id = $2) order by c.place_id, c.since`, tx.Partnership(), ident.Nil)
	out := []measure.Filter{{}}
	for _, p := range measure.Programmes() {
		if p != measure.All {
			out = append(out, measure.Filter{Programme: p})
		}
	}
	for _, r := range rows {
		if r.Place != ident.Nil {
			out = append(out, measure.Filter{HospitalID: r.Place})
		} else {
			out = append(out, measure.Filter{From: r.Since, To: clock.MustDate(r.Since.Year(), 12, 31)})
		}
	}
	return out, err
}

// differingReaders compares the totals of what every hospital sees.
func (tx *Tx) differingReaders() ([]SummaryFault, error) {
	var kept, counted []struct {
		Reader ident.ID `db:"reader"`
		tallyRow
	}
	if err := tx.list(&kept, `select c.hospital_id as reader, '' as dim, '' as key, c.operations, c.persons, c.treatments, c.settled, c.bill_fen, c.basic_fen, c.critical_fen, c.assistance_fen,
		c.other_fen, c.fund_fen, c.waiver_fen, c.net_fen from summary_cell c where c.partnership_id = $1 and c.hospital_id <> $2 and c.mask = 0 and c.span = 'all'
		and (c.operations <> 0 or c.treatments <> 0)`, tx.Partnership(), ident.Nil); err != nil {
		return nil, err
	}
	err := tx.list(&counted, `select u.reader, '' as dim, '' as key, sum(u.operations)::bigint as operations, count(distinct u.person) as persons, sum(u.treatments)::bigint as treatments, sum(u.settled)::bigint as settled, `+sumLayers+`
		from (select v.id as reader, coalesce(q.root_id, x.person_id) as person, 1 as operations, 0 as treatments, 0 as settled, 0 as bill_fen, 0 as basic_fen, 0 as critical_fen,
				0 as assistance_fen, 0 as other_fen, 0 as fund_fen, 0 as waiver_fen, 0 as net_fen
			from procedure x cross join lateral (select o.id from organisation o where o.id = any(x.visible_to)) v left join person q on q.partnership_id = x.partnership_id and q.id = x.person_id
			where x.partnership_id = $1 and x.live
		union all select v.id, null::uuid, 0, 1, (s.id is not null)::int, s.bill_fen, s.basic_fen, s.critical_fen, s.assistance_fen, s.other_fen, s.fund_fen, s.waiver_fen, s.net_fen
			from treatment x cross join lateral (select o.id from organisation o where o.id = any(x.visible_to)) v
			left join settlement s on s.partnership_id = x.partnership_id and s.treatment_id = x.id and s.state = 'settled' and v.id = any(s.visible_to)
			where x.partnership_id = $1 and x.live and x.operated_on is not null) u
		group by u.reader`, tx.Partnership())
	if err != nil {
		return nil, err
	}
	left := map[ident.ID]tallyRow{}
	for _, r := range kept {
		left[r.Reader] = r.tallyRow
	}
	var out []SummaryFault
	for _, r := range counted {
		if left[r.Reader] != r.tallyRow {
			out = append(out, SummaryFault{Reader: r.Reader})
		}
		delete(left, r.Reader)
	}
	for id := range left {
		out = append(out, SummaryFault{Reader: id})
	}
	return out, nil
}

// SummaryCheck is the outcome of a comparison.
type SummaryCheck struct {
	At     time.Time
	Faults int
}

// SaveSummaryCheck keeps the outcome of the latest comparison.
func (tx *Tx) SaveSummaryCheck(faults []SummaryFault) error {
	detail, err := json.Marshal(append([]SummaryFault{}, faults[:min(len(faults), 100)]...))
	if err != nil {
		return err
	}
	_, err = tx.exec(`insert into summary_state (partnership_id, kind, at, faults, detail) values ($1, 'check', $2, $3, $4)
		on conflict (partnership_id, kind) do update set at = excluded.at, faults = excluded.faults, detail = excluded.detail`, tx.Partnership(), tx.now, len(faults), string(detail))
	return err
}

// LastSummaryCheck is the latest comparison; false when none was made.
func (tx *Tx) LastSummaryCheck() (c SummaryCheck, ok bool, err error) {
	err = tx.get(&c, `select s.at, s.faults from summary_state s where s.partnership_id = $1 and s.kind = 'check'`, tx.Partnership())
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	c.At = c.At.UTC()
	return c, err == nil, err
}
