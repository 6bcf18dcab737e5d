// Package outcome turns errors into what to do next: which condition, which event,
// and when to come back. It is the one place that judges a provider's error.
package outcome
