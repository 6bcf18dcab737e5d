package graphsim

// methodSet is a usual combination of registered methods, in the words of the
// registration report.
type methodSet struct {
	share     int // of 100 people
	methods   []string
	preferred string
}

func methodSets() []methodSet {
	return []methodSet{
		{38, []string{"microsoftAuthenticatorPush", "softwareOneTimePasscode"}, "push"},
		{14, []string{"mobilePhone", "microsoftAuthenticatorPush", "softwareOneTimePasscode"}, "push"},
		{6, []string{"passKeyDeviceBound", "microsoftAuthenticatorPush", "softwareOneTimePasscode"}, "push"},
		{12, []string{"mobilePhone"}, "sms"},
		{8, []string{"email"}, "none"}, // good for resetting a password only
		{22, nil, "none"},
	}
}

// register draws what a person registered: seven in ten have a second factor.
func (g *seeding) register(upn string, p person) {
	sets := g.methods
	chosen := len(sets) - 1
	if p.methods > 0 {
		chosen = p.methods - 1
	} else {
		for n := g.rng.IntN(100); chosen > 0; chosen-- {
			if n -= sets[chosen].share; n < 0 {
				break
			}
		}
	}
	g.registers(upn, sets[chosen])
}

func (g *seeding) registers(upn string, set methodSet) {
	if set.methods == nil {
		return
	}
	g.people.Registrations = append(g.people.Registrations, RegistrationSpec{User: upn, Methods: set.methods, Preferred: set.preferred})
}
