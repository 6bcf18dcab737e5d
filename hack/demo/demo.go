package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// demo is what the chapters share.
type demo struct {
	stack  *stack.Stack
	screen *screen
	began  time.Time

	// tenantID and domains by namespace.
	tenantID, domains map[string]string
	// aliceBlocked is the last request in Alice's tenant when she was blocked.
	aliceBlocked uint64
	// daveBlocked is the last request in Dave's tenant before he was blocked.
	daveBlocked   uint64
	daveBlockedAt time.Time
}

// chapter is a step of the story.
type chapter struct {
	title string
	tell  func(context.Context) error
}

func (d *demo) chapters() []chapter {
	return []chapter{
		{"Kubernetes", d.startKubernetes},
		{"Microsoft 365, simulated", d.startMicrosoft},
		{"The operator", d.startOperator},
		{"Three clients come from Git", d.applySamples},
		{"Who is there, who has MFA, who is an admin", d.showEverybody},
		{"A pull request makes Dave choose a new password", d.forceDave},
		{"Somebody blocks Dave in a portal", d.blockDave},
		{"A pull request suspends Alice", d.suspendAlice},
		{"What Observe would do to Erin", d.previewErin},
		{"A bad pull request meets the safeguards", d.meetSafeguards},
		{"Somebody unblocks Alice in a portal", d.unblockAlice},
		{"A new person, from one manifest", d.hireNina},
		{"A pull request takes a group away", d.takeGroup},
		{"A manifest is lost", d.keepNina},
		{"Ten syncs later, Dave", d.daveStaysBlocked},
		{"What Microsoft 365 saw, and what Prometheus sees", d.showCounters},
	}
}

// kubectl runs a command as the audience would, and shows it with its output.
func (d *demo) kubectl(ctx context.Context, command string) error {
	output, err := d.quietly(ctx, command)
	if err != nil {
		return err
	}
	d.screen.shown("kubectl "+command, output)
	return nil
}

// quietly runs kubectl with words that are separated by blanks; quotes group them.
func (d *demo) quietly(ctx context.Context, command string) (string, error) {
	return d.stack.ControlPlane.Kubectl(ctx, d.stack.Dir, words(command)...)
}

// words splits a command as a shell does that knows single quotes only.
func words(command string) []string {
	quoted := false
	const blank, quotedBlank = ' ', '\u00a0'
	shielded := strings.Map(func(r rune) rune {
		switch {
		case r == '\'':
			quoted = !quoted
			return -1
		case quoted && r == blank:
			return quotedBlank
		default:
			return r
		}
	}, command)
	all := strings.Split(shielded, string(blank))
	for i, word := range all {
		all[i] = strings.ReplaceAll(word, string(quotedBlank), string(blank))
	}
	return all
}

// noSurprises fails when Graph was asked for something that the simulator does not
// have, or was called before the time it had asked for.
func (d *demo) noSurprises(ctx context.Context) error {
	if d.stack.Graph == nil {
		return nil
	}
	if err := d.stack.Failed(); err != nil {
		return err
	}
	counters, err := d.stack.Graph.Counters(ctx, "")
	switch {
	case err != nil:
		return err
	case counters.Absent > 0:
		return d.absentEndpoints(ctx)
	case counters.TooEarly > 0:
		return fmt.Errorf("%d requests came before the time that Retry-After had named", counters.TooEarly)
	}
	return nil
}

// absentEndpoints names what Graph was asked for and the simulator does not have.
func (d *demo) absentEndpoints(ctx context.Context) error {
	entries, err := d.stack.Graph.Requests(ctx, "", 0)
	if err != nil {
		return err
	}
	var asked []string
	for _, e := range entries {
		if e.Absent {
			asked = append(asked, e.Method+" "+e.Path)
		}
	}
	slices.Sort(asked)
	return fmt.Errorf("graphsim does not simulate: %s", strings.Join(slices.Compact(asked), ", "))
}
