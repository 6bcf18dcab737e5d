package graphsim

import (
	"encoding/json"
	"net/http"
	"strings"
)

// EffectMethodDelete counts authentication methods removed through Graph.
const EffectMethodDelete Effect = "methodDelete"

// methodRefused is how the service of authentication methods answers what it does
// not do.
func methodRefused(message string) *graphError {
	return &graphError{status: http.StatusBadRequest, code: "badRequest", message: message}
}

// methodsDenied is how it answers a token without its permission.
func methodsDenied(...string) *graphError {
	return &graphError{status: http.StatusForbidden, code: "accessDenied", message: "Request Authorization failed"}
}

func methodNotFound(what string) *graphError {
	return &graphError{status: http.StatusNotFound, code: "resourceNotFound", message: "The requested " + what + " was not found."}
}

// methodOwner finds the account in the path, for a request that asks for nothing
// else: the methods take no query options (api/authentication-list-methods.md).
func (c *call) methodOwner() (*userRecord, error) {
	if err := c.query.refuse("select", "top", "skip", "filter", "orderby", "search", "expand", "count"); err != nil {
		return nil, err
	}
	r, err := c.account(c.params[0])
	if err != nil {
		return nil, methodNotFound("user")
	}
	return r, nil
}

// render writes a method, with its type where a collection mixes types.
func (m authMethod) render(typed bool, context ...jsonMember) json.RawMessage {
	members := context
	if typed {
		members = append(members, jsonMember{"@odata.type", methodType(m.collection)})
	}
	members = append(members, jsonMember{"id", m.id})
	return object(append(members, m.members...)...)
}

// listMethods: api/authentication-list-methods.md, and the lists of each type. An
// empty collection is all of them.
func listMethods(collectionName string) func(c *call) (*response, error) {
	return func(c *call) (*response, error) {
		r, err := c.methodOwner()
		if err != nil {
			return nil, err
		}
		name := collectionName
		if name == "" {
			name = "methods"
		}
		var values []json.RawMessage
		for _, m := range c.tenant.authMethods(r, c.now) {
			if collectionName == "" || m.collection == collectionName {
				values = append(values, m.render(collectionName == ""))
			}
		}
		return collection(c.context("users('"+r.current.id+"')/authentication/"+name), values), nil
	}
}

// method finds the method in the path.
func (c *call) method(collectionName string) (*userRecord, authMethod, error) {
	r, err := c.methodOwner()
	if err != nil {
		return nil, authMethod{}, err
	}
	for _, m := range c.tenant.authMethods(r, c.now) {
		if (collectionName == "" || m.collection == collectionName) && strings.EqualFold(m.id, c.params[1]) {
			return r, m, nil
		}
	}
	return nil, authMethod{}, methodNotFound("authentication method")
}

// getMethod: api/phoneauthenticationmethod-get.md and its like.
func getMethod(collectionName string) func(c *call) (*response, error) {
	return func(c *call) (*response, error) {
		r, m, err := c.method(collectionName)
		if err != nil {
			return nil, err
		}
		name := collectionName
		if name == "" {
			name = "methods"
		}
		context := c.context("users('" + r.current.id + "')/authentication/" + name + "/$entity")
		return jsonResponse(m.render(collectionName == "", context...)), nil
	}
}

// deleteMethod: api/phoneauthenticationmethod-delete.md and its like.
func deleteMethod(collectionName string) func(c *call) (*response, error) {
	return func(c *call) (*response, error) {
		r, m, err := c.method(collectionName)
		if err != nil {
			return nil, err
		}
		id := r.current.id
		if collectionName == collectionAccessPass {
			delete(c.tenant.passes, id)
		} else {
			reg := c.tenant.registrations[id]
			if err := reg.removable(m); err != nil {
				return nil, err
			}
			c.tenant.registrations[id] = reg.without(m)
		}
		c.tenant.stats.effect(id, EffectMethodDelete)
		return noContent(), nil
	}
}
