package document_test

import (
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/errs"
)

const webp = "RIFF\x24\x00\x00\x00WEBPVP8 "

func TestTheFirstBytesDecide(t *testing.T) {
	for head, want := range map[string]string{
		"\xff\xd8\xff\xe0\x00\x10JFIF": document.JPEG, "\x89PNG\r\n\x1a\n\x00\x00": document.PNG, "%PDF-1.7\n": document.PDF, webp: document.WebP,
		"<svg xmlns=": "", "<!doctype html>": "", "GIF89a": "", "PK\x03\x04": "", "": "", "\xff\xd8": "", "%PDF": "",
		"RIFF\x24\x00\x00\x00WAVEfmt ": "", "  %PDF-1.7": "", "MZ\x90\x00": "",
	} {
		media, ok := document.Sniff([]byte(head))
		if media != want || ok != (want != "") {
			t.Errorf("%q: %q %v", head, media, ok)
		}
	}
}

func TestAccept(t *testing.T) {
	good := document.Upload{Kind: document.Poverty, Name: "证明.jpg", Content: append([]byte("\xff\xd8\xff\xe0"), make([]byte, document.MaxSize-4)...)}
	if media, err := document.Accept(good); err != nil || media != document.JPEG {
		t.Fatalf("%q %v", media, err)
	}
	big := good
	big.Content = append(big.Content, 0)
	if _, err := document.Accept(big); !errs.Is(err, errs.TooLarge) {
		t.Errorf("10 MiB and a byte: %v", err)
	}
	for path, change := range map[string]func(*document.Upload){
		"kind": func(u *document.Upload) { u.Kind = "letter" },
		"file": func(u *document.Upload) { u.Content = []byte("<svg onload=alert(1)>") },
	} {
		u := good
		change(&u)
		if _, err := document.Accept(u); !errs.Of(err).Fields.Has(path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	empty := good
	empty.Content = nil
	if e := errs.Of(second(document.Accept(empty))); len(e.Fields) != 1 || e.Fields[0].Key != "error.attachment.empty" {
		t.Errorf("an empty file: %v", e)
	}
}

// A head that promises more than a picture may have is refused, whatever follows;
// a page, a script or an archive behind the head of a picture is that picture and
// nothing else, and a picture behind the head of something else is refused.
func TestFloodsAndFilesOfTwoKinds(t *testing.T) {
	sized := func(width, height uint32) string {
		head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), width), height)
		head = append(head, 8, 2, 0, 0, 0)
		out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
		return string(binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head)))
	}
	for name, c := range map[string]struct{ content, media, key string }{
		"a photo of 108 megapixels":      {sized(12000, 9000), document.PNG, ""},
		"a flood of pixels":              {sized(60000, 60000), "", "error.attachment.pixels"},
		"one endless line":               {sized(1<<31-1, 1), "", "error.attachment.pixels"},
		"a picture with a page behind":   {sized(10, 10) + "<script>alert(1)</script>", document.PNG, ""},
		"a picture with an archive":      {sized(10, 10) + "PK\x03\x04", document.PNG, ""},
		"an archive before a picture":    {"PK\x03\x04" + sized(10, 10), "", "error.attachment.media"},
		"a page before a picture":        {"<html>" + sized(10, 10), "", "error.attachment.media"},
		"a comment that begins a script": {"GIF89a/*" + sized(10, 10) + "*/=alert(1)", "", "error.attachment.media"},
		"an animation":                   {"GIF89a", "", "error.attachment.media"},
	} {
		media, err := document.Accept(document.Upload{Kind: document.Medical, Name: "照片.png", Content: []byte(c.content)})
		if err == nil && media != c.media || c.key != "" && (len(errs.Of(err).Fields) != 1 || errs.Of(err).Fields[0].Key != c.key) {
			t.Errorf("%s: %q %v", name, media, err)
		}
	}
}

func second(_ string, err error) error { return err }

func TestNamesLoseWhatIsDangerous(t *testing.T) {
	for name, want := range map[string]string{`C:\Users\a\证明.jpg`: "证明.jpg", "../../etc/passwd": "passwd", "a\r\nb.pdf": "ab.pdf",
		"x\"; y.png": "x y.png", "..": "", "照片\u202egpj.exe": "照片gpj.exe",
		"向云禾50019919580407022X正面.jpg": "向云禾xxxxxxxxxxxxxx022X正面.jpg", "19900000022.png": "xxxxxxx0022.png", "IMG_20261120_101500.jpg": "IMG_20261120_101500.jpg"} {
		if got := document.CleanName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if got := document.CleanName(strings.Repeat("长", 300)); len([]rune(got)) != 100 {
		t.Errorf("%d characters", len([]rune(got)))
	}
}

func FuzzCleanName(f *testing.F) {
	f.Add("a/b\\c.jpg")
	f.Fuzz(func(t *testing.T, s string) {
		got := document.CleanName(s)
		if strings.ContainsAny(got, "/\\\r\n\x00\"") || len([]rune(got)) > 100 {
			t.Errorf("%q became %q", s, got)
		}
	})
}

func TestPicturesTurnByQuarters(t *testing.T) {
	for _, c := range []struct{ from, quarters, want int }{{0, 1, 90}, {270, 1, 0}, {0, -1, 270}, {180, 2, 0}, {90, 8, 90}} {
		if got := document.Rotate(c.from, c.quarters); got != c.want || document.CheckRotation(got) != nil {
			t.Errorf("%d by %d: %d", c.from, c.quarters, got)
		}
	}
	for _, d := range []int{45, -90, 360} {
		if document.CheckRotation(d) == nil {
			t.Errorf("%d degrees are taken", d)
		}
	}
}

func TestEveryMediaTypeHasAnEnding(t *testing.T) {
	for _, m := range document.Media() {
		if document.Extension(m) == ".bin" {
			t.Errorf("%s has no ending", m)
		}
		if document.Image(m) != strings.HasPrefix(m, "image/") {
			t.Errorf("%s as a picture", m)
		}
	}
	if document.Extension("text/html") != ".bin" || document.Image("image/svg+xml") {
		t.Error("another type is known")
	}
}
