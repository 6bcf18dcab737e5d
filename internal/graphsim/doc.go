// Package graphsim is a simulator of Microsoft Graph and of the Microsoft identity
// platform's token endpoint, for tests, demonstrations and benchmarks.
//
// It is strict: it refuses what Microsoft Graph refuses, with the same status,
// code and shape. It is alive: it has its own steppable clock, replicas that lag,
// delta rounds that repeat and replay, reports that are late, and outsiders who
// change things. Every behaviour it stands for is a [Rule] with an id; an endpoint
// it does not have answers 501 and is recorded, so that no client passes by accident.
//
// The package shares no code with the product's Graph client, so that one
// misunderstanding cannot hide in both.
package graphsim
