// Package controllers reconciles the kinds of this operator: one controller a kind,
// and one that discovers accounts. A Reconcile reads like its table of contents; its
// steps fill a scope, and one pure function summarises the scope into the status.
package controllers

import "context"

// step is one part of a pass over a scope.
type step[S any] func(ctx context.Context, s S) error

// run takes the steps in order, up to the first that fails.
func run[S any](ctx context.Context, s S, steps ...step[S]) error {
	for _, step := range steps {
		if err := step(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
