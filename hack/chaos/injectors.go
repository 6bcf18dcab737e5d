package main

// injectors are all kinds of faults. A new kind joins the campaign by one line.
func injectors(m *crew) []injector {
	s := m.stack
	return append(graphFaults(s),
		&managerKill{crew: m},
		&leaderChange{crew: m},
		&apiServerRestart{stack: s, crew: m, turn: make(chan struct{}, 1)},
		&slowEtcd{stack: s, crew: m, turn: make(chan struct{}, 1)},
		&clockSkew{stack: s},
		&deltaExpiry{stack: s},
		&secretRotation{stack: s, turn: make(chan struct{}, 1)},
		&consentWithdrawn{stack: s, turn: make(chan struct{}, 1)},
	)
}
