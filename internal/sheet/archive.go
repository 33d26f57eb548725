package sheet

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/shanhai-health/shanhai/internal/errs"
)

const (
	maxParts     = 2000      // files in the archive; a big real workbook has a few dozen
	maxDirectory = 1 << 20   // bytes of the archive's table of contents
	smallPart    = 1 << 20   // below this a part may pack as well as it likes
	maxStrings   = 128 << 20 // unpacked size of the shared strings, which are kept in memory
	bigStrings   = 8 << 20   // from here on the strings may pack only so well:
	stringsRatio = 40        // they are all different; a real table packs 10 : 1
)

// archive is the checked zip file of a workbook.
type archive struct {
	parts map[string]*zip.File
	opts  Options
}

// openZip checks the table of contents before the zip library reads it: the
// library makes an object per entry, so a million entries would be memory.
func openZip(r io.ReaderAt, size int64, opts Options) (*archive, error) {
	if err := checkDirectory(r, size); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, broken(err)
	}
	if len(z.File) > maxParts {
		return nil, bomb()
	}
	a := &archive{parts: make(map[string]*zip.File, len(z.File)), opts: opts}
	var total uint64
	for _, f := range z.File {
		if err := a.admit(f); err != nil {
			return nil, err
		}
		total += f.UncompressedSize64
		if total > uint64(opts.MaxUnzipped) { // #nosec G115 -- a size too large for the type ends below the limits, which refuse it
			return nil, bomb()
		}
	}
	return a, nil
}

// admit checks one entry by what the table of contents says about it; the
// stream is held to that again while it is read.
func (a *archive) admit(f *zip.File) error {
	name := strings.ReplaceAll(f.Name, `\`, "/")
	if f.Flags&1 != 0 {
		return errs.New(errs.Invalid, "error.sheet.encrypted", nil)
	}
	if f.UncompressedSize64 > uint64(a.opts.MaxUnzipped) { // #nosec G115 -- a size too large for the type ends below the limits, which refuse it
		return bomb()
	}
	if f.UncompressedSize64 > smallPart && f.UncompressedSize64/uint64(a.opts.MaxRatio) >= max(f.CompressedSize64, 1) { // #nosec G115 -- a size too large for the type ends below the limits, which refuse it
		return bomb()
	}
	if strings.HasPrefix(name, "/") || path.Clean("/"+name) != "/"+strings.TrimSuffix(name, "/") {
		return broken(errors.New("a part leaves its folder"))
	}
	if _, twice := a.parts[name]; twice {
		return broken(errors.New("a part occurs twice"))
	}
	a.parts[name] = f
	return nil
}

// checkDirectory reads the end-of-directory record and bounds what lies behind
// the start of the table of contents.
func checkDirectory(r io.ReaderAt, size int64) error {
	const record = 22
	tail := make([]byte, min(size, record+1<<16))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return broken(err)
	}
	at := -1
	for i := len(tail) - record; i >= 0; i-- {
		if string(tail[i:i+4]) == "PK\x05\x06" {
			at = i
			break
		}
	}
	if at < 0 {
		return broken(errors.New("no end of directory"))
	}
	count := binary.LittleEndian.Uint16(tail[at+10:])
	length := binary.LittleEndian.Uint32(tail[at+12:])
	start := binary.LittleEndian.Uint32(tail[at+16:])
	// The 64-bit form (all ones) is for archives beyond any limit of ours.
	if count == 0xFFFF || start == 0xFFFFFFFF || count > maxParts || length > maxDirectory {
		return bomb()
	}
	if size-int64(start) > maxDirectory+int64(len(tail)) {
		return bomb()
	}
	return nil
}

func bomb() error { return errs.New(errs.Invalid, "error.sheet.bomb", nil) }

// open streams a part. The reader fails as soon as more comes out than the
// table of contents promised, or than the ratio allows.
func (a *archive) open(name string) (io.ReadCloser, error) {
	f, ok := a.parts[name]
	if !ok {
		return nil, broken(errors.New("part missing: " + path.Base(name)))
	}
	rc, err := f.Open()
	if err != nil {
		return nil, broken(err)
	}
	limit := max(int64(f.CompressedSize64)*a.opts.MaxRatio, smallPart) // #nosec G115 -- a size too large for the type ends below the limits, which refuse it
	return &meter{rc: rc, left: min(limit, a.opts.MaxUnzipped)}, nil
}

// meter is a reader with a budget.
type meter struct {
	rc   io.ReadCloser
	left int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.rc.Read(p)
	m.left -= int64(n)
	if m.left < 0 {
		return 0, bomb()
	}
	return n, err
}

func (m *meter) Close() error { return m.rc.Close() }
