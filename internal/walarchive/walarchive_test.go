package walarchive_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/walarchive"
)

// noon is when the first base of a story ended.
var noon = time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)

// at is some minutes after noon.
func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// story is an archive of small segments.
type story struct {
	t       *testing.T
	archive *walarchive.Archive
}

func newStory(t *testing.T) story {
	t.Helper()
	keys, err := seal.Create(t.TempDir(), clock.NewFixed(noon))
	if err != nil {
		t.Fatal(err)
	}
	return story{t, walarchive.Open(t.TempDir(), "7", keys)}
}

func (s story) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// segment archives a segment that was complete at a minute.
func (s story) segment(name string, minute int) {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), name)
	s.must(os.WriteFile(file, bytes.Repeat([]byte{7}, 4096), 0o600))
	s.must(os.Chtimes(file, at(minute), at(minute)))
	s.must(s.archive.Put(file))
}

// base makes the name of a base backup that ended at a minute.
func (s story) base(first, last string, minute int) {
	s.t.Helper()
	dir, err := s.archive.BaseDir()
	s.must(err)
	s.must(os.WriteFile(filepath.Join(dir, walarchive.BaseName(first, last, at(minute))), nil, 0o600))
}

func (s story) remove(pattern string) {
	s.t.Helper()
	dir, err := s.archive.BaseDir()
	s.must(err)
	found, err := filepath.Glob(filepath.Join(dir, "..", "wal", pattern))
	s.must(err)
	for _, f := range found {
		s.must(os.Remove(f))
	}
}

// seg is a segment's name on a timeline.
func seg(timeline, n string) string { return "0000000" + timeline + "0000000000" + "00000" + n }

// told is a story with a restore in it: at minute 20 somebody went back to minute 12
// and the second timeline began in segment 4.
func told(t *testing.T) story {
	s := newStory(t)
	s.base(seg("1", "2"), seg("1", "2"), 0)
	for i, name := range []string{"2", "3", "4", "5"} {
		s.segment(seg("1", name), i*5)
	}
	s.segment(seg("2", "4"), 22)
	s.segment(seg("2", "5"), 27)
	return s
}

func TestAMomentIsReachedOnTheHistoryThatWasAlive(t *testing.T) {
	s := told(t)
	for _, c := range []struct {
		minute   int
		timeline uint64
		refused  string
	}{
		{0, 1, ""}, {7, 1, ""}, {14, 1, ""}, {15, 1, ""}, {21, 2, ""}, {27, 2, ""},
		{28, 0, "error.archive.too_late"}, {-1, 0, "error.archive.too_early"},
	} {
		p, err := walarchive.MakePlan([]*walarchive.Archive{s.archive}, at(c.minute))
		switch {
		case c.refused != "" && (errs.Of(err) == nil || errs.Of(err).Key != c.refused):
			t.Errorf("minute %d: %v, want %s", c.minute, err, c.refused)
		case c.refused == "" && (err != nil || p.Timeline != c.timeline || !p.Base.At.Equal(noon)):
			t.Errorf("minute %d: timeline %d of base %s, %v", c.minute, p.Timeline, p.Base.At, err)
		}
	}
	if p, err := walarchive.MakePlan([]*walarchive.Archive{s.archive}, time.Time{}); err != nil || p.Timeline != 2 || !p.Newest.Equal(at(27)) {
		t.Errorf("the newest: %+v %v", p, err)
	}
}

func TestAGapIsNamedAndWhatLiesBeforeItCanBeRestored(t *testing.T) {
	s := told(t)
	s.remove(seg("1", "3") + "*")
	for minute, want := range map[int]string{2: "error.archive.gap", 14: "error.archive.gap", 0: ""} {
		_, err := walarchive.MakePlan([]*walarchive.Archive{s.archive}, at(minute))
		if want == "" && err == nil {
			continue
		}
		if errs.Of(err) == nil || errs.Of(err).Key != want || errs.Of(err).Args["segment"] != seg("1", "3") {
			t.Errorf("minute %d: %v", minute, err)
		}
	}
	left := told(t) // a later history does not fill the gap of an earlier one
	left.remove(seg("1", "4") + "*")
	if _, err := walarchive.MakePlan([]*walarchive.Archive{left.archive}, at(14)); errs.Of(err) == nil || errs.Of(err).Args["segment"] != seg("1", "4") {
		t.Errorf("the abandoned history: %v", err)
	}
	c, err := s.archive.List()
	s.must(err)
	if _, newest, missing := c.Span(); missing != seg("1", "3") || !newest.Equal(noon) {
		t.Errorf("%s %s", newest, missing)
	}
}

func TestPruningKeepsEverythingTheKeptBasesLeadFrom(t *testing.T) {
	s := told(t)
	s.segment("00000002.history", 20)
	s.base(seg("1", "3"), seg("1", "4"), 10)
	s.base(seg("2", "4"), seg("2", "5"), 27)
	s.must(s.archive.Prune(2))
	c, err := s.archive.List()
	s.must(err)
	if len(c.Bases) != 2 || len(c.Segments) != 5 || c.Segments[0].Name != seg("1", "3") {
		t.Errorf("%+v", c)
	}
	if oldest, newest, missing := c.Span(); !oldest.Equal(at(10)) || !newest.Equal(at(27)) || missing != "" {
		t.Errorf("%s to %s, %q", oldest, newest, missing)
	}
	if err := s.archive.Get("00000002.history", io.Discard); err != nil {
		t.Errorf("a history was pruned: %v", err)
	}
}

func TestAttachmentsAreMirroredOnceAndHalfOnesNever(t *testing.T) {
	s, from, to := newStory(t), t.TempDir(), t.TempDir()
	s.must(os.Mkdir(filepath.Join(from, "ab"), 0o700))
	for name, text := range map[string]string{"abcd": "one", "new-123": "half"} {
		s.must(os.WriteFile(filepath.Join(from, "ab", name), []byte(text), 0o600))
	}
	s.must(s.archive.Mirror(from))
	s.must(os.WriteFile(filepath.Join(from, "ab", "abcd"), []byte("changed"), 0o600))
	s.must(s.archive.Mirror(from))
	n, err := s.archive.Attachments(to)
	raw, rerr := os.ReadFile(filepath.Join(to, "ab", "abcd"))
	if err != nil || rerr != nil || n != 1 || string(raw) != "one" {
		t.Errorf("%d %q %v %v", n, raw, err, rerr)
	}
}

// A segment is put once; the same again changes nothing, another under its name is
// refused and what is there stays.
func TestASegmentIsArchivedOnceAndNeverReplaced(t *testing.T) {
	s, spool := newStory(t), t.TempDir()
	a := s.archive
	file := filepath.Join(spool, "000000010000000000000003")
	put := func(content string) error {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return a.Put(file)
	}
	for range 2 {
		if err := put("one"); err != nil {
			t.Fatal(err)
		}
	}
	if err := put("two"); errs.Of(err).Key != "error.archive.other_content" {
		t.Errorf("%v", err)
	}
	var back bytes.Buffer
	if err := a.Get(filepath.Base(file), &back); err != nil || back.String() != "one" {
		t.Errorf("%q %v", back.String(), err)
	}
	bases, err := a.BaseDir()
	s.must(err)
	kept, err := filepath.Glob(filepath.Join(bases, "..", "wal", "*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("%v %v", kept, err)
	}
	raw, err := os.ReadFile(kept[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw { // every byte, the open line too, and every cut
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		for what, content := range map[string][]byte{"changed": bad, "cut": raw[:i]} {
			if err := os.WriteFile(kept[0], content, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := a.Get(filepath.Base(file), io.Discard); err == nil {
				t.Fatalf("%s at %d of %d was taken", what, i, len(raw))
			}
		}
	}
	if err := os.WriteFile(kept[0], raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.Get("000000010000000000000004", &back); !errs.Is(err, errs.NotFound) {
		t.Errorf("%v", err)
	}
	if err := a.Get("../../etc/passwd", &back); !errs.Is(err, errs.Invalid) {
		t.Errorf("%v", err)
	}
}
