package document_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/document"
)

// photo is a small JPEG with the segments a telephone writes.
func photo(t *testing.T, extra ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 9, 7)), nil); err != nil {
		t.Fatal(err)
	}
	plain := b.Bytes()
	return bytes.Join(append(append([][]byte{plain[:2]}, extra...), plain[2:]), nil)
}

func segment(mark byte, text string) []byte {
	n := len(text) + 2
	return append([]byte{0xFF, mark, byte(n >> 8), byte(n)}, text...)
}

func TestAPhotoKeepsThePictureOnly(t *testing.T) {
	in := photo(t, segment(0xE0, "JFIF\x00"), segment(0xE1, "Exif\x00\x00GPS 29.5,108.7"), segment(0xE2, "ICC"), []byte{0xFF}, segment(0xFE, "my phone"), segment(0xEE, "Adobe"))
	out, ok := document.Strip(in)
	if !ok {
		t.Fatal("a photo is not read")
	}
	for _, gone := range []string{"GPS", "Exif", "my phone", "ICC"} {
		if bytes.Contains(out, []byte(gone)) {
			t.Errorf("%q is still there", gone)
		}
	}
	if !bytes.Contains(out, []byte("JFIF")) || !bytes.Contains(out, []byte("Adobe")) {
		t.Error("what the picture needs is gone")
	}
	if c, err := jpeg.DecodeConfig(bytes.NewReader(out)); err != nil || c.Width != 9 {
		t.Errorf("the picture: %+v %v", c, err)
	}
}

func TestWhatIsNoPhotoIsNotTaken(t *testing.T) {
	good := photo(t)
	for name, in := range map[string][]byte{"nothing": nil, "text": []byte("<svg>hello</svg>"), "a start only": good[:2], "cut in a segment": good[:8],
		"a segment longer than the file": append(good[:2:2], 0xFF, 0xE1, 0xFF, 0xFF, 1), "a length of nothing": append(good[:2:2], 0xFF, 0xE1, 0, 1, 0, 0), "no marker": append(good[:2:2], 1, 2, 3, 4, 5)} {
		if _, ok := document.Strip(in); ok {
			t.Errorf("%s is taken", name)
		}
	}
}
