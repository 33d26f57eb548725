package pgembed

import (
	"errors"
	"os"
	"strings"
	"syscall"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// InstallCommand is what an administrator of a Debian machine types to get the
// server binaries.
func InstallCommand() string { return installCommand("postgresql") }

func installCommand(pkg string) string {
	command := "apt-get install -y " + pkg
	if os.Geteuid() != 0 {
		command = "sudo " + command
	}
	return command
}

func pathTooLong(dir string) error {
	return errs.New(errs.Invalid, "error.pg.path_too_long", errs.Args{"dir": dir, "limit": maxDataDir})
}

// fileError turns trouble with a file below dir into a sentence.
func fileError(err error, dir string) error {
	args := errs.Args{"dir": dir}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return errs.Wrap(err, errs.Unavailable, "error.pg.disk_full", args)
	case errors.Is(err, syscall.ENAMETOOLONG):
		args["limit"] = maxDataDir
		return errs.Wrap(err, errs.Invalid, "error.pg.path_too_long", args)
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		return errs.Wrap(err, errs.Precondition, "error.pg.not_writable", args)
	default:
		args["detail"] = err.Error()
		return errs.Wrap(err, errs.Unavailable, "error.pg.start_failed", args)
	}
}

// outputError turns what initdb or the server said before it gave up into a
// sentence; key is the general one when nothing is recognised. The programs run
// with English messages, so the words are stable.
func outputError(cause error, output, key, dir string) error {
	args := errs.Args{"dir": dir}
	switch {
	case strings.Contains(output, "No space left on device"), strings.Contains(output, "Disk quota exceeded"):
		return errs.Wrap(cause, errs.Unavailable, "error.pg.disk_full", args)
	case strings.Contains(output, "Permission denied"), strings.Contains(output, "Read-only file system"):
		return errs.Wrap(cause, errs.Precondition, "error.pg.not_writable", args)
	default:
		args["detail"] = lastWords(output)
		return errs.Wrap(cause, errs.Unavailable, key, args)
	}
}

// lastWords picks the line that most likely names the cause: the last one the
// program marked as fatal, else the last line.
func lastWords(output string) string {
	last := ""
	lines := strings.Split(strings.TrimSpace(output), "\n")
	for _, line := range lines {
		for _, mark := range []string{"FATAL:", "PANIC:", "error:"} {
			if _, text, ok := strings.Cut(line, mark); ok {
				last = strings.TrimSpace(text)
			}
		}
	}
	if last == "" {
		last = strings.TrimSpace(lines[len(lines)-1])
	}
	return last
}
