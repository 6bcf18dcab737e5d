package main

import (
	"context"
	"runtime/debug"

	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// How much garbage may lie about before it is collected, in percent of what is in use.
const (
	// garbageWhileFilling is for the time in which the cache is filled: hardly anything is
	// in use yet, and decoding leaves much behind. With the inventory still empty, the
	// garbage makes the process no larger than it will be at work.
	garbageWhileFilling = 200
	// garbageAtWork is for the time after. What is in use is a copy of every object and
	// account, which changes little: to collect it twice as often as Go would costs little,
	// and garbage as large as all of it would be most of what the process takes.
	garbageAtWork = 50
)

// thrift bounds the garbage of a manager at work.
type thrift struct{}

var (
	_ manager.Runnable               = thrift{}
	_ manager.LeaderElectionRunnable = thrift{}
)

// saveMemory bounds the garbage of a manager, unless the environment's GOGC has decided.
func saveMemory(mgr manager.Manager, gogc string) error {
	if gogc != "" {
		return nil
	}
	debug.SetGCPercent(garbageWhileFilling)
	return mgr.Add(thrift{})
}

// Start is called once the cache is filled.
func (thrift) Start(context.Context) error {
	debug.SetGCPercent(garbageAtWork)
	return nil
}

// NeedLeaderElection tells that who only waits for the Lease is thrifty as well.
func (thrift) NeedLeaderElection() bool { return false }
