// Command graphsim serves a simulated Microsoft Graph and its token endpoint on
// loopback, for demonstrations, playgrounds and tests of other processes.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		os.Exit(1)
	}
}

// files are what is read at start, and what other processes read then.
type files struct {
	fixture, ca, credentials string
}

func newCommand() *cobra.Command {
	var (
		opts  graphsim.Options
		paths files
		calm  bool
	)
	cmd := &cobra.Command{
		Use:           "graphsim",
		Short:         "Serve a simulated Microsoft Graph on loopback",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: false,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !calm {
				opts.Quirks = graphsim.Lively()
			}
			if paths.fixture != "" && !cmd.Flags().Changed("tenants") {
				opts.Tenants = 0
			}
			return serve(cmd.Context(), cmd.OutOrStdout(), opts, paths)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&opts.Listen, "listen", "127.0.0.1:0", "address to serve Graph, login and /_sim/ on")
	flags.IntVar(&opts.Tenants, "tenants", 3, "tenants to seed")
	flags.IntVar(&opts.Users, "users", 20, "users per tenant to seed")
	flags.Uint64Var(&opts.Seed, "seed", 7, "seed of everything random")
	flags.StringVar(&opts.ClientID, "client-id", "", "client id of the app registration (default: from the seed)")
	flags.StringVar(&opts.ClientSecret, "client-secret", "", "its secret (default: from the seed)")
	flags.StringVar(&paths.fixture, "fixture", "", "JSON file to load; without --tenants no tenants are seeded")
	flags.StringVar(&paths.ca, "ca-out", "", "file for the CA certificate that signed the server's")
	flags.StringVar(&paths.credentials, "credentials-out", "", "file for NAME=value lines: URL, tenants, client id and secret (default: standard output)")
	flags.IntVar(&opts.Journal, "journal", 0, "requests kept in the journal of each tenant (default 2000)")
	flags.IntVar(&opts.DeltaPageSize, "delta-page-size", 0, "users on a page of users/delta (default 200)")
	flags.DurationVar(&opts.ClockOffset, "clock-offset", 0, "how far the simulated time is ahead of the machine's (negative: behind)")
	flags.BoolVar(&calm, "calm", false, "no stale reads, late or repeated changes")
	flags.BoolVar(&opts.NoThrottling, "no-throttling", false, "no request budgets")
	return cmd
}

// serve runs the simulator until the context ends.
func serve(ctx context.Context, stdout io.Writer, opts graphsim.Options, paths files) error {
	sim, err := graphsim.New(opts)
	if err != nil {
		return err
	}
	if err := load(sim, paths.fixture); err != nil {
		return err
	}
	if err := sim.Start(); err != nil {
		return err
	}
	defer func() { _ = sim.Close() }() // nothing is lost when it fails
	if paths.ca != "" {
		if err := os.WriteFile(paths.ca, sim.CAPEM(), 0o600); err != nil {
			return fmt.Errorf("write CA: %w", err)
		}
	}
	if err := writeCredentials(stdout, paths.credentials, credentials(sim, paths.ca)); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// load reads a fixture; no name means none.
func load(sim *graphsim.Server, name string) error {
	if name == "" {
		return nil
	}
	file, err := os.Open(name) //nolint:gosec // the user's own file
	if err != nil {
		return fmt.Errorf("open fixture: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	fixture, err := graphsim.ReadFixture(file)
	if err != nil {
		return err
	}
	return sim.Load(fixture)
}

// credentials are the lines that tell others where and who to be.
func credentials(sim *graphsim.Server, ca string) string {
	var ids []string
	for _, t := range sim.Tenants() {
		ids = append(ids, t.ID)
	}
	return fmt.Sprintf("GRAPH_URL=%s\nGRAPH_CA=%s\nTENANT_IDS=%s\nCLIENT_ID=%s\nCLIENT_SECRET=%s\n",
		sim.URL(), ca, strings.Join(ids, ","), sim.ClientID(), sim.ClientSecret())
}

// writeCredentials replaces the file in one step, so that who waits for it never
// reads half of it.
func writeCredentials(stdout io.Writer, file, text string) error {
	if file == "" {
		_, err := io.WriteString(stdout, text)
		return err
	}
	if err := os.WriteFile(file+".tmp", []byte(text), 0o600); err != nil {
		return fmt.Errorf("write credentials: %w", err)
	}
	if err := os.Rename(file+".tmp", file); err != nil {
		return fmt.Errorf("write credentials: %w", err)
	}
	return nil
}
