package main

import (
	"context"
	"net/http"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// record takes over what Graph's journal has got since the last time.
func (c *campaign) record(ctx context.Context) error {
	since := uint64(0)
	if n := len(c.journal); n > 0 {
		since = c.journal[n-1].Seq
	}
	news, err := c.stack.Graph.Requests(ctx, "", since)
	c.journal = append(c.journal, news...)
	return err
}

// writes tells whether a request may change something: a batch only carries others, which
// have entries of their own.
func writes(e *graphsim.Entry) bool { return e.Method != http.MethodGet && e.Template != "/$batch" }

// lostWrites are how many writes never reached Graph, or were refused by a fault, and of
// how many the answer was lost after Graph had carried them out.
func lostWrites(journal []graphsim.Entry) (before, after int) {
	for i := range journal {
		switch e := &journal[i]; {
		case e.Fault == "" || !writes(e):
		case e.FaultAfter:
			after++
		default:
			before++
		}
	}
	return before, after
}
