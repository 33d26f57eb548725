package document_test

import (
	"bytes"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/document"
)

// A photo that was stripped is stripped: doing it again changes nothing, and what is
// no photo is not taken for one.
func FuzzStrip(f *testing.F) {
	f.Add([]byte{0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xd9})
	f.Add([]byte("\xff\xd8\xff<script>"))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Add([]byte("GIF89a%PDF-1.7"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		once, ok := document.Strip(raw)
		if !ok {
			return
		}
		if twice, ok := document.Strip(once); !ok || !bytes.Equal(once, twice) {
			t.Errorf("%x became %x, then %x", raw, once, twice)
		}
	})
}
