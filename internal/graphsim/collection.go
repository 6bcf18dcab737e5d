package graphsim

import (
	"encoding/json"
)

// collection renders an OData collection. links are the annotations that follow
// the context: count, nextLink, deltaLink.
func collection(context []jsonMember, values []json.RawMessage, links ...jsonMember) *response {
	var o jsonObject
	for _, m := range append(context, links...) {
		o.add(m.name, m.value)
	}
	if values == nil {
		values = []json.RawMessage{}
	}
	o.add("value", values)
	return jsonResponse(o.bytes())
}

// entity renders one resource with its context first.
func entity(context, members []jsonMember) *response {
	return jsonResponse(object(append(context, members...)...))
}

func object(members ...jsonMember) json.RawMessage {
	o := newObject(len(members))
	for _, m := range members {
		o.add(m.name, m.value)
	}
	return o.bytes()
}

// project keeps the selected members of a resource; without a selection all of
// them. Names that the resource lacks are refused.
func project(q *query, typeName string, members []jsonMember) ([]jsonMember, error) {
	names, given := q.selectNames()
	if !given {
		return members, nil
	}
	var out []jsonMember
	for _, name := range names {
		found := false
		for _, m := range members {
			if equalName(m.name, name) || name == "*" {
				out, found = append(out, m), true
			}
		}
		if !found {
			return nil, unknownProperty(name, typeName)
		}
	}
	return out, nil
}
