//go:build !race

package main

// raceDetector tells how this suite was built, so that the manager is built alike.
const raceDetector = false
