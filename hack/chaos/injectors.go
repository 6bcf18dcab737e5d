package main

import "github.com/m365-operator/m365-operator/internal/testenv/stack"

// injectors are all kinds of faults. A new kind joins the campaign by one line.
func injectors(s *stack.Stack) []injector {
	return append(graphFaults(s), &managerKill{stack: s})
}
