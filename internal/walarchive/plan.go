package walarchive

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// Segment is one full segment of the log.
type Segment struct {
	Name     string
	Timeline uint64
	At       time.Time // when it was complete

	number uint64 // counted over all of the log
}

// Base is one base backup as its name tells it.
type Base struct {
	File        string
	First, Last string    // the segments it was made in; it holds them itself
	At          time.Time // when it had ended: the earliest moment it leads to
}

// Timeline is the history the backup was made in.
func (b Base) Timeline() uint64 {
	n, _ := strconv.ParseUint(b.Last[:8], 16, 32)
	return n
}

// BaseName is the file name of a base backup.
func BaseName(first, last string, at time.Time) string {
	return first + "-" + last + "." + at.UTC().Format(stampForm) + baseSuffix
}

// Contents are what an archive has: segments by number, bases newest first.
type Contents struct {
	Segments []Segment
	Bases    []Base

	perLog uint64 // segments in one count of the middle of a name
}

// segmentName are the three counts of a segment's name.
func segmentName(name string) (timeline, log, seg uint64, ok bool) {
	if len(name) != 24 {
		return 0, 0, 0, false
	}
	var n [3]uint64
	for i := range n {
		v, err := strconv.ParseUint(name[8*i:8*i+8], 16, 32)
		if err != nil {
			return 0, 0, 0, false
		}
		n[i] = v
	}
	return n[0], n[1], n[2], true
}

// number counts a segment over all of the log.
func (c Contents) number(name string) uint64 {
	_, log, seg, _ := segmentName(name)
	return log*c.perLog + seg
}

// nameOf is the name of a number on a timeline.
func (c Contents) nameOf(timeline, number uint64) string {
	return fmt.Sprintf("%08X%08X%08X", timeline, number/c.perLog, number%c.perLog)
}

// List reads the names in an archive.
func (a *Archive) List() (Contents, error) {
	c := Contents{perLog: 256} // of segments of 16 MB, until one says otherwise
	bases, err := names(filepath.Join(a.dir, baseFolder), baseSuffix, func(of, path string, at time.Time) {
		first, last, ok := strings.Cut(of, "-")
		if ok && len(first) == 24 && len(last) == 24 {
			c.Bases = append(c.Bases, Base{path, first, last, at})
		}
	})
	var sample string
	logs, lerr := names(filepath.Join(a.dir, walFolder), walSuffix, func(of, path string, at time.Time) {
		if timeline, _, _, ok := segmentName(of); ok {
			c.Segments, sample = append(c.Segments, Segment{Name: of, Timeline: timeline, At: at}), path
		}
	})
	if err := errors.Join(err, lerr); err != nil || bases+logs == 0 {
		return c, err
	}
	if sample != "" {
		if err := c.measure(sample); err != nil {
			return c, err
		}
	}
	for i := range c.Segments {
		c.Segments[i].number = c.number(c.Segments[i].Name)
	}
	slices.SortFunc(c.Segments, func(x, y Segment) int {
		return cmp.Or(cmp.Compare(x.number, y.number), cmp.Compare(x.Timeline, y.Timeline))
	})
	slices.SortFunc(c.Bases, func(x, y Base) int { return y.At.Compare(x.At) })
	return c, nil
}

// measure reads from one segment how many there are to a count.
func (c *Contents) measure(file string) error {
	f, err := os.Open(file) // #nosec G304 -- names of the archive are checked against their form
	if err != nil {
		return unreadable(err, file)
	}
	defer f.Close()
	_, h, err := readHead(bufio.NewReaderSize(f, 4096))
	if err != nil || h.Size <= 0 || h.Size > 1<<32 {
		return damaged(file, h.Name, errors.Join(err, errors.New("no size")))
	}
	c.perLog = uint64(1<<32) / uint64(h.Size)
	return nil
}

func names(dir, suffix string, take func(of, path string, at time.Time)) (n int, err error) {
	found, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, unreadable(err, dir)
	}
	for _, f := range found {
		if of, at, ok := splitName(f.Name(), suffix); ok {
			take(of, filepath.Join(dir, f.Name()), at)
			n++
		}
	}
	return n, nil
}

// Reach is how far a base leads without a gap: the moment, and the first segment
// that is missing while later ones are there (empty: none).
func (c Contents) Reach(b Base) (newest time.Time, missing string) {
	return c.follow(b, ^uint64(0))
}

// follow goes from a base along the segments of timelines up to a highest one. The
// base holds its own segments.
func (c Contents) follow(b Base, highest uint64) (newest time.Time, missing string) {
	newest = b.At
	next := c.number(b.Last) + 1
	for _, s := range c.Segments {
		// One less than the next: a new timeline begins in the segment the old one
		// ended in.
		if s.Timeline > highest || s.number+1 < next {
			continue
		}
		if s.number > next {
			return newest, c.nameOf(s.Timeline, next)
		}
		next = s.number + 1
		if s.At.After(newest) {
			newest = s.At
		}
	}
	return newest, ""
}

// Span is what can be restored: every moment from oldest to newest, and the first
// missing segment after it, if there is one.
func (c Contents) Span() (oldest, newest time.Time, missing string) {
	if len(c.Bases) == 0 {
		return oldest, newest, ""
	}
	newest, missing = c.Reach(c.Bases[0])
	return c.Bases[len(c.Bases)-1].At, newest, missing
}

// Prune keeps the newest base backups and the log since the oldest of them, and
// removes what nothing leads from any more. Histories stay: they are small, and a
// new one must not take an old one's number.
func (a *Archive) Prune(keep int) error {
	c, err := a.List()
	if err != nil || len(c.Bases) <= keep {
		return err
	}
	first := c.number(c.Bases[keep-1].First)
	for _, b := range c.Bases[keep:] {
		if err := os.Remove(b.File); err != nil {
			return unwritable(err, filepath.Dir(b.File))
		}
	}
	_, err = names(filepath.Join(a.dir, walFolder), walSuffix, func(of, path string, _ time.Time) {
		segment, _, _ := strings.Cut(of, ".")
		if len(segment) == 24 && c.number(segment) < first {
			_ = os.Remove(path) // tried again with the next base
		}
	})
	return err
}

// Plan is how a moment is reached.
type Plan struct {
	Archive  *Archive
	Base     Base
	Timeline uint64    // the history that was alive at that moment
	Until    time.Time // zero: as far as the archive goes
	Newest   time.Time // as far as the archive goes
}

// MakePlan finds the way to a moment in any of the archives of a folder: the
// newest base before it, and every segment from there on. A moment that cannot be
// reached is refused with what can. A zero moment is the newest there is.
func MakePlan(archives []*Archive, until time.Time) (Plan, error) {
	var p Plan
	var of Contents
	var oldest time.Time
	for _, a := range archives {
		c, err := a.List()
		if err != nil {
			return p, err
		}
		for _, b := range c.Bases {
			if oldest.IsZero() || b.At.Before(oldest) {
				oldest = b.At
			}
			if (until.IsZero() || !b.At.After(until)) && (p.Archive == nil || b.At.After(p.Base.At)) {
				p, of = Plan{Archive: a, Base: b, Until: until}, c
			}
		}
	}
	switch {
	case oldest.IsZero():
		return p, errs.Refuse("archive.empty", "error.archive.no_base", nil, "remedy.archive.base")
	case p.Archive == nil:
		return p, errs.Refuse("archive.too_early", "error.archive.too_early", errs.Args{"oldest": Moment(oldest.Add(time.Second - time.Millisecond))}, "remedy.archive.oldest")
	}
	return p, p.lead(of)
}

// lead picks the timeline and looks for gaps on the way.
func (p *Plan) lead(c Contents) error {
	p.Timeline = p.Base.Timeline()
	var upTo *Segment // the first that was complete after the moment, or the last
	for i, s := range c.Segments {
		if !s.At.After(p.Base.At) {
			continue
		}
		later := !p.Until.IsZero() && !s.At.Before(p.Until)
		switch {
		case upTo == nil,
			later && (upTo.At.Before(p.Until) || s.At.Before(upTo.At)),
			!later && (p.Until.IsZero() || upTo.At.Before(p.Until)) && s.At.After(upTo.At):
			upTo = &c.Segments[i]
		}
	}
	if upTo != nil {
		p.Timeline = max(p.Timeline, upTo.Timeline)
	}
	newest, missing := c.follow(p.Base, p.Timeline)
	p.Newest = newest
	switch {
	case p.Until.IsZero() && missing != "", !p.Until.IsZero() && p.Until.After(newest) && missing != "":
		return errs.Refuse("archive.gap", "error.archive.gap", errs.Args{"segment": missing, "newest": Moment(newest)}, "remedy.archive.gap")
	case p.Until.After(newest):
		return errs.Refuse("archive.too_late", "error.archive.too_late", errs.Args{"newest": Moment(newest)}, "remedy.archive.latest")
	}
	return nil
}

// Moment is a time as people of the house read and type it, to the second.
func Moment(t time.Time) string { return t.In(clock.Shanghai).Format("2006-01-02 15:04:05") }
