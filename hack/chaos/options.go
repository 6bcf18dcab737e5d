package main

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"
)

// options are the size of a campaign.
type options struct {
	seed uint64
	// ops are how many operations there are at most, duration how long they may take.
	ops      int
	duration time.Duration
	// rounds are how many storms the operations are spread over: between two of them
	// everything settles and is compared.
	rounds int
	// tenants of so many people each.
	tenants, people int
	// pause between two operations, on average.
	pause time.Duration
	// settle is how long everything may take to settle once the faults are over.
	settle time.Duration
	// noFaults leaves the faults out; only leaves in those whose names hold it.
	noFaults bool
	only     string
}

// full and short are the sizes that the Makefile offers.
func full() options {
	return options{
		seed: 1, ops: 3200, duration: 8 * time.Minute, rounds: 7, tenants: 3, people: 40,
		pause: 40 * time.Millisecond, settle: 4 * time.Minute,
	}
}

func short() options {
	return options{
		seed: 1, ops: 320, duration: 4 * time.Minute, rounds: 2, tenants: 3, people: 16,
		pause: 70 * time.Millisecond, settle: 3 * time.Minute,
	}
}

// parse reads the flags. What is not given is as in the full or the short campaign.
func parse(args []string) (options, error) {
	flags := pflag.NewFlagSet("chaos", pflag.ContinueOnError)
	given, fallback := options{}, full()
	brief := flags.Bool("short", false, "the short campaign")
	flags.Uint64Var(&given.seed, "seed", fallback.seed, "seed of the operations and faults")
	flags.IntVar(&given.ops, "ops", 0, "operations at most (default: as the campaign has it)")
	minutes := flags.Float64("minutes", 0, "minutes after which no storm begins any more (default: as the campaign has it)")
	flags.IntVar(&given.rounds, "rounds", 0, "storms that the operations are spread over (default: as the campaign has it)")
	flags.BoolVar(&given.noFaults, "no-faults", false, "operations alone: tells a mistake of the model from an effect of faults")
	flags.StringVar(&given.only, "only", "", "only the kinds of faults whose names hold this, such as 'etcd'")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	o := fallback
	if *brief {
		o = short()
	}
	o.seed, o.noFaults, o.only = given.seed, given.noFaults, given.only
	if given.ops > 0 {
		o.rounds = max(1, o.rounds*given.ops/o.ops)
		o.ops = given.ops
	}
	if *minutes > 0 {
		o.duration = time.Duration(*minutes * float64(time.Minute))
	}
	if given.rounds > 0 {
		o.rounds = given.rounds
	}
	if flags.NArg() > 0 || given.ops < 0 || *minutes < 0 || given.rounds < 0 {
		return options{}, fmt.Errorf("unexpected arguments: see --help")
	}
	return o, nil
}

// command repeats a campaign.
func (o options) command() string {
	command := fmt.Sprintf("make chaos SEED=%d OPS=%d MINUTES=%g", o.seed, o.ops, o.duration.Minutes())
	if o.people == short().people {
		command += " SHORT=1"
	}
	command += fmt.Sprintf(" CHAOS_ARGS='--rounds=%d", o.rounds)
	if o.noFaults {
		command += " --no-faults"
	}
	if o.only != "" {
		command += fmt.Sprintf(" --only=%q", o.only)
	}
	return command + "'"
}
