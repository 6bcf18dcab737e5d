// Package directory is what the operator may ask of a Microsoft 365 tenant: its
// domain types, small interfaces and provider-neutral errors. Everything above it
// is ignorant of who answers.
//
// All methods make at most one call, never sleep and never retry: a call that the
// request budget does not cover at once fails with KindThrottled and says when to
// come back. Paged readings return one page and an opaque link to the next, so that
// whoever reads can stop and go on later. All methods are safe for concurrent use.
package directory
