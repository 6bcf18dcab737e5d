package inventory

import (
	"slices"
	"strings"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// liveMethods are an account's authentication methods, read live. Its date is the first at
// which they were so, read the last.
type liveMethods struct {
	registration
	read time.Time
}

// LearnMethods stores the authentication methods of an account as just read live. They
// count until the report has a line that is later than at.
func (t *Tenant) LearnMethods(id string, methods []directory.AuthenticationMethod, at time.Time) {
	learned := registration{state: MFANotRegistered, asOf: at.UTC()}
	types := make([]string, 0, len(methods))
	for _, method := range methods {
		types = append(types, method.Type)
		if method.SecondFactor() {
			learned.state = MFARegistered
		}
	}
	slices.Sort(types)
	t.emit(t.write(func(w *writer) {
		a, ok := w.accounts[strings.ToLower(id)]
		if !ok {
			return
		}
		id := a.shown.User.ID
		was, ok := w.facts.methods[id]
		if w.facts.registrations[id].asOf.After(at) || was.read.After(at) {
			return
		}
		learned.methods = w.interned.list(slices.Compact(types))
		if ok && was.state == learned.state && slices.Equal(was.methods, learned.methods) {
			learned.asOf = was.asOf
		}
		w.facts.methods[id] = liveMethods{registration: learned, read: at.UTC()}
		w.refresh(a)
	}))
}
