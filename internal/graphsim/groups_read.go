package graphsim

import (
	"encoding/json"
)

// groupSchema is resources/group.md; what an app can read without Exchange.
func groupSchema() *entitySchema {
	plain := func(names ...string) (props []property) {
		for _, name := range names {
			props = append(props, property{name: name, flags: inDefault})
		}
		return props
	}
	props := []property{
		{name: "id", flags: inDefault | filterEq},
		{name: "deletedDateTime", kind: kindTime, flags: inDefault},
		{name: "classification", flags: inDefault},
		{name: "createdDateTime", kind: kindTime, flags: inDefault | filterable},
		{name: "description", flags: inDefault | filterable},
		{name: "displayName", flags: inDefault | filterable},
		{name: "groupTypes", kind: kindStrings, flags: inDefault | filterable},
		{name: "isAssignableToRole", kind: kindBool, flags: inDefault | filterEq},
		{name: "mail", flags: inDefault | filterable | filterEnds},
		{name: "mailEnabled", kind: kindBool, flags: inDefault | filterEq},
		{name: "mailNickname", flags: inDefault | filterable},
		{name: "membershipRule", flags: inDefault},
		{name: "membershipRuleProcessingState", flags: inDefault},
		{name: "onPremisesSyncEnabled", kind: kindBool, flags: inDefault | filterEq},
		{name: "proxyAddresses", kind: kindStrings, flags: inDefault | filterable},
		{name: "securityEnabled", kind: kindBool, flags: inDefault | filterEq},
		{name: "visibility", flags: inDefault},
		{name: "renewedDateTime", kind: kindTime, flags: inDefault | filterable},
		{name: "onPremisesLastSyncDateTime", kind: kindTime, flags: inDefault | filterable},
		{name: "expirationDateTime", kind: kindTime, flags: inDefault},
		{name: "resourceBehaviorOptions", kind: kindStrings, flags: inDefault},
		{name: "resourceProvisioningOptions", kind: kindStrings, flags: inDefault},
		{name: "onPremisesProvisioningErrors", kind: kindStrings, flags: inDefault},
		{name: "serviceProvisioningErrors", kind: kindStrings, flags: inDefault},
		{name: "creationOptions", kind: kindStrings},
		{name: "assignedLabels", kind: kindStrings},
		{name: "assignedLicenses", kind: kindObject},
	}
	return newEntitySchema("microsoft.graph.group", "Group", append(props, plain("onPremisesDomainName", "onPremisesNetBiosName",
		"onPremisesSamAccountName", "onPremisesSecurityIdentifier", "preferredDataLocation", "preferredLanguage",
		"securityIdentifier", "theme", "uniqueName")...))
}

func (g *groupProfile) row() row {
	var mail, mailNickname, description, rule, ruleState, visibility, assignable, synced any
	proxies := []string{}
	if mailNickname = g.mailNickname; g.mail != "" {
		mail, proxies = g.mail, []string{"SMTP:" + g.mail}
	}
	if g.description != "" {
		description = g.description
	}
	if g.membershipRule != "" {
		rule, ruleState = g.membershipRule, "On"
	}
	if g.visibility != "" {
		visibility = g.visibility
	}
	if g.roleAssignable { // null otherwise, as groups made before have it
		assignable = true
	}
	if g.synced {
		synced = true
	}
	none := []string{}
	return row{
		g.id, nil, nil, g.created, description, g.displayName, append([]string{}, g.types...), assignable,
		mail, g.mail != "", mailNickname, rule, ruleState, synced, proxies, g.securityEnabled(), visibility,
		g.created, nil, nil, none, none, none, none, none, none, append([]assignedLicense{}, g.licenses...),
		nil, nil, nil, nil, nil, nil, nil, nil, nil,
	}
}

// listGroups: api/group-list.md.
func listGroups(c *call) (*response, error) {
	groups := c.tenant.groups
	l := &listing{
		schema: c.srv.types.group, context: "groups", page: directoryPage, maxTop: maxPage, count: countEventual,
		absent: []string{"search", "orderby", "expand"}, length: len(groups),
		at: func(i int) (properties, bool) { return groups[i].row(), true },
	}
	if c.query.has("skip") {
		return nil, badRequest("'$skip' is not supported by the service.")
	}
	return c.list(l.plainly())
}

// getGroup: api/group-get.md.
func getGroup(c *call) (*response, error) {
	g, ok := c.tenant.group(c.params[0])
	if !ok {
		return nil, notFound(c.params[0])
	}
	return c.getOne(c.srv.types.group, "groups", g.row())
}

// groupMembers answers api/group-list-members.md and group-list-transitivemembers.md,
// of all types or cast to one.
func groupMembers(transitive bool, cast string) func(c *call) (*response, error) {
	return func(c *call) (*response, error) {
		g, ok := c.tenant.group(c.params[0])
		if !ok {
			return nil, notFound(c.params[0])
		}
		if c.query.has("skip") {
			return nil, badRequest("'$skip' is not supported by the service.")
		}
		ids := g.members // every member keeps its place while pages are turned
		if transitive {
			ids = c.tenant.memberIDs(g, true)
		}
		return c.list(c.memberListing(ids, cast))
	}
}

// memberListing lists directory objects by id. The page token holds a place among
// them, of which any may leave meanwhile.
func (c *call) memberListing(ids []string, cast string) *listing {
	return c.objectListing(len(ids), func(i int) (*directoryObject, bool) { return c.object(ids[i]) }, cast)
}

// objectListing lists directory objects, of all types or cast to one.
func (c *call) objectListing(length int, at func(place int) (*directoryObject, bool), cast string) *listing {
	l := &listing{
		context: "directoryObjects", page: directoryPage, maxTop: maxPage, count: countEventual,
		absent: []string{"search", "filter", "orderby", "expand"}, length: length,
		at: func(i int) (properties, bool) {
			o, ok := at(i)
			return o, ok && (cast == "" || o.typeName == cast)
		},
	}
	switch cast {
	case typeUser:
		l.context = "users"
	case typeGroup:
		l.context = "groups"
	case typeDirectoryRole:
		l.context = "directoryRoles"
	case typeDevice:
		l.context = "devices"
	}
	l.renderer = func(asked *listToken) (func(properties) json.RawMessage, error) {
		if err := c.checkCast(cast, asked.Select); err != nil {
			return nil, err
		}
		selected, err := c.objectSelection(asked.Select)
		return func(element properties) json.RawMessage {
			o, ok := element.(*directoryObject)
			if !ok { // at gives nothing else
				return nil
			}
			return c.render(o, selected, cast == "")
		}, err
	}
	return l
}

// checkCast refuses properties that the type of a cast lacks.
func (c *call) checkCast(cast, selected string) error {
	var err error
	switch cast {
	case typeUser:
		_, err = c.srv.schema.selectionOf(selected)
	case typeGroup:
		_, err = c.srv.types.group.selectionOf(selected)
	case typeDirectoryRole:
		_, err = c.srv.types.directoryRole.selectionOf(selected)
	case typeDevice:
		_, err = c.srv.types.device.selectionOf(selected)
	}
	return err
}
