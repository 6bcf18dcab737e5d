package graphsim

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Effects of Graph requests on memberships, by member.
const (
	EffectJoin  Effect = "join"
	EffectLeave Effect = "leave"
)

// maxBind is the most members a PATCH adds (api/group-post-members.md).
const maxBind = 20

// writableGroup finds the group whose members are to change, unless they are not
// Graph's to change (resources/groups-overview.md, api/group-post-members.md).
func (c *call) writableGroup() (*group, error) {
	g, ok := c.tenant.group(c.params[0])
	switch {
	case !ok:
		return nil, notFound(c.params[0])
	case g.roleAssignable && !c.allowed("RoleManagement.ReadWrite.Directory"):
		return nil, denied()
	case g.mailManaged():
		return nil, badRequest("Cannot Update a mail-enabled security groups and or distribution list.")
	case g.synced:
		return nil, badRequest(onPremisesMastered)
	}
	return g, nil
}

// membersWritable refuses the members of a group that a rule decides on, as
// Microsoft's support article on authorization-requestdenied-403-error-add-user-group
// has it.
func membersWritable(g *group) error {
	if g.is("DynamicMembership") {
		return denied()
	}
	return nil
}

// addMember: api/group-post-members.md.
func addMember(c *call) (*response, error) {
	var body struct {
		ID string `json:"@odata.id"`
	}
	if err := json.Unmarshal(c.req.body, &body); err != nil {
		return nil, odataBadRequest("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	return c.addMembers([]string{body.ID})
}

// addMembers adds all of the references, or none.
func (c *call) addMembers(references []string) (*response, error) {
	g, err := c.writableGroup()
	if err != nil {
		return nil, err
	}
	ids, err := c.newMembers(g, references)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		c.tenant.join(g, id, c.now)
		c.tenant.stats.effect(id, EffectJoin)
	}
	return noContent(), nil
}

// newMembers resolves references to objects that may join.
func (c *call) newMembers(g *group, references []string) ([]string, error) {
	if err := membersWritable(g); err != nil {
		return nil, err
	}
	var ids []string
	for _, reference := range references {
		id, err := readReference(reference)
		if err != nil {
			return nil, err
		}
		r, isUser := c.tenant.users[id]
		_, isGroup := c.tenant.group(id)
		switch {
		case !isGroup && (!isUser || !r.live()):
			return nil, notFound(id)
		case c.tenant.isMember(g.id, id) || slices.Contains(ids, id):
			return nil, badRequest("One or more added object references already exist for the following modified properties: 'members'.")
		case isGroup && (g.roleAssignable || g.is("Unified")):
			return nil, badRequest("Invalid object type: groups cannot be members of this group.")
		case isGroup && !c.allowed("Group.ReadWrite.All", "Directory.ReadWrite.All"):
			return nil, denied()
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// readReference reads the address of a directory object: …/directoryObjects/{id}.
func readReference(reference string) (string, error) {
	invalid := badRequest("Invalid URI specified for the reference: '" + reference + "'.")
	address, err := url.Parse(reference)
	if err != nil || address.Host == "" {
		return "", invalid
	}
	segs, err := segments(address.EscapedPath())
	if err != nil || len(segs) < 2 || !slices.Contains([]string{"directoryobjects", "users", "groups"}, strings.ToLower(segs[len(segs)-2])) {
		return "", invalid
	}
	id, err := uuid.Parse(segs[len(segs)-1])
	if err != nil {
		return "", badRequest("Invalid object identifier '" + segs[len(segs)-1] + "'.")
	}
	return id.String(), nil
}

// patchGroup: api/group-update.md, as far as names and members go. One refused
// property refuses the whole.
func patchGroup(c *call) (*response, error) {
	body := map[string]json.RawMessage{}
	if err := json.Unmarshal(c.req.body, &body); err != nil {
		return nil, odataBadRequest("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	change, err := c.groupChange(body)
	if err != nil {
		return nil, err
	}
	g, err := c.writableGroup()
	if err != nil {
		return nil, err
	}
	res := noContent()
	if bind, ok := body["members@odata.bind"]; ok {
		references, err := decodeAs[[]string](bind)
		if err != nil || len(references) > maxBind {
			return nil, badRequest("The number of bindings in the request exceeds the limit of 20 or they are no list of addresses.")
		}
		if res, err = c.addMembers(references); err != nil {
			return nil, err
		}
	}
	if change != nil {
		c.tenant.changeGroup(g, change, c.now)
	}
	return res, nil
}

// groupChange reads the plain properties of a PATCH; nil means there are none.
func (c *call) groupChange(body map[string]json.RawMessage) (func(*groupProfile), error) {
	values := map[string]string{}
	for name, raw := range body {
		c.entry.Fields = append(c.entry.Fields, name)
		if strings.Contains(name, "@odata.") {
			continue
		}
		if _, ok := c.srv.types.group.lookup(name); !ok {
			return nil, badRequest("Property '" + name + "' does not exist as a declared property or extension property.")
		}
		if !equalName(name, "displayName") && !equalName(name, "description") {
			return nil, notSimulated("PATCH of a group's " + name)
		}
		value, err := decodeAs[string](raw)
		if err != nil || value == "" {
			return nil, badRequest("Invalid value specified for property '" + name + "' of resource 'Group'.")
		}
		values[strings.ToLower(name)] = value
	}
	slices.Sort(c.entry.Fields)
	if len(values) == 0 {
		return nil, nil //nolint:nilnil // nothing to change is no error
	}
	if !c.allowed("Group.ReadWrite.All", "Directory.ReadWrite.All") {
		return nil, denied()
	}
	return func(next *groupProfile) {
		if name, ok := values["displayname"]; ok {
			next.displayName = name
		}
		if text, ok := values["description"]; ok {
			next.description = text
		}
	}, nil
}

// removeMember: api/group-delete-members.md.
func removeMember(c *call) (*response, error) {
	g, err := c.writableGroup()
	if err != nil {
		return nil, err
	}
	if err := membersWritable(g); err != nil {
		return nil, err
	}
	id := strings.ToLower(c.params[1])
	if r, ok := c.tenant.users[id]; ok && !r.live() || !c.tenant.isMember(g.id, id) {
		return nil, notFound(c.params[1])
	}
	c.tenant.leave(g, id, c.now)
	c.tenant.stats.effect(id, EffectLeave)
	return noContent(), nil
}

// deleteMember is what DELETE of a member means without /$ref: the member itself is
// deleted, if the caller may (api/group-delete-members.md warns of it).
func deleteMember(c *call) (*response, error) {
	g, ok := c.tenant.group(c.params[0])
	id := strings.ToLower(c.params[1])
	if !ok || !c.tenant.isMember(g.id, id) {
		return nil, notFound(c.params[1])
	}
	if nested, ok := c.tenant.group(id); ok {
		if !c.allowed("Group.ReadWrite.All") {
			return nil, denied()
		}
		if err := c.tenant.removeGroup(nested, c.now); err != nil {
			return nil, badRequest(err.Error())
		}
		return noContent(), nil
	}
	if !c.allowed(userDelete()...) {
		return nil, denied()
	}
	r, ok := c.tenant.find(id)
	if !ok {
		return nil, notFound(c.params[1])
	}
	return c.deleteAccount(r)
}
