package graphsim

import (
	"encoding/json"
	"strings"
)

// managerExpansion is what $expand asks of users; nil is nothing.
type managerExpansion struct{ selected objectSelection }

// managerExpansion reads $expand=manager or manager($select=…).
func (c *call) managerExpansion(raw string) (*managerExpansion, error) {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return nil, nil //nolint:nilnil // nothing asked is no error
	}
	name, options, _ := strings.Cut(raw, "(")
	if !equalName(strings.TrimSpace(name), "manager") {
		return nil, notSimulated("$expand=" + name + " on " + c.endpoint.template)
	}
	if options == "" {
		return &managerExpansion{}, nil
	}
	options, closed := strings.CutSuffix(options, ")")
	names, selects := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(options), "$"), "select=")
	switch {
	case !closed:
		return nil, odataBadRequest("Parsing OData Select and Expand failed: Syntax error in '" + raw + "'.")
	case !selects || strings.ContainsAny(names, "();$"):
		return nil, notSimulated("$expand=" + raw + " on " + c.endpoint.template)
	}
	selected, err := c.objectSelection(names)
	return &managerExpansion{selected}, err
}

// expanded is the manager as a member of the account that is read.
func (c *call) expanded(u *user, e *managerExpansion) []jsonMember {
	if e == nil {
		return nil
	}
	manager, ok := c.managerOf(u)
	if !ok {
		return nil
	}
	return []jsonMember{{"manager", c.render(manager, e.selected, true)}}
}

// managerChange is manager@delta: the manager there is, or that the one before is no
// more. Without a change of it, it is left out (api/user-delta.md).
func (c *call) managerChange(st *deltaState, it deltaItem) []jsonMember {
	if !st.Select.has(propManager) || !it.full && !it.change.mask.has(propManager) {
		return nil
	}
	link := []jsonMember{{"@odata.type", typeUser}, {"id", it.change.state.str(propManager)}}
	if link[1].value == "" && !it.full {
		link[1].value = valueBefore(&c.tenant.log, it.change, st.From, propManager)
		link = append(link, jsonMember{"@removed", map[string]string{"reason": "deleted"}})
	}
	if link[1].value == "" {
		return nil
	}
	return []jsonMember{{"manager@delta", []json.RawMessage{object(link...)}}}
}

// valueBefore is the text a property had before it changed first after the version
// from.
func valueBefore(l *changeLog, e change, from uint64, prop propID) string {
	value := ""
	for at := &e; at != nil && at.version > from; at = l.at(at.previous) {
		if at.mask.has(prop) && at.before != nil {
			value = at.before.str(prop)
		}
	}
	return value
}
