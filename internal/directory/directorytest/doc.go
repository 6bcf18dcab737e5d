// Package directorytest says what every directory must do, whoever answers behind it:
// each method of the interfaces and each kind of refusal has its spec. A provider runs
// it in its own suite, against a world of its own.
package directorytest
