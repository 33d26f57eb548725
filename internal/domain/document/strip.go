package document

import "encoding/binary"

// The markers of a JPEG that matter here.
const (
	jpegMark  = 0xFF
	jpegStart = 0xD8
	jpegScan  = 0xDA // the picture itself begins
	jpegApp0  = 0xE0 // JFIF: how large a dot is
	jpegApp14 = 0xEE // Adobe: how the colours are stored
	jpegApp15 = 0xEF
	jpegNote  = 0xFE
)

// Strip takes out of a JPEG everything that is not the picture: where it was
// taken, with which telephone, a small copy of it, comments. It reports false
// for what is not a JPEG it can walk through.
func Strip(content []byte) ([]byte, bool) {
	if len(content) < 4 || content[0] != jpegMark || content[1] != jpegStart {
		return nil, false
	}
	out := append(make([]byte, 0, len(content)), content[:2]...)
	for at := 2; at+4 <= len(content); {
		if content[at] != jpegMark {
			return nil, false
		}
		mark := content[at+1]
		if mark == jpegScan {
			return append(out, content[at:]...), true
		}
		if mark == jpegMark { // padding
			at++
			continue
		}
		end := at + 2 + int(binary.BigEndian.Uint16(content[at+2:]))
		if end > len(content) || end < at+4 {
			return nil, false
		}
		told := mark > jpegApp0 && mark <= jpegApp15 && mark != jpegApp14 || mark == jpegNote
		if !told {
			out = append(out, content[at:end]...)
		}
		at = end
	}
	return nil, false
}
