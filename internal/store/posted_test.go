package store

import (
	"testing"

	"github.com/lib/pq"
)

// The clock was put back an hour between a reservation and its commitment: by the
// time the commitment comes first, by the accounts the reservation does.
func TestTransfersComeInTheOrderTheyWerePosted(t *testing.T) {
	row := func(kind string, accounts []string, seqs ...int64) transferOrder {
		return transferOrder{Kind: kind, Accounts: accounts, Seqs: pq.Int64Array(seqs)}
	}
	got := asPosted([]transferOrder{
		row("commit", []string{"committed", "reserved"}, 1, 2), row("elsewhere", []string{"other"}, 9),
		row("reserve", []string{"available", "reserved"}, 5, 1), row("reversal", []string{"committed", "reserved"}, 2, 3),
	})
	order := ""
	for _, r := range got {
		order += r.Kind + " "
	}
	if order != "elsewhere reserve commit reversal " {
		t.Error(order)
	}
	// The account they share first does not tell them apart, the next one does.
	for _, rows := range [][]transferOrder{{row("second", []string{"a", "b"}, 0, 2), row("first", []string{"a", "b"}, 0, 1)},
		{row("second", []string{"a", "x"}, 2, 9), row("first", []string{"a", "y"}, 1, 9)}} {
		if got := asPosted(rows); got[0].Kind != "first" {
			t.Errorf("%v comes first", rows[0].Accounts)
		}
	}
	old := asPosted([]transferOrder{row("first", []string{"a"}, 0), row("second", []string{"a"}, 0)}) // from before entries were numbered
	if old[0].Kind != "first" {
		t.Error("old transfers lost the order of their times")
	}
}
