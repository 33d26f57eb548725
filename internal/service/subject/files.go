package subject

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Limits of what one copy carries; what is beyond them is named in it and asked
// for at the office.
const (
	MaxFiles = 2000
	MaxBytes = 1 << 30
)

// FileState is whether a scanned file goes with a copy.
type FileState string

// The states.
const (
	FileIncluded FileState = "included"
	FileMissing  FileState = "missing"  // erased, or not readable any more
	FileLeftOut  FileState = "left_out" // beyond the limits
)

// CopiedFile is a scanned file of the person under the name it has in the copy.
// The same paper filed twice goes once.
type CopiedFile struct {
	Name        string     `json:"name"`
	Attachments []ident.ID `json:"attachments"` // the rows of the table that mean it
	Media       string     `json:"media_type"`
	Size        int64      `json:"size_bytes"`
	State       FileState  `json:"state"`
	digest      []byte
}

// collect finds the scanned files of a copy and looks whether each can be read, so
// that a damaged one is said before the copy counts as handed out. One file is in
// memory at a time.
func (s *Service) collect(c *Copy) {
	byDigest := map[string]int{}
	left := int64(MaxBytes)
	c.each("attachment", func(r store.SubjectRow) {
		text, _ := r["digest"].(string)
		digest, err := hex.DecodeString(strings.TrimPrefix(text, `\x`))
		ids := idsOf([]store.SubjectRow{r})
		if err != nil || len(digest) < 2 || len(ids) == 0 {
			return
		}
		if i, known := byDigest[text]; known {
			c.Files[i].Attachments = append(c.Files[i].Attachments, ids...)
			return
		}
		byDigest[text] = len(c.Files)
		f := CopiedFile{Attachments: ids, State: FileIncluded, digest: digest}
		f.Media, _ = r["media_type"].(string)
		name, _ := r["file_name"].(string)
		f.Name = fileName(len(c.Files)+1, name, f.Media)
		if n, ok := r["size_bytes"].(json.Number); ok {
			f.Size, _ = n.Int64()
		}
		switch {
		case len(c.Files) >= MaxFiles || f.Size > left:
			f.State = FileLeftOut
		default:
			if content, err := s.blobs.Get(digest); err != nil || int64(len(content)) > document.MaxSize {
				f.State = FileMissing
			} else {
				f.Size = int64(len(content))
				left -= f.Size
			}
		}
		c.Files = append(c.Files, f)
	})
}

// fileName is the name of a file in the copy: a number, what it was called, and
// the ending of what it is. No name leads out of the folder, hides what it is, or
// is one that a system keeps for itself.
func fileName(n int, name, media string) string {
	ending := document.Extension(media)
	name = document.CleanName(name)
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[:i]
	}
	if name = strings.Trim(name, " ."); name != "" {
		name = "-" + name
	}
	return fmt.Sprintf("files/%03d%s%s", n, name, ending)
}

// Included lists the files that go with the copy.
func (c Copy) Included() []CopiedFile {
	return slices.DeleteFunc(slices.Clone(c.Files), func(f CopiedFile) bool { return f.State != FileIncluded })
}

// Content reads a file of a copy that is being handed out.
func (s *Service) Content(f CopiedFile) ([]byte, error) { return s.blobs.Get(f.digest) }
