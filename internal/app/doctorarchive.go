package app

import (
	"syscall"
	"time"

	"github.com/shanhai-health/shanhai/internal/pgembed"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/walarchive"
)

// archiveLate is how long a finished segment may wait for the archive: longer than
// any is on its way while all is well.
const archiveLate = 2 * pgembed.ArchiveTimeout

// archive: there is one, on another disk, nothing waits for it, and it leads from
// its oldest base to its newest segment without a gap.
func (d *doctor) archive(keys *seal.Keyring) {
	dir := d.cfg.ArchiveDir
	if !d.cfg.Private() || !clusterThere(d.cfg.DataDir) || keys == nil {
		return // of an external database its administrator sees to it
	}
	if dir == "" {
		d.say("archive", Warn, "doctor.archive.none", "remedy.archive.dir")
		return
	}
	waiting, waited := backlog(d.cfg.DataDir, d.opt.Clock)
	if waited > archiveLate {
		d.say("archive", Bad, "doctor.archive.late", "doctor.archive.late.remedy", "n", waiting, "minutes", int(waited/time.Minute), "dir", dir)
		return
	}
	c, err := newestArchive(dir, keys)
	if err != nil {
		d.wrong("archive", err)
		return
	}
	oldest, newest, missing := c.Span()
	switch {
	case oldest.IsZero():
		d.say("archive", Warn, "doctor.archive.no_base", "remedy.archive.base")
	case missing != "":
		d.say("archive", Bad, "doctor.archive.gap", "remedy.archive.base", "segment", missing, "newest", walarchive.Moment(newest))
	case sameDisk(dir, d.cfg.DataDir):
		d.say("archive", Warn, "doctor.archive.same_disk", "doctor.archive.same_disk.remedy", "dir", dir, "oldest", walarchive.Moment(oldest), "newest", walarchive.Moment(newest))
	default:
		d.good("archive", "doctor.archive.ok", "oldest", walarchive.Moment(oldest), "newest", walarchive.Moment(newest), "n", waiting)
	}
}

// newestArchive is the archive with the newest base: that of the cluster that runs.
func newestArchive(dir string, keys *seal.Keyring) (newest walarchive.Contents, err error) {
	all, err := walarchive.All(dir, keys)
	if err != nil {
		return newest, err
	}
	for _, a := range all {
		c, err := a.List()
		if err != nil {
			return newest, err
		}
		if len(c.Bases) > 0 && (len(newest.Bases) == 0 || c.Bases[0].At.After(newest.Bases[0].At)) {
			newest = c
		}
	}
	return newest, nil
}

// sameDisk reports whether two folders lie on one file system, and go together.
func sameDisk(a, b string) bool {
	var x, y syscall.Stat_t
	return syscall.Stat(a, &x) == nil && syscall.Stat(b, &y) == nil && x.Dev == y.Dev
}
