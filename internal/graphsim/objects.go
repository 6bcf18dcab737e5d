package graphsim

import (
	"encoding/json"
	"slices"
	"strings"
)

// Types of directory objects.
const (
	typeUser             = "#microsoft.graph.user"
	typeGroup            = "#microsoft.graph.group"
	typeServicePrincipal = "#microsoft.graph.servicePrincipal"
	typeDirectoryRole    = "#microsoft.graph.directoryRole"
)

// directoryObject is an element of a collection that mixes types.
type directoryObject struct {
	id       string
	typeName string
	schema   *entitySchema
	values   properties
	defaults propSet
	readable bool // the token may read objects of the type
}

func (o *directoryObject) get(p propID) (any, bool) { return o.values.get(p) }

// object finds a live account, a group or a service principal.
func (c *call) object(id string) (*directoryObject, bool) {
	if r, ok := c.tenant.users[id]; ok {
		u := c.replica(r)
		if !r.live() || u == nil {
			return nil, false
		}
		return c.userObject(u), true
	}
	if g, ok := c.tenant.group(id); ok {
		s := c.srv.types.group
		return &directoryObject{
			id: id, typeName: typeGroup, schema: s, values: g.row(), defaults: s.defaults, readable: c.allowed(groupRead()...),
		}, true
	}
	if sp, app, ok := c.tenant.principalByID(id); ok {
		s := c.srv.types.servicePrincipal
		return &directoryObject{
			id: id, typeName: typeServicePrincipal, schema: s, values: c.srv.principalRow(sp, app), defaults: s.defaults,
			readable: c.allowed(applicationRead()...),
		}, true
	}
	if a, ok := c.tenant.application(id); ok {
		s := c.srv.types.servicePrincipal
		return &directoryObject{
			id: id, typeName: typeServicePrincipal, schema: s, values: c.srv.applicationRow(a, c.tenant.id), defaults: s.defaults,
			readable: c.allowed(applicationRead()...),
		}, true
	}
	return nil, false
}

func (c *call) userObject(u *user) *directoryObject {
	s := c.srv.schema
	return &directoryObject{
		id: u.id, typeName: typeUser, schema: s.entitySchema, values: u, defaults: s.defaults,
		readable: c.allowed("User.ReadBasic.All") || c.allowed(fullUserRead()...),
	}
}

// oneObject answers a request for a single object whose type the client did not name.
func (c *call) oneObject(o *directoryObject, selected objectSelection) *response {
	values := o.values
	if !o.readable {
		values = onlyID(o.id)
	}
	members := append(c.context("directoryObjects/$entity"), jsonMember{"@odata.type", o.typeName})
	return entity(members, o.schema.project(values, selected.of(o)))
}

// resourceTypes are the types that are not users.
type resourceTypes struct {
	group, servicePrincipal, registration, roleDefinition, roleAssignment, roleEligibility *entitySchema
	securityDefaults, conditionalAccess, room                                              *entitySchema
	appRoleAssignment, directoryRole                                                       *entitySchema
	device, managedDevice, signIn                                                          *entitySchema
}

func newResourceTypes() resourceTypes {
	return resourceTypes{
		group: groupSchema(), servicePrincipal: servicePrincipalSchema(), registration: registrationSchema(),
		roleDefinition: roleDefinitionSchema(), roleAssignment: roleAssignmentSchema(), roleEligibility: roleEligibilitySchema(),
		securityDefaults: securityDefaultsSchema(), conditionalAccess: conditionalAccessSchema(), room: roomSchema(),
		appRoleAssignment: appRoleAssignmentSchema(), directoryRole: directoryRoleSchema(),
		device: deviceSchema(), managedDevice: managedDeviceSchema(), signIn: signInSchema(),
	}
}

// render writes a directory object with the selected properties. Of objects whose
// type the token may not read there is only the id: the rest is null
// (concepts/permissions-overview.md, "Limited information returned for
// inaccessible member objects").
func (c *call) render(o *directoryObject, selected objectSelection, typed bool) json.RawMessage {
	values := o.values
	switch u, isUser := values.(*user); {
	case !o.readable:
		values = onlyID(o.id)
	case isUser && !c.allowed(fullUserRead()...):
		values = u.only(c.srv.schema, basic)
	}
	var members []jsonMember
	if typed {
		members = append(members, jsonMember{"@odata.type", o.typeName})
	}
	return object(append(members, o.schema.project(values, selected.of(o))...)...)
}

// onlyID is an object of which nothing else may be seen.
type onlyID string

func (id onlyID) get(p propID) (any, bool) {
	if p == propObjectID {
		return string(id), true
	}
	return nil, false
}

// objectSelection is a $select on objects of any type; nil is the default of each.
type objectSelection []string

// objectSelection reads a $select; a name that no type has is refused.
func (c *call) objectSelection(selected string) (objectSelection, error) {
	if selected == "" {
		return nil, nil
	}
	types := []*entitySchema{c.srv.schema.entitySchema, c.srv.types.group, c.srv.types.servicePrincipal, c.srv.types.directoryRole, c.srv.types.device}
	var names objectSelection
	for name := range strings.SplitSeq(selected, ",") {
		name = strings.TrimSpace(name)
		if !slices.ContainsFunc(types, func(s *entitySchema) bool { _, ok := s.lookup(name); return ok }) {
			return nil, unknownProperty(name, "microsoft.graph.directoryObject")
		}
		names = append(names, name)
	}
	return names, nil
}

// of picks what the object's type has.
func (names objectSelection) of(o *directoryObject) propSet {
	if names == nil {
		return o.defaults
	}
	var sel propSet
	for _, name := range names {
		if p, ok := o.schema.lookup(name); ok {
			sel.add(p)
		}
	}
	return sel
}
