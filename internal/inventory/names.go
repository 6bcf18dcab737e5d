package inventory

import "slices"

// nameIndex leads from user principal names, in lower case, to object ids. While a
// name passes from one account to another both may carry it for a moment, in any
// order; the later to claim it owns it, and the other gets it back if it lets go.
type nameIndex struct {
	owner  map[string]string
	others map[string][]string
}

func newNameIndex() nameIndex {
	return nameIndex{owner: map[string]string{}, others: map[string][]string{}}
}

// claim makes a name lead to an account.
func (x *nameIndex) claim(name, id string) {
	if name == "" {
		return
	}
	if owner, ok := x.owner[name]; ok && owner != id {
		x.others[name] = append(x.others[name], owner)
	}
	x.owner[name] = id
}

// release makes a name no longer lead to an account.
func (x *nameIndex) release(name, id string) {
	if name == "" {
		return
	}
	others := x.others[name]
	if x.owner[name] != id {
		others = slices.DeleteFunc(others, func(other string) bool { return other == id })
	} else if n := len(others); n > 0 {
		x.owner[name], others = others[n-1], others[:n-1]
	} else {
		delete(x.owner, name)
	}
	if len(others) == 0 {
		delete(x.others, name)
		return
	}
	x.others[name] = others
}
