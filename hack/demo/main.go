// Command demo runs the whole product on this machine, tells what happens and why,
// and checks everything it shows. It ends with code 0 only when all of it was as
// told.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// The size of the simulated Microsoft 365.
const (
	tenants        = 3
	usersPerTenant = 20
)

// tailOfLogs is how much of each log a failure shows.
const tailOfLogs = 3000

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctrl.SetLogger(logr.Discard()) // of the libraries; what matters is said below
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "\nThe demo failed:", err)
		os.Exit(1)
	}
}

// run tells the story from the beginning to the end, and stops everything.
func run(ctx context.Context) (err error) {
	s, err := stack.New("demo")
	if err != nil {
		return err
	}
	d := &demo{stack: s, screen: newScreen(os.Stdout), began: time.Now()}
	defer func() {
		if err != nil && ctx.Err() == nil {
			showLogs(os.Stderr, s.LogDir())
		}
		err = errors.Join(err, s.Stop())
		if err == nil {
			d.screen.say("Everything is stopped. It took " + seconds(time.Since(d.began)) + ".")
		}
	}()
	for _, chapter := range d.chapters() {
		d.screen.heading(chapter.title)
		if err := chapter.tell(ctx); err != nil {
			return fmt.Errorf("%s: %w", chapter.title, err)
		}
		if err := d.noSurprises(ctx); err != nil {
			return fmt.Errorf("%s: %w", chapter.title, err)
		}
	}
	return nil
}

// showLogs prints the end of our programs' logs, the evidence of a failure.
func showLogs(out *os.File, dir string) {
	_, _ = fmt.Fprintf(out, "\nAll logs are in %s.\n", dir)
	for _, name := range []string{"graphsim", "manager"} {
		log := filepath.Join(dir, name+".log")
		content, err := os.ReadFile(log)
		if err != nil {
			continue // it was not started
		}
		if len(content) > tailOfLogs {
			content = content[len(content)-tailOfLogs:]
		}
		_, _ = fmt.Fprintf(out, "\n--- end of %s\n%s\n", log, content)
	}
}
