package report

import (
	"io"

	"github.com/shanhai-health/shanhai/internal/printout"
)

// Format finds the writer of a file format and its media type.
func Format(name string) (write func(io.Writer, printout.Document) error, media string, known bool) {
	switch name {
	case "pdf":
		return printout.WritePDF, "application/pdf", true
	case "docx":
		return printout.WriteDOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", true
	}
	return nil, "", false
}
