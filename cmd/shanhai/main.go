// Command shanhai is the medical-assistance case service: one binary that
// serves, migrates, imports, backs up and checks itself.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/shanhai-health/shanhai/internal/cli"
)

// version is set by the build.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code := cli.Run(ctx, cli.Process{Args: os.Args[1:], Version: version, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr})
	stop()
	os.Exit(code)
}
