package sheet

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf16"

	"github.com/shanhai-health/shanhai/internal/errs"
)

type form int

const (
	formText form = iota
	formArchive
)

// recognise tells by content what a file is, and refuses the ones nobody can
// read with what to do instead.
func recognise(r io.ReaderAt, size int64) (form, error) {
	head := make([]byte, min(size, 4096))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return 0, broken(err)
	}
	switch {
	case len(bytes.TrimSpace(head)) == 0:
		return 0, errs.New(errs.Invalid, "error.sheet.empty", nil)
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")):
		return 0, refuseCompound(r, size)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return formArchive, nil
	case bytes.HasPrefix(head, []byte("\xFF\xFE")), bytes.HasPrefix(head, []byte("\xFE\xFF")):
		return formText, nil
	case markup(head):
		return 0, errs.New(errs.Invalid, "error.sheet.markup", nil)
	case bytes.IndexByte(head, 0) >= 0, bytes.HasPrefix(head, []byte("%PDF")), bytes.HasPrefix(head, []byte("PK")):
		return 0, errs.New(errs.Invalid, "error.sheet.not_workbook", nil)
	}
	return formText, nil
}

// refuseCompound tells an encrypted workbook from an old .xls: both are OLE
// files, only the first has a stream named EncryptedPackage.
func refuseCompound(r io.ReaderAt, size int64) error {
	name := utf16.Encode([]rune("EncryptedPackage"))
	needle := make([]byte, 0, 2*len(name))
	for _, u := range name {
		needle = append(needle, byte(u), byte(u>>8)) // #nosec G115 -- halves of a UTF-16 unit
	}
	const step = 1 << 16
	buf := make([]byte, step+len(needle))
	for at := int64(0); at < size; at += step {
		n, err := r.ReadAt(buf, at)
		if bytes.Contains(buf[:n], needle) {
			return errs.New(errs.Invalid, "error.sheet.encrypted", nil)
		}
		if err != nil {
			break
		}
	}
	return errs.New(errs.Invalid, "error.sheet.xls", nil)
}

// markup finds web pages and XML tables that carry a spreadsheet's name; many
// old hospital systems export these as ".xls".
func markup(head []byte) bool {
	s := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF"))))
	for _, start := range []string{"<html", "<!doctype", "<table", "<?xml", "<meta", "<head", "mime-version"} {
		if bytes.HasPrefix(s, []byte(start)) {
			return true
		}
	}
	return false
}
