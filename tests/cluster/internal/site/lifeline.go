package site

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Lifeline is a context that ends on SIGTERM, SIGINT or SIGHUP and, when stdin is the lifeline, as soon as stdin closes:
// a test that owns the process through a pipe cannot leave it behind, however the test ends.
func Lifeline(stdin bool) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	if !stdin {
		return ctx, stop
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return ctx, func() { cancel(); stop() }
}
