package fund_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// splitInto gives a fund lanes; everything it has stays in the first.
func splitInto(b fund.Book, lanes int) fund.Book {
	b.Lanes[0] = fund.Lane{Accounts: b.Accounts, Balances: b.Balances}
	for i := 1; i < lanes; i++ {
		b.Lanes[i].Accounts = fund.Accounts{Available: ident.New(), Reserved: ident.New(), Committed: ident.New(), Paid: ident.New()}
	}
	return b
}

func lanesOf(b fund.Book) (out []fund.Lane) {
	if b.Lanes[0] == (fund.Lane{}) {
		return []fund.Lane{{Accounts: b.Accounts, Balances: b.Balances}}
	}
	for _, l := range b.Lanes {
		if l.Accounts != (fund.Accounts{}) {
			out = append(out, l)
		}
	}
	return out
}

func plus(a, b fund.Balances) fund.Balances {
	return fund.Balances{Source: a.Source + b.Source, Available: a.Available + b.Available, Reserved: a.Reserved + b.Reserved, Committed: a.Committed + b.Committed, Paid: a.Paid + b.Paid}
}

// available is what lies in each lane.
func available(b fund.Book) (out []money.Fen) {
	for _, l := range lanesOf(b) {
		out = append(out, l.Balances.Available)
	}
	return out
}

func wantLanes(t *testing.T, b fund.Book, want ...money.Fen) {
	t.Helper()
	got := available(b)
	for i := range want {
		if len(got) != len(want) || got[i] != want[i] {
			t.Fatalf("the lanes have %v, want %v", got, want)
		}
	}
}

func TestWhatComesInIsSpreadOverTheLanes(t *testing.T) {
	b := splitInto(book(0), 3)
	x, err := b.Deposit(stamp(), 1000)
	b = post(t, b, x, err)
	wantLanes(t, b, 334, 333, 333)
	x, err = b.Deposit(stamp(), 1) // less than a fen each
	if b = post(t, b, x, err); len(x.Entries) != 2 || b.Balances.Available != 1001 {
		t.Errorf("%+v", x.Entries)
	}
}

func TestAReservationTakesOneLaneThatHasEnoughOrSeveral(t *testing.T) {
	b := splitInto(book(900), 3)
	x, err := b.Spread(stamp())
	b = post(t, b, x, err)
	wantLanes(t, b, 300, 300, 300)
	for _, c := range []struct {
		asked   money.Fen
		entries int
		left    []money.Fen
	}{
		{300, 2, []money.Fen{0, 300, 300}}, // exactly what the first has
		{200, 2, []money.Fen{0, 100, 300}}, // the next one that has enough
		{350, 3, []money.Fen{0, 50, 0}},    // no lane has it, the sum does: the fullest first
		{50, 2, []money.Fen{0, 0, 0}},      // the last fen
	} {
		x, _, err := b.Reserve(stamp(), c.asked)
		if b = post(t, b, x, err); len(x.Entries) != c.entries {
			t.Errorf("reserving %s: %+v", c.asked, x.Entries)
		}
		wantLanes(t, b, c.left...)
	}
	_, _, err = b.Reserve(stamp(), 1)
	if e := errs.Of(err); e.Rule != "fund.sufficient" || e.Args["available"] != money.Fen(0) {
		t.Errorf("beyond the sum: %v", err)
	}
}

func TestAHoldOfSeveralLanesIsCommittedAndTakenBack(t *testing.T) {
	b := splitInto(book(900), 3)
	x, err := b.Spread(stamp())
	b = post(t, b, x, err)
	before := b.Balances
	x, hold, err := b.Reserve(stamp(), 700)
	b = post(t, b, x, err)
	commit, _, err := b.Commit(stamp(), hold, fund.Spending{Spent: 650})
	b = post(t, b, commit, err)
	if b.Balances != (fund.Balances{Source: -900, Available: 250, Committed: 650}) {
		t.Fatalf("committed: %+v", b.Balances)
	}
	// The 50 that came back are reserved again from another lane's money: the commitment
	// cannot be taken back lane by lane, but as a whole.
	y, _, err := b.Reserve(stamp(), 200)
	b = post(t, b, y, err)
	back, err := b.Reverse(stamp(), commit)
	b = post(t, b, back, err)
	if b.Balances != (fund.Balances{Source: -900, Reserved: 900}) || back.Reverses != commit.ID {
		t.Fatalf("taken back: %+v", b.Balances)
	}
	for _, t2 := range []fund.Transfer{y, x} {
		m, err := b.Reverse(stamp(), t2)
		b = post(t, b, m, err)
	}
	if b.Balances != before {
		t.Errorf("all taken back: %+v", b.Balances)
	}
}

func TestADepositThatIsSpentIsNotTakenBackFromALane(t *testing.T) {
	b := splitInto(book(0), 3)
	x, err := b.Deposit(stamp(), 900)
	b = post(t, b, x, err)
	y, _, err := b.Reserve(stamp(), 1)
	b = post(t, b, y, err)
	if _, err := b.Reverse(stamp(), x); errs.Of(err).Rule != "fund.reversible" {
		t.Errorf("one fen is missing: %v", err)
	}
	z, err := b.Deposit(stamp(), 1)
	b = post(t, b, z, err)
	m, err := b.Reverse(stamp(), x)
	if b = post(t, b, m, err); b.Balances.Available != 0 {
		t.Errorf("%+v", b.Balances)
	}
}

func TestWhatALaneHasSpentSinceIsTakenBackFromTheOthers(t *testing.T) {
	b := splitInto(book(100), 3)
	x, err := b.Deposit(stamp(), 900)
	b = post(t, b, x, err)
	m, err := b.Reverse(stamp(), x)
	if err != nil || len(m.Entries) != len(x.Entries) {
		t.Fatalf("%+v, %v", m.Entries, err)
	}
	for i, e := range m.Entries { // nothing has moved since: the mirror, line by line
		if e.AccountID != x.Entries[i].AccountID || e.Amount != -x.Entries[i].Amount {
			t.Errorf("line %d is %+v", i, e)
		}
	}
	y, _, err := b.Reserve(stamp(), 250)
	b = post(t, b, y, err)
	z, err := b.Deposit(stamp(), 250)
	b = post(t, b, z, err)
	wantLanes(t, b, 234, 383, 383)
	m, err = b.Reverse(stamp(), x)
	b = post(t, b, m, err)
	wantLanes(t, b, 100, 0, 0)
	other, err := splitInto(book(0), 2).Deposit(stamp(), 5)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Reverse(stamp(), other); !errs.Is(err, errs.Internal) {
		t.Errorf("another fund's transfer: %v", err)
	}
}

func TestWhatSeveralLanesGiveStaysWithTheFullest(t *testing.T) {
	for name, c := range map[string]struct{ lanes, reserved [2]money.Fen }{
		"the first": {[2]money.Fen{300, 200}, [2]money.Fen{400, 0}}, "the second": {[2]money.Fen{200, 300}, [2]money.Fen{0, 400}}} {
		b := splitInto(book(500), 2)
		b.Lanes[0].Balances.Available, b.Lanes[1].Balances.Available = c.lanes[0], c.lanes[1]
		x, _, err := b.Reserve(stamp(), 400)
		b = post(t, b, x, err)
		if got := [2]money.Fen{b.Lanes[0].Balances.Reserved, b.Lanes[1].Balances.Reserved}; got != c.reserved {
			t.Errorf("%s is the fullest: reserved %v", name, got)
		}
	}
}

func TestABookIsPutTogetherFromItsAccounts(t *testing.T) {
	want := splitInto(book(900), 2)
	want.Lanes[1].Balances = fund.Balances{Reserved: 7, Committed: 2, Paid: 3}
	want.Balances.Reserved, want.Balances.Committed, want.Balances.Paid = 7, 2, 3
	var lanes [fund.MaxLanes]fund.Lane
	for i, l := range want.Lanes[:2] {
		for _, x := range []struct {
			kind    fund.Account
			balance money.Fen
		}{{fund.Source, l.Balances.Source}, {fund.Available, l.Balances.Available}, {fund.Reserved, l.Balances.Reserved}, {fund.Committed, l.Balances.Committed}, {fund.Paid, l.Balances.Paid}} {
			lanes[i].Put(x.kind, l.Accounts.ID(x.kind), x.balance)
		}
	}
	if got := (fund.Book{Fund: want.Fund, Name: want.Name}).With(lanes); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	lanes[1] = fund.Lane{}
	if got := (fund.Book{}).With(lanes); got.Lanes != ([fund.MaxLanes]fund.Lane{}) || got.Balances != want.Lanes[0].Balances || got.Accounts != want.Accounts {
		t.Errorf("one lane: %+v", got)
	}
}

func TestEvenLanesAreNotSpreadAgain(t *testing.T) {
	for name, b := range map[string]fund.Book{"one lane": book(900), "even": splitInto(book(0), 3)} {
		if _, err := b.Spread(stamp()); errs.Of(err).Rule != "fund.spread" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnAccountOfALaneIsNeverBelowZero(t *testing.T) {
	b := splitInto(book(900), 2)
	x := fund.Transfer{ID: ident.New(), Kind: fund.KindReserve, EffectiveOn: day, Entries: []fund.Entry{{AccountID: b.Lanes[1].Accounts.Available, Amount: -1}, {AccountID: b.Lanes[1].Accounts.Reserved, Amount: 1}}}
	if _, err := b.Apply(x); errs.Of(err).Rule != "fund.never_negative" {
		t.Errorf("the fund has 900, the lane nothing: %v", err)
	}
}
